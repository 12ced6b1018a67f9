// Appending rows to the extension's tables. Backend zone.
#include "search_assign/pg/table_writer.hpp"

#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/sequence.h"
#include "executor/executor.h"
}

namespace search_assign::pg {
namespace {

constexpr int kCapacity = 1000;

void write_rows(TableWriter* writer) {
  MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));
  table_multi_insert(writer->relation, writer->slots, writer->count, GetCurrentCommandId(true), 0, nullptr);
  for (int i = 0; i < writer->count; ++i) {
    ExecInsertIndexTuples(writer->result, writer->slots[i], writer->estate, false, false, nullptr, NIL);
    ExecClearTuple(writer->slots[i]);
  }
  MemoryContextSwitchTo(caller);
  ResetPerTupleExprContext(writer->estate);
  writer->count = 0;
}

}  // namespace

TableWriter* open_table_writer(const char* table, const char* identity_column) {
  // By its name: pg_depend, which knows it too, is searched without a cache.
  const Oid sequence = relation_oid(psprintf("%s_%s_seq", table, identity_column));
  return open_relation_writer(table_open(relation_oid(table), RowExclusiveLock), sequence);
}

TableWriter* open_relation_writer(Relation relation, Oid sequence) {
  auto* writer = static_cast<TableWriter*>(palloc0(sizeof(TableWriter)));
  writer->memory = CurrentMemoryContext;
  writer->relation = relation;
  writer->sequence = sequence;
  writer->estate = CreateExecutorState();
  writer->result = makeNode(ResultRelInfo);
  InitResultRelInfo(writer->result, writer->relation, 0, nullptr, 0);
  ExecOpenIndices(writer->result, false);
  writer->slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kCapacity));
  return writer;
}

int64 next_row_number(TableWriter* writer) { return nextval_internal(writer->sequence, false); }

TupleTableSlot* start_row(TableWriter* writer) {
  if (writer->count == writer->slot_count) {
    MemoryContext caller = MemoryContextSwitchTo(writer->memory);
    writer->slots[writer->slot_count++] = table_slot_create(writer->relation, nullptr);
    MemoryContextSwitchTo(caller);
  }
  TupleTableSlot* row = writer->slots[writer->count];
  ExecClearTuple(row);
  const auto width = static_cast<size_t>(row->tts_tupleDescriptor->natts);
  memset(row->tts_values, 0, sizeof(Datum) * width);
  memset(row->tts_isnull, true, sizeof(bool) * width);
  return row;
}

void put_column(TupleTableSlot* row, AttrNumber column, Datum value) {
  row->tts_values[column - 1] = value;
  row->tts_isnull[column - 1] = false;
}

void finish_row(TableWriter* writer, TupleTableSlot* row) {
  ExecStoreVirtualTuple(row);
  ExecMaterializeSlot(row);
  if (++writer->count == kCapacity) write_rows(writer);
}

void close_table_writer(TableWriter* writer) {
  if (writer->count > 0) write_rows(writer);
  for (int i = 0; i < writer->slot_count; ++i) ExecDropSingleTupleTableSlot(writer->slots[i]);
  ExecCloseIndices(writer->result);
  FreeExecutorState(writer->estate);
  table_close(writer->relation, NoLock);
}

}  // namespace search_assign::pg
