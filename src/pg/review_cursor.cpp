// Review cursors. No PostgreSQL call inside: usable in the C++ zone.
#include "search_assign/pg/review_cursor.hpp"

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/calendar.hpp"

namespace search_assign::pg {
namespace {

// A payment counts in its calendar month and the six after it.
constexpr std::int32_t kMonthsOfPayment = 7;

void end(ReviewCursor& cursor) { cursor.date = core::kNoDate; }

// The date of the entry at `next`, moved by the offset.
void take_profile_day(ReviewCursor& cursor) {
  if (cursor.next >= cursor.index->count) return end(cursor);
  const int64 date = int64{cursor.index->dates[cursor.next]} + cursor.offset;
  if (date >= core::kNoDate) return end(cursor);
  cursor.date = static_cast<core::Date>(date);
}

// An entry leaves the window a year later: on that date, or a day after where it is a 29 February.
void take_leaving_day(ReviewCursor& cursor) {
  if (cursor.next >= cursor.index->count) return end(cursor);
  const core::Date entry = cursor.index->dates[cursor.next];
  const core::Date leaves = core::add_months(entry, 12);
  cursor.date = core::civil_from_date(leaves).day == core::civil_from_date(entry).day ? leaves : leaves + 1;
}

// The start of the next month, until the last payment (which may be dated ahead) has left the window.
void take_month_start(ReviewCursor& cursor) {
  const core::Date next = core::add_months(core::month_start(cursor.date), 1);
  const core::Date last = cursor.index->dates[cursor.index->count - 1];
  if (next > core::add_months(core::month_start(last), kMonthsOfPayment)) return end(cursor);
  cursor.date = next;
}

}  // namespace

void start_cursor(ReviewCursor& cursor, core::Date today) {
  switch (cursor.kind) {
    case TimeTermKind::ProfileDays:
      cursor.next = core::first_due_from(*cursor.index, int64{today} - cursor.offset + 1);
      return take_profile_day(cursor);
    case TimeTermKind::Rolling12:
      // Entries older than a year have left; one of the edge may come out a day early and is passed over.
      cursor.next = core::first_due_from(*cursor.index, core::add_months(today, -12));
      take_leaving_day(cursor);
      while (cursor.date <= today) advance_cursor(cursor);
      return;
    case TimeTermKind::MonthStart:
      cursor.date = today;
      return take_month_start(cursor);
    default:
      if (cursor.date <= today) end(cursor);
  }
}

void advance_cursor(ReviewCursor& cursor) {
  ++cursor.next;
  switch (cursor.kind) {
    case TimeTermKind::ProfileDays:
      return take_profile_day(cursor);
    case TimeTermKind::Rolling12:
      return take_leaving_day(cursor);
    case TimeTermKind::MonthStart:
      return take_month_start(cursor);
    case TimeTermKind::Daily:
      ++cursor.date;
      return;
    default:
      end(cursor);
  }
}

}  // namespace search_assign::pg
