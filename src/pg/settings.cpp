// Settings search_assign.* and the business date. Backend zone.
// SQL face: sql/install/05_settings.sql; tests: tests/regress/sql/settings.sql.
#include "search_assign/pg/settings.hpp"

#include "search_assign/core/money.hpp"
#include "search_assign/pg/boundary.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "pgtime.h"
#include "storage/proc.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

char* sa_guc_business_date = nullptr;
char* sa_guc_time_zone = nullptr;
int sa_guc_apply = kApplyAtCommit;
int sa_guc_lock_wait = 200;
int sa_guc_change_set_mem = 64 * 1024;
int sa_guc_membership_log_retention = 0;

const config_enum_entry kApplyOptions[] = {{"commit", kApplyAtCommit, false},
                                           {"statement", kApplyAtStatement, false},
                                           {"queue", kApplyFromQueue, false},
                                           {nullptr, 0, false}};

// The business date as the setting gives it; kNoDate = from the clock.
constexpr DateADT kNoDate = DATEVAL_NOEND;
DateADT set_date = kNoDate;
DateADT evaluation_date = kNoDate;
int evaluation_level = 0;  // transaction nest level at which it was set

pg_tz* business_zone = nullptr;  // nullptr: the server's own zone

// The clock's date, remembered for the transaction start it was computed from.
TimestampTz clock_start = 0;
const pg_tz* clock_zone = nullptr;
DateADT clock_date = kNoDate;

bool is_blank(const char* text) { return text == nullptr || text[0] == '\0'; }

bool read_iso_date(const char* text, DateADT* date) {
  int year = 0;
  int month = 0;
  int day = 0;
  int used = 0;
  if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[0] == '-' || text[5] == '-' ||
      text[8] == '-' || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10)
    return false;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  const int julian = date2j(year, month, day);
  int back_year = 0;
  int back_month = 0;
  int back_day = 0;
  j2date(julian, &back_year, &back_month, &back_day);
  if (back_year != year || back_month != month || back_day != day) return false;
  *date = julian - POSTGRES_EPOCH_JDATE;
  return true;
}

bool check_business_date(char** value, void** extra, GucSource) {
  auto* date = static_cast<DateADT*>(malloc(sizeof(DateADT)));
  if (date == nullptr) return false;
  *date = kNoDate;
  if (!is_blank(*value) && !read_iso_date(*value, date)) {
    free(date);
    GUC_check_errdetail("\"%s\" is not an ISO date (YYYY-MM-DD).", *value);
    GUC_check_errhint("Leave it empty to use the date of the transaction's start.");
    return false;
  }
  *extra = date;
  return true;
}

void assign_business_date(const char*, void* extra) {
  set_date = extra != nullptr ? *static_cast<DateADT*>(extra) : kNoDate;
}

bool check_time_zone(char** value, void** extra, GucSource) {
  if (is_blank(*value)) return true;
  pg_tz* zone = pg_tzset(*value);
  if (zone == nullptr || !pg_tz_acceptable(zone)) {
    GUC_check_errdetail("\"%s\" is not a time zone the server knows.", *value);
    return false;
  }
  auto** kept = static_cast<pg_tz**>(malloc(sizeof(pg_tz*)));
  if (kept == nullptr) return false;
  *kept = zone;
  *extra = kept;
  return true;
}

void assign_time_zone(const char*, void* extra) {
  business_zone = extra != nullptr ? *static_cast<pg_tz**>(extra) : nullptr;
}

// The date of a timestamp in a zone. log_timezone is the one zone of the server's configuration
// that no session can change, so it stands for "the server's zone".
DateADT date_in_zone(TimestampTz time, pg_tz* zone) {
  int offset = 0;
  pg_tm broken_down;
  fsec_t fraction = 0;
  if (timestamp2tm(time, &offset, &broken_down, &fraction, nullptr, zone) != 0)
    ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
  return date2j(broken_down.tm_year, broken_down.tm_mon, broken_down.tm_mday) - POSTGRES_EPOCH_JDATE;
}

}  // namespace

void define_settings() {
  DefineCustomEnumVariable("search_assign.apply", "Sets when a transaction's ledger changes are applied.",
                           "commit: once, before the commit; statement: at the end of each statement; "
                           "queue: by others, from the queue.",
                           &sa_guc_apply, kApplyAtCommit, kApplyOptions, PGC_USERSET, 0, nullptr, nullptr,
                           nullptr);
  DefineCustomIntVariable(
      "search_assign.lock_wait", "Sets how long a transaction waits for positions that others are changing.",
      "In all, over its customers; what is locked longer goes to the queue. At most half of "
      "deadlock_timeout counts.",
      &sa_guc_lock_wait, 200, 0, 60000, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("search_assign.change_set_mem",
                          "Sets the memory for what a transaction has changed and not yet applied.",
                          "What is more waits in temporary files.", &sa_guc_change_set_mem, 64 * 1024, 64,
                          MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB, nullptr, nullptr, nullptr);
  DefineCustomIntVariable(
      "search_assign.membership_log_retention", "Sets how many months the log of memberships is kept.",
      "The daily work drops whole months that are older; 0 keeps everything. Set it for the "
      "database, not for a session.",
      &sa_guc_membership_log_retention, 0, 0, 12000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("search_assign.business_date", "Sets the business date (ISO date).",
                             "Empty: the date of the transaction's start in search_assign.time_zone. "
                             "Maintained results depend on it: set it for the database, not for a session.",
                             &sa_guc_business_date, "", PGC_SUSET, 0, check_business_date,
                             assign_business_date, nullptr);
  DefineCustomStringVariable("search_assign.time_zone", "Sets the time zone of the business date.",
                             "Empty: the server's configured zone (log_timezone), never the session's.",
                             &sa_guc_time_zone, "", PGC_SUSET, 0, check_time_zone, assign_time_zone, nullptr);
  MarkGUCPrefixReserved("search_assign");
}

ApplyMode apply_mode() noexcept { return static_cast<ApplyMode>(sa_guc_apply); }

int lock_wait() noexcept {
  const int wait = std::min(sa_guc_lock_wait, DeadlockTimeout / 2);
  return LockTimeout > 0 ? std::min(wait, LockTimeout) : wait;
}

int membership_log_retention() noexcept { return sa_guc_membership_log_retention; }

size_t change_set_bytes() noexcept { return static_cast<size_t>(sa_guc_change_set_mem) * 1024; }

bool business_date_is_set() noexcept { return set_date != kNoDate; }

DateADT business_date() {
  if (evaluation_date != kNoDate) return evaluation_date;
  if (set_date != kNoDate) return set_date;
  pg_tz* zone = business_zone != nullptr ? business_zone : log_timezone;
  const TimestampTz start = GetCurrentTransactionStartTimestamp();
  if (clock_date == kNoDate || start != clock_start || zone != clock_zone) {
    clock_date = date_in_zone(start, zone);
    clock_start = start;
    clock_zone = zone;
  }
  return clock_date;
}

DateADT date_of_clock() {
  return date_in_zone(GetCurrentTimestamp(), business_zone != nullptr ? business_zone : log_timezone);
}

void set_evaluation_date(DateADT date) noexcept {
  if (evaluation_date == kNoDate) evaluation_level = GetCurrentTransactionNestLevel();
  evaluation_date = date;
}

void clear_evaluation_date() noexcept { evaluation_date = kNoDate; }

void abort_evaluation_date(int level) noexcept {
  if (level <= evaluation_level) evaluation_date = kNoDate;
}

bool in_restore() {
  if (check_function_bodies || row_security) return false;
  // Anybody may set these; only a superuser's session, as the extension needs for its creation, restores.
  if (!superuser_arg(GetSessionUserId())) return false;
  // The script empties the search path; our own functions in PL/pgSQL that ask have set theirs meanwhile.
  return is_blank(namespace_search_path) || strcmp(namespace_search_path, "pg_catalog, pg_temp") == 0;
}

}  // namespace search_assign::pg

SA_FUNCTION(sa_business_date) { PG_RETURN_DATEADT(search_assign::pg::business_date()); }

SA_FUNCTION(sa_not_since) {
  if (PG_ARGISNULL(1)) PG_RETURN_NULL();
  if (PG_ARGISNULL(0)) PG_RETURN_BOOL(true);
  const DateADT date = PG_GETARG_DATEADT(0);
  if (DATE_IS_NOBEGIN(date)) PG_RETURN_BOOL(true);
  if (DATE_IS_NOEND(date)) PG_RETURN_BOOL(false);
  const int64 days_back = static_cast<int64>(search_assign::pg::business_date()) - date;
  PG_RETURN_BOOL(days_back >= PG_GETARG_INT32(1));
}

SA_FUNCTION(sa_in_restore) { PG_RETURN_BOOL(search_assign::pg::in_restore()); }

SA_FUNCTION(sa_lock_wait) { PG_RETURN_INT32(search_assign::pg::lock_wait()); }

SA_FUNCTION(sa_membership_log_retention) { PG_RETURN_INT32(search_assign::pg::membership_log_retention()); }
