// Boundary between PostgreSQL errors and C++ exceptions: the one place that maps the
// core's error kinds to SQLSTATEs and raises them. Backend zone.
#include "search_assign/pg/boundary.hpp"

namespace search_assign::pg {

int sqlstate_of(core::ErrorKind kind) noexcept {
  switch (kind) {
    case core::ErrorKind::TextUnreadable:
      return ERRCODE_INVALID_TEXT_REPRESENTATION;
    case core::ErrorKind::BinaryUnreadable:
      return ERRCODE_INVALID_BINARY_REPRESENTATION;
    case core::ErrorKind::ArgumentInvalid:
      return ERRCODE_INVALID_PARAMETER_VALUE;
    case core::ErrorKind::NullNotAllowed:
      return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case core::ErrorKind::AmountOutOfRange:
      return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case core::ErrorKind::DateOutOfRange:
      return ERRCODE_DATETIME_FIELD_OVERFLOW;
    case core::ErrorKind::LimitExceeded:
      return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case core::ErrorKind::DataCorrupted:
      return ERRCODE_DATA_CORRUPTED;
  }
  return ERRCODE_INTERNAL_ERROR;
}

void remember_error(Pending& pending, int sqlstate, const char* message) noexcept {
  pending.set = true;
  pending.sqlstate = sqlstate;
  strlcpy(pending.message, message, sizeof pending.message);
  pending.detail[0] = '\0';
  pending.hint[0] = '\0';
}

void remember_core_error(Pending& pending, const core::Error& error) noexcept {
  remember_error(pending, sqlstate_of(error.kind()), error.what());
  strlcpy(pending.detail, error.detail().c_str(), sizeof pending.detail);
  strlcpy(pending.hint, error.hint().c_str(), sizeof pending.hint);
}

void raise_pending(const Pending& pending) {
  ereport(ERROR, (errcode(pending.sqlstate), errmsg_internal("%s", pending.message),
                  pending.detail[0] != '\0' ? errdetail_internal("%s", pending.detail) : 0,
                  pending.hint[0] != '\0' ? errhint("%s", pending.hint) : 0));
  pg_unreachable();
}

}  // namespace search_assign::pg
