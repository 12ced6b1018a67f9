// Unit tests of core/money: text forms of sums and dates.
#include "search_assign/core/money.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace search_assign::core {
namespace {

constexpr Sum kLargest = ~(Sum{1} << 127);
constexpr Sum kSmallest = Sum{1} << 127;

Sum parsed(std::string_view text) {
  Sum value = -42;
  EXPECT_TRUE(sum_from_text(text, value)) << text;
  return value;
}

TEST(Money, SumToText) {
  EXPECT_EQ(sum_to_text(0), "0.0000");
  EXPECT_EQ(sum_to_text(1), "0.0001");
  EXPECT_EQ(sum_to_text(-1), "-0.0001");
  EXPECT_EQ(sum_to_text(-125000), "-12.5000");
  EXPECT_EQ(sum_to_text(kMaxAmount), "900000000000000.0000");
  EXPECT_EQ(sum_to_text(kLargest), "17014118346046923173168730371588410.5727");
  EXPECT_EQ(sum_to_text(kSmallest), "-17014118346046923173168730371588410.5728");
}

TEST(Money, SumFromText) {
  EXPECT_EQ(parsed("0"), 0);
  EXPECT_EQ(parsed("+1.5"), 15000);
  EXPECT_EQ(parsed("-0.0001"), -1);
  EXPECT_EQ(parsed("007.25"), 72500);
  EXPECT_TRUE(parsed("17014118346046923173168730371588410.5727") == kLargest);
  EXPECT_TRUE(parsed("-17014118346046923173168730371588410.5728") == kSmallest);
}

TEST(Money, SumFromTextRefuses) {
  Sum value = 7;
  for (const char* text :
       {"", "-", "+", ".", "1.", ".5", "1.00000", "1.2345x", "x", "1e3", "--1", "1 ", " 1", "1.2.3",
        "17014118346046923173168730371588410.5728", "-17014118346046923173168730371588410.5729",
        "999999999999999999999999999999999999999999999"}) {
    EXPECT_FALSE(sum_from_text(text, value)) << text;
  }
  EXPECT_EQ(value, 7);
}

TEST(Money, DateToText) {
  EXPECT_EQ(date_to_text(0), "2000-01-01");
  EXPECT_EQ(date_to_text(-1), "1999-12-31");
  EXPECT_EQ(date_to_text(59), "2000-02-29");
  EXPECT_EQ(date_to_text(kMaxDate), "5874897-12-31");
  EXPECT_EQ(date_to_text(kMinDate), "-4713-11-24");
}

TEST(Money, DateFromText) {
  Date date = 0;
  EXPECT_TRUE(date_from_text("2026-01-31", date));
  EXPECT_EQ(date, 9527);
  EXPECT_TRUE(date_from_text("0000-12-31", date));
  for (const char* text : {"",           "2026",          "2026-1-01",   "2026-01-1",      "2026-01-001",
                           "2026-13-01", "2026-00-01",    "2026-02-29",  "2026-01-00",     "2026-01-32",
                           "2026-12-32", "26-01-01",      "2026/01/01",  "2026-01-01x",    "x026-01-01",
                           "2026-01/01", "5874898-01-01", "-4713-11-23", "12345678-01-01", "--2026-01-01",
                           "-"}) {
    EXPECT_FALSE(date_from_text(text, date)) << text;
  }
}

TEST(Money, RandomRoundTrips) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const Sum sum = (static_cast<Sum>(random()) << 64 | random()) >> (random() % 128);
    EXPECT_TRUE(parsed(sum_to_text(sum)) == sum);
    const Date date = std::uniform_int_distribution<Date>(kMinDate, kMaxDate)(random);
    Date back = 0;
    EXPECT_TRUE(date_from_text(date_to_text(date), back)) << date;
    EXPECT_EQ(back, date);
  }
}

TEST(Money, DatesFollowEachOther) {
  std::string before = date_to_text(-1'000'000);
  for (Date date = -1'000'000 + 1; date < -999'000; ++date) {
    const std::string text = date_to_text(date);
    EXPECT_NE(text, before);
    before = text;
  }
}

}  // namespace
}  // namespace search_assign::core
