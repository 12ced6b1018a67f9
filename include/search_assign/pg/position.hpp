// Access to the rows of receivables.position and receivables.customer by customer, straight through
// the table access method: a ledger transaction of one row cannot afford an executor run for it.
#pragma once

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

namespace search_assign::pg {

// Column numbers of receivables.position, found by name.
struct PositionColumns {
  AttrNumber customer_id, configuration_version, decided_on, review_on, scenario_id, collection_portfolio_id,
      risk_portfolio_id, contact_emails, contact_phones, hand_made, failed, priority_points, off_worklist,
      promises, held, progress, ignored, last_action_on, next_action_on, next_step, collection_account_id,
      has_members, assignment;
  AttrNumber profiles[core::kProfileFacets];
};

struct KeyedRelation {
  Relation relation;
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;  // the row found last
  bool in_order;         // the scan goes on from there to greater keys
};

struct PositionAccess {
  KeyedRelation position;
  KeyedRelation customer;  // opened by the first find_customer
  PositionColumns columns;
  AttrNumber customer_created_on;
  bool in_order;         // customers are asked for in ascending order and lie close: read along the index
  bool locked;           // by wait_for_position: a row this transaction has locked counts as busy otherwise
  TransactionId holder;  // who has the row that was found busy
  TupleTableSlot* changed;  // virtual: the row as it will be written
  TupleTableSlot* asked;    // virtual: the same with indexed profiles, as facts are computed from it
  ResultRelInfo* result;    // for index entries of updates that are not HOT
  EState* estate;
  MemoryContext memory;  // of scans and slots, which outlive the customer at hand
};

// open_positions opens what is needed under the given lock; close_positions releases all but the locks.
PositionAccess* open_positions(LOCKMODE lock);
void close_positions(PositionAccess* access);

// find_position / find_customer put the row of the customer that the snapshot sees into the slot; false where
// there is none. By SnapshotSelf: the newest committed version, or this transaction's own.
bool find_position(PositionAccess* access, int64 customer_id, Snapshot snapshot);
bool find_customer(PositionAccess* access, int64 customer_id, Snapshot snapshot);

// next_position goes on to the next customer in ascending order, in_order being set; false after the last.
bool next_position(PositionAccess* access, int64* customer_id, Snapshot snapshot);

// restart_positions: the snapshot is another, which may see versions that scans along the index have passed,
// or a scan is to begin anew.
void restart_positions(PositionAccess* access);

// Outdated: another transaction has changed or deleted the row since it was found; the caller reads again.
// Busy: another transaction is just changing or locking it.
enum class WriteResult { Written, Outdated, Busy };

// start_change copies the found row into `changed`; set_* replace columns; write_change updates the row,
// delete_position deletes it. None of them waits.
void start_change(PositionAccess* access);
void set_column(PositionAccess* access, AttrNumber column, Datum value);
void set_null(PositionAccess* access, AttrNumber column);
WriteResult write_change(PositionAccess* access);
WriteResult delete_position(PositionAccess* access);
// wait_for_position waits for whoever has the row found last, in the order of arrival; then find it again.
void wait_for_position(PositionAccess* access);
// is_being_changed: whether a transaction that has not ended has changed or locked the row found last, as far
// as one look tells; costs little, and write_change may still find the row busy.
bool is_being_changed(PositionAccess* access);
// sees_position: whether the snapshot sees the version found last.
bool sees_position(PositionAccess* access, Snapshot snapshot);
// ask_position fills `asked` from `changed`.
void ask_position(PositionAccess* access);

Datum get_column(TupleTableSlot* slot, AttrNumber column, bool* is_null);

// bytes_of gives the payload of a bytea or profile column; detoasted copies live in the current memory
// context.
core::Bytes bytes_of(Datum varlena_datum);
// bytes_datum makes a varlena from bytes, in the current memory context.
Datum bytes_datum(core::Bytes bytes);

core::PositionFacets facets_of(PositionAccess* access, TupleTableSlot* slot);

}  // namespace search_assign::pg
