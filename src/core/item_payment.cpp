// Dates of the paid parts of an item. Core zone. Tests: tests/unit/item_payment_test.cpp.
#include "search_assign/core/item_payment.hpp"

#include <algorithm>

namespace search_assign::core {
namespace {

// A positive amount is a part; a negative one takes back the latest parts, and what it finds nothing
// to take back from lessens the next ones: the sum is right after each movement.
void settle(std::span<const DatedAmount> movements, std::vector<DatedAmount>& parts) {
  Sum owed = 0;  // not yet taken back; 0 while there are parts
  for (const DatedAmount& movement : movements) {
    if (movement.amount > 0) {
      const Sum made_up = std::min<Sum>(owed, movement.amount);
      owed -= made_up;
      if (made_up < movement.amount)
        parts.push_back({movement.on, static_cast<Amount>(movement.amount - made_up)});
      continue;
    }
    owed -= movement.amount;
    while (owed > 0 && !parts.empty()) {
      const Sum cut = std::min<Sum>(owed, parts.back().amount);
      parts.back().amount -= static_cast<Amount>(cut);
      owed -= cut;
      if (parts.back().amount == 0) parts.pop_back();
    }
  }
}

}  // namespace

void sort_allocations(std::vector<DatedAmount>& allocations) {
  std::sort(allocations.begin(), allocations.end(), [](const DatedAmount& a, const DatedAmount& b) {
    return a.on != b.on ? a.on < b.on : a.amount > b.amount;
  });
}

void payment_parts(std::span<const DatedAmount> changes, std::span<const DatedAmount> allocations,
                   std::vector<DatedAmount>& parts) {
  parts.clear();
  std::vector<DatedAmount> by_change;
  settle(changes, by_change);
  if (allocations.empty()) {
    parts = std::move(by_change);
    return;
  }
  Sum paid = 0;
  for (const DatedAmount& part : by_change) paid += part.amount;

  std::vector<DatedAmount> by_allocation;
  settle(allocations, by_allocation);
  Sum explained = 0;
  for (const DatedAmount& part : by_allocation) {
    const Sum counted = std::min<Sum>(part.amount, paid - explained);
    if (counted <= 0) break;
    parts.push_back({part.on, static_cast<Amount>(counted)});
    explained += counted;
  }
  // What the allocations leave is the latest of the changes.
  for (DatedAmount& part : by_change) {
    const Sum skipped = std::min<Sum>(part.amount, explained);
    explained -= skipped;
    part.amount -= static_cast<Amount>(skipped);
    if (part.amount > 0) parts.push_back(part);
  }
}

}  // namespace search_assign::core
