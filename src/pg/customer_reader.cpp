// Reading and deciding one customer. Backend zone.
#include "search_assign/pg/customer_reader.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

SpiStatement hand_made_statement = {
    "SELECT target, target_id, mode, until FROM receivables.hand_assignment WHERE customer_id = $1",
    1,
    {INT8OID},
    nullptr};

bool touched(const core::Delta* deltas, size_t count, uint8_t side) {
  for (size_t i = 0; i < count; ++i)
    if (deltas[i].facet == core::Facet::Touch && deltas[i].side == side) return true;
  return false;
}

// The flag in the position row spares the look into the table, unless it has just been changed.
void load_hand_made(CustomerReader* reader, int64 customer_id, bool changed) {
  PositionAccess* access = reader->access;
  std::vector<core::HandMade>& hand_made = reader->buffers->hand_made;
  compute([&] { hand_made.clear(); });
  bool is_null = false;
  if (!changed && !DatumGetBool(get_column(access->changed, access->columns.hand_made, &is_null))) return;
  open_sql(reader);
  Datum values[] = {Int64GetDatum(customer_id)};
  const SpiRows rows = reader->snapshot == SnapshotSelf ? spi_query(&hand_made_statement, values)
                                                        : spi_query_read_only(&hand_made_statement, values);
  for (uint64 i = 0; i < rows.count; ++i) {
    core::HandMade hand;
    hand.target = static_cast<core::Target>(spi_int32(rows, i, 1));
    hand.target_id = spi_int32(rows, i, 2);
    const char* mode = spi_text(rows, i, 3);
    hand.mode = mode[0] == 'p'   ? core::HandMode::Pin
                : mode[0] == 'a' ? core::HandMode::Add
                                 : core::HandMode::Exclude;
    hand.until = spi_is_null(rows, i, 4) ? core::kNoDate : spi_int32(rows, i, 4);
    compute([&] { hand_made.push_back(hand); });
  }
  set_column(access, access->columns.hand_made, BoolGetDatum(rows.count > 0));
  SPI_freetuptable(rows.table);
}

// Likewise for what has been done so far: only a change of it is read from the action log.
void load_changed_progress(CustomerReader* reader, int64 customer_id) {
  open_sql(reader);
  load_progress(reader->access, customer_id, reader->snapshot);
}

// Reads the customer row where a fact or rule needs it, or where it may be gone; false where it is.
bool read_customer_row(CustomerReader* reader, int64 customer_id, bool may_be_gone, Decision* decision) {
  decision->created_on = 0;
  if (!reader->config->needs_customer && !may_be_gone) return true;
  PositionAccess* access = reader->access;
  if (!find_customer(access, customer_id, reader->snapshot)) return false;
  bool is_null = false;
  decision->created_on =
      DatumGetDateADT(get_column(access->customer.slot, access->customer_created_on, &is_null));
  return true;
}

void start_decision(CustomerReader* reader, core::Date as_of, Decision* decision) {
  memset(decision, 0, sizeof *decision);
  decision->config = reader->config;
  decision->access = reader->access;
  decision->snapshot = reader->snapshot;
  decision->unapplied = reader->unapplied;
  decision->as_of = as_of;
  decision->evaluate_manual_rules = reader->evaluate_manual_rules;
  decision->failures = reader->failures;
}

}  // namespace

void use_configuration(CustomerReader* reader, const Configuration* config, MemoryContext memory) {
  reader->config = config;
  reader->failures = static_cast<SearchFailure*>(
      MemoryContextAllocZero(memory, sizeof(SearchFailure) * static_cast<size_t>(config->search_count + 1)));
}

void open_sql(CustomerReader* reader) {
  if (reader->sql_open) return;
  reader->scope = begin_maintenance();
  plan_by_key();
  SPI_connect();
  MemoryContextSwitchTo(reader->customer);
  reader->sql_open = true;
}

void close_sql(CustomerReader* reader) {
  if (!reader->sql_open) return;
  SPI_finish();
  end_maintenance(reader->scope);
  reader->sql_open = false;
}

core::Date decision_date(CustomerReader* reader) {
  bool is_null = false;
  const core::Date today = business_date();
  const Datum decided_on =
      get_column(reader->access->position.slot, reader->access->columns.decided_on, &is_null);
  if (is_null || business_date_is_set() || DatumGetDateADT(decided_on) <= today) return today;
  // Later than now: the business date had been set and is set back on purpose.
  return DatumGetDateADT(decided_on) <= date_of_clock() ? DatumGetDateADT(decided_on) : today;
}

void read_previous(CustomerReader* reader) {
  bool is_null = false;
  const core::Bytes stored =
      bytes_of(get_column(reader->access->changed, reader->access->columns.assignment, &is_null));
  compute([&] { core::decode_assignment(stored, reader->buffers->previous); });
}

bool read_customer(CustomerReader* reader, int64 customer_id, const QueuedChanges& queued,
                   core::Delta* deltas, size_t count, core::Date as_of, Decision* decision) {
  start_change(reader->access);
  if (count > 0 || queued.count > 0) add_changes(reader->access, queued, deltas, count);
  start_decision(reader, as_of, decision);
  const bool may_be_gone = queued.count > 0 || touched(deltas, count, core::kTouchDeleted);
  if (!read_customer_row(reader, customer_id, may_be_gone, decision)) return false;
  read_previous(reader);
  load_hand_made(reader, customer_id, queued.count > 0 || touched(deltas, count, core::kTouchHandMade));
  if (queued.count > 0 || touched(deltas, count, core::kTouchProgress))
    load_changed_progress(reader, customer_id);
  return true;
}

NextAction decide_read_customer(CustomerReader* reader, int64 customer_id, Decision* decision, Ticks* time) {
  decide_now(decision, reader->buffers);
  *time = stop_timer(Part::Searches, *time);
  const NextAction next = decide_next_action(decision, reader->buffers, customer_id);
  set_next_action(reader->access, next);
  // What reads the next action assigns nothing that it follows from: a second look is the last.
  if (reader->config->reads_next_action) decide_now(decision, reader->buffers);
  *time = stop_timer(Part::Collection, *time);
  return next;
}

}  // namespace search_assign::pg
