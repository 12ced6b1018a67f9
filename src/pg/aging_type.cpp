// SQL type aging_schedule: input and output, equality, hash. Backend zone.
// The work is core/aging_schedule.hpp's; SQL: sql/install/12_aging.sql.
#include "search_assign/pg/aging.hpp"

extern "C" {
#include "common/hashfn.h"
#include "libpq/pqformat.h"
}

namespace search_assign::pg {

void schedule_argument(FunctionCallInfo fcinfo, int number, core::AgingSchedule& schedule) {
  const core::Bytes encoded = schedule_bytes(PG_GETARG_DATUM(number));
  compute([&] { core::decode_schedule(encoded, schedule); });
}

namespace {

Datum schedule_datum(const core::AgingSchedule& schedule) {
  std::uint8_t encoded[core::kMaxScheduleBytes];
  const Size size = core::encode_schedule(schedule, encoded);
  auto* const result = static_cast<struct varlena*>(palloc(VARHDRSZ + size));
  SET_VARSIZE(result, VARHDRSZ + size);
  memcpy(VARDATA(result), encoded, size);
  return PointerGetDatum(result);
}

// The encoding is canonical: equal schedules are equal bytes.
bool equal_arguments(FunctionCallInfo fcinfo) {
  const core::Bytes a = schedule_bytes(PG_GETARG_DATUM(0));
  const core::Bytes b = schedule_bytes(PG_GETARG_DATUM(1));
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

SA_FUNCTION(sa_aging_schedule_in) {
  const std::string_view input = PG_GETARG_CSTRING(0);
  core::AgingSchedule schedule;
  pg::compute([&] { core::schedule_from_text(input, schedule); });
  PG_RETURN_DATUM(pg::schedule_datum(schedule));
}

SA_FUNCTION(sa_aging_schedule_out) {
  core::AgingSchedule schedule;
  pg::schedule_argument(fcinfo, 0, schedule);
  constexpr Size kRoom = 11 * core::kMaxAgingBounds + 1;  // ten digits and a comma each
  auto* const result = static_cast<char*>(palloc(kRoom));
  pg::compute([&] {
    const std::string output = core::schedule_to_text(schedule);
    result[output.copy(result, kRoom - 1)] = '\0';
  });
  PG_RETURN_CSTRING(result);
}

SA_FUNCTION(sa_aging_schedule_recv) {
  auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
  const int size = message->len - message->cursor;
  const core::Bytes encoded{reinterpret_cast<const std::uint8_t*>(pq_getmsgbytes(message, size)),
                            static_cast<std::size_t>(size)};
  core::AgingSchedule schedule;
  pg::compute([&] { core::decode_schedule(encoded, schedule, core::ErrorKind::BinaryUnreadable); });
  PG_RETURN_DATUM(pg::schedule_datum(schedule));
}

SA_FUNCTION(sa_aging_schedule_send) {
  const core::Bytes encoded = pg::schedule_bytes(PG_GETARG_DATUM(0));
  StringInfoData message;
  pq_begintypsend(&message);
  pq_sendbytes(&message, reinterpret_cast<const char*>(encoded.data()), static_cast<int>(encoded.size()));
  PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

SA_FUNCTION(sa_aging_schedule_eq) { PG_RETURN_BOOL(pg::equal_arguments(fcinfo)); }

SA_FUNCTION(sa_aging_schedule_ne) { PG_RETURN_BOOL(!pg::equal_arguments(fcinfo)); }

SA_FUNCTION(sa_aging_schedule_hash) {
  const core::Bytes encoded = pg::schedule_bytes(PG_GETARG_DATUM(0));
  PG_RETURN_UINT32(hash_bytes(encoded.data(), static_cast<int>(encoded.size())));
}

SA_FUNCTION(sa_aging_schedule_hash_extended) {
  const core::Bytes encoded = pg::schedule_bytes(PG_GETARG_DATUM(0));
  const auto seed = static_cast<uint64>(PG_GETARG_INT64(1));
  PG_RETURN_UINT64(hash_bytes_extended(encoded.data(), static_cast<int>(encoded.size()), seed));
}
