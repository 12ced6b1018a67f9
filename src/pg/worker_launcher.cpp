// The launcher: sees to it that each database in search_assign.databases has its worker. Backend zone.
#include "search_assign/pg/worker_shared.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "nodes/pg_list.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace search_assign::pg {
namespace {

constexpr int kLookAgainMs = 10000;  // for a database or a free process that is not there
constexpr int kStartTimeoutMs = 60000;
constexpr long kNever = -1;

MemoryContext pass_memory = nullptr;
BackgroundWorkerHandle** handles = nullptr;  // by slot, of processes this launcher has started

void launcher_ends(int, Datum) { pg_atomic_write_u32(&worker_shared()->launcher, 0); }

WorkerSlot* slot_of(const char* name) {
  WorkerShared* shared = worker_shared();
  for (int i = 0; i < shared->slot_count; ++i)
    if (shared->slots[i].used && strcmp(NameStr(shared->slots[i].name), name) == 0) return &shared->slots[i];
  return nullptr;
}

bool has_process(const WorkerSlot* slot) { return slot->pid != 0 || slot->state == WorkerState::Starting; }

// Slots of databases no longer listed, once their processes have ended (which they do by themselves).
void free_slots() {
  WorkerShared* shared = worker_shared();
  for (int i = 0; i < shared->slot_count; ++i) {
    WorkerSlot* slot = &shared->slots[i];
    if (!slot->used || database_is_listed(NameStr(slot->name))) continue;
    LWLockAcquire(shared->lock, LW_EXCLUSIVE);
    if (!has_process(slot)) slot->used = false;
    LWLockRelease(shared->lock);
  }
}

void take_slot(const char* name) {
  WorkerShared* shared = worker_shared();
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  WorkerSlot* free_slot = nullptr;
  for (int i = 0; i < shared->slot_count && free_slot == nullptr; ++i)
    if (!shared->slots[i].used && shared->slots[i].daily_pid == 0) free_slot = &shared->slots[i];
  if (free_slot != nullptr) {
    // The atomics are 0: no process has this slot.
    memset(&free_slot->used, 0, sizeof(WorkerSlot) - offsetof(WorkerSlot, used));
    namestrcpy(&free_slot->name, name);
    free_slot->used = true;
  }
  LWLockRelease(shared->lock);
  if (free_slot == nullptr)
    ereport(LOG, (errmsg("search_assign.databases lists more databases than max_worker_processes allows")));
}

// The database's OID, InvalidOid where there is none to connect to. Read row by row: without a database of
// its own a process cannot use the catalog caches.
Oid find_database(const char* name) {
  StartTransactionCommand();
  Oid database = InvalidOid;
  Relation catalog = table_open(DatabaseRelationId, AccessShareLock);
  TableScanDesc scan = table_beginscan_catalog(catalog, 0, nullptr);
  HeapTuple tuple = nullptr;
  while (!OidIsValid(database) && (tuple = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
    auto* row = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    if (row->datallowconn && strcmp(NameStr(row->datname), name) == 0) database = row->oid;
  }
  table_endscan(scan);
  table_close(catalog, AccessShareLock);
  CommitTransactionCommand();
  MemoryContextSwitchTo(pass_memory);
  return database;
}

bool start_worker(int index, Oid database) {
  BackgroundWorker worker = worker_process("search_assign worker", "sa_worker_main", BGW_NEVER_RESTART);
  snprintf(worker.bgw_name, sizeof worker.bgw_name, "search_assign worker for %s",
           NameStr(worker_shared()->slots[index].name));
  worker.bgw_main_arg = Int32GetDatum(index);
  memcpy(worker.bgw_extra, &database, sizeof database);
  MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
  if (handles[index] != nullptr) pfree(handles[index]);
  handles[index] = nullptr;
  const bool registered = RegisterDynamicBackgroundWorker(&worker, &handles[index]);
  MemoryContextSwitchTo(before);
  return registered;
}

// A process that ended before it reached its slot, because the server could not start it.
bool start_failed(int index, const WorkerSlot* slot) {
  pid_t pid = 0;
  if (handles[index] != nullptr) return GetBackgroundWorkerPid(handles[index], &pid) == BGWH_STOPPED;
  return TimestampDifferenceExceeds(slot->started_at, GetCurrentTimestamp(), kStartTimeoutMs);
}

void put_off(WorkerSlot* slot, WorkerState state) {
  WorkerShared* shared = worker_shared();
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  slot->state = state;
  slot->restart_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kLookAgainMs);
  LWLockRelease(shared->lock);
}

void try_start(int index, WorkerSlot* slot) {
  WorkerShared* shared = worker_shared();
  const Oid database = find_database(NameStr(slot->name));
  if (!OidIsValid(database)) {
    put_off(slot, WorkerState::NoDatabase);
    return;
  }
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  slot->state = WorkerState::Starting;
  slot->database_oid = database;
  slot->started_at = GetCurrentTimestamp();
  slot->planned_end = false;
  LWLockRelease(shared->lock);
  if (start_worker(index, database)) return;
  record_worker_error(slot, "no free background worker process: raise max_worker_processes");
  put_off(slot, WorkerState::NoProcess);
}

// Looks after one slot; returns in how many milliseconds it wants to be looked at again.
long look_after(int index, bool woken_by_change) {
  WorkerSlot* slot = &worker_shared()->slots[index];
  if (!slot->used || slot->pid != 0) return kNever;
  if (slot->state == WorkerState::Starting) {
    if (!start_failed(index, slot)) return kLookAgainMs;
    put_off(slot, WorkerState::Waiting);
  }
  const TimestampTz now = GetCurrentTimestamp();
  const bool due = slot->restart_at <= now || (woken_by_change && slot->state == WorkerState::NoDatabase);
  if (!due) return TimestampDifferenceMilliseconds(now, slot->restart_at) + 1;
  try_start(index, slot);
  return kLookAgainMs;
}

long pass(bool woken) {
  MemoryContextReset(pass_memory);
  MemoryContextSwitchTo(pass_memory);
  free_slots();
  ListCell* cell = nullptr;
  foreach (cell, databases_setting())
    if (slot_of(static_cast<const char*>(lfirst(cell))) == nullptr)
      take_slot(static_cast<const char*>(lfirst(cell)));
  long timeout = kNever;
  for (int i = 0; i < worker_shared()->slot_count; ++i) {
    const long wish = look_after(i, woken);
    if (wish != kNever && (timeout == kNever || wish < timeout)) timeout = wish;
  }
  return timeout;
}

[[noreturn]] void run_launcher() {
  bool woken = true;
  for (;;) {
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
    }
    const long timeout = pass(woken);
    pgstat_report_activity(STATE_IDLE, nullptr);
    const int events =
        WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout == kNever ? 0 : WL_TIMEOUT), timeout,
                  PG_WAIT_EXTENSION);
    woken = (events & WL_LATCH_SET) != 0;
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

}  // namespace
}  // namespace search_assign::pg

// The launcher's main function: an error ends it, and the postmaster starts it anew.
extern "C" PGDLLEXPORT void sa_launcher_main(Datum);
extern "C" void sa_launcher_main(Datum) {
  using namespace search_assign::pg;
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  before_shmem_exit(launcher_ends, 0);
  pg_atomic_write_u32(&worker_shared()->launcher, own_process_number());
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  SetConfigOption("application_name", "search_assign launcher", PGC_SUSET, PGC_S_OVERRIDE);
  pass_memory = AllocSetContextCreate(TopMemoryContext, "search_assign launcher", ALLOCSET_DEFAULT_SIZES);
  handles = static_cast<BackgroundWorkerHandle**>(MemoryContextAllocZero(
      TopMemoryContext, sizeof(BackgroundWorkerHandle*) * static_cast<Size>(worker_shared()->slot_count)));
  run_launcher();
}
