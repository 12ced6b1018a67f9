// Profile index: a profile decoded once into running sums by date, so that each further question
// about it costs a binary search. A decision asks many questions of one profile.
#pragma once

#include <cstddef>

#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::core {

// The arrays lie in memory of the caller. before[i] sums the entries ahead of entry i; before[count] sums
// all.
struct ProfileIndex {
  std::size_t count = 0;
  const Date* dates = nullptr;
  const Sum* net_before = nullptr;
  const std::int64_t* items_before = nullptr;
  Sum credits = 0;
  bool has_debit = false;
  Date oldest_debit = 0;
};

// index_bytes is the memory that build_index needs for that many entries, aligned as Sum.
std::size_t index_bytes(std::size_t entries) noexcept;
void build_index(Bytes profile, void* memory, ProfileIndex& index);

// The questions; their meaning is that of the functions of the same name in maturity_profile.hpp; days >= 0.
// first_due_from is the number of entries dated before a date.
std::size_t first_due_from(const ProfileIndex& index, std::int64_t date) noexcept;
Sum total(const ProfileIndex& index) noexcept;
Sum overdue(const ProfileIndex& index, Date as_of, std::int32_t days) noexcept;
Sum overdue_between(const ProfileIndex& index, Date as_of, std::int32_t from_days,
                    std::int32_t to_days) noexcept;
Sum not_due(const ProfileIndex& index, Date as_of) noexcept;
Sum due_within(const ProfileIndex& index, Date as_of, std::int32_t days) noexcept;
std::int64_t item_count(const ProfileIndex& index) noexcept;
std::int64_t overdue_item_count(const ProfileIndex& index, Date as_of) noexcept;

}  // namespace search_assign::core
