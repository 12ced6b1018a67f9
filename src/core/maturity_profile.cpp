// Arithmetic and text of maturity profiles. Core zone; the encoding is maturity_codec's.
#include "search_assign/core/maturity_profile.hpp"

#include <algorithm>
#include <charconv>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

using codec::add_entry;
using codec::add_items;
using codec::add_sum;

void negate(ProfileEntry& entry) {
  ProfileEntry result{.date = entry.date};
  if (__builtin_sub_overflow(Sum{0}, entry.debit, &result.debit) ||
      __builtin_sub_overflow(Sum{0}, entry.credit, &result.credit)) {
    codec::throw_sum_overflow();
  }
  if (__builtin_sub_overflow(std::int64_t{0}, entry.debit_items, &result.debit_items) ||
      __builtin_sub_overflow(std::int64_t{0}, entry.credit_items, &result.credit_items)) {
    codec::throw_count_overflow();
  }
  entry = result;
}

// BytesStream and SpanStream give the entries of either kind of operand in date order.
class BytesStream {
 public:
  explicit BytesStream(Bytes bytes) : BytesStream(codec::open_profile(bytes)) {}
  [[gnu::always_inline]] bool next(ProfileEntry& entry) {
    if (left_ == 0) {
      if (cursor_.at != cursor_.end) codec::throw_damaged("There are bytes after the last entry.");
      return false;
    }
    entry.date = date_;
    codec::decode_entry(cursor_, entry);
    date_ = entry.date;
    --left_;
    return true;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  // position is where the next entry's bytes begin.
  [[nodiscard]] const std::uint8_t* position() const noexcept { return cursor_.at; }

 private:
  explicit BytesStream(const codec::OpenProfile& open)
      : cursor_(open.cursor), count_(open.count), left_(open.count) {}

  codec::Cursor cursor_;
  std::uint64_t count_;
  std::uint64_t left_;
  Date date_ = codec::kBeforeFirst;
};

class SpanStream {
 public:
  explicit SpanStream(std::span<const ProfileEntry> entries) noexcept : entries_(entries) {}
  bool next(ProfileEntry& entry) noexcept {
    if (at_ == entries_.size()) return false;
    entry = entries_[at_++];
    return true;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return entries_.size(); }

 private:
  std::span<const ProfileEntry> entries_;
  std::size_t at_ = 0;
};

// Output writes entries behind room for the largest possible count.
class Output {
 public:
  Output(std::uint8_t* out, std::uint64_t most_entries) noexcept
      : out_(out), body_(out + 1 + codec::varint_size(most_entries)), at_(body_) {}

  void put(const ProfileEntry& entry) noexcept {
    if (entry.is_zero()) return;
    at_ = codec::write_entry(at_, count_ == 0, before_, entry);
    before_ = entry.date;
    ++count_;
  }

  // copy takes over encoded entries whose dates follow the last one as they do in their profile.
  void copy(const std::uint8_t* begin, const std::uint8_t* end, std::uint64_t entries, Date last) noexcept {
    if (entries == 0) return;
    std::memcpy(at_, begin, static_cast<std::size_t>(end - begin));
    at_ += end - begin;
    before_ = last;
    count_ += entries;
  }

  std::size_t finish() noexcept {
    *out_ = codec::kVersion;
    std::uint8_t header[codec::kMaxHeaderBytes + codec::kStoreSlack];
    const auto header_size = static_cast<std::size_t>(codec::write_varint64(header, count_) - header);
    std::memcpy(out_ + 1, header, header_size);
    std::uint8_t* const start = out_ + 1 + header_size;
    const auto size = static_cast<std::size_t>(at_ - body_);
    if (start != body_) std::memmove(start, body_, size);
    return static_cast<std::size_t>(start - out_) + size;
  }

 private:
  std::uint8_t* out_;
  std::uint8_t* body_;
  std::uint8_t* at_;
  std::uint64_t count_ = 0;
  Date before_ = 0;
};

// merge_streams writes a + sign * b.
template <class Left, class Right>
std::size_t merge_streams(Left a, Right b, int sign, std::uint8_t* out) {
  Output output(out, a.count() + b.count());
  ProfileEntry left;
  ProfileEntry right;
  const auto next_right = [&] {
    if (!b.next(right)) return false;
    if (sign < 0) negate(right);
    return true;
  };
  bool has_left = a.next(left);
  bool has_right = next_right();
  while (has_left && has_right) {
    if (left.date < right.date) {
      output.put(left);
      has_left = a.next(left);
    } else if (right.date < left.date) {
      output.put(right);
      has_right = next_right();
    } else {
      add_entry(left, right);
      output.put(left);
      has_left = a.next(left);
      has_right = next_right();
    }
  }
  for (; has_left; has_left = a.next(left)) output.put(left);
  for (; has_right; has_right = next_right()) output.put(right);
  return output.finish();
}

// merge_few writes profile + sign * entries where there are few entries: it encodes anew only
// what they touch, that is the entry of the same date and the one behind, and copies the rest.
std::size_t merge_few(Bytes profile, std::span<const ProfileEntry> entries, int sign, std::uint8_t* out) {
  BytesStream stream(profile);
  Output output(out, stream.count() + entries.size());
  const std::uint8_t* run = stream.position();  // untouched entries not yet copied: from here
  const std::uint8_t* run_end = run;            // up to here,
  std::uint64_t run_entries = 0;                // so many,
  Date run_last = 0;                            // the last of this date
  ProfileEntry current;
  bool has_current = stream.next(current);
  bool touched = false;  // the output before current differs from what it follows in the profile
  const auto flush = [&] {
    output.copy(run, run_end, run_entries, run_last);
    run_entries = 0;
  };
  const auto take_current = [&](const std::uint8_t* begin) {
    if (touched) {
      output.put(current);
      touched = false;
    } else {
      if (run_entries == 0) run = begin;
      run_end = stream.position();
      run_last = current.date;
      ++run_entries;
    }
  };
  const std::uint8_t* begin = run;  // of current
  const auto advance = [&] {
    begin = stream.position();
    has_current = stream.next(current);
  };
  for (ProfileEntry change : entries) {
    if (sign < 0) negate(change);
    for (; has_current && current.date < change.date; advance()) take_current(begin);
    flush();
    if (has_current && current.date == change.date) {
      add_entry(change, current);
      advance();
    }
    output.put(change);
    touched = true;
  }
  while (has_current) {
    take_current(begin);
    advance();
  }
  flush();
  return output.finish();
}

// into_vector lets write fill a scratch buffer, then stores it; out may own the operands.
template <class Write>
void into_vector(std::uint64_t entries, EncodedProfile& out, Write&& write) {
  constexpr std::size_t kOnStack = 4096;
  const std::size_t bound = encoded_bound(entries);
  if (bound <= kOnStack) {
    std::uint8_t scratch[kOnStack];
    const std::size_t size = write(scratch);
    out.assign(scratch, scratch + size);
  } else {
    EncodedProfile scratch(bound);
    scratch.resize(write(scratch.data()));
    scratch.shrink_to_fit();
    out.swap(scratch);
  }
}

// each_until visits the entries dated before limit. A profile is sorted: the rest is not read.
template <class Visit>
void each_until(Bytes profile, std::int64_t limit, Visit&& visit) {
  BytesStream stream(profile);
  ProfileEntry entry;
  while (stream.next(entry) && entry.date < limit) visit(entry);
}

constexpr std::int64_t kNoLimit = std::int64_t{kMaxDate} + 1;

void add_net(Sum& target, const ProfileEntry& entry) {
  add_sum(target, entry.debit);
  add_sum(target, entry.credit);
}

// net_between sums debit and credit of the entries dated from <= date < limit. The hottest of the
// lookups: it makes no ProfileEntry of a usual entry.
[[gnu::always_inline]] inline Sum net_between(Bytes profile, std::int64_t from, std::int64_t limit) {
  const codec::OpenProfile open = codec::open_profile(profile);
  codec::Cursor cursor = open.cursor;
  Date date = codec::kBeforeFirst;
  Sum sum = 0;
  ProfileEntry other;
  for (std::uint64_t left = open.count; left > 0; --left) {
    std::int64_t net = 0;
    const bool usual = codec::read_net(cursor, date, net, other);
    if (date >= limit) return sum;
    if (date < from) continue;
    if (usual) [[likely]] {
      add_sum(sum, net);
    } else {
      add_net(sum, other);
    }
  }
  if (cursor.left() != 0) codec::throw_damaged("There are bytes after the last entry.");
  return sum;
}

void require_days(std::int32_t days) {
  if (days < 0) {
    throw Error(ErrorKind::ArgumentInvalid, "number of days must not be negative",
                "The number of days is " + std::to_string(days) + ".");
  }
}

}  // namespace

void encode(std::span<const ProfileEntry> entries, EncodedProfile& out) {
  into_vector(entries.size(), out, [&](std::uint8_t* bytes) { return encode_to(entries, bytes); });
}

void normalize(std::vector<ProfileEntry>& entries) {
  const auto earlier = [](const ProfileEntry& a, const ProfileEntry& b) { return a.date < b.date; };
  if (!std::is_sorted(entries.begin(), entries.end(), earlier)) {
    std::sort(entries.begin(), entries.end(), earlier);
  }
  std::size_t kept = 0;
  for (std::size_t at = 0; at < entries.size();) {
    ProfileEntry merged = entries[at++];
    for (; at < entries.size() && entries[at].date == merged.date; ++at) add_entry(merged, entries[at]);
    if (!merged.is_zero()) entries[kept++] = merged;
  }
  entries.resize(kept);
}

std::size_t merge_to(Bytes profile, std::span<const ProfileEntry> entries, int sign, std::uint8_t* out) {
  constexpr std::size_t kFew = 4;
  if (entries.size() <= kFew) return merge_few(profile, entries, sign, out);
  return merge_streams(BytesStream(profile), SpanStream(entries), sign, out);
}

std::size_t combine_to(Bytes a, Bytes b, int sign, std::uint8_t* out) {
  return merge_streams(BytesStream(a), BytesStream(b), sign, out);
}

void merge(Bytes profile, std::span<const ProfileEntry> entries, int sign, EncodedProfile& out) {
  into_vector(entry_count(profile) + entries.size(), out,
              [&](std::uint8_t* bytes) { return merge_to(profile, entries, sign, bytes); });
}

void add(Bytes a, Bytes b, EncodedProfile& out) {
  into_vector(entry_count(a) + entry_count(b), out,
              [&](std::uint8_t* bytes) { return combine_to(a, b, 1, bytes); });
}

void subtract(Bytes a, Bytes b, EncodedProfile& out) {
  into_vector(entry_count(a) + entry_count(b), out,
              [&](std::uint8_t* bytes) { return combine_to(a, b, -1, bytes); });
}

ProfileEntry make_entry(Date date, Amount amount, int sign) noexcept {
  ProfileEntry entry{.date = date};
  if (amount > 0) {
    entry.debit = Sum{amount} * sign;
    entry.debit_items = sign;
  } else if (amount < 0) {
    entry.credit = Sum{amount} * sign;
    entry.credit_items = sign;
  }
  return entry;
}

Sum total(Bytes profile) { return net_between(profile, kMinDate, kNoLimit); }

Sum overdue(Bytes profile, Date as_of, std::int32_t days) {
  require_days(days);
  return net_between(profile, kMinDate, std::int64_t{as_of} - days);
}

void require_overdue_days(std::int32_t from_days, std::int32_t to_days) {
  if (from_days < 1 || to_days < from_days) {
    throw Error(ErrorKind::ArgumentInvalid, "range of days overdue must be ascending and positive",
                "The range is " + std::to_string(from_days) + " to " + std::to_string(to_days) + ".");
  }
}

Sum overdue_between(Bytes profile, Date as_of, std::int32_t from_days, std::int32_t to_days) {
  require_overdue_days(from_days, to_days);
  return net_between(profile, std::int64_t{as_of} - to_days, std::int64_t{as_of} - from_days + 1);
}

Sum not_due(Bytes profile, Date as_of) { return net_between(profile, as_of, kNoLimit); }

Sum due_within(Bytes profile, Date as_of, std::int32_t days) {
  require_days(days);
  return net_between(profile, as_of, std::int64_t{as_of} + days + 1);
}

bool oldest_due(Bytes profile, Date& date) {
  BytesStream stream(profile);
  ProfileEntry entry;
  while (stream.next(entry)) {
    // In a delta a date may hold a debit sum without a count or the reverse.
    if (entry.debit != 0 || entry.debit_items != 0) {
      date = entry.date;
      return true;
    }
  }
  return false;
}

std::int64_t item_count(Bytes profile) {
  std::int64_t items = 0;
  each_until(profile, kNoLimit, [&](const ProfileEntry& entry) {
    add_items(items, entry.debit_items);
    add_items(items, entry.credit_items);
  });
  return items;
}

std::int64_t overdue_item_count(Bytes profile, Date as_of) {
  std::int64_t items = 0;
  each_until(profile, as_of, [&](const ProfileEntry& entry) {
    add_items(items, entry.debit_items);
    add_items(items, entry.credit_items);
  });
  return items;
}

Sum credits(Bytes profile) {
  Sum sum = 0;
  each_until(profile, kNoLimit, [&](const ProfileEntry& entry) { add_sum(sum, entry.credit); });
  return sum;
}

}  // namespace search_assign::core
