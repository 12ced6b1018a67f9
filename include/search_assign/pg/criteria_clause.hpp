// Clauses: criteria as a tree of the ANDs, ORs and NOTs that its author wrote, each with its words and with
// its part of the expression that decides.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace search_assign::pg {

enum class ClauseKind : uint8 { Condition, And, Or, Not };

struct Clause {
  ClauseKind kind;
  int32 first;  // of its words in the criteria, in bytes, without enclosing parentheses
  int32 length;
  Expr* expression;  // the part of the search's expression
  int32 child_count;
  Clause** children;
};

// plan_clauses plans the analysed expression condition by condition, so that its ANDs, ORs and NOTs stay as
// written, and returns the tree of its clauses; the root's expression is the whole. The text has been
// accepted by the grammar.
Clause* plan_clauses(const char* criteria, Node* typed);

// copy_clauses copies the tree, and with it the expression, into the current memory context.
Clause* copy_clauses(const Clause* clause);

}  // namespace search_assign::pg
