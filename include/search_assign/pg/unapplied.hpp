// What is not in the positions yet: rows of the change queue, and what the own transaction has gathered. For
// decisions that write nothing.
#pragma once

#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/change_set.hpp"

namespace search_assign::pg {

struct Unapplied {
  ChangeQueue* queue;
  PendingChanges pending;
  Snapshot snapshot;
};

struct CustomerDeltas {
  core::Delta* deltas;
  size_t count;
};
CustomerDeltas own_changes(const Unapplied* unapplied, int64 customer_id);

// next_member gives what the customers collected through an account bring into it, all changes added, one
// after the other. The facets hold until the next one.
struct Members;
Members* open_members(const Unapplied* unapplied, int64 account);
bool next_member(Members* members, int64* customer_id, core::PositionFacets* facets);
void close_members(Members* members);

}  // namespace search_assign::pg
