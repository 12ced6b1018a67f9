// Counting and timing in the backend. Backend zone; everything but register_statistics() is free of errors.
// SQL face: sql/install/84_statistics.sql; tests: tests/regress/sql/statistics.sql,
// tests/libpq/statistics_test.cpp.
#include "search_assign/pg/statistics.hpp"

#include "search_assign/pg/statistics_file.hpp"

extern "C" {
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "access/xact.h"
#include "utils/guc.h"
}

namespace search_assign::pg {

PendingStatistics pending_statistics;

namespace {

static_assert(kStatistics <= kSlotValues);

uint64 kept[kStatistics];  // of ended transactions, while the file cannot be used; parts in nanoseconds

// ---- clock
// ---------------------------------------------------------------------------------------------------- The
// processor's counter is read in half the time of the system's clock. It is trusted where the kernel trusts
// it.

constexpr Ticks kCalibratedAfter = 20 * 1000 * 1000;  // ns: the rate is then known to a few millionths

Ticks first_cycle = 0;
Ticks first_nanosecond = 0;
double nanoseconds_a_tick = 0;
bool calibrated = false;

bool kernel_trusts_cycle_counter() {
#if defined(__x86_64__)
  char name[8] = "";
  const int fd =
      open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t bytes = read(fd, name, sizeof name - 1);
  close(fd);
  return bytes == 4 && strcmp(name, "tsc\n") == 0;
#else
  return false;
#endif
}

void start_calibration() {
  if (!pending_statistics.cycle_counter) return;
  first_cycle = read_clock();
  first_nanosecond = monotonic_clock();
}

void calibrate() {
  if (calibrated) return;
  if (!pending_statistics.cycle_counter) {
    nanoseconds_a_tick = 1;
    calibrated = true;
    return;
  }
  const Ticks cycle = read_clock();
  const Ticks nanosecond = monotonic_clock();
  if (cycle <= first_cycle || nanosecond <= first_nanosecond) return start_calibration();
  nanoseconds_a_tick =
      static_cast<double>(nanosecond - first_nanosecond) / static_cast<double>(cycle - first_cycle);
  calibrated = nanosecond - first_nanosecond > kCalibratedAfter;
}

// ---- effects of subtransactions
// -----------------------------------------------------------------------------------

constexpr int kFirst = static_cast<int>(kFirstEffect);
constexpr int kEffects = kCounters - kFirst;

// What the effects were before the first one of a subtransaction. Where more levels than these have effects,
// the deeper ones count as parts of the deepest here.
struct EffectLevel {
  int level;
  uint64 before[kEffects];
};
constexpr int kMaxLevels = 32;
EffectLevel levels[kMaxLevels];
int level_count = 0;

void subtransaction_event(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  if (level_count == 0) return;
  const int level = GetCurrentTransactionNestLevel();
  EffectLevel& top = levels[level_count - 1];
  if (top.level < level) return;
  if (event == SUBXACT_EVENT_ABORT_SUB) {
    memcpy(pending_statistics.values + kFirst, top.before, sizeof top.before);
    --level_count;
  } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
    // The parent takes the effects over; where it has some of its own, its state before them is known.
    const int outer = level_count > 1 ? levels[level_count - 2].level : 1;
    if (outer >= level - 1)
      --level_count;
    else
      top.level = level - 1;
  }
}

// ---- end of a transaction
// ------------------------------------------------------------------------------------------

void flush(bool undone) {
  level_count = 0;
  if (!pending_statistics.any) return;
  pending_statistics.any = false;
  uint64* values = pending_statistics.values;
  calibrate();
  for (int i = 0; i < kCounters; ++i)
    if (!undone || i < kFirst) kept[i] += values[i];
  for (int i = kCounters; i < kStatistics; ++i)
    if (values[i] != 0) kept[i] += static_cast<uint64>(static_cast<double>(values[i]) * nanoseconds_a_tick);
  memset(values, 0, sizeof pending_statistics.values);
  add_to_statistics_file(kept, kStatistics, false);
}

void transaction_event(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PREPARE:  // counts as committed
      flush(false);
      break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PARALLEL_ABORT:
      flush(true);
      break;
    default:
      break;
  }
}

}  // namespace

Ticks monotonic_clock() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Ticks>(now.tv_sec) * 1000000000 + static_cast<Ticks>(now.tv_nsec);
}

void note_effect_level() noexcept {
  const int level = GetCurrentTransactionNestLevel();
  const int noted = level_count > 0 ? levels[level_count - 1].level : 1;
  if (level <= noted || level_count == kMaxLevels) return;
  EffectLevel& top = levels[level_count++];
  top.level = level;
  memcpy(top.before, pending_statistics.values + kFirst, sizeof top.before);
}

bool save_statistics() noexcept { return add_to_statistics_file(kept, kStatistics, true); }

const uint64* session_statistics() noexcept { return kept; }

void reset_session_statistics() noexcept { memset(kept, 0, sizeof kept); }

void register_statistics() {
  DefineCustomBoolVariable(
      "search_assign.track_timing", "Measures the time spent in each part of the extension.",
      "The view search_assign_stats shows it. Costs some readings of a clock per transaction.",
      &pending_statistics.timing, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  pending_statistics.cycle_counter = kernel_trusts_cycle_counter();
  start_calibration();
  RegisterXactCallback(transaction_event, nullptr);
  RegisterSubXactCallback(subtransaction_event, nullptr);
}

}  // namespace search_assign::pg
