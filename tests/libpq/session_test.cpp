// Sessions: prepared statements over a rule change, error fields, cancel, COPY bulk load.
#include <chrono>
#include <thread>

#include "connection.hpp"

namespace {

class Session : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Connection c;
    c.value("INSERT INTO receivables.scenario (name) VALUES ('first'), ('second')");
    c.value("INSERT INTO receivables.customer_group (name) VALUES ('group')");
  }
  void TearDown() override {
    const Connection c;
    c.value("DELETE FROM receivables.item");
    c.value("DELETE FROM receivables.customer");
    c.value("DELETE FROM receivables.assignment_rule");
    c.value("DELETE FROM receivables.search");
  }
  static std::string scenario(const Connection& c, int customer) {
    return c.value("SELECT scenario FROM receivables.scenario_membership WHERE customer_id = " +
                   std::to_string(customer));
  }
};

Result execute(const Connection& c, const char* name, std::initializer_list<const char*> values) {
  std::vector<const char*> parameters(values);
  return Result(PQexecPrepared(c.get(), name, static_cast<int>(parameters.size()), parameters.data(), nullptr,
                               nullptr, 0));
}

// The other session's prepared statements and compiled searches follow a change at the very next ledger
// statement.
TEST_F(Session, PreparedStatementsSeeChangedRules) {
  const Connection erp;
  const Connection manager;
  erp.value("INSERT INTO receivables.customer (customer_id) SELECT generate_series(1, 10)");
  Result prepared(PQprepare(
      erp.get(), "bill", "INSERT INTO receivables.item (customer_id, due_date, amount) VALUES ($1, $2, $3)",
      0, nullptr));
  ASSERT_EQ(PQresultStatus(prepared.get()), PGRES_COMMAND_OK);
  prepared.reset(PQprepare(erp.get(), "pay",
                           "UPDATE receivables.item SET open_amount = open_amount / 2 WHERE customer_id = $1",
                           0, nullptr));
  ASSERT_EQ(PQresultStatus(prepared.get()), PGRES_COMMAND_OK);
  for (int round = 0; round < 8; ++round)  // often enough for a generic plan
    ASSERT_EQ(PQresultStatus(execute(erp, "bill", {"1", "2026-01-01", "100"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 1), "");

  manager.value("INSERT INTO receivables.search (name, criteria) VALUES ('s', 'outstanding > 50')");
  manager.value("INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('s', 'first')");
  EXPECT_EQ(scenario(erp, 1), "");
  ASSERT_EQ(PQresultStatus(execute(erp, "bill", {"1", "2026-01-01", "1"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 1), "first");

  manager.value("UPDATE receivables.assignment_rule SET scenario = 'second'");
  ASSERT_EQ(PQresultStatus(execute(erp, "pay", {"1"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 1), "second");

  manager.value("UPDATE receivables.search SET criteria = 'outstanding > 1000000'");
  ASSERT_EQ(PQresultStatus(execute(erp, "pay", {"1"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 1), "");

  // A change that is rolled back was never there; one made while a transaction is open counts at its commit.
  manager.value("BEGIN");
  manager.value("UPDATE receivables.search SET criteria = 'outstanding > 0'");
  ASSERT_EQ(PQresultStatus(execute(erp, "bill", {"2", "2026-01-01", "5"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 2), "");
  manager.value("ROLLBACK");
  ASSERT_EQ(PQresultStatus(execute(erp, "bill", {"2", "2026-01-01", "5"}).get()), PGRES_COMMAND_OK);
  EXPECT_EQ(scenario(erp, 2), "");
  erp.value("BEGIN");
  ASSERT_EQ(PQresultStatus(execute(erp, "bill", {"3", "2026-01-01", "5"}).get()), PGRES_COMMAND_OK);
  manager.value("UPDATE receivables.search SET criteria = 'outstanding > 0'");
  erp.value("COMMIT");
  EXPECT_EQ(scenario(erp, 3), "second");
  EXPECT_EQ(erp.value("SELECT count(*) FROM receivables.check_positions()"), "0");
}

TEST_F(Session, CriteriaErrorsHaveStateAndPosition) {
  const Connection c;
  const struct {
    const char* criteria;
    const char* state;
    int position;  // 0: anywhere
  } cases[] = {
      {"outstanding >", "42601", 0},
      {"outstanding > 1 x", "42601", 17},
      {"outstandin > 1", "42703", 1},
      {"overdue > 0 and nonsense = 2", "42703", 17},
      {"outstanding + 1", "42804", 0},
      {"outstanding > (select 1)", "0A000", 15},
      {"outstanding > 1; drop table x", "42601", 0},
      {"outstanding > 1 /* no more", "42601", 17},
      {"", "42601", 0},
      {"random() < 0.5", "0A000", 1},
      {"created_on < current_date", "0A000", 14},
      {"sum(outstanding) > 1", "0A000", 1},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.criteria);
    const char* values[] = {each.criteria};
    const Result result(PQexecParams(c.get(),
                                     "INSERT INTO receivables.search (name, criteria) VALUES ('wrong', $1)",
                                     1, nullptr, values, nullptr, nullptr, 0));
    ASSERT_EQ(PQresultStatus(result.get()), PGRES_FATAL_ERROR);
    const std::string position = field(result, PG_DIAG_INTERNAL_POSITION).empty()
                                     ? field(result, PG_DIAG_STATEMENT_POSITION)
                                     : field(result, PG_DIAG_INTERNAL_POSITION);
    if (each.position > 0) {
      EXPECT_EQ(position, std::to_string(each.position));
    }
    EXPECT_EQ(sqlstate(result), each.state) << PQerrorMessage(c.get());
    if (!field(result, PG_DIAG_INTERNAL_POSITION).empty()) {
      EXPECT_EQ(field(result, PG_DIAG_INTERNAL_QUERY), each.criteria);
    }
  }
  // The hint names the closest column.
  const Result typo =
      c.run("INSERT INTO receivables.search (name, criteria) VALUES ('wrong', 'outstandin > 1')");
  EXPECT_NE(field(typo, PG_DIAG_MESSAGE_HINT).find("outstanding"), std::string::npos)
      << PQerrorMessage(c.get());
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.search"), "0");
}

TEST_F(Session, LedgerErrorsHaveStateAndLeaveNothing) {
  const Connection c;
  c.value("INSERT INTO receivables.customer (customer_id) VALUES (1)");
  const struct {
    const char* sql;
    const char* state;
  } cases[] = {
      {"INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, '2026-01-01', 1), (1, "
       "'2026-01-01', 1.00001)",
       "22003"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, '2026-01-01', 1), (1, "
       "'2026-01-01', 900000000000001)",
       "22003"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, '2026-01-01', 'NaN')",
       "22003"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (1, '2026-01-01', "
       "5, 6)",
       "23514"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (1, '2026-01-01', "
       "5, -1)",
       "23514"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, '2026-01-01', 1), (2, "
       "'2026-01-01', 1)",
       "23503"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount, status) VALUES (1, '2026-01-01', 1, "
       "'unknown')",
       "23503"},
      {"INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, 'infinity', 1)", "23514"},
      {"INSERT INTO receivables.customer (customer_id, parent_id) VALUES (5, 77)", "23503"},
      {"UPDATE receivables.position SET review_on = NULL", "55000"},
      {"INSERT INTO receivables.scenario_membership (customer_id, scenario) VALUES (1, 'first')", "55000"},
  };
  for (const auto& each : cases) {
    const Result result = c.run(each.sql);
    EXPECT_EQ(sqlstate(result), each.state) << each.sql << "\n" << PQerrorMessage(c.get());
  }
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.item"), "0");
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.check_positions()"), "0");
  EXPECT_EQ(c.value("SELECT receivables FROM receivables.position"), "{}");
}

TEST_F(Session, CancelledRunCanBeCalledAgain) {
  const Connection c;
  c.value(
      "INSERT INTO receivables.customer (customer_id, created_on) SELECT n, '2026-01-01' FROM "
      "generate_series(1, 40000) n");
  c.value(
      "INSERT INTO receivables.item (customer_id, document_date, due_date, amount) SELECT n, '2026-01-01', "
      "date '2026-01-01' + n % 90, n FROM generate_series(1, 40000) n");
  // Costs some time for each customer.
  c.value(
      "INSERT INTO receivables.search (name, criteria) VALUES ('slow', 'length(repeat(md5(name), 4000)) > 0 "
      "and outstanding > 0')");
  c.value("INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('slow', 'first')");
  ASSERT_EQ(PQsendQuery(c.get(), "CALL receivables.search_assign()"), 1);
  // In its middle, which it reaches sooner or later, as the machine is.
  const Connection monitor;
  for (int i = 0; i < 6000 && monitor.value("SELECT customers_done > 0 FROM "
                                            "receivables.search_assign_progress") != "t";
       ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  char message[256];
  PGcancel* cancel = PQgetCancel(c.get());
  EXPECT_EQ(PQcancel(cancel, message, sizeof message), 1) << message;
  PQfreeCancel(cancel);
  const Result result(PQgetResult(c.get()));
  while (PGresult* more = PQgetResult(c.get())) PQclear(more);
  EXPECT_EQ(sqlstate(result), "57014") << PQerrorMessage(c.get());
  ASSERT_TRUE(c.alive());
  // What was committed stands, what was not is done by the next call.
  const int done = std::stoi(c.value("SELECT count(*) FROM receivables.scenario_membership"));
  EXPECT_LT(done, 40000);
  EXPECT_EQ(c.value("SELECT state FROM receivables.search_assign_progress"), "stopped");
  EXPECT_EQ(c.value("SELECT customers_done FROM receivables.search_assign_progress"), std::to_string(done))
      << "a step's decisions and its note commit together";
  EXPECT_EQ(c.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
  c.value("UPDATE receivables.search SET criteria = 'outstanding > 0'");
  c.value("CALL receivables.search_assign()");
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.scenario_membership"), "40000");
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.check_positions()"), "0");
}

TEST_F(Session, CancelledLedgerStatementLeavesNothing) {
  const Connection c;
  c.value("INSERT INTO receivables.customer (customer_id) SELECT generate_series(1, 100)");
  // For this statement alone: nothing else may meet the timeout.
  const Result result = c.run(
      "SET LOCAL statement_timeout = 60; INSERT INTO receivables.item (customer_id, due_date, amount) SELECT "
      "1 + n % 100, date '2026-01-01', n "
      "FROM generate_series(1, 2000000) n");
  EXPECT_EQ(sqlstate(result), "57014");
  c.value("INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (1, '2026-01-01', 10)");
  EXPECT_EQ(c.value("SELECT sum(outstanding) FROM receivables.customer_facts"), "10.0000");
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.check_positions()"), "0");
}

TEST_F(Session, CopyBulkLoad) {
  const Connection c;
  c.value("INSERT INTO receivables.search (name, criteria) VALUES ('s', 'outstanding > 1000')");
  c.value("INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('s', 'group')");
  c.value("INSERT INTO receivables.customer (customer_id) SELECT generate_series(1, 500)");
  constexpr int kRows = 50000;
  c.value("BEGIN");
  {
    const Result in = c.run(
        "COPY receivables.item (customer_id, document_date, due_date, amount, open_amount) FROM STDIN "
        "(FORMAT csv)");
    ASSERT_EQ(PQresultStatus(in.get()), PGRES_COPY_IN);
    std::string rows;
    for (int n = 0; n < kRows; ++n) {
      rows += std::to_string(1 + n % 500) + ",2026-01-01,2026-0" + std::to_string(1 + n % 9) + "-15," +
              std::to_string(n % 37) + ".5," + (n % 3 == 0 ? "0" : "") + "\n";
      if (rows.size() > 8000 || n == kRows - 1) {
        ASSERT_EQ(PQputCopyData(c.get(), rows.data(), static_cast<int>(rows.size())), 1);
        rows.clear();
      }
    }
    ASSERT_EQ(PQputCopyEnd(c.get(), nullptr), 1);
    const Result end(PQgetResult(c.get()));
    ASSERT_EQ(PQresultStatus(end.get()), PGRES_COMMAND_OK) << PQerrorMessage(c.get());
    EXPECT_EQ(std::string(PQcmdTuples(end.get())), std::to_string(kRows));
    while (PGresult* more = PQgetResult(c.get())) PQclear(more);
  }
  c.value("COMMIT");
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.check_positions()"), "0");
  EXPECT_EQ(
      c.value("SELECT count(*) FROM receivables.customer_facts f WHERE (outstanding > 1000) IS DISTINCT FROM "
              "EXISTS (SELECT FROM receivables.group_membership m WHERE m.customer_id = f.customer_id)"),
      "0");
  EXPECT_EQ(c.value("SELECT sum(f.outstanding) - (SELECT sum(open_amount) FROM receivables.item) FROM "
                    "receivables.customer_facts f"),
            "0.0000");
  // A COPY that fails halfway leaves nothing.
  {
    const Result in = c.run("COPY receivables.item (customer_id, due_date, amount) FROM STDIN (FORMAT csv)");
    const std::string rows = "1,2026-01-01,77\n1,2026-01-01,0.12345\n";
    PQputCopyData(c.get(), rows.data(), static_cast<int>(rows.size()));
    PQputCopyEnd(c.get(), nullptr);
    const Result end(PQgetResult(c.get()));
    EXPECT_EQ(sqlstate(end), "22003");
    while (PGresult* more = PQgetResult(c.get())) PQclear(more);
  }
  EXPECT_EQ(c.value("SELECT count(*) FROM receivables.check_positions()"), "0");
}

}  // namespace
