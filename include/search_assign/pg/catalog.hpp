// Where the extension's relations are, found by name. Columns are looked up by name, never by fixed number.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "utils/rel.h"
}

namespace search_assign::pg {

inline constexpr const char* kSchema = "receivables";

// relation_oid returns the OID of receivables.<name>; raises 42P01 where it is gone.
Oid relation_oid(const char* name);

// owner_oid is the owner of the schema, as whom maintenance runs.
Oid owner_oid();

// column_number finds a column by name; raises XX000 where it is missing.
AttrNumber column_number(TupleDesc descriptor, const char* name);

// Maintenance runs SQL with the rights of the extension's owner, in a restricted security context,
// with a pinned search_path. begin raises nothing that end would have to undo: an error in between
// is undone by the (sub)transaction's abort.
struct MaintenanceScope {
  Oid user;
  int security_context;
  int guc_level;
  bool read_only;  // of the transaction: SET TRANSACTION READ ONLY after a write must not stop what follows
                   // from the write
};
MaintenanceScope begin_maintenance();
void end_maintenance(const MaintenanceScope& scope);
// in_maintenance: statements run now are the extension's own.
bool in_maintenance() noexcept;
// abort_maintenance ends scopes that began inside the aborted (sub)transaction level.
void abort_maintenance(int level) noexcept;

}  // namespace search_assign::pg
