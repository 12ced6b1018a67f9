// Collection scenarios: which step comes next for an account, and when. Pure functions of the scenario, the
// leader invoice's due date, what has been done, the collectable amounts and the date.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search_assign/core/money.hpp"
#include "search_assign/core/work_calendar.hpp"

namespace search_assign::core {

enum class Phase : std::uint8_t { PreDue, Amicable, PreLitigation, Litigation };
enum class Anchor : std::uint8_t { DueDate, PreviousAction };
enum class LateEntry : std::uint8_t { ByAge, First };
enum class NewLeader : std::uint8_t { Restart, Inherit, ByAge };

struct ScenarioStep {
  std::int32_t step_no;  // > 0
  Phase phase;
  Anchor anchor;
  std::int32_t offset_days;
  std::int32_t min_days_after_previous;
  Amount min_amount;
  std::int32_t repeat_every_days;  // 0 = the step is done once
};

struct Scenario {
  std::int32_t scenario_id;
  Amount minimum_amount;
  Amount ignore_below;  // for whoever finds the collectable items; not read here
  LateEntry on_late_entry;
  NewLeader on_new_leader;  // for whoever makes the Progress; not read here
  std::int32_t min_contact_days;
  const WorkCalendar* calendar;         // nullptr = every day is a working day
  std::span<const ScenarioStep> steps;  // ascending step_no
};

// What has been done for the leader.
struct Progress {
  bool entered;            // false: no step yet, on_late_entry decides
  std::int32_t last_step;  // 0 = restarted: the first step is next
  Date last_action_on;     // of any scenario action, also for a former leader; kNoDate = never
  Date last_contact_on;    // kNoDate = never
};

struct NextStep {
  std::int32_t step_no = 0;  // 0 = none
  Date action_on = kNoDate;
  friend bool operator==(const NextStep&, const NextStep&) = default;
};

// next_step is the step that follows and its date, which may have passed:
//   greatest(anchor + offset_days, last action + min_days_after_previous, last contact + min_contact_days),
// moved to the next working day. The anchor is the leader's due date or, for PreviousAction, the last action.
// - Not entered: the latest step whose leader due date + offset_days is not after as_of (ByAge), else the
// first.
//   As nothing has been done for the leader, a first step is anchored at the due date whatever its anchor.
// - A step whose min_amount is not reached is passed over; behind a step that is passed over at the entry a
//   PreviousAction step is anchored at that step's date.
// - A step that repeats comes again repeat_every_days after the last action, unless the step after it is due
// by
//   then. Without last_action_on nothing repeats.
// - None while the amount is below minimum_amount, after the last step, and where the calendar has no working
// day.
NextStep next_step(const Scenario& scenario, Date leader_due_date, const Progress& progress, Amount amount,
                   Date as_of) noexcept;

// Amounts from this date on, until before the next entry's.
struct CollectableDay {
  Date date;
  Amount amount;
  Amount pre_due_amount;  // for steps of phase PreDue
};

// next_action is the action that is due or comes first, seen from as_of: the one of the first day d >= as_of
// on which next_step, with that day's amounts, gives an action_on that has come, and something is to be
// collected (amount > 0). On as_of itself the date is next_step's; an action that only a later day's amounts
// allow has that day (moved to a working day). `days` is ascending and begins on or before as_of. Allocates
// nothing.
NextStep next_action(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                     std::span<const CollectableDay> days, Date as_of) noexcept;

// What next_action looks at, in its order.
enum class Considered : std::uint8_t {
  EnteredByAge,      // the entry by age begins with this step: the leader's due date + days has come
  PassedByAge,       // a step before it
  Amounts,           // what can be collected from `date` on; `limit` = for steps of phase pre_due
  BelowMinimum,      // amount < limit: nothing is done
  StepBelowMinimum,  // amount < limit: the step is passed over
  DueDate,           // the leader's due date + days
  PreviousAction,    // the last action + days
  PassedStep,        // the date of the step passed over at the entry + days
  AfterPrevious,     // the last action + days, at the earliest
  AfterContact,      // the last contact + days, at the earliest
  Repeat,            // the last action + days: the last step again
  WorkingDay,        // moved from a day that is none
  NoWorkingDay,      // the calendar has none any more
  AmountReached,     // moved to the day from which the amounts allow the step
  Step,              // the step that follows and its date
  RepeatedStep,      // the step that repeats and its date
  NoFurtherStep,
};

struct Consideration {
  Considered what;
  std::int32_t step_no = 0;
  Date day = kNoDate;   // whose amounts were looked at
  Date from = kNoDate;  // + days, or moved from
  std::int32_t days = 0;
  Date date = kNoDate;
  Amount amount = 0;
  Amount limit = 0;
  bool decides = false;  // the answer follows from it; of several dates the first of the latest ones
};

// explain_action is next_action that tells what it looked at.
NextStep explain_action(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                        std::span<const CollectableDay> days, Date as_of, std::vector<Consideration>& out);

// next_change is the first day after as_of on which next_action gives another answer while nothing but time
// passes (an amount reached, an entry by age that reaches a later step); kNoDate = never. `days` as seen
// from as_of hold for the later days, too.
Date next_change(const Scenario& scenario, Date leader_due_date, const Progress& progress,
                 std::span<const CollectableDay> days, Date as_of) noexcept;

}  // namespace search_assign::core
