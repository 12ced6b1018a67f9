// Locks of shared runs. Backend zone. Shown in pg_locks as advisory locks with objsubid 3; runs and units
// have their numbers from one sequence, so that a number names either.
#include "search_assign/pg/run_lock.hpp"

extern "C" {
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lock.h"
}

namespace search_assign::pg {
namespace {

// Users' advisory locks have 1 (one bigint key) or 2 (two integer keys) here.
constexpr uint16 kLockSpace = 3;
constexpr int64 kAllRuns = 0;

int64 held_run = 0;
int64 held_unit = 0;

LOCKTAG lock_tag(int64 key) {
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32), static_cast<uint32>(key),
                       kLockSpace);
  return tag;
}

bool acquire(int64 key, LOCKMODE mode, bool session, bool wait) {
  const LOCKTAG tag = lock_tag(key);
  return LockAcquire(&tag, mode, session, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

void release(int64* key, LOCKMODE mode) {
  if (*key == 0) return;
  const LOCKTAG tag = lock_tag(*key);
  *key = 0;
  LockRelease(&tag, mode, true);
}

void transaction_event(XactEvent event, void*) {
  if (event == XACT_EVENT_ABORT) leave_run();
}

// With the first lock, so that sessions that never run anything do not pay for it.
void register_callback() {
  static bool registered = false;
  if (registered) return;
  RegisterXactCallback(transaction_event, nullptr);
  registered = true;
}

}  // namespace

void lock_runs() { acquire(kAllRuns, ExclusiveLock, false, true); }

void take_part(int64 run_id) {
  register_callback();
  release(&held_run, ShareLock);
  acquire(run_id, ShareLock, true, true);
  held_run = run_id;
}

bool run_is_alone(int64 run_id) { return acquire(run_id, ExclusiveLock, false, false); }

bool try_unit(int64 batch_id) {
  if (!acquire(batch_id, ExclusiveLock, true, false)) return false;
  held_unit = batch_id;
  return true;
}

void wait_for_unit(int64 batch_id) {
  acquire(batch_id, ExclusiveLock, true, true);
  held_unit = batch_id;
}

void release_unit() { release(&held_unit, ExclusiveLock); }

void leave_run() {
  release(&held_unit, ExclusiveLock);
  release(&held_run, ShareLock);
}

}  // namespace search_assign::pg
