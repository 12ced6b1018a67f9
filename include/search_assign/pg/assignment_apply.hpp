// Application of decisions: position + deltas -> facts -> searches -> decision -> position and log.
// Ledger transactions enter with deltas, runs without.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/position.hpp"

namespace search_assign::pg {

// apply_deltas_to_customers applies a change set that lies grouped by customer and decides each, ascending. A
// customer whose position others hold goes to the queue. at_commit: the transaction reads no more. Needs an
// active snapshot.
void apply_deltas_to_customers(core::Delta* deltas, size_t count, bool at_commit);

// What a run has done.
struct RunResult {
  int64 decided;  // customers looked at
  int64 changed;  // customers whose memberships changed
};

// decide_customers decides customers (ascending) by what is stored of them; rules with autorun = false count
// by their search where evaluate_manual_rules, as in CALL search_assign(). Writes only what changed. Needs an
// active snapshot.
RunResult decide_customers(const int64* customer_ids, size_t count, bool evaluate_manual_rules);

}  // namespace search_assign::pg
