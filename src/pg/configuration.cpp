// Configuration: searches and rules in force, compiled once a backend. Backend zone.
//
// The tables of the configuration carry statement triggers that raise configuration.version and
// invalidate the relcache entry of receivables.configuration (sa_configuration_changed). Every
// backend's callback then clears the flag; the next use rebuilds.
#include "search_assign/pg/configuration.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/criteria.hpp"
#include "search_assign/pg/priority.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

Configuration* current = nullptr;
bool valid = false;
Oid watched = InvalidOid;       // receivables.configuration
Oid watched_view = InvalidOid;  // receivables.customer_facts

constexpr const char* kAllSearchesSql =
    "SELECT s.search_id, s.name, s.criteria FROM receivables.search s ORDER BY s.search_id";

constexpr const char* kSearchesSql =
    "SELECT s.search_id, s.name, s.criteria FROM receivables.search s"
    " WHERE EXISTS (SELECT FROM receivables.assignment_rule r WHERE r.search = s.name AND r.active)"
    " OR EXISTS (SELECT FROM receivables.alert_rule a WHERE a.search = s.name AND a.active)"
    " OR EXISTS (SELECT FROM receivables.priority_rule p WHERE p.search = s.name AND p.active)"
    " ORDER BY s.search_id";

// Alert (7) and priority (8) rules are their own targets.
constexpr const char* kRulesSql =
    "SELECT r.rule_id, s.search_id, r.target, r.target_id, r.autorun, r.new_customers_only, r.active_since"
    " FROM (SELECT a.rule_id, a.search, t.target, t.target_id, a.autorun, a.new_customers_only, "
    "a.active_since, "
    "a.priority"
    "       FROM receivables.assignment_rule a JOIN receivables.assignment_target t ON t.rule_id = a.rule_id"
    "       WHERE a.active"
    "       UNION ALL SELECT a.alert_rule_id, a.search, 7, a.alert_rule_id, true, false, NULL, 0"
    "       FROM receivables.alert_rule a WHERE a.active"
    "       UNION ALL SELECT p.priority_rule_id, p.search, 8, p.priority_rule_id, true, false, NULL, 0"
    "       FROM receivables.priority_rule p WHERE p.active) r"
    " JOIN receivables.search s ON s.name = r.search"
    " ORDER BY r.target, CASE WHEN r.target >= 4 THEN r.target_id END, r.priority, r.rule_id";

constexpr const char* kTargetsSql =
    "SELECT target, target_id, name, is_default FROM receivables.assignment_target_name"
    " UNION ALL SELECT 7, alert_rule_id, coalesce(label, search), false FROM receivables.alert_rule"
    " ORDER BY target, target_id";

struct StoredCriteria {
  const char* text;
  Relation facts;
  MemoryContext memory;
  Clause* clauses;
};

void parse_stored(void* argument) {
  auto* stored = static_cast<StoredCriteria*>(argument);
  MemoryContext caller = MemoryContextSwitchTo(stored->memory);
  stored->clauses = parse_criteria(stored->text, stored->facts);
  MemoryContextSwitchTo(caller);
}

void compile_clauses(CompiledSearch* search, const char* criteria, Clause* clauses, Relation facts,
                     Configuration* config) {
  Expr* expression = clauses->expression;
  search->criteria = pstrdup(criteria);
  search->clauses = clauses;
  search->columns = used_attributes(expression);
  search->time_terms = time_terms(expression, facts);
  search->can_fail = can_fail(expression);
  search->state = ExecInitExpr(expression, nullptr);
  config->columns = bms_add_members(config->columns, search->columns);
  if (search->time_terms != NIL) config->has_time_terms = true;
  // The look-ahead reads the columns that the time terms name.
  ListCell* cell = nullptr;
  foreach (cell, search->time_terms) {
    auto* term = static_cast<TimeTerm*>(lfirst(cell));
    if (term->attribute != 0) config->columns = bms_add_member(config->columns, term->attribute);
  }
}

// A criteria that has become invalid makes its search useless, but fails nothing else.
void compile_search(CompiledSearch* search, const char* criteria, Relation facts, Configuration* config) {
  StoredCriteria stored = {criteria, facts, config->memory, nullptr};
  CaughtError error;
  if (run_guarded(parse_stored, &stored, &error))
    compile_clauses(search, criteria, stored.clauses, facts, config);
  else
    search->error = error.message;
}

void load_searches(Configuration* config, const char* searches) {
  SpiRows rows = spi_select_active(searches);
  config->search_count = static_cast<int>(rows.count);
  config->searches = static_cast<CompiledSearch*>(
      MemoryContextAllocZero(config->memory, sizeof(CompiledSearch) * (rows.count + 1)));
  Relation facts = table_open(relation_oid("customer_facts"), AccessShareLock);
  for (uint64 i = 0; i < rows.count; ++i) {
    MemoryContext caller = MemoryContextSwitchTo(config->memory);
    CompiledSearch* search = &config->searches[i];
    search->search_id = spi_int64(rows, i, 1);
    search->name = CStringGetTextDatum(spi_text(rows, i, 2));
    compile_search(search, spi_text(rows, i, 3), facts, config);
    MemoryContextSwitchTo(caller);
  }
  table_close(facts, AccessShareLock);
}

int search_index(const Configuration* config, int64 search_id) {
  for (int i = 0; i < config->search_count; ++i)
    if (config->searches[i].search_id == search_id) return i;
  elog(ERROR, "search %lld is missing", static_cast<long long>(search_id));
  return -1;
}

void load_rules(Configuration* config) {
  SpiRows rows = spi_select_active(kRulesSql);
  auto* rules =
      static_cast<core::Rule*>(MemoryContextAllocZero(config->memory, sizeof(core::Rule) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i) {
    core::Rule* rule = &rules[i];
    rule->rule_id = spi_int64(rows, i, 1);
    rule->search = search_index(config, spi_int64(rows, i, 2));
    rule->target = static_cast<core::Target>(spi_int32(rows, i, 3));
    rule->target_id = spi_int32(rows, i, 4);
    rule->autorun = spi_bool(rows, i, 5);
    rule->new_customers_only = spi_bool(rows, i, 6);
    rule->active_since = spi_is_null(rows, i, 7) ? 0 : spi_int32(rows, i, 7);
    if (rule->new_customers_only) config->needs_customer = true;
    if (!rule->autorun) config->has_manual_rules = true;
  }
  config->rules.rules = std::span<const core::Rule>(rules, rows.count);
}

void load_targets(Configuration* config) {
  SpiRows rows = spi_select_active(kTargetsSql);
  config->target_count = static_cast<int>(rows.count);
  config->targets =
      static_cast<TargetName*>(MemoryContextAllocZero(config->memory, sizeof(TargetName) * (rows.count + 1)));
  MemoryContext caller = MemoryContextSwitchTo(config->memory);
  for (uint64 i = 0; i < rows.count; ++i) {
    TargetName* target = &config->targets[i];
    target->target = static_cast<core::Target>(spi_int32(rows, i, 1));
    target->target_id = spi_int32(rows, i, 2);
    target->name = CStringGetTextDatum(spi_text(rows, i, 3));
    if (!spi_bool(rows, i, 4)) continue;
    if (target->target == core::Target::Scenario) config->rules.default_scenario = target->target_id;
    if (target->target == core::Target::CollectionPortfolio)
      config->rules.default_collection_portfolio = target->target_id;
    if (target->target == core::Target::RiskPortfolio)
      config->rules.default_risk_portfolio = target->target_id;
  }
  MemoryContextSwitchTo(caller);
}

// Per search, which of its columns depend on the day; and whether the customer row is read at all.
void finish_searches(Configuration* config) {
  MemoryContext caller = MemoryContextSwitchTo(config->memory);
  config->facts = compile_facts(config->columns);
  for (int i = 0; i < config->search_count; ++i)
    config->searches[i].time_columns =
        bms_intersect(config->searches[i].columns, config->facts->time_columns);
  if (bms_overlap(config->columns, config->facts->customer_columns)) config->needs_customer = true;
  const AttrNumber next_action = get_attnum(relation_oid("customer_facts"), "next_action_on");
  config->reads_next_action = bms_is_member(next_action, config->columns);
  MemoryContextSwitchTo(caller);
}

Configuration* empty_configuration(MemoryContext memory) {
  auto* config = static_cast<Configuration*>(MemoryContextAllocZero(memory, sizeof(Configuration)));
  new (&config->rules) core::RuleSet{};
  new (&config->priority_rules) std::span<const core::PriorityRule>{};
  config->memory = memory;
  return config;
}

Configuration* build_in(MemoryContext memory, const char* searches) {
  Configuration* config = empty_configuration(memory);
  const MaintenanceScope scope = begin_maintenance();
  CommandCounterIncrement();
  SPI_connect();
  PushActiveSnapshot(GetLatestSnapshot());
  SpiRows version = spi_select_active("SELECT version FROM receivables.configuration");
  config->version = version.count == 1 ? spi_int64(version, 0, 1) : 1;
  load_searches(config, searches);
  load_rules(config);
  load_targets(config);
  config->scenarios = load_scenarios(memory);
  load_priority_rules(config);
  finish_searches(config);
  PopActiveSnapshot();
  SPI_finish();
  end_maintenance(scope);
  return config;
}

Configuration* build() {
  // A build that fails is freed with its transaction; one that succeeds outlives it.
  MemoryContext memory =
      AllocSetContextCreate(CurTransactionContext, "search_assign configuration", ALLOCSET_DEFAULT_SIZES);
  Configuration* config = build_in(memory, kSearchesSql);
  MemoryContextSetParent(memory, TopMemoryContext);
  return config;
}

void relation_changed(Datum, Oid relation) {
  if (relation == InvalidOid || relation == watched || relation == watched_view || watched == InvalidOid)
    valid = false;
}

}  // namespace

void forget_configuration() noexcept { valid = false; }

void raise_configuration_version() {
  CacheInvalidateRelcacheByRelid(relation_oid("configuration"));
  forget_configuration();
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  spi_execute(
      "UPDATE receivables.configuration SET version = version + 1, changed_at = pg_catalog.clock_timestamp(),"
      " changed_by = SESSION_USER");
  SPI_finish();
  end_maintenance(scope);
  ereport(NOTICE, (errmsg("searches, rules or scenarios changed: in force for every later ledger change"),
                   errhint("CALL receivables.search_assign() decides the other customers.")));
}

void register_configuration_callbacks() {
  CacheRegisterRelcacheCallback(relation_changed, static_cast<Datum>(0));
}

const Configuration* configuration() {
  while (!valid || current == nullptr) {
    if (current != nullptr && current->keepers == 0) MemoryContextDelete(current->memory);
    current = nullptr;
    watched = relation_oid("configuration");
    watched_view = relation_oid("customer_facts");
    valid = true;  // an invalidation that arrives while building clears it again
    current = build();
  }
  return current;
}

namespace {

void release_configuration(void* kept) {
  auto* config = static_cast<Configuration*>(kept);
  if (--config->keepers == 0 && config != current) MemoryContextDelete(config->memory);
}

}  // namespace

void keep_configuration(const Configuration* config, MemoryContext memory) {
  auto* callback =
      static_cast<MemoryContextCallback*>(MemoryContextAlloc(memory, sizeof(MemoryContextCallback)));
  auto* kept = const_cast<Configuration*>(config);
  callback->func = release_configuration;
  callback->arg = kept;
  ++kept->keepers;
  MemoryContextRegisterResetCallback(memory, callback);
}

Datum target_name(const Configuration* config, core::Target target, int32 target_id) {
  const TargetName* end = config->targets + config->target_count;
  const auto before = [](const TargetName& a, const std::pair<core::Target, int32>& key) {
    return std::pair(a.target, a.target_id) < key;
  };
  const TargetName* found = std::lower_bound(static_cast<const TargetName*>(config->targets), end,
                                             std::pair(target, target_id), before);
  return found != end && found->target == target && found->target_id == target_id ? found->name
                                                                                  : static_cast<Datum>(0);
}

Datum rule_search(const Configuration* config, core::Target target, int64 rule_id) {
  for (const core::Rule& rule : config->rules.rules)
    if (rule.rule_id == rule_id && core::same_numbering(rule.target, target))
      return config->searches[rule.search].name;
  return static_cast<Datum>(0);
}

const Configuration* configuration_of_all_searches() {
  return build_in(CurrentMemoryContext, kAllSearchesSql);
}

const Configuration* configuration_of_search(const char* name, const char* criteria,
                                             const Bitmapset* also_columns) {
  const Configuration* in_force = configuration();
  keep_configuration(in_force, CurrentMemoryContext);  // for its calendars
  Configuration* config = empty_configuration(CurrentMemoryContext);
  config->version = in_force->version;
  config->scenarios = in_force->scenarios;
  config->columns = bms_copy(also_columns);
  config->search_count = 1;
  config->searches = static_cast<CompiledSearch*>(palloc0(sizeof(CompiledSearch)));
  config->searches->name = CStringGetTextDatum(name);
  Relation facts = table_open(relation_oid("customer_facts"), AccessShareLock);
  compile_clauses(config->searches, criteria, parse_criteria(criteria, facts), facts, config);
  table_close(facts, AccessShareLock);
  finish_searches(config);
  return config;
}

}  // namespace search_assign::pg

// Statement trigger of the configuration's tables: every backend rebuilds at its next use.
SA_FUNCTION(sa_configuration_changed) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "configuration_changed")));
  if (!in_restore()) raise_configuration_version();
  PG_RETURN_POINTER(nullptr);
}
