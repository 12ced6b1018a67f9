// Reading of one customer: everything a decision rests on, with what is queued and what the transaction has
// gathered added to the stored position. Deciding for real (assignment_apply.cpp) and deciding without
// writing (dry_decision.cpp) read and decide by these functions.
#pragma once

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/decision.hpp"
#include "search_assign/pg/statistics.hpp"

namespace search_assign::pg {

struct CustomerReader {
  const Configuration* config;
  PositionAccess* access;
  DecisionBuffers* buffers;
  SearchFailure* failures;     // of the customer at hand
  Snapshot snapshot;           // SnapshotSelf: the newest versions; another: that one alone
  const Unapplied* unapplied;  // as in Decision
  bool evaluate_manual_rules;
  bool sql_open;
  MaintenanceScope scope;
  MemoryContext customer;  // reset per customer
};

// use_configuration has the following customers decided with it; failures get their room in `memory`.
void use_configuration(CustomerReader* reader, const Configuration* config, MemoryContext memory);

// open_sql: SQL is needed seldom, for hand-made assignments and failures; it stays open until close_sql.
void open_sql(CustomerReader* reader);
void close_sql(CustomerReader* reader);

// decision_date is the date for which a run decides the customer of the position found last: the business
// date, but for a transaction that merely began before midnight the day the customer was last decided for.
core::Date decision_date(CustomerReader* reader);

// read_customer puts into access->changed the position found last with the changes added, into the buffers
// what is held now and what was assigned by hand, and begins the decision. False: the customer is gone.
bool read_customer(CustomerReader* reader, int64 customer_id, const QueuedChanges& queued,
                   core::Delta* deltas, size_t count, core::Date as_of, Decision* decision);

// read_previous decodes what the customer of access->changed holds into the buffers.
void read_previous(CustomerReader* reader);

// decide_read_customer follows read_customer: memberships in buffers->next, the next action, which
// access->changed then holds, too. *time: since when the present part of the statistics has been going on;
// moved on.
NextAction decide_read_customer(CustomerReader* reader, int64 customer_id, Decision* decision, Ticks* time);

}  // namespace search_assign::pg
