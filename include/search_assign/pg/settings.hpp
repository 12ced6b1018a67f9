// Settings search_assign.* and the business date that follows from them.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "utils/date.h"
}

namespace search_assign::pg {

enum ApplyMode { kApplyAtCommit, kApplyAtStatement, kApplyFromQueue };

// define_settings registers all settings; called once from _PG_init.
void define_settings();

// apply_mode is search_assign.apply: when a transaction's change set is applied.
ApplyMode apply_mode() noexcept;

// lock_wait is search_assign.lock_wait in milliseconds, as far as lock_timeout and deadlock_timeout let it.
int lock_wait() noexcept;

// change_set_bytes is search_assign.change_set_mem.
size_t change_set_bytes() noexcept;

// membership_log_retention is search_assign.membership_log_retention in months, 0 = for ever.
int membership_log_retention() noexcept;

// business_date is the setting search_assign.business_date or, where that is empty, the date of
// the transaction's start in search_assign.time_zone. While facts are evaluated it is
// the evaluation's date (set_evaluation_date).
DateADT business_date();

// business_date_is_set: the date comes from the setting, not from the clock.
bool business_date_is_set() noexcept;

// date_of_clock: the date now, in the zone of the business date, whatever is set.
DateADT date_of_clock();

// set_evaluation_date makes business_date() return the date while facts and criteria of a customer
// are evaluated for it; clear_evaluation_date ends that, abort_evaluation_date where it was set
// inside the aborted (sub)transaction level.
void set_evaluation_date(DateADT date) noexcept;
void clear_evaluation_date() noexcept;
void abort_evaluation_date(int level) noexcept;

// in_restore: the session, a superuser's, was prepared by a pg_dump script (row_security and
// check_function_bodies off, empty search_path): rows arrive as they were, nothing is derived from them.
bool in_restore();

}  // namespace search_assign::pg
