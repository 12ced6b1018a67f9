// Accumulator of profile entries: the state of the profile aggregates. A sorted part, looked
// up and added to in place, and behind it new dates in the order they came, which compact()
// sorts in. The storage is the caller's (a memory context's in the backend), so that the
// struct may live where no destructor would run.
//
// Used by src/pg/maturity_aggregate.cpp; tests: tests/unit/maturity_profile_test.cpp.
#pragma once

#include <cstddef>

#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::core {

struct ProfileAccumulator {
  ProfileEntry* entries;  // 16-byte aligned
  std::size_t capacity;
  std::size_t used;
  std::size_t sorted;  // the first `sorted` entries are sorted and unique
  std::size_t hint;    // where the last entry was found: input often comes in date order
};

// accumulate adds one entry. False: no room; call compact, then give it more if
// more than half is still used (nothing has been added).
bool accumulate(ProfileAccumulator& state, const ProfileEntry& entry);

// accumulate_profile adds a profile's entries from the one with number `done` on, and counts
// done up; false as above, to be called again with the same done.
bool accumulate_profile(ProfileAccumulator& state, Bytes profile, std::size_t& done);

// compact sorts, merges equal dates and drops zero entries.
void compact(ProfileAccumulator& state);

}  // namespace search_assign::core
