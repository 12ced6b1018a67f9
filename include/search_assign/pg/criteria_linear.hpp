// Linear forms: what a date or a number of days in criteria amounts to.
// Shared by src/pg/criteria_linear.cpp and criteria_time.cpp only.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/primnodes.h"
#include "utils/relcache.h"
}

namespace search_assign::pg {

// today * business date + sign * column + late * days_overdue + constant, in days.
struct Linear {
  int today;
  int sign;
  AttrNumber column;  // a date column where sign is not 0
  int late;
  int64 constant;
};

// COALESCE, GREATEST and LEAST are always equal to one of several forms.
struct Forms {
  static constexpr int kMax = 12;
  int count;
  Linear item[kMax];
};

// linear_forms reads a date or a number of days from a planned expression; false where it holds anything
// but the business date, date columns, days_overdue, constants and sums of them. Adds to `forms`.
bool linear_forms(Relation facts, Node* node, Forms* forms);

// subtract_forms gives every difference of a form of the left and one of the right side; false if there
// are too many, or two columns stay in one of them.
bool subtract_forms(const Forms& left, const Forms& right, Forms* result);

// days_of_value reads a value that stands for a whole number of days (dates: since 2000-01-01); false where
// it does not, or lies far outside the calendar.
bool days_of_value(Oid type, Datum value, int64* days);

// Larger offsets than any calendar needs are not followed, so sums of days cannot overflow.
inline constexpr int64 kMaxDayOffset = 10'000'000;
inline bool is_day_offset(int64 value) { return value >= -kMaxDayOffset && value <= kMaxDayOffset; }

// is_column tells whether the expression is the named column of the view.
bool is_column(Relation facts, const Node* node, const char* name);
const char* column_name(Relation facts, AttrNumber attribute);

// own_function is the name of a function of the extension, or null for a built-in one; nobody else's pass
// the whitelist. is_own_call tells whether a node calls the named one.
const char* own_function(Oid function);
bool is_own_call(const Node* node, const char* name);

}  // namespace search_assign::pg
