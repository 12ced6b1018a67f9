// check_positions() and rebuild_positions(): positions recomputed from the ledger. Backend zone.
// SQL face: sql/install/80_status.sql; tests: tests/regress/sql/position.sql.
//
// The ledger is read in the order it lies; what it says is gathered in memory, customers from the smallest
// id up to where maintenance_work_mem ends; further customers take a further pass.
#include "search_assign/core/assignment.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/ledger_history.hpp"
#include "search_assign/pg/ledger_item.hpp"
#include "search_assign/pg/memory_owned.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/date.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kFigureNames[] = {"receivables", "qualified", "disputed", "sales", "payments"};

// The deltas of one pass.
struct Pass {
  std::vector<core::Delta> deltas;
  std::vector<core::DatedAmount> changes;
  std::vector<core::DatedAmount> allocations;
  std::vector<core::DatedAmount> parts;
  core::PositionBuffers expected;
  core::PositionBuffers stored;
  size_t limit = 0;  // deltas that fit into memory
  int64 first = 0;   // customers of the pass
  int64 last = 0;    // shrinks while the pass is gathered
};

Pass* make_pass() {
  auto* pass = new_in_memory_context<Pass>();
  pass->limit =
      std::max<size_t>(static_cast<size_t>(maintenance_work_mem) * 1024 / sizeof(core::Delta), 10000);
  pass->first = PG_INT64_MIN;
  pass->last = PG_INT64_MAX;
  return pass;
}

bool wants(const Pass* pass, int64 customer_id) {
  return customer_id >= pass->first && customer_id <= pass->last;
}

// Gives the upper half of the customers back to a later pass. One customer alone may take more than the
// limit.
void make_room(Pass* pass) {
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

void gather_items(Pass* pass, Snapshot snapshot) {
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

void finish_paid_item(Pass* pass, PaidItem* item) {
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

void gather_payment_rows(Pass* pass, PaidItem* item, SPITupleTable* table, uint64 count) {
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

void gather_payments(Pass* pass, Snapshot snapshot) {
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

void gather_contacts(Pass* pass, Snapshot snapshot) {
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

// ---- comparison ----

bool equal_bytes(core::Bytes a, core::Bytes b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size()) == 0;
}

// Completes `expected` with the facets no delta spoke of.
void expect_customer(Pass* pass, core::Delta* deltas, size_t count) {
  const core::PositionFacets nothing = core::empty_facets();
  core::PositionBuffers& expected = pass->expected;
  compute([&] {
    core::apply_deltas(nothing, {}, {deltas, count}, expected);
    for (size_t i = 0; i < core::kProfileFacets; ++i)
      if (!expected.profile_changed[i])
        expected.profiles[i].assign(nothing.profiles[i].begin(), nothing.profiles[i].end());
    if (!expected.promises_changed)
      expected.promises.assign(nothing.promises.begin(), nothing.promises.end());
    if (!expected.held_changed) expected.held.assign(nothing.held.begin(), nothing.held.end());
  });
}

struct Difference {
  const char* figure;
  char* stored;
  char* expected;
};
constexpr int kMaxDifferences = core::kProfileFacets + 4;

char* profile_text(core::Bytes profile) {
  size_t length = 0;
  // No string may live while palloc can raise, so it is written twice.
  compute([&] { length = core::to_text(profile).size(); });
  auto* text = static_cast<char*>(palloc(length + 1));
  compute([&] {
    const std::string again = core::to_text(profile);
    memcpy(text, again.c_str(), length + 1);
  });
  return text;
}

int compare(const core::PositionFacets& stored, const core::PositionBuffers& expected,
            Difference* differences, bool with_text) {
  int count = 0;
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    if (!equal_bytes(stored.profiles[i], expected.profiles[i]))
      differences[count++] = {kFigureNames[i], with_text ? profile_text(stored.profiles[i]) : nullptr,
                              with_text ? profile_text(expected.profiles[i]) : nullptr};
  if (!equal_bytes(stored.promises, expected.promises)) differences[count++] = {"promises", nullptr, nullptr};
  if (!equal_bytes(stored.held, expected.held)) differences[count++] = {"held", nullptr, nullptr};
  if (stored.contact_emails != expected.contact_emails)
    differences[count++] = {"contact_emails", psprintf("%d", stored.contact_emails),
                            psprintf("%d", expected.contact_emails)};
  if (stored.contact_phones != expected.contact_phones)
    differences[count++] = {"contact_phones", psprintf("%d", stored.contact_phones),
                            psprintf("%d", expected.contact_phones)};
  return count;
}

void write_expected(PositionAccess* access, const core::PositionBuffers& expected) {
  start_change(access);
  for (size_t i = 0; i < core::kProfileFacets; ++i)
    set_column(access, access->columns.profiles[i], bytes_datum(expected.profiles[i]));
  set_column(access, access->columns.promises, bytes_datum(expected.promises));
  set_column(access, access->columns.held, bytes_datum(expected.held));
  set_column(access, access->columns.contact_emails, Int32GetDatum(expected.contact_emails));
  set_column(access, access->columns.contact_phones, Int32GetDatum(expected.contact_phones));
  set_column(access, access->columns.configuration_version, Int64GetDatum(0));  // to be decided again
  if (write_change(access) != WriteResult::Written)
    elog(ERROR, "position changed while the ledger was locked");
}

// Where the differences go: rows of check_positions(), or mended positions.
struct Sink {
  ReturnSetInfo* rows;  // nullptr: mend
  CustomerIds mended;
};

void report(Sink* sink, int64 customer_id, const Difference* differences, int count) {
  for (int i = 0; i < count; ++i) {
    Datum values[] = {
        Int64GetDatum(customer_id), CStringGetTextDatum(differences[i].figure),
        differences[i].stored != nullptr ? CStringGetTextDatum(differences[i].stored) : static_cast<Datum>(0),
        differences[i].expected != nullptr ? CStringGetTextDatum(differences[i].expected)
                                           : static_cast<Datum>(0)};
    bool nulls[] = {false, false, differences[i].stored == nullptr, differences[i].expected == nullptr};
    tuplestore_putvalues(sink->rows->setResult, sink->rows->setDesc, values, nulls);
  }
}

// What is stored of a customer: the position with what is queued for it.
core::PositionFacets stored_facets(Pass* pass, PositionAccess* access, const QueuedChanges& queued) {
  core::PositionFacets facets = facets_of(access, access->position.slot);
  if (queued.count == 0) return facets;
  core::PositionBuffers& sum = pass->stored;
  compute([&] {
    core::apply_deltas(facets, {queued.facets, static_cast<size_t>(queued.count)}, {}, sum);
    for (size_t i = 0; i < core::kProfileFacets; ++i)
      if (sum.profile_changed[i]) facets.profiles[i] = sum.profiles[i];
    if (sum.promises_changed) facets.promises = sum.promises;
    if (sum.held_changed) facets.held = sum.held;
    facets.contact_emails = sum.contact_emails;
    facets.contact_phones = sum.contact_phones;
  });
  return facets;
}

// Compares every position of the pass, in the order they lie, with what the ledger says.
void compare_positions(Pass* pass, Sink* sink, Snapshot snapshot) {
  compute([&] { core::group_by_customer(pass->deltas); });
  const bool mends = sink->rows == nullptr;
  PositionAccess* access = open_positions(mends ? RowExclusiveLock : AccessShareLock);
  ChangeQueue* queue = open_change_queue(mends);
  TableScanDesc scan = table_beginscan(access->position.relation, snapshot, 0, nullptr);
  MemoryContext customer_memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign customer", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(customer_memory);
  while (table_scan_getnextslot(scan, ForwardScanDirection, access->position.slot)) {
    bool is_null = false;
    const int64 customer_id =
        DatumGetInt64(get_column(access->position.slot, access->columns.customer_id, &is_null));
    if (!wants(pass, customer_id)) continue;
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(customer_memory);
    size_t first = 0;
    size_t last = 0;
    compute([&] {
      const auto range = std::equal_range(
          pass->deltas.begin(), pass->deltas.end(),
          core::Delta{customer_id, 0, 0, 0, core::Facet::Touch, 0, 0},
          [](const core::Delta& a, const core::Delta& b) { return a.customer_id < b.customer_id; });
      first = static_cast<size_t>(range.first - pass->deltas.begin());
      last = static_cast<size_t>(range.second - pass->deltas.begin());
    });
    expect_customer(pass, pass->deltas.data() + first, last - first);
    Difference differences[kMaxDifferences];
    const QueuedChanges queued = read_queued(queue, customer_id, snapshot);
    const int count = compare(stored_facets(pass, access, queued), pass->expected, differences, !mends);
    if (count == 0) continue;
    if (mends) {
      write_expected(access, pass->expected);
      remove_queued(queue, queued);
      add_customer_id(&sink->mended, customer_id);
    } else {
      report(sink, customer_id, differences, count);
    }
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(customer_memory);
  table_endscan(scan);
  close_change_queue(queue);
  close_positions(access);
}

bool next_pass(Pass* pass) {
  if (pass->last == PG_INT64_MAX) return false;
  pass->first = pass->last + 1;
  pass->last = PG_INT64_MAX;
  compute([&] { pass->deltas.clear(); });
  return true;
}

void compare_ledger(Sink* sink, Snapshot snapshot) {
  Pass* pass = make_pass();
  do {
    gather_items(pass, snapshot);
    gather_payments(pass, snapshot);
    gather_contacts(pass, snapshot);
    compare_positions(pass, sink, snapshot);
  } while (next_pass(pass));
}

// Customers without a position, and positions without a customer.
SpiStatement unpaired_statement = {
    "SELECT coalesce(c.customer_id, p.customer_id), p.customer_id IS NOT NULL"
    " FROM receivables.customer c FULL JOIN receivables.position p ON p.customer_id = c.customer_id"
    " WHERE p.customer_id IS NULL OR c.customer_id IS NULL"
    " AND NOT EXISTS (SELECT FROM receivables.change_queue q WHERE q.customer_id = p.customer_id) ORDER BY 1",
    0,
    {},
    nullptr};
SpiStatement remove_strays_statement = {
    "DELETE FROM receivables.position p"
    " WHERE NOT EXISTS (SELECT FROM receivables.customer c WHERE c.customer_id = p.customer_id) RETURNING "
    "p.customer_id",
    0,
    {},
    nullptr};
SpiStatement add_missing_statement = {
    "INSERT INTO receivables.position (customer_id, hand_made)"
    " SELECT c.customer_id, EXISTS (SELECT FROM receivables.hand_assignment h WHERE h.customer_id = "
    "c.customer_id)"
    " FROM receivables.customer c"
    " WHERE NOT EXISTS (SELECT FROM receivables.position p WHERE p.customer_id = c.customer_id) RETURNING "
    "customer_id",
    0,
    {},
    nullptr};

void report_unpaired(Sink* sink) {
  MemoryContext caller = CurrentMemoryContext;
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows = spi_query_read_only(&unpaired_statement, nullptr);
  for (uint64 i = 0; i < rows.count; ++i) {
    const Difference without_position = {"position", nullptr, pstrdup("one row")};
    const Difference without_customer = {"position", pstrdup("one row"), nullptr};
    report(sink, spi_int64(rows, i, 1), spi_bool(rows, i, 2) ? &without_customer : &without_position, 1);
  }
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(caller);
}

void mend_unpaired(Sink* sink) {
  MemoryContext caller = CurrentMemoryContext;
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  for (SpiStatement* statement : {&remove_strays_statement, &add_missing_statement}) {
    const SpiRows rows = spi_query(statement, nullptr);
    for (uint64 i = 0; i < rows.count; ++i) add_customer_id(&sink->mended, spi_int64(rows, i, 1));
  }
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(caller);
}

// Customers of whom the action log, or the grouping of customers, may say anything.
SpiStatement progress_statement = {
    "SELECT s.*, p.progress, p.collection_account_id, p.has_members FROM receivables.collection_state s"
    " JOIN receivables.position p ON p.customer_id = s.customer_id"
    " WHERE (pg_catalog.octet_length(p.progress) > 1 OR p.collection_account_id IS NOT NULL OR p.has_members"
    "  OR s.customer_id IN (SELECT l.customer_id FROM receivables.action_log l"
    "   UNION ALL SELECT c.customer_id FROM receivables.customer c WHERE c.collection_account_id IS NOT NULL"
    "   UNION ALL SELECT c.collection_account_id FROM receivables.customer c"
    "   WHERE c.collection_account_id IS NOT NULL))"
    " AND NOT EXISTS (SELECT FROM receivables.change_queue q WHERE q.customer_id = s.customer_id) ORDER BY 1",
    0,
    {},
    nullptr};

bool progress_differs(const SpiRows& rows, uint64 row) {
  const core::Bytes stored = bytes_of(spi_datum(rows, row, 16));
  const core::CollectionProgress expected = progress_of(rows, row);
  bool differs = false;
  compute([&] { differs = core::decode_progress(stored) != expected; });
  const bool grouped = !spi_is_null(rows, row, 2);
  return differs || grouped == spi_is_null(rows, row, 17) ||
         (grouped && spi_int64(rows, row, 2) != spi_int64(rows, row, 17)) ||
         spi_bool(rows, row, 3) != spi_bool(rows, row, 18);
}

void mend_progress(Sink* sink, int64 customer_id) {
  PositionAccess* access = open_positions(RowExclusiveLock);
  if (find_position(access, customer_id, SnapshotSelf)) {
    start_change(access);
    load_progress(access, customer_id, SnapshotSelf);
    set_column(access, access->columns.configuration_version, Int64GetDatum(0));  // to be decided again
    if (write_change(access) != WriteResult::Written)
      elog(ERROR, "position changed while the ledger was locked");
    add_customer_id(&sink->mended, customer_id);
  }
  close_positions(access);
}

void compare_progress(Sink* sink) {
  MemoryContext caller = CurrentMemoryContext;
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows = sink->rows != nullptr ? spi_query_read_only(&progress_statement, nullptr)
                                             : spi_query(&progress_statement, nullptr);
  for (uint64 i = 0; i < rows.count; ++i) {
    if (!progress_differs(rows, i)) continue;
    const Difference difference = {"progress", nullptr, nullptr};
    if (sink->rows != nullptr)
      report(sink, spi_int64(rows, i, 1), &difference, 1);
    else
      mend_progress(sink, spi_int64(rows, i, 1));
  }
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(caller);
}

// The ledger stands still while it is added up anew.
void lock_ledger() {
  constexpr const char* kTables[] = {"customer",           "contact",  "item",
                                     "payment_allocation", "position", "change_queue"};
  for (const char* table : kTables) LockRelationOid(relation_oid(table), ShareRowExclusiveLock);
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_check_positions) {
  using namespace search_assign::pg;
  InitMaterializedSRF(fcinfo, 0);
  Sink sink;
  sink.rows = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  init_customer_ids(&sink.mended);
  report_unpaired(&sink);
  compare_ledger(&sink, GetActiveSnapshot());
  compare_progress(&sink);
  PG_RETURN_NULL();
}

SA_FUNCTION(sa_rebuild_positions) {
  using namespace search_assign::pg;
  PreventCommandIfReadOnly("rebuild_positions()");
  change_set_apply_all();
  lock_ledger();
  Sink sink;
  sink.rows = nullptr;
  init_customer_ids(&sink.mended);
  mend_unpaired(&sink);
  PushActiveSnapshot(GetLatestSnapshot());
  compare_ledger(&sink, GetActiveSnapshot());
  PopActiveSnapshot();
  CommandCounterIncrement();
  compare_progress(&sink);
  CommandCounterIncrement();
  sort_customer_ids(&sink.mended);
  PushActiveSnapshot(GetLatestSnapshot());
  decide_customers(sink.mended.ids, sink.mended.count, false);
  PopActiveSnapshot();
  PG_RETURN_INT64(static_cast<int64>(sink.mended.count));
}
