// Unit tests of what reads net amounts out of encoded profiles without making entries of them: read_net
// in core/maturity_codec, overdue_between, add_aged. The oracle is ProfileReader, entry by entry.
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "search_assign/core/aging_schedule.hpp"
#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_codec.hpp"
#include "search_assign/core/profile_index.hpp"

namespace search_assign::core {
namespace {

using Random = std::mt19937_64;
using Entries = std::vector<ProfileEntry>;

constexpr Sum kLargest = ~(Sum{1} << 127);
constexpr std::int64_t kMostUsual = ((std::int64_t{1} << 41) - 1) * 100;  // the largest net of a usual entry

EncodedProfile encoded(const Entries& entries) {
  EncodedProfile out;
  encode(entries, out);
  return out;
}

AgingSchedule schedule_of(std::vector<std::int32_t> bounds) {
  AgingSchedule schedule{static_cast<std::int32_t>(bounds.size()), {}};
  std::copy(bounds.begin(), bounds.end(), schedule.bounds);
  return schedule;
}

std::vector<Sum> aged(Bytes profile, const AgingSchedule& schedule, Date as_of) {
  std::vector<Sum> sums(static_cast<std::size_t>(schedule.buckets()), 0);
  add_aged(profile, bounds_of(schedule), as_of, sums.data());
  return sums;
}

// aged_by_entry finds each bucket by the limits of the schedule.
std::vector<Sum> aged_by_entry(Bytes profile, const AgingSchedule& schedule, Date as_of) {
  std::vector<Sum> sums(static_cast<std::size_t>(schedule.buckets()), 0);
  ProfileReader reader(profile);
  for (ProfileEntry entry; reader.next(entry);) {
    const std::int64_t days = std::int64_t{as_of} - entry.date;
    for (int bucket = 0; bucket < schedule.buckets(); ++bucket) {
      const BucketLimits limits = bucket_limits(schedule, bucket);
      if ((!limits.has_from || days >= limits.from_days) && (!limits.has_to || days <= limits.to_days)) {
        sums[static_cast<std::size_t>(bucket)] += entry.debit;
        sums[static_cast<std::size_t>(bucket)] += entry.credit;
      }
    }
  }
  return sums;
}

// A ledger's entries, with everything that makes one unusual now and then.
Entries random_entries(Random& random) {
  Entries entries;
  std::int64_t date = static_cast<std::int64_t>(random() % 400) - 200;
  if (random() % 10 == 0) date = kMinDate;
  for (std::uint64_t left = random() % 40; left > 0; --left) {
    ProfileEntry entry{.date = static_cast<Date>(date)};
    const auto amount = [&] {
      const auto value = static_cast<std::int64_t>(random() >> (64 - 1 - random() % 50));
      return Sum{random() % 2 == 0 ? value * 100 : value};
    };
    if (random() % 5 != 0) entry.debit = amount();
    if (random() % 5 == 0) entry.credit = -amount();
    if (random() % 40 == 0) entry.debit = kLargest / 100;
    const auto items = [&] {
      return static_cast<std::int64_t>(random() % 5 == 0 ? random() % 100 : random() % 3);
    };
    entry.debit_items = items();
    entry.credit_items = random() % 4 == 0 ? -items() : 0;
    if (!entry.is_zero()) entries.push_back(entry);
    date += static_cast<std::int64_t>(1 + random() % (random() % 10 == 0 ? 300 : 6));
  }
  if (random() % 10 == 0) entries.push_back({kMaxDate, 7, 0, 1, 0});
  return entries;
}

TEST(ProfileNet, agrees_with_adding_entry_by_entry) {
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    const Entries entries = random_entries(random);
    const EncodedProfile profile = encoded(entries);
    const auto as_of = static_cast<Date>(static_cast<std::int64_t>(random() % 900) - 300);
    const auto from = static_cast<std::int32_t>(1 + random() % 90);
    const auto to = from + static_cast<std::int32_t>(random() % 90);
    Sum all = 0;
    Sum between = 0;
    for (const ProfileEntry& entry : entries) {
      all += entry.net();
      const std::int64_t days = std::int64_t{as_of} - entry.date;
      if (days >= from && days <= to) between += entry.net();
    }
    ASSERT_EQ(total(profile), all);
    ASSERT_EQ(overdue_between(profile, as_of, from, to), between);
    std::vector<Sum> memory(index_bytes(entries.size()) / sizeof(Sum) + 1);
    ProfileIndex index;
    build_index(profile, memory.data(), index);
    ASSERT_EQ(overdue_between(index, as_of, from, to), between);
    std::vector<std::int32_t> bounds;
    for (std::uint64_t left = 1 + random() % 12; left > 0; --left) {
      bounds.push_back((bounds.empty() ? 0 : bounds.back()) + static_cast<std::int32_t>(1 + random() % 40));
    }
    const AgingSchedule schedule = schedule_of(bounds);
    ASSERT_EQ(aged(profile, schedule, as_of), aged_by_entry(profile, schedule, as_of));
  }
}

// Two items of one day, a credit, a debit and a credit: all that flags and counts can say, at every length.
TEST(ProfileNet, reads_every_kind_of_entry) {
  for (int bits = 0; bits < 60; ++bits) {
    for (std::int64_t debit_items : {-65, -64, 0, 1, 2, 63, 64}) {
      for (std::int64_t credit_items : {0, 1, 2, 63, 64}) {
        for (Sum scale : {1, 100}) {
          for (int sums = 1; sums <= 3; ++sums) {
            const Sum amount = ((Sum{1} << bits) - 1) * scale;
            const ProfileEntry entry{3, (sums & 1) != 0 ? amount : 0, (sums & 2) != 0 ? -amount - 1 : 0,
                                     debit_items, credit_items};
            Entries entries{{1, 5, 0, 1, 0}, entry, {4, 6, 0, 1, 0}};
            ASSERT_EQ(total(encoded(entries)), entry.net() + 11);
            entries.pop_back();
            ASSERT_EQ(total(encoded(entries)), entry.net() + 5);
            ASSERT_EQ(entry.is_zero() ? 0 : total(encoded({entry})), entry.net());
          }
        }
      }
    }
  }
}

// What is damaged for the one who reads entries is damaged here, and the same where it is not.
TEST(ProfileNet, hostile_bytes) {
  Random random(2);
  int readable = 0;
  for (int round = 0; round < 50'000; ++round) {
    EncodedProfile bytes = encoded(random_entries(random));
    if (round % 2 == 0) {
      for (std::uint64_t hits = 1 + random() % 3; hits > 0; --hits) {
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      }
    } else {
      bytes.resize(2 + random() % 16);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> random() % 8);
      bytes[0] = 1;
      bytes[1] %= 4;
    }
    if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
    bytes.shrink_to_fit();
    const AgingSchedule schedule = schedule_of({30, 60, 90});
    std::optional<std::vector<Sum>> expected;
    try {
      BucketAmount buckets[kMaxAgingBuckets];
      age_profile(bytes, schedule, 100, buckets);
      expected = aged_by_entry(bytes, schedule, 100);
      ++readable;
    } catch (const Error&) {
    }
    try {
      const std::vector<Sum> found = aged(bytes, schedule, 100);
      if (expected) {
        EXPECT_EQ(found, *expected);
      }
    } catch (const Error& error) {
      // Sums in another order may overflow; damage is damage in any.
      EXPECT_TRUE(!expected || error.kind() == ErrorKind::AmountOutOfRange);
    }
  }
  EXPECT_GT(readable, 5'000);
}

TEST(ProfileNet, overdue_between_needs_an_ascending_range_of_days_late) {
  const EncodedProfile profile = encoded({{1, 5, 0, 1, 0}});
  EXPECT_EQ(overdue_between(profile, 2, 1, 1), 5);
  EXPECT_EQ(overdue_between(profile, 1, 1, std::numeric_limits<std::int32_t>::max()), 0);
  EXPECT_EQ(overdue_between(profile, kMaxDate, 1, std::numeric_limits<std::int32_t>::max()), 5);
  for (const auto& [from, to] : {std::pair{0, 5}, {-1, 5}, {6, 5}}) {
    EXPECT_THROW((void)overdue_between(profile, 2, from, to), Error);
  }
}

// The sum of usual entries is kept in 64 bits: more of them than these hold.
TEST(ProfileNet, many_large_entries_are_exact) {
  for (const Sum sign : {1, -1}) {
    Entries entries;
    for (Date date = 0; date < 100'000; ++date) entries.push_back({date, sign * kMostUsual, 0, 1, 0});
    const EncodedProfile profile = encoded(entries);
    const std::vector<Sum> sums = aged(profile, schedule_of({30'000}), 100'000);
    EXPECT_EQ(sums, (std::vector<Sum>{0, sign * kMostUsual * 30'000, sign * kMostUsual * 70'000}));
    EXPECT_EQ(total(profile), sign * kMostUsual * 100'000);
  }
}

TEST(ProfileNet, sums_that_do_not_fit_are_errors) {
  const std::vector<std::int32_t> bounds{30};
  const auto expect_overflow = [&](const Entries& entries, Sum before) {
    std::vector<Sum> sums(3, before);
    try {
      add_aged(encoded(entries), bounds, 100, sums.data());
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::AmountOutOfRange));
    }
  };
  expect_overflow({{1, kLargest, 0, 1, 0}, {2, 1, 0, 1, 0}}, 0);
  expect_overflow({{1, kLargest, 1, 1, 0}}, 0);
  expect_overflow({{90, 1, 0, 1, 0}}, kLargest);
  expect_overflow({{90, 1, 0, 1, 0}, {120, -1, 0, 1, 0}}, kLargest);
}

}  // namespace
}  // namespace search_assign::core
