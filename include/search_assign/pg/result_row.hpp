// Rows of set-returning functions that put all of them into a tuplestore.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
}

namespace search_assign::pg {

template <int Columns>
struct ResultRow {
  Datum values[Columns];
  bool nulls[Columns];
};

// clear_row makes every column NULL, which it stays until something is put there; put_text: nullptr puts
// nothing.
template <int Columns>
void clear_row(ResultRow<Columns>* row) {
  memset(row->values, 0, sizeof row->values);
  memset(row->nulls, true, sizeof row->nulls);
}

template <int Columns>
void put(ResultRow<Columns>* row, int column, Datum value) {
  row->values[column] = value;
  row->nulls[column] = false;
}

template <int Columns>
void put_text(ResultRow<Columns>* row, int column, const char* text) {
  if (text != nullptr) put(row, column, CStringGetTextDatum(text));
}

template <int Columns>
void add_row(ReturnSetInfo* result, ResultRow<Columns>* row) {
  tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}

}  // namespace search_assign::pg
