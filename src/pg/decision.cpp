// One customer's decision and the look-ahead in time. Backend zone.
#include "search_assign/pg/decision.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/profile_index.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/statistics.hpp"

namespace search_assign::pg {
namespace {

// The last day to look ahead to; the search for the next date ends at kNoDate.
constexpr core::Date kLastDate = core::kNoDate - 1;

DecisionBuffers* buffers_of_backend = nullptr;

void evaluate_searches_on(Decision* decision, core::Date date, int search, core::Truth* truth) {
  const Configuration* config = decision->config;
  SearchFailure failure;
  failure.message = nullptr;
  set_evaluation_date(date);
  *truth = evaluate_search(config, search, config->facts->slot, &failure);
  if (failure.message != nullptr && decision->failures != nullptr && date == decision->as_of)
    decision->failures[decision->failure_count++] = failure;
}

TupleTableSlot* customer_slot(Decision* decision) { return decision->access->customer.slot; }

void evaluate_all_facts(Decision* decision) {
  const Configuration* config = decision->config;
  ResetExprContext(config->facts->context);
  set_evaluation_date(decision->as_of);
  MemoryContext caller = MemoryContextSwitchTo(config->facts->context->ecxt_per_tuple_memory);
  ask_position(decision->access);
  MemoryContextSwitchTo(caller);
  evaluate_facts(config->facts, config->columns, customer_slot(decision), decision->access->asked);
}

bool column_date(const Configuration* config, AttrNumber column, core::Date* date) {
  const TupleTableSlot* slot = config->facts->slot;
  if (slot->tts_isnull[column - 1]) return false;
  *date = DatumGetDateADT(slot->tts_values[column - 1]);
  return !DATE_NOT_FINITE(*date);
}

const core::ProfileIndex* indexed_facet(Decision* decision, core::Facet facet) {
  bool is_null = false;
  const AttrNumber column = decision->access->columns.profiles[static_cast<size_t>(facet)];
  return profile_index(index_profile(get_column(decision->access->changed, column, &is_null)));
}

void add_cursor(DecisionBuffers* buffers, ReviewCursor cursor, core::Date today) {
  compute([&] {
    start_cursor(cursor, today);
    if (cursor.date != core::kNoDate) buffers->cursors.push_back(cursor);
  });
}

void add_promise_cursors(Decision* decision, DecisionBuffers* buffers, ReviewCursor cursor) {
  bool is_null = false;
  const core::Bytes promises =
      bytes_of(get_column(decision->access->changed, decision->access->columns.promises, &is_null));
  compute([&] { core::promise_days(promises, buffers->days); });
  for (const core::Date day : buffers->days) {
    cursor.date = core::add_days(promise_deadline(decision->config->scenarios, day), 1);
    add_cursor(buffers, cursor, decision->as_of);
  }
}

// One term's cursor; the terms with two sides (an entry comes into a window and leaves it) have two.
void add_term_cursors(Decision* decision, DecisionBuffers* buffers, int search, const TimeTerm* term) {
  ReviewCursor cursor = {search, term->date, term->kind, term->offset, nullptr, 0};
  switch (term->kind) {
    case TimeTermKind::ProfileDays:
      cursor.index = profile_index(decision->config->facts->slot->tts_values[term->attribute - 1]);
      break;
    case TimeTermKind::Rolling12:
      cursor.index = indexed_facet(decision, core::Facet::Sales);
      add_cursor(buffers, cursor, decision->as_of);
      cursor.kind = TimeTermKind::ProfileDays;  // a document dated ahead comes into the window
      cursor.offset = 0;
      break;
    case TimeTermKind::MonthStart:
      cursor.index = indexed_facet(decision, core::Facet::Payments);
      if (cursor.index->count == 0) return;
      break;
    case TimeTermKind::PromiseDay:
      return add_promise_cursors(decision, buffers, cursor);
    case TimeTermKind::DateColumn:
      if (!column_date(decision->config, term->attribute, &cursor.date)) return;
      cursor.date =
          static_cast<core::Date>(std::min<int64>(int64{cursor.date} + term->offset, core::kNoDate));
      break;
    case TimeTermKind::FixedDate:
      break;
    case TimeTermKind::Daily:
      cursor.date = decision->as_of + 1;
      break;
  }
  add_cursor(buffers, cursor, decision->as_of);
}

void open_cursors(Decision* decision, DecisionBuffers* buffers) {
  const Configuration* config = decision->config;
  MemoryContext caller = MemoryContextSwitchTo(config->facts->context->ecxt_per_tuple_memory);
  compute([&] {
    buffers->cursors.clear();
    buffers->later_truths = buffers->truths;
  });
  for (int search = 0; search < config->search_count; ++search) {
    ListCell* cell = nullptr;
    foreach (cell, config->searches[search].time_terms)
      add_term_cursors(decision, buffers, search, static_cast<TimeTerm*>(lfirst(cell)));
  }
  for (const core::HandMade& hand : buffers->hand_made)
    if (hand.until != core::kNoDate)
      add_cursor(buffers, {kHandMade, hand.until + 1, TimeTermKind::FixedDate, 0, nullptr, 0},
                 decision->as_of);
  MemoryContextSwitchTo(caller);
}

core::Date earliest(const DecisionBuffers* buffers) {
  core::Date date = core::kNoDate;
  for (const ReviewCursor& cursor : buffers->cursors) date = std::min(date, cursor.date);
  return date;
}

// Evaluates the search on a later date; true where its truth then differs from what was known before it.
bool reevaluate(Decision* decision, DecisionBuffers* buffers, int search, core::Date date) {
  const Configuration* config = decision->config;
  core::Truth truth;
  set_evaluation_date(date);
  evaluate_facts(config->facts, config->searches[search].time_columns, customer_slot(decision),
                 decision->access->asked);
  evaluate_searches_on(decision, date, search, &truth);
  count(Counter::SearchesEvaluated);
  const bool differs = buffers->later_truths[search] != truth;
  buffers->later_truths[search] = truth;
  return differs;
}

// Moves the cursors that stand on the date on; true where a truth or a hand-made assignment changes on it.
bool pass_date(Decision* decision, DecisionBuffers* buffers, core::Date date, int* budget) {
  bool changed = false;
  int32 evaluated = kHandMade;
  for (ReviewCursor& cursor : buffers->cursors) {  // in the order of the searches
    if (cursor.date != date) continue;
    advance_cursor(cursor);
    if (cursor.search == kHandMade) {
      changed = true;
    } else if (cursor.search != evaluated) {
      evaluated = cursor.search;
      --*budget;
      if (reevaluate(decision, buffers, cursor.search, date)) changed = true;
    }
  }
  return changed;
}

bool decision_differs(Decision* decision, DecisionBuffers* buffers, core::Date date) {
  bool differs = false;
  compute([&] {
    core::DecisionInput input = decision_input(decision, buffers);
    input.truths = buffers->later_truths;
    input.as_of = date;
    // Between two calls the rules with autorun = false stand as they were just decided.
    input.previous = {buffers->next.data(), buffers->next.size()};
    input.evaluate_manual_rules = false;
    core::decide(decision->config->rules, input, buffers->later);
    differs = !core::same_memberships({buffers->next.data(), buffers->next.size()},
                                      {buffers->later.data(), buffers->later.size()});
  });
  return differs;
}

}  // namespace

DecisionBuffers* decision_buffers() {
  if (buffers_of_backend == nullptr) compute([&] { buffers_of_backend = new DecisionBuffers; });
  return buffers_of_backend;
}

core::DecisionInput decision_input(const Decision* decision, const DecisionBuffers* buffers) {
  core::DecisionInput input;
  input.truths = buffers->truths;
  input.hand_made = buffers->hand_made;
  input.previous = {buffers->previous.data(), buffers->previous.size()};
  input.created_on = decision->created_on;
  input.as_of = decision->as_of;
  input.evaluate_manual_rules = decision->evaluate_manual_rules;
  return input;
}

void decide_now(Decision* decision, DecisionBuffers* buffers) {
  const Configuration* config = decision->config;
  decision->failure_count = 0;
  compute([&] { buffers->truths.resize(static_cast<size_t>(config->search_count)); });
  evaluate_all_facts(decision);
  for (int search = 0; search < config->search_count; ++search)
    evaluate_searches_on(decision, decision->as_of, search, &buffers->truths[search]);
  add(Counter::SearchesEvaluated, static_cast<uint64>(config->search_count));
  clear_evaluation_date();
  compute([&] { core::decide(config->rules, decision_input(decision, buffers), buffers->next); });
}

LookAhead begin_look_ahead(Decision* decision, DecisionBuffers* buffers, int budget, core::Date last) {
  open_cursors(decision, buffers);
  return {budget, std::min(last, kLastDate), false};
}

core::Date next_truth_change(Decision* decision, DecisionBuffers* buffers, LookAhead* ahead) {
  core::Date change = core::kNoDate;
  for (core::Date date = earliest(buffers); date <= ahead->last && change == core::kNoDate;
       date = earliest(buffers)) {
    ahead->stopped = ahead->budget <= 0;
    if (ahead->stopped || pass_date(decision, buffers, date, &ahead->budget)) change = date;
  }
  clear_evaluation_date();
  return change;
}

core::Date next_difference(Decision* decision, DecisionBuffers* buffers, LookAhead* ahead) {
  core::Date date = next_truth_change(decision, buffers, ahead);
  while (date != core::kNoDate && !ahead->stopped && !decision_differs(decision, buffers, date))
    date = next_truth_change(decision, buffers, ahead);
  return date;
}

core::Date next_review(Decision* decision, DecisionBuffers* buffers, int budget) {
  LookAhead ahead = begin_look_ahead(decision, buffers, budget, kLastDate);
  return next_difference(decision, buffers, &ahead);
}

}  // namespace search_assign::pg
