// CALL run_automatic_actions(): what is automatic and due is done in batches that commit. Backend zone.
// SQL face: sql/install/64_automatic_action.sql; tests: tests/regress/sql/action.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

constexpr int kBatchCustomers = 100;

struct DueCustomers {
  Datum* ids;
  int count;
};

// In the memory context given, which survives the commits between the batches.
DueCustomers due_customers(MemoryContext memory) {
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows = spi_select("SELECT receivables.automatic_actions_due()");
  DueCustomers due;
  due.ids = static_cast<Datum*>(MemoryContextAllocHuge(memory, sizeof(Datum) * (rows.count + 1)));
  due.count = static_cast<int>(rows.count);
  for (uint64 i = 0; i < rows.count; ++i) due.ids[i] = Int64GetDatum(spi_int64(rows, i, 1));
  SPI_finish();
  end_maintenance(scope);
  return due;
}

SpiStatement batch_statement = {"SELECT receivables.run_automatic_batch($1)", 1, {INT8ARRAYOID}, nullptr};

void run_batch(Datum* ids, int count) {
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  Datum values[] = {
      PointerGetDatum(construct_array(ids, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE))};
  spi_run(&batch_statement, values);
  SPI_finish();
  end_maintenance(scope);
}

void end_batch(bool atomic) {
  PopActiveSnapshot();
  if (atomic)
    CommandCounterIncrement();
  else
    SPI_commit();
  PushActiveSnapshot(GetLatestSnapshot());
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_run_automatic_actions) {
  using namespace search_assign::pg;
  PreventCommandIfReadOnly("run_automatic_actions()");
  auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
  const bool atomic = call == nullptr || !IsA(call, CallContext) || call->atomic;
  MemoryContext memory = CurrentMemoryContext;  // the portal's
  SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC);
  PushActiveSnapshot(GetLatestSnapshot());
  const DueCustomers due = due_customers(memory);
  for (int first = 0; first < due.count; first += kBatchCustomers) {
    CHECK_FOR_INTERRUPTS();
    run_batch(due.ids + first, std::min(kBatchCustomers, due.count - first));
    end_batch(atomic);
  }
  PopActiveSnapshot();
  SPI_finish();
  PG_RETURN_VOID();
}
