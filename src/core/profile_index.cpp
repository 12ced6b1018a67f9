// Profile index. Core zone. Tests: tests/unit/profile_index_test.cpp (against maturity_profile.hpp).
#include "search_assign/core/profile_index.hpp"

#include <algorithm>

#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {

std::size_t index_bytes(std::size_t entries) noexcept {
  return (entries + 1) * (sizeof(Sum) + sizeof(std::int64_t) + sizeof(Date));
}

void build_index(Bytes profile, void* memory, ProfileIndex& index) {
  ProfileReader reader(profile);
  const std::size_t room = static_cast<std::size_t>(reader.entry_count()) + 1;
  auto* net_before = static_cast<Sum*>(memory);
  auto* items_before = reinterpret_cast<std::int64_t*>(net_before + room);
  auto* dates = reinterpret_cast<Date*>(items_before + room);
  index = {0, dates, net_before, items_before, 0, false, 0};
  Sum net = 0;
  std::int64_t items = 0;
  for (ProfileEntry entry; reader.next(entry); ++index.count) {
    dates[index.count] = entry.date;
    net_before[index.count] = net;
    items_before[index.count] = items;
    codec::add_sum(net, entry.debit);
    codec::add_sum(net, entry.credit);
    codec::add_items(items, entry.debit_items);
    codec::add_items(items, entry.credit_items);
    codec::add_sum(index.credits, entry.credit);
    if (!index.has_debit && (entry.debit != 0 || entry.debit_items != 0)) {
      index.has_debit = true;
      index.oldest_debit = entry.date;
    }
  }
  net_before[index.count] = net;
  items_before[index.count] = items;
}

std::size_t first_due_from(const ProfileIndex& index, std::int64_t date) noexcept {
  return static_cast<std::size_t>(std::lower_bound(index.dates, index.dates + index.count, date) -
                                  index.dates);
}

Sum total(const ProfileIndex& index) noexcept { return index.net_before[index.count]; }

Sum overdue(const ProfileIndex& index, Date as_of, std::int32_t days) noexcept {
  return index.net_before[first_due_from(index, std::int64_t{as_of} - days)];
}

Sum overdue_between(const ProfileIndex& index, Date as_of, std::int32_t from_days,
                    std::int32_t to_days) noexcept {
  return index.net_before[first_due_from(index, std::int64_t{as_of} - from_days + 1)] -
         index.net_before[first_due_from(index, std::int64_t{as_of} - to_days)];
}

Sum not_due(const ProfileIndex& index, Date as_of) noexcept {
  return total(index) - index.net_before[first_due_from(index, as_of)];
}

Sum due_within(const ProfileIndex& index, Date as_of, std::int32_t days) noexcept {
  return index.net_before[first_due_from(index, std::int64_t{as_of} + days + 1)] -
         index.net_before[first_due_from(index, as_of)];
}

std::int64_t item_count(const ProfileIndex& index) noexcept { return index.items_before[index.count]; }

std::int64_t overdue_item_count(const ProfileIndex& index, Date as_of) noexcept {
  return index.items_before[first_due_from(index, as_of)];
}

}  // namespace search_assign::core
