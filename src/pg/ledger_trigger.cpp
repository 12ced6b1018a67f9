// Statement triggers of item: transition rows -> change set and histories. Backend zone.
// SQL face: sql/install/20_ledger.sql; tests: tests/regress/sql/ledger.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/kept_columns.hpp"
#include "search_assign/pg/ledger_item.hpp"
#include "search_assign/pg/paid_part.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/transition.hpp"

extern "C" {
#include "utils/datum.h"
}

namespace search_assign::pg {
namespace {

constexpr int64 kMaxBatch = 256;
constexpr int kMostRepayments = 10'000;

// The figures of a statement's rows, handed to the change set in batches.
struct Batch {
  core::ItemFigures* before;
  core::ItemFigures* after;
  int count;
  int capacity;
};

enum class Event { Insert, Update, Delete };

struct Statement {
  Event event;
  ItemColumns columns;
  Batch batch;
  HistoryRows* history;
  CustomerIds customers;  // to be checked for existence
  Repayment* repayments;
  int repayment_count;
  int repayment_capacity;
  MemoryContext memory;  // of the statement
  MemoryContext piece;   // of the repayments, emptied when they are added
  MemoryContext row;     // reset per row
};

void flush(Statement* statement) {
  Batch* batch = &statement->batch;
  const Event event = statement->event;
  compute([&] {
    std::vector<core::Delta>& deltas = change_set_deltas();
    for (int i = 0; i < batch->count; ++i) {
      if (event == Event::Insert) core::add_item(deltas, batch->after[i], +1);
      if (event == Event::Delete) core::add_item(deltas, batch->before[i], -1);
      if (event == Event::Update) core::change_item(deltas, batch->before[i], batch->after[i]);
    }
  });
  batch->count = 0;
  change_set_bound();
}

Datum keep_rate(Statement* statement, const ItemRow& item) {
  if (!item.converted) return static_cast<Datum>(0);
  MemoryContext caller = MemoryContextSwitchTo(statement->piece);
  const Datum copy = datumCopy(item.fx_rate, false, -1);
  MemoryContextSwitchTo(caller);
  return copy;
}

Repayment* new_repayment(Statement* statement) {
  if (statement->repayment_count == statement->repayment_capacity) {
    statement->repayment_capacity = std::max(64, statement->repayment_capacity * 2);
    const Size bytes = sizeof(Repayment) * static_cast<Size>(statement->repayment_capacity);
    statement->repayments = static_cast<Repayment*>(statement->repayments == nullptr
                                                        ? MemoryContextAllocHuge(statement->piece, bytes)
                                                        : repalloc_huge(statement->repayments, bytes));
  }
  Repayment* repayment = &statement->repayments[statement->repayment_count++];
  *repayment = Repayment{};
  return repayment;
}

// A change counts on the day the item was cleared where it closes the item, else on the business date.
core::Date effective_date(const ItemRow& item) {
  return item.open_amount == 0 && item.has_cleared_on ? item.cleared_on : business_date();
}

// The parts of an item without earlier payments and without allocations need no look at its history.
void add_first_part(const ItemRow& item, core::DatedAmount part) {
  if (item.converted) part.amount = convert_amount(part.amount, item.fx_rate);
  const core::ItemFigures& figures = item.figures;
  compute([&] { core::add_payment_part(change_set_deltas(), figures, part, +1); });
}

void read_inserted(Statement* statement, const ItemRow& item) {
  statement->batch.after[statement->batch.count++] = item.figures;
  add_customer_id(&statement->customers, item.figures.customer_id);
  if (item.paid() != 0) {
    const core::Date on = effective_date(item);
    add_open_amount_change(statement->history, item, on, item.paid());
    add_first_part(item, {on, item.paid()});
  }
  if (item.has_status) add_qualification(statement->history, item);
}

void read_deleted(Statement* statement, const ItemRow& item) {
  statement->batch.before[statement->batch.count++] = item.figures;
  const ItemKey key = {item.figures.customer_id, item.item_id};
  if (item.paid() != 0) {
    Repayment* repayment = new_repayment(statement);
    repayment->key = key;
    repayment->before = item.figures;
    repayment->fx_before = keep_rate(statement, item);
    repayment->has_before = true;
  }
  add_removal(statement->history, key);
}

bool same_optional(bool a_present, Datum a, bool b_present, Datum b) {
  return a_present == b_present && (!a_present || datum_image_eq(a, b, false, -1));
}

bool same_qualification(const ItemRow& a, const ItemRow& b) {
  return same_optional(a.has_status, a.status, b.has_status, b.status) &&
         same_optional(a.has_comment, a.status_comment, b.has_comment, b.status_comment) &&
         same_optional(a.has_resolver, a.resolver, b.has_resolver, b.resolver) &&
         a.figures.promised_on == b.figures.promised_on;
}

bool same_rate(const ItemRow& a, const ItemRow& b) {
  return a.converted == b.converted && (!a.converted || datum_image_eq(a.fx_rate, b.fx_rate, false, -1));
}

// An item that stays closed but was cleared on another date than first said.
bool clearing_redated(const ItemRow& before, const ItemRow& after) {
  return before.open_amount == 0 && after.open_amount == 0 && before.has_cleared_on && after.has_cleared_on &&
         before.cleared_on != after.cleared_on && before.paid() != 0;
}

void read_repayment(Statement* statement, const ItemRow& before, const ItemRow& after) {
  const bool redated = before.paid() != after.paid() || clearing_redated(before, after) ||
                       before.figures.due_date != after.figures.due_date ||
                       before.figures.kind != after.figures.kind ||
                       before.figures.customer_id != after.figures.customer_id ||
                       (before.figures.amount > 0) != (after.figures.amount > 0) || !same_rate(before, after);
  if (!redated || (before.paid() == 0 && after.paid() == 0)) return;
  const core::DatedAmount change = {effective_date(after), after.paid() - before.paid()};
  if (before.paid() == 0 && !allocations_exist()) {
    add_first_part(after, change);
    return;
  }
  Repayment* repayment = new_repayment(statement);
  repayment->key = {before.figures.customer_id, before.item_id};
  repayment->before = before.figures;
  repayment->after = after.figures;
  repayment->fx_before = keep_rate(statement, before);
  repayment->fx_after = keep_rate(statement, after);
  repayment->change = change;
  repayment->redated = clearing_redated(before, after);
  repayment->redated_on = after.cleared_on;
  repayment->has_before = true;
  repayment->has_after = true;
}

void read_updated(Statement* statement, const ItemRow& before, const ItemRow& after) {
  if (!(before.figures == after.figures)) {
    statement->batch.before[statement->batch.count] = before.figures;
    statement->batch.after[statement->batch.count++] = after.figures;
  }
  const ItemKey from = {before.figures.customer_id, before.item_id};
  const ItemKey to = {after.figures.customer_id, after.item_id};
  if (from.customer_id != to.customer_id) add_customer_id(&statement->customers, to.customer_id);
  if (from.customer_id != to.customer_id || from.item_id != to.item_id)
    add_move(statement->history, from, to);
  read_repayment(statement, before, after);
  if (clearing_redated(before, after)) add_redate(statement->history, from, after.cleared_on);
  if (before.open_amount != after.open_amount || before.paid() != after.paid())
    add_open_amount_change(statement->history, after, effective_date(after), after.paid() - before.paid());
  if (!same_qualification(before, after)) add_qualification(statement->history, after);
}

// Dates anew what was gathered, by the history as it was before, and then adds to the history. A large
// statement does so piece by piece: no item occurs in it twice.
void write_piece(Statement* statement, bool is_last) {
  if (statement->repayment_count > 0) {
    add_repayments(statement->repayments, statement->repayment_count);
    change_set_bound();
  }
  statement->repayments = nullptr;
  statement->repayment_count = statement->repayment_capacity = 0;
  MemoryContextReset(statement->piece);
  if (is_last || may_write_early(statement->history)) write_history(statement->history);
}

void read_rows(Statement* statement, TriggerData* trigger) {
  TransitionRows old_rows = open_transition(trigger->tg_oldtable, trigger->tg_relation);
  TransitionRows new_rows = open_transition(trigger->tg_newtable, trigger->tg_relation);
  ItemRow before;
  ItemRow after;
  MemoryContext caller = MemoryContextSwitchTo(statement->row);
  int64 row = 0;
  for (;; ++row) {
    // An update stores the old and the new version of each row in the same order.
    const bool has_old = statement->event != Event::Insert && next_row(&old_rows);
    const bool has_new = statement->event != Event::Delete && next_row(&new_rows);
    if (!has_old && !has_new) break;
    if (statement->event == Event::Update && has_old != has_new)
      elog(ERROR, "transition tables of an update differ in length");
    if (has_old) read_item(old_rows.slot, statement->columns, &before);
    if (has_new) read_item(new_rows.slot, statement->columns, &after);
    if (statement->event == Event::Insert) read_inserted(statement, after);
    if (statement->event == Event::Update) read_updated(statement, before, after);
    if (statement->event == Event::Delete) read_deleted(statement, before);
    if (statement->batch.count == statement->batch.capacity) flush(statement);
    if (statement->repayment_count >= kMostRepayments || is_large(statement->history))
      write_piece(statement, false);
    if ((row & 1023) == 0) CHECK_FOR_INTERRUPTS();
    MemoryContextReset(statement->row);
  }
  MemoryContextSwitchTo(caller);
  flush(statement);
  count(Counter::Statements);
  add(Counter::LedgerRows, static_cast<uint64>(row));
  close_transition(&old_rows);
  close_transition(&new_rows);
}

Event event_of(const TriggerData* trigger) {
  if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event)) return Event::Insert;
  return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? Event::Update : Event::Delete;
}

bool has_rows(const TriggerData* trigger) {
  Tuplestorestate* store = trigger->tg_newtable != nullptr ? trigger->tg_newtable : trigger->tg_oldtable;
  return store != nullptr && tuplestore_tuple_count(store) > 0;
}

Batch make_batch(const TriggerData* trigger) {
  Tuplestorestate* store = trigger->tg_newtable != nullptr ? trigger->tg_newtable : trigger->tg_oldtable;
  const int64 rows = std::min(tuplestore_tuple_count(store), kMaxBatch);
  const Size bytes = sizeof(core::ItemFigures) * static_cast<Size>(rows);
  return {static_cast<core::ItemFigures*>(palloc(bytes)), static_cast<core::ItemFigures*>(palloc(bytes)), 0,
          static_cast<int>(rows)};
}

void item_changed(TriggerData* trigger) {
  const Ticks started = start_timer();
  Statement statement;
  memset(&statement, 0, sizeof statement);
  statement.event = event_of(trigger);
  statement.memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign statement", ALLOCSET_DEFAULT_SIZES);
  statement.piece = AllocSetContextCreate(statement.memory, "search_assign piece", ALLOCSET_SMALL_SIZES);
  statement.row = AllocSetContextCreate(statement.memory, "search_assign row", ALLOCSET_SMALL_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(statement.memory);
  statement.columns = kept_columns<item_columns>(trigger->tg_relation);
  statement.batch = make_batch(trigger);
  statement.history = open_history();
  init_customer_ids(&statement.customers);

  change_set_enter_level();
  read_rows(&statement, trigger);
  check_customers_exist(&statement.customers);
  write_piece(&statement, true);
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(statement.memory);
  stop_timer(Part::Statement, started);
  change_set_statement_end();
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_item_changed) {
  using namespace search_assign::pg;
  TriggerData* trigger = statement_trigger(fcinfo, "item_changed", "item");
  if (has_rows(trigger) && !in_restore()) item_changed(trigger);
  PG_RETURN_POINTER(nullptr);
}
