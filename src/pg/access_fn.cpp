// Guard of what the extension maintains. Backend zone. SQL face: sql/install/90_access.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/tableam.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

const char* hint_for(const char* relation) {
  if (strcmp(relation, "scenario_membership") == 0)
    return "Use assignment rules, pin_scenario() or unpin_scenario().";
  if (strcmp(relation, "portfolio_membership") == 0)
    return "Use assignment rules, pin_portfolio() or unpin_portfolio().";
  if (strcmp(relation, "group_membership") == 0)
    return "Use assignment rules, add_to_group(), exclude_from_group(), remove_from_group() or "
           "include_in_group().";
  if (strcmp(relation, "option_membership") == 0) return "Use assignment rules with the option.";
  if (strcmp(relation, "colleague_membership") == 0)
    return "Use assignment rules, add_colleague() or remove_colleague().";
  if (strcmp(relation, "alert") == 0) return "Use alert rules.";
  if (strcmp(relation, "hand_assignment") == 0) return "Use pin_scenario(), add_to_group() and the like.";
  if (strcmp(relation, "position") == 0)
    return "Positions follow from the ledger; rebuild_positions() mends them.";
  if (strcmp(relation, "action_log") == 0) return "The log is append-only; record_action() adds to it.";
  return "It is written by the extension as ledger and configuration change.";
}

// Reads the table itself, so that no right and no policy hides a row.
bool has_rows(Relation relation) {
  TupleTableSlot* slot = table_slot_create(relation, nullptr);
  TableScanDesc scan = table_beginscan(relation, SnapshotSelf, 0, nullptr);
  const bool found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  return found;
}

[[noreturn]] void raise_rows_left(const char* relation) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("\"%s\" cannot be truncated while rows of it cannot be deleted", relation),
           errdetail("TRUNCATE deletes all rows first; row level security, a trigger or a rule kept some."),
           errhint("Truncate as a role from which row level security hides nothing, and disable what keeps "
                   "rows.")));
  pg_unreachable();
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_refuse_direct_change) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "refuse_direct_change")));
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  const char* relation = RelationGetRelationName(trigger->tg_relation);
  if (!in_maintenance() && !in_restore())
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("\"%s\" cannot be changed directly", relation), errhint("%s", hint_for(relation))));
  PG_RETURN_POINTER(nullptr);
}

// Deletes with the caller's rights, and by the newest snapshot: under REPEATABLE READ rows committed since
// its snapshot are truncated too. TRUNCATE asks neither policies nor row triggers: what these kept would go
// without a trace.
SA_FUNCTION(sa_delete_all_rows) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "delete_all_rows")));
  if (in_restore()) PG_RETURN_POINTER(nullptr);
  Relation relation = reinterpret_cast<TriggerData*>(fcinfo->context)->tg_relation;
  SPI_connect();
  spi_execute(psprintf("DELETE FROM %s",
                       quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                                  RelationGetRelationName(relation))));
  SPI_finish();
  if (has_rows(relation)) raise_rows_left(RelationGetRelationName(relation));
  PG_RETURN_POINTER(nullptr);
}
