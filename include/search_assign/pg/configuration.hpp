// Configuration: the searches and rules in force, compiled once a backend and rebuilt after any
// change of them, also by other sessions.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/priority.hpp"
#include "search_assign/pg/criteria_clause.hpp"
#include "search_assign/pg/facts.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace search_assign::pg {

struct CompiledSearch {
  int64 search_id;
  Datum name;            // text
  const char* criteria;  // as written
  Clause* clauses;       // of the criteria; the root's expression is the one that decides
  ExprState* state;      // nullptr: the criteria is invalid, `error` says why
  const char* error;
  bool can_fail;            // its evaluation may raise an error: evaluated in a subtransaction
  Bitmapset* columns;       // columns of customer_facts it reads
  Bitmapset* time_columns;  // those of them that depend on the day
  List* time_terms;         // of TimeTerm
};

struct TargetName {
  core::Target target;
  int32 target_id;
  Datum name;  // text
};

struct ScenarioSet;

struct Configuration {
  int64 version;
  int search_count;
  CompiledSearch* searches;                            // those that active rules use
  core::RuleSet rules;                                 // assignment, alert and priority rules
  std::span<const core::PriorityRule> priority_rules;  // ascending by rule_id
  Bitmapset* columns;                                  // union over the searches
  Facts* facts;
  bool needs_customer;  // some fact or rule reads the customer row
  bool has_time_terms;
  bool reads_next_action;  // some search (of an alert or priority) reads next_action_on
  bool has_manual_rules;   // rules with autorun = false: only CALL evaluates them
  const ScenarioSet* scenarios;
  int target_count;
  TargetName* targets;  // names of all scenarios, portfolios, groups, colleagues, options and alerts
  MemoryContext memory;
  int keepers;  // memory contexts that need it although a newer one may be in force
};

// configuration returns the compiled configuration, building it where it is out of date. Runs SQL as the
// owner.
const Configuration* configuration();

// keep_configuration has one that configuration() has just returned stay usable as long as the memory context
// lives.
void keep_configuration(const Configuration* config, MemoryContext memory);

// target_name and rule_search return the name (text) of a target and of a rule's search; 0 for one that is
// gone.
Datum target_name(const Configuration* config, core::Target target, int32 target_id);
Datum rule_search(const Configuration* config, core::Target target, int64 rule_id);

// configuration_of_all_searches has the rules in force and every saved search, used or not. In the current
// memory context.
const Configuration* configuration_of_all_searches();

// configuration_of_search has one search alone, no rules, and facts with the given columns besides those of
// the search. In the current memory context. Raises what is wrong with the criteria.
const Configuration* configuration_of_search(const char* name, const char* criteria,
                                             const Bitmapset* also_columns);

// raise_configuration_version tells every backend that the configuration has changed, and the user by a
// NOTICE.
void raise_configuration_version();

// forget_configuration marks it out of date; register_configuration_callbacks is called once from _PG_init.
void forget_configuration() noexcept;
void register_configuration_callbacks();

}  // namespace search_assign::pg
