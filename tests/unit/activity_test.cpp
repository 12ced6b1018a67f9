// Unit tests of core/activity.
#include "search_assign/core/activity.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "search_assign/core/calendar.hpp"
#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

constexpr Sum kLargest = ~(Sum{1} << 127);

EncodedProfile profile(std::string_view text) {
  EncodedProfile out;
  from_text(text, out);
  return out;
}

EncodedProfile encoded(std::vector<ProfileEntry> entries) {
  normalize(entries);
  EncodedProfile out;
  encode(entries, out);
  return out;
}

Date day(std::string_view text) {
  Date date = 0;
  EXPECT_TRUE(date_from_text(text, date)) << text;
  return date;
}

// payments: `debit` paid, `credit` = paid times days late
ProfileEntry paid(std::string_view on, Sum amount, std::int64_t days_late) {
  return {day(on), amount, amount * days_late, 1, 0};
}

std::string late(const EncodedProfile& payments, std::string_view as_of) {
  Sum days = 0;
  return average_days_late(payments, day(as_of), days) ? sum_to_text(days) : "none";
}

std::int64_t whole(const EncodedProfile& payments, std::string_view as_of) {
  std::int64_t days = -999;
  EXPECT_TRUE(whole_days_late(payments, day(as_of), days));
  return days;
}

TEST(Activity, sales_12m_holds_the_twelve_months_up_to_the_day) {
  const EncodedProfile sales = profile(
      "{2025-06-15:1:0:1:0,2025-06-16:10:0:1:0,2026-01-01:100:-5:1:1,2026-06-15:1000:0:1:0,2026-06-16:9:0:1:"
      "0}");
  EXPECT_EQ(sum_to_text(sales_12m(sales, day("2026-06-15"))), "1105.0000");
  EXPECT_EQ(sum_to_text(sales_12m(sales, day("2026-06-14"))), "106.0000");
  EXPECT_EQ(sales_12m(empty_profile(), 0), 0);
}

TEST(Activity, sales_12m_counts_29_february_as_the_28th) {
  const EncodedProfile sales = profile("{2028-02-28:1:0:1:0,2028-02-29:10:0:1:0}");
  EXPECT_EQ(sum_to_text(sales_12m(sales, day("2029-02-27"))), "11.0000");
  EXPECT_EQ(sum_to_text(sales_12m(sales, day("2029-02-28"))), "10.0000");
  EXPECT_EQ(sum_to_text(sales_12m(sales, day("2029-03-01"))), "0.0000");
}

TEST(Activity, sales_12m_works_at_the_limits_of_dates) {
  const EncodedProfile sales = encoded({{kMinDate, 1, 0, 1, 0}, {kMaxDate, 2, 0, 1, 0}});
  EXPECT_EQ(sales_12m(sales, kMinDate), 1);
  EXPECT_EQ(sales_12m(sales, kMaxDate), 2);
}

TEST(Activity, last_invoice_is_the_latest_date_with_an_invoice) {
  Date date = 0;
  EXPECT_TRUE(last_invoice_on(profile("{2026-01-01:1:0:1:0,2026-02-01:5:-5:2:1,2026-03-01:0:-5:0:1}"), date));
  EXPECT_EQ(date_to_text(date), "2026-02-01");
  EXPECT_FALSE(last_invoice_on(profile("{2026-03-01:0:-5:0:1}"), date));
  EXPECT_FALSE(last_invoice_on(empty_profile(), date));
}

TEST(Activity, last_payment_is_the_latest_part_or_payment_item) {
  Date date = 0;
  EXPECT_TRUE(last_payment_on(profile("{2026-01-01:1:3:1:0}"), date));
  EXPECT_EQ(date_to_text(date), "2026-01-01");
  EXPECT_TRUE(last_payment_on(profile("{2026-01-01:1:3:1:0,2026-02-01:0:0:0:1}"), date));
  EXPECT_EQ(date_to_text(date), "2026-02-01");
  EXPECT_FALSE(last_payment_on(profile("{2026-01-01:1:3:0:0}"), date));
  EXPECT_FALSE(last_payment_on(empty_profile(), date));
}

TEST(Activity, days_late_are_weighted_by_amount) {
  const EncodedProfile payments =
      encoded({paid("2026-06-01", 3'000'000, 10), paid("2026-05-01", 1'000'000, 50)});
  EXPECT_EQ(late(payments, "2026-06-15"), "20.0000");
  EXPECT_EQ(whole(payments, "2026-06-15"), 20);
}

TEST(Activity, days_late_look_at_this_month_and_the_six_before) {
  const EncodedProfile payments = encoded({paid("2025-11-30", 100, 1), paid("2025-12-01", 100, 20),
                                           paid("2026-06-30", 100, 40), paid("2026-07-01", 100, 1000)});
  EXPECT_EQ(late(payments, "2026-06-15"), "30.0000");  // the month's end counts, too
  EXPECT_EQ(late(payments, "2026-06-01"), "30.0000");
  EXPECT_EQ(late(payments, "2025-10-15"), "none");
  EXPECT_EQ(late(payments, "2026-05-31"), "10.5000");
  EXPECT_EQ(late(payments, "2027-02-01"), "none");
}

TEST(Activity, days_late_need_a_paid_amount) {
  EXPECT_EQ(late(EncodedProfile{1, 0}, "2026-06-15"), "none");
  EXPECT_EQ(late(profile("{2026-06-01:0:0:0:1}"), "2026-06-15"), "none");
  EXPECT_EQ(late(profile("{2026-06-01:-5:10:1:0}"), "2026-06-15"), "none");
  std::int64_t days = 0;
  EXPECT_FALSE(whole_days_late(empty_profile(), 0, days));
}

TEST(Activity, days_late_round_half_away_from_zero) {
  const auto days = [](Sum amount, Sum times_days) {
    return whole(encoded({{day("2026-06-01"), amount, times_days, 1, 0}}), "2026-06-15");
  };
  EXPECT_EQ(days(2, 1), 1);
  EXPECT_EQ(days(2, -1), -1);
  EXPECT_EQ(days(3, 1), 0);
  EXPECT_EQ(days(3, -1), 0);
  EXPECT_EQ(days(3, 5), 2);
  EXPECT_EQ(days(3, -5), -2);
  EXPECT_EQ(days(4, 8), 2);
  EXPECT_EQ(days(kLargest, kLargest), 1);
  EXPECT_EQ(days(kLargest, -kLargest), -1);
  EXPECT_EQ(days(kLargest, kLargest / 2), 0);
  EXPECT_EQ(days(1, 0), 0);
  EXPECT_EQ(late(encoded({{day("2026-06-01"), 3, 2, 1, 0}}), "2026-06-15"), "0.6667");
  EXPECT_EQ(late(encoded({{day("2026-06-01"), 3, -2, 1, 0}}), "2026-06-15"), "-0.6667");
}

TEST(Activity, sums_that_do_not_fit_are_errors) {
  const EncodedProfile huge = encoded({{9'600, kLargest, kLargest, 1, 0}, {9'601, kLargest, 0, 1, 0}});
  Sum days = 0;
  std::int64_t whole_days = 0;
  EXPECT_THROW((void)sales_12m(huge, 9'610), Error);
  EXPECT_THROW((void)average_days_late(huge, 9'610, days), Error);
  EXPECT_THROW((void)whole_days_late(huge, 9'610, whole_days), Error);
  const EncodedProfile scaled = encoded({{9'600, 1, kLargest, 1, 0}});
  EXPECT_THROW((void)average_days_late(scaled, 9'610, days), Error);
}

TEST(Activity, agrees_with_adding_entry_by_entry) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 3'000; ++round) {
    std::vector<ProfileEntry> entries;
    for (std::uint64_t left = random() % 40; left > 0; --left) {
      const Sum amount = 1 + static_cast<Sum>(random() % 1'000'000);
      const Sum days = static_cast<Sum>(random() % 200) - 50;
      entries.push_back({static_cast<Date>(9'000 + random() % 900), amount, amount * days, 1, 0});
    }
    const EncodedProfile bytes = encoded(entries);
    const auto as_of = static_cast<Date>(9'300 + random() % 700);
    const CivilDate today = civil_from_date(as_of);
    Sum sold = 0;
    Sum sum = 0;
    Sum weighted = 0;
    for (const ProfileEntry& entry : entries) {
      if (entry.date <= as_of && entry.date > add_months(as_of, -12)) sold += entry.net();
      const CivilDate on = civil_from_date(entry.date);
      const int months = (today.year - on.year) * 12 + today.month - on.month;
      if (months >= 0 && months <= 6) sum += entry.debit, weighted += entry.credit;
    }
    ASSERT_EQ(sales_12m(bytes, as_of), sold);
    Sum days = 0;
    ASSERT_EQ(average_days_late(bytes, as_of, days), sum > 0);
    if (sum == 0) continue;
    const Sum error = days * sum - weighted * kAmountScale;  // at most half a unit
    ASSERT_LE(error < 0 ? -error * 2 : error * 2, sum);
  }
}

}  // namespace
}  // namespace search_assign::core
