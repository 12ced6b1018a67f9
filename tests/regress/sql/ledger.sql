-- Ledger: defaults, checks, amounts, existence of customers and statuses, every kind of statement, histories.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
RESET client_min_messages;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15';
SET search_path = receivables, public;

CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text; name text;
BEGIN
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, name = CONSTRAINT_NAME;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || CASE WHEN name <> '' THEN name ELSE SQLERRM END,
    CASE WHEN name = '' AND SQLSTATE <> '23502' THEN nullif(detail, '') END, nullif(hint, ''));
END $$;
-- Every customer's position against a recomputation, and the facts that follow plainly from open items.
CREATE VIEW pg_temp.wrong AS
  SELECT customer_id, figure FROM check_positions()
  UNION ALL
  SELECT f.customer_id, 'facts' FROM customer_facts f LEFT JOIN (
    SELECT customer_id, sum(round(open_amount * fx_rate, 4)) AS total,
      sum(round(open_amount * fx_rate, 4)) FILTER (WHERE due_date < '2026-06-15') AS overdue,
      count(*) AS items FROM item WHERE open_amount <> 0 GROUP BY 1) i USING (customer_id)
  WHERE (f.outstanding, f.overdue, f.open_items) IS DISTINCT FROM (coalesce(i.total, 0), coalesce(i.overdue, 0), coalesce(i.items, 0));

-- What a new installation holds
SELECT company, name, currency FROM company ORDER BY 1;
SELECT code, label, category, excludes_from_scenario, follow_up_days, automatic, active FROM item_status ORDER BY 1;
INSERT INTO item_status (code, label, category) VALUES ('called', 'Called', 'ongoing');
SELECT excludes_from_scenario, follow_up_days, action_model, automatic, active FROM item_status WHERE code = 'called';

-- Customers: only defaults, then everything
INSERT INTO customer DEFAULT VALUES;
SELECT company, account_no, name, parent_id, collection_blocked, attributes, created_on FROM customer;
DELETE FROM customer;
INSERT INTO customer (customer_id, account_no, name) SELECT i, 'A' || i, 'Customer ' || i FROM generate_series(1, 9) i;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO customer (customer_id, account_no) VALUES (20, 'A1')$$,
  $$INSERT INTO customer (customer_id) VALUES (1)$$,
  $$INSERT INTO customer (customer_id, company) VALUES (21, 'NONE')$$,
  $$INSERT INTO customer (customer_id, created_on) VALUES (22, 'infinity')$$,
  $$INSERT INTO customer (customer_id, name) VALUES (23, NULL)$$,
  $$INSERT INTO company (company, currency) VALUES ('X', 'usd')$$,
  $$DELETE FROM company$$,
  $$UPDATE customer SET customer_id = 77 WHERE customer_id = 1$$,
  $$UPDATE customer SET customer_id = customer_id WHERE customer_id = 1$$,
  $$INSERT INTO contact (customer_id) VALUES (99)$$
]) s;
-- Parents: known, no cycles, also those that a single statement would make
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$UPDATE customer SET parent_id = 1 WHERE customer_id = 1$$,
  $$UPDATE customer SET parent_id = 99 WHERE customer_id = 1$$,
  $$UPDATE customer SET parent_id = 1 WHERE customer_id IN (2, 3)$$,
  $$UPDATE customer SET parent_id = 2 WHERE customer_id = 4$$,
  $$UPDATE customer SET parent_id = 4 WHERE customer_id = 1$$,
  $$UPDATE customer SET parent_id = CASE customer_id WHEN 8 THEN 9 ELSE 8 END WHERE customer_id IN (8, 9)$$,
  $$INSERT INTO customer (customer_id, parent_id) VALUES (30, 31), (31, NULL)$$,
  $$INSERT INTO customer (customer_id, parent_id) VALUES (32, 33), (33, 34), (34, 32)$$,
  $$DELETE FROM customer WHERE customer_id = 2$$,
  $$DELETE FROM customer WHERE customer_id IN (30, 31)$$
]) s;
SELECT customer_id, parent_id FROM customer WHERE parent_id IS NOT NULL ORDER BY 1;
UPDATE customer SET parent_id = NULL;

-- Items: what is left out
INSERT INTO item (customer_id, amount) VALUES (1, 100);
INSERT INTO item (customer_id, amount, document_date, kind) VALUES (1, -40, '2026-05-01', 'credit_note');
INSERT INTO item (customer_id, amount, open_amount) VALUES (1, 70, NULL), (1, 80, 0), (1, 90, 30.5), (1, 0, NULL);
INSERT INTO item (customer_id, amount, open_amount, cleared_on) VALUES (1, 60, 0, '2026-06-01'), (1, 61, 1, '2026-06-01');
INSERT INTO item (customer_id, amount, status) VALUES (1, 10, 'dispute');
INSERT INTO item (customer_id, amount, status, status_on) VALUES (1, 11, 'dispute', '2026-06-02'), (1, 12, NULL, '2026-06-02');
INSERT INTO item (customer_id, amount, document_date, due_date) VALUES (1, 5, NULL, NULL);
INSERT INTO item (customer_id, amount, due_date) VALUES (1, 5, NULL);
SELECT amount, open_amount, kind, document_date, due_date, fx_rate, cleared_on, status, status_on FROM item ORDER BY item_id;
SELECT * FROM pg_temp.wrong;

-- Closing, reopening, correcting
UPDATE item SET open_amount = 0 WHERE amount = 100;
UPDATE item SET open_amount = 0, cleared_on = '2026-06-10' WHERE amount = 70;
UPDATE item SET open_amount = 25 WHERE amount = 80;
UPDATE item SET cleared_on = '2026-06-09' WHERE amount = 60;
UPDATE item SET cleared_on = '2026-06-09' WHERE amount = 61;
UPDATE item SET document_no = 'same day' WHERE amount = 70;
UPDATE item SET status = 'promise' WHERE amount = 11;
UPDATE item SET status = 'litigation', status_on = '2026-06-14' WHERE amount = 10;
UPDATE item SET status_comment = 'only the comment' WHERE amount = 11;
SELECT amount, open_amount, cleared_on, status, status_on FROM item WHERE amount IN (10, 11, 60, 61, 70, 80, 100) ORDER BY amount;
UPDATE item SET status = NULL WHERE amount = 10;
SELECT amount, status, status_on FROM item WHERE amount = 10;
SELECT * FROM pg_temp.wrong;

-- Every check of item, and amounts that cannot be kept
SELECT s, pg_temp.try('INSERT INTO item (customer_id, ' || s) FROM unnest(ARRAY[
  $$kind, amount) VALUES (2, 'cheque', 1)$$,
  $$kind, amount) VALUES (2, NULL, 1)$$,
  $$amount) VALUES (2, NULL)$$,
  $$amount) VALUES (NULL, 1)$$,
  $$document_date, due_date, amount) VALUES (2, 'infinity', '2026-01-01', 1)$$,
  $$due_date, amount) VALUES (2, 'infinity', 1)$$,
  $$due_date, amount) VALUES (2, '-infinity', 1)$$,
  $$cleared_on, open_amount, amount) VALUES (2, 'infinity', 0, 1)$$,
  $$promised_on, amount) VALUES (2, 'infinity', 1)$$,
  $$fx_rate, amount) VALUES (2, 0, 1)$$,
  $$fx_rate, amount) VALUES (2, -1, 1)$$,
  $$fx_rate, amount) VALUES (2, 'NaN', 1)$$,
  $$fx_rate, amount) VALUES (2, 'infinity', 1)$$,
  $$fx_rate, amount) VALUES (2, NULL, 1)$$,
  $$amount, open_amount) VALUES (2, 100, 100.01)$$,
  $$amount, open_amount) VALUES (2, -100, -100.01)$$,
  $$amount, open_amount) VALUES (2, 100, -1)$$,
  $$amount, open_amount) VALUES (2, -100, 1)$$,
  $$amount, open_amount) VALUES (2, 0, 1)$$,
  $$amount) VALUES (2, 1.00001)$$,
  $$amount, open_amount) VALUES (2, 1, 0.00001)$$,
  $$amount) VALUES (2, 'NaN')$$,
  $$amount, open_amount) VALUES (2, 1, 'NaN')$$,
  $$amount, open_amount) VALUES (2, 'infinity', 1)$$,
  $$amount) VALUES (2, '-infinity')$$,
  $$amount) VALUES (2, 900000000000000.0001)$$,
  $$amount) VALUES (2, -900000000000000.0001)$$,
  $$amount) VALUES (2, 1e100)$$,
  $$amount, fx_rate) VALUES (2, 900000000000000, 1.1)$$,
  $$amount, fx_rate) VALUES (2, 1, 1e30)$$,
  $$amount) VALUES (2, 5), (2, 1.00001), (2, 6)$$,
  $$amount) VALUES (2, 900000000000000)$$,
  $$amount) VALUES (2, -900000000000000)$$,
  $$amount) VALUES (2, 1.23450000000000)$$
]) s;
SELECT amount FROM item WHERE customer_id = 2 ORDER BY 1;
SELECT s, pg_temp.try('UPDATE item SET ' || s || ' WHERE customer_id = 2 AND amount = 1.2345') FROM unnest(ARRAY[
  $$open_amount = 1.2346$$, $$open_amount = -1$$, $$open_amount = 0.00005$$, $$open_amount = NULL$$, $$amount = 1$$,
  $$amount = 'NaN'$$, $$due_date = 'infinity'$$, $$kind = ''$$, $$fx_rate = 0$$]) s;
SELECT * FROM pg_temp.wrong;

-- Unknown customers and statuses: at the end of the statement (an exception block sees them), whole or nothing
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO item (customer_id, amount) VALUES (3, 1), (99, 2)$$,
  $$INSERT INTO item (customer_id, amount, status) VALUES (3, 1, NULL), (3, 2, 'nosuch')$$,
  $$INSERT INTO item (customer_id, amount, status) VALUES (3, 1, '')$$,
  $$UPDATE item SET customer_id = 99 WHERE customer_id = 2$$,
  $$UPDATE item SET status = 'nosuch' WHERE customer_id = 2$$,
  $$WITH c AS (INSERT INTO customer (customer_id) VALUES (50)) INSERT INTO item (customer_id, amount) VALUES (50, 1)$$,
  $$INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (3, 4711, 1)$$,
  $$DELETE FROM item_status WHERE code = 'promise'$$,
  $$DELETE FROM item_status WHERE code = 'called'$$,
  $$UPDATE item_status SET category = 'litigation' WHERE code = 'dispute'$$,
  $$UPDATE item_status SET label = 'Complaint', follow_up_days = 3 WHERE code = 'dispute'$$,
  $$INSERT INTO item_status (code, label, category) VALUES ('x', 'X', 'nosuch')$$,
  $$INSERT INTO item_status (code, label, category, follow_up_days) VALUES ('x', 'X', 'dispute', -1)$$
]) s;
SELECT count(*) FROM item WHERE customer_id IN (3, 99);
SELECT * FROM pg_temp.wrong;

-- erp_key: unique per customer, free where empty
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO item (customer_id, erp_key, amount) VALUES (3, 'K1', 10), (4, 'K1', 20), (3, NULL, 30), (3, NULL, 40)$$,
  $$INSERT INTO item (customer_id, erp_key, amount) VALUES (3, 'K1', 11)$$,
  $$UPDATE item SET customer_id = 4 WHERE customer_id = 3 AND erp_key = 'K1'$$
]) s;

-- INSERT ... ON CONFLICT, MERGE, COPY: plain statements as an ERP job writes them
INSERT INTO item (customer_id, erp_key, amount, due_date) VALUES (3, 'K1', 15, '2026-05-01'), (3, 'K2', 25, '2026-07-01')
  ON CONFLICT (customer_id, erp_key) DO UPDATE SET amount = EXCLUDED.amount, open_amount = EXCLUDED.open_amount, due_date = EXCLUDED.due_date;
INSERT INTO item (customer_id, erp_key, amount) VALUES (3, 'K1', 99), (3, 'K3', 35) ON CONFLICT DO NOTHING;
SELECT erp_key, amount, open_amount, due_date FROM item WHERE customer_id = 3 ORDER BY erp_key, amount;
SELECT outstanding, overdue, open_items FROM customer_facts WHERE customer_id = 3;
MERGE INTO item i USING (VALUES ('K1', 15, 5), ('K2', 25, 0), ('K9', 45, 45)) AS s(k, a, o) ON i.customer_id = 3 AND i.erp_key = s.k
  WHEN MATCHED AND s.o = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET open_amount = s.o
  WHEN NOT MATCHED THEN INSERT (customer_id, erp_key, amount, open_amount) VALUES (3, s.k, s.a, s.o);
SELECT erp_key, amount, open_amount FROM item WHERE customer_id = 3 ORDER BY erp_key, amount;
SELECT outstanding, overdue, open_items FROM customer_facts WHERE customer_id = 3;
COPY item (customer_id, erp_key, kind, due_date, amount, open_amount) FROM stdin;
5	C1	invoice	2026-04-01	100	60
5	C2	credit_note	2026-06-30	-20	\N
6	C1	invoice	2026-06-14	7.5	\N
\.
SELECT customer_id, outstanding, overdue, credits, open_items FROM customer_facts WHERE customer_id IN (5, 6) ORDER BY 1;
COPY item (customer_id, amount) FROM stdin;
5	1
99	2
\.
SELECT * FROM pg_temp.wrong;

-- Moving an item to another customer: one delta each; histories and allocations go along
INSERT INTO payment_allocation (customer_id, item_id, amount, allocated_on) SELECT 5, item_id, 40, '2026-06-03' FROM item WHERE customer_id = 5 AND erp_key = 'C1';
UPDATE item SET status = 'dispute' WHERE customer_id = 5 AND erp_key = 'C1';
UPDATE item SET customer_id = 7 WHERE customer_id = 5 AND erp_key = 'C1';
SELECT customer_id, outstanding, total(disputed) AS disputed, last_payment_on FROM customer_facts WHERE customer_id IN (5, 7) ORDER BY 1;
SELECT h.customer_id, h.effective_on, h.paid, h.open_amount FROM open_amount_change h JOIN item i USING (item_id) WHERE i.customer_id = 7;
SELECT h.customer_id, h.status, h.status_on FROM qualification h JOIN item i USING (item_id) WHERE i.customer_id = 7;
SELECT a.customer_id, a.amount, a.allocated_on FROM payment_allocation a JOIN item i USING (item_id) WHERE i.customer_id = 7;
SELECT * FROM pg_temp.wrong;
-- A change of item_id alone
UPDATE item SET item_id = 1000001 WHERE customer_id = 7;
SELECT count(*) FROM open_amount_change WHERE customer_id = 7 AND item_id = 1000001;
SELECT * FROM pg_temp.wrong;

-- Customers: delete with and without items; what goes with them
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$DELETE FROM customer WHERE customer_id = 7$$,
  $$DELETE FROM customer$$,
  $$DELETE FROM customer WHERE customer_id = 8$$,
  $$WITH d AS (DELETE FROM item WHERE customer_id = 6 RETURNING 1) SELECT count(*) FROM d$$,
  $$DELETE FROM customer WHERE customer_id = 6$$,
  $$TRUNCATE customer$$,
  $$TRUNCATE customer, contact$$
]) s;
SELECT count(*) FROM position p WHERE NOT EXISTS (SELECT FROM customer c WHERE c.customer_id = p.customer_id);
SELECT count(*) FROM customer c WHERE NOT EXISTS (SELECT FROM position p WHERE c.customer_id = p.customer_id);

-- fx_rate: amount x rate, rounded half away from zero to 4 decimals per item
INSERT INTO customer (customer_id, account_no) VALUES (100, 'FX');
INSERT INTO item (customer_id, currency, amount, fx_rate, due_date) VALUES
  (100, 'EUR', 0.0001, 0.5, '2026-06-01'), (100, 'EUR', -0.0003, 0.5, '2026-06-02'), (100, 'EUR', 0.0003, 0.49999, '2026-06-03'),
  (100, 'JPY', 1000, 0.00655555, '2026-06-04'), (100, 'EUR', 1, 1.00005, '2026-06-05'), (100, 'EUR', -1, 1.00005, '2026-06-06');
SELECT u.* FROM customer_facts f, unnest(f.receivables) u WHERE f.customer_id = 100 ORDER BY 1;
UPDATE item SET fx_rate = 2 WHERE customer_id = 100 AND amount = 1000;
SELECT outstanding, credits FROM customer_facts WHERE customer_id = 100;
SELECT * FROM pg_temp.wrong;

-- Histories: every change of the open amount, effective on cleared_on where it closes, else on the business date
INSERT INTO customer (customer_id, account_no) VALUES (101, 'H');
INSERT INTO item (customer_id, item_id, amount, due_date) VALUES (101, 1, 100, '2026-05-01');
SET search_assign.business_date = '2026-06-16';
UPDATE item SET open_amount = 70 WHERE customer_id = 101;
SET search_assign.business_date = '2026-06-17';
UPDATE item SET open_amount = 0, cleared_on = '2026-06-12' WHERE customer_id = 101;
UPDATE item SET document_no = 'no change of the open amount' WHERE customer_id = 101;
SET search_assign.business_date = '2026-06-18';
UPDATE item SET open_amount = 45 WHERE customer_id = 101; -- a returned payment
UPDATE item SET amount = 110, open_amount = 55 WHERE customer_id = 101; -- nothing paid by that
UPDATE item SET amount = 120 WHERE customer_id = 101; -- 10 paid by that
SET search_assign.business_date = '2026-06-15';
SELECT effective_on, paid, open_amount FROM open_amount_change WHERE customer_id = 101 ORDER BY change_no;
-- The latest parts are taken back first: 30 on 06-16 and 25 on 06-12 stay, and 10 come later
SELECT u.due_date AS paid_on, u.debit FROM position p, unnest(p.payments) u WHERE customer_id = 101 ORDER BY 1;
SELECT * FROM check_positions();
UPDATE item SET status = 'promise', promised_on = '2026-06-20', status_comment = 'called', resolver = 'Ann' WHERE customer_id = 101;
UPDATE item SET promised_on = '2026-06-25' WHERE customer_id = 101;
UPDATE item SET status = 'promise' WHERE customer_id = 101;
UPDATE item SET resolver = 'Bob' WHERE customer_id = 101;
UPDATE item SET status = NULL, promised_on = NULL WHERE customer_id = 101;
SELECT status, status_on, status_comment, resolver, promised_on, recorded_by = SESSION_USER AS me FROM qualification WHERE customer_id = 101 ORDER BY qualification_no;

-- Allocations date parts of what is paid, the rest counts on the day of its change
INSERT INTO customer (customer_id, account_no) VALUES (102, 'P');
INSERT INTO item (customer_id, item_id, amount, due_date) VALUES (102, 1, 100, '2026-05-01'), (102, 2, 50, '2026-05-01');
INSERT INTO payment_allocation (customer_id, item_id, amount, allocated_on) VALUES (102, 1, 40, '2026-05-11');
SELECT last_payment_on, average_days_late FROM customer_facts WHERE customer_id = 102; -- nothing is paid yet
UPDATE item SET open_amount = 0, cleared_on = '2026-05-31' WHERE customer_id = 102 AND item_id = 1;
SELECT u.due_date AS paid_on, u.debit FROM position p, unnest(p.payments) u WHERE customer_id = 102 ORDER BY 1;
SELECT last_payment_on, average_days_late FROM customer_facts WHERE customer_id = 102; -- (40 * 10 + 60 * 30) / 100
INSERT INTO payment_allocation (customer_id, item_id, amount, allocated_on) VALUES (102, 1, 90, '2026-05-21');
SELECT average_days_late FROM customer_facts WHERE customer_id = 102; -- (40 * 10 + 60 * 20) / 100
UPDATE payment_allocation SET allocated_on = '2026-05-01' WHERE customer_id = 102 AND amount = 40;
SELECT average_days_late FROM customer_facts WHERE customer_id = 102; -- 60 * 20 / 100
DELETE FROM payment_allocation WHERE customer_id = 102 AND amount = 90;
SELECT average_days_late FROM customer_facts WHERE customer_id = 102; -- 60 * 30 / 100
TRUNCATE payment_allocation;
SELECT average_days_late FROM customer_facts WHERE customer_id = 102; -- 30
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (102, 1, 1.00001)$$,
  $$INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (102, 1, 'NaN')$$,
  $$INSERT INTO payment_allocation (customer_id, item_id, amount, allocated_on) VALUES (102, 1, 1, 'infinity')$$,
  $$INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (102, 99, 1)$$
]) s;
SELECT * FROM check_positions();
-- TRUNCATE is deleting all
TRUNCATE item;
SELECT count(*) FROM item;
SELECT count(*) FROM open_amount_change;
SELECT count(*) FROM qualification;
SELECT count(*) FROM customer_facts WHERE outstanding <> 0 OR open_items <> 0 OR last_payment_on IS NOT NULL OR sales_12m <> 0;
SELECT * FROM check_positions();
TRUNCATE customer, contact;
SELECT count(*) FROM position;
RESET search_path;
