// The assignment decision. Core zone. SQL face: sql/install/60_assignment.sql;
// tests: tests/unit/assignment_test.cpp.
#include "search_assign/core/assignment.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "search_assign/core/error.hpp"
#include "search_assign/core/maturity_codec.hpp"

namespace search_assign::core {
namespace {

constexpr std::uint8_t kFixedWidths = 1;  // version byte of the older form: numbers of fixed width
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kFixedBytes = 18;
constexpr std::size_t kMostBytes = 1 + 5 + 10 + 5;

auto key(const Membership& m) { return std::tuple(m.target, m.target_id); }

bool may_follow(const Membership& before, const Membership& m) {
  return before.target == m.target ? before.target_id < m.target_id && !is_single_valued(m.target)
                                   : before.target < m.target;
}

const Membership* find(std::span<const Membership> assignment, Target target, std::int32_t target_id) {
  for (const Membership& m : assignment)
    if (m.target == target && m.target_id == target_id) return &m;
  return nullptr;
}

bool holds_by_rule(std::span<const Membership> assignment, const Rule& rule) {
  return std::any_of(assignment.begin(), assignment.end(), [&rule](const Membership& m) {
    return m.source == Source::Rule && m.rule_id == rule.rule_id && same_numbering(m.target, rule.target);
  });
}

bool matches(const Rule& rule, const DecisionInput& input) {
  // A manual rule between two calls, and a rule whose search failed, stand as they stood.
  if (!rule.autorun && !input.evaluate_manual_rules) return holds_by_rule(input.previous, rule);
  if (rule.new_customers_only && input.created_on < rule.active_since) return false;
  const Truth truth = input.truths[static_cast<std::size_t>(rule.search)];
  return truth == Truth::Unchanged ? holds_by_rule(input.previous, rule) : truth == Truth::True;
}

void hold(const DecisionInput& input, Assignment& out, Target target, std::int32_t target_id,
          std::int64_t rule_id, Source source) {
  const Membership* held = find(input.previous, target, target_id);
  out.push_back({target, source, target_id, rule_id, held != nullptr ? held->since : input.as_of});
}

const HandMade* hand_made_for(const DecisionInput& input, Target target, std::int32_t target_id) {
  for (const HandMade& hand : input.hand_made)
    if (hand.target == target && (is_single_valued(target) || hand.target_id == target_id) &&
        input.as_of <= hand.until)
      return &hand;
  return nullptr;
}

void decide_single(std::span<const Rule> rules, const DecisionInput& input, Target target,
                   std::int32_t default_id, Assignment& out) {
  if (const HandMade* pin = hand_made_for(input, target, 0)) {
    hold(input, out, target, pin->target_id, 0, Source::Manual);
    return;
  }
  for (const Rule& rule : rules)
    if (matches(rule, input)) {
      hold(input, out, target, rule.target_id, rule.rule_id, Source::Rule);
      return;
    }
  if (default_id != 0) hold(input, out, target, default_id, 0, Source::Default);
}

// Groups, options, alerts and priorities: one membership per target_id while any of its rules matches.
void decide_multiple(std::span<const Rule> rules, const DecisionInput& input, Target target,
                     Assignment& out) {
  const std::size_t first = out.size();
  for (const HandMade& hand : input.hand_made)
    if (hand.target == target && hand.mode == HandMode::Add && input.as_of <= hand.until)
      hold(input, out, target, hand.target_id, 0, Source::Manual);
  for (const Rule& rule : rules) {
    if (hand_made_for(input, target, rule.target_id) != nullptr) continue;
    if (!out.empty() && out.back().target == target && out.back().target_id == rule.target_id)
      continue;  // an earlier rule of the same target has matched
    if (matches(rule, input)) hold(input, out, target, rule.target_id, rule.rule_id, Source::Rule);
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
            [](const Membership& a, const Membership& b) { return key(a) < key(b); });
}

// Colleagues are only ever added by rules; a hand-made exclusion removes them for good.
void decide_colleagues(std::span<const Rule> rules, const DecisionInput& input, Assignment& out) {
  const std::size_t first = out.size();
  const auto add = [&](std::int32_t target_id, std::int64_t rule_id, Source source) {
    const std::span added(out.data() + first, out.size() - first);
    const HandMade* hand = hand_made_for(input, Target::Colleague, target_id);
    if (find(added, Target::Colleague, target_id) != nullptr) return;
    if (hand != nullptr && hand->mode == HandMode::Exclude) return;
    hold(input, out, Target::Colleague, target_id, rule_id, source);
  };
  for (const HandMade& hand : input.hand_made)
    if (hand.target == Target::Colleague && hand.mode == HandMode::Add && input.as_of <= hand.until)
      add(hand.target_id, 0, Source::Manual);
  for (const Membership& held : input.previous)
    if (held.target == Target::Colleague && held.source == Source::Rule)
      add(held.target_id, held.rule_id, Source::Rule);
  for (const Rule& rule : rules)
    if (matches(rule, input)) add(rule.target_id, rule.rule_id, Source::Rule);
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
            [](const Membership& a, const Membership& b) { return key(a) < key(b); });
}

std::span<const Rule> rules_of(std::span<const Rule> rules, Target target) {
  const auto [first, last] =
      std::equal_range(rules.begin(), rules.end(), Rule{0, 0, target, 0, false, false, 0},
                       [](const Rule& a, const Rule& b) { return a.target < b.target; });
  return {first, last};
}

bool same_slot(const Rule& a, const Rule& b) {
  return a.target == b.target && (is_single_valued(a.target) || a.target_id == b.target_id);
}

// A colleague stays by the rule that once added it.
const Membership* colleague_held(const DecisionInput& input, const Rule& rule) {
  if (rule.target != Target::Colleague) return nullptr;
  const Membership* held = find(input.previous, rule.target, rule.target_id);
  return held != nullptr && held->source == Source::Rule ? held : nullptr;
}

[[noreturn]] void throw_damaged() {
  throw Error(ErrorKind::DataCorrupted, "stored assignment cannot be read");
}

// The bytes of an encoded assignment behind its version.
struct Reader {
  const std::uint8_t* at;
  const std::uint8_t* end;

  std::uint64_t fixed(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = (value << 8) | *at++;
    return value;
  }

  // In its shortest form: an assignment has one encoding.
  std::int64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
      const std::uint8_t byte = *at++;
      if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) break;
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return codec::from_zigzag(value);
    }
    throw_damaged();
  }

  std::int32_t narrow_varint(std::int64_t base) {
    std::int64_t value = 0;
    if (__builtin_add_overflow(varint(), base, &value) || value < INT32_MIN || value > INT32_MAX)
      throw_damaged();
    return static_cast<std::int32_t>(value);
  }
};

Membership read_fixed(Reader& reader) {
  if (reader.end - reader.at < static_cast<std::ptrdiff_t>(kFixedBytes)) throw_damaged();
  Membership m;
  m.target = static_cast<Target>(reader.fixed(1));
  m.source = static_cast<Source>(reader.fixed(1));
  m.target_id = static_cast<std::int32_t>(reader.fixed(4));
  m.rule_id = static_cast<std::int64_t>(reader.fixed(8));
  m.since = static_cast<Date>(reader.fixed(4));
  return m;
}

Membership read_compact(Reader& reader, Date since_before) {
  const std::uint8_t head = *reader.at++;
  Membership m;
  m.target = static_cast<Target>(head & 0x0fU);
  m.source = static_cast<Source>(head >> 4);
  m.target_id = reader.narrow_varint(0);
  m.rule_id = reader.varint();
  m.since = reader.narrow_varint(since_before);
  return m;
}

}  // namespace

bool is_single_valued(Target target) noexcept { return target <= Target::RiskPortfolio; }

bool same_numbering(Target a, Target b) noexcept {
  return a == b || (a < Target::Alert && b < Target::Alert);
}

void decide(const RuleSet& rules, const DecisionInput& input, Assignment& out) {
  out.clear();
  decide_single(rules_of(rules.rules, Target::Scenario), input, Target::Scenario, rules.default_scenario,
                out);
  decide_single(rules_of(rules.rules, Target::CollectionPortfolio), input, Target::CollectionPortfolio,
                rules.default_collection_portfolio, out);
  decide_single(rules_of(rules.rules, Target::RiskPortfolio), input, Target::RiskPortfolio,
                rules.default_risk_portfolio, out);
  decide_multiple(rules_of(rules.rules, Target::Group), input, Target::Group, out);
  decide_multiple(rules_of(rules.rules, Target::Option), input, Target::Option, out);
  decide_colleagues(rules_of(rules.rules, Target::Colleague), input, out);
  decide_multiple(rules_of(rules.rules, Target::Alert), input, Target::Alert, out);
  decide_multiple(rules_of(rules.rules, Target::Priority), input, Target::Priority, out);
}

void stand(const RuleSet& rules, const DecisionInput& input, std::vector<RuleStanding>& out) {
  out.clear();
  for (const Rule& rule : rules.rules) {
    RuleStanding standing{matches(rule, input), Standing::Idle, 0};
    const Membership* held = colleague_held(input, rule);
    const bool by_hand = hand_made_for(input, rule.target, rule.target_id) != nullptr;
    for (std::size_t i = 0; i < out.size() && standing.decider == 0; ++i)
      if (out[i].standing != Standing::Idle && same_slot(rules.rules[i], rule))
        standing.decider = out[i].decider != 0 ? out[i].decider : rules.rules[i].rule_id;
    if (held != nullptr && !by_hand) standing.decider = held->rule_id == rule.rule_id ? 0 : held->rule_id;
    if (held != nullptr && !by_hand && standing.decider == 0)
      standing.standing = Standing::Decides;
    else if (standing.matches)
      standing.standing = standing.decider != 0 ? Standing::Shadowed
                          : by_hand             ? Standing::Hidden
                                                : Standing::Decides;
    if (standing.standing != Standing::Shadowed) standing.decider = 0;
    out.push_back(standing);
  }
}

const char* target_kind_name(Target target) noexcept {
  constexpr const char* kNames[] = {
      "",      "scenario", "collection_portfolio", "risk_portfolio", "customer_group", "option", "colleague",
      "alert", "priority"};
  return kNames[static_cast<int>(target)];
}

const char* source_name(Source source) noexcept {
  constexpr const char* kNames[] = {"", "rule", "manual", "default"};
  return kNames[static_cast<int>(source)];
}

bool same_memberships(std::span<const Membership> a, std::span<const Membership> b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Membership& x, const Membership& y) {
    return x.target == y.target && x.target_id == y.target_id && x.rule_id == y.rule_id &&
           x.source == y.source;
  });
}

void differences(std::span<const Membership> before, std::span<const Membership> after,
                 std::vector<MembershipChange>& out) {
  out.clear();
  std::size_t b = 0;
  std::size_t a = 0;
  while (b < before.size() || a < after.size()) {
    const bool both = b < before.size() && a < after.size();
    if (both && before[b].target == after[a].target &&
        (before[b].target_id == after[a].target_id || is_single_valued(before[b].target))) {
      if (before[b].target_id != after[a].target_id || before[b].rule_id != after[a].rule_id ||
          before[b].source != after[a].source)
        out.push_back({&before[b], &after[a]});
      ++b;
      ++a;
    } else if (a >= after.size() || (both && key(before[b]) < key(after[a]))) {
      out.push_back({&before[b++], nullptr});
    } else {
      out.push_back({nullptr, &after[a++]});
    }
  }
}

std::span<const Membership> logged_part(std::span<const Membership> assignment) noexcept {
  const auto end = std::find_if(assignment.begin(), assignment.end(),
                                [](const Membership& m) { return m.target == Target::Priority; });
  return assignment.first(static_cast<std::size_t>(end - assignment.begin()));
}

// Per membership: target and source in one byte, then as varints target_id, rule_id and the days since the
// start of the membership before.
void encode_assignment(std::span<const Membership> assignment, std::vector<std::uint8_t>& out) {
  out.resize(1 + assignment.size() * kMostBytes + codec::kStoreSlack);
  std::uint8_t* at = out.data();
  *at++ = kVersion;
  Date since_before = 0;
  for (const Membership& m : assignment) {
    *at++ = static_cast<std::uint8_t>(static_cast<unsigned>(m.target) | static_cast<unsigned>(m.source) << 4);
    at = codec::write_varint64(at, codec::to_zigzag(m.target_id));
    at = codec::write_varint64(at, codec::to_zigzag(m.rule_id));
    at = codec::write_varint64(at, codec::to_zigzag(std::int64_t{m.since} - since_before));
    since_before = m.since;
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
}

void decode_assignment(Bytes encoded, Assignment& out) {
  out.clear();
  if (encoded.empty() || (encoded[0] != kVersion && encoded[0] != kFixedWidths)) throw_damaged();
  Reader reader{encoded.data() + 1, encoded.data() + encoded.size()};
  while (reader.at < reader.end) {
    const Membership m = encoded[0] == kFixedWidths
                             ? read_fixed(reader)
                             : read_compact(reader, out.empty() ? 0 : out.back().since);
    if (m.target < Target::Scenario || m.target > Target::Priority || m.source < Source::Rule ||
        m.source > Source::Default || (!out.empty() && !may_follow(out.back(), m)))
      throw_damaged();
    out.push_back(m);
  }
}

}  // namespace search_assign::core
