// What criteria may contain: the checks behind parse_criteria, and the hints that name
// what the author probably meant. Only src/pg/criteria_*.cpp use this.
#pragma once

#include "search_assign/pg/prelude.hpp"
#include "search_assign/pg/tree.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "parser/parse_node.h"
#include "utils/relcache.h"
}

namespace search_assign::pg {

// One criteria text on its way through the checks.
struct CriteriaCheck {
  ParseState* pstate;    // knows the text, for error positions
  Relation facts;        // the view whose columns may be used
  Oid extension;         // search_assign, or InvalidOid if it is not installed
  List* clock_literals;  // A_Const* whose text contains a word like 'today'
};

// check_raw_criteria refuses what can be told from the grammar alone (0A000), and names that do
// not exist (42703, 42883), in words of this extension. It collects clock_literals.
void check_raw_criteria(Node* raw, CriteriaCheck* check);

// check_typed_criteria lets only listed nodes, types, functions and collations pass (0A000). It
// expects the analysed, not yet planned tree: nothing of it has been evaluated so far.
void check_typed_criteria(Node* typed, CriteriaCheck* check);

// is_criteria_type tells whether values of this type may appear: built-in types whose meaning does
// not depend on the session, and the types of the extension; arrays of them too.
bool is_criteria_type(Oid type, const CriteriaCheck* check);

// refuse_type raises 0A000 for a type that is not one, with a hint that fits the type.
[[noreturn]] void refuse_type(const CriteriaCheck* check, Oid type, int location);

// refuse raises 0A000 with the given sentence at the location; without a hint of its own it
// says what criteria may contain.
[[noreturn]] void refuse(const CriteriaCheck* check, int location, const char* detail, const char* hint);

// in_extension tells whether an object is a member of the extension.
bool in_extension(Oid catalog, Oid object, const CriteriaCheck* check);

// find_column gives the attribute number of a column of the view, or InvalidAttrNumber.
AttrNumber find_column(Relation facts, const char* name);

// column_hint and function_hint name up to three existing names close to the given one; without
// any they say where to look. Palloc'd.
char* column_hint(Relation facts, const char* name);
char* function_hint(const char* name);

inline constexpr const char* kTimeZoneHint =
    "Use dates and business_date(); where a function wants a time, write column::timestamp.";
inline constexpr const char* kClockHint =
    "Use business_date(), for example: oldest_due_date < business_date() - 30.";

// The functions of the extension that criteria may call.
inline constexpr std::array kCriteriaFunctions = {
    "business_date", "not_since",          "total",        "overdue",
    "not_due",       "due_within",         "oldest_due",   "item_count",
    "credits",       "overdue_item_count", "days_overdue",
};

}  // namespace search_assign::pg
