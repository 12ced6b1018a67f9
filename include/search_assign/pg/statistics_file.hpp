// The file in which all sessions of a database count: pg_stat_tmp/search_assign.<database oid>, mapped by
// each backend that has something to add. Without shared_preload_libraries there is no shared memory to use.
//
// Each backend adds to a slot of its own, by its number among the backends, so that no lock and no locked
// instruction is needed; readers sum the slots up. A reset keeps the sums of its moment as a base line.
// Nothing here raises an error or waits: where the file cannot be used, statistics_file_problem() says why.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace search_assign::pg {

constexpr int kSlotValues = 32;

struct StatisticsTotals {
  uint64 values[kSlotValues];
  TimestampTz since;  // the last reset, or the file's creation
};

// add_to_statistics_file adds the values and sets to 0 what it has added. False: the file cannot be used now.
// `look`: find out now, not later, whether it was removed or can be used again.
bool add_to_statistics_file(uint64* values, int count, bool look) noexcept;
// read_statistics_file sums up; reset_statistics_file lets all values begin at 0. Both look.
bool read_statistics_file(StatisticsTotals* totals) noexcept;
bool reset_statistics_file() noexcept;
const char* statistics_file_problem() noexcept;

// remove_statistics_of_dropped_databases needs a transaction, for the list of databases.
void remove_statistics_of_dropped_databases();

}  // namespace search_assign::pg
