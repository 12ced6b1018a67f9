// Background processes as server processes of their own. Backend zone.
#include "search_assign/pg/top_level.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace search_assign::pg {
namespace {

MaintenanceScope own_scope;
constinit MemoryContext command_memory = nullptr;

// One statement of a command, in the transaction block that earlier ones may have begun.
void run_statement(RawStmt* statement, const char* command) {
  StartTransactionCommand();
  MemoryContextSwitchTo(command_memory);
  const bool needs_snapshot = analyze_requires_snapshot(statement);
  if (needs_snapshot) PushActiveSnapshot(GetTransactionSnapshot());
  List* queries = pg_analyze_and_rewrite_fixedparams(statement, command, nullptr, 0, nullptr);
  List* plans = pg_plan_queries(queries, command, CURSOR_OPT_PARALLEL_OK, nullptr);
  if (needs_snapshot) PopActiveSnapshot();

  Portal portal = CreatePortal("", true, true);
  portal->visible = false;
  PortalDefineQuery(portal, nullptr, command, CreateCommandTag(statement->stmt), plans, nullptr);
  PortalStart(portal, nullptr, 0, InvalidSnapshot);
  QueryCompletion completion;
  InitializeQueryCompletion(&completion);
  PortalRun(portal, FETCH_ALL, true, true, None_Receiver, None_Receiver, &completion);
  PortalDrop(portal, false);
  CommitTransactionCommand();
}

// Like an advisory lock, it outlives transactions that fail and goes with the session; the last number keeps
// it apart from those of pg_advisory_lock(), which end in 1 and 2.
void tag_of(SessionLock lock, LOCKTAG* tag) {
  SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, ExtensionRelationId, installed_extension(),
                       static_cast<uint16>(lock));
}

// What the server, the database or a role prescribe for sessions must not stop the process.
void override_settings() {
  static constexpr const char* kOwnSettings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                                    {"default_transaction_read_only", "off"},
                                                    {"default_transaction_isolation", "read committed"},
                                                    {"session_replication_role", "origin"},
                                                    {"lock_timeout", "0"},
                                                    {"statement_timeout", "0"}};
  for (const auto& [name, value] : kOwnSettings) SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

}  // namespace

void start_process(Oid database, Oid role, const char* application_name) {
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnectionByOid(database, role, 0);
  SetConfigOption("application_name", application_name, PGC_SUSET, PGC_S_OVERRIDE);
  override_settings();
}

void begin_own_sql() {
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  PushActiveSnapshot(GetTransactionSnapshot());
  own_scope = begin_maintenance();
  SPI_connect();
}

void end_own_sql() {
  SPI_finish();
  end_maintenance(own_scope);
  PopActiveSnapshot();
  CommitTransactionCommand();
}

void run_command(const char* command) {
  if (command_memory == nullptr)
    command_memory = AllocSetContextCreate(TopMemoryContext, "search_assign command", ALLOCSET_DEFAULT_SIZES);
  MemoryContextReset(command_memory);
  MemoryContext before = MemoryContextSwitchTo(command_memory);
  debug_query_string = command = pstrdup(command);
  pgstat_report_activity(STATE_RUNNING, command);
  SetCurrentStatementStartTimestamp();
  ListCell* cell = nullptr;
  foreach (cell, pg_parse_query(command)) {
    CHECK_FOR_INTERRUPTS();
    run_statement(lfirst_node(RawStmt, cell), command);
    MemoryContextSwitchTo(command_memory);
  }
  if (IsTransactionOrTransactionBlock())
    ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                    errmsg("the command leaves a transaction open"), errhint("End it with COMMIT.")));
  MemoryContextSwitchTo(before);
  debug_query_string = nullptr;
  pgstat_report_stat(true);
  pgstat_report_activity(STATE_IDLE, nullptr);
}

char* recover() {
  // HOLD_INTERRUPTS() and RESUME_INTERRUPTS() would increment a volatile variable, which C++20 deprecates.
  InterruptHoldoffCount = InterruptHoldoffCount + 1;
  error_context_stack = nullptr;
  EmitErrorReport();
  MemoryContextSwitchTo(TopMemoryContext);
  ErrorData* error = CopyErrorData();
  debug_query_string = nullptr;
  AbortOutOfAnyTransaction();
  LWLockReleaseAll();  // an error outside of any transaction
  FlushErrorState();
  MemoryContextSwitchTo(TopMemoryContext);
  char* message = pstrdup(error->message != nullptr ? error->message : "unknown error");
  FreeErrorData(error);
  pgstat_report_stat(true);
  pgstat_report_activity(STATE_IDLE, nullptr);
  InterruptHoldoffCount = InterruptHoldoffCount - 1;
  return message;
}

Oid pending_procedure() {
  const Oid oid = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("search_assign_pending"),
                                  PointerGetDatum(buildoidvector(nullptr, 0)),
                                  ObjectIdGetDatum(get_namespace_oid(kSchema, false)));
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
  bool is_ours = false;
  if (HeapTupleIsValid(tuple)) {
    auto* procedure = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    is_ours = procedure->prokind == PROKIND_PROCEDURE && procedure->prolang == ClanguageId;
    ReleaseSysCache(tuple);
  }
  if (!is_ours)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                    errmsg("procedure %s.search_assign_pending() is not the one of search_assign", kSchema)));
  return oid;
}

Oid installed_extension() { return get_extension_oid("search_assign", true); }

void lock_for_session(SessionLock lock, bool shared) {
  LOCKTAG tag;
  tag_of(lock, &tag);
  LockAcquire(&tag, shared ? ShareLock : ExclusiveLock, true, false);
}

bool try_lock_for_session(SessionLock lock, bool shared) {
  LOCKTAG tag;
  tag_of(lock, &tag);
  return LockAcquire(&tag, shared ? ShareLock : ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

bool somebody_holds(SessionLock lock) {
  LOCKTAG tag;
  tag_of(lock, &tag);
  if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL) return true;
  LockRelease(&tag, ExclusiveLock, false);
  return false;
}

}  // namespace search_assign::pg
