// SQL function aging(profile, schedule [, as_of]): one row for every bucket. Backend zone.
#include "search_assign/pg/aging.hpp"
#include "search_assign/pg/maturity.hpp"
#include "search_assign/pg/maturity_args.hpp"
#include "search_assign/pg/numeric.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
}

namespace search_assign::pg {
namespace {

struct AgingCall {
  core::AgingSchedule schedule;
  core::BucketAmount buckets[core::kMaxAgingBuckets];
};

// begin_aging computes all buckets; the rows are handed out one by one.
void begin_aging(FunctionCallInfo fcinfo) {
  FuncCallContext* const call = SRF_FIRSTCALL_INIT();
  const DateADT as_of = as_of_argument(fcinfo, 2);
  const core::Bytes profile = profile_bytes(profile_arg(PG_GETARG_DATUM(0)));

  const MemoryContext caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
  TupleDesc row_type = nullptr;
  if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "return type must be a row type");
  }
  call->tuple_desc = BlessTupleDesc(row_type);
  // palloc aligns to 8 bytes, a 128-bit sum needs 16.
  void* const place = palloc(sizeof(AgingCall) + alignof(AgingCall));
  auto* const aging = reinterpret_cast<AgingCall*>(TYPEALIGN(alignof(AgingCall), place));
  MemoryContextSwitchTo(caller);

  schedule_argument(fcinfo, 1, aging->schedule);
  compute([&] { core::age_profile(profile, aging->schedule, as_of, aging->buckets); });
  call->max_calls = static_cast<uint64>(aging->schedule.buckets());
  call->user_fctx = aging;
}

HeapTuple bucket_row(const AgingCall& aging, int bucket, TupleDesc row_type) {
  char label[core::kBucketLabelSize];
  core::bucket_label(aging.schedule, bucket, label);
  const core::BucketLimits limits = core::bucket_limits(aging.schedule, bucket);
  Datum values[6] = {Int32GetDatum(bucket),
                     CStringGetTextDatum(label),
                     Int32GetDatum(limits.from_days),
                     Int32GetDatum(limits.to_days),
                     numeric_from_sum(aging.buckets[bucket].amount),
                     Int64GetDatum(aging.buckets[bucket].items)};
  bool nulls[6] = {false, false, !limits.has_from, !limits.has_to, false, false};
  return heap_form_tuple(row_type, values, nulls);
}

}  // namespace
}  // namespace search_assign::pg

namespace pg = search_assign::pg;
namespace core = search_assign::core;

SA_FUNCTION(sa_aging) {
  if (SRF_IS_FIRSTCALL()) pg::begin_aging(fcinfo);
  FuncCallContext* const call = SRF_PERCALL_SETUP();
  if (call->call_cntr >= call->max_calls) SRF_RETURN_DONE(call);
  const auto& aging = *static_cast<pg::AgingCall*>(call->user_fctx);
  const int bucket = static_cast<int>(call->call_cntr);
  SRF_RETURN_NEXT(call, HeapTupleGetDatum(pg::bucket_row(aging, bucket, call->tuple_desc)));
}
