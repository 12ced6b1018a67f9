// SQL type maturity_profile in the backend: a varlena whose payload is the encoded profile.
#pragma once

#include "search_assign/core/maturity_profile.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// profile_arg detoasts (or flattens) a profile; the result may have a short header.
struct varlena* profile_arg(Datum value);

// profile_bytes is the payload of what profile_arg returned.
core::Bytes profile_bytes(struct varlena* detoasted);

// profile_datum copies encoded bytes into a new datum in the current memory context.
Datum profile_datum(core::Bytes encoded);

// profile_entries is the number of entries; XX001 for a damaged value.
std::uint64_t profile_entries(core::Bytes profile);

// build_profile makes a datum of what fill writes. fill(uint8_t* out) is core-zone work that
// writes at most encoded_bound(entries) bytes and returns their number.
template <class Fill>
Datum build_profile(std::uint64_t entries, Fill&& fill) {
  constexpr Size kOnStack = 4096;
  std::uint8_t local[kOnStack];
  const Size bound = core::encoded_bound(entries);
  std::uint8_t* const scratch = bound <= kOnStack ? local : static_cast<std::uint8_t*>(palloc(bound));
  Size size = 0;
  compute([&] { size = fill(scratch); });
  const Datum result = profile_datum({scratch, size});
  if (scratch != local) pfree(scratch);
  return result;
}

}  // namespace search_assign::pg
