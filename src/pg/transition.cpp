// Transition rows of statement triggers. Backend zone.
#include "search_assign/pg/transition.hpp"

#include "search_assign/pg/catalog.hpp"

namespace search_assign::pg {

TransitionRows open_transition(Tuplestorestate* store, Relation relation) {
  TransitionRows rows = {store, -1, nullptr, CurrentMemoryContext};
  if (store == nullptr || tuplestore_tuple_count(store) == 0) {
    rows.store = nullptr;
    return rows;
  }
  rows.read_pointer = tuplestore_alloc_read_pointer(store, EXEC_FLAG_REWIND);
  tuplestore_select_read_pointer(store, rows.read_pointer);
  tuplestore_rescan(store);
  rows.slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple);
  return rows;
}

bool next_row(TransitionRows* rows) {
  if (rows->store == nullptr) return false;
  // Others may have read the store since.
  tuplestore_select_read_pointer(rows->store, rows->read_pointer);
  MemoryContext caller = MemoryContextSwitchTo(rows->memory);
  const bool found = tuplestore_gettupleslot(rows->store, true, false, rows->slot);
  MemoryContextSwitchTo(caller);
  return found;
}

void close_transition(TransitionRows* rows) {
  if (rows->slot != nullptr) ExecDropSingleTupleTableSlot(rows->slot);
}

void require_own_table(const TriggerData* trigger, const char* function, const char* table) {
  if (RelationGetRelid(trigger->tg_relation) != relation_oid(table))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" is a trigger of \"%s.%s\" alone", function, kSchema, table)));
}

TriggerData* statement_trigger(FunctionCallInfo fcinfo, const char* function, const char* table) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", function)));
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" must be fired after a statement", function)));
  require_own_table(trigger, function, table);
  return trigger;
}

}  // namespace search_assign::pg
