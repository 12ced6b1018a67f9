// Histories of items, written by the item triggers: changes of the open amount and qualifications.
#pragma once

#include "search_assign/core/calendar.hpp"
#include "search_assign/pg/ledger_item.hpp"

namespace search_assign::pg {

struct ItemKey {
  int64 customer_id;
  int64 item_id;
};

// What a statement adds to the histories, gathered while its rows are read.
struct HistoryRows;
// open_history gathers in a child of the current memory context.
HistoryRows* open_history();

void add_open_amount_change(HistoryRows* history, const ItemRow& item, core::Date effective_on,
                            core::Amount paid);
void add_qualification(HistoryRows* history, const ItemRow& item);
void add_move(HistoryRows* history, ItemKey from, ItemKey to);
void add_removal(HistoryRows* history, ItemKey key);
// add_redate moves the change that closed an item to a corrected date.
void add_redate(HistoryRows* history, ItemKey key, core::Date effective_on);
// write_history writes what was gathered, once the former history is not needed any more, and forgets it.
void write_history(HistoryRows* history);
// may_write_early: before the end of the statement, too; is_large: then it is time to.
bool may_write_early(const HistoryRows* history);
bool is_large(const HistoryRows* history);

// allocations_follow: the extension itself is just moving or removing allocations with their item.
bool allocations_follow() noexcept;
void abort_allocations_follow(int level) noexcept;

// allocations_exist is false where no allocation was ever stored: then the history alone dates parts.
bool allocations_exist();

}  // namespace search_assign::pg
