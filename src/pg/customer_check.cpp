// Existence of customers without a foreign key. Backend zone.
//
// An inserting transaction first writes its items and then looks for the customer; a deleting one
// first deletes the customer and then looks for items. Both look with a dirty snapshot, so at least
// one of two such transactions sees the other: the inserter waits, the deleter gives up.
#include "search_assign/pg/customer_check.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "executor/tuptable.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

struct Lookup {
  Relation relation;
  Relation index;
  TupleTableSlot* slot;
  IndexScanDesc scan;
  SnapshotData dirty;
};

void open_lookup(Lookup* lookup, const char* name) {
  lookup->relation = table_open(relation_oid(name), AccessShareLock);
  lookup->index = index_open(RelationGetPrimaryKeyIndex(lookup->relation), AccessShareLock);
  lookup->slot = table_slot_create(lookup->relation, nullptr);
  InitDirtySnapshot(lookup->dirty);
  lookup->scan = index_beginscan(lookup->relation, lookup->index, &lookup->dirty, 1, 0);
}

void close_lookup(Lookup* lookup) {
  index_endscan(lookup->scan);
  ExecDropSingleTupleTableSlot(lookup->slot);
  index_close(lookup->index, NoLock);
  table_close(lookup->relation, NoLock);
}

void start_lookup(Lookup* lookup, int64 customer_id) {
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(customer_id));
  index_rescan(lookup->scan, &key, 1, nullptr, 0);
}

bool is_being_deleted(TupleTableSlot* slot) {
  bool must_free = false;
  HeapTuple tuple = ExecFetchSlotHeapTuple(slot, false, &must_free);
  const bool deleted = (tuple->t_data->t_infomask2 & HEAP_KEYS_UPDATED) != 0;
  if (must_free) heap_freetuple(tuple);
  return deleted;
}

// Looks for a committed (or own) customer row; *deleter is a transaction that is just deleting it.
bool find_customer_row(Lookup* lookup, int64 customer_id, TransactionId* deleter) {
  *deleter = InvalidTransactionId;
  start_lookup(lookup, customer_id);
  bool found = false;
  while (index_getnext_slot(lookup->scan, ForwardScanDirection, lookup->slot)) {
    if (TransactionIdIsValid(lookup->dirty.xmin)) continue;  // another transaction is only inserting it
    if (TransactionIdIsValid(lookup->dirty.xmax) && is_being_deleted(lookup->slot))
      *deleter = lookup->dirty.xmax;
    found = true;
  }
  ExecClearTuple(lookup->slot);
  return found;
}

void check_customer(Lookup* lookup, int64 customer_id) {
  for (;;) {
    TransactionId deleter = InvalidTransactionId;
    if (!find_customer_row(lookup, customer_id, &deleter))
      ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                      errmsg("customer %lld does not exist", static_cast<long long>(customer_id)),
                      errhint("Insert it into receivables.customer first.")));
    if (!TransactionIdIsValid(deleter)) return;
    XactLockTableWait(deleter, lookup->relation, nullptr, XLTW_None);
  }
}

}  // namespace

void init_customer_ids(CustomerIds* customers) {
  customers->ids = nullptr;
  customers->count = 0;
  customers->capacity = 0;
  customers->memory = CurrentMemoryContext;
}

void add_customer_id(CustomerIds* customers, int64 customer_id) {
  if (customers->count > 0 && customers->ids[customers->count - 1] == customer_id) return;
  if (customers->count == customers->capacity) {
    // Repeats are dropped before more room is taken, so that the list stays as small as the set.
    if (customers->count > 1024) sort_customer_ids(customers);
    if (customers->capacity == 0 || customers->count * 2 > customers->capacity) {
      customers->capacity = customers->capacity == 0 ? 32 : customers->capacity * 2;
      const Size bytes = customers->capacity * sizeof(int64);
      customers->ids =
          static_cast<int64*>(customers->ids == nullptr ? MemoryContextAllocHuge(customers->memory, bytes)
                                                        : repalloc_huge(customers->ids, bytes));
    }
  }
  customers->ids[customers->count++] = customer_id;
}

void sort_customer_ids(CustomerIds* customers) {
  compute([&] {
    std::sort(customers->ids, customers->ids + customers->count);
    customers->count =
        static_cast<size_t>(std::unique(customers->ids, customers->ids + customers->count) - customers->ids);
  });
}

void check_customers_exist(CustomerIds* customers) {
  if (customers->count == 0) return;
  sort_customer_ids(customers);
  Lookup lookup;
  open_lookup(&lookup, "customer");
  for (size_t i = 0; i < customers->count; ++i) {
    check_customer(&lookup, customers->ids[i]);
    if ((i & 1023) == 0) CHECK_FOR_INTERRUPTS();
  }
  close_lookup(&lookup);
}

void refuse_customers_with_items(CustomerIds* customers) {
  Lookup lookup;
  open_lookup(&lookup, "item");
  for (size_t i = 0; i < customers->count; ++i) {
    start_lookup(&lookup, customers->ids[i]);
    if (index_getnext_slot(lookup.scan, ForwardScanDirection, lookup.slot))
      ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                      errmsg("customer %lld has items and cannot be deleted",
                             static_cast<long long>(customers->ids[i])),
                      errhint("Delete its items, or move them to another customer, first.")));
  }
  close_lookup(&lookup);
}

}  // namespace search_assign::pg
