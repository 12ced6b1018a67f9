// Reading, writing and validating the encoded form of maturity profiles. Core zone.
// The format is described in maturity_codec.hpp.
#include "search_assign/core/maturity_codec.hpp"

#include <limits>

#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace codec {

void throw_damaged(const char* detail) {
  throw Error(ErrorKind::DataCorrupted, "maturity profile is damaged", detail);
}

void throw_sum_overflow() {
  throw Error(ErrorKind::AmountOutOfRange, "amount out of range for maturity profile",
              "A sum of amounts does not fit 128 bits.");
}

void throw_count_overflow() {
  throw Error(ErrorKind::AmountOutOfRange, "item count out of range for maturity profile",
              "A number of items does not fit 64 bits.");
}

Unsigned128 read_long_varint(Cursor& cursor) {
  constexpr unsigned kLastShift = 126;  // the 19th byte holds the two highest bits
  Unsigned128 value = 0;
  for (unsigned shift = 0; shift <= kLastShift; shift += 7) {
    if (cursor.at == cursor.end) throw_damaged("The value is cut short.");
    const std::uint8_t byte = *cursor.at++;
    if (shift == kLastShift && byte > 3) break;
    value |= static_cast<Unsigned128>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
  throw_damaged("A number has more than 128 bits.");
}

Sum read_long_sum(Cursor& cursor, bool cents) {
  const Unsigned128 raw = read_long_varint(cursor);
  const Sum value = static_cast<Sum>(raw >> 1) ^ -static_cast<Sum>(raw & 1);
  Sum scaled = value;
  if (cents && __builtin_mul_overflow(value, Sum{100}, &scaled)) throw_damaged("A sum is out of range.");
  return scaled;
}

namespace {

void advance_date(Cursor& cursor, Date& date) {
  const std::uint64_t raw = read_varint64(cursor);
  if (date == kBeforeFirst) {
    const std::int64_t value = from_zigzag(raw);
    if (value < kMinDate || value > kMaxDate) throw_damaged("A date is out of range.");
    date = static_cast<Date>(value);
  } else {
    if (raw == 0 || raw > static_cast<std::uint64_t>(std::int64_t{kMaxDate} - date)) {
      throw_damaged("A date is out of order or out of range.");
    }
    date = static_cast<Date>(date + static_cast<std::int64_t>(raw));
  }
}

}  // namespace

const std::uint8_t* read_entry(const std::uint8_t* at, const std::uint8_t* end, ProfileEntry& entry) {
  Cursor cursor = cursor_over({at, end});
  advance_date(cursor, entry.date);
  if (cursor.at == cursor.end) throw_damaged("The value is cut short.");
  const unsigned flags = *cursor.at++;
  if ((flags & kFlagReserved) != 0) throw_damaged("An entry has unknown flags.");
  const bool cents = (flags & kFlagCents) != 0;
  entry.debit = (flags & kFlagDebit) != 0 ? read_sum(cursor, cents) : 0;
  entry.credit = (flags & kFlagCredit) != 0 ? read_sum(cursor, cents) : 0;
  entry.debit_items = read_items(cursor, (flags >> kDebitItemsShift) & 3);
  entry.credit_items = read_items(cursor, (flags >> kCreditItemsShift) & 3);
  // Padded numbers are tolerated, but merging copies entries into room for the longest valid ones.
  if (static_cast<std::size_t>(cursor.at - at) > kMaxEntryBytes) throw_damaged("An entry is too long.");
  return cursor.at;
}

OpenProfile open_profile(Bytes profile) {
  Cursor cursor = cursor_over(profile);
  if (cursor.at == cursor.end) throw_damaged("The value is empty.");
  if (*cursor.at++ != kVersion) throw_damaged("The format version is unknown.");
  const std::uint64_t count = read_varint64(cursor);
  if (count > cursor.left() / 2) throw_damaged("The number of entries exceeds the value's size.");
  return {cursor, count};
}

namespace {

bool fits64(Sum value) noexcept { return value == static_cast<std::int64_t>(value); }

bool in_cents(Sum value) noexcept {
  return fits64(value) ? static_cast<std::int64_t>(value) % 100 == 0 : value % 100 == 0;
}

std::uint8_t* write_sum(std::uint8_t* out, Sum value, bool cents) noexcept {
  if (fits64(value)) [[likely]] {
    const auto narrow = static_cast<std::int64_t>(value);
    return write_varint64(out, to_zigzag(cents ? narrow / 100 : narrow));
  }
  const Sum stored = cents ? value / 100 : value;
  Unsigned128 zigzag = (static_cast<Unsigned128>(stored) << 1) ^ static_cast<Unsigned128>(stored >> 127);
  while (zigzag >= 0x80) {
    *out++ = static_cast<std::uint8_t>(static_cast<unsigned>(zigzag & 0x7f) | 0x80U);
    zigzag >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(zigzag);
  return out;
}

unsigned items_code(std::int64_t items) noexcept { return items == 0 ? 0 : items == 1 ? 1 : 2; }

}  // namespace

std::uint8_t* write_entry(std::uint8_t* out, bool first, Date before, const ProfileEntry& entry) noexcept {
  out = write_varint64(
      out, first ? to_zigzag(entry.date) : static_cast<std::uint64_t>(std::int64_t{entry.date} - before));
  const bool cents = in_cents(entry.debit) && in_cents(entry.credit);
  const unsigned debit_code = items_code(entry.debit_items);
  const unsigned credit_code = items_code(entry.credit_items);
  *out++ = static_cast<std::uint8_t>((entry.debit != 0 ? kFlagDebit : 0) |
                                     (entry.credit != 0 ? kFlagCredit : 0) | debit_code << kDebitItemsShift |
                                     credit_code << kCreditItemsShift | (cents ? kFlagCents : 0));
  if (entry.debit != 0) out = write_sum(out, entry.debit, cents);
  if (entry.credit != 0) out = write_sum(out, entry.credit, cents);
  if (debit_code == 2) out = write_varint64(out, to_zigzag(entry.debit_items));
  if (credit_code == 2) out = write_varint64(out, to_zigzag(entry.credit_items));
  return out;
}

}  // namespace codec

namespace {

// validate_canonical compares every part of the value with what encode would have written.
void validate_canonical(Bytes encoded) {
  auto [cursor, count] = codec::open_profile(encoded);
  if (static_cast<std::size_t>(cursor.at - encoded.data()) != 1 + codec::varint_size(count)) {
    codec::throw_damaged("A number is not in its shortest form.");
  }
  ProfileEntry entry{.date = codec::kBeforeFirst};
  std::uint8_t expected[codec::kMaxEntryBytes + codec::kStoreSlack];
  for (std::uint64_t index = 0; index < count; ++index) {
    const std::uint8_t* start = cursor.at;
    const Date before = entry.date;
    codec::decode_entry(cursor, entry);
    if (entry.is_zero()) codec::throw_damaged("An entry is zero.");
    const auto size = static_cast<std::size_t>(cursor.at - start);
    const std::uint8_t* end = codec::write_entry(expected, index == 0, before, entry);
    if (static_cast<std::size_t>(end - expected) != size || std::memcmp(start, expected, size) != 0) {
      codec::throw_damaged("An entry is not in its canonical form.");
    }
  }
  if (cursor.at != cursor.end) codec::throw_damaged("There are bytes after the last entry.");
}

}  // namespace

ProfileReader::ProfileReader(Bytes encoded) {
  const auto [cursor, count] = codec::open_profile(encoded);
  count_ = left_ = count;
  date_ = codec::kBeforeFirst;
  at_ = cursor.at;
  end_ = cursor.end;
  last_ = cursor.last;
}

bool ProfileReader::next(ProfileEntry& entry) {
  if (left_ == 0) {
    if (at_ != end_) codec::throw_damaged("There are bytes after the last entry.");
    return false;
  }
  codec::Cursor cursor{at_, end_, last_};
  entry.date = date_;
  codec::decode_entry(cursor, entry);
  date_ = entry.date;
  at_ = cursor.at;
  --left_;
  return true;
}

Bytes empty_profile() noexcept {
  static constexpr std::uint8_t kEmpty[] = {codec::kVersion, 0};
  return kEmpty;
}

std::uint64_t entry_count(Bytes profile) { return codec::open_profile(profile).count; }

bool is_empty(Bytes profile) { return entry_count(profile) == 0; }

std::size_t encoded_bound(std::uint64_t entries) noexcept {
  return codec::kMaxHeaderBytes + static_cast<std::size_t>(entries) * codec::kMaxEntryBytes +
         codec::kStoreSlack;
}

std::size_t encode_to(std::span<const ProfileEntry> entries, std::uint8_t* out) {
  std::uint8_t* at = out;
  *at++ = codec::kVersion;
  at = codec::write_varint64(at, entries.size());
  Date before = 0;
  bool first = true;
  for (const ProfileEntry& entry : entries) {
    at = codec::write_entry(at, first, before, entry);
    before = entry.date;
    first = false;
  }
  return static_cast<std::size_t>(at - out);
}

void validate(Bytes encoded) {
  try {
    validate_canonical(encoded);
  } catch (const Error& error) {
    throw Error(ErrorKind::BinaryUnreadable, "invalid binary value for type maturity_profile",
                error.detail());
  }
}

}  // namespace search_assign::core
