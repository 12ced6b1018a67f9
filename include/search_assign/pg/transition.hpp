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

// statement_trigger checks that a function was called as an AFTER STATEMENT trigger (39P01).
TriggerData* statement_trigger(FunctionCallInfo fcinfo, const char* function);

}  // namespace search_assign::pg
