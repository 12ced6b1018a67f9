// Text forms of money and dates: exact, locale-free, without allocation beyond the result.
// Core zone.
#include "search_assign/core/money.hpp"

#include <algorithm>
#include <limits>

namespace search_assign::core {
namespace {

__extension__ using Magnitude = unsigned __int128;

constexpr std::int64_t kEpochShift = 730'425;  // days from 0000-03-01 to 2000-01-01
constexpr std::int64_t kDaysPerEra = 146'097;  // 400 Gregorian years

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// days_from_civil counts days since 2000-01-01. Years run from March, so that the leap day
// is the last of its year.
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) noexcept {
  const std::int64_t shifted = month > 2 ? year : year - 1;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const std::int64_t year_of_era = shifted - era * 400;
  const int month_from_march = (month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  return era * kDaysPerEra + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         kEpochShift;
}
static_assert(days_from_civil(2000, 1, 1) == 0 && days_from_civil(1999, 12, 31) == -1);
static_assert(days_from_civil(-4713, 11, 24) == kMinDate && days_from_civil(5874897, 12, 31) == kMaxDate);

struct Civil {
  std::int64_t year;
  int month;
  int day;
};

constexpr Civil civil_from_days(std::int64_t days) noexcept {
  const std::int64_t shifted = days + kEpochShift;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - (kDaysPerEra - 1)) / kDaysPerEra;
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month_from_march = static_cast<int>((5 * day_of_year + 2) / 153);
  const auto day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}
static_assert(civil_from_days(59).month == 2 && civil_from_days(59).day == 29);

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

// read_number reads 1 to max_digits digits.
bool read_number(std::string_view& text, std::size_t min_digits, std::size_t max_digits,
                 std::int64_t& value) {
  std::size_t length = 0;
  value = 0;
  while (length < text.size() && is_digit(text[length])) {
    if (length == max_digits) return false;
    value = value * 10 + (text[length++] - '0');
  }
  text.remove_prefix(length);
  return length >= min_digits;
}

bool read_dash(std::string_view& text) {
  if (text.empty() || text.front() != '-') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string sum_to_text(Sum value) {
  Magnitude magnitude = value < 0 ? ~static_cast<Magnitude>(value) + 1 : static_cast<Magnitude>(value);
  char buffer[48];
  char* at = buffer + sizeof buffer;
  for (int written = 0; magnitude != 0 || written <= kAmountDecimals; ++written) {
    if (written == kAmountDecimals) *--at = '.';
    *--at = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  }
  if (value < 0) *--at = '-';
  return {at, buffer + sizeof buffer};
}

bool sum_from_text(std::string_view text, Sum& value) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = point < text.size() ? text.substr(point + 1) : std::string_view("0");
  if (whole.empty() || decimals.empty() || decimals.size() > kAmountDecimals) return false;

  Sum result = 0;  // built on the negative side, which is one larger
  const auto append = [&result](int digit) {
    return !__builtin_mul_overflow(result, Sum{10}, &result) &&
           !__builtin_sub_overflow(result, Sum{digit}, &result);
  };
  for (const char c : whole) {
    if (!is_digit(c) || !append(c - '0')) return false;
  }
  for (std::size_t i = 0; i < kAmountDecimals; ++i) {
    const char c = i < decimals.size() ? decimals[i] : '0';
    if (!is_digit(c) || !append(c - '0')) return false;
  }
  if (!negative && __builtin_sub_overflow(Sum{0}, result, &result)) return false;
  value = result;
  return true;
}

std::string date_to_text(Date date) {
  const Civil civil = civil_from_days(date);
  std::string out;
  if (civil.year < 0) out += '-';
  append_padded(out, civil.year < 0 ? -civil.year : civil.year, 4);
  out += '-';
  append_padded(out, civil.month, 2);
  out += '-';
  append_padded(out, civil.day, 2);
  return out;
}

bool date_from_text(std::string_view text, Date& date) {
  const bool before_christ = read_dash(text);
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (!read_number(text, 4, 7, year) || !read_dash(text) || !read_number(text, 2, 2, month) ||
      !read_dash(text) || !read_number(text, 2, 2, day) || !text.empty()) {
    return false;
  }
  if (before_christ) year = -year;
  if (month < 1 || month > 12 || day < 1) return false;
  const std::int64_t days = days_from_civil(year, static_cast<int>(month), static_cast<int>(day));
  if (days < kMinDate || days > kMaxDate) return false;
  const Civil back = civil_from_days(days);  // 30 February comes back as another day
  if (back.year != year || back.month != month || back.day != day) return false;
  date = static_cast<Date>(days);
  return true;
}

}  // namespace search_assign::core
