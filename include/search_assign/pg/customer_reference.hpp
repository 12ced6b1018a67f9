// References between customers, checked at the end of a statement instead of by foreign keys.
#pragma once

#include "search_assign/pg/customer_check.hpp"

namespace search_assign::pg {

// check_parents raises 23503 where a customer's parent does not exist, 23514 where a customer would be its
// own ancestor. It waits for a transaction that is just deleting the parent.
void check_parents(const CustomerIds& customers);

// check_groupings raises 23503 where the account through which a customer is collected does not exist, 23514
// where one of the two stands on the other side of such a pair, too. It waits for a transaction that is just
// deleting that account or having it collected through another.
void check_groupings(const CustomerIds& customers);

// refuse_referenced raises 23503 where another customer, committed or of a transaction still under way, names
// one of those deleted as its parent or collection account.
void refuse_referenced(const CustomerIds& customers);

}  // namespace search_assign::pg
