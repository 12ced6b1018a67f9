// Aggregates maturity_profile(due_date, amount) and sum(maturity_profile). Backend zone.
//
// Their state has the SQL type maturity_profile itself, so that it can be sent anywhere. While
// rows come in it is an expanded object, a core::ProfileAccumulator in a memory context of its
// own, which is changed in place; it is encoded only when the server asks for the flat value.
#include "search_assign/core/maturity_accumulator.hpp"
#include "search_assign/pg/maturity.hpp"
#include "search_assign/pg/maturity_args.hpp"

extern "C" {
#include "utils/expandeddatum.h"
}

namespace search_assign::pg {
namespace {

constexpr uint32 kExpandedMagic = 0x53414D50;
constexpr Size kFirstCapacity = 8;

struct ExpandedProfile {
  ExpandedObjectHeader header;
  uint32 magic;
  core::ProfileAccumulator entries;
  void* storage;       // what entries.entries lies in: palloc aligns to 8 bytes, a 128-bit sum needs 16
  std::uint8_t* flat;  // the encoded value, nullptr after a change
  Size flat_size;
};

// make_room compacts the entries and doubles their storage where that does not free half of it.
void make_room(ExpandedProfile& profile) {
  core::ProfileAccumulator& entries = profile.entries;
  if (entries.used > 0) compute([&] { core::compact(entries); });
  if (entries.used * 2 < entries.capacity) return;
  const Size capacity = entries.capacity == 0 ? kFirstCapacity : entries.capacity * 2;
  constexpr Size kAlignment = alignof(core::ProfileEntry);
  void* const storage =
      MemoryContextAllocHuge(profile.header.eoh_context, capacity * sizeof(core::ProfileEntry) + kAlignment);
  auto* const aligned = reinterpret_cast<core::ProfileEntry*>(TYPEALIGN(kAlignment, storage));
  if (entries.used > 0) memcpy(aligned, entries.entries, entries.used * sizeof(core::ProfileEntry));
  if (profile.storage != nullptr) pfree(profile.storage);
  profile.storage = storage;
  entries.entries = aligned;
  entries.capacity = capacity;
}

void changed(ExpandedProfile& profile) {
  if (profile.flat == nullptr) return;
  pfree(profile.flat);
  profile.flat = nullptr;
}

void add_entry(ExpandedProfile& profile, const core::ProfileEntry& entry) {
  changed(profile);
  for (bool done = false; !done;) {
    compute([&] { done = core::accumulate(profile.entries, entry); });
    if (!done) make_room(profile);
  }
}

void add_profile(ExpandedProfile& profile, core::Bytes added) {
  changed(profile);
  std::size_t entries_done = 0;
  for (bool done = false; !done;) {
    compute([&] { done = core::accumulate_profile(profile.entries, added, entries_done); });
    if (!done) make_room(profile);
  }
}

Size flat_size(ExpandedObjectHeader* header) {
  auto& profile = *reinterpret_cast<ExpandedProfile*>(header);
  Assert(profile.magic == kExpandedMagic);
  if (profile.flat == nullptr) {
    core::ProfileAccumulator& entries = profile.entries;
    if (entries.used > 0) compute([&] { core::compact(entries); });
    auto* const flat = static_cast<std::uint8_t*>(
        MemoryContextAllocHuge(header->eoh_context, core::encoded_bound(entries.used)));
    compute([&] { profile.flat_size = core::encode_to({entries.entries, entries.used}, flat); });
    profile.flat = flat;
  }
  return VARHDRSZ + profile.flat_size;
}

void flatten_into(ExpandedObjectHeader* header, void* result, [[maybe_unused]] Size size) {
  const auto& profile = *reinterpret_cast<ExpandedProfile*>(header);
  Assert(profile.flat != nullptr && size == VARHDRSZ + profile.flat_size);
  SET_VARSIZE(result, VARHDRSZ + profile.flat_size);
  memcpy(VARDATA(result), profile.flat, profile.flat_size);
}

const ExpandedObjectMethods kMethods = {flat_size, flatten_into};

ExpandedProfile& make_expanded(MemoryContext parent) {
  const MemoryContext context =
      AllocSetContextCreate(parent, "maturity profile aggregate", ALLOCSET_START_SMALL_SIZES);
  auto* const profile =
      static_cast<ExpandedProfile*>(MemoryContextAllocZero(context, sizeof(ExpandedProfile)));
  EOH_init_header(&profile->header, &kMethods, context);
  profile->magic = kExpandedMagic;
  return *profile;
}

// state_of is the expanded state: the one passed in, or a new one in the aggregate's context.
ExpandedProfile& state_of(Datum state, MemoryContext aggregate) {
  if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state))) {
    auto& profile = *reinterpret_cast<ExpandedProfile*>(DatumGetEOHP(state));
    if (profile.magic == kExpandedMagic) return profile;
  }
  ExpandedProfile& profile = make_expanded(aggregate);
  add_profile(profile, profile_bytes(profile_arg(state)));
  return profile;
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

// Transition of maturity_profile(due_date, amount): state + one item. Outside an aggregate it
// is an ordinary function that returns a new profile.
SA_FUNCTION(sa_maturity_profile_accum) {
  if (PG_ARGISNULL(0)) PG_RETURN_NULL();
  core::Amount amount = 0;
  if (!pg::amount_argument(fcinfo, 2, amount)) PG_RETURN_DATUM(PG_GETARG_DATUM(0));
  const DateADT due_date = pg::finite_date_argument(fcinfo, 1, "due_date");
  const core::ProfileEntry entry = core::make_entry(due_date, amount);

  MemoryContext aggregate = nullptr;
  if (AggCheckCallContext(fcinfo, &aggregate) == 0) {
    const core::Bytes state = pg::profile_bytes(pg::profile_arg(PG_GETARG_DATUM(0)));
    PG_RETURN_DATUM(pg::build_profile(pg::profile_entries(state) + 1, [&](std::uint8_t* out) {
      return core::merge_to(state, {&entry, 1}, 1, out);
    }));
  }
  pg::ExpandedProfile& profile = pg::state_of(PG_GETARG_DATUM(0), aggregate);
  pg::add_entry(profile, entry);
  PG_RETURN_DATUM(EOHPGetRWDatum(&profile.header));
}

// Transition of sum(maturity_profile), and what combines the states of both aggregates.
SA_FUNCTION(sa_maturity_profile_merge) {
  const core::Bytes added = pg::profile_bytes(pg::profile_arg(PG_GETARG_DATUM(1)));
  MemoryContext aggregate = nullptr;
  if (AggCheckCallContext(fcinfo, &aggregate) == 0) {
    const core::Bytes state = pg::profile_bytes(pg::profile_arg(PG_GETARG_DATUM(0)));
    PG_RETURN_DATUM(
        pg::build_profile(pg::profile_entries(state) + pg::profile_entries(added),
                          [&](std::uint8_t* out) { return core::combine_to(state, added, 1, out); }));
  }
  pg::ExpandedProfile& profile = pg::state_of(PG_GETARG_DATUM(0), aggregate);
  pg::add_profile(profile, added);
  PG_RETURN_DATUM(EOHPGetRWDatum(&profile.header));
}
