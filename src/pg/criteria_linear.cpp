// Criteria: dates and numbers of days as linear forms over the business date, one date column or
// days_overdue, so that criteria_time.cpp can tell on which day a comparison changes.
// Backend zone. Face: include/search_assign/pg/criteria_linear.hpp; tests: criteria.sql.
#include "search_assign/pg/criteria_linear.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {

const char* column_name(Relation facts, AttrNumber attribute) {
  return NameStr(TupleDescAttr(RelationGetDescr(facts), attribute - 1)->attname);
}

bool is_column(Relation facts, const Node* node, const char* name) {
  return IsA(node, Var) &&
         strcmp(column_name(facts, reinterpret_cast<const Var*>(node)->varattno), name) == 0;
}

const char* own_function(Oid function) {
  return function >= FirstNormalObjectId ? get_func_name(function) : nullptr;
}

bool is_own_call(const Node* node, const char* name) {
  if (!IsA(node, FuncExpr)) return false;
  const char* function = own_function(reinterpret_cast<const FuncExpr*>(node)->funcid);
  return function != nullptr && strcmp(function, name) == 0;
}

namespace {

bool push_form(Forms* forms, const Linear& form) {
  if (forms->count >= Forms::kMax || !is_day_offset(form.constant)) return false;
  forms->item[forms->count++] = form;
  return true;
}

bool combine(const Linear& left, int sign, const Linear& right, Linear* sum) {
  *sum = left;
  sum->today += sign * right.today;
  sum->late += sign * right.late;
  sum->constant += sign * right.constant;
  if (right.sign == 0) return true;
  if (left.sign != 0 && left.column != right.column) return false;
  sum->column = right.column;
  sum->sign += sign * right.sign;
  return true;
}

// Every pair of a form of the left and one of the right side.
bool combine_all(const Forms& left, int sign, const Forms& right, Forms* result) {
  result->count = 0;
  for (int i = 0; i < left.count; i++) {
    for (int j = 0; j < right.count; j++) {
      Linear sum;
      if (!combine(left.item[i], sign, right.item[j], &sum) || !push_form(result, sum)) return false;
    }
  }
  return true;
}

bool whole_number(double value, int64* number) {
  if (!(value >= -static_cast<double>(kMaxDayOffset) && value <= static_cast<double>(kMaxDayOffset)))
    return false;
  *number = static_cast<int64>(value);
  return static_cast<double>(*number) == value;
}

bool whole_days(int64 microseconds, int64* days) {
  *days = microseconds / USECS_PER_DAY;
  return microseconds % USECS_PER_DAY == 0;
}

bool read_days(Oid type, Datum value, int64* days) {
  switch (type) {
    case INT2OID:
      *days = DatumGetInt16(value);
      return true;
    case INT4OID:
      *days = DatumGetInt32(value);
      return true;
    case INT8OID:
      *days = DatumGetInt64(value);
      return true;
    case DATEOID:
      *days = DatumGetDateADT(value);
      return !DATE_NOT_FINITE(DatumGetDateADT(value));
    case TIMESTAMPOID: {
      Timestamp time = DatumGetTimestamp(value);
      return !TIMESTAMP_NOT_FINITE(time) && whole_days(time, days);
    }
    case INTERVALOID: {
      Interval* interval = DatumGetIntervalP(value);
      *days = interval->day;
      return interval->month == 0 && interval->time == 0;
    }
    // Beyond 2^53 a double is inexact, but far out of range as well.
    case NUMERICOID:
      return whole_number(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value)), days);
    case FLOAT8OID:
      return whole_number(DatumGetFloat8(value), days);
    default:
      return false;
  }
}

bool linear_const(const Const* constant, Forms* forms) {
  Linear form{};
  if (constant->constisnull || !days_of_value(constant->consttype, constant->constvalue, &form.constant))
    return false;
  return push_form(forms, form);
}

bool linear_var(Relation facts, const Var* variable, Forms* forms) {
  Linear form{};
  if (variable->vartype == DATEOID) {
    form.sign = 1;
    form.column = variable->varattno;
  } else if (is_column(facts, reinterpret_cast<const Node*>(variable), "days_overdue")) {
    form.late = 1;
  } else {
    return false;
  }
  return push_form(forms, form);
}

bool linear_any(Relation facts, List* arguments, Forms* forms) {
  ListCell* cell;
  foreach (cell, arguments) {
    Forms inner{};
    if (!linear_forms(facts, static_cast<Node*>(lfirst(cell)), &inner)) return false;
    for (int i = 0; i < inner.count; i++) {
      if (!push_form(forms, inner.item[i])) return false;
    }
  }
  return true;
}

bool linear_sum(Relation facts, List* arguments, int sign, Forms* forms) {
  Forms left{};
  Forms right{};
  return list_length(arguments) == 2 && linear_forms(facts, static_cast<Node*>(linitial(arguments)), &left) &&
         linear_forms(facts, static_cast<Node*>(lsecond(arguments)), &right) &&
         combine_all(left, sign, right, forms);
}

bool linear_negative(Relation facts, List* arguments, Forms* forms) {
  Forms zero{1, {}};
  Forms inner{};
  return linear_forms(facts, static_cast<Node*>(linitial(arguments)), &inner) &&
         combine_all(zero, -1, inner, forms);
}

// days_overdue(receivables) is the column days_overdue; so it is for business_date().
bool is_days_overdue_call(Relation facts, const FuncExpr* call) {
  if (!is_own_call(reinterpret_cast<const Node*>(call), "days_overdue") ||
      !is_column(facts, static_cast<const Node*>(linitial(call->args)), "receivables")) {
    return false;
  }
  return list_length(call->args) == 1 ||
         is_own_call(static_cast<const Node*>(lsecond(call->args)), "business_date");
}

// Additions and subtractions of days, and casts that keep the value.
bool linear_call(Relation facts, Oid function, List* arguments, Forms* forms) {
  switch (function) {
    case F_DATE_PLI:
    case F_INTEGER_PL_DATE:
    case F_INT4PL:
    case F_DATE_PL_INTERVAL:
    case F_TIMESTAMP_PL_INTERVAL:
      return linear_sum(facts, arguments, 1, forms);
    case F_DATE_MII:
    case F_DATE_MI:
    case F_INT4MI:
    case F_DATE_MI_INTERVAL:
    case F_TIMESTAMP_MI_INTERVAL:
      return linear_sum(facts, arguments, -1, forms);
    case F_INT4UM:
      return linear_negative(facts, arguments, forms);
    case F_NUMERIC_INT4:
    case F_INT8_INT4:
    case F_FLOAT8_INT4:
    case F_TIMESTAMP_DATE:
      return linear_forms(facts, static_cast<Node*>(linitial(arguments)), forms);
    default:
      return false;
  }
}

bool linear_function(Relation facts, FuncExpr* call, Forms* forms) {
  Linear form{};
  if (is_own_call(reinterpret_cast<Node*>(call), "business_date")) {
    form.today = 1;
    return push_form(forms, form);
  }
  if (is_days_overdue_call(facts, call)) {
    form.late = 1;
    return push_form(forms, form);
  }
  return linear_call(facts, call->funcid, call->args, forms);
}

}  // namespace

bool days_of_value(Oid type, Datum value, int64* days) {
  return read_days(type, value, days) && is_day_offset(*days);
}

bool subtract_forms(const Forms& left, const Forms& right, Forms* result) {
  return combine_all(left, -1, right, result);
}

bool linear_forms(Relation facts, Node* node, Forms* forms) {
  check_stack_depth();
  switch (nodeTag(node)) {
    case T_Const:
      return linear_const(castNode(Const, node), forms);
    case T_Var:
      return linear_var(facts, castNode(Var, node), forms);
    case T_FuncExpr:
      return linear_function(facts, castNode(FuncExpr, node), forms);
    case T_OpExpr: {
      OpExpr* operation = castNode(OpExpr, node);
      return linear_call(facts, operation->opfuncid, operation->args, forms);
    }
    case T_RelabelType:
      return linear_forms(facts, reinterpret_cast<Node*>(castNode(RelabelType, node)->arg), forms);
    case T_CoalesceExpr:
      return linear_any(facts, castNode(CoalesceExpr, node)->args, forms);
    case T_MinMaxExpr:
      return linear_any(facts, castNode(MinMaxExpr, node)->args, forms);
    default:
      return false;
  }
}

}  // namespace search_assign::pg
