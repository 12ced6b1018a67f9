// Reading item rows. Backend zone. SQL face: sql/install/20_ledger.sql.
#include "search_assign/pg/ledger_item.hpp"

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// ---- item_status codes and their categories, cached by the backend ----

struct StatusEntry {
  char* code;
  size_t length;
  core::StatusCategory category;
  bool excludes;  // keeps its items out of the scenario
};
StatusEntry* statuses = nullptr;
int status_count = 0;
bool statuses_valid = false;
Oid status_relation = InvalidOid;
MemoryContext status_memory = nullptr;

void status_relation_changed(Datum, Oid relation) {
  if (relation == InvalidOid || relation == status_relation) statuses_valid = false;
}

core::StatusCategory category_of(const char* name) {
  if (strcmp(name, "ongoing") == 0) return core::StatusCategory::Ongoing;
  if (strcmp(name, "promise") == 0) return core::StatusCategory::Promise;
  if (strcmp(name, "dispute") == 0) return core::StatusCategory::Dispute;
  if (strcmp(name, "dispute_resolved") == 0) return core::StatusCategory::DisputeResolved;
  return core::StatusCategory::Litigation;
}

void load_statuses() {
  if (status_memory == nullptr)
    status_memory = AllocSetContextCreate(TopMemoryContext, "search_assign statuses", ALLOCSET_SMALL_SIZES);
  status_relation = relation_oid("item_status");
  statuses_valid = true;  // a message that arrives while reading clears it again
  status_count = 0;
  MemoryContextReset(status_memory);
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows =
      spi_select("SELECT code, category, excludes_from_scenario FROM receivables.item_status ORDER BY code");
  MemoryContext caller = MemoryContextSwitchTo(status_memory);
  statuses = static_cast<StatusEntry*>(palloc(sizeof(StatusEntry) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i) {
    statuses[i].code = spi_text(rows, i, 1);
    statuses[i].length = strlen(statuses[i].code);
    statuses[i].category = category_of(spi_text(rows, i, 2));
    statuses[i].excludes = spi_bool(rows, i, 3);
  }
  MemoryContextSwitchTo(caller);
  status_count = static_cast<int>(rows.count);
  SPI_finish();
  end_maintenance(scope);
}

const StatusEntry* find_status(const char* code, size_t length) {
  for (int i = 0; i < status_count; ++i)
    if (statuses[i].length == length && memcmp(statuses[i].code, code, length) == 0) return &statuses[i];
  return nullptr;
}

// However old the transaction's snapshot is. Nobody writes items from then on until the transaction ends. Who
// just does is not waited for, since all other writers would wait behind us: 55P03.
bool is_status_in_use(Datum status) {
  static SpiStatement statement = {
      "SELECT FROM receivables.item i WHERE i.status = $1 LIMIT 1", 1, {TEXTOID}, nullptr};
  Datum values[] = {status};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  spi_execute("LOCK TABLE receivables.item IN SHARE ROW EXCLUSIVE MODE NOWAIT");
  const bool found = spi_query(&statement, values).count > 0;
  SPI_finish();
  end_maintenance(scope);
  return found;
}

core::ItemKind kind_of(Datum kind) {
  struct varlena* text = PG_DETOAST_DATUM_PACKED(kind);
  switch (VARDATA_ANY(text)[0]) {
    case 'i':
      return core::ItemKind::Invoice;
    case 'd':
      return core::ItemKind::DebitNote;
    case 'c':
      return core::ItemKind::CreditNote;
    case 'p':
      return core::ItemKind::Payment;
    default:
      return core::ItemKind::Other;
  }
}

core::Amount ledger_amount(Datum numeric, const char* column) {
  core::Amount amount = 0;
  const AmountStatus status = amount_from_numeric(numeric, amount);
  if (status != AmountStatus::Ok) raise_amount_error(status, column);
  return amount;
}

Datum optional(TupleTableSlot* slot, AttrNumber column, bool* present) {
  *present = !slot->tts_isnull[column - 1];
  return slot->tts_values[column - 1];
}

}  // namespace

ItemColumns item_columns(TupleDesc descriptor) {
  ItemColumns columns;
  columns.item_id = column_number(descriptor, "item_id");
  columns.customer_id = column_number(descriptor, "customer_id");
  columns.kind = column_number(descriptor, "kind");
  columns.document_date = column_number(descriptor, "document_date");
  columns.due_date = column_number(descriptor, "due_date");
  columns.fx_rate = column_number(descriptor, "fx_rate");
  columns.amount = column_number(descriptor, "amount");
  columns.open_amount = column_number(descriptor, "open_amount");
  columns.cleared_on = column_number(descriptor, "cleared_on");
  columns.status = column_number(descriptor, "status");
  columns.status_on = column_number(descriptor, "status_on");
  columns.status_comment = column_number(descriptor, "status_comment");
  columns.resolver = column_number(descriptor, "resolver");
  columns.promised_on = column_number(descriptor, "promised_on");
  columns.specific_action_id = column_number(descriptor, "specific_action_id");
  columns.last = std::max({columns.item_id, columns.customer_id, columns.kind, columns.document_date,
                           columns.due_date, columns.fx_rate, columns.amount, columns.open_amount,
                           columns.cleared_on, columns.status, columns.status_on, columns.status_comment,
                           columns.resolver, columns.promised_on, columns.specific_action_id});
  return columns;
}

core::Amount convert_amount(core::Amount amount, Datum fx_rate) {
  const Datum product = DirectFunctionCall2(numeric_mul, numeric_from_sum(amount), fx_rate);
  const Datum rounded = DirectFunctionCall2(numeric_round, product, Int32GetDatum(core::kAmountDecimals));
  core::Amount converted = 0;
  const AmountStatus status = amount_from_numeric(rounded, converted);
  if (status != AmountStatus::Ok) raise_amount_error(status, "amount x fx_rate");
  return converted;
}

void read_item(TupleTableSlot* slot, const ItemColumns& columns, ItemRow* row) {
  slot_getsomeattrs(slot, columns.last);
  const auto value = [slot](AttrNumber column) { return slot->tts_values[column - 1]; };
  row->item_id = DatumGetInt64(value(columns.item_id));
  row->amount = ledger_amount(value(columns.amount), "amount");
  row->open_amount = ledger_amount(value(columns.open_amount), "open_amount");
  row->fx_rate = value(columns.fx_rate);
  core::Amount rate = 0;
  row->converted = amount_from_numeric(row->fx_rate, rate) != AmountStatus::Ok || rate != core::kAmountScale;

  core::ItemFigures* figures = &row->figures;
  figures->customer_id = DatumGetInt64(value(columns.customer_id));
  figures->amount = row->converted ? convert_amount(row->amount, row->fx_rate) : row->amount;
  figures->open_amount = row->converted ? convert_amount(row->open_amount, row->fx_rate) : row->open_amount;
  figures->document_date = DatumGetDateADT(value(columns.document_date));
  figures->due_date = DatumGetDateADT(value(columns.due_date));
  figures->kind = kind_of(value(columns.kind));
  bool promised = false;
  const Datum promised_on = optional(slot, columns.promised_on, &promised);
  figures->promised_on = promised ? DatumGetDateADT(promised_on) : core::kNoDate;
  row->status = optional(slot, columns.status, &row->has_status);
  row->status_on = optional(slot, columns.status_on, &row->has_status_on);
  row->status_comment = optional(slot, columns.status_comment, &row->has_comment);
  row->resolver = optional(slot, columns.resolver, &row->has_resolver);
  const Datum cleared_on = optional(slot, columns.cleared_on, &row->has_cleared_on);
  row->cleared_on = row->has_cleared_on ? DatumGetDateADT(cleared_on) : 0;
  figures->category = core::StatusCategory::None;
  figures->held = !slot->tts_isnull[columns.specific_action_id - 1];
  if (!row->has_status) return;
  const ItemStatus status = item_status(row->status);
  figures->category = status.category;
  if (status.excludes) figures->held = true;
}

ItemStatus item_status(Datum status) {
  struct varlena* text = PG_DETOAST_DATUM_PACKED(status);
  const char* code = VARDATA_ANY(text);
  const size_t length = VARSIZE_ANY_EXHDR(text);
  if (!statuses_valid) load_statuses();
  const StatusEntry* entry = find_status(code, length);
  if (entry == nullptr) {
    // Perhaps another session has just added it and its message has not been read yet.
    load_statuses();
    entry = find_status(code, length);
  }
  if (entry == nullptr)
    ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                    errmsg("item status \"%.*s\" does not exist", static_cast<int>(length), code),
                    errhint("Insert it into receivables.item_status first.")));
  return {entry->category, entry->excludes};
}

void register_status_callbacks() {
  CacheRegisterRelcacheCallback(status_relation_changed, static_cast<Datum>(0));
}

}  // namespace search_assign::pg

// Statement trigger of item_status: at the commit every session forgets the statuses it has read, after a
// rollback this one does.
SA_FUNCTION(sa_item_status_changed) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "item_status_changed")));
  CacheInvalidateRelcacheByRelid(relation_oid("item_status"));
  PG_RETURN_POINTER(nullptr);
}

SA_FUNCTION(sa_is_status_in_use) { PG_RETURN_BOOL(search_assign::pg::is_status_in_use(PG_GETARG_DATUM(0))); }
