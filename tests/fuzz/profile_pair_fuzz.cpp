// Any bytes as two stored profiles and a few entries: sums and differences end within the room that
// encoded_bound promises, agree with each other, and indexes and aging agree with the plain readers.
#include <vector>

#include "fuzz.hpp"
#include "search_assign/core/aging_schedule.hpp"
#include "search_assign/core/maturity_accumulator.hpp"
#include "search_assign/core/profile_index.hpp"

using namespace search_assign::core;
using search_assign::fuzz::check;
using search_assign::fuzz::Parts;
using search_assign::fuzz::succeeds;

namespace {

constexpr auto kDamaged = ErrorKind::DataCorrupted;
constexpr auto kOverflow = ErrorKind::AmountOutOfRange;

// Of exactly the room that the functions ask for, so that AddressSanitizer sees a byte too many.
using Room = std::vector<std::uint8_t>;

bool valid(Bytes bytes) {
  return succeeds({ErrorKind::BinaryUnreadable}, [&] { validate(bytes); });
}

// Nobody has validated these.
void combine_anything(Bytes a, Bytes b) {
  for (const int sign : {1, -1}) {
    succeeds({kDamaged, kOverflow}, [&] {
      Room room(encoded_bound(entry_count(a) + entry_count(b)));
      const std::size_t size = combine_to(a, b, sign, room.data());
      check(size <= room.size());
    });
  }
}

void combine_valid(Bytes a, Bytes b) {
  EncodedProfile sum;
  if (!succeeds({kOverflow}, [&] { add(a, b, sum); })) return;
  check(valid(sum));
  EncodedProfile other;
  add(b, a, other);
  check(other == sum);
  if (!succeeds({kOverflow}, [&] { subtract(sum, b, other); })) return;
  check(other == EncodedProfile(a.begin(), a.end()));
  Sum totals[3];
  if (succeeds({kOverflow}, [&] {
        totals[0] = total(a);
        totals[1] = total(b);
        totals[2] = total(sum);
      })) {
    Sum expected = 0;
    if (!__builtin_add_overflow(totals[0], totals[1], &expected)) check(expected == totals[2]);
  }
}

void check_index(Bytes profile, Date as_of, std::int32_t days) {
  std::vector<Sum> memory;
  ProfileIndex index;
  const bool built = succeeds({kDamaged, kOverflow}, [&] {
    memory.resize(index_bytes(entry_count(profile)) / sizeof(Sum) + 1);
    build_index(profile, memory.data(), index);
  });
  if (!built) return;
  check(index.count == entry_count(profile));
  succeeds({kOverflow}, [&] {
    check(total(index) == total(profile));
    check(credits(profile) == index.credits);
    check(item_count(index) == item_count(profile));
    Date oldest = 0;
    check(oldest_due(profile, oldest) == index.has_debit);
    if (index.has_debit) check(oldest == index.oldest_debit);
  });
  succeeds({kOverflow}, [&] { check(overdue(index, as_of, days) == overdue(profile, as_of, days)); });
  succeeds({kOverflow}, [&] { check(not_due(index, as_of) == not_due(profile, as_of)); });
  succeeds({kOverflow}, [&] { check(due_within(index, as_of, days) == due_within(profile, as_of, days)); });
  succeeds({kOverflow},
           [&] { check(overdue_item_count(index, as_of) == overdue_item_count(profile, as_of)); });
}

void check_aging(Bytes profile, Date as_of) {
  AgingSchedule schedule;
  schedule_from_text("1,30,60,2147483646", schedule);
  std::vector<BucketAmount> buckets(static_cast<std::size_t>(schedule.buckets()));
  if (!succeeds({kDamaged, kOverflow}, [&] { age_profile(profile, schedule, as_of, buckets.data()); }))
    return;
  succeeds({kOverflow}, [&] {
    Sum sum = 0;
    for (const BucketAmount& bucket : buckets)
      if (__builtin_add_overflow(sum, bucket.amount, &sum)) return;
    check(sum == total(profile));
    check(buckets[0].amount == not_due(profile, as_of));
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Parts parts(data, size);
  const auto as_of = static_cast<Date>(parts.number(4));
  const auto days = static_cast<std::int32_t>(parts.number(4) & 0x7fffffffU);
  const Bytes a = parts.part();
  const Bytes b = parts.rest();
  combine_anything(a, b);
  for (const Bytes profile : {a, b}) {
    check_index(profile, as_of, days);
    check_aging(profile, as_of);
  }
  if (valid(a) && valid(b)) combine_valid(a, b);
  return 0;
}
