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

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

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

inline std::uint64_t load_little_endian(const std::uint8_t* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

struct Cursor {
  const std::uint8_t* at;
  const std::uint8_t* end;
  std::uint64_t last;  // the eight bytes before end, so that the end can be read as words, too

  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end - at); }
  // peek gives the next eight bytes, the first in the lowest bits; those behind the end are zero.
  [[nodiscard]] std::uint64_t peek() const noexcept {
    if (left() >= 8) [[likely]]
      return load_little_endian(at);
    return last >> 8 >> (8 * (7 - left()));
  }
};

inline Cursor cursor_over(Bytes bytes) noexcept {
  Cursor cursor{bytes.data(), bytes.data() + bytes.size(), 0};
  if (bytes.size() >= 8) {
    cursor.last = load_little_endian(cursor.end - 8);
  } else {
    for (const std::uint8_t byte : bytes) cursor.last = cursor.last >> 8 | std::uint64_t{byte} << 56;
  }
  return cursor;
}

inline constexpr std::uint64_t kEighthBits = 0x8080808080808080U;

// up_to_lowest masks the bits up to the lowest one of `stops`.
inline std::uint64_t up_to_lowest(std::uint64_t stops) noexcept { return stops ^ (stops - 1); }

// pack_groups joins the lowest seven bits of each byte; the eighth is zero.
inline std::uint64_t pack_groups(std::uint64_t bits) noexcept {
  bits -= (bits >> 1) & 0x3f803f803f803f80U;
  bits = (bits & 0x00003fff00003fffU) | ((bits >> 2) & 0x0fffc0000fffc000U);
  return (bits & 0x0fffffffU) | ((bits >> 32) << 28);
}

// read_short_varint reads a varint of at most eight bytes without a loop: the lengths of
// amounts vary, and a loop would be mispredicted at nearly every one. False: not applicable.
[[gnu::always_inline]] inline bool read_short_varint(Cursor& cursor, std::uint64_t& value) noexcept {
  const std::uint64_t word = cursor.peek();
  const std::uint64_t stops = ~word & kEighthBits;
  if (stops == 0) [[unlikely]]
    return false;
  const std::size_t size = (static_cast<unsigned>(std::countr_zero(stops)) >> 3) + 1;
  if (size > cursor.left()) [[unlikely]]
    return false;
  value = pack_groups(word & up_to_lowest(stops) & ~kEighthBits);
  cursor.at += size;
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

// The date that stands for "no entry before".
inline constexpr Date kBeforeFirst = std::numeric_limits<Date>::max();

// UsualEntry is an entry whose bytes fit one word: a date step and flags of a byte each, one sum of at
// most six bytes, at most one item a side.
struct UsualEntry {
  std::int64_t sum;
  unsigned flags;
};

// read_usual reads one without an unpredictable branch and advances date, which holds the date of the
// entry before. False: it is another entry, nothing is read.
[[gnu::always_inline]] inline bool read_usual(Cursor& cursor, Date& date, UsualEntry& entry) noexcept {
  constexpr unsigned kUnusual = kFlagReserved | 2U << kDebitItemsShift | 2U << kCreditItemsShift;
  static constexpr std::int64_t kScale[] = {1, 100};
  const std::uint64_t word = cursor.peek();
  const unsigned step = word & 0xff;
  const unsigned flags = word >> 8 & 0xff;
  if (step - 1 >= 0x7f || date > kMaxDate - 0x7f) return false;
  if ((flags & (kUnusual | kFlagDebit | kFlagCredit)) - 1 >= 2) return false;  // anything but one sum
  const std::uint64_t stops = ~word & kEighthBits << 16;
  if (stops == 0) return false;
  const std::size_t size = (static_cast<unsigned>(std::countr_zero(stops)) >> 3) + 1;
  if (size > cursor.left()) return false;
  // At most 42 bits: times 100 still fits 64.
  entry.sum = from_zigzag(pack_groups((word & up_to_lowest(stops) & ~kEighthBits) >> 16)) *
              kScale[(flags & kFlagCents) / kFlagCents];
  entry.flags = flags;
  date += static_cast<Date>(step);
  cursor.at += size;
  return true;
}

// What follows a usual entry's flags: one sum of at most six bytes, and each item count that is
// written, of a byte.
struct UsualFlags {
  std::uint64_t count_stops;  // the eighth bits of the counts; more than a word has where flags are not usual
  std::uint32_t counts;
  std::int32_t scale;
};

constexpr std::array<UsualFlags, 256> usual_flags() noexcept {
  std::array<UsualFlags, 256> table{};
  for (unsigned flags = 0; flags < table.size(); ++flags) {
    const unsigned debit_code = flags >> kDebitItemsShift & 3;
    const unsigned credit_code = flags >> kCreditItemsShift & 3;
    const bool one_sum = ((flags & kFlagDebit) != 0) != ((flags & kFlagCredit) != 0);
    const bool usual = one_sum && debit_code < 3 && credit_code < 3 && (flags & kFlagReserved) == 0;
    const unsigned counts = debit_code / 2 + credit_code / 2;
    table[flags] = {!usual        ? ~std::uint64_t{0}
                    : counts == 0 ? 0U
                    : counts == 1 ? 0x80U
                                  : 0x8080U,
                    counts, (flags & kFlagCents) != 0 ? 100 : 1};
  }
  return table;
}
inline constexpr std::array<UsualFlags, 256> kUsualFlags = usual_flags();

// read_usual_body reads a usual entry's net amount from the word of its bytes from the flags on, of
// which the lowest seven count. It returns their number, kNotUsual where the entry is not.
inline constexpr std::size_t kNotUsual = ~std::size_t{0} / 2;  // more than a profile has
[[gnu::always_inline]] inline std::size_t read_usual_body(std::uint64_t word, std::int64_t& net) noexcept {
  const UsualFlags& flags = kUsualFlags[word & 0xff];
  const std::uint64_t stops = ~word & (kEighthBits >> 8 & ~std::uint64_t{0xff});
  if (stops == 0) [[unlikely]]
    return kNotUsual;
  const auto last_bit = static_cast<unsigned>(std::countr_zero(stops));  // of the sum
  if ((~(stops >> last_bit >> 1) & flags.count_stops) != 0) [[unlikely]]
    return kNotUsual;
  // At most 42 bits: times 100 still fits 64.
  net = from_zigzag(pack_groups((word & up_to_lowest(stops) & ~kEighthBits) >> 8)) * flags.scale;
  return (last_bit + 1) / 8 + flags.counts;
}

// read_usual_net reads the net amount of an entry whose bytes fit one word, without a branch that
// depends on the data; like read_usual, but two items due on one day are usual here.
[[gnu::always_inline]] inline bool read_usual_net(Cursor& cursor, Date& date, std::int64_t& net) noexcept {
  const std::uint64_t word = cursor.peek();
  const unsigned step = word & 0xff;
  if (step - 1 >= 0x7f || date > kMaxDate - 0x7f) [[unlikely]]
    return false;
  const std::size_t size = read_usual_body(word >> 8, net) + 1;
  if (size > cursor.left()) [[unlikely]]
    return false;
  date += static_cast<Date>(step);
  cursor.at += size;
  return true;
}

// read_first_net is the same for the first entry, which begins with its date.
[[gnu::always_inline]] inline bool read_first_net(Cursor& cursor, Date& date, std::int64_t& net) noexcept {
  Cursor behind = cursor;
  std::uint64_t raw = 0;
  if (!read_short_varint(behind, raw)) return false;
  const std::int64_t value = from_zigzag(raw);
  const std::size_t size = read_usual_body(behind.peek() & ~std::uint64_t{0} >> 8, net);
  if (value < kMinDate || value > kMaxDate || size > behind.left()) return false;
  date = static_cast<Date>(value);
  cursor.at = behind.at + size;
  return true;
}

// read_entry reads any entry; entry.date holds the date of the entry before, or kBeforeFirst. It
// returns where the next one begins. Not a cursor by reference: that would not stay in registers.
const std::uint8_t* read_entry(const std::uint8_t* at, const std::uint8_t* end, ProfileEntry& entry);

// decode_entry is read_entry with the usual case inline.
[[gnu::always_inline]] inline void decode_entry(Cursor& cursor, ProfileEntry& entry) {
  UsualEntry usual{};
  if (read_usual(cursor, entry.date, usual)) [[likely]] {
    const std::int64_t debit_mask = -static_cast<std::int64_t>(usual.flags & kFlagDebit);
    entry.debit = usual.sum & debit_mask;
    entry.credit = usual.sum & ~debit_mask;
    entry.debit_items = usual.flags >> kDebitItemsShift & 1;
    entry.credit_items = usual.flags >> kCreditItemsShift & 1;
    return;
  }
  ProfileEntry other{.date = entry.date};
  cursor.at = read_entry(cursor.at, cursor.end, other);
  entry = other;
}

// read_net reads an entry of which only the net amount is wanted, and advances date. True: the amount is in
// net. False: it is an unusual entry, which is in other.
[[gnu::always_inline]] inline bool read_net(Cursor& cursor, Date& date, std::int64_t& net,
                                            ProfileEntry& other) {
  const bool usual =
      date == kBeforeFirst ? read_first_net(cursor, date, net) : read_usual_net(cursor, date, net);
  if (usual) [[likely]]
    return true;
  other.date = date;
  cursor.at = read_entry(cursor.at, cursor.end, other);
  date = other.date;
  return false;
}

// open_profile checks the version and the count against the bytes that are left; the cursor stands at
// the first entry. By value: a cursor whose address is taken does not stay in registers.
struct OpenProfile {
  Cursor cursor;
  std::uint64_t count;
};
OpenProfile open_profile(Bytes profile);

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
