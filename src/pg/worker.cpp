// The workers' setting, their registration, and the commands of others they have to know of. Backend zone.
#include "search_assign/pg/worker.hpp"

#include "search_assign/pg/prelude.hpp"
#include "search_assign/pg/worker_shared.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "postmaster/bgworker.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace search_assign::pg {
namespace {

constexpr int kLauncherRestartSeconds = 5;

char* sa_guc_databases = nullptr;
ProcessUtility_hook_type next_utility_hook = nullptr;
constinit bool wake_all_at_commit = false;

bool check_databases(char** value, void**, GucSource) {
  char* copy = pstrdup(*value);
  List* names = NIL;
  const bool well_formed = SplitIdentifierString(copy, ',', &names);
  list_free(names);
  pfree(copy);
  if (!well_formed)
    GUC_check_errdetail(
        "Names of databases, separated by commas, are expected; in double quotes where needed.");
  return well_formed;
}

// The name of the database that nobody may be connected to while the command runs.
const char* database_wanted_alone(Node* statement) {
  switch (nodeTag(statement)) {
    case T_DropdbStmt:
      return reinterpret_cast<DropdbStmt*>(statement)->dbname;
    case T_RenameStmt: {
      auto* rename = reinterpret_cast<RenameStmt*>(statement);
      return rename->renameType == OBJECT_DATABASE ? rename->subname : nullptr;
    }
    case T_AlterDatabaseStmt: {
      auto* alter = reinterpret_cast<AlterDatabaseStmt*>(statement);
      ListCell* cell = nullptr;
      foreach (cell, alter->options)
        if (strcmp(lfirst_node(DefElem, cell)->defname, "tablespace") == 0) return alter->dbname;
      return nullptr;
    }
    case T_CreatedbStmt: {
      ListCell* cell = nullptr;
      foreach (cell, reinterpret_cast<CreatedbStmt*>(statement)->options) {
        DefElem* option = lfirst_node(DefElem, cell);
        if (strcmp(option->defname, "template") == 0 && option->arg != nullptr) return defGetString(option);
      }
      return "template1";
    }
    default:
      return nullptr;
  }
}

// Who may not do it to the database does not send its worker away.
void make_room(Node* statement) {
  const char* name = database_wanted_alone(statement);
  if (name == nullptr) return;
  const Oid database = get_database_oid(name, true);
  if (OidIsValid(database) && pg_database_ownercheck(database, GetUserId())) leave_database(database);
}

// Databases that come and go are the launcher's business; changed settings of a database are its worker's.
bool concerns_workers(Node* statement) {
  switch (nodeTag(statement)) {
    case T_DropdbStmt:
    case T_CreatedbStmt:
    case T_AlterDatabaseStmt:
    case T_AlterDatabaseSetStmt:
    case T_AlterRoleSetStmt:
      return true;
    case T_RenameStmt:
      return reinterpret_cast<RenameStmt*>(statement)->renameType == OBJECT_DATABASE;
    default:
      return false;
  }
}

bool is_commit_prepared(Node* statement) {
  return IsA(statement, TransactionStmt) &&
         reinterpret_cast<TransactionStmt*>(statement)->kind == TRANS_STMT_COMMIT_PREPARED;
}

void run_utility(PlannedStmt* planned, const char* text, bool read_only_tree, ProcessUtilityContext context,
                 ParamListInfo parameters, QueryEnvironment* environment, DestReceiver* receiver,
                 QueryCompletion* completion) {
  // The tree may be gone after COMMIT PREPARED.
  const bool concerns = concerns_workers(planned->utilityStmt);
  const bool commits_prepared = is_commit_prepared(planned->utilityStmt);
  make_room(planned->utilityStmt);
  const ProcessUtility_hook_type next =
      next_utility_hook != nullptr ? next_utility_hook : standard_ProcessUtility;
  next(planned, text, read_only_tree, context, parameters, environment, receiver, completion);
  if (concerns) wake_all_at_commit = true;
  if (commits_prepared) wake_worker();  // what the prepared transaction has queued
}

void transaction_event(XactEvent event, void*) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT) return;
  if (wake_all_at_commit && event == XACT_EVENT_COMMIT) wake_all_workers();
  wake_all_at_commit = false;
}

void register_launcher() {
  BackgroundWorker launcher =
      worker_process("search_assign launcher", "sa_launcher_main", kLauncherRestartSeconds);
  launcher.bgw_notify_pid = 0;  // the postmaster starts it
  RegisterBackgroundWorker(&launcher);
}

}  // namespace

List* databases_setting() {
  List* names = NIL;
  if (sa_guc_databases != nullptr) SplitIdentifierString(pstrdup(sa_guc_databases), ',', &names);
  return names;
}

bool database_is_listed(const char* name) {
  ListCell* cell = nullptr;
  foreach (cell, databases_setting())
    if (strcmp(static_cast<const char*>(lfirst(cell)), name) == 0) return true;
  return false;
}

void define_worker_settings() {
  DefineCustomStringVariable(
      "search_assign.databases", "Sets the databases that get a background worker.",
      "Names separated by commas. Without shared_preload_libraries there are no workers.", &sa_guc_databases,
      "", PGC_SIGHUP, GUC_LIST_INPUT | GUC_SUPERUSER_ONLY, check_databases, nullptr, nullptr);
}

void register_worker() {
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  request_worker_memory();
  next_utility_hook = ProcessUtility_hook;
  ProcessUtility_hook = run_utility;
  RegisterXactCallback(transaction_event, nullptr);
  register_launcher();
}

}  // namespace search_assign::pg
