// Memberships as rows. Backend zone. SQL face: sql/install/60_assignment.sql.
#include "search_assign/core/assignment.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/position.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

// Copies the decoded memberships into palloc'd memory, so that no C++ object lives while rows are made.
core::Membership* read_memberships(core::Bytes encoded, int* count) {
  const size_t room = encoded.size() / 4 + 1;  // a membership takes no fewer bytes
  auto* memberships = static_cast<core::Membership*>(palloc(sizeof(core::Membership) * room));
  size_t found = 0;
  compute([&] {
    core::Assignment assignment;
    core::decode_assignment(encoded, assignment);
    found = assignment.size();
    std::copy(assignment.begin(), assignment.end(), memberships);
  });
  *count = static_cast<int>(found);
  return memberships;
}

struct Difference {
  bool begins;
  bool ends;
  int32 previous_id;
  core::Membership membership;  // as it is after, or as it was where it ends
};

Difference* read_differences(core::Bytes before, core::Bytes after, int* count) {
  const size_t room = before.size() / 4 + after.size() / 4 + 1;
  auto* found = static_cast<Difference*>(palloc(sizeof(Difference) * room));
  size_t size = 0;
  compute([&] {
    core::Assignment held_before;
    core::Assignment held_after;
    core::decode_assignment(before, held_before);
    core::decode_assignment(after, held_after);
    std::vector<core::MembershipChange> changes;
    core::differences({held_before.data(), held_before.size()}, {held_after.data(), held_after.size()},
                      changes);
    for (const core::MembershipChange& change : changes)
      found[size++] = {change.before == nullptr, change.after == nullptr,
                       change.before != nullptr ? change.before->target_id : 0,
                       change.after != nullptr ? *change.after : *change.before};
  });
  *count = static_cast<int>(size);
  return found;
}

}  // namespace
}  // namespace search_assign::pg

namespace search_assign::pg {
namespace {

// Row descriptors, made once a backend: looking them up for every assignment would cost more than reading it.
TupleDesc descriptor_of(std::initializer_list<std::pair<const char*, Oid>> columns) {
  MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
  TupleDesc descriptor = CreateTemplateTupleDesc(static_cast<int>(columns.size()));
  AttrNumber number = 0;
  for (const auto& [name, type] : columns) TupleDescInitEntry(descriptor, ++number, name, type, -1, 0);
  BlessTupleDesc(descriptor);
  MemoryContextSwitchTo(caller);
  return descriptor;
}

// Rows are handed out one by one: a tuplestore for each assignment would cost more than all else.
struct RowSet {
  int count;
  const void* rows;
};

Datum next_row(FunctionCallInfo fcinfo, TupleDesc descriptor,
               void (*fill)(const void* rows, uint64 index, Datum* values, bool* nulls)) {
  FuncCallContext* call = SRF_PERCALL_SETUP();
  const auto* set = static_cast<const RowSet*>(call->user_fctx);
  if (call->call_cntr >= static_cast<uint64>(set->count)) SRF_RETURN_DONE(call);
  Datum values[8];
  bool nulls[8];
  fill(set->rows, call->call_cntr, values, nulls);
  SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)));
}

RowSet* start_rows(FunctionCallInfo fcinfo, MemoryContext* caller) {
  FuncCallContext* call = SRF_FIRSTCALL_INIT();
  *caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
  auto* set = static_cast<RowSet*>(palloc0(sizeof(RowSet)));
  call->user_fctx = set;
  return set;
}

// Texts of the sources, made once a backend, too.
Datum source_text(core::Source source) {
  static Datum texts[static_cast<int>(core::Source::Default) + 1];
  Datum& text = texts[static_cast<int>(source)];
  if (text == static_cast<Datum>(0)) {
    MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
    text = CStringGetTextDatum(core::source_name(source));
    MemoryContextSwitchTo(caller);
  }
  return text;
}

void fill_membership(const void* rows, uint64 index, Datum* values, bool* nulls) {
  const core::Membership& membership = static_cast<const core::Membership*>(rows)[index];
  values[0] = Int32GetDatum(static_cast<int32>(membership.target));
  values[1] = Int32GetDatum(membership.target_id);
  values[2] = Int64GetDatum(membership.rule_id);
  values[3] = source_text(membership.source);
  values[4] = DateADTGetDatum(membership.since);
  for (int i = 0; i < 5; ++i) nulls[i] = false;
  nulls[2] = membership.rule_id == 0;
}

void fill_difference(const void* rows, uint64 index, Datum* values, bool* nulls) {
  const Difference& difference = static_cast<const Difference*>(rows)[index];
  const core::Membership& membership = difference.membership;
  values[0] = Int32GetDatum(static_cast<int32>(membership.target));
  values[1] = Int32GetDatum(membership.target_id);
  values[2] = Int32GetDatum(difference.previous_id);
  values[3] = BoolGetDatum(difference.ends);
  values[4] = Int64GetDatum(membership.rule_id);
  values[5] = source_text(membership.source);
  values[6] = DateADTGetDatum(membership.since);
  nulls[0] = nulls[1] = nulls[3] = false;
  nulls[2] = difference.begins;
  nulls[4] = difference.ends || membership.rule_id == 0;
  nulls[5] = nulls[6] = difference.ends;
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_memberships) {
  using namespace search_assign::pg;
  static TupleDesc descriptor = nullptr;
  if (SRF_IS_FIRSTCALL()) {
    if (descriptor == nullptr)
      descriptor = descriptor_of({{"target", INT4OID},
                                  {"target_id", INT4OID},
                                  {"rule_id", INT8OID},
                                  {"source", TEXTOID},
                                  {"since", DATEOID}});
    MemoryContext caller = nullptr;
    RowSet* set = start_rows(fcinfo, &caller);
    set->rows = read_memberships(bytes_of(PG_GETARG_DATUM(0)), &set->count);
    MemoryContextSwitchTo(caller);
  }
  return next_row(fcinfo, descriptor, fill_membership);
}

SA_FUNCTION(sa_membership_differences) {
  using namespace search_assign::pg;
  static TupleDesc descriptor = nullptr;
  if (SRF_IS_FIRSTCALL()) {
    if (descriptor == nullptr)
      descriptor = descriptor_of({{"target", INT4OID},
                                  {"target_id", INT4OID},
                                  {"previous_id", INT4OID},
                                  {"ended", BOOLOID},
                                  {"rule_id", INT8OID},
                                  {"source", TEXTOID},
                                  {"since", DATEOID}});
    MemoryContext caller = nullptr;
    RowSet* set = start_rows(fcinfo, &caller);
    set->rows = read_differences(bytes_of(PG_GETARG_DATUM(0)), bytes_of(PG_GETARG_DATUM(1)), &set->count);
    MemoryContextSwitchTo(caller);
  }
  return next_row(fcinfo, descriptor, fill_difference);
}
