// Locks of shared runs: session-level advisory locks in a lock space of their own, so that they outlive the
// commits of a run, end with its session, and never meet an advisory lock of a user.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// lock_runs serialises the beginning, the replacement and the end of runs, until the transaction ends.
void lock_runs();

// take_part says that this session works on the run, until leave_run. run_is_alone: no other session does;
// none can come while lock_runs holds.
void take_part(int64 run_id);
bool run_is_alone(int64 run_id);

// A unit of work belongs to the session that holds its lock. try_unit takes it where nobody has it;
// wait_for_unit waits until it is free, be it because its work is done or because its session has ended.
bool try_unit(int64 batch_id);
void wait_for_unit(int64 batch_id);
void release_unit();

// leave_run releases all of them; an abort of the transaction does, too.
void leave_run();

}  // namespace search_assign::pg
