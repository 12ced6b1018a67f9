// Accumulator of profile entries. Core zone.
#include "search_assign/core/maturity_accumulator.hpp"

#include <algorithm>

#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

using codec::add_entry;

bool earlier(const ProfileEntry& a, const ProfileEntry& b) noexcept { return a.date < b.date; }

// find gives the sorted entry of a date or nullptr.
ProfileEntry* find(ProfileAccumulator& state, Date date) noexcept {
  for (std::size_t at = state.hint; at < state.sorted && at < state.hint + 2; ++at) {
    if (state.entries[at].date == date) {
      state.hint = at;
      return state.entries + at;
    }
  }
  ProfileEntry* const end = state.entries + state.sorted;
  ProfileEntry* const found = std::lower_bound(
      state.entries, end, date, [](const ProfileEntry& entry, Date wanted) { return entry.date < wanted; });
  state.hint = static_cast<std::size_t>(found - state.entries);
  return found != end && found->date == date ? found : nullptr;
}

}  // namespace

bool accumulate(ProfileAccumulator& state, const ProfileEntry& entry) {
  if (ProfileEntry* const found = find(state, entry.date); found != nullptr) {
    add_entry(*found, entry);
    return true;
  }
  if (state.used == state.capacity) return false;
  // A date after all others needs no sorting as long as nothing unsorted lies before it.
  const bool in_order = state.used == state.sorted && state.hint == state.sorted;
  state.entries[state.used++] = entry;
  if (in_order) state.sorted = state.used;
  return true;
}

bool accumulate_profile(ProfileAccumulator& state, Bytes profile, std::size_t& done) {
  ProfileReader reader(profile);
  ProfileEntry entry;
  for (std::size_t number = 0; reader.next(entry); ++number) {
    if (number < done) continue;
    if (!accumulate(state, entry)) return false;
    ++done;
  }
  return true;
}

void compact(ProfileAccumulator& state) {
  ProfileEntry* const begin = state.entries;
  ProfileEntry* const end = begin + state.used;
  std::sort(begin + state.sorted, end, earlier);
  std::inplace_merge(begin, begin + state.sorted, end, earlier);
  state.sorted = state.used;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < state.used;) {
    ProfileEntry merged = begin[at++];
    for (; at < state.used && begin[at].date == merged.date; ++at) add_entry(merged, begin[at]);
    if (!merged.is_zero()) begin[kept++] = merged;
  }
  state.used = state.sorted = kept;
  state.hint = 0;
}

}  // namespace search_assign::core
