// Calendar arithmetic. The conversions count days in the 400-year cycle of the Gregorian
// calendar with the year starting in March, so that the leap day comes last.
// Tests: tests/unit/calendar_test.cpp.
#include "search_assign/core/calendar.hpp"

#include <algorithm>
#include <limits>

namespace search_assign::core {
namespace {

constexpr std::int64_t kDaysPerEra = 146'097;          // 400 years
constexpr std::int64_t kEpochFromMarchZero = 730'425;  // 2000-01-01 counted from 0000-03-01

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

bool is_leap(std::int32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::int32_t days_in_month(std::int32_t year, std::int32_t month) {
  constexpr std::int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

}  // namespace

Date date_from_civil(std::int32_t year, std::int32_t month, std::int32_t day) noexcept {
  const std::int64_t march_year = std::int64_t{year} - (month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(march_year, 400);
  const std::int64_t year_of_era = march_year - era * 400;
  const std::int64_t march_month = (month + 9) % 12;
  const std::int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  // Beyond kMaxDate there is no date, but a comparison with the end of a window must still be right.
  return static_cast<Date>(std::clamp<std::int64_t>(era * kDaysPerEra + day_of_era - kEpochFromMarchZero,
                                                    std::numeric_limits<Date>::min(),
                                                    std::numeric_limits<Date>::max()));
}

CivilDate civil_from_date(Date date) noexcept {
  const std::int64_t days = std::int64_t{date} + kEpochFromMarchZero;
  const std::int64_t era = floor_div(days, kDaysPerEra);
  const std::int64_t day_of_era = days - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<std::int32_t>(day_of_year - (153 * march_month + 2) / 5 + 1);
  const auto month = static_cast<std::int32_t>(march_month < 10 ? march_month + 3 : march_month - 9);
  const auto year = static_cast<std::int32_t>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  return {year, month, day};
}

Date add_months(Date date, std::int32_t months) noexcept {
  const CivilDate civil = civil_from_date(date);
  const std::int64_t month_index = std::int64_t{civil.year} * 12 + civil.month - 1 + months;
  const auto year = static_cast<std::int32_t>(floor_div(month_index, 12));
  const auto month = static_cast<std::int32_t>(month_index - std::int64_t{year} * 12 + 1);
  return date_from_civil(year, month, std::min(civil.day, days_in_month(year, month)));
}

Date month_start(Date date) noexcept {
  const CivilDate civil = civil_from_date(date);
  return date_from_civil(civil.year, civil.month, 1);
}

}  // namespace search_assign::core
