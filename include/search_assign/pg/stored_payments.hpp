// What is stored about payments: the changes of open amounts and the allocations.
#pragma once

#include "search_assign/core/item_payment.hpp"
#include "search_assign/pg/ledger_history.hpp"

namespace search_assign::pg {

// Those of one item, each list from the oldest on.
struct StoredPayments {
  core::DatedAmount* changes;
  int change_count;
  core::DatedAmount* allocations;
  int allocation_count;
};

// load_payments reads them for each of the items, which are locked, in the current memory context. A
// serializable transaction takes no predicate locks for it: histories of other items lie beside these.
StoredPayments* load_payments(const ItemKey* keys, int count);

// append_payment adds one to a list of its own.
void append_payment(core::DatedAmount** list, int* count, core::DatedAmount payment);

}  // namespace search_assign::pg
