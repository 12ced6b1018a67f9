// Unit tests of core/priority: points of the rules held, exit rules.
#include "search_assign/core/priority.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace search_assign::core {
namespace {

Membership held(Target target, std::int32_t id) { return {target, Source::Rule, id, id, 9'600}; }

PriorityScore score(const std::vector<PriorityRule>& rules, const std::vector<Membership>& assignment) {
  return priority_score(rules, assignment);
}

TEST(Priority, adds_the_points_of_the_rules_held) {
  const std::vector<PriorityRule> rules = {{1, 10, false}, {3, 25, false}, {7, 5, false}, {9, 0, false}};
  EXPECT_EQ(score(rules, {}), (PriorityScore{0, false}));
  EXPECT_EQ(score(rules, {held(Target::Priority, 3)}), (PriorityScore{25, false}));
  EXPECT_EQ(score(rules, {held(Target::Priority, 1), held(Target::Priority, 7), held(Target::Priority, 9)}),
            (PriorityScore{15, false}));
}

TEST(Priority, other_targets_of_the_same_number_count_nothing) {
  EXPECT_EQ(
      score({{4, 10, false}}, {held(Target::Scenario, 4), held(Target::Group, 4), held(Target::Alert, 4)}),
      (PriorityScore{0, false}));
}

TEST(Priority, a_rule_that_is_gone_counts_nothing) {
  EXPECT_EQ(score({{2, 10, false}, {4, 20, false}}, {held(Target::Priority, 1), held(Target::Priority, 3),
                                                     held(Target::Priority, 4), held(Target::Priority, 5)}),
            (PriorityScore{20, false}));
  EXPECT_EQ(score({}, {held(Target::Priority, 1)}), (PriorityScore{0, false}));
}

TEST(Priority, an_exit_rule_forces_the_points_to_nothing) {
  const std::vector<PriorityRule> rules = {{1, 10, false}, {2, 30, true}, {3, 40, false}};
  EXPECT_EQ(score(rules, {held(Target::Priority, 1), held(Target::Priority, 2), held(Target::Priority, 3)}),
            (PriorityScore{0, true}));
  EXPECT_EQ(score(rules, {held(Target::Priority, 1), held(Target::Priority, 3)}), (PriorityScore{50, false}));
}

TEST(Priority, points_saturate) {
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(
      score({{1, kMost, false}, {2, kMost, false}}, {held(Target::Priority, 1), held(Target::Priority, 2)}),
      (PriorityScore{kMost, false}));
}

}  // namespace
}  // namespace search_assign::core
