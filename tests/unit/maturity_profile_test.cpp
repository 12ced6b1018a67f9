// Unit tests of core/maturity_profile, maturity_codec and maturity_accumulator.
#include "search_assign/core/maturity_profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_accumulator.hpp"
#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

using Random = std::mt19937_64;
using Entries = std::vector<ProfileEntry>;

constexpr Sum kLargest = ~(Sum{1} << 127);
constexpr Sum kSmallest = Sum{1} << 127;
constexpr std::int64_t kMostItems = std::numeric_limits<std::int64_t>::max();

EncodedProfile encoded(const Entries& entries) {
  EncodedProfile out;
  encode(entries, out);
  return out;
}

EncodedProfile profile(std::string_view text) {
  EncodedProfile out;
  from_text(text, out);
  return out;
}

Entries decoded(Bytes bytes) {
  Entries entries;
  ProfileReader reader(bytes);
  for (ProfileEntry entry; reader.next(entry);) entries.push_back(entry);
  return entries;
}

void expect_error(ErrorKind kind, const std::function<void()>& work) {
  try {
    work();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind))
        << error.what() << ' ' << error.detail();
  }
}

// random_sum favours small amounts, cents and both ends.
Sum random_sum(Random& random, bool huge) {
  switch (random() % 6) {
    case 0:
      return 0;
    case 1:
      return static_cast<Sum>(random() % 100'000) * 100;
    case 2:
      return -static_cast<Sum>(random() % 10'000'000);
    case 3:
      return static_cast<Sum>(static_cast<std::int64_t>(random()));
    case 4:
      return huge ? (static_cast<Sum>(random()) << 64 | random()) >> (2 + random() % 60) : 1;
    default:
      return static_cast<Sum>(random() % 10'000) * 10'000;
  }
}

std::int64_t random_items(Random& random) {
  switch (random() % 4) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return static_cast<std::int64_t>(random() % 1000) - 500;
    default:
      return static_cast<std::int64_t>(random()) >> 2;
  }
}

Date random_date(Random& random) {
  if (random() % 50 == 0) return random() % 2 == 0 ? kMinDate : kMaxDate;
  if (random() % 20 == 0) return std::uniform_int_distribution<Date>(kMinDate, kMaxDate)(random);
  return static_cast<Date>(9'500 + random() % 200);
}

Entries random_entries(Random& random, std::size_t most = 30, bool huge = true) {
  Entries entries(random() % (most + 1));
  for (ProfileEntry& entry : entries) {
    entry = {random_date(random), random_sum(random, huge), random_sum(random, huge), random_items(random),
             random_items(random)};
  }
  std::map<Date, ProfileEntry> by_date;  // so that sums cannot overflow
  for (const ProfileEntry& entry : entries) by_date[entry.date] = entry;
  entries.clear();
  for (const auto& [date, entry] : by_date) {
    if (!entry.is_zero()) entries.push_back(entry);
  }
  return entries;
}

EncodedProfile sum_of(Bytes a, Bytes b) {
  EncodedProfile out;
  add(a, b, out);
  return out;
}

EncodedProfile difference(Bytes a, Bytes b) {
  EncodedProfile out;
  subtract(a, b, out);
  return out;
}

const char* const kExample =
    "{2026-05-01:3.0000:0.0000:1:0,2026-06-01:1500.0000:-20.5000:2:1,2026-06-20:7.0000:0.0000:1:0,"
    "2026-07-01:0.0001:-1.0000:1:2}";
constexpr Date kJune20 = 9667;

TEST(MaturityProfile, Empty) {
  EXPECT_EQ(to_text(empty_profile()), "{}");
  EXPECT_TRUE(is_empty(empty_profile()));
  EXPECT_FALSE(is_empty(profile(kExample)));
  EXPECT_EQ(entry_count(profile(kExample)), 4U);
  EXPECT_EQ(ProfileReader(profile(kExample)).entry_count(), 4U);
  const Bytes empty = empty_profile();
  EXPECT_EQ(encoded({}), EncodedProfile(empty.begin(), empty.end()));
  Date date = 0;
  EXPECT_FALSE(oldest_due(empty, date));
  EXPECT_EQ(total(empty), 0);
}

TEST(MaturityProfile, Lookups) {
  const EncodedProfile p = profile(kExample);
  EXPECT_EQ(sum_to_text(total(p)), "1488.5001");
  EXPECT_EQ(sum_to_text(overdue(p, kJune20, 0)), "1482.5000");  // due today is not overdue
  EXPECT_EQ(sum_to_text(overdue(p, kJune20, 18)), "1482.5000");
  EXPECT_EQ(sum_to_text(overdue(p, kJune20, 19)), "3.0000");  // 1 June is 19 days late, not more
  EXPECT_EQ(overdue(p, kMinDate, std::numeric_limits<std::int32_t>::max()), 0);
  EXPECT_EQ(overdue(p, kMaxDate, 0), total(p));
  EXPECT_EQ(sum_to_text(not_due(p, kJune20)), "6.0001");
  EXPECT_EQ(overdue(p, kJune20, 0) + not_due(p, kJune20), total(p));
  EXPECT_EQ(sum_to_text(due_within(p, kJune20, 0)), "7.0000");
  EXPECT_EQ(sum_to_text(due_within(p, kJune20, 10)), "7.0000");
  EXPECT_EQ(sum_to_text(due_within(p, kJune20, 11)), "6.0001");
  EXPECT_EQ(due_within(p, kMaxDate, std::numeric_limits<std::int32_t>::max()), 0);
  EXPECT_EQ(item_count(p), 8);
  EXPECT_EQ(overdue_item_count(p, kJune20), 4);
  EXPECT_EQ(sum_to_text(credits(p)), "-21.5000");
  Date date = 0;
  EXPECT_TRUE(oldest_due(p, date));
  EXPECT_EQ(date_to_text(date), "2026-05-01");
  EXPECT_FALSE(oldest_due(profile("{2026-05-01:0:-3:0:1}"), date));
  EXPECT_TRUE(oldest_due(profile("{2026-05-01:0:-3:0:1,2026-05-02:0:0:1:0}"), date));
  expect_error(ErrorKind::ArgumentInvalid, [&] { overdue(p, kJune20, -1); });
  expect_error(ErrorKind::ArgumentInvalid, [&] { due_within(p, kJune20, -1); });
}

TEST(MaturityProfile, MakeEntry) {
  EXPECT_EQ(make_entry(1, 5), (ProfileEntry{1, 5, 0, 1, 0}));
  EXPECT_EQ(make_entry(1, -5), (ProfileEntry{1, 0, -5, 0, 1}));
  EXPECT_EQ(make_entry(1, -5, -1), (ProfileEntry{1, 0, 5, 0, -1}));
  EXPECT_TRUE(make_entry(1, 0).is_zero());
  EXPECT_EQ(make_entry(1, -5).net(), -5);
}

TEST(MaturityProfile, Normalize) {
  Entries entries = {make_entry(3, 5), make_entry(1, 7), make_entry(3, -2), make_entry(1, 7, -1),
                     make_entry(2, 0)};
  normalize(entries);
  EXPECT_EQ(entries, (Entries{{3, 5, -2, 1, 1}}));
  normalize(entries);
  EXPECT_EQ(entries.size(), 1U);
}

TEST(MaturityProfile, MergeMayOverwriteItsOperand) {
  EncodedProfile p = profile(kExample);
  const Entries one = {make_entry(9'000, 10'000), make_entry(kJune20, -1)};
  merge(p, one, 1, p);
  EXPECT_EQ(decoded(p).size(), 5U);
  merge(p, one, -1, p);
  EXPECT_EQ(p, profile(kExample));
  add(p, p, p);
  EXPECT_EQ(item_count(p), 16);
  subtract(p, p, p);
  EXPECT_TRUE(is_empty(p));
}

TEST(MaturityProfile, Overflow) {
  const EncodedProfile most = encoded({{1, kLargest, 0, 1, 0}});
  const EncodedProfile least = encoded({{1, kSmallest, 0, 1, 0}});
  const EncodedProfile crowd = encoded({{1, 1, 0, kMostItems, 0}});
  const EncodedProfile no_crowd = encoded({{1, 1, 0, std::numeric_limits<std::int64_t>::min(), 0}});
  const EncodedProfile one = encoded({{1, 1, 0, 1, 0}});
  const auto overflows = [](const std::function<void()>& work) {
    expect_error(ErrorKind::AmountOutOfRange, work);
  };
  overflows([&] { sum_of(most, one); });
  overflows([&] { sum_of(crowd, one); });
  overflows([&] { difference(one, least); });
  overflows([&] { difference(one, no_crowd); });
  overflows([&] { difference(one, encoded({{1, 1, kSmallest, 0, 1}})); });
  overflows([&] { difference(one, encoded({{1, 1, 0, 0, std::numeric_limits<std::int64_t>::min()}})); });
  overflows([&] { (void)total(encoded({{1, kLargest, 1, 1, 1}})); });
  overflows([&] { (void)item_count(encoded({{1, 1, 0, kMostItems, 1}})); });
  overflows([&] {
    Entries entries = {{1, kLargest, 0, 1, 0}, {1, 1, 0, 1, 0}};
    normalize(entries);
  });
  EXPECT_EQ(decoded(most).front().debit, kLargest);
  EXPECT_EQ(decoded(least).front().debit, kSmallest);
}

TEST(MaturityProfile, TwentyItemsAreSmall) {
  Random random(7);
  Entries entries;
  for (int i = 0; i < 20; ++i) {
    entries.push_back(
        make_entry(static_cast<Date>(9'500 + i * 9), static_cast<Amount>(random() % 5'000'000) * 100 + 100));
  }
  EXPECT_LE(encoded(entries).size(), 150U);
}

TEST(MaturityProfile, RandomRoundTrips) {
  Random random(2);
  for (int i = 0; i < 5'000; ++i) {
    const Entries entries = random_entries(random);
    const EncodedProfile bytes = encoded(entries);
    EXPECT_LE(bytes.size(), encoded_bound(entries.size()));
    EXPECT_EQ(decoded(bytes), entries);
    EXPECT_NO_THROW(validate(bytes));
    EXPECT_EQ(profile(to_text(bytes)), bytes);
  }
}

TEST(MaturityProfile, AddAndSubtractAreInverses) {
  Random random(3);
  for (int i = 0; i < 5'000; ++i) {
    const EncodedProfile a = encoded(random_entries(random, 100, i % 2 == 0));
    const EncodedProfile b = encoded(random_entries(random, 100, i % 2 == 0));
    try {
      EXPECT_EQ(difference(sum_of(a, b), b), a);
      EXPECT_EQ(sum_of(difference(a, b), b), a);
      EXPECT_EQ(sum_of(a, b), sum_of(b, a));
      EXPECT_TRUE(is_empty(difference(a, a)));
      EXPECT_NO_THROW(validate(sum_of(a, b)));
      EncodedProfile merged;
      merge(a, decoded(b), 1, merged);
      EXPECT_EQ(merged, sum_of(a, b));
      merge(a, decoded(b), -1, merged);
      const Entries all = decoded(b);
      const std::span<const ProfileEntry> few(all.data(), std::min<std::size_t>(all.size(), 4));
      EncodedProfile merged_few;
      merge(a, few, i % 3 == 0 ? -1 : 1, merged_few);
      EXPECT_EQ(merged_few, i % 3 == 0 ? difference(a, encoded({few.begin(), few.end()}))
                                       : sum_of(a, encoded({few.begin(), few.end()})));
      EXPECT_EQ(merged, difference(a, b));
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::AmountOutOfRange));
    }
  }
}

// One item in every position of a profile, before, between, on and after its dates.
TEST(MaturityProfile, MergeOneEverywhere) {
  Entries entries;
  for (int i = 0; i < 20; ++i) entries.push_back({9'000 + i * 40, i % 3 == 0 ? -7 : 1'000'000, i, 1, i % 2});
  const EncodedProfile p = encoded(entries);
  for (Date date = 8'990; date < 9'820; ++date) {
    for (const int sign : {1, -1}) {
      const ProfileEntry one = make_entry(date, 12'345, 1);
      Entries expected = entries;
      expected.push_back(make_entry(date, 12'345, sign));
      normalize(expected);
      EncodedProfile out;
      merge(p, {&one, 1}, sign, out);
      EXPECT_EQ(decoded(out), expected);
      EXPECT_EQ(out, encoded(expected));
    }
  }
  EncodedProfile out;
  for (const ProfileEntry& entry : entries) {  // an entry that vanishes
    merge(p, {&entry, 1}, -1, out);
    EXPECT_EQ(entry_count(out), entries.size() - 1);
    EXPECT_NO_THROW(validate(out));
  }
}

TEST(MaturityProfile, TextVariants) {
  EXPECT_EQ(to_text(profile(" { } ")), "{}");
  EXPECT_EQ(to_text(profile("\t{\r\n}\v")), "{}");
  EXPECT_EQ(to_text(profile("{ 2026-01-02 : 1 : 0 : 1 : 0 , 2026-01-01:2:-1.5:1:1 }")),
            "{2026-01-01:2.0000:-1.5000:1:1,2026-01-02:1.0000:0.0000:1:0}");
  EXPECT_EQ(to_text(profile("{2026-01-01:1:0:1:0,2026-01-01:-1:0:-1:0}")), "{}");
  EXPECT_EQ(to_text(profile("{-0044-03-15:1:0:1:0}")), "{-0044-03-15:1.0000:0.0000:1:0}");
  for (const char* text : {"",
                           "x",
                           "{",
                           "}",
                           "{}}",
                           "{} x",
                           "{,}",
                           "{2026-01-01}",
                           "{2026-01-01:1}",
                           "{2026-01-01:1:0}",
                           "{2026-01-01:1:0:1}",
                           "{2026-01-01:1:0:1:}",
                           "{2026-01-01:1:0:1:0",
                           "{2026-01-01:1:0:1:0,}",
                           "{2026-01-01:1:0:1:0:0}",
                           "{2026-02-30:1:0:1:0}",
                           "{2026-01-01:1.00001:0:1:0}",
                           "{2026-01-01:1:x:1:0}",
                           "{2026-01-01:1:0:1.5:0}",
                           "{2026-01-01:1:0:99999999999999999999:0}",
                           "{2026-01-01 1:0:1:0}",
                           "{\xc3\xa9}",
                           "{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaa}"}) {
    expect_error(ErrorKind::TextUnreadable, [&] { profile(text); });
  }
  const std::string large = "170141183460469231731687303715884105.7270";
  expect_error(ErrorKind::TextUnreadable, [&] { profile("{2026-01-01:" + large + ":0:1:0}"); });
}

// An error message never holds a part of a multi-byte character.
TEST(MaturityProfile, TextErrorsAreAscii) {
  try {
    profile("{2026-01-01:\xc3\xa9\xc3\xa9}");
  } catch (const Error& error) {
    for (const char c : std::string_view(error.what())) EXPECT_GE(c, 0);
  }
}

TEST(MaturityProfile, ValidateRefuses) {
  using V = std::vector<std::uint8_t>;
  const V huge_step = {1, 2, 0, 0x45, 2, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x45, 2};
  V wide(23, 0xff);  // a varint of more than 128 bits
  wide[0] = 1, wide[1] = 1, wide[2] = 0, wide[3] = 1;
  V items65 = {1, 1, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03};
  V cents_overflow = {1, 1, 0, 0x41};
  cents_overflow.insert(cents_overflow.end(), 18, 0xff);
  cents_overflow.push_back(3);
  const std::vector<V> refused = {{},
                                  {1},
                                  {2, 0},
                                  {0, 0},
                                  {1, 0x80, 0},
                                  {1, 0, 0},
                                  {1, 1},
                                  {1, 1, 0},
                                  {1, 0xff, 0xff, 0xff, 0xff, 0x7f},
                                  {1, 1, 0, 0},        // zero entry, cents bit missing
                                  {1, 1, 0, 0x40},     // zero entry
                                  {1, 1, 0, 0x04},     // count only, cents bit missing
                                  {1, 1, 0, 0x44, 0},  // trailing byte
                                  {1, 1, 0, 0xC4},     // unknown flag
                                  {1, 1, 0, 0x4C},
                                  {1, 1, 0, 0x70},  // unknown count codes
                                  {1, 1, 0, 0x48, 2},
                                  {1, 1, 0, 0x48, 0},        // counts that have codes of their own
                                  {1, 1, 0, 0x45, 0},        // sum announced but zero
                                  {1, 1, 0, 0x05, 0xc8, 1},  // 100 not stored as cents
                                  {1, 1, 0, 0x45, 0x82, 0},  // varint too long
                                  {1, 1, 0x80, 0, 0x45, 2},  // date varint too long
                                  {1, 1, 0xff, 0xff, 0xff, 0xff, 0x1f, 0x45, 2},  // date out of range
                                  {1, 2, 0, 0x45, 2, 0, 0x45, 2},                 // same date twice
                                  {1, 2, 0, 0x45, 2},
                                  {1, 1, 0, 0x45, 0x82},
                                  {1, 2, 0, 0x45, 2, 1},
                                  huge_step,
                                  wide,
                                  items65,
                                  cents_overflow};
  for (const V& bytes : refused) {
    SCOPED_TRACE(::testing::PrintToString(bytes));
    expect_error(ErrorKind::BinaryUnreadable, [&] { validate(bytes); });
  }
  EXPECT_NO_THROW(validate(V{1, 1, 0, 0x44}));
  EXPECT_NO_THROW(validate(V{1, 1, 0, 0x45, 2}));
}

// Readers tolerate padded numbers, but never bytes behind the end or values outside the domain.
TEST(MaturityProfile, readers_refuse_damage) {
  using V = std::vector<std::uint8_t>;
  const std::vector<V> refused = {
      {1, 0, 0},                            // bytes behind the empty profile
      {1, 1, 0, 0x44, 0, 0},                // behind an entry read out of one word, and behind
      {1, 2, 0, 0x45, 2, 1, 0x45, 2, 0},    // one close to the end
      {1, 2, 0, 0x45, 2, 1, 0x45, 0x82},    // the last number is cut short
      {1, 2, 0, 0x45, 2, 1},                // flags are missing
      {1, 2, 0, 0x45, 2, 0, 0x45, 2, 0, 0}  // the same date twice
  };
  for (const V& bytes : refused) {
    SCOPED_TRACE(::testing::PrintToString(bytes));
    expect_error(ErrorKind::DataCorrupted, [&] { (void)total(bytes); });
    expect_error(ErrorKind::DataCorrupted, [&] { (void)item_count(bytes); });
    expect_error(ErrorKind::DataCorrupted, [&] { (void)decoded(bytes); });
  }
}

// Every length of number at every distance from the end, in each place of a short profile.
TEST(MaturityProfile, reads_numbers_of_every_length) {
  for (int bits = 1; bits < 127; ++bits)
    for (std::size_t size = 1; size <= 4; ++size)
      for (std::size_t wide = 0; wide < size; ++wide) {
        Entries entries;
        for (std::size_t i = 0; i < size; ++i) entries.push_back({static_cast<Date>(2 * i + 1), 1, 0, 1, 0});
        entries[wide].debit = (Sum{1} << bits) - 1;
        entries[wide].credit = bits % 3 == 0 ? -entries[wide].debit : 0;
        entries[wide].date += bits % 2 == 0 ? 0 : -1;
        const EncodedProfile bytes = encoded(entries);
        Sum sum = 0;
        for (const ProfileEntry& entry : entries) sum += entry.net();
        ASSERT_EQ(decoded(bytes), entries);
        ASSERT_EQ(total(bytes), sum);
        ASSERT_EQ(due_within(bytes, 1, 0), entries[0].date == 1 ? entries[0].net() : 0);
        ASSERT_NO_THROW(validate(bytes));
      }
}

// The sums of a window, against adding entry by entry.
TEST(MaturityProfile, lookups_agree_with_adding_entry_by_entry) {
  Random random(8);
  for (int round = 0; round < 3'000; ++round) {
    const Entries entries = random_entries(random, 40, false);
    const EncodedProfile bytes = encoded(entries);
    const auto as_of = static_cast<Date>(9'480 + random() % 240);
    const auto days = static_cast<std::int32_t>(random() % 60);
    Sum all = 0;
    Sum late = 0;
    Sum coming = 0;
    Sum soon = 0;
    for (const ProfileEntry& entry : entries) {
      const std::int64_t overdue_days = std::int64_t{as_of} - entry.date;
      all += entry.net();
      if (overdue_days > days) late += entry.net();
      if (overdue_days <= 0) coming += entry.net();
      if (overdue_days <= 0 && -overdue_days <= days) soon += entry.net();
    }
    ASSERT_EQ(total(bytes), all);
    ASSERT_EQ(overdue(bytes, as_of, days), late);
    ASSERT_EQ(not_due(bytes, as_of), coming);
    ASSERT_EQ(due_within(bytes, as_of, days), soon);
  }
}

// read_all runs every reading function over bytes that may be anything.
void read_all(Bytes bytes) {
  const auto tolerate = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error&) {
    }
  };
  EncodedProfile out;
  Date date = 0;
  tolerate([&] { (void)decoded(bytes); });
  tolerate([&] { (void)total(bytes); });
  tolerate([&] { (void)overdue(bytes, kJune20, 3); });
  tolerate([&] { (void)not_due(bytes, kJune20); });
  tolerate([&] { (void)oldest_due(bytes, date); });
  tolerate([&] { (void)item_count(bytes); });
  tolerate([&] { (void)to_text(bytes); });
  tolerate([&] { add(bytes, profile(kExample), out); });
  tolerate([&] { subtract(profile(kExample), bytes, out); });
  tolerate([&] {
    const ProfileEntry one = make_entry(kJune20, 1);
    merge(bytes, {&one, 1}, 1, out);
  });
}

TEST(MaturityProfile, HostileBytesNeverCrash) {
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    EncodedProfile bytes;
    if (i % 2 == 0) {  // a damaged profile
      bytes = encoded(random_entries(random, 10));
      for (std::uint64_t hits = random() % 4; hits > 0; --hits) {
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      }
      if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
    } else {
      bytes.resize(random() % 40);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
      if (!bytes.empty()) bytes[0] = 1;
      if (bytes.size() > 1) bytes[1] %= 8;
    }
    bytes.shrink_to_fit();
    read_all(bytes);
    try {
      validate(bytes);
      EXPECT_EQ(encoded(decoded(bytes)), bytes);  // what is accepted is canonical
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::BinaryUnreadable));
    }
  }
}

// Padded numbers are readable, but an entry longer than any valid one is not: merging copies entries.
TEST(MaturityProfile, PaddedEntriesStayWithinBounds) {
  EncodedProfile padded = {1, 1};
  for (int field = 0; field < 3; ++field) {  // date, flags and debit, credit
    if (field == 1) padded.push_back(0x2B);  // both sums, both counts written out
    padded.insert(padded.end(), 18, 0x80);
    padded.push_back(0);
  }
  for (int count = 0; count < 2; ++count) {
    padded.insert(padded.end(), 18, 0x80);
    padded.push_back(0);
  }
  expect_error(ErrorKind::DataCorrupted, [&] { (void)total(padded); });
  const ProfileEntry one = make_entry(5, 1);
  EncodedProfile out;
  expect_error(ErrorKind::DataCorrupted, [&] { merge(padded, {&one, 1}, 1, out); });
  const EncodedProfile mildly = {1, 1, 0x82, 0x80, 0, 0x45, 0x82, 0};
  EXPECT_EQ(sum_to_text(total(mildly)), "0.0100");
}

// A state that grows as the backend's does.
struct GrowingState {
  Entries storage{8};
  ProfileAccumulator state{storage.data(), storage.size(), 0, 0, 0};

  void make_room() {
    compact(state);
    if (state.used * 2 < state.capacity) return;
    storage.resize(storage.size() * 2);
    state.entries = storage.data();
    state.capacity = storage.size();
  }
  void add(const ProfileEntry& entry) {
    while (!accumulate(state, entry)) make_room();
  }
  void add(Bytes bytes) {
    std::size_t done = 0;
    while (!accumulate_profile(state, bytes, done)) make_room();
  }
  EncodedProfile result() {
    compact(state);
    return encoded({state.entries, state.entries + state.used});
  }
};

TEST(ProfileAccumulator, EqualsMerging) {
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    GrowingState state;
    EncodedProfile expected = encoded({});
    for (std::uint64_t step = random() % 60; step > 0; --step) {
      if (random() % 3 == 0) {
        const EncodedProfile p = encoded(random_entries(random, 20, false));
        EncodedProfile next;
        try {
          core::add(expected, p, next);
        } catch (const Error&) {
          continue;  // random counts can overflow
        }
        expected = next;
        state.add(p);
      } else {
        const Date date = round % 2 == 0 ? random_date(random) : static_cast<Date>(step);
        const ProfileEntry entry = make_entry(date, static_cast<Amount>(random() % 2'000) - 1'000);
        if (entry.is_zero()) continue;
        merge(expected, {&entry, 1}, 1, expected);
        state.add(entry);
        if (random() % 10 == 0) compact(state.state);
      }
    }
    EXPECT_EQ(state.result(), expected);
  }
}

TEST(ProfileAccumulator, drops_entries_that_cancel) {
  GrowingState state;
  state.add(make_entry(1, 5));
  state.add(make_entry(2, 7));
  state.add(make_entry(1, 5, -1));
  EXPECT_EQ(state.result(), encoded({make_entry(2, 7)}));
}

TEST(ProfileAccumulator, Overflow) {
  GrowingState state;
  state.add({1, kLargest, 0, kMostItems, 0});
  expect_error(ErrorKind::AmountOutOfRange, [&] { state.add({1, 1, 0, 0, 0}); });
  GrowingState counts;
  counts.add({1, 1, 0, kMostItems, 0});
  expect_error(ErrorKind::AmountOutOfRange, [&] { counts.add({1, 1, 0, 1, 0}); });
}

}  // namespace
}  // namespace search_assign::core
