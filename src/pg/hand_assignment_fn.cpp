// Writing hand-made assignments: the statements behind pin_scenario() and its kin. Backend zone.
// SQL face: sql/install/62_hand_made.sql.
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "tcop/utility.h"
}

namespace search_assign::pg {
namespace {

// Locked as by a foreign key, so that nobody deletes the customer and leaves the assignment behind. The
// position row is left to the application before commit: taken here it could deadlock with a ledger
// transaction that takes its customers in ascending order.
SpiStatement find_statement = {
    "SELECT FROM receivables.customer WHERE customer_id = $1 FOR KEY SHARE", 1, {INT8OID}, nullptr};
SpiStatement write_statement = {
    "INSERT INTO receivables.hand_assignment (customer_id, target, slot, target_id, mode, until, reason)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT ON CONSTRAINT hand_assignment_pkey DO UPDATE"
    " SET target_id = EXCLUDED.target_id, mode = EXCLUDED.mode, until = EXCLUDED.until, reason = "
    "EXCLUDED.reason,"
    " made_by = EXCLUDED.made_by, made_at = EXCLUDED.made_at",
    7,
    {INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, DATEOID, TEXTOID},
    nullptr};
SpiStatement erase_statement = {
    "DELETE FROM receivables.hand_assignment WHERE customer_id = $1 AND target = $2 AND slot = $3 AND mode = "
    "ANY ($4)",
    4,
    {INT8OID, INT4OID, INT4OID, TEXTARRAYOID},
    nullptr};

void check_customer(Datum customer_id) {
  Datum key[] = {customer_id};
  if (spi_run(&find_statement, key) == 0)
    ereport(ERROR,
            (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
             errmsg("customer %lld does not exist", static_cast<long long>(DatumGetInt64(customer_id)))));
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_write_hand_assignment) {
  using namespace search_assign::pg;
  Datum values[7];
  char nulls[8];
  for (int i = 0; i < 7; ++i) {
    values[i] = PG_GETARG_DATUM(i);
    nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
  }
  nulls[7] = '\0';
  if (PG_ARGISNULL(0))
    ereport(ERROR,
            (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("\"%s\" must not be null", "customer_id")));
  PreventCommandIfReadOnly("hand-made assignment");
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  check_customer(values[0]);
  spi_run(&write_statement, values, nulls);
  SPI_finish();
  end_maintenance(scope);
  change_set_touch(DatumGetInt64(values[0]), search_assign::core::kTouchHandMade);
  change_set_statement_end();
  PG_RETURN_VOID();
}

SA_FUNCTION(sa_erase_hand_assignment) {
  using namespace search_assign::pg;
  Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3)};
  PreventCommandIfReadOnly("hand-made assignment");
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  check_customer(values[0]);
  const uint64 erased = spi_run(&erase_statement, values);
  SPI_finish();
  end_maintenance(scope);
  change_set_touch(DatumGetInt64(values[0]), search_assign::core::kTouchHandMade);
  change_set_statement_end();
  PG_RETURN_BOOL(erased > 0);
}
