// Unit tests of core/profile_index: it answers as the functions of maturity_profile.hpp do.
#include "search_assign/core/profile_index.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

// An index with its memory.
struct Indexed {
  std::vector<Sum> memory;
  ProfileIndex index;

  explicit Indexed(Bytes profile) : memory(index_bytes(entry_count(profile)) / sizeof(Sum) + 1) {
    build_index(profile, memory.data(), index);
  }
};

EncodedProfile encoded(std::vector<ProfileEntry> entries) {
  normalize(entries);
  EncodedProfile out;
  encode(entries, out);
  return out;
}

void expect_same_answers(Bytes profile, Date as_of, std::int32_t days) {
  const Indexed indexed(profile);
  const ProfileIndex& index = indexed.index;
  EXPECT_EQ(total(index), total(profile));
  EXPECT_EQ(overdue(index, as_of, days), overdue(profile, as_of, days));
  EXPECT_EQ(not_due(index, as_of), not_due(profile, as_of));
  EXPECT_EQ(due_within(index, as_of, days), due_within(profile, as_of, days));
  EXPECT_EQ(item_count(index), item_count(profile));
  EXPECT_EQ(overdue_item_count(index, as_of), overdue_item_count(profile, as_of));
  EXPECT_EQ(index.credits, credits(profile));
  Date date = 0;
  EXPECT_EQ(index.has_debit, oldest_due(profile, date));
  EXPECT_EQ(index.oldest_debit, date);
}

TEST(ProfileIndex, answers_for_the_empty_profile) {
  expect_same_answers(empty_profile(), 0, 0);
  EXPECT_EQ(first_due_from(Indexed(empty_profile()).index, 0), 0U);
}

TEST(ProfileIndex, answers_as_the_profile_does) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3'000; ++round) {
    std::vector<ProfileEntry> entries;
    for (std::uint64_t left = random() % 30; left > 0; --left)
      entries.push_back(
          make_entry(static_cast<Date>(random() % 60), static_cast<Amount>(random() % 2'000) - 900));
    if (random() % 5 == 0) entries.push_back(make_entry(kMinDate, 1));
    if (random() % 5 == 0) entries.push_back(make_entry(kMaxDate, -2));
    if (random() % 5 == 0) entries.push_back({30, 0, 0, 1, 0});
    const EncodedProfile profile = encoded(entries);
    expect_same_answers(profile, static_cast<Date>(random() % 70) - 5,
                        static_cast<std::int32_t>(random() % 40));
    for (const Date as_of : {kMinDate, kMaxDate})
      expect_same_answers(profile, as_of, std::numeric_limits<std::int32_t>::max());
  }
}

TEST(ProfileIndex, sums_that_do_not_fit_are_errors) {
  constexpr Sum kLargest = ~(Sum{1} << 127);
  EXPECT_THROW(Indexed(encoded({{1, kLargest, 0, 1, 0}, {2, 1, 0, 1, 0}})), Error);
  EXPECT_THROW(Indexed(encoded({{1, 1, 0, std::numeric_limits<std::int64_t>::max(), 1}})), Error);
}

TEST(ProfileIndex, damage_is_an_error) {
  EXPECT_THROW(Indexed(EncodedProfile{1, 1, 0}), Error);
  EXPECT_THROW(Indexed(EncodedProfile{1, 1, 0, 0x45, 0x82}), Error);
}

}  // namespace
}  // namespace search_assign::core
