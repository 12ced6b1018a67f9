// Row trigger of item: fills what follows from the row itself. Backend zone.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/transition.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/trigger.h"
#include "utils/datum.h"
#include "utils/rel.h"
}

namespace search_assign::pg {
namespace {

struct RowColumns {
  Oid relation;
  TupleDesc descriptor;
  AttrNumber document_date, due_date, amount, open_amount, cleared_on, status, status_on;
};
RowColumns columns = {InvalidOid, nullptr, 0, 0, 0, 0, 0, 0, 0};

void find_columns(Relation relation) {
  // A rebuilt relcache entry has another descriptor, so the pair tells whether the numbers still hold.
  if (columns.relation == RelationGetRelid(relation) && columns.descriptor == RelationGetDescr(relation))
    return;
  TupleDesc descriptor = RelationGetDescr(relation);
  columns.document_date = column_number(descriptor, "document_date");
  columns.due_date = column_number(descriptor, "due_date");
  columns.amount = column_number(descriptor, "amount");
  columns.open_amount = column_number(descriptor, "open_amount");
  columns.cleared_on = column_number(descriptor, "cleared_on");
  columns.status = column_number(descriptor, "status");
  columns.status_on = column_number(descriptor, "status_on");
  columns.relation = RelationGetRelid(relation);
  columns.descriptor = descriptor;
}

bool is_zero(Datum numeric) {
  core::Amount amount = 0;
  return amount_from_numeric(numeric, amount) == AmountStatus::Ok && amount == 0;
}

constexpr int kMaxReplaced = 4;

struct Replacement {
  int count;
  int columns[kMaxReplaced];
  Datum values[kMaxReplaced];
  bool nulls[kMaxReplaced];
};

void replace(Replacement* replacement, AttrNumber column, Datum value, bool is_null = false) {
  const int i = replacement->count++;
  replacement->columns[i] = column;
  replacement->values[i] = value;
  replacement->nulls[i] = is_null;
}

struct Row {
  HeapTuple tuple;
  TupleDesc descriptor;
  Datum get(AttrNumber column, bool* is_null) const {
    return heap_getattr(tuple, column, descriptor, is_null);
  }
};

bool same_date(const Row& a, const Row& b, AttrNumber column) {
  bool a_null = false;
  bool b_null = false;
  const Datum x = a.get(column, &a_null);
  const Datum y = b.get(column, &b_null);
  return a_null == b_null && (a_null || DatumGetDateADT(x) == DatumGetDateADT(y));
}

bool same_text(const Row& a, const Row& b, AttrNumber column) {
  bool a_null = false;
  bool b_null = false;
  const Datum x = a.get(column, &a_null);
  const Datum y = b.get(column, &b_null);
  return a_null == b_null && (a_null || datum_image_eq(x, y, false, -1));
}

// cleared_on is set when the item closes (the value given in the same statement, else the business
// date), kept while it stays closed, and empty while it is open.
void complete_clearing(const Row& row, const Row* former, Datum open_amount, Replacement* replacement) {
  bool is_null = false;
  row.get(columns.cleared_on, &is_null);
  if (!is_zero(open_amount)) {
    if (!is_null) replace(replacement, columns.cleared_on, static_cast<Datum>(0), true);
    return;
  }
  bool was_open = true;
  if (former != nullptr) {
    bool former_null = false;
    was_open = !is_zero(former->get(columns.open_amount, &former_null));
  }
  const bool given =
      !is_null && (former == nullptr || !was_open || !same_date(row, *former, columns.cleared_on));
  if (!given) replace(replacement, columns.cleared_on, DateADTGetDatum(business_date()));
}

// status_on goes with the status: the business date of its change unless given.
void complete_status(const Row& row, const Row* former, Replacement* replacement) {
  bool status_null = false;
  bool on_null = false;
  row.get(columns.status, &status_null);
  row.get(columns.status_on, &on_null);
  if (status_null) {
    if (!on_null) replace(replacement, columns.status_on, static_cast<Datum>(0), true);
    return;
  }
  const bool changed = former == nullptr || !same_text(row, *former, columns.status);
  if (on_null || (changed && former != nullptr && same_date(row, *former, columns.status_on)))
    replace(replacement, columns.status_on, DateADTGetDatum(business_date()));
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_complete_item) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "complete_item")));
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BEFORE(trigger->tg_event))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" must be fired before a row", "complete_item")));
  if (RelationGetRelid(trigger->tg_relation) != columns.relation)
    require_own_table(trigger, "complete_item", "item");
  find_columns(trigger->tg_relation);
  const bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
  const Row row = {is_update ? trigger->tg_newtuple : trigger->tg_trigtuple,
                   RelationGetDescr(trigger->tg_relation)};
  const Row former = {trigger->tg_trigtuple, row.descriptor};
  if (in_restore()) return PointerGetDatum(row.tuple);

  Replacement replacement;
  replacement.count = 0;
  bool is_null = false;
  bool amount_null = false;
  Datum open_amount = row.get(columns.open_amount, &is_null);
  const Datum amount = row.get(columns.amount, &amount_null);
  if (is_null && !is_update && !amount_null) {
    open_amount = amount;
    replace(&replacement, columns.open_amount, amount);
    is_null = false;
  }
  bool due_null = false;
  bool document_null = false;
  row.get(columns.due_date, &due_null);
  const Datum document_date = row.get(columns.document_date, &document_null);
  if (due_null && !document_null) replace(&replacement, columns.due_date, document_date);
  if (!is_null) {
    complete_clearing(row, is_update ? &former : nullptr, open_amount, &replacement);
    complete_status(row, is_update ? &former : nullptr, &replacement);
  }  // else the NOT NULL constraint speaks
  if (replacement.count == 0) return PointerGetDatum(row.tuple);
  return PointerGetDatum(heap_modify_tuple_by_cols(row.tuple, row.descriptor, replacement.count,
                                                   replacement.columns, replacement.values,
                                                   replacement.nulls));
}
