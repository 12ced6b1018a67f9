// An account as its collection is decided: its part of the ledger with that of the accounts collected through
// it, and its items one by one where the profiles cannot say it. Shared by the decision (collection.cpp) and
// its explanation (explain_agenda_fn.cpp).
#pragma once

#include "search_assign/core/collection.hpp"
#include "search_assign/pg/item_access.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/unapplied.hpp"

namespace search_assign::pg {

// Buffers of the backend, reused from customer to customer.
struct CollectionBuffers {
  core::Collectable collectable;
  std::vector<core::AccountFacets> accounts;
  std::vector<int64> customers;  // of the accounts
  std::vector<std::vector<uint8_t>> ignored;
  std::vector<core::ProfileEntry> entries;
  std::vector<uint8_t> encoded;
};
CollectionBuffers* collection_buffers();

struct Collection {
  PositionAccess* access;  // `changed` holds the account's row
  const ScenarioSet* scenarios;
  core::Date as_of;
  Snapshot snapshot;           // for rows of other tables and other positions
  const Unapplied* unapplied;  // what its members have besides; nullptr: nothing
  CollectionBuffers* buffers;
  core::Scenario scenario;  // a copy: a new leader may change how it is entered
  core::CollectionProgress progress;
  core::Date open_from;
  ItemAccess* items;  // opened when needed
};

// gather_account fills collection->buffers: accounts, customers, what is ignored, and what is collectable.
void gather_account(Collection* collection, int64 customer_id);

// items_of opens the items; finish_items closes them.
ItemAccess* items_of(Collection* collection);
void finish_items(Collection* collection);

// What an open item is for the scenario. An item under a broken promise is held no more.
enum class ItemRole { Credit, Held, Ignored, Collectable };
ItemRole item_role(const Collection* collection, const ItemRow& row);

// is_promised: the item's promise is open.
bool is_promised(const Collection* collection, const ItemRow& row);

// leads: of two collectable items of one due date the first one leads. is_leader: the item leads the account.
bool leads(const ItemRow& a, const ItemRow& b);
bool is_leader(Collection* collection, int64 customer_id, int64 item_id);

}  // namespace search_assign::pg
