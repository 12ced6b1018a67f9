-- Disputes: opened, resolved, counted.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
-- Until qualification is there.
DO $do$
BEGIN
  IF to_regprocedure('receivables.qualify(bigint,bigint[],text,text,text,date,date,date)') IS NULL THEN
    CREATE FUNCTION receivables.qualify(c bigint, items bigint[], s text, comment text, resolver text, status_on date, promised date, follow_up_on date) RETURNS void
      LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE receivables.item SET status = s, promised_on = promised, status_comment = comment, resolver = qualify.resolver WHERE customer_id = c AND item_id = ANY (items);
    END $$;
  END IF;
END $do$;

INSERT INTO company (company, name, currency) VALUES ('CA', 'Canada', 'CAD');
INSERT INTO customer (customer_id, account_no, company) VALUES (1, 'A1', 'MAIN'), (2, 'A2', 'MAIN'), (3, 'A3', 'CA');
INSERT INTO item (customer_id, item_id, due_date, amount, fx_rate) SELECT n, n * 10 + k, '2026-05-31', 100 * k, CASE n WHEN 3 THEN 1.25 ELSE 1 END FROM generate_series(1, 3) n, generate_series(1, 3) k;
INSERT INTO item (customer_id, item_id, amount, kind) VALUES (1, 14, -30, 'credit_note'), (2, 24, -30, 'credit_note');
INSERT INTO dispute_type (code, label) VALUES ('rebate', 'Rebate not granted');
UPDATE dispute_type SET active = false WHERE code = 'other';
INSERT INTO item_status (code, label, category) VALUES ('claim', 'Claim at the carrier', 'dispute');
SELECT code, label, active FROM dispute_type ORDER BY is_builtin DESC, code;

-- Bad input
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$open_dispute(1, '{11}', 'nosuch')$$, $$open_dispute(1, '{11}', NULL)$$, $$open_dispute(1, '{11}', 'other')$$,
  $$open_dispute(1, '{21}', 'price')$$, $$open_dispute(1, '{11,21}', 'price')$$, $$open_dispute(99, '{11}', 'price')$$, $$open_dispute(NULL, '{11}', 'price')$$,
  $$open_dispute(1, '{}', 'price')$$, $$open_dispute(1, NULL, 'price')$$, $$open_dispute(1, '{14}', 'price')$$,
  $$open_dispute(1, '{11,12}', 'price', 300.01)$$, $$open_dispute(1, '{11}', 'price', 0)$$, $$open_dispute(1, '{11}', 'price', -5)$$, $$open_dispute(1, '{11}', 'price', 'NaN')$$,
  $$open_dispute(1, '{11}', 'price', 1.00001)$$,
  $$open_dispute(1, '{11}', 'price', expected_on => '2026-06-14')$$, $$open_dispute(1, '{11}', 'price', expected_on => 'infinity')$$,
  $$open_dispute(1, '{11}', 'price', status => 'promise')$$, $$open_dispute(1, '{11}', 'price', status => 'nosuch')$$,
  $$resolve_dispute(1, 1, 'accepted')$$, $$resolve_dispute(1, 1, 'maybe')$$, $$resolve_dispute(1, 1, NULL)$$, $$resolve_dispute(1, 1, 'rejected', status => 'nosuch')$$]) s;
SELECT count(*) AS disputes, (SELECT count(*) FROM dispute_item) AS items, (SELECT count(*) FROM item WHERE status IS NOT NULL) AS qualified FROM dispute;
ALTER TABLE dispute ALTER dispute_id RESTART;

-- Opened
SELECT open_dispute(1, '{12,11}', 'price', resolver => 'sales', comment => 'old price list', expected_on => '2026-06-25'),
  open_dispute(1, '{13,12}', 'quantity', 120, status => 'claim'), open_dispute(2, '{21}', 'price'), open_dispute(3, '{31,32}', 'price', 375);
SELECT customer_id, item_id, status, status_comment, resolver FROM item WHERE status IS NOT NULL ORDER BY 1, 2;
SELECT customer_id, dispute_id, dispute_type_label, state, amount, items, open_amount, resolver, opened_on, expected_on, days, is_late, comment, opened_by = SESSION_USER AS me FROM dispute_case ORDER BY 1, 2;
SELECT * FROM dispute_item ORDER BY 1, 2, 3;

-- Resolved: an item in another open dispute stays disputed; one qualified otherwise meanwhile keeps that
SET search_assign.business_date = '2026-06-27';
SELECT customer_id, dispute_id, days, is_late FROM dispute_case ORDER BY 1, 2;
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$resolve_dispute(1, 1, 'accepted', 24)$$, $$resolve_dispute(1, 1, 'accepted', 13)$$, $$resolve_dispute(2, 1, 'accepted')$$]) s;
SELECT resolve_dispute(1, 1, 'partly_accepted', 14, comment => 'credit note sent');
SELECT item_id, status, status_comment FROM item WHERE customer_id = 1 ORDER BY 1;
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[$$resolve_dispute(1, 1, 'rejected')$$, $$resolve_dispute(1, 1, 'partly_accepted')$$]) s;
UPDATE item SET status = 'litigation' WHERE item_id = 13;
UPDATE item SET open_amount = 0 WHERE item_id = 12;
SELECT resolve_dispute(1, 2, 'rejected', status => 'ongoing');
SELECT item_id, status FROM item WHERE customer_id = 1 ORDER BY 1;
-- the status of the items left as it is
SELECT resolve_dispute(3, 4, 'accepted', status => NULL);
SELECT item_id, status FROM item WHERE customer_id = 3 ORDER BY 1;
SELECT customer_id, dispute_id, state, amount, items, open_amount, resolved_on, days, outcome, credit_note_item_id, resolution_comment, resolved_by = SESSION_USER AS me FROM dispute_case ORDER BY 1, 2;
SELECT * FROM dispute_resolution_time ORDER BY 1, 3;

-- What others may do: nothing; a dispute of a customer goes with it
CREATE ROLE regress_dispute;
GRANT USAGE ON SCHEMA receivables TO regress_dispute;
SET ROLE regress_dispute;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['SELECT receivables.open_dispute(2, ''{22}'', ''price'')', 'SELECT receivables.resolve_dispute(2, 3, ''rejected'')',
  'SELECT count(*) FROM receivables.dispute_case', 'DELETE FROM receivables.dispute']) s;
RESET ROLE;
DROP OWNED BY regress_dispute;
DROP ROLE regress_dispute;
SELECT pg_temp.try('DELETE FROM dispute_type WHERE code = ''price''');
DELETE FROM item WHERE customer_id = 2;
SELECT customer_id, dispute_id, items, open_amount FROM dispute_case WHERE customer_id = 2;
DELETE FROM customer WHERE customer_id = 2;
SELECT customer_id, count(*) FROM dispute_case GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM check_positions();
DROP EXTENSION search_assign CASCADE;
