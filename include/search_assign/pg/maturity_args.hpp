// Arguments that the functions and aggregates on profiles and agings have in common.
#pragma once

#include "search_assign/core/money.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/numeric_bytes.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "utils/date.h"
}

namespace search_assign::pg {

// as_of_argument is the argument of that number or, in the form of the function without it,
// the business date. 22008 where it is infinite.
DateADT as_of_argument(FunctionCallInfo fcinfo, int number);

// finite_date_argument reads a date that an amount needs: 22004 where it is NULL, 22008 where infinite.
// Inline like the next: an aggregate calls them for every row.
inline constexpr char kItemsWithoutAmount[] = "Only an item whose amount is NULL or 0 may lack it.";
inline constexpr char kRowsWithoutProfile[] = "Only a row whose profile is NULL may lack it.";
[[noreturn]] void raise_null_argument(const char* name, const char* detail);
[[noreturn]] void raise_infinite_date(const char* name);
inline DateADT finite_date_argument(FunctionCallInfo fcinfo, int number, const char* name,
                                    const char* who_may_lack_it = kItemsWithoutAmount) {
  if (unlikely(PG_ARGISNULL(number))) raise_null_argument(name, who_may_lack_it);
  const DateADT date = PG_GETARG_DATEADT(number);
  if (unlikely(DATE_NOT_FINITE(date))) raise_infinite_date(name);
  return date;
}

// amount_argument reads an amount; false where it is NULL or zero and the item is skipped.
// 22003 where it is out of range or has too many decimals.
inline bool amount_argument(FunctionCallInfo fcinfo, int number, core::Amount& amount) {
  if (PG_ARGISNULL(number)) return false;
  if (likely(usual_amount(PG_GETARG_DATUM(number), amount))) return amount != 0;
  const AmountStatus status = amount_from_numeric(PG_GETARG_DATUM(number), amount);
  if (unlikely(status != AmountStatus::Ok)) raise_amount_error(status, "amount");
  return amount != 0;
}

}  // namespace search_assign::pg
