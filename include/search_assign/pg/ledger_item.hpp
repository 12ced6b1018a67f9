// Reading item rows: from transition tables, the heap or query results.
#pragma once

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "executor/tuptable.h"
}

namespace search_assign::pg {

struct ItemColumns {
  AttrNumber item_id, customer_id, kind, document_date, due_date, fx_rate, amount, open_amount, cleared_on,
      status, status_on, status_comment, resolver, promised_on, specific_action_id;
  AttrNumber last;  // the largest of them
};
ItemColumns item_columns(TupleDesc descriptor);

// One item row as the ledger triggers need it. Datums point into the slot.
struct ItemRow {
  core::ItemFigures figures;  // converted to the currency of the customer's company
  int64 item_id;
  core::Amount amount;       // in the document's currency
  core::Amount open_amount;  // likewise
  Datum fx_rate;
  bool converted;  // fx_rate is not 1
  Datum status, status_on, status_comment, resolver;
  bool has_status, has_status_on, has_comment, has_resolver, has_cleared_on;
  core::Date cleared_on;

  [[nodiscard]] core::Amount paid() const { return amount - open_amount; }
};

// read_item reads a row; raises 22003 for amounts out of range and 23503 for an unknown status.
void read_item(TupleTableSlot* slot, const ItemColumns& columns, ItemRow* row);

// convert_amount gives amount x fx_rate, rounded half away from zero to 4 decimals; 22003 out of range.
core::Amount convert_amount(core::Amount amount, Datum fx_rate);

// item_status looks a status up; raises 23503 for an unknown one.
struct ItemStatus {
  core::StatusCategory category;
  bool excludes;  // keeps its items out of the scenario
};
ItemStatus item_status(Datum status);
void register_status_callbacks();

}  // namespace search_assign::pg
