// Reading the transition rows of a statement trigger, straight from their tuplestore.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {

struct TransitionRows {
  Tuplestorestate* store;  // nullptr: the event has none
  int read_pointer;
  TupleTableSlot* slot;
  MemoryContext memory;  // of rows read back from disk, which the slot frees itself
};

// open_transition starts reading a transition table from its first row; next_row fills rows->slot.
TransitionRows open_transition(Tuplestorestate* store, Relation relation);
bool next_row(TransitionRows* rows);
void close_transition(TransitionRows* rows);

// statement_trigger checks that a function was called as an AFTER STATEMENT trigger of its own table (39P01):
// on another one its rows would mean something else.
TriggerData* statement_trigger(FunctionCallInfo fcinfo, const char* function, const char* table);
// require_own_table raises 39P01 where a trigger is fired by another table than receivables.<table>.
void require_own_table(const TriggerData* trigger, const char* function, const char* table);

}  // namespace search_assign::pg
