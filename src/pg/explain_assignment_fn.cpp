// Explanation of a customer's assignment: rules, clauses and coming changes as rows.
// SQL face: sql/install/88_explain_assignment.sql; tests: tests/regress/sql/explain_assignment.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/clause_finding.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/dry_decision.hpp"
#include "search_assign/pg/facts.hpp"
#include "search_assign/pg/result_row.hpp"
#include "search_assign/pg/settings.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

// Later than that a credit manager does not look, and a search that is looked at daily would never end.
constexpr int kLookAheadBudget = 20'000;
constexpr int kLookAheadDays = 800;

struct Explanation {
  ReturnSetInfo* result;
  int settings;  // level of the settings in force meanwhile
  DryDecisions* dry;
  const Configuration* config;
  std::vector<core::RuleStanding>* standings;  // of the backend, reused
  ClauseFindings* findings;                    // per search, once made
};

std::vector<core::RuleStanding>* standings_of_backend() {
  static std::vector<core::RuleStanding>* standings = nullptr;
  if (standings == nullptr) compute([&] { standings = new std::vector<core::RuleStanding>; });
  return standings;
}

// Decides the customer on the date, as a ledger change of that day would.
DryDecisions* decide_for_explanation(int64 customer_id, core::Date as_of) {
  if (DATE_NOT_FINITE(as_of))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("as_of must be a finite date")));
  DryDecisions* dry = open_dry_decisions(as_of, false);
  if (!dry_decide(dry, customer_id))
    ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                    errmsg("customer %lld does not exist", static_cast<long long>(customer_id))));
  return dry;
}

Explanation open_explanation(FunctionCallInfo fcinfo) {
  Explanation explanation;
  memset(&explanation, 0, sizeof explanation);
  InitMaterializedSRF(fcinfo, 0);
  check_may_read_facts();
  explanation.result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  explanation.standings = standings_of_backend();
  explanation.settings = begin_shown_values();
  explanation.dry = decide_for_explanation(PG_GETARG_INT64(0), PG_GETARG_DATEADT(1));
  explanation.config = explanation.dry->reader.config;
  return explanation;
}

void close_explanation(const Explanation& explanation) {
  close_dry_decisions(explanation.dry);
  end_shown_values(explanation.settings);
}

// ---- rules and their clauses ----------------------------------------------------------------

enum RuleColumn {
  kTarget,
  kTargetId,
  kRuleId,
  kSearchId,
  kMatches,
  kStanding,
  kDecider,
  kClauseNo,
  kParentNo,
  kDepth,
  kKind,
  kClause,
  kWanted,
  kTruth,
  kDecisive,
  kFailure,
  kColumns,
  kColumnValues,
  kMeasure,
  kValueType,
  kActual,
  kNeeds,
  kThreshold,
  kDistance,
  kRuleColumnCount
};

using Row = ResultRow<kRuleColumnCount>;

constexpr const char* kStandingNames[] = {"idle", "decides", "shadowed", "hidden"};
constexpr const char* kKindNames[] = {"condition", "and", "or", "not"};

void put_rule(const Explanation& explanation, const core::Rule& rule, const core::RuleStanding& standing,
              Row* row) {
  clear_row(row);
  put(row, kTarget, Int32GetDatum(static_cast<int32>(rule.target)));
  put(row, kTargetId, Int32GetDatum(rule.target_id));
  put(row, kRuleId, Int64GetDatum(rule.rule_id));
  put(row, kSearchId, Int64GetDatum(explanation.config->searches[rule.search].search_id));
  put(row, kMatches, BoolGetDatum(standing.matches));
  put_text(row, kStanding, kStandingNames[static_cast<int>(standing.standing)]);
  if (standing.decider != 0) put(row, kDecider, Int64GetDatum(standing.decider));
}

void put_comparison(const ClauseComparison& comparison, Row* row) {
  if (!comparison.found) return;
  put_text(row, kMeasure, comparison.measure);
  put_text(row, kValueType, comparison.type);
  put_text(row, kActual, comparison.actual);
  put_text(row, kNeeds, comparison.needs);
  put_text(row, kThreshold, comparison.threshold);
  if (comparison.distance != static_cast<Datum>(0)) put(row, kDistance, comparison.distance);
}

// The columns that the clause reads, and what they hold.
void put_columns(const Facts* facts, Expr* expression, Row* row) {
  const Bitmapset* columns = used_attributes(expression);
  const int count = bms_num_members(columns);
  auto* names = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(count + 1)));
  auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * static_cast<Size>(count + 1)));
  auto* nulls = static_cast<bool*>(palloc0(static_cast<Size>(count + 1)));
  int at = 0;
  for (int column = bms_next_member(columns, -1); column >= 0; column = bms_next_member(columns, column)) {
    const FormData_pg_attribute* attribute = TupleDescAttr(facts->descriptor, column - 1);
    names[at] = CStringGetTextDatum(NameStr(attribute->attname));
    nulls[at] = facts->slot->tts_isnull[column - 1];
    if (!nulls[at] && attribute->atttypid == BOOLOID) {
      values[at] = CStringGetTextDatum(DatumGetBool(facts->slot->tts_values[column - 1]) ? "true" : "false");
    } else if (!nulls[at]) {
      Oid output = InvalidOid;
      bool is_varlena = false;
      getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
      values[at] = CStringGetTextDatum(OidOutputFunctionCall(output, facts->slot->tts_values[column - 1]));
    }
    ++at;
  }
  int lower = 1;
  int size = count;
  put(row, kColumns, PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT)));
  put(row, kColumnValues,
      PointerGetDatum(construct_md_array(values, nulls, 1, &size, &lower, TEXTOID, -1, false, TYPALIGN_INT)));
}

void put_clause(const Explanation& explanation, const CompiledSearch& search, const ClauseFinding& finding,
                Row* row) {
  put(row, kClauseNo, Int32GetDatum(finding.number));
  if (finding.parent != 0) put(row, kParentNo, Int32GetDatum(finding.parent));
  put(row, kDepth, Int32GetDatum(finding.depth));
  put_text(row, kKind, kKindNames[static_cast<int>(finding.clause->kind)]);
  put(row, kClause,
      PointerGetDatum(
          cstring_to_text_with_len(search.criteria + finding.clause->first, finding.clause->length)));
  put(row, kWanted, BoolGetDatum(finding.wanted));
  if (finding.truth == ClauseTruth::True || finding.truth == ClauseTruth::False)
    put(row, kTruth, BoolGetDatum(finding.truth == ClauseTruth::True));
  put(row, kDecisive, BoolGetDatum(finding.decisive));
  put_text(row, kFailure, finding.error);
  put_columns(explanation.config->facts, finding.clause->expression, row);
  put_comparison(finding.comparison, row);
}

const ClauseFindings& findings_of(Explanation* explanation, int32 search) {
  ClauseFindings* findings = &explanation->findings[search];
  if (findings->count > 0) return *findings;
  const Facts* facts = explanation->config->facts;
  set_evaluation_date(explanation->dry->decision.as_of);
  *findings =
      find_clauses(prepare_findings(&explanation->config->searches[search]), facts->context, facts->slot);
  clear_evaluation_date();
  return *findings;
}

void explain_rule(Explanation* explanation, size_t number) {
  const core::Rule& rule = explanation->config->rules.rules[number];
  const CompiledSearch& search = explanation->config->searches[rule.search];
  Row row;
  put_rule(*explanation, rule, (*explanation->standings)[number], &row);
  if (search.state == nullptr) {  // no longer valid
    put_text(&row, kFailure, search.error);
    add_row(explanation->result, &row);
    return;
  }
  const ClauseFindings& findings = findings_of(explanation, rule.search);
  for (int i = 0; i < findings.count; ++i) {
    put_rule(*explanation, rule, (*explanation->standings)[number], &row);
    put_clause(*explanation, search, findings.items[i], &row);
    add_row(explanation->result, &row);
  }
}

// ---- coming changes -------------------------------------------------------------------------

struct Slot {
  core::Target target;
  int32 target_id;  // 0 where a customer has one of the target
};

Slot slot_of(const core::Membership& membership) {
  return {membership.target, core::is_single_valued(membership.target) ? 0 : membership.target_id};
}

const core::Membership* held_in(const core::Assignment& assignment, const Slot& slot) {
  for (const core::Membership& membership : assignment) {
    const Slot other = slot_of(membership);
    if (other.target == slot.target && other.target_id == slot.target_id) return &membership;
  }
  return nullptr;
}

void emit_change(const Explanation& explanation, const Slot& slot, core::Date date) {
  const core::Membership* later = held_in(explanation.dry->reader.buffers->later, slot);
  Datum values[] = {Int32GetDatum(static_cast<int32>(slot.target)), Int32GetDatum(slot.target_id),
                    DateADTGetDatum(date), Int32GetDatum(later == nullptr ? 0 : later->target_id),
                    Int64GetDatum(later == nullptr ? 0 : later->rule_id)};
  bool nulls[] = {false, false, false, later == nullptr, later == nullptr || later->rule_id == 0};
  tuplestore_putvalues(explanation.result->setResult, explanation.result->setDesc, values, nulls);
}

// The first change of each slot: what comes after it is another day's question.
void add_changes_of(const Explanation& explanation, core::Date date, List** seen) {
  DecisionBuffers* buffers = explanation.dry->reader.buffers;
  compute([&] {
    core::differences({buffers->next.data(), buffers->next.size()},
                      {buffers->later.data(), buffers->later.size()}, buffers->changes);
  });
  for (const core::MembershipChange& change : buffers->changes) {
    const core::Membership* either = change.after != nullptr ? change.after : change.before;
    if (either->target == core::Target::Priority) continue;
    const Slot slot = slot_of(*either);
    const int64 key = int64{static_cast<int32>(slot.target)} << 32 | slot.target_id;
    bool known = false;
    ListCell* cell = nullptr;
    foreach (cell, *seen) known = known || *static_cast<int64*>(lfirst(cell)) == key;
    if (known) continue;
    auto* entry = static_cast<int64*>(palloc(sizeof(int64)));
    *entry = key;
    *seen = lappend(*seen, entry);
    emit_change(explanation, slot, date);
  }
}

void look_ahead(const Explanation& explanation) {
  Decision* decision = &explanation.dry->decision;
  DecisionBuffers* buffers = explanation.dry->reader.buffers;
  LookAhead ahead =
      begin_look_ahead(decision, buffers, kLookAheadBudget, core::add_days(decision->as_of, kLookAheadDays));
  List* seen = NIL;
  for (core::Date date = next_difference(decision, buffers, &ahead); date != core::kNoDate && !ahead.stopped;
       date = next_difference(decision, buffers, &ahead)) {
    CHECK_FOR_INTERRUPTS();
    add_changes_of(explanation, date, &seen);
  }
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_explain_rules) {
  using namespace search_assign::pg;
  namespace core = search_assign::core;
  Explanation explanation = open_explanation(fcinfo);
  const Configuration* config = explanation.config;
  explanation.findings = static_cast<ClauseFindings*>(
      palloc0(sizeof(ClauseFindings) * static_cast<size_t>(config->search_count + 1)));
  compute([&] {
    core::stand(config->rules, decision_input(&explanation.dry->decision, explanation.dry->reader.buffers),
                *explanation.standings);
  });
  for (size_t i = 0; i < config->rules.rules.size(); ++i)
    if (config->rules.rules[i].target != core::Target::Priority) explain_rule(&explanation, i);
  close_explanation(explanation);
  PG_RETURN_NULL();
}

SA_FUNCTION(sa_decided_assignment) {
  using namespace search_assign::pg;
  check_may_read_facts();
  MemoryContext caller = CurrentMemoryContext;
  DryDecisions* dry = decide_for_explanation(PG_GETARG_INT64(0), PG_GETARG_DATEADT(1));
  DecisionBuffers* buffers = dry->reader.buffers;
  compute([&] {
    search_assign::core::encode_assignment({buffers->next.data(), buffers->next.size()}, buffers->encoded);
  });
  MemoryContextSwitchTo(caller);
  const Datum result = bytes_datum(buffers->encoded);
  close_dry_decisions(dry);
  PG_RETURN_DATUM(result);
}

SA_FUNCTION(sa_coming_changes) {
  using namespace search_assign::pg;
  const Explanation explanation = open_explanation(fcinfo);
  look_ahead(explanation);
  close_explanation(explanation);
  PG_RETURN_NULL();
}
