// Money is a 64-bit count of 1/10000 currency units; sums of it are 128 bits
// wide, so that no sum of storable amounts can overflow. Never floating point.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace search_assign::core {

using Amount = std::int64_t;         // 1/10000 of the currency unit
__extension__ using Sum = __int128;  // the same unit, summed

inline constexpr int kAmountDecimals = 4;
inline constexpr Amount kAmountScale = 10'000;
// Largest ledger amount, 900,000,000,000,000: fits 64 bits with four decimals.
inline constexpr Amount kMaxAmount = Amount{900'000'000'000'000} * kAmountScale;

// Days since 2000-01-01, PostgreSQL's DateADT. Infinite dates never reach the core.
using Date = std::int32_t;
inline constexpr Date kMinDate = -2'451'545;     // 4714-11-24 BC, PostgreSQL's first date
inline constexpr Date kMaxDate = 2'145'031'948;  // 5874897-12-31, its last finite one

inline constexpr Date kNoDate = std::numeric_limits<Date>::max();  // no date, or no end

// sum_to_text writes a sum as a decimal number with exactly four decimals ("-12.5000").
std::string sum_to_text(Sum value);

// sum_from_text reads what sum_to_text writes, and any plain decimal with at most four
// decimals; false where the text is not one or does not fit.
bool sum_from_text(std::string_view text, Sum& value);

// date_to_text / date_from_text: ISO dates (YYYY-MM-DD), proleptic Gregorian.
// Years before 1 or after 9999 are written and read with PostgreSQL's limits in mind:
// the year may have more than four digits; BC dates carry a leading minus (astronomical).
std::string date_to_text(Date date);
bool date_from_text(std::string_view text, Date& date);

}  // namespace search_assign::core
