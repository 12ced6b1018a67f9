// References between customers without foreign keys. Backend zone.
//
// As with items (customer_check.cpp): everybody first writes and then looks at what others are writing, so of
// two transactions that contradict each other at least one sees the other. Who names a customer waits for who
// is taking it away; who takes it away, or closes a ring, gives up.
#include "search_assign/pg/customer_reference.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/dirty_lookup.hpp"

extern "C" {
#include "access/transam.h"
#include "storage/lmgr.h"
}

namespace search_assign::pg {
namespace {

constexpr const char* kParentIndex = "customer_parent_id_idx";
constexpr const char* kCollectionIndex = "customer_collection_account_id_idx";

struct References {
  DirtyLookup customers;
  DirtyLookup members;  // by collection account
  AttrNumber customer_id;
  AttrNumber parent_id;
  AttrNumber collection_account_id;
};

void open_references(References* references) {
  open_dirty_lookup(&references->customers, "customer");
  open_dirty_lookup(&references->members, "customer", kCollectionIndex);
  TupleDesc descriptor = RelationGetDescr(references->customers.relation);
  references->customer_id = column_number(descriptor, "customer_id");
  references->parent_id = column_number(descriptor, "parent_id");
  references->collection_account_id = column_number(descriptor, "collection_account_id");
}

void close_references(References* references) {
  close_dirty_lookup(&references->members);
  close_dirty_lookup(&references->customers);
}

std::optional<int64> named(const DirtyLookup& lookup, AttrNumber column) {
  bool is_null = false;
  const Datum value = slot_getattr(lookup.slot, column, &is_null);
  return is_null ? std::nullopt : std::optional(DatumGetInt64(value));
}

// The column of the customer's row as this transaction has it.
std::optional<int64> own_value(References* references, int64 customer_id, AttrNumber column) {
  std::optional<int64> value;
  start_dirty_lookup(&references->customers, customer_id);
  while (next_dirty_row(&references->customers))
    if (!TransactionIdIsValid(references->customers.dirty.xmin)) value = named(references->customers, column);
  return value;
}

// ---- parents ----

struct Line {
  int64* ids;
  int count;
};

constexpr int kLongestLine = 1000;

// Each once: a row that others are changing is there in two versions.
void add_to_line(Line* line, int64 customer_id) {
  const int64* end = line->ids + line->count;
  if (line->count < kLongestLine && std::find(static_cast<const int64*>(line->ids), end, customer_id) == end)
    line->ids[line->count++] = customer_id;
}

void add_parents(References* references, int64 customer_id, Line* line) {
  start_dirty_lookup(&references->customers, customer_id);
  while (next_dirty_row(&references->customers))
    if (const std::optional<int64> parent = named(references->customers, references->parent_id))
      add_to_line(line, *parent);
}

// Whether the customer is above itself, in what is committed or in what others are just writing.
bool is_own_ancestor(References* references, int64 customer_id, Line* line) {
  line->count = 0;
  add_parents(references, customer_id, line);
  for (int i = 0; i < line->count; ++i) {
    CHECK_FOR_INTERRUPTS();
    if (line->ids[i] == customer_id) return true;
    add_parents(references, line->ids[i], line);
  }
  return line->count == kLongestLine;
}

// ---- collection accounts ----

[[noreturn]] void raise_wrong_grouping(int64 customer_id, int64 account) {
  ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                  errmsg("customer %lld cannot be collected through customer %lld",
                         static_cast<long long>(customer_id), static_cast<long long>(account)),
                  errdetail("An account that collects for others is not collected through another."),
                  errhint("Let collection_account_id of all accounts name the one at the top.")));
}

bool has_members(References* references, int64 account) {
  start_dirty_lookup(&references->members, account);
  return next_dirty_row(&references->members);
}

enum class Grouping { None, Committed, UnderWay };

// Whether the account is itself collected through another; *writer is who is just making it so.
Grouping grouping_of(References* references, int64 account, TransactionId* writer) {
  Grouping grouping = Grouping::None;
  DirtyLookup* lookup = &references->customers;
  start_dirty_lookup(lookup, account);
  while (next_dirty_row(lookup)) {
    if (!named(*lookup, references->collection_account_id)) continue;
    if (!TransactionIdIsValid(lookup->dirty.xmin)) return Grouping::Committed;
    *writer = lookup->dirty.xmin;
    grouping = Grouping::UnderWay;
  }
  return grouping;
}

void check_grouping(References* references, int64 customer_id, int64 account) {
  if (has_members(references, customer_id)) raise_wrong_grouping(customer_id, account);
  for (;;) {
    TransactionId writer = InvalidTransactionId;
    const Grouping grouping = grouping_of(references, account, &writer);
    if (grouping == Grouping::None) return;
    if (grouping == Grouping::Committed) raise_wrong_grouping(customer_id, account);
    XactLockTableWait(writer, references->customers.relation, nullptr, XLTW_None);
  }
}

// ---- deletion ----

void refuse_named(const CustomerIds& customers, const char* index, const char* message, const char* hint) {
  DirtyLookup lookup;
  open_dirty_lookup(&lookup, "customer", index);
  const AttrNumber customer_id = column_number(RelationGetDescr(lookup.relation), "customer_id");
  for (size_t i = 0; i < customers.count; ++i) {
    CHECK_FOR_INTERRUPTS();
    start_dirty_lookup(&lookup, customers.ids[i]);
    if (next_dirty_row(&lookup))
      ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
                      errmsg(message, static_cast<long long>(*named(lookup, customer_id)),
                             static_cast<long long>(customers.ids[i])),
                      errhint("%s", hint)));
  }
  close_dirty_lookup(&lookup);
}

}  // namespace

void check_parents(const CustomerIds& customers) {
  if (customers.count == 0) return;
  References references;
  open_references(&references);
  Line line = {static_cast<int64*>(palloc(sizeof(int64) * kLongestLine)), 0};
  for (size_t i = 0; i < customers.count; ++i) {
    const int64 customer_id = customers.ids[i];
    const std::optional<int64> parent = own_value(&references, customer_id, references.parent_id);
    if (!parent) continue;
    check_customer_exists(&references.customers, *parent, "parent customer");
    if (is_own_ancestor(&references, customer_id, &line))
      ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                      errmsg("customer %lld would be its own ancestor", static_cast<long long>(customer_id)),
                      errhint("parent_id must lead to a customer without a parent.")));
  }
  pfree(line.ids);
  close_references(&references);
}

void check_groupings(const CustomerIds& customers) {
  if (customers.count == 0) return;
  References references;
  open_references(&references);
  for (size_t i = 0; i < customers.count; ++i) {
    CHECK_FOR_INTERRUPTS();
    const std::optional<int64> account =
        own_value(&references, customers.ids[i], references.collection_account_id);
    if (!account) continue;
    check_customer_exists(&references.customers, *account, "collection account");
    check_grouping(&references, customers.ids[i], *account);
  }
  close_references(&references);
}

void refuse_referenced(const CustomerIds& customers) {
  refuse_named(customers, kParentIndex, "customer %2$lld is the parent of customer %1$lld",
               "Give its accounts another parent first.");
  refuse_named(customers, kCollectionIndex, "customer %lld is collected through customer %lld",
               "Give it another collection_account_id, or none, first.");
}

}  // namespace search_assign::pg
