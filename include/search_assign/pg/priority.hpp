// Priorities of customers: points and exit in the position row, from the priority rules the customer holds.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/configuration.hpp"
#include "search_assign/pg/position.hpp"

namespace search_assign::pg {

// load_priority_rules reads the points of the rules. For the building of a configuration, inside SPI.
void load_priority_rules(Configuration* config);

// set_priority sets priority_points and off_worklist in access->changed.
void set_priority(PositionAccess* access, const Configuration* config,
                  std::span<const core::Membership> assignment);

}  // namespace search_assign::pg
