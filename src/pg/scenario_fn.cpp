// next_step as an SQL function. Backend zone. SQL face: sql/install/61_scenario.sql;
// tests: tests/regress/sql/scenario.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/maturity_args.hpp"
#include "search_assign/pg/scenario.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

enum Argument { kScenario, kLeaderDueDate, kLastStep, kLastActionOn, kAmount, kAsOf, kLastContactOn };

const core::Scenario* scenario_argument(FunctionCallInfo fcinfo) {
  const char* name = text_to_cstring(PG_GETARG_TEXT_PP(kScenario));
  const core::Scenario* scenario = find_scenario(scenarios(), name);
  if (scenario == nullptr)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("scenario \"%s\" does not exist", name),
                    errhint("See receivables.scenario; install_example_scenarios() adds some.")));
  return scenario;
}

core::Date date_argument(FunctionCallInfo fcinfo, int number, const char* name) {
  if (PG_ARGISNULL(number)) return core::kNoDate;
  const DateADT date = PG_GETARG_DATEADT(number);
  if (DATE_NOT_FINITE(date)) raise_infinite_date(name);
  return date;
}

core::Progress progress_argument(FunctionCallInfo fcinfo) {
  core::Progress progress = {false, 0, date_argument(fcinfo, kLastActionOn, "last_action_on"),
                             date_argument(fcinfo, kLastContactOn, "last_contact_on")};
  if (PG_ARGISNULL(kLastStep)) return progress;
  progress.entered = true;
  progress.last_step = PG_GETARG_INT32(kLastStep);
  if (progress.last_step < 0)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" must not be negative", "last_step"),
             errhint("NULL = no step has been done, 0 = the first step is next.")));
  return progress;
}

core::NextStep next_step_of(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(kScenario)) return {};
  const core::Scenario* scenario = scenario_argument(fcinfo);
  const core::Progress progress = progress_argument(fcinfo);
  const core::Date due = date_argument(fcinfo, kLeaderDueDate, "leader_due_date");
  const core::Date as_of = date_argument(fcinfo, kAsOf, "as_of");
  if (due == core::kNoDate || as_of == core::kNoDate || PG_ARGISNULL(kAmount)) return {};
  core::Amount amount = 0;
  const AmountStatus status = amount_from_numeric(PG_GETARG_DATUM(kAmount), amount);
  if (status != AmountStatus::Ok) raise_amount_error(status, "amount");
  return core::next_step(*scenario, due, progress, amount, as_of);
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_next_step) {
  using namespace search_assign;
  TupleDesc result = nullptr;
  if (get_call_result_type(fcinfo, nullptr, &result) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "return type must be a row type");
  const core::NextStep next = pg::next_step_of(fcinfo);
  Datum values[] = {Int32GetDatum(next.step_no), DateADTGetDatum(next.action_on)};
  bool nulls[] = {next.step_no == 0, next.step_no == 0};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result), values, nulls)));
}
