// Random criteria: refused with one of the documented SQLSTATEs, or accepted; then they are evaluated by
// try_search() and, as rules, by ledger transactions, which must commit and come to the same customers.
#include <chrono>

#include "criteria_grammar.hpp"
#include "fuzz.hpp"

namespace {

// For refused criteria: the grammar, names and types (42...), what is not allowed (0A000), literals that
// cannot be read and constants that cannot be computed (22...), too long or too deep (54...), constants that
// take too long to compute (57014).
constexpr const char* kRefusals =
    "42601 42602 42622 42702 42703 42704 42725 42803 42804 42809 42846 42883 42939 42P18 42P20 42P21 42P22 "
    "0A000 22 3F000 54 57014";
// What evaluation may raise: of the data, of limits, of time.
constexpr const char* kFailures = "0A000 22 54 53200 57014";
constexpr std::size_t kRules = 24;

}  // namespace

CriteriaFuzz::CriteriaFuzz(Server& server) : server_(server) {}

void CriteriaFuzz::judge_refusal(const Answer& answer, const std::string& criteria) {
  if (!listed(answer.state, kRefusals))
    found("refused with " + answer.state + " " + answer.message, escaped(criteria));
  ++refused_[answer.state];
}

void CriteriaFuzz::try_search(const std::string& criteria) {
  const auto start = std::chrono::steady_clock::now();
  const Answer answer = server_.run("SELECT pg_catalog.count(*) FROM receivables.try_search($1)",
                                    {{criteria}}, escaped(criteria));
  if (!answer.good()) {
    if (!listed(answer.state, kFailures))
      found("evaluated: " + answer.state + " " + answer.message, escaped(criteria));
    ++failed_[answer.state];
  }
  // Those that fail for a customer are used too: the ledger must not mind.
  if (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300) && answer.state != "57014")
    accepted_.push_back(criteria);
}

void CriteriaFuzz::use_in_ledger(Random& random) {
  // All of them together: a slow machine may need longer than one alone is given.
  server_.value("SET statement_timeout = '2min'");
  server_.value("BEGIN");
  server_.value("DELETE FROM receivables.assignment_rule");
  server_.value("DELETE FROM receivables.search");
  std::string all;
  for (std::size_t n = 0; n < accepted_.size(); ++n) {
    const std::string name = "f" + std::to_string(n);
    all += name + ": " + escaped(accepted_[n]) + "\n";
    const Answer saved = server_.run("INSERT INTO receivables.search (name, criteria) VALUES ($1, $2)",
                                     {{name}, {accepted_[n]}}, all);
    if (!saved.good())
      found("accepted, but not saved: " + saved.state + " " + saved.message, escaped(accepted_[n]));
    const Answer rule = server_.run(
        "SAVEPOINT one; INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('" + name +
        "', '" + name + "')");
    // A rule over what follows from assignment is refused.
    if (!rule.good()) {
      if (rule.state != "42P17") found("no rule: " + rule.state + " " + rule.message, escaped(accepted_[n]));
      server_.value("ROLLBACK TO one");
    }
  }
  const auto must = [&](const std::string& sql) {
    Answer answer = server_.run(sql, all);
    if (!answer.good()) found(answer.state + " " + answer.message + " in: " + sql, all);
    return answer;
  };
  must("COMMIT");
  // Every customer is touched; a number never used before makes it a change.
  must("BEGIN");
  must("UPDATE receivables.customer SET external_score = " + std::to_string((ledgers_ + 1) * 50) +
       " + customer_id");
  must(
      "INSERT INTO receivables.item (customer_id, due_date, amount) SELECT customer_id, date '2026-06-15' "
      "+ " +
      std::to_string(random.between(-200, 60)) +
      ", customer_id * 10 FROM receivables.customer WHERE customer_id % 3 = 0");
  must("SAVEPOINT s");
  must("DELETE FROM receivables.item WHERE item_id % 7 = " + std::to_string(random.below(7)));
  if (random.one_in(2)) must("ROLLBACK TO s");
  must("COMMIT");
  // One that fails for a customer leaves a row in search_failure, and its memberships as they were.
  const Answer differences = must("SELECT * FROM fuzz.differences()");
  for (int row = 0; row < differences.rows(); ++row)
    found("the ledger's memberships differ from try_search() for customer " + differences.cell(row, 1),
          escaped(differences.cell(row, 0)));
  server_.value("SET statement_timeout = '5s'");
  accepted_.clear();
  ++ledgers_;
}

void CriteriaFuzz::round(Random& random) {
  const std::string criteria = CriteriaGrammar(random).criteria();
  if (criteria.find('\0') != std::string::npos) return;  // no parameter can hold it
  const Answer checked =
      server_.run("SELECT receivables.check_criteria($1)", {{criteria}}, escaped(criteria));
  if (!checked.good()) {
    judge_refusal(checked, criteria);
    return;
  }
  ++good_;
  try_search(criteria);
  if (accepted_.size() == kRules) use_in_ledger(random);
}

std::string CriteriaFuzz::summary() const {
  return "criteria: " + std::to_string(good_) + " accepted, refused:" + counts(refused_) +
         "; failed when evaluated:" + counts(failed_) + "; " + std::to_string(ledgers_) +
         " ledger transactions with " + std::to_string(kRules) + " of them as rules";
}
