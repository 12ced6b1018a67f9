// Calendar arithmetic on Date (days since 2000-01-01), proleptic Gregorian.
#pragma once

#include "search_assign/core/money.hpp"

namespace search_assign::core {

struct CivilDate {
  std::int32_t year;
  std::int32_t month;  // 1..12
  std::int32_t day;    // 1..31
};

// date_from_civil gives the nearest Date where the day lies outside its range.
CivilDate civil_from_date(Date date) noexcept;
Date date_from_civil(std::int32_t year, std::int32_t month, std::int32_t day) noexcept;

// add_months keeps the day of the month, or takes the month's last day where it has none
// (29 February + 12 months = 28 February), as PostgreSQL's interval arithmetic does.
Date add_months(Date date, std::int32_t months) noexcept;
Date month_start(Date date) noexcept;

}  // namespace search_assign::core
