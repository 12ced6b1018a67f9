\set ECHO none
-- The beginning of most regress files: the extension made anew on a fixed day, and pg_temp.try, which runs a statement
-- and tells what came of it. "Failing row contains" is left out: rows have times in them.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15'; -- a Monday
SET search_path = receivables, public;

CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, CASE WHEN detail NOT LIKE 'Failing row%' THEN nullif(detail, '') END, nullif(hint, ''));
END $$;
\set ECHO all
