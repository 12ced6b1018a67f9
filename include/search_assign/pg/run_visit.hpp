// Customers that a run has to visit.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

struct Visit {
  int64* ids;
  size_t count;
  size_t capacity;
  MemoryContext memory;  // survives the commits of a run
};

void add_visit(Visit* visit, int64 customer_id);

// collect_visit adds the customers whose answer can have changed by the active snapshot, or everyone, and
// leaves all that are in it ascending and once. Rules with autorun = false are a reason to visit everyone
// unless the run goes on with one that has seen to them.
void collect_visit(Visit* visit, bool everyone, bool resumed);

}  // namespace search_assign::pg
