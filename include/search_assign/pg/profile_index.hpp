// Profile index as a datum: an expanded maturity_profile that the profile functions answer from
// without decoding it again. Made for the rows a decision looks at; everybody else sees an
// ordinary profile.
#pragma once

#include "search_assign/core/profile_index.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// index_profile gives the datum of a profile with its index, in the current memory context; the profile's
// own bytes must live as long. An indexed one is returned as it is.
Datum index_profile(Datum profile);

// profile_index returns the index of a datum, nullptr where it has none.
const core::ProfileIndex* profile_index(Datum profile);

}  // namespace search_assign::pg
