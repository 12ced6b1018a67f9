// Customer facts compiled from the view customer_facts. Backend zone.
// SQL face: sql/install/40_facts.sql; tests: tests/regress/sql/facts.sql.
#include "search_assign/pg/facts.hpp"

#include "search_assign/pg/catalog.hpp"
#include "search_assign/pg/profile_index.hpp"
#include "search_assign/pg/tree.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace search_assign::pg {
namespace {

struct Sources {
  Index customer;  // range table indexes inside the view's query
  Index position;
  Oid business_date;
};

Sources find_sources(Query* view) {
  Sources sources{0, 0, InvalidOid};
  const Oid customer = relation_oid("customer");
  const Oid position = relation_oid("current_position");
  Index index = 0;
  ListCell* cell = nullptr;
  foreach (cell, view->rtable) {
    auto* entry = static_cast<RangeTblEntry*>(lfirst(cell));
    ++index;
    if (entry->rtekind != RTE_RELATION) continue;
    if (entry->relid == customer) sources.customer = index;
    if (entry->relid == position) sources.position = index;
  }
  if (sources.customer == 0 || sources.position == 0)
    elog(ERROR, "view customer_facts does not read customer and current_position");
  List* name = list_make2(makeString(pstrdup(kSchema)), makeString(pstrdup("business_date")));
  sources.business_date = LookupFuncName(name, 0, nullptr, false);
  return sources;
}

struct Walk {
  const Sources* sources;
  bool reads_customer;
  bool reads_time;
};

// Points the Vars at the two slots and notes what the expression reads. The profile functions without
// an as_of argument depend on the day as business_date() itself does: both are STABLE.
bool bind_sources(Node* node, void* walk_pointer) {
  auto* walk = static_cast<Walk*>(walk_pointer);
  if (node == nullptr) return false;
  if (IsA(node, Var)) {
    auto* var = reinterpret_cast<Var*>(node);
    if (var->varno == static_cast<int>(walk->sources->customer)) {
      var->varno = INNER_VAR;
      walk->reads_customer = true;
    } else if (var->varno == static_cast<int>(walk->sources->position)) {
      var->varno = OUTER_VAR;
    } else {
      elog(ERROR, "view customer_facts reads a relation other than customer and current_position");
    }
    return false;
  }
  if (IsA(node, FuncExpr) &&
      func_volatile(reinterpret_cast<FuncExpr*>(node)->funcid) != PROVOLATILE_IMMUTABLE)
    walk->reads_time = true;
  return expression_tree_walker(node, tree_walker(bind_sources), walk_pointer);
}

// The view casts money to numeric(28,4) for its readers. Every amount has at most four decimals by
// construction, so the cast changes nothing and is left out where facts are computed.
Node* drop_money_casts(Node* node, void* context) {
  if (node == nullptr) return nullptr;
  if (IsA(node, FuncExpr)) {
    auto* call = reinterpret_cast<FuncExpr*>(node);
    if (call->funcid == F_NUMERIC_NUMERIC_INT4) {
      auto* modifier = static_cast<Node*>(lsecond(call->args));
      if (IsA(modifier, Const) && DatumGetInt32(reinterpret_cast<Const*>(modifier)->constvalue) ==
                                      ((28 << 16) | 4) + static_cast<int>(VARHDRSZ))
        return drop_money_casts(static_cast<Node*>(linitial(call->args)), context);
    }
  }
  return expression_tree_mutator(node, tree_mutator(drop_money_casts), context);
}

}  // namespace

Facts* compile_facts(Bitmapset* columns) {
  Relation view = table_open(relation_oid("customer_facts"), AccessShareLock);
  auto* facts = static_cast<Facts*>(palloc0(sizeof(Facts)));
  facts->descriptor = CreateTupleDescCopy(RelationGetDescr(view));
  facts->states = static_cast<ExprState**>(palloc0(sizeof(ExprState*) * facts->descriptor->natts));
  facts->context = CreateStandaloneExprContext();
  facts->slot = MakeSingleTupleTableSlot(facts->descriptor, &TTSOpsVirtual);

  Query* query = get_view_query(view);
  const Sources sources = find_sources(query);
  const Oid profile_type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("maturity_profile"),
                                           ObjectIdGetDatum(RelationGetNamespace(view)));
  ListCell* cell = nullptr;
  foreach (cell, query->targetList) {
    auto* target = static_cast<TargetEntry*>(lfirst(cell));
    if (target->resjunk || !bms_is_member(target->resno, columns)) continue;
    auto* expression =
        reinterpret_cast<Expr*>(drop_money_casts(static_cast<Node*>(copyObjectImpl(target->expr)), nullptr));
    expression = expression_planner(expression);
    Walk walk{&sources, false, false};
    bind_sources(reinterpret_cast<Node*>(expression), &walk);
    if (walk.reads_customer) facts->customer_columns = bms_add_member(facts->customer_columns, target->resno);
    if (exprType(reinterpret_cast<Node*>(expression)) == profile_type)
      facts->profile_columns = bms_add_member(facts->profile_columns, target->resno);
    if (walk.reads_time) facts->time_columns = bms_add_member(facts->time_columns, target->resno);
    facts->states[target->resno - 1] = ExecInitExpr(expression, nullptr);
  }
  table_close(view, AccessShareLock);
  return facts;
}

void evaluate_facts(Facts* facts, const Bitmapset* columns, TupleTableSlot* customer,
                    TupleTableSlot* position) {
  facts->context->ecxt_innertuple = customer;
  facts->context->ecxt_outertuple = position;
  TupleTableSlot* slot = facts->slot;
  for (int column = bms_next_member(columns, -1); column >= 0; column = bms_next_member(columns, column)) {
    const int index = column - 1;
    slot->tts_values[index] =
        ExecEvalExprSwitchContext(facts->states[index], facts->context, &slot->tts_isnull[index]);
    if (bms_is_member(column, facts->profile_columns) && !slot->tts_isnull[index]) {
      MemoryContext caller = MemoryContextSwitchTo(facts->context->ecxt_per_tuple_memory);
      slot->tts_values[index] = index_profile(slot->tts_values[index]);
      MemoryContextSwitchTo(caller);
    }
  }
  if (TTS_EMPTY(slot)) ExecStoreVirtualTuple(slot);
}

void check_may_read_facts() {
  const AclResult result = pg_class_aclcheck(relation_oid("customer_facts"), GetUserId(), ACL_SELECT);
  if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_VIEW, "customer_facts");
}

}  // namespace search_assign::pg
