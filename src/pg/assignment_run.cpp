// CALL search_assign(): decides all customers whose answer can have changed, in batches that commit.
// Backend zone. SQL face: sql/install/60_assignment.sql; tests: tests/regress/sql/run.sql.
#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/pending_run.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

constexpr size_t kBatchCustomers = 1000;
constexpr double kReportEverySeconds = 1.0;

// The customers to visit, ascending; survives commits in the procedure's own memory.
struct Visit {
  int64* ids;
  size_t count;
  size_t capacity;
  MemoryContext memory;
};

void add_visit(Visit* visit, int64 customer_id) {
  if (visit->count == visit->capacity) {
    visit->capacity = visit->capacity == 0 ? 1024 : visit->capacity * 2;
    const Size bytes = visit->capacity * sizeof(int64);
    visit->ids = static_cast<int64*>(visit->ids == nullptr ? MemoryContextAllocHuge(visit->memory, bytes)
                                                           : repalloc_huge(visit->ids, bytes));
  }
  visit->ids[visit->count++] = customer_id;
}

bool must_visit(PositionAccess* access, int64 version, core::Date today) {
  const PositionColumns& columns = access->columns;
  TupleTableSlot* row = access->position.slot;
  bool is_null = false;
  if (DatumGetInt64(get_column(row, columns.configuration_version, &is_null)) != version) return true;
  const core::Date decided_on = DatumGetDateADT(get_column(row, columns.decided_on, &is_null));
  if (is_null || decided_on > today) return true;  // never decided, or the business date was set back
  const core::Date review_on = DatumGetDateADT(get_column(row, columns.review_on, &is_null));
  return !is_null && review_on <= today;
}

// Reads all positions in the order they lie and notes whom to visit.
void collect_visit(Visit* visit, bool everyone) {
  const Configuration* config = configuration();
  const core::Date today = business_date();
  PositionAccess* access = open_positions(AccessShareLock);
  TableScanDesc scan = table_beginscan(access->position.relation, GetActiveSnapshot(), 0, nullptr);
  visit->count = 0;
  while (table_scan_getnextslot(scan, ForwardScanDirection, access->position.slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    if (everyone || config->has_manual_rules || must_visit(access, config->version, today))
      add_visit(visit,
                DatumGetInt64(get_column(access->position.slot, access->columns.customer_id, &is_null)));
  }
  table_endscan(scan);
  close_positions(access);
  compute([&] { std::sort(visit->ids, visit->ids + visit->count); });
}

struct Run {
  bool atomic;  // inside a transaction block: one piece, no commits
  bool everyone;
  instr_time started;
  instr_time reported;
  int64 done;
  int64 changed;
  Visit visit;
};

double seconds_since(instr_time start) {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  INSTR_TIME_SUBTRACT(now, start);
  return INSTR_TIME_GET_DOUBLE(now);
}

void run_sql(SpiStatement* statement, Datum* values, const char* nulls = nullptr) {
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  spi_run(statement, values, nulls);
  SPI_finish();
  end_maintenance(scope);
}

SpiStatement start_statement = {
    "INSERT INTO receivables.search_assign_progress_row (backend_pid, started_at, business_date, everyone, "
    "customers_total,"
    " customers_done, customers_changed, updated_at)"
    " VALUES (pg_catalog.pg_backend_pid(), pg_catalog.clock_timestamp(), $1, $2, $3, 0, 0, "
    "pg_catalog.clock_timestamp())"
    " ON CONFLICT (backend_pid) DO UPDATE SET started_at = EXCLUDED.started_at, business_date = "
    "EXCLUDED.business_date,"
    " everyone = EXCLUDED.everyone, customers_total = EXCLUDED.customers_total, customers_done = 0, "
    "customers_changed = 0,"
    " updated_at = EXCLUDED.updated_at, finished_at = NULL",
    3,
    {DATEOID, BOOLOID, INT8OID},
    nullptr};
SpiStatement progress_statement = {
    "UPDATE receivables.search_assign_progress_row SET customers_done = $1, customers_changed = $2,"
    " updated_at = pg_catalog.clock_timestamp() WHERE backend_pid = pg_catalog.pg_backend_pid()",
    2,
    {INT8OID, INT8OID},
    nullptr};
SpiStatement finish_statement = {
    "UPDATE receivables.search_assign_progress_row SET finished_at = pg_catalog.clock_timestamp()"
    " WHERE backend_pid = pg_catalog.pg_backend_pid()",
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

void end_batch(Run* run) {
  PopActiveSnapshot();
  if (run->atomic)
    CommandCounterIncrement();
  else
    SPI_commit();
  PushActiveSnapshot(GetLatestSnapshot());
}

void show_progress(Run* run, bool last) {
  if (!last && seconds_since(run->reported) < kReportEverySeconds) return;
  INSTR_TIME_SET_CURRENT(run->reported);
  Datum values[] = {Int64GetDatum(run->done), Int64GetDatum(run->changed)};
  run_sql(&progress_statement, values);
  const double seconds = seconds_since(run->started);
  if (last && seconds < kReportEverySeconds) return;
  ereport(NOTICE, (errmsg("search_assign: %lld of %lld customers, %lld changed, %.0f a second",
                          static_cast<long long>(run->done), static_cast<long long>(run->visit.count),
                          static_cast<long long>(run->changed),
                          seconds > 0 ? static_cast<double>(run->done) / seconds : 0.0)));
}

void visit_customers(Run* run) {
  for (size_t first = 0; first < run->visit.count;) {
    const size_t size = std::min(kBatchCustomers, run->visit.count - first);
    const RunResult result = decide_customers(run->visit.ids + first, size, true);
    first += size;
    run->done += static_cast<int64>(size);
    run->changed += result.changed;
    show_progress(run, first == run->visit.count);
    end_batch(run);
  }
}

// A date set back or a configuration changed meanwhile is seen by the next call; last_run_version says which
// version this one has brought to every customer.
void run_search_assign(Run* run) {
  INSTR_TIME_SET_CURRENT(run->started);
  run->reported = run->started;
  change_set_apply_all();
  end_batch(run);  // what was just applied, and what the transaction did before, is to be seen
  MemoryContext caller = MemoryContextSwitchTo(run->visit.memory);
  apply_queued_changes(run->atomic);
  MemoryContextSwitchTo(caller);
  const int64 version = configuration()->version;
  const core::Date today = business_date();
  collect_visit(&run->visit, run->everyone);
  Datum start[] = {DateADTGetDatum(today), BoolGetDatum(run->everyone),
                   Int64GetDatum(static_cast<int64>(run->visit.count))};
  run_sql(&start_statement, start);
  end_batch(run);
  visit_customers(run);
  run_sql(&invalid_statement, nullptr);
  Datum complete[] = {Int64GetDatum(version), DateADTGetDatum(today), Int64GetDatum(run->done)};
  run_sql(&complete_statement, complete);
  run_sql(&finish_statement, nullptr);
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_search_assign) {
  using namespace search_assign::pg;
  PreventCommandIfReadOnly("search_assign()");
  auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
  Run run;
  memset(&run, 0, sizeof run);
  run.everyone = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
  run.atomic = call == nullptr || !IsA(call, CallContext) || call->atomic;
  // The caller's memory, the portal's, survives the commits between the batches.
  run.visit.memory = AllocSetContextCreate(CurrentMemoryContext, "search_assign run", ALLOCSET_DEFAULT_SIZES);
  SPI_connect_ext(run.atomic ? 0 : SPI_OPT_NONATOMIC);
  PushActiveSnapshot(GetLatestSnapshot());
  run_search_assign(&run);
  PopActiveSnapshot();
  SPI_finish();
  PG_RETURN_VOID();
}
