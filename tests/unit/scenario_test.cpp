// Unit tests of core/scenario. Semantics: section 7 of the domain description, and the head comments of the
// functions.
#include "search_assign/core/scenario.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "scenario_case.hpp"

namespace search_assign::core {
namespace {

constexpr NextStep kNone{};

// ---- entry ----

TEST(NextStep, enters_by_age_at_the_latest_step_already_due) {
  const Case c;
  EXPECT_EQ(c.next(kDue - 100), step(1, kDue));
  EXPECT_EQ(c.next(kDue), step(1, kDue));
  EXPECT_EQ(c.next(kDue + 14), step(1, kDue));
  EXPECT_EQ(c.next(kDue + 15), step(2, kDue + 15));
  EXPECT_EQ(c.next(kDue + 59), step(3, kDue + 30));
  EXPECT_EQ(c.next(kDue + 1'000), step(4, kDue + 60));
}

TEST(NextStep, enters_at_the_first_step_however_late) {
  Case c;
  c.scenario.on_late_entry = LateEntry::First;
  EXPECT_EQ(c.next(kDue - 100), step(1, kDue));
  EXPECT_EQ(c.next(kDue + 1'000), step(1, kDue));
}

TEST(NextStep, enters_by_age_only_at_steps_anchored_at_the_due_date) {
  Case c;
  c.steps = {after_previous(1, 5), at(2, 10), after_previous(3, 7), after_previous(4, 7)};
  EXPECT_EQ(c.next(kDue + 5), step(1, kDue + 5));  // a first step is anchored at the due date
  EXPECT_EQ(c.next(kDue + 500), step(2, kDue + 10));
  c.steps = {after_previous(1, 5), after_previous(2, 1)};
  EXPECT_EQ(c.next(kDue + 500), step(1, kDue + 5));
}

TEST(NextStep, keeps_the_gaps_to_what_happened_for_a_former_leader) {
  Case c;
  c.steps[1].min_days_after_previous = 10;
  c.progress.last_action_on = kDue + 12;
  EXPECT_EQ(c.next(kDue + 15), step(2, kDue + 22));
  c.scenario.min_contact_days = 3;
  c.progress.last_contact_on = kDue + 20;
  EXPECT_EQ(c.next(kDue + 15), step(2, kDue + 23));
  c.progress.last_contact_on = kDue + 18;
  EXPECT_EQ(c.next(kDue + 15), step(2, kDue + 22));
}

TEST(NextStep, an_entry_that_passes_a_step_over_counts_from_its_date) {
  Case c;
  c.steps = {at(1, 0), at(2, 15), after_previous(3, 7)};
  c.steps[1].min_amount = 100;
  EXPECT_EQ(c.next(kDue + 20, 99), step(3, kDue + 22));
  EXPECT_EQ(c.next(kDue + 20, 100), step(2, kDue + 15));
}

// ---- one step after the other ----

TEST(NextStep, follows_step_by_step) {
  Case c;
  EXPECT_EQ(c.done(1, kDue + 2).next(kDue + 2), step(2, kDue + 15));
  EXPECT_EQ(c.done(2, kDue + 80).next(kDue + 80), step(3, kDue + 80));  // missed: at once, one at a time
  EXPECT_EQ(c.done(3, kDue + 30).next(kDue + 30), step(4, kDue + 60));
  EXPECT_EQ(c.done(4, kDue + 60).next(kDue + 61), kNone);
}

TEST(NextStep, keeps_the_greatest_of_three_dates) {
  Case c;
  c.steps[1].min_days_after_previous = 7;
  c.scenario.min_contact_days = 5;
  EXPECT_EQ(c.done(1, kDue + 2).next(kDue + 2), step(2, kDue + 15));
  EXPECT_EQ(c.done(1, kDue + 10).next(kDue + 10), step(2, kDue + 17));
  c.progress.last_contact_on = kDue + 14;
  EXPECT_EQ(c.next(kDue + 14), step(2, kDue + 19));
}

TEST(NextStep, may_be_anchored_at_the_previous_action) {
  Case c;
  c.steps[1] = after_previous(2, 8);
  EXPECT_EQ(c.done(1, kDue + 40).next(kDue + 40), step(2, kDue + 48));
  c.steps[1].min_days_after_previous = 9;
  EXPECT_EQ(c.next(kDue + 40), step(2, kDue + 49));
  c.scenario.min_contact_days = 5;
  c.progress.last_contact_on = kDue + 46;
  EXPECT_EQ(c.next(kDue + 46), step(2, kDue + 51));
  c.progress.last_action_on = kNoDate;  // done, but nobody knows when
  c.progress.last_contact_on = kNoDate;
  EXPECT_EQ(c.next(kDue + 46), step(2, kDue + 8));
}

TEST(NextStep, goes_on_after_a_step_that_is_gone) {
  Case c;
  c.steps.erase(c.steps.begin() + 1);
  EXPECT_EQ(c.done(2, kDue + 20).next(kDue + 20), step(3, kDue + 30));
  EXPECT_EQ(c.done(5, kDue + 20).next(kDue + 20), kNone);
}

TEST(NextStep, restarts_at_the_first_step_with_the_gaps_kept) {
  Case c;
  c.steps[0].min_days_after_previous = 4;
  EXPECT_EQ(c.done(0, kDue + 70).next(kDue + 90), step(1, kDue + 74));
  c.steps[0] = after_previous(1, 6);
  EXPECT_EQ(c.next(kDue + 90), step(1, kDue + 76));
  c.progress.last_action_on = kNoDate;
  EXPECT_EQ(c.next(kDue + 90), step(1, kDue + 6));
}

// ---- amounts ----

TEST(NextStep, there_is_none_below_the_minimum_amount) {
  Case c;
  c.scenario.minimum_amount = 500;
  EXPECT_EQ(c.next(kDue + 1, 499), kNone);
  EXPECT_EQ(c.next(kDue + 1, 500), step(1, kDue));
  EXPECT_EQ(c.done(2, kDue).next(kDue + 1, 499), kNone);
  c.steps[1].repeat_every_days = 3;
  EXPECT_EQ(c.next(kDue + 1, 499), kNone);
}

TEST(NextStep, passes_over_a_step_whose_amount_is_not_reached) {
  Case c;
  c.steps[1].min_amount = 1'000;
  c.steps[2].min_amount = 2'000;
  EXPECT_EQ(c.done(1, kDue).next(kDue, 999), step(4, kDue + 60));
  EXPECT_EQ(c.next(kDue, 1'000), step(2, kDue + 15));
  c.steps[3].min_amount = 5'000;
  EXPECT_EQ(c.next(kDue, 999), kNone);
  c.progress = {false, 0, kNoDate, kNoDate};
  EXPECT_EQ(c.next(kDue + 16, 3'000), step(2, kDue + 15));
  EXPECT_EQ(c.next(kDue + 16, 999), kNone);
}

TEST(NextStep, a_passed_over_step_moves_no_date) {
  Case c;
  c.steps = {at(1, 0), after_previous(2, 5), after_previous(3, 9)};
  c.steps[1].min_amount = 1'000;
  EXPECT_EQ(c.done(1, kDue + 1).next(kDue + 1, 999), step(3, kDue + 10));
}

// ---- repeats ----

TEST(NextStep, repeats_until_the_step_after_it_is_due) {
  Case c;
  c.steps[1].repeat_every_days = 5;
  EXPECT_EQ(c.done(2, kDue + 15).next(kDue + 15), step(2, kDue + 20));
  EXPECT_EQ(c.done(2, kDue + 20).next(kDue + 20), step(2, kDue + 25));
  EXPECT_EQ(c.done(2, kDue + 25).next(kDue + 25), step(3, kDue + 30));  // the same day: it goes on
  EXPECT_EQ(c.done(2, kDue + 26).next(kDue + 26), step(3, kDue + 30));
}

TEST(NextStep, a_last_step_may_repeat_for_ever) {
  Case c;
  c.steps[3].repeat_every_days = 30;
  EXPECT_EQ(c.done(4, kDue + 60).next(kDue + 60), step(4, kDue + 90));
  EXPECT_EQ(c.done(4, kDue + 6'000).next(kDue + 6'100), step(4, kDue + 6'030));
  c.scenario.min_contact_days = 40;
  c.progress.last_contact_on = kDue + 6'000;
  EXPECT_EQ(c.next(kDue + 6'100), step(4, kDue + 6'040));
  c.progress.last_action_on = kNoDate;
  EXPECT_EQ(c.next(kDue + 6'100), kNone);
}

TEST(NextStep, a_repeat_needs_its_amount) {
  Case c;
  c.steps[1].repeat_every_days = 5;
  c.steps[1].min_amount = 1'000;
  EXPECT_EQ(c.done(2, kDue + 15).next(kDue + 15, 999), step(3, kDue + 30));
  EXPECT_EQ(c.next(kDue + 15, 1'000), step(2, kDue + 20));
}

// ---- calendar, ends ----

TEST(NextStep, moves_to_the_next_working_day) {
  Case c;
  c.holidays = {kDue + 13, kDue + 15};
  c.calendar = {0x60, c.holidays};
  c.scenario.calendar = &c.calendar;
  EXPECT_EQ(c.done(1, kDue).next(kDue), step(2, kDue + 16));
  c.steps[1].offset_days = 13;  // a holiday, a Monday
  EXPECT_EQ(c.next(kDue), step(2, kDue + 14));
  c.steps[1].offset_days = 11;  // Saturday
  EXPECT_EQ(c.next(kDue), step(2, kDue + 14));
  c.progress = {false, 0, kNoDate, kNoDate};
  EXPECT_EQ(c.next(kDue + 11), step(2, kDue + 14));  // by age it counts on its own day
}

TEST(NextStep, there_is_none_without_a_working_day) {
  Case c;
  c.calendar = {kEveryDay, {}};
  c.scenario.calendar = &c.calendar;
  EXPECT_EQ(c.next(kDue), kNone);
}

TEST(NextStep, there_is_none_without_steps) {
  Case c;
  c.steps.clear();
  EXPECT_EQ(c.next(kDue), kNone);
  EXPECT_EQ(c.done(3, kDue).next(kDue), kNone);
  const CollectableDay days[] = {{kDue, 1, 1}};
  EXPECT_EQ(c.action(days, kDue), kNone);
  EXPECT_EQ(c.change(days, kDue), kNoDate);
}

TEST(NextStep, extreme_numbers_are_no_trap) {
  Case c;
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int32_t>::min();
  c.steps = {at(1, kLeast), at(2, kMost)};
  EXPECT_EQ(c.next(kDue), step(1, kMinDate));
  EXPECT_EQ(c.done(1, kDue).next(kDue), kNone);  // beyond the last date
  c.steps[1] = at(2, 0);
  c.steps[1].min_days_after_previous = kMost;
  EXPECT_EQ(c.next(kDue), kNone);
  c.steps = {at(kMost, 0)};
  c.steps[0].repeat_every_days = kMost;
  EXPECT_EQ(c.done(kMost, kDue).next(kDue), kNone);
}

// ---- looking ahead ----

TEST(NextAction, is_the_next_step_where_the_amount_stays) {
  Case c;
  const CollectableDay days[] = {{kDue - 50, 100, 100}};
  for (Date as_of = kDue - 50; as_of < kDue + 100; ++as_of)
    EXPECT_EQ(c.action(days, as_of), c.next(as_of, 100));
}

TEST(NextAction, there_is_none_with_nothing_to_collect) {
  const Case c;
  const CollectableDay days[] = {{kDue - 50, 0, 0}};
  EXPECT_EQ(c.action(days, kDue), kNone);
  EXPECT_EQ(c.action({}, kDue), kNone);
}

TEST(NextAction, waits_for_the_day_that_reaches_the_minimum) {
  Case c;
  c.scenario.minimum_amount = 500;
  c.done(1, kDue);
  const CollectableDay days[] = {{kDue - 50, 0, 0}, {kDue, 100, 100}, {kDue + 20, 600, 600}};
  EXPECT_EQ(c.action(days, kDue), step(2, kDue + 20));
  EXPECT_EQ(c.action(days, kDue + 20), step(2, kDue + 15));  // due, and so it is said
  c.calendar = {0x60, {}};
  c.scenario.calendar = &c.calendar;
  const CollectableDay saturday[] = {{kDue, 100, 100}, {kDue + 18, 600, 600}};
  EXPECT_EQ(c.action(saturday, kDue), step(2, kDue + 20));
}

TEST(NextAction, a_step_whose_amount_is_reached_in_time_is_not_passed_over) {
  Case c;
  c.done(1, kDue);
  c.steps[1].min_amount = 500;
  const CollectableDay in_time[] = {{kDue, 100, 100}, {kDue + 10, 600, 600}};
  EXPECT_EQ(c.action(in_time, kDue), step(2, kDue + 15));
  const CollectableDay late[] = {{kDue, 100, 100}, {kDue + 20, 600, 600}};
  EXPECT_EQ(c.action(late, kDue), step(2, kDue + 20));
  const CollectableDay too_late[] = {{kDue, 100, 100}, {kDue + 31, 600, 600}};
  EXPECT_EQ(c.action(too_late, kDue), step(3, kDue + 30));
}

TEST(NextAction, a_pre_due_step_has_its_own_amount) {
  Case c;
  c.steps = {at(1, -7, Phase::PreDue), at(2, 7)};
  const CollectableDay days[] = {{kDue - 50, 0, 300}, {kDue, 300, 300}};
  EXPECT_EQ(c.action(days, kDue - 20), step(1, kDue - 7));
  EXPECT_EQ(c.done(1, kDue - 7).action(days, kDue - 7), step(2, kDue + 7));
  c.scenario.minimum_amount = 301;
  c.progress.entered = false;
  EXPECT_EQ(c.action(days, kDue - 20), kNone);
}

TEST(NextChange, is_the_day_on_which_the_entry_moves_on) {
  const Case c;
  const CollectableDay days[] = {{kDue - 50, 100, 100}};
  EXPECT_EQ(c.change(days, kDue - 50), kDue + 15);
  EXPECT_EQ(c.change(days, kDue + 14), kDue + 15);
  EXPECT_EQ(c.change(days, kDue + 15), kDue + 30);
  EXPECT_EQ(c.change(days, kDue + 60), kNoDate);
}

TEST(NextChange, time_alone_changes_nothing_once_a_step_is_done) {
  Case c;
  const CollectableDay days[] = {{kDue - 50, 100, 100}, {kDue + 3, 200, 200}};
  EXPECT_EQ(c.done(1, kDue).change(days, kDue), kNoDate);
}

TEST(NextChange, is_the_day_that_reaches_an_amount) {
  Case c;
  c.done(1, kDue);
  c.scenario.minimum_amount = 500;
  const CollectableDay days[] = {{kDue, 100, 100}, {kDue + 5, 200, 200}, {kDue + 20, 600, 600}};
  EXPECT_EQ(c.change(days, kDue), kDue + 20);  // due since the 15th day from then on
  EXPECT_EQ(c.change(days, kDue + 20), kNoDate);
}

// ---- properties over random scenarios ----

const CollectableDay& amounts_of(const std::vector<CollectableDay>& days, Date date) {
  const CollectableDay* found = &days.front();
  for (const CollectableDay& d : days)
    if (d.date <= date) found = &d;
  return *found;
}

// The same decision written down in another way: all steps with their dates, then the first that may be.
NextStep expected_step(const Case& c, const CollectableDay& amounts, Date as_of) {
  const Scenario s = c.whole();
  const Progress& p = c.progress;
  std::int32_t from = p.last_step + 1;
  if (!p.entered) {
    from = 0;
    for (std::size_t i = 1; i < c.steps.size(); ++i)
      if (s.on_late_entry == LateEntry::ByAge && c.steps[i].anchor == Anchor::DueDate &&
          kDue + c.steps[i].offset_days <= as_of)
        from = c.steps[i].step_no;
  }
  const auto amount_of = [&](const ScenarioStep& x) {
    return x.phase == Phase::PreDue ? amounts.pre_due_amount : amounts.amount;
  };
  const auto moved = [&](Date date) {
    if (p.last_contact_on != kNoDate) date = std::max(date, p.last_contact_on + s.min_contact_days);
    while (!is_working_day(s.calendar, date)) ++date;
    return date;
  };
  NextStep found;
  Date before = p.entered ? p.last_action_on : kNoDate;
  for (const ScenarioStep& x : c.steps) {
    if (x.step_no < from) continue;
    if (amount_of(x) <= 0 || amount_of(x) < s.minimum_amount) break;
    const bool relative = x.anchor == Anchor::PreviousAction && before != kNoDate;
    Date date = (relative ? before : kDue) + x.offset_days;
    if (amount_of(x) < x.min_amount) {
      if (!p.entered) before = date;
      continue;
    }
    if (p.last_action_on != kNoDate) date = std::max(date, p.last_action_on + x.min_days_after_previous);
    found = {x.step_no, moved(date)};
    break;
  }
  for (const ScenarioStep& x : c.steps)
    if (p.entered && x.step_no == p.last_step && x.repeat_every_days > 0 && p.last_action_on != kNoDate &&
        amount_of(x) > 0 && amount_of(x) >= s.minimum_amount && amount_of(x) >= x.min_amount &&
        moved(p.last_action_on + x.repeat_every_days) < found.action_on)
      found = {x.step_no, moved(p.last_action_on + x.repeat_every_days)};
  return found;
}

constexpr Date kHorizon = kDue + 500;

NextStep expected_action(const Case& c, const std::vector<CollectableDay>& days, Date as_of) {
  for (Date d = as_of; d < kHorizon; ++d) {
    const NextStep next = expected_step(c, amounts_of(days, d), as_of);
    if (next.step_no == 0 || next.action_on > d) continue;
    if (d == as_of) return next;
    if (is_working_day(c.scenario.calendar, d)) return {next.step_no, d};
  }
  return {};
}

TEST(ScenarioProperty, next_action_is_what_looking_day_by_day_finds) {
  Random random(1);
  for (int round = 0; round < 3'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    c.progress = random_progress(c, random);
    const std::vector<CollectableDay> days = random_days(random);
    const Date as_of = kDue - 60 + below(random, 200);
    ASSERT_EQ(c.action(days, as_of), expected_action(c, days, as_of)) << "round " << round;
  }
}

TEST(ScenarioProperty, next_change_is_the_first_day_with_another_answer) {
  Random random(2);
  for (int round = 0; round < 2'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    c.progress = random_progress(c, random);
    const std::vector<CollectableDay> days = random_days(random);
    const Date as_of = kDue - 60 + below(random, 100);
    const NextStep now = c.action(days, as_of);
    Date expected = kNoDate;
    for (Date d = as_of + 1; d <= as_of + 400 && expected == kNoDate; ++d)
      if (c.action(days, d) != now) expected = d;
    const Date change = c.change(days, as_of);
    if (change > as_of + 400)
      ASSERT_EQ(expected, kNoDate) << "round " << round;
    else
      ASSERT_EQ(change, expected) << "round " << round;
  }
}

// An account worked day by day: what is done on its day, one step a time, in order, with its gaps.
TEST(ScenarioProperty, steps_come_in_order_one_at_a_time_with_their_gaps) {
  Random random(3);
  for (int round = 0; round < 1'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    for (ScenarioStep& s : c.steps) s.min_days_after_previous = 1 + below(random, 5);
    const std::vector<CollectableDay> days = random_days(random);
    const bool works_at_weekends = below(random, 2) == 0;
    for (Date today = kDue - 60 + below(random, 150); today < kHorizon; ++today) {
      const NextStep next = c.action(days, today);
      if (next.step_no == 0 || next.action_on > today || below(random, 3) == 0) continue;
      if (!works_at_weekends && !is_working_day(c.scenario.calendar, today)) continue;
      const Progress before = c.progress;
      if (before.entered) {
        ASSERT_GE(next.step_no, before.last_step);
        ASSERT_GT(next.action_on, before.last_action_on);
        ASSERT_GE(next.action_on, before.last_contact_on + c.scenario.min_contact_days);
        for (const ScenarioStep& s : c.steps)
          ASSERT_TRUE(next.step_no != before.last_step || s.step_no != next.step_no ||
                      s.repeat_every_days > 0);
      }
      c.progress = {true, next.step_no, today, today};
      const NextStep then = c.action(days, today);
      ASSERT_TRUE(then.step_no == 0 || then.action_on > today) << "two steps on one day, round " << round;
    }
  }
}

// The state kept from day to day, evaluated anew only when next_change says so, is the state found once at
// the end.
TEST(ScenarioProperty, the_same_state_daily_at_changes_only_and_once_after_a_month) {
  Random random(4);
  for (int round = 0; round < 2'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    c.progress = random_progress(c, random);
    const std::vector<CollectableDay> days = random_days(random);
    const Date start = kDue - 60 + below(random, 150);
    NextStep kept = c.action(days, start);
    Date review = c.change(days, start);
    for (Date today = start + 1; today <= start + 31; ++today) {
      if (review <= today) {
        kept = c.action(days, today);
        review = c.change(days, today);
      }
      ASSERT_EQ(kept, c.action(days, today));
    }
    ASSERT_EQ(kept, c.action(days, start + 31));
  }
}

// Without an action done, a later look never finds an earlier step, nor one before where the account stands.
TEST(ScenarioProperty, never_backwards) {
  Random random(5);
  for (int round = 0; round < 2'000; ++round) {
    Case c = random_case(random);
    use_calendar(c, random);
    c.progress = random_progress(c, random);
    const Amount amount = 1 + below(random, 1'500);
    std::int32_t reached = c.progress.entered ? c.progress.last_step : 0;
    for (Date today = kDue - 60; today < kDue + 200; ++today) {
      const NextStep next = c.next(today, amount);
      if (next.step_no == 0) continue;
      ASSERT_GE(next.step_no, reached);
      reached = next.step_no;
    }
  }
}

}  // namespace
}  // namespace search_assign::core
