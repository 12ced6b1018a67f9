// Runs that several sessions share: the tables search_assign_run and search_assign_batch. Everything here is
// called inside a transaction of its own step of the run; run_lock.hpp says who may change which row.
#pragma once

#include "search_assign/core/calendar.hpp"
#include "search_assign/pg/prelude.hpp"
#include "search_assign/pg/run_visit.hpp"

namespace search_assign::pg {

// What a run brings to its customers.
struct RunKey {
  core::Date business_date;
  int64 version;
  bool everyone;
};

// find_unfinished_run gives the unfinished run; false where there is none.
bool find_unfinished_run(int64* run_id, RunKey* key);

// start_run writes a new run with units of work over the customers. resume_run writes the units of a stopped
// run anew over the customers that are left; add_remaining collects those of its present units.
int64 start_run(const RunKey& key, const Visit& visit);
void resume_run(int64 run_id, const Visit& visit);
void add_remaining(int64 run_id, Visit* visit);

// end_run closes it: complete, with last_run_* of the configuration, or replaced by another.
void replace_run(int64 run_id);
void complete_run(int64 run_id, const RunKey& key);
// record_run notes a run that was done in one piece inside a transaction block.
void record_run(const RunKey& key, TimestampTz started_at, int64 done, int64 changed);

enum class RunState { Unfinished, Complete, Replaced };
RunState run_state(int64 run_id);

// A unit of work, held by this session; `ids` lives in the memory it was claimed with.
struct WorkUnit {
  int64 batch_id;
  int32 size;
  int32 visited;
  int32 changed;
  int64* ids;
};

// claim_unit takes the next unit that nobody works on. Busy: others work on all that are left, `batch_id` is
// one of them. None: nothing is left.
enum class Claim { Taken, Busy, None };
Claim claim_unit(int64 run_id, WorkUnit* unit, MemoryContext memory);

// save_unit writes how far the unit is; false where the run has been replaced.
bool save_unit(const WorkUnit& unit);

// report_progress shows a progress line as a NOTICE; report_search_failures a WARNING a failing search.
void report_progress(int64 run_id);
void report_search_failures();

}  // namespace search_assign::pg
