// Rows for membership_log, gathered during an application and written in pieces; and the searches that failed
// meanwhile, reported by one WARNING each.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/configuration.hpp"

namespace search_assign::pg {

struct MembershipLog;

MembershipLog* open_membership_log();  // in the current memory context
// membership_log_use names targets and rules from now on by this configuration.
void membership_log_use(MembershipLog* log, const Configuration* config);
void add_to_membership_log(MembershipLog* log, int64 customer_id, core::Date business_date,
                           const core::MembershipChange& change);
// close_membership_log writes what is left.
void close_membership_log(MembershipLog* log);

void note_failure(MembershipLog* log, int search, const char* message);
void report_failures(MembershipLog* log);

}  // namespace search_assign::pg
