// The one way to catch a PostgreSQL error without passing it on: work in an internal subtransaction
// that is undone where it fails.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

struct CaughtError {
  int sqlstate;
  char* message;  // in the caller's memory context
};

// run_guarded runs work(argument) in a subtransaction of its own. True: it succeeded. False: it failed and
// was undone, *error says why. A cancel or the server's shutdown is passed on. `work` holds no C++ objects.
bool run_guarded(void (*work)(void*), void* argument, CaughtError* error);

}  // namespace search_assign::pg
