// Maturity profile: the due-date distribution of a set of open items. Per date
// the debit sum, the credit sum and their counts, sorted by date. It does not
// change as time passes: every aging bucket of every day is a lookup in it.
//
// The encoded form is canonical (equal profiles are equal bytes) and is what lies
// on disk: version byte, entry count, then per entry a date step, a flag byte and
// variable-length integers. SQL face: src/pg/maturity_type.cpp, maturity_fn.cpp.
// Tests: tests/unit/maturity_profile_test.cpp, tests/regress/sql/maturity.sql.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search_assign/core/money.hpp"

namespace search_assign::core {

using Bytes = std::span<const std::uint8_t>;

struct ProfileEntry {
  Date date = 0;
  Sum debit = 0;   // sum of the positive amounts
  Sum credit = 0;  // sum of the negative amounts, so normally <= 0
  std::int64_t debit_items = 0;
  std::int64_t credit_items = 0;

  [[nodiscard]] bool is_zero() const noexcept {
    return debit == 0 && credit == 0 && debit_items == 0 && credit_items == 0;
  }
  [[nodiscard]] Sum net() const noexcept { return debit + credit; }
  friend bool operator==(const ProfileEntry&, const ProfileEntry&) = default;
};

// ProfileReader walks an encoded profile without allocating. It checks bounds at every
// step and throws Error(DataCorrupted) on damage, so it may be used on any bytes.
class ProfileReader {
 public:
  explicit ProfileReader(Bytes encoded);
  bool next(ProfileEntry& entry);  // false at the end
  [[nodiscard]] std::uint64_t entry_count() const noexcept { return count_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t last_;  // the eight bytes before end_
  std::uint64_t count_ = 0;
  std::uint64_t left_ = 0;
  Date date_ = 0;  // of the entry before
};

// An encoded profile that owns its bytes.
using EncodedProfile = std::vector<std::uint8_t>;

// The empty profile's bytes.
Bytes empty_profile() noexcept;
bool is_empty(Bytes profile);

// encode writes entries, which are sorted by date, unique and not zero.
void encode(std::span<const ProfileEntry> entries, EncodedProfile& out);
// normalize sorts entries by date, merges equal dates, drops zero entries.
void normalize(std::vector<ProfileEntry>& entries);
// merge adds sorted, normalized entries to a profile (sign +1 or -1) and encodes the result.
void merge(Bytes profile, std::span<const ProfileEntry> entries, int sign, EncodedProfile& out);
void add(Bytes a, Bytes b, EncodedProfile& out);
void subtract(Bytes a, Bytes b, EncodedProfile& out);
// out may be the vector that owns profile, a or b.

// The same into storage of the caller, for a caller that must not own C++ objects. They
// return the number of bytes written, at most encoded_bound(entries of both sides).
std::size_t encoded_bound(std::uint64_t entries) noexcept;
std::size_t encode_to(std::span<const ProfileEntry> entries, std::uint8_t* out);
std::size_t merge_to(Bytes profile, std::span<const ProfileEntry> entries, int sign, std::uint8_t* out);
std::size_t combine_to(Bytes a, Bytes b, int sign, std::uint8_t* out);  // a + sign * b
// entry_count reads the header only.
std::uint64_t entry_count(Bytes profile);

// make_entry is one item's contribution: debit or credit goes by the amount's sign.
ProfileEntry make_entry(Date date, Amount amount, int sign = 1) noexcept;

// Day-dependent sums. Days overdue = as_of - due date; due today is not overdue.
Sum total(Bytes profile);
Sum overdue(Bytes profile, Date as_of,
            std::int32_t days);  // net of entries with days overdue > days; days >= 0
Sum overdue_between(Bytes profile, Date as_of, std::int32_t from_days,
                    std::int32_t to_days);  // days overdue from..to inclusive; 1 <= from_days <= to_days
void require_overdue_days(std::int32_t from_days, std::int32_t to_days);  // throws Error(ArgumentInvalid)
Sum not_due(Bytes profile, Date as_of);
Sum due_within(Bytes profile, Date as_of,
               std::int32_t days);           // due from as_of to as_of + days inclusive; days >= 0
bool oldest_due(Bytes profile, Date& date);  // oldest date with a debit; false without one
std::int64_t item_count(Bytes profile);
std::int64_t overdue_item_count(Bytes profile, Date as_of);  // debits and credits with days overdue > 0
Sum credits(Bytes profile);                                  // sum of credits, <= 0

// Text: '{2026-01-31:1500.0000:-20.0000:3:1,...}' = date:debit:credit:debit_items:credit_items; '{}' is
// empty.
std::string to_text(Bytes profile);
void from_text(std::string_view text, EncodedProfile& out);  // throws Error(TextUnreadable)

// Wire form = the encoded form. validate throws Error(BinaryUnreadable) unless the bytes are canonical.
void validate(Bytes encoded);

}  // namespace search_assign::core
