// Application of decisions to customers, ascending by customer_id (the lock order of everything that
// touches positions). Backend zone. The concurrency rule stands in position.cpp.
#include "search_assign/pg/assignment_apply.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/daily_work.hpp"
#include "search_assign/pg/decision.hpp"
#include "search_assign/pg/membership_log.hpp"
#include "search_assign/pg/priority.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// Evaluations a look-ahead may cost: a ledger transaction looks a few dates ahead and leaves the rest
// to the daily run, which looks further so that it comes back seldom.
constexpr int kLedgerLookAhead = 6;
constexpr int kRunLookAhead = 60;

struct Application {
  const Configuration* config;
  PositionAccess* access;
  ChangeQueue* queue;
  DecisionBuffers* buffers;
  MembershipLog* log;
  SearchFailure* failures;  // of the customer at hand
  bool run;                 // no deltas: writes only what changed
  bool reread;              // the transaction will read again by the snapshot it has
  bool queued;              // something is queued for the customer at hand
  Ticks time;               // since when the present part has been going on
  int64 wait;               // microseconds it may still wait for others
  bool evaluate_manual_rules;
  bool sql_open;
  MaintenanceScope scope;
  CustomerIds collecting;  // accounts through which the customers written are collected
  MemoryContext memory;    // of the application
  MemoryContext customer;  // reset per customer
};

// SQL is needed seldom: for hand-made assignments and failures.
void open_sql(Application* application) {
  if (application->sql_open) return;
  application->scope = begin_maintenance();
  SPI_connect();
  MemoryContextSwitchTo(application->customer);
  application->sql_open = true;
}

void close_sql(Application* application) {
  if (!application->sql_open) return;
  SPI_finish();
  end_maintenance(application->scope);
  application->sql_open = false;
}

void use_configuration(Application* application) {
  const Configuration* config = configuration();
  if (application->config == config) return;
  application->config = config;
  MemoryContext caller = MemoryContextSwitchTo(application->memory);
  application->failures = static_cast<SearchFailure*>(
      palloc0(sizeof(SearchFailure) * static_cast<size_t>(config->search_count + 1)));
  membership_log_use(application->log, config);
  MemoryContextSwitchTo(caller);
}

void begin_application(Application* application, bool run) {
  memset(application, 0, sizeof *application);
  application->run = run;
  application->time = start_timer();
  application->memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign application", ALLOCSET_DEFAULT_SIZES);
  application->customer =
      AllocSetContextCreate(application->memory, "search_assign customer", ALLOCSET_DEFAULT_SIZES);
  MemoryContextSwitchTo(application->memory);
  init_customer_ids(&application->collecting);
  application->log = open_membership_log();
  application->buffers = decision_buffers();
  application->access = open_positions(RowExclusiveLock);
  application->queue = open_change_queue(true);
  application->wait = int64{lock_wait()} * 1000;
  use_configuration(application);
}

void end_application(Application* application, MemoryContext caller) {
  close_membership_log(application->log);
  close_sql(application);
  close_change_queue(application->queue);
  close_positions(application->access);
  if (!application->evaluate_manual_rules && !day_roll_under_way())
    report_failures(application->log);  // a run does at its end
  stop_timer(Part::Log, application->time);
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(application->memory);
}

// A transaction that merely began before midnight decides for the day its customer was last decided for.
core::Date decision_date(Application* application) {
  bool is_null = false;
  const core::Date today = business_date();
  const Datum decided_on =
      get_column(application->access->position.slot, application->access->columns.decided_on, &is_null);
  if (is_null || business_date_is_set() || DatumGetDateADT(decided_on) <= today) return today;
  // Later than now: the business date had been set and is set back on purpose.
  return DatumGetDateADT(decided_on) <= date_of_clock() ? DatumGetDateADT(decided_on) : today;
}

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

// The flag in the position row spares the look into the table, unless this transaction has just changed it.
void load_hand_made(Application* application, int64 customer_id, bool changed) {
  PositionAccess* access = application->access;
  std::vector<core::HandMade>& hand_made = application->buffers->hand_made;
  compute([&] { hand_made.clear(); });
  bool is_null = false;
  if (!changed && !DatumGetBool(get_column(access->changed, access->columns.hand_made, &is_null))) return;
  open_sql(application);
  Datum values[] = {Int64GetDatum(customer_id)};
  const SpiRows rows = spi_query(&hand_made_statement, values);
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
void load_changed_progress(Application* application, int64 customer_id) {
  open_sql(application);
  load_progress(application->access, customer_id);
}

void read_previous(Application* application) {
  bool is_null = false;
  const core::Bytes stored =
      bytes_of(get_column(application->access->changed, application->access->columns.assignment, &is_null));
  compute([&] { core::decode_assignment(stored, application->buffers->previous); });
}

// Reads the customer row where a fact or rule needs it, or where it may be gone; false where it is.
bool read_customer(Application* application, int64 customer_id, bool may_be_gone, Decision* decision) {
  decision->created_on = 0;
  if (!application->config->needs_customer && !may_be_gone) return true;
  PositionAccess* access = application->access;
  if (!find_customer(access, customer_id, SnapshotSelf)) return false;
  bool is_null = false;
  decision->created_on =
      DatumGetDateADT(get_column(access->customer.slot, access->customer_created_on, &is_null));
  return true;
}

void set_target_column(Application* application, AttrNumber column, core::Target target) {
  for (const core::Membership& membership : application->buffers->next)
    if (membership.target == target) {
      set_column(application->access, column, Int32GetDatum(membership.target_id));
      return;
    }
  set_null(application->access, column);
}

void set_decision(Application* application, const Decision& decision, core::Date review) {
  PositionAccess* access = application->access;
  DecisionBuffers* buffers = application->buffers;
  const PositionColumns& columns = access->columns;
  compute([&] { core::encode_assignment({buffers->next.data(), buffers->next.size()}, buffers->encoded); });
  set_column(access, columns.assignment, bytes_datum(buffers->encoded));
  set_target_column(application, columns.scenario_id, core::Target::Scenario);
  set_target_column(application, columns.collection_portfolio_id, core::Target::CollectionPortfolio);
  set_target_column(application, columns.risk_portfolio_id, core::Target::RiskPortfolio);
  set_priority(access, application->config, {buffers->next.data(), buffers->next.size()});
  set_column(access, columns.configuration_version, Int64GetDatum(application->config->version));
  set_column(access, columns.decided_on, DateADTGetDatum(decision.as_of));
  if (review == core::kNoDate)
    set_null(access, columns.review_on);
  else
    set_column(access, columns.review_on, DateADTGetDatum(review));
  set_column(access, columns.failed, BoolGetDatum(decision.failure_count > 0));
}

// A run leaves a customer alone whose decision stands: same configuration, same memberships, same next
// action, not yet due.
bool stands(Application* application, const Decision& decision, const NextAction& next) {
  PositionAccess* access = application->access;
  const PositionColumns& columns = access->columns;
  TupleTableSlot* row = access->position.slot;
  bool never_decided = false;
  bool never_reviewed = false;
  bool is_null = false;
  const core::Date decided_on = DatumGetDateADT(get_column(row, columns.decided_on, &never_decided));
  const core::Date review_on = DatumGetDateADT(get_column(row, columns.review_on, &never_reviewed));
  return !never_decided && decided_on <= decision.as_of && (never_reviewed || review_on > decision.as_of) &&
         DatumGetInt64(get_column(row, columns.configuration_version, &is_null)) ==
             application->config->version &&
         DatumGetBool(get_column(row, columns.failed, &is_null)) == (decision.failure_count > 0) &&
         next_action_stands(access, next) &&
         core::same_memberships(
             {application->buffers->previous.data(), application->buffers->previous.size()},
             {application->buffers->next.data(), application->buffers->next.size()});
}

SpiStatement forget_failures_statement = {
    "DELETE FROM receivables.search_failure WHERE customer_id = $1", 1, {INT8OID}, nullptr};
SpiStatement failure_statement = {
    "INSERT INTO receivables.search_failure (customer_id, search_id, error_code, message) VALUES ($1, $2, "
    "$3, $4)"
    " ON CONFLICT (customer_id, search_id) DO UPDATE SET error_code = EXCLUDED.error_code,"
    " message = EXCLUDED.message, failed_at = pg_catalog.clock_timestamp()",
    4,
    {INT8OID, INT8OID, TEXTOID, TEXTOID},
    nullptr};

void record_failures(Application* application, int64 customer_id, const Decision& decision) {
  bool is_null = false;
  const bool failed_before = DatumGetBool(
      get_column(application->access->position.slot, application->access->columns.failed, &is_null));
  if (!failed_before && decision.failure_count == 0) return;
  open_sql(application);
  Datum key[] = {Int64GetDatum(customer_id)};
  if (failed_before) spi_run(&forget_failures_statement, key);
  for (int i = 0; i < decision.failure_count; ++i) {
    const SearchFailure& failure = decision.failures[i];
    Datum values[] = {
        Int64GetDatum(customer_id), Int64GetDatum(application->config->searches[failure.search].search_id),
        CStringGetTextDatum(unpack_sql_state(failure.sqlstate)), CStringGetTextDatum(failure.message)};
    spi_run(&failure_statement, values);
    note_failure(application->log, failure.search, failure.message);
  }
}

int bit(core::Cause cause) { return static_cast<int>(cause); }

// Why the customer is decided now, as far as it can be told.
int cause_of(Application* application, const core::Delta* deltas, size_t count, core::Date as_of) {
  PositionAccess* access = application->access;
  TupleTableSlot* row = access->position.slot;
  bool is_null = false;
  int cause = 0;
  // Without deltas outside a run: an account whose members changed.
  if (application->queued || (count == 0 && !application->run)) cause |= bit(core::Cause::Ledger);
  for (size_t i = 0; i < count; ++i)
    cause |= bit(deltas[i].facet == core::Facet::Touch && deltas[i].side == core::kTouchHandMade
                     ? core::Cause::HandMade
                     : core::Cause::Ledger);
  // The look-ahead says from when on time alone may have changed something.
  const Datum review_on = get_column(row, access->columns.review_on, &is_null);
  if (!is_null && DatumGetDateADT(review_on) <= as_of) cause |= bit(core::Cause::Day);
  const Datum decided_on = get_column(row, access->columns.decided_on, &is_null);
  if (!is_null && DatumGetDateADT(decided_on) > as_of) cause |= bit(core::Cause::Day);
  const int64 version = DatumGetInt64(get_column(row, access->columns.configuration_version, &is_null));
  if (version != 0 && version != application->config->version) cause |= bit(core::Cause::Configuration);
  return cause;
}

bool by_manual_rule(const Configuration* config, const core::Membership* membership) {
  if (membership == nullptr || membership->rule_id == 0) return false;
  for (const core::Rule& rule : config->rules.rules)
    if (rule.rule_id == membership->rule_id && core::same_numbering(rule.target, membership->target))
      return !rule.autorun;
  return false;
}

// Rules with autorun = false are evaluated by calls alone; what else is left was found by looking at
// everybody.
bool by_call(Application* application, int cause) {
  if (cause == 0) return true;
  if (!application->evaluate_manual_rules || !application->config->has_manual_rules) return false;
  for (const core::MembershipChange& change : application->buffers->changes)
    if (by_manual_rule(application->config, change.before) ||
        by_manual_rule(application->config, change.after))
      return true;
  return false;
}

// Logs that the customer held `previous` and now holds what is given, where that is something else.
bool log_changes(Application* application, int64 customer_id, core::Date as_of, int cause,
                 std::span<const core::Membership> held_now) {
  PositionAccess* access = application->access;
  DecisionBuffers* buffers = application->buffers;
  const std::span<const core::Membership> held_before = {buffers->previous.data(), buffers->previous.size()};
  compute([&] {
    core::differences(core::logged_part(held_before), core::logged_part(held_now), buffers->changes);
  });
  if (buffers->changes.empty()) return false;
  add(Counter::MembershipChanges, buffers->changes.size());
  if (by_call(application, cause)) cause |= bit(core::Cause::Call);
  bool is_null = false;
  const LoggedDecision decision = {
      customer_id, as_of, application->config->version,
      DatumGetInt64(get_column(access->position.slot, access->columns.configuration_version, &is_null)),
      cause};
  compute([&] { core::encode_assignment(core::logged_part(held_before), buffers->encoded); });
  const Datum before = bytes_datum(buffers->encoded);
  compute([&] { core::encode_assignment(core::logged_part(held_now), buffers->encoded); });
  add_to_membership_log(application->log, decision, before, bytes_datum(buffers->encoded));
  return true;
}

// What became of a customer. Outdated: another transaction was first, try again; Busy: another transaction
// has the position; Stands: nothing to do.
enum class Outcome { Gone, Stands, Written, Outdated, Busy };

Outcome outcome_of(WriteResult result) {
  if (result == WriteResult::Written) return Outcome::Written;
  return result == WriteResult::Outdated ? Outcome::Outdated : Outcome::Busy;
}

// The customer was deleted: its position and what is queued for it go, its memberships end.
Outcome remove_customer(Application* application, int64 customer_id, const QueuedChanges& queued) {
  const core::Date today = decision_date(application);
  read_previous(application);
  const Outcome outcome = outcome_of(delete_position(application->access));
  if (outcome != Outcome::Written) return outcome;
  remove_queued(application->queue, queued);
  log_changes(application, customer_id, today, bit(core::Cause::Deletion), {});
  return Outcome::Gone;
}

Decision start_decision(Application* application) {
  Decision decision;
  memset(&decision, 0, sizeof decision);
  decision.config = application->config;
  decision.access = application->access;
  decision.as_of = decision_date(application);
  decision.evaluate_manual_rules = application->evaluate_manual_rules;
  decision.failures = application->failures;
  return decision;
}

Outcome write_decision(Application* application, int64 customer_id, const Decision& decision, int cause,
                       bool* changed) {
  DecisionBuffers* buffers = application->buffers;
  const Outcome outcome = outcome_of(write_change(application->access));
  application->time = stop_timer(Part::Writing, application->time);
  if (outcome != Outcome::Written) return outcome;
  *changed = log_changes(application, customer_id, decision.as_of, cause,
                         {buffers->next.data(), buffers->next.size()});
  record_failures(application, customer_id, decision);
  application->time = stop_timer(Part::Log, application->time);
  return Outcome::Written;
}

// Tries once to decide the customer on the newest version of its position.
Outcome try_customer(Application* application, int64 customer_id, core::Delta* deltas, size_t count,
                     bool* changed) {
  PositionAccess* access = application->access;
  DecisionBuffers* buffers = application->buffers;
  const bool found = find_position(access, customer_id, SnapshotSelf);
  const QueuedChanges queued = read_queued(application->queue, customer_id, SnapshotSelf);
  application->queued = queued.count > 0;
  if (!found) {
    remove_queued(application->queue, queued);
    return Outcome::Gone;
  }
  // Written now, the row would be there twice for a snapshot that does not see the version it replaces.
  if (application->reread && !sees_position(access, GetTransactionSnapshot())) return Outcome::Busy;
  start_change(access);
  if (count > 0 || queued.count > 0) add_changes(access, queued, deltas, count);
  const int64 former_account = collecting_account(access);
  if (former_account != 0 && (count > 0 || queued.count > 0))
    add_customer_id(&application->collecting, former_account);
  Decision decision = start_decision(application);
  const bool may_be_gone = queued.count > 0 || touched(deltas, count, core::kTouchDeleted);
  if (!read_customer(application, customer_id, may_be_gone, &decision))
    return remove_customer(application, customer_id, queued);
  read_previous(application);
  load_hand_made(application, customer_id, queued.count > 0 || touched(deltas, count, core::kTouchHandMade));
  if (queued.count > 0 || touched(deltas, count, core::kTouchProgress))
    load_changed_progress(application, customer_id);
  application->time = stop_timer(Part::Reading, application->time);
  decide_now(&decision, buffers);
  application->time = stop_timer(Part::Searches, application->time);
  add(Counter::SearchFailures, static_cast<uint64>(decision.failure_count));
  const NextAction next = decide_next_action(&decision, buffers, customer_id);
  set_next_action(access, next);
  // What reads the next action assigns nothing that it follows from: a second look is the last.
  if (application->config->reads_next_action) decide_now(&decision, buffers);
  application->time = stop_timer(Part::Collection, application->time);
  if (application->run && queued.count == 0 && stands(application, decision, next)) return Outcome::Stands;

  const core::Date review =
      application->config->has_time_terms || !buffers->hand_made.empty()
          ? next_review(&decision, buffers, application->run ? kRunLookAhead : kLedgerLookAhead)
          : core::kNoDate;
  application->time = stop_timer(Part::LookAhead, application->time);
  set_decision(application, decision, std::min(review, next.changes_on));
  const int cause = cause_of(application, deltas, count, decision.as_of);
  const Outcome outcome = write_decision(application, customer_id, decision, cause, changed);
  if (outcome != Outcome::Written) return outcome;
  remove_queued(application->queue, queued);
  const int64 account = collecting_account(access);
  if (account != 0 && account != former_account && (count > 0 || queued.count > 0))
    add_customer_id(&application->collecting, account);
  return outcome;
}

void wait_in_subtransaction(void* access) { wait_for_position(static_cast<PositionAccess*>(access)); }

// Waits for whoever has the position, as long as lock_wait lets it; false when that is over.
bool wait_for_others(Application* application) {
  if (application->wait < 1000) return false;
  const int former_timeout = LockTimeout;
  instr_time start;
  INSTR_TIME_SET_CURRENT(start);
  LockTimeout = static_cast<int>(application->wait / 1000);
  ErrorData* error = run_in_subtransaction(wait_in_subtransaction, application->access);
  LockTimeout = former_timeout;
  instr_time waited;
  INSTR_TIME_SET_CURRENT(waited);
  INSTR_TIME_SUBTRACT(waited, start);
  application->wait -= static_cast<int64>(INSTR_TIME_GET_MICROSEC(waited));
  if (error == nullptr) return true;
  if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE) ReThrowError(error);
  return false;
}

constexpr QueueReason kBusyReason = {ERRCODE_LOCK_NOT_AVAILABLE,
                                     "another transaction was changing the customer's position"};

Outcome decide_customer(Application* application, int64 customer_id, core::Delta* deltas, size_t count,
                        bool* changed) {
  application->access->locked = false;
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(application->customer);
    MemoryContextSwitchTo(application->customer);
    Outcome outcome = try_customer(application, customer_id, deltas, count, changed);
    if (outcome == Outcome::Busy && !application->reread && wait_for_others(application))
      outcome = Outcome::Outdated;
    if (outcome == Outcome::Busy && (count > 0 || !application->queued))
      queue_customer(application->queue, customer_id, deltas, count, kBusyReason);
    MemoryContextSwitchTo(application->memory);
    if (outcome == Outcome::Stands || outcome == Outcome::Written) add(Counter::CustomersDecided, 1);
    if (outcome != Outcome::Outdated) return outcome;
    add(Counter::ConflictRetries, 1);
    AcceptInvalidationMessages();
    restart_positions(application->access);
    use_configuration(application);
  }
}

// Reading on along the index costs less than a descent where few rows between are passed over.
bool lie_close(const int64* customer_ids, size_t count) {
  constexpr int64 kMostSkipped = 2;
  return count > 1 && (customer_ids[count - 1] - customer_ids[0]) / kMostSkipped < static_cast<int64>(count);
}

// The accounts through which the customers written are collected: their next action follows from all of them.
void decide_collecting_accounts(Application* application) {
  sort_customer_ids(&application->collecting);
  if (application->collecting.count == 0) return;
  bool changed = false;
  CommandCounterIncrement();  // they may have been written a moment ago, themselves
  restart_positions(application->access);
  for (size_t i = 0; i < application->collecting.count; ++i)
    decide_customer(application, application->collecting.ids[i], nullptr, 0, &changed);
}

}  // namespace

void apply_deltas_to_customers(core::Delta* deltas, size_t count, bool at_commit) {
  MemoryContext caller = CurrentMemoryContext;
  Application application;
  begin_application(&application, false);
  application.reread = !at_commit && IsolationUsesXactSnapshot() && IsTransactionBlock();
  bool changed = false;
  for (size_t first = 0; first < count;) {
    size_t last = first;
    while (last < count && deltas[last].customer_id == deltas[first].customer_id) ++last;
    decide_customer(&application, deltas[first].customer_id, deltas + first, last - first, &changed);
    first = last;
  }
  decide_collecting_accounts(&application);
  end_application(&application, caller);
  add(Counter::Applications, 1);
}

RunResult decide_customers(const int64* customer_ids, size_t count, bool evaluate_manual_rules) {
  MemoryContext caller = CurrentMemoryContext;
  RunResult result{0, 0};
  Application application;
  begin_application(&application, true);
  application.access->in_order = lie_close(customer_ids, count);
  application.reread = IsolationUsesXactSnapshot() && IsTransactionBlock();
  application.evaluate_manual_rules = evaluate_manual_rules;
  for (size_t i = 0; i < count; ++i) {
    bool changed = false;
    if (decide_customer(&application, customer_ids[i], nullptr, 0, &changed) == Outcome::Gone) continue;
    ++result.decided;
    if (changed) ++result.changed;
  }
  decide_collecting_accounts(&application);
  end_application(&application, caller);
  return result;
}

}  // namespace search_assign::pg
