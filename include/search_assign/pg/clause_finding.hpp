// Findings: what each clause of a search's criteria says of the customer at hand, computed by the clause's
// own part of the expression that decides, over the same facts.
#pragma once

#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
}

namespace search_assign::pg {

// Unknown: a value in it is empty. Failed: evaluation raised an error.
enum class ClauseTruth : uint8 { False, True, Unknown, Failed };

// A comparison of numbers or dates in a condition. All palloc'd; nullptr: empty.
struct ClauseComparison {
  bool found;
  const char* measure;    // the compared side as written
  const char* type;       // number, integer or date
  const char* actual;     // its value
  const char* needs;      // operator that makes the condition what its search wants it to be
  const char* threshold;  // the other side's value
  Datum distance;         // numeric: how far apart they are, in days for dates; 0 where one is empty
};

struct ClauseFinding {
  const Clause* clause;
  int32 number;  // 1.. in the order written
  int32 parent;  // 0: the whole
  int32 depth;
  bool wanted;    // the truth with which it would bring its search closer to matching
  bool decisive;  // the first condition because of which the search does not match
  ClauseTruth truth;
  const char* error;  // Failed: the message
  ClauseComparison comparison;
};

inline bool is_as_wanted(const ClauseFinding& finding) {
  return finding.truth == (finding.wanted ? ClauseTruth::True : ClauseTruth::False);
}

struct ClauseFindings {
  int count;
  ClauseFinding* items;
};

// Between begin_shown_values and end_shown_values, which gets its result, values come out as the same texts
// in every session; an error ends it, too.
int begin_shown_values();
void end_shown_values(int settings);

// A search prepared for findings: the states of its clauses. Palloc'd in the current memory context.
struct ClauseStates;
ClauseStates* prepare_findings(const CompiledSearch* search);

// find_clauses evaluates every clause over the facts, at the evaluation date. In the current memory context.
ClauseFindings find_clauses(ClauseStates* states, ExprContext* context, TupleTableSlot* facts);

}  // namespace search_assign::pg
