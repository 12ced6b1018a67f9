// Criteria: the whitelist over the analysed expression. Node kinds, types, functions, operators
// and collations have to be known to be harmless; everything else is refused with its position.
//
// "Immutable" alone is no protection: some built-in functions marked so read tables, files or
// settings. They are kept out by their argument types (regclass, regconfig, xml, internal …) and by a
// short list. Before this check literals are read, but nothing is evaluated. Backend zone; tests:
// criteria.sql.
#include "search_assign/pg/criteria_check.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

namespace {

// ---- types -------------------------------------------------------------------------------

// Literals of these are read with the help of the clock where they say 'today'.
bool reads_clock_words(Oid type) {
  Oid element = get_element_type(type);
  switch (OidIsValid(element) ? element : type) {
    case DATEOID:
    case TIMESTAMPOID:
    case TIMEOID:
    case DATERANGEOID:
    case TSRANGEOID:
    case DATEMULTIRANGEOID:
    case TSMULTIRANGEOID:
      return true;
    default:
      return false;
  }
}

// Types that print the same in every session (floats follow extra_float_digits, dates DateStyle).
bool prints_alike(Oid type) {
  switch (type) {
    case BOOLOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
    case UNKNOWNOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case JSONOID:
    case JSONBOID:
    case UUIDOID:
      return true;
    default:
      return false;
  }
}

// ---- functions ------------------------------------------------------------------------------

bool is_own_operator(Oid op, const CriteriaCheck* check) {
  if (!in_extension(OperatorRelationId, op, check)) return false;
  const char* name = get_opname(op);
  for (const char* allowed : {"+", "-", "=", "<>"}) {
    if (strcmp(name, allowed) == 0) return true;
  }
  return false;
}

bool is_listed_function(Oid function) {
  const char* name = get_func_name(function);
  for (const char* allowed : kCriteriaFunctions) {
    if (strcmp(name, allowed) == 0) return true;
  }
  return false;
}

// The arguments of a call or an operator; NIL for nodes without a list of them.
List* arguments_of(const Node* node) {
  if (IsA(node, FuncExpr)) return reinterpret_cast<const FuncExpr*>(node)->args;
  if (IsA(node, OpExpr)) return reinterpret_cast<const OpExpr*>(node)->args;
  return NIL;
}

template <class Accepts>
bool all_arguments(const Node* node, Accepts accepts) {
  ListCell* cell;
  foreach (cell, arguments_of(node)) {
    Oid type = exprType(static_cast<Node*>(lfirst(cell)));
    Oid element = get_element_type(type);
    if (!accepts(OidIsValid(element) ? element : type)) return false;
  }
  return true;
}

// to_date depends on the locale only where its format says TM.
bool has_plain_date_format(const Node* node) {
  List* arguments = arguments_of(node);
  if (list_length(arguments) != 2 || !IsA(lsecond(arguments), Const)) return false;
  Const* format = lsecond_node(Const, arguments);
  if (format->constisnull) return true;
  for (const char* at = TextDatumGetCString(format->constvalue); *at != '\0'; at++) {
    if ((at[0] == 'T' || at[0] == 't') && (at[1] == 'M' || at[1] == 'm')) return false;
  }
  return true;
}

// Stable functions that depend on neither session nor tables for the given arguments. They are stable by
// caution only: their "any" arguments could have an output function that is not immutable.
bool is_harmless_stable(Oid function, const Node* node) {
  switch (function) {
    case F_CONCAT:
    case F_CONCAT_WS:
    case F_TEXTANYCAT:
    case F_ANYTEXTCAT:
    case F_ARRAY_TO_STRING_ANYARRAY_TEXT:
    case F_ARRAY_TO_STRING_ANYARRAY_TEXT_TEXT:
      return all_arguments(node, prints_alike);
    // JSON writes dates and timestamps in ISO form whatever DateStyle says.
    case F_TO_JSONB:
    case F_JSONB_BUILD_ARRAY_ANY:
    case F_JSONB_BUILD_ARRAY_:
    case F_JSONB_BUILD_OBJECT_ANY:
    case F_JSONB_BUILD_OBJECT_:
      return all_arguments(
          node, [](Oid type) { return prints_alike(type) || type == DATEOID || type == TIMESTAMPOID; });
    case F_TO_DATE:
      return has_plain_date_format(node);
    default:
      return false;
  }
}

// Marked immutable, yet they read extra_float_digits, bytea_output or quote_all_identifiers.
bool reads_settings_silently(Oid function) {
  switch (function) {
    case F_FLOAT4OUT:
    case F_FLOAT8OUT:
    case F_BYTEAOUT:
    case F_QUOTE_IDENT:
      return true;
    default:
      return false;
  }
}

enum class Verdict { Allowed, Foreign, OwnNotListed, Volatile, Session };

struct FunctionCheck {
  const CriteriaCheck* check;
  const Node* node;
  bool own_operator;  // the node applies an operator of the extension that is allowed
  Oid function;
  Verdict verdict;
};

Verdict judge(Oid function, const FunctionCheck* context) {
  char volatility = func_volatile(function);
  if (function >= FirstNormalObjectId) {
    if (!in_extension(ProcedureRelationId, function, context->check)) return Verdict::Foreign;
    if (!context->own_operator && !is_listed_function(function)) return Verdict::OwnNotListed;
    return volatility == PROVOLATILE_VOLATILE ? Verdict::Volatile : Verdict::Allowed;
  }
  if (get_func_namespace(function) != PG_CATALOG_NAMESPACE) return Verdict::Foreign;
  if (volatility == PROVOLATILE_VOLATILE) return Verdict::Volatile;
  if (volatility == PROVOLATILE_STABLE) {
    return is_harmless_stable(function, context->node) ? Verdict::Allowed : Verdict::Session;
  }
  return reads_settings_silently(function) ? Verdict::Session : Verdict::Allowed;
}

// Callback of check_functions_in_node: true stops it.
bool check_function(Oid function, void* argument) {
  auto* context = static_cast<FunctionCheck*>(argument);
  context->function = function;
  context->verdict = judge(function, context);
  return context->verdict != Verdict::Allowed;
}

bool is_time_type(Oid type) { return type == DATEOID || type == TIMESTAMPOID || type == TIMEOID; }

// The function reads or gives points in time, so the session's time zone matters.
bool uses_time_zone(Oid function) {
  Oid* types;
  int count;
  Oid result = get_func_signature(function, &types, &count);
  bool found = result == TIMESTAMPTZOID;
  for (int i = 0; i < count; i++) found = found || types[i] == TIMESTAMPTZOID;
  return found;
}

// What the author wrote: an operator or a call.
const char* shown_function(const FunctionCheck& found) {
  if (IsA(found.node, OpExpr)) {
    return psprintf("Operator %s", format_operator(reinterpret_cast<const OpExpr*>(found.node)->opno));
  }
  return psprintf("Function %s", format_procedure(found.function));
}

[[noreturn]] void refuse_session_dependence(const FunctionCheck& found) {
  const Node* node = found.node;
  int location = exprLocation(node);
  if (IsA(node, CoerceViaIO)) {
    Oid from = exprType(reinterpret_cast<const Node*>(reinterpret_cast<const CoerceViaIO*>(node)->arg));
    Oid to = exprType(node);
    const char* hint = to == DATEOID        ? "Use to_date(value, 'YYYY-MM-DD')."
                       : is_time_type(from) ? "Compare dates as dates, or take a part by extract()."
                                            : nullptr;
    refuse(found.check, location,
           psprintf("The cast from %s to %s depends on the session's settings.", format_type_be(from),
                    format_type_be(to)),
           hint);
  }
  if (uses_time_zone(found.function)) {
    refuse(found.check, location, psprintf("%s depends on the session's time zone.", shown_function(found)),
           kTimeZoneHint);
  }
  refuse(found.check, location, psprintf("%s depends on the session or on tables.", shown_function(found)),
         nullptr);
}

[[noreturn]] void refuse_function(const FunctionCheck& found) {
  int location = exprLocation(found.node);
  const char* name = format_procedure(found.function);
  switch (found.verdict) {
    case Verdict::Foreign:
      refuse(found.check, location,
             psprintf("Function %s is neither built in nor one of search_assign.", name), nullptr);
    case Verdict::OwnNotListed:
      refuse(found.check, location, psprintf("Function %s is not meant for criteria.", name), nullptr);
    case Verdict::Volatile:
      refuse(found.check, location, psprintf("Function %s is volatile.", name), nullptr);
    default:
      refuse_session_dependence(found);
  }
}

// ---- nodes ----------------------------------------------------------------------------------

void check_operator(Oid op, FunctionCheck* found) {
  if (op < FirstNormalObjectId) return;
  if (!is_own_operator(op, found->check)) {
    refuse(found->check, exprLocation(found->node),
           psprintf("Operator %s is neither built in nor allowed of search_assign.", format_operator(op)),
           nullptr);
  }
  found->own_operator = true;
}

void check_literal(const Const* literal, const CriteriaCheck* check) {
  if (literal->location < 0 || !reads_clock_words(literal->consttype)) return;
  ListCell* cell;
  foreach (cell, check->clock_literals) {
    if (lfirst_node(A_Const, cell)->location != literal->location) continue;
    refuse(check, literal->location,
           "Words that stand for the day of reading, like 'today', are not allowed.", kClockHint);
  }
}

void check_variable(const Var* variable, const CriteriaCheck* check) {
  if (variable->varattno == InvalidAttrNumber) {
    refuse(check, variable->location, "Whole-row references are not allowed.",
           "Name the columns that are meant.");
  }
  if (variable->varattno < 0) refuse(check, variable->location, "System columns are not allowed.", nullptr);
  if (variable->varlevelsup != 0 || variable->varno != 1) {
    refuse(check, variable->location, "Only columns of customer_facts are allowed.", nullptr);
  }
}

void check_set(bool returns_set, const Node* node, const CriteriaCheck* check) {
  if (returns_set) refuse(check, exprLocation(node), "Set-returning functions are not allowed.", nullptr);
}

void check_operators(Node* node, FunctionCheck* found) {
  switch (nodeTag(node)) {
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr: {
      auto* operation = reinterpret_cast<OpExpr*>(node);
      check_operator(operation->opno, found);
      check_set(operation->opretset, node, found->check);
      break;
    }
    case T_ScalarArrayOpExpr:
      check_operator(castNode(ScalarArrayOpExpr, node)->opno, found);
      break;
    case T_RowCompareExpr: {
      ListCell* cell;
      foreach (cell, castNode(RowCompareExpr, node)->opnos) check_operator(lfirst_oid(cell), found);
      break;
    }
    default:
      break;
  }
}

[[noreturn]] void refuse_node(Node* node, const CriteriaCheck* check) {
  int location = exprLocation(node);
  switch (nodeTag(node)) {
    case T_Aggref:
    case T_GroupingFunc:
      refuse(check, location, "Aggregate functions are not allowed.", nullptr);
    case T_WindowFunc:
      refuse(check, location, "Window functions are not allowed.", nullptr);
    case T_SubLink:
      refuse(check, location, "Sub-selects are not allowed.", nullptr);
    case T_Param:
      refuse(check, location, "Parameters are not allowed.", nullptr);
    case T_RowExpr:
    case T_FieldSelect:
    case T_ConvertRowtypeExpr:
      refuse(check, location, "Row values are not allowed, except where two are compared.", nullptr);
    case T_CoerceToDomain:
      refuse_type(check, exprType(node), location);
    default:
      refuse(check, location, "This construct is not allowed.", nullptr);
  }
}

// The kinds of node that may stand; what is special about some of them is checked on the way.
void check_kind(Node* node, const CriteriaCheck* check) {
  switch (nodeTag(node)) {
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:
    case T_ScalarArrayOpExpr:
    case T_RowCompareExpr:
    case T_BoolExpr:
    case T_CaseExpr:
    case T_CaseTestExpr:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_ArrayExpr:
    case T_SubscriptingRef:
    case T_NamedArgExpr:
    case T_RelabelType:
    case T_CoerceViaIO:
    case T_ArrayCoerceExpr:
    case T_CollateExpr:
      break;
    case T_Const:
      check_literal(castNode(Const, node), check);
      break;
    case T_Var:
      check_variable(castNode(Var, node), check);
      break;
    case T_FuncExpr:
      check_set(castNode(FuncExpr, node)->funcretset, node, check);
      break;
    default:
      refuse_node(node, check);
  }
}

void check_collation(Oid collation, const Node* node, const CriteriaCheck* check) {
  switch (collation) {
    case InvalidOid:
    case DEFAULT_COLLATION_OID:
    case C_COLLATION_OID:
    case POSIX_COLLATION_OID:
      return;
    default:
      refuse(check, exprLocation(node),
             psprintf("Collation \"%s\" is not allowed.", get_collation_name(collation)),
             "Criteria may use the collations \"default\" and \"C\".");
  }
}

bool typed_walker(Node* node, void* argument) {
  if (node == nullptr) return false;
  check_stack_depth();
  auto* check = static_cast<CriteriaCheck*>(argument);
  if (!IsA(node, List)) {
    check_kind(node, check);
    FunctionCheck found{check, node, false, InvalidOid, Verdict::Allowed};
    check_operators(node, &found);
    if (check_functions_in_node(node, check_function, &found)) refuse_function(found);
    if (!is_criteria_type(exprType(node), check)) refuse_type(check, exprType(node), exprLocation(node));
    check_collation(exprCollation(node), node, check);
    check_collation(exprInputCollation(node), node, check);
  }
  return expression_tree_walker(node, tree_walker(typed_walker), argument);
}

}  // namespace

void check_typed_criteria(Node* typed, CriteriaCheck* check) { (void)typed_walker(typed, check); }

}  // namespace search_assign::pg
