// Unit tests of core/calendar.
#include "search_assign/core/calendar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace search_assign::core {
namespace {

bool is_leap(std::int32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::int32_t days_in(std::int32_t year, std::int32_t month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void expect_civil(Date date, std::int32_t year, std::int32_t month, std::int32_t day) {
  const CivilDate civil = civil_from_date(date);
  EXPECT_TRUE(civil.year == year && civil.month == month && civil.day == day)
      << date << " is " << civil.year << '-' << civil.month << '-' << civil.day;
  EXPECT_EQ(date_from_civil(year, month, day), date) << year << '-' << month << '-' << day;
}

// expect_years walks day by day from the first of January of a year whose date is known.
void expect_years(std::int32_t first, std::int32_t last, Date date) {
  for (std::int32_t year = first; year <= last; ++year)
    for (std::int32_t month = 1; month <= 12; ++month) {
      const Date start = date;
      for (std::int32_t day = 1; day <= days_in(year, month); ++day, ++date) {
        const CivilDate civil = civil_from_date(date);
        ASSERT_TRUE(civil.year == year && civil.month == month && civil.day == day) << date;
        ASSERT_EQ(date_from_civil(year, month, day), date);
        ASSERT_EQ(month_start(date), start);
      }
    }
}

Date date_of(std::int32_t year, std::int32_t month, std::int32_t day) {
  return date_from_civil(year, month, day);
}

TEST(Calendar, counts_days_from_the_year_2000) {
  expect_civil(0, 2000, 1, 1);
  expect_civil(-1, 1999, 12, 31);
  expect_civil(59, 2000, 2, 29);
  expect_civil(9'667, 2026, 6, 20);
}

TEST(Calendar, agrees_with_counting_days_from_1600_to_2600) { expect_years(1600, 2600, -146'097); }

TEST(Calendar, agrees_with_counting_days_around_the_year_zero) {
  expect_years(-800, 800, -146'097 * 7);  // 2800 years are seven cycles before 2000
}

TEST(Calendar, reaches_the_limits_of_postgresql) {
  expect_civil(kMinDate, -4713, 11, 24);
  expect_civil(kMaxDate, 5'874'897, 12, 31);
  EXPECT_EQ(month_start(kMaxDate), kMaxDate - 30);
  EXPECT_EQ(month_start(kMinDate), kMinDate - 23);
  EXPECT_EQ(add_months(kMaxDate, 12), kMaxDate + 365);
  EXPECT_EQ(add_months(kMinDate, -12), kMinDate - 365);
}

TEST(Calendar, gives_the_nearest_date_beyond_its_range) {
  constexpr Date kLast = std::numeric_limits<Date>::max();
  constexpr Date kFirst = std::numeric_limits<Date>::min();
  EXPECT_EQ(date_from_civil(9'999'999, 1, 1), kLast);
  EXPECT_EQ(date_from_civil(-9'999'999, 1, 1), kFirst);
  EXPECT_EQ(add_months(kLast, 12), kLast);
  EXPECT_EQ(add_months(kFirst, -12), kFirst);
  EXPECT_EQ(add_months(0, std::numeric_limits<std::int32_t>::max()), kLast);
  EXPECT_EQ(add_months(0, std::numeric_limits<std::int32_t>::min()), kFirst);
  for (const Date date : {kFirst, kLast}) {
    const CivilDate civil = civil_from_date(date);
    EXPECT_EQ(date_from_civil(civil.year, civil.month, civil.day), date);
  }
}

TEST(Calendar, add_months_takes_the_last_day_of_a_shorter_month) {
  EXPECT_EQ(add_months(date_of(2026, 1, 31), 1), date_of(2026, 2, 28));
  EXPECT_EQ(add_months(date_of(2028, 1, 31), 1), date_of(2028, 2, 29));
  EXPECT_EQ(add_months(date_of(2026, 3, 31), -1), date_of(2026, 2, 28));
  EXPECT_EQ(add_months(date_of(2026, 5, 31), 1), date_of(2026, 6, 30));
  EXPECT_EQ(add_months(date_of(2028, 2, 29), 12), date_of(2029, 2, 28));
  EXPECT_EQ(add_months(date_of(2028, 2, 29), -12), date_of(2027, 2, 28));
  EXPECT_EQ(add_months(date_of(2028, 2, 29), 48), date_of(2032, 2, 29));
  EXPECT_EQ(add_months(date_of(2096, 2, 29), 48), date_of(2100, 2, 28));  // 2100 is no leap year
  EXPECT_EQ(add_months(date_of(2026, 2, 28), 1), date_of(2026, 3, 28));   // not the last day again
}

TEST(Calendar, add_months_crosses_years_in_both_directions) {
  EXPECT_EQ(add_months(date_of(2026, 12, 15), 1), date_of(2027, 1, 15));
  EXPECT_EQ(add_months(date_of(2026, 1, 15), -1), date_of(2025, 12, 15));
  EXPECT_EQ(add_months(date_of(2026, 6, 15), -18), date_of(2024, 12, 15));
  EXPECT_EQ(add_months(date_of(0, 1, 31), -1), date_of(-1, 12, 31));
  EXPECT_EQ(add_months(date_of(-4, 2, 29), 12), date_of(-3, 2, 28));
}

TEST(Calendar, add_months_agrees_with_its_definition) {
  for (Date date = date_of(2023, 1, 1); date < date_of(2029, 1, 1); ++date)
    for (std::int32_t months = -30; months <= 30; ++months) {
      const CivilDate from = civil_from_date(date);
      std::int32_t year = from.year;
      std::int32_t month = from.month;
      for (std::int32_t left = months; left != 0; left += left > 0 ? -1 : 1) {
        month += left > 0 ? 1 : -1;
        if (month == 13) month = 1, ++year;
        if (month == 0) month = 12, --year;
      }
      const std::int32_t day = std::min(from.day, days_in(year, month));
      ASSERT_EQ(add_months(date, months), date_of(year, month, day)) << date << ' ' << months;
    }
}

}  // namespace
}  // namespace search_assign::core
