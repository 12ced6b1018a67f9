// Facts about activity: turnover, last invoice and payment, payment behaviour, promises. Backend zone.
// SQL face: sql/install/40_facts.sql; tests: tests/regress/sql/facts.sql.
#include "search_assign/core/activity.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/date.h"
#include "utils/inval.h"
}

namespace search_assign::pg {
namespace {

// The bands of the payer profile, cached by the backend; the configuration's callback does not cover
// them, because facts are read without a configuration too.
struct Band {
  int32 up_to_days;
  bool open_ended;
  Datum profile;
};
constexpr int kMaxBands = 64;
Band bands[kMaxBands];
int band_count = 0;
bool bands_valid = false;
uint64 band_invalidations = 0;
bool bands_registered = false;
Oid band_relation = InvalidOid;
MemoryContext band_memory = nullptr;

void band_relation_changed(Datum, Oid relation) {
  if (relation != InvalidOid && relation != band_relation) return;
  bands_valid = false;
  ++band_invalidations;
}

void load_bands() {
  if (!bands_registered) {
    CacheRegisterRelcacheCallback(band_relation_changed, static_cast<Datum>(0));
    band_memory = AllocSetContextCreate(TopMemoryContext, "search_assign bands", ALLOCSET_SMALL_SIZES);
    bands_registered = true;
  }
  band_relation =
      relation_oid("configuration");  // a change of the bands invalidates it (configuration_changed)
  const uint64 invalidations_before = band_invalidations;
  band_count = 0;
  MemoryContextReset(band_memory);
  MemoryContext caller = CurrentMemoryContext;
  const MaintenanceScope scope = begin_maintenance();
  SPI_connect();
  const SpiRows rows = spi_read(
      "SELECT up_to_days, profile FROM receivables.payer_profile_band ORDER BY up_to_days NULLS LAST");
  for (uint64 i = 0; i < rows.count && band_count < kMaxBands; ++i) {
    Band* band = &bands[band_count++];
    band->open_ended = spi_is_null(rows, i, 1);
    band->up_to_days = band->open_ended ? 0 : spi_int32(rows, i, 1);
    MemoryContext spi = MemoryContextSwitchTo(band_memory);
    band->profile = CStringGetTextDatum(spi_text(rows, i, 2));
    MemoryContextSwitchTo(spi);
  }
  SPI_finish();
  end_maintenance(scope);
  MemoryContextSwitchTo(caller);
  // A parallel query may have read with an older snapshot.
  bands_valid = !IsInParallelMode() && band_invalidations == invalidations_before;
}

Datum band_of(int64 days) {
  for (int i = 0; i < band_count; ++i)
    if (bands[i].open_ended || days <= bands[i].up_to_days) return bands[i].profile;
  return static_cast<Datum>(0);
}

}  // namespace
}  // namespace search_assign::pg

using search_assign::core::Bytes;
using search_assign::core::Date;
using search_assign::core::Sum;
namespace core = search_assign::core;

SA_FUNCTION(sa_promised_profile) {
  const Bytes promises = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  const Date as_of = PG_GETARG_DATEADT(1);
  const Date open_from = search_assign::pg::open_promises_from(search_assign::pg::scenarios(), as_of);
  // The result is copied out of a buffer that lives as long as the backend.
  static std::vector<std::uint8_t>* buffer = nullptr;
  search_assign::pg::compute([&] {
    if (buffer == nullptr) buffer = new std::vector<std::uint8_t>;
    core::promised(promises, open_from, *buffer);
  });
  PG_RETURN_DATUM(search_assign::pg::bytes_datum(*buffer));
}

SA_FUNCTION(sa_add_promises) {
  const Bytes a = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  const Bytes b = search_assign::pg::bytes_of(PG_GETARG_DATUM(1));
  static std::vector<std::uint8_t>* buffer = nullptr;
  search_assign::pg::compute([&] {
    if (buffer == nullptr) buffer = new std::vector<std::uint8_t>;
    core::add_promises(a, b, *buffer);
  });
  PG_RETURN_DATUM(search_assign::pg::bytes_datum(*buffer));
}

SA_FUNCTION(sa_sales_12m) {
  const Bytes sales = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  const Date as_of = PG_GETARG_DATEADT(1);
  Sum sum = 0;
  search_assign::pg::compute([&] { sum = core::sales_12m(sales, as_of); });
  PG_RETURN_DATUM(search_assign::pg::numeric_from_sum(sum));
}

SA_FUNCTION(sa_last_invoice_on) {
  const Bytes sales = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  Date date = 0;
  bool found = false;
  search_assign::pg::compute([&] { found = core::last_invoice_on(sales, date); });
  if (!found) PG_RETURN_NULL();
  PG_RETURN_DATEADT(date);
}

SA_FUNCTION(sa_last_payment_on) {
  const Bytes payments = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  Date date = 0;
  bool found = false;
  search_assign::pg::compute([&] { found = core::last_payment_on(payments, date); });
  if (!found) PG_RETURN_NULL();
  PG_RETURN_DATEADT(date);
}

SA_FUNCTION(sa_average_days_late) {
  const Bytes payments = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  const Date as_of = PG_GETARG_DATEADT(1);
  Sum days = 0;
  bool found = false;
  search_assign::pg::compute([&] { found = core::average_days_late(payments, as_of, days); });
  if (!found) PG_RETURN_NULL();
  PG_RETURN_DATUM(search_assign::pg::numeric_from_sum(days));
}

SA_FUNCTION(sa_payer_profile) {
  const Bytes payments = search_assign::pg::bytes_of(PG_GETARG_DATUM(0));
  const Date as_of = PG_GETARG_DATEADT(1);
  int64 days = 0;
  bool found = false;
  search_assign::pg::compute([&] { found = core::whole_days_late(payments, as_of, days); });
  if (!found) PG_RETURN_TEXT_P(cstring_to_text("unknown"));
  if (!search_assign::pg::bands_valid) search_assign::pg::load_bands();
  const Datum band = search_assign::pg::band_of(days);
  if (band == static_cast<Datum>(0)) PG_RETURN_TEXT_P(cstring_to_text("unknown"));
  PG_RETURN_DATUM(PointerGetDatum(PG_DETOAST_DATUM_COPY(band)));
}
