// Shared memory of the workers, how processes wake each other, and the function behind worker_status. Backend
// zone. SQL face: sql/install/82_worker.sql; tests: tests/worker.
#include "search_assign/pg/worker_shared.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/top_level.hpp"
#include "search_assign/pg/worker.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kTranche = "search_assign";
constexpr long kLeaveTimeoutMs = 5000;  // as long as DROP DATABASE itself waits for others to go
constexpr int kStayAwayMs = 10000;

constinit WorkerShared* shared = nullptr;
constinit bool wake_at_commit = false;
shmem_request_hook_type next_request_hook = nullptr;
shmem_startup_hook_type next_startup_hook = nullptr;

// There cannot be more workers than max_worker_processes.
Size shared_size() {
  return add_size(offsetof(WorkerShared, slots),
                  mul_size(sizeof(WorkerSlot), static_cast<Size>(max_worker_processes)));
}

void request_memory() {
  if (next_request_hook != nullptr) next_request_hook();
  RequestAddinShmemSpace(shared_size());
  RequestNamedLWLockTranche(kTranche, 1);
}

void start_memory() {
  if (next_startup_hook != nullptr) next_startup_hook();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  shared = static_cast<WorkerShared*>(ShmemInitStruct("search_assign workers", shared_size(), &found));
  if (!found) {
    memset(shared, 0, shared_size());
    shared->lock = &GetNamedLWLockTranche(kTranche)->lock;
    shared->slot_count = max_worker_processes;
    pg_atomic_init_u32(&shared->launcher, 0);
    for (int i = 0; i < shared->slot_count; ++i) {
      pg_atomic_init_u32(&shared->slots[i].database, 0);
      pg_atomic_init_u32(&shared->slots[i].process, 0);
    }
  }
  LWLockRelease(AddinShmemInitLock);
}

void transaction_event(XactEvent event, void*) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE) return;
  if (wake_at_commit && event == XACT_EVENT_COMMIT) wake_worker();
  wake_at_commit = false;
}

// What leave_database waits for; sends the signals again, as a process may just have been starting.
bool processes_of(Oid database, int signal_number) {
  bool any = false;
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  for (int i = 0; i < shared->slot_count; ++i) {
    WorkerSlot* slot = &shared->slots[i];
    if (!slot->used || slot->database_oid != database) continue;
    slot->restart_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kStayAwayMs);
    slot->planned_end = true;
    for (const pid_t pid : {slot->pid, slot->daily_pid}) {
      if (pid == 0) continue;
      any = true;
      if (signal_number != 0) kill(pid, signal_number);
    }
  }
  LWLockRelease(shared->lock);
  return any;
}

}  // namespace

WorkerShared* worker_shared() noexcept { return shared; }

void request_worker_memory() {
  next_request_hook = shmem_request_hook;
  shmem_request_hook = request_memory;
  next_startup_hook = shmem_startup_hook;
  shmem_startup_hook = start_memory;
  RegisterXactCallback(transaction_event, nullptr);
}

uint32 own_process_number() noexcept { return static_cast<uint32>(MyProc->pgprocno) + 1; }

// The process may have gone meanwhile: then its successor in the same place wakes up once for nothing.
void wake_process(uint32 process) noexcept {
  if (process != 0) SetLatch(&ProcGlobal->allProcs[process - 1].procLatch);
}

void wake_worker() noexcept {
  if (shared == nullptr) return;
  for (int i = 0; i < shared->slot_count; ++i) {
    WorkerSlot* slot = &shared->slots[i];
    if (pg_atomic_read_u32(&slot->database) == MyDatabaseId) {
      wake_process(pg_atomic_read_u32(&slot->process));
      return;
    }
  }
}

void wake_worker_at_commit() noexcept { wake_at_commit = shared != nullptr; }

void wake_launcher() noexcept {
  if (shared != nullptr) wake_process(pg_atomic_read_u32(&shared->launcher));
}

void wake_all_workers() noexcept {
  if (shared == nullptr) return;
  wake_launcher();
  for (int i = 0; i < shared->slot_count; ++i) wake_process(pg_atomic_read_u32(&shared->slots[i].process));
}

void record_worker_error(WorkerSlot* slot, const char* message) noexcept {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  ++slot->errors;
  slot->last_error_at = GetCurrentTimestamp();
  // Cut at a character's end: the view shows it as text.
  const int length =
      pg_mbcliplen(message, static_cast<int>(strlen(message)), static_cast<int>(sizeof slot->last_error) - 1);
  memcpy(slot->last_error, message, static_cast<size_t>(length));
  slot->last_error[length] = '\0';
  LWLockRelease(shared->lock);
}

void set_worker_state(WorkerSlot* slot, WorkerState state) noexcept {
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  slot->state = state;
  LWLockRelease(shared->lock);
}

void leave_database(Oid database) {
  if (shared == nullptr || database == MyDatabaseId) return;
  const TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kLeaveTimeoutMs);
  bool any = processes_of(database, SIGTERM);
  while (any && GetCurrentTimestamp() < until) {
    CHECK_FOR_INTERRUPTS();
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 10, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    any = processes_of(database, SIGTERM);
  }
}

const char* worker_state_name(WorkerState state) noexcept {
  switch (state) {
    case WorkerState::Waiting:
      return "waiting to start";
    case WorkerState::Starting:
      return "starting";
    case WorkerState::NoDatabase:
      return "no such database";
    case WorkerState::NoProcess:
      return "no free process";
    case WorkerState::NoExtension:
      return "no extension";
    case WorkerState::Restoring:
      return "restore under way";
    case WorkerState::Idle:
      return "idle";
    case WorkerState::Applying:
      return "applying";
    case WorkerState::Retrying:
      return "retrying";
  }
  return "";
}

namespace {

void put_time(TimestampTz time, Datum* value, bool* is_null) {
  *value = TimestampTzGetDatum(time);
  *is_null = time == 0;
}

void put_slot(const WorkerSlot* slot, ReturnSetInfo* result) {
  Datum values[14];
  bool nulls[14] = {};
  values[0] = NameGetDatum(&slot->name);
  values[1] = Int32GetDatum(slot->pid);
  nulls[1] = slot->pid == 0;
  values[2] = CStringGetTextDatum(worker_state_name(slot->state));
  put_time(slot->started_at, &values[3], &nulls[3]);
  put_time(slot->last_wakeup_at, &values[4], &nulls[4]);
  put_time(slot->next_work_at, &values[5], &nulls[5]);
  values[6] = Int32GetDatum(slot->daily_pid);
  nulls[6] = slot->daily_pid == 0;
  values[7] = Int64GetDatum(slot->wakeups);
  values[8] = Int64GetDatum(slot->applications);
  values[9] = Int64GetDatum(slot->errors);
  values[10] = CStringGetTextDatum(slot->last_error);
  nulls[10] = slot->last_error[0] == '\0';
  put_time(slot->last_error_at, &values[11], &nulls[11]);
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace
BackgroundWorker worker_process(const char* type, const char* function, int restart_seconds) {
  BackgroundWorker worker;
  memset(&worker, 0, sizeof worker);
  strlcpy(worker.bgw_name, type, sizeof worker.bgw_name);
  strlcpy(worker.bgw_type, type, sizeof worker.bgw_type);
  strlcpy(worker.bgw_library_name, "search_assign", sizeof worker.bgw_library_name);
  strlcpy(worker.bgw_function_name, function, sizeof worker.bgw_function_name);
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = restart_seconds;
  worker.bgw_notify_pid = MyProcPid;
  return worker;
}

}  // namespace search_assign::pg

// Other databases, like the activity of other users, are for those who may read all statistics.
SA_FUNCTION(sa_worker_states) {
  using namespace search_assign::pg;
  InitMaterializedSRF(fcinfo, 0);
  if (shared == nullptr) PG_RETURN_NULL();
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  const bool all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
  const char* own = get_database_name(MyDatabaseId);
  auto* copy = static_cast<WorkerSlot*>(palloc(sizeof(WorkerSlot)));
  for (int i = 0; i < shared->slot_count; ++i) {
    LWLockAcquire(shared->lock, LW_SHARED);
    memcpy(copy, &shared->slots[i], sizeof(WorkerSlot));
    LWLockRelease(shared->lock);
    if (copy->used && (all || strcmp(NameStr(copy->name), own) == 0)) put_slot(copy, result);
  }
  PG_RETURN_NULL();
}

// Statement trigger of what the worker should look at: configuration, daily_work.
SA_FUNCTION(sa_worker_needed) {
  search_assign::pg::wake_worker_at_commit();
  PG_RETURN_POINTER(nullptr);
}

// Statement trigger of tables that a restore loads early.
SA_FUNCTION(sa_restore_begins) {
  using namespace search_assign::pg;
  if (in_restore()) try_lock_for_session(SessionLock::Restore, true);
  PG_RETURN_POINTER(nullptr);
}
