// Prepares the database once for all tests.
#include "connection.hpp"

namespace {

class Database : public testing::Environment {
 public:
  void SetUp() override {
    {
      const Connection c;
      c.value("CREATE EXTENSION IF NOT EXISTS search_assign");
      c.value(
          "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_assign.business_date = ''2026-06-15''', "
          "current_database()); END $$");
    }
    const Connection c;
    ASSERT_EQ(c.value("SELECT receivables.business_date()"), "2026-06-15");
  }
};

[[maybe_unused]] testing::Environment* const database = testing::AddGlobalTestEnvironment(new Database);

}  // namespace
