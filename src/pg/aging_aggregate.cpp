// Aggregates aging_amounts(amount, due_date, as_of, schedule) and aging_amounts(profile, as_of,
// schedule): an aging straight from item rows, and one of many profiles. Backend zone.
//
// Their state is the SQL type aging_state, one flat value that is changed in place: 128-bit sums,
// the bounds ready for searching, and the schedule's bytes, with which each row's schedule is
// compared. A row allocates nothing; a group's first row copies the empty state of its schedule,
// which the call site keeps.
#include "search_assign/pg/aging.hpp"
#include "search_assign/pg/maturity.hpp"
#include "search_assign/pg/maturity_args.hpp"
#include "search_assign/pg/numeric.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "nodes/nodes.h"
#include "utils/array.h"
}

namespace search_assign::pg {
namespace {

using core::PackedSum;

// Type aging_state, alignment double, storage plain: never packed, compressed or moved out of line.
struct AgingState {
  int32 vl_len_;
  int32 bound_count;
  int32 schedule_size;
  int32 reserved;
  // followed by: PackedSum sums[bound_count + 2], int32 bounds[bound_count], uint8 schedule[schedule_size]
};

int bucket_count(const AgingState& state) { return state.bound_count + 2; }

PackedSum* sums_of(AgingState& state) { return reinterpret_cast<PackedSum*>(&state + 1); }

int32* bounds_of(AgingState& state) { return reinterpret_cast<int32*>(sums_of(state) + bucket_count(state)); }

std::uint8_t* schedule_of(AgingState& state) {
  return reinterpret_cast<std::uint8_t*>(bounds_of(state) + state.bound_count);
}

core::Bytes schedule_of_state(AgingState& state) {
  return {schedule_of(state), static_cast<Size>(state.schedule_size)};
}

std::span<const int32> bounds_of_state(AgingState& state) {
  return {bounds_of(state), static_cast<Size>(state.bound_count)};
}

AgingState* make_state(core::Bytes encoded, core::ErrorKind damage) {
  core::AgingSchedule schedule;
  compute([&] { core::decode_schedule(encoded, schedule, damage); });
  const Size size = sizeof(AgingState) + sizeof(PackedSum) * static_cast<Size>(schedule.buckets()) +
                    sizeof(int32) * static_cast<Size>(schedule.count) + encoded.size();
  auto* const state = static_cast<AgingState*>(palloc0(size));
  SET_VARSIZE(state, size);
  state->bound_count = schedule.count;
  state->schedule_size = static_cast<int32>(encoded.size());
  memcpy(bounds_of(*state), schedule.bounds, sizeof(int32) * static_cast<Size>(schedule.count));
  memcpy(schedule_of(*state), encoded.data(), encoded.size());
  return state;
}

// is_schedule_of compares a few bytes, for which a call of memcmp would take longer.
inline bool is_schedule_of(AgingState& state, core::Bytes schedule) {
  Size left = schedule.size();
  if (static_cast<Size>(state.schedule_size) != left) return false;
  const std::uint8_t* a = schedule_of(state);
  const std::uint8_t* b = schedule.data();
  for (; left >= sizeof(uint32); left -= sizeof(uint32), a += sizeof(uint32), b += sizeof(uint32)) {
    uint32 four_of_a = 0;
    uint32 four_of_b = 0;
    memcpy(&four_of_a, a, sizeof four_of_a);
    memcpy(&four_of_b, b, sizeof four_of_b);
    if (four_of_a != four_of_b) return false;
  }
  for (; left > 0; --left) {
    if (*a++ != *b++) return false;
  }
  return true;
}

[[noreturn]] void raise_other_schedule() {
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"schedule\" must be the same for all rows"),
           errdetail("An aging has one set of buckets."), errhint("Group by the schedule.")));
  pg_unreachable();
}

inline void require_schedule(AgingState& state, core::Bytes schedule) {
  if (unlikely(!is_schedule_of(state, schedule))) raise_other_schedule();
}

// first_state makes the state of a group at its first row: a copy of the empty state that the call
// site keeps, since groups are many and schedules few.
[[gnu::noinline]] AgingState* first_state(FunctionCallInfo fcinfo, core::Bytes schedule) {
  auto* empty = static_cast<AgingState*>(fcinfo->flinfo->fn_extra);
  if (empty == nullptr || !is_schedule_of(*empty, schedule)) {
    const MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
    AgingState* const made = make_state(schedule, core::ErrorKind::DataCorrupted);
    MemoryContextSwitchTo(caller);
    if (empty != nullptr) pfree(empty);
    fcinfo->flinfo->fn_extra = empty = made;
  }
  auto* const state = static_cast<AgingState*>(palloc(VARSIZE(empty)));
  memcpy(state, empty, VARSIZE(empty));
  return state;
}

[[noreturn]] void raise_bucket_overflow() {
  ereport(ERROR,
          (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount out of range for an aging bucket")));
  pg_unreachable();
}

inline void add_to_bucket(AgingState& state, int bucket, core::Sum amount) {
  PackedSum& sum = sums_of(state)[bucket];
  core::Sum result = 0;
  if (unlikely(__builtin_add_overflow(static_cast<core::Sum>(sum), amount, &result))) raise_bucket_overflow();
  sum = result;
}

AgingState* state_argument(FunctionCallInfo fcinfo, int number) {
  return reinterpret_cast<AgingState*>(PG_DETOAST_DATUM(PG_GETARG_DATUM(number)));
}

// writable_state is argument 0, to be changed in place within an aggregate and copied elsewhere.
inline AgingState* writable_state(FunctionCallInfo fcinfo) {
  const bool plain_aggregate = fcinfo->context != nullptr && IsA(fcinfo->context, AggState);
  if (likely(plain_aggregate)) return reinterpret_cast<AgingState*>(PG_GETARG_POINTER(0));
  AgingState* const state = state_argument(fcinfo, 0);
  if (AggCheckCallContext(fcinfo, nullptr) != 0) return state;  // a window aggregate
  auto* const copy = static_cast<AgingState*>(palloc(VARSIZE(state)));
  memcpy(copy, state, VARSIZE(state));
  return copy;
}

// transition_state is the state to add a row to: argument 0, or a new one at the first row that has a
// schedule, which is the argument of that number; nullptr before. 22023 where the schedule changed.
inline AgingState* transition_state(FunctionCallInfo fcinfo, int schedule_number) {
  AgingState* const state = PG_ARGISNULL(0) ? nullptr : writable_state(fcinfo);
  if (unlikely(PG_ARGISNULL(schedule_number))) return state;
  const core::Bytes schedule = schedule_bytes(PG_GETARG_DATUM(schedule_number));
  if (unlikely(state == nullptr)) return first_state(fcinfo, schedule);
  require_schedule(*state, schedule);
  return state;
}

Datum numeric_array(AgingState& state) {
  Datum amounts[core::kMaxAgingBuckets];
  for (int bucket = 0; bucket < bucket_count(state); ++bucket) {
    amounts[bucket] = numeric_from_sum(sums_of(state)[bucket]);
  }
  return PointerGetDatum(construct_array(amounts, bucket_count(state), NUMERICOID, -1, false, TYPALIGN_INT));
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

// Transition (state, amount, due_date, as_of, schedule).
SA_FUNCTION(sa_aging_amounts_accum) {
  pg::AgingState* const state = pg::transition_state(fcinfo, 4);
  core::Amount amount = 0;
  if (pg::amount_argument(fcinfo, 1, amount)) {
    const DateADT due_date = pg::finite_date_argument(fcinfo, 2, "due_date");
    const DateADT as_of = pg::finite_date_argument(fcinfo, 3, "as_of");
    if (unlikely(PG_ARGISNULL(4))) pg::raise_null_argument("schedule", pg::kItemsWithoutAmount);
    pg::add_to_bucket(*state, core::bucket_of(pg::bounds_of_state(*state), int64{as_of} - due_date), amount);
  }
  if (unlikely(state == nullptr)) PG_RETURN_NULL();
  PG_RETURN_POINTER(state);
}

// Transition (state, profile, as_of, schedule).
SA_FUNCTION(sa_aging_amounts_accum_profile) {
  pg::AgingState* const state = pg::transition_state(fcinfo, 3);
  if (likely(!PG_ARGISNULL(1))) {
    const DateADT as_of = pg::finite_date_argument(fcinfo, 2, "as_of", pg::kRowsWithoutProfile);
    if (unlikely(PG_ARGISNULL(3))) pg::raise_null_argument("schedule", pg::kRowsWithoutProfile);
    const core::Bytes profile = pg::profile_bytes(pg::profile_arg(PG_GETARG_DATUM(1)));
    pg::compute([&] { core::add_aged(profile, pg::bounds_of_state(*state), as_of, pg::sums_of(*state)); });
  }
  if (unlikely(state == nullptr)) PG_RETURN_NULL();
  PG_RETURN_POINTER(state);
}

SA_FUNCTION(sa_aging_amounts_combine) {
  pg::AgingState* const state = pg::writable_state(fcinfo);
  pg::AgingState* const other = pg::state_argument(fcinfo, 1);
  pg::require_schedule(*state, pg::schedule_of_state(*other));
  for (int bucket = 0; bucket < pg::bucket_count(*state); ++bucket) {
    pg::add_to_bucket(*state, bucket, pg::sums_of(*other)[bucket]);
  }
  PG_RETURN_POINTER(state);
}

SA_FUNCTION(sa_aging_amounts_final) { PG_RETURN_DATUM(pg::numeric_array(*pg::state_argument(fcinfo, 0))); }

// Text of the state: 'schedule=amount,amount,...', for example '30,60=0.0000,10.0000,0.0000,5.0000'.
SA_FUNCTION(sa_aging_state_in) {
  const std::string_view input = PG_GETARG_CSTRING(0);
  const std::size_t middle = std::min(input.find('='), input.size());
  core::AgingSchedule schedule;
  core::Sum sums[core::kMaxAgingBuckets];
  pg::compute([&] {
    core::schedule_from_text(input.substr(0, middle), schedule);
    core::sums_from_text(input.substr(std::min(middle + 1, input.size())),
                         {sums, static_cast<Size>(schedule.buckets())});
  });
  std::uint8_t encoded[core::kMaxScheduleBytes];
  const core::Bytes bytes{encoded, core::encode_schedule(schedule, encoded)};
  pg::AgingState* const state = pg::make_state(bytes, core::ErrorKind::DataCorrupted);
  for (int bucket = 0; bucket < schedule.buckets(); ++bucket) pg::sums_of(*state)[bucket] = sums[bucket];
  PG_RETURN_POINTER(state);
}

SA_FUNCTION(sa_aging_state_out) {
  pg::AgingState& state = *pg::state_argument(fcinfo, 0);
  constexpr Size kRoom = 11 * core::kMaxAgingBounds + 42 * core::kMaxAgingBuckets + 2;
  auto* const result = static_cast<char*>(palloc(kRoom));
  pg::compute([&] {
    core::AgingSchedule schedule;
    core::decode_schedule(pg::schedule_of_state(state), schedule);
    std::string output = core::schedule_to_text(schedule);
    for (int bucket = 0; bucket < schedule.buckets(); ++bucket) {
      output += (bucket == 0 ? '=' : ',') + core::sum_to_text(pg::sums_of(state)[bucket]);
    }
    result[output.copy(result, kRoom - 1)] = '\0';
  });
  PG_RETURN_CSTRING(result);
}

// Binary form: version, size of the schedule's bytes, these, and each sum as two 64-bit halves.
SA_FUNCTION(sa_aging_state_send) {
  pg::AgingState& state = *pg::state_argument(fcinfo, 0);
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendbyte(&message, 1);
  pq_sendint16(&message, static_cast<uint16>(state.schedule_size));
  pq_sendbytes(&message, reinterpret_cast<const char*>(pg::schedule_of(state)), state.schedule_size);
  for (int bucket = 0; bucket < pg::bucket_count(state); ++bucket) {
    const core::Sum sum = pg::sums_of(state)[bucket];
    pq_sendint64(&message, static_cast<uint64>(sum >> 64));
    pq_sendint64(&message, static_cast<uint64>(sum));
  }
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

SA_FUNCTION(sa_aging_state_recv) {
  auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  if (pq_getmsgbyte(message) != 1) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                    errmsg("invalid binary value for type aging_state"),
                    errdetail("The format version is unknown.")));
  }
  const int schedule_size = static_cast<int>(pq_getmsgint(message, 2));
  const core::Bytes schedule{reinterpret_cast<const std::uint8_t*>(pq_getmsgbytes(message, schedule_size)),
                             static_cast<Size>(schedule_size)};
  pg::AgingState* const state = pg::make_state(schedule, core::ErrorKind::BinaryUnreadable);
  for (int bucket = 0; bucket < pg::bucket_count(*state); ++bucket) {
    const int64 high = pq_getmsgint64(message);
    const auto low = static_cast<uint64>(pq_getmsgint64(message));
    pg::sums_of(*state)[bucket] = static_cast<core::Sum>(high) << 64 | low;
  }
  PG_RETURN_POINTER(state);
}
