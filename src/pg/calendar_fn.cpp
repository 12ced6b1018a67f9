// Working days and the deadline of promises. Backend zone.
// SQL face: sql/install/25_calendar.sql; tests: tests/regress/sql/scenario.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/maturity_args.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

constexpr int32 kMaxWorkingDays = 100'000;
constexpr int32 kMaxTolerance = 3'650;

[[noreturn]] void raise_unknown_calendar(const char* name) {
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("calendar \"%s\" does not exist", name),
                  errhint("See receivables.calendar; install_example_calendars() adds some.")));
  pg_unreachable();
}

// The calendar named by the first argument; nullptr: every day is a working day.
const core::WorkCalendar* calendar_argument(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0)) return nullptr;
  const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  if (*name == '\0') return nullptr;
  const core::WorkCalendar* calendar = find_calendar(scenarios(), name);
  if (calendar == nullptr) raise_unknown_calendar(name);
  return calendar;
}

DateADT day_argument(FunctionCallInfo fcinfo, int number) {
  const DateADT day = PG_GETARG_DATEADT(number);
  if (DATE_NOT_FINITE(day)) raise_infinite_date("day");
  return day;
}

Datum working_day(FunctionCallInfo fcinfo, const core::WorkCalendar* calendar, core::Date day) {
  if (day != core::kNoDate) PG_RETURN_DATEADT(day);
  if (calendar == nullptr)
    ereport(ERROR, (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("date out of range")));
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("calendar \"%s\" has no working day there", text_to_cstring(PG_GETARG_TEXT_PP(0))),
                  errdetail("Its weekends and holidays leave none within three years."),
                  errhint("See receivables.calendar_holiday.")));
  pg_unreachable();
}

void require_calendar(Datum name) {
  static SpiStatement statement = {
      "SELECT FROM receivables.calendar c WHERE c.name = $1", 1, {TEXTOID}, nullptr};
  Datum values[] = {name};
  if (spi_query(&statement, values).count == 0) raise_unknown_calendar(TextDatumGetCString(name));
}

void write_tolerance(int32 days, Datum calendar) {
  static SpiStatement statement = {
      "UPDATE receivables.configuration SET promise_tolerance_days = $1, promise_calendar = $2",
      2,
      {INT4OID, TEXTOID},
      nullptr};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const bool has_calendar = calendar != static_cast<Datum>(0);
  if (has_calendar) require_calendar(calendar);
  Datum values[] = {Int32GetDatum(days), calendar};
  spi_run(&statement, values, has_calendar ? "  " : " n");
  SPI_finish();
  end_maintenance(scope);
}

}  // namespace
}  // namespace search_assign::pg

namespace core = search_assign::core;

SA_FUNCTION(sa_is_working_day) {
  const core::WorkCalendar* calendar = search_assign::pg::calendar_argument(fcinfo);
  if (PG_ARGISNULL(1)) PG_RETURN_NULL();
  PG_RETURN_BOOL(core::is_working_day(calendar, search_assign::pg::day_argument(fcinfo, 1)));
}

SA_FUNCTION(sa_next_working_day) {
  const core::WorkCalendar* calendar = search_assign::pg::calendar_argument(fcinfo);
  if (PG_ARGISNULL(1)) PG_RETURN_NULL();
  const DateADT day = search_assign::pg::day_argument(fcinfo, 1);
  return search_assign::pg::working_day(fcinfo, calendar, core::next_working_day(calendar, day));
}

SA_FUNCTION(sa_add_working_days) {
  using search_assign::pg::kMaxWorkingDays;
  const core::WorkCalendar* calendar = search_assign::pg::calendar_argument(fcinfo);
  if (PG_ARGISNULL(1) || PG_ARGISNULL(2)) PG_RETURN_NULL();
  const DateADT day = search_assign::pg::day_argument(fcinfo, 1);
  const int32 n = PG_GETARG_INT32(2);
  if (n < -kMaxWorkingDays || n > kMaxWorkingDays)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%d working days are too many", n),
                    errdetail("At most %d are counted.", kMaxWorkingDays)));
  return search_assign::pg::working_day(fcinfo, calendar, core::add_working_days(calendar, day, n));
}

SA_FUNCTION(sa_promise_deadline) {
  const DateADT promised_on = PG_GETARG_DATEADT(0);
  if (DATE_NOT_FINITE(promised_on)) search_assign::pg::raise_infinite_date("promised_on");
  PG_RETURN_DATEADT(search_assign::pg::promise_deadline(search_assign::pg::scenarios(), promised_on));
}

SA_FUNCTION(sa_set_promise_tolerance) {
  using search_assign::pg::kMaxTolerance;
  if (PG_ARGISNULL(0))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("\"%s\" must not be null", "days")));
  const int32 days = PG_GETARG_INT32(0);
  if (days < 0 || days > kMaxTolerance)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a promise cannot have a tolerance of %d days", days),
                    errhint("Give 0 to %d days; 0 = a promise is broken the day after.", kMaxTolerance)));
  const bool has_calendar = !PG_ARGISNULL(1) && VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(1)) > 0;
  search_assign::pg::write_tolerance(days, has_calendar ? PG_GETARG_DATUM(1) : static_cast<Datum>(0));
  search_assign::pg::raise_configuration_version();
  PG_RETURN_VOID();
}
