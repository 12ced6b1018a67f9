-- Promises and payment plans: made, judged by the ledger, counted.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.promises AS
  SELECT customer_id AS c, promise_id AS p, plan_id AS plan, instalment_no AS no, to_char(promised_on, 'MM-DD') AS promised, amount, paid, state,
    to_char(judged_on, 'MM-DD') AS judged, collector FROM promise_state;
-- Until qualification is there.
DO $do$
BEGIN
  IF to_regprocedure('receivables.qualify(bigint,bigint[],text,text,text,date,date,date)') IS NULL THEN
    CREATE FUNCTION receivables.qualify(c bigint, items bigint[], s text, comment text, resolver text, status_on date, promised date, follow_up_on date) RETURNS void
      LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE receivables.item SET status = s, promised_on = promised, status_comment = comment, resolver = qualify.resolver WHERE customer_id = c AND item_id = ANY (items);
      IF s = 'promise' AND promised IS NOT NULL THEN
        PERFORM receivables.record_promise(c, items, promised, comment);
      END IF;
    END $$;
    CREATE FUNCTION receivables.apply_changes() RETURNS void LANGUAGE sql AS '';
  END IF;
END $do$;

INSERT INTO collector (name, role_name) VALUES ('anna', NULL), ('bert', 'nobody');
INSERT INTO portfolio (name, collector, is_default) VALUES ('all', 'anna', true);
INSERT INTO customer (customer_id, account_no) SELECT n, 'A' || n FROM generate_series(1, 9) n;
INSERT INTO item (customer_id, item_id, due_date, amount, kind, fx_rate)
SELECT n, n * 10 + k, '2026-05-31', 100 * k, 'invoice', CASE n WHEN 2 THEN 1.0837 ELSE 1 END FROM generate_series(1, 9) n, generate_series(1, 3) k;
INSERT INTO item (customer_id, item_id, amount, kind) VALUES (9, 94, -50, 'payment');

-- Bad input
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$make_promise(1, '2026-06-14', '{11}')$$, $$make_promise(1, NULL, '{11}')$$, $$make_promise(1, 'infinity', '{11}')$$,
  $$make_promise(99, '2026-06-20', '{11}')$$, $$make_promise(NULL, '2026-06-20', '{11}')$$, $$make_promise(1, '2026-06-20', '{21}')$$, $$make_promise(1, '2026-06-20', '{11,21}')$$,
  $$make_promise(1, '2026-06-20', '{}')$$, $$make_promise(1, '2026-06-20', '{NULL}')$$, $$make_promise(1, '2026-06-20')$$,
  $$make_promise(1, '2026-06-20', '{11}', 0)$$, $$make_promise(1, '2026-06-20', '{11}', -1)$$, $$make_promise(1, '2026-06-20', '{11}', 100.01)$$, $$make_promise(1, '2026-06-20', '{11}', 'NaN')$$,
  $$make_promise(1, '2026-06-20', '{11}', 0.00001)$$, $$make_promise(1, '2026-06-20', NULL, 1e15)$$, $$make_payment_plan(1, '2026-07-01', 2, amounts => '{1,1.00001}')$$,
  $$make_promise(1, '2026-06-20', NULL, 0)$$, $$make_promise(9, '2026-06-20', '{94}')$$, $$make_promise(1, '2026-06-20', '{11}', 10, NULL, 'pigeon')$$,
  $$record_promise(1, '{11}', '2026-06-14', NULL)$$, $$record_promise(1, NULL, '2026-06-20', NULL)$$, $$record_promise(1, '{21}', '2026-06-20', NULL)$$,
  $$cancel_promise(1, 1)$$, $$cancel_payment_plan(1, 1)$$,
  $$make_payment_plan(99, '2026-07-01', 3, 90)$$, $$make_payment_plan(1, '2026-07-01', 0, 90)$$, $$make_payment_plan(1, '2026-07-01', NULL, 90)$$, $$make_payment_plan(1, '2026-07-01', 3)$$,
  $$make_payment_plan(1, NULL, 3, 90)$$, $$make_payment_plan(1, '2026-06-01', 3, 90)$$, $$make_payment_plan(1, '2026-07-01', 3, 90, '0 days')$$, $$make_payment_plan(1, '2026-07-01', 3, 90, '-1 month')$$,
  $$make_payment_plan(1, '2026-07-01', 3, 601, item_ids => '{11,12,13}')$$, $$make_payment_plan(1, '2026-07-01', 3, 0.02)$$, $$make_payment_plan(1, '2026-07-01', 3, 90, item_ids => '{11,21}')$$,
  $$make_payment_plan(1, NULL, 3, 90, dates => '{2026-07-01,2026-08-01}')$$, $$make_payment_plan(1, NULL, NULL, 90, dates => '{2026-07-01,2026-07-01}')$$,
  $$make_payment_plan(1, NULL, NULL, 90, dates => '{2026-07-01,NULL}')$$, $$make_payment_plan(1, '2026-07-02', NULL, 90, dates => '{2026-07-01,2026-08-01}')$$,
  $$make_payment_plan(1, '2026-07-01', 2, 90, amounts => '{50,41}')$$, $$make_payment_plan(1, '2026-07-01', 2, amounts => '{90,0}')$$]) s;
SELECT count(*) AS promises, (SELECT count(*) FROM payment_plan) AS plans, (SELECT count(*) FROM item WHERE status IS NOT NULL) AS qualified FROM promise;
ALTER TABLE promise ALTER promise_id RESTART;
ALTER TABLE payment_plan ALTER plan_id RESTART;

-- Customer 1: three promises; kept by the payment that completes it, kept in part, broken
SELECT make_promise(1, '2026-06-19', '{11}', comment => 'said so', channel => 'call') AS p1, make_promise(1, '2026-06-19', '{12}', 150) AS p2, make_promise(1, '2026-06-19', '{13}') AS p3;
SELECT item_id, status, promised_on FROM item WHERE customer_id = 1 ORDER BY 1;
SELECT * FROM promises ORDER BY 1, 2;
UPDATE item SET open_amount = 60 WHERE item_id = 11;
UPDATE item SET open_amount = 120 WHERE item_id = 12;
SELECT * FROM promises ORDER BY 1, 2;
SET search_assign.business_date = '2026-06-18';
UPDATE item SET open_amount = 0 WHERE item_id = 11;
SELECT * FROM promises ORDER BY 1, 2;
-- the deadline itself is in time
SET search_assign.business_date = '2026-06-19';
SELECT * FROM promises ORDER BY 1, 2;
SET search_assign.business_date = '2026-06-20';
SELECT * FROM promises ORDER BY 1, 2;
-- too late, but a payment whose date is in time counts when it is booked later
UPDATE item SET open_amount = 0 WHERE item_id = 12;
UPDATE item SET open_amount = 0, cleared_on = '2026-06-19' WHERE item_id = 13;
SELECT * FROM promises ORDER BY 1, 2;
-- a reversal counts back, whenever it comes; the latest payment goes first
UPDATE item SET open_amount = 100 WHERE item_id = 11;
UPDATE item SET open_amount = 120 WHERE item_id = 12;
SELECT * FROM promises ORDER BY 1, 2;
UPDATE item SET open_amount = 150 WHERE item_id = 12;
SELECT * FROM promises ORDER BY 1, 2;
-- and paying again does not mend it
SET search_assign.business_date = '2026-06-21';
UPDATE item SET open_amount = 0 WHERE customer_id = 1;
SELECT * FROM promises ORDER BY 1, 2;

-- Customer 2: another currency, in parts; a corrected invoice owes less; a changed rate is not what was promised
SET search_assign.business_date = '2026-06-15';
SELECT make_promise(2, '2026-06-19', '{21,22,23}');
SELECT amount FROM promise WHERE customer_id = 2;
UPDATE item SET open_amount = 33.33 WHERE item_id = 21;
UPDATE item SET open_amount = 11.11 WHERE item_id = 21;
UPDATE item SET open_amount = 0, fx_rate = 1.5 WHERE item_id IN (21, 22);
SELECT * FROM promises WHERE c = 2;
UPDATE item SET amount = 250, open_amount = 250 WHERE item_id = 23;
UPDATE item SET open_amount = 0 WHERE item_id = 23;
SELECT * FROM promises WHERE c = 2;
-- what was paid before does not count; an item that has left the ledger counts as settled
UPDATE item SET open_amount = 40 WHERE item_id = 31;
SELECT make_promise(3, '2026-06-16', '{31,32}');
UPDATE item SET open_amount = 0 WHERE item_id = 31;
SELECT * FROM promises WHERE c = 3;
DELETE FROM item WHERE item_id = 32;
SELECT * FROM promises WHERE c = 3;

-- Promised anew: the open promise gives way, unless it is about other items too; a broken one stays broken
SELECT make_promise(4, '2026-06-17', '{41}'), make_promise(4, '2026-06-18', '{41}'), make_promise(4, '2026-06-18', '{42,43}'), make_promise(4, '2026-06-22', '{43}');
SELECT p, promised, amount, state, judged, (SELECT replaced_by FROM promise WHERE customer_id = c AND promise_id = p) AS replaced_by FROM promises WHERE c = 4 ORDER BY 1;
SET search_assign.business_date = '2026-06-19';
SELECT make_promise(4, '2026-06-30', '{41,42,43}');
SELECT p, promised, amount, state, judged FROM promises WHERE c = 4 ORDER BY 1;
-- Cancelling
SELECT cancel_promise(4, max(promise_id), comment => 'misunderstood') FROM promise WHERE customer_id = 4;
SELECT p, state, judged FROM promises WHERE c = 4 ORDER BY 1;
SELECT item_id, status, promised_on FROM item WHERE customer_id = 4 ORDER BY 1;
SELECT pg_temp.try(format('SELECT cancel_promise(4, %s)', p)) FROM promises WHERE c = 4 ORDER BY p;

-- On account: payments count, credit notes and old payments that are allocated now do not
SET search_assign.business_date = '2026-06-15';
SELECT make_promise(9, '2026-06-20', NULL, 100);
UPDATE item SET open_amount = 0 WHERE item_id = 94;
UPDATE item SET open_amount = 50 WHERE item_id = 91;
INSERT INTO item (customer_id, item_id, amount, kind) VALUES (9, 95, -70, 'credit_note');
SELECT * FROM promises WHERE c = 9;
INSERT INTO item (customer_id, item_id, amount, kind) VALUES (9, 96, -60, 'payment');
SELECT * FROM promises WHERE c = 9;
UPDATE item SET open_amount = CASE item_id WHEN 96 THEN 0 ELSE 140 END WHERE item_id IN (92, 96);
SELECT * FROM promises WHERE c = 9;
UPDATE item SET open_amount = 260 WHERE item_id = 93;
SELECT * FROM promises WHERE c = 9;

-- Payment plans: equal parts, the rest in the last; payments cover the instalments in order
SELECT make_payment_plan(5, '2026-06-30', 3, item_ids => '{51}', comment => 'plan') AS plan;
SELECT * FROM promises WHERE c = 5 ORDER BY p;
SELECT plan_id, made_on, amount, instalments, kept, failed, open_instalments, cancelled, paid, next_on, last_on, state FROM payment_plan_state ORDER BY 1, 2;
UPDATE item SET open_amount = 50 WHERE item_id = 51;
SELECT * FROM promises WHERE c = 5 ORDER BY p;
SELECT advance_payment_plans(), advance_payment_plans();
SELECT item_id, status, promised_on FROM item WHERE customer_id = 5 ORDER BY 1;
SET search_assign.business_date = '2026-08-01';
SELECT * FROM promises WHERE c = 5 ORDER BY p;
SELECT advance_payment_plans();
UPDATE item SET open_amount = 10 WHERE item_id = 51;
SELECT * FROM promises WHERE c = 5 ORDER BY p;
SELECT plan_id, kept, failed, open_instalments, paid, next_on, state FROM payment_plan_state ORDER BY 1, 2;
-- amounts and dates as given; cancelling an instalment hands the items on, cancelling the plan lets them go
SET search_assign.business_date = '2026-06-15';
SELECT make_payment_plan(6, NULL, NULL, item_ids => '{61,62}', dates => '{2026-06-20,2026-07-05,2026-07-31}', amounts => '{200,50,50}', channel => 'letter');
SELECT make_payment_plan(7, '2026-01-31', 2, 100.01, '1 week', dates => '{2026-01-31,2026-02-10}');
SELECT make_payment_plan(7, '2026-06-30', 4, 100.01);
SELECT * FROM promises WHERE c IN (6, 7) ORDER BY p;
SELECT cancel_promise(6, min(p)) FROM promises WHERE c = 6;
SELECT item_id, status, promised_on FROM item WHERE customer_id = 6 ORDER BY 1;
SELECT * FROM promises WHERE c = 6 ORDER BY p;
SELECT cancel_payment_plan(6, max(plan), status => 'ongoing') FROM promises WHERE c = 6;
SELECT item_id, status, promised_on FROM item WHERE customer_id = 6 ORDER BY 1;
SELECT pg_temp.try(format('SELECT cancel_payment_plan(6, %s)', max(plan))) FROM promises WHERE c = 6;
SELECT customer_id, plan_id, state, cancelled FROM payment_plan_state ORDER BY 1, 2;

-- Credited to the collector who records it, else to the one of the portfolio
CREATE ROLE regress_bert;
UPDATE collector SET role_name = 'regress_bert' WHERE name = 'bert';
GRANT USAGE ON SCHEMA receivables TO regress_bert;
GRANT EXECUTE ON FUNCTION make_promise TO regress_bert;
SET SESSION AUTHORIZATION regress_bert;
SELECT receivables.make_promise(8, '2026-06-20', '{81}', 50), receivables.make_promise(8, '2026-06-20', NULL, 70);
RESET SESSION AUTHORIZATION;
SELECT * FROM promises WHERE c = 8 ORDER BY p;
DROP OWNED BY regress_bert;
DROP ROLE regress_bert;

-- Rates
SET search_assign.business_date = '2026-08-01';
SELECT * FROM promise_kept_rate_by_customer ORDER BY 1;
UPDATE promise SET collector = NULL WHERE customer_id = 2;
UPDATE collector SET name = 'anne' WHERE name = 'anna';
SELECT * FROM promise_kept_rate_by_collector ORDER BY 1, 2;

-- One customer's promises are found by keys
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    IF line ~ 'Seq Scan on (promise|item|open_amount_change|payment_plan)' THEN RETURN NEXT btrim(line); END IF;
  END LOOP;
END $$;
SELECT * FROM pg_temp.scans('SELECT * FROM promise_state WHERE customer_id = 1');
SELECT * FROM pg_temp.scans('SELECT * FROM promise_kept_rate_by_customer WHERE customer_id = 1');
SELECT * FROM pg_temp.scans('SELECT * FROM payment_plan_state WHERE customer_id = 1');
RESET enable_seqscan;

-- Rights; a customer that goes takes its promises along; truncating too
CREATE ROLE regress_promise;
GRANT USAGE ON SCHEMA receivables TO regress_promise;
SET ROLE regress_promise;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['SELECT receivables.make_promise(1, ''2026-09-01'', NULL, 10)', 'SELECT receivables.record_promise(1, ''{11}'', ''2026-09-01'', NULL)',
  'SELECT receivables.cancel_promise(1, 1)', 'SELECT receivables.advance_payment_plans()', 'SELECT count(*) FROM receivables.promise_state', 'INSERT INTO receivables.promise DEFAULT VALUES']) s;
RESET ROLE;
DROP OWNED BY regress_promise;
DROP ROLE regress_promise;
DELETE FROM item WHERE customer_id = 5;
DELETE FROM customer WHERE customer_id = 5;
SELECT (SELECT count(*) FROM promise WHERE customer_id = 5) AS promises, (SELECT count(*) FROM promise_item WHERE customer_id = 5) AS items, (SELECT count(*) FROM payment_plan WHERE customer_id = 5) AS plans;
SELECT count(*) FROM check_positions();
TRUNCATE item;
SELECT state, count(*) FROM promise_state GROUP BY 1 ORDER BY 1;
TRUNCATE customer CASCADE;
SELECT count(*) FROM promise_state;
DROP EXTENSION search_assign CASCADE;
