// CALL search_assign_pending(): what is queued is applied by those who have time. Backend zone.
// SQL face: sql/install/35_queue.sql; tests: tests/regress/sql/queue.sql.
#include "search_assign/pg/pending_run.hpp"

#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/statistics.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {

namespace {

// A batch holds its customers' positions for a few milliseconds.
constexpr size_t kBatchCustomers = 200;

void end_batch(bool atomic) {
  PopActiveSnapshot();
  if (atomic)
    CommandCounterIncrement();
  else
    SPI_commit();
  PushActiveSnapshot(GetLatestSnapshot());
}

}  // namespace

void apply_queued_changes(bool atomic) {
  const Ticks started = start_timer();
  CustomerIds customers;
  init_customer_ids(&customers);
  collect_queued_customers(&customers);
  for (size_t first = 0; first < customers.count; first += kBatchCustomers) {
    decide_customers(customers.ids + first, std::min(kBatchCustomers, customers.count - first), false);
    end_batch(atomic);
  }
  stop_timer(Part::Queue, started);
}

}  // namespace search_assign::pg

SA_FUNCTION(sa_search_assign_pending) {
  using namespace search_assign::pg;
  PreventCommandIfReadOnly("search_assign_pending()");
  auto* call = reinterpret_cast<CallContext*>(fcinfo->context);
  const bool atomic = call == nullptr || !IsA(call, CallContext) || call->atomic;
  // The caller's memory, the portal's, survives the commits between the batches.
  MemoryContext memory = CurrentMemoryContext;
  SPI_connect_ext(atomic ? 0 : SPI_OPT_NONATOMIC);
  PushActiveSnapshot(GetLatestSnapshot());
  change_set_apply_all();
  end_batch(atomic);
  MemoryContextSwitchTo(memory);
  apply_queued_changes(atomic);
  PopActiveSnapshot();
  SPI_finish();
  PG_RETURN_VOID();
}
