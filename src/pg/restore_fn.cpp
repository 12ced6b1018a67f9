// References in a restore. Backend zone. SQL face: sql/install/85_restore.sql; tests: tests/dump/restore.sh.
//
// pg_restore --jobs loads the tables of an extension in any order: of the data it dumps, no table's depends
// on another's. So a referencing table may come before the referenced one, and its foreign keys are not
// checked: the dumped rows were. session_replication_role is the server's own switch for that; it is on for
// one statement.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/settings.hpp"

extern "C" {
#include "commands/trigger.h"
#include "storage/proc.h"
#include "utils/guc.h"
}

namespace search_assign::pg {
namespace {

LocalTransactionId relaxed_in = InvalidLocalTransactionId;  // the transaction whose statement has switched

void set_role(const char* role) {
  set_config_option("session_replication_role", role, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                    false);
}

}  // namespace
}  // namespace search_assign::pg

// Before the rows of an INSERT or COPY, and, fired always, after them.
SA_FUNCTION(sa_restore_references) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "restore_references")));
  const auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (TRIGGER_FIRED_BEFORE(trigger->tg_event)) {
    if (in_restore() && SessionReplicationRole == SESSION_REPLICATION_ROLE_ORIGIN) {
      relaxed_in = MyProc->lxid;
      set_role("replica");
    }
  } else if (relaxed_in == MyProc->lxid) {
    relaxed_in = InvalidLocalTransactionId;
    set_role("origin");
  }
  PG_RETURN_POINTER(nullptr);
}
