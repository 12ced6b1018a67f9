// Aging schedule: the upper bounds, in days overdue, of the buckets of an aging. '30,60,90'
// means: not due (0 days or less), 1-30, 31-60, 61-90, more than 90. The buckets of a
// schedule partition all integers.
//
// SQL face: src/pg/aging_type.cpp, aging_fn.cpp, aging_aggregate.cpp.
// Tests: tests/unit/aging_schedule_test.cpp, tests/regress/sql/aging.sql.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_profile.hpp"
#include "search_assign/core/money.hpp"

namespace search_assign::core {

inline constexpr int kMaxAgingBounds = 100;
inline constexpr int kMaxAgingBuckets = kMaxAgingBounds + 2;
inline constexpr std::int32_t kMaxAgingBound = 2'147'483'646;  // the next day is still an int
inline constexpr std::size_t kMaxScheduleBytes = 1 + 5 * std::size_t{kMaxAgingBounds};

// A plain struct, so that it may live in the backend zone. bounds is ascending and positive.
struct AgingSchedule {
  std::int32_t count;
  std::int32_t bounds[kMaxAgingBounds];

  [[nodiscard]] int buckets() const noexcept { return count + 2; }
};

// bucket_of is the bucket of an item that is days_overdue late: 0 = not due, count + 1 = beyond the last
// bound.
inline int bucket_of(std::span<const std::int32_t> bounds, std::int64_t days_overdue) noexcept {
  // Due dates come in no order: comparing all of a few bounds is faster than branches that are guessed wrong.
  constexpr std::size_t kFew = 8;
  if (bounds.size() <= kFew) {
    int bucket = days_overdue > 0;
    for (const std::int32_t bound : bounds) bucket += days_overdue > bound;
    return bucket;
  }
  if (days_overdue <= 0) return 0;
  std::size_t low = 0;
  std::size_t high = bounds.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (days_overdue > bounds[middle]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return static_cast<int>(low) + 1;
}

inline std::span<const std::int32_t> bounds_of(const AgingSchedule& schedule) noexcept {
  return {schedule.bounds, static_cast<std::size_t>(schedule.count)};
}

// Text '30,60,90'. Throws Error: TextUnreadable, ArgumentInvalid (a bound that is not positive, not
// above the one before or too large), LimitExceeded (too many).
void schedule_from_text(std::string_view text, AgingSchedule& schedule);
std::string schedule_to_text(const AgingSchedule& schedule);

// Bytes: a version byte, then each bound's distance from the one before as a LEB128 varint in its
// shortest form, so equal schedules are equal bytes. decode accepts nothing else and throws
// Error(damage), which is BinaryUnreadable for a value from outside.
std::size_t encode_schedule(const AgingSchedule& schedule, std::uint8_t* out);  // at most kMaxScheduleBytes
void decode_schedule(Bytes encoded, AgingSchedule& schedule, ErrorKind damage = ErrorKind::DataCorrupted);

// One bucket's limits in days overdue; the first has no lower, the last no upper limit.
struct BucketLimits {
  bool has_from;
  bool has_to;
  std::int32_t from_days;
  std::int32_t to_days;
};
BucketLimits bucket_limits(const AgingSchedule& schedule, int bucket) noexcept;

// bucket_label writes 'not due', '1-30', '> 90' (zero-terminated) into out.
inline constexpr std::size_t kBucketLabelSize = 32;
void bucket_label(const AgingSchedule& schedule, int bucket, char (&out)[kBucketLabelSize]) noexcept;

// sums_from_text reads exactly sums.size() decimal numbers with commas between them.
void sums_from_text(std::string_view text, std::span<Sum> sums);  // throws Error(TextUnreadable)

struct BucketAmount {
  Sum amount;
  std::int64_t items;
};

// age_profile distributes a profile over the schedule's buckets (schedule.buckets() of them).
void age_profile(Bytes profile, const AgingSchedule& schedule, Date as_of, BucketAmount* buckets);

// A sum where memory is aligned to 8 bytes only, as in values of the server.
__extension__ typedef __int128 PackedSum __attribute__((aligned(8)));

// add_aged adds the amounts of a profile to the sums of its buckets (bounds.size() + 2 of them). Throws
// Error(AmountOutOfRange); the sums are then worthless.
void add_aged(Bytes profile, std::span<const std::int32_t> bounds, Date as_of, PackedSum* sums);

}  // namespace search_assign::core
