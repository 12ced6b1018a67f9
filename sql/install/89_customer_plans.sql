-- Functions that name a customer first read that customer's rows, by key. Their plans are kept by the session, and one made
-- while a table was empty would read all of it for as long as nobody analyzes it: within a long transaction ever slower.
DO $$
DECLARE
  function regprocedure;
BEGIN
  FOR function IN
    SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = 'receivables'::pg_catalog.regnamespace AND l.lanname IN ('plpgsql', 'sql') AND p.proconfig IS NOT NULL
      AND p.proargnames[1] = 'customer_id' AND p.pronargdefaults < p.pronargs
  LOOP
    EXECUTE pg_catalog.format('ALTER FUNCTION %s SET enable_seqscan = off', function);
    -- A scan that has no index to use costs 10^10 now: worth compiling, the server would think.
    EXECUTE pg_catalog.format('ALTER FUNCTION %s SET jit = off', function);
  END LOOP;
END $$;
