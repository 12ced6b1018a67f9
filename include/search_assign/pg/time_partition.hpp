// Partitions of a table that is partitioned by ranges of one timestamptz.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

struct TimePartition {
  Relation relation;
  TimestampTz from;   // takes rows from here on ...
  TimestampTz until;  // ... until before here
};

// open_time_partition opens, for writing, the partition that takes a row of that time. The parent is locked.
TimePartition open_time_partition(Relation parent, TimestampTz time);

}  // namespace search_assign::pg
