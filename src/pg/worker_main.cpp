// A database's worker: applies the queue, and starts the process for the daily work when some is due. Backend
// zone.
//
// It sleeps on its latch until a commit has queued something (wake_worker), the business date changes, daily
// work falls due, or the configuration is read again. What cannot be changed in a running session - settings
// of the database, the extension itself - makes it end and the launcher start it anew.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/daily_work.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/top_level.hpp"
#include "search_assign/pg/worker_shared.hpp"

extern "C" {
#include "access/xact.h"
#include "common/hashfn.h"
#include "pgstat.h"
#include "pgtime.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"
}

namespace search_assign::pg {
namespace {

constexpr long kLongestSleepMs = 15 * 60 * 1000;  // should the clock be set
constexpr long kFirstRetryMs = 10;
constexpr long kLastRetryMs = 5000;
constexpr long kRestoreLookMs = 1000;
constexpr int kErrorRetryMs = 1000;  // doubled with each error in a row, up to 64 times
constexpr int kDailyRetryMs = 60000;
constexpr uint64 kSettingsSeed = 1;  // so that no settings are something else than nothing seen

// Which rows are queued, as their number and a digest of theirs. Rows are numbered before they are committed:
// a new one may have a lower number than those seen long ago.
struct QueuedRows {
  int64 count;
  int64 digest;
  bool operator==(const QueuedRows&) const = default;
};

// What one look at the database found.
struct Findings {
  bool restoring;
  QueuedRows queued;
  TimestampTz daily_due;  // DT_NOEND: nothing
};

WorkerSlot* slot = nullptr;
int slot_index = 0;
Oid extension = InvalidOid;
BackgroundWorkerHandle* daily = nullptr;

QueuedRows last_tried = {0, 0};  // by the last application
long left_rows_ms = 0;           // how long to wait before rows it left are tried again
TimestampTz left_rows_at = 0;

TimestampTz calm_until = 0;  // after errors nothing is tried before
int errors_in_a_row = 0;

void worker_ends(int, Datum) {
  WorkerShared* shared = worker_shared();
  pg_atomic_write_u32(&slot->database, 0);
  pg_atomic_write_u32(&slot->process, 0);
  LWLockAcquire(shared->lock, LW_EXCLUSIVE);
  slot->pid = 0;
  slot->state = WorkerState::Waiting;
  if (!slot->planned_end) {
    slot->failures = std::min(slot->failures + 1, 7);
    slot->restart_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 500 << (slot->failures - 1));
  }
  LWLockRelease(shared->lock);
  wake_launcher();
}

[[noreturn]] void end_to_start_anew() {
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  slot->planned_end = true;
  slot->restart_at = GetCurrentTimestamp();
  LWLockRelease(worker_shared()->lock);
  proc_exit(0);
}

void attach(int index) {
  slot_index = index;
  slot = &worker_shared()->slots[index];
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  slot->pid = MyProcPid;
  slot->started_at = GetCurrentTimestamp();
  const bool unwanted = slot->planned_end;  // leave_database came while this process started
  LWLockRelease(worker_shared()->lock);
  before_shmem_exit(worker_ends, 0);
  if (unwanted) proc_exit(0);
}

// The settings a session gets from the catalog when it begins, as one text.
constexpr const char* kSettingsQuery =
    "SELECT pg_catalog.string_agg(s.setdatabase || '/' || s.setrole || '=' || s.setconfig::text, ' '"
    " ORDER BY s.setdatabase, s.setrole) FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase IN (0,"
    " (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))"
    " AND s.setrole IN (0, 10)";

// A session has the settings of the moment when it began, which may be others than those of its first look.
// So what was seen is remembered beyond the process: one that sees something else begins anew, and the next
// has at least that.
void check_settings() {
  const char* text = spi_text(spi_select(kSettingsQuery), 0, 1);
  const uint64 now = hash_bytes_extended(reinterpret_cast<const unsigned char*>(text),
                                         static_cast<int>(strlen(text)), kSettingsSeed);
  if (slot->settings == now) return;
  slot->settings = now;  // nobody else reads or writes it
  end_to_start_anew();
}

void look_at_queue(Findings* findings) {
  const SpiRows rows = spi_select(
      "SELECT pg_catalog.count(*),"
      " coalesce(pg_catalog.bit_xor(pg_catalog.hashint8extended(q.queue_id, 0)), 0)"
      " FROM receivables.change_queue q");
  findings->queued = {spi_int64(rows, 0, 1), spi_int64(rows, 0, 2)};
  // The process has a superuser's rights: it calls nothing but the module's own procedure.
  if (findings->queued.count > 0) pending_procedure();
}

void look_at_daily_work(Findings* findings) {
  const SpiRows rows = spi_select("SELECT pg_catalog.min(d.due_at) FROM receivables.daily_work_due() d");
  findings->daily_due = spi_is_null(rows, 0, 1) ? DT_NOEND : DatumGetTimestampTz(spi_datum(rows, 0, 1));
}

// False: the extension is not there.
bool look(Findings* findings) {
  StartTransactionCommand();
  const Oid found = installed_extension();
  CommitTransactionCommand();
  // Nothing that was kept of an extension that is gone may be used with its successor.
  if (OidIsValid(extension) && found != extension) end_to_start_anew();
  extension = found;
  if (!OidIsValid(found)) return false;
  begin_own_sql();
  check_settings();
  findings->restoring = somebody_holds(SessionLock::Restore);
  if (!findings->restoring) {
    look_at_queue(findings);
    look_at_daily_work(findings);
  }
  end_own_sql();
  return true;
}

// Rows that an application left (another transaction holds their customers) are tried at growing intervals,
// with new ones at once: a queue is left alone only as long as it holds the very rows tried last.
bool queue_wants_applying(const Findings* findings) {
  if (findings->queued.count == 0) return false;
  if (findings->queued != last_tried) left_rows_ms = left_rows_at = 0;
  return left_rows_at <= GetCurrentTimestamp();
}

void apply_queue(const Findings* findings) {
  set_worker_state(slot, WorkerState::Applying);
  left_rows_ms = std::clamp(left_rows_ms * 2, kFirstRetryMs, kLastRetryMs);
  last_tried = findings->queued;
  run_command("CALL receivables.search_assign_pending()");
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  ++slot->applications;
  LWLockRelease(worker_shared()->lock);
  left_rows_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), left_rows_ms);
}

// Milliseconds until rows that were left are tried again.
long until_retry(const Findings* findings) {
  if (findings->queued.count == 0) return kLongestSleepMs;
  return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), left_rows_at) + 1;
}

bool daily_work_runs() {
  if (daily == nullptr) return false;
  pid_t pid = 0;
  const BgwHandleStatus status = GetBackgroundWorkerPid(daily, &pid);
  if (status != BGWH_STOPPED) return true;
  pfree(daily);
  daily = nullptr;
  return false;
}

// Returns in how many milliseconds to look again.
long start_due_work(const Findings* findings, bool ended) {
  static TimestampTz not_before = 0;
  const TimestampTz now = GetCurrentTimestamp();
  if (ended && !slot->daily_done) {
    record_worker_error(slot, "the process for the daily work ended before its end: see the server's log");
    not_before = TimestampTzPlusMilliseconds(now, kDailyRetryMs);
  }
  if (findings->daily_due == DT_NOEND || daily != nullptr) return kLongestSleepMs;
  const TimestampTz start = std::max(findings->daily_due, not_before);
  if (start > now) return TimestampDifferenceMilliseconds(now, start) + 1;
  StartTransactionCommand();
  slot->daily_done = false;
  MemoryContextSwitchTo(TopMemoryContext);
  const bool started = start_daily_work(slot_index, &daily);
  CommitTransactionCommand();
  if (!started) {
    daily = nullptr;
    record_worker_error(slot,
                        "no free background worker process for the daily work: raise max_worker_processes");
    not_before = TimestampTzPlusMilliseconds(now, kDailyRetryMs);
  }
  return kDailyRetryMs;
}

// Milliseconds until the business date changes by itself.
long until_next_date() {
  if (business_date_is_set()) return kLongestSleepMs;
  const char* name = GetConfigOption("search_assign.time_zone", false, false);
  pg_tz* zone = name[0] != '\0' ? pg_tzset(name) : log_timezone;
  pg_tm midnight;
  memset(&midnight, 0, sizeof midnight);
  j2date(date_of_clock() + 1 + POSTGRES_EPOCH_JDATE, &midnight.tm_year, &midnight.tm_mon, &midnight.tm_mday);
  int offset = DetermineTimeZoneOffset(&midnight, zone);
  Timestamp start = 0;
  if (tm2timestamp(&midnight, 0, &offset, &start) != 0) return kLongestSleepMs;
  return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), start) + 1;
}

// One round; returns how long to sleep.
long work() {
  Findings findings;
  memset(&findings, 0, sizeof findings);
  if (!look(&findings)) {
    set_worker_state(slot, WorkerState::NoExtension);
    return kLongestSleepMs;
  }
  if (findings.restoring) {
    set_worker_state(slot, WorkerState::Restoring);
    return kRestoreLookMs;
  }
  if (queue_wants_applying(&findings)) {
    apply_queue(&findings);
    return 0;  // look for what came meanwhile
  }
  set_worker_state(slot, findings.queued.count == 0 ? WorkerState::Idle : WorkerState::Retrying);
  slot->failures = 0;
  const bool ended = daily != nullptr && !daily_work_runs();
  return std::min({start_due_work(&findings, ended), until_next_date(), until_retry(&findings)});
}

void note_wakeup() {
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  slot->last_wakeup_at = GetCurrentTimestamp();
  ++slot->wakeups;
  LWLockRelease(worker_shared()->lock);
}

void sleep_for(long milliseconds) {
  LWLockAcquire(worker_shared()->lock, LW_EXCLUSIVE);
  slot->next_work_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
  LWLockRelease(worker_shared()->lock);
  pgstat_report_activity(STATE_IDLE, nullptr);
  const int events =
      WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
  if ((events & WL_LATCH_SET) != 0) note_wakeup();
}

void read_configuration() {
  if (!ConfigReloadPending) return;
  ConfigReloadPending = false;
  ProcessConfigFile(PGC_SIGHUP);
  if (!database_is_listed(NameStr(slot->name))) end_to_start_anew();
}

// A round with its errors: they are logged, shown, and the round is tried again later, whoever wakes the
// worker.
long work_safely() {
  const TimestampTz now = GetCurrentTimestamp();
  if (now < calm_until) return TimestampDifferenceMilliseconds(now, calm_until) + 1;
  volatile long sleep = 0;
  PG_TRY();
  {
    sleep = work();
    errors_in_a_row = 0;
  }
  PG_CATCH();
  {
    char* message = recover();
    record_worker_error(slot, message);
    pfree(message);
    calm_until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kErrorRetryMs << errors_in_a_row);
    errors_in_a_row = std::min(errors_in_a_row + 1, 6);
  }
  PG_END_TRY();
  return sleep;
}

[[noreturn]] void run_worker() {
  for (;;) {
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
    read_configuration();
    const long sleep = work_safely();
    if (sleep > 0) sleep_for(std::min(sleep, kLongestSleepMs));
  }
}

}  // namespace
}  // namespace search_assign::pg

extern "C" PGDLLEXPORT void sa_worker_main(Datum);
extern "C" void sa_worker_main(Datum index) {
  using namespace search_assign::pg;
  Oid database = InvalidOid;
  memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof database);
  attach(DatumGetInt32(index));
  start_process(database, InvalidOid, "search_assign worker");
  // What others hold stays queued and is tried again: nobody else's rows wait for it.
  SetConfigOption("search_assign.lock_wait", "0", PGC_SUSET, PGC_S_OVERRIDE);
  pg_atomic_write_u32(&slot->process, own_process_number());
  pg_atomic_write_u32(&slot->database, database);
  run_worker();
}
