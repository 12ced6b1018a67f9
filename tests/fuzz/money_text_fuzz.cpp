// Any text as an amount and as a date: it is read or refused, and what is read comes back from its own text.
#include "fuzz.hpp"
#include "search_assign/core/money.hpp"

using namespace search_assign::core;
using search_assign::fuzz::check;
using search_assign::fuzz::Parts;
using search_assign::fuzz::text_of;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of({data, size});
  Sum sum = 0;
  if (sum_from_text(text, sum)) {
    Sum again = 0;
    check(sum_from_text(sum_to_text(sum), again) && again == sum);
  }
  Date date = 0;
  if (date_from_text(text, date)) {
    check(date >= kMinDate && date <= kMaxDate);
    Date again = 0;
    check(date_from_text(date_to_text(date), again) && again == date);
  }
  // And from any number.
  Parts parts(data, size);
  sum = static_cast<Sum>(static_cast<unsigned __int128>(parts.number(8)) << 64 | parts.number(8));
  Sum again = 0;
  check(sum_from_text(sum_to_text(sum), again) && again == sum);
  date = static_cast<Date>(parts.number(4));
  if (date >= kMinDate && date <= kMaxDate) {
    Date back = 0;
    check(date_from_text(date_to_text(date), back) && back == date);
  }
  return 0;
}
