// Paid parts of items, dated by histories and allocations: transition rows -> deltas. Backend zone.
// Tests: tests/regress/sql/ledger.sql, customer_plans.sql.
#include "search_assign/pg/paid_part.hpp"

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/stored_payments.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"
}

namespace search_assign::pg {
namespace {

// Dates an item's parts and adds them as deltas; conversion is PostgreSQL's numeric, so it stands
// between the two pieces of C++ work.
void add_parts(const StoredPayments& stored, const Repayment* after, const core::ItemFigures& figures,
               Datum fx_rate, int sign) {
  const int room = stored.change_count + stored.allocation_count + 1;
  auto* parts = static_cast<core::DatedAmount*>(palloc(sizeof(core::DatedAmount) * static_cast<Size>(room)));
  size_t count = 0;
  compute([&] {
    std::vector<core::DatedAmount> changes(stored.changes, stored.changes + stored.change_count);
    if (after != nullptr && after->redated && !changes.empty()) changes.back().on = after->redated_on;
    if (after != nullptr && after->change.amount != 0) changes.push_back(after->change);
    std::vector<core::DatedAmount> allocations(stored.allocations,
                                               stored.allocations + stored.allocation_count);
    core::sort_allocations(allocations);
    std::vector<core::DatedAmount> result;
    core::payment_parts(changes, allocations, result);
    count = result.size();
    std::copy(result.begin(), result.end(), parts);
  });
  if (fx_rate != static_cast<Datum>(0))
    for (size_t i = 0; i < count; ++i) parts[i].amount = convert_amount(parts[i].amount, fx_rate);
  compute([&] {
    for (size_t i = 0; i < count; ++i) core::add_payment_part(change_set_deltas(), figures, parts[i], sign);
  });
}

}  // namespace

void add_repayments(Repayment* repayments, int count) {
  MemoryContext work =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign repayments", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(work);
  auto* keys =
      static_cast<ItemKey*>(MemoryContextAllocHuge(work, sizeof(ItemKey) * static_cast<Size>(count)));
  for (int i = 0; i < count; ++i) keys[i] = repayments[i].key;
  const StoredPayments* stored = load_payments(keys, count);
  for (int i = 0; i < count; ++i) {
    const Repayment& repayment = repayments[i];
    if (repayment.has_before) add_parts(stored[i], nullptr, repayment.before, repayment.fx_before, -1);
    if (repayment.has_after) add_parts(stored[i], &repayment, repayment.after, repayment.fx_after, +1);
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(work);
}

namespace {

SpiStatement lock_items_statement = {
    "SELECT i.* FROM receivables.item i WHERE (i.customer_id, i.item_id) IN"
    " (SELECT k.c, k.i FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k(c, i))"
    " ORDER BY i.customer_id, i.item_id FOR NO KEY UPDATE",
    2,
    {INT8ARRAYOID, INT8ARRAYOID},
    nullptr};

bool key_less(const ItemKey& a, const ItemKey& b) {
  return a.customer_id != b.customer_id ? a.customer_id < b.customer_id : a.item_id < b.item_id;
}

bool same_key(const ItemKey& a, const ItemKey& b) {
  return a.customer_id == b.customer_id && a.item_id == b.item_id;
}

// Allocations sorted by key, those from `next` on still to be taken.
struct AllocationQueue {
  const AllocationRow* next;
  const AllocationRow* end;
};

std::span<const AllocationRow> take_rows_of(AllocationQueue* queue, ItemKey key) {
  const AllocationRow* first = queue->next;
  while (queue->next < queue->end && same_key(queue->next->key, key)) ++queue->next;
  return {first, queue->next};
}

// The allocations of an item before the statement: those stored now without the added, with the removed ones.
StoredPayments before_statement(const StoredPayments& now, std::span<const AllocationRow> added,
                                std::span<const AllocationRow> removed) {
  StoredPayments before = now;
  before.allocations = nullptr;
  before.allocation_count = 0;
  auto* skip = static_cast<bool*>(palloc0(static_cast<Size>(now.allocation_count) + 1));
  for (const AllocationRow& row : added)
    for (int i = 0; i < now.allocation_count; ++i)
      if (!skip[i] && now.allocations[i].on == row.allocated_on && now.allocations[i].amount == row.amount) {
        skip[i] = true;
        break;
      }
  for (int i = 0; i < now.allocation_count; ++i)
    if (!skip[i]) append_payment(&before.allocations, &before.allocation_count, now.allocations[i]);
  for (const AllocationRow& row : removed)
    append_payment(&before.allocations, &before.allocation_count, {row.allocated_on, row.amount});
  return before;
}

struct LockedItem {
  ItemKey key;
  core::ItemFigures figures;
  Datum fx_rate;  // 0: not converted
};

// Locks the items, as an update of them would, so that their open amounts stand still while they are dated
// anew.
LockedItem* lock_items(const ItemKey* keys, int count) {
  MemoryContext memory = CurrentMemoryContext;
  auto* locked = static_cast<LockedItem*>(palloc0(sizeof(LockedItem) * static_cast<Size>(count)));
  auto* customers = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count)));
  auto* items = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count)));
  for (int i = 0; i < count; ++i) {
    customers[i] = Int64GetDatum(keys[i].customer_id);
    items[i] = Int64GetDatum(keys[i].item_id);
  }
  Datum arrays[] = {
      PointerGetDatum(construct_array(customers, count, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
      PointerGetDatum(construct_array(items, count, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE))};
  const MaintenanceScope scope = begin_maintenance();
  plan_by_key();
  SPI_connect();
  const SpiRows rows = spi_query(&lock_items_statement, arrays);
  const ItemColumns columns = item_columns(rows.table->tupdesc);
  TupleTableSlot* slot = MakeSingleTupleTableSlot(rows.table->tupdesc, &TTSOpsHeapTuple);
  int next = 0;
  for (uint64 row = 0; row < rows.count; ++row) {
    ExecStoreHeapTuple(rows.table->vals[row], slot, false);
    ItemRow item;
    read_item(slot, columns, &item);
    const ItemKey key = {item.figures.customer_id, item.item_id};
    while (next < count && key_less(keys[next], key)) ++next;
    if (next == count || !same_key(keys[next], key)) continue;
    locked[next].key = key;
    locked[next].figures = item.figures;
    if (item.converted) {
      MemoryContext spi = MemoryContextSwitchTo(memory);
      locked[next].fx_rate = datumCopy(item.fx_rate, false, -1);
      MemoryContextSwitchTo(spi);
    }
  }
  ExecDropSingleTupleTableSlot(slot);
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(memory);
  return locked;
}

// Items whose allocations change, as many as are looked at together.
constexpr int kReallocationPiece = 10000;

void reallocate(const ItemKey* keys, int count, AllocationQueue* added, AllocationQueue* removed) {
  const LockedItem* items = lock_items(keys, count);
  const StoredPayments* stored = load_payments(keys, count);
  for (int k = 0; k < count; ++k) {
    const std::span added_here = take_rows_of(added, keys[k]);
    const std::span removed_here = take_rows_of(removed, keys[k]);
    if (!same_key(items[k].key, keys[k])) {
      if (added_here.empty()) continue;  // the item went with its allocations
      ereport(ERROR,
              (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
               errmsg("item %lld of customer %lld does not exist", static_cast<long long>(keys[k].item_id),
                      static_cast<long long>(keys[k].customer_id)),
               errhint("An allocation names the customer and the item whose payment it dates.")));
    }
    const StoredPayments before = before_statement(stored[k], added_here, removed_here);
    add_parts(before, nullptr, items[k].figures, items[k].fx_rate, -1);
    add_parts(stored[k], nullptr, items[k].figures, items[k].fx_rate, +1);
  }
  change_set_bound();
}

}  // namespace

void add_reallocations(AllocationRow* added, int added_count, AllocationRow* removed, int removed_count) {
  int count = added_count + removed_count;
  auto* keys = static_cast<ItemKey*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(ItemKey) * static_cast<Size>(count)));
  for (int i = 0; i < added_count; ++i) keys[i] = added[i].key;
  for (int i = 0; i < removed_count; ++i) keys[added_count + i] = removed[i].key;
  compute([&] {
    const auto by_key = [](const AllocationRow& a, const AllocationRow& b) { return key_less(a.key, b.key); };
    std::sort(added, added + added_count, by_key);
    std::sort(removed, removed + removed_count, by_key);
    std::sort(keys, keys + count, key_less);
    count = static_cast<int>(std::unique(keys, keys + count, same_key) - keys);
  });
  AllocationQueue added_rows = {added, added + added_count};
  AllocationQueue removed_rows = {removed, removed + removed_count};
  MemoryContext piece =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign allocations", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(piece);
  for (int first = 0; first < count; first += kReallocationPiece) {
    CHECK_FOR_INTERRUPTS();
    reallocate(keys + first, std::min(kReallocationPiece, count - first), &added_rows, &removed_rows);
    MemoryContextReset(piece);
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(piece);
  pfree(keys);
}

}  // namespace search_assign::pg
