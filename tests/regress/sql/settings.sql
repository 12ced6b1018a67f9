-- Settings: business_date, time_zone, apply, and what reads them.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
RESET client_min_messages;
SET DateStyle = ISO;

-- Runs a statement and gives its SQLSTATE and texts.
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || regexp_replace(SQLERRM, ': ".*', ''), nullif(detail, ''));
END $$;

-- The module is loaded with its first function
SELECT receivables.business_date() IS NOT NULL AS loaded;
-- As set
SHOW search_assign.business_date;
SHOW search_assign.time_zone;
SHOW search_assign.apply;
SET search_assign.business_date = '2026-06-15';
SELECT receivables.business_date();
SET search_assign.business_date = '2024-02-29';
SELECT receivables.business_date();
SET search_assign.business_date = '0001-01-01';
SELECT receivables.business_date();
SET search_assign.business_date = '9999-12-31';
SELECT receivables.business_date();
-- The session's date style and time zone have no say
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Tokyo';
SET search_assign.business_date = '2026-06-05';
SELECT extract(month FROM receivables.business_date()) AS month, extract(day FROM receivables.business_date()) AS day;
RESET TimeZone;
SET DateStyle = ISO;

-- Bad values leave the former one
SET search_assign.business_date = '2026-06-15';
SELECT v, pg_temp.try(format('SET search_assign.business_date = %L', v)) FROM unnest(ARRAY[
  'today', '15.06.2026', '06/15/2026', '2026-6-15', '2026-02-29', '2026-13-01', '2026-00-10', '2026-06-31', '0000-01-01', 'infinity',
  '2026-06-15 ', ' 2026-06-15', '20260615', '2026-06-15T00:00:00', '+026-06-15', '2026-06- 5', '10000-01-01']) v;
SELECT receivables.business_date();
SELECT v, pg_temp.try(format('SET search_assign.time_zone = %L', v)) FROM unnest(ARRAY['Nowhere/Atlantis', 'Europe/', 'right/UTC']) v;
SELECT pg_temp.try($$SET search_assign.apply = 'later'$$);
SELECT pg_temp.try($$SET search_assign.nonsense = 1$$);

-- Empty: the date of the transaction's start, in search_assign.time_zone or the server's zone, never the session's.
-- The two zones are 25 hours apart, so their dates always differ by one or two days.
SET search_assign.business_date = '';
SET TimeZone = 'Pacific/Pago_Pago';
SET search_assign.time_zone = 'Pacific/Kiritimati';
SELECT receivables.business_date() = (now() AT TIME ZONE 'Pacific/Kiritimati')::date AS kiritimati;
SET TimeZone = 'Pacific/Kiritimati';
SET search_assign.time_zone = 'Pacific/Pago_Pago';
SELECT receivables.business_date() = (now() AT TIME ZONE 'Pacific/Pago_Pago')::date AS pago_pago;
SET search_assign.time_zone = '';
SELECT receivables.business_date() = (now() AT TIME ZONE current_setting('log_timezone'))::date AS server;
RESET TimeZone;
-- It stands still within a transaction, also when read again
BEGIN;
SELECT receivables.business_date() = (now() AT TIME ZONE current_setting('log_timezone'))::date AS start_of_transaction;
COMMIT;

-- Only a superuser sets what maintained results depend on; everybody chooses apply
CREATE ROLE regress_settings;
GRANT SET ON PARAMETER search_assign.business_date TO regress_settings;
REVOKE SET ON PARAMETER search_assign.business_date FROM regress_settings;
SET ROLE regress_settings;
SELECT pg_temp.try($$SET search_assign.business_date = '2026-01-01'$$);
SELECT pg_temp.try($$SET search_assign.time_zone = 'UTC'$$);
SELECT pg_temp.try($$SET search_assign.apply = 'statement'$$);
RESET ROLE;
DROP ROLE regress_settings;
RESET search_assign.apply;

-- not_since: empty or at least so many days ago
SET search_assign.business_date = '2026-06-15';
SELECT d, n, receivables.not_since(d, n) FROM (VALUES
  (NULL::date, 10), ('2026-06-05', 10), ('2026-06-06', 10), ('2026-06-04', 10), ('2026-06-15', 0), ('2026-06-16', 0),
  ('2026-06-16', -1), ('2026-06-15', 1), ('-infinity', 10), ('infinity', 10), ('2026-06-15', NULL), (NULL, NULL),
  ('4713-01-01 BC', 2147483647), ('5874897-12-31', -2147483648)) AS t(d, n);
DROP FUNCTION pg_temp.try(text);
