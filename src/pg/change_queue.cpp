// The queue of changes. Backend zone.
// SQL face: sql/install/35_queue.sql; tests: tests/regress/sql/queue.sql, tests/isolation/specs/queue_*.spec.
//
// Appending locks nobody out: no row is ever changed. A row is deleted only together with an update of the
// customer's position, so whoever reads position and queue and then updates that very version of the position
// has taken in each row once.
#include "search_assign/pg/change_queue.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/kept_columns.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/table_writer.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

struct QueueColumns {
  AttrNumber customer_id, queue_id, queued_at, sqlstate, reason, promises, held, contact_emails,
      contact_phones;
  AttrNumber profiles[core::kProfileFacets];
};

constexpr const char* kProfileColumns[core::kProfileFacets] = {"receivables", "qualified", "disputed",
                                                               "sales", "payments"};

QueueColumns queue_columns(TupleDesc descriptor) {
  QueueColumns columns;
  columns.customer_id = column_number(descriptor, "customer_id");
  columns.queue_id = column_number(descriptor, "queue_id");
  columns.queued_at = column_number(descriptor, "queued_at");
  columns.sqlstate = column_number(descriptor, "sqlstate");
  columns.reason = column_number(descriptor, "reason");
  columns.promises = column_number(descriptor, "promises");
  columns.held = column_number(descriptor, "held");
  columns.contact_emails = column_number(descriptor, "contact_emails");
  columns.contact_phones = column_number(descriptor, "contact_phones");
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    columns.profiles[i] = column_number(descriptor, kProfileColumns[i]);
  return columns;
}

// This transaction has queued something: the worker is to know once it has committed.
bool queued_something = false;

// Reused from customer to customer.
core::PositionBuffers& buffers() {
  static core::PositionBuffers* buffers_of_backend = nullptr;
  if (buffers_of_backend == nullptr) compute([&] { buffers_of_backend = new core::PositionBuffers; });
  return *buffers_of_backend;
}

}  // namespace

struct ChangeQueue {
  Relation relation;
  MemoryContext memory;
  bool looked;  // whether there is anything in it
  bool is_empty;
  Relation index;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  TableWriter* writer;
};

namespace {

// Nearly always.
bool is_empty(ChangeQueue* queue) {
  if (!queue->looked) queue->is_empty = RelationGetNumberOfBlocks(queue->relation) == 0;
  queue->looked = true;
  return queue->is_empty;
}

void start_scan(ChangeQueue* queue, int64 customer_id, Snapshot snapshot) {
  MemoryContext caller = MemoryContextSwitchTo(queue->memory);
  if (queue->scan == nullptr) {
    queue->index = index_open(RelationGetPrimaryKeyIndex(queue->relation), AccessShareLock);
    queue->slot = table_slot_create(queue->relation, nullptr);
    queue->scan = index_beginscan(queue->relation, queue->index, snapshot, 1, 0);
  }
  queue->scan->xs_snapshot = snapshot;
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(customer_id));
  index_rescan(queue->scan, &key, 1, nullptr, 0);
  MemoryContextSwitchTo(caller);
}

bool next_queued(ChangeQueue* queue) {
  MemoryContext caller = MemoryContextSwitchTo(queue->memory);
  const bool found = index_getnext_slot(queue->scan, ForwardScanDirection, queue->slot);
  MemoryContextSwitchTo(caller);
  return found;
}

core::Bytes optional_bytes(HeapTuple tuple, AttrNumber column, TupleDesc descriptor) {
  bool is_null = false;
  const Datum value = heap_getattr(tuple, column, descriptor, &is_null);
  return is_null ? core::Bytes{} : bytes_of(value);
}

core::PositionFacets facets_of_row(ChangeQueue* queue) {
  const QueueColumns& columns = kept_columns<queue_columns>(queue->relation);
  TupleDesc descriptor = RelationGetDescr(queue->relation);
  HeapTuple tuple = ExecCopySlotHeapTuple(queue->slot);
  core::PositionFacets facets;
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    facets.profiles[i] = optional_bytes(tuple, columns.profiles[i], descriptor);
  facets.promises = optional_bytes(tuple, columns.promises, descriptor);
  facets.held = optional_bytes(tuple, columns.held, descriptor);
  bool is_null = false;
  const Datum emails = heap_getattr(tuple, columns.contact_emails, descriptor, &is_null);
  facets.contact_emails = is_null ? 0 : DatumGetInt32(emails);
  const Datum phones = heap_getattr(tuple, columns.contact_phones, descriptor, &is_null);
  facets.contact_phones = is_null ? 0 : DatumGetInt32(phones);
  return facets;
}

}  // namespace

ChangeQueue* open_change_queue(bool to_change) {
  auto* queue = static_cast<ChangeQueue*>(palloc0(sizeof(ChangeQueue)));
  queue->relation = table_open(relation_oid("change_queue"), to_change ? RowExclusiveLock : AccessShareLock);
  queue->memory = CurrentMemoryContext;
  return queue;
}

void close_change_queue(ChangeQueue* queue) {
  if (queue->writer != nullptr) close_table_writer(queue->writer);
  if (queue->scan != nullptr) {
    index_endscan(queue->scan);
    ExecDropSingleTupleTableSlot(queue->slot);
    index_close(queue->index, NoLock);
  }
  table_close(queue->relation, NoLock);
}

QueuedChanges read_queued(ChangeQueue* queue, int64 customer_id, Snapshot snapshot) {
  QueuedChanges queued = {0, nullptr, nullptr};
  if (is_empty(queue)) return queued;
  start_scan(queue, customer_id, snapshot);
  for (int capacity = 0; next_queued(queue); ++queued.count) {
    if (queued.count == capacity) {
      capacity = std::max(8, capacity * 2);
      const auto room = static_cast<size_t>(capacity);
      auto* facets = static_cast<core::PositionFacets*>(palloc(sizeof(core::PositionFacets) * room));
      auto* rows = static_cast<ItemPointerData*>(palloc(sizeof(ItemPointerData) * room));
      std::copy_n(queued.facets, queued.count, facets);
      std::copy_n(queued.rows, queued.count, rows);
      queued.facets = facets;
      queued.rows = rows;
    }
    queued.facets[queued.count] = facets_of_row(queue);
    queued.rows[queued.count] = queue->slot->tts_tid;
  }
  return queued;
}

void add_changes(PositionAccess* access, const QueuedChanges& queued, core::Delta* deltas, size_t count) {
  core::PositionBuffers& sum = buffers();
  const core::PositionFacets facets = facets_of(access, access->changed);
  compute([&] {
    core::apply_deltas(facets, {queued.facets, static_cast<size_t>(queued.count)}, {deltas, count}, sum);
  });
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    if (sum.profile_changed[i]) set_column(access, access->columns.profiles[i], bytes_datum(sum.profiles[i]));
  if (sum.promises_changed) set_column(access, access->columns.promises, bytes_datum(sum.promises));
  if (sum.held_changed) set_column(access, access->columns.held, bytes_datum(sum.held));
  set_column(access, access->columns.contact_emails, Int32GetDatum(sum.contact_emails));
  set_column(access, access->columns.contact_phones, Int32GetDatum(sum.contact_phones));
}

void remove_queued(ChangeQueue* queue, const QueuedChanges& queued, bool has_position) {
  if (queued.count > 0) add(Counter::CustomersDequeued, static_cast<uint64>(queued.count));
  for (int i = 0; i < queued.count; ++i) {
    TM_FailureData failure;
    const TM_Result result = table_tuple_delete(queue->relation, &queued.rows[i], GetCurrentCommandId(true),
                                                SnapshotSelf, InvalidSnapshot, false, &failure, false);
    // Who has the position has its queue; where there is none, others may be removing the same rows.
    if (result != TM_Ok && has_position)
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("a queued change was locked or removed by another session")));
  }
}

void queue_customer(ChangeQueue* queue, int64 customer_id, core::Delta* deltas, size_t count,
                    const QueueReason& reason) {
  if (queue->writer == nullptr) {
    MemoryContext caller = MemoryContextSwitchTo(queue->memory);
    queue->writer = open_table_writer("change_queue", "queue_id");
    MemoryContextSwitchTo(caller);
  }
  core::PositionBuffers& net = buffers();
  compute([&] { core::apply_deltas(core::empty_facets(), {}, {deltas, count}, net); });
  const QueueColumns& columns = kept_columns<queue_columns>(queue->relation);
  TupleTableSlot* row = start_row(queue->writer);
  put_column(row, columns.customer_id, Int64GetDatum(customer_id));
  put_column(row, columns.queue_id, Int64GetDatum(next_row_number(queue->writer)));
  put_column(row, columns.queued_at, TimestampTzGetDatum(GetCurrentTimestamp()));
  if (reason.sqlstate != 0)
    put_column(row, columns.sqlstate, CStringGetTextDatum(unpack_sql_state(reason.sqlstate)));
  put_column(row, columns.reason, CStringGetTextDatum(reason.message));
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    if (net.profile_changed[i]) put_column(row, columns.profiles[i], bytes_datum(net.profiles[i]));
  if (net.promises_changed) put_column(row, columns.promises, bytes_datum(net.promises));
  if (net.held_changed) put_column(row, columns.held, bytes_datum(net.held));
  if (net.contact_emails != 0) put_column(row, columns.contact_emails, Int32GetDatum(net.contact_emails));
  if (net.contact_phones != 0) put_column(row, columns.contact_phones, Int32GetDatum(net.contact_phones));
  finish_row(queue->writer, row);
  add(Counter::CustomersQueued, 1);
  queued_something = true;
}

void collect_queued_customers(CustomerIds* customers) {
  Relation queue = table_open(relation_oid("change_queue"), AccessShareLock);
  const AttrNumber customer_id = column_number(RelationGetDescr(queue), "customer_id");
  TupleTableSlot* slot = table_slot_create(queue, nullptr);
  TableScanDesc scan = table_beginscan(queue, GetActiveSnapshot(), 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    add_customer_id(customers, DatumGetInt64(slot_getattr(slot, customer_id, &is_null)));
  }
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  table_close(queue, NoLock);
  sort_customer_ids(customers);
}

bool take_queued_something() noexcept { return std::exchange(queued_something, false); }

namespace {

// An error while queueing ends the transaction: it is to say so, and why there was something to queue.
void tell_queueing(void* argument) {
  errcontext("queueing changes that were not applied (%s)",
             static_cast<const QueueReason*>(argument)->message);
}

}  // namespace

void queue_deltas(core::Delta* deltas, size_t count, const QueueReason& reason) {
  QueueReason told = reason;
  ErrorContextCallback callback{error_context_stack, tell_queueing, &told};
  error_context_stack = &callback;
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign queue", ALLOCSET_DEFAULT_SIZES);
  MemoryContext row = AllocSetContextCreate(memory, "search_assign queue row", ALLOCSET_SMALL_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(memory);
  ChangeQueue* queue = open_change_queue(true);
  MemoryContextSwitchTo(row);
  for (size_t first = 0; first < count;) {
    size_t last = first;
    while (last < count && deltas[last].customer_id == deltas[first].customer_id) ++last;
    queue_customer(queue, deltas[first].customer_id, deltas + first, last - first, reason);
    MemoryContextReset(row);
    first = last;
  }
  MemoryContextSwitchTo(memory);
  close_change_queue(queue);
  error_context_stack = callback.previous;
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(memory);
}

}  // namespace search_assign::pg
