// What the ledger says of each customer, recomputed. Backend zone. Tests: tests/regress/sql/position.sql.
#include "search_assign/pg/ledger_pass.hpp"

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/ledger_item.hpp"
#include "search_assign/pg/memory_owned.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// Gives the upper half of the customers back to a later pass. One customer alone may take more than the
// limit.
void make_room(LedgerPass* pass) {
  if (pass->deltas.size() < pass->limit) return;
  compute([&] {
    const auto middle = pass->deltas.begin() + static_cast<std::ptrdiff_t>(pass->deltas.size() / 2);
    std::nth_element(
        pass->deltas.begin(), middle, pass->deltas.end(),
        [](const core::Delta& a, const core::Delta& b) { return a.customer_id < b.customer_id; });
    pass->last = middle->customer_id;
    std::erase_if(pass->deltas, [pass](const core::Delta& delta) { return delta.customer_id > pass->last; });
    if (pass->deltas.size() >= pass->limit) pass->limit = pass->deltas.size() * 2;
  });
}

void gather_items(LedgerPass* pass, Snapshot snapshot) {
  Relation item = table_open(relation_oid("item"), AccessShareLock);
  const ItemColumns columns = item_columns(RelationGetDescr(item));
  TupleTableSlot* slot = table_slot_create(item, nullptr);
  TableScanDesc scan = table_beginscan(item, snapshot, 0, nullptr);
  MemoryContext row_memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign row", ALLOCSET_SMALL_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(row_memory);
  ItemRow row;
  constexpr int kBatch = 256;
  core::ItemFigures batch[kBatch];
  int count = 0;
  for (;;) {
    const bool found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
    if (found) {
      bool is_null = false;
      if (!wants(pass, DatumGetInt64(slot_getattr(slot, columns.customer_id, &is_null)))) continue;
      read_item(slot, columns, &row);
      batch[count++] = row.figures;
    }
    if (count == kBatch || (!found && count > 0)) {
      compute([&] {
        for (int i = 0; i < count; ++i) core::add_item(pass->deltas, batch[i], +1);
      });
      count = 0;
      make_room(pass);
      MemoryContextReset(row_memory);
      CHECK_FOR_INTERRUPTS();
    }
    if (!found) break;
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(row_memory);
  table_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  table_close(item, NoLock);
}

constexpr const char* kPaidItemsSql =
    "SELECT i.*, h.source, h.dated_on, h.paid FROM receivables.item i JOIN ("
    " SELECT customer_id, item_id, 0 AS source, effective_on AS dated_on, paid, change_no AS number FROM "
    "receivables.open_amount_change"
    " UNION ALL SELECT customer_id, item_id, 1, allocated_on, amount, allocation_id FROM "
    "receivables.payment_allocation) h"
    " ON h.customer_id = i.customer_id AND h.item_id = i.item_id"
    " WHERE i.kind = 'invoice' AND i.customer_id BETWEEN $1 AND $2"
    " ORDER BY i.customer_id, i.item_id, h.source, h.number";

struct PaidItem {
  bool open;
  int64 item_id;
  core::ItemFigures figures;
  bool converted;
  Datum fx_rate;  // a copy where converted
};

void finish_paid_item(LedgerPass* pass, PaidItem* item) {
  if (!item->open) return;
  size_t count = 0;
  compute([&] {
    core::sort_allocations(pass->allocations);
    core::payment_parts(pass->changes, pass->allocations, pass->parts);
    count = pass->parts.size();
  });
  for (size_t i = 0; i < count; ++i)
    if (item->converted) pass->parts[i].amount = convert_amount(pass->parts[i].amount, item->fx_rate);
  compute([&] {
    for (const core::DatedAmount& part : pass->parts)
      core::add_payment_part(pass->deltas, item->figures, part, +1);
    pass->changes.clear();
    pass->allocations.clear();
  });
  item->open = false;
}

Datum copy_rate(Datum rate) { return PointerGetDatum(PG_DETOAST_DATUM_COPY(rate)); }

void gather_payment_rows(LedgerPass* pass, PaidItem* item, SPITupleTable* table, uint64 count) {
  const ItemColumns columns = item_columns(table->tupdesc);
  const AttrNumber source = column_number(table->tupdesc, "source");
  const AttrNumber dated_on = column_number(table->tupdesc, "dated_on");
  const AttrNumber paid = column_number(table->tupdesc, "paid");
  TupleTableSlot* slot = MakeSingleTupleTableSlot(table->tupdesc, &TTSOpsHeapTuple);
  for (uint64 i = 0; i < count; ++i) {
    ExecStoreHeapTuple(table->vals[i], slot, false);
    ItemRow row;
    read_item(slot, columns, &row);
    if (!item->open || item->item_id != row.item_id || item->figures.customer_id != row.figures.customer_id) {
      finish_paid_item(pass, item);
      item->open = true;
      item->item_id = row.item_id;
      item->figures = row.figures;
      item->converted = row.converted;
      if (row.converted) item->fx_rate = copy_rate(row.fx_rate);
    }
    bool is_null = false;
    core::DatedAmount value = {DatumGetDateADT(slot_getattr(slot, dated_on, &is_null)), 0};
    if (amount_from_numeric(slot_getattr(slot, paid, &is_null), value.amount) != AmountStatus::Ok)
      ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("stored amount is out of range")));
    const bool is_change = DatumGetInt32(slot_getattr(slot, source, &is_null)) == 0;
    compute([&] { (is_change ? pass->changes : pass->allocations).push_back(value); });
  }
  ExecDropSingleTupleTableSlot(slot);
}

void gather_payments(LedgerPass* pass, Snapshot snapshot) {
  Oid types[] = {INT8OID, INT8OID};
  Datum bounds[] = {Int64GetDatum(pass->first), Int64GetDatum(pass->last)};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  PushActiveSnapshot(snapshot);
  SPIPlanPtr plan = SPI_prepare_cursor(kPaidItemsSql, 2, types, CURSOR_OPT_NO_SCROLL);
  if (plan == nullptr) elog(ERROR, "cannot prepare \"%s\"", kPaidItemsSql);
  Portal portal = SPI_cursor_open(nullptr, plan, bounds, nullptr, true);
  PaidItem item;
  memset(static_cast<void*>(&item), 0, sizeof item);
  for (;;) {
    SPI_cursor_fetch(portal, true, 1000);
    if (SPI_processed == 0) break;
    gather_payment_rows(pass, &item, SPI_tuptable, SPI_processed);
    SPI_freetuptable(SPI_tuptable);
    CHECK_FOR_INTERRUPTS();
  }
  finish_paid_item(pass, &item);
  SPI_cursor_close(portal);
  PopActiveSnapshot();
  SPI_finish();
  end_maintenance(scope);
}

constexpr const char* kContactsSql =
    "SELECT customer_id, coalesce(pg_catalog.btrim(email) <> '', false), coalesce(pg_catalog.btrim(phone) <> "
    "'', false)"
    " FROM receivables.contact WHERE customer_id BETWEEN $1 AND $2";

void gather_contacts(LedgerPass* pass, Snapshot snapshot) {
  static SpiStatement statement = {kContactsSql, 2, {INT8OID, INT8OID}, nullptr};
  Datum bounds[] = {Int64GetDatum(pass->first), Int64GetDatum(pass->last)};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  PushActiveSnapshot(snapshot);
  const SpiRows rows = spi_query_read_only(&statement, bounds);
  for (uint64 i = 0; i < rows.count; ++i) {
    const int64 customer_id = spi_int64(rows, i, 1);
    const bool given[] = {spi_bool(rows, i, 2), spi_bool(rows, i, 3)};
    compute([&] {
      for (uint8_t side = 0; side < 2; ++side)
        if (given[side]) pass->deltas.push_back({customer_id, 0, 0, 0, core::Facet::Contacts, 1, side});
    });
  }
  PopActiveSnapshot();
  SPI_finish();
  end_maintenance(scope);
}

}  // namespace

LedgerPass* first_pass() {
  auto* pass = new_in_memory_context<LedgerPass>();
  pass->limit =
      std::max<size_t>(static_cast<size_t>(maintenance_work_mem) * 1024 / sizeof(core::Delta), 10000);
  pass->first = PG_INT64_MIN;
  pass->last = PG_INT64_MAX;
  return pass;
}

bool wants(const LedgerPass* pass, int64 customer_id) {
  return customer_id >= pass->first && customer_id <= pass->last;
}

void gather_ledger(LedgerPass* pass, Snapshot snapshot) {
  gather_items(pass, snapshot);
  gather_payments(pass, snapshot);
  gather_contacts(pass, snapshot);
  compute([&] { core::group_by_customer(pass->deltas); });
}

bool next_pass(LedgerPass* pass) {
  if (pass->last == PG_INT64_MAX) return false;
  pass->first = pass->last + 1;
  pass->last = PG_INT64_MAX;
  compute([&] { pass->deltas.clear(); });
  return true;
}

void expect_customer(LedgerPass* pass, int64 customer_id) {
  const core::PositionFacets nothing = core::empty_facets();
  core::PositionBuffers& expected = pass->expected;
  compute([&] {
    const auto [first, last] = std::equal_range(
        pass->deltas.begin(), pass->deltas.end(), core::Delta{customer_id, 0, 0, 0, core::Facet::Touch, 0, 0},
        [](const core::Delta& a, const core::Delta& b) { return a.customer_id < b.customer_id; });
    core::apply_deltas(nothing, {}, {first, last}, expected);
    // The facets no delta spoke of.
    for (size_t i = 0; i < core::kProfileFacets; ++i)
      if (!expected.profile_changed[i])
        expected.profiles[i].assign(nothing.profiles[i].begin(), nothing.profiles[i].end());
    if (!expected.promises_changed)
      expected.promises.assign(nothing.promises.begin(), nothing.promises.end());
    if (!expected.held_changed) expected.held.assign(nothing.held.begin(), nothing.held.end());
  });
}

}  // namespace search_assign::pg
