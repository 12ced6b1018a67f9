// Numbers of a table's columns, looked up once.
#pragma once

#include "search_assign/pg/prelude.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace search_assign::pg {

// kept_columns gives what `find` finds in the relation's descriptor. It is kept for the backend's life: a
// rebuilt relcache entry has another descriptor.
template <auto find>
const auto& kept_columns(Relation relation) {
  static decltype(find(nullptr)) columns;
  static Oid found_in = InvalidOid;
  static TupleDesc found_with = nullptr;
  if (found_in != RelationGetRelid(relation) || found_with != RelationGetDescr(relation)) {
    columns = find(RelationGetDescr(relation));
    found_in = RelationGetRelid(relation);
    found_with = RelationGetDescr(relation);
  }
  return columns;
}

}  // namespace search_assign::pg
