// The transaction's change set and its (sub)transaction callbacks. Backend zone; the vector itself
// is touched only inside compute().
#include "search_assign/pg/change_set.hpp"

#include "search_assign/pg/assignment_apply.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_queue.hpp"
#include "search_assign/pg/delta_run.hpp"
#include "search_assign/pg/ledger_history.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/statement_timeout.hpp"
#include "search_assign/pg/statistics.hpp"
#include "search_assign/pg/subtransaction.hpp"
#include "search_assign/pg/waiting.hpp"
#include "search_assign/pg/worker.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

// Where a subtransaction's part of the deltas begins.
struct Level {
  SubTransactionId subtransaction;
  size_t first;
  size_t first_run;
  bool has_opposites;  // of what outer levels hold and has been applied
};

struct ChangeSet {
  std::vector<core::Delta> deltas;
  std::vector<DeltaRun> runs;         // what did not fit into change_set_mem
  std::vector<core::Delta> applying;  // taken out of deltas while it is applied
  std::vector<DeltaRun> applying_runs;
  std::vector<core::Delta> piece;  // of the merged runs
  std::vector<Level> levels;       // ascending; the outermost level that has a part first
};

constinit ChangeSet* current = nullptr;
int applying_level = 0;  // transaction nest level of the application under way, 0 = none

// The files themselves are closed by what owns them, the transaction.
void forget() noexcept {
  delete current;
  current = nullptr;
}

void close_runs(std::vector<DeltaRun>& runs, size_t first) {
  for (size_t i = first; i < runs.size(); ++i) close_delta_run(&runs[i]);
  runs.resize(std::min(first, runs.size()));
}

// How many deltas may lie in memory; sorting them may take as much again.
size_t most_deltas() { return std::max<size_t>(change_set_bytes() / 2 / sizeof(core::Delta), 100); }

// Takes the part out before applying it, so that a trigger somebody has put on one of our tables may
// write to the ledger meanwhile: what it adds is applied next.
void take_out(size_t first, size_t first_run) {
  compute([&] {
    current->applying.clear();
    if (first == 0)
      current->applying.swap(current->deltas);
    else
      current->applying.assign(current->deltas.begin() + static_cast<std::ptrdiff_t>(first),
                               current->deltas.end());
    current->deltas.resize(first);
    current->applying_runs.assign(current->runs.begin() + static_cast<std::ptrdiff_t>(first_run),
                                  current->runs.end());
    current->runs.resize(first_run);
  });
}

struct Application {
  core::Delta* deltas;
  size_t count;
  bool at_commit;
};

// The application reads and writes like a statement of its own, and must see what the calling one has
// written.
void apply_in_subtransaction(void* argument) {
  auto* application = static_cast<Application*>(argument);
  CommandCounterIncrement();
  AcceptInvalidationMessages();
  PushActiveSnapshot(GetLatestSnapshot());
  apply_deltas_to_customers(application->deltas, application->count, application->at_commit);
  PopActiveSnapshot();
}

// Whatever fails is undone and queued: the ledger's transaction goes on. No lock is waited for longer than
// for a position.
void apply_or_queue(Application* application) {
  MemoryContext memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign application", ALLOCSET_SMALL_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(memory);
  if (application->at_commit) resume_statement_timeout();
  ErrorData* error = run_waiting(apply_in_subtransaction, application);
  if (application->at_commit) suspend_statement_timeout();
  if (error != nullptr) {
    if (ends_session(error) || cancels(error)) ReThrowError(error);
    if (application->at_commit && error->sqlerrcode == ERRCODE_QUERY_CANCELED) repeat_statement_timeout();
    count(Counter::ApplicationFailures);
    queue_deltas(application->deltas, application->count, {error->sqlerrcode, error->message});
  }
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(memory);
}

// The functions on collection actions have to see what they do, whatever search_assign.apply says.
bool apply_at_once = false;

void apply_piece(core::Delta* deltas, size_t count, bool at_commit) {
  Application application = {deltas, count, at_commit};
  compute([&] { core::group_by_customer({deltas, count}); });
  if (apply_mode() == kApplyFromQueue && !apply_at_once) {
    size_t others = 0;
    compute([&] { others = core::split_deleted_customers({deltas, count}); });
    queue_deltas(deltas, others, {0, "search_assign.apply = queue"});
    application = {deltas + others, count - others, at_commit};
  }
  if (application.count > 0) apply_or_queue(&application);
}

// Merges the runs by customer, whole customers a piece, as many as fit into memory.
void apply_runs(bool at_commit) {
  std::vector<DeltaRun>& runs = current->applying_runs;
  std::vector<core::Delta>& rest = current->applying;
  std::vector<core::Delta>& piece = current->piece;
  compute([&] {
    core::group_by_customer(rest);
    runs.push_back(memory_delta_run(rest.data(), rest.size()));
    piece.clear();
  });
  for (size_t i = 0; i < runs.size(); ++i) rewind_delta_run(&runs[i]);
  for (;;) {
    const DeltaRun* least = nullptr;
    for (const DeltaRun& run : runs)
      if (run.next <= run.count && (least == nullptr || run.head.customer_id < least->head.customer_id))
        least = &run;
    if (least == nullptr) break;
    const int64 customer_id = least->head.customer_id;
    for (size_t i = 0; i < runs.size(); ++i)
      while (runs[i].next <= runs[i].count && runs[i].head.customer_id == customer_id) {
        compute([&] { piece.push_back(runs[i].head); });
        advance_delta_run(&runs[i]);
      }
    if (piece.size() < most_deltas()) continue;
    apply_piece(piece.data(), piece.size(), at_commit);
    piece.clear();
    CHECK_FOR_INTERRUPTS();
  }
  if (!piece.empty()) apply_piece(piece.data(), piece.size(), at_commit);
  close_runs(runs, 0);
}

void apply_once(size_t first, size_t first_run, bool at_commit) {
  take_out(first, first_run);
  if (!OidIsValid(get_namespace_oid(kSchema, true))) {  // this very transaction drops the extension
    close_runs(current->applying_runs, 0);
    return;
  }
  if (current->applying_runs.empty())
    apply_piece(current->applying.data(), current->applying.size(), at_commit);
  else
    apply_runs(at_commit);
}

void apply_from(size_t first, size_t first_run, bool at_commit = false) {
  if (applying_level != 0) return;  // an application is under way and takes this part next
  applying_level = GetCurrentTransactionNestLevel();
  // SET TRANSACTION READ ONLY after a write must not stop what follows from the write. An abort resets it.
  const bool read_only = XactReadOnly;
  XactReadOnly = false;
  while (current->deltas.size() > first || current->runs.size() > first_run)
    apply_once(first, first_run, at_commit);
  XactReadOnly = read_only;
  applying_level = 0;
}

void transaction_event(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
      if (current != nullptr) {
        suspend_statement_timeout();
        apply_from(0, 0, true);
      }
      forget();
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
      if (take_queued_something() && event == XACT_EVENT_COMMIT) wake_worker();
      forget();
      forget_waits();
      if (event == XACT_EVENT_ABORT)
        forget_statement_timeout();  // the statement has ended with an error
      else
        resume_statement_timeout();
      abort_maintenance(0);
      abort_allocations_follow(0);
      applying_level = 0;
      abort_evaluation_date(0);
      break;
    default:
      break;
  }
}

void subtransaction_event(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent,
                          void*) {
  if (event == SUBXACT_EVENT_ABORT_SUB) {
    const int level = GetCurrentTransactionNestLevel();
    abort_evaluation_date(level);
    abort_maintenance(level);
    abort_allocations_follow(level);
    if (level <= applying_level) {
      applying_level = 0;
      if (current != nullptr) close_runs(current->applying_runs, 0);
    }
  }
  if (current == nullptr || current->levels.empty()) return;
  Level& top = current->levels.back();
  if (top.subtransaction != subtransaction) return;
  if (event == SUBXACT_EVENT_ABORT_SUB) {
    current->deltas.resize(std::min(top.first, current->deltas.size()));
    close_runs(current->runs, top.first_run);
    current->levels.pop_back();
  } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
    // The parent takes the part over; where it has one of its own, that begins earlier.
    const size_t count = current->levels.size();
    if (count > 1 && current->levels[count - 2].subtransaction == parent) {
      current->levels[count - 2].has_opposites |= top.has_opposites;
      current->levels.pop_back();
    } else {
      top.subtransaction = parent;
    }
  }
}

}  // namespace

void change_set_enter_level() {
  const SubTransactionId subtransaction = GetCurrentSubTransactionId();
  compute([&] {
    if (current == nullptr) current = new ChangeSet;
    if (current->levels.empty() || current->levels.back().subtransaction != subtransaction)
      current->levels.push_back({subtransaction, current->deltas.size(), current->runs.size(), false});
  });
}

std::vector<core::Delta>& change_set_deltas() { return current->deltas; }

void change_set_touch(int64 customer_id, uint8_t what) {
  change_set_enter_level();
  compute([&] { current->deltas.push_back({customer_id, 0, 0, 0, core::Facet::Touch, 1, what}); });
}

void change_set_apply_at_once() {
  apply_at_once = true;
  PG_TRY();
  { change_set_apply_all(); }
  PG_FINALLY();
  { apply_at_once = false; }
  PG_END_TRY();
}

void change_set_apply() {
  if (current == nullptr || current->levels.empty()) return;
  const Level& top = current->levels.back();
  if (top.subtransaction != GetCurrentSubTransactionId()) return;
  if (top.has_opposites)
    change_set_apply_all();
  else
    apply_from(top.first, top.first_run);
}

namespace {

// Adds copies of the outer levels' deltas to this level's, or their opposites.
void add_outer_parts(bool opposite) {
  const Level top = current->levels.back();
  const auto add = [opposite](core::Delta delta) {
    if (opposite) delta.sign = static_cast<int8>(-delta.sign);
    compute([&] { current->deltas.push_back(delta); });
    change_set_bound();
  };
  for (size_t i = 0; i < top.first; ++i) add(current->deltas[i]);
  for (size_t i = 0; i < top.first_run; ++i)
    for (rewind_delta_run(&current->runs[i]); current->runs[i].next <= current->runs[i].count;
         advance_delta_run(&current->runs[i])) {
      CHECK_FOR_INTERRUPTS();
      add(current->runs[i].head);
    }
}

}  // namespace

// The outer levels' parts have to wait again where this level is rolled back. So they stay, copies of them
// are applied with this level's part, and this level gets their opposites: together they are nothing at the
// commit.
void change_set_apply_all() {
  if (current == nullptr || (current->deltas.empty() && current->runs.empty())) return;
  change_set_enter_level();
  add_outer_parts(false);
  const Level top = current->levels.back();
  apply_from(top.first, top.first_run);
  if (top.first == 0 && top.first_run == 0) return;
  add_outer_parts(true);
  current->levels.back().has_opposites = true;
}

PendingChanges copy_pending_changes() {
  PendingChanges pending = {nullptr, 0};
  if (current == nullptr || (current->deltas.empty() && current->runs.empty())) return pending;
  size_t count = current->deltas.size();
  for (const DeltaRun& run : current->runs) count += run.count;
  pending.deltas =
      static_cast<core::Delta*>(MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(core::Delta)));
  std::copy(current->deltas.begin(), current->deltas.end(), pending.deltas);
  pending.count = current->deltas.size();
  for (size_t i = 0; i < current->runs.size(); ++i) {
    DeltaRun* run = &current->runs[i];
    for (rewind_delta_run(run); run->next <= run->count; advance_delta_run(run)) {
      CHECK_FOR_INTERRUPTS();
      pending.deltas[pending.count++] = run->head;
    }
  }
  compute([&] { core::group_by_customer({pending.deltas, pending.count}); });
  return pending;
}

void change_set_bound() {
  const Level& top = current->levels.back();
  const size_t count = current->deltas.size() - top.first;
  if (count < most_deltas() || applying_level != 0) return;
  core::Delta* deltas = current->deltas.data() + top.first;
  compute([&] { core::group_by_customer({deltas, count}); });
  const DeltaRun run = write_delta_run(deltas, count);
  compute([&] {
    current->runs.push_back(run);
    current->deltas.resize(top.first);
  });
}

void change_set_statement_end() {
  if (apply_mode() == kApplyAtStatement) change_set_apply();
}

void register_change_set_callbacks() {
  RegisterXactCallback(transaction_event, nullptr);
  RegisterSubXactCallback(subtransaction_event, nullptr);
}

}  // namespace search_assign::pg
