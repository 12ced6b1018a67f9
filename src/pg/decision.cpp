// One customer's decision and the look-ahead in time. Backend zone.
#include "search_assign/pg/decision.hpp"

#include "search_assign/core/calendar.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/settings.hpp"

namespace search_assign::pg {
namespace {

DecisionBuffers* buffers_of_backend = nullptr;

// Candidates more than this many days ahead are left to a later review.
constexpr int64 kHorizonDays = 400;
constexpr int kMonthsOfPayments = 8;

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
  evaluate_facts(config->facts, config->columns, customer_slot(decision), decision->access->changed);
}

core::DecisionInput input_of(const Decision* decision, const DecisionBuffers* buffers) {
  core::DecisionInput input;
  input.truths = buffers->truths;
  input.hand_made = buffers->hand_made;
  input.previous = {buffers->previous.data(), buffers->previous.size()};
  input.created_on = decision->created_on;
  input.as_of = decision->as_of;
  input.evaluate_manual_rules = decision->evaluate_manual_rules;
  return input;
}

bool column_date(const Configuration* config, AttrNumber column, core::Date* date) {
  const TupleTableSlot* slot = config->facts->slot;
  if (slot->tts_isnull[column - 1]) return false;
  *date = DatumGetDateADT(slot->tts_values[column - 1]);
  return !DATE_NOT_FINITE(*date);
}

// The candidate dates of one time term, C++ zone: `profile` is the column's value where it is one.
struct TermSource {
  TimeTermKind kind;
  int32 search;
  int64 offset;
  core::Date today;
  core::Bytes profile;
  bool has_date;
  core::Date date;
};

void add_candidate(std::vector<Candidate>& candidates, const TermSource& source, int64 date) {
  if (date > source.today && date <= source.today + kHorizonDays)
    candidates.push_back({static_cast<core::Date>(date), source.search});
}

void add_profile_days(std::vector<Candidate>& candidates, const TermSource& source) {
  core::ProfileReader reader(source.profile);
  for (core::ProfileEntry entry; reader.next(entry);) {
    if (entry.date + source.offset > source.today + kHorizonDays) break;
    add_candidate(candidates, source, entry.date + source.offset);
  }
}

void add_rolling_year(std::vector<Candidate>& candidates, const TermSource& source) {
  core::ProfileReader reader(source.profile);
  for (core::ProfileEntry entry; reader.next(entry);) {
    if (entry.date > source.today) add_candidate(candidates, source, entry.date);
    const core::Date leaves = core::add_months(entry.date, 12);
    add_candidate(candidates, source, leaves);
    // 29 February has no day a year later: it leaves the window one day after the 28th.
    add_candidate(candidates, source, int64{leaves} + 1);
  }
}

void add_term(std::vector<Candidate>& candidates, std::vector<core::Date>& days, const TermSource& source) {
  switch (source.kind) {
    case TimeTermKind::ProfileDays: add_profile_days(candidates, source); break;
    case TimeTermKind::Rolling12: add_rolling_year(candidates, source); break;
    case TimeTermKind::MonthStart:
      if (core::is_empty(source.profile)) break;
      for (int month = 1; month <= kMonthsOfPayments; ++month)
        add_candidate(candidates, source, core::add_months(core::month_start(source.today), month));
      break;
    case TimeTermKind::PromiseDay:
      core::promise_days(source.profile, days);
      for (const core::Date day : days) add_candidate(candidates, source, int64{day} + 1);
      break;
    case TimeTermKind::DateColumn:
      if (source.has_date) add_candidate(candidates, source, source.date + source.offset);
      break;
    case TimeTermKind::FixedDate:
      add_candidate(candidates, source, source.date);
      add_candidate(candidates, source, int64{source.date} + 1);
      break;
    case TimeTermKind::Daily: add_candidate(candidates, source, int64{source.today} + 1); break;
  }
}

Datum profile_column(Decision* decision, core::Facet facet) {
  bool is_null = false;
  return get_column(decision->access->changed, decision->access->columns.profiles[static_cast<size_t>(facet)], &is_null);
}

TermSource term_source(Decision* decision, int search, const TimeTerm* term) {
  TermSource source;
  source.kind = term->kind;
  source.search = search;
  source.offset = term->offset;
  source.today = decision->as_of;
  source.has_date = false;
  source.date = term->date;
  bool is_null = false;
  switch (term->kind) {
    case TimeTermKind::ProfileDays:
      source.profile = bytes_of(decision->config->facts->slot->tts_values[term->attribute - 1]);
      break;
    case TimeTermKind::Rolling12: source.profile = bytes_of(profile_column(decision, core::Facet::Sales)); break;
    case TimeTermKind::MonthStart: source.profile = bytes_of(profile_column(decision, core::Facet::Payments)); break;
    case TimeTermKind::PromiseDay:
      source.profile = bytes_of(get_column(decision->access->changed, decision->access->columns.promises, &is_null));
      break;
    case TimeTermKind::DateColumn: source.has_date = column_date(decision->config, term->attribute, &source.date); break;
    default: break;
  }
  return source;
}

void collect_candidates(Decision* decision, DecisionBuffers* buffers) {
  const Configuration* config = decision->config;
  buffers->candidates.clear();
  for (int search = 0; search < config->search_count; ++search) {
    ListCell* cell = nullptr;
    foreach (cell, config->searches[search].time_terms) {
      const TermSource source = term_source(decision, search, static_cast<TimeTerm*>(lfirst(cell)));
      compute([&] { add_term(buffers->candidates, buffers->days, source); });
    }
  }
  const core::Date today = decision->as_of;
  compute([&] {
    for (const core::HandMade& hand : buffers->hand_made)
      if (hand.until != core::kNoDate && hand.until >= today)
        buffers->candidates.push_back({hand.until + 1, kHandMade});
    std::sort(buffers->candidates.begin(), buffers->candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.date != b.date ? a.date < b.date : a.search < b.search;
    });
    buffers->later_truths = buffers->truths;
  });
}

// Evaluates the search on a later date; true where its truth then differs from what was known before it.
bool reevaluate(Decision* decision, DecisionBuffers* buffers, const Candidate& candidate) {
  const Configuration* config = decision->config;
  core::Truth truth;
  set_evaluation_date(candidate.date);
  evaluate_facts(config->facts, config->searches[candidate.search].time_columns, customer_slot(decision),
                 decision->access->changed);
  evaluate_searches_on(decision, candidate.date, candidate.search, &truth);
  const bool differs = buffers->later_truths[candidate.search] != truth;
  buffers->later_truths[candidate.search] = truth;
  return differs;
}

bool decision_differs(Decision* decision, DecisionBuffers* buffers, core::Date date) {
  bool differs = false;
  compute([&] {
    core::DecisionInput input = input_of(decision, buffers);
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

void decide_now(Decision* decision, DecisionBuffers* buffers) {
  const Configuration* config = decision->config;
  decision->failure_count = 0;
  compute([&] { buffers->truths.resize(static_cast<size_t>(config->search_count)); });
  evaluate_all_facts(decision);
  for (int search = 0; search < config->search_count; ++search)
    evaluate_searches_on(decision, decision->as_of, search, &buffers->truths[search]);
  clear_evaluation_date();
  compute([&] { core::decide(config->rules, input_of(decision, buffers), buffers->next); });
}

core::Date next_review(Decision* decision, DecisionBuffers* buffers, int budget) {
  collect_candidates(decision, buffers);
  core::Date review = core::kNoDate;
  const size_t count = buffers->candidates.size();
  for (size_t first = 0; first < count;) {
    const core::Date date = buffers->candidates[first].date;
    bool changed = false;
    int32 evaluated = -2;
    size_t last = first;
    if (budget <= 0) {
      review = date;
      break;
    }
    for (; last < count && buffers->candidates[last].date == date; ++last) {
      const Candidate candidate = buffers->candidates[last];
      if (candidate.search == evaluated) continue;
      evaluated = candidate.search;
      --budget;
      if (candidate.search == kHandMade || reevaluate(decision, buffers, candidate)) changed = true;
    }
    if (changed && decision_differs(decision, buffers, date)) {
      review = date;
      break;
    }
    first = last;
  }
  clear_evaluation_date();
  return review;
}

}  // namespace search_assign::pg
