-- Type maturity_profile: input and output, operators, aggregates, functions, errors.
SET search_path = pg_temp;
SET DateStyle = ISO;

-- message_of runs a statement that must fail and gives its SQLSTATE and texts.
CREATE FUNCTION pg_temp.message_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- Text
SELECT '{}'::receivables.maturity_profile AS empty,
       ' { 2026-02-01 : 1 : 0 : 1 : 0 , 2026-01-31:1500:-20.5:3:1 } '::receivables.maturity_profile AS sorted,
       '{2026-01-31:1:0:1:0,2026-01-31:-1:0:-1:0}'::receivables.maturity_profile AS vanished;
SELECT pg_temp.message_of(format('SELECT %L::receivables.maturity_profile', t))
  FROM unnest(ARRAY['', '{', '{2026-02-30:1:0:1:0}', '{2026-01-31:1.00001:0:1:0}', '{2026-01-31:1:0:x:0}', '{} {}']) WITH ORDINALITY AS u(t, n)
  ORDER BY n;

-- Binary (what recv takes and refuses is tested through libpq)
SELECT receivables.maturity_profile_send('{}') AS empty,
       receivables.maturity_profile_send('{2000-01-01:1.0000:0:1:0,2000-01-02:0.0001:-2.0000:2:1}') AS two;
CREATE TEMP TABLE profile (id int, p receivables.maturity_profile);
INSERT INTO profile VALUES
  (1, '{}'), (2, NULL), (3, '{2026-05-01:3:0:1:0,2026-06-01:1500:-20.5:2:1,2026-06-20:7:0:1:0,2026-07-01:0.0001:-1:1:2}'),
  (4, '{-4713-11-24:-1:1:-1:5000000000,5874897-12-31:17014118346046923173168730371588410.5727:0:1:0}');
SELECT id, p FROM profile ORDER BY id;

-- Operators
SELECT a OPERATOR(receivables.+) b AS sum, a OPERATOR(receivables.-) b AS difference,
       (a OPERATOR(receivables.-) b) OPERATOR(receivables.+) b OPERATOR(receivables.=) a AS inverse,
       a OPERATOR(receivables.-) a AS nothing, a OPERATOR(receivables.<>) b AS differ
  FROM (SELECT '{2026-01-01:1:0:1:0,2026-01-03:2:0:1:0}'::receivables.maturity_profile AS a,
               '{2026-01-02:0:-5:0:1,2026-01-03:2:0:1:0}'::receivables.maturity_profile AS b) v;
SELECT DISTINCT x FROM (VALUES ('{2026-01-01:1:0:1:0}'::receivables.maturity_profile), ('{2026-01-01:1.0:0:1:0}')) v(x);
SELECT x, count(*) FROM (VALUES ('{2026-01-01:1:0:1:0}'::receivables.maturity_profile), ('{2026-01-01:1.0:0:1:0}'), (NULL), ('{}')) v(x)
  GROUP BY x ORDER BY x::text;
SELECT receivables.maturity_profile_hash('{}') = receivables.maturity_profile_hash('{2026-01-01:0:0:0:0}') AS same_hash,
       (receivables.maturity_profile_hash_extended('{}', 0) - receivables.maturity_profile_hash('{}')) & 4294967295 = 0 AS seed_0_agrees,
       receivables.maturity_profile_hash_extended('{}', 1) <> receivables.maturity_profile_hash_extended('{}', 2) AS seeds_differ;
SELECT pg_temp.message_of($$SELECT p OPERATOR(receivables.+) '{5874897-12-31:1:0:1:0}' FROM profile WHERE id = 4$$);

-- Functions: each with as_of and, the business date being set, without.
SET search_assign.business_date = '2026-06-20';
SELECT receivables.total(p), receivables.credits(p), receivables.oldest_due(p), receivables.item_count(p) FROM profile ORDER BY id;
SELECT receivables.overdue(p, 0, '2026-06-20') AS overdue, receivables.overdue(p, 18, '2026-06-20') AS over_18,
       receivables.overdue(p, 19, '2026-06-20') AS over_19, receivables.not_due(p, '2026-06-20') AS not_due,
       receivables.due_within(p, 0, '2026-06-20') AS today, receivables.due_within(p, 11, '2026-06-20') AS within_11,
       receivables.overdue_item_count(p, '2026-06-20') AS items, receivables.days_overdue(p, '2026-06-20') AS days
  FROM profile WHERE id IN (1, 3) ORDER BY id;
SELECT receivables.overdue_between(p, 1, 19, '2026-06-20') AS to_19, receivables.overdue_between(p, 1, 18, '2026-06-20') AS to_18,
       receivables.overdue_between(p, 19, 19, '2026-06-20') AS only_19, receivables.overdue_between(p, 20, 2147483647, '2026-06-20') AS from_20,
       receivables.overdue_between(p, 1, 19) AS on_the_business_date
  FROM profile WHERE id IN (1, 3) ORDER BY id;
SELECT count(*) AS ranges, bool_and(receivables.overdue_between(p, f, t, d) = receivables.overdue(p, f - 1, d) - receivables.overdue(p, t, d)) AS agree
  FROM profile, generate_series(1, 60, 3) f, generate_series(f, 80, 7) t, unnest(ARRAY[date '2026-06-20', '2026-07-01', '2026-09-01']) d;
SELECT receivables.overdue(p) AS overdue, receivables.overdue(p, 18) AS over_18, receivables.overdue(p, days => 19) AS over_19,
       receivables.not_due(p) AS not_due, receivables.due_within(p, 0) AS today, receivables.due_within(p, 11) AS within_11,
       receivables.overdue_item_count(p) AS items, receivables.days_overdue(p) AS days
  FROM profile WHERE id IN (1, 3) ORDER BY id;
SELECT receivables.days_overdue(p, '2026-05-01') AS due_today, receivables.days_overdue(p, '2026-05-02') AS a_day_late,
       receivables.days_overdue(p, '2020-01-01') AS long_before, receivables.days_overdue('{2020-01-01:0:-1:0:1}', '2026-01-01') AS no_debit
  FROM profile WHERE id = 3;
SELECT id, u.* FROM profile, receivables.unnest(p) u WHERE id < 4 ORDER BY id, due_date;
SELECT (receivables.unnest(p)).debit FROM profile WHERE id = 3;
SELECT scale(receivables.total('{}')) AS scale_of_zero, receivables.total('{}') = 0 AS zero,
       receivables.total('{2026-01-01:10000:0:1:0}') AS round_amount, receivables.total('{2026-01-01:0.0001:0:1:0}') AS smallest;
SELECT proname, provolatile, count(*) FROM pg_proc WHERE pronamespace = 'receivables'::regnamespace
   AND proname IN ('overdue', 'overdue_between', 'not_due', 'due_within', 'overdue_item_count', 'days_overdue', 'total')
  GROUP BY proname, provolatile ORDER BY proname, provolatile;

-- Aggregates
SELECT receivables.maturity_profile(d, a) FROM (VALUES
    (date '2026-06-01', 1500.00), ('2026-06-01', -20.5), ('2026-05-01', 3), (NULL, 0), (NULL, NULL), ('2026-07-01', 0.0001),
    ('infinity', 0.0000), ('2026-06-01', 1.000000)) v(d, a);
SELECT receivables.maturity_profile(d, a) AS nothing, receivables.sum(NULL::receivables.maturity_profile) AS no_profile
  FROM (SELECT date '2026-01-01', 1.0 WHERE false) v(d, a);
SELECT receivables.maturity_profile(d, 900000000000000) FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d);
SELECT receivables.sum(p) FROM profile WHERE id < 4;
SELECT id, receivables.sum(p) OVER (ORDER BY id) FROM profile WHERE id < 4 ORDER BY id;
SELECT receivables.maturity_profile_accum('{}', '2026-01-01', 5) AS outside, receivables.maturity_profile_accum('{}', NULL, 0) AS skipped,
       receivables.maturity_profile_accum(NULL, '2026-01-01', 5) AS null_state,
       receivables.maturity_profile_merge('{2026-01-01:5:0:1:0}', '{2026-01-01:5:0:1:0}') AS merged;
SELECT pg_temp.message_of(format('SELECT receivables.maturity_profile(%s::date, %s::numeric)', d, a))
  FROM (VALUES (1, 'NULL', '1'), (2, quote_literal('infinity'), '1'), (3, quote_literal('-infinity'), '1'), (4, quote_literal('2026-01-01'), '1.23456'),
               (5, quote_literal('2026-01-01'), '900000000000000.0001'), (6, quote_literal('2026-01-01'), '-1e30'),
               (7, quote_literal('2026-01-01'), quote_literal('NaN')), (8, quote_literal('2026-01-01'), quote_literal('infinity'))) v(n, d, a)
  ORDER BY n;
SELECT pg_temp.message_of(s) FROM unnest(ARRAY[
    $$SELECT receivables.overdue('{}', -1)$$, $$SELECT receivables.overdue('{}', -1, '2026-01-01')$$, $$SELECT receivables.due_within('{}', -1)$$,
    $$SELECT receivables.overdue_between('{}', 0, 1)$$, $$SELECT receivables.overdue_between('{}', 3, 2, '2026-01-01')$$,
    $$SELECT receivables.overdue_between('{}', 1, 2, '-infinity')$$, $$SELECT receivables.overdue('{}', 1, 'infinity')$$, $$SELECT receivables.not_due('{}', '-infinity')$$,
    $$SELECT receivables.item_count('{2026-01-01:0:0:9223372036854775807:1}')$$]) WITH ORDINALITY AS u(s, n) ORDER BY n;

-- numeric in all its forms: short, long (scale above 63), stored short, toasted.
CREATE TEMP TABLE amount (a numeric);
INSERT INTO amount VALUES (0.0001), (-0.0001), (1), (10000), (-123456789.1234), (899999999999999.9999), (20000.0000), (0.5),
  (1.000000000000000000000000000000000000000000000000000000000000000000000000), ('-0.0500'), (100000000000000);
SELECT count(*) AS amounts, count(*) FILTER (WHERE receivables.total(receivables.maturity_profile_accum('{}', '2026-01-01', a)) = a) AS exact FROM amount;
SELECT bool_and(receivables.total(receivables.maturity_profile_accum('{}', '2026-01-01', x)) = x) AS exact
  FROM generate_series(-500, 500) i, LATERAL (SELECT i * 1234567.8911 * (i % 7) * 10::numeric ^ (i % 5)) n(y), LATERAL (SELECT round(y, 4)) r(x);

-- Parallel plans give the same, and many groups and many dates survive the growth of the states.
CREATE TABLE public.maturity_item AS
  SELECT i AS id, i % 50 AS customer, date '2026-01-01' + (i * 7919) % 3000 AS due_date, ((i * 31) % 2000 - 1000)::numeric / 100 AS amount
    FROM generate_series(1, 20000) i;
ANALYZE public.maturity_item;
SET max_parallel_workers_per_gather = 0;
SELECT receivables.maturity_profile(due_date, amount) AS serial FROM public.maturity_item \gset
SELECT receivables.total(:'serial') = sum(amount) AS total_agrees, receivables.item_count(:'serial') = count(*) FILTER (WHERE amount <> 0) AS items_agree
  FROM public.maturity_item;
SELECT bool_and(debit = d AND credit = c AND debit_items = dn AND credit_items = cn) AS agrees, count(*) AS dates
  FROM receivables.unnest(:'serial') FULL JOIN (
    SELECT due_date, coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS d, coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS c,
           count(*) FILTER (WHERE amount > 0) AS dn, count(*) FILTER (WHERE amount < 0) AS cn
      FROM public.maturity_item WHERE amount <> 0 GROUP BY due_date) s USING (due_date);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT receivables.maturity_profile(due_date, amount) FROM public.maturity_item;
SELECT receivables.maturity_profile(due_date, amount) OPERATOR(receivables.=) :'serial' AS same FROM public.maturity_item;
CREATE TABLE public.maturity_customer AS
  SELECT customer, receivables.maturity_profile(due_date, amount) AS p FROM public.maturity_item GROUP BY customer;
ANALYZE public.maturity_customer;
EXPLAIN (COSTS OFF) SELECT receivables.sum(p) FROM public.maturity_customer;
SELECT receivables.sum(p) OPERATOR(receivables.=) :'serial' AS same FROM public.maturity_customer;
SELECT receivables.sum(p) IS NULL AS nothing FROM public.maturity_customer WHERE customer < 0;
SELECT receivables.maturity_profile(due_date, amount) AS nothing FROM public.maturity_item WHERE customer < 0;
DROP TABLE public.maturity_item, public.maturity_customer;
