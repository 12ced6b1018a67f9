// Why an account's next action is what it is: the decision (collection.cpp, core/scenario.cpp) made once
// more in the scenario the account is in, changes not yet applied counted, telling what it looks at. Rows
// without words; names and sentences are added in SQL. Backend zone. SQL face:
// sql/install/79_explain_agenda.sql; tests: tests/regress/sql/explain_agenda.sql.

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/dry_decision.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/settings.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/date.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

struct Reason {
  const char* topic;
  const char* code;
  int32 step_no = 0;  // 0, kNoDate: NULL
  std::optional<int64> customer_id = std::nullopt;
  std::optional<int64> item_id = std::nullopt;
  core::Date as_of = core::kNoDate;
  core::Date from = core::kNoDate;
  std::optional<int32> days = std::nullopt;
  core::Date date = core::kNoDate;
  std::optional<core::Sum> amount = std::nullopt;
  std::optional<core::Sum> limit = std::nullopt;
  bool decides = false;
};

struct ExplainedItem {
  int64 customer_id;
  int64 item_id;
  core::Date due_date;
  core::Date promised_on;
  core::Amount open_amount;
  ItemRole role;
  bool is_promised;
};

struct ExplainBuffers {
  ActionReport report;
  std::vector<ExplainedItem> items;
};

ExplainBuffers* explain_buffers() {
  static ExplainBuffers* buffers = nullptr;
  if (buffers == nullptr) compute([&] { buffers = new ExplainBuffers; });
  return buffers;
}

Datum date_or_null(core::Date date, bool* is_null) {
  *is_null = date == core::kNoDate;
  return DateADTGetDatum(date);
}

Datum amount_or_null(const std::optional<core::Sum>& amount, bool* is_null) {
  *is_null = !amount.has_value();
  return *is_null ? static_cast<Datum>(0) : numeric_from_sum(*amount);
}

Datum id_or_null(const std::optional<int64>& id, bool* is_null) {
  *is_null = !id.has_value();
  return Int64GetDatum(id.value_or(0));
}

void put(ReturnSetInfo* result, const Reason& reason) {
  Datum values[12];
  bool nulls[12] = {};
  values[0] = CStringGetTextDatum(reason.topic);
  values[1] = CStringGetTextDatum(reason.code);
  values[2] = Int32GetDatum(reason.step_no);
  nulls[2] = reason.step_no == 0;
  values[3] = id_or_null(reason.customer_id, &nulls[3]);
  values[4] = id_or_null(reason.item_id, &nulls[4]);
  values[5] = date_or_null(reason.as_of, &nulls[5]);
  values[6] = date_or_null(reason.from, &nulls[6]);
  values[7] = Int32GetDatum(reason.days.value_or(0));
  nulls[7] = !reason.days.has_value();
  values[8] = date_or_null(reason.date, &nulls[8]);
  values[9] = amount_or_null(reason.amount, &nulls[9]);
  values[10] = amount_or_null(reason.limit, &nulls[10]);
  values[11] = BoolGetDatum(reason.decides);
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// ---- items ----

bool comes_before(const ExplainedItem& a, const ExplainedItem& b) noexcept {
  if (a.due_date != b.due_date) return a.due_date < b.due_date;
  if (a.open_amount != b.open_amount) return a.open_amount > b.open_amount;
  return a.item_id < b.item_id;
}

void list_items(Collection* collection, std::vector<ExplainedItem>* out) {
  compute([&] { out->clear(); });
  ItemAccess* items = items_of(collection);
  for (size_t i = 0; i < collection->buffers->customers.size(); ++i) {
    const int64 customer_id = collection->buffers->customers[i];
    ItemRow row;
    start_items(items, customer_id);
    while (next_item(items, &row)) {
      CHECK_FOR_INTERRUPTS();
      if (row.figures.open_amount == 0) continue;
      const ItemRole role = item_role(collection, row);
      compute([&] {
        out->push_back({customer_id, row.item_id, row.figures.due_date, row.figures.promised_on,
                        row.figures.open_amount, role, is_promised(collection, row)});
      });
    }
  }
  compute([&] { std::sort(out->begin(), out->end(), comes_before); });
}

// The first collectable one leads: they stand in the order of the leader.
const ExplainedItem* leader_of(const std::vector<ExplainedItem>* items) {
  for (const ExplainedItem& item : *items)
    if (item.role == ItemRole::Collectable) return &item;
  return nullptr;
}

void put_items(ReturnSetInfo* result, const Collection& collection, const std::vector<ExplainedItem>* items,
               core::Date day) {
  const ExplainedItem* leader = leader_of(items);
  for (const ExplainedItem& item : *items) {
    Reason reason = {.topic = "item",
                     .code = "credit",
                     .customer_id = item.customer_id,
                     .item_id = item.item_id,
                     .as_of = day,
                     .date = item.due_date,
                     .amount = item.open_amount};
    switch (item.role) {
      case ItemRole::Credit:
        break;
      case ItemRole::Held:
        reason.code = item.is_promised ? "held_by_promise" : "held";
        if (item.is_promised && item.promised_on != core::kNoDate)
          reason.from = promise_deadline(collection.scenarios, item.promised_on);
        break;
      case ItemRole::Ignored:
        reason.code = "below_ignore_below";
        reason.limit = collection.scenario.ignore_below;
        break;
      case ItemRole::Collectable:
        reason.code = &item == leader       ? "leader"
                      : item.due_date > day ? "not_due"
                      : item.is_promised    ? "promised"
                                            : "collectable";
        reason.decides = &item == leader;
        break;
    }
    put(result, reason);
  }
}

// ---- what the core looked at ----

struct Words {
  const char* topic;
  const char* code;
};

Words words_of(core::Considered what) {
  switch (what) {
    case core::Considered::EnteredByAge:
      return {"step", "entered_by_age"};
    case core::Considered::PassedByAge:
      return {"step", "passed_by_age"};
    case core::Considered::Amounts:
      return {"amount", "collectable"};
    case core::Considered::BelowMinimum:
      return {"amount", "below_minimum_amount"};
    case core::Considered::StepBelowMinimum:
      return {"step", "below_min_amount"};
    case core::Considered::DueDate:
      return {"date", "due_date"};
    case core::Considered::PreviousAction:
      return {"date", "previous_action"};
    case core::Considered::PassedStep:
      return {"date", "passed_step"};
    case core::Considered::AfterPrevious:
      return {"date", "min_days_after_previous"};
    case core::Considered::AfterContact:
      return {"date", "min_contact_days"};
    case core::Considered::Repeat:
      return {"date", "repeat_every_days"};
    case core::Considered::WorkingDay:
      return {"date", "calendar"};
    case core::Considered::NoWorkingDay:
      return {"date", "no_working_day"};
    case core::Considered::AmountReached:
      return {"date", "amount_reached"};
    case core::Considered::Step:
      return {"step", "next"};
    case core::Considered::RepeatedStep:
      return {"step", "repeated"};
    case core::Considered::NoFurtherStep:
      return {"step", "none_left"};
  }
  return {"step", "none_left"};
}

bool has_days(core::Considered what) {
  return what == core::Considered::EnteredByAge ||
         (what >= core::Considered::DueDate && what <= core::Considered::Repeat);
}

// A gap of no days says nothing, unless it is the one that counts.
bool is_idle(const core::Consideration& c) {
  return c.days == 0 && !c.decides &&
         (c.what == core::Considered::AfterPrevious || c.what == core::Considered::AfterContact);
}

bool has_amount(core::Considered what) {
  return what == core::Considered::Amounts || what == core::Considered::BelowMinimum ||
         what == core::Considered::StepBelowMinimum;
}

// A date given by hand decides in place of the step's own terms.
void put_considered(ReturnSetInfo* result, const core::Consideration& c, bool is_redated, bool has_pre_due) {
  if (is_idle(c)) return;
  Words words = words_of(c.what);
  constexpr core::Amount kLeast = 1;  // the limit where the scenario has none
  if (c.what == core::Considered::BelowMinimum && c.limit == kLeast) words.code = "nothing_to_collect";
  Reason reason = {.topic = words.topic,
                   .code = words.code,
                   .step_no = c.step_no,
                   .as_of = c.day,
                   .from = c.from,
                   .date = c.date,
                   .decides = c.decides && !(is_redated && strcmp(words.topic, "date") == 0)};
  if (has_days(c.what)) reason.days = c.days;
  if (has_amount(c.what)) reason.amount = c.amount;
  if (has_amount(c.what) && c.what != core::Considered::Amounts) reason.limit = c.limit;
  put(result, reason);
  if (c.what == core::Considered::Amounts && has_pre_due && c.limit != c.amount) {
    reason.code = "collectable_pre_due";
    reason.amount = c.limit;
    put(result, reason);
  }
}

const char* takeover_code(core::Takeover takeover) {
  constexpr const char* kCodes[] = {"entry",
                                    "other_scenario",
                                    "same_leader",
                                    "new_leader_restart",
                                    "new_leader_inherit",
                                    "new_leader_by_age"};
  return kCodes[static_cast<int>(takeover)];
}

void put_progress(ReturnSetInfo* result, const core::CollectionProgress& progress, core::Takeover takeover) {
  const bool has_leader = progress.leader_customer_id != 0 || progress.leader_item_id != 0;
  put(result, {.topic = "progress",
               .code = takeover_code(takeover),
               .step_no = progress.step,
               .customer_id = has_leader ? std::optional(progress.leader_customer_id) : std::nullopt,
               .item_id = has_leader ? std::optional(progress.leader_item_id) : std::nullopt,
               .date = progress.step_on,
               .decides = true});
}

// ---- the account ----

void put_stored(ReturnSetInfo* result, PositionAccess* access, const NextAction& next) {
  TupleTableSlot* stored = access->position.slot;
  bool no_step = false;
  bool no_date = false;
  const int32 step = DatumGetInt32(get_column(stored, access->columns.next_step, &no_step));
  const core::Date date = DatumGetDateADT(get_column(stored, access->columns.next_action_on, &no_date));
  if ((no_step ? 0 : step) == next.step && (no_date ? core::kNoDate : date) == next.action_on) return;
  put(result, {.topic = "agenda",
               .code = "outdated",
               .step_no = no_step ? 0 : step,
               .date = no_date ? core::kNoDate : date});
}

// The day of the action, as collection_agenda has it: items due by then are collected.
core::Date day_of(const Collection& collection, const NextAction& next, bool* pre_due) {
  *pre_due = false;
  const core::Date day = next.step == 0 ? collection.as_of : std::max(next.action_on, collection.as_of);
  for (const core::ScenarioStep& step : collection.scenario.steps)
    if (step.step_no == next.step) *pre_due = step.phase == core::Phase::PreDue;
  if (!*pre_due || !collection.buffers->collectable.has_leader) return day;
  return std::max(day, collection.buffers->collectable.leader_due_date);
}

void put_amount_parts(ReturnSetInfo* result, const core::Collectable& collectable, core::Date day) {
  core::Sum due = 0;
  core::Sum promised = 0;
  for (const core::ProfileEntry& entry : collectable.debits)
    if (entry.date <= day) due += entry.debit;
  for (const core::ProfileEntry& entry : collectable.promised)
    if (entry.date <= day) promised += entry.debit;
  put(result, {.topic = "amount", .code = "due", .as_of = day, .amount = due});
  if (collectable.credits != 0)
    put(result, {.topic = "amount", .code = "credits", .as_of = day, .amount = collectable.credits});
  if (promised != 0) put(result, {.topic = "amount", .code = "promised", .as_of = day, .amount = -promised});
}

void put_account(ReturnSetInfo* result, const Collection& collection) {
  const std::vector<int64>& customers = collection.buffers->customers;
  for (size_t i = 1; i < customers.size(); ++i)
    put(result, {.topic = "account", .code = "collects_for", .customer_id = customers[i]});
}

void put_decision(ReturnSetInfo* result, const Collection& collection, const ActionReport& report) {
  put_progress(result, collection.progress, report.takeover);
  const auto is_pre_due = [](const core::ScenarioStep& step) { return step.phase == core::Phase::PreDue; };
  const auto steps = collection.scenario.steps;
  const bool has_pre_due = std::any_of(steps.begin(), steps.end(), is_pre_due);
  for (const core::Consideration& c : report.considered)
    put_considered(result, c, report.is_redated, has_pre_due);
  const core::CollectionProgress& progress = collection.progress;
  if (progress.redated_on == core::kNoDate) return;
  put(result, {.topic = "date",
               .code = report.is_redated ? "redated" : "redated_before",
               .step_no = progress.redated_step,
               .from = report.is_redated ? report.computed_on : core::kNoDate,
               .date = progress.redated_on,
               .decides = report.is_redated});
}

core::Date next_look(const Collection& collection, const NextAction& next) {
  const core::Date ends = collection.buffers->collectable.promise_ends;
  if (ends == core::kNoDate) return next.changes_on;
  return std::min(next.changes_on, core::add_days(promise_deadline(collection.scenarios, ends), 1));
}

// 0: none.
int32 decided_scenario() {
  for (const core::Membership& m : decision_buffers()->next)
    if (m.target == core::Target::Scenario) return m.target_id;
  return 0;
}

void put_scenario(ReturnSetInfo* result, const core::Scenario* scenario, bool has_steps) {
  put(result, {.topic = "scenario",
               .code = scenario == nullptr ? "none"
                       : has_steps         ? "present"
                                           : "no_steps",
               .decides = !has_steps});
  if ((scenario != nullptr ? scenario->scenario_id : 0) != decided_scenario())
    put(result, {.topic = "scenario", .code = "other_now"});
}

void put_leader(ReturnSetInfo* result, const ExplainedItem* leader, bool has_steps) {
  if (leader == nullptr) {
    put(result, {.topic = "leader", .code = "nothing_collectable", .decides = has_steps});
    return;
  }
  put(result, {.topic = "leader",
               .code = "oldest",
               .customer_id = leader->customer_id,
               .item_id = leader->item_id,
               .date = leader->due_date,
               .amount = leader->open_amount,
               .decides = true});
}

void explain_account(ReturnSetInfo* result, DryDecisions* dry, const core::Scenario* scenario,
                     int64 customer_id) {
  PositionAccess* access = dry->reader.access;
  const core::Scenario none = {};
  Collection collection =
      start_collection(access, dry->reader.config->scenarios, scenario != nullptr ? *scenario : none,
                       dry->as_of, dry->reader.snapshot, &dry->unapplied, customer_id);
  ExplainBuffers* buffers = explain_buffers();
  const core::Collectable& collectable = collection.buffers->collectable;
  NextAction next = kNoAction;
  const bool has_steps = scenario != nullptr && !scenario->steps.empty();
  const bool decided = has_steps && collectable.has_leader;
  if (decided) find_next_action(&collection, &next, &buffers->report);
  list_items(&collection, &buffers->items);
  finish_items(&collection);

  bool pre_due = false;
  const core::Date day = day_of(collection, next, &pre_due);
  put(result, {.topic = "action",
               .code = next.step != 0 ? "next" : "none",
               .step_no = next.step,
               .as_of = day,
               .date = next.action_on,
               .amount = core::collectable_amount(collectable, day, pre_due),
               .decides = true});
  if (const core::Date changes_on = next_look(collection, next); changes_on != core::kNoDate)
    put(result, {.topic = "action", .code = "changes_on", .date = changes_on});
  put_stored(result, access, next);
  put_account(result, collection);
  put_scenario(result, scenario, has_steps);
  put_leader(result, leader_of(&buffers->items), has_steps);
  if (decided) put_decision(result, collection, buffers->report);
  put_amount_parts(result, collectable, day);
  put_items(result, collection, &buffers->items, day);
}

void explain_customer(ReturnSetInfo* result, int64 customer_id) {
  DryDecisions* dry = open_dry_decisions(business_date(), false);
  if (!dry_decide(dry, customer_id))
    ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                    errmsg("customer %lld does not exist", static_cast<long long>(customer_id))));
  PositionAccess* access = dry->reader.access;
  if (const std::optional<int64> account = collecting_account(access, access->changed)) {
    put_stored(result, access, kNoAction);
    put(result, {.topic = "account", .code = "collected_through", .customer_id = *account, .decides = true});
  } else {
    bool is_null = false;
    const int32 scenario_id =
        DatumGetInt32(get_column(access->changed, access->columns.scenario_id, &is_null));
    explain_account(result, dry,
                    is_null ? nullptr : find_scenario(dry->reader.config->scenarios, scenario_id),
                    customer_id);
  }
  close_dry_decisions(dry);
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_agenda_reasons) {
  const int64 customer_id = PG_GETARG_INT64(0);
  InitMaterializedSRF(fcinfo, 0);
  search_assign::pg::explain_customer(reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo), customer_id);
  PG_RETURN_NULL();
}
