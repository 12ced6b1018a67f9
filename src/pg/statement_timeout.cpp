// statement_timeout of a statement that commits. Backend zone.
#include "search_assign/pg/statement_timeout.hpp"

extern "C" {
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

TimestampTz ends_at = 0;  // the suspended timeout's, 0 = none

}  // namespace

void suspend_statement_timeout() {
  if (get_timeout_active(STATEMENT_TIMEOUT)) {
    ends_at = get_timeout_finish_time(STATEMENT_TIMEOUT);
    disable_timeout(STATEMENT_TIMEOUT, true);
  }
  // It has just fired, and nobody has noticed yet.
  if (QueryCancelPending && get_timeout_indicator(STATEMENT_TIMEOUT, true)) {
    QueryCancelPending = false;
    ends_at = GetCurrentTimestamp();
  }
}

void forget_statement_timeout() noexcept { ends_at = 0; }

void repeat_statement_timeout() { ends_at = GetCurrentTimestamp(); }

void resume_statement_timeout() {
  if (ends_at == 0) return;
  const TimestampTz end = ends_at;
  ends_at = 0;
  enable_timeout_at(STATEMENT_TIMEOUT, end);
}

}  // namespace search_assign::pg
