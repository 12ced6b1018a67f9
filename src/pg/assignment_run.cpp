// CALL search_assign(): decides all customers whose answer can have changed, in small steps that commit.
// Backend zone. SQL face: sql/install/60_assignment.sql, 80_status.sql; tests: tests/regress/sql/run.sql,
// tests/isolation/specs/run_*.spec, tests/faults/run_killed.sh.
//
// The first caller writes the customers to visit as units of work (run_share.cpp); every caller takes units
// as long as there are any. A step decides a few customers and notes that in the unit, in one transaction:
// whatever ends a session, its unit stands exactly where its decisions stand, and another session takes it
// up.
#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/daily_work.hpp"
#include "search_assign/pg/pending_run.hpp"
#include "search_assign/pg/run_lock.hpp"
#include "search_assign/pg/run_share.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/statistics.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

// A step keeps the position rows of its customers locked for about this long.
constexpr double kStepSeconds = 0.005;
constexpr size_t kFirstStep = 32;
constexpr size_t kLargestStep = 512;
// So long a step waits for customers whom others hold while it holds some itself; then it queues them.
constexpr int kStepLockWaitMs = 5;
constexpr const char* kStepLockWait = "5ms";
constexpr size_t kAtomicBatch = 1000;
constexpr double kReportEverySeconds = 1.0;

struct Run {
  int64 run_id;
  RunKey key;
  bool everyone;     // what was asked for; a run taken part in may do more
  bool replaced;     // the run taken part in so far was
  size_t step_size;  // customers
  instr_time started;
  instr_time reported;
  MemoryContext memory;  // of the run, survives its commits
  MemoryContext unit;
  MemoryContext step;
};

double seconds_since(instr_time start) {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  INSTR_TIME_SUBTRACT(now, start);
  return INSTR_TIME_GET_DOUBLE(now);
}

// ---- transactions ----

void set_local(const char* name, const char* value) {
  set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

enum class Durability { Lazy, Full };

// Under READ COMMITTED whatever the default is: each step decides by the newest rows, and a serializable one
// would fail for what others do. A crash may lose the last lazy commits, each with its unit's note.
void begin_step(Run* run, Durability durability) {
  set_local("transaction_isolation", "read committed");
  set_local("lock_timeout", "0");  // for the tables of the run: each waits for one short step of another
  if (lock_wait() > kStepLockWaitMs) set_local("search_assign.lock_wait", kStepLockWait);
  if (durability == Durability::Lazy) set_local("synchronous_commit", "off");
  PushActiveSnapshot(GetLatestSnapshot());
  MemoryContextReset(run->step);
  MemoryContextSwitchTo(run->step);
}

void end_step(Run* run) {
  MemoryContextSwitchTo(run->memory);
  PopActiveSnapshot();
  SPI_commit();
}

// ---- joining ----

RunKey present_key(const Run* run) { return {business_date(), configuration()->version, run->everyone}; }

bool can_join(const RunKey& run, const RunKey& wanted) {
  return run.business_date == wanted.business_date && run.version == wanted.version &&
         (run.everyone || !wanted.everyone);
}

// Two sessions with different dates would replace each other's runs for ever.
void refuse_other_date(const RunKey& theirs, const RunKey& mine) {
  if (theirs.business_date == mine.business_date) return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("the run was replaced by a run for another business date"),
           errdetail("This session's business date is %s, the other run's is %s.",
                     DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(mine.business_date))),
                     DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(theirs.business_date)))),
           errhint("Set search_assign.business_date for the database, not for a session.")));
}

Visit new_visit(const Run* run) { return {nullptr, 0, 0, run->step}; }

void resume(Run* run) {
  Visit visit = new_visit(run);
  add_remaining(run->run_id, &visit);
  collect_visit(&visit, run->key.everyone, true);
  resume_run(run->run_id, visit);
}

void start(Run* run, const RunKey& key) {
  Visit visit = new_visit(run);
  collect_visit(&visit, key.everyone, false);
  run->key = key;
  run->run_id = start_run(key, visit);
}

// One transaction. False: an unfinished run was in the way; it is replaced now, and the next try starts one.
bool try_join(Run* run) {
  lock_runs();
  PopActiveSnapshot();
  PushActiveSnapshot(GetLatestSnapshot());
  const RunKey wanted = present_key(run);
  const bool found = find_unfinished_run(&run->run_id, &run->key);
  if (found && !can_join(run->key, wanted)) {
    if (run->replaced) refuse_other_date(run->key, wanted);
    replace_run(run->run_id);
    return false;
  }
  if (!found)
    start(run, wanted);
  else if (run_is_alone(run->run_id))
    resume(run);
  take_part(run->run_id);
  return true;
}

void join(Run* run) {
  bool joined = false;
  while (!joined) {
    begin_step(run, Durability::Lazy);
    joined = try_join(run);
    end_step(run);
  }
}

// ---- work ----

void adapt_step_size(Run* run, double seconds) {
  if (seconds > kStepSeconds)
    run->step_size = std::max<size_t>(run->step_size / 2, 1);
  else if (seconds < kStepSeconds / 2)
    run->step_size = std::min(run->step_size * 2, kLargestStep);
}

void show_progress(Run* run) {
  if (seconds_since(run->reported) < kReportEverySeconds) return;
  begin_step(run, Durability::Lazy);
  report_progress(run->run_id);
  end_step(run);
  INSTR_TIME_SET_CURRENT(run->reported);
}

// One committed step; false where the run has been replaced.
bool do_step(Run* run, WorkUnit* unit) {
  const size_t count = std::min(run->step_size, static_cast<size_t>(unit->size - unit->visited));
  instr_time begin;
  INSTR_TIME_SET_CURRENT(begin);
  begin_step(run, Durability::Lazy);
  const RunResult result = decide_customers(unit->ids + unit->visited, count, !day_roll_under_way());
  unit->visited += static_cast<int32>(count);
  unit->changed += static_cast<int32>(result.changed);
  const bool goes_on = save_unit(*unit);
  end_step(run);
  if (count == run->step_size) adapt_step_size(run, seconds_since(begin));
  return goes_on;
}

void work_on_unit(Run* run, WorkUnit* unit) {
  while (unit->visited < unit->size && do_step(run, unit)) show_progress(run);
  release_unit();
}

// Waits for a unit of another session: it is done then, or left to be taken up.
void wait_for_others(int64 batch_id) {
  set_local("transaction_isolation", "read committed");
  set_local("lock_timeout", "0");
  wait_for_unit(batch_id);
  release_unit();
  SPI_commit();
}

void work(Run* run) {
  for (;;) {
    WorkUnit unit;
    MemoryContextReset(run->unit);
    begin_step(run, Durability::Lazy);
    const Claim claim = claim_unit(run->run_id, &unit, run->unit);
    end_step(run);
    if (claim == Claim::None) return;
    if (claim == Claim::Taken)
      work_on_unit(run, &unit);
    else
      wait_for_others(unit.batch_id);
    show_progress(run);
  }
}

// Nothing is left to do: the first to come here closes the run. False: it has been replaced.
bool finish(Run* run) {
  begin_step(run, Durability::Full);
  lock_runs();
  const RunState state = run_state(run->run_id);
  if (state == RunState::Unfinished) complete_run(run->run_id, run->key);
  if (state != RunState::Replaced) {
    if (seconds_since(run->started) >= kReportEverySeconds) report_progress(run->run_id);
    report_search_failures();
  }
  end_step(run);
  return state != RunState::Replaced;
}

void apply_queue(bool atomic) {
  PushActiveSnapshot(GetLatestSnapshot());
  apply_queued_changes(atomic);
  PopActiveSnapshot();
  if (!atomic) SPI_commit();
}

// A date set back or a configuration changed meanwhile is seen by the next call; last_run_version says which
// version this one has brought to every customer.
void run_shared(Run* run) {
  SPI_commit();  // what the caller's procedure did before, and what follows from it, is to be seen
  apply_queue(false);
  run->step = AllocSetContextCreate(run->memory, "search_assign run step", ALLOCSET_DEFAULT_SIZES);
  run->unit = AllocSetContextCreate(run->memory, "search_assign run unit", ALLOCSET_DEFAULT_SIZES);
  run->step_size = kFirstStep;
  do {
    join(run);
    work(run);
    run->replaced = !finish(run);
    leave_run();
  } while (run->replaced);
  apply_queue(false);  // customers that others held meanwhile
}

// Inside a transaction block: one piece, which nobody else sees before it is committed.
void run_atomic(Run* run) {
  const TimestampTz started_at = GetCurrentTimestamp();
  change_set_apply_all();
  apply_queue(true);
  PushActiveSnapshot(GetLatestSnapshot());
  const RunKey key = present_key(run);
  Visit visit = {nullptr, 0, 0, run->memory};
  collect_visit(&visit, key.everyone, false);
  int64 changed = 0;
  for (size_t first = 0; first < visit.count; first += kAtomicBatch) {
    const size_t count = std::min(kAtomicBatch, visit.count - first);
    changed += decide_customers(visit.ids + first, count, !day_roll_under_way()).changed;
    CommandCounterIncrement();
    PopActiveSnapshot();
    PushActiveSnapshot(GetLatestSnapshot());
    if (seconds_since(run->reported) < kReportEverySeconds) continue;
    INSTR_TIME_SET_CURRENT(run->reported);
    ereport(NOTICE, (errmsg("search_assign: %lld of %lld customers, %lld changed",
                            static_cast<long long>(first + count), static_cast<long long>(visit.count),
                            static_cast<long long>(changed))));
  }
  lock_runs();
  record_run(key, started_at, static_cast<int64>(visit.count), changed);
  report_search_failures();
  PopActiveSnapshot();
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_search_assign) {
  using namespace search_assign::pg;
  PreventCommandIfReadOnly("search_assign()");
  auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
  Run run;
  memset(&run, 0, sizeof run);
  run.everyone = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
  // A block with an exception handler in a procedure may not commit either.
  const bool atomic = call == nullptr || !IsA(call, CallContext) || call->atomic || IsSubTransaction();
  INSTR_TIME_SET_CURRENT(run.started);
  run.reported = run.started;
  // The caller's memory, the portal's, survives the commits between the steps.
  run.memory = AllocSetContextCreate(CurrentMemoryContext, "search_assign run", ALLOCSET_DEFAULT_SIZES);
  SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC);
  MemoryContext procedure = MemoryContextSwitchTo(run.memory);
  const Ticks started = start_timer();
  count(Counter::Runs);
  if (atomic)
    run_atomic(&run);
  else
    run_shared(&run);
  stop_timer(Part::Run, started);
  MemoryContextSwitchTo(procedure);
  SPI_finish();
  MemoryContextDelete(run.memory);
  PG_RETURN_VOID();
}
