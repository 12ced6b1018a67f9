// Memberships as rows. Backend zone. SQL face: sql/install/60_assignment.sql.
#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/position.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/date.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kSources[] = {"", "rule", "manual", "default"};

// Copies the decoded memberships into palloc'd memory, so that no C++ object lives while rows are made.
core::Membership* read_memberships(core::Bytes encoded, int* count) {
  const size_t room = encoded.size() / 4 + 1;  // a membership takes no fewer bytes
  auto* memberships = static_cast<core::Membership*>(palloc(sizeof(core::Membership) * room));
  size_t found = 0;
  compute([&] {
    core::Assignment assignment;
    core::decode_assignment(encoded, assignment);
    found = assignment.size();
    std::copy(assignment.begin(), assignment.end(), memberships);
  });
  *count = static_cast<int>(found);
  return memberships;
}

struct Difference {
  bool begins;
  bool ends;
  int32 previous_id;
  core::Membership membership;  // as it is after, or as it was where it ends
};

Difference* read_differences(core::Bytes before, core::Bytes after, int* count) {
  const size_t room = before.size() / 4 + after.size() / 4 + 1;
  auto* found = static_cast<Difference*>(palloc(sizeof(Difference) * room));
  size_t size = 0;
  compute([&] {
    core::Assignment held_before;
    core::Assignment held_after;
    core::decode_assignment(before, held_before);
    core::decode_assignment(after, held_after);
    std::vector<core::MembershipChange> changes;
    core::differences({held_before.data(), held_before.size()}, {held_after.data(), held_after.size()},
                      changes);
    for (const core::MembershipChange& change : changes)
      found[size++] = {change.before == nullptr, change.after == nullptr,
                       change.before != nullptr ? change.before->target_id : 0,
                       change.after != nullptr ? *change.after : *change.before};
  });
  *count = static_cast<int>(size);
  return found;
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_memberships) {
  using namespace search_assign;
  int count = 0;
  const core::Membership* memberships = pg::read_memberships(pg::bytes_of(PG_GETARG_DATUM(0)), &count);
  InitMaterializedSRF(fcinfo, 0);
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  for (int i = 0; i < count; ++i) {
    const core::Membership& membership = memberships[i];
    Datum values[] = {Int32GetDatum(static_cast<int32>(membership.target)),
                      Int32GetDatum(membership.target_id), Int64GetDatum(membership.rule_id),
                      CStringGetTextDatum(pg::kSources[static_cast<int>(membership.source)]),
                      DateADTGetDatum(membership.since)};
    bool nulls[] = {false, false, membership.rule_id == 0, false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  PG_RETURN_NULL();
}

SA_FUNCTION(sa_membership_differences) {
  using namespace search_assign;
  int count = 0;
  const pg::Difference* differences =
      pg::read_differences(pg::bytes_of(PG_GETARG_DATUM(0)), pg::bytes_of(PG_GETARG_DATUM(1)), &count);
  InitMaterializedSRF(fcinfo, 0);
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  for (int i = 0; i < count; ++i) {
    const pg::Difference& difference = differences[i];
    const core::Membership& membership = difference.membership;
    Datum values[] = {Int32GetDatum(static_cast<int32>(membership.target)),
                      Int32GetDatum(membership.target_id),
                      Int32GetDatum(difference.previous_id),
                      BoolGetDatum(difference.ends),
                      Int64GetDatum(membership.rule_id),
                      CStringGetTextDatum(pg::kSources[static_cast<int>(membership.source)]),
                      DateADTGetDatum(membership.since)};
    const bool ends = difference.ends;
    bool nulls[] = {false, false, difference.begins, false, ends || membership.rule_id == 0, ends, ends};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  PG_RETURN_NULL();
}
