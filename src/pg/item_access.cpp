// Open items of single customers. Backend zone.
#include "search_assign/pg/item_access.hpp"

#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

void start(ItemAccess* access, int64 customer_id, int64 item_id, int keys) {
  ScanKeyData key[2];
  ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(customer_id));
  ScanKeyInit(&key[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(item_id));
  if (access->scan != nullptr) index_endscan(access->scan);
  access->scan = index_beginscan(access->relation, access->index, access->snapshot, keys, 0);
  index_rescan(access->scan, key, keys, nullptr, 0);
}

}  // namespace

ItemAccess* open_items(Snapshot snapshot) {
  auto* access = static_cast<ItemAccess*>(palloc0(sizeof(ItemAccess)));
  access->relation = table_open(relation_oid("item"), AccessShareLock);
  const Oid key = RelationGetPrimaryKeyIndex(access->relation);
  if (!OidIsValid(key)) elog(ERROR, "relation \"%s\" has no primary key", "item");
  access->index = index_open(key, AccessShareLock);
  access->slot = table_slot_create(access->relation, nullptr);
  access->columns = item_columns(RelationGetDescr(access->relation));
  access->snapshot = snapshot;
  return access;
}

void close_items(ItemAccess* access) {
  if (access->scan != nullptr) index_endscan(access->scan);
  ExecDropSingleTupleTableSlot(access->slot);
  index_close(access->index, NoLock);
  table_close(access->relation, NoLock);
  pfree(access);
}

void start_items(ItemAccess* access, int64 customer_id) { start(access, customer_id, 0, 1); }

void start_item(ItemAccess* access, int64 customer_id, int64 item_id) {
  start(access, customer_id, item_id, 2);
}

bool next_item(ItemAccess* access, ItemRow* row) {
  if (!index_getnext_slot(access->scan, ForwardScanDirection, access->slot)) return false;
  read_item(access->slot, access->columns, row);
  return true;
}

}  // namespace search_assign::pg
