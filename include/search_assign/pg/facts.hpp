// Customer facts: the columns of the view customer_facts, compiled from the view's own
// definition into expressions over a customer row and a position row, so that the view is their
// only definition.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "executor/executor.h"
#include "nodes/bitmapset.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

struct Facts {
  TupleDesc descriptor;         // of the view
  ExprState** states;           // per column, nullptr where not compiled
  Bitmapset* time_columns;      // columns whose expression depends on the business date
  Bitmapset* profile_columns;   // columns of type maturity_profile
  Bitmapset* customer_columns;  // columns whose expression reads the customer row
  ExprContext* context;         // inner tuple: customer, outer tuple: position; reset per customer
  TupleTableSlot* slot;         // virtual, filled by evaluate_facts
};

// compile_facts compiles the given columns of the view in the current memory context.
Facts* compile_facts(Bitmapset* columns);

// evaluate_facts fills the given columns of facts->slot from the two rows.
void evaluate_facts(Facts* facts, const Bitmapset* columns, TupleTableSlot* customer,
                    TupleTableSlot* position);

// check_may_read_facts: what is said of customers may be read by whoever may read the view (42501).
void check_may_read_facts();

}  // namespace search_assign::pg
