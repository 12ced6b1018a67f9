// Scenarios and calendars, read from their tables. Backend zone.
// SQL face: sql/install/25_calendar.sql, 61_scenario.sql; tests: tests/regress/sql/scenario.sql.
#include "search_assign/pg/scenario.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "utils/date.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kCalendarsSql =
    "SELECT c.name, coalesce((SELECT pg_catalog.bit_or(1 << (d - 1)) FROM pg_catalog.unnest(c.weekend) d), 0)"
    " FROM receivables.calendar c ORDER BY c.name COLLATE \"C\"";

constexpr const char* kHolidaysSql =
    "SELECT h.calendar, h.holiday FROM receivables.calendar_holiday h"
    " ORDER BY h.calendar COLLATE \"C\", h.holiday";

constexpr const char* kScenariosSql =
    "SELECT s.scenario_id, s.name, s.minimum_amount, s.ignore_below,"
    " pg_catalog.array_position(ARRAY['by_age', 'first'], s.on_late_entry) - 1,"
    " pg_catalog.array_position(ARRAY['restart', 'inherit', 'by_age'], s.on_new_leader) - 1,"
    " s.min_contact_days, s.calendar,"
    " (SELECT count(*) FROM receivables.scenario_step t WHERE t.scenario = s.name)::integer"
    " FROM receivables.scenario s ORDER BY s.scenario_id";

constexpr const char* kStepsSql =
    "SELECT t.step_no,"
    " pg_catalog.array_position(ARRAY['pre_due', 'amicable', 'pre_litigation', 'litigation'], t.phase) - 1,"
    " pg_catalog.array_position(ARRAY['due_date', 'previous_action'], t.anchor) - 1,"
    " t.offset_days, t.min_days_after_previous, t.min_amount, coalesce(t.repeat_every_days, 0)"
    " FROM receivables.scenario_step t JOIN receivables.scenario s ON s.name = t.scenario"
    " ORDER BY s.scenario_id, t.step_no";

constexpr const char* kPromisesSql =
    "SELECT c.promise_tolerance_days, c.promise_calendar FROM receivables.configuration c";

template <class Value>
Value* allocate(MemoryContext memory, uint64 count) {
  return static_cast<Value*>(MemoryContextAllocZero(memory, sizeof(Value) * (count + 1)));
}

const char* copy_text(MemoryContext memory, const SpiRows& rows, uint64 row, int column) {
  MemoryContext caller = MemoryContextSwitchTo(memory);
  const char* text = spi_text(rows, row, column);
  MemoryContextSwitchTo(caller);
  return text;
}

// What check_scenario() refuses is not there; should it be, nothing reaches it.
core::Amount amount_limit(const SpiRows& rows, uint64 row, int column) {
  core::Amount amount = 0;
  const AmountStatus status = amount_from_numeric(spi_datum(rows, row, column), amount);
  return status == AmountStatus::Ok ? amount : core::kMaxAmount;
}

void load_calendars(ScenarioSet* set, MemoryContext memory) {
  const SpiRows rows = spi_select_active(kCalendarsSql);
  const SpiRows holidays = spi_select_active(kHolidaysSql);
  set->calendar_count = static_cast<int>(rows.count);
  set->calendars = allocate<NamedCalendar>(memory, rows.count);
  auto* dates = allocate<core::Date>(memory, holidays.count);
  uint64 end = 0;
  for (uint64 i = 0; i < rows.count; ++i) {
    NamedCalendar* named = &set->calendars[i];
    named->name = copy_text(memory, rows, i, 1);
    const uint64 begin = end;
    while (end < holidays.count && strcmp(spi_text(holidays, end, 1), named->name) == 0) {
      dates[end] = spi_int32(holidays, end, 2);
      ++end;
    }
    named->calendar = {static_cast<std::uint8_t>(spi_int32(rows, i, 2)), {dates + begin, dates + end}};
  }
}

core::ScenarioStep step_of(const SpiRows& rows, uint64 i) {
  return {spi_int32(rows, i, 1),
          static_cast<core::Phase>(spi_int32(rows, i, 2)),
          static_cast<core::Anchor>(spi_int32(rows, i, 3)),
          spi_int32(rows, i, 4),
          spi_int32(rows, i, 5),
          amount_limit(rows, i, 6),
          spi_int32(rows, i, 7)};
}

void load_steps_and_scenarios(ScenarioSet* set, MemoryContext memory) {
  const SpiRows steps = spi_select_active(kStepsSql);
  auto* all = allocate<core::ScenarioStep>(memory, steps.count);
  for (uint64 i = 0; i < steps.count; ++i) all[i] = step_of(steps, i);
  const SpiRows rows = spi_select_active(kScenariosSql);
  set->scenario_count = static_cast<int>(rows.count);
  set->scenarios = allocate<NamedScenario>(memory, rows.count);
  set->by_name = allocate<const NamedScenario*>(memory, rows.count);
  const core::ScenarioStep* next = all;
  for (uint64 i = 0; i < rows.count; ++i) {
    NamedScenario* named = &set->scenarios[i];
    const auto step_count = static_cast<size_t>(spi_int32(rows, i, 9));
    named->name = copy_text(memory, rows, i, 2);
    named->scenario = {spi_int32(rows, i, 1),
                       amount_limit(rows, i, 3),
                       amount_limit(rows, i, 4),
                       static_cast<core::LateEntry>(spi_int32(rows, i, 5)),
                       static_cast<core::NewLeader>(spi_int32(rows, i, 6)),
                       spi_int32(rows, i, 7),
                       find_calendar(set, spi_text(rows, i, 8)),
                       {next, step_count}};
    next += step_count;
    set->by_name[i] = named;
  }
  std::sort(
      set->by_name, set->by_name + rows.count,
      [](const NamedScenario* a, const NamedScenario* b) noexcept { return strcmp(a->name, b->name) < 0; });
}

// ---- the backend's own set ----

ScenarioSet* current = nullptr;
MemoryContext current_memory = nullptr;
bool valid = false;
bool registered = false;
Oid watched = InvalidOid;  // receivables.configuration: what the set is made of invalidates it
// Read in a parallel query, by its snapshot, which may not be the newest: good for that statement only.
bool provisional = false;
TimestampTz provisional_for = 0;

void relation_changed(Datum, Oid relation) {
  if (relation == InvalidOid || relation == watched) valid = false;
}

bool usable() {
  if (!valid || current == nullptr) return false;
  return !provisional || (IsInParallelMode() && provisional_for == GetCurrentStatementStartTimestamp());
}

void build() {
  MemoryContext memory =
      AllocSetContextCreate(CurTransactionContext, "search_assign scenarios", ALLOCSET_SMALL_SIZES);
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const bool newest = !IsInParallelMode();
  if (newest) PushActiveSnapshot(GetLatestSnapshot());
  ScenarioSet* loaded = load_scenarios(memory);
  if (newest) PopActiveSnapshot();
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSetParent(memory, TopMemoryContext);
  current_memory = memory;
  current = loaded;
}

}  // namespace

ScenarioSet* load_scenarios(MemoryContext memory) {
  auto* set = allocate<ScenarioSet>(memory, 1);
  set->open_promises = allocate<OpenPromises>(memory, 1);
  load_calendars(set, memory);
  load_steps_and_scenarios(set, memory);
  const SpiRows promises = spi_select_active(kPromisesSql);
  if (promises.count == 1) {
    set->promise_tolerance_days = spi_int32(promises, 0, 1);
    set->promise_calendar = find_calendar(set, spi_text(promises, 0, 2));
  }
  return set;
}

const ScenarioSet* scenarios() {
  if (!registered) {
    CacheRegisterRelcacheCallback(relation_changed, static_cast<Datum>(0));
    registered = true;
  }
  while (!usable()) {
    current = nullptr;
    if (current_memory != nullptr) MemoryContextDelete(current_memory);
    current_memory = nullptr;
    watched = relation_oid("configuration");
    valid = true;  // an invalidation that arrives while building clears it again
    provisional = IsInParallelMode();
    provisional_for = GetCurrentStatementStartTimestamp();
    build();
  }
  return current;
}

const core::Scenario* find_scenario(const ScenarioSet* set, int32 scenario_id) {
  const NamedScenario* end = set->scenarios + set->scenario_count;
  const NamedScenario* found =
      std::lower_bound(static_cast<const NamedScenario*>(set->scenarios), end, scenario_id,
                       [](const NamedScenario& s, int32 id) noexcept { return s.scenario.scenario_id < id; });
  return found != end && found->scenario.scenario_id == scenario_id ? &found->scenario : nullptr;
}

const core::Scenario* find_scenario(const ScenarioSet* set, const char* name) {
  const NamedScenario* const* end = set->by_name + set->scenario_count;
  const NamedScenario* const* found = std::lower_bound(
      static_cast<const NamedScenario* const*>(set->by_name), end, name,
      [](const NamedScenario* s, const char* key) noexcept { return strcmp(s->name, key) < 0; });
  return found != end && strcmp((*found)->name, name) == 0 ? &(*found)->scenario : nullptr;
}

const core::WorkCalendar* find_calendar(const ScenarioSet* set, const char* name) {
  const NamedCalendar* end = set->calendars + set->calendar_count;
  const NamedCalendar* found = std::lower_bound(
      static_cast<const NamedCalendar*>(set->calendars), end, name,
      [](const NamedCalendar& c, const char* key) noexcept { return strcmp(c.name, key) < 0; });
  return found != end && strcmp(found->name, name) == 0 ? &found->calendar : nullptr;
}

core::Date promise_deadline(const ScenarioSet* set, core::Date promised_on) {
  const core::Date deadline =
      core::add_working_days(set->promise_calendar, promised_on, set->promise_tolerance_days);
  // A calendar that has no working day any more breaks no promise early.
  return deadline != core::kNoDate ? deadline : core::add_days(promised_on, set->promise_tolerance_days);
}

// A promise for a later date never ends before one for an earlier date. One run asks for one date again and
// again.
core::Date open_promises_from(const ScenarioSet* set, core::Date as_of) {
  if (DATE_NOT_FINITE(as_of) || (set->promise_tolerance_days == 0 && set->promise_calendar == nullptr))
    return as_of;
  OpenPromises* known = set->open_promises;
  if (known->is_known && known->as_of == as_of) return known->from;
  core::Date from = as_of;
  while (from > core::kMinDate && promise_deadline(set, from - 1) >= as_of) --from;
  *known = {true, as_of, from};
  return from;
}

}  // namespace search_assign::pg
