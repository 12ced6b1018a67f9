// Small helpers over SPI for the extension's own, fully qualified statements. They raise
// PostgreSQL errors and hold no C++ objects.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace search_assign::pg {

struct SpiRows {
  SPITupleTable* table;
  uint64 count;
};

// plan_by_key has what is planned before end_maintenance() read rows by their key: also from a table that was
// empty at the time, and so that a serializable transaction locks no whole tables against others.
void plan_by_key();

// spi_select runs a query against the newest committed state and this transaction's own changes.
SpiRows spi_select(const char* sql);
// spi_read and spi_query_read_only run inside STABLE functions: no command counter, also in parallel queries.
SpiRows spi_read(const char* sql);
// spi_select_active reads by the active snapshot, so that several queries see one state.
SpiRows spi_select_active(const char* sql);
// spi_execute runs a statement; returns the number of rows processed.
uint64 spi_execute(const char* sql);

// A statement with parameters whose plan is kept for the backend's life.
struct SpiStatement {
  const char* sql;
  int parameter_count;
  Oid types[12];
  SPIPlanPtr plan;
};
uint64 spi_run(SpiStatement* statement, Datum* values, const char* nulls = nullptr);
SpiRows spi_query(SpiStatement* statement, Datum* values, const char* nulls = nullptr);
SpiRows spi_query_read_only(SpiStatement* statement, Datum* values);

bool spi_is_null(const SpiRows& rows, uint64 row, int column);
Datum spi_datum(const SpiRows& rows, uint64 row, int column);
int64 spi_int64(const SpiRows& rows, uint64 row, int column);
int32 spi_int32(const SpiRows& rows, uint64 row, int column);
bool spi_bool(const SpiRows& rows, uint64 row, int column);
// spi_text copies into the current memory context; NULL gives "".
char* spi_text(const SpiRows& rows, uint64 row, int column);

}  // namespace search_assign::pg
