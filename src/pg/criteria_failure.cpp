// Which criteria can raise an error while they are evaluated. Backend zone. Tests:
// tests/regress/sql/criteria.sql.
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/tree.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace search_assign::pg {
namespace {

bool is_business_date(Node* node) {
  if (!IsA(node, FuncExpr)) return false;
  const Oid function = reinterpret_cast<FuncExpr*>(node)->funcid;
  return get_func_namespace(function) == get_namespace_oid(kSchema, false) &&
         strcmp(get_func_name(function), "business_date") == 0;
}

// A LIKE pattern that ends with its escape character is an error at the first text that comes that far.
bool is_plain_pattern(Node* pattern) {
  if (!IsA(pattern, Const)) return false;
  auto* constant = reinterpret_cast<Const*>(pattern);
  return constant->constisnull || strchr(TextDatumGetCString(constant->constvalue), '\\') == nullptr;
}

// Of the arguments of the extension's own functions only a number of days can be wrong: a negative one is.
bool days_can_be_negative(FuncExpr* call) {
  ListCell* cell = nullptr;
  foreach (cell, call->args) {
    auto* argument = static_cast<Node*>(lfirst(cell));
    if (exprType(argument) != INT4OID) continue;
    if (!IsA(argument, Const)) return true;
    auto* days = reinterpret_cast<Const*>(argument);
    if (!days->constisnull && DatumGetInt32(days->constvalue) < 0) return true;
  }
  return false;
}

bool is_infinite_date(Const* constant) {
  return constant->consttype == DATEOID && !constant->constisnull &&
         DATE_NOT_FINITE(DatumGetDateADT(constant->constvalue));
}

// Operators other than comparisons that cannot raise an error on stored values either: dates in the
// ledger are finite, and the business date is far from the ends of the calendar.
bool operator_can_fail(OpExpr* op) {
  switch (op->opfuncid) {
    case F_TEXTLIKE:
    case F_TEXTNLIKE:
      return !is_plain_pattern(static_cast<Node*>(lsecond(op->args)));
    case F_DATE_MI:
    case F_JSONB_OBJECT_FIELD:
    case F_JSONB_OBJECT_FIELD_TEXT:
    case F_JSONB_EXISTS:
      return false;
    case F_DATE_MII:
    case F_DATE_PLI: {
      auto* date = static_cast<Node*>(linitial(op->args));
      auto* days = static_cast<Node*>(lsecond(op->args));
      return !is_business_date(date) || !IsA(days, Const) ||
             std::abs(static_cast<int64>(DatumGetInt32(reinterpret_cast<Const*>(days)->constvalue))) >
                 1'000'000;
    }
    default:
      return get_op_btree_interpretation(op->opno) == NIL;
  }
}

// Comparisons, NULL tests and the extension's own functions over stored values cannot raise an error.
bool node_can_fail(Node* node, void* context) {
  if (node == nullptr) return false;
  switch (nodeTag(node)) {
    case T_Const:
      if (is_infinite_date(reinterpret_cast<Const*>(node))) return true;
      break;
    case T_Var:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_RelabelType:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CoalesceExpr:
    case T_List:
      break;
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:
      set_opfuncid(reinterpret_cast<OpExpr*>(node));
      if (operator_can_fail(reinterpret_cast<OpExpr*>(node))) return true;
      break;
    case T_ScalarArrayOpExpr:
      if (get_op_btree_interpretation(reinterpret_cast<ScalarArrayOpExpr*>(node)->opno) == NIL) return true;
      break;
    case T_FuncExpr:
      if (get_func_namespace(reinterpret_cast<FuncExpr*>(node)->funcid) !=
              get_namespace_oid(kSchema, false) ||
          days_can_be_negative(reinterpret_cast<FuncExpr*>(node)))
        return true;
      break;
    default:
      return true;
  }
  return expression_tree_walker(node, tree_walker(node_can_fail), context);
}

}  // namespace

bool can_fail(Expr* expression) { return node_can_fail(reinterpret_cast<Node*>(expression), nullptr); }

}  // namespace search_assign::pg
