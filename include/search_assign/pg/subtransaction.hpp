// The one way to catch a PostgreSQL error without passing it on: work in an internal subtransaction
// that is undone where it fails.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// run_in_subtransaction runs work(argument) in a subtransaction of its own. Returns nullptr where it
// succeeded, else, undone, its error (in the caller's memory context). `work` holds no C++ objects.
ErrorData* run_in_subtransaction(void (*work)(void*), void* argument);

// ends_session tells errors nobody may hold up: the server or this session is told to stop.
// cancels tells a user's cancel besides; a statement_timeout is none.
bool ends_session(const ErrorData* error);
bool cancels(const ErrorData* error);

struct CaughtError {
  int sqlstate;
  char* message;  // in the caller's memory context
};

// run_guarded does so, too, but passes on a cancel, a timeout or the server's shutdown. True: it succeeded.
// False: it failed and was undone, *error says why.
bool run_guarded(void (*work)(void*), void* argument, CaughtError* error);

}  // namespace search_assign::pg
