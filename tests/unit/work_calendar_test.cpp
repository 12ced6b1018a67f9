// Unit tests of core/work_calendar.
#include "search_assign/core/work_calendar.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "search_assign/core/calendar.hpp"

namespace search_assign::core {
namespace {

constexpr std::uint8_t kSaturdaySunday = 0x60;
constexpr std::uint8_t kFridaySaturday = 0x30;

Date day(std::int32_t year, std::int32_t month, std::int32_t d) { return date_from_civil(year, month, d); }

TEST(WorkCalendar, knows_the_days_of_the_week) {
  EXPECT_EQ(iso_day_of_week(0), 6);  // 2000-01-01 was a Saturday
  EXPECT_EQ(iso_day_of_week(1), 7);
  EXPECT_EQ(iso_day_of_week(2), 1);
  EXPECT_EQ(iso_day_of_week(-1), 5);
  EXPECT_EQ(iso_day_of_week(day(2026, 6, 15)), 1);
  EXPECT_EQ(iso_day_of_week(day(1969, 7, 20)), 7);
  EXPECT_EQ(iso_day_of_week(day(1, 1, 1)), 1);
  for (Date date = kMinDate; date < kMinDate + 20; ++date)
    EXPECT_EQ(iso_day_of_week(date + 1), iso_day_of_week(date) % 7 + 1);
  for (Date date = kMaxDate - 20; date < kMaxDate; ++date)
    EXPECT_EQ(iso_day_of_week(date + 1), iso_day_of_week(date) % 7 + 1);
}

TEST(WorkCalendar, every_day_is_a_working_day_without_a_calendar) {
  EXPECT_TRUE(is_working_day(nullptr, day(2026, 6, 14)));
  EXPECT_EQ(next_working_day(nullptr, day(2026, 6, 14)), day(2026, 6, 14));
  EXPECT_EQ(add_working_days(nullptr, day(2026, 6, 14), 3), day(2026, 6, 17));
  EXPECT_EQ(add_working_days(nullptr, day(2026, 6, 14), -3), day(2026, 6, 11));
}

TEST(WorkCalendar, weekends_and_holidays_are_passed_over) {
  const std::vector<Date> holidays = {day(2026, 12, 24), day(2026, 12, 25), day(2026, 12, 26),
                                      day(2027, 1, 1)};
  const WorkCalendar calendar{kSaturdaySunday, holidays};
  struct {
    Date date;
    bool working;
    Date next;
    Date previous;
  } const examples[] = {
      {day(2026, 12, 22), true, day(2026, 12, 22), day(2026, 12, 22)},  // Tuesday
      {day(2026, 12, 24), false, day(2026, 12, 28),
       day(2026, 12, 23)},  // Thursday: holidays, then the weekend
      {day(2026, 12, 26), false, day(2026, 12, 28), day(2026, 12, 23)},
      {day(2026, 12, 27), false, day(2026, 12, 28), day(2026, 12, 23)},
      {day(2026, 12, 28), true, day(2026, 12, 28), day(2026, 12, 28)},
      {day(2027, 1, 1), false, day(2027, 1, 4), day(2026, 12, 31)},
  };
  for (const auto& e : examples) {
    EXPECT_EQ(is_working_day(&calendar, e.date), e.working) << date_to_text(e.date);
    EXPECT_EQ(next_working_day(&calendar, e.date), e.next) << date_to_text(e.date);
    EXPECT_EQ(previous_working_day(&calendar, e.date), e.previous) << date_to_text(e.date);
  }
  EXPECT_EQ(next_working_day(&calendar, kNoDate), kNoDate);
}

TEST(WorkCalendar, other_countries_have_other_weekends) {
  const WorkCalendar calendar{kFridaySaturday, {}};
  EXPECT_FALSE(is_working_day(&calendar, day(2026, 6, 19)));  // Friday
  EXPECT_FALSE(is_working_day(&calendar, day(2026, 6, 20)));
  EXPECT_TRUE(is_working_day(&calendar, day(2026, 6, 21)));  // Sunday
}

TEST(WorkCalendar, working_days_are_counted_from_a_working_day) {
  const std::vector<Date> holidays = {day(2026, 6, 17)};
  const WorkCalendar calendar{kSaturdaySunday, holidays};
  struct {
    Date from;
    std::int32_t n;
    Date expected;
  } const examples[] = {
      {day(2026, 6, 15), 0, day(2026, 6, 15)},  {day(2026, 6, 13), 0, day(2026, 6, 15)},
      {day(2026, 6, 13), 1, day(2026, 6, 16)},  {day(2026, 6, 15), 1, day(2026, 6, 16)},
      {day(2026, 6, 16), 1, day(2026, 6, 18)},  {day(2026, 6, 15), 4, day(2026, 6, 22)},
      {day(2026, 6, 15), -1, day(2026, 6, 12)}, {day(2026, 6, 14), -1, day(2026, 6, 11)},
      {day(2026, 6, 18), -1, day(2026, 6, 16)}, {day(2026, 6, 15), 261, day(2027, 6, 16)},
  };
  for (const auto& e : examples)
    EXPECT_EQ(add_working_days(&calendar, e.from, e.n), e.expected) << date_to_text(e.from) << " + " << e.n;
}

TEST(WorkCalendar, without_a_working_day_there_is_no_next_one) {
  const WorkCalendar weekend{kEveryDay, {}};
  EXPECT_EQ(next_working_day(&weekend, 9'600), kNoDate);
  EXPECT_EQ(previous_working_day(&weekend, 9'600), kNoDate);
  EXPECT_EQ(add_working_days(&weekend, 9'600, 5), kNoDate);
  std::vector<Date> years;
  for (Date date = 9'600; date < 9'600 + kWorkingDaySearch; ++date) years.push_back(date);
  const WorkCalendar holidays{0, years};
  EXPECT_EQ(next_working_day(&holidays, 9'600), kNoDate);
  EXPECT_EQ(next_working_day(&holidays, 9'601), 9'600 + kWorkingDaySearch);
  EXPECT_EQ(previous_working_day(&holidays, 9'700), 9'599);
}

TEST(WorkCalendar, the_ends_of_the_calendar_are_no_trap) {
  const WorkCalendar calendar{kSaturdaySunday, {}};
  EXPECT_EQ(add_working_days(&calendar, kMaxDate, 10), kNoDate);
  EXPECT_EQ(add_working_days(&calendar, kMinDate, -10), kNoDate);
  EXPECT_EQ(add_days(kMaxDate, 1), kNoDate);
  EXPECT_EQ(add_days(kMinDate, -1), kMinDate);
  EXPECT_EQ(add_days(kNoDate, -1), kNoDate);
  EXPECT_EQ(add_days(0, std::int64_t{1} << 40), kNoDate);
}

TEST(WorkCalendar, agrees_with_counting_day_by_day) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Date> holidays;
    for (Date date = 9'500; date < 9'800; ++date)
      if (random() % 10 == 0) holidays.push_back(date);
    const WorkCalendar calendar{static_cast<std::uint8_t>(random() % kEveryDay), holidays};
    const auto works = [&](Date date) {
      for (const Date holiday : holidays)
        if (holiday == date) return false;
      return (calendar.weekend & (1 << (iso_day_of_week(date) - 1))) == 0;
    };
    const Date from = 9'600 + static_cast<Date>(random() % 100);
    const auto n = static_cast<std::int32_t>(random() % 41) - 20;
    Date expected = from;
    const Date direction = n < 0 ? -1 : 1;
    while (!works(expected)) expected += direction;
    for (std::int32_t left = std::abs(n); left > 0; --left) do
        expected += direction;
      while (!works(expected));
    EXPECT_EQ(add_working_days(&calendar, from, n), expected);
    EXPECT_EQ(is_working_day(&calendar, from), works(from));
  }
}

}  // namespace
}  // namespace search_assign::core
