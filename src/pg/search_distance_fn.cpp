// Customers just outside a search, and those whom time alone takes into it or out of it.
// SQL face: sql/install/89_search_distance.sql; tests: tests/regress/sql/search_distance.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/clause_finding.hpp"
#include "search_assign/pg/dry_decision.hpp"
#include "search_assign/pg/search.hpp"
#include "search_assign/pg/settings.hpp"

extern "C" {
#include "access/table.h"
#include "funcapi.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

constexpr int32 kMostDays = 3660;

// Columns of customer_facts that say who the customer is and what is at stake.
constexpr const char* kShown[] = {"customer_id", "account_no", "name", "outstanding", "overdue"};
constexpr int kShownCount = static_cast<int>(lengthof(kShown));

struct SearchScan {
  ReturnSetInfo* result;
  const Configuration* config;
  DryDecisions* dry;
  AttrNumber shown[kShownCount];
  MemoryContext row;  // reset per customer
  int settings;
};

SearchScan open_scan(FunctionCallInfo fcinfo) {
  SearchScan scan;
  memset(&scan, 0, sizeof scan);
  InitMaterializedSRF(fcinfo, 0);
  check_may_read_facts();
  scan.result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
  const Oid facts = relation_oid("customer_facts");
  Bitmapset* columns = nullptr;
  for (int i = 0; i < kShownCount; ++i) {
    scan.shown[i] = get_attnum(facts, kShown[i]);
    columns = bms_add_member(columns, scan.shown[i]);
  }
  scan.config = configuration_of_search(name, criteria_of_search(name), columns);
  scan.settings = begin_shown_values();
  scan.dry = open_dry_search(scan.config, core::kNoDate);
  scan.row = AllocSetContextCreate(CurrentMemoryContext, "search_assign row", ALLOCSET_DEFAULT_SIZES);
  return scan;
}

void close_scan(const SearchScan& scan) {
  close_dry_decisions(scan.dry);
  end_shown_values(scan.settings);
}

core::Truth truth_now(const SearchScan& scan) { return scan.dry->reader.buffers->truths[0]; }

void put_shown(const SearchScan& scan, Datum* values, bool* nulls) {
  const TupleTableSlot* slot = scan.config->facts->slot;
  for (int i = 0; i < kShownCount; ++i) {
    values[i] = slot->tts_values[scan.shown[i] - 1];
    nulls[i] = slot->tts_isnull[scan.shown[i] - 1];
  }
}

// ---- distance -------------------------------------------------------------------------------

// What has to change for a clause to be as its search wants it.
struct Gap {
  bool possible;    // each of the conditions compares a number or date
  int count;        // of conditions
  double nearness;  // the largest distance among them as a share of its threshold
};

constexpr double kDaysOfAYear = 365;

double nearness_of(const ClauseComparison& comparison) {
  const double distance =
      DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, comparison.distance));
  if (strcmp(comparison.type, "date") == 0) return distance / kDaysOfAYear;
  const double threshold = std::abs(DatumGetFloat8(DirectFunctionCall1(
      numeric_float8_no_overflow, DirectFunctionCall3(numeric_in, CStringGetDatum(comparison.threshold),
                                                      ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)))));
  return threshold > 0 ? distance / threshold : distance;
}

bool is_better(const Gap& a, const Gap& b) {
  if (a.possible != b.possible) return a.possible;
  return a.count != b.count ? a.count < b.count : a.nearness < b.nearness;
}

// Marks in `change` the conditions that have to change, where all of them can.
Gap gap_of(const ClauseFindings& findings, int at, bool* change) {
  const ClauseFinding& finding = findings.items[at];
  if (is_as_wanted(finding)) return {true, 0, 0};
  if (finding.clause->kind == ClauseKind::Condition) {
    const bool possible = finding.comparison.found && finding.comparison.distance != static_cast<Datum>(0);
    change[at] = possible;
    return {possible, 1, possible ? nearness_of(finding.comparison) : 0};
  }
  const bool one_suffices =
      (finding.clause->kind == ClauseKind::Or) == finding.wanted && finding.clause->kind != ClauseKind::Not;
  Gap gap = {!one_suffices, 0, 0};
  const auto size = static_cast<size_t>(findings.count);
  auto* part = static_cast<bool*>(palloc(size));
  for (int i = at + 1; i < findings.count; ++i) {
    if (findings.items[i].parent != finding.number) continue;
    memset(part, 0, size);
    const Gap of_part = gap_of(findings, i, part);
    if (one_suffices) {
      if (!is_better(of_part, gap)) continue;
      gap = of_part;
      for (int j = at; j < findings.count; ++j) change[j] = part[j];
    } else {
      gap = {gap.possible && of_part.possible, gap.count + of_part.count,
             std::max(gap.nearness, of_part.nearness)};
      for (int j = at; j < findings.count; ++j) change[j] = change[j] || part[j];
    }
  }
  return gap;
}

enum GapColumn {
  kConditions = kShownCount,
  kNearness,
  kClauseNo,
  kClause,
  kMeasure,
  kValueType,
  kActual,
  kNeeds,
  kThreshold,
  kDistance,
  kGapColumnCount
};

void emit_gap(const SearchScan& scan, const Gap& gap, const ClauseFinding& finding) {
  Datum values[kGapColumnCount];
  bool nulls[kGapColumnCount] = {};
  put_shown(scan, values, nulls);
  const ClauseComparison& comparison = finding.comparison;
  values[kConditions] = Int32GetDatum(gap.count);
  values[kNearness] = Float8GetDatum(gap.nearness);
  values[kClauseNo] = Int32GetDatum(finding.number);
  values[kClause] = PointerGetDatum(cstring_to_text_with_len(
      scan.config->searches->criteria + finding.clause->first, finding.clause->length));
  values[kMeasure] = CStringGetTextDatum(comparison.measure);
  values[kValueType] = CStringGetTextDatum(comparison.type);
  values[kActual] = CStringGetTextDatum(comparison.actual);
  values[kNeeds] = CStringGetTextDatum(comparison.needs);
  values[kThreshold] = CStringGetTextDatum(comparison.threshold);
  values[kDistance] = comparison.distance;
  tuplestore_putvalues(scan.result->setResult, scan.result->setDesc, values, nulls);
}

void add_gaps(const SearchScan& scan, ClauseStates* states, int32 max_conditions) {
  if (truth_now(scan) == core::Truth::True) return;
  const Facts* facts = scan.config->facts;
  set_evaluation_date(scan.dry->decision.as_of);
  const ClauseFindings findings = find_clauses(states, facts->context, facts->slot);
  clear_evaluation_date();
  auto* change = static_cast<bool*>(palloc0(static_cast<size_t>(findings.count)));
  const Gap gap = gap_of(findings, 0, change);
  if (!gap.possible || gap.count == 0 || gap.count > max_conditions) return;
  for (int i = 0; i < findings.count; ++i)
    if (change[i]) emit_gap(scan, gap, findings.items[i]);
}

// ---- forecast -------------------------------------------------------------------------------

void emit_crossing(const SearchScan& scan, core::Date date, bool enters, const Datum* shown,
                   const bool* empty) {
  Datum values[kShownCount + 2];
  bool nulls[kShownCount + 2] = {};
  memcpy(values, shown, sizeof(Datum) * kShownCount);
  memcpy(nulls, empty, sizeof(bool) * kShownCount);
  values[kShownCount] = DateADTGetDatum(date);
  values[kShownCount + 1] = BoolGetDatum(enters);
  tuplestore_putvalues(scan.result->setResult, scan.result->setDesc, values, nulls);
}

// The first day within `days` on which the search's truth is another than today.
void add_crossing(const SearchScan& scan, int32 days) {
  Decision* decision = &scan.dry->decision;
  DecisionBuffers* buffers = scan.dry->reader.buffers;
  const core::Truth today = truth_now(scan);
  if (today == core::Truth::Unchanged) return;  // it failed
  Datum shown[kShownCount];
  bool empty[kShownCount];
  put_shown(scan, shown, empty);  // as of today: looking ahead moves the facts on
  LookAhead ahead = begin_look_ahead(decision, buffers, INT_MAX, core::add_days(decision->as_of, days));
  for (core::Date date = next_truth_change(decision, buffers, &ahead); date != core::kNoDate;
       date = next_truth_change(decision, buffers, &ahead)) {
    const core::Truth then = buffers->later_truths[0];
    if (then == today || then == core::Truth::Unchanged) continue;
    emit_crossing(scan, date, then == core::Truth::True, shown, empty);
    return;
  }
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_search_gaps) {
  using namespace search_assign::pg;
  const int32 max_conditions = PG_GETARG_INT32(1);
  if (max_conditions < 1)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_conditions must be at least 1")));
  const SearchScan scan = open_scan(fcinfo);
  ClauseStates* states = prepare_findings(scan.config->searches);
  int64 customer_id = 0;
  while (next_dry_customer(scan.dry, &customer_id)) {
    MemoryContextReset(scan.row);
    MemoryContext caller = MemoryContextSwitchTo(scan.row);
    add_gaps(scan, states, max_conditions);
    MemoryContextSwitchTo(caller);
  }
  close_scan(scan);
  PG_RETURN_NULL();
}

SA_FUNCTION(sa_search_crossings) {
  using namespace search_assign::pg;
  const int32 days = PG_GETARG_INT32(1);
  if (days < 1 || days > kMostDays)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("days must be between 1 and %d", kMostDays), errdetail("%d was given.", days)));
  const SearchScan scan = open_scan(fcinfo);
  int64 customer_id = 0;
  while (next_dry_customer(scan.dry, &customer_id)) {
    MemoryContextReset(scan.row);
    MemoryContext caller = MemoryContextSwitchTo(scan.row);
    add_crossing(scan, days);
    MemoryContextSwitchTo(caller);
  }
  close_scan(scan);
  PG_RETURN_NULL();
}
