// Working days. Core zone. SQL face: sql/install/25_calendar.sql; tests: tests/unit/work_calendar_test.cpp.
#include "search_assign/core/work_calendar.hpp"

#include <algorithm>
#include <cstdlib>

namespace search_assign::core {
namespace {

bool in_weekend(const WorkCalendar& calendar, Date date) {
  return ((calendar.weekend >> (iso_day_of_week(date) - 1)) & 1) != 0;
}

bool is_holiday(const WorkCalendar& calendar, Date date) {
  return !calendar.holidays.empty() &&
         std::binary_search(calendar.holidays.begin(), calendar.holidays.end(), date);
}

Date search(const WorkCalendar* calendar, Date date, std::int32_t direction) {
  if (date == kNoDate || calendar == nullptr) return date;
  for (std::int32_t i = 0; i < kWorkingDaySearch && date >= kMinDate && date <= kMaxDate;
       ++i, date += direction)
    if (!in_weekend(*calendar, date) && !is_holiday(*calendar, date)) return date;
  return kNoDate;
}

}  // namespace

std::int32_t iso_day_of_week(Date date) noexcept {
  // 2000-01-01 was a Saturday. Whole weeks make the number positive.
  constexpr std::uint32_t kWeeks = 7 * 400'000;
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(date) + kWeeks + 5) % 7) + 1;
}

bool is_working_day(const WorkCalendar* calendar, Date date) noexcept {
  return calendar == nullptr || (!in_weekend(*calendar, date) && !is_holiday(*calendar, date));
}

Date next_working_day(const WorkCalendar* calendar, Date date) noexcept { return search(calendar, date, 1); }

Date previous_working_day(const WorkCalendar* calendar, Date date) noexcept {
  return search(calendar, date, -1);
}

Date add_working_days(const WorkCalendar* calendar, Date date, std::int32_t n) noexcept {
  if (calendar == nullptr) return add_days(date, n);
  const std::int32_t direction = n < 0 ? -1 : 1;
  date = search(calendar, date, direction);
  for (std::int64_t left = std::abs(std::int64_t{n}); left > 0 && date != kNoDate; --left)
    date = search(calendar, date + direction, direction);
  return date;
}

Date add_days(Date date, std::int64_t days) noexcept {
  if (date == kNoDate) return kNoDate;
  const std::int64_t sum = date + days;
  return sum > kMaxDate ? kNoDate : static_cast<Date>(std::max<std::int64_t>(sum, kMinDate));
}

}  // namespace search_assign::core
