// Criteria: on which days can time alone change the answer?
//
// Works on the planned expression. Comparisons are brought into a linear form over the business date, one
// date column or days_overdue; they change when the sides become equal and on the day after. Calls of the
// profile functions change when an entry crosses a day offset. What is not understood becomes Daily:
// too many days cost time, a missed day would be wrong. Backend zone; tests: criteria.sql.
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/criteria_check.hpp"
#include "search_assign/pg/criteria_linear.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type_d.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

namespace {

// More days than this are not worth finding one by one.
constexpr int kMaxTerms = 500;

struct TimeWalk {
  Relation facts;
  List* terms;
  bool daily;
};

// ---- collecting -----------------------------------------------------------------------------

void add_term(TimeWalk* walk, TimeTermKind kind, AttrNumber attribute, int64 offset, int64 date) {
  ListCell* cell;
  foreach (cell, walk->terms) {
    auto* known = static_cast<TimeTerm*>(lfirst(cell));
    if (known->kind == kind && known->attribute == attribute && known->offset == offset &&
        known->date == date)
      return;
  }
  if (list_length(walk->terms) >= kMaxTerms) {
    walk->daily = true;
    return;
  }
  auto* term = static_cast<TimeTerm*>(palloc0(sizeof(TimeTerm)));
  term->kind = kind;
  term->attribute = attribute;
  term->offset = static_cast<int32>(offset);
  term->date = static_cast<DateADT>(date);
  walk->terms = lappend(walk->terms, term);
}

void add_days(TimeWalk* walk, TimeTermKind kind, AttrNumber attribute, int64 offset) {
  if (!is_day_offset(offset)) {
    walk->daily = true;
    return;
  }
  add_term(walk, kind, attribute, offset, 0);
}

// The sides are equal on the day the offset names and differ again the day after.
void add_crossing(TimeWalk* walk, AttrNumber column, int64 offset) {
  add_days(walk, TimeTermKind::DateColumn, column, offset);
  add_days(walk, TimeTermKind::DateColumn, column, offset + 1);
}

void add_fixed_date(TimeWalk* walk, int64 date) {
  if (!is_day_offset(date)) {
    walk->daily = true;
    return;
  }
  add_term(walk, TimeTermKind::FixedDate, 0, 0, date);
}

bool is_one_of(const char* name, std::initializer_list<const char*> names) {
  for (const char* other : names) {
    if (strcmp(name, other) == 0) return true;
  }
  return false;
}

// ---- comparisons ----------------------------------------------------------------------------

// Adds when `form` crosses zero; false where days are involved in a way that is not understood.
bool add_zero_crossing(TimeWalk* walk, const Linear& form) {
  if (form.today == 0 && form.late == 0) return true;
  if (form.late != 0) {
    AttrNumber oldest = find_column(walk->facts, "oldest_due_date");
    if (abs(form.late) != 1 || form.today != 0 || form.sign != 0 || oldest == InvalidAttrNumber) return false;
    add_crossing(walk, oldest, -form.late * form.constant);
    return true;
  }
  if (abs(form.today) != 1) return false;
  int64 equal = -form.today * form.constant;
  if (form.sign == 0) {
    add_fixed_date(walk, equal);
    add_fixed_date(walk, equal + 1);
    return true;
  }
  if (form.sign != -form.today) return false;
  add_crossing(walk, form.column, equal);
  return true;
}

bool add_comparison(TimeWalk* walk, const Forms& left, const Forms& right) {
  Forms difference{};
  if (!subtract_forms(left, right, &difference)) return false;
  for (int i = 0; i < difference.count; i++) {
    if (!add_zero_crossing(walk, difference.item[i])) return false;
  }
  return true;
}

bool is_comparison(Oid op) {
  return op < FirstNormalObjectId && is_one_of(get_opname(op), {"<", "<=", "=", "<>", ">=", ">"});
}

// understood_comparison handles a comparison of days completely, or leaves it to the general walk.
bool understood_comparison(TimeWalk* walk, const OpExpr* operation) {
  if (!is_comparison(operation->opno) || list_length(operation->args) != 2) return false;
  Forms left{};
  Forms right{};
  return linear_forms(walk->facts, static_cast<Node*>(linitial(operation->args)), &left) &&
         linear_forms(walk->facts, static_cast<Node*>(lsecond(operation->args)), &right) &&
         add_comparison(walk, left, right);
}

// A constant array, element by element; NULL elements never decide on a day.
bool add_array_comparison(TimeWalk* walk, const Forms& left, const Const* array) {
  if (array->constisnull) return true;
  ArrayType* values = DatumGetArrayTypeP(array->constvalue);
  int16 length;
  bool by_value;
  char align;
  get_typlenbyvalalign(ARR_ELEMTYPE(values), &length, &by_value, &align);
  Datum* elements;
  bool* nulls;
  int count;
  deconstruct_array(values, ARR_ELEMTYPE(values), length, by_value, align, &elements, &nulls, &count);
  for (int i = 0; i < count; i++) {
    if (nulls[i]) continue;
    Forms right{1, {}};
    if (!days_of_value(ARR_ELEMTYPE(values), elements[i], &right.item[0].constant) ||
        !add_comparison(walk, left, right)) {
      return false;
    }
  }
  return true;
}

bool understood_array_comparison(TimeWalk* walk, const ScalarArrayOpExpr* operation) {
  if (!is_comparison(operation->opno)) return false;
  Forms left{};
  if (!linear_forms(walk->facts, static_cast<Node*>(linitial(operation->args)), &left)) return false;
  Node* array = static_cast<Node*>(lsecond(operation->args));
  if (IsA(array, Const)) return add_array_comparison(walk, left, castNode(Const, array));
  if (!IsA(array, ArrayExpr) || castNode(ArrayExpr, array)->multidims) return false;
  ListCell* cell;
  foreach (cell, castNode(ArrayExpr, array)->elements) {
    Forms right{};
    if (!linear_forms(walk->facts, static_cast<Node*>(lfirst(cell)), &right) ||
        !add_comparison(walk, left, right)) {
      return false;
    }
  }
  return true;
}

// ---- functions of the extension -------------------------------------------------------------

// The arguments of a profile function by type: the overloads with and without a date differ only in them.
struct ProfileCall {
  Node* profile;
  Node* days;   // null where the form has none
  Node* as_of;  // null: the business date
};

ProfileCall profile_call(const FuncExpr* call) {
  ProfileCall result{nullptr, nullptr, nullptr};
  ListCell* cell;
  foreach (cell, call->args) {
    auto* argument = static_cast<Node*>(lfirst(cell));
    switch (exprType(argument)) {
      case DATEOID:
        result.as_of = argument;
        break;
      case INT4OID:
        result.days = argument;
        break;
      default:
        result.profile = argument;
    }
  }
  return result;
}

// as_of as business date + shift. False with *fixed set for a constant, false without for anything else.
bool relative_day(const TimeWalk* walk, Node* as_of, int64* shift, bool* fixed) {
  *shift = 0;
  *fixed = as_of != nullptr && IsA(as_of, Const);
  if (as_of == nullptr) return true;
  Forms forms{};
  if (*fixed || !linear_forms(walk->facts, as_of, &forms) || forms.count != 1) return false;
  const Linear& form = forms.item[0];
  *shift = form.constant;
  return form.today == 1 && form.sign == 0 && form.late == 0;
}

bool is_profile_column(const TimeWalk* walk, const Var* variable) {
  return is_one_of(column_name(walk->facts, variable->varattno),
                   {"receivables", "unqualified", "disputed", "promised"});
}

struct ProfileColumns {
  const TimeWalk* walk;
  Bitmapset* columns;
};

// Collects the profile columns of an argument; true: something whose entries are not seen.
bool profile_columns_walker(Node* node, void* argument) {
  if (node == nullptr) return false;
  check_stack_depth();
  auto* found = static_cast<ProfileColumns*>(argument);
  if (IsA(node, Const)) {
    return castNode(Const, node)->consttype >= FirstNormalObjectId && !castNode(Const, node)->constisnull;
  }
  if (IsA(node, Var)) {
    Var* variable = castNode(Var, node);
    if (variable->vartype < FirstNormalObjectId) return false;
    if (!is_profile_column(found->walk, variable)) return true;
    found->columns = bms_add_member(found->columns, variable->varattno);
    return false;
  }
  return expression_tree_walker(node, tree_walker(profile_columns_walker), argument);
}

void add_profile_days(TimeWalk* walk, Node* profile, int64 offset) {
  ProfileColumns found{walk, nullptr};
  if (profile == nullptr || profile_columns_walker(profile, &found) || bms_is_empty(found.columns)) {
    walk->daily = true;
    return;
  }
  int attribute = -1;
  while ((attribute = bms_next_member(found.columns, attribute)) >= 0) {
    add_days(walk, TimeTermKind::ProfileDays, static_cast<AttrNumber>(attribute), offset);
  }
}

// The days argument; false where it is no constant. NULL makes the result NULL on every day: *known = false.
bool constant_days(Node* days, int64* value, bool* known) {
  *value = 0;
  *known = true;
  if (days == nullptr) return true;
  if (!IsA(days, Const)) return false;
  *known = !castNode(Const, days)->constisnull;
  if (*known) *value = DatumGetInt32(castNode(Const, days)->constvalue);
  return true;
}

// An entry due on d is overdue by more than n days from d + n + 1 on, and due within n days from d - n to d.
void add_profile_function(TimeWalk* walk, const char* name, const FuncExpr* call) {
  ProfileCall arguments = profile_call(call);
  int64 shift;
  bool fixed;
  bool relative = relative_day(walk, arguments.as_of, &shift, &fixed);
  if (fixed) return;
  int64 days;
  bool known;
  bool constant = constant_days(arguments.days, &days, &known);
  if (constant && !known) return;
  if (!relative || !constant) {
    walk->daily = true;
    return;
  }
  if (strcmp(name, "due_within") == 0) {
    add_profile_days(walk, arguments.profile, -days - shift);
    add_profile_days(walk, arguments.profile, 1 - shift);
  } else {
    add_profile_days(walk, arguments.profile, days + 1 - shift);
  }
}

// Becomes true on the date + n; empty dates never change.
void add_not_since(TimeWalk* walk, const FuncExpr* call) {
  Forms forms{};
  int64 days;
  bool known;
  bool understood = list_length(call->args) == 2 &&
                    constant_days(static_cast<Node*>(lsecond(call->args)), &days, &known) &&
                    linear_forms(walk->facts, static_cast<Node*>(linitial(call->args)), &forms);
  if (!understood) {
    walk->daily = true;
    return;
  }
  for (int i = 0; known && i < forms.count; i++) {
    const Linear& form = forms.item[i];
    if (form.today != 0 || form.late != 0 || (form.sign != 0 && form.sign != 1)) {
      walk->daily = true;
    } else if (form.sign == 1) {
      add_days(walk, TimeTermKind::DateColumn, form.column, form.constant + days);
    } else {
      add_fixed_date(walk, form.constant + days);
    }
  }
}

bool has_fixed_date(const FuncExpr* call) {
  Node* as_of = profile_call(call).as_of;
  return as_of != nullptr && IsA(as_of, Const);
}

void add_own_function(TimeWalk* walk, const FuncExpr* call) {
  const char* name = own_function(call->funcid);
  if (name == nullptr || is_one_of(name, {"total", "oldest_due", "item_count", "credits"})) return;
  if (is_one_of(name, {"overdue", "not_due", "due_within", "overdue_item_count"})) {
    add_profile_function(walk, name, call);
  } else if (strcmp(name, "not_since") == 0) {
    add_not_since(walk, call);
  } else if (strcmp(name, "days_overdue") != 0 || !has_fixed_date(call)) {
    // business_date() and days_overdue() outside a comparison that was understood.
    walk->daily = true;
  }
}

// A business_date() that only says "today" to a profile function has been dealt with there.
bool is_own_date_argument(const TimeWalk* walk, const FuncExpr* call, Node* argument) {
  int64 shift;
  bool fixed;
  return own_function(call->funcid) != nullptr && exprType(argument) == DATEOID &&
         relative_day(walk, argument, &shift, &fixed);
}

// ---- the walk -------------------------------------------------------------------------------

void add_column(TimeWalk* walk, const Var* variable) {
  const char* name = column_name(walk->facts, variable->varattno);
  if (is_one_of(name, {"overdue", "not_due", "overdue_share", "overdue_items"})) {
    AttrNumber receivables = find_column(walk->facts, "receivables");
    if (receivables == InvalidAttrNumber) {
      walk->daily = true;
    } else {
      add_term(walk, TimeTermKind::ProfileDays, receivables, 1, 0);
    }
  } else if (strcmp(name, "days_overdue") == 0) {
    walk->daily = true;
  } else if (strcmp(name, "promised") == 0) {
    add_term(walk, TimeTermKind::PromiseDay, 0, 0, 0);
  } else if (strcmp(name, "sales_12m") == 0) {
    add_term(walk, TimeTermKind::Rolling12, 0, 0, 0);
  } else if (is_one_of(name, {"average_days_late", "payer_profile"})) {
    add_term(walk, TimeTermKind::MonthStart, 0, 0, 0);
  }
}

bool time_walker(Node* node, void* argument);

bool walk_call(FuncExpr* call, TimeWalk* walk) {
  add_own_function(walk, call);
  ListCell* cell;
  foreach (cell, call->args) {
    auto* child = static_cast<Node*>(lfirst(cell));
    if (!is_own_date_argument(walk, call, child)) (void)time_walker(child, walk);
  }
  return false;
}

bool time_walker(Node* node, void* argument) {
  if (node == nullptr) return false;
  check_stack_depth();
  auto* walk = static_cast<TimeWalk*>(argument);
  switch (nodeTag(node)) {
    case T_Var:
      add_column(walk, castNode(Var, node));
      return false;
    case T_FuncExpr:
      return walk_call(castNode(FuncExpr, node), walk);
    case T_OpExpr:
    case T_DistinctExpr:
      if (understood_comparison(walk, reinterpret_cast<OpExpr*>(node))) return false;
      break;
    case T_ScalarArrayOpExpr:
      if (understood_array_comparison(walk, castNode(ScalarArrayOpExpr, node))) return false;
      break;
    default:
      break;
  }
  return expression_tree_walker(node, tree_walker(time_walker), argument);
}

bool attributes_walker(Node* node, void* argument) {
  if (node == nullptr) return false;
  check_stack_depth();
  if (IsA(node, Var)) {
    auto** attributes = static_cast<Bitmapset**>(argument);
    *attributes = bms_add_member(*attributes, castNode(Var, node)->varattno);
    return false;
  }
  return expression_tree_walker(node, tree_walker(attributes_walker), argument);
}

}  // namespace

List* time_terms(Expr* expression, Relation facts) {
  TimeWalk walk{facts, NIL, false};
  (void)time_walker(reinterpret_cast<Node*>(expression), &walk);
  if (!walk.daily) return walk.terms;
  walk.terms = NIL;
  add_term(&walk, TimeTermKind::Daily, 0, 0, 0);
  return walk.terms;
}

Bitmapset* used_attributes(Expr* expression) {
  Bitmapset* attributes = nullptr;
  (void)attributes_walker(reinterpret_cast<Node*>(expression), &attributes);
  return attributes;
}

}  // namespace search_assign::pg
