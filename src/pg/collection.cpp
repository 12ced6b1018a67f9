// The next action of an account's scenario, kept with its position. Backend zone.
// SQL face: sql/install/69_collection.sql; tests: tests/regress/sql/agenda.sql, tests/oracle.
//
// Ordinarily the position alone says it: its profiles give the leader's due date and the amounts of every
// day. Items are read only where a step has been done (is its leader still the leader?) or where the scenario
// ignores small items; other positions only for an account that collects for others.
#include "search_assign/pg/collection.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/scenario.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

const core::Scenario* present_scenario(const Decision* decision, const DecisionBuffers* buffers) {
  for (const core::Membership& membership : buffers->next)
    if (membership.target == core::Target::Scenario)
      return find_scenario(decision->config->scenarios, membership.target_id);
  return nullptr;
}

// A date given by hand holds while scenario, step and leader are those it was given for.
bool use_given_date(Collection* collection, NextAction* next) {
  const core::CollectionProgress& progress = collection->progress;
  if (progress.redated_on == core::kNoDate || next->step == 0) return false;
  if (progress.redated_scenario_id != collection->scenario.scenario_id || progress.redated_step != next->step)
    return false;
  if (!is_leader(collection, progress.redated_leader_customer_id, progress.redated_leader_item_id))
    return false;
  next->action_on = progress.redated_on;
  return true;
}

void set_ignored(Collection* collection, NextAction* next) {
  CollectionBuffers* buffers = collection->buffers;
  compute([&] {
    buffers->entries.clear();
    for (const core::AccountFacets& account : buffers->accounts) {
      if (account.ignored.empty()) continue;
      core::ProfileReader reader(account.ignored);
      for (core::ProfileEntry entry; reader.next(entry);) buffers->entries.push_back(entry);
    }
    core::normalize(buffers->entries);
    core::encode(buffers->entries, buffers->encoded);
  });
  next->has_ignored = !buffers->entries.empty();
  if (next->has_ignored) next->ignored = bytes_datum(buffers->encoded);
}

SpiStatement progress_statement = {
    "SELECT * FROM receivables.collection_state WHERE customer_id = $1", 1, {INT8OID}, nullptr};

core::Date optional_date(const SpiRows& rows, uint64 row, int column) {
  return spi_is_null(rows, row, column) ? core::kNoDate : spi_int32(rows, row, column);
}
int64 optional_int64(const SpiRows& rows, uint64 row, int column) {
  return spi_is_null(rows, row, column) ? 0 : spi_int64(rows, row, column);
}
int32 optional_int32(const SpiRows& rows, uint64 row, int column) {
  return spi_is_null(rows, row, column) ? 0 : spi_int32(rows, row, column);
}

}  // namespace

core::CollectionProgress progress_of(const SpiRows& rows, uint64 row) {
  core::CollectionProgress progress;
  progress.scenario_id = optional_int32(rows, row, 4);
  progress.step = optional_int32(rows, row, 5);
  progress.step_on = optional_date(rows, row, 6);
  progress.leader_customer_id = optional_int64(rows, row, 7);
  progress.leader_item_id = optional_int64(rows, row, 8);
  progress.last_action_on = optional_date(rows, row, 9);
  progress.last_contact_on = optional_date(rows, row, 10);
  progress.redated_scenario_id = optional_int32(rows, row, 11);
  progress.redated_step = optional_int32(rows, row, 12);
  progress.redated_on = optional_date(rows, row, 13);
  progress.redated_leader_customer_id = optional_int64(rows, row, 14);
  progress.redated_leader_item_id = optional_int64(rows, row, 15);
  return progress;
}

void load_progress(PositionAccess* access, int64 customer_id, Snapshot snapshot) {
  Datum values[] = {Int64GetDatum(customer_id)};
  const SpiRows rows = snapshot == SnapshotSelf ? spi_query(&progress_statement, values)
                                                : spi_query_read_only(&progress_statement, values);
  if (rows.count == 0) return;
  const core::CollectionProgress progress = progress_of(rows, 0);
  std::vector<uint8_t>& encoded = collection_buffers()->encoded;
  compute([&] { core::encode_progress(progress, encoded); });
  set_column(access, access->columns.progress, bytes_datum(encoded));
  if (spi_is_null(rows, 0, 2))
    set_null(access, access->columns.collection_account_id);
  else
    set_column(access, access->columns.collection_account_id, Int64GetDatum(spi_int64(rows, 0, 2)));
  set_column(access, access->columns.has_members, BoolGetDatum(spi_bool(rows, 0, 3)));
  if (progress.last_action_on == core::kNoDate)
    set_null(access, access->columns.last_action_on);
  else
    set_column(access, access->columns.last_action_on, DateADTGetDatum(progress.last_action_on));
  SPI_freetuptable(rows.table);
}

Collection start_collection(PositionAccess* access, const ScenarioSet* scenarios,
                            const core::Scenario& scenario, core::Date as_of, Snapshot snapshot,
                            const Unapplied* unapplied, int64 customer_id) {
  Collection collection = {access,   scenarios, as_of,
                           snapshot, unapplied, collection_buffers(),
                           scenario, {},        open_promises_from(scenarios, as_of),
                           nullptr};
  bool is_null = false;
  const core::Bytes stored = bytes_of(get_column(access->changed, access->columns.progress, &is_null));
  compute([&] { collection.progress = core::decode_progress(stored); });
  gather_account(&collection, customer_id);
  return collection;
}

void find_next_action(Collection* collection, NextAction* next, ActionReport* report) {
  const core::Collectable& collectable = collection->buffers->collectable;
  const core::CollectionProgress& progress = collection->progress;
  const core::Date due = collectable.leader_due_date;
  const core::Date as_of = collection->as_of;
  const bool same_leader = progress.scenario_id == collection->scenario.scenario_id &&
                           is_leader(collection, progress.leader_customer_id, progress.leader_item_id);
  compute([&] {
    core::Scenario& scenario = collection->scenario;
    const core::Progress taken = core::scenario_progress(scenario, progress, same_leader,
                                                         report != nullptr ? &report->takeover : nullptr);
    const core::NextStep step =
        report == nullptr
            ? core::next_action(scenario, due, taken, collectable.days, as_of)
            : core::explain_action(scenario, due, taken, collectable.days, as_of, report->considered);
    next->step = step.step_no;
    next->action_on = step.step_no == 0 ? core::kNoDate : step.action_on;
    next->changes_on = core::next_change(scenario, due, taken, collectable.days, as_of);
  });
  const core::Date computed_on = next->action_on;
  const bool is_redated = use_given_date(collection, next);
  if (report == nullptr) return;
  report->computed_on = computed_on;
  report->is_redated = is_redated;
}

NextAction decide_next_action(Decision* decision, DecisionBuffers* buffers, int64 customer_id) {
  NextAction next = kNoAction;
  if (collecting_account(decision->access, decision->access->changed)) return next;
  const core::Scenario* scenario = present_scenario(decision, buffers);
  if (scenario == nullptr || scenario->steps.empty()) return next;
  const ScenarioSet* scenarios = decision->config->scenarios;
  Collection collection = start_collection(decision->access, scenarios, *scenario, decision->as_of,
                                           decision->snapshot, decision->unapplied, customer_id);
  const core::Collectable& collectable = collection.buffers->collectable;
  if (collectable.has_leader) find_next_action(&collection, &next, nullptr);
  if (collectable.promise_ends != core::kNoDate)
    next.changes_on =
        std::min(next.changes_on, core::add_days(promise_deadline(scenarios, collectable.promise_ends), 1));
  finish_items(&collection);
  set_ignored(&collection, &next);
  return next;
}

void set_next_action(PositionAccess* access, const NextAction& next) {
  if (next.has_ignored)
    set_column(access, access->columns.ignored, next.ignored);
  else
    set_null(access, access->columns.ignored);
  if (next.step == 0) {
    set_null(access, access->columns.next_step);
    set_null(access, access->columns.next_action_on);
    return;
  }
  set_column(access, access->columns.next_step, Int32GetDatum(next.step));
  set_column(access, access->columns.next_action_on, DateADTGetDatum(next.action_on));
}

bool next_action_stands(PositionAccess* access, const NextAction& next) {
  TupleTableSlot* row = access->position.slot;
  bool none_ignored = false;
  const Datum ignored = get_column(row, access->columns.ignored, &none_ignored);
  if (none_ignored == next.has_ignored) return false;
  if (next.has_ignored) {
    const core::Bytes before = bytes_of(ignored);
    const core::Bytes after = bytes_of(next.ignored);
    if (!std::equal(before.begin(), before.end(), after.begin(), after.end())) return false;
  }
  bool no_step = false;
  const Datum step = get_column(row, access->columns.next_step, &no_step);
  if (no_step) return next.step == 0;
  bool no_date = false;
  const Datum action_on = get_column(row, access->columns.next_action_on, &no_date);
  return DatumGetInt32(step) == next.step && !no_date && DatumGetDateADT(action_on) == next.action_on;
}

std::optional<int64> collecting_account(PositionAccess* access, TupleTableSlot* row) {
  bool is_null = false;
  const Datum account = get_column(row, access->columns.collection_account_id, &is_null);
  return is_null ? std::nullopt : std::optional(DatumGetInt64(account));
}

}  // namespace search_assign::pg
