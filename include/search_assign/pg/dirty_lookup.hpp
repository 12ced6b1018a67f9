// Rows by a bigint key as they are now, changes of transactions under way included. A serializable
// transaction takes no predicate locks here, since nothing is read by a snapshot.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {

struct DirtyLookup {
  Relation relation;
  Relation index;
  TupleTableSlot* slot;  // the row found last
  IndexScanDesc scan;
  SnapshotData dirty;  // xmin: who is inserting that version; xmax: who is changing or deleting it
};

// open_dirty_lookup opens a table by an index of it, by default its primary key.
void open_dirty_lookup(DirtyLookup* lookup, const char* table, const char* index = nullptr);
void close_dirty_lookup(DirtyLookup* lookup);

// start_dirty_lookup looks for the rows whose (first) key column has the value; next_dirty_row gives them one
// by one, each version that is committed, our own, or of a transaction under way.
void start_dirty_lookup(DirtyLookup* lookup, int64 key);
bool next_dirty_row(DirtyLookup* lookup);

}  // namespace search_assign::pg
