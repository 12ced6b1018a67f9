// Open items of single customers, straight through the table access method: what a decision has to know of
// items and the position's profiles cannot say.
#pragma once

#include "search_assign/pg/ledger_item.hpp"

extern "C" {
#include "access/genam.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

struct ItemAccess {
  Relation relation;
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  ItemColumns columns;
  Snapshot snapshot;
};

// open_items: by SnapshotSelf the newest committed versions and this transaction's own are read, without
// predicate locks, as positions are (position.cpp).
ItemAccess* open_items(Snapshot snapshot);
void close_items(ItemAccess* access);

// start_items begins with the customer's items, or with one of them; next_item reads the version of
// the next one that the snapshot sees, false at the end.
void start_items(ItemAccess* access, int64 customer_id);
void start_item(ItemAccess* access, int64 customer_id, int64 item_id);
bool next_item(ItemAccess* access, ItemRow* row);

}  // namespace search_assign::pg
