// Review cursors: the later dates on which the passing of time may change a search's answer, each term's
// in ascending order, merged as they are asked for.
#pragma once

#include "search_assign/core/profile_index.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

inline constexpr int32 kHandMade = -1;  // the cursor's date is the day after a hand-made assignment ends

struct ReviewCursor {
  int32 search;     // index of the search, or kHandMade
  core::Date date;  // the next date; core::kNoDate at the end
  TimeTermKind kind;
  int32 offset;
  const core::ProfileIndex* index;  // ProfileDays, Rolling12, MonthStart
  size_t next;                      // its next entry
};

// start_cursor moves a cursor to its first date after `today`; advance_cursor to the date after the present
// one.
void start_cursor(ReviewCursor& cursor, core::Date today);
void advance_cursor(ReviewCursor& cursor);

}  // namespace search_assign::pg
