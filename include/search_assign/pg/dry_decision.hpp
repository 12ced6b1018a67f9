// Decisions that write nothing: what a run would decide for a customer now, by the code that decides for real
// (customer_reader.hpp). They take no lock but AccessShareLock, so they block nobody, and work in read-only
// transactions and on stand-by servers.
//
// What they see: the rows that the active snapshot sees; searches, rules and hand-made assignments in force,
// those this transaction has changed included; of the ledger everything a run called now would take into
// account: the positions, what is queued for them, and what this transaction has changed and not yet applied.
// The change set itself stays as it is. Amounts of other accounts collected through one are theirs without
// what is still to be applied to them.
#pragma once

#include "search_assign/pg/customer_reader.hpp"
#include "search_assign/pg/unapplied.hpp"

namespace search_assign::pg {

struct DryDecisions {
  CustomerReader reader;
  Unapplied unapplied;
  core::Date as_of;      // kNoDate: the date a run would take, for each customer
  bool searches_only;    // no next action
  bool in_order;         // next_dry_customer is on its way
  Decision decision;     // of the customer at hand: failures, date
  NextAction next;       // its next action
  MemoryContext memory;  // of all of it
};

// open_dry_decisions needs an active snapshot; everything lives in a child of the current memory context
// until close_dry_decisions. The configuration stays as it is now, whatever others commit meanwhile.
DryDecisions* open_dry_decisions(core::Date as_of, bool evaluate_manual_rules);
void close_dry_decisions(DryDecisions* dry);

// open_dry_search does so for one search alone (configuration_of_search), which outlives it: facts and
// truths.
DryDecisions* open_dry_search(const Configuration* search, core::Date as_of);

// open_dry_configuration does so for a configuration of its own (configuration_of_all_searches), which
// outlives it, for the date of a run: truths and memberships.
DryDecisions* open_dry_configuration(const Configuration* config);

// dry_decide decides one customer; false where there is none. Then, until the next call: decision_buffers()
// holds the truths, what is held (previous) and what would be (next); access->position.slot the stored
// position, access->changed the one a run would write, but for the columns that repeat `next`.
bool dry_decide(DryDecisions* dry, int64 customer_id);

// next_dry_customer decides the next customer in ascending order, beginning anew after dry_decide; false
// after the last one.
bool next_dry_customer(DryDecisions* dry, int64* customer_id);

}  // namespace search_assign::pg
