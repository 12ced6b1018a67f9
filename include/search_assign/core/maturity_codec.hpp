// Bytes of one profile entry: the inner loop of everything that reads or writes maturity
// profiles, inline because each entry takes a few nanoseconds only.
//
// A profile is: version byte, varint entry count, then per entry
//   date step   first entry: zigzag of the date; later ones: days since the one before (>= 1)
//   flag byte   see the kFlag constants; bit 7 is 0
//   the fields the flags announce: debit, credit, debit_items, credit_items, each a zigzag
//               varint (sums up to 128 bits, divided by 100 where kFlagCents is set)
// Varints are LEB128 in their shortest form. Only this form is valid, so equal profiles are
// equal bytes; reading tolerates other forms, validate() refuses them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::core::codec {

__extension__ using Unsigned128 = unsigned __int128;

inline constexpr std::uint8_t kVersion = 1;
inline constexpr unsigned kFlagDebit = 0x01;
inline constexpr unsigned kFlagCredit = 0x02;
inline constexpr unsigned kDebitItemsShift = 2;
inline constexpr unsigned kCreditItemsShift = 4;
inline constexpr unsigned kFlagCents = 0x40;
inline constexpr unsigned kFlagReserved = 0x80;

inline constexpr std::size_t kMaxHeaderBytes = 1 + 10;
inline constexpr std::size_t kMaxEntryBytes = 5 + 1 + 2 * 19 + 2 * 10;

[[noreturn]] void throw_damaged(const char* detail);
[[noreturn]] void throw_sum_overflow();
[[noreturn]] void throw_count_overflow();

// Checked sums: they throw where 128 or 64 bits do not suffice.
inline void add_sum(Sum& target, Sum value) {
  if (__builtin_add_overflow(target, value, &target)) [[unlikely]]
    throw_sum_overflow();
}

inline void add_items(std::int64_t& target, std::int64_t value) {
  if (__builtin_add_overflow(target, value, &target)) [[unlikely]]
    throw_count_overflow();
}

inline void add_entry(ProfileEntry& target, const ProfileEntry& entry) {
  add_sum(target.debit, entry.debit);
  add_sum(target.credit, entry.credit);
  add_items(target.debit_items, entry.debit_items);
  add_items(target.credit_items, entry.credit_items);
}

struct Cursor {
  const std::uint8_t* at;
  const std::uint8_t* end;
};

inline std::uint64_t load_little_endian(const std::uint8_t* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// read_near_end reads a varint where fewer than eight bytes are left; false: it does not end.
inline bool read_near_end(Cursor& cursor, std::uint64_t& value) noexcept {
  std::uint64_t bits = 0;
  unsigned shift = 0;
  for (const std::uint8_t* at = cursor.at; at != cursor.end; shift += 7) {
    const std::uint8_t byte = *at++;
    bits |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) {
      value = bits;
      cursor.at = at;
      return true;
    }
  }
  return false;
}

// read_short_varint reads a varint of at most eight bytes without a loop: the lengths of
// amounts vary, and a loop would be mispredicted at nearly every one. False: not applicable.
[[gnu::always_inline]] inline bool read_short_varint(Cursor& cursor, std::uint64_t& value) noexcept {
  if (cursor.end - cursor.at < 8) [[unlikely]]
    return read_near_end(cursor, value);
  const std::uint64_t word = load_little_endian(cursor.at);
  const std::uint64_t stops = ~word & 0x8080808080808080U;
  if (stops == 0) [[unlikely]]
    return false;
  std::uint64_t bits = word & ((stops & (~stops + 1)) - 1) & 0x7f7f7f7f7f7f7f7fU;
  bits = (bits & 0x007f007f007f007fU) | ((bits & 0x7f007f007f007f00U) >> 1);
  bits = (bits & 0x00003fff00003fffU) | ((bits & 0x3fff00003fff0000U) >> 2);
  bits = (bits & 0x000000000fffffffU) | ((bits & 0x0fffffff00000000U) >> 4);
  value = bits;
  cursor.at += (std::countr_zero(stops) >> 3) + 1;
  return true;
}

// read_long_varint reads any varint of up to 128 bits.
Unsigned128 read_long_varint(Cursor& cursor);

inline std::uint64_t read_varint64(Cursor& cursor) {
  if (cursor.at != cursor.end && *cursor.at < 0x80) [[likely]]
    return *cursor.at++;
  std::uint64_t value = 0;
  if (read_short_varint(cursor, value)) [[likely]]
    return value;
  const Unsigned128 wide = read_long_varint(cursor);
  if (wide >> 64 != 0) throw_damaged("A number has more than 64 bits.");
  return static_cast<std::uint64_t>(wide);
}

inline std::int64_t from_zigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

inline std::uint64_t to_zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

Sum read_long_sum(Cursor& cursor, bool cents);

[[gnu::always_inline]] inline Sum read_sum(Cursor& cursor, bool cents) {
  std::uint64_t value = 0;
  if (!read_short_varint(cursor, value)) [[unlikely]]
    return read_long_sum(cursor, cents);
  // At most 56 bits: times 100 still fits 64.
  return from_zigzag(value) * (cents ? 100 : 1);
}

inline std::int64_t read_items(Cursor& cursor, unsigned code) {
  if (code < 2) [[likely]]
    return static_cast<std::int64_t>(code);
  if (code == 3) throw_damaged("An entry has unknown flags.");
  return from_zigzag(read_varint64(cursor));
}

// advance_date reads an entry's date step; date holds the date of the entry before.
inline void advance_date(Cursor& cursor, bool first, Date& date) {
  const std::uint64_t raw = read_varint64(cursor);
  if (first) {
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

// decode_usual reads the usual entry without an unpredictable branch: a short step, one sum,
// at most one item. False: it is another one, and nothing has been read.
[[gnu::always_inline]] inline bool decode_usual(Cursor& cursor, bool first, ProfileEntry& entry) {
  constexpr unsigned kUnusual = kFlagReserved | 2U << kDebitItemsShift | 2U << kCreditItemsShift;
  if (cursor.end - cursor.at < 10) return false;
  const unsigned step = cursor.at[0];
  const unsigned flags = cursor.at[1];
  const bool one_sum = ((flags ^ flags >> 1) & kFlagDebit) != 0;
  if (first || step == 0 || step >= 0x80 || (flags & kUnusual) != 0 || !one_sum) return false;
  if (entry.date > kMaxDate - 0x80) return false;
  Cursor rest{cursor.at + 2, cursor.end};
  std::uint64_t raw = 0;
  if (!read_short_varint(rest, raw)) return false;
  // At most 56 bits: times 100 still fits 64.
  const std::int64_t sum = from_zigzag(raw) * ((flags & kFlagCents) != 0 ? 100 : 1);
  const std::int64_t debit_mask = -static_cast<std::int64_t>(flags & kFlagDebit);
  entry.date += static_cast<Date>(step);
  entry.debit = sum & debit_mask;
  entry.credit = sum & ~debit_mask;
  entry.debit_items = flags >> kDebitItemsShift & 1;
  entry.credit_items = flags >> kCreditItemsShift & 1;
  cursor.at = rest.at;
  return true;
}

void decode_unusual(Cursor& cursor, bool first, ProfileEntry& entry);

// decode_entry reads one entry; entry.date must hold the date of the entry before.
[[gnu::always_inline]] inline void decode_entry(Cursor& cursor, bool first, ProfileEntry& entry) {
  if (decode_usual(cursor, first, entry)) [[likely]]
    return;
  // Copies, so that the caller's cursor and entry can stay in registers.
  Cursor rest = cursor;
  ProfileEntry unusual{.date = entry.date};
  decode_unusual(rest, first, unusual);
  cursor = rest;
  entry = unusual;
}

// read_header checks the version and the count against the bytes that are left.
std::uint64_t read_header(Cursor& cursor);

// write_varint64 stores eight bytes at once where it can: out needs kStoreSlack bytes behind
// what is written.
inline constexpr std::size_t kStoreSlack = 8;
inline std::uint8_t* write_varint64(std::uint8_t* out, std::uint64_t value) noexcept {
  for (; value >> 56 != 0; value >>= 7) *out++ = static_cast<std::uint8_t>(value | 0x80);
  const unsigned size = (static_cast<unsigned>(std::bit_width(value | 1)) + 6) / 7;
  std::uint64_t bits = value;
  bits = (bits & 0x000000000fffffffU) | ((bits & 0x00fffffff0000000U) << 4);
  bits = (bits & 0x00003fff00003fffU) | ((bits & 0x0fffc0000fffc000U) << 2);
  bits = (bits & 0x007f007f007f007fU) | ((bits & 0x3f803f803f803f80U) << 1);
  bits |= 0x8080808080808080U & ((std::uint64_t{1} << (8 * (size - 1))) - 1);
  if constexpr (std::endian::native == std::endian::big) bits = __builtin_bswap64(bits);
  std::memcpy(out, &bits, sizeof bits);
  return out + size;
}

inline std::size_t varint_size(std::uint64_t value) noexcept {
  return value < 0x80 ? 1 : (static_cast<std::size_t>(std::bit_width(value)) + 6) / 7;
}

// write_entry writes an entry that follows one of date `before` (ignored for the first); out has
// room for kMaxEntryBytes + kStoreSlack.
std::uint8_t* write_entry(std::uint8_t* out, bool first, Date before, const ProfileEntry& entry) noexcept;

}  // namespace search_assign::core::codec
