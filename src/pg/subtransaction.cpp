// Catching PostgreSQL errors in an internal subtransaction. Backend zone.
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

namespace search_assign::pg {

ErrorData* run_in_subtransaction(void (*work)(void*), void* argument) {
  MemoryContext caller = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  ErrorData* volatile caught = nullptr;
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(caller);
  PG_TRY();
  {
    work(argument);
    ReleaseCurrentSubTransaction();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(caller);
    caught = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(caller);
  CurrentResourceOwner = owner;
  return caught;
}

bool ends_session(const ErrorData* error) {
  return error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN || error->sqlerrcode == ERRCODE_CRASH_SHUTDOWN ||
         error->sqlerrcode == ERRCODE_DATABASE_DROPPED;
}

bool cancels(const ErrorData* error) {
  if (error->sqlerrcode != ERRCODE_QUERY_CANCELED) return false;
  // The code is the same; the message before its translation is not.
  return error->message_id == nullptr ||
         strcmp(error->message_id, "canceling statement due to statement timeout") != 0;
}

bool run_guarded(void (*work)(void*), void* argument, CaughtError* error) {
  ErrorData* caught = run_in_subtransaction(work, argument);
  if (caught == nullptr) return true;
  if (ends_session(caught) || caught->sqlerrcode == ERRCODE_QUERY_CANCELED) ReThrowError(caught);
  error->sqlstate = caught->sqlerrcode;
  error->message = caught->message;
  return false;
}

}  // namespace search_assign::pg
