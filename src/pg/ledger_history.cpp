// Histories of items. Backend zone. Tests: tests/regress/sql/ledger.sql.
#include "search_assign/pg/ledger_history.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/spi.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/rel.h"
}

namespace search_assign::pg {
namespace {

constexpr int kMaxColumns = 7;
constexpr int kFlushAt = 10000;

// Rows for one statement, column by column, as arrays for unnest.
struct Table {
  SpiStatement* statement;
  int columns;
  const Oid* types;
  int count;
  int capacity;
  Datum* values[kMaxColumns];
  bool* nulls[kMaxColumns];
};

constexpr Oid kChangeTypes[] = {INT8OID, INT8OID, DATEOID, NUMERICOID, NUMERICOID};
constexpr Oid kQualificationTypes[] = {INT8OID, INT8OID, TEXTOID, DATEOID, TEXTOID, TEXTOID, DATEOID};
constexpr Oid kMoveTypes[] = {INT8OID, INT8OID, INT8OID, INT8OID};
constexpr Oid kRedateTypes[] = {INT8OID, INT8OID, DATEOID};
constexpr Oid kKeyTypes[] = {INT8OID, INT8OID};

SpiStatement change_statement = {
    "INSERT INTO receivables.open_amount_change (customer_id, item_id, effective_on, paid, open_amount)"
    " SELECT n.* FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
    " pg_catalog.unnest($4), pg_catalog.unnest($5)) AS n",
    5,
    {INT8ARRAYOID, INT8ARRAYOID, DATEARRAYOID, NUMERICARRAYOID, NUMERICARRAYOID},
    nullptr};

SpiStatement qualification_statement = {
    "INSERT INTO receivables.qualification (customer_id, item_id, status, status_on, status_comment, "
    "resolver, promised_on)"
    " SELECT n.* FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
    " pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7)) AS n",
    7,
    {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, DATEARRAYOID, TEXTARRAYOID, TEXTARRAYOID, DATEARRAYOID},
    nullptr};

// Histories and documents follow an item to another customer or number, and go with it.
#define SA_MOVE(table)                                                                         \
  "UPDATE receivables." table                                                                  \
  " h SET customer_id = n.c2, item_id = n.i2 FROM ROWS FROM (pg_catalog.unnest($1),"           \
  " pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)) AS n(c1, i1, c2, i2)" \
  " WHERE h.customer_id = n.c1 AND h.item_id = n.i1"
#define SA_REMOVE(table)                                                         \
  "DELETE FROM receivables." table                                               \
  " h USING ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS n(c, i)" \
  " WHERE h.customer_id = n.c AND h.item_id = n.i"

SpiStatement redate_statement = {
    "UPDATE receivables.open_amount_change h SET effective_on = n.d"
    " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS n(c, i, d)"
    " WHERE h.customer_id = n.c AND h.item_id = n.i AND h.change_no = (SELECT pg_catalog.max(l.change_no)"
    " FROM receivables.open_amount_change l WHERE l.customer_id = n.c AND l.item_id = n.i)",
    3,
    {INT8ARRAYOID, INT8ARRAYOID, DATEARRAYOID},
    nullptr};

int following_level = 0;  // transaction nest level at which histories just follow their item, 0 = they do not

constexpr const char* kHistoryTables[] = {"open_amount_change", "qualification", "payment_allocation",
                                          "item_document"};
SpiStatement move_statements[] = {
    {SA_MOVE("open_amount_change"), 4, {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_MOVE("qualification"), 4, {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_MOVE("payment_allocation"), 4, {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_MOVE("item_document"), 4, {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID}, nullptr}};
SpiStatement remove_statements[] = {
    {SA_REMOVE("open_amount_change"), 2, {INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_REMOVE("qualification"), 2, {INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_REMOVE("payment_allocation"), 2, {INT8ARRAYOID, INT8ARRAYOID}, nullptr},
    {SA_REMOVE("item_document"), 2, {INT8ARRAYOID, INT8ARRAYOID}, nullptr}};

void init_table(Table* table, SpiStatement* statement, const Oid* types, int columns) {
  memset(table, 0, sizeof *table);
  table->statement = statement;
  table->types = types;
  table->columns = columns;
}

Datum array_of(const Table& table, int column, int first, int count) {
  int16 length = 0;
  bool by_value = false;
  char alignment = 0;
  switch (table.types[column]) {
    case INT8OID:
      length = 8, by_value = FLOAT8PASSBYVAL, alignment = TYPALIGN_DOUBLE;
      break;
    case DATEOID:
      length = 4, by_value = true, alignment = TYPALIGN_INT;
      break;
    default:
      length = -1, by_value = false, alignment = TYPALIGN_INT;
      break;
  }
  int dimensions[] = {count};
  int lower_bounds[] = {1};
  return PointerGetDatum(construct_md_array(table.values[column] + first, table.nulls[column] + first, 1,
                                            dimensions, lower_bounds, table.types[column], length, by_value,
                                            alignment));
}

// Runs a statement over the rows, as many at a time as make handy arrays.
void run_with(const Table& table, SpiStatement* statement) {
  const MaintenanceScope scope = begin_maintenance();
  plan_by_key();
  for (int first = 0; first < table.count; first += kFlushAt) {
    const int count = std::min(kFlushAt, table.count - first);
    SPI_connect();  // and its memory goes with each part
    Datum arrays[kMaxColumns];
    for (int column = 0; column < table.columns; ++column)
      arrays[column] = array_of(table, column, first, count);
    spi_run(statement, arrays);
    SPI_finish();
  }
  end_maintenance(scope);
}

bool is_empty_relation(const char* name) {
  Relation relation = table_open(relation_oid(name), AccessShareLock);
  const bool empty = RelationGetNumberOfBlocks(relation) == 0;
  table_close(relation, NoLock);
  return empty;
}

}  // namespace

struct HistoryRows {
  MemoryContext memory;  // of the rows, emptied when they are written
  Table changes;
  Table qualifications;
  Table moves;
  Table removals;
  Table redates;
};

namespace {

// Adds a row whose values the caller fills in with set().
int add_row(HistoryRows* history, Table* table) {
  if (table->count == table->capacity) {
    const int capacity = std::max(64, table->capacity * 2);
    for (int column = 0; column < table->columns; ++column) {
      const Size values = sizeof(Datum) * static_cast<Size>(capacity);
      if (table->capacity == 0) {
        table->values[column] = static_cast<Datum*>(MemoryContextAllocHuge(history->memory, values));
        table->nulls[column] =
            static_cast<bool*>(MemoryContextAllocHuge(history->memory, static_cast<Size>(capacity)));
      } else {
        table->values[column] = static_cast<Datum*>(repalloc_huge(table->values[column], values));
        table->nulls[column] =
            static_cast<bool*>(repalloc_huge(table->nulls[column], static_cast<Size>(capacity)));
      }
    }
    table->capacity = capacity;
  }
  return table->count++;
}

void set(Table* table, int row, int column, Datum value, bool present = true) {
  table->values[column][row] = present ? value : static_cast<Datum>(0);
  table->nulls[column][row] = !present;
}

void set_copy(HistoryRows* history, Table* table, int row, int column, Datum value, bool present) {
  MemoryContext caller = MemoryContextSwitchTo(history->memory);
  set(table, row, column, present ? PointerGetDatum(PG_DETOAST_DATUM_COPY(value)) : static_cast<Datum>(0),
      present);
  MemoryContextSwitchTo(caller);
}

void set_key(Table* table, int row, int column, ItemKey key) {
  set(table, row, column, Int64GetDatum(key.customer_id));
  set(table, row, column + 1, Int64GetDatum(key.item_id));
}

void write_table(const Table& table) {
  if (table.count > 0) run_with(table, table.statement);
}

// Allocations that follow their item are no news of it: allocation_changed leaves these statements alone.
void run_on_history_tables(const Table& table, SpiStatement* statements) {
  if (table.count == 0) return;
  for (size_t i = 0; i < std::size(kHistoryTables); ++i) {
    if (is_empty_relation(kHistoryTables[i])) continue;
    following_level = GetCurrentTransactionNestLevel();
    run_with(table, &statements[i]);
    following_level = 0;
  }
}

void forget_rows(HistoryRows* history) {
  MemoryContextReset(history->memory);
  init_table(&history->changes, &change_statement, kChangeTypes, 5);
  init_table(&history->qualifications, &qualification_statement, kQualificationTypes, 7);
  init_table(&history->moves, nullptr, kMoveTypes, 4);
  init_table(&history->removals, nullptr, kKeyTypes, 2);
  init_table(&history->redates, &redate_statement, kRedateTypes, 3);
}

}  // namespace

HistoryRows* open_history() {
  auto* history = static_cast<HistoryRows*>(palloc(sizeof(HistoryRows)));
  history->memory =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign history", ALLOCSET_DEFAULT_SIZES);
  forget_rows(history);
  return history;
}

void add_open_amount_change(HistoryRows* history, const ItemRow& item, core::Date effective_on,
                            core::Amount paid) {
  Table* table = &history->changes;
  const int row = add_row(history, table);
  MemoryContext caller = MemoryContextSwitchTo(history->memory);
  set_key(table, row, 0, {item.figures.customer_id, item.item_id});
  set(table, row, 2, DateADTGetDatum(effective_on));
  set(table, row, 3, numeric_from_sum(paid));
  set(table, row, 4, numeric_from_sum(item.open_amount));
  MemoryContextSwitchTo(caller);
}

void add_qualification(HistoryRows* history, const ItemRow& item) {
  Table* table = &history->qualifications;
  const int row = add_row(history, table);
  set_key(table, row, 0, {item.figures.customer_id, item.item_id});
  set_copy(history, table, row, 2, item.status, item.has_status);
  set(table, row, 3, item.status_on, item.has_status_on);
  set_copy(history, table, row, 4, item.status_comment, item.has_comment);
  set_copy(history, table, row, 5, item.resolver, item.has_resolver);
  set(table, row, 6, DateADTGetDatum(item.figures.promised_on), item.figures.promised_on != core::kNoDate);
}

void add_move(HistoryRows* history, ItemKey from, ItemKey to) {
  const int row = add_row(history, &history->moves);
  set_key(&history->moves, row, 0, from);
  set_key(&history->moves, row, 2, to);
}

void add_removal(HistoryRows* history, ItemKey key) {
  const int row = add_row(history, &history->removals);
  set_key(&history->removals, row, 0, key);
}

void add_redate(HistoryRows* history, ItemKey key, core::Date effective_on) {
  const int row = add_row(history, &history->redates);
  set_key(&history->redates, row, 0, key);
  set(&history->redates, row, 2, DateADTGetDatum(effective_on));
}

namespace {

int most_rows(const HistoryRows* history) {
  return std::max({history->changes.count, history->qualifications.count, history->removals.count,
                   history->redates.count, history->moves.count});
}

}  // namespace

void write_history(HistoryRows* history) {
  if (most_rows(history) == 0) return;
  MemoryContext work =
      AllocSetContextCreate(CurrentMemoryContext, "search_assign history rows", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(work);
  write_table(history->redates);
  run_on_history_tables(history->moves, move_statements);
  run_on_history_tables(history->removals, remove_statements);
  write_table(history->changes);
  write_table(history->qualifications);
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(work);
  forget_rows(history);
}

// Where an item has moved to the key of another one, whose history has still to move on, the moves of the
// whole statement have to be known.
bool may_write_early(const HistoryRows* history) { return history->moves.count == 0; }

bool is_large(const HistoryRows* history) {
  return may_write_early(history) && most_rows(history) >= kFlushAt;
}

bool allocations_follow() noexcept { return following_level != 0; }

void abort_allocations_follow(int level) noexcept {
  if (level <= following_level) following_level = 0;
}

bool allocations_exist() { return !is_empty_relation("payment_allocation"); }

}  // namespace search_assign::pg
