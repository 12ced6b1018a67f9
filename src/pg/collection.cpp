// The next action of an account's scenario, kept with its position. Backend zone.
// SQL face: sql/install/69_collection.sql; tests: tests/regress/sql/agenda.sql, tests/oracle.
//
// Ordinarily the position alone says it: its profiles give the leader's due date and the amounts of every
// day. Items are read only where a step has been done (is its leader still the leader?) or where the scenario
// ignores small items; other positions only for an account that collects for others.
#include "search_assign/pg/collection.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/item_access.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/unapplied.hpp"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// Buffers of the backend, reused from customer to customer.
struct CollectionBuffers {
  core::Collectable collectable;
  std::vector<core::AccountFacets> accounts;
  std::vector<int64> customers;  // of the accounts
  std::vector<std::vector<uint8_t>> ignored;
  std::vector<core::ProfileEntry> entries;
  std::vector<uint8_t> encoded;
};

CollectionBuffers* collection_buffers() {
  static CollectionBuffers* buffers = nullptr;
  if (buffers == nullptr) compute([&] { buffers = new CollectionBuffers; });
  return buffers;
}

struct Collection {
  Decision* decision;
  CollectionBuffers* buffers;
  core::Scenario scenario;  // a copy: a new leader may change how it is entered
  core::CollectionProgress progress;
  core::Date open_from;
  ItemAccess* items;  // opened when needed
};

ItemAccess* items_of(Collection* collection) {
  if (collection->items == nullptr) collection->items = open_items(collection->decision->snapshot);
  return collection->items;
}

// ---- accounts ----

core::AccountFacets account_facets(PositionAccess* access, TupleTableSlot* slot) {
  bool is_null = false;
  core::AccountFacets facets;
  facets.receivables = bytes_of(get_column(slot, access->columns.profiles[0], &is_null));
  facets.promises = bytes_of(get_column(slot, access->columns.promises, &is_null));
  facets.held = bytes_of(get_column(slot, access->columns.held, &is_null));
  return facets;
}

void add_account(Collection* collection, int64 customer_id, const core::AccountFacets& facets) {
  compute([&] {
    collection->buffers->accounts.push_back(facets);
    collection->buffers->customers.push_back(customer_id);
  });
}

void copy_bytes(core::Bytes* bytes) {
  auto* copy = static_cast<uint8_t*>(palloc(bytes->size() + 1));
  memcpy(copy, bytes->data(), bytes->size());
  *bytes = {copy, bytes->size()};
}

void add_members(Collection* collection, int64 account) {
  PositionAccess* access = collection->decision->access;
  Relation positions = access->position.relation;
  Relation index = index_open(relation_oid("position_collection_account_id_idx"), AccessShareLock);
  TupleTableSlot* slot = table_slot_create(positions, nullptr);
  IndexScanDesc scan = index_beginscan(positions, index, collection->decision->snapshot, 1, 0);
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account));
  index_rescan(scan, &key, 1, nullptr, 0);
  while (index_getnext_slot(scan, ForwardScanDirection, slot)) {
    core::AccountFacets facets = account_facets(access, slot);
    for (core::Bytes* bytes : {&facets.receivables, &facets.promises, &facets.held}) copy_bytes(bytes);
    bool is_null = false;
    add_account(collection, DatumGetInt64(get_column(slot, access->columns.customer_id, &is_null)), facets);
  }
  index_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  index_close(index, NoLock);
}

// The same with what is not yet applied to them.
void add_members_unapplied(Collection* collection, int64 account) {
  Members* members = open_members(collection->decision->unapplied, account);
  int64 customer_id = 0;
  core::PositionFacets facets;
  while (next_member(members, &customer_id, &facets)) {
    core::AccountFacets member;
    member.receivables = facets.profiles[0];
    member.promises = facets.promises;
    member.held = facets.held;
    for (core::Bytes* bytes : {&member.receivables, &member.promises, &member.held}) copy_bytes(bytes);
    add_account(collection, customer_id, member);
  }
  close_members(members);
}

// ---- items ----

bool is_collectable(const Collection* collection, const ItemRow& row) {
  const core::ItemFigures& item = row.figures;
  if (item.open_amount <= 0 || item.open_amount < collection->scenario.ignore_below) return false;
  if (!item.held) return true;
  return item.category == core::StatusCategory::Promise && item.promised_on != core::kNoDate &&
         item.promised_on < collection->open_from;
}

// Collectable but for their size.
bool is_ignored(const Collection* collection, const ItemRow& row) {
  const core::ItemFigures& item = row.figures;
  if (item.open_amount <= 0 || item.open_amount >= collection->scenario.ignore_below) return false;
  return !item.held || (item.category == core::StatusCategory::Promise && item.promised_on != core::kNoDate &&
                        item.promised_on < collection->open_from);
}

void ignore_small_items(Collection* collection) {
  CollectionBuffers* buffers = collection->buffers;
  ItemAccess* items = items_of(collection);
  compute([&] { buffers->ignored.resize(std::max(buffers->ignored.size(), buffers->accounts.size())); });
  for (size_t i = 0; i < buffers->accounts.size(); ++i) {
    compute([&] { buffers->entries.clear(); });
    ItemRow row;
    start_items(items, buffers->customers[i]);
    while (next_item(items, &row)) {
      CHECK_FOR_INTERRUPTS();
      if (!is_ignored(collection, row)) continue;
      core::ProfileEntry entry = core::make_entry(row.figures.due_date, row.figures.open_amount);
      if (!row.figures.held && row.figures.category == core::StatusCategory::Promise &&
          row.figures.promised_on >= collection->open_from) {
        entry.credit = -core::Sum{row.figures.open_amount};
        entry.credit_items = 1;
      }
      compute([&] { buffers->entries.push_back(entry); });
    }
    compute([&] {
      core::normalize(buffers->entries);
      core::encode(buffers->entries, buffers->ignored[i]);
      buffers->accounts[i].ignored = buffers->ignored[i];
    });
  }
}

// Of items of one due date the larger open amount leads, then the smaller number.
bool leads(const ItemRow& a, const ItemRow& b) {
  if (a.figures.open_amount != b.figures.open_amount) return a.figures.open_amount > b.figures.open_amount;
  return a.item_id < b.item_id;
}

bool another_leads(Collection* collection, const ItemRow& leader) {
  ItemAccess* items = items_of(collection);
  for (const int64 customer_id : collection->buffers->customers) {
    ItemRow row;
    start_items(items, customer_id);
    while (next_item(items, &row)) {
      CHECK_FOR_INTERRUPTS();
      if (row.figures.due_date == leader.figures.due_date && is_collectable(collection, row) &&
          leads(row, leader))
        return true;
    }
  }
  return false;
}

bool is_leader(Collection* collection, int64 customer_id, int64 item_id) {
  const core::Collectable& collectable = collection->buffers->collectable;
  const auto& customers = collection->buffers->customers;
  if (item_id == 0 || std::find(customers.begin(), customers.end(), customer_id) == customers.end())
    return false;
  ItemRow leader;
  start_item(items_of(collection), customer_id, item_id);
  if (!next_item(collection->items, &leader)) return false;
  if (leader.figures.due_date != collectable.leader_due_date || !is_collectable(collection, leader))
    return false;
  return collectable.leader_candidates == 1 || !another_leads(collection, leader);
}

// ---- the next action ----

const core::Scenario* present_scenario(const Decision* decision, const DecisionBuffers* buffers) {
  for (const core::Membership& membership : buffers->next)
    if (membership.target == core::Target::Scenario)
      return find_scenario(decision->config->scenarios, membership.target_id);
  return nullptr;
}

void gather(Collection* collection, int64 customer_id) {
  PositionAccess* access = collection->decision->access;
  CollectionBuffers* buffers = collection->buffers;
  compute([&] {
    buffers->accounts.clear();
    buffers->customers.clear();
  });
  add_account(collection, customer_id, account_facets(access, access->changed));
  bool is_null = false;
  if (DatumGetBool(get_column(access->changed, access->columns.has_members, &is_null))) {
    if (collection->decision->unapplied != nullptr)
      add_members_unapplied(collection, customer_id);
    else
      add_members(collection, customer_id);
  }
  if (collection->scenario.ignore_below > 0) ignore_small_items(collection);
  compute([&] {
    core::collectable(buffers->accounts, collection->open_from, collection->decision->as_of,
                      buffers->collectable);
  });
}

// A date given by hand holds while scenario, step and leader are those it was given for.
void use_given_date(Collection* collection, NextAction* next) {
  const core::CollectionProgress& progress = collection->progress;
  if (progress.redated_on == core::kNoDate || next->step == 0) return;
  if (progress.redated_scenario_id != collection->scenario.scenario_id || progress.redated_step != next->step)
    return;
  if (is_leader(collection, progress.redated_leader_customer_id, progress.redated_leader_item_id))
    next->action_on = progress.redated_on;
}

void find_next_action(Collection* collection, NextAction* next) {
  const core::Collectable& collectable = collection->buffers->collectable;
  const core::CollectionProgress& progress = collection->progress;
  const bool same_leader = progress.scenario_id == collection->scenario.scenario_id &&
                           is_leader(collection, progress.leader_customer_id, progress.leader_item_id);
  compute([&] {
    const core::Progress taken = core::scenario_progress(collection->scenario, progress, same_leader);
    const core::NextStep step = core::next_action(collection->scenario, collectable.leader_due_date, taken,
                                                  collectable.days, collection->decision->as_of);
    next->step = step.step_no;
    next->action_on = step.step_no == 0 ? core::kNoDate : step.action_on;
    next->changes_on = core::next_change(collection->scenario, collectable.leader_due_date, taken,
                                         collectable.days, collection->decision->as_of);
  });
  use_given_date(collection, next);
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

NextAction decide_next_action(Decision* decision, DecisionBuffers* buffers, int64 customer_id) {
  NextAction next = {0, core::kNoDate, core::kNoDate, static_cast<Datum>(0), false};
  PositionAccess* access = decision->access;
  if (collecting_account(access, access->changed) != 0) return next;
  const core::Scenario* scenario = present_scenario(decision, buffers);
  if (scenario == nullptr || scenario->steps.empty()) return next;
  Collection collection = {decision,
                           collection_buffers(),
                           *scenario,
                           {},
                           open_promises_from(decision->config->scenarios, decision->as_of),
                           nullptr};
  bool is_null = false;
  const core::Bytes stored = bytes_of(get_column(access->changed, access->columns.progress, &is_null));
  compute([&] { collection.progress = core::decode_progress(stored); });
  gather(&collection, customer_id);
  const core::Collectable& collectable = collection.buffers->collectable;
  if (collectable.has_leader) find_next_action(&collection, &next);
  if (collectable.promise_ends != core::kNoDate)
    next.changes_on =
        std::min(next.changes_on,
                 core::add_days(promise_deadline(decision->config->scenarios, collectable.promise_ends), 1));
  if (collection.items != nullptr) close_items(collection.items);
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

int64 collecting_account(PositionAccess* access, TupleTableSlot* row) {
  bool is_null = false;
  const Datum account = get_column(row, access->columns.collection_account_id, &is_null);
  return is_null ? 0 : DatumGetInt64(account);
}

}  // namespace search_assign::pg
