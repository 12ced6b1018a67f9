// Access to position rows. Backend zone.
//
// Concurrency rule of the whole extension: whoever decides a customer reads the position row, then the
// other facts, and then updates the very row version it read; every change of a fact of a customer updates
// the customer's position row before it commits. An update that finds another version starts
// again with a newer snapshot. So a decision always rests on the newest facts, under every isolation level.
#include "search_assign/pg/position.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/kept_columns.hpp"
#include "search_assign/pg/profile_index.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kProfileColumns[core::kProfileFacets] = {"receivables", "qualified", "disputed",
                                                               "sales", "payments"};

PositionColumns position_columns(TupleDesc descriptor) {
  PositionColumns columns;
  columns.customer_id = column_number(descriptor, "customer_id");
  columns.configuration_version = column_number(descriptor, "configuration_version");
  columns.decided_on = column_number(descriptor, "decided_on");
  columns.review_on = column_number(descriptor, "review_on");
  columns.scenario_id = column_number(descriptor, "scenario_id");
  columns.collection_portfolio_id = column_number(descriptor, "collection_portfolio_id");
  columns.risk_portfolio_id = column_number(descriptor, "risk_portfolio_id");
  columns.contact_emails = column_number(descriptor, "contact_emails");
  columns.contact_phones = column_number(descriptor, "contact_phones");
  columns.hand_made = column_number(descriptor, "hand_made");
  columns.failed = column_number(descriptor, "failed");
  columns.priority_points = column_number(descriptor, "priority_points");
  columns.off_worklist = column_number(descriptor, "off_worklist");
  columns.promises = column_number(descriptor, "promises");
  columns.held = column_number(descriptor, "held");
  columns.progress = column_number(descriptor, "progress");
  columns.ignored = column_number(descriptor, "ignored");
  columns.last_action_on = column_number(descriptor, "last_action_on");
  columns.next_action_on = column_number(descriptor, "next_action_on");
  columns.next_step = column_number(descriptor, "next_step");
  columns.collection_account_id = column_number(descriptor, "collection_account_id");
  columns.has_members = column_number(descriptor, "has_members");
  columns.assignment = column_number(descriptor, "assignment");
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    columns.profiles[i] = column_number(descriptor, kProfileColumns[i]);
  return columns;
}

KeyedRelation open_keyed(const char* name, LOCKMODE lock) {
  KeyedRelation keyed;
  keyed.relation = table_open(relation_oid(name), lock);
  const Oid key = RelationGetPrimaryKeyIndex(keyed.relation);
  if (!OidIsValid(key)) elog(ERROR, "relation \"%s\" has no primary key", name);
  keyed.index = index_open(key, AccessShareLock);
  keyed.scan = nullptr;
  keyed.in_order = false;
  keyed.slot = table_slot_create(keyed.relation, nullptr);
  return keyed;
}

void close_keyed(KeyedRelation* keyed) {
  if (keyed->scan != nullptr) index_endscan(keyed->scan);
  ExecDropSingleTupleTableSlot(keyed->slot);
  index_close(keyed->index, NoLock);
  table_close(keyed->relation, NoLock);
}

void start_scan(KeyedRelation* keyed, int64 customer_id, StrategyNumber strategy, Snapshot snapshot) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, strategy, strategy == BTEqualStrategyNumber ? F_INT8EQ : F_INT8GE,
              Int64GetDatum(customer_id));
  if (keyed->scan == nullptr)
    keyed->scan = index_beginscan(keyed->relation, keyed->index, snapshot, 1, 0);
  else
    keyed->scan->xs_snapshot = snapshot;
  index_rescan(keyed->scan, &key, 1, nullptr, 0);
}

int64 key_of_row(KeyedRelation* keyed) {
  bool is_null = false;
  return DatumGetInt64(slot_getattr(keyed->slot, keyed->index->rd_index->indkey.values[0], &is_null));
}

// Goes on along the index, from the row found last, to the first one whose key is not less.
bool find_row_from(KeyedRelation* keyed, int64 customer_id, Snapshot snapshot) {
  if (!keyed->in_order) {
    start_scan(keyed, customer_id, BTGreaterEqualStrategyNumber, snapshot);
    keyed->in_order = true;
    ExecClearTuple(keyed->slot);
  }
  while (TTS_EMPTY(keyed->slot) || key_of_row(keyed) < customer_id)
    if (!index_getnext_slot(keyed->scan, ForwardScanDirection, keyed->slot)) {
      keyed->in_order = false;
      return false;
    }
  return true;
}

bool find_next_row(KeyedRelation* keyed, int64 customer_id, Snapshot snapshot) {
  return find_row_from(keyed, customer_id, snapshot) && key_of_row(keyed) == customer_id;
}

bool find_one_row(KeyedRelation* keyed, int64 customer_id, Snapshot snapshot) {
  keyed->in_order = false;
  start_scan(keyed, customer_id, BTEqualStrategyNumber, snapshot);
  return index_getnext_slot(keyed->scan, ForwardScanDirection, keyed->slot);
}

// SnapshotSelf sees the newest committed version, and takes no predicate locks in a serializable transaction.
// While another transaction commits a version that lies behind the scan it may see none of the two: then a
// snapshot of its own decides.
bool find_row(KeyedRelation* keyed, int64 customer_id, Snapshot snapshot, bool in_order) {
  if (in_order ? find_next_row(keyed, customer_id, snapshot) : find_one_row(keyed, customer_id, snapshot))
    return true;
  if (snapshot != SnapshotSelf) return false;
  Snapshot newest = RegisterSnapshot(GetLatestSnapshot());
  const bool found = find_one_row(keyed, customer_id, newest);
  keyed->scan->xs_snapshot = SnapshotSelf;
  UnregisterSnapshot(newest);
  return found;
}

// Copies the values of a deformed row into a virtual slot; what they point to stays where it is.
void copy_row(const TupleTableSlot* from, TupleTableSlot* to) {
  ExecClearTuple(to);
  const int columns = to->tts_tupleDescriptor->natts;
  memcpy(to->tts_values, from->tts_values, sizeof(Datum) * columns);
  memcpy(to->tts_isnull, from->tts_isnull, sizeof(bool) * columns);
  ExecStoreVirtualTuple(to);
}

void insert_index_entries(PositionAccess* access) {
  MemoryContext caller = MemoryContextSwitchTo(access->memory);
  if (access->result == nullptr) {
    // The range table tells the indexes that their column, the key, never changes.
    RangeTblEntry* entry = makeNode(RangeTblEntry);
    entry->rtekind = RTE_RELATION;
    entry->relid = RelationGetRelid(access->position.relation);
    entry->relkind = RELKIND_RELATION;
    entry->rellockmode = RowExclusiveLock;
    entry->updatedCols = bms_make_singleton(access->columns.assignment - FirstLowInvalidHeapAttributeNumber);
    access->estate = CreateExecutorState();
    ExecInitRangeTable(access->estate, list_make1(entry));
    access->result = makeNode(ResultRelInfo);
    InitResultRelInfo(access->result, access->position.relation, 1, nullptr, 0);
    ExecOpenIndices(access->result, false);
  }
  ExecInsertIndexTuples(access->result, access->changed, access->estate, true, false, nullptr, NIL);
  ResetPerTupleExprContext(access->estate);
  MemoryContextSwitchTo(caller);
}

}  // namespace

PositionAccess* open_positions(LOCKMODE lock) {
  auto* access = static_cast<PositionAccess*>(palloc0(sizeof(PositionAccess)));
  access->memory = CurrentMemoryContext;
  access->position = open_keyed("position", lock);
  access->columns = kept_columns<position_columns>(access->position.relation);
  access->changed = MakeSingleTupleTableSlot(RelationGetDescr(access->position.relation), &TTSOpsVirtual);
  access->asked = MakeSingleTupleTableSlot(RelationGetDescr(access->position.relation), &TTSOpsVirtual);
  return access;
}

void close_positions(PositionAccess* access) {
  if (access->result != nullptr) {
    ExecCloseIndices(access->result);
    FreeExecutorState(access->estate);
  }
  if (access->customer.relation != nullptr) close_keyed(&access->customer);
  ExecDropSingleTupleTableSlot(access->asked);
  ExecDropSingleTupleTableSlot(access->changed);
  close_keyed(&access->position);
  pfree(access);
}

bool find_position(PositionAccess* access, int64 customer_id, Snapshot snapshot) {
  MemoryContext caller = MemoryContextSwitchTo(access->memory);
  const bool found = find_row(&access->position, customer_id, snapshot, access->in_order);
  MemoryContextSwitchTo(caller);
  return found;
}

bool next_position(PositionAccess* access, int64* customer_id, Snapshot snapshot) {
  KeyedRelation* keyed = &access->position;
  const bool begins = !keyed->in_order || TTS_EMPTY(keyed->slot);
  if (!begins && key_of_row(keyed) == PG_INT64_MAX) return false;
  const int64 from = begins ? PG_INT64_MIN : key_of_row(keyed) + 1;
  MemoryContext caller = MemoryContextSwitchTo(access->memory);
  const bool found = find_row_from(keyed, from, snapshot);
  MemoryContextSwitchTo(caller);
  if (found) *customer_id = key_of_row(keyed);
  return found;
}

bool find_customer(PositionAccess* access, int64 customer_id, Snapshot snapshot) {
  MemoryContext caller = MemoryContextSwitchTo(access->memory);
  if (access->customer.relation == nullptr) {
    access->customer = open_keyed("customer", AccessShareLock);
    access->customer_created_on = column_number(RelationGetDescr(access->customer.relation), "created_on");
  }
  const bool found = find_row(&access->customer, customer_id, snapshot, access->in_order);
  MemoryContextSwitchTo(caller);
  return found;
}

void restart_positions(PositionAccess* access) {
  access->position.in_order = false;
  access->customer.in_order = false;
}

void start_change(PositionAccess* access) {
  slot_getallattrs(access->position.slot);
  copy_row(access->position.slot, access->changed);
}

void ask_position(PositionAccess* access) {
  copy_row(access->changed, access->asked);
  Datum* receivables = &access->asked->tts_values[access->columns.profiles[0] - 1];
  *receivables = index_profile(*receivables);
}

void set_column(PositionAccess* access, AttrNumber column, Datum value) {
  access->changed->tts_values[column - 1] = value;
  access->changed->tts_isnull[column - 1] = false;
}

void set_null(PositionAccess* access, AttrNumber column) {
  access->changed->tts_values[column - 1] = static_cast<Datum>(0);
  access->changed->tts_isnull[column - 1] = true;
}

namespace {

WriteResult result_of(TM_Result result) {
  switch (result) {
    case TM_Ok:
      return WriteResult::Written;
    case TM_Updated:
    case TM_Deleted:
      return WriteResult::Outdated;
    case TM_BeingModified:
      return WriteResult::Busy;
    default:
      elog(ERROR, "unexpected result %d of changing a position", static_cast<int>(result));
  }
  return WriteResult::Busy;
}

}  // namespace

bool is_being_changed(PositionAccess* access) {
  auto* found = reinterpret_cast<BufferHeapTupleTableSlot*>(access->position.slot);
  LockBuffer(found->buffer, BUFFER_LOCK_SHARE);
  const uint16 mask = found->base.tuple->t_data->t_infomask;
  const TransactionId xmax = HeapTupleHeaderGetRawXmax(found->base.tuple->t_data);
  LockBuffer(found->buffer, BUFFER_LOCK_UNLOCK);
  if ((mask & (HEAP_XMAX_INVALID | HEAP_XMAX_COMMITTED | HEAP_XMAX_IS_MULTI)) != 0) return false;
  if (HEAP_XMAX_IS_KEYSHR_LOCKED(mask) || TransactionIdIsCurrentTransactionId(xmax)) return false;
  access->holder = xmax;
  return TransactionIdIsInProgress(xmax);
}

WriteResult write_change(PositionAccess* access) {
  TM_FailureData failure;
  LockTupleMode lock_mode;
  bool update_indexes = false;
  const WriteResult result = result_of(table_tuple_update(
      access->position.relation, &access->position.slot->tts_tid, access->changed, GetCurrentCommandId(true),
      GetActiveSnapshot(), InvalidSnapshot, access->locked, &failure, &lock_mode, &update_indexes));
  if (result == WriteResult::Busy) access->holder = failure.xmax;
  if (result == WriteResult::Written && update_indexes) insert_index_entries(access);
  return result;
}

WriteResult delete_position(PositionAccess* access) {
  TM_FailureData failure;
  const WriteResult result = result_of(table_tuple_delete(
      access->position.relation, &access->position.slot->tts_tid, GetCurrentCommandId(true),
      GetActiveSnapshot(), InvalidSnapshot, access->locked, &failure, false));
  if (result == WriteResult::Busy) access->holder = failure.xmax;
  return result;
}

void wait_for_position(PositionAccess* access) {
  TM_FailureData failure;
  ItemPointerData row = access->position.slot->tts_tid;
  TupleTableSlot* locked = table_slot_create(access->position.relation, nullptr);
  access->locked = table_tuple_lock(access->position.relation, &row, GetActiveSnapshot(), locked,
                                    GetCurrentCommandId(true), LockTupleNoKeyExclusive, LockWaitBlock, 0,
                                    &failure) == TM_Ok;
  ExecDropSingleTupleTableSlot(locked);
}

bool sees_position(PositionAccess* access, Snapshot snapshot) {
  return table_tuple_satisfies_snapshot(access->position.relation, access->position.slot, snapshot);
}

Datum get_column(TupleTableSlot* slot, AttrNumber column, bool* is_null) {
  return slot_getattr(slot, column, is_null);
}

core::Bytes bytes_of(Datum varlena_datum) {
  struct varlena* value = PG_DETOAST_DATUM_PACKED(varlena_datum);
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(value)), VARSIZE_ANY_EXHDR(value)};
}

Datum bytes_datum(core::Bytes bytes) {
  auto* value = static_cast<struct varlena*>(palloc(VARHDRSZ + bytes.size()));
  SET_VARSIZE(value, VARHDRSZ + bytes.size());
  memcpy(VARDATA(value), bytes.data(), bytes.size());
  return PointerGetDatum(value);
}

core::PositionFacets facets_of(PositionAccess* access, TupleTableSlot* slot) {
  core::PositionFacets facets;
  bool is_null = false;
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    facets.profiles[i] = bytes_of(get_column(slot, access->columns.profiles[i], &is_null));
  facets.promises = bytes_of(get_column(slot, access->columns.promises, &is_null));
  facets.held = bytes_of(get_column(slot, access->columns.held, &is_null));
  facets.contact_emails = DatumGetInt32(get_column(slot, access->columns.contact_emails, &is_null));
  facets.contact_phones = DatumGetInt32(get_column(slot, access->columns.contact_phones, &is_null));
  return facets;
}

}  // namespace search_assign::pg
