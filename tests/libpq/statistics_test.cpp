// search_assign_stats over sessions that work at the same time, and over one that is killed.
#include <thread>

#include "connection.hpp"

namespace {

class Statistics : public testing::Test {
 protected:
  static constexpr int kSessions = 4;
  static constexpr int kTransactions = 300;

  static void SetUpTestSuite() {
    const Connection c;
    c.value("INSERT INTO receivables.customer (customer_id) SELECT generate_series(9001, 9004)");
  }
  static void TearDownTestSuite() {
    const Connection c;
    c.value("DELETE FROM receivables.item");
    c.value("DELETE FROM receivables.customer");
  }
  static void post(const Connection& c, int customer) {
    c.value("INSERT INTO receivables.item (customer_id, amount) VALUES (" + std::to_string(customer) +
            ", 1)");
  }
  static std::string statements(const Connection& c) {
    return c.value("SELECT statements || ' of ' || scope FROM receivables.search_assign_stats");
  }
};

// No count is lost between sessions, nor with their ends, nor in a reset that another session makes
// meanwhile.
TEST_F(Statistics, SumsUpOverSessions) {
  const Connection monitor;
  monitor.value("SELECT receivables.reset_search_assign_stats()");
  std::vector<std::thread> sessions;
  for (int session = 0; session < kSessions; ++session)
    sessions.emplace_back([session] {
      for (int part = 0; part < 3; ++part) {
        const Connection c;
        for (int i = 0; i < kTransactions / 3; ++i) post(c, 9001 + session);
      }
    });
  for (std::thread& session : sessions) session.join();
  EXPECT_EQ(statements(monitor), std::to_string(kSessions * kTransactions) + " of all sessions");
  EXPECT_EQ(
      monitor.value("SELECT applications = statements AND customers_decided = statements AND statement_ms > 0"
                    " AND reading_ms > 0 AND writing_ms > 0 FROM receivables.search_assign_stats"),
      "t");
}

// The times are those of a clock: the parts of a session that is busy all the time lie within the time it
// took.
TEST_F(Statistics, TimesArePlausible) {
  const Connection c;
  c.value("SELECT receivables.reset_search_assign_stats()");
  const std::string spent =
      c.value("WITH b AS MATERIALIZED (SELECT clock_timestamp() AS t) SELECT extract(epoch FROM t) FROM b");
  c.value(
      "INSERT INTO receivables.item (customer_id, amount) SELECT 9001 + i % 4, 1 FROM generate_series(1, "
      "100000) i");
  EXPECT_EQ(
      c.value(
          "SELECT statement_ms > 0.01 * p.ms AND statement_ms + reading_ms + search_ms + look_ahead_ms +"
          " writing_ms + log_ms < p.ms FROM receivables.search_assign_stats, (SELECT 1000 * (extract(epoch"
          " FROM clock_timestamp()) - " +
          spent + ") AS ms) p"),
      "t");
}

// A session that ends by force leaves its counts of ended transactions.
TEST_F(Statistics, KeepsCountsOfTerminatedSessions) {
  const Connection monitor;
  monitor.value("SELECT receivables.reset_search_assign_stats()");
  {
    const Connection c;
    post(c, 9001);
    const std::string pid = c.value("SELECT pg_backend_pid()");
    monitor.value("SELECT pg_terminate_backend(" + pid + ", 10000)");
  }
  EXPECT_EQ(statements(monitor), "1 of all sessions");
}

}  // namespace
