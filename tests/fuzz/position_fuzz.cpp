// Any bytes as a customer's stored position, and ledger deltas of any figures on it: they are applied or
// refused, and what was applied to a valid position can be taken back.
#include <vector>

#include "fuzz.hpp"
#include "search_assign/core/assignment.hpp"
#include "search_assign/core/ledger_delta.hpp"

using namespace search_assign::core;
using search_assign::fuzz::check;
using search_assign::fuzz::Parts;
using search_assign::fuzz::succeeds;

namespace {

constexpr std::size_t kMostDeltas = 40;

// What the ledger's rows can hold: amounts and dates are bounded by the time they get here.
Date any_date(Parts& parts) {
  const auto raw = static_cast<std::int64_t>(parts.number(4));
  return static_cast<Date>(kMinDate + raw % (std::int64_t{kMaxDate} - kMinDate + 1));
}

Delta any_delta(Parts& parts) {
  const std::uint64_t bits = parts.number(2);
  Delta delta{};
  delta.customer_id = 1;
  delta.facet = static_cast<Facet>(bits % 8);
  delta.sign = (bits & 0x100) != 0 ? 1 : -1;
  delta.side = static_cast<std::uint8_t>(bits >> 9 & 1);
  delta.amount = static_cast<Amount>(parts.number(8)) % kMaxAmount;
  delta.date = any_date(parts);
  delta.aux = delta.facet == Facet::Promises && (bits & 0x400) != 0 ? kNoDate : any_date(parts);
  if (delta.facet == Facet::Payments) delta.aux = delta.aux % 4'000'000;
  return delta;
}

PositionFacets facets_of(const PositionFacets& before, const PositionBuffers& after) {
  PositionFacets facets = before;
  for (std::size_t i = 0; i < kProfileFacets; ++i)
    if (after.profile_changed[i]) facets.profiles[i] = after.profiles[i];
  if (after.promises_changed) facets.promises = after.promises;
  facets.contact_emails = after.contact_emails;
  facets.contact_phones = after.contact_phones;
  return facets;
}

bool valid_profiles(const PositionFacets& facets) {
  for (const Bytes profile : facets.profiles)
    if (!succeeds({ErrorKind::BinaryUnreadable}, [&] { validate(profile); })) return false;
  return true;
}

bool same_profiles(const PositionFacets& a, const PositionFacets& b) {
  for (std::size_t i = 0; i < kProfileFacets; ++i)
    if (!std::equal(a.profiles[i].begin(), a.profiles[i].end(), b.profiles[i].begin(), b.profiles[i].end()))
      return false;
  return true;
}

bool apply(const PositionFacets& facets, std::vector<Delta> deltas, PositionBuffers& out) {
  return succeeds({ErrorKind::DataCorrupted, ErrorKind::AmountOutOfRange},
                  [&] { apply_deltas(facets, {}, deltas, out); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Parts parts(data, size);
  PositionFacets facets;
  for (Bytes& profile : facets.profiles) {
    profile = parts.part();
    if (profile.empty()) profile = empty_profile();
  }
  facets.promises = parts.part();
  facets.contact_emails = static_cast<std::int32_t>(parts.number(2));
  facets.contact_phones = static_cast<std::int32_t>(parts.number(2));
  std::vector<Delta> deltas;
  while (!parts.empty() && deltas.size() < kMostDeltas) deltas.push_back(any_delta(parts));
  const bool valid = valid_profiles(facets);

  PositionBuffers applied;
  if (!apply(facets, deltas, applied)) return 0;
  const PositionFacets after = facets_of(facets, applied);
  EncodedProfile promised_part;
  succeeds({ErrorKind::DataCorrupted, ErrorKind::AmountOutOfRange},
           [&] { promised(after.promises, deltas.empty() ? 0 : deltas[0].date, promised_part); });
  if (!valid) return 0;
  check(valid_profiles(after));
  for (Delta& delta : deltas) delta.sign = static_cast<std::int8_t>(-delta.sign);
  PositionBuffers back;
  if (apply(after, deltas, back)) check(same_profiles(facets_of(after, back), facets));
  return 0;
}
