// Runs of deltas in temporary files: a change set larger than search_assign.change_set_mem is written out in
// pieces, each sorted by customer, and read back by merging them.
#pragma once

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "storage/buffile.h"
}

namespace search_assign::pg {

struct DeltaRun {
  BufFile* file;              // nullptr: in memory
  const core::Delta* deltas;  // of a run in memory
  size_t count;
  size_t next;       // number of the delta after head
  core::Delta head;  // the next to be taken, where next <= count
};

// write_delta_run writes deltas that lie sorted by customer; the file lives until close_delta_run or the
// transaction's end.
DeltaRun write_delta_run(const core::Delta* deltas, size_t count);
// memory_delta_run takes part in merging what did not have to be written.
DeltaRun memory_delta_run(const core::Delta* deltas, size_t count);
// rewind_delta_run puts the first delta into head; advance_delta_run the next, false at the end.
void rewind_delta_run(DeltaRun* run);
bool advance_delta_run(DeltaRun* run);
void close_delta_run(DeltaRun* run);

}  // namespace search_assign::pg
