// Paid parts of items: what was paid, dated by the items' histories and allocations.
#pragma once

#include "search_assign/core/item_payment.hpp"
#include "search_assign/pg/ledger_history.hpp"

namespace search_assign::pg {

// One item whose paid parts change: dated anew from its history and allocations.
struct Repayment {
  ItemKey key;  // under which its history is kept
  core::ItemFigures before;
  core::ItemFigures after;
  Datum fx_before;  // 0: not converted
  Datum fx_after;
  core::DatedAmount change;  // of this statement; amount 0 = none
  bool redated;              // the stored change that closed the item moves to redated_on
  core::Date redated_on;
  bool has_before;
  bool has_after;
};

// add_repayments adds the deltas of the repayments: parts before disappear, parts after appear.
void add_repayments(Repayment* repayments, int count);

// Allocation rows of one statement, per item: what they replace.
struct AllocationRow {
  ItemKey key;
  core::Date allocated_on;
  core::Amount amount;
};
// add_reallocations adds the deltas for items whose allocations changed: `added` are in the table now,
// `removed` no more.
void add_reallocations(AllocationRow* added, int added_count, AllocationRow* removed, int removed_count);

}  // namespace search_assign::pg
