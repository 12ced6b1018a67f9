-- Stands in for 25_calendar.sql until that is there: no tolerance, no calendar.
CREATE FUNCTION receivables.promise_deadline(promised_on date) RETURNS date
  LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$ SELECT $1 $$;
COMMENT ON FUNCTION receivables.promise_deadline(date) IS 'Last day on which a promise for the date can be kept.';
