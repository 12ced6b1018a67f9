// Turnover and payment behaviour. Core zone. Tests: tests/unit/activity_test.cpp.
#include "search_assign/core/activity.hpp"

#include "search_assign/core/calendar.hpp"
#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

constexpr std::int32_t kMonthsBefore = 6;

struct Weighted {
  Sum paid = 0;
  Sum paid_times_days = 0;
};

Weighted payments_of_window(Bytes payments, Date as_of) {
  const Date first = add_months(month_start(as_of), -kMonthsBefore);
  const Date after = add_months(month_start(as_of), 1);
  Weighted weighted;
  ProfileReader reader(payments);
  for (ProfileEntry entry; reader.next(entry) && entry.date < after;)
    if (entry.date >= first) {
      codec::add_sum(weighted.paid, entry.debit);
      codec::add_sum(weighted.paid_times_days, entry.credit);
    }
  return weighted;
}

Sum divide_rounded(Sum numerator, Sum denominator) {  // denominator > 0; half away from zero
  const Sum quotient = numerator / denominator;
  const Sum rest = numerator % denominator;  // of the numerator's sign
  const Sum distance = rest < 0 ? -rest : rest;
  if (distance < denominator - distance) return quotient;
  return numerator < 0 ? quotient - 1 : quotient + 1;
}

template <class Wanted>
bool last_date(Bytes profile, Date& date, Wanted wanted) {
  bool found = false;
  ProfileReader reader(profile);
  for (ProfileEntry entry; reader.next(entry);)
    if (wanted(entry)) {
      date = entry.date;
      found = true;
    }
  return found;
}

}  // namespace

Sum sales_12m(Bytes sales, Date as_of) {
  const Date after = add_months(as_of, -12);
  Sum sum = 0;
  ProfileReader reader(sales);
  for (ProfileEntry entry; reader.next(entry) && entry.date <= as_of;)
    if (entry.date > after) {
      codec::add_sum(sum, entry.debit);
      codec::add_sum(sum, entry.credit);
    }
  return sum;
}

bool last_invoice_on(Bytes sales, Date& date) {
  return last_date(sales, date, [](const ProfileEntry& entry) { return entry.debit_items > 0; });
}

bool last_payment_on(Bytes payments, Date& date) {
  return last_date(payments, date,
                   [](const ProfileEntry& entry) { return entry.debit_items > 0 || entry.credit_items > 0; });
}

bool average_days_late(Bytes payments, Date as_of, Sum& days_late) {
  const Weighted weighted = payments_of_window(payments, as_of);
  if (weighted.paid <= 0) return false;
  Sum scaled = 0;
  if (__builtin_mul_overflow(weighted.paid_times_days, Sum{kAmountScale}, &scaled))
    codec::throw_sum_overflow();
  days_late = divide_rounded(scaled, weighted.paid);
  return true;
}

bool whole_days_late(Bytes payments, Date as_of, std::int64_t& days) {
  const Weighted weighted = payments_of_window(payments, as_of);
  if (weighted.paid <= 0) return false;
  days = static_cast<std::int64_t>(divide_rounded(weighted.paid_times_days, weighted.paid));
  return true;
}

}  // namespace search_assign::core
