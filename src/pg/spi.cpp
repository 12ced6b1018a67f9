// Helpers over SPI. Backend zone. All statements read with the newest snapshot, also under REPEATABLE
// READ: what is maintained must follow from the newest committed state, not from the caller's snapshot.
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {
namespace {

void check_spi(int result, const char* sql) {
  if (result < 0) elog(ERROR, "SPI error %s in \"%s\"", SPI_result_code_string(result), sql);
}

int execute_plan(SPIPlanPtr plan, Datum* values, const char* nulls) {
  CommandCounterIncrement();
  PushActiveSnapshot(GetLatestSnapshot());
  const int result =
      SPI_execute_snapshot(plan, values, nulls, GetActiveSnapshot(), InvalidSnapshot, false, true, 0);
  PopActiveSnapshot();
  CommandCounterIncrement();
  return result;
}

int execute_text(const char* sql) {
  SPIPlanPtr plan = SPI_prepare(sql, 0, nullptr);
  if (plan == nullptr) check_spi(SPI_result, sql);
  return execute_plan(plan, nullptr, nullptr);
}

SPIPlanPtr plan_of(SpiStatement* statement) {
  if (statement->plan == nullptr) {
    SPIPlanPtr plan = SPI_prepare(statement->sql, statement->parameter_count, statement->types);
    if (plan == nullptr) check_spi(SPI_result, statement->sql);
    if (SPI_keepplan(plan) != 0) elog(ERROR, "cannot keep the plan of \"%s\"", statement->sql);
    statement->plan = plan;
  }
  return statement->plan;
}

}  // namespace

void plan_by_key() {
  for (const char* name : {"enable_seqscan", "jit"})
    (void)set_config_option(name, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

SpiRows spi_select(const char* sql) {
  check_spi(execute_text(sql), sql);
  return {SPI_tuptable, SPI_processed};
}

uint64 spi_execute(const char* sql) {
  check_spi(execute_text(sql), sql);
  return SPI_processed;
}

uint64 spi_run(SpiStatement* statement, Datum* values, const char* nulls) {
  check_spi(execute_plan(plan_of(statement), values, nulls), statement->sql);
  return SPI_processed;
}

SpiRows spi_query(SpiStatement* statement, Datum* values, const char* nulls) {
  check_spi(execute_plan(plan_of(statement), values, nulls), statement->sql);
  return {SPI_tuptable, SPI_processed};
}

SpiRows spi_select_active(const char* sql) {
  check_spi(SPI_execute(sql, true, 0), sql);
  return {SPI_tuptable, SPI_processed};
}

SpiRows spi_read(const char* sql) {
  const bool newest = !IsInParallelMode();
  if (newest) PushActiveSnapshot(GetLatestSnapshot());
  const int result = SPI_execute(sql, true, 0);
  if (newest) PopActiveSnapshot();
  check_spi(result, sql);
  return {SPI_tuptable, SPI_processed};
}

SpiRows spi_query_read_only(SpiStatement* statement, Datum* values) {
  check_spi(SPI_execute_plan(plan_of(statement), values, nullptr, true, 0), statement->sql);
  return {SPI_tuptable, SPI_processed};
}

bool spi_is_null(const SpiRows& rows, uint64 row, int column) {
  bool is_null = false;
  SPI_getbinval(rows.table->vals[row], rows.table->tupdesc, column, &is_null);
  return is_null;
}

Datum spi_datum(const SpiRows& rows, uint64 row, int column) {
  bool is_null = false;
  return SPI_getbinval(rows.table->vals[row], rows.table->tupdesc, column, &is_null);
}

int64 spi_int64(const SpiRows& rows, uint64 row, int column) {
  return DatumGetInt64(spi_datum(rows, row, column));
}

int32 spi_int32(const SpiRows& rows, uint64 row, int column) {
  return DatumGetInt32(spi_datum(rows, row, column));
}

bool spi_bool(const SpiRows& rows, uint64 row, int column) {
  return DatumGetBool(spi_datum(rows, row, column));
}

char* spi_text(const SpiRows& rows, uint64 row, int column) {
  if (spi_is_null(rows, row, column)) return pstrdup("");
  return TextDatumGetCString(spi_datum(rows, row, column));
}

}  // namespace search_assign::pg
