// SQL type aging_schedule in the backend: a varlena whose payload is the encoded schedule.
#pragma once

#include "search_assign/core/aging_schedule.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/prelude.hpp"

namespace search_assign::pg {

// schedule_bytes is the payload of a schedule (detoasted where necessary).
inline core::Bytes schedule_bytes(Datum value) {
  auto* detoasted = reinterpret_cast<struct varlena*>(DatumGetPointer(value));
  if (unlikely(VARATT_IS_COMPRESSED(detoasted) || VARATT_IS_EXTERNAL(detoasted))) {
    detoasted = PG_DETOAST_DATUM_PACKED(value);
  }
  return {reinterpret_cast<const std::uint8_t*>(VARDATA_ANY(detoasted)), VARSIZE_ANY_EXHDR(detoasted)};
}

// schedule_argument reads a schedule; XX001 where the stored value is damaged.
void schedule_argument(FunctionCallInfo fcinfo, int number, core::AgingSchedule& schedule);

}  // namespace search_assign::pg
