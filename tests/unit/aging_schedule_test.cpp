// Unit tests of core/aging_schedule.
#include "search_assign/core/aging_schedule.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace search_assign::core {
namespace {

AgingSchedule schedule(std::string_view text) {
  AgingSchedule out;
  schedule_from_text(text, out);
  return out;
}

void expect_error(ErrorKind kind, const std::function<void()>& work) {
  try {
    work();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
  }
}

std::vector<std::uint8_t> encoded(const AgingSchedule& value) {
  std::vector<std::uint8_t> out(kMaxScheduleBytes);
  out.resize(encode_schedule(value, out.data()));
  return out;
}

std::string label(const AgingSchedule& value, int bucket) {
  char out[kBucketLabelSize];
  bucket_label(value, bucket, out);
  return out;
}

TEST(AgingSchedule, Text) {
  EXPECT_EQ(schedule_to_text(schedule("30,60,90")), "30,60,90");
  EXPECT_EQ(schedule_to_text(schedule(" +30 ,\t60\r\n")), "30,60");
  EXPECT_EQ(schedule_to_text(schedule("2147483646")), "2147483646");
  for (const char* text : {"", ",", "30,", ",30", "x", "30 60", "3.5", "30,,60", "+", "-", "+-3", "1e3"}) {
    expect_error(ErrorKind::TextUnreadable, [&] { schedule(text); });
  }
  for (const char* text :
       {"0", "-1", "30,30", "30,20", "2147483647", "99999999999999999999", "-99999999999999999999"}) {
    expect_error(ErrorKind::ArgumentInvalid, [&] { schedule(text); });
  }
}

TEST(AgingSchedule, AtMostAHundredBounds) {
  std::string text = "1";
  for (int bound = 2; bound <= kMaxAgingBounds; ++bound) text += ',' + std::to_string(bound);
  EXPECT_EQ(schedule(text).buckets(), kMaxAgingBuckets);
  EXPECT_EQ(schedule_to_text(schedule(text)), text);
  expect_error(ErrorKind::LimitExceeded, [&] { schedule(text + ",1000"); });
}

TEST(AgingSchedule, Buckets) {
  const AgingSchedule s = schedule("30,60,90");
  EXPECT_EQ(label(s, 0), "not due");
  EXPECT_EQ(label(s, 1), "1-30");
  EXPECT_EQ(label(s, 2), "31-60");
  EXPECT_EQ(label(s, 4), "> 90");
  EXPECT_EQ(label(schedule("2147483645,2147483646"), 2), "2147483646-2147483646");
  EXPECT_EQ(label(schedule("2147483646"), 2), "> 2147483646");
  for (int days = -40; days < 200; ++days) {
    const int expected = days <= 0 ? 0 : days <= 30 ? 1 : days <= 60 ? 2 : days <= 90 ? 3 : 4;
    EXPECT_EQ(bucket_of(bounds_of(s), days), expected) << days;
  }
  EXPECT_EQ(bucket_of(bounds_of(s), std::numeric_limits<std::int64_t>::max()), 4);
  EXPECT_EQ(bucket_of(bounds_of(s), std::numeric_limits<std::int64_t>::min()), 0);
}

// Each integer lies in exactly the bucket whose limits hold it.
TEST(AgingSchedule, BucketsPartitionTheIntegers) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    AgingSchedule s{};
    std::int32_t bound = 0;
    for (s.count = 0; s.count < static_cast<std::int32_t>(1 + random() % kMaxAgingBounds); ++s.count) {
      bound += static_cast<std::int32_t>(1 + random() % 40);
      s.bounds[s.count] = bound;
    }
    AgingSchedule back;
    decode_schedule(encoded(s), back);
    EXPECT_EQ(schedule_to_text(back), schedule_to_text(s));
    for (std::int32_t days = -5; days < bound + 5; ++days) {
      int holders = 0;
      for (int bucket = 0; bucket < s.buckets(); ++bucket) {
        const BucketLimits limits = bucket_limits(s, bucket);
        if ((!limits.has_from || days >= limits.from_days) && (!limits.has_to || days <= limits.to_days)) {
          ++holders;
          EXPECT_EQ(bucket_of(bounds_of(s), days), bucket);
        }
      }
      EXPECT_EQ(holders, 1) << days;
    }
  }
}

TEST(AgingSchedule, DecodeRefuses) {
  using V = std::vector<std::uint8_t>;
  V many(102, 1);
  for (const V& bytes : {V{}, V{1}, V{2, 30}, V{1, 0}, V{1, 30, 0}, V{1, 0x80}, V{1, 0x9e, 0},
                         V{1, 0xff, 0xff, 0xff, 0xff, 0x7f}, V{1, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
                         V{1, 0xff, 0xff, 0xff, 0xff, 0x07}, many}) {
    AgingSchedule out;
    expect_error(ErrorKind::BinaryUnreadable,
                 [&] { decode_schedule(bytes, out, ErrorKind::BinaryUnreadable); });
    expect_error(ErrorKind::DataCorrupted, [&] { decode_schedule(bytes, out); });
  }
}

TEST(AgingSchedule, HostileBytes) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::uint8_t> bytes(random() % 12);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (!bytes.empty()) bytes[0] = 1;
    AgingSchedule out;
    try {
      decode_schedule(bytes, out);
      EXPECT_EQ(encoded(out), bytes);
    } catch (const Error&) {
    }
  }
}

TEST(AgingSchedule, AgesAProfile) {
  EncodedProfile profile;
  from_text("{2026-05-01:3:0:1:0,2026-06-01:1500:-20.5:2:1,2026-06-20:7:0:1:0,2026-07-01:0.0001:-1:1:2}",
            profile);
  const AgingSchedule s = schedule("30,60");
  BucketAmount buckets[kMaxAgingBuckets];
  age_profile(profile, s, 9667, buckets);  // 2026-06-20
  EXPECT_EQ(sum_to_text(buckets[0].amount), "6.0001");
  EXPECT_EQ(buckets[0].items, 4);
  EXPECT_EQ(sum_to_text(buckets[1].amount), "1479.5000");
  EXPECT_EQ(buckets[1].items, 3);
  EXPECT_EQ(sum_to_text(buckets[2].amount), "3.0000");
  EXPECT_EQ(sum_to_text(buckets[3].amount), "0.0000");
  EXPECT_EQ(buckets[3].items, 0);
}

TEST(AgingSchedule, AgingOverflow) {
  constexpr Sum kLargest = ~(Sum{1} << 127);
  constexpr std::int64_t kMostItems = std::numeric_limits<std::int64_t>::max();
  BucketAmount buckets[kMaxAgingBuckets];
  EncodedProfile profile;
  const ProfileEntry sums[] = {{1, kLargest, 0, 1, 0}, {2, 1, 0, 1, 0}};
  encode(sums, profile);
  expect_error(ErrorKind::AmountOutOfRange, [&] { age_profile(profile, schedule("30"), 10, buckets); });
  const ProfileEntry counts[] = {{1, 1, 0, kMostItems, 0}, {2, 1, 0, 1, 0}};
  encode(counts, profile);
  expect_error(ErrorKind::AmountOutOfRange, [&] { age_profile(profile, schedule("30"), 10, buckets); });
  const ProfileEntry credit = {1, kLargest, 1, 1, 0};
  encode({&credit, 1}, profile);
  expect_error(ErrorKind::AmountOutOfRange, [&] { age_profile(profile, schedule("30"), 10, buckets); });
  const ProfileEntry credit_items = {1, 1, 0, kMostItems, 1};
  encode({&credit_items, 1}, profile);
  expect_error(ErrorKind::AmountOutOfRange, [&] { age_profile(profile, schedule("30"), 10, buckets); });
}

TEST(AgingSchedule, SumsFromText) {
  Sum sums[3];
  sums_from_text("1, -2.5 ,0", sums);
  EXPECT_EQ(sum_to_text(sums[1]), "-2.5000");
  for (const char* text : {"", "1,2", "1,2,3,4", "1,x,3", "1,2,"}) {
    expect_error(ErrorKind::TextUnreadable, [&] { sums_from_text(text, sums); });
  }
}

}  // namespace
}  // namespace search_assign::core
