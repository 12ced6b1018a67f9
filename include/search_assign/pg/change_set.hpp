// The transaction's change set: deltas gathered by the ledger triggers, applied once before the commit
// (or at the end of each statement), customers in ascending order. A rollback to a savepoint
// forgets exactly the part gathered since.
#pragma once

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// The current transaction's deltas, created where there are none; C++ zone (may throw bad_alloc).
std::vector<core::Delta>& change_set_deltas();
// Notes the present (sub)transaction level before the first append to it; backend zone.
void change_set_enter_level();

// change_set_bound writes the present level's part out where it is larger than search_assign.change_set_mem;
// called now and then while deltas are appended.
void change_set_bound();

// change_set_touch has a customer decided again; `what` of core::kTouch... is to be read anew for it.
void change_set_touch(int64 customer_id, uint8_t what);

// change_set_statement_end applies the set where search_assign.apply = statement.
void change_set_statement_end();
// change_set_apply applies what the current level holds.
void change_set_apply();
// change_set_apply_all applies what the outer levels hold, too, so that positions show all the transaction
// has done.
void change_set_apply_all();
// change_set_apply_at_once does so under search_assign.apply = queue, too.
void change_set_apply_at_once();

// copy_pending_changes copies what all levels hold, grouped by customer, into the current memory context, for
// whoever must not apply it.
struct PendingChanges {
  core::Delta* deltas;
  size_t count;
};
PendingChanges copy_pending_changes();

// register_change_set_callbacks is called once from _PG_init.
void register_change_set_callbacks();

}  // namespace search_assign::pg
