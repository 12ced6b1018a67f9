// SQL faces of the collectable part of an account, and what functions on actions need. Backend zone.
// SQL face: sql/install/69_collection.sql; tests: tests/regress/sql/agenda.sql.
#include "search_assign/core/collection.hpp"
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/change_set.hpp"
#include "search_assign/pg/customer_check.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/position.hpp"
#include "search_assign/pg/scenario.hpp"
#include "search_assign/pg/settings.hpp"
#include "search_assign/pg/transition.hpp"

extern "C" {
#include "commands/trigger.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

// receivables, promises, held, ignored: the arguments of all three functions. False where one that has to be
// there is NULL.
bool read_account(FunctionCallInfo fcinfo, core::AccountFacets* facets) {
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2)) return false;
  facets->receivables = bytes_of(PG_GETARG_DATUM(0));
  facets->promises = bytes_of(PG_GETARG_DATUM(1));
  facets->held = bytes_of(PG_GETARG_DATUM(2));
  if (!PG_ARGISNULL(3)) facets->ignored = bytes_of(PG_GETARG_DATUM(3));
  return true;
}

// What was asked last: a row of the agenda asks for items, amount and leader of one account.
struct LastAsked {
  core::Date open_from;
  std::vector<uint8_t> account;  // the four arguments
  size_t ends[4];
  bool known;
  core::Collectable collectable;
};

bool is_same(const LastAsked& last, const core::Bytes (&parts)[4], core::Date open_from) {
  if (!last.known || last.open_from != open_from) return false;
  size_t begin = 0;
  for (size_t i = 0; i < 4; begin = last.ends[i++])
    if (parts[i].size() != last.ends[i] - begin ||
        !std::equal(parts[i].begin(), parts[i].end(), last.account.begin() + static_cast<ptrdiff_t>(begin)))
      return false;
  return true;
}

void remember(LastAsked& last, const core::Bytes (&parts)[4], core::Date open_from) {
  last.open_from = open_from;
  last.account.clear();
  for (size_t i = 0; i < 4; ++i) {
    last.account.insert(last.account.end(), parts[i].begin(), parts[i].end());
    last.ends[i] = last.account.size();
  }
  last.known = true;
}

const core::Collectable* collectable_of(FunctionCallInfo fcinfo) {
  core::AccountFacets facets;
  if (!read_account(fcinfo, &facets)) return nullptr;
  static LastAsked* last = nullptr;
  const core::Date open_from = open_promises_from(scenarios(), business_date());
  compute([&] {
    if (last == nullptr) last = new LastAsked{};
    const core::Bytes parts[4] = {facets.receivables, facets.promises, facets.held, facets.ignored};
    if (is_same(*last, parts, open_from)) return;
    last->known = false;
    core::find_collectable({&facets, 1}, open_from, last->collectable);
    remember(*last, parts, open_from);
  });
  return &last->collectable;
}

}  // namespace
}  // namespace search_assign::pg

namespace core = search_assign::core;

SA_FUNCTION(sa_collectable_amount) {
  using namespace search_assign::pg;
  const core::Collectable* collectable = collectable_of(fcinfo);
  if (collectable == nullptr || PG_ARGISNULL(4) || PG_ARGISNULL(5)) PG_RETURN_NULL();
  const core::Amount amount = core::collectable_amount(*collectable, PG_GETARG_DATEADT(4), PG_GETARG_BOOL(5));
  PG_RETURN_DATUM(numeric_from_sum(amount));
}

SA_FUNCTION(sa_collectable_items) {
  using namespace search_assign::pg;
  const core::Collectable* collectable = collectable_of(fcinfo);
  if (collectable == nullptr || PG_ARGISNULL(4) || PG_ARGISNULL(5)) PG_RETURN_NULL();
  core::Date day = PG_GETARG_DATEADT(4);
  if (PG_GETARG_BOOL(5) && collectable->has_leader) day = std::max(day, collectable->leader_due_date);
  int64 items = 0;
  for (const core::ProfileEntry& entry : collectable->debits)
    if (entry.date <= day) items += entry.debit_items;
  PG_RETURN_INT64(items);
}

SA_FUNCTION(sa_leader_due_date) {
  using namespace search_assign::pg;
  const core::Collectable* collectable = collectable_of(fcinfo);
  if (collectable == nullptr || !collectable->has_leader) PG_RETURN_NULL();
  PG_RETURN_DATEADT(collectable->leader_due_date);
}

SA_FUNCTION(sa_open_promises_from) {
  using namespace search_assign::pg;
  PG_RETURN_DATEADT(open_promises_from(scenarios(), PG_GETARG_DATEADT(0)));
}

SA_FUNCTION(sa_apply_changes) {
  using namespace search_assign::pg;
  // What is queued for the customer is taken in with it.
  if (!PG_ARGISNULL(0)) change_set_touch(PG_GETARG_INT64(0), core::kTouchProgress);
  change_set_apply_at_once();
  PG_RETURN_VOID();
}

// Statement trigger of action_log.
SA_FUNCTION(sa_action_logged) {
  using namespace search_assign::pg;
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("function \"%s\" was not called as a trigger", "action_logged")));
  auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  require_own_table(trigger, "action_logged", "action_log");
  if (in_restore()) PG_RETURN_POINTER(nullptr);
  const AttrNumber customer_id = column_number(RelationGetDescr(trigger->tg_relation), "customer_id");
  CustomerIds customers;
  init_customer_ids(&customers);
  TransitionRows rows = open_transition(trigger->tg_newtable, trigger->tg_relation);
  while (next_row(&rows)) {
    bool is_null = false;
    add_customer_id(&customers, DatumGetInt64(slot_getattr(rows.slot, customer_id, &is_null)));
  }
  close_transition(&rows);
  sort_customer_ids(&customers);
  for (size_t i = 0; i < customers.count; ++i) change_set_touch(customers.ids[i], core::kTouchProgress);
  PG_RETURN_POINTER(nullptr);
}
