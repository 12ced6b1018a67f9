// Accounts and their items, as collection is decided. Backend zone. Tests: tests/regress/sql/agenda.sql.
#include "search_assign/pg/collection_account.hpp"

#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/genam.h"
#include "access/tableam.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace search_assign::pg {

CollectionBuffers* collection_buffers() {
  static CollectionBuffers* buffers = nullptr;
  if (buffers == nullptr) compute([&] { buffers = new CollectionBuffers; });
  return buffers;
}

ItemAccess* items_of(Collection* collection) {
  if (collection->items == nullptr) collection->items = open_items(collection->snapshot);
  return collection->items;
}

void finish_items(Collection* collection) {
  if (collection->items != nullptr) close_items(collection->items);
  collection->items = nullptr;
}

bool is_promised(const Collection* collection, const ItemRow& row) {
  return row.figures.category == core::StatusCategory::Promise &&
         row.figures.promised_on >= collection->open_from;
}

ItemRole item_role(const Collection* collection, const ItemRow& row) {
  const core::ItemFigures& item = row.figures;
  if (item.open_amount <= 0) return ItemRole::Credit;
  const bool is_broken = item.category == core::StatusCategory::Promise && !is_promised(collection, row);
  if (item.held && !is_broken) return ItemRole::Held;
  return item.open_amount < collection->scenario.ignore_below ? ItemRole::Ignored : ItemRole::Collectable;
}

// Of items of one due date the larger open amount leads, then the smaller number.
bool leads(const ItemRow& a, const ItemRow& b) {
  if (a.figures.open_amount != b.figures.open_amount) return a.figures.open_amount > b.figures.open_amount;
  return a.item_id < b.item_id;
}

namespace {

// ---- accounts ----

core::AccountFacets account_facets(PositionAccess* access, TupleTableSlot* slot) {
  bool is_null = false;
  core::AccountFacets facets;
  facets.receivables = bytes_of(get_column(slot, access->columns.profiles[0], &is_null));
  facets.promises = bytes_of(get_column(slot, access->columns.promises, &is_null));
  facets.held = bytes_of(get_column(slot, access->columns.held, &is_null));
  return facets;
}

void add_account(Collection* collection, int64 customer_id, const core::AccountFacets& facets) {
  compute([&] {
    collection->buffers->accounts.push_back(facets);
    collection->buffers->customers.push_back(customer_id);
  });
}

void copy_bytes(core::Bytes* bytes) {
  auto* copy = static_cast<uint8_t*>(palloc(bytes->size() + 1));
  memcpy(copy, bytes->data(), bytes->size());
  *bytes = {copy, bytes->size()};
}

void add_members(Collection* collection, int64 account) {
  PositionAccess* access = collection->access;
  Relation positions = access->position.relation;
  Relation index = index_open(relation_oid("position_collection_account_id_idx"), AccessShareLock);
  TupleTableSlot* slot = table_slot_create(positions, nullptr);
  IndexScanDesc scan = index_beginscan(positions, index, collection->snapshot, 1, 0);
  ScanKeyData key;
  ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(account));
  index_rescan(scan, &key, 1, nullptr, 0);
  while (index_getnext_slot(scan, ForwardScanDirection, slot)) {
    core::AccountFacets facets = account_facets(access, slot);
    for (core::Bytes* bytes : {&facets.receivables, &facets.promises, &facets.held}) copy_bytes(bytes);
    bool is_null = false;
    add_account(collection, DatumGetInt64(get_column(slot, access->columns.customer_id, &is_null)), facets);
  }
  index_endscan(scan);
  ExecDropSingleTupleTableSlot(slot);
  index_close(index, NoLock);
}

// The same with what is not yet applied to them.
void add_members_unapplied(Collection* collection, int64 account) {
  Members* members = open_members(collection->unapplied, account);
  int64 customer_id = 0;
  core::PositionFacets facets;
  while (next_member(members, &customer_id, &facets)) {
    core::AccountFacets member;
    member.receivables = facets.profiles[0];
    member.promises = facets.promises;
    member.held = facets.held;
    for (core::Bytes* bytes : {&member.receivables, &member.promises, &member.held}) copy_bytes(bytes);
    add_account(collection, customer_id, member);
  }
  close_members(members);
}

// ---- items ----

void ignore_small_items(Collection* collection) {
  CollectionBuffers* buffers = collection->buffers;
  ItemAccess* items = items_of(collection);
  compute([&] { buffers->ignored.resize(std::max(buffers->ignored.size(), buffers->accounts.size())); });
  for (size_t i = 0; i < buffers->accounts.size(); ++i) {
    compute([&] { buffers->entries.clear(); });
    ItemRow row;
    start_items(items, buffers->customers[i]);
    while (next_item(items, &row)) {
      CHECK_FOR_INTERRUPTS();
      if (item_role(collection, row) != ItemRole::Ignored) continue;
      core::ProfileEntry entry = core::make_entry(row.figures.due_date, row.figures.open_amount);
      if (!row.figures.held && is_promised(collection, row)) {
        entry.credit = -core::Sum{row.figures.open_amount};
        entry.credit_items = 1;
      }
      compute([&] { buffers->entries.push_back(entry); });
    }
    compute([&] {
      core::normalize(buffers->entries);
      core::encode(buffers->entries, buffers->ignored[i]);
      buffers->accounts[i].ignored = buffers->ignored[i];
    });
  }
}

bool another_leads(Collection* collection, const ItemRow& leader) {
  ItemAccess* items = items_of(collection);
  for (const int64 customer_id : collection->buffers->customers) {
    ItemRow row;
    start_items(items, customer_id);
    while (next_item(items, &row)) {
      CHECK_FOR_INTERRUPTS();
      if (row.figures.due_date == leader.figures.due_date &&
          item_role(collection, row) == ItemRole::Collectable && leads(row, leader))
        return true;
    }
  }
  return false;
}

}  // namespace

bool is_leader(Collection* collection, int64 customer_id, int64 item_id) {
  const core::Collectable& collectable = collection->buffers->collectable;
  const auto& customers = collection->buffers->customers;
  if (std::find(customers.begin(), customers.end(), customer_id) == customers.end()) return false;
  ItemRow leader;
  start_item(items_of(collection), customer_id, item_id);
  if (!next_item(collection->items, &leader)) return false;
  if (leader.figures.due_date != collectable.leader_due_date ||
      item_role(collection, leader) != ItemRole::Collectable)
    return false;
  return collectable.leader_candidates == 1 || !another_leads(collection, leader);
}

void gather_account(Collection* collection, int64 customer_id) {
  PositionAccess* access = collection->access;
  CollectionBuffers* buffers = collection->buffers;
  compute([&] {
    buffers->accounts.clear();
    buffers->customers.clear();
  });
  add_account(collection, customer_id, account_facets(access, access->changed));
  bool is_null = false;
  if (DatumGetBool(get_column(access->changed, access->columns.has_members, &is_null))) {
    if (collection->unapplied != nullptr)
      add_members_unapplied(collection, customer_id);
    else
      add_members(collection, customer_id);
  }
  if (collection->scenario.ignore_below > 0) ignore_small_items(collection);
  compute([&] {
    core::collectable(buffers->accounts, collection->open_from, collection->as_of, buffers->collectable);
  });
}

}  // namespace search_assign::pg
