// Criteria: the boolean SQL expressions of saved searches over customer_facts.
//
// parse_criteria turns text into a checked expression tree (src/pg/criteria_parse.cpp,
// criteria_check.cpp); criteria_time.cpp reads from the tree on which days time alone
// can change its answer, criteria_failure.cpp whether it can raise an error. Compilation to an ExprState is
// src/pg/configuration.cpp's.
#pragma once

#include "search_assign/pg/criteria_clause.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "utils/date.h"
#include "utils/relcache.h"
}

namespace search_assign::pg {

// parse_criteria parses, type-checks and whitelists criteria against the columns of the
// given relation (the view customer_facts). Returns its clauses; the root's expression is the whole: boolean,
// planned condition by condition, its Vars with varno 1 and the view's attribute numbers, in the current
// memory context. Raises 42601, 42703, 42804, 0A000 … with the position in the criteria
// text and a hint. The meaning does not depend on any session setting. The caller holds a
// lock on the relation; the names of the extension are looked up in its schema.
Clause* parse_criteria(const char* criteria, Relation facts);

// One way in which a criteria's answer can change as days pass. breakpoint dates are
// the dates ON which the answer may first differ from the day before.
enum class TimeTermKind : uint8 {
  ProfileDays,  // entries of a profile column: breakpoints at every entry's date + offset
  DateColumn,   // a date column: breakpoints at the column's value + offset
  Rolling12,    // the sales_12m window: each entry of profile `sales` + 12 months (+1 day)
  MonthStart,   // the first day of every month (average_days_late, payer_profile)
  PromiseDay,   // the day after each promised date (promised)
  FixedDate,    // a date written in the criteria: breakpoint at `date`
  Daily,        // dependence that cannot be seen: looked at every day
};

struct TimeTerm {
  TimeTermKind kind;
  AttrNumber attribute;  // ProfileDays: the profile column (receivables, unqualified, disputed,
                         // promised); DateColumn: the date column; else 0
  int32 offset;          // days; 0 for the kinds without
  DateADT date;          // FixedDate: the day; else 0
};

// time_terms lists them (List of TimeTerm*, palloc'd, no duplicates); NIL = time never matters.
// Daily stands alone: it makes every other term superfluous.
List* time_terms(Expr* expression, Relation facts);

// used_attributes is the set of the view's attribute numbers (as they are, without the offset
// that pull_varattnos adds) that the expression reads.
Bitmapset* used_attributes(Expr* expression);

// can_fail tells whether evaluating the expression over stored facts may raise an error.
bool can_fail(Expr* expression);

}  // namespace search_assign::pg
