// Appending rows to a table of ours straight through the table access method: most of a run's time went into
// the executor that used to do it. The values are ours alone, so that no check of the table is needed; its
// triggers do not fire.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

struct TableWriter {
  Relation relation;
  Oid sequence;  // that numbers the rows
  MemoryContext memory;
  EState* estate;
  ResultRelInfo* result;
  int count;
  int slot_count;
  TupleTableSlot** slots;  // materialized rows that wait to be written
};

// open_table_writer opens the table for appending; rows and slots live in the current memory context.
TableWriter* open_table_writer(const char* table, const char* identity_column);
// open_relation_writer does so for an open relation and its sequence; closing the writer closes the relation.
TableWriter* open_relation_writer(Relation relation, Oid sequence);
// next_row_number draws from the sequence.
int64 next_row_number(TableWriter* writer);
// start_row gives an empty row (all NULL), to be filled by put_column and handed over by finish_row, which
// copies what the values point to.
TupleTableSlot* start_row(TableWriter* writer);
void put_column(TupleTableSlot* row, AttrNumber column, Datum value);
void finish_row(TableWriter* writer, TupleTableSlot* row);
// close_table_writer writes what waits and releases all but the lock.
void close_table_writer(TableWriter* writer);

}  // namespace search_assign::pg
