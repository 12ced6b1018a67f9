// Unit tests of core/assignment. Semantics: section 6 of the domain description.
#include "search_assign/core/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "search_assign/core/error.hpp"

namespace search_assign::core {
namespace {

using Random = std::mt19937_64;

constexpr Date kToday = 9'600;

// A rule with its priority, which only the order of a rule set knows.
struct TestRule {
  Rule rule;
  std::int32_t priority = 100;
};

auto order_of(const TestRule& r) {
  return std::tuple(r.rule.target, is_single_valued(r.rule.target) ? 0 : r.rule.target_id, r.priority,
                    r.rule.rule_id);
}

std::vector<Rule> sorted(std::vector<TestRule> rules) {
  std::sort(rules.begin(), rules.end(),
            [](const TestRule& a, const TestRule& b) { return order_of(a) < order_of(b); });
  std::vector<Rule> out;
  for (const TestRule& r : rules) out.push_back(r.rule);
  return out;
}

// One customer's situation, to be changed test by test.
struct Case {
  std::vector<TestRule> rules;
  std::vector<Truth> truths;
  std::vector<HandMade> hand_made;
  Assignment previous;
  RuleSet defaults;
  Date created_on = kToday;
  Date as_of = kToday;
  bool evaluate_manual_rules = false;

  // rule appends one whose search is its own, and returns it.
  Rule& rule(Target target, std::int32_t target_id, Truth truth, std::int32_t priority = 100) {
    const auto number = static_cast<std::int32_t>(truths.size());
    truths.push_back(truth);
    rules.push_back({{number + 1, number, target, target_id, true, false, 0}, priority});
    return rules.back().rule;
  }

  [[nodiscard]] DecisionInput input() const {
    return {truths, hand_made, {previous.data(), previous.size()}, created_on, as_of, evaluate_manual_rules};
  }
  [[nodiscard]] RuleSet set(const std::vector<Rule>& in_order) const {
    RuleSet set = defaults;
    set.rules = in_order;
    return set;
  }
  [[nodiscard]] Assignment decided() const {
    const std::vector<Rule> in_order = sorted(rules);
    Assignment out;
    decide(set(in_order), input(), out);
    return out;
  }
};

std::span<const Membership> view(const Assignment& assignment) {
  return {assignment.data(), assignment.size()};
}

Membership by_rule(Target target, std::int32_t id, std::int64_t rule, Date since = kToday) {
  return {target, Source::Rule, id, rule, since};
}
Membership by_hand(Target target, std::int32_t id, Date since = kToday) {
  return {target, Source::Manual, id, 0, since};
}
Membership by_default(Target target, std::int32_t id, Date since = kToday) {
  return {target, Source::Default, id, 0, since};
}

void expect_held(const Case& c, const Assignment& expected) { EXPECT_TRUE(c.decided() == expected); }

TEST(Assignment, holds_nothing_without_rules_and_defaults) { expect_held({}, {}); }

TEST(Assignment, first_matching_scenario_by_priority_and_rule_id_wins) {
  Case c;
  c.rule(Target::Scenario, 7, Truth::True, 200);
  c.rule(Target::Scenario, 9, Truth::True, 50);
  c.rule(Target::Scenario, 5, Truth::True, 50);
  c.rule(Target::Scenario, 4, Truth::False, 1);
  expect_held(c, {by_rule(Target::Scenario, 9, 2)});
  c.truths[1] = Truth::False;
  expect_held(c, {by_rule(Target::Scenario, 5, 3)});
  c.truths[2] = Truth::False;
  expect_held(c, {by_rule(Target::Scenario, 7, 1)});
}

TEST(Assignment, falls_to_the_default_of_each_single_target) {
  Case c;
  c.defaults.default_scenario = 1;
  c.defaults.default_collection_portfolio = 2;
  c.defaults.default_risk_portfolio = 3;
  expect_held(c, {by_default(Target::Scenario, 1), by_default(Target::CollectionPortfolio, 2),
                  by_default(Target::RiskPortfolio, 3)});
  c.rule(Target::CollectionPortfolio, 8, Truth::True);
  c.rule(Target::RiskPortfolio, 9, Truth::False);
  expect_held(c, {by_default(Target::Scenario, 1), by_rule(Target::CollectionPortfolio, 8, 1),
                  by_default(Target::RiskPortfolio, 3)});
}

TEST(Assignment, a_group_is_held_while_any_rule_for_it_matches) {
  Case c;
  c.rule(Target::Group, 5, Truth::False);
  c.rule(Target::Group, 5, Truth::True);
  c.rule(Target::Group, 5, Truth::True);
  c.rule(Target::Group, 2, Truth::True);
  c.rule(Target::Group, 9, Truth::False);
  expect_held(c, {by_rule(Target::Group, 2, 4), by_rule(Target::Group, 5, 2)});
  c.previous = c.decided();
  c.truths = {Truth::False, Truth::False, Truth::False, Truth::False, Truth::True};
  expect_held(c, {by_rule(Target::Group, 9, 5)});
}

TEST(Assignment, options_and_groups_of_one_number_are_apart) {
  Case c;
  c.rule(Target::Group, 3, Truth::True);
  c.rule(Target::Option, 3, Truth::True);
  expect_held(c, {by_rule(Target::Group, 3, 1), by_rule(Target::Option, 3, 2)});
  c.truths[0] = Truth::False;
  expect_held(c, {by_rule(Target::Option, 3, 2)});
}

TEST(Assignment, since_is_kept_by_who_holds_the_target_already) {
  Case c;
  c.previous = {by_rule(Target::Scenario, 4, 99, 10), by_rule(Target::Group, 5, 98, 20)};
  c.rule(Target::Scenario, 4, Truth::True);
  c.rule(Target::Group, 5, Truth::True);
  c.rule(Target::Group, 6, Truth::True);
  expect_held(c, {by_rule(Target::Scenario, 4, 1, 10), by_rule(Target::Group, 5, 2, 20),
                  by_rule(Target::Group, 6, 3)});
  c.hand_made = {{Target::Scenario, HandMode::Pin, 4, kNoDate}};
  EXPECT_EQ(c.decided()[0], by_hand(Target::Scenario, 4, 10));
}

TEST(Assignment, a_pin_wins_until_its_last_day_inclusive) {
  Case c;
  c.rule(Target::Scenario, 4, Truth::True);
  c.defaults.default_risk_portfolio = 6;
  c.hand_made = {{Target::Scenario, HandMode::Pin, 8, kToday},
                 {Target::RiskPortfolio, HandMode::Pin, 9, kNoDate}};
  expect_held(c, {by_hand(Target::Scenario, 8), by_hand(Target::RiskPortfolio, 9)});
  c.as_of = kToday + 1;
  expect_held(c,
              {by_rule(Target::Scenario, 4, 1, kToday + 1), by_hand(Target::RiskPortfolio, 9, kToday + 1)});
}

TEST(Assignment, hand_made_additions_and_exclusions_win_over_the_rules) {
  Case c;
  c.rule(Target::Group, 1, Truth::True);
  c.rule(Target::Group, 2, Truth::True);
  c.rule(Target::Group, 4, Truth::True);
  c.hand_made = {{Target::Group, HandMode::Add, 9, kNoDate},
                 {Target::Group, HandMode::Add, 2, kToday},
                 {Target::Group, HandMode::Exclude, 4, kToday},
                 {Target::Group, HandMode::Add, 5, kToday - 1}};
  expect_held(c, {by_rule(Target::Group, 1, 1), by_hand(Target::Group, 2), by_hand(Target::Group, 9)});
  c.as_of = kToday + 1;
  expect_held(c, {by_rule(Target::Group, 1, 1, c.as_of), by_rule(Target::Group, 2, 2, c.as_of),
                  by_rule(Target::Group, 4, 3, c.as_of), by_hand(Target::Group, 9, c.as_of)});
}

TEST(Assignment, colleagues_are_never_removed_by_rules) {
  Case c;
  c.rule(Target::Colleague, 5, Truth::True);
  c.rule(Target::Colleague, 5, Truth::True);
  expect_held(c, {by_rule(Target::Colleague, 5, 1)});
  c.previous = c.decided();
  c.truths = {Truth::False, Truth::False};
  c.as_of = kToday + 9;
  expect_held(c, {by_rule(Target::Colleague, 5, 1)});
  c.rules.clear();
  expect_held(c, {by_rule(Target::Colleague, 5, 1)});
}

TEST(Assignment, an_excluded_colleague_is_removed_and_not_added_again) {
  Case c;
  c.rule(Target::Colleague, 5, Truth::True);
  c.previous = c.decided();
  c.hand_made = {{Target::Colleague, HandMode::Exclude, 5, kNoDate}};
  expect_held(c, {});
  c.previous.clear();
  expect_held(c, {});
  c.hand_made.clear();
  expect_held(c, {by_rule(Target::Colleague, 5, 1)});
}

TEST(Assignment, a_hand_made_colleague_lasts_as_long_as_the_hand_made_entry) {
  Case c;
  c.rule(Target::Colleague, 3, Truth::True);
  c.rule(Target::Colleague, 7, Truth::True);
  c.hand_made = {{Target::Colleague, HandMode::Add, 7, kToday}};
  expect_held(c, {by_rule(Target::Colleague, 3, 1), by_hand(Target::Colleague, 7)});
  c.previous = c.decided();
  c.truths[1] = Truth::False;
  c.as_of = kToday + 1;
  expect_held(c, {by_rule(Target::Colleague, 3, 1)});
}

TEST(Assignment, manual_rules_match_only_those_who_hold_by_them) {
  Case c;
  c.rule(Target::Scenario, 4, Truth::True).autorun = false;
  c.defaults.default_scenario = 1;
  expect_held(c, {by_default(Target::Scenario, 1)});
  c.previous = {by_rule(Target::Scenario, 4, 99)};  // by another rule
  expect_held(c, {by_default(Target::Scenario, 1)});
  c.previous = {by_rule(Target::Scenario, 4, 1, 10)};
  c.truths[0] = Truth::False;
  expect_held(c, {by_rule(Target::Scenario, 4, 1, 10)});
  c.evaluate_manual_rules = true;
  expect_held(c, {by_default(Target::Scenario, 1)});
  c.truths[0] = Truth::True;
  expect_held(c, {by_rule(Target::Scenario, 4, 1, 10)});
}

TEST(Assignment, a_manual_rule_stands_between_calls_even_for_old_customers) {
  Case c;
  Rule& rule = c.rule(Target::Group, 4, Truth::True);
  rule.autorun = false;
  rule.new_customers_only = true;
  rule.active_since = kToday + 1;  // edited after the call that added the customer
  c.previous = {by_rule(Target::Group, 4, 1, 10)};
  expect_held(c, {by_rule(Target::Group, 4, 1, 10)});
  c.evaluate_manual_rules = true;
  expect_held(c, {});
}

TEST(Assignment, a_failed_search_leaves_its_rules_as_they_stood) {
  Case c;
  c.rule(Target::Scenario, 4, Truth::Unchanged);
  c.rule(Target::Scenario, 5, Truth::True);
  expect_held(c, {by_rule(Target::Scenario, 5, 2)});
  c.previous = {by_rule(Target::Scenario, 4, 1, 10)};
  expect_held(c, {by_rule(Target::Scenario, 4, 1, 10)});
  c.previous = {by_hand(Target::Scenario, 4)};
  expect_held(c, {by_rule(Target::Scenario, 5, 2)});
}

TEST(Assignment, new_customers_only_considers_the_day_of_creation) {
  Case c;
  Rule& rule = c.rule(Target::Group, 4, Truth::True);
  rule.new_customers_only = true;
  rule.active_since = kToday;
  expect_held(c, {by_rule(Target::Group, 4, 1)});
  c.created_on = kToday - 1;
  expect_held(c, {});
  c.truths[0] = Truth::Unchanged;
  c.previous = {by_rule(Target::Group, 4, 1)};
  expect_held(c, {});
}

// The rules of section 6 once more, written target by target without an eye on speed.
Assignment expected_of(const Case& c) {
  const auto in_force = [&](const HandMade& hand) { return c.as_of <= hand.until; };
  // Alert rules, priority rules and all the others have rule_ids of their own.
  const auto numbering = [](Target target) { return target < Target::Alert ? Target::Scenario : target; };
  const auto holds = [&](const Rule& rule) {
    return std::any_of(c.previous.begin(), c.previous.end(), [&](const Membership& m) {
      return m.source == Source::Rule && m.rule_id == rule.rule_id &&
             numbering(m.target) == numbering(rule.target);
    });
  };
  const auto match = [&](const Rule& rule) {
    if (!rule.autorun && !c.evaluate_manual_rules) return holds(rule);
    if (rule.new_customers_only && c.created_on < rule.active_since) return false;
    const Truth truth = c.truths[static_cast<std::size_t>(rule.search)];
    return truth == Truth::True || (truth == Truth::Unchanged && holds(rule));
  };
  const auto since = [&](Target target, std::int32_t id) {
    for (const Membership& m : c.previous)
      if (m.target == target && m.target_id == id) return m.since;
    return c.as_of;
  };
  std::map<std::pair<Target, std::int32_t>, Membership> held;
  const auto hold = [&](Target target, Source source, std::int32_t id, std::int64_t rule_id) {
    held.try_emplace({target, id}, Membership{target, source, id, rule_id, since(target, id)});
  };
  const std::map<Target, std::int32_t> defaults = {
      {Target::Scenario, c.defaults.default_scenario},
      {Target::CollectionPortfolio, c.defaults.default_collection_portfolio},
      {Target::RiskPortfolio, c.defaults.default_risk_portfolio}};
  for (const auto& [target, default_id] : defaults) {
    const HandMade* pin = nullptr;
    for (const HandMade& hand : c.hand_made)
      if (hand.target == target && in_force(hand)) pin = &hand;
    const TestRule* first = nullptr;
    for (const TestRule& r : c.rules)
      if (r.rule.target == target && match(r.rule) && (first == nullptr || order_of(r) < order_of(*first)))
        first = &r;
    if (pin != nullptr) {
      hold(target, Source::Manual, pin->target_id, 0);
    } else if (first != nullptr) {
      hold(target, Source::Rule, first->rule.target_id, first->rule.rule_id);
    } else if (default_id != 0) {
      hold(target, Source::Default, default_id, 0);
    }
  }
  std::set<std::pair<Target, std::int32_t>> excluded;
  for (const HandMade& hand : c.hand_made) {
    if (is_single_valued(hand.target) || !in_force(hand)) continue;
    if (hand.mode == HandMode::Exclude) excluded.insert({hand.target, hand.target_id});
    if (hand.mode == HandMode::Add) hold(hand.target, Source::Manual, hand.target_id, 0);
  }
  for (const Membership& m : c.previous)
    if (m.target == Target::Colleague && m.source == Source::Rule &&
        !excluded.contains({m.target, m.target_id}))
      hold(m.target, m.source, m.target_id, m.rule_id);
  std::vector<TestRule> rules = c.rules;
  std::sort(rules.begin(), rules.end(),
            [](const TestRule& a, const TestRule& b) { return order_of(a) < order_of(b); });
  for (const TestRule& r : rules)
    if (!is_single_valued(r.rule.target) && !excluded.contains({r.rule.target, r.rule.target_id}) &&
        match(r.rule))
      hold(r.rule.target, Source::Rule, r.rule.target_id, r.rule.rule_id);
  Assignment out;
  for (const auto& [key, m] : held) out.push_back(m);
  return out;
}

Target random_target(Random& random) { return static_cast<Target>(1 + random() % 8); }

// Hand-made entries as the database keeps them: one per single target, one per other target and id.
std::vector<HandMade> random_hand_made(Random& random) {
  std::vector<HandMade> out;
  std::set<std::pair<Target, std::int32_t>> taken;
  for (std::uint64_t left = random() % 6; left > 0; --left) {
    const Target target = random_target(random);
    const auto id = static_cast<std::int32_t>(1 + random() % 5);
    if (!taken.insert({target, is_single_valued(target) ? 0 : id}).second) continue;
    const HandMode mode = is_single_valued(target) ? HandMode::Pin
                          : random() % 2 == 0      ? HandMode::Add
                                                   : HandMode::Exclude;
    out.push_back(
        {target, mode, id, random() % 3 == 0 ? kNoDate : static_cast<Date>(kToday - 2 + random() % 5)});
  }
  return out;
}

// Targets of the three sequences of rule_ids.
constexpr Target (*kNumberings[])(Random&) = {
    [](Random& random) { return static_cast<Target>(1 + random() % 6); },
    [](Random&) { return Target::Alert; }, [](Random&) { return Target::Priority; }};

Case random_case(Random& random) {
  Case c;
  c.truths.resize(1 + random() % 6);
  for (Truth& truth : c.truths) truth = static_cast<Truth>(random() % 3);
  const std::uint64_t count = random() % 40;
  for (std::uint64_t i = 0; i < count; ++i)
    c.rules.push_back(
        {{static_cast<std::int64_t>(i / 3 + 1), static_cast<std::int32_t>(random() % c.truths.size()),
          kNumberings[i % 3](random), static_cast<std::int32_t>(1 + random() % 5), random() % 4 != 0,
          random() % 4 == 0, static_cast<Date>(kToday - 1 + random() % 3)},
         static_cast<std::int32_t>(random() % 3)});
  c.defaults.default_scenario = static_cast<std::int32_t>(random() % 3);
  c.defaults.default_collection_portfolio = static_cast<std::int32_t>(random() % 3);
  c.defaults.default_risk_portfolio = static_cast<std::int32_t>(random() % 3);
  c.hand_made = random_hand_made(random);
  c.evaluate_manual_rules = random() % 2 == 0;
  return c;
}

// A customer with a past: what it holds comes from decisions on earlier days with other truths.
Case random_later_case(Random& random) {
  Case c = random_case(random);
  c.evaluate_manual_rules = true;
  c.as_of = kToday - 5;
  c.previous = c.decided();
  for (Truth& truth : c.truths) truth = static_cast<Truth>(random() % 3);
  c.hand_made = random_hand_made(random);
  c.as_of = kToday;
  c.evaluate_manual_rules = random() % 2 == 0;
  return c;
}

TEST(Assignment, decides_as_the_definition_says) {
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    const Case c = random_later_case(random);
    ASSERT_TRUE(c.decided() == expected_of(c)) << round;
  }
}

std::vector<RuleStanding> standings_of(const Case& c, const std::vector<Rule>& in_order) {
  std::vector<RuleStanding> out;
  stand(c.set(in_order), c.input(), out);
  return out;
}

TEST(Assignment, standing_names_the_rule_that_decides_and_the_one_a_rule_stands_behind) {
  Case c;
  c.rule(Target::Scenario, 1, Truth::False, 1);
  c.rule(Target::Scenario, 2, Truth::True, 2);
  c.rule(Target::Scenario, 3, Truth::True, 3);
  c.rule(Target::Group, 1, Truth::True);
  c.hand_made = {{Target::Group, HandMode::Exclude, 1, kNoDate}};
  const std::vector<RuleStanding> standings = standings_of(c, sorted(c.rules));
  const Standing expected[] = {Standing::Idle, Standing::Decides, Standing::Shadowed, Standing::Hidden};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(standings[i].standing, expected[i]) << i;
  EXPECT_EQ(standings[2].decider, 2);
}

TEST(Assignment, rules_that_decide_are_exactly_those_of_the_memberships) {
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    const Case c = random_later_case(random);
    const std::vector<Rule> in_order = sorted(c.rules);
    const std::vector<RuleStanding> standings = standings_of(c, in_order);
    std::multiset<std::tuple<Target, std::int32_t, std::int64_t>> deciding, held;
    for (std::size_t i = 0; i < in_order.size(); ++i)
      if (const Rule& r = in_order[i]; standings[i].standing == Standing::Decides)
        deciding.emplace(r.target, r.target_id, r.rule_id);
    for (const Membership& m : c.decided())
      if (m.source == Source::Rule) held.emplace(m.target, m.target_id, m.rule_id);
    ASSERT_TRUE(deciding == held) << round;
  }
}

TEST(Assignment, memberships_are_sorted_and_unique) {
  Random random(2);
  for (int round = 0; round < 10'000; ++round) {
    const Assignment held = random_later_case(random).decided();
    for (std::size_t i = 1; i < held.size(); ++i) {
      ASSERT_LT(std::tuple(held[i - 1].target, held[i - 1].target_id),
                std::tuple(held[i].target, held[i].target_id));
      ASSERT_FALSE(held[i - 1].target == held[i].target && is_single_valued(held[i].target));
    }
  }
}

TEST(Assignment, deciding_again_changes_nothing) {
  Random random(3);
  for (int round = 0; round < 10'000; ++round) {
    Case c = random_later_case(random);
    const Assignment once = c.decided();
    c.previous = once;
    ASSERT_TRUE(c.decided() == once) << round;
    c.evaluate_manual_rules = false;  // the ledger changes after a call
    ASSERT_TRUE(c.decided() == once) << round;
  }
}

TEST(Assignment, order_of_the_input_is_irrelevant) {
  Random random(4);
  for (int round = 0; round < 5'000; ++round) {
    Case c = random_later_case(random);
    const Assignment before = c.decided();
    std::shuffle(c.rules.begin(), c.rules.end(), random);
    std::shuffle(c.hand_made.begin(), c.hand_made.end(), random);
    ASSERT_TRUE(c.decided() == before) << round;
  }
}

TEST(Assignment, forgets_what_the_result_held_before) {
  Case c;
  c.rule(Target::Group, 1, Truth::True);
  const std::vector<Rule> rules = sorted(c.rules);
  Assignment out = {by_hand(Target::Scenario, 1), by_hand(Target::Group, 1)};
  decide({rules, 0, 0, 0}, {c.truths, {}, {}, kToday, kToday, false}, out);
  EXPECT_TRUE(out == (Assignment{by_rule(Target::Group, 1, 1)}));
}

TEST(Assignment, same_memberships_ignores_since_only) {
  const Membership one = by_rule(Target::Group, 1, 7, 10);
  const auto same = [&](const Membership& other) { return same_memberships({&one, 1}, {&other, 1}); };
  EXPECT_TRUE(same(by_rule(Target::Group, 1, 7, 99)));
  EXPECT_FALSE(same(by_rule(Target::Group, 1, 8, 10)));
  EXPECT_FALSE(same(by_rule(Target::Group, 2, 7, 10)));
  EXPECT_FALSE(same(by_rule(Target::Option, 1, 7, 10)));
  EXPECT_FALSE(same({Target::Group, Source::Manual, 1, 7, 10}));
  EXPECT_FALSE(same_memberships({&one, 1}, {}));
  EXPECT_TRUE(same_memberships({}, {}));
}

TEST(Assignment, differences_pair_the_sides_of_a_single_target) {
  const Assignment before = {by_rule(Target::Scenario, 9, 1), by_rule(Target::Group, 1, 2),
                             by_rule(Target::Group, 3, 3)};
  const Assignment after = {by_rule(Target::Scenario, 4, 5), by_rule(Target::Group, 2, 6),
                            by_rule(Target::Group, 3, 3)};
  std::vector<MembershipChange> changes;
  differences(view(before), view(after), changes);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_TRUE(changes[0].before == &before[0] && changes[0].after == &after[0]);
  EXPECT_TRUE(changes[1].before == &before[1] && changes[1].after == nullptr);
  EXPECT_TRUE(changes[2].before == nullptr && changes[2].after == &after[1]);
  differences(view(before), view(before), changes);
  EXPECT_TRUE(changes.empty());
}

TEST(Assignment, differences_tell_a_change_of_rule_or_source) {
  const Membership before = by_rule(Target::Group, 3, 1);
  std::vector<MembershipChange> changes;
  for (const Membership& after :
       {by_rule(Target::Group, 3, 2), Membership{Target::Group, Source::Manual, 3, 1, 0}}) {
    differences({&before, 1}, {&after, 1}, changes);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_TRUE(changes[0].before == &before && changes[0].after == &after);
  }
  const Membership later = by_rule(Target::Group, 3, 1, kToday + 5);
  differences({&before, 1}, {&later, 1}, changes);
  EXPECT_TRUE(changes.empty());
}

TEST(Assignment, differences_applied_to_the_first_give_the_second) {
  Random random(5);
  for (int round = 0; round < 10'000; ++round) {
    const Assignment a = random_case(random).decided();
    const Assignment b = random_case(random).decided();
    std::vector<MembershipChange> changes;
    differences(view(a), view(b), changes);
    std::map<std::pair<Target, std::int32_t>, Membership> held;
    for (const Membership& m : a) held[{m.target, m.target_id}] = m;
    for (const MembershipChange& change : changes) {
      if (change.before == nullptr) continue;
      ASSERT_EQ(held.erase({change.before->target, change.before->target_id}), 1U);
    }
    for (const MembershipChange& change : changes)
      if (change.after != nullptr) held[{change.after->target, change.after->target_id}] = *change.after;
    Assignment result;
    for (const auto& [key, m] : held) result.push_back(m);
    ASSERT_TRUE(same_memberships(view(result), view(b))) << round;
    ASSERT_TRUE(std::is_sorted(changes.begin(), changes.end(), [](const auto& x, const auto& y) {
      const auto target = [](const MembershipChange& c) {
        return (c.before != nullptr ? c.before : c.after)->target;
      };
      return target(x) < target(y);
    }));
  }
}

std::vector<std::uint8_t> encoded(const Assignment& assignment) {
  std::vector<std::uint8_t> out = {9, 9};
  encode_assignment(view(assignment), out);
  return out;
}

TEST(Assignment, encoding_gives_everything_back) {
  Random random(6);
  for (int round = 0; round < 5'000; ++round) {
    const Assignment held = random_later_case(random).decided();
    Assignment back = {by_hand(Target::Group, 1)};
    decode_assignment(encoded(held), back);
    ASSERT_TRUE(back == held);
  }
  const Assignment extremes = {{Target::Scenario, Source::Default, INT32_MIN, INT64_MIN, kMinDate},
                               {Target::Group, Source::Rule, -1, -1, kMaxDate},
                               {Target::Colleague, Source::Manual, INT32_MAX, INT64_MAX, -1},
                               {Target::Priority, Source::Rule, INT32_MAX, INT32_MAX, kMaxDate}};
  Assignment back;
  decode_assignment(encoded(extremes), back);
  EXPECT_TRUE(back == extremes);
  EXPECT_EQ(encoded({}).size(), 1U);
}

TEST(Assignment, hostile_bytes_are_an_error_or_a_valid_assignment) {
  Random random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes;
    if (round % 2 == 0) {
      bytes = encoded(random_case(random).decided());
      for (std::uint64_t hits = random() % 4; hits > 0; --hits)
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random() % 160);
      if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    } else {
      bytes.resize(random() % 60);
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % 9);
      if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(1 + random() % 2);
    }
    bytes.shrink_to_fit();
    Assignment out;
    try {
      decode_assignment(bytes, out);
      if (bytes[0] == 2) {
        ASSERT_EQ(encoded(out), bytes);
      }
    } catch (const Error& error) {
      ASSERT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::DataCorrupted));
    }
  }
}

}  // namespace
}  // namespace search_assign::core
