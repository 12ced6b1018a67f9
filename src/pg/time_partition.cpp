// Routing of rows to partitions by time. Backend zone.
#include "search_assign/pg/time_partition.hpp"

extern "C" {
#include "access/table.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/partcache.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

struct Found {
  Oid relation;
  TimestampTz from;
  TimestampTz until;
};

bool is_time(PartitionBoundInfo bounds, int bound) {
  return bounds->kind[bound][0] == PARTITION_RANGE_DATUM_VALUE;
}

Found find(Relation parent, TimestampTz time) {
  PartitionKey key = RelationGetPartitionKey(parent);
  PartitionDesc partitions = RelationGetPartitionDesc(parent, true);
  PartitionBoundInfo bounds = partitions->boundinfo;
  if (bounds == nullptr)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("\"%s\" has no partition", RelationGetRelationName(parent)),
                    errhint("The extension search_assign was damaged.")));
  Datum value = TimestampTzGetDatum(time);
  bool is_equal = false;
  const int below =
      partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1, &value, &is_equal);
  const int above = below + 1;
  Found found = {InvalidOid, DT_NOBEGIN, DT_NOEND};
  if (below >= 0 && is_time(bounds, below)) found.from = DatumGetTimestampTz(bounds->datums[below][0]);
  if (above < bounds->ndatums && is_time(bounds, above))
    found.until = DatumGetTimestampTz(bounds->datums[above][0]);
  int index = bounds->ndatums > 0 ? bounds->indexes[above] : -1;
  if (index < 0) index = bounds->default_index;
  if (index < 0)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("\"%s\" has no default partition", RelationGetRelationName(parent)),
                    errhint("The extension search_assign was damaged.")));
  found.relation = partitions->oids[index];
  return found;
}

}  // namespace

// A partition is attached under a lock of the default one, so that whoever has waited for that looks again.
// It is dropped under a lock of the parent, which the caller's excludes.
TimePartition open_time_partition(Relation parent, TimestampTz time) {
  for (;;) {
    const Found found = find(parent, time);
    Relation relation = table_open(found.relation, RowExclusiveLock);
    const Found again = find(parent, time);
    if (again.relation == found.relation) return {relation, again.from, again.until};
    table_close(relation, NoLock);
  }
}

}  // namespace search_assign::pg
