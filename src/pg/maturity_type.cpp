// SQL type maturity_profile: input and output, equality, hash, + and -. Backend zone.
// The work is core/maturity_profile.hpp's; SQL: sql/install/10_maturity.sql.
#include "search_assign/pg/maturity.hpp"

extern "C" {
#include "common/hashfn.h"
#include "libpq/pqformat.h"
}

namespace search_assign::pg {

struct varlena* profile_arg(Datum value) {
  return PG_DETOAST_DATUM_PACKED(value);
}

core::Bytes profile_bytes(struct varlena* detoasted) {
  return {reinterpret_cast<const std::uint8_t*>(VARDATA_ANY(detoasted)), VARSIZE_ANY_EXHDR(detoasted)};
}

Datum profile_datum(core::Bytes encoded) {
  const Size size = VARHDRSZ + encoded.size();
  auto* result = static_cast<struct varlena*>(palloc(size));
  SET_VARSIZE(result, size);
  memcpy(VARDATA(result), encoded.data(), encoded.size());
  return PointerGetDatum(result);
}

std::uint64_t profile_entries(core::Bytes profile) {
  std::uint64_t entries = 0;
  compute([&] { entries = core::entry_count(profile); });
  return entries;
}

namespace {

core::Bytes bytes_argument(FunctionCallInfo fcinfo, int number) {
  return profile_bytes(profile_arg(PG_GETARG_DATUM(number)));
}

// combine returns a + sign * b.
Datum combine(FunctionCallInfo fcinfo, int sign) {
  const core::Bytes b = bytes_argument(fcinfo, 1);
  // Unqualified = receivables - qualified, and hardly a customer has qualified items.
  if (b.size() == core::empty_profile().size() && core::is_empty(b)) return PG_GETARG_DATUM(0);
  const core::Bytes a = bytes_argument(fcinfo, 0);
  return build_profile(profile_entries(a) + profile_entries(b),
                       [&](std::uint8_t* out) { return core::combine_to(a, b, sign, out); });
}

bool equal_arguments(FunctionCallInfo fcinfo) {
  struct varlena* const a = profile_arg(PG_GETARG_DATUM(0));
  struct varlena* const b = profile_arg(PG_GETARG_DATUM(1));
  const core::Bytes left = profile_bytes(a);
  const core::Bytes right = profile_bytes(b);
  // The encoding is canonical: equal profiles are equal bytes.
  const bool equal = left.size() == right.size() && memcmp(left.data(), right.data(), left.size()) == 0;
  PG_FREE_IF_COPY(a, 0);
  PG_FREE_IF_COPY(b, 1);
  return equal;
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

SA_FUNCTION(sa_maturity_profile_in) {
  const std::string_view input = PG_GETARG_CSTRING(0);
  // 'YYYY-MM-DD:0:0:0:0' is the shortest entry, which bounds their number before any is read.
  constexpr std::size_t kShortestEntry = 18;
  PG_RETURN_DATUM(pg::build_profile(input.size() / kShortestEntry + 1, [&](std::uint8_t* out) {
    core::EncodedProfile profile;
    core::from_text(input, profile);
    memcpy(out, profile.data(), profile.size());
    return profile.size();
  }));
}

SA_FUNCTION(sa_maturity_profile_out) {
  const core::Bytes profile = pg::bytes_argument(fcinfo, 0);
  // A date has at most 13 characters, a sum 41, a count 20; with the separators 140 an entry.
  constexpr std::size_t kLongestEntry = 140;
  const Size room = pg::profile_entries(profile) * kLongestEntry + 3;
  auto* result = static_cast<char*>(palloc(room));
  pg::compute([&] {
    const std::string output = core::to_text(profile);
    result[output.copy(result, room - 1)] = '\0';
  });
  PG_RETURN_CSTRING(result);
}

SA_FUNCTION(sa_maturity_profile_recv) {
  auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  const int size = message->len - message->cursor;
  const core::Bytes encoded{reinterpret_cast<const std::uint8_t*>(pq_getmsgbytes(message, size)),
                            static_cast<std::size_t>(size)};
  pg::compute([&] { core::validate(encoded); });
  PG_RETURN_DATUM(pg::profile_datum(encoded));
}

SA_FUNCTION(sa_maturity_profile_send) {
  const core::Bytes profile = pg::bytes_argument(fcinfo, 0);
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendbytes(&message, reinterpret_cast<const char*>(profile.data()), static_cast<int>(profile.size()));
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

SA_FUNCTION(sa_maturity_profile_eq) { PG_RETURN_BOOL(pg::equal_arguments(fcinfo)); }

SA_FUNCTION(sa_maturity_profile_ne) { PG_RETURN_BOOL(!pg::equal_arguments(fcinfo)); }

SA_FUNCTION(sa_maturity_profile_hash) {
  struct varlena* const value = pg::profile_arg(PG_GETARG_DATUM(0));
  const core::Bytes profile = pg::profile_bytes(value);
  const Datum hash = UInt32GetDatum(hash_bytes(profile.data(), static_cast<int>(profile.size())));
  PG_FREE_IF_COPY(value, 0);
  PG_RETURN_DATUM(hash);
}

SA_FUNCTION(sa_maturity_profile_hash_extended) {
  struct varlena* const value = pg::profile_arg(PG_GETARG_DATUM(0));
  const core::Bytes profile = pg::profile_bytes(value);
  const auto seed = static_cast<uint64>(PG_GETARG_INT64(1));
  const uint64 hash = hash_bytes_extended(profile.data(), static_cast<int>(profile.size()), seed);
  PG_FREE_IF_COPY(value, 0);
  PG_RETURN_UINT64(hash);
}

SA_FUNCTION(sa_maturity_profile_add) { PG_RETURN_DATUM(pg::combine(fcinfo, 1)); }

SA_FUNCTION(sa_maturity_profile_subtract) { PG_RETURN_DATUM(pg::combine(fcinfo, -1)); }
