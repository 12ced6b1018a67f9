// The mapped file of the statistics. Backend zone, but free of errors: it works at the end of transactions.
#include "search_assign/pg/statistics_file.hpp"

extern "C" {
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/backendid.h"
#include "storage/fd.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kPrefix = "search_assign.";
// Another number for another layout: a file that does not begin with it is made anew.
constexpr uint64 kLayout = UINT64CONST(0x5341737461740001);
constexpr uint32 kLookEvery = 256;                          // uses: is the file still where it was?
constexpr TimestampTz kTryAgainAfter = 10 * USECS_PER_SEC;  // where it cannot be used
constexpr int kLockTries = 20;
constexpr long kLockPause = 100;  // microseconds

struct Slot {
  pg_atomic_uint64 values[kSlotValues];
};

struct Pages {
  uint64 layout;
  pg_atomic_uint64 since;
  char unused[sizeof(Slot) - 2 * sizeof(uint64)];
  Slot base;  // subtracted from the sums
  Slot slots[1];
};
static_assert(sizeof(pg_atomic_uint64) == sizeof(uint64) && offsetof(Pages, slots) == 2 * sizeof(Slot));

// What this backend has mapped.
Pages* pages = nullptr;
size_t mapped_bytes = 0;
struct stat mapped_file;
uint32 uses = 0;

char problem[MAXPGPATH + 128] = "";
TimestampTz failed_at = 0;

// ---- faults
// ----------------------------------------------------------------------------------------------------- A
// page of a mapped file can be gone: somebody has truncated the file, the disk fails, or a file system that
// copies what it overwrites is full. The kernel then sends SIGBUS, which would end all sessions. So the code
// that touches the pages is left instead, and the file given up.

sigjmp_buf fault_exit;
volatile sig_atomic_t touching = 0;
struct sigaction former_action;
bool handler_installed = false;

bool in_pages(const void* address) {
  const auto* byte = static_cast<const char*>(address);
  const char* first = reinterpret_cast<const char*>(pages);
  return touching != 0 && byte >= first && byte < first + mapped_bytes;
}

void page_fault(int signal_number, siginfo_t* info, void*) {
  if (in_pages(info->si_addr)) siglongjmp(fault_exit, 1);
  // Not ours: what was to happen before happens now.
  sigaction(SIGBUS, &former_action, nullptr);
  handler_installed = false;
  raise(signal_number);
}

void install_handler() {
  if (handler_installed) return;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = page_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  sigemptyset(&action.sa_mask);
  handler_installed = sigaction(SIGBUS, &action, &former_action) == 0;
}

// touch_pages runs work(argument), which may do nothing but memory accesses; false: a page was gone.
[[gnu::noinline]] bool touch_pages(void (*work)(void*), void* argument) {
  if (sigsetjmp(fault_exit, 0) != 0) {
    touching = 0;
    return false;
  }
  touching = 1;
  work(argument);
  touching = 0;
  return true;
}

// ---- file
// -------------------------------------------------------------------------------------------------------

void path_of(Oid database, char* path) {
  snprintf(path, MAXPGPATH, PG_STAT_TMP_DIR "/%s%u", kPrefix, database);
}

// note_problem describes errno.
bool note_problem(const char* what, const char* path) {
  snprintf(problem, sizeof problem, "could not %s file \"%s\": %m", what, path);
  failed_at = GetCurrentTimestamp();
  return false;
}

size_t needed_bytes() { return offsetof(Pages, slots) + sizeof(Slot) * static_cast<size_t>(MaxBackends); }

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

bool is_at(const char* path, const struct stat& file) {
  struct stat found;
  return stat(path, &found) == 0 && same_file(found, file);
}

bool has_layout(int fd) {
  uint64 layout = 0;
  return pread(fd, &layout, sizeof layout, 0) == sizeof layout && layout == kLayout;
}

// Writes zeros rather than reserving room: what is mapped has to be there.
bool grow(int fd, off_t size) {
  static const char zeros[BLCKSZ] = {};
  const auto needed = static_cast<off_t>(needed_bytes());
  for (off_t at = size; at < needed;) {
    const auto piece = static_cast<size_t>(std::min<off_t>(needed - at, sizeof zeros));
    errno = 0;
    const ssize_t written = pwrite(fd, zeros, piece, at);
    if (written <= 0) {
      const int error = errno != 0 ? errno : ENOSPC;
      [[maybe_unused]] const int cut = ftruncate(fd, size);
      errno = error;  // the one that counts
      return false;
    }
    at += written;
  }
  return true;
}

bool write_header(int fd) {
  // The layout comes last: it says that everything else is there.
  const TimestampTz since = GetCurrentTimestamp();
  return pwrite(fd, &since, sizeof since, offsetof(Pages, since)) == sizeof since &&
         pwrite(fd, &kLayout, sizeof kLayout, offsetof(Pages, layout)) == sizeof kLayout;
}

// Does not wait for a process that was stopped while it held the lock.
bool lock_file(int fd) {
  for (int i = 0; i < kLockTries; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    pg_usleep(kLockPause);
  }
  return false;
}

enum class Usable { Yes, No, TryAgain };

// Makes an empty file a usable one, enlarges a small one, removes one of another layout.
Usable prepare(int fd, const char* path, struct stat* file) {
  if (static_cast<size_t>(file->st_size) >= needed_bytes() && has_layout(fd)) return Usable::Yes;
  if (!lock_file(fd) || fstat(fd, file) != 0) return Usable::No;
  if (!is_at(path, *file)) return Usable::TryAgain;  // another session has just replaced it
  if (file->st_size > 0 && !has_layout(fd)) return unlink(path) == 0 ? Usable::TryAgain : Usable::No;
  const bool fresh = file->st_size == 0;
  if (!grow(fd, file->st_size) || (fresh && !write_header(fd)) || fstat(fd, file) != 0) return Usable::No;
  return Usable::Yes;
}

bool map_file(int fd, const struct stat& file) {
  const auto bytes = static_cast<size_t>(file.st_size);
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return false;
  pages = static_cast<Pages*>(address);
  mapped_bytes = bytes;
  mapped_file = file;
  uses = 0;
  install_handler();
  problem[0] = '\0';
  failed_at = 0;
  return true;
}

// Only regular files: opening anything else could wait.
bool may_be_opened(const char* path) {
  struct stat file;
  if (lstat(path, &file) != 0 || S_ISREG(file.st_mode)) return true;
  errno = S_ISDIR(file.st_mode) ? EISDIR : EINVAL;
  return false;
}

bool open_file(const char* path) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    if (!may_be_opened(path)) return note_problem("open", path);
    const int fd = BasicOpenFilePerm(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | PG_BINARY,
                                     static_cast<mode_t>(pg_file_create_mode));
    if (fd < 0) return note_problem("open", path);
    struct stat file;
    const Usable usable = fstat(fd, &file) == 0 ? prepare(fd, path, &file) : Usable::No;
    const bool done = usable == Usable::Yes && map_file(fd, file);
    if (!done && usable != Usable::TryAgain) note_problem(usable == Usable::Yes ? "map" : "prepare", path);
    close(fd);
    if (usable != Usable::TryAgain) return done;
  }
  errno = EAGAIN;
  return note_problem("prepare", path);
}

void detach() {
  if (pages != nullptr) munmap(pages, mapped_bytes);
  pages = nullptr;
  mapped_bytes = 0;
}

// attach maps the file where it is not mapped; `look` = find out whether it is still the one at its place.
bool attach(bool look) {
  char path[MAXPGPATH];
  if (pages != nullptr && !look) return true;
  if (!OidIsValid(MyDatabaseId) || MyBackendId < 1 || MyBackendId > MaxBackends) return false;
  path_of(MyDatabaseId, path);
  if (pages != nullptr && is_at(path, mapped_file)) return true;
  detach();
  if (!look && failed_at != 0 && GetCurrentTimestamp() - failed_at < kTryAgainAfter) return false;
  return open_file(path);
}

// Works on the pages; once more where they were gone, since the file may have been made usable again.
bool use_file(bool look, void (*work)(void*), void* argument) {
  const int error = errno;
  bool done = false;
  for (int i = 0; i < 2 && !done && attach(look); ++i) {
    done = touch_pages(work, argument);
    if (!done) detach();
  }
  errno = error;
  return done;
}

// ---- what is done on the pages
// ----------------------------------------------------------------------------------

struct Addition {
  uint64* values;
  int count;
};

// Nobody else writes to this slot, so that reading and writing suffice.
void add_values(void* argument) {
  const auto* addition = static_cast<Addition*>(argument);
  Slot* slot = &pages->slots[MyBackendId - 1];
  for (int i = 0; i < addition->count; ++i) {
    uint64& value = addition->values[i];
    if (value == 0) continue;
    pg_atomic_write_u64(&slot->values[i], pg_atomic_read_u64(&slot->values[i]) + value);
    value = 0;
  }
}

void sum_slots(uint64* sums) {
  const size_t slots = (mapped_bytes - offsetof(Pages, slots)) / sizeof(Slot);
  memset(sums, 0, sizeof(uint64) * kSlotValues);
  for (size_t slot = 0; slot < slots; ++slot)
    for (int i = 0; i < kSlotValues; ++i) sums[i] += pg_atomic_read_u64(&pages->slots[slot].values[i]);
}

void read_values(void* argument) {
  auto* totals = static_cast<StatisticsTotals*>(argument);
  totals->since = static_cast<TimestampTz>(pg_atomic_read_u64(&pages->since));
  uint64 base[kSlotValues];
  for (int i = 0; i < kSlotValues; ++i) base[i] = pg_atomic_read_u64(&pages->base.values[i]);
  sum_slots(totals->values);
  // A file that was damaged may hold a base line above its sums.
  for (int i = 0; i < kSlotValues; ++i) totals->values[i] -= std::min(totals->values[i], base[i]);
}

void reset_values(void*) {
  uint64 sums[kSlotValues];
  sum_slots(sums);
  for (int i = 0; i < kSlotValues; ++i) pg_atomic_write_u64(&pages->base.values[i], sums[i]);
  pg_atomic_write_u64(&pages->since, static_cast<uint64>(GetCurrentTimestamp()));
}

}  // namespace

bool add_to_statistics_file(uint64* values, int count, bool look) noexcept {
  Addition addition = {values, count};
  return use_file(look || ++uses % kLookEvery == 0, add_values, &addition);
}

bool read_statistics_file(StatisticsTotals* totals) noexcept { return use_file(true, read_values, totals); }

bool reset_statistics_file() noexcept { return use_file(true, reset_values, nullptr); }

const char* statistics_file_problem() noexcept { return problem; }

void remove_statistics_of_dropped_databases() {
  DIR* folder = AllocateDir(PG_STAT_TMP_DIR);
  if (folder == nullptr) return;
  for (dirent* entry = ReadDirExtended(folder, PG_STAT_TMP_DIR, LOG); entry != nullptr;
       entry = ReadDirExtended(folder, PG_STAT_TMP_DIR, LOG)) {
    char path[MAXPGPATH];
    const size_t prefix = strlen(kPrefix);
    if (strncmp(entry->d_name, kPrefix, prefix) != 0) continue;
    const auto database = static_cast<Oid>(strtoul(entry->d_name + prefix, nullptr, 10));
    path_of(database, path);
    if (strcmp(path + strlen(PG_STAT_TMP_DIR "/"), entry->d_name) != 0) continue;  // not a name of ours
    if (!SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database))) unlink(path);
  }
  FreeDir(folder);
}

}  // namespace search_assign::pg
