// The optional background worker: one process for each database in search_assign.databases applies the queue,
// rolls the business date and starts the daily work. Without shared_preload_libraries all of this does
// nothing.
#pragma once

namespace search_assign::pg {

// define_worker_settings and register_worker are called once from _PG_init, the settings first of all.
void define_worker_settings();
void register_worker();

// wake_worker wakes the worker of this database, if there is one: a few loads and at most one SetLatch,
// raises nothing. To be called after the commit (XACT_EVENT_COMMIT) that makes work for it visible.
void wake_worker() noexcept;

// wake_worker_at_commit has the present transaction's commit wake it.
void wake_worker_at_commit() noexcept;

}  // namespace search_assign::pg
