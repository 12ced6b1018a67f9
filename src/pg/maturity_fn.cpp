// SQL functions on maturity profiles: total, overdue, not_due, due_within and so on.
// Backend zone. Each function that depends on the day exists twice in SQL, STABLE with the
// business date and IMMUTABLE with as_of as its last argument; both are one C function.
#include "search_assign/pg/maturity.hpp"
#include "search_assign/pg/maturity_args.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/profile_index.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

core::Bytes profile_argument(FunctionCallInfo fcinfo) {
  return profile_bytes(profile_arg(PG_GETARG_DATUM(0)));
}

// indexed_argument is the index of the profile, nullptr where it comes without one.
const core::ProfileIndex* indexed_argument(FunctionCallInfo fcinfo) {
  return profile_index(PG_GETARG_DATUM(0));
}

// sum_result computes a sum of the profile and returns it as a numeric.
template <class Work>
Datum sum_result(Work&& work) {
  core::Sum sum = 0;
  compute([&] { sum = work(); });
  return numeric_from_sum(sum);
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

SA_FUNCTION(sa_total) {
  if (const auto* index = pg::indexed_argument(fcinfo))
    PG_RETURN_DATUM(pg::numeric_from_sum(core::total(*index)));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::total(profile); }));
}

SA_FUNCTION(sa_credits) {
  if (const auto* index = pg::indexed_argument(fcinfo)) PG_RETURN_DATUM(pg::numeric_from_sum(index->credits));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::credits(profile); }));
}

SA_FUNCTION(sa_overdue) {
  const int32 days = PG_GETARG_INT32(1);
  const DateADT as_of = pg::as_of_argument(fcinfo, 2);
  const auto* index = pg::indexed_argument(fcinfo);
  if (index != nullptr && days >= 0)
    PG_RETURN_DATUM(pg::numeric_from_sum(core::overdue(*index, as_of, days)));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::overdue(profile, as_of, days); }));
}

SA_FUNCTION(sa_overdue_between) {
  const int32 from_days = PG_GETARG_INT32(1);
  const int32 to_days = PG_GETARG_INT32(2);
  const DateADT as_of = pg::as_of_argument(fcinfo, 3);
  if (const auto* index = pg::indexed_argument(fcinfo)) {
    pg::compute([&] { core::require_overdue_days(from_days, to_days); });
    PG_RETURN_DATUM(pg::numeric_from_sum(core::overdue_between(*index, as_of, from_days, to_days)));
  }
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::overdue_between(profile, as_of, from_days, to_days); }));
}

SA_FUNCTION(sa_not_due) {
  const DateADT as_of = pg::as_of_argument(fcinfo, 1);
  if (const auto* index = pg::indexed_argument(fcinfo))
    PG_RETURN_DATUM(pg::numeric_from_sum(core::not_due(*index, as_of)));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::not_due(profile, as_of); }));
}

SA_FUNCTION(sa_due_within) {
  const int32 days = PG_GETARG_INT32(1);
  const DateADT as_of = pg::as_of_argument(fcinfo, 2);
  const auto* index = pg::indexed_argument(fcinfo);
  if (index != nullptr && days >= 0)
    PG_RETURN_DATUM(pg::numeric_from_sum(core::due_within(*index, as_of, days)));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  PG_RETURN_DATUM(pg::sum_result([&] { return core::due_within(profile, as_of, days); }));
}

SA_FUNCTION(sa_oldest_due) {
  if (const auto* index = pg::indexed_argument(fcinfo)) {
    if (!index->has_debit) PG_RETURN_NULL();
    PG_RETURN_DATEADT(index->oldest_debit);
  }
  const core::Bytes profile = pg::profile_argument(fcinfo);
  core::Date oldest = 0;
  bool found = false;
  pg::compute([&] { found = core::oldest_due(profile, oldest); });
  if (!found) PG_RETURN_NULL();
  PG_RETURN_DATEADT(oldest);
}

SA_FUNCTION(sa_days_overdue) {
  const DateADT as_of = pg::as_of_argument(fcinfo, 1);
  if (const auto* index = pg::indexed_argument(fcinfo))
    PG_RETURN_INT32(index->has_debit && as_of > index->oldest_debit ? as_of - index->oldest_debit : 0);
  const core::Bytes profile = pg::profile_argument(fcinfo);
  core::Date oldest = 0;
  bool found = false;
  pg::compute([&] { found = core::oldest_due(profile, oldest); });
  PG_RETURN_INT32(found && as_of > oldest ? as_of - oldest : 0);
}

SA_FUNCTION(sa_item_count) {
  if (const auto* index = pg::indexed_argument(fcinfo)) PG_RETURN_INT64(core::item_count(*index));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  int64 items = 0;
  pg::compute([&] { items = core::item_count(profile); });
  PG_RETURN_INT64(items);
}

SA_FUNCTION(sa_overdue_item_count) {
  const DateADT as_of = pg::as_of_argument(fcinfo, 1);
  if (const auto* index = pg::indexed_argument(fcinfo))
    PG_RETURN_INT64(core::overdue_item_count(*index, as_of));
  const core::Bytes profile = pg::profile_argument(fcinfo);
  int64 items = 0;
  pg::compute([&] { items = core::overdue_item_count(profile, as_of); });
  PG_RETURN_INT64(items);
}

// unnest gives one row for each date, in date order.
SA_FUNCTION(sa_unnest) {
  using core::ProfileReader;
  static_assert(std::is_trivially_destructible_v<ProfileReader>);
  FuncCallContext* call = nullptr;
  if (SRF_IS_FIRSTCALL()) {
    call = SRF_FIRSTCALL_INIT();
    const MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
    TupleDesc row_type = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE) {
      elog(ERROR, "return type must be a row type");
    }
    call->tuple_desc = BlessTupleDesc(row_type);
    const core::Bytes profile = pg::profile_bytes(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0)));
    void* const place = palloc(sizeof(ProfileReader));
    pg::compute([&] { new (place) ProfileReader(profile); });
    call->user_fctx = place;
    MemoryContextSwitchTo(caller);
  }
  call = SRF_PERCALL_SETUP();
  auto* const reader = static_cast<ProfileReader*>(call->user_fctx);
  core::ProfileEntry entry;
  bool found = false;
  pg::compute([&] { found = reader->next(entry); });
  if (!found) SRF_RETURN_DONE(call);

  Datum values[5] = {DateADTGetDatum(entry.date), pg::numeric_from_sum(entry.debit),
                     pg::numeric_from_sum(entry.credit), Int64GetDatum(entry.debit_items),
                     Int64GetDatum(entry.credit_items)};
  bool nulls[5] = {};
  SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
