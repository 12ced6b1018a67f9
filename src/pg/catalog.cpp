// Where the extension's relations are, and as whom it works on them. Backend zone.
#include "search_assign/pg/catalog.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace search_assign::pg {
namespace {
// Open maintenance scopes by the transaction nest level at which each began.
constexpr int kMaxScopes = 32;
int scope_levels[kMaxScopes];
int scope_count = 0;
}  // namespace

Oid relation_oid(const char* name) {
  const Oid schema = get_namespace_oid(kSchema, false);
  const Oid relation = get_relname_relid(name, schema);
  if (!OidIsValid(relation))
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"%s.%s\" does not exist", kSchema, name),
             errhint("The extension search_assign was removed or damaged.")));
  return relation;
}

Oid owner_oid() {
  const Oid schema = get_namespace_oid(kSchema, false);
  HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for namespace %u", schema);
  const Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
  ReleaseSysCache(tuple);
  return owner;
}

AttrNumber column_number(TupleDesc descriptor, const char* name) {
  for (int i = 0; i < descriptor->natts; ++i) {
    Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
    if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0) return attribute->attnum;
  }
  elog(ERROR, "column \"%s\" is missing", name);
  return 0;
}

MaintenanceScope begin_maintenance() {
  MaintenanceScope scope;
  const Oid owner = owner_oid();
  if (scope_count == kMaxScopes) elog(ERROR, "maintenance is nested too deeply");
  GetUserIdAndSecContext(&scope.user, &scope.security_context);
  SetUserIdAndSecContext(
      owner, scope.security_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  scope.guc_level = NewGUCNestLevel();
  scope.read_only = XactReadOnly;
  XactReadOnly = false;
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                    0, false);
  scope_levels[scope_count++] = GetCurrentTransactionNestLevel();
  return scope;
}

void end_maintenance(const MaintenanceScope& scope) {
  --scope_count;
  XactReadOnly = scope.read_only;
  AtEOXact_GUC(false, scope.guc_level);
  SetUserIdAndSecContext(scope.user, scope.security_context);
}

bool in_maintenance() noexcept { return scope_count > 0; }

void abort_maintenance(int level) noexcept {
  while (scope_count > 0 && scope_levels[scope_count - 1] >= level) --scope_count;
}

}  // namespace search_assign::pg
