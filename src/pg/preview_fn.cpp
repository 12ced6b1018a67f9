// preview_assignment(): what a full run would change, one row a membership. Backend zone.
// SQL face: sql/install/81_preview.sql; tests: tests/regress/sql/preview.sql.
#include "search_assign/pg/boundary.hpp"
#include "search_assign/pg/numeric.hpp"
#include "search_assign/pg/preview.hpp"
#include "search_assign/pg/result_row.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/date.h"
}

namespace search_assign::pg {
namespace {

// Columns of the result in their order.
enum Column {
  kCustomerId,
  kAccountNo,
  kCustomer,
  kCompany,
  kCurrency,
  kTarget,
  kChange,
  kFromName,
  kToName,
  kFromSource,
  kToSource,
  kFromRuleId,
  kToRuleId,
  kFromSearch,
  kToSearch,
  kOutstanding,
  kOverdue,
  kActionChange,
  kFromStep,
  kToStep,
  kFromActionOn,
  kToActionOn,
  kColumns
};

using Row = ResultRow<kColumns>;

void copy_column(Row* row, Column column, TupleTableSlot* slot, AttrNumber attribute) {
  row->values[column] = get_column(slot, attribute, &row->nulls[column]);
}

void put_action(Row* row, const Preview* preview, const PreviewAction& action, Column step_column,
                Column date_column) {
  if (!action.exists) return;
  const PreviewStep* step = find_step(preview->names, action.scenario_id, action.step_no);
  put_text(row, step_column, step != nullptr ? step->label : psprintf("step %d", action.step_no));
  put(row, date_column, DateADTGetDatum(action.action_on));
}

// What every row of a customer shows.
void put_customer(Row* row, Preview* preview) {
  TupleTableSlot* customer = preview->dry->reader.access->customer.slot;
  put(row, kCustomerId, Int64GetDatum(preview->customer_id));
  copy_column(row, kAccountNo, customer, preview->account_no);
  copy_column(row, kCustomer, customer, preview->name);
  copy_column(row, kCompany, customer, preview->company);
  put_text(row, kCurrency, currency_name(preview->currencies, preview->currency));
  put(row, kOutstanding, numeric_from_sum(preview->outstanding));
  put(row, kOverdue, numeric_from_sum(preview->overdue));
  put_text(row, kActionChange, action_change_name(preview->action_change));
  put_action(row, preview, preview->before, kFromStep, kFromActionOn);
  put_action(row, preview, preview->after, kToStep, kToActionOn);
}

void put_membership(Row* row, const Configuration* config, const core::Membership* membership, Column name,
                    Column source, Column rule, Column search) {
  if (membership == nullptr) return;
  const Datum known = target_name(config, membership->target, membership->target_id);
  put(row, name, known != 0 ? known : CStringGetTextDatum(psprintf("number %d", membership->target_id)));
  put_text(row, source, core::source_name(membership->source));
  if (membership->rule_id == 0) return;
  put(row, rule, Int64GetDatum(membership->rule_id));
  const Datum used = rule_search(config, membership->target, membership->rule_id);
  if (used != 0) put(row, search, used);
}

void put_customer_rows(ReturnSetInfo* result, Preview* preview) {
  const std::vector<core::MembershipChange>& changes = preview->dry->reader.buffers->changes;
  const bool action_changes =
      preview->action_change != ActionChange::None && preview->action_change != ActionChange::Kept;
  if (changes.empty() && !action_changes) return;
  const Configuration* config = preview->dry->reader.config;
  Row row;
  clear_row(&row);
  put_customer(&row, preview);
  if (changes.empty()) {
    put_text(&row, kTarget, "next_action");
    put_text(&row, kChange, action_change_name(preview->action_change));
    add_row(result, &row);
    return;
  }
  const Row customer = row;
  for (const core::MembershipChange& change : changes) {
    row = customer;
    put_text(&row, kTarget,
             core::target_kind_name((change.after != nullptr ? change.after : change.before)->target));
    put_text(&row, kChange, change_name(change));
    put_membership(&row, config, change.before, kFromName, kFromSource, kFromRuleId, kFromSearch);
    put_membership(&row, config, change.after, kToName, kToSource, kToRuleId, kToSearch);
    add_row(result, &row);
  }
}

}  // namespace
}  // namespace search_assign::pg

SA_FUNCTION(sa_preview_assignment) {
  using namespace search_assign::pg;
  InitMaterializedSRF(fcinfo, 0);
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  Preview preview;
  open_preview(&preview);
  while (next_preview(&preview)) {
    MemoryContext caller = MemoryContextSwitchTo(preview.dry->reader.customer);
    put_customer_rows(result, &preview);
    MemoryContextSwitchTo(caller);
  }
  close_preview(&preview);
  PG_RETURN_NULL();
}
