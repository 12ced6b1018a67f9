// Scenarios for unit tests: one to be changed test by test, and random ones.
#pragma once

#include <random>
#include <vector>

#include "search_assign/core/scenario.hpp"

namespace search_assign::core {

using Random = std::mt19937_64;

inline constexpr Date kDue = 9'600;  // the leader's due date, a Tuesday (2026-04-14)
inline constexpr Amount kLarge = kMaxAmount;
inline ScenarioStep at(std::int32_t step_no, std::int32_t offset_days, Phase phase = Phase::Amicable) {
  return {step_no, phase, Anchor::DueDate, offset_days, 0, 0, 0};
}
inline ScenarioStep after_previous(std::int32_t step_no, std::int32_t offset_days) {
  return {step_no, Phase::Amicable, Anchor::PreviousAction, offset_days, 0, 0, 0};
}

// A scenario to be changed test by test: steps 1 to 4 at 0, 15, 30 and 60 days.
struct Case {
  std::vector<ScenarioStep> steps = {at(1, 0), at(2, 15), at(3, 30), at(4, 60)};
  std::vector<Date> holidays;
  WorkCalendar calendar{0, {}};
  Scenario scenario{1, 0, 0, LateEntry::ByAge, NewLeader::Restart, 0, nullptr, {}};
  Progress progress{false, 0, kNoDate, kNoDate};

  [[nodiscard]] Scenario whole() const {
    Scenario s = scenario;
    s.steps = steps;
    return s;
  }
  [[nodiscard]] NextStep next(Date as_of, Amount amount = kLarge) const {
    return next_step(whole(), kDue, progress, amount, as_of);
  }
  [[nodiscard]] NextStep action(std::span<const CollectableDay> days, Date as_of) const {
    return next_action(whole(), kDue, progress, days, as_of);
  }
  [[nodiscard]] Date change(std::span<const CollectableDay> days, Date as_of) const {
    return next_change(whole(), kDue, progress, days, as_of);
  }
  Case& done(std::int32_t step, Date on) {
    progress = {true, step, on, kNoDate};
    return *this;
  }
};

inline NextStep step(std::int32_t step_no, Date action_on) { return {step_no, action_on}; }

inline std::int32_t below(Random& random, std::int32_t end) {
  return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(end));
}

inline Case random_case(Random& random) {
  Case c;
  c.steps.clear();
  std::int32_t number = 0;
  std::int32_t offset = -10;
  for (std::int32_t left = below(random, 7); left > 0; --left) {
    ScenarioStep s = at(number += 1 + below(random, 3), offset += below(random, 25) - 3);
    if (below(random, 4) == 0) s = after_previous(number, below(random, 20));
    s.phase = static_cast<Phase>(below(random, 4));
    s.min_days_after_previous = below(random, 3) == 0 ? below(random, 15) : 0;
    s.min_amount = below(random, 3) == 0 ? below(random, 1'000) : 0;
    s.repeat_every_days = below(random, 4) == 0 ? 1 + below(random, 20) : 0;
    c.steps.push_back(s);
  }
  c.scenario.minimum_amount = below(random, 2) * below(random, 600);
  c.scenario.on_late_entry = static_cast<LateEntry>(below(random, 2));
  c.scenario.min_contact_days = below(random, 2) * below(random, 10);
  for (Date date = kDue - 100; date < kDue + 600; ++date)
    if (below(random, 30) == 0) c.holidays.push_back(date);
  return c;
}

// use_calendar sets the pointers, which must not outlive a copy of the case.
inline void use_calendar(Case& c, Random& random) {
  if (below(random, 2) == 0) return;
  c.calendar = {static_cast<std::uint8_t>(below(random, 2) == 0 ? 0x60 : below(random, kEveryDay)),
                c.holidays};
  c.scenario.calendar = &c.calendar;
}

inline Progress random_progress(const Case& c, Random& random) {
  Progress progress{below(random, 3) != 0, 0, kNoDate, kNoDate};
  if (progress.entered && !c.steps.empty()) progress.last_step = below(random, c.steps.back().step_no + 2);
  if (below(random, 4) != 0) progress.last_action_on = kDue - 40 + below(random, 100);
  if (below(random, 3) != 0) progress.last_contact_on = kDue - 40 + below(random, 100);
  return progress;
}

inline std::vector<CollectableDay> random_days(Random& random) {
  std::vector<CollectableDay> days;
  Amount amount = -100 + below(random, 300);
  Date date = kDue - 200;
  for (std::int32_t left = 1 + below(random, 6); left > 0; --left) {
    days.push_back({date, std::max<Amount>(amount, 0), std::max<Amount>(amount, 0) + below(random, 300)});
    date += days.size() == 1 ? 150 + below(random, 100) : 1 + below(random, 60);
    amount += below(random, 700) - 100;
  }
  return days;
}

}  // namespace search_assign::core
