// Boundary between PostgreSQL errors (longjmp) and C++ exceptions.
//
// entry() runs the body of an SQL-callable function and raises what C++ reported,
// after every C++ object is gone. The bodies follow the sandwich: PostgreSQL calls
// only while no object with a destructor lives, C++ work in a block of its own via
// compute(). Neither kind of jump ever crosses the other zone's frames.
#pragma once

#include "search_assign/core/error.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// What a C++ block reported. POD in fixed buffers: nothing is allocated while catching.
struct Pending {
  bool set;
  int sqlstate;
  char message[512];
  char detail[512];
  char hint[256];
};

int sqlstate_of(core::ErrorKind kind) noexcept;
void remember_core_error(Pending& pending, const core::Error& error) noexcept;
void remember_error(Pending& pending, int sqlstate, const char* message) noexcept;
[[noreturn]] void raise_pending(const Pending& pending);

template <class Work>
[[gnu::noinline]] void run_catching(Work& work, Pending& pending) noexcept {
  try {
    work();
  } catch (const core::Error& error) {
    remember_core_error(pending, error);
  } catch (const std::bad_alloc&) {
    remember_error(pending, ERRCODE_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    remember_error(pending, ERRCODE_INTERNAL_ERROR, error.what());
  } catch (...) {
    remember_error(pending, ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
  }
}

// compute runs pure C++ work (no PostgreSQL call inside) and raises its exceptions as
// PostgreSQL errors once the work's objects are destroyed. The lambda captures only
// references and PODs; results leave through them.
template <class Work>
void compute(Work&& work) {
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Work>>);
  Pending pending;
  pending.set = false;
  run_catching(work, pending);
  if (unlikely(pending.set)) raise_pending(pending);
}

}  // namespace search_assign::pg

// SA_FUNCTION(sa_name) { body } defines the SQL-callable C function sa_name. The body is
// backend-zone code: it may raise PostgreSQL errors, and puts C++ work into compute().
#define SA_FUNCTION(name)                          \
  extern "C" {                                     \
  extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
  PG_FUNCTION_INFO_V1(name);                       \
  }                                                \
  extern "C" Datum name([[maybe_unused]] FunctionCallInfo fcinfo)
