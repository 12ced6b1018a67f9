// Evaluation of one search over the facts of one customer. Backend zone. Tests: tests/regress/sql/search.sql.
#include "search_assign/pg/search_evaluation.hpp"

#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "executor/executor.h"
}

namespace search_assign::pg {
namespace {

core::Truth evaluate_state(const Configuration* config, const CompiledSearch& search, TupleTableSlot* facts) {
  ExprContext* context = config->facts->context;
  context->ecxt_scantuple = facts;
  bool is_null = false;
  const Datum result = ExecEvalExprSwitchContext(search.state, context, &is_null);
  return !is_null && DatumGetBool(result) ? core::Truth::True : core::Truth::False;
}

struct Evaluation {
  const Configuration* config;
  const CompiledSearch* search;
  TupleTableSlot* facts;
  core::Truth truth;
};

void evaluate(void* argument) {
  auto* evaluation = static_cast<Evaluation*>(argument);
  evaluation->truth = evaluate_state(evaluation->config, *evaluation->search, evaluation->facts);
}

// What a search raises is caught in a subtransaction that has written nothing.
core::Truth evaluate_guarded(const Configuration* config, int index, TupleTableSlot* facts,
                             SearchFailure* failure) {
  Evaluation evaluation = {config, &config->searches[index], facts, core::Truth::Unchanged};
  CaughtError error;
  if (run_guarded(evaluate, &evaluation, &error)) return evaluation.truth;
  *failure = {index, error.sqlstate, error.message};
  return core::Truth::Unchanged;
}

}  // namespace

core::Truth evaluate_search(const Configuration* config, int index, TupleTableSlot* facts,
                            SearchFailure* failure) {
  const CompiledSearch& search = config->searches[index];
  if (search.state == nullptr) {
    failure->search = index;
    failure->sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    failure->message = pstrdup(search.error);
    return core::Truth::Unchanged;
  }
  return search.can_fail ? evaluate_guarded(config, index, facts, failure)
                         : evaluate_state(config, search, facts);
}

}  // namespace search_assign::pg
