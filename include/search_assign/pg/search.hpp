// Saved searches by name.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// criteria_of_search returns a saved search's criteria, which is valid now. Raises 42704 for an unknown
// search, 55000 for one that has become invalid.
const char* criteria_of_search(const char* name);

}  // namespace search_assign::pg
