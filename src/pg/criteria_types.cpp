// Criteria: the types whose values may appear, and the one way to refuse.
// Backend zone. Face: include/search_assign/pg/criteria_check.hpp; tests: criteria.sql.
#include "search_assign/pg/criteria_check.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace search_assign::pg {

namespace {

constexpr const char* kGeneralHint =
    "Criteria may use columns of customer_facts, constants, immutable built-in functions and operators, "
    "business_date(), not_since() and the functions of maturity profiles.";

// Types whose reading, printing and comparing is the same in every session, and that give no way
// to tables. timestamptz, timetz (time zone), money (lc_monetary), reg* and oid (catalogs), xml, text
// search (dictionaries) and geometry are missing on purpose.
bool is_plain_type(Oid type) {
  switch (type) {
    case BOOLOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
    case CHAROID:
    case UNKNOWNOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case FLOAT4OID:
    case FLOAT8OID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMEOID:
    case INTERVALOID:
    case JSONOID:
    case JSONBOID:
    case JSONPATHOID:
    case UUIDOID:
    case BYTEAOID:
    case BITOID:
    case VARBITOID:
    case INT4RANGEOID:
    case INT8RANGEOID:
    case NUMRANGEOID:
    case DATERANGEOID:
    case TSRANGEOID:
    case INT4MULTIRANGEOID:
    case INT8MULTIRANGEOID:
    case NUMMULTIRANGEOID:
    case DATEMULTIRANGEOID:
    case TSMULTIRANGEOID:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool in_extension(Oid catalog, Oid object, const CriteriaCheck* check) {
  return OidIsValid(check->extension) && getExtensionOfObject(catalog, object) == check->extension;
}

bool is_criteria_type(Oid type, const CriteriaCheck* check) {
  Oid element = get_element_type(type);
  if (OidIsValid(element)) type = element;
  if (type < FirstNormalObjectId) return is_plain_type(type);
  return get_typtype(type) == TYPTYPE_BASE && in_extension(TypeRelationId, type, check);
}

void refuse_type(const CriteriaCheck* check, Oid type, int location) {
  const char* hint = nullptr;
  const char* detail = psprintf("Type %s is not allowed.", format_type_be(type));
  switch (type) {
    case TIMESTAMPTZOID:
    case TIMETZOID:
    case TSTZRANGEOID:
      detail = psprintf("Type %s depends on the session's time zone.", format_type_be(type));
      hint = kTimeZoneHint;
      break;
    case CASHOID:
      hint = "Use numeric.";
      break;
    default:
      if (type >= FirstNormalObjectId) hint = "Criteria may use built-in types and maturity_profile.";
  }
  refuse(check, location, detail, hint);
}

void refuse(const CriteriaCheck* check, int location, const char* detail, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("construct is not allowed in criteria"),
                  errdetail_internal("%s", detail), errhint("%s", hint != nullptr ? hint : kGeneralHint),
                  parser_errposition(check->pstate, location)));
  pg_unreachable();
}

}  // namespace search_assign::pg
