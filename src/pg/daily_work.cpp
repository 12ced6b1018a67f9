// The process for the daily work, and CALL search_assign_daily(), which starts one and waits for it. Backend
// zone. SQL face: sql/install/82_worker.sql; tests: tests/worker.
#include "search_assign/pg/daily_work.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/top_level.hpp"
#include "search_assign/pg/worker_shared.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kDayRoll = "search_assign";  // the shipped entry
// Whatever a command has set or left. As DISCARD ALL does, but for the session's lock.
constexpr const char* kTidyUp =
    "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD TEMP; DISCARD "
    "SEQUENCES";
constexpr int kFreeProcessTries = 60;  // a second each

// What the process is told, in bgw_extra.
struct Order {
  Oid database;
  Oid role;
  int32 slot;              // of the worker that started it, -1 = a session's call
  char business_date[16];  // the calling session's settings
  char time_zone[80];
};
static_assert(sizeof(Order) <= BGW_EXTRALEN);

WorkerSlot* slot = nullptr;
constinit bool rolling = false;

// The owner's rights without the owner's password: a superuser who may not log in is as good as the bootstrap
// one.
Oid role_to_connect_as() {
  const Oid owner = owner_oid();
  if (!superuser_arg(owner)) return owner;
  HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const bool may_log_in = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcanlogin;
  ReleaseSysCache(tuple);
  return may_log_in ? owner : InvalidOid;
}

// ---- the process
// ----------------------------------------------------------------------------------------------------

void daily_work_ends(int, Datum) {
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  if (slot->daily_pid == MyProcPid) slot->daily_pid = 0;
  LWLockRelease(worker_shared()->lock);
}

void attach(const Order* order) {
  if (order->slot < 0) return;
  slot = &worker_shared()->slots[order->slot];
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  slot->daily_pid = MyProcPid;
  const bool unwanted = slot->planned_end || slot->database_oid != order->database;
  LWLockRelease(worker_shared()->lock);
  before_shmem_exit(daily_work_ends, 0);
  if (unwanted) proc_exit(0);
}

void use_settings_of(const Order* order) {
  if (order->slot >= 0) return;
  SetConfigOption("search_assign.business_date", order->business_date, PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("search_assign.time_zone", order->time_zone, PGC_SUSET, PGC_S_OVERRIDE);
}

struct Entry {
  char* name;
  char* command;
};

SpiStatement start_statement = {
    "UPDATE receivables.daily_work w SET last_started_at = pg_catalog.clock_timestamp(),"
    " attempts = CASE WHEN w.attempted_on = receivables.business_date() THEN w.attempts + 1 ELSE 1 END,"
    " attempted_on = receivables.business_date() WHERE w.name = $1",
    1,
    {TEXTOID},
    nullptr};
SpiStatement end_statement = {
    "UPDATE receivables.daily_work w SET last_finished_at = pg_catalog.clock_timestamp(), last_error = $2,"
    " last_run_on = w.attempted_on, attempts = 0 WHERE w.name = $1",
    2,
    {TEXTOID, TEXTOID},
    nullptr};

// The next entry to run, marked as begun; none twice in one process. A worker's process respects due_at, a
// call does not wait for anything.
bool begin_next_entry(List** done, Entry* entry) {
  bool found = false;
  begin_own_sql();
  const SpiRows rows =
      spi_select(slot == nullptr ? "SELECT d.name, d.command FROM receivables.daily_work_due() d"
                                 : "SELECT d.name, d.command FROM receivables.daily_work_due() d"
                                   " WHERE d.due_at <= pg_catalog.clock_timestamp()");
  for (uint64 i = 0; i < rows.count && !found; ++i) {
    char* name = spi_text(rows, i, 1);
    ListCell* cell = nullptr;
    bool was_done = false;
    foreach (cell, *done) was_done = was_done || strcmp(static_cast<char*>(lfirst(cell)), name) == 0;
    if (was_done) continue;
    MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
    entry->name = pstrdup(name);
    entry->command = spi_text(rows, i, 2);
    *done = lappend(*done, entry->name);
    MemoryContextSwitchTo(before);
    found = true;
  }
  if (found) {
    Datum values[] = {CStringGetTextDatum(entry->name)};
    spi_run(&start_statement, values);
  }
  end_own_sql();
  return found;
}

void end_entry(const Entry* entry, const char* error) {
  begin_own_sql();
  Datum values[] = {CStringGetTextDatum(entry->name), error != nullptr ? CStringGetTextDatum(error) : 0};
  const char nulls[] = {' ', error != nullptr ? ' ' : 'n', '\0'};
  spi_run(&end_statement, values, nulls);
  end_own_sql();
  if (error != nullptr && slot != nullptr)
    record_worker_error(slot, psprintf("daily work \"%s\": %s", entry->name, error));
}

void run_entry(const Entry* entry) {
  char* volatile error = nullptr;
  rolling = strcmp(entry->name, kDayRoll) == 0;
  PG_TRY();
  { run_command(entry->command); }
  PG_CATCH();
  { error = recover(); }
  PG_END_TRY();
  rolling = false;
  // The command may have made transactions read-only; what else it has set does not matter to the note.
  SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_SESSION);
  end_entry(entry, error);
  run_command(kTidyUp);
}

// False: the extension has been dropped meanwhile.
bool enter() {
  StartTransactionCommand();
  const bool installed = OidIsValid(installed_extension());
  // Another process is at it: what it leaves undone is done then.
  if (installed) lock_for_session(SessionLock::Daily, false);
  CommitTransactionCommand();
  return installed;
}

void run_daily_work() {
  if (!enter()) return;
  List* done = NIL;
  Entry entry;
  while (begin_next_entry(&done, &entry)) {
    run_entry(&entry);
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
    }
  }
}

// ---- the call
// -------------------------------------------------------------------------------------------------------

BackgroundWorkerHandle* start_when_possible() {
  BackgroundWorkerHandle* handle = nullptr;
  for (int i = 0; i < kFreeProcessTries; ++i) {
    if (start_daily_work(-1, &handle)) return handle;
    CHECK_FOR_INTERRUPTS();
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
  }
  ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                  errmsg("no free background worker process for the daily work"),
                  errhint("Raise max_worker_processes (needs a restart of the server).")));
}

// A call that is cancelled takes its process along.
void wait_for_end(BackgroundWorkerHandle* handle) {
  PG_TRY();
  {
    pid_t pid = 0;
    for (;;) {
      const BgwHandleStatus status = GetBackgroundWorkerPid(handle, &pid);
      if (status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED) break;
      WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0, PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
    }
  }
  PG_CATCH();
  {
    TerminateBackgroundWorker(handle);
    PG_RE_THROW();
  }
  PG_END_TRY();
}

SpiStatement outcome_statement = {
    "SELECT w.name, w.last_error, w.last_started_at IS NULL OR w.last_started_at < $1 OR w.attempts > 0"
    " FROM receivables.daily_work w LEFT JOIN receivables.daily_work_due() d ON d.name = w.name"
    " WHERE w.active AND (w.last_error IS NOT NULL AND w.last_started_at >= $1"
    " OR d.name IS NOT NULL AND (w.last_started_at IS NULL OR w.last_started_at < $1 OR w.attempts > 0))"
    " ORDER BY w.run_order, w.name",
    1,
    {TIMESTAMPTZOID},
    nullptr};

void report_outcome(TimestampTz started) {
  PushActiveSnapshot(GetTransactionSnapshot());
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  Datum values[] = {TimestampTzGetDatum(started)};
  const SpiRows rows = spi_query(&outcome_statement, values);
  for (uint64 i = 0; i < rows.count; ++i) {
    if (spi_bool(rows, i, 3))
      ereport(ERROR,
              (errcode(ERRCODE_INTERNAL_ERROR), errmsg("the process for the daily work ended before its end"),
               errdetail("\"%s\" is not done.", spi_text(rows, i, 1)),
               errhint("The server's log says why. Call search_assign_daily() again.")));
    ereport(WARNING, (errmsg("daily work \"%s\" failed: %s", spi_text(rows, i, 1), spi_text(rows, i, 2))));
  }
  SPI_finish();
  end_maintenance(scope);
  PopActiveSnapshot();
}

// With the rights that come with those on search_assign_daily() itself.
void apply_pending() {
  FmgrInfo function;
  fmgr_info(pending_procedure(), &function);
  CallContext* context = makeNode(CallContext);
  context->atomic = false;
  LOCAL_FCINFO(call, 0);
  InitFunctionCallInfoData(*call, &function, 0, InvalidOid, reinterpret_cast<Node*>(context), nullptr);
  EnsurePortalSnapshotExists();  // as CALL would
  FunctionCallInvoke(call);
}

}  // namespace

bool day_roll_under_way() noexcept { return rolling; }

bool start_daily_work(int slot_index, BackgroundWorkerHandle** handle) {
  Order order;
  memset(&order, 0, sizeof order);
  order.database = MyDatabaseId;
  order.role = role_to_connect_as();
  order.slot = slot_index;
  strlcpy(order.business_date, GetConfigOption("search_assign.business_date", false, false),
          sizeof order.business_date);
  strlcpy(order.time_zone, GetConfigOption("search_assign.time_zone", false, false), sizeof order.time_zone);

  BackgroundWorker worker = worker_process("search_assign daily work", "sa_daily_main", BGW_NEVER_RESTART);
  memcpy(worker.bgw_extra, &order, sizeof order);
  return RegisterDynamicBackgroundWorker(&worker, handle);
}

}  // namespace search_assign::pg

extern "C" PGDLLEXPORT void sa_daily_main(Datum);
extern "C" void sa_daily_main(Datum) {
  using namespace search_assign::pg;
  Order order;
  memcpy(&order, MyBgworkerEntry->bgw_extra, sizeof order);
  attach(&order);
  start_process(order.database, order.role, "search_assign daily work");
  use_settings_of(&order);
  run_daily_work();
  if (slot != nullptr) slot->daily_done = true;
}

SA_FUNCTION(sa_search_assign_daily) {
  using namespace search_assign::pg;
  auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
  if (call == nullptr || !IsA(call, CallContext) || call->atomic)
    ereport(ERROR,
            (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
             errmsg("search_assign_daily() cannot run inside a transaction block"),
             errdetail(
                 "The daily work runs in transactions of its own, which would not see this one's changes.")));
  PreventCommandIfReadOnly("search_assign_daily()");
  SPI_connect_ext(SPI_OPT_NONATOMIC);
  const TimestampTz started = GetCurrentTimestamp();
  BackgroundWorkerHandle* handle = start_when_possible();
  SPI_commit();  // no snapshot is held while the process works
  wait_for_end(handle);
  report_outcome(started);
  apply_pending();
  SPI_finish();
  PG_RETURN_VOID();
}
