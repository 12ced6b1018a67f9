// Rows of membership_log. Backend zone.
//
// Written straight through the table access method: most of a run's time went into the executor that used to
// insert them. Their values are ours alone, so that no check of the table is needed; its triggers do not
// fire.
#include "search_assign/pg/membership_log.hpp"

#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

constexpr int kCapacity = 1000;

constexpr const char* kTargetNames[] = {
    "", "scenario", "collection_portfolio", "risk_portfolio", "customer_group", "option", "colleague"};
constexpr const char* kSourceNames[] = {"", "rule", "manual", "default"};

struct LogColumns {
  AttrNumber customer_id, log_id, recorded_at, business_date, target, target_id, name, previous, rule_id,
      search, source, since;
};

LogColumns log_columns(TupleDesc descriptor) {
  LogColumns columns;
  columns.customer_id = column_number(descriptor, "customer_id");
  columns.log_id = column_number(descriptor, "log_id");
  columns.recorded_at = column_number(descriptor, "recorded_at");
  columns.business_date = column_number(descriptor, "business_date");
  columns.target = column_number(descriptor, "target");
  columns.target_id = column_number(descriptor, "target_id");
  columns.name = column_number(descriptor, "name");
  columns.previous = column_number(descriptor, "previous");
  columns.rule_id = column_number(descriptor, "rule_id");
  columns.search = column_number(descriptor, "search");
  columns.source = column_number(descriptor, "source");
  columns.since = column_number(descriptor, "since");
  return columns;
}

}  // namespace

struct MembershipLog {
  const Configuration* config;
  MemoryContext memory;  // of the log
  // Opened with the first row: most transactions change no membership.
  Relation relation;
  EState* estate;
  ResultRelInfo* result;
  Oid sequence;
  LogColumns columns;
  Datum target_names[lengthof(kTargetNames)];
  Datum source_names[lengthof(kSourceNames)];
  int count;
  int slot_count;
  TupleTableSlot** slots;  // materialized rows
  int failure_capacity;
  int64* failure_counts;  // per search
  char** failure_messages;
  char** failure_names;
};

MembershipLog* open_membership_log() {
  auto* log = static_cast<MembershipLog*>(palloc0(sizeof(MembershipLog)));
  log->memory = CurrentMemoryContext;
  return log;
}

void membership_log_use(MembershipLog* log, const Configuration* config) {
  // Rows gathered under the former configuration hold copies of its names.
  log->config = config;
  log->failure_capacity = config->search_count;
  const auto room = static_cast<size_t>(config->search_count + 1);
  log->failure_counts = static_cast<int64*>(MemoryContextAllocZero(log->memory, sizeof(int64) * room));
  log->failure_messages = static_cast<char**>(MemoryContextAllocZero(log->memory, sizeof(char*) * room));
  log->failure_names = static_cast<char**>(MemoryContextAllocZero(log->memory, sizeof(char*) * room));
}

namespace {

void open_relation(MembershipLog* log) {
  MemoryContext caller = MemoryContextSwitchTo(log->memory);
  log->relation = table_open(relation_oid("membership_log"), RowExclusiveLock);
  log->columns = log_columns(RelationGetDescr(log->relation));
  log->sequence = getIdentitySequence(RelationGetRelid(log->relation), log->columns.log_id, false);
  log->estate = CreateExecutorState();
  log->result = makeNode(ResultRelInfo);
  InitResultRelInfo(log->result, log->relation, 0, nullptr, 0);
  ExecOpenIndices(log->result, false);
  log->slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kCapacity));
  for (size_t i = 0; i < lengthof(kTargetNames); ++i)
    log->target_names[i] = CStringGetTextDatum(kTargetNames[i]);
  for (size_t i = 0; i < lengthof(kSourceNames); ++i)
    log->source_names[i] = CStringGetTextDatum(kSourceNames[i]);
  MemoryContextSwitchTo(caller);
}

TupleTableSlot* new_row(MembershipLog* log) {
  if (log->relation == nullptr) open_relation(log);
  if (log->count == log->slot_count) {
    MemoryContext caller = MemoryContextSwitchTo(log->memory);
    log->slots[log->slot_count++] = table_slot_create(log->relation, nullptr);
    MemoryContextSwitchTo(caller);
  }
  TupleTableSlot* row = log->slots[log->count++];
  ExecClearTuple(row);
  const auto width = static_cast<size_t>(row->tts_tupleDescriptor->natts);
  memset(row->tts_values, 0, sizeof(Datum) * width);
  memset(row->tts_isnull, true, sizeof(bool) * width);
  return row;
}

void put(TupleTableSlot* row, AttrNumber column, Datum value) {
  row->tts_values[column - 1] = value;
  row->tts_isnull[column - 1] = false;
}

// Text 0: the target or the rule is gone.
void put_text(TupleTableSlot* row, AttrNumber column, Datum text) {
  if (text != static_cast<Datum>(0)) put(row, column, text);
}

void write_rows(MembershipLog* log) {
  MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(log->estate));
  table_multi_insert(log->relation, log->slots, log->count, GetCurrentCommandId(true), 0, nullptr);
  for (int i = 0; i < log->count; ++i) {
    ExecInsertIndexTuples(log->result, log->slots[i], log->estate, false, false, nullptr, NIL);
    ExecClearTuple(log->slots[i]);
  }
  MemoryContextSwitchTo(caller);
  ResetPerTupleExprContext(log->estate);
  log->count = 0;
}

}  // namespace

void add_to_membership_log(MembershipLog* log, int64 customer_id, core::Date business_date,
                           const core::MembershipChange& change) {
  const core::Membership* before = change.before;
  const core::Membership* after = change.after;
  const core::Membership* either = after != nullptr ? after : before;
  const Configuration* config = log->config;
  TupleTableSlot* row = new_row(log);
  const LogColumns& columns = log->columns;
  put(row, columns.customer_id, Int64GetDatum(customer_id));
  put(row, columns.log_id, Int64GetDatum(nextval_internal(log->sequence, false)));
  put(row, columns.recorded_at, TimestampTzGetDatum(GetCurrentTimestamp()));
  put(row, columns.business_date, DateADTGetDatum(business_date));
  put(row, columns.target, log->target_names[static_cast<int>(either->target)]);
  put(row, columns.target_id, Int32GetDatum(either->target_id));
  if (before != nullptr)
    put_text(row, columns.previous, target_name(config, before->target, before->target_id));
  if (after != nullptr) {
    put_text(row, columns.name, target_name(config, after->target, after->target_id));
    put(row, columns.source, log->source_names[static_cast<int>(after->source)]);
    put(row, columns.since, DateADTGetDatum(after->since));
    if (after->rule_id != 0) {
      put(row, columns.rule_id, Int64GetDatum(after->rule_id));
      put_text(row, columns.search, rule_search(config, after->rule_id));
    }
  }
  ExecStoreVirtualTuple(row);
  ExecMaterializeSlot(row);
  if (log->count == kCapacity) write_rows(log);
}

void close_membership_log(MembershipLog* log) {
  if (log->relation == nullptr) return;
  if (log->count > 0) write_rows(log);
  for (int i = 0; i < log->slot_count; ++i) ExecDropSingleTupleTableSlot(log->slots[i]);
  ExecCloseIndices(log->result);
  FreeExecutorState(log->estate);
  table_close(log->relation, NoLock);
  log->relation = nullptr;
}

void note_failure(MembershipLog* log, int search, const char* message) {
  if (log->failure_counts[search]++ > 0) return;
  MemoryContext caller = MemoryContextSwitchTo(log->memory);
  log->failure_messages[search] = pstrdup(message);
  log->failure_names[search] = TextDatumGetCString(log->config->searches[search].name);
  MemoryContextSwitchTo(caller);
}

void report_failures(MembershipLog* log) {
  for (int i = 0; i < log->failure_capacity; ++i)
    if (log->failure_counts[i] > 0)
      ereport(WARNING, (errmsg_plural(
                            "search \"%s\" failed for %lld customer: the assignment by it stays as it was",
                            "search \"%s\" failed for %lld customers: their assignment by it stays as it was",
                            static_cast<unsigned long>(log->failure_counts[i]), log->failure_names[i],
                            static_cast<long long>(log->failure_counts[i])),
                        errdetail("First error: %s", log->failure_messages[i]),
                        errhint("See receivables.search_state and receivables.search_failure.")));
}

}  // namespace search_assign::pg
