// Rows of membership_log. Backend zone.
#include "search_assign/pg/membership_log.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/table_writer.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kTargetNames[] = {
    "",          "scenario", "collection_portfolio", "risk_portfolio", "customer_group", "option",
    "colleague", "alert"};  // priorities are not logged
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
  TableWriter* writer;
  LogColumns columns;
  Datum target_names[lengthof(kTargetNames)];
  Datum source_names[lengthof(kSourceNames)];
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

void open_writer(MembershipLog* log) {
  MemoryContext caller = MemoryContextSwitchTo(log->memory);
  log->writer = open_table_writer("membership_log", "log_id");
  log->columns = log_columns(RelationGetDescr(log->writer->relation));
  for (size_t i = 0; i < lengthof(kTargetNames); ++i)
    log->target_names[i] = CStringGetTextDatum(kTargetNames[i]);
  for (size_t i = 0; i < lengthof(kSourceNames); ++i)
    log->source_names[i] = CStringGetTextDatum(kSourceNames[i]);
  MemoryContextSwitchTo(caller);
}

// Text 0: the target or the rule is gone.
void put_text(TupleTableSlot* row, AttrNumber column, Datum text) {
  if (text != static_cast<Datum>(0)) put_column(row, column, text);
}

}  // namespace

void add_to_membership_log(MembershipLog* log, int64 customer_id, core::Date business_date,
                           const core::MembershipChange& change) {
  const core::Membership* before = change.before;
  const core::Membership* after = change.after;
  const core::Membership* either = after != nullptr ? after : before;
  const Configuration* config = log->config;
  if (log->writer == nullptr) open_writer(log);
  TupleTableSlot* row = start_row(log->writer);
  const LogColumns& columns = log->columns;
  put_column(row, columns.customer_id, Int64GetDatum(customer_id));
  put_column(row, columns.log_id, Int64GetDatum(next_row_number(log->writer)));
  put_column(row, columns.recorded_at, TimestampTzGetDatum(GetCurrentTimestamp()));
  put_column(row, columns.business_date, DateADTGetDatum(business_date));
  put_column(row, columns.target, log->target_names[static_cast<int>(either->target)]);
  put_column(row, columns.target_id, Int32GetDatum(either->target_id));
  if (before != nullptr)
    put_text(row, columns.previous, target_name(config, before->target, before->target_id));
  if (after != nullptr) {
    put_text(row, columns.name, target_name(config, after->target, after->target_id));
    put_column(row, columns.source, log->source_names[static_cast<int>(after->source)]);
    put_column(row, columns.since, DateADTGetDatum(after->since));
    if (after->rule_id != 0) {
      put_column(row, columns.rule_id, Int64GetDatum(after->rule_id));
      put_text(row, columns.search, rule_search(config, after->target, after->rule_id));
    }
  }
  finish_row(log->writer, row);
}

void close_membership_log(MembershipLog* log) {
  if (log->writer != nullptr) close_table_writer(log->writer);
  log->writer = nullptr;
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
