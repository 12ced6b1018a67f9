// Rows for membership_change, from which the view membership_log is made, gathered during an application and
// written in pieces; and the searches that failed meanwhile, reported by one WARNING each.
#pragma once

#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/configuration.hpp"

namespace search_assign::pg {

struct MembershipLog;

MembershipLog* open_membership_log();  // in the current memory context
// membership_log_use: searches that fail are from now on those of this configuration.
void membership_log_use(MembershipLog* log, const Configuration* config);

// A decision that has changed what a customer holds.
struct LoggedDecision {
  int64 customer_id;
  core::Date business_date;
  int64 configuration_version;
  int64 previous_version;  // of the decision before
  int cause;               // bits of core::Cause
};
// add_to_membership_log adds one row; before and after are encoded assignments.
void add_to_membership_log(MembershipLog* log, const LoggedDecision& decision, Datum before, Datum after);
// close_membership_log writes what is left.
void close_membership_log(MembershipLog* log);

void note_failure(MembershipLog* log, int search, const char* message);
void report_failures(MembershipLog* log);

}  // namespace search_assign::pg
