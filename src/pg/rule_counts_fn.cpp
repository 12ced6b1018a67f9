// rule_counts(): how many customers, and what they owe, every search matches, alone and with every other, and
// what becomes of every rule; one walk through the customers. Backend zone. SQL face:
// sql/install/83_rule_statistics.sql; tests: tests/regress/sql/rule_statistics.sql, tests/oracle/preview.sh.
#include <map>

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/company_currency.hpp"
#include "search_assign/pg/dry_decision.hpp"
#include "search_assign/pg/memory_owned.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

struct Count {
  int64 customers = 0;
  core::Sum outstanding = 0;
  core::Sum overdue = 0;
};

// What becomes of a rule. Stored: memberships by it as they stand now.
enum Fate { kMatches, kDecides, kHidden, kStored, kFates };
constexpr const char* kFateNames[kFates] = {"matched", "decides", "hidden", "stored"};

// Who is in a target, and how: for scenarios, portfolios and groups.
struct Held {
  core::Target target;
  core::Source source;
  int32 target_id;  // 0 = nothing, for what a customer has one of
  auto operator<=>(const Held&) const = default;
};

struct RuleKey {
  bool own_numbering;  // alert and priority rules
  core::Target target;
  int64 rule_id;
  auto operator<=>(const RuleKey&) const = default;
};

// Counts are kept by currency: index * currencies + currency.
struct Counts {
  size_t currencies = 0;
  std::vector<Count> customers;
  std::vector<Count> searches;
  std::vector<Count> failed;
  std::vector<std::string> errors;                             // of each search, the first
  std::vector<Count> pairs;                                    // of searches a < b: b * (b - 1) / 2 + a
  std::vector<Count> fates;                                    // rule * kFates + fate
  std::map<std::tuple<size_t, int64, int32>, Count> shadowed;  // rule, the rule that decides, currency
  std::map<std::pair<Held, int32>, Count> held;
  std::map<RuleKey, size_t> rules;
  std::vector<core::RuleStanding> standings;
  std::vector<size_t> matching;
};

struct Customer {
  int32 currency;
  core::Sum outstanding, overdue;
};

void add(Count& count, const Customer& customer) {
  ++count.customers;
  count.outstanding += customer.outstanding;
  count.overdue += customer.overdue;
}

RuleKey rule_key(core::Target target, int64 rule_id) {
  const bool own = target >= core::Target::Alert;
  return {own, own ? target : core::Target::Scenario, rule_id};
}

void prepare(Counts& counts, const Configuration* config, int32 currencies) {
  counts.currencies = static_cast<size_t>(currencies);
  const auto searches = static_cast<size_t>(config->search_count);
  const size_t rules = config->rules.rules.size();
  counts.customers.resize(counts.currencies);
  counts.searches.resize(searches * counts.currencies);
  counts.failed.resize(searches * counts.currencies);
  counts.errors.resize(searches);
  if (searches > 1) counts.pairs.resize(searches * (searches - 1) / 2 * counts.currencies);
  counts.fates.resize(rules * kFates * counts.currencies);
  for (size_t i = 0; i < rules; ++i)
    counts.rules[rule_key(config->rules.rules[i].target, config->rules.rules[i].rule_id)] = i;
}

void count_searches(Counts& counts, const Customer& customer, const DecisionBuffers* buffers) {
  const auto currency = static_cast<size_t>(customer.currency);
  counts.matching.clear();
  for (size_t i = 0; i < buffers->truths.size(); ++i) {
    if (buffers->truths[i] != core::Truth::True) continue;
    add(counts.searches[i * counts.currencies + currency], customer);
    for (const size_t before : counts.matching)
      add(counts.pairs[(i * (i - 1) / 2 + before) * counts.currencies + currency], customer);
    counts.matching.push_back(i);
  }
}

void count_failures(Counts& counts, const Customer& customer, const Decision* decision) {
  for (int i = 0; i < decision->failure_count; ++i) {
    const SearchFailure& failure = decision->failures[i];
    const auto search = static_cast<size_t>(failure.search);
    add(counts.failed[search * counts.currencies + static_cast<size_t>(customer.currency)], customer);
    if (counts.errors[search].empty()) counts.errors[search] = failure.message;
  }
}

Count& fate_of(Counts& counts, size_t rule, Fate fate, const Customer& customer) {
  return counts.fates[(rule * kFates + fate) * counts.currencies + static_cast<size_t>(customer.currency)];
}

void count_rules(Counts& counts, const Customer& customer, const Decision* decision,
                 const DecisionBuffers* buffers) {
  core::stand(decision->config->rules, decision_input(decision, buffers), counts.standings);
  for (size_t i = 0; i < counts.standings.size(); ++i) {
    const core::RuleStanding& standing = counts.standings[i];
    if (standing.matches) add(fate_of(counts, i, kMatches, customer), customer);
    if (standing.standing == core::Standing::Decides) add(fate_of(counts, i, kDecides, customer), customer);
    if (standing.standing == core::Standing::Hidden) add(fate_of(counts, i, kHidden, customer), customer);
    if (standing.standing == core::Standing::Shadowed)
      add(counts.shadowed[{i, standing.decider, customer.currency}], customer);
  }
  for (const core::Membership& membership : buffers->previous) {
    if (membership.source != core::Source::Rule) continue;
    const auto rule = counts.rules.find(rule_key(membership.target, membership.rule_id));
    if (rule != counts.rules.end()) add(fate_of(counts, rule->second, kStored, customer), customer);
  }
}

void count_held(Counts& counts, const Customer& customer, const DecisionBuffers* buffers) {
  bool has[static_cast<size_t>(core::Target::Group) + 1] = {};
  for (const core::Membership& membership : buffers->next) {
    if (membership.target > core::Target::Group) continue;
    has[static_cast<size_t>(membership.target)] = true;
    add(counts.held[{{membership.target, membership.source, membership.target_id}, customer.currency}],
        customer);
  }
  for (const auto target :
       {core::Target::Scenario, core::Target::CollectionPortfolio, core::Target::RiskPortfolio})
    if (!has[static_cast<size_t>(target)])
      add(counts.held[{{target, core::Source::Default, 0}, customer.currency}], customer);
}

// ---- the walk ----

struct Walk {
  DryDecisions* dry;
  Currencies* currencies;
  AttrNumber company;
  int64 customer_id;
};

Currencies* find_currencies(MemoryContext memory) {
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  Currencies* currencies = load_currencies(memory);
  SPI_finish();
  end_maintenance(scope);
  return currencies;
}

Customer customer_at_hand(Walk* walk) {
  PositionAccess* access = walk->dry->reader.access;
  if (walk->company == 0)
    walk->company = column_number(RelationGetDescr(access->customer.relation), "company");
  bool is_null = false;
  const Datum company = get_column(access->customer.slot, walk->company, &is_null);
  const core::Bytes receivables =
      bytes_of(get_column(access->changed, access->columns.profiles[0], &is_null));
  const core::Date as_of = walk->dry->decision.as_of;
  Customer customer = {currency_of(walk->currencies, company), 0, 0};
  compute([&] {
    customer.outstanding = core::total(receivables);
    customer.overdue = core::overdue(receivables, as_of, 0);
  });
  return customer;
}

void walk_customers(Walk* walk, Counts* counts) {
  const CustomerReader& reader = walk->dry->reader;
  while (next_dry_customer(walk->dry, &walk->customer_id)) {
    if (!find_customer(reader.access, walk->customer_id, reader.snapshot)) continue;
    MemoryContext caller = MemoryContextSwitchTo(reader.customer);
    const Customer customer = customer_at_hand(walk);
    MemoryContextSwitchTo(caller);
    compute([&] {
      add(counts->customers[static_cast<size_t>(customer.currency)], customer);
      count_searches(*counts, customer, reader.buffers);
      count_failures(*counts, customer, &walk->dry->decision);
      count_rules(*counts, customer, &walk->dry->decision, reader.buffers);
      count_held(*counts, customer, reader.buffers);
    });
  }
}

// ---- rows ----

struct Sink {
  ReturnSetInfo* result;
  const Walk* walk;
};

// What a row is about; numbers not given are 0.
struct Subject {
  const char* figure;
  int32 target;
  int64 a;
  int64 b;
  const char* message;
};

void put_row(const Sink& sink, const Subject& subject, size_t currency, const Count& count) {
  if (count.customers == 0) return;
  MemoryContextReset(sink.walk->dry->reader.customer);
  MemoryContext caller = MemoryContextSwitchTo(sink.walk->dry->reader.customer);
  const char* currency_of_row = currency_name(sink.walk->currencies, static_cast<int32>(currency));
  const Datum values[] = {CStringGetTextDatum(subject.figure),
                          Int32GetDatum(subject.target),
                          Int64GetDatum(subject.a),
                          Int64GetDatum(subject.b),
                          CStringGetTextDatum(currency_of_row),
                          Int64GetDatum(count.customers),
                          numeric_from_sum(count.outstanding),
                          numeric_from_sum(count.overdue),
                          CStringGetTextDatum(subject.message != nullptr ? subject.message : "")};
  const bool nulls[] = {false, subject.target == 0,       subject.a == 0, subject.b == 0, false, false, false,
                        false, subject.message == nullptr};
  tuplestore_putvalues(sink.result->setResult, sink.result->setDesc, const_cast<Datum*>(values),
                       const_cast<bool*>(nulls));
  MemoryContextSwitchTo(caller);
}

void put_searches(const Sink& sink, const Counts& counts, const Configuration* config) {
  for (int i = 0; i < config->search_count; ++i)
    for (size_t currency = 0; currency < counts.currencies; ++currency) {
      CHECK_FOR_INTERRUPTS();
      const int64 id = config->searches[i].search_id;
      const size_t at = static_cast<size_t>(i) * counts.currencies + currency;
      put_row(sink, {"search", 0, id, 0, nullptr}, currency, counts.searches[at]);
      put_row(sink, {"failed", 0, id, 0, counts.errors[i].c_str()}, currency, counts.failed[at]);
      for (int before = 0; before < i; ++before)
        put_row(sink, {"pair", 0, config->searches[before].search_id, id, nullptr}, currency,
                counts.pairs[static_cast<size_t>(i * (i - 1) / 2 + before) * counts.currencies + currency]);
    }
}

void put_rules(const Sink& sink, const Counts& counts, const Configuration* config) {
  const std::span<const core::Rule> rules = config->rules.rules;
  for (size_t i = 0; i < rules.size(); ++i)
    for (int fate = 0; fate < kFates; ++fate)
      for (size_t currency = 0; currency < counts.currencies; ++currency)
        put_row(sink, {kFateNames[fate], static_cast<int32>(rules[i].target), rules[i].rule_id, 0, nullptr},
                currency,
                counts.fates[(i * kFates + static_cast<size_t>(fate)) * counts.currencies + currency]);
  for (const auto& [key, count] : counts.shadowed) {
    const core::Rule& rule = rules[std::get<0>(key)];
    put_row(sink, {"shadowed", static_cast<int32>(rule.target), rule.rule_id, std::get<1>(key), nullptr},
            static_cast<size_t>(std::get<2>(key)), count);
  }
}

void put_held(const Sink& sink, const Counts& counts) {
  constexpr const char* kHeldNames[] = {"", "by rule", "by hand", "by default"};
  for (const auto& [key, count] : counts.held) {
    const auto& [held, currency] = key;
    put_row(sink,
            {held.target_id == 0 ? "nothing" : kHeldNames[static_cast<int>(held.source)],
             static_cast<int32>(held.target), held.target_id, 0, nullptr},
            static_cast<size_t>(currency), count);
  }
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_rule_counts) {
  using namespace search_assign::pg;
  InitMaterializedSRF(fcinfo, 0);
  const Configuration* config = configuration_of_all_searches();
  auto* counts = new_in_memory_context<Counts>();
  Walk walk = {open_dry_configuration(config), nullptr, 0, 0};
  walk.currencies = find_currencies(walk.dry->memory);
  const int32 currencies = currency_count(walk.currencies);
  compute([&] { prepare(*counts, config, currencies); });
  walk_customers(&walk, counts);
  const Sink sink = {reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo), &walk};
  for (size_t currency = 0; currency < counts->currencies; ++currency)
    put_row(sink, {"customers", 0, 0, 0, nullptr}, currency, counts->customers[currency]);
  put_searches(sink, *counts, config);
  put_rules(sink, *counts, config);
  put_held(sink, *counts);
  close_dry_decisions(walk.dry);
  PG_RETURN_NULL();
}
