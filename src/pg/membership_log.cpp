// Rows of membership_log. Backend zone.
#include "search_assign/pg/membership_log.hpp"

#include "search_assign/pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/date.h"
}

namespace search_assign::pg {

namespace {

constexpr int kCapacity = 500;
enum Column {
  kCustomer,
  kDate,
  kTarget,
  kTargetId,
  kName,
  kPrevious,
  kRule,
  kSearch,
  kSource,
  kSince,
  kColumns
};

constexpr const char* kTargetNames[] = {
    "", "scenario", "collection_portfolio", "risk_portfolio", "customer_group", "option", "colleague"};
constexpr const char* kSourceNames[] = {"", "rule", "manual", "default"};

SpiStatement insert_statement = {
    "INSERT INTO receivables.membership_log"
    " (recorded_at, customer_id, business_date, target, target_id, name, previous, rule_id, search, source, "
    "since)"
    " SELECT pg_catalog.clock_timestamp(), n.* FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
    " pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),"
    " pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9), pg_catalog.unnest($10)) AS n",
    kColumns,
    {INT8ARRAYOID, DATEARRAYOID, TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID,
     TEXTARRAYOID, TEXTARRAYOID, DATEARRAYOID},
    nullptr};

struct ColumnType {
  Oid type;
  int16 length;
  bool by_value;
  char alignment;
};
constexpr ColumnType kBigint = {INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE};
constexpr ColumnType kNumber = {INT4OID, 4, true, TYPALIGN_INT};
constexpr ColumnType kDay = {DATEOID, 4, true, TYPALIGN_INT};
constexpr ColumnType kText = {TEXTOID, -1, false, TYPALIGN_INT};
constexpr ColumnType kTypes[kColumns] = {kBigint, kDay,    kText, kNumber, kText,
                                         kText,   kBigint, kText, kText,   kDay};

}  // namespace

struct MembershipLog {
  const Configuration* config;
  MemoryContext memory;  // of the log
  MemoryContext rows;    // of the texts in the rows, reset by a flush
  int count;
  Datum* values[kColumns];  // allocated with the first row: most transactions change no membership
  bool* nulls[kColumns];
  Datum target_names[7];
  Datum source_names[4];
  int failure_capacity;
  int64* failure_counts;  // per search
  char** failure_messages;
  char** failure_names;
};

MembershipLog* open_membership_log() {
  auto* log = static_cast<MembershipLog*>(palloc(sizeof(MembershipLog)));
  log->config = nullptr;
  log->memory = CurrentMemoryContext;
  log->rows = AllocSetContextCreate(CurrentMemoryContext, "search_assign log rows", ALLOCSET_SMALL_SIZES);
  log->count = 0;
  log->target_names[0] = static_cast<Datum>(0);
  log->failure_capacity = 0;
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

void put(MembershipLog* log, Column column, Datum value, bool is_null) {
  log->values[column][log->count] = value;
  log->nulls[column][log->count] = is_null;
}

void put_text(MembershipLog* log, Column column, Datum text) {
  if (text == static_cast<Datum>(0)) {
    put(log, column, text, true);
    return;
  }
  MemoryContext caller = MemoryContextSwitchTo(log->rows);
  put(log, column, PointerGetDatum(PG_DETOAST_DATUM_COPY(text)), false);
  MemoryContextSwitchTo(caller);
}

void make_columns(MembershipLog* log) {
  if (log->target_names[0] != static_cast<Datum>(0)) return;
  MemoryContext caller = MemoryContextSwitchTo(log->memory);
  for (int column = 0; column < kColumns; ++column) {
    log->values[column] = static_cast<Datum*>(palloc(sizeof(Datum) * kCapacity));
    log->nulls[column] = static_cast<bool*>(palloc(sizeof(bool) * kCapacity));
  }
  for (int i = 0; i < 7; ++i) log->target_names[i] = CStringGetTextDatum(kTargetNames[i]);
  for (int i = 0; i < 4; ++i) log->source_names[i] = CStringGetTextDatum(kSourceNames[i]);
  MemoryContextSwitchTo(caller);
}

}  // namespace

void add_to_membership_log(MembershipLog* log, int64 customer_id, core::Date business_date,
                           const core::MembershipChange& change) {
  const core::Membership* before = change.before;
  const core::Membership* after = change.after;
  const core::Target target = after != nullptr ? after->target : before->target;
  const Configuration* config = log->config;
  make_columns(log);
  put(log, kCustomer, Int64GetDatum(customer_id), false);
  put(log, kDate, DateADTGetDatum(business_date), false);
  put(log, kTarget, log->target_names[static_cast<int>(target)], false);
  put(log, kTargetId, Int32GetDatum(after != nullptr ? after->target_id : before->target_id), false);
  put_text(log, kName,
           after != nullptr ? target_name(config, target, after->target_id) : static_cast<Datum>(0));
  put_text(log, kPrevious,
           before != nullptr ? target_name(config, target, before->target_id) : static_cast<Datum>(0));
  const int64 rule_id = after != nullptr ? after->rule_id : 0;
  put(log, kRule, Int64GetDatum(rule_id), rule_id == 0);
  put_text(log, kSearch, rule_id != 0 ? rule_search(config, rule_id) : static_cast<Datum>(0));
  put(log, kSource,
      after != nullptr ? log->source_names[static_cast<int>(after->source)] : static_cast<Datum>(0),
      after == nullptr);
  put(log, kSince, after != nullptr ? DateADTGetDatum(after->since) : static_cast<Datum>(0),
      after == nullptr);
  ++log->count;
}

bool membership_log_is_empty(const MembershipLog* log) { return log->count == 0; }

bool membership_log_is_full(const MembershipLog* log) { return log->count == kCapacity; }

void flush_membership_log(MembershipLog* log) {
  MemoryContext caller = MemoryContextSwitchTo(log->rows);
  Datum arrays[kColumns];
  int dimensions[] = {log->count};
  int lower_bounds[] = {1};
  for (int column = 0; column < kColumns; ++column) {
    const ColumnType& type = kTypes[column];
    arrays[column] = PointerGetDatum(construct_md_array(log->values[column], log->nulls[column], 1,
                                                        dimensions, lower_bounds, type.type, type.length,
                                                        type.by_value, type.alignment));
  }
  spi_run(&insert_statement, arrays);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(log->rows);
  log->count = 0;
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
