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

// The rules tell a trace what they look at. Ordinarily nobody asks, and it is compiled away.
struct NoTrace {
  void begin_day(Date, const CollectableDay&) noexcept {}
  void add(const Consideration&) noexcept {}
};

class Trace {
 public:
  explicit Trace(std::vector<Consideration>& out) : out_(out) {}

  void begin_day(Date day, const CollectableDay& amounts) {
    day_ = day;
    day_begins_ = out_.size();
    add({.what = Considered::Amounts,
         .date = day,
         .amount = amounts.amount,
         .limit = amounts.pre_due_amount});
  }
  void add(Consideration consideration) {
    consideration.day = day_;
    out_.push_back(consideration);
  }

  // The answer rests on the day looked at last.
  void decide(const NextStep& next) {
    const auto begin = out_.begin() + static_cast<std::ptrdiff_t>(day_begins_);
    for (auto at = begin; at != out_.end(); ++at) at->decides = decides(*at, next);
    const auto latest = latest_term(begin, next);
    if (latest != out_.end()) latest->decides = true;
  }

 private:
  using Iterator = std::vector<Consideration>::iterator;

  static bool is_term(Considered what) { return what >= Considered::DueDate && what <= Considered::Repeat; }
  static bool decides(const Consideration& c, const NextStep& next) {
    switch (c.what) {
      case Considered::BelowMinimum:
      case Considered::NoFurtherStep:
      case Considered::NoWorkingDay:
        return next.step_no == 0;
      case Considered::WorkingDay:
      case Considered::AmountReached:
      case Considered::Step:
      case Considered::RepeatedStep:
        return next.step_no != 0 && c.step_no == next.step_no;
      default:
        return false;
    }
  }
  Iterator latest_term(Iterator begin, const NextStep& next) {
    auto latest = out_.end();
    for (auto at = begin; at != out_.end(); ++at)
      if (is_term(at->what) && at->step_no == next.step_no &&
          (latest == out_.end() || at->date > latest->date))
        latest = at;
    return latest;
  }

  std::vector<Consideration>& out_;
  Date day_ = kNoDate;
  std::size_t day_begins_ = 0;
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

template <class T>
Steps steps_to_come(const Situation& s, Date as_of, T& trace) {
  const Steps steps = s.scenario.steps;
  if (s.progress.entered) return steps_after(steps, s.progress.last_step);
  if (s.scenario.on_late_entry == LateEntry::ByAge)
    for (std::size_t i = steps.size(); i > 1; --i) {
      const ScenarioStep& step = steps[i - 1];
      const Date due = add_days(s.leader_due_date, step.offset_days);
      if (!is_entry_by_age(step) || due > as_of) continue;
      for (const ScenarioStep& passed : steps.first(i - 1))
        trace.add({.what = Considered::PassedByAge, .step_no = passed.step_no});
      trace.add({.what = Considered::EnteredByAge,
                 .step_no = step.step_no,
                 .from = s.leader_due_date,
                 .days = step.offset_days,
                 .date = due});
      return steps.subspan(i - 1);
    }
  return steps;
}

// The later of a date and a gap after something that may never have happened.
template <class T>
Date not_before(Date date, Considered what, const ScenarioStep& step, Date happened_on, std::int32_t gap,
                T& trace) {
  if (happened_on == kNoDate) return date;
  const Date earliest = add_days(happened_on, gap);
  trace.add({.what = what, .step_no = step.step_no, .from = happened_on, .days = gap, .date = earliest});
  return std::max(date, earliest);
}

template <class T>
NextStep at_working_day(const Situation& s, const ScenarioStep& step, Date date, Considered what, T& trace) {
  date = not_before(date, Considered::AfterContact, step, s.progress.last_contact_on,
                    s.scenario.min_contact_days, trace);
  const Date working = next_working_day(s.scenario.calendar, date);
  if (working == kNoDate) {
    trace.add({.what = Considered::NoWorkingDay, .step_no = step.step_no, .from = date});
    return {};
  }
  if (working != date)
    trace.add({.what = Considered::WorkingDay, .step_no = step.step_no, .from = date, .date = working});
  trace.add({.what = what, .step_no = step.step_no, .date = working});
  return NextStep{step.step_no, working};
}

template <class T>
NextStep following_step(const Situation& s, Steps steps, const Amounts& amounts, T& trace) {
  Date previous = s.progress.entered ? s.progress.last_action_on : kNoDate;
  for (const ScenarioStep& step : steps) {
    const Amount amount = amounts.of(step.phase);
    if (amount < amounts.least) {
      trace.add({.what = Considered::BelowMinimum,
                 .step_no = step.step_no,
                 .amount = amount,
                 .limit = amounts.least});
      return {};
    }
    const bool after_previous = step.anchor == Anchor::PreviousAction && previous != kNoDate;
    const Date from = after_previous ? previous : s.leader_due_date;
    const Date anchored = add_days(from, step.offset_days);
    if (amount >= step.min_amount) {
      const Considered anchor = !after_previous      ? Considered::DueDate
                                : s.progress.entered ? Considered::PreviousAction
                                                     : Considered::PassedStep;
      trace.add({.what = anchor,
                 .step_no = step.step_no,
                 .from = from,
                 .days = step.offset_days,
                 .date = anchored});
      const Date date = not_before(anchored, Considered::AfterPrevious, step, s.progress.last_action_on,
                                   step.min_days_after_previous, trace);
      return at_working_day(s, step, date, Considered::Step, trace);
    }
    trace.add({.what = Considered::StepBelowMinimum,
               .step_no = step.step_no,
               .amount = amount,
               .limit = step.min_amount});
    if (!s.progress.entered) previous = anchored;
  }
  trace.add({.what = Considered::NoFurtherStep});
  return {};
}

template <class T>
NextStep repeated_step(const Situation& s, const Amounts& amounts, T& trace) {
  const Progress& progress = s.progress;
  if (!progress.entered || progress.last_step == 0 || progress.last_action_on == kNoDate) return {};
  const ScenarioStep* step = find_step(s.scenario.steps, progress.last_step);
  if (step == nullptr || step->repeat_every_days == 0) return {};
  const Amount amount = amounts.of(step->phase);
  const Amount least = std::max(amounts.least, step->min_amount);
  if (amount < least) {
    trace.add(
        {.what = Considered::StepBelowMinimum, .step_no = step->step_no, .amount = amount, .limit = least});
    return {};
  }
  const Date date = add_days(progress.last_action_on, step->repeat_every_days);
  trace.add({.what = Considered::Repeat,
             .step_no = step->step_no,
             .from = progress.last_action_on,
             .days = step->repeat_every_days,
             .date = date});
  return at_working_day(s, *step, date, Considered::RepeatedStep, trace);
}

template <class T>
NextStep evaluate(const Situation& s, Steps to_come, const Amounts& amounts, T& trace) {
  const NextStep following = following_step(s, to_come, amounts, trace);
  const NextStep repeated = repeated_step(s, amounts, trace);
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

template <class T>
NextStep find_action(const Situation& s, std::span<const CollectableDay> days, Date as_of, T& trace) {
  const Scenario& scenario = s.scenario;
  const Steps to_come = steps_to_come(s, as_of, trace);
  const Amount least = least_collected(scenario);
  auto day = std::upper_bound(days.begin(), days.end(), as_of,
                              [](Date date, const CollectableDay& d) { return date < d.date; });
  if (day != days.begin()) --day;
  while (day != days.end()) {
    const auto first = day;
    trace.begin_day(std::max(first->date, as_of), *first);
    NextStep next = evaluate(s, to_come, {first->amount, first->pre_due_amount, least}, trace);
    if (next.step_no != 0 && next.action_on < first->date && first->date > as_of) {
      const Date allowed = next_working_day(scenario.calendar, first->date);
      trace.add({.what = Considered::AmountReached,
                 .step_no = next.step_no,
                 .from = next.action_on,
                 .date = allowed});
      next.action_on = allowed;
    }
    // Days that allow and refuse the same steps give the same answer.
    do ++day;
    while (day != days.end() && day->date <= next.action_on && alike(scenario, least, *first, *day));
    if (next.action_on != kNoDate && (day == days.end() || next.action_on < day->date)) return next;
  }
  return {};
}

}  // namespace

NextStep next_step(const Scenario& scenario, Date leader_due_date, const Progress& progress, Amount amount,
                   Date as_of) noexcept {
  const Situation s{scenario, leader_due_date, progress};
  NoTrace trace;
  return evaluate(s, steps_to_come(s, as_of, trace), {amount, amount, scenario.minimum_amount}, trace);
}

NextStep next_action(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                     std::span<const CollectableDay> days, Date as_of) noexcept {
  NoTrace trace;
  return find_action({scenario, leader_due_date, progress}, days, as_of, trace);
}

NextStep explain_action(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                        std::span<const CollectableDay> days, Date as_of, std::vector<Consideration>& out) {
  out.clear();
  Trace trace(out);
  const NextStep next = find_action({scenario, leader_due_date, progress}, days, as_of, trace);
  trace.decide(next);
  return next;
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
