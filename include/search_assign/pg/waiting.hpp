// Waiting for other transactions: never longer, in all, than search_assign.lock_wait in one transaction.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "portability/instr_time.h"
}

namespace search_assign::pg {

// may_wait_for: whether the transaction may still wait, and should for that one.
bool may_wait_for(TransactionId holder);

// run_waiting runs work(argument) in a subtransaction of its own, as run_in_subtransaction does, in which no
// lock is waited for longer than the transaction may still wait.
ErrorData* run_waiting(void (*work)(void*), void* argument);

// spend_wait notes that the transaction has waited since then; forget_waits that it has ended.
void spend_wait(instr_time since);
void forget_waits() noexcept;

}  // namespace search_assign::pg
