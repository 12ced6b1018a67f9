// compare_rules(): what a full run would change, added up. Backend zone.
// SQL face: sql/install/81_preview.sql; tests: tests/regress/sql/preview.sql.
#include <map>

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/memory_owned.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/preview.hpp"
#include "search_assign/pg/result_row.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

enum class Section : uint8_t { Customers, Membership, Action, Workload };

// What rows are told apart by, in the order in which they come. kNone: no target, no step, no collector.
constexpr int32 kNone = -1;
struct Line {
  Section section;
  uint8_t kind;  // Membership: target; Customers: 1 = unchanged
  int32 from;    // target; Action: scenario; Workload: collector
  int32 from_step;
  int32 to;
  int32 to_step;
  uint8_t change;  // Membership: same target, other rule or source; Action: ActionChange
  core::Date week;
  int32 currency;
  auto operator<=>(const Line&) const = default;
};

struct Figures {
  int64 customers = 0;
  core::Sum outstanding = 0;
  core::Sum overdue = 0;
  int64 actions[2] = {0, 0};  // before, after
  int64 manual[2] = {0, 0};
  core::Sum amount[2] = {0, 0};
};

using Lines = std::map<Line, Figures>;

struct Comparison {
  Preview* preview;
  Lines* lines;
  core::Date end;  // first day after the weeks asked for
};

// 2000-01-01 was a Saturday.
core::Date monday_of(core::Date date) {
  const core::Date days = (date + 5) % 7;
  return date - (days < 0 ? days + 7 : days);
}

void add_customer(Comparison* comparison, const Line& line) {
  const Preview* preview = comparison->preview;
  Figures& figures = (*comparison->lines)[line];
  ++figures.customers;
  figures.outstanding += preview->outstanding;
  figures.overdue += preview->overdue;
}

Line new_line(const Comparison* comparison, Section section) {
  return {section, 0, kNone, kNone, kNone, kNone, 0, 0, comparison->preview->currency};
}

void add_membership(Comparison* comparison, const core::MembershipChange& change) {
  Line line = new_line(comparison, Section::Membership);
  line.kind = static_cast<uint8_t>((change.after != nullptr ? change.after : change.before)->target);
  if (change.before != nullptr) line.from = change.before->target_id;
  if (change.after != nullptr) line.to = change.after->target_id;
  line.change = line.from == line.to ? 1 : 0;
  add_customer(comparison, line);
}

void add_action(Comparison* comparison) {
  const Preview* preview = comparison->preview;
  if (preview->action_change == ActionChange::None || preview->action_change == ActionChange::Kept) return;
  Line line = new_line(comparison, Section::Action);
  line.change = static_cast<uint8_t>(preview->action_change);
  if (preview->before.exists) {
    line.from = preview->before.scenario_id;
    line.from_step = preview->before.step_no;
  }
  if (preview->after.exists) {
    line.to = preview->after.scenario_id;
    line.to_step = preview->after.step_no;
  }
  add_customer(comparison, line);
  Figures& figures = (*comparison->lines)[line];
  figures.actions[0] += preview->before.exists ? 1 : 0;
  figures.actions[1] += preview->after.exists ? 1 : 0;
  figures.amount[0] += preview->before.amount;
  figures.amount[1] += preview->after.amount;
}

void add_workload(Comparison* comparison, const PreviewAction& action, int when) {
  if (!action.exists || action.shown_on >= comparison->end) return;
  const PreviewNames& names = comparison->preview->names;
  const PreviewPortfolio* portfolio = find_portfolio(names, action.portfolio_id);
  const PreviewStep* step = find_step(names, action.scenario_id, action.step_no);
  Line line = new_line(comparison, Section::Workload);
  if (portfolio != nullptr && portfolio->collector_id != 0) line.from = portfolio->collector_id;
  line.week = monday_of(action.shown_on);
  Figures& figures = (*comparison->lines)[line];
  ++figures.actions[when];
  if (step == nullptr || step->manual) ++figures.manual[when];
  figures.amount[when] += action.amount;
}

void add_all(Comparison* comparison) {
  const std::vector<core::MembershipChange>& changes = comparison->preview->dry->reader.buffers->changes;
  Line line = new_line(comparison, Section::Customers);
  line.kind = changes.empty() ? 1 : 0;
  add_customer(comparison, line);
  for (const core::MembershipChange& change : changes) add_membership(comparison, change);
  add_action(comparison);
  add_workload(comparison, comparison->preview->before, 0);
  add_workload(comparison, comparison->preview->after, 1);
}

// ---- rows ----

enum Column {
  kSection,
  kChange,
  kFromName,
  kToName,
  kCurrency,
  kCustomers,
  kOutstanding,
  kOverdue,
  kCollector,
  kWeek,
  kWeekStart,
  kActionsBefore,
  kActionsAfter,
  kManualBefore,
  kManualAfter,
  kAmountBefore,
  kAmountAfter,
  kColumns
};

using Row = ResultRow<kColumns>;

void put_customers(Row* row, const Figures& figures) {
  put(row, kCustomers, Int64GetDatum(figures.customers));
  put(row, kOutstanding, numeric_from_sum(figures.outstanding));
  put(row, kOverdue, numeric_from_sum(figures.overdue));
}

void put_actions(Row* row, const Figures& figures) {
  put(row, kActionsBefore, Int64GetDatum(figures.actions[0]));
  put(row, kActionsAfter, Int64GetDatum(figures.actions[1]));
  put(row, kAmountBefore, numeric_from_sum(figures.amount[0]));
  put(row, kAmountAfter, numeric_from_sum(figures.amount[1]));
}

void put_target(Row* row, Column column, const Configuration* config, core::Target target, int32 target_id) {
  if (target_id == kNone) return;
  const Datum name = target_name(config, target, target_id);
  put(row, column, name != 0 ? name : CStringGetTextDatum(psprintf("number %d", target_id)));
}

void put_membership(Row* row, const Configuration* config, const Line& line, const Figures& figures) {
  const auto target = static_cast<core::Target>(line.kind);
  put_text(row, kSection, core::target_kind_name(target));
  put_text(row, kChange,
           line.change != 0     ? "rule"
           : line.from == kNone ? "begins"
           : line.to == kNone   ? "ends"
                                : "moves");
  put_target(row, kFromName, config, target, line.from);
  put_target(row, kToName, config, target, line.to);
  put_customers(row, figures);
}

void put_step(Row* row, Column column, const PreviewNames& names, int32 scenario_id, int32 step_no) {
  if (step_no == kNone) return;
  const PreviewStep* step = find_step(names, scenario_id, step_no);
  put_text(row, column,
           step == nullptr
               ? psprintf("step %d", step_no)
               : psprintf("%s, step %d: %s (%s)", step->scenario, step_no, step->label, step->channel));
}

void put_action(Row* row, const PreviewNames& names, const Line& line, const Figures& figures) {
  put_text(row, kSection, "action");
  put_text(row, kChange, action_change_name(static_cast<ActionChange>(line.change)));
  put_step(row, kFromName, names, line.from, line.from_step);
  put_step(row, kToName, names, line.to, line.to_step);
  put_customers(row, figures);
  put_actions(row, figures);
}

// The number of the ISO week, as to_char(..., 'IYYY-"W"IW') writes it.
char* week_name(core::Date monday) {
  int year = 0;
  int month = 0;
  int day = 0;
  j2date(monday + POSTGRES_EPOCH_JDATE, &year, &month, &day);
  return psprintf("%04d-W%02d", date2isoyear(year, month, day), date2isoweek(year, month, day));
}

void put_workload(Row* row, const Configuration* config, const Line& line, const Figures& figures) {
  put_text(row, kSection, "workload");
  put_target(row, kCollector, config, core::Target::Colleague, line.from);
  put_text(row, kWeek, week_name(line.week));
  put(row, kWeekStart, DateADTGetDatum(line.week));
  put_actions(row, figures);
  put(row, kManualBefore, Int64GetDatum(figures.manual[0]));
  put(row, kManualAfter, Int64GetDatum(figures.manual[1]));
}

void put_line(ReturnSetInfo* result, const Comparison* comparison, const Line& line, const Figures& figures) {
  const Configuration* config = comparison->preview->dry->reader.config;
  Row row;
  clear_row(&row);
  put_text(&row, kCurrency, currency_name(comparison->preview->currencies, line.currency));
  switch (line.section) {
    case Section::Customers:
      put_text(&row, kSection, "customers");
      put_text(&row, kChange, line.kind == 0 ? "changed" : "unchanged");
      put_customers(&row, figures);
      break;
    case Section::Membership:
      put_membership(&row, config, line, figures);
      break;
    case Section::Action:
      put_action(&row, comparison->preview->names, line, figures);
      break;
    case Section::Workload:
      put_workload(&row, config, line, figures);
      break;
  }
  add_row(result, &row);
}

int32 checked_weeks(FunctionCallInfo fcinfo) {
  const bool is_null = PG_ARGISNULL(0);
  const int32 weeks = is_null ? 0 : PG_GETARG_INT32(0);
  if (weeks < 1 || weeks > 520)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("weeks must lie between 1 and 520"),
                    is_null ? errdetail("It is NULL.") : errdetail("It is %d.", weeks)));
  return weeks;
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_compare_rules) {
  using namespace search_assign::pg;
  const int32 weeks = checked_weeks(fcinfo);
  InitMaterializedSRF(fcinfo, 0);
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  Preview preview;
  Comparison comparison = {&preview, new_in_memory_context<Lines>(), 0};
  open_preview(&preview);
  comparison.end = monday_of(preview.today) + 7 * weeks;
  while (next_preview(&preview)) compute([&] { add_all(&comparison); });
  for (const auto& [line, figures] : *comparison.lines) {
    MemoryContext caller = MemoryContextSwitchTo(preview.dry->reader.customer);
    put_line(result, &comparison, line, figures);
    MemoryContextSwitchTo(caller);
  }
  close_preview(&preview);
  PG_RETURN_NULL();
}
