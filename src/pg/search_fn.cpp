// Searches as functions: check_criteria, run_search, try_search. Backend zone.
// SQL face: sql/install/50_search.sql; tests: tests/regress/sql/search.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/search.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

bool follows_from_assignment(const char* column) { return strcmp(column, "next_action_on") == 0; }

Datum text_array(List* names) {
  const int count = list_length(names);
  auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count + 1)));
  int i = 0;
  ListCell* cell = nullptr;
  foreach (cell, names) values[i++] = CStringGetTextDatum(static_cast<char*>(lfirst(cell)));
  return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Bitmapset* all_columns(Relation facts) {
  Bitmapset* columns = nullptr;
  for (int i = 1; i <= RelationGetDescr(facts)->natts; ++i) columns = bms_add_member(columns, i);
  return columns;
}

// Joins position to customer by position's order and returns the facts of the customers that match. The
// criteria is evaluated as the ledger's transactions do, so AND and OR keep their order.
void scan_matches(ReturnSetInfo* result, const char* criteria) {
  check_may_read_facts();
  Relation facts = table_open(relation_oid("customer_facts"), AccessShareLock);
  Bitmapset* columns = all_columns(facts);
  const Configuration* config = configuration_of_search("", criteria, columns);
  Facts* search_facts = config->facts;
  PositionAccess* access = open_positions(AccessShareLock);
  ChangeQueue* queue = open_change_queue(false);
  MemoryContext row_memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign row", ALLOCSET_DEFAULT_SIZES);
  Snapshot snapshot = GetActiveSnapshot();
  TableScanDesc scan = table_beginscan(access->position.relation, snapshot, 0, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, access->position.slot)) {
    CHECK_FOR_INTERRUPTS();
    bool is_null = false;
    const int64 customer_id =
        DatumGetInt64(get_column(access->position.slot, access->columns.customer_id, &is_null));
    if (!find_customer(access, customer_id, snapshot)) continue;
    MemoryContextReset(row_memory);
    MemoryContext caller = MemoryContextSwitchTo(row_memory);
    start_change(access);
    const QueuedChanges queued = read_queued(queue, customer_id, snapshot);
    if (queued.count > 0) add_changes(access, queued, nullptr, 0);
    MemoryContextSwitchTo(caller);
    ResetExprContext(search_facts->context);
    evaluate_facts(search_facts, columns, access->customer.slot, access->changed);
    search_facts->context->ecxt_scantuple = search_facts->slot;
    const Datum matches = ExecEvalExprSwitchContext(config->searches->state, search_facts->context, &is_null);
    if (!is_null && DatumGetBool(matches)) tuplestore_puttupleslot(result->setResult, search_facts->slot);
  }
  table_endscan(scan);
  MemoryContextDelete(row_memory);
  close_change_queue(queue);
  close_positions(access);
  table_close(facts, NoLock);
}

char* saved_criteria(const char* name) {
  static SpiStatement statement = {
      "SELECT s.criteria FROM receivables.search s WHERE s.name = $1", 1, {TEXTOID}, nullptr};
  MemoryContext caller = CurrentMemoryContext;
  Datum values[] = {CStringGetTextDatum(name)};
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows = spi_query_read_only(&statement, values);
  if (rows.count == 0)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("search \"%s\" does not exist", name),
                    errhint("See receivables.search for the saved searches.")));
  MemoryContext spi = MemoryContextSwitchTo(caller);
  char* criteria = spi_text(rows, 0, 1);
  MemoryContextSwitchTo(spi);
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(caller);
  return criteria;
}

void parse_only(void* criteria) {
  Relation facts = table_open(relation_oid("customer_facts"), AccessShareLock);
  parse_criteria(static_cast<char*>(criteria), facts);
  table_close(facts, AccessShareLock);
}

}  // namespace

const char* criteria_of_search(const char* name) {
  char* criteria = saved_criteria(name);
  CaughtError error;
  if (!run_guarded(parse_only, criteria, &error))
    ereport(
        ERROR,
        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("search \"%s\" has become invalid", name),
         errdetail_internal("%s", error.message),
         errhint("Save a valid criteria: UPDATE receivables.search SET criteria = ... WHERE name = ...")));
  return criteria;
}

}  // namespace search_assign::pg

SA_FUNCTION(sa_check_criteria) {
  using namespace search_assign::pg;
  char* criteria = text_to_cstring(PG_GETARG_TEXT_PP(0));
  TupleDesc result = nullptr;
  if (get_call_result_type(fcinfo, nullptr, &result) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "return type must be a row type");
  Relation facts = table_open(relation_oid("customer_facts"), AccessShareLock);
  Expr* expression = parse_criteria(criteria, facts)->expression;
  List* columns = NIL;
  List* assigned = NIL;
  Bitmapset* used = used_attributes(expression);
  for (int column = bms_next_member(used, -1); column >= 0; column = bms_next_member(used, column)) {
    char* name = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(facts), column - 1)->attname));
    columns = lappend(columns, name);
    if (follows_from_assignment(name)) assigned = lappend(assigned, name);
  }
  bool daily = false;
  ListCell* cell = nullptr;
  foreach (cell, time_terms(expression, facts))
    if (static_cast<TimeTerm*>(lfirst(cell))->kind == TimeTermKind::Daily) daily = true;
  table_close(facts, AccessShareLock);
  Datum values[] = {text_array(columns), text_array(assigned), BoolGetDatum(daily)};
  bool nulls[] = {false, false, false};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result), values, nulls)));
}

SA_FUNCTION(sa_run_search) {
  char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  InitMaterializedSRF(fcinfo, 0);
  search_assign::pg::scan_matches(reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo),
                                  search_assign::pg::criteria_of_search(name));
  PG_RETURN_NULL();
}

SA_FUNCTION(sa_try_search) {
  char* criteria = text_to_cstring(PG_GETARG_TEXT_PP(0));
  InitMaterializedSRF(fcinfo, 0);
  search_assign::pg::scan_matches(reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo), criteria);
  PG_RETURN_NULL();
}
