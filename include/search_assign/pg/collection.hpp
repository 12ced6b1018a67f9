// The collection side of a decision: how far an account has come in its scenario, and its next action.
#pragma once

#include "search_assign/pg/collection_account.hpp"
#include "search_assign/pg/decision.hpp"
#include "search_assign/pg/spi.hpp"

namespace search_assign::pg {

struct NextAction {
  int32 step;             // 0 = none
  core::Date action_on;   // kNoDate without one
  core::Date changes_on;  // first day on which time alone may change the answer; kNoDate = never
  Datum ignored;          // profile of the items below ignore_below, with those of members
  bool has_ignored;
};
inline constexpr NextAction kNoAction = {0, core::kNoDate, core::kNoDate, static_cast<Datum>(0), false};

// progress_of reads a row of the view collection_state; load_progress reads the action log and who is
// collected through whom into the changed row: by SnapshotSelf what is newest, else by the active snapshot.
core::CollectionProgress progress_of(const SpiRows& rows, uint64 row);
void load_progress(PositionAccess* access, int64 customer_id, Snapshot snapshot);

// decide_next_action follows decide_now: the next action of the scenario in buffers->next, from the changed
// row and, where the account collects for others or small items are ignored, from other rows.
NextAction decide_next_action(Decision* decision, DecisionBuffers* buffers, int64 customer_id);

// What explain_agenda() tells of it besides.
struct ActionReport {
  core::Takeover takeover;
  core::Date computed_on;  // by the terms of the step
  bool is_redated;         // action_on was given by hand
  std::vector<core::Consideration> considered;
};

// The decision in two halves, for the explanation: start_collection reads the account whose row is in
// access->changed, find_next_action (for an account with a leader) sets step, action_on and changes_on and
// fills the report unless it is nullptr. finish_items() ends it.
Collection start_collection(PositionAccess* access, const ScenarioSet* scenarios,
                            const core::Scenario& scenario, core::Date as_of, Snapshot snapshot,
                            const Unapplied* unapplied, int64 customer_id);
void find_next_action(Collection* collection, NextAction* next, ActionReport* report);

// set_next_action writes it into the changed row; next_action_stands compares it with the row found.
void set_next_action(PositionAccess* access, const NextAction& next);
bool next_action_stands(PositionAccess* access, const NextAction& next);

// collecting_account gives the account through which the customer of a position row is collected, if any.
std::optional<int64> collecting_account(PositionAccess* access, TupleTableSlot* row);

}  // namespace search_assign::pg
