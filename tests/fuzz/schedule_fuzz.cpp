// Any bytes as an aging schedule, as text and as a binary value: it is read or refused, and what is read has
// one canonical form in both.
#include <algorithm>
#include <cstring>

#include "fuzz.hpp"
#include "search_assign/core/aging_schedule.hpp"

using namespace search_assign::core;
using search_assign::fuzz::check;
using search_assign::fuzz::succeeds;
using search_assign::fuzz::text_of;

namespace {

bool same(const AgingSchedule& a, const AgingSchedule& b) {
  return std::ranges::equal(bounds_of(a), bounds_of(b));
}

void check_schedule(const AgingSchedule& schedule) {
  check(schedule.count >= 1 && schedule.count <= kMaxAgingBounds);
  std::uint8_t bytes[kMaxScheduleBytes];
  const std::size_t size = encode_schedule(schedule, bytes);
  check(size <= sizeof bytes);
  AgingSchedule again;
  decode_schedule({bytes, size}, again);
  check(same(schedule, again));
  schedule_from_text(schedule_to_text(schedule), again);
  check(same(schedule, again));
  for (int bucket = 0; bucket < schedule.buckets(); ++bucket) {
    char label[kBucketLabelSize];
    bucket_label(schedule, bucket, label);
    check(std::memchr(label, '\0', sizeof label) != nullptr);
    const BucketLimits limits = bucket_limits(schedule, bucket);
    if (limits.has_from) check(bucket_of(bounds_of(schedule), limits.from_days) == bucket);
    if (limits.has_to) check(bucket_of(bounds_of(schedule), limits.to_days) == bucket);
  }
}

void read_binary(Bytes bytes, ErrorKind damage) {
  AgingSchedule schedule;
  if (!succeeds({damage}, [&] { decode_schedule(bytes, schedule, damage); })) return;
  check_schedule(schedule);
  std::uint8_t again[kMaxScheduleBytes];
  const std::size_t size = encode_schedule(schedule, again);
  check(std::ranges::equal(Bytes(again, size), bytes));
}

void read_sums(std::string_view text) {
  Sum sums[5];
  succeeds({ErrorKind::TextUnreadable}, [&] { sums_from_text(text, sums); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_binary({data, size}, ErrorKind::BinaryUnreadable);
  read_binary({data, size}, ErrorKind::DataCorrupted);
  const std::string_view text = text_of({data, size});
  read_sums(text);
  AgingSchedule schedule;
  if (succeeds({ErrorKind::TextUnreadable, ErrorKind::ArgumentInvalid, ErrorKind::LimitExceeded},
               [&] { schedule_from_text(text, schedule); }))
    check_schedule(schedule);
  return 0;
}
