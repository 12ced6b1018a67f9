// Application of decisions to customers, ascending by customer_id (the lock order of everything that
// touches positions). Backend zone. The concurrency rule stands in position.cpp.
#include "search_assign/pg/assignment_apply.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/collection.hpp"
#include "search_assign/pg/customer_reader.hpp"
#include "search_assign/pg/daily_work.hpp"
#include "search_assign/pg/decision.hpp"
#include "search_assign/pg/membership_log.hpp"
#include "search_assign/pg/priority.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/spi.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/waiting.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
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
  CustomerReader reader;
  ChangeQueue* queue;
  MembershipLog* log;
  bool run;                // no deltas: writes only what changed
  bool reread;             // the transaction will read again by the snapshot it has
  bool after_members;      // accounts follow whose members were written
  bool queued;             // something is queued for the customer at hand
  Ticks time;              // since when the present part has been going on
  CustomerIds collecting;  // accounts through which the customers written are collected
  MemoryContext memory;    // of the application
};

void use_newest_configuration(Application* application) {
  const Configuration* config = configuration();
  if (application->reader.config == config) return;
  // Kept, so that a later one cannot lie where this one lay and be taken for it.
  keep_configuration(config, application->memory);
  use_configuration(&application->reader, config, application->memory);
  MemoryContext caller = MemoryContextSwitchTo(application->memory);
  membership_log_use(application->log, config);
  MemoryContextSwitchTo(caller);
}

void begin_application(Application* application, bool run) {
  memset(application, 0, sizeof *application);
  application->run = run;
  application->time = start_timer();
  application->memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign application", ALLOCSET_DEFAULT_SIZES);
  application->reader.customer =
      AllocSetContextCreate(application->memory, "search_assign customer", ALLOCSET_DEFAULT_SIZES);
  MemoryContextSwitchTo(application->memory);
  init_customer_ids(&application->collecting);
  application->log = open_membership_log();
  application->reader.buffers = decision_buffers();
  application->reader.access = open_positions(RowExclusiveLock);
  application->reader.snapshot = SnapshotSelf;
  application->queue = open_change_queue(true);
  use_newest_configuration(application);
}

void end_application(Application* application, MemoryContext caller) {
  close_membership_log(application->log);
  close_sql(&application->reader);
  close_change_queue(application->queue);
  close_positions(application->reader.access);
  if (!application->reader.evaluate_manual_rules && !day_roll_under_way())
    report_failures(application->log);  // a run does at its end
  stop_timer(Part::Log, application->time);
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(application->memory);
}

void set_target_column(Application* application, AttrNumber column, core::Target target) {
  for (const core::Membership& membership : application->reader.buffers->next)
    if (membership.target == target) {
      set_column(application->reader.access, column, Int32GetDatum(membership.target_id));
      return;
    }
  set_null(application->reader.access, column);
}

void set_decision(Application* application, const Decision& decision, core::Date review) {
  PositionAccess* access = application->reader.access;
  DecisionBuffers* buffers = application->reader.buffers;
  const PositionColumns& columns = access->columns;
  compute([&] { core::encode_assignment({buffers->next.data(), buffers->next.size()}, buffers->encoded); });
  set_column(access, columns.assignment, bytes_datum(buffers->encoded));
  set_target_column(application, columns.scenario_id, core::Target::Scenario);
  set_target_column(application, columns.collection_portfolio_id, core::Target::CollectionPortfolio);
  set_target_column(application, columns.risk_portfolio_id, core::Target::RiskPortfolio);
  set_priority(access, application->reader.config, {buffers->next.data(), buffers->next.size()});
  set_column(access, columns.configuration_version, Int64GetDatum(application->reader.config->version));
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
  PositionAccess* access = application->reader.access;
  const PositionColumns& columns = access->columns;
  TupleTableSlot* row = access->position.slot;
  bool never_decided = false;
  bool never_reviewed = false;
  bool is_null = false;
  const core::Date decided_on = DatumGetDateADT(get_column(row, columns.decided_on, &never_decided));
  const core::Date review_on = DatumGetDateADT(get_column(row, columns.review_on, &never_reviewed));
  return !never_decided && decided_on <= decision.as_of && (never_reviewed || review_on > decision.as_of) &&
         DatumGetInt64(get_column(row, columns.configuration_version, &is_null)) ==
             application->reader.config->version &&
         DatumGetBool(get_column(row, columns.failed, &is_null)) == (decision.failure_count > 0) &&
         next_action_stands(access, next) &&
         core::same_memberships(
             {application->reader.buffers->previous.data(), application->reader.buffers->previous.size()},
             {application->reader.buffers->next.data(), application->reader.buffers->next.size()});
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
  const bool failed_before = DatumGetBool(get_column(application->reader.access->position.slot,
                                                     application->reader.access->columns.failed, &is_null));
  if (!failed_before && decision.failure_count == 0) return;
  open_sql(&application->reader);
  Datum key[] = {Int64GetDatum(customer_id)};
  if (failed_before) spi_run(&forget_failures_statement, key);
  for (int i = 0; i < decision.failure_count; ++i) {
    const SearchFailure& failure = decision.failures[i];
    Datum values[] = {Int64GetDatum(customer_id),
                      Int64GetDatum(application->reader.config->searches[failure.search].search_id),
                      CStringGetTextDatum(unpack_sql_state(failure.sqlstate)),
                      CStringGetTextDatum(failure.message)};
    spi_run(&failure_statement, values);
    note_failure(application->log, failure.search, failure.message);
  }
}

int bit(core::Cause cause) { return static_cast<int>(cause); }

// Why the customer is decided now, as far as it can be told.
int cause_of(Application* application, const core::Delta* deltas, size_t count, core::Date as_of) {
  PositionAccess* access = application->reader.access;
  TupleTableSlot* row = access->position.slot;
  bool is_null = false;
  int cause = 0;
  // Without deltas outside a run, or behind its customers: an account whose members changed.
  if (application->queued || (count == 0 && (!application->run || application->after_members)))
    cause |= bit(core::Cause::Ledger);
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
  if (version != 0 && version != application->reader.config->version)
    cause |= bit(core::Cause::Configuration);
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
  if (!application->reader.evaluate_manual_rules || !application->reader.config->has_manual_rules)
    return false;
  for (const core::MembershipChange& change : application->reader.buffers->changes)
    if (by_manual_rule(application->reader.config, change.before) ||
        by_manual_rule(application->reader.config, change.after))
      return true;
  return false;
}

// Logs that the customer held `previous` and now holds what is given, where that is something else.
bool log_changes(Application* application, int64 customer_id, core::Date as_of, int cause,
                 std::span<const core::Membership> held_now) {
  PositionAccess* access = application->reader.access;
  DecisionBuffers* buffers = application->reader.buffers;
  const std::span<const core::Membership> held_before = {buffers->previous.data(), buffers->previous.size()};
  compute([&] {
    core::differences(core::logged_part(held_before), core::logged_part(held_now), buffers->changes);
  });
  if (buffers->changes.empty()) return false;
  add(Counter::MembershipChanges, buffers->changes.size());
  if (by_call(application, cause)) cause |= bit(core::Cause::Call);
  bool is_null = false;
  const LoggedDecision decision = {
      customer_id, as_of, application->reader.config->version,
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
  const core::Date today = decision_date(&application->reader);
  read_previous(&application->reader);
  const Outcome outcome = outcome_of(delete_position(application->reader.access));
  if (outcome != Outcome::Written) return outcome;
  remove_queued(application->queue, queued);
  log_changes(application, customer_id, today, bit(core::Cause::Deletion), {});
  return Outcome::Gone;
}

Outcome write_decision(Application* application, int64 customer_id, const Decision& decision, int cause,
                       bool* changed) {
  DecisionBuffers* buffers = application->reader.buffers;
  const Outcome outcome = outcome_of(write_change(application->reader.access));
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
  PositionAccess* access = application->reader.access;
  DecisionBuffers* buffers = application->reader.buffers;
  const bool found = find_position(access, customer_id, SnapshotSelf);
  const QueuedChanges queued = read_queued(application->queue, customer_id, SnapshotSelf);
  application->queued = queued.count > 0;
  if (!found) {
    remove_queued(application->queue, queued, false);
    return Outcome::Gone;
  }
  // Written now, the row would be there twice for a snapshot that does not see the version it replaces.
  if (application->reread && !sees_position(access, GetTransactionSnapshot())) return Outcome::Busy;
  const bool must_write = !application->run || queued.count > 0;
  if (must_write && is_being_changed(access)) return Outcome::Busy;  // spares a decision
  const std::optional<int64> former_account = collecting_account(access, access->position.slot);
  if (former_account && (count > 0 || queued.count > 0))
    add_customer_id(&application->collecting, *former_account);
  Decision decision;
  if (!read_customer(&application->reader, customer_id, queued, deltas, count,
                     decision_date(&application->reader), &decision))
    return remove_customer(application, customer_id, queued);
  application->time = stop_timer(Part::Reading, application->time);
  const NextAction next =
      decide_read_customer(&application->reader, customer_id, &decision, &application->time);
  add(Counter::SearchFailures, static_cast<uint64>(decision.failure_count));
  if (application->run && queued.count == 0 && stands(application, decision, next)) return Outcome::Stands;

  const core::Date review =
      application->reader.config->has_time_terms || !buffers->hand_made.empty()
          ? next_review(&decision, buffers, application->run ? kRunLookAhead : kLedgerLookAhead)
          : core::kNoDate;
  application->time = stop_timer(Part::LookAhead, application->time);
  set_decision(application, decision, std::min(review, next.changes_on));
  const int cause = cause_of(application, deltas, count, decision.as_of);
  const Outcome outcome = write_decision(application, customer_id, decision, cause, changed);
  if (outcome != Outcome::Written) return outcome;
  remove_queued(application->queue, queued);
  const std::optional<int64> account = collecting_account(access, access->changed);
  if (account && account != former_account && (count > 0 || queued.count > 0))
    add_customer_id(&application->collecting, *account);
  return outcome;
}

void wait_in_subtransaction(void* access) { wait_for_position(static_cast<PositionAccess*>(access)); }

// Waits for whoever has the position, as long as lock_wait lets it; false when that is over.
bool wait_for_others(Application* application) {
  if (!may_wait_for(application->reader.access->holder)) return false;
  instr_time since;
  INSTR_TIME_SET_CURRENT(since);
  ErrorData* error = run_waiting(wait_in_subtransaction, application->reader.access);
  if (error == nullptr) spend_wait(since);
  if (error == nullptr) return true;
  if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE) ReThrowError(error);
  return false;
}

constexpr QueueReason kBusyReason = {ERRCODE_LOCK_NOT_AVAILABLE,
                                     "another transaction was changing the customer's position"};

Outcome decide_customer(Application* application, int64 customer_id, core::Delta* deltas, size_t count,
                        bool* changed) {
  application->reader.access->locked = false;
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(application->reader.customer);
    MemoryContextSwitchTo(application->reader.customer);
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
    restart_positions(application->reader.access);
    use_newest_configuration(application);
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
  application->after_members = true;
  CommandCounterIncrement();  // they may have been written a moment ago, themselves
  restart_positions(application->reader.access);
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
  application.reader.access->in_order = lie_close(customer_ids, count);
  application.reread = IsolationUsesXactSnapshot() && IsTransactionBlock();
  application.reader.evaluate_manual_rules = evaluate_manual_rules;
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
