// What is not in the positions yet. Backend zone.
#include "search_assign/pg/unapplied.hpp"

#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "utils/fmgroids.h"
}

namespace search_assign::pg {

CustomerDeltas own_changes(const Unapplied* unapplied, int64 customer_id) {
  core::Delta* end = unapplied->pending.deltas + unapplied->pending.count;
  core::Delta* first =
      std::lower_bound(unapplied->pending.deltas, end, customer_id,
                       [](const core::Delta& delta, int64 id) noexcept { return delta.customer_id < id; });
  core::Delta* last = first;
  while (last < end && last->customer_id == customer_id) ++last;
  return {first, static_cast<size_t>(last - first)};
}

// By the customers' own column: the positions' may have to follow it still.
struct Members {
  const Unapplied* unapplied;
  PositionAccess* positions;  // its own: the caller's holds the account's rows
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  AttrNumber customer_id;
};

Members* open_members(const Unapplied* unapplied, int64 account) {
  auto* members = static_cast<Members*>(palloc0(sizeof(Members)));
  members->unapplied = unapplied;
  members->positions = open_positions(AccessShareLock);
  Relation customers = table_open(relation_oid("customer"), AccessShareLock);
  members->customer_id = column_number(RelationGetDescr(customers), "customer_id");
  members->index = index_open(relation_oid("customer_collection_account_id_idx"), AccessShareLock);
  members->slot = table_slot_create(customers, nullptr);
  members->scan = index_beginscan(customers, members->index, unapplied->snapshot, 1, 0);
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account));
  index_rescan(members->scan, &key, 1, nullptr, 0);
  return members;
}

bool next_member(Members* members, int64* customer_id, core::PositionFacets* facets) {
  const Unapplied* unapplied = members->unapplied;
  PositionAccess* positions = members->positions;
  do {
    CHECK_FOR_INTERRUPTS();
    if (!index_getnext_slot(members->scan, ForwardScanDirection, members->slot)) return false;
    bool is_null = false;
    *customer_id = DatumGetInt64(slot_getattr(members->slot, members->customer_id, &is_null));
  } while (!find_position(positions, *customer_id, unapplied->snapshot));
  start_change(positions);
  const QueuedChanges queued = read_queued(unapplied->queue, *customer_id, unapplied->snapshot);
  const CustomerDeltas own = own_changes(unapplied, *customer_id);
  if (queued.count > 0 || own.count > 0) add_changes(positions, queued, own.deltas, own.count);
  *facets = facets_of(positions, positions->changed);
  return true;
}

void close_members(Members* members) {
  Relation customers = members->scan->heapRelation;
  index_endscan(members->scan);
  ExecDropSingleTupleTableSlot(members->slot);
  index_close(members->index, NoLock);
  table_close(customers, NoLock);
  close_positions(members->positions);
  pfree(members);
}

}  // namespace search_assign::pg
