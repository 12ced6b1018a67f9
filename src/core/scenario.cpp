// The steps of collection scenarios. Core zone. SQL face: sql/install/61_scenario.sql;
// tests: tests/unit/scenario_test.cpp.
#include "search_assign/core/scenario.hpp"

#include <algorithm>

namespace search_assign::core {
namespace {

struct Amounts {
  Amount amount;
  Amount pre_due_amount;
  Amount least;  // of a collectable amount

  [[nodiscard]] Amount of(Phase phase) const { return phase == Phase::PreDue ? pre_due_amount : amount; }
};

// What stays the same while amounts and days vary.
struct Situation {
  const Scenario& scenario;
  Date leader_due_date;
  const Progress& progress;
};

using Steps = std::span<const ScenarioStep>;

// The steps from the first after step_no on.
Steps steps_after(Steps steps, std::int32_t step_no) {
  const auto first =
      std::upper_bound(steps.begin(), steps.end(), step_no,
                       [](std::int32_t number, const ScenarioStep& step) { return number < step.step_no; });
  return {first, steps.end()};
}

const ScenarioStep* find_step(Steps steps, std::int32_t step_no) {
  const auto found =
      std::lower_bound(steps.begin(), steps.end(), step_no,
                       [](const ScenarioStep& step, std::int32_t number) { return step.step_no < number; });
  return found != steps.end() && found->step_no == step_no ? &*found : nullptr;
}

// A step by which an account can enter by its age, given that the day has come.
bool is_entry_by_age(const ScenarioStep& step) { return step.anchor == Anchor::DueDate; }

Steps steps_to_come(const Situation& s, Date as_of) {
  const Steps steps = s.scenario.steps;
  if (s.progress.entered) return steps_after(steps, s.progress.last_step);
  if (s.scenario.on_late_entry == LateEntry::ByAge)
    for (std::size_t i = steps.size(); i > 1; --i)
      if (is_entry_by_age(steps[i - 1]) && add_days(s.leader_due_date, steps[i - 1].offset_days) <= as_of)
        return steps.subspan(i - 1);
  return steps;
}

// The later of a date and a gap after something that may never have happened.
Date not_before(Date date, Date happened_on, std::int32_t gap) {
  return happened_on == kNoDate ? date : std::max(date, add_days(happened_on, gap));
}

NextStep at_working_day(const Situation& s, const ScenarioStep& step, Date date) {
  date = not_before(date, s.progress.last_contact_on, s.scenario.min_contact_days);
  date = next_working_day(s.scenario.calendar, date);
  return date == kNoDate ? NextStep{} : NextStep{step.step_no, date};
}

NextStep following_step(const Situation& s, Steps steps, const Amounts& amounts) {
  Date previous = s.progress.entered ? s.progress.last_action_on : kNoDate;
  for (const ScenarioStep& step : steps) {
    const Amount amount = amounts.of(step.phase);
    if (amount < amounts.least) return {};
    const bool after_previous = step.anchor == Anchor::PreviousAction && previous != kNoDate;
    const Date anchored = add_days(after_previous ? previous : s.leader_due_date, step.offset_days);
    if (amount >= step.min_amount)
      return at_working_day(s, step,
                            not_before(anchored, s.progress.last_action_on, step.min_days_after_previous));
    if (!s.progress.entered) previous = anchored;
  }
  return {};
}

NextStep repeated_step(const Situation& s, const Amounts& amounts) {
  const Progress& progress = s.progress;
  if (!progress.entered || progress.last_step == 0 || progress.last_action_on == kNoDate) return {};
  const ScenarioStep* step = find_step(s.scenario.steps, progress.last_step);
  if (step == nullptr || step->repeat_every_days == 0) return {};
  const Amount amount = amounts.of(step->phase);
  if (amount < amounts.least || amount < step->min_amount) return {};
  return at_working_day(s, *step, add_days(progress.last_action_on, step->repeat_every_days));
}

NextStep evaluate(const Situation& s, Steps to_come, const Amounts& amounts) {
  const NextStep following = following_step(s, to_come, amounts);
  const NextStep repeated = repeated_step(s, amounts);
  return repeated.action_on < following.action_on ? repeated : following;
}

// The least amount that is collected: with nothing to collect there is nothing to do.
Amount least_collected(const Scenario& scenario) { return std::max<Amount>(scenario.minimum_amount, 1); }

// Days whose amounts allow and refuse the same steps.
bool alike(const Scenario& scenario, Amount least, const CollectableDay& a, const CollectableDay& b) {
  const auto same = [&](Amount limit) {
    return (a.amount >= limit) == (b.amount >= limit) &&
           (a.pre_due_amount >= limit) == (b.pre_due_amount >= limit);
  };
  if (a.amount == b.amount && a.pre_due_amount == b.pre_due_amount) return true;
  return same(least) && std::all_of(scenario.steps.begin(), scenario.steps.end(),
                                    [&](const ScenarioStep& step) { return same(step.min_amount); });
}

}  // namespace

NextStep next_step(const Scenario& scenario, Date leader_due_date, const Progress& progress, Amount amount,
                   Date as_of) noexcept {
  const Situation s{scenario, leader_due_date, progress};
  return evaluate(s, steps_to_come(s, as_of), {amount, amount, scenario.minimum_amount});
}

NextStep next_action(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                     std::span<const CollectableDay> days, Date as_of) noexcept {
  const Situation s{scenario, leader_due_date, progress};
  const Steps to_come = steps_to_come(s, as_of);
  const Amount least = least_collected(scenario);
  auto day = std::upper_bound(days.begin(), days.end(), as_of,
                              [](Date date, const CollectableDay& d) { return date < d.date; });
  if (day != days.begin()) --day;
  while (day != days.end()) {
    const auto first = day;
    NextStep next = evaluate(s, to_come, {first->amount, first->pre_due_amount, least});
    if (next.step_no != 0 && next.action_on < first->date && first->date > as_of)
      next.action_on = next_working_day(scenario.calendar, first->date);
    // Days that allow and refuse the same steps give the same answer.
    do ++day;
    while (day != days.end() && day->date <= next.action_on && alike(scenario, least, *first, *day));
    if (next.action_on != kNoDate && (day == days.end() || next.action_on < day->date)) return next;
  }
  return {};
}

Date next_change(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                 std::span<const CollectableDay> days, Date as_of) noexcept {
  const NextStep now = next_action(scenario, leader_due_date, progress, days, as_of);
  const bool by_age = !progress.entered && scenario.on_late_entry == LateEntry::ByAge;
  const Amount least = least_collected(scenario);
  auto day = days.begin();
  for (Date date = as_of;;) {
    // The next day on which anything can change.
    while (day != days.end() &&
           (day->date <= date || (day != days.begin() && alike(scenario, least, *(day - 1), *day))))
      ++day;
    Date candidate = day != days.end() ? day->date : kNoDate;
    if (by_age)
      for (const ScenarioStep& step : scenario.steps) {
        const Date reached = add_days(leader_due_date, step.offset_days);
        if (is_entry_by_age(step) && reached > date) candidate = std::min(candidate, reached);
      }
    if (candidate == kNoDate) return kNoDate;
    date = candidate;
    if (next_action(scenario, leader_due_date, progress, days, date) != now) return date;
  }
}

}  // namespace search_assign::core
