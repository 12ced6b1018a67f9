// Evaluation of one search over the facts of one customer.
#pragma once

#include "search_assign/pg/configuration.hpp"

namespace search_assign::pg {

// Why a search could not be evaluated: its index in the configuration, and the error (the message palloc'd).
struct SearchFailure {
  int search;
  int sqlstate;
  char* message;
};

// evaluate_search evaluates a search over the facts slot at the current evaluation date. One that fails
// raises nothing, counts as Unchanged and fills *failure.
core::Truth evaluate_search(const Configuration* config, int search, TupleTableSlot* facts,
                            SearchFailure* failure);

}  // namespace search_assign::pg
