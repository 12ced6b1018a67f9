// Criteria: what the bare grammar already tells. Refusals in words of this extension, before
// PostgreSQL's analyser would refuse in words of its own; unknown names with suggestions.
// Backend zone. The deciding checks are those of criteria_check.cpp; tests: criteria.sql.
#include "search_assign/pg/criteria_check.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type_d.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace search_assign::pg {

namespace {

constexpr const char* kOneCustomerHint =
    "Criteria look at one row of customer_facts; sums and counts over items are columns of it already.";
constexpr const char* kNoRowHint = "Name the columns that are meant.";

// ---- literals that read the clock -----------------------------------------------------------

bool is_clock_word(const char* word, size_t length) {
  constexpr std::array<std::string_view, 4> kWords = {"now", "today", "tomorrow", "yesterday"};
  for (std::string_view clock : kWords) {
    if (length == clock.size() && pg_strncasecmp(word, clock.data(), length) == 0) return true;
  }
  return false;
}

// Whether the text has such a word. Quotes and backslashes vanish when array and range texts are read, so
// they do not separate words here.
bool mentions_clock(const char* text) {
  char word[16];
  size_t length = 0;
  for (const char* at = text;; at++) {
    if (*at == '"' || *at == '\\') continue;
    bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
    if (letter) {
      if (length < sizeof word) word[length] = *at;
      length++;
      continue;
    }
    if (length <= sizeof word && is_clock_word(word, length)) return true;
    if (*at == '\0') return false;
    length = 0;
  }
}

void remember_literal(A_Const* literal, CriteriaCheck* check) {
  if (literal->isnull || !IsA(&literal->val, String)) return;
  if (mentions_clock(strVal(&literal->val))) check->clock_literals = lappend(check->clock_literals, literal);
}

// ---- columns --------------------------------------------------------------------------------

bool is_system_column(const char* name) {
  for (const char* system : {"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"}) {
    if (strcmp(name, system) == 0) return true;
  }
  return false;
}

[[noreturn]] void raise_unknown_column(const CriteriaCheck* check, const ColumnRef* column,
                                       const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                  errmsg("column \"%s\" does not exist", NameListToString(column->fields)),
                  errhint("%s", hint), parser_errposition(check->pstate, column->location)));
  pg_unreachable();
}

// customer_facts.x and receivables.customer_facts.x are columns; any other qualifier names no table here.
bool is_facts_qualifier(const List* fields, Relation facts) {
  int last = list_length(fields) - 2;
  if (strcmp(strVal(list_nth(fields, last)), RelationGetRelationName(facts)) != 0) return false;
  if (last == 0) return true;
  const char* schema = get_namespace_name(RelationGetNamespace(facts));
  return last == 1 && strcmp(strVal(linitial(fields)), schema) == 0;
}

const char* qualified_hint(const CriteriaCheck* check, const ColumnRef* column) {
  const char* first = strVal(linitial(column->fields));
  const char* last = strVal(llast(column->fields));
  if (find_column(check->facts, last) != InvalidAttrNumber) return psprintf("Write \"%s\" alone.", last);
  AttrNumber outer = find_column(check->facts, first);
  if (outer == InvalidAttrNumber) return column_hint(check->facts, last);
  Oid type = TupleDescAttr(RelationGetDescr(check->facts), outer - 1)->atttypid;
  if (type == JSONBOID) return psprintf("Write %s->>'%s'.", first, last);
  for (const char* function : kCriteriaFunctions) {
    if (strcmp(function, last) == 0) return psprintf("Write %s(%s).", last, first);
  }
  return column_hint(check->facts, last);
}

void check_column(const ColumnRef* column, const CriteriaCheck* check) {
  const Node* last = static_cast<const Node*>(llast(column->fields));
  if (IsA(last, A_Star)) refuse(check, column->location, "Whole-row references are not allowed.", kNoRowHint);
  const char* name = strVal(last);
  bool qualified = list_length(column->fields) > 1;
  if (qualified && !is_facts_qualifier(column->fields, check->facts)) {
    raise_unknown_column(check, column, qualified_hint(check, column));
  }
  if (find_column(check->facts, name) != InvalidAttrNumber) return;
  if (!qualified && strcmp(name, RelationGetRelationName(check->facts)) == 0) {
    refuse(check, column->location, "Whole-row references are not allowed.", kNoRowHint);
  }
  if (is_system_column(name)) {
    refuse(check, column->location, "System columns are not allowed.", column_hint(check->facts, name));
  }
  raise_unknown_column(check, column, column_hint(check->facts, name));
}

// ---- functions ------------------------------------------------------------------------------

bool reads_clock(const char* name) {
  for (const char* clock :
       {"now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday"}) {
    if (strcmp(name, clock) == 0) return true;
  }
  return false;
}

// Why no function of a name can be called; None where one of them might be.
enum class CallKind { None, Aggregate, Window, Set, Volatile };

CallKind kind_of(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return CallKind::None;
  auto* row = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  CallKind kind = CallKind::None;
  if (row->prokind == PROKIND_AGGREGATE) kind = CallKind::Aggregate;
  if (row->prokind == PROKIND_WINDOW) kind = CallKind::Window;
  if (row->prokind == PROKIND_FUNCTION && row->proretset) kind = CallKind::Set;
  if (kind == CallKind::None && row->provolatile == PROVOLATILE_VOLATILE) kind = CallKind::Volatile;
  ReleaseSysCache(tuple);
  return kind;
}

CallKind common_kind(FuncCandidateList candidates) {
  for (FuncCandidateList next = candidates; next != nullptr; next = next->next) {
    if (kind_of(next->oid) == CallKind::None) return CallKind::None;
  }
  return kind_of(candidates->oid);
}

[[noreturn]] void raise_unknown_function(const FuncCall* call, const CriteriaCheck* check) {
  const char* name = strVal(llast(call->funcname));
  const char* hint = find_column(check->facts, name) != InvalidAttrNumber
                         ? psprintf("\"%s\" is a column; write it without brackets.", name)
                         : function_hint(name);
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                  errmsg("function %s() does not exist", NameListToString(call->funcname)),
                  errhint("%s", hint), parser_errposition(check->pstate, call->location)));
  pg_unreachable();
}

void check_call_decoration(const FuncCall* call, const CriteriaCheck* check) {
  if (call->over != nullptr)
    refuse(check, call->location, "Window functions are not allowed.", kOneCustomerHint);
  if (call->agg_star || call->agg_distinct || call->agg_within_group || call->agg_filter != nullptr ||
      call->agg_order != NIL) {
    refuse(check, call->location, "Aggregate functions are not allowed.", kOneCustomerHint);
  }
}

// The analyser finds no conversion from what is cast to type unknown, and says so by an internal error.
void refuse_unknown_type(Oid type, int location, const CriteriaCheck* check) {
  if (type == UNKNOWNOID) refuse(check, location, "Type unknown is not allowed.", "Name a built-in type.");
}

// A name that is no function may still be a type: date('2024-01-31').
bool is_type_name(const FuncCall* call, const CriteriaCheck* check) {
  const Oid type = LookupTypeNameOid(nullptr, makeTypeNameFromNameList(call->funcname), true);
  refuse_unknown_type(type, call->location, check);
  return OidIsValid(type);
}

void check_call(const FuncCall* call, const CriteriaCheck* check) {
  check_call_decoration(call, check);
  const char* name = strVal(llast(call->funcname));
  if (reads_clock(name)) {
    refuse(check, call->location, psprintf("Function %s() reads the session's clock.", name), kClockHint);
  }
  FuncCandidateList candidates = FuncnameGetCandidates(call->funcname, -1, NIL, false, false, false, true);
  if (candidates == nullptr) {
    if (is_type_name(call, check)) return;
    raise_unknown_function(call, check);
  }
  switch (common_kind(candidates)) {
    case CallKind::Aggregate:
      refuse(check, call->location, "Aggregate functions are not allowed.", kOneCustomerHint);
    case CallKind::Window:
      refuse(check, call->location, "Window functions are not allowed.", kOneCustomerHint);
    case CallKind::Set:
      refuse(check, call->location, "Set-returning functions are not allowed.", kOneCustomerHint);
    // Here already, so that nextval('x') is not answered by a look into the catalogs.
    case CallKind::Volatile:
      refuse(check, call->location, psprintf("Function %s() is volatile.", name), nullptr);
    case CallKind::None:
      break;
  }
}

// ---- everything else ------------------------------------------------------------------------

void check_type_name(TypeName* type, const CriteriaCheck* check) {
  if (type->setof || type->pct_type) {
    refuse(check, type->location, "SETOF and %TYPE are not allowed.", "Name a built-in type.");
  }
  Oid oid = LookupTypeNameOid(nullptr, type, true);
  refuse_unknown_type(oid, type->location, check);
  if (!OidIsValid(oid) || is_criteria_type(oid, check)) return;
  // Before the analyser would hand a literal to the type's own input function.
  refuse_type(check, oid, type->location);
}

[[noreturn]] void refuse_value_function(const SQLValueFunction* function, const CriteriaCheck* check) {
  switch (function->op) {
    case SVFOP_CURRENT_ROLE:
    case SVFOP_CURRENT_USER:
    case SVFOP_USER:
    case SVFOP_SESSION_USER:
    case SVFOP_CURRENT_CATALOG:
    case SVFOP_CURRENT_SCHEMA:
      refuse(check, function->location, "The user and the session are not allowed in criteria.",
             "Criteria mean the same for everybody; compare a column such as sales_rep with a constant.");
    default:
      refuse(check, function->location, "The session's clock is not allowed in criteria.", kClockHint);
  }
}

[[noreturn]] void refuse_node(Node* node, const CriteriaCheck* check) {
  int location = exprLocation(node);
  switch (nodeTag(node)) {
    case T_SubLink:
      refuse(check, location, "Sub-selects are not allowed.", kOneCustomerHint);
    case T_ParamRef:
      refuse(check, location, "Parameters are not allowed.", "Write the value itself into the criteria.");
    case T_SQLValueFunction:
      refuse_value_function(castNode(SQLValueFunction, node), check);
    case T_GroupingFunc:
      refuse(check, location, "Aggregate functions are not allowed.", kOneCustomerHint);
    case T_XmlExpr:
    case T_XmlSerialize:
      refuse(check, location, "XML is not allowed.", nullptr);
    case T_SetToDefault:
      refuse(check, location, "DEFAULT is not allowed.", nullptr);
    case T_A_Star:
      refuse(check, location, "Whole-row references are not allowed.", kNoRowHint);
    default:
      refuse(check, location, "This construct is not allowed.", nullptr);
  }
}

bool raw_walker(Node* node, void* context) {
  if (node == nullptr) return false;
  check_stack_depth();
  auto* check = static_cast<CriteriaCheck*>(context);
  switch (nodeTag(node)) {
    case T_List:
    case T_String:
    case T_Integer:
    case T_Float:
    case T_Boolean:
    case T_BitString:
    case T_A_Expr:
    case T_BoolExpr:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_A_ArrayExpr:
    case T_RowExpr:
    case T_A_Indirection:
    case T_A_Indices:
    case T_NamedArgExpr:
    case T_TypeCast:
    case T_CollateClause:
      break;
    case T_A_Const:
      remember_literal(castNode(A_Const, node), check);
      break;
    case T_ColumnRef:
      check_column(castNode(ColumnRef, node), check);
      break;
    case T_FuncCall:
      check_call(castNode(FuncCall, node), check);
      break;
    case T_TypeName:
      check_type_name(castNode(TypeName, node), check);
      break;
    default:
      refuse_node(node, check);
  }
  return raw_expression_tree_walker(node, tree_walker(raw_walker), context);
}

}  // namespace

void check_raw_criteria(Node* raw, CriteriaCheck* check) { (void)raw_walker(raw, check); }

}  // namespace search_assign::pg
