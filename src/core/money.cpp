// Text forms of money and dates: exact, locale-free, without allocation beyond the result.
// Core zone.
#include "search_assign/core/money.hpp"

#include <algorithm>

#include "search_assign/core/calendar.hpp"

namespace search_assign::core {
namespace {

__extension__ using Magnitude = unsigned __int128;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

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
  const CivilDate civil = civil_from_date(date);
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
  const Date found = date_from_civil(static_cast<std::int32_t>(year), static_cast<std::int32_t>(month),
                                     static_cast<std::int32_t>(day));
  if (found < kMinDate || found > kMaxDate) return false;
  const CivilDate back = civil_from_date(found);  // 30 February comes back as another day
  if (back.year != year || back.month != month || back.day != day) return false;
  date = found;
  return true;
}

}  // namespace search_assign::core
