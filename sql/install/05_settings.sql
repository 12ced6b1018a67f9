-- Settings: the business date, which everything that depends on the day refers to.
-- The settings search_assign.* themselves are defined in src/pg/settings.cpp.

CREATE FUNCTION receivables.business_date() RETURNS date
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_business_date';
COMMENT ON FUNCTION receivables.business_date() IS
  'The business date: setting search_assign.business_date or, where empty, the date of the transaction''s start in search_assign.time_zone.';

-- Not STRICT: an empty date means "never", and that is not since.
CREATE FUNCTION receivables.not_since(date date, days integer) RETURNS boolean
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_not_since';
COMMENT ON FUNCTION receivables.not_since(date, integer) IS
  'True when the date is empty or lies at least that many days before the business date; NULL days give NULL.';

-- Settings as numbers: they can be read before the library is loaded otherwise.
CREATE FUNCTION receivables.lock_wait() RETURNS integer
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_lock_wait';
COMMENT ON FUNCTION receivables.lock_wait() IS
  'search_assign.lock_wait in milliseconds, as far as lock_timeout and deadlock_timeout let it.';
CREATE FUNCTION receivables.membership_log_retention() RETURNS integer
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_membership_log_retention';
COMMENT ON FUNCTION receivables.membership_log_retention() IS
  'search_assign.membership_log_retention: months for which the log of memberships is kept, 0 = for ever.';
