// The daily work: what receivables.daily_work lists runs in a process of its own, so that a long run does not
// hold up the queue, errors of one command do not touch the next, and procedures may commit.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "postmaster/bgworker.h"
}

namespace search_assign::pg {

// start_daily_work starts the process for this database; slot is the worker's, -1 for a session's own call,
// whose date and zone then hold. False: the server has no free process. Inside a transaction.
bool start_daily_work(int slot, BackgroundWorkerHandle** handle);

// day_roll_under_way: this process runs the shipped entry "search_assign", which like any worker leaves rules
// with autorun = false as they stand.
bool day_roll_under_way() noexcept;

}  // namespace search_assign::pg
