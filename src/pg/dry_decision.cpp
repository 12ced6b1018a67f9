// Decisions that write nothing. Backend zone.
#include "search_assign/pg/dry_decision.hpp"

#include "search_assign/pg/boundary.hpp"

extern "C" {
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// The position has been found.
bool decide_found(DryDecisions* dry, int64 customer_id) {
  CustomerReader* reader = &dry->reader;
  const QueuedChanges queued = read_queued(dry->unapplied.queue, customer_id, reader->snapshot);
  const CustomerDeltas own = own_changes(&dry->unapplied, customer_id);
  const core::Date as_of = dry->as_of == core::kNoDate ? decision_date(reader) : dry->as_of;
  if (!read_customer(reader, customer_id, queued, own.deltas, own.count, as_of, &dry->decision)) return false;
  if (dry->searches_only) {
    decide_now(&dry->decision, reader->buffers);
    return true;
  }
  Ticks untimed = 0;
  dry->next = decide_read_customer(reader, customer_id, &dry->decision, &untimed);
  return true;
}

bool decide_in_own_memory(DryDecisions* dry, int64 customer_id) {
  CHECK_FOR_INTERRUPTS();
  MemoryContextReset(dry->reader.customer);
  MemoryContext caller = MemoryContextSwitchTo(dry->reader.customer);
  const bool decided = decide_found(dry, customer_id);
  close_sql(&dry->reader);
  MemoryContextSwitchTo(caller);
  return decided;
}

DryDecisions* open_with(const Configuration* config, MemoryContext memory, core::Date as_of,
                        bool evaluate_manual_rules) {
  MemoryContext caller = MemoryContextSwitchTo(memory);
  auto* dry = static_cast<DryDecisions*>(palloc0(sizeof(DryDecisions)));
  dry->memory = memory;
  dry->as_of = as_of;
  dry->reader.customer = AllocSetContextCreate(memory, "search_assign customer", ALLOCSET_DEFAULT_SIZES);
  dry->reader.buffers = decision_buffers();
  dry->reader.access = open_positions(AccessShareLock);
  dry->reader.snapshot = RegisterSnapshot(GetActiveSnapshot());
  dry->reader.evaluate_manual_rules = evaluate_manual_rules;
  use_configuration(&dry->reader, config, memory);
  dry->unapplied = {open_change_queue(false), copy_pending_changes(), dry->reader.snapshot};
  dry->reader.unapplied = &dry->unapplied;
  MemoryContextSwitchTo(caller);
  return dry;
}

MemoryContext new_memory() {
  return AllocSetContextCreate(CurrentMemoryContext, "search_assign dry decisions", ALLOCSET_DEFAULT_SIZES);
}

}  // namespace

DryDecisions* open_dry_decisions(core::Date as_of, bool evaluate_manual_rules) {
  MemoryContext memory = new_memory();
  const Configuration* config = configuration();
  keep_configuration(config, memory);
  return open_with(config, memory, as_of, evaluate_manual_rules);
}

DryDecisions* open_dry_search(const Configuration* search, core::Date as_of) {
  DryDecisions* dry = open_with(search, new_memory(), as_of, false);
  dry->searches_only = true;
  return dry;
}

void close_dry_decisions(DryDecisions* dry) {
  close_change_queue(dry->unapplied.queue);
  close_positions(dry->reader.access);
  UnregisterSnapshot(dry->reader.snapshot);
  MemoryContextDelete(dry->memory);
}

DryDecisions* open_dry_configuration(const Configuration* config) {
  DryDecisions* dry = open_with(config, new_memory(), core::kNoDate, true);
  dry->searches_only = true;
  return dry;
}

bool dry_decide(DryDecisions* dry, int64 customer_id) {
  PositionAccess* access = dry->reader.access;
  access->in_order = false;
  dry->in_order = false;
  return find_position(access, customer_id, dry->reader.snapshot) && decide_in_own_memory(dry, customer_id);
}

bool next_dry_customer(DryDecisions* dry, int64* customer_id) {
  PositionAccess* access = dry->reader.access;
  if (!dry->in_order) restart_positions(access);
  dry->in_order = true;
  access->in_order = true;
  while (next_position(access, customer_id, dry->reader.snapshot))
    if (decide_in_own_memory(dry, *customer_id)) return true;
  return false;
}

}  // namespace search_assign::pg
