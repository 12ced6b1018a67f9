// What the extension has done and how long it took: receivables.search_assign_stats.
//
// A call site counts in plain memory of the backend; at the end of each transaction the counts are added to a
// file that all sessions map (statistics_file.hpp). Nothing here raises an error, and nothing needs a
// destructor: an error that jumps over stop_timer() merely leaves that stretch of time out.
#pragma once

#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

enum class Counter {
  // Work, counted also where it was undone.
  Statements,           // ledger statements seen by the triggers of item, customer, contact, allocation
  LedgerRows,           // rows of them
  SearchesEvaluated,    // evaluations of one search for one customer on one date
  ConflictRetries,      // customers decided once more because another transaction was first
  ApplicationFailures,  // applications that failed, so that their change set was queued
  SearchFailures,       // evaluations that failed
  Runs,                 // calls of search_assign()
  // Effects, forgotten where their (sub)transaction is rolled back.
  Applications,       // transactions (in statement mode statements) whose change set was applied
  CustomersDecided,   // decisions of one customer that were written or stand
  MembershipChanges,  // rows of membership_log
  CustomersQueued,    // rows put into change_queue
  CustomersDequeued,  // rows of change_queue applied
};
constexpr int kCounters = static_cast<int>(Counter::CustomersDequeued) + 1;
constexpr Counter kFirstEffect = Counter::Applications;

enum class Part {
  Statement,   // statement triggers, without an application at the end of the statement
  Reading,     // application: position, customer, former memberships, deltas
  Searches,    // application: facts, searches, decision
  LookAhead,   // application: next date on which time alone changes the decision
  Collection,  // application: next action of the scenario
  Writing,     // application: position row
  Log,         // application: membership_log, failures
  Run,         // CALL search_assign() as a whole, its applications included
  Queue,       // consuming change_queue as a whole, its applications included
};
constexpr int kParts = static_cast<int>(Part::Queue) + 1;
// Counters first, then the parts.
constexpr int kStatistics = kCounters + kParts;

using Ticks = uint64;  // of a clock that only differences have a meaning of; 0 = not measured

// What the inline functions below need; of no concern to call sites.
struct PendingStatistics {
  bool any;
  bool timing;         // search_assign.track_timing
  bool cycle_counter;  // the processor's own counter serves as the clock
  uint64 values[kStatistics];
};
extern PendingStatistics pending_statistics;
void note_effect_level() noexcept;
Ticks monotonic_clock() noexcept;

inline void add(Counter counter, uint64 n) noexcept {
  if (counter >= kFirstEffect) note_effect_level();
  pending_statistics.any = true;
  pending_statistics.values[static_cast<int>(counter)] += n;
}
inline void count(Counter counter) noexcept { add(counter, 1); }

inline Ticks read_clock() noexcept {
#if defined(__x86_64__)
  if (pending_statistics.cycle_counter) return __builtin_ia32_rdtsc();
#endif
  return monotonic_clock();
}

// start_timer gives the time now; stop_timer adds what has passed since to a part and gives the time now, so
// that parts that follow each other need one reading of the clock between them:
//   Ticks time = start_timer(); read(); time = stop_timer(Part::Reading, time); write(); stop_timer(...,
//   time);
[[nodiscard]] inline Ticks start_timer() noexcept { return pending_statistics.timing ? read_clock() : 0; }
inline Ticks stop_timer(Part part, Ticks started) noexcept {
  if (started == 0) return 0;
  const Ticks now = read_clock();
  if (now > started) {
    pending_statistics.any = true;
    pending_statistics.values[kCounters + static_cast<int>(part)] += now - started;
  }
  return now;
}

// register_statistics defines search_assign.track_timing and registers the callbacks; called from _PG_init,
// before define_settings(), which closes the prefix of the settings.
void register_statistics();

// save_statistics adds to the file what ended transactions of this session could not add. False: the file
// cannot be used; then session_statistics() are all that is known, in the order of the enumerations, times in
// nanoseconds. An open transaction's counts are in neither.
bool save_statistics() noexcept;
const uint64* session_statistics() noexcept;
void reset_session_statistics() noexcept;

}  // namespace search_assign::pg
