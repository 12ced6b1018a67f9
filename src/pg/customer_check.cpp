// Existence of customers without a foreign key. Backend zone.
//
// An inserting transaction first writes its items and then looks for the customer; a deleting one
// first deletes the customer and then looks for items. Both look with a dirty snapshot, so at least
// one of two such transactions sees the other: the inserter waits, the deleter gives up.
#include "search_assign/pg/customer_check.hpp"

#include "search_assign/pg/boundary.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "storage/lmgr.h"
}

namespace search_assign::pg {
namespace {

bool is_being_deleted(TupleTableSlot* slot) {
  bool must_free = false;
  HeapTuple tuple = ExecFetchSlotHeapTuple(slot, false, &must_free);
  const bool deleted = (tuple->t_data->t_infomask2 & HEAP_KEYS_UPDATED) != 0;
  if (must_free) heap_freetuple(tuple);
  return deleted;
}

// Looks for a committed (or own) customer row; *deleter is a transaction that is just deleting it.
bool find_customer_row(DirtyLookup* lookup, int64 customer_id, TransactionId* deleter) {
  *deleter = InvalidTransactionId;
  start_dirty_lookup(lookup, customer_id);
  bool found = false;
  while (next_dirty_row(lookup)) {
    if (TransactionIdIsValid(lookup->dirty.xmin)) continue;  // another transaction is only inserting it
    if (TransactionIdIsValid(lookup->dirty.xmax) && is_being_deleted(lookup->slot))
      *deleter = lookup->dirty.xmax;
    found = true;
  }
  ExecClearTuple(lookup->slot);
  return found;
}

}  // namespace

void check_customer_exists(DirtyLookup* lookup, int64 customer_id, const char* what) {
  for (;;) {
    TransactionId deleter = InvalidTransactionId;
    if (!find_customer_row(lookup, customer_id, &deleter))
      ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                      errmsg("%s %lld does not exist", what, static_cast<long long>(customer_id)),
                      errhint("Insert it into receivables.customer first.")));
    if (!TransactionIdIsValid(deleter)) return;
    XactLockTableWait(deleter, lookup->relation, nullptr, XLTW_None);
  }
}

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
  DirtyLookup lookup;
  open_dirty_lookup(&lookup, "customer");
  for (size_t i = 0; i < customers->count; ++i) {
    check_customer_exists(&lookup, customers->ids[i], "customer");
    if ((i & 1023) == 0) CHECK_FOR_INTERRUPTS();
  }
  close_dirty_lookup(&lookup);
}

void refuse_customers_with_items(CustomerIds* customers) {
  DirtyLookup lookup;
  open_dirty_lookup(&lookup, "item");
  for (size_t i = 0; i < customers->count; ++i) {
    start_dirty_lookup(&lookup, customers->ids[i]);
    if (next_dirty_row(&lookup))
      ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                      errmsg("customer %lld has items and cannot be deleted",
                             static_cast<long long>(customers->ids[i])),
                      errhint("Delete its items, or move them to another customer, first.")));
  }
  close_dirty_lookup(&lookup);
}

}  // namespace search_assign::pg
