// Tables of shared runs. Backend zone.
//
// No two sessions ever update one row at a time, so that no isolation level has anything to complain of: a
// unit's row is changed by the session that holds the unit's lock, a run's row by the one that holds
// lock_runs().
#include "search_assign/pg/run_share.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/run_lock.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

// Units are small enough to share the end of a run evenly, and large enough to make taking one cheap.
constexpr size_t kUnitsPerRun = 64;
constexpr size_t kSmallestUnit = 100;
constexpr size_t kLargestUnit = 2000;

struct SqlScope {
  MaintenanceScope maintenance;
};

SqlScope open_sql() {
  const SqlScope scope = {begin_maintenance()};
  SPI_connect();
  return scope;
}

void close_sql(const SqlScope& scope) {
  SPI_finish();
  end_maintenance(scope.maintenance);
}

uint64 run_sql(SpiStatement* statement, Datum* values) {
  const SqlScope scope = open_sql();
  const uint64 rows = spi_run(statement, values);
  close_sql(scope);
  return rows;
}

SpiStatement unfinished_statement = {
    "SELECT run_id, business_date, configuration_version, everyone FROM receivables.search_assign_run"
    " WHERE finished_at IS NULL",
    0,
    {},
    nullptr};
SpiStatement start_statement = {
    "INSERT INTO receivables.search_assign_run (business_date, configuration_version, everyone, "
    "customers_total)"
    " VALUES ($1, $2, $3, $4) RETURNING run_id",
    4,
    {DATEOID, INT8OID, BOOLOID, INT8OID},
    nullptr};
SpiStatement record_statement = {
    "INSERT INTO receivables.search_assign_run (business_date, configuration_version, everyone, "
    "customers_total,"
    " customers_done, customers_changed, started_at, resumed_at, finished_at)"
    " VALUES ($1, $2, $3, $4, $4, $5, $6, $6, pg_catalog.clock_timestamp())",
    6,
    {DATEOID, INT8OID, BOOLOID, INT8OID, INT8OID, TIMESTAMPTZOID},
    nullptr};
SpiStatement unit_statement = {
    "INSERT INTO receivables.search_assign_batch (run_id, customer_ids, size) VALUES ($1, $2, $3)",
    3,
    {INT8OID, INT8ARRAYOID, INT4OID},
    nullptr};

// The units go, and what they have done is the run's.
#define SA_CLOSE_UNITS                                                                          \
  "WITH gone AS (DELETE FROM receivables.search_assign_batch WHERE run_id = $1"                 \
  " RETURNING visited, customers_changed),"                                                     \
  " sums AS (SELECT coalesce(sum(visited), 0) AS done, coalesce(sum(customers_changed), 0) AS " \
  "changed"                                                                                     \
  " FROM gone)"                                                                                 \
  " UPDATE receivables.search_assign_run r SET customers_done = r.customers_done + s.done,"     \
  " customers_changed = r.customers_changed + s.changed, "

SpiStatement resume_statement = {
    SA_CLOSE_UNITS
    "done_before = r.customers_done + s.done, resumed_at = pg_catalog.clock_timestamp(),"
    " customers_total = r.customers_done + s.done + $2 FROM sums s WHERE r.run_id = $1",
    2,
    {INT8OID, INT8OID},
    nullptr};
SpiStatement end_statement = {
    SA_CLOSE_UNITS
    "finished_at = pg_catalog.clock_timestamp(), replaced = $2 FROM sums s WHERE r.run_id = $1",
    2,
    {INT8OID, BOOLOID},
    nullptr};
#undef SA_CLOSE_UNITS

SpiStatement remaining_statement = {
    "SELECT customer_ids, visited FROM receivables.search_assign_batch WHERE run_id = $1 AND visited < size",
    1,
    {INT8OID},
    nullptr};
SpiStatement forget_statement = {
    "DELETE FROM receivables.search_assign_run WHERE finished_at IS NOT NULL AND run_id <"
    " (SELECT min(x.run_id) FROM (SELECT l.run_id FROM receivables.search_assign_run l"
    " ORDER BY l.run_id DESC LIMIT 10) x)",
    0,
    {},
    nullptr};
SpiStatement complete_statement = {
    "UPDATE receivables.configuration SET last_run_version = $1, last_run_date = $2,"
    " last_run_at = pg_catalog.clock_timestamp(), last_run_customers = $3",
    3,
    {INT8OID, DATEOID, INT8OID},
    nullptr};
SpiStatement invalid_statement = {
    "UPDATE receivables.search s SET invalid_reason = n.reason FROM (SELECT x.search_id, coalesce("
    " receivables.criteria_error(x.criteria), (SELECT f.message FROM receivables.search_failure f"
    " WHERE f.search_id = x.search_id LIMIT 1)) AS reason FROM receivables.search x) n"
    " WHERE n.search_id = s.search_id AND s.invalid_reason IS DISTINCT FROM n.reason",
    0,
    {},
    nullptr};
SpiStatement state_statement = {
    "SELECT finished_at IS NOT NULL, replaced, customers_done FROM receivables.search_assign_run WHERE "
    "run_id = $1",
    1,
    {INT8OID},
    nullptr};
SpiStatement undone_statement = {
    "SELECT batch_id FROM receivables.search_assign_batch WHERE run_id = $1 AND visited < size"
    " ORDER BY batch_id",
    1,
    {INT8OID},
    nullptr};
SpiStatement read_unit_statement = {
    "SELECT customer_ids, size, visited, customers_changed"
    " FROM receivables.search_assign_batch WHERE batch_id = $1 AND visited < size",
    1,
    {INT8OID},
    nullptr};
SpiStatement save_unit_statement = {
    "UPDATE receivables.search_assign_batch SET visited = $2, customers_changed = $3,"
    " updated_at = pg_catalog.clock_timestamp() WHERE batch_id = $1",
    3,
    {INT8OID, INT4OID, INT4OID},
    nullptr};
SpiStatement progress_statement = {
    "SELECT customers_done, customers_total, customers_changed, round(customers_per_second)::bigint, "
    "sessions,"
    " ceil(extract(epoch FROM expected_end - updated_at))::bigint"
    " FROM receivables.search_assign_progress WHERE run_id = $1",
    1,
    {INT8OID},
    nullptr};
SpiStatement failures_statement = {
    "SELECT s.name, count(*), min(f.message) FROM receivables.search_failure f"
    " JOIN receivables.search s ON s.search_id = f.search_id GROUP BY s.name ORDER BY s.name",
    0,
    {},
    nullptr};

Datum id_array(const int64* ids, size_t count) {
  auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * count));
  for (size_t i = 0; i < count; ++i) values[i] = Int64GetDatum(ids[i]);
  ArrayType* array = construct_array(values, static_cast<int>(count), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
                                     TYPALIGN_DOUBLE);
  pfree(values);
  return PointerGetDatum(array);
}

const int64* ids_of(Datum array) {
  return reinterpret_cast<const int64*>(ARR_DATA_PTR(DatumGetArrayTypeP(array)));
}

void write_unit(int64 run_id, const int64* ids, size_t count) {
  const Datum array = id_array(ids, count);
  Datum values[] = {Int64GetDatum(run_id), array, Int32GetDatum(static_cast<int32>(count))};
  spi_run(&unit_statement, values);
  pfree(DatumGetPointer(array));
}

void write_units(int64 run_id, const Visit& visit) {
  const size_t size = std::clamp(visit.count / kUnitsPerRun, kSmallestUnit, kLargestUnit);
  for (size_t first = 0; first < visit.count; first += size)
    write_unit(run_id, visit.ids + first, std::min(size, visit.count - first));
}

void end_run(int64 run_id, bool replaced) {
  Datum values[] = {Int64GetDatum(run_id), BoolGetDatum(replaced)};
  spi_run(&end_statement, values);
}

void note_last_run(const RunKey& key, int64 customers) {
  spi_run(&invalid_statement, nullptr);
  Datum values[] = {Int64GetDatum(key.version), DateADTGetDatum(key.business_date), Int64GetDatum(customers)};
  spi_run(&complete_statement, values);
}

// With the unit's lock; false where it has been done meanwhile, or has gone with its run.
bool read_unit(WorkUnit* unit, MemoryContext memory) {
  Datum key[] = {Int64GetDatum(unit->batch_id)};
  const SpiRows rows = spi_query(&read_unit_statement, key);
  if (rows.count == 0) return false;
  unit->size = spi_int32(rows, 0, 2);
  unit->visited = spi_int32(rows, 0, 3);
  unit->changed = spi_int32(rows, 0, 4);
  const Size bytes = sizeof(int64) * static_cast<Size>(unit->size);
  unit->ids = static_cast<int64*>(MemoryContextAlloc(memory, bytes));
  memcpy(unit->ids, ids_of(spi_datum(rows, 0, 1)), bytes);
  return true;
}

}  // namespace

bool find_unfinished_run(int64* run_id, RunKey* key) {
  const SqlScope scope = open_sql();
  const SpiRows rows = spi_query(&unfinished_statement, nullptr);
  const bool found = rows.count > 0;
  if (found) {
    *run_id = spi_int64(rows, 0, 1);
    *key = {spi_int32(rows, 0, 2), spi_int64(rows, 0, 3), spi_bool(rows, 0, 4)};
  }
  close_sql(scope);
  return found;
}

int64 start_run(const RunKey& key, const Visit& visit) {
  const SqlScope scope = open_sql();
  Datum values[] = {DateADTGetDatum(key.business_date), Int64GetDatum(key.version),
                    BoolGetDatum(key.everyone), Int64GetDatum(static_cast<int64>(visit.count))};
  const SpiRows rows = spi_query(&start_statement, values);
  const int64 run_id = spi_int64(rows, 0, 1);
  write_units(run_id, visit);
  close_sql(scope);
  return run_id;
}

void add_remaining(int64 run_id, Visit* visit) {
  const SqlScope scope = open_sql();
  Datum key[] = {Int64GetDatum(run_id)};
  const SpiRows rows = spi_query(&remaining_statement, key);
  for (uint64 i = 0; i < rows.count; ++i) {
    const Datum stored = spi_datum(rows, i, 1);
    ArrayType* array = DatumGetArrayTypeP(stored);
    const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    const auto* ids = reinterpret_cast<const int64*>(ARR_DATA_PTR(array));
    for (int k = spi_int32(rows, i, 2); k < count; ++k) add_visit(visit, ids[k]);
    if (PointerGetDatum(array) != stored) pfree(array);  // a copy, made where the stored one was toasted
  }
  close_sql(scope);
}

void resume_run(int64 run_id, const Visit& visit) {
  const SqlScope scope = open_sql();
  Datum values[] = {Int64GetDatum(run_id), Int64GetDatum(static_cast<int64>(visit.count))};
  spi_run(&resume_statement, values);
  write_units(run_id, visit);
  close_sql(scope);
}

void replace_run(int64 run_id) {
  const SqlScope scope = open_sql();
  end_run(run_id, true);
  close_sql(scope);
}

void complete_run(int64 run_id, const RunKey& key) {
  const SqlScope scope = open_sql();
  end_run(run_id, false);
  Datum values[] = {Int64GetDatum(run_id)};
  const SpiRows rows = spi_query(&state_statement, values);
  note_last_run(key, spi_int64(rows, 0, 3));
  spi_run(&forget_statement, nullptr);
  close_sql(scope);
}

void record_run(const RunKey& key, TimestampTz started_at, int64 done, int64 changed) {
  const SqlScope scope = open_sql();
  Datum values[] = {DateADTGetDatum(key.business_date),
                    Int64GetDatum(key.version),
                    BoolGetDatum(key.everyone),
                    Int64GetDatum(done),
                    Int64GetDatum(changed),
                    TimestampTzGetDatum(started_at)};
  spi_run(&record_statement, values);
  note_last_run(key, done);
  close_sql(scope);
}

RunState run_state(int64 run_id) {
  const SqlScope scope = open_sql();
  Datum values[] = {Int64GetDatum(run_id)};
  const SpiRows rows = spi_query(&state_statement, values);
  RunState state = RunState::Complete;  // so long ago that it is forgotten
  if (rows.count > 0)
    state = spi_bool(rows, 0, 2)   ? RunState::Replaced
            : spi_bool(rows, 0, 1) ? RunState::Complete
                                   : RunState::Unfinished;
  close_sql(scope);
  return state;
}

Claim claim_unit(int64 run_id, WorkUnit* unit, MemoryContext memory) {
  const SqlScope scope = open_sql();
  Datum key[] = {Int64GetDatum(run_id)};
  const SpiRows rows = spi_query(&undone_statement, key);
  Claim claim = Claim::None;
  for (uint64 i = 0; i < rows.count && claim != Claim::Taken; ++i) {
    unit->batch_id = spi_int64(rows, i, 1);
    if (!try_unit(unit->batch_id)) {
      claim = Claim::Busy;
      continue;
    }
    if (read_unit(unit, memory))
      claim = Claim::Taken;
    else
      release_unit();
  }
  close_sql(scope);
  return claim;
}

bool save_unit(const WorkUnit& unit) {
  Datum values[] = {Int64GetDatum(unit.batch_id), Int32GetDatum(unit.visited), Int32GetDatum(unit.changed)};
  return run_sql(&save_unit_statement, values) > 0;
}

void report_progress(int64 run_id) {
  const SqlScope scope = open_sql();
  Datum key[] = {Int64GetDatum(run_id)};
  const SpiRows rows = spi_query(&progress_statement, key);
  if (rows.count > 0) {
    const auto figure = [&](int column) {
      return spi_is_null(rows, 0, column) ? 0LL : static_cast<long long>(spi_int64(rows, 0, column));
    };
    const int sessions = spi_int32(rows, 0, 5);
    ereport(NOTICE, (errmsg("search_assign: %lld of %lld customers, %lld changed, %lld a second by %d "
                            "session(s), %lld seconds to go",
                            figure(1), figure(2), figure(3), figure(4), sessions, figure(6))));
  }
  close_sql(scope);
}

void report_search_failures() {
  const SqlScope scope = open_sql();
  const SpiRows rows = spi_query(&failures_statement, nullptr);
  for (uint64 i = 0; i < rows.count; ++i) {
    const int64 customers = spi_int64(rows, i, 2);
    ereport(WARNING,
            (errmsg_plural("search \"%s\" failed for %lld customer: the assignment by it stays as it was",
                           "search \"%s\" failed for %lld customers: their assignment by it stays as it was",
                           static_cast<unsigned long>(customers), spi_text(rows, i, 1),
                           static_cast<long long>(customers)),
             errdetail("First error: %s", spi_text(rows, i, 3)),
             errhint("See receivables.search_state and receivables.search_failure.")));
  }
  close_sql(scope);
}

}  // namespace search_assign::pg
