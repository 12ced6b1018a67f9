// What the ledger says of each customer, recomputed from its rows: pass by pass, customers ascending.
//
// The ledger is read in the order it lies; what it says is gathered in memory, customers from the smallest
// id up to where maintenance_work_mem ends; further customers take a further pass.
#pragma once

#include "search_assign/core/item_payment.hpp"
#include "search_assign/core/ledger_delta.hpp"
#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "utils/snapshot.h"
}

namespace search_assign::pg {

struct LedgerPass {
  std::vector<core::Delta> deltas;
  std::vector<core::DatedAmount> changes;
  std::vector<core::DatedAmount> allocations;
  std::vector<core::DatedAmount> parts;
  core::PositionBuffers expected;
  core::PositionBuffers stored;
  size_t limit = 0;  // deltas that fit into memory
  int64 first = 0;   // customers of the pass
  int64 last = 0;    // shrinks while the pass is gathered
};

// first_pass begins one, freed with the current memory context; next_pass goes on to the customers it left;
// false where it left none.
LedgerPass* first_pass();
bool next_pass(LedgerPass* pass);

// gather_ledger reads what the snapshot sees of the ledger, and with that says which customers are the
// pass's.
void gather_ledger(LedgerPass* pass, Snapshot snapshot);
bool wants(const LedgerPass* pass, int64 customer_id);

// expect_customer puts what the ledger says of the customer into pass->expected, all facets of it.
void expect_customer(LedgerPass* pass, int64 customer_id);

}  // namespace search_assign::pg
