// The assignment decision: a pure function of the truths of the searches, the rules,
// the hand-made assignments, what the customer holds now and the business date.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "search_assign/core/maturity_profile.hpp"
#include "search_assign/core/money.hpp"

namespace search_assign::core {

enum class Target : std::uint8_t {
  Scenario = 1,
  CollectionPortfolio,
  RiskPortfolio,
  Group,
  Option,
  Colleague,
  Alert,    // target_id is the number of its alert rule
  Priority  // target_id is the number of its priority rule
};
enum class Source : std::uint8_t { Rule = 1, Manual, Default };

// Names as views and functions show them; in SQL target_kind() has the same.
const char* target_kind_name(Target target) noexcept;
const char* source_name(Source source) noexcept;

struct Membership {
  Target target{};
  Source source{};
  std::int32_t target_id = 0;
  std::int64_t rule_id = 0;  // 0 = none
  Date since = 0;
  friend bool operator==(const Membership&, const Membership&) = default;
};

// Sorted by (target, target_id); at most one of Scenario and of each portfolio kind.
using Assignment = boost::container::small_vector<Membership, 8>;

struct Rule {
  std::int64_t rule_id;
  std::int32_t search;  // index into the truths
  Target target;
  std::int32_t target_id;
  bool autorun;
  bool new_customers_only;
  Date active_since;  // for new_customers_only
};

struct RuleSet {
  // Sorted by target, then for those a customer may have many of by target_id, then priority and rule_id.
  std::span<const Rule> rules;
  std::int32_t default_scenario = 0;
  std::int32_t default_collection_portfolio = 0;
  std::int32_t default_risk_portfolio = 0;
};

enum class HandMode : std::uint8_t { Pin = 1, Add, Exclude };

struct HandMade {
  Target target;
  HandMode mode;
  std::int32_t target_id;
  Date until;  // inclusive; kNoDate = without end
};

// Unchanged: the search failed for this customer; its rules match where they are held now.
enum class Truth : std::uint8_t { False, True, Unchanged };

struct DecisionInput {
  std::span<const Truth> truths;
  std::span<const HandMade> hand_made;
  std::span<const Membership> previous;
  Date created_on;
  Date as_of;
  bool evaluate_manual_rules;  // CALL search_assign(): rules with autorun = false count by their search
};

// decide computes what the customer holds. `since` is kept where target and target_id are held already.
void decide(const RuleSet& rules, const DecisionInput& input, Assignment& out);

// What a rule has to do with the decision. Shadowed: it matches, but another rule decides its target; Hidden:
// it would decide, but a hand-made assignment does.
enum class Standing : std::uint8_t { Idle, Decides, Shadowed, Hidden };

struct RuleStanding {
  bool matches;
  Standing standing;
  std::int64_t decider;  // Shadowed: the rule that decides, or would
};

// stand tells the standing of every rule, in their order, in the decision that decide takes.
void stand(const RuleSet& rules, const DecisionInput& input, std::vector<RuleStanding>& out);

// same_memberships compares without `since`.
bool same_memberships(std::span<const Membership> a, std::span<const Membership> b) noexcept;

struct MembershipChange {
  const Membership* before;  // nullptr: begins
  const Membership* after;   // nullptr: ends
};
// differences lists changes of target, rule or source, in order of target. A single-valued
// target that moves is one change with both sides set.
void differences(std::span<const Membership> before, std::span<const Membership> after,
                 std::vector<MembershipChange>& out);

// logged_part is what the log keeps of an assignment: all but priorities, which come last.
std::span<const Membership> logged_part(std::span<const Membership> assignment) noexcept;

// Why a customer was decided, as bits.
enum class Cause : std::uint8_t {
  Ledger = 1,  // its items, master data or actions changed
  Day = 2,     // a date had come on which time alone could change an answer
  Configuration = 4,
  HandMade = 8,
  Call = 16,  // a rule with autorun = false was evaluated, or everybody was looked at
  Deletion = 32
};

// A customer has at most one scenario and one portfolio of each kind.
bool is_single_valued(Target target) noexcept;

// same_numbering: rules for these targets share one sequence of rule_ids. Assignment rules do; alert rules
// and priority rules are numbered by themselves.
bool same_numbering(Target a, Target b) noexcept;

// Encoded form, version byte first; decode reads the older form, too, and throws Error(DataCorrupted).
void encode_assignment(std::span<const Membership> assignment, std::vector<std::uint8_t>& out);
void decode_assignment(Bytes encoded, Assignment& out);

}  // namespace search_assign::core
