// The priority of a customer. Core zone. SQL face: sql/install/72_priority.sql; tests:
// tests/unit/priority_test.cpp.
#include "search_assign/core/priority.hpp"

#include <algorithm>
#include <limits>

namespace search_assign::core {

PriorityScore priority_score(std::span<const PriorityRule> rules,
                             std::span<const Membership> assignment) noexcept {
  std::int64_t points = 0;
  bool off_worklist = false;
  auto rule = rules.begin();  // both are in order of the rule
  for (const Membership& held : assignment) {
    if (held.target != Target::Priority) continue;
    while (rule != rules.end() && rule->rule_id < held.target_id) ++rule;
    if (rule == rules.end()) break;
    if (rule->rule_id != held.target_id) continue;
    points += rule->points;
    off_worklist = off_worklist || rule->exit;
  }
  if (off_worklist) points = 0;
  return {static_cast<std::int32_t>(std::min<std::int64_t>(points, std::numeric_limits<std::int32_t>::max())),
          off_worklist};
}

}  // namespace search_assign::core
