// SQL functions of the statistics. Backend zone.
// SQL face: sql/install/84_statistics.sql; tests: tests/regress/sql/statistics.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/statistics_file.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

constexpr double kNanosecondsAMillisecond = 1e6;

// Columns of statistics_totals() behind the counters and the parts.
enum Column { kSince = kStatistics, kScope, kProblem, kColumns };

Datum totals_row(FunctionCallInfo fcinfo) {
  TupleDesc descriptor = nullptr;
  if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE ||
      descriptor->natts != kColumns)
    elog(ERROR, "statistics_totals() returns another row than expected");
  StatisticsTotals totals;
  const bool of_all_sessions = save_statistics() && read_statistics_file(&totals);
  const uint64* from = of_all_sessions ? totals.values : session_statistics();
  Datum values[kColumns];
  bool nulls[kColumns] = {};
  for (int i = 0; i < kCounters; ++i) values[i] = Int64GetDatum(static_cast<int64>(from[i]));
  for (int i = kCounters; i < kStatistics; ++i)
    values[i] = Float8GetDatum(static_cast<double>(from[i]) / kNanosecondsAMillisecond);
  values[kSince] = TimestampTzGetDatum(totals.since);
  nulls[kSince] = !of_all_sessions;
  values[kScope] = CStringGetTextDatum(of_all_sessions ? "all sessions" : "this session");
  nulls[kProblem] = of_all_sessions;
  values[kProblem] = of_all_sessions ? static_cast<Datum>(0) : CStringGetTextDatum(statistics_file_problem());
  return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_statistics_totals) { return search_assign::pg::totals_row(fcinfo); }

// Also called by CREATE EXTENSION: a database may have come by the number of one that was dropped.
SA_FUNCTION(sa_reset_search_assign_stats) {
  using namespace search_assign::pg;
  remove_statistics_of_dropped_databases();
  reset_session_statistics();
  if (!reset_statistics_file())
    ereport(WARNING, (errmsg("only the statistics of this session were reset"),
                      errdetail("%s.", statistics_file_problem())));
  PG_RETURN_VOID();
}
