// A customer's priority: points of the priority rules it holds, and whether an exit rule takes it off the
// worklist. Percent and band follow in SQL, from the points of all rules.
#pragma once

#include <cstdint>
#include <span>

#include "search_assign/core/assignment.hpp"

namespace search_assign::core {

struct PriorityRule {
  std::int32_t rule_id;
  std::int32_t points;  // 0 or more
  bool exit;
};

struct PriorityScore {
  std::int32_t points;  // 0 off the worklist; saturates
  bool off_worklist;
  friend bool operator==(const PriorityScore&, const PriorityScore&) = default;
};

// priority_score adds up the rules, ascending by rule_id, that the assignment holds; a rule that is gone
// counts nothing.
PriorityScore priority_score(std::span<const PriorityRule> rules,
                             std::span<const Membership> assignment) noexcept;

}  // namespace search_assign::core
