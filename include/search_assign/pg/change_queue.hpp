// The queue of changes: what a transaction could not add to a customer's position lies here until the next
// transaction that touches the customer, a CALL or the worker adds it.
#pragma once

#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/position.hpp"

extern "C" {
#include "storage/itemptr.h"
#include "utils/snapshot.h"
}

namespace search_assign::pg {

struct ChangeQueue;

// Why a change is queued.
struct QueueReason {
  int sqlstate;
  const char* message;
};

// What is queued for one customer, in the memory context it was read in.
struct QueuedChanges {
  int count;
  core::PositionFacets* facets;
  ItemPointerData* rows;
};

// open_change_queue opens the queue in the current memory context, for reading or for changing it, too;
// close_change_queue writes what was queued and releases all but the lock.
ChangeQueue* open_change_queue(bool to_change);
void close_change_queue(ChangeQueue* queue);

// read_queued reads what the snapshot sees queued for the customer; next to nothing while the queue is empty.
QueuedChanges read_queued(ChangeQueue* queue, int64 customer_id, Snapshot snapshot);
// add_changes adds what is queued, and deltas, to the columns of access->changed.
void add_changes(PositionAccess* access, const QueuedChanges& queued, core::Delta* deltas, size_t count);
// remove_queued deletes rows read before, once the customer's position has taken them in or where there is
// none.
void remove_queued(ChangeQueue* queue, const QueuedChanges& queued, bool has_position = true);
// queue_customer appends one customer's deltas; none: the customer is to be decided again.
void queue_customer(ChangeQueue* queue, int64 customer_id, core::Delta* deltas, size_t count,
                    const QueueReason& reason);

// collect_queued_customers gives the customers for whom something is queued, ascending.
void collect_queued_customers(CustomerIds* customers);

// take_queued_something tells whether the transaction that ends has queued anything, and forgets it.
bool take_queued_something() noexcept;

// queue_deltas appends a change set that lies grouped by customer.
void queue_deltas(core::Delta* deltas, size_t count, const QueueReason& reason);

}  // namespace search_assign::pg
