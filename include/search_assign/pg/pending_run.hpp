// CALL search_assign_pending(), also a part of CALL search_assign().
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// apply_queued_changes applies what is queued now, customers ascending, in batches; atomic: without commits
// between them. Needs SPI, an active snapshot and a memory context that survives commits.
void apply_queued_changes(bool atomic);

}  // namespace search_assign::pg
