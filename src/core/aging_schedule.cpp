// Aging schedules: text, bytes, bucket names, and the aging of a profile. Core zone.
#include "search_assign/core/aging_schedule.hpp"

#include <algorithm>
#include <charconv>

#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

constexpr std::uint8_t kScheduleVersion = 1;

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

[[noreturn]] void throw_unreadable(std::size_t number) {
  throw Error(ErrorKind::TextUnreadable, "invalid input syntax for type aging_schedule",
              "Bound " + std::to_string(number) + " is not a whole number.",
              "List the upper bounds of the buckets in days overdue, for example 30,60,90.");
}

[[noreturn]] void throw_too_large() {
  throw Error(ErrorKind::ArgumentInvalid, "bound of an aging schedule is too large",
              "The largest bound is " + std::to_string(kMaxAgingBound) + ".");
}

// read_bound reads a whole number that may be signed, to tell "not a number" from "not allowed".
std::int64_t read_bound(std::string_view text, std::size_t number) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t bound = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) throw_unreadable(number);
  if (error == std::errc::result_out_of_range) {
    bound = text.front() == '-' ? -1 : std::int64_t{kMaxAgingBound} + 1;
  }
  return bound;
}

void append_bound(AgingSchedule& schedule, std::int64_t bound) {
  if (schedule.count == kMaxAgingBounds) {
    throw Error(ErrorKind::LimitExceeded, "too many bounds in an aging schedule",
                "An aging schedule has at most " + std::to_string(kMaxAgingBounds) + " bounds.");
  }
  if (bound <= 0) {
    throw Error(ErrorKind::ArgumentInvalid, "bounds of an aging schedule must be positive",
                "Bound " + std::to_string(schedule.count + 1) + " is not.");
  }
  if (bound > kMaxAgingBound) throw_too_large();
  if (schedule.count > 0 && bound <= schedule.bounds[schedule.count - 1]) {
    throw Error(ErrorKind::ArgumentInvalid, "bounds of an aging schedule must be ascending",
                "Bound " + std::to_string(schedule.count + 1) + " is not above the one before.");
  }
  schedule.bounds[schedule.count++] = static_cast<std::int32_t>(bound);
}

[[noreturn]] void throw_damaged(ErrorKind damage, const char* detail) {
  throw Error(damage,
              damage == ErrorKind::BinaryUnreadable ? "invalid binary value for type aging_schedule"
                                                    : "aging schedule is damaged",
              detail);
}

// read_step reads one varint of at most five bytes in its shortest form.
std::uint64_t read_step(Bytes encoded, std::size_t& at, ErrorKind damage) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at == encoded.size()) throw_damaged(damage, "The value is cut short.");
    const std::uint8_t byte = encoded[at++];
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) {
      if (byte == 0 && shift > 0) throw_damaged(damage, "A number is not in its shortest form.");
      return value;
    }
  }
  throw_damaged(damage, "A number is too long.");
}

}  // namespace

void schedule_from_text(std::string_view text, AgingSchedule& schedule) {
  schedule.count = 0;
  for (std::size_t number = 1;; ++number) {
    const std::size_t comma = std::min(text.find(','), text.size());
    append_bound(schedule, read_bound(trimmed(text.substr(0, comma)), number));
    if (comma == text.size()) return;
    text.remove_prefix(comma + 1);
  }
}

std::string schedule_to_text(const AgingSchedule& schedule) {
  std::string out;
  for (const std::int32_t bound : bounds_of(schedule)) {
    if (!out.empty()) out += ',';
    out += std::to_string(bound);
  }
  return out;
}

std::size_t encode_schedule(const AgingSchedule& schedule, std::uint8_t* out) {
  std::size_t size = 0;
  out[size++] = kScheduleVersion;
  std::int32_t before = 0;
  for (const std::int32_t bound : bounds_of(schedule)) {
    auto step = static_cast<std::uint32_t>(bound - before);
    for (; step >= 0x80; step >>= 7) out[size++] = static_cast<std::uint8_t>(step | 0x80);
    out[size++] = static_cast<std::uint8_t>(step);
    before = bound;
  }
  return size;
}

void decode_schedule(Bytes encoded, AgingSchedule& schedule, ErrorKind damage) {
  if (encoded.size() < 2) throw_damaged(damage, "The value is cut short.");
  if (encoded[0] != kScheduleVersion) throw_damaged(damage, "The format version is unknown.");
  schedule.count = 0;
  std::uint64_t bound = 0;
  for (std::size_t at = 1; at < encoded.size();) {
    const std::uint64_t step = read_step(encoded, at, damage);
    bound += step;
    if (step == 0 || bound > kMaxAgingBound) throw_damaged(damage, "A bound is out of range.");
    if (schedule.count == kMaxAgingBounds) throw_damaged(damage, "There are too many bounds.");
    schedule.bounds[schedule.count++] = static_cast<std::int32_t>(bound);
  }
}

BucketLimits bucket_limits(const AgingSchedule& schedule, int bucket) noexcept {
  if (bucket == 0) return {false, true, 0, 0};
  const std::int32_t from = bucket == 1 ? 1 : schedule.bounds[bucket - 2] + 1;
  if (bucket > schedule.count) return {true, false, from, 0};
  return {true, true, from, schedule.bounds[bucket - 1]};
}

void bucket_label(const AgingSchedule& schedule, int bucket, char (&out)[kBucketLabelSize]) noexcept {
  const BucketLimits limits = bucket_limits(schedule, bucket);
  char* at = out;
  const auto put = [&](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  const auto put_number = [&](std::int32_t value) {
    at = std::to_chars(at, out + kBucketLabelSize, value).ptr;
  };
  if (!limits.has_from) {
    put("not due");
  } else if (!limits.has_to) {
    put("> ");
    put_number(limits.from_days - 1);
  } else {
    put_number(limits.from_days);
    put("-");
    put_number(limits.to_days);
  }
  *at = '\0';
}

void sums_from_text(std::string_view text, std::span<Sum> sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const bool last = i + 1 == sums.size();
    const std::size_t comma = last ? text.size() : std::min(text.find(','), text.size());
    if (!sum_from_text(trimmed(text.substr(0, comma)), sums[i])) {
      throw Error(ErrorKind::TextUnreadable, "invalid input syntax for type aging_state",
                  "Amount " + std::to_string(i + 1) + " of " + std::to_string(sums.size()) +
                      " is not a number with at most four decimals.");
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

namespace {

[[noreturn]] void throw_bucket_overflow() {
  throw Error(ErrorKind::AmountOutOfRange, "amount out of range for an aging bucket");
}

inline void add_checked(PackedSum& target, Sum value) {
  Sum result = 0;
  if (__builtin_add_overflow(static_cast<Sum>(target), value, &result)) [[unlikely]]
    throw_bucket_overflow();
  target = result;
}

// due_limit is the first due date that is too young for a bucket.
std::int64_t due_limit(std::span<const std::int32_t> bounds, Date as_of, std::size_t bucket) noexcept {
  if (bucket == 0) return std::int64_t{kMaxDate} + 1;
  return bucket == 1 ? as_of : std::int64_t{as_of} - bounds[bucket - 2];
}

}  // namespace

void add_aged(Bytes profile, std::span<const std::int32_t> bounds, Date as_of, PackedSum* sums) {
  const codec::OpenProfile open = codec::open_profile(profile);
  codec::Cursor cursor = open.cursor;
  Date date = codec::kBeforeFirst;
  // Sorted by date, a profile goes through the buckets once, from the oldest to what is not due.
  std::size_t bucket = bounds.size() + 1;
  std::int64_t limit = due_limit(bounds, as_of, bucket);
  std::int64_t pending = 0;  // what sums[bucket] lacks; 64 bits stay in a register
  ProfileEntry other;
  for (std::uint64_t left = open.count; left > 0; --left) {
    std::int64_t net = 0;
    const bool usual = codec::read_net(cursor, date, net, other);
    if (date >= limit) {
      add_checked(sums[bucket], pending);
      pending = 0;
      while (date >= limit) limit = due_limit(bounds, as_of, --bucket);
    }
    if (!usual) [[unlikely]] {
      add_checked(sums[bucket], other.debit);
      add_checked(sums[bucket], other.credit);
    } else if (const std::int64_t before = pending; __builtin_add_overflow(before, net, &pending))
        [[unlikely]] {
      add_checked(sums[bucket], before);
      pending = net;
    }
  }
  if (cursor.left() != 0) codec::throw_damaged("There are bytes after the last entry.");
  add_checked(sums[bucket], pending);
}

void age_profile(Bytes profile, const AgingSchedule& schedule, Date as_of, BucketAmount* buckets) {
  std::fill_n(buckets, schedule.buckets(), BucketAmount{0, 0});
  ProfileReader reader(profile);
  ProfileEntry entry;
  while (reader.next(entry)) {
    BucketAmount& bucket = buckets[bucket_of(bounds_of(schedule), std::int64_t{as_of} - entry.date)];
    add_checked(bucket.amount, entry.debit);
    add_checked(bucket.amount, entry.credit);
    if (__builtin_add_overflow(bucket.items, entry.debit_items, &bucket.items) ||
        __builtin_add_overflow(bucket.items, entry.credit_items, &bucket.items)) {
      throw Error(ErrorKind::AmountOutOfRange, "item count out of range for an aging bucket");
    }
  }
}

}  // namespace search_assign::core
