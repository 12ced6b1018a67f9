// What a scenario works on: the collectable part of an account's open items, and how far the account has
// come. Pure functions; the steps themselves are in scenario.hpp. SQL face: sql/install/69_collection.sql.
// Tests: tests/unit/collection_test.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/core/scenario.hpp"

namespace search_assign::core {

// One account's part: an account that collects for others has several.
struct AccountFacets {
  Bytes receivables;
  Bytes promises;
  Bytes held;
  Bytes ignored;  // open debits below the scenario's ignore_below; empty span = none
};

// Collectable items are open debits that are neither held nor ignored. A promise made for a date before
// open_from is broken and holds nothing back.
struct Collectable {
  bool has_leader = false;
  Date leader_due_date = 0;
  std::int64_t leader_candidates = 0;  // collectable items of that due date
  Date promise_ends = kNoDate;         // earliest open promise's date
  Amount credits = 0;                  // all open credits, <= 0
  std::vector<CollectableDay> days;  // collectable amounts from as_of on; they change where an item falls due
  std::vector<ProfileEntry> debits;  // collectable items by due date
  std::vector<ProfileEntry> promised;  // of them those under an open promise
};

// collectable computes all of it as of a day: amount = greatest(0, due collectable items + credits) - those
// under an open promise, not below 0. pre_due_amount counts as due what falls due up to the leader's date.
// find_collectable computes all but the days.
void collectable(std::span<const AccountFacets> accounts, Date open_from, Date as_of, Collectable& out);
void find_collectable(std::span<const AccountFacets> accounts, Date open_from, Collectable& out);

// collectable_amount is the same amount on one day; until the leader's date where pre_due is set.
Amount collectable_amount(const Collectable& collectable, Date day, bool pre_due) noexcept;

// Where the account stands, as the action log says.
struct CollectionProgress {
  std::int32_t scenario_id = 0;  // of the last scenario action, 0 = none was done
  std::int32_t step = 0;
  Date step_on = kNoDate;
  std::int64_t leader_customer_id = 0;
  std::int64_t leader_item_id = 0;
  Date last_action_on = kNoDate;   // any action
  Date last_contact_on = kNoDate;  // any contact with the customer
  // The pending action was given another date; it holds for this scenario, step and leader.
  std::int32_t redated_scenario_id = 0;
  std::int32_t redated_step = 0;
  std::int64_t redated_leader_customer_id = 0;
  std::int64_t redated_leader_item_id = 0;
  Date redated_on = kNoDate;
  friend bool operator==(const CollectionProgress&, const CollectionProgress&) = default;
};

// Encoded form, version byte first; the version byte alone where nothing was ever done. decode throws
// Error(DataCorrupted).
void encode_progress(const CollectionProgress& progress, std::vector<std::uint8_t>& out);
CollectionProgress decode_progress(Bytes encoded);

// What was done before, as the present scenario sees it.
enum class Takeover : std::uint8_t {
  Entry,          // nothing has been done yet
  OtherScenario,  // the last step belongs to another scenario: entry
  SameLeader,
  Restarted,  // another leader since: by on_new_leader
  Inherited,
  EntersByAge,
};

// scenario_progress is what the present scenario takes over: entry where the last action belongs to another
// scenario, and by on_new_leader where it was done for another leader (entry by age then also in a scenario
// that otherwise begins with its first step: its copy is changed).
Progress scenario_progress(Scenario& scenario, const CollectionProgress& progress, bool same_leader,
                           Takeover* takeover = nullptr);

}  // namespace search_assign::core
