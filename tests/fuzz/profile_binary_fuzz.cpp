// Any bytes as a stored maturity profile: every reader ends with a result or an Error, and what
// validate accepts is what encode writes and keeps its sums through addition and subtraction.
#include <cstdlib>

#include "search_assign/core/activity.hpp"
#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_profile.hpp"

using namespace search_assign::core;

namespace {

constexpr Date kToday = 9'667;

template <class Work>
bool succeeds(Work work) {
  try {
    work();
    return true;
  } catch (const Error&) {
    return false;
  }
}

void check(bool truth) {
  if (!truth) std::abort();
}

// Bytes that nobody has validated: a damaged row.
void read_anything(Bytes bytes) {
  Date date = 0;
  Sum days = 0;
  EncodedProfile out;
  const ProfileEntry entries[] = {make_entry(5, 1), make_entry(kToday, -7), make_entry(kToday + 1, 300)};
  succeeds([&] { (void)overdue(bytes, kToday, 30); });
  succeeds([&] { (void)oldest_due(bytes, date); });
  succeeds([&] { (void)overdue_item_count(bytes, kToday); });
  succeeds([&] { (void)credits(bytes); });
  succeeds([&] { (void)sales_12m(bytes, kToday); });
  succeeds([&] { (void)last_payment_on(bytes, date); });
  succeeds([&] { (void)average_days_late(bytes, kToday, days); });
  succeeds([&] { (void)to_text(bytes); });
  succeeds([&] { merge(bytes, entries, 1, out); });
  succeeds([&] { merge(bytes, entries, -1, out); });
  succeeds([&] { subtract(bytes, bytes, out); });
}

void check_canonical(Bytes bytes) {
  std::vector<ProfileEntry> entries;
  ProfileReader reader(bytes);
  for (ProfileEntry entry; reader.next(entry);) entries.push_back(entry);
  EncodedProfile out;
  encode(entries, out);
  check(out == EncodedProfile(bytes.begin(), bytes.end()));
  Sum sum = 0;
  if (succeeds([&] { sum = total(bytes); }))
    succeeds([&] { check(overdue(bytes, kToday, 0) + not_due(bytes, kToday) == sum); });
  const ProfileEntry one = make_entry(kToday, 12'345);
  succeeds([&] {
    merge(bytes, {&one, 1}, 1, out);
    validate(out);
    merge(out, {&one, 1}, -1, out);
    check(out == EncodedProfile(bytes.begin(), bytes.end()));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  read_anything(bytes);
  if (succeeds([&] { validate(bytes); })) check_canonical(bytes);
  return 0;
}
