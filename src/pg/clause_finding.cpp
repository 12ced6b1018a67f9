// Findings about the clauses of a search. Backend zone. Tests: tests/regress/sql/explain_assignment.sql.
#include "search_assign/pg/clause_finding.hpp"

#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/criteria_linear.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
}

namespace search_assign::pg {
namespace {

// Operators in the order of the B-tree strategies, 0 unused.
constexpr const char* kOperators[] = {"", "<", "<=", "=", ">=", ">", "<>"};
constexpr int kNegated[] = {0, 4, 5, 6, 1, 2, 3};
constexpr int kCommuted[] = {0, 5, 4, 3, 2, 1, 6};
constexpr int kNotSince = BTLessEqualStrategyNumber;

struct Side {
  Oid type;
  ExprState* state;  // nullptr: not_since's threshold, business date - days
};

// One comparison of a condition. The measure is the side that reads columns.
struct Comparison {
  int strategy;      // of measure OP threshold
  ExprState* state;  // of the comparison itself
  Side measure;
  Side threshold;
  int32 days;  // of not_since
  Node* node;  // the measure
  const char* words;
};

}  // namespace

struct ClauseStates {
  const CompiledSearch* search;
  const Clause* clause;
  ExprState* state;
  bool guarded;
  int32 count;  // of clauses, itself included
  // Of a condition: its comparisons, and how BETWEEN joins two of them.
  int comparison_count;
  bool any_suffices;
  Comparison comparisons[2];
  ClauseStates** children;
};

namespace {

// ---- which comparison a condition makes -----------------------------------------------------

bool is_number(Oid type) {
  return type == NUMERICOID || type == INT2OID || type == INT4OID || type == INT8OID || type == FLOAT4OID ||
         type == FLOAT8OID;
}

bool is_measurable(Oid left, Oid right) {
  return (is_number(left) && is_number(right)) || (left == DATEOID && right == DATEOID);
}

int strategy_of(Oid op) {
  const List* interpretations = get_op_btree_interpretation(op);
  if (interpretations == NIL) return 0;
  return static_cast<OpBtreeInterpretation*>(linitial(interpretations))->strategy;
}

bool reads_columns(Node* node) { return !bms_is_empty(used_attributes(reinterpret_cast<Expr*>(node))); }

Side side_of(Node* node) { return {exprType(node), ExecInitExpr(reinterpret_cast<Expr*>(node), nullptr)}; }

// The words of one side, without an operator's marks and blanks around them.
const char* words_between(const char* text, int first, int end) {
  constexpr const char* kAround = " \t\n\r<>=!()";
  while (first < end && strchr(" \t\n\r<>=!", text[first]) != nullptr) ++first;
  while (end > first && strchr(" \t\n\r<>=!", text[end - 1]) != nullptr) --end;
  // Parentheses of another part of the condition.
  int depth = 0;
  for (int i = first; i < end; ++i) depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
  while (depth > 0 && first < end && strchr(kAround, text[first]) != nullptr) depth -= text[first++] == '(';
  while (depth < 0 && end > first && strchr(kAround, text[end - 1]) != nullptr) depth += text[--end] == ')';
  return pnstrdup(text + first, static_cast<Size>(end - first));
}

void add_comparison(ClauseStates* states, OpExpr* operation) {
  if (list_length(operation->args) != 2 || states->comparison_count == 2) return;
  auto* left = static_cast<Node*>(linitial(operation->args));
  auto* right = static_cast<Node*>(lsecond(operation->args));
  const int strategy = strategy_of(operation->opno);
  if (strategy == 0 || operation->location < 0 || !is_measurable(exprType(left), exprType(right))) return;
  const bool turned = !reads_columns(left);
  if (turned && !reads_columns(right)) return;
  const char* text = states->search->criteria;
  const int first = states->clause->first;
  Comparison* comparison = &states->comparisons[states->comparison_count++];
  comparison->strategy = turned ? kCommuted[strategy] : strategy;
  comparison->state = ExecInitExpr(reinterpret_cast<Expr*>(operation), nullptr);
  comparison->node = turned ? right : left;
  comparison->measure = side_of(comparison->node);
  comparison->threshold = side_of(turned ? left : right);
  comparison->words = turned ? words_between(text, operation->location, first + states->clause->length)
                             : words_between(text, first, operation->location);
}

// not_since(date, days): empty, or date <= business date - days.
void add_not_since(ClauseStates* states, FuncExpr* call) {
  auto* date = static_cast<Node*>(linitial(call->args));
  auto* days = static_cast<Node*>(lsecond(call->args));
  // Arguments by name stand in any order.
  const bool by_name = strstr(pnstrdup(states->search->criteria + states->clause->first,
                                       static_cast<Size>(states->clause->length)),
                              "=>") != nullptr;
  if (by_name || !IsA(days, Const) || castNode(Const, days)->constisnull || !reads_columns(date)) return;
  const char* text = states->search->criteria;
  const int first = states->clause->first;
  const char* open =
      static_cast<const char*>(memchr(text + first, '(', static_cast<size_t>(states->clause->length)));
  const char* comma = nullptr;
  for (const char* at = text + first; at < text + first + states->clause->length; ++at)
    if (*at == ',') comma = at;
  if (open == nullptr || comma == nullptr) return;
  Comparison* comparison = &states->comparisons[states->comparison_count++];
  comparison->strategy = kNotSince;
  comparison->state = states->state;
  comparison->measure = side_of(date);
  comparison->threshold = {DATEOID, nullptr};
  comparison->days = DatumGetInt32(castNode(Const, days)->constvalue);
  comparison->words = words_between(text, static_cast<int>(open - text) + 1, static_cast<int>(comma - text));
}

void add_comparisons(ClauseStates* states, Node* node) {
  if (IsA(node, OpExpr)) return add_comparison(states, castNode(OpExpr, node));
  if (is_own_call(node, "not_since")) return add_not_since(states, castNode(FuncExpr, node));
  if (!IsA(node, BoolExpr)) return;
  const BoolExpr* junction = castNode(BoolExpr, node);  // BETWEEN
  if (junction->boolop == NOT_EXPR || list_length(junction->args) != 2) return;
  states->any_suffices = junction->boolop == OR_EXPR;
  ListCell* cell = nullptr;
  foreach (cell, junction->args) {
    auto* part = static_cast<Node*>(lfirst(cell));
    if (IsA(part, OpExpr)) add_comparison(states, castNode(OpExpr, part));
  }
  // Comparisons of rows look alike, but compare different values.
  if (states->comparison_count != 2 || !equal(states->comparisons[0].node, states->comparisons[1].node))
    states->comparison_count = 0;
}

ClauseStates* prepare_clause(const CompiledSearch* search, const Clause* clause) {
  auto* states = static_cast<ClauseStates*>(palloc0(sizeof(ClauseStates)));
  states->search = search;
  states->clause = clause;
  states->guarded = search->can_fail;
  states->state = ExecInitExpr(clause->expression, nullptr);
  states->count = 1;
  if (clause->kind == ClauseKind::Condition)
    add_comparisons(states, reinterpret_cast<Node*>(clause->expression));
  states->children = static_cast<ClauseStates**>(
      palloc0(sizeof(ClauseStates*) * static_cast<size_t>(clause->child_count + 1)));
  for (int i = 0; i < clause->child_count; ++i) {
    states->children[i] = prepare_clause(search, clause->children[i]);
    states->count += states->children[i]->count;
  }
  return states;
}

// ---- evaluation -----------------------------------------------------------------------------

struct Evaluation {
  ExprState* state;
  ExprContext* context;
  Datum value;
  bool is_null;
};

void evaluate(void* argument) {
  auto* evaluation = static_cast<Evaluation*>(argument);
  evaluation->value = ExecEvalExprSwitchContext(evaluation->state, evaluation->context, &evaluation->is_null);
}

// nullptr, or the error's message.
const char* try_evaluate(Evaluation* evaluation, bool guarded) {
  if (!guarded) {
    evaluate(evaluation);
    return nullptr;
  }
  CaughtError error;
  return run_guarded(evaluate, evaluation, &error) ? nullptr : error.message;
}

void find_truth(const ClauseStates* states, ExprContext* context, ClauseFinding* finding) {
  Evaluation evaluation = {states->state, context, static_cast<Datum>(0), true};
  finding->error = try_evaluate(&evaluation, states->guarded);
  finding->truth = finding->error != nullptr        ? ClauseTruth::Failed
                   : evaluation.is_null             ? ClauseTruth::Unknown
                   : DatumGetBool(evaluation.value) ? ClauseTruth::True
                                                    : ClauseTruth::False;
}

Datum numeric_of(Oid type, Datum value) {
  switch (type) {
    case INT2OID:
      return DirectFunctionCall1(int2_numeric, value);
    case INT4OID:
      return DirectFunctionCall1(int4_numeric, value);
    case INT8OID:
      return DirectFunctionCall1(int8_numeric, value);
    case FLOAT4OID:
      return DirectFunctionCall1(float4_numeric, value);
    case FLOAT8OID:
      return DirectFunctionCall1(float8_numeric, value);
    default:
      return value;
  }
}

const char* text_of(Oid type, Datum value, bool is_null) {
  if (is_null) return nullptr;
  Oid output = InvalidOid;
  bool is_varlena = false;
  getTypeOutputInfo(type, &output, &is_varlena);
  return OidOutputFunctionCall(output, value);
}

// 0: one side is empty or infinite.
Datum distance_of(const Evaluation& measure, Oid measure_type, const Evaluation& threshold,
                  Oid threshold_type) {
  if (measure.is_null || threshold.is_null) return static_cast<Datum>(0);
  if (measure_type == DATEOID) {
    const DateADT a = DatumGetDateADT(measure.value);
    const DateADT b = DatumGetDateADT(threshold.value);
    if (DATE_NOT_FINITE(a) || DATE_NOT_FINITE(b)) return static_cast<Datum>(0);
    return NumericGetDatum(int64_to_numeric(std::abs(int64{a} - int64{b})));
  }
  return DirectFunctionCall1(numeric_abs,
                             DirectFunctionCall2(numeric_sub, numeric_of(measure_type, measure.value),
                                                 numeric_of(threshold_type, threshold.value)));
}

const char* type_name(Oid type) {
  if (type == DATEOID) return "date";
  return type == NUMERICOID || type == FLOAT4OID || type == FLOAT8OID ? "number" : "integer";
}

bool compare(const Comparison& comparison, bool guarded, bool wanted, ExprContext* context,
             ClauseComparison* found) {
  Evaluation measure = {comparison.measure.state, context, static_cast<Datum>(0), true};
  Evaluation threshold = {comparison.threshold.state, context, static_cast<Datum>(0), true};
  if (try_evaluate(&measure, guarded) != nullptr) return false;
  if (threshold.state == nullptr) {
    threshold.value = DateADTGetDatum(business_date() - comparison.days);
    threshold.is_null = false;
  } else if (try_evaluate(&threshold, guarded) != nullptr) {
    return false;
  }
  found->found = true;
  found->measure = comparison.words;
  found->type = type_name(comparison.measure.type);
  found->actual = text_of(comparison.measure.type, measure.value, measure.is_null);
  found->needs = kOperators[wanted ? comparison.strategy : kNegated[comparison.strategy]];
  found->threshold = text_of(comparison.threshold.type, threshold.value, threshold.is_null);
  found->distance = distance_of(measure, comparison.measure.type, threshold, comparison.threshold.type);
  return true;
}

bool is_nearer(const ClauseComparison& a, const ClauseComparison& b) {
  if (a.distance == static_cast<Datum>(0) || b.distance == static_cast<Datum>(0))
    return a.distance != static_cast<Datum>(0);
  return DatumGetBool(DirectFunctionCall2(numeric_lt, a.distance, b.distance));
}

bool is_true(const Comparison& comparison, bool guarded, ExprContext* context) {
  Evaluation evaluation = {comparison.state, context, static_cast<Datum>(0), true};
  return try_evaluate(&evaluation, guarded) == nullptr && !evaluation.is_null &&
         DatumGetBool(evaluation.value);
}

// Of BETWEEN's two comparisons the one that decides: where both are needed, the first that is false; where
// one suffices, the first that is true; else the nearer one.
int deciding_comparison(const ClauseStates* states, ExprContext* context, const ClauseComparison* found) {
  for (int i = 0; i < 2; ++i)
    if (is_true(states->comparisons[i], states->guarded, context) == states->any_suffices) return i;
  return is_nearer(found[1], found[0]) ? 1 : 0;
}

void find_comparison(const ClauseStates* states, ExprContext* context, ClauseFinding* finding) {
  ClauseComparison found[2];
  memset(found, 0, sizeof found);
  for (int i = 0; i < states->comparison_count; ++i)
    if (!compare(states->comparisons[i], states->guarded, finding->wanted, context, &found[i])) return;
  if (states->comparison_count == 0) return;
  finding->comparison =
      states->comparison_count == 1 ? found[0] : found[deciding_comparison(states, context, found)];
}

void find_clause(const ClauseStates* states, ExprContext* context, ClauseFindings* findings, int32 parent,
                 int32 depth, bool wanted) {
  ClauseFinding* finding = &findings->items[findings->count++];
  const int32 number = findings->count;
  finding->clause = states->clause;
  finding->number = number;
  finding->parent = parent;
  finding->depth = depth;
  finding->wanted = wanted;
  find_truth(states, context, finding);
  find_comparison(states, context, finding);
  for (int i = 0; i < states->clause->child_count; ++i)
    find_clause(states->children[i], context, findings, number, depth + 1,
                wanted == (states->clause->kind != ClauseKind::Not));
}

// The first part of each clause that is not as wanted, down to a condition.
void mark_decisive(ClauseFindings* findings) {
  if (is_as_wanted(findings->items[0])) return;
  int at = 0;
  while (findings->items[at].clause->child_count > 0) {
    const int32 parent = findings->items[at].number;
    do ++at;
    while (findings->items[at].parent != parent || is_as_wanted(findings->items[at]));
  }
  findings->items[at].decisive = true;
}

}  // namespace

int begin_shown_values() {
  const int settings = NewGUCNestLevel();
  (void)set_config_option("DateStyle", "ISO, YMD", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                          false);
  return settings;
}

void end_shown_values(int settings) { AtEOXact_GUC(true, settings); }

ClauseStates* prepare_findings(const CompiledSearch* search) {
  return prepare_clause(search, search->clauses);
}

ClauseFindings find_clauses(ClauseStates* states, ExprContext* context, TupleTableSlot* facts) {
  ClauseFindings findings = {
      0, static_cast<ClauseFinding*>(palloc0(sizeof(ClauseFinding) * static_cast<size_t>(states->count)))};
  context->ecxt_scantuple = facts;
  find_clause(states, context, &findings, 0, 0, true);
  mark_decisive(&findings);
  return findings;
}

}  // namespace search_assign::pg
