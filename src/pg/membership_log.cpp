// Rows of membership_change. Backend zone. SQL face: sql/install/86_membership_log.sql.
#include "search_assign/pg/membership_log.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/table_writer.hpp"
#include "search_assign/pg/time_partition.hpp"

extern "C" {
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

struct ChangeColumns {
  AttrNumber customer_id, recorded_at, log_id, configuration_version, previous_version, business_date, cause,
      before, after;
};

ChangeColumns change_columns(TupleDesc descriptor) {
  ChangeColumns columns;
  columns.customer_id = column_number(descriptor, "customer_id");
  columns.recorded_at = column_number(descriptor, "recorded_at");
  columns.log_id = column_number(descriptor, "log_id");
  columns.configuration_version = column_number(descriptor, "configuration_version");
  columns.previous_version = column_number(descriptor, "previous_version");
  columns.business_date = column_number(descriptor, "business_date");
  columns.cause = column_number(descriptor, "cause");
  columns.before = column_number(descriptor, "before");
  columns.after = column_number(descriptor, "after");
  return columns;
}

}  // namespace

struct MembershipLog {
  const Configuration* config;
  MemoryContext memory;  // of the log
  // Opened with the first row: most transactions change no membership.
  Relation parent;
  Oid sequence;
  TimestampTz from;  // times of the rows that the writer's partition takes
  TimestampTz until;
  TableWriter* writer;
  ChangeColumns columns;
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
  log->config = config;
  log->failure_capacity = config->search_count;
  const auto room = static_cast<size_t>(config->search_count + 1);
  log->failure_counts = static_cast<int64*>(MemoryContextAllocZero(log->memory, sizeof(int64) * room));
  log->failure_messages = static_cast<char**>(MemoryContextAllocZero(log->memory, sizeof(char*) * room));
  log->failure_names = static_cast<char**>(MemoryContextAllocZero(log->memory, sizeof(char*) * room));
}

namespace {

// The writer of the partition for rows of that time: nearly always the one at hand.
TableWriter* writer_for(MembershipLog* log, TimestampTz time) {
  if (log->writer != nullptr && log->from <= time && time < log->until) return log->writer;
  MemoryContext caller = MemoryContextSwitchTo(log->memory);
  if (log->parent == nullptr) {
    log->parent = table_open(relation_oid("membership_change"), RowExclusiveLock);
    log->sequence = relation_oid("membership_change_log_id_seq");
  }
  if (log->writer != nullptr) close_table_writer(log->writer);
  const TimePartition partition = open_time_partition(log->parent, time);
  log->from = partition.from;
  log->until = partition.until;
  log->writer = open_relation_writer(partition.relation, log->sequence);
  log->columns = change_columns(RelationGetDescr(partition.relation));
  MemoryContextSwitchTo(caller);
  return log->writer;
}

}  // namespace

void add_to_membership_log(MembershipLog* log, const LoggedDecision& decision, Datum before, Datum after) {
  const TimestampTz now = GetCurrentTimestamp();
  TableWriter* writer = writer_for(log, now);
  const ChangeColumns& columns = log->columns;
  TupleTableSlot* row = start_row(writer);
  put_column(row, columns.customer_id, Int64GetDatum(decision.customer_id));
  put_column(row, columns.recorded_at, TimestampTzGetDatum(now));
  put_column(row, columns.log_id, Int64GetDatum(next_row_number(writer)));
  put_column(row, columns.configuration_version, Int64GetDatum(decision.configuration_version));
  put_column(row, columns.previous_version, Int64GetDatum(decision.previous_version));
  put_column(row, columns.business_date, DateADTGetDatum(decision.business_date));
  put_column(row, columns.cause, Int16GetDatum(static_cast<int16>(decision.cause)));
  put_column(row, columns.before, before);
  put_column(row, columns.after, after);
  finish_row(writer, row);
}

void close_membership_log(MembershipLog* log) {
  if (log->parent == nullptr) return;
  close_table_writer(log->writer);
  table_close(log->parent, NoLock);
  log->writer = nullptr;
  log->parent = nullptr;
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
