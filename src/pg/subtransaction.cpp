// Catching PostgreSQL errors in an internal subtransaction. Backend zone.
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

namespace search_assign::pg {
namespace {

bool must_pass_on(int sqlstate) {
  return sqlstate == ERRCODE_QUERY_CANCELED || sqlstate == ERRCODE_ADMIN_SHUTDOWN ||
         sqlstate == ERRCODE_CRASH_SHUTDOWN;
}

}  // namespace

bool run_guarded(void (*work)(void*), void* argument, CaughtError* error) {
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
  if (caught == nullptr) return true;
  if (must_pass_on(caught->sqlerrcode)) ReThrowError(caught);
  error->sqlstate = caught->sqlerrcode;
  error->message = caught->message;
  return false;
}

}  // namespace search_assign::pg
