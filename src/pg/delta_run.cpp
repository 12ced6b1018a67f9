// Runs of deltas in temporary files. Backend zone.
#include "search_assign/pg/delta_run.hpp"

#include "search_assign/pg/boundary.hpp"

extern "C" {
#include "commands/tablespace.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
}

namespace search_assign::pg {

static_assert(std::is_trivially_copyable_v<core::Delta>);

DeltaRun write_delta_run(const core::Delta* deltas, size_t count) {
  // The file outlives the statement and the subtransaction that made it.
  MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
  ResourceOwner owner = CurrentResourceOwner;
  CurrentResourceOwner = TopTransactionResourceOwner;
  PrepareTempTablespaces();
  DeltaRun run = {BufFileCreateTemp(false), nullptr, count, 0, {}};
  CurrentResourceOwner = owner;
  MemoryContextSwitchTo(caller);
  BufFileWrite(run.file, const_cast<core::Delta*>(deltas), sizeof(core::Delta) * count);
  // Here, where a full disk may still fail the statement: at the commit there is only reading left.
  if (BufFileSeek(run.file, 0, 0, SEEK_SET) != 0)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not write a change set")));
  return run;
}

DeltaRun memory_delta_run(const core::Delta* deltas, size_t count) { return {nullptr, deltas, count, 0, {}}; }

bool advance_delta_run(DeltaRun* run) {
  if (run->next >= run->count) {
    run->next = run->count + 1;
    return false;
  }
  if (run->file == nullptr)
    run->head = run->deltas[run->next];
  else if (BufFileRead(run->file, &run->head, sizeof run->head) != sizeof run->head)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not read back a change set")));
  ++run->next;
  return true;
}

void rewind_delta_run(DeltaRun* run) {
  if (run->file != nullptr && BufFileSeek(run->file, 0, 0, SEEK_SET) != 0)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind a change set")));
  run->next = 0;
  advance_delta_run(run);
}

void close_delta_run(DeltaRun* run) {
  if (run->file != nullptr) BufFileClose(run->file);
}

}  // namespace search_assign::pg
