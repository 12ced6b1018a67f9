// When parts of an item were paid: from the history of its open amount and, where the ERP
// gives that detail, from allocations.
#pragma once

#include <span>
#include <vector>

#include "search_assign/core/money.hpp"

namespace search_assign::core {

struct DatedAmount {
  Date on = 0;
  Amount amount = 0;
};

// sort_allocations brings allocations into the order payment_parts wants: by date, payments before reversals.
void sort_allocations(std::vector<DatedAmount>& allocations);

// payment_parts dates the paid part of an item. `changes` are the changes of amount - open_amount
// in the order they were recorded (a reversal is negative and cancels the latest parts);
// `allocations` are sorted by date and explain the parts from the oldest on: as far as their
// net sum goes they replace the changes' dates. The result's sum is the sum of the changes,
// or 0 where that is negative (the item has no paid part).
void payment_parts(std::span<const DatedAmount> changes, std::span<const DatedAmount> allocations,
                   std::vector<DatedAmount>& parts);

}  // namespace search_assign::core
