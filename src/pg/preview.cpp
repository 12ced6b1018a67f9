// What a full run would change, customer by customer. Backend zone.
// SQL face: sql/install/81_preview.sql; tests: tests/regress/sql/preview.sql, tests/oracle/preview.sh.
#include "search_assign/pg/preview.hpp"

#include "search_assign/core/priority.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"

namespace search_assign::pg {
namespace {

constexpr const char* kStepsSql =
    "SELECT s.scenario_id, t.step_no, t.automatic, s.name, t.label, t.channel"
    " FROM receivables.scenario_step t JOIN receivables.scenario s ON s.name = t.scenario ORDER BY 1, 2";
constexpr const char* kPortfoliosSql =
    "SELECT p.portfolio_id, coalesce(c.collector_id, 0)"
    " FROM receivables.portfolio p LEFT JOIN receivables.collector c ON c.name = p.collector ORDER BY 1";
constexpr const char* kDelaysSql =
    "SELECT w.customer_id, w.available_on FROM receivables.ramp_up_waiting w ORDER BY 1";

void load_steps(PreviewNames* names, MemoryContext memory) {
  const SpiRows rows = spi_select_active(kStepsSql);
  MemoryContext spi = MemoryContextSwitchTo(memory);
  names->steps_count = rows.count;
  names->steps = static_cast<PreviewStep*>(palloc(sizeof(PreviewStep) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i)
    names->steps[i] = {
        spi_int32(rows, i, 1), spi_int32(rows, i, 2), strcmp(spi_text(rows, i, 3), "manual") == 0,
        spi_text(rows, i, 4),  spi_text(rows, i, 5),  spi_text(rows, i, 6)};
  MemoryContextSwitchTo(spi);
}

void load_portfolios(PreviewNames* names, MemoryContext memory) {
  const SpiRows rows = spi_select_active(kPortfoliosSql);
  MemoryContext spi = MemoryContextSwitchTo(memory);
  names->portfolios_count = rows.count;
  names->portfolios = static_cast<PreviewPortfolio*>(palloc(sizeof(PreviewPortfolio) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i)
    names->portfolios[i] = {spi_int32(rows, i, 1), spi_int32(rows, i, 2)};
  MemoryContextSwitchTo(spi);
}

void load_delays(PreviewNames* names, MemoryContext memory) {
  const SpiRows rows = spi_select_active(kDelaysSql);
  names->delays_count = rows.count;
  names->delays =
      static_cast<PreviewDelay*>(MemoryContextAllocHuge(memory, sizeof(PreviewDelay) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i) names->delays[i] = {spi_int64(rows, i, 1), spi_int32(rows, i, 2)};
}

void load_names(Preview* preview, MemoryContext memory) {
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  load_steps(&preview->names, memory);
  load_portfolios(&preview->names, memory);
  load_delays(&preview->names, memory);
  preview->currencies = load_currencies(memory);
  SPI_finish();
  end_maintenance(scope);
}

core::Date shown_on(const Preview* preview, core::Date action_on) {
  const PreviewNames& names = preview->names;
  const PreviewDelay* end = names.delays + names.delays_count;
  const PreviewDelay* delay =
      std::lower_bound(static_cast<const PreviewDelay*>(names.delays), end, preview->customer_id,
                       [](const PreviewDelay& d, int64 id) noexcept { return d.customer_id < id; });
  const bool delayed = delay != end && delay->customer_id == preview->customer_id;
  return std::max({action_on, preview->today, delayed ? delay->available_on : preview->today});
}

int32 held_target(std::span<const core::Membership> held, core::Target target) {
  for (const core::Membership& membership : held)
    if (membership.target == target) return membership.target_id;
  return 0;
}

PreviewAction action_of(const Preview* preview, TupleTableSlot* row, const core::Assignment& held,
                        bool off_worklist) {
  const PositionColumns& columns = preview->dry->reader.access->columns;
  PreviewAction action = {false, 0, 0, core::kNoDate, core::kNoDate, 0, 0};
  bool none = false;
  const Datum step = get_column(row, columns.next_step, &none);
  if (none || off_worklist) return action;
  const Datum action_on = get_column(row, columns.next_action_on, &none);
  if (none) return action;
  action.exists = true;
  action.step_no = DatumGetInt32(step);
  action.action_on = DatumGetDateADT(action_on);
  action.shown_on = shown_on(preview, action.action_on);
  action.scenario_id = held_target({held.data(), held.size()}, core::Target::Scenario);
  action.portfolio_id = held_target({held.data(), held.size()}, core::Target::CollectionPortfolio);
  return action;
}

void find_actions(Preview* preview) {
  const CustomerReader& reader = preview->dry->reader;
  PositionAccess* access = reader.access;
  bool is_null = false;
  const bool was_off =
      DatumGetBool(get_column(access->position.slot, access->columns.off_worklist, &is_null));
  const core::Assignment& next = reader.buffers->next;
  const bool is_off =
      core::priority_score(reader.config->priority_rules, {next.data(), next.size()}).off_worklist;
  const bool blocked = DatumGetBool(get_column(access->customer.slot, preview->collection_blocked, &is_null));
  preview->before = action_of(preview, access->position.slot, reader.buffers->previous, was_off || blocked);
  preview->after = action_of(preview, access->changed, next, is_off || blocked);
}

ActionChange compare_actions(const PreviewAction& before, const PreviewAction& after) {
  if (!before.exists) return after.exists ? ActionChange::Created : ActionChange::None;
  if (!after.exists) return ActionChange::Cancelled;
  if (before.scenario_id != after.scenario_id || before.step_no != after.step_no)
    return ActionChange::Replaced;
  return before.action_on != after.action_on ? ActionChange::Moved : ActionChange::Kept;
}

// One walk through the profile for all amounts.
void add_up(Preview* preview) {
  PositionAccess* access = preview->dry->reader.access;
  bool is_null = false;
  const core::Bytes receivables =
      bytes_of(get_column(access->changed, access->columns.profiles[0], &is_null));
  const core::Date as_of = preview->dry->decision.as_of;
  compute([&] {
    core::Sum outstanding = 0;
    core::Sum overdue = 0;
    core::Sum before = 0;
    core::Sum after = 0;
    core::ProfileReader reader(receivables);
    for (core::ProfileEntry entry; reader.next(entry);) {
      outstanding += entry.net();
      if (entry.date < as_of) overdue += entry.net();
      if (entry.date <= preview->before.shown_on) before += entry.net();
      if (entry.date <= preview->after.shown_on) after += entry.net();
    }
    preview->outstanding = outstanding;
    preview->overdue = overdue;
    preview->before.amount = preview->before.exists ? std::max<core::Sum>(before, 0) : 0;
    preview->after.amount = preview->after.exists ? std::max<core::Sum>(after, 0) : 0;
  });
}

void find_membership_changes(Preview* preview) {
  DecisionBuffers* buffers = preview->dry->reader.buffers;
  compute([&] {
    core::differences(core::logged_part({buffers->previous.data(), buffers->previous.size()}),
                      core::logged_part({buffers->next.data(), buffers->next.size()}), buffers->changes);
  });
}

}  // namespace

void open_preview(Preview* preview) {
  memset(preview, 0, sizeof *preview);
  preview->today = business_date();
  preview->dry = open_dry_decisions(core::kNoDate, true);
  load_names(preview, preview->dry->memory);
}

void close_preview(Preview* preview) { close_dry_decisions(preview->dry); }

bool next_preview(Preview* preview) {
  PositionAccess* access = preview->dry->reader.access;
  do {
    if (!next_dry_customer(preview->dry, &preview->customer_id)) return false;
  } while (!find_customer(access, preview->customer_id, preview->dry->reader.snapshot));
  if (preview->company == 0) {
    TupleDesc customer = RelationGetDescr(access->customer.relation);
    preview->account_no = column_number(customer, "account_no");
    preview->name = column_number(customer, "name");
    preview->company = column_number(customer, "company");
    preview->collection_blocked = column_number(customer, "collection_blocked");
  }
  MemoryContext caller = MemoryContextSwitchTo(preview->dry->reader.customer);
  bool is_null = false;
  preview->currency =
      currency_of(preview->currencies, get_column(access->customer.slot, preview->company, &is_null));
  find_actions(preview);
  preview->action_change = compare_actions(preview->before, preview->after);
  add_up(preview);
  find_membership_changes(preview);
  MemoryContextSwitchTo(caller);
  return true;
}

const PreviewStep* find_step(const PreviewNames& names, int32 scenario_id, int32 step_no) {
  const PreviewStep* end = names.steps + names.steps_count;
  const PreviewStep* found =
      std::lower_bound(static_cast<const PreviewStep*>(names.steps), end, std::pair(scenario_id, step_no),
                       [](const PreviewStep& s, const std::pair<int32, int32>& key) noexcept {
                         return std::pair(s.scenario_id, s.step_no) < key;
                       });
  return found != end && found->scenario_id == scenario_id && found->step_no == step_no ? found : nullptr;
}

const PreviewPortfolio* find_portfolio(const PreviewNames& names, int32 portfolio_id) {
  const PreviewPortfolio* end = names.portfolios + names.portfolios_count;
  const PreviewPortfolio* found =
      std::lower_bound(static_cast<const PreviewPortfolio*>(names.portfolios), end, portfolio_id,
                       [](const PreviewPortfolio& p, int32 id) noexcept { return p.portfolio_id < id; });
  return found != end && found->portfolio_id == portfolio_id ? found : nullptr;
}

const char* change_name(const core::MembershipChange& change) {
  if (change.before == nullptr) return "begins";
  if (change.after == nullptr) return "ends";
  return change.before->target_id != change.after->target_id ? "moves" : "rule";
}

const char* action_change_name(ActionChange change) {
  switch (change) {
    case ActionChange::None:
      return nullptr;
    case ActionChange::Kept:
      return "kept";
    case ActionChange::Moved:
      return "moved";
    case ActionChange::Replaced:
      return "replaced";
    case ActionChange::Cancelled:
      return "cancelled";
    case ActionChange::Created:
      return "created";
  }
  return nullptr;
}

}  // namespace search_assign::pg
