// Customers that a run has to visit: one scan over the positions. Backend zone.
#include "search_assign/pg/run_visit.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/settings.hpp"

extern "C" {
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

bool must_visit(PositionAccess* access, int64 version, core::Date today) {
  const PositionColumns& columns = access->columns;
  TupleTableSlot* row = access->position.slot;
  bool is_null = false;
  if (DatumGetInt64(get_column(row, columns.configuration_version, &is_null)) != version) return true;
  const core::Date decided_on = DatumGetDateADT(get_column(row, columns.decided_on, &is_null));
  if (is_null || decided_on > today) return true;  // never decided, or the business date was set back
  const core::Date review_on = DatumGetDateADT(get_column(row, columns.review_on, &is_null));
  return !is_null && review_on <= today;
}

}  // namespace

void add_visit(Visit* visit, int64 customer_id) {
  if (visit->count == visit->capacity) {
    visit->capacity = visit->capacity == 0 ? 1024 : visit->capacity * 2;
    const Size bytes = visit->capacity * sizeof(int64);
    visit->ids = static_cast<int64*>(visit->ids == nullptr ? MemoryContextAllocHuge(visit->memory, bytes)
                                                           : repalloc_huge(visit->ids, bytes));
  }
  visit->ids[visit->count++] = customer_id;
}

void collect_visit(Visit* visit, bool everyone, bool resumed) {
  const Configuration* config = configuration();
  const core::Date today = business_date();
  const bool all = !resumed && (everyone || config->has_manual_rules);
  PositionAccess* access = open_positions(AccessShareLock);
  TableScanDesc scan = table_beginscan(access->position.relation, GetActiveSnapshot(), 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, access->position.slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    if (all || must_visit(access, config->version, today))
      add_visit(visit,
                DatumGetInt64(get_column(access->position.slot, access->columns.customer_id, &is_null)));
  }
  table_endscan(scan);
  close_positions(access);
  compute([&] {
    std::sort(visit->ids, visit->ids + visit->count);
    visit->count = static_cast<size_t>(std::unique(visit->ids, visit->ids + visit->count) - visit->ids);
  });
}

}  // namespace search_assign::pg
