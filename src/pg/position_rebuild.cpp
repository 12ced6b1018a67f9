// check_positions() and rebuild_positions(): positions recomputed from the ledger. Backend zone.
// SQL face: sql/install/80_status.sql; tests: tests/regress/sql/position.sql.
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/ledger_pass.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kFigureNames[] = {"receivables", "qualified", "disputed", "sales", "payments"};

bool equal_bytes(core::Bytes a, core::Bytes b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size()) == 0;
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
core::PositionFacets stored_facets(LedgerPass* pass, PositionAccess* access, const QueuedChanges& queued) {
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
void compare_positions(LedgerPass* pass, Sink* sink, Snapshot snapshot) {
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
    expect_customer(pass, customer_id);
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

void compare_ledger(Sink* sink, Snapshot snapshot) {
  LedgerPass* pass = first_pass();
  do {
    gather_ledger(pass, snapshot);
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
