// One customer's decision: evaluation of the searches, the core's decision and the look-ahead to the
// next date on which time alone may change it. Used by assignment_apply.cpp.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/review_cursor.hpp"
#include "search_assign/pg/search_evaluation.hpp"

namespace search_assign::pg {

// Buffers of the decision, made once a backend and reused from customer to customer: nothing in
// them has to be destroyed when an error jumps over their user.
struct DecisionBuffers {
  core::PositionBuffers position;
  core::Assignment previous;
  core::Assignment next;
  core::Assignment later;
  std::vector<core::Truth> truths;
  std::vector<core::Truth> later_truths;
  std::vector<core::HandMade> hand_made;
  std::vector<core::MembershipChange> changes;
  std::vector<ReviewCursor> cursors;
  std::vector<core::Date> days;
  std::vector<uint8_t> encoded;
};
DecisionBuffers* decision_buffers();

struct Unapplied;

struct Decision {
  const Configuration* config;
  PositionAccess* access;      // `asked` and the customer slot hold the customer's rows
  Snapshot snapshot;           // by which other customers and items are read
  const Unapplied* unapplied;  // changes of other customers to be counted; nullptr: none
  core::Date as_of;
  core::Date created_on;
  bool evaluate_manual_rules;
  int failure_count;        // searches that failed
  SearchFailure* failures;  // room for config->search_count
};

// decide_now evaluates all searches on decision->as_of and decides: buffers->truths, ->next.
void decide_now(Decision* decision, DecisionBuffers* buffers);

// decision_input is what the core decides by: the truths in the buffers, and what is held and made by hand.
core::DecisionInput decision_input(const Decision* decision, const DecisionBuffers* buffers);

// A look ahead in time from a decision, date by date, over the buffers' cursors.
struct LookAhead {
  int budget;       // evaluations it may still cost
  core::Date last;  // it goes on until then
  bool stopped;     // the budget was not enough
};
LookAhead begin_look_ahead(Decision* decision, DecisionBuffers* buffers, int budget, core::Date last);

// next_truth_change moves on to the next date on which time changes the truth of a search
// (buffers->later_truths) or ends a hand-made assignment; next_difference to the next one on which the
// decision (buffers->later) is another than buffers->next. Or the date before which the look ahead stopped;
// core::kNoDate at the end.
core::Date next_truth_change(Decision* decision, DecisionBuffers* buffers, LookAhead* ahead);
core::Date next_difference(Decision* decision, DecisionBuffers* buffers, LookAhead* ahead);

// next_review looks ahead from as_of: the first later date on which the decision would differ, or on
// which the look-ahead stopped after `budget` evaluations; core::kNoDate where time changes nothing.
core::Date next_review(Decision* decision, DecisionBuffers* buffers, int budget);

}  // namespace search_assign::pg
