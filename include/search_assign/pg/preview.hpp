// What a full run would change now, customer by customer, writing nothing. Rows of it: preview_fn.cpp; sums
// of it: compare_fn.cpp.
#pragma once

#include "search_assign/pg/company_currency.hpp"
#include "search_assign/pg/dry_decision.hpp"

namespace search_assign::pg {

struct PreviewStep {
  int32 scenario_id;
  int32 step_no;
  bool manual;
  const char* scenario;
  const char* label;
  const char* channel;
};

struct PreviewPortfolio {
  int32 portfolio_id;
  int32 collector_id;  // 0 = none
};

struct PreviewDelay {
  int64 customer_id;
  core::Date available_on;
};

// What the figures need besides the configuration; each array in order of its first column.
struct PreviewNames {
  size_t steps_count, portfolios_count, delays_count;
  PreviewStep* steps;
  PreviewPortfolio* portfolios;
  PreviewDelay* delays;  // customers whom a ramp-up still keeps out of the agenda
};

// The next action of a scenario as the agenda has it: none for customers blocked or off the worklist.
struct PreviewAction {
  bool exists;
  int32 scenario_id;
  int32 step_no;
  core::Date action_on;
  core::Date shown_on;  // that, or a later day: today where it has passed, the end of a ramp-up's delay
  core::Sum amount;     // what the customer owes due by then, net of credits
  int32 portfolio_id;   // collection portfolio, 0 = none
};

enum class ActionChange { None, Kept, Moved, Replaced, Cancelled, Created };

// Not to be palloc'd: the sums want a stricter alignment.
struct Preview {
  DryDecisions* dry;
  PreviewNames names;
  Currencies* currencies;
  core::Date today;
  AttrNumber account_no, name, company, collection_blocked;  // of customer
  // The customer at hand; its membership changes are in decision_buffers()->changes.
  int64 customer_id;
  int32 currency;
  core::Sum outstanding, overdue;
  PreviewAction before, after;
  ActionChange action_change;
};

void open_preview(Preview* preview);
void close_preview(Preview* preview);

// next_preview goes on to the next customer, changed or not, in ascending order; false after the last.
// Current memory context of what is made for one customer: preview->dry->reader.customer.
bool next_preview(Preview* preview);

// nullptr where there is none any more.
const PreviewStep* find_step(const PreviewNames& names, int32 scenario_id, int32 step_no);
const PreviewPortfolio* find_portfolio(const PreviewNames& names, int32 portfolio_id);

// How a membership changes: begins, ends, moves, or only its rule or source.
const char* change_name(const core::MembershipChange& change);
const char* action_change_name(ActionChange change);  // nullptr: none

}  // namespace search_assign::pg
