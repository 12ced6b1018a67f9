// statement_timeout of a statement that commits (a procedure's COMMIT): it may end the application of a
// change set, which is then queued, but not the transaction.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// suspend_statement_timeout stops the clock, where one is running; resume_statement_timeout lets it run on to
// the same time, which may have passed by then. Both may be called again and again.
void suspend_statement_timeout();
void resume_statement_timeout();

// repeat_statement_timeout: what was caught is to be raised again once it is resumed.
// forget_statement_timeout: it will not be resumed.
void repeat_statement_timeout();
void forget_statement_timeout() noexcept;

}  // namespace search_assign::pg
