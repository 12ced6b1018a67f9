-- Customer facts against plain SQL over the ledger.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
RESET client_min_messages;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15';
SET search_path = receivables, public;

-- Every column that follows from the ledger, by plain SQL for the present business date. Dates of payments come from
-- the history of open amounts, which here holds no reversals and no allocations (ledger.sql has those).
CREATE FUNCTION pg_temp.expected(OUT customer_id bigint, OUT has_email boolean, OUT has_phone boolean, OUT outstanding numeric,
    OUT overdue numeric, OUT not_due numeric, OUT overdue_share numeric, OUT credits numeric, OUT open_items bigint,
    OUT overdue_items bigint, OUT oldest_due_date date, OUT days_overdue integer, OUT receivables text, OUT unqualified text,
    OUT disputed text, OUT promised text, OUT last_payment_on date, OUT last_invoice_on date, OUT sales_12m numeric,
    OUT average_days_late numeric, OUT payer_profile text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
WITH today AS (SELECT receivables.business_date() AS d),
i AS (
  SELECT i.*, round(i.amount * i.fx_rate, 4) AS a, round(i.open_amount * i.fx_rate, 4) AS o, s.category
  FROM receivables.item i LEFT JOIN receivables.item_status s ON s.code = i.status),
paid AS (
  SELECT i.customer_id, h.effective_on AS paid_on, round(h.paid * i.fx_rate, 4) AS paid, h.effective_on - i.due_date AS late
  FROM receivables.open_amount_change h JOIN i USING (customer_id, item_id)
  WHERE i.kind = 'invoice' AND i.amount > 0 AND h.paid > 0),
behaviour AS (
  SELECT p.customer_id, round(sum(paid * late) / sum(paid), 4) AS average, round(sum(paid * late) / sum(paid)) AS days
  FROM paid p, today
  WHERE paid_on >= date_trunc('month', d) - interval '6 months' AND paid_on < date_trunc('month', d) + interval '1 month'
  GROUP BY 1),
profile AS (
  SELECT i.customer_id, receivables.maturity_profile(due_date, o)::text AS receivables,
    receivables.maturity_profile(due_date, o) FILTER (WHERE status IS NULL)::text AS unqualified,
    receivables.maturity_profile(due_date, o) FILTER (WHERE category = 'dispute')::text AS disputed,
    receivables.maturity_profile(due_date, o) FILTER (WHERE category = 'promise' AND (promised_on IS NULL OR promised_on >= d))::text AS promised
  FROM i, today GROUP BY 1)
SELECT c.customer_id,
  trim(coalesce(c.email, '')) <> '' OR EXISTS (SELECT FROM receivables.contact t WHERE t.customer_id = c.customer_id AND trim(t.email) <> ''),
  trim(coalesce(c.phone, '')) <> '' OR EXISTS (SELECT FROM receivables.contact t WHERE t.customer_id = c.customer_id AND trim(t.phone) <> ''),
  f.outstanding, f.overdue, f.outstanding - f.overdue,
  CASE WHEN f.outstanding > 0 THEN round(f.overdue / f.outstanding, 4) END, f.credits, f.open_items, f.overdue_items, f.oldest,
  greatest(0, coalesce((SELECT d FROM today) - f.oldest, 0)),
  coalesce(p.receivables, '{}'), coalesce(p.unqualified, '{}'), coalesce(p.disputed, '{}'), coalesce(p.promised, '{}'),
  greatest((SELECT max(paid_on) FROM paid WHERE paid.customer_id = c.customer_id),
           (SELECT max(document_date) FROM i WHERE i.customer_id = c.customer_id AND kind = 'payment')),
  (SELECT max(document_date) FROM i WHERE i.customer_id = c.customer_id AND kind = 'invoice'),
  (SELECT coalesce(sum(a), 0) FROM i, today WHERE i.customer_id = c.customer_id AND kind IN ('invoice', 'debit_note', 'credit_note')
     AND document_date > d - interval '12 months' AND document_date <= d),
  b.average,
  CASE WHEN b.days IS NULL THEN 'unknown' WHEN b.days <= 0 THEN 'excellent' WHEN b.days <= 7 THEN 'good' WHEN b.days <= 15 THEN 'average'
       WHEN b.days <= 30 THEN 'slow' WHEN b.days <= 60 THEN 'bad' ELSE 'very bad' END
FROM receivables.customer c
LEFT JOIN profile p USING (customer_id) LEFT JOIN behaviour b USING (customer_id),
LATERAL (SELECT coalesce(sum(o), 0) AS outstanding, coalesce(sum(o) FILTER (WHERE due_date < d), 0) AS overdue,
    coalesce(sum(o) FILTER (WHERE o < 0), 0) AS credits, count(*) FILTER (WHERE o <> 0) AS open_items,
    count(*) FILTER (WHERE o <> 0 AND due_date < d) AS overdue_items, min(due_date) FILTER (WHERE o > 0) AS oldest
  FROM i, today WHERE i.customer_id = c.customer_id) f
$$;
CREATE VIEW pg_temp.actual AS
  SELECT customer_id, has_email, has_phone, outstanding, overdue, not_due, overdue_share, credits, open_items, overdue_items,
    oldest_due_date, days_overdue, receivables::text AS receivables, unqualified::text AS unqualified, disputed::text AS disputed,
    promised::text AS promised, last_payment_on, last_invoice_on, sales_12m, average_days_late, payer_profile
  FROM customer_facts;
-- One row for each customer and column that differ.
CREATE VIEW pg_temp.wrong AS
  SELECT customer_id, key, a.value AS actual, e.value AS expected
  FROM pg_temp.actual x JOIN pg_temp.expected() y USING (customer_id),
    LATERAL jsonb_each_text(to_jsonb(x)) a JOIN LATERAL jsonb_each_text(to_jsonb(y)) e USING (key)
  WHERE a.value IS DISTINCT FROM e.value AND NOT (key ~ 'outst|due|share|cred|sales|average' AND key !~ 'date' AND coalesce(a.value::numeric = e.value::numeric, false))
  UNION ALL SELECT customer_id, 'row', NULL, NULL FROM pg_temp.actual FULL JOIN pg_temp.expected() USING (customer_id)
  WHERE actual IS NULL OR expected IS NULL;

-- A customer without anything
INSERT INTO customer (customer_id, account_no) VALUES (1, 'EMPTY');
\x on
SELECT * FROM customer_facts;
\x off

-- Addresses: of the customer or a contact; blanks are none
INSERT INTO customer (customer_id, account_no, email, phone) VALUES (2, 'ADDRESS', '  ', '');
SELECT has_email, has_phone FROM customer_facts WHERE customer_id = 2;
INSERT INTO contact (customer_id, contact_id, email, phone) VALUES (2, 1, ' ', NULL), (2, 2, 'a@b.c', NULL), (2, 3, NULL, '1'), (2, 4, 'c@d.e', '2');
SELECT has_email, has_phone FROM customer_facts WHERE customer_id = 2;
UPDATE contact SET phone = '' WHERE contact_id IN (3, 4);
DELETE FROM contact WHERE contact_id = 2;
SELECT has_email, has_phone FROM customer_facts WHERE customer_id = 2;
UPDATE contact SET customer_id = 1 WHERE contact_id = 4;
SELECT customer_id, has_email, has_phone FROM customer_facts WHERE customer_id IN (1, 2) ORDER BY 1;
UPDATE customer SET phone = '0' WHERE customer_id = 2;
SELECT has_email, has_phone FROM customer_facts WHERE customer_id = 2;
TRUNCATE contact;
SELECT customer_id, has_email, has_phone FROM customer_facts WHERE customer_id IN (1, 2) ORDER BY 1;

-- Edges of overdue: due today is not overdue; credits count; a lone credit has no oldest debit
INSERT INTO customer (customer_id, account_no) VALUES (3, 'EDGE'), (4, 'CREDIT');
INSERT INTO item (customer_id, kind, due_date, amount) VALUES
  (3, 'invoice', '2026-06-15', 100), (3, 'invoice', '2026-06-14', 30), (3, 'credit_note', '2026-06-01', -10), (3, 'invoice', '2026-06-16', 7),
  (4, 'credit_note', '2026-06-01', -10);
SELECT customer_id, outstanding, overdue, not_due, overdue_share, credits, open_items, overdue_items, oldest_due_date, days_overdue
FROM customer_facts WHERE customer_id IN (3, 4) ORDER BY 1;

-- Promises: not broken on the promised date itself, broken after it; without a date never
INSERT INTO customer (customer_id, account_no) VALUES (5, 'PROMISE');
INSERT INTO item (customer_id, due_date, amount, status, promised_on) VALUES
  (5, '2026-05-01', 1, 'promise', '2026-06-14'), (5, '2026-05-02', 2, 'promise', '2026-06-15'), (5, '2026-05-02', 4, 'promise', '2026-06-16'),
  (5, '2026-05-03', 8, 'promise', NULL), (5, '2026-05-04', 16, 'dispute', '2026-07-01');
SELECT promised, disputed, unqualified, total(promised) FROM customer_facts WHERE customer_id = 5;
SET search_assign.business_date = '2026-06-16';
SELECT total(promised) FROM customer_facts WHERE customer_id = 5;
SET search_assign.business_date = '2026-06-17';
SELECT total(promised) FROM customer_facts WHERE customer_id = 5;
SET search_assign.business_date = '2026-06-15';
UPDATE item SET promised_on = '2026-06-30' WHERE customer_id = 5 AND amount = 1;
UPDATE item SET status = 'ongoing' WHERE customer_id = 5 AND amount = 2;
UPDATE item SET open_amount = 3 WHERE customer_id = 5 AND amount = 4;
SELECT total(promised) FROM customer_facts WHERE customer_id = 5;

-- Sales of 12 months: after the same day of last year, up to today; kinds that are sales; a leap day
INSERT INTO customer (customer_id, account_no) VALUES (6, 'SALES');
INSERT INTO item (customer_id, kind, document_date, amount, open_amount) VALUES
  (6, 'invoice', '2025-06-15', 1, 0), (6, 'invoice', '2025-06-16', 2, 0), (6, 'invoice', '2026-06-15', 4, 4), (6, 'invoice', '2026-06-16', 8, 8),
  (6, 'debit_note', '2026-01-01', 16, 0), (6, 'credit_note', '2026-01-01', -32, 0), (6, 'payment', '2026-01-01', -64, 0), (6, 'other', '2026-01-01', 128, 0);
SELECT sales_12m, last_invoice_on, last_payment_on FROM customer_facts WHERE customer_id = 6; -- 2 + 4 + 16 - 32
SET search_assign.business_date = '2026-06-16';
SELECT sales_12m FROM customer_facts WHERE customer_id = 6; -- 4 + 8 + 16 - 32
SET search_assign.business_date = '2024-02-29';
INSERT INTO item (customer_id, document_date, amount) VALUES (6, '2023-02-28', 256), (6, '2023-03-01', 512);
SELECT sales_12m FROM customer_facts WHERE customer_id = 6;
SET search_assign.business_date = '2025-02-28';
SELECT sales_12m FROM customer_facts WHERE customer_id = 6;
SET search_assign.business_date = '2026-06-15';

-- Payer profile: this calendar month and the six before it
INSERT INTO customer (customer_id, account_no) VALUES (7, 'PAYER');
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7;
INSERT INTO item (customer_id, due_date, amount, open_amount, cleared_on) VALUES (7, '2025-11-01', 100, 0, '2025-11-30');
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7; -- outside the window
INSERT INTO item (customer_id, due_date, amount, open_amount, cleared_on) VALUES (7, '2025-11-30', 100, 0, '2025-12-01');
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7;
INSERT INTO item (customer_id, due_date, amount, open_amount, cleared_on) VALUES (7, '2026-06-10', 300, 0, '2026-06-30');
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7; -- (100 * 1 + 300 * 20) / 400
SET search_assign.business_date = '2026-07-01';
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7; -- December has left the window
SET search_assign.business_date = '2027-01-01';
SELECT average_days_late, payer_profile FROM customer_facts WHERE customer_id = 7;
SET search_assign.business_date = '2026-06-15';
-- Only invoices count; payments, credit notes and negative invoices do not
INSERT INTO item (customer_id, kind, due_date, amount, open_amount, cleared_on) VALUES
  (7, 'payment', '2026-06-01', -500, 0, '2026-06-12'), (7, 'credit_note', '2026-01-01', -70, 0, '2026-06-12'),
  (7, 'invoice', '2026-01-01', -70, 0, '2026-06-12'), (7, 'debit_note', '2026-01-01', 70, 0, '2026-06-12');
SELECT average_days_late, payer_profile, last_payment_on FROM customer_facts WHERE customer_id = 7;
-- Bands: by whole days
INSERT INTO customer (customer_id, account_no) SELECT 100 + n, 'BAND' || n FROM generate_series(0, 12) n;
INSERT INTO item (customer_id, due_date, amount, open_amount, cleared_on)
SELECT 100 + n, '2026-06-10'::date - days, 100, 0, '2026-06-10'
FROM unnest(ARRAY[-5, 0, 1, 7, 8, 15, 16, 30, 31, 60, 61, 500]) WITH ORDINALITY AS u(days, n);
SELECT customer_id, average_days_late, payer_profile FROM customer_facts WHERE customer_id BETWEEN 100 AND 112 ORDER BY 1;
-- 7.5 days are 8 whole ones, 7.4 are 7, 0.4 none
INSERT INTO customer (customer_id, account_no) VALUES (120, 'HALF'), (121, 'BELOW'), (122, 'NONE');
INSERT INTO item (customer_id, due_date, amount, open_amount, cleared_on) VALUES
  (120, '2026-06-03', 50, 0, '2026-06-10'), (120, '2026-06-02', 50, 0, '2026-06-10'),
  (121, '2026-06-03', 60, 0, '2026-06-10'), (121, '2026-06-02', 40, 0, '2026-06-10'),
  (122, '2026-06-10', 60, 0, '2026-06-10'), (122, '2026-06-09', 40, 0, '2026-06-10');
SELECT customer_id, average_days_late, payer_profile FROM customer_facts WHERE customer_id BETWEEN 120 AND 122 ORDER BY 1;
-- Other bands hold at once
SET client_min_messages = warning;
UPDATE payer_profile_band SET up_to_days = 10 WHERE profile = 'good';
SELECT customer_id, payer_profile FROM customer_facts WHERE customer_id BETWEEN 120 AND 122 ORDER BY 1;
UPDATE payer_profile_band SET up_to_days = 7 WHERE profile = 'good';
RESET client_min_messages;

-- A ledger of some hundred items, and as days pass
INSERT INTO customer (customer_id, account_no, email) SELECT 200 + n, 'R' || n, CASE WHEN n % 3 = 0 THEN 'x' END FROM generate_series(0, 19) n;
INSERT INTO item (customer_id, kind, document_date, due_date, amount, open_amount, fx_rate, status, promised_on, cleared_on)
SELECT 200 + (n * 7) % 20, (ARRAY['invoice', 'invoice', 'invoice', 'debit_note', 'credit_note', 'payment', 'other'])[1 + n % 7],
  '2025-01-01'::date + (n * 37) % 560, '2025-02-01'::date + (n * 41) % 560,
  a, CASE n % 4 WHEN 0 THEN 0 WHEN 1 THEN round(a / 3, 4) ELSE a END, CASE WHEN n % 5 = 0 THEN 1.2345 ELSE 1 END,
  (ARRAY['dispute', 'promise', 'ongoing', 'litigation'])[CASE WHEN n % 3 = 0 THEN 1 + n / 9 % 4 END],
  CASE WHEN n % 2 = 0 THEN '2026-06-01'::date + n % 60 END, CASE WHEN n % 8 = 0 THEN '2025-09-01'::date + (n * 13) % 280 END
FROM (SELECT n, ((n * 7919) % 10007 / 100.0 + 1)::numeric * CASE WHEN n % 7 IN (4, 5) OR n % 31 = 0 THEN -1 ELSE 1 END AS a FROM generate_series(1, 400) n) s;
SELECT * FROM pg_temp.wrong ORDER BY 1, 2;
UPDATE item SET open_amount = round(open_amount / 2, 4) WHERE item_id % 3 = 0 AND customer_id >= 200;
UPDATE item SET open_amount = 0, cleared_on = '2026-06-05' WHERE item_id % 11 = 0 AND open_amount <> 0 AND customer_id >= 200;
UPDATE item SET status = CASE WHEN item_id % 2 = 0 THEN 'dispute' END, due_date = due_date + 3, kind = 'invoice' WHERE item_id % 5 = 0 AND amount > 0 AND customer_id >= 200;
UPDATE item SET customer_id = 200 + (customer_id + 1) % 20 WHERE item_id % 13 = 0 AND customer_id >= 200;
DELETE FROM item WHERE item_id % 17 = 0;
SELECT * FROM pg_temp.wrong ORDER BY 1, 2;
SET search_assign.business_date = '2026-06-30';
SELECT * FROM pg_temp.wrong ORDER BY 1, 2;
SET search_assign.business_date = '2026-07-31';
SELECT * FROM pg_temp.wrong ORDER BY 1, 2;
SET search_assign.business_date = '2025-08-31';
SELECT * FROM pg_temp.wrong ORDER BY 1, 2;
SET search_assign.business_date = '2026-06-15';
SELECT count(*) AS customers, count(*) FILTER (WHERE outstanding <> 0) AS with_outstanding, count(DISTINCT payer_profile) AS profiles,
  count(*) FILTER (WHERE total(promised) <> 0) AS promising, count(*) FILTER (WHERE total(disputed) <> 0) AS disputing FROM customer_facts WHERE customer_id >= 200;
SELECT * FROM check_positions();

-- What is not built yet
SELECT DISTINCT internal_score IS NOT DISTINCT FROM external_score AS score, rating, credit_limit, credit_available, credit_usage, has_legal_event, last_action_on, next_action_on FROM customer_facts;
UPDATE customer SET external_score = 12.5 WHERE customer_id = 1;
SELECT internal_score, external_score FROM customer_facts WHERE customer_id = 1;
-- Found by the fuzzer: an infinite date with a tolerance once never came back
SELECT set_promise_tolerance(3);
SELECT d, promised_profile('\x01', d), open_promises_from(d) FROM unnest('{-infinity,infinity,2026-06-15,4714-11-24 BC}'::date[]) d;
SELECT set_promise_tolerance(0);
RESET search_path;
