// Arguments of the functions and aggregates on profiles and agings. Backend zone.
#include "search_assign/pg/maturity_args.hpp"

#include "search_assign/pg/settings.hpp"

namespace search_assign::pg {

void raise_null_argument(const char* name, const char* detail) {
  ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("\"%s\" must not be null", name),
                  errdetail_internal("%s", detail)));
  pg_unreachable();
}

void raise_infinite_date(const char* name) {
  ereport(ERROR, (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("\"%s\" must be a finite date", name)));
  pg_unreachable();
}

DateADT as_of_argument(FunctionCallInfo fcinfo, int number) {
  return PG_NARGS() > number ? finite_date_argument(fcinfo, number, "as_of") : business_date();
}

}  // namespace search_assign::pg
