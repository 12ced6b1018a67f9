// Scenarios with their steps, the calendars, and the terms of promises, as the core wants them.
#pragma once

#include "search_assign/core/scenario.hpp"
#include "search_assign/core/work_calendar.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

struct NamedCalendar {
  const char* name;
  core::WorkCalendar calendar;
};

struct NamedScenario {
  const char* name;
  core::Scenario scenario;
};

// The last answer of open_promises_from.
struct OpenPromises {
  bool is_known;
  core::Date as_of;
  core::Date from;
};

struct ScenarioSet {
  int calendar_count;
  NamedCalendar* calendars;  // by name, in the order of strcmp
  int scenario_count;
  NamedScenario* scenarios;       // by scenario_id
  const NamedScenario** by_name;  // the same, in the order of strcmp
  int32 promise_tolerance_days;
  const core::WorkCalendar* promise_calendar;  // nullptr = every day
  OpenPromises* open_promises;
};

// load_scenarios reads all of it by the active snapshot, between SPI_connect() and SPI_finish(), as the
// extension's owner. Everything lives in `memory`.
ScenarioSet* load_scenarios(MemoryContext memory);

// scenarios is the set in force, kept by the backend until the configuration changes. The result lives until
// the next call.
const ScenarioSet* scenarios();

// nullptr where there is none.
const core::Scenario* find_scenario(const ScenarioSet* set, int32 scenario_id);
const core::Scenario* find_scenario(const ScenarioSet* set, const char* name);
const core::WorkCalendar* find_calendar(const ScenarioSet* set, const char* name);

// promise_deadline is the last day on which a promise for that day can be kept.
core::Date promise_deadline(const ScenarioSet* set, core::Date promised_on);

// open_promises_from is the earliest promised date whose promises are not broken on as_of.
core::Date open_promises_from(const ScenarioSet* set, core::Date as_of);

}  // namespace search_assign::pg
