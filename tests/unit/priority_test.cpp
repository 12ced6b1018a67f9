// Unit tests of core/priority: points of the rules held, exit rules; and alerts and priorities as targets of
// the assignment decision (the properties of assignment_test.cpp hold for them, too).
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

constexpr Date kToday = 9'600;

Rule rule_for(Target target, std::int32_t id, std::int32_t search) {
  return {id, search, target, id, true, false, 0};
}

// Holds for each rule a search of its own, in order.
Assignment decided(const std::vector<Rule>& rules, const std::vector<Truth>& truths,
                   const Assignment& previous, Date as_of) {
  RuleSet set;
  set.rules = rules;
  Assignment out;
  decide(set, {truths, {}, {previous.data(), previous.size()}, kToday, as_of, false}, out);
  return out;
}

TEST(Priority, alerts_and_priorities_are_held_while_their_search_matches) {
  const std::vector<Rule> rules = {rule_for(Target::Colleague, 3, 0), rule_for(Target::Alert, 1, 1),
                                   rule_for(Target::Alert, 2, 2), rule_for(Target::Priority, 1, 3),
                                   rule_for(Target::Priority, 2, 4)};
  const Assignment first =
      decided(rules, {Truth::True, Truth::False, Truth::True, Truth::True, Truth::True}, {}, kToday);
  EXPECT_TRUE(first == (Assignment{held(Target::Colleague, 3), held(Target::Alert, 2),
                                   held(Target::Priority, 1), held(Target::Priority, 2)}));
  const Assignment later =
      decided(rules, {Truth::False, Truth::True, Truth::True, Truth::True, Truth::False}, first, kToday + 3);
  EXPECT_TRUE(later == (Assignment{held(Target::Colleague, 3),
                                   {Target::Alert, Source::Rule, 1, 1, kToday + 3},
                                   held(Target::Alert, 2),
                                   held(Target::Priority, 1)}));
}

// An assignment rule, an alert rule and a priority rule may have the same number.
TEST(Priority, a_failed_search_leaves_only_what_its_own_kind_of_rule_gave) {
  for (const Target target : {Target::Group, Target::Alert, Target::Priority})
    for (const Target before : {Target::Option, Target::Alert, Target::Priority}) {
      const bool same = target == before || (target == Target::Group && before == Target::Option);
      const Assignment out = decided({rule_for(target, 1, 0)}, {Truth::Unchanged}, {held(before, 1)}, kToday);
      EXPECT_EQ(out.size(), same ? 1U : 0U);
      EXPECT_EQ(same_numbering(target, before), same);
    }
}

}  // namespace
}  // namespace search_assign::core
