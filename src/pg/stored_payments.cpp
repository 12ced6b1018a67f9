// Reading stored payments. Backend zone.
#include "search_assign/pg/stored_payments.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// A table whose primary key is customer, item, and a number that grows.
struct PaymentTable {
  Relation relation;
  Relation index;
  TupleTableSlot* slot;
  IndexScanDesc scan;
  AttrNumber date;
  AttrNumber amount;
};

void open_payments(PaymentTable* table, const char* name, const char* date, const char* amount) {
  table->relation = table_open(relation_oid(name), AccessShareLock);
  table->index = index_open(RelationGetPrimaryKeyIndex(table->relation), AccessShareLock);
  table->slot = table_slot_create(table->relation, nullptr);
  table->scan = index_beginscan(table->relation, table->index, SnapshotSelf, 2, 0);
  table->date = column_number(RelationGetDescr(table->relation), date);
  table->amount = column_number(RelationGetDescr(table->relation), amount);
}

void close_payments(PaymentTable* table) {
  index_endscan(table->scan);
  ExecDropSingleTupleTableSlot(table->slot);
  index_close(table->index, NoLock);
  table_close(table->relation, NoLock);
}

core::DatedAmount payment_of(PaymentTable* table) {
  bool is_null = false;
  core::DatedAmount payment;
  payment.on = DatumGetDateADT(slot_getattr(table->slot, table->date, &is_null));
  if (amount_from_numeric(slot_getattr(table->slot, table->amount, &is_null), payment.amount) !=
      AmountStatus::Ok)
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("stored amount is out of range")));
  return payment;
}

void load_of_item(PaymentTable* table, const ItemKey& key, core::DatedAmount** list, int* count) {
  ScanKeyData conditions[2];
  ScanKeyInit(&conditions[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key.customer_id));
  ScanKeyInit(&conditions[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key.item_id));
  index_rescan(table->scan, conditions, 2, nullptr, 0);
  while (index_getnext_slot(table->scan, ForwardScanDirection, table->slot))
    append_payment(list, count, payment_of(table));
}

}  // namespace

StoredPayments* load_payments(const ItemKey* keys, int count) {
  auto* stored = static_cast<StoredPayments*>(
      MemoryContextAllocExtended(CurrentMemoryContext, sizeof(StoredPayments) * static_cast<Size>(count),
                                 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
  PaymentTable changes;
  PaymentTable allocations;
  open_payments(&changes, "open_amount_change", "effective_on", "paid");
  open_payments(&allocations, "payment_allocation", "allocated_on", "amount");
  for (int i = 0; i < count; ++i) {
    CHECK_FOR_INTERRUPTS();
    load_of_item(&changes, keys[i], &stored[i].changes, &stored[i].change_count);
    load_of_item(&allocations, keys[i], &stored[i].allocations, &stored[i].allocation_count);
  }
  close_payments(&allocations);
  close_payments(&changes);
  return stored;
}

void append_payment(core::DatedAmount** list, int* count, core::DatedAmount payment) {
  if (*count == 0)
    *list = static_cast<core::DatedAmount*>(palloc(sizeof(core::DatedAmount) * 4));
  else if (*count >= 4 && (*count & (*count - 1)) == 0)
    *list = static_cast<core::DatedAmount*>(
        repalloc_huge(*list, sizeof(core::DatedAmount) * static_cast<Size>(*count) * 2));
  (*list)[(*count)++] = payment;
}

}  // namespace search_assign::pg
