// Waiting for other transactions. Backend zone.
#include "search_assign/pg/waiting.hpp"

#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/subtrans.h"
#include "access/transam.h"
#include "storage/proc.h"
#include "storage/procarray.h"
}

namespace search_assign::pg {
namespace {

int64 spent = 0;  // microseconds the transaction has waited

int64 left() { return std::max<int64>(int64{lock_wait()} * 1000 - spent, 0); }

// It may wait for us: then our waiting for it would be a deadlock, and its wait may have gone on for so long
// that it is the one to be told. Who begins to wait after us finds us gone when it looks: we wait for half of
// deadlock_timeout at most.
bool waits_itself(TransactionId holder) {
  if (!TransactionIdIsNormal(holder) || !TransactionIdIsInProgress(holder)) return false;
  const int pid = BackendXidGetPid(SubTransGetTopmostTransaction(holder));
  if (pid == 0) return false;  // prepared, or gone by now
  const PGPROC* process = BackendPidGetProc(pid);
  return process != nullptr && process->waitLock != nullptr;
}

}  // namespace

bool may_wait_for(TransactionId holder) { return left() >= 1000 && !waits_itself(holder); }

ErrorData* run_waiting(void (*work)(void*), void* argument) {
  const int former_timeout = LockTimeout;
  const int64 allowed = left();
  ErrorData* volatile caught = nullptr;
  LockTimeout = std::max(static_cast<int>(allowed / 1000), 1);
  PG_TRY();
  { caught = run_in_subtransaction(work, argument); }
  PG_FINALLY();
  { LockTimeout = former_timeout; }
  PG_END_TRY();
  if (caught != nullptr && caught->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE) spent += allowed;
  return caught;
}

void spend_wait(instr_time since) {
  instr_time now;
  INSTR_TIME_SET_CURRENT(now);
  INSTR_TIME_SUBTRACT(now, since);
  spent += static_cast<int64>(INSTR_TIME_GET_MICROSEC(now));
}

void forget_waits() noexcept { spent = 0; }

}  // namespace search_assign::pg
