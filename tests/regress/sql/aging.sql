-- Type aging_schedule, aging() of profiles, aging_amounts() of item rows.
SET search_path = pg_temp;
SET DateStyle = ISO;

CREATE FUNCTION pg_temp.message_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- Schedules
SELECT '30,60,90'::receivables.aging_schedule AS usual, ' +1 , 2147483646 '::receivables.aging_schedule AS extreme,
       receivables.aging_schedule_send('30,60,365') AS bytes;
SELECT pg_temp.message_of(format('SELECT %L::receivables.aging_schedule', t))
  FROM unnest(ARRAY['', '30,', 'x', '3.5', '0', '-30', '30,30', '60,30', '2147483647', '99999999999999999999',
                    (SELECT string_agg(i::text, ',') FROM generate_series(1, 101) i)]) WITH ORDINALITY AS u(t, n) ORDER BY n;
SELECT length((SELECT string_agg(i::text, ',') FROM generate_series(1, 100) i)::receivables.aging_schedule::text) AS hundred_bounds;
SELECT a OPERATOR(receivables.=) b AS equal, a OPERATOR(receivables.<>) b AS differ,
       receivables.aging_schedule_hash(a) = receivables.aging_schedule_hash(b) AS same_hash,
       receivables.aging_schedule_hash_extended(a, 5) = receivables.aging_schedule_hash_extended(b, 5) AS same_seeded_hash
  FROM (VALUES ('30,60'::receivables.aging_schedule, ' 30, 60'::receivables.aging_schedule), ('30,60', '30,61')) v(a, b);
SELECT s, count(*) FROM (VALUES ('30,60'::receivables.aging_schedule), ('30, 60'), ('30')) v(s) GROUP BY s ORDER BY s::text;

-- Aging of a profile: a row for every bucket, whatever is in it.
SET search_assign.business_date = '2026-06-20';
\set profile '{2026-05-01:3:0:1:0,2026-06-01:1500:-20.5:2:1,2026-06-20:7:0:1:0,2026-07-01:0.0001:-1:1:2}'
SELECT * FROM receivables.aging(:'profile', '30,60,90');
SELECT * FROM receivables.aging(:'profile', '30,60,90', '2026-05-31');
SELECT * FROM receivables.aging('{}', '1,2', '2026-05-31');
SELECT * FROM receivables.aging(NULL, '30');
SELECT (receivables.aging(:'profile', '30', '2026-06-20')).amount;
SELECT bool_and(total = aged AND items = aged_items) AS adds_up
  FROM generate_series(date '2026-04-20', '2026-12-31', '1 day') day,
       LATERAL (SELECT receivables.total(:'profile') AS total, receivables.item_count(:'profile') AS items) t,
       LATERAL (SELECT sum(amount) AS aged, sum(items) AS aged_items FROM receivables.aging(:'profile', '1,7,30,90', day::date)) a;
SELECT pg_temp.message_of($$SELECT * FROM receivables.aging('{}', '30', 'infinity')$$);

-- Aging of item rows
SELECT receivables.aging_amounts(a, d, '2026-06-20', '30,60,90') FROM (VALUES
    (date '2026-05-01', 3.00), ('2026-06-01', 1500), ('2026-06-01', -20.5), ('2026-06-20', 7), ('2026-07-01', -0.9999),
    (NULL, 0), (NULL, NULL), ('infinity', 0)) v(d, a);
SELECT receivables.aging_amounts(a, d, s, '30') FROM (VALUES (date '2026-05-01', date '2026-05-02', 1.00), ('2026-05-01', '2026-06-01', 2)) v(d, s, a);
SELECT receivables.aging_amounts(NULL, NULL, NULL, '30') AS zeros;
SELECT receivables.aging_amounts(NULL, NULL, NULL, NULL) AS no_schedule;
SELECT receivables.aging_amounts(1, '2026-01-01', '2026-01-01', '30') AS no_row WHERE false;
SELECT i, receivables.aging_amounts(i, '2026-06-01', '2026-06-20', '30') OVER (ORDER BY i) FROM generate_series(1, 3) i;
SELECT pg_temp.message_of(format('SELECT receivables.aging_amounts(%s)', arguments)) FROM (VALUES
    (1, $$1, NULL, '2026-01-01', '30'$$), (2, $$1, '2026-01-01', NULL, '30'$$), (3, $$1, '2026-01-01', '2026-01-01', NULL$$),
    (4, $$1, 'infinity', '2026-01-01', '30'$$), (5, $$1, '2026-01-01', '-infinity', '30'$$), (6, $$1.23456, '2026-01-01', '2026-01-01', '30'$$),
    (7, $$1e15, '2026-01-01', '2026-01-01', '30'$$), (8, $$'NaN', '2026-01-01', '2026-01-01', '30'$$)) v(n, arguments) ORDER BY n;
SELECT pg_temp.message_of($$SELECT receivables.aging_amounts(1, '2026-01-01', '2026-01-01', s) FROM (VALUES ('30'::receivables.aging_schedule), ('31')) v(s)$$);

-- Aging of many profiles
SELECT receivables.aging_amounts(p, '2026-06-20', '30,60,90') AS amounts
  FROM (VALUES (:'profile'::receivables.maturity_profile), ('{}'), (NULL), ('{2026-01-01:1:-0.5:3:2}')) v(p);
SELECT receivables.aging_amounts(p, s, '30') FROM (VALUES (:'profile'::receivables.maturity_profile, date '2026-06-20'), (:'profile', '2026-06-01')) v(p, s);
SELECT receivables.aging_amounts(NULL::receivables.maturity_profile, NULL, '30') AS no_profile,
       receivables.aging_amounts(NULL::receivables.maturity_profile, NULL, NULL) AS no_schedule;
SELECT receivables.aging_amounts('{}'::receivables.maturity_profile, '2026-01-01', '30') AS no_row WHERE false;
SELECT i, receivables.aging_amounts(:'profile'::receivables.maturity_profile, date '2026-06-20' + i, '30') OVER (ORDER BY i) FROM generate_series(1, 3) i;
SELECT pg_temp.message_of(format('SELECT receivables.aging_amounts(%s)', arguments)) FROM (VALUES
    (1, $$'{}', NULL, '30'$$), (2, $$'{}', '2026-01-01', NULL$$), (3, $$'{}', 'infinity', '30'$$),
    (4, $$'{2026-01-01:17014118346046923173168730371588410.5727:0.0001:1:1}', '2026-01-01', '30'$$)) v(n, arguments) ORDER BY n;
SELECT pg_temp.message_of($$SELECT receivables.aging_amounts('{}'::receivables.maturity_profile, '2026-01-01', s) FROM (VALUES ('30'::receivables.aging_schedule), ('31')) v(s)$$);

-- One call site, one schedule a group: groups side by side have schedules of their own.
SET enable_sort = off;
SELECT s, receivables.aging_amounts(1, '2026-05-01', '2026-06-20', s) AS of_items, receivables.aging_amounts('{2026-05-01:1:0:1:0}', '2026-06-20', s) AS of_profiles
  FROM generate_series(1, 4), (VALUES ('30'::receivables.aging_schedule), ('60'), ('1,2,3,4,5,6,7,8,9,50,51')) v(s) GROUP BY s ORDER BY s::text;
RESET enable_sort;

-- The state is a type of its own that can travel as text and in binary form.
SELECT '30,60=0,1,2.5,-3'::receivables.aging_state AS state, receivables.aging_state_send('30=0,1,-0.0001') AS bytes,
       receivables.aging_amounts_final('30=0,1,-0.0001') AS amounts, receivables.aging_amounts_combine('30=0,1,2', '30=1,-1,5') AS combined,
       receivables.aging_amounts_accum('30=0,1,2', 5, '2026-01-01', '2026-01-02', '30') AS outside,
       receivables.aging_amounts_accum_profile('30=0,1,2', '{2026-01-01:5:0:1:0}', '2026-01-02', '30') AS profile_outside;
SELECT pg_temp.message_of(s) FROM unnest(ARRAY[
    $$SELECT '30=0,1'::receivables.aging_state$$, $$SELECT '30'::receivables.aging_state$$, $$SELECT '30=0,1,2,3'::receivables.aging_state$$,
    $$SELECT '=0'::receivables.aging_state$$, $$SELECT receivables.aging_amounts_combine('30=0,1,2', '31=0,1,2')$$,
    $$SELECT receivables.aging_amounts_combine(s, s) FROM (VALUES ('1=0,0,17014118346046923173168730371588410.5727'::receivables.aging_state)) v(s)$$])
  WITH ORDINALITY AS u(s, n) ORDER BY n;

-- Parallel plans give the same as serial ones, and both the same as plain SQL.
CREATE TABLE public.aging_item AS
  SELECT i % 10 AS customer, date '2026-01-01' + (i * 7919) % 400 AS due_date, ((i * 31) % 2000 - 700)::numeric / 100 AS amount
    FROM generate_series(1, 20000) i;
-- Amounts of every length, with and without decimals and trailing zeros, take the same ways as in a ledger.
INSERT INTO public.aging_item
  SELECT i % 10, date '2026-08-01' + i % 60, (CASE i % 3 WHEN 0 THEN -1 ELSE 1 END * (i * 7919 % 10000)::numeric * 10::numeric ^ (i % 16 - 4))::numeric(22,5)
    FROM generate_series(1, 3200) i WHERE i * 7919 % 10000 * 10::numeric ^ (i % 16 - 4) BETWEEN 0.0001 AND 900000000000000;
ANALYZE public.aging_item;
CREATE TABLE public.aging_profile AS SELECT customer, due_date - date '2026-01-01' < 200 AS early, receivables.maturity_profile(due_date, amount) AS profile FROM public.aging_item GROUP BY 1, 2;
ANALYZE public.aging_profile;
SET max_parallel_workers_per_gather = 0;
SELECT receivables.aging_amounts(amount, due_date, '2026-09-01', '30,60,90') AS serial FROM public.aging_item \gset
SELECT :'serial'::numeric[] = array_agg(amount ORDER BY bucket) AS agrees
  FROM (SELECT CASE WHEN late <= 0 THEN 0 WHEN late <= 30 THEN 1 WHEN late <= 60 THEN 2 WHEN late <= 90 THEN 3 ELSE 4 END AS bucket, sum(amount) AS amount
          FROM public.aging_item, LATERAL (SELECT date '2026-09-01' - due_date) l(late) GROUP BY 1) s;
SELECT receivables.aging_amounts(profile, '2026-09-01', '30,60,90') = :'serial' AS same_of_profiles FROM public.aging_profile;
SELECT count(*) AS schedules, bool_and(of_items = of_profiles) AS agree
  FROM (VALUES ('30,60,90'::receivables.aging_schedule), ('1'), ('1,2,3,5,8,13,21,34'), ('1,2,3,5,8,13,21,34,55'), ('7,14,21,28,35,42,49,56,63,70,77,84,91')) v(s),
       LATERAL (SELECT receivables.aging_amounts(amount, due_date, '2026-09-01', s) AS of_items FROM public.aging_item) i,
       LATERAL (SELECT receivables.aging_amounts(profile, '2026-09-01', s) AS of_profiles FROM public.aging_profile) p;
SELECT :'serial'::numeric[] = array_agg(amount ORDER BY bucket_no) AS agrees_with_profile
  FROM receivables.aging((SELECT receivables.maturity_profile(due_date, amount) FROM public.aging_item), '30,60,90', '2026-09-01');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT receivables.aging_amounts(amount, due_date, '2026-09-01', '30,60,90') FROM public.aging_item;
SELECT receivables.aging_amounts(amount, due_date, '2026-09-01', '30,60,90') = :'serial' AS same FROM public.aging_item;
EXPLAIN (COSTS OFF) SELECT receivables.aging_amounts(profile, '2026-09-01', '30,60,90') FROM public.aging_profile;
SELECT receivables.aging_amounts(profile, '2026-09-01', '30,60,90') = :'serial' AS same FROM public.aging_profile;
SELECT count(*) AS customers, sum(x[1] + x[2] + x[3] + x[4] + x[5]) = (SELECT sum(amount) FROM public.aging_item) AS adds_up
  FROM (SELECT customer, receivables.aging_amounts(amount, due_date, '2026-09-01', '30,60,90') AS x FROM public.aging_item GROUP BY customer) s;
SELECT receivables.aging_amounts(amount, due_date, '2026-09-01', '30') AS nothing FROM public.aging_item WHERE customer < 0;
DROP TABLE public.aging_item, public.aging_profile;
