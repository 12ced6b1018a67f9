// Priorities of customers. Backend zone. SQL face: sql/install/72_priority.sql; tests:
// tests/regress/sql/priority.sql.
#include "search_assign/pg/priority.hpp"

#include "search_assign/core/priority.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/spi.hpp"

namespace search_assign::pg {
namespace {

constexpr const char* kPriorityRulesSql =
    "SELECT priority_rule_id, points, exit FROM receivables.priority_rule WHERE active ORDER BY "
    "priority_rule_id";

}  // namespace

void load_priority_rules(Configuration* config) {
  SpiRows rows = spi_select_active(kPriorityRulesSql);
  auto* rules = static_cast<core::PriorityRule*>(
      MemoryContextAllocZero(config->memory, sizeof(core::PriorityRule) * (rows.count + 1)));
  for (uint64 i = 0; i < rows.count; ++i)
    rules[i] = {spi_int32(rows, i, 1), spi_int32(rows, i, 2), spi_bool(rows, i, 3)};
  config->priority_rules = std::span<const core::PriorityRule>(rules, rows.count);
}

void set_priority(PositionAccess* access, const Configuration* config,
                  std::span<const core::Membership> assignment) {
  const core::PriorityScore score = core::priority_score(config->priority_rules, assignment);
  set_column(access, access->columns.priority_points, Int32GetDatum(score.points));
  set_column(access, access->columns.off_worklist, BoolGetDatum(score.off_worklist));
}

}  // namespace search_assign::pg
