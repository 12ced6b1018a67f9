// Rows by a bigint key as they are now. Backend zone.
#include "search_assign/pg/dirty_lookup.hpp"

#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/table.h"
#include "utils/fmgroids.h"
}

namespace search_assign::pg {

void open_dirty_lookup(DirtyLookup* lookup, const char* table, const char* index) {
  lookup->relation = table_open(relation_oid(table), AccessShareLock);
  lookup->index = index_open(
      index == nullptr ? RelationGetPrimaryKeyIndex(lookup->relation) : relation_oid(index), AccessShareLock);
  lookup->slot = table_slot_create(lookup->relation, nullptr);
  InitDirtySnapshot(lookup->dirty);
  lookup->scan = index_beginscan(lookup->relation, lookup->index, &lookup->dirty, 1, 0);
}

void close_dirty_lookup(DirtyLookup* lookup) {
  index_endscan(lookup->scan);
  ExecDropSingleTupleTableSlot(lookup->slot);
  index_close(lookup->index, NoLock);
  table_close(lookup->relation, NoLock);
}

void start_dirty_lookup(DirtyLookup* lookup, int64 key) {
  ScanKeyData condition;
  ScanKeyInit(&condition, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key));
  index_rescan(lookup->scan, &condition, 1, nullptr, 0);
}

bool next_dirty_row(DirtyLookup* lookup) {
  return index_getnext_slot(lookup->scan, ForwardScanDirection, lookup->slot);
}

}  // namespace search_assign::pg
