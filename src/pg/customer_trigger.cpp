// Statement triggers of customer, contact and payment_allocation. Backend zone.
// SQL face: sql/install/20_ledger.sql; tests: tests/regress/sql/ledger.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/customer_reference.hpp"
#include "search_assign/pg/ledger_history.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/paid_part.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/transition.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/datum.h"
}

namespace search_assign::pg {
namespace {

Datum id_array(const CustomerIds& customers) {
  auto* values = static_cast<Datum*>(
      MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (customers.count + 1)));
  for (size_t i = 0; i < customers.count; ++i) values[i] = Int64GetDatum(customers.ids[i]);
  return PointerGetDatum(construct_array(values, static_cast<int>(customers.count), INT8OID, 8,
                                         FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

uint64 run_for(SpiStatement* statement, const CustomerIds& customers) {
  Datum values[] = {id_array(customers)};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const uint64 rows = spi_run(statement, values);
  SPI_finish();
  end_maintenance(scope);
  return rows;
}

// A customer deleted and inserted again by one transaction still has its position.
SpiStatement add_positions = {
    "INSERT INTO receivables.position (customer_id) SELECT pg_catalog.unnest($1) ON CONFLICT DO NOTHING",
    1,
    {INT8ARRAYOID},
    nullptr};
SpiStatement remove_hand_assignments = {
    "DELETE FROM receivables.hand_assignment WHERE customer_id = ANY ($1)", 1, {INT8ARRAYOID}, nullptr};
SpiStatement remove_failures = {
    "DELETE FROM receivables.search_failure WHERE customer_id = ANY ($1)", 1, {INT8ARRAYOID}, nullptr};

void touch_all(const CustomerIds& customers, uint8_t side) {
  for (size_t i = 0; i < customers.count; ++i) {
    compute([&] { change_set_deltas().push_back({customers.ids[i], 0, 0, 0, core::Facet::Touch, 1, side}); });
    change_set_bound();
  }
}

bool same_rows(TupleTableSlot* a, TupleTableSlot* b) {
  slot_getallattrs(a);
  slot_getallattrs(b);
  for (int i = 0; i < a->tts_tupleDescriptor->natts; ++i) {
    if (a->tts_isnull[i] != b->tts_isnull[i]) return false;
    Form_pg_attribute attribute = TupleDescAttr(a->tts_tupleDescriptor, i);
    if (!a->tts_isnull[i] &&
        !datum_image_eq(a->tts_values[i], b->tts_values[i], attribute->attbyval, attribute->attlen))
      return false;
  }
  return true;
}

struct CustomerStatement {
  AttrNumber customer_id;
  AttrNumber parent_id;
  AttrNumber collection_account_id;
  CustomerIds all;         // inserted, changed or deleted
  CustomerIds parented;    // whose parent has to be checked
  CustomerIds grouped;     // whose collecting account has changed
  CustomerIds collecting;  // those accounts, before and after
};

int64 bigint_of(TupleTableSlot* slot, AttrNumber column, bool* is_null) {
  return DatumGetInt64(slot_getattr(slot, column, is_null));
}

// Notes a change of the account through which a customer is collected; no row stands for no account.
void read_grouping(TupleTableSlot* before, TupleTableSlot* after, int64 customer_id,
                   CustomerStatement* statement) {
  bool had_none = true;
  bool has_none = true;
  const int64 old_account =
      before == nullptr ? 0 : bigint_of(before, statement->collection_account_id, &had_none);
  const int64 new_account =
      after == nullptr ? 0 : bigint_of(after, statement->collection_account_id, &has_none);
  if (had_none == has_none && (had_none || old_account == new_account)) return;
  add_customer_id(&statement->grouped, customer_id);
  if (!had_none) add_customer_id(&statement->collecting, old_account);
  if (!has_none) add_customer_id(&statement->collecting, new_account);
}

void read_customer_rows(TriggerData* trigger, CustomerStatement* statement) {
  const bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
  TransitionRows old_rows = open_transition(
      is_update || TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ? trigger->tg_oldtable : nullptr,
      trigger->tg_relation);
  TransitionRows new_rows = open_transition(
      TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ? nullptr : trigger->tg_newtable, trigger->tg_relation);
  for (;;) {
    const bool has_old = next_row(&old_rows);
    const bool has_new = next_row(&new_rows);
    CHECK_FOR_INTERRUPTS();
    if (!has_old && !has_new) break;
    bool is_null = false;
    TupleTableSlot* row = has_new ? new_rows.slot : old_rows.slot;
    const int64 customer_id = bigint_of(row, statement->customer_id, &is_null);
    bool has_parent = false;
    const int64 parent_id = bigint_of(row, statement->parent_id, &has_parent);
    has_parent = !has_parent;
    if (is_update) {
      if (bigint_of(old_rows.slot, statement->customer_id, &is_null) != customer_id)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("customer_id cannot be changed"),
                 errhint("Insert another customer and move the items to it.")));
      if (same_rows(old_rows.slot, new_rows.slot)) continue;
      bool old_has_none = false;
      const int64 old_parent = bigint_of(old_rows.slot, statement->parent_id, &old_has_none);
      if (has_parent && !old_has_none && old_parent == parent_id) has_parent = false;  // unchanged
    }
    add_customer_id(&statement->all, customer_id);
    read_grouping(has_old ? old_rows.slot : nullptr, has_new ? new_rows.slot : nullptr, customer_id,
                  statement);
    if (has_parent && has_new) add_customer_id(&statement->parented, customer_id);
  }
  close_transition(&old_rows);
  close_transition(&new_rows);
}

void customer_changed(TriggerData* trigger) {
  CustomerStatement statement;
  init_customer_ids(&statement.all);
  init_customer_ids(&statement.parented);
  init_customer_ids(&statement.grouped);
  init_customer_ids(&statement.collecting);
  statement.collection_account_id =
      column_number(RelationGetDescr(trigger->tg_relation), "collection_account_id");
  statement.customer_id = column_number(RelationGetDescr(trigger->tg_relation), "customer_id");
  statement.parent_id = column_number(RelationGetDescr(trigger->tg_relation), "parent_id");
  read_customer_rows(trigger, &statement);
  sort_customer_ids(&statement.all);
  sort_customer_ids(&statement.parented);
  sort_customer_ids(&statement.grouped);
  sort_customer_ids(&statement.collecting);
  if (statement.all.count == 0) return;
  check_parents(statement.parented);
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event)) {
    refuse_customers_with_items(&statement.all);
    refuse_referenced(statement.all);
    run_for(&remove_hand_assignments, statement.all);
    run_for(&remove_failures, statement.all);
  } else {
    check_groupings(statement.grouped);
  }
  if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event)) run_for(&add_positions, statement.all);
  change_set_enter_level();
  touch_all(statement.all, TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ? core::kTouchDeleted : 0);
  touch_all(statement.grouped, core::kTouchProgress);
  touch_all(statement.collecting, core::kTouchProgress);
}

// ---- contacts ----

bool is_given(TupleTableSlot* slot, AttrNumber column) {
  bool is_null = false;
  const Datum value = slot_getattr(slot, column, &is_null);
  if (is_null) return false;
  struct varlena* text = PG_DETOAST_DATUM_PACKED(value);
  const char* bytes = VARDATA_ANY(text);
  for (size_t i = 0; i < VARSIZE_ANY_EXHDR(text); ++i)
    if (bytes[i] != ' ') return true;
  return false;
}

void add_contacts(TransitionRows rows, TupleDesc descriptor, int8 sign) {
  const AttrNumber customer_column = column_number(descriptor, "customer_id");
  const AttrNumber email_column = column_number(descriptor, "email");
  const AttrNumber phone_column = column_number(descriptor, "phone");
  while (next_row(&rows)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    const int64 customer_id = bigint_of(rows.slot, customer_column, &is_null);
    const bool given[] = {is_given(rows.slot, email_column), is_given(rows.slot, phone_column)};
    compute([&] {
      for (uint8_t side = 0; side < 2; ++side)
        if (given[side])
          change_set_deltas().push_back({customer_id, 0, 0, 0, core::Facet::Contacts, sign, side});
    });
    change_set_bound();
  }
  close_transition(&rows);
}

void contact_changed(TriggerData* trigger) {
  TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
  change_set_enter_level();
  if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
    add_contacts(open_transition(trigger->tg_oldtable, trigger->tg_relation), descriptor, -1);
  if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
    add_contacts(open_transition(trigger->tg_newtable, trigger->tg_relation), descriptor, +1);
}

// ---- allocations ----

struct AllocationRows {
  AllocationRow* rows;
  int count;
};

AllocationRows read_allocations(Tuplestorestate* store, Relation relation) {
  AllocationRows result = {nullptr, 0};
  if (store == nullptr || tuplestore_tuple_count(store) == 0) return result;
  TupleDesc descriptor = RelationGetDescr(relation);
  const AttrNumber customer_column = column_number(descriptor, "customer_id");
  const AttrNumber item_column = column_number(descriptor, "item_id");
  const AttrNumber amount_column = column_number(descriptor, "amount");
  const AttrNumber date_column = column_number(descriptor, "allocated_on");
  result.rows = static_cast<AllocationRow*>(MemoryContextAllocHuge(
      CurrentMemoryContext, sizeof(AllocationRow) * static_cast<Size>(tuplestore_tuple_count(store))));
  TransitionRows rows = open_transition(store, relation);
  while (next_row(&rows)) {
    CHECK_FOR_INTERRUPTS();
    AllocationRow* row = &result.rows[result.count++];
    bool is_null = false;
    row->key = {bigint_of(rows.slot, customer_column, &is_null), bigint_of(rows.slot, item_column, &is_null)};
    row->allocated_on = DatumGetDateADT(slot_getattr(rows.slot, date_column, &is_null));
    const AmountStatus status =
        amount_from_numeric(slot_getattr(rows.slot, amount_column, &is_null), row->amount);
    if (status != AmountStatus::Ok) raise_amount_error(status, "amount");
  }
  close_transition(&rows);
  return result;
}

void allocation_changed(TriggerData* trigger) {
  if (allocations_follow()) return;
  const bool is_insert = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
  const bool is_delete = TRIGGER_FIRED_BY_DELETE(trigger->tg_event);
  const AllocationRows removed =
      read_allocations(is_insert ? nullptr : trigger->tg_oldtable, trigger->tg_relation);
  const AllocationRows added =
      read_allocations(is_delete ? nullptr : trigger->tg_newtable, trigger->tg_relation);
  if (removed.count + added.count == 0) return;
  change_set_enter_level();
  add_reallocations(added.rows, added.count, removed.rows, removed.count);
}

int64 changed_rows(TriggerData* trigger) {
  Tuplestorestate* store = trigger->tg_newtable != nullptr ? trigger->tg_newtable : trigger->tg_oldtable;
  return store != nullptr ? tuplestore_tuple_count(store) : 0;
}

bool fires(TriggerData* trigger) { return !in_restore() && changed_rows(trigger) > 0; }

using Work = void (*)(TriggerData*);

// Runs a trigger's work in a memory context of its own.
void run_trigger(TriggerData* trigger, Work work) {
  if (!fires(trigger)) return;
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign statement", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(memory);
  const Ticks started = start_timer();
  count(Counter::Statements);
  add(Counter::LedgerRows, static_cast<uint64>(changed_rows(trigger)));
  work(trigger);
  stop_timer(Part::Statement, started);
  change_set_statement_end();
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(memory);
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_customer_changed) {
  search_assign::pg::run_trigger(search_assign::pg::statement_trigger(fcinfo, "customer_changed", "customer"),
                                 search_assign::pg::customer_changed);
  PG_RETURN_POINTER(nullptr);
}

SA_FUNCTION(sa_contact_changed) {
  search_assign::pg::run_trigger(search_assign::pg::statement_trigger(fcinfo, "contact_changed", "contact"),
                                 search_assign::pg::contact_changed);
  PG_RETURN_POINTER(nullptr);
}

SA_FUNCTION(sa_allocation_changed) {
  search_assign::pg::run_trigger(
      search_assign::pg::statement_trigger(fcinfo, "allocation_changed", "payment_allocation"),
      search_assign::pg::allocation_changed);
  PG_RETURN_POINTER(nullptr);
}
