// Profile index as an expanded object. Backend zone.
#include "search_assign/pg/profile_index.hpp"

#include "search_assign/pg/maturity.hpp"

extern "C" {
#include "utils/expandeddatum.h"
}

namespace search_assign::pg {
namespace {

constexpr uint32 kIndexMagic = 0x53414958;

struct IndexedProfile {
  ExpandedObjectHeader header;
  uint32 magic;
  core::Bytes flat;
  core::ProfileIndex index;
};

Size flat_size(ExpandedObjectHeader* header) {
  return VARHDRSZ + reinterpret_cast<IndexedProfile*>(header)->flat.size();
}

void flatten_into(ExpandedObjectHeader* header, void* result, Size size) {
  const core::Bytes flat = reinterpret_cast<IndexedProfile*>(header)->flat;
  SET_VARSIZE(result, size);
  memcpy(VARDATA(result), flat.data(), flat.size());
}

const ExpandedObjectMethods kMethods = {flat_size, flatten_into};

}  // namespace

Datum index_profile(Datum profile) {
  if (profile_index(profile) != nullptr) return profile;
  const core::Bytes flat = profile_bytes(profile_arg(profile));
  const std::uint64_t entries = profile_entries(flat);
  constexpr Size kAlignment = alignof(core::Sum);
  void* memory = palloc(core::index_bytes(entries) + kAlignment);
  memory = reinterpret_cast<void*>(TYPEALIGN(kAlignment, memory));
  // palloc aligns to 8 bytes, a 128-bit sum needs 16.
  void* place = reinterpret_cast<void*>(TYPEALIGN(kAlignment, palloc0(sizeof(IndexedProfile) + kAlignment)));
  auto* const indexed = new (place) IndexedProfile;
  EOH_init_header(&indexed->header, &kMethods, CurrentMemoryContext);
  indexed->magic = kIndexMagic;
  indexed->flat = flat;
  compute([&] { core::build_index(flat, memory, indexed->index); });
  return EOHPGetRODatum(&indexed->header);
}

const core::ProfileIndex* profile_index(Datum profile) {
  if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(profile))) return nullptr;
  const auto* indexed = reinterpret_cast<IndexedProfile*>(DatumGetEOHP(profile));
  return indexed->magic == kIndexMagic ? &indexed->index : nullptr;
}

}  // namespace search_assign::pg
