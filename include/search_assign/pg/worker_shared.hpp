// What the launcher, the workers and the other backends share about the workers: an area of shared memory
// with one slot for each database in search_assign.databases.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "storage/lwlock.h"
}

namespace search_assign::pg {

enum class WorkerState {
  Waiting,      // has no process: starts at restart_at
  Starting,     // the process was asked for
  NoDatabase,   // there is no such database, or nobody may connect to it
  NoProcess,    // max_worker_processes is exhausted
  NoExtension,  // connected; the extension is not installed there
  Restoring,    // connected; a session restores a dump there
  Idle,         // connected, nothing to do
  Applying,     // applies the queue
  Retrying,     // rows are left in the queue, tried again later
};
const char* worker_state_name(WorkerState state) noexcept;

// A database's worker. The two atomics are read by committing backends, the rest lies under the lock.
struct WorkerSlot {
  pg_atomic_uint32 database;  // OID of the connected worker's database, 0 = none is connected
  pg_atomic_uint32 process;   // its number among the server's processes, plus 1

  bool used;
  bool planned_end;  // the process ends in order to start anew: no failure
  bool daily_done;   // the last process for the daily work came to its end
  WorkerState state;
  NameData name;  // of the database
  pid_t pid;
  pid_t daily_pid;
  Oid database_oid;
  int failures;  // ends in a row that nobody had planned
  TimestampTz started_at;
  TimestampTz restart_at;
  TimestampTz last_wakeup_at;
  TimestampTz next_work_at;
  TimestampTz last_error_at;
  int64 wakeups;
  int64 applications;
  int64 errors;
  char last_error[400];
  uint64 settings;  // of the database, as a worker saw them last; 0 = none has yet
};

struct WorkerShared {
  LWLock* lock;
  pg_atomic_uint32 launcher;  // number of its process, plus 1
  int slot_count;
  WorkerSlot slots[FLEXIBLE_ARRAY_MEMBER];
};

// worker_shared is nullptr where the library was not preloaded.
WorkerShared* worker_shared() noexcept;
void request_worker_memory();  // installs the hooks, in _PG_init while preloading

// The process number as it is kept in the atomics, and the latch it stands for.
uint32 own_process_number() noexcept;
void wake_process(uint32 process) noexcept;
void wake_launcher() noexcept;
void wake_all_workers() noexcept;

// worker_process describes a process of ours: the name it is seen under, and the function it runs.
BackgroundWorker worker_process(const char* type, const char* function, int restart_seconds);

// record_worker_error keeps the message and counts it.
void record_worker_error(WorkerSlot* slot, const char* message) noexcept;
void set_worker_state(WorkerSlot* slot, WorkerState state) noexcept;

// databases_setting is the list search_assign.databases as names, in the current memory context.
List* databases_setting();
bool database_is_listed(const char* name);

// leave_database has a database's processes of ours end, and stay away for a while, so that a command that
// wants the database for itself (DROP DATABASE, RENAME) finds nobody connected.
void leave_database(Oid database);

}  // namespace search_assign::pg
