// Working days: the days of a week that are none, and holidays. No calendar (nullptr): every day is one.
#pragma once

#include <cstdint>
#include <span>

#include "search_assign/core/money.hpp"

namespace search_assign::core {

struct WorkCalendar {
  std::uint8_t weekend;            // bit n = ISO day n + 1 (bit 0 Monday, bit 6 Sunday)
  std::span<const Date> holidays;  // ascending
};

inline constexpr std::uint8_t kEveryDay = 0x7f;  // a weekend of seven days

// A calendar without a working day within so many days has none.
inline constexpr std::int32_t kWorkingDaySearch = 3 * 366;

std::int32_t iso_day_of_week(Date date) noexcept;  // 1 Monday .. 7 Sunday

bool is_working_day(const WorkCalendar* calendar, Date date) noexcept;

// next_working_day is the first working day on or after the date; kNoDate where there is none within
// kWorkingDaySearch days, or the date is kNoDate. previous_working_day is the last on or before it.
Date next_working_day(const WorkCalendar* calendar, Date date) noexcept;
Date previous_working_day(const WorkCalendar* calendar, Date date) noexcept;

// add_working_days goes to the next working day (n >= 0) or back to the previous one (n < 0), and from there
// |n| working days on or back; kNoDate where there is none. Takes time in proportion to |n|.
Date add_working_days(const WorkCalendar* calendar, Date date, std::int32_t n) noexcept;

// add_days adds days to a date; kNoDate stays, and what lies after kMaxDate is kNoDate.
Date add_days(Date date, std::int64_t days) noexcept;

}  // namespace search_assign::core
