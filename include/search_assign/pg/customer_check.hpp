// Existence of customers, checked set-wise at the end of a statement instead of by a foreign key.
#pragma once

#include "search_assign/pg/dirty_lookup.hpp"

namespace search_assign::pg {

// Customers of a statement in the order met; consecutive repeats are left out.
struct CustomerIds {
  int64* ids;
  size_t count;
  size_t capacity;
  MemoryContext memory;
};
void init_customer_ids(CustomerIds* customers);  // in the current memory context
void add_customer_id(CustomerIds* customers, int64 customer_id);
// sort_customer_ids sorts ascending and drops repeats.
void sort_customer_ids(CustomerIds* customers);

// check_customers_exist raises 23503 where a customer does not exist. It waits for a transaction that is just
// deleting one; that transaction in turn refuses when it sees our items (sa_customer_changed), so that no
// item is left without its customer.
void check_customers_exist(CustomerIds* customers);
// check_customer_exists does so for one, by a lookup of "customer"; `what` is what the message calls it.
void check_customer_exists(DirtyLookup* lookup, int64 customer_id, const char* what);

// refuse_customers_with_items raises 23503 where an item, committed or of a transaction still under
// way, belongs to one of the customers.
void refuse_customers_with_items(CustomerIds* customers);

}  // namespace search_assign::pg
