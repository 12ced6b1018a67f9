// The bytes of a numeric, and the fast way to read one. Backend zone, and free of errors: what is
// unusual is left to amount_from_numeric.
//
// numeric's base is 10000 and money has four decimals, so one numeric digit behind the point is
// exactly money's fraction. The layout is on disk since 9.1, yet it is no interface: numeric.cpp
// checks it against values that the server made before anything here is believed.
#pragma once

#include "search_assign/core/money.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// The 16-bit header: short form (weight inside) or long form (a weight follows), or special.
inline constexpr unsigned kNumericFormMask = 0xC000;
inline constexpr unsigned kNumericShort = 0x8000;
inline constexpr unsigned kNumericSpecial = 0xC000;
inline constexpr unsigned kNumericLongNegative = 0x4000;
inline constexpr unsigned kNumericShortNegative = 0x2000;
inline constexpr unsigned kNumericShortScaleShift = 7;
inline constexpr unsigned kNumericShortWeightNegative = 0x0040;
inline constexpr unsigned kNumericShortWeightMask = 0x003F;
inline constexpr int kNumericBase = 10'000;
static_assert(kNumericBase == core::kAmountScale);

inline std::uint16_t load16(const char* bytes) noexcept {
  std::uint16_t value = 0;
  memcpy(&value, bytes, sizeof value);
  return value;
}

// numeric_layout_is_known is false until numeric.cpp has found the layout to be the expected one.
extern bool numeric_layout_is_known;

// usual_amount reads what nearly all amounts are: 0, or a numeric in short form that lies in its row,
// of one to four digits, at most one of them behind the point and at most three before it. These are
// below a million million: nothing can be out of range. False: read it with amount_from_numeric.
[[gnu::always_inline]] inline bool usual_amount(Datum numeric, core::Amount& amount) noexcept {
  constexpr unsigned kMostDigits = 4;
  constexpr unsigned kMostWeight = 2;
  const auto* const value = reinterpret_cast<const struct varlena*>(DatumGetPointer(numeric));
  // A pointer to a toasted value has a length of 0 here, and 0 - 1 - 2 is too many digits.
  unsigned digit_bytes = 0;
  const char* bytes = nullptr;
  if (likely(VARATT_IS_1B(value))) {
    digit_bytes = VARSIZE_1B(value) - VARHDRSZ_SHORT - 2U;
    bytes = VARDATA_1B(value);
  } else if (VARATT_IS_4B_U(value)) {
    digit_bytes = VARSIZE_4B(value) - VARHDRSZ - 2U;
    bytes = VARDATA_4B(value);
  } else {
    return false;
  }
  if (unlikely(digit_bytes > 2 * kMostDigits || !numeric_layout_is_known)) return false;
  const unsigned header = load16(bytes);
  // A negative weight is a large one here.
  const unsigned weight = header & (kNumericShortWeightNegative | kNumericShortWeightMask);
  if (unlikely((header & kNumericFormMask) != kNumericShort || weight > kMostWeight)) return false;
  const unsigned digits = digit_bytes / 2;
  if (digits == 0) {
    amount = 0;
    return true;
  }
  const unsigned fraction = digits - 1 - weight;
  if (unlikely(fraction > 1)) return false;
  core::Amount magnitude = load16(bytes + 2);
  for (unsigned i = 1; i < digits; ++i) magnitude = magnitude * kNumericBase + load16(bytes + 2 + 2 * i);
  if (fraction == 0) magnitude *= kNumericBase;
  const auto negative = static_cast<core::Amount>((header & kNumericShortNegative) != 0);
  amount = (magnitude ^ -negative) + negative;
  return true;
}

}  // namespace search_assign::pg
