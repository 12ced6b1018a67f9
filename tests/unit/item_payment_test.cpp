// Unit tests of core/item_payment.
#include "search_assign/core/item_payment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <utility>

namespace search_assign::core {
namespace {

using Parts = std::vector<DatedAmount>;
using Pairs = std::vector<std::pair<Date, Amount>>;

Pairs parts_of(const Parts& changes, Parts allocations = {}) {
  sort_allocations(allocations);
  Parts parts = {{-1, -1}};  // what was there must go
  payment_parts(changes, allocations, parts);
  Pairs pairs;
  for (const DatedAmount& part : parts) pairs.emplace_back(part.on, part.amount);
  return pairs;
}

Sum sum_of(const Parts& parts) {
  Sum sum = 0;
  for (const DatedAmount& part : parts) sum += part.amount;
  return sum;
}

TEST(ItemPayment, has_no_part_without_changes) {
  EXPECT_TRUE(parts_of({}).empty());
  EXPECT_TRUE(parts_of({{1, 0}}).empty());
  EXPECT_TRUE(parts_of({}, {{1, 100}}).empty());  // the open amount alone decides what is paid
}

TEST(ItemPayment, makes_a_part_of_each_change) {
  EXPECT_EQ(parts_of({{1, 30}, {5, 70}}), (Pairs{{1, 30}, {5, 70}}));
}

TEST(ItemPayment, a_reversal_cancels_the_latest_parts) {
  EXPECT_EQ(parts_of({{1, 30}, {5, 70}, {6, -20}}), (Pairs{{1, 30}, {5, 50}}));
  EXPECT_EQ(parts_of({{1, 30}, {5, 70}, {6, -70}}), (Pairs{{1, 30}}));
  EXPECT_EQ(parts_of({{1, 30}, {5, 70}, {6, -80}}), (Pairs{{1, 20}}));
  EXPECT_EQ(parts_of({{1, 30}, {2, -30}, {9, 30}}), (Pairs{{9, 30}}));
}

TEST(ItemPayment, a_fall_below_zero_lessens_the_next_parts) {
  EXPECT_TRUE(parts_of({{1, -50}}).empty());
  EXPECT_TRUE(parts_of({{1, -50}, {2, 50}}).empty());
  EXPECT_EQ(parts_of({{1, -50}, {2, 80}}), (Pairs{{2, 30}}));
  EXPECT_EQ(parts_of({{1, 50}, {2, -80}, {3, 20}, {4, 20}}), (Pairs{{4, 10}}));
}

TEST(ItemPayment, allocations_date_the_oldest_parts) {
  EXPECT_EQ(parts_of({{10, 100}}, {{3, 40}, {2, 60}}), (Pairs{{2, 60}, {3, 40}}));
  EXPECT_EQ(parts_of({{10, 100}, {20, 50}}, {{3, 120}}), (Pairs{{3, 120}, {20, 30}}));
  EXPECT_EQ(parts_of({{10, 100}}, {{3, 60}, {4, 60}}), (Pairs{{3, 60}, {4, 40}}));
  EXPECT_EQ(parts_of({{10, 100}}, {{3, 100}, {4, 60}}), (Pairs{{3, 100}}));
}

TEST(ItemPayment, a_reversed_allocation_explains_nothing) {
  EXPECT_EQ(parts_of({{10, 100}}, {{3, 60}, {5, -60}}), (Pairs{{10, 100}}));
  EXPECT_EQ(parts_of({{10, 100}}, {{3, -10}, {4, 60}}), (Pairs{{4, 50}, {10, 50}}));
}

TEST(ItemPayment, sorts_allocations_by_date_payments_first) {
  Parts allocations = {{2, -5}, {2, 7}, {1, -3}};
  sort_allocations(allocations);
  Pairs pairs;
  for (const DatedAmount& part : allocations) pairs.emplace_back(part.on, part.amount);
  EXPECT_EQ(pairs, (Pairs{{1, -3}, {2, 7}, {2, -5}}));
}

TEST(ItemPayment, survives_the_largest_amounts) {
  constexpr Amount kMost = std::numeric_limits<Amount>::max();
  constexpr Amount kLeast = std::numeric_limits<Amount>::min();
  EXPECT_EQ(parts_of({{1, kMost}, {2, kMost}, {3, kLeast}}), (Pairs{{1, kMost - 1}}));
  EXPECT_EQ(parts_of({{1, kLeast}, {2, kMost}, {3, 5}}), (Pairs{{3, 4}}));
  EXPECT_EQ(parts_of({{1, kMost}, {2, kMost}}, {{0, kMost}}), (Pairs{{0, kMost}, {2, kMost}}));
}

TEST(ItemPayment, sums_to_the_changes_with_dates_of_the_input) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Parts changes(random() % 8);
    Parts allocations(random() % 3 == 0 ? random() % 6 : 0);
    std::set<Date> dates;
    for (Parts* movements : {&changes, &allocations})
      for (DatedAmount& movement : *movements) {
        movement = {static_cast<Date>(random() % 20), static_cast<Amount>(random() % 200) - 70};
        dates.insert(movement.on);
      }
    sort_allocations(allocations);
    Parts parts;
    payment_parts(changes, allocations, parts);
    ASSERT_EQ(sum_of(parts), std::max<Sum>(sum_of(changes), 0));
    Sum early = 0;  // as far as the allocations' sum goes, the parts have their dates
    std::set<Date> allocated;
    for (const DatedAmount& allocation : allocations) allocated.insert(allocation.on);
    for (const DatedAmount& part : parts) {
      ASSERT_GT(part.amount, 0);
      ASSERT_TRUE(dates.contains(part.on));
      ASSERT_TRUE(early >= sum_of(allocations) || allocated.contains(part.on));
      early += part.amount;
    }
  }
}

// The parts of an item whose history is cut anywhere are the parts the trigger saw then.
TEST(ItemPayment, an_item_paid_back_to_zero_starts_anew) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 5'000; ++round) {
    Parts before(random() % 6);
    for (DatedAmount& change : before)
      change = {static_cast<Date>(random() % 9), static_cast<Amount>(random() % 100) - 50};
    before.push_back({9, static_cast<Amount>(-sum_of(before))});
    before.push_back({10, 25});
    ASSERT_EQ(parts_of(before), (Pairs{{10, 25}}));
  }
}

}  // namespace
}  // namespace search_assign::core
