-- Aging balances: buckets add up to the outstanding amount, and that to the open ledger.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
INSERT INTO company (company, name, currency) VALUES ('EU', 'Europe', 'EUR');
INSERT INTO collector (name) VALUES ('Ann');
INSERT INTO scenario (name, is_default) VALUES ('Normal', true);
INSERT INTO customer_group (name) VALUES ('Late');
INSERT INTO portfolio (name, collector, is_default) VALUES ('North', 'Ann', true);
INSERT INTO portfolio (name, kind, is_default) VALUES ('Risk', 'risk', true);
INSERT INTO search (name, criteria) VALUES ('late', 'overdue(receivables, 30) > 0');
INSERT INTO assignment_rule (search, customer_group) VALUES ('late', 'Late');
INSERT INTO customer (customer_id, account_no, name, company, country) VALUES (1, 'A1', 'Alpha', 'MAIN', 'US'), (2, 'A2', 'Beta', 'EU', 'FR'), (3, 'A3', 'Empty', 'EU', NULL);
-- One item for each edge of the buckets, each amount a power of two
INSERT INTO item (customer_id, due_date, amount)
SELECT 1, '2026-06-15'::date - days, 2 ^ (n - 1) FROM unnest(ARRAY[-400, -1, 0, 1, 30, 31, 60, 61, 90, 91, 1000]) WITH ORDINALITY AS u(days, n);
INSERT INTO item (customer_id, kind, due_date, amount, fx_rate) VALUES (2, 'invoice', '2026-06-01', 100, 1.1), (2, 'credit_note', '2026-03-01', -30.5, 1), (2, 'invoice', '2026-07-01', 10.00005, 1);
INSERT INTO item (customer_id, kind, due_date, amount, fx_rate) VALUES (2, 'invoice', '2026-06-01', 100, 1.1), (2, 'credit_note', '2026-03-01', -30.5, 1), (2, 'invoice', '2026-07-01', 10.0005, 1);
\x on
SELECT * FROM aging_balance ORDER BY customer_id;
\x off
SELECT * FROM aging_balance_by_bucket WHERE customer_id IN (1, 3) ORDER BY customer_id, bucket_order;
SELECT bucket_order, amount, items, from_days, to_days FROM aging_balance_by_bucket WHERE customer_id = 2 ORDER BY bucket_order;

-- Filtered by group, summed by company, scenario, portfolio, country
SELECT a.customer_id, a.outstanding FROM aging_balance a JOIN group_membership g USING (customer_id) WHERE g.customer_group = 'Late' ORDER BY 1;
SELECT bucket, sum(amount) FROM aging_balance_by_bucket WHERE customer_id IN (SELECT customer_id FROM group_membership WHERE customer_group = 'Late') GROUP BY bucket_order, bucket ORDER BY bucket_order;
SELECT company, currency, sum(not_due) AS not_due, sum(overdue_1_to_30) AS overdue_1_to_30, sum(outstanding) AS outstanding, sum(credits) AS credits FROM aging_balance GROUP BY 1, 2 ORDER BY 1;
SELECT * FROM company_aging_balance ORDER BY company;
SELECT scenario, portfolio, collector, risk_portfolio, count(*) FROM aging_balance GROUP BY 1, 2, 3, 4 ORDER BY 1;

-- Many items: the sums by both views, from items, and by the aggregates straight from the rows
INSERT INTO customer (customer_id, account_no) SELECT n, 'B' || n FROM generate_series(10, 59) n;
INSERT INTO item (customer_id, due_date, amount, open_amount, fx_rate)
SELECT 10 + n % 50, '2026-06-15'::date - 200 + (n * 7919) % 400, a, CASE n % 3 WHEN 0 THEN round(a / 7, 4) WHEN 1 THEN a ELSE 0 END, CASE WHEN n % 9 = 0 THEN 0.91337 ELSE 1 END
FROM (SELECT n, ((n * 104729) % 99991 / 100.0 - 200)::numeric AS a FROM generate_series(1, 2000) n) s;
CREATE VIEW pg_temp.by_items AS
  SELECT customer_id, bucket, sum(o) AS amount, count(*) AS items
  FROM (SELECT customer_id, round(open_amount * fx_rate, 4) AS o, CASE WHEN late <= 0 THEN 0 WHEN late <= 30 THEN 1 WHEN late <= 60 THEN 2 WHEN late <= 90 THEN 3 ELSE 4 END AS bucket
    FROM (SELECT *, business_date() - due_date AS late FROM item WHERE open_amount <> 0) i) j
  GROUP BY 1, 2;
CREATE VIEW pg_temp.by_company AS
  SELECT o.company, o.currency, business_date() AS as_of_date, coalesce(sum(not_due), 0) AS not_due, coalesce(sum(overdue_1_to_30), 0) AS overdue_1_to_30, coalesce(sum(overdue_31_to_60), 0) AS overdue_31_to_60,
    coalesce(sum(overdue_61_to_90), 0) AS overdue_61_to_90, coalesce(sum(overdue_over_90), 0) AS overdue_over_90, coalesce(sum(outstanding), 0) AS outstanding
  FROM company o LEFT JOIN aging_balance a ON a.company = o.company GROUP BY o.company, o.currency;
CREATE VIEW pg_temp.wrong AS
  SELECT b.customer_id, b.bucket_order FROM aging_balance_by_bucket b LEFT JOIN pg_temp.by_items i ON i.customer_id = b.customer_id AND i.bucket = b.bucket_order
  WHERE (b.amount, b.items) IS DISTINCT FROM (coalesce(i.amount, 0), coalesce(i.items, 0))
  UNION ALL SELECT a.customer_id, -1 FROM aging_balance a WHERE not_due + overdue_1_to_30 + overdue_31_to_60 + overdue_61_to_90 + overdue_over_90 <> outstanding OR overdue + not_due <> outstanding
  UNION ALL SELECT a.customer_id, -2 FROM aging_balance a JOIN aging_balance_by_bucket b USING (customer_id) GROUP BY a.customer_id, a.outstanding, a.open_items HAVING sum(b.amount) <> a.outstanding OR sum(b.items) <> a.open_items
  UNION ALL SELECT a.customer_id, -3 FROM aging_balance a JOIN customer_facts f USING (customer_id) WHERE (a.outstanding, a.overdue, a.credits, a.open_items, a.oldest_due_date, a.days_overdue) IS DISTINCT FROM (f.outstanding, f.overdue, f.credits, f.open_items, f.oldest_due_date, f.days_overdue)
  UNION ALL SELECT a.customer_id, -4 FROM aging_balance a JOIN (SELECT customer_id, aging_amounts(round(open_amount * fx_rate, 4), due_date, business_date(), '30,60,90') AS amounts FROM item GROUP BY 1) i USING (customer_id)
  WHERE amounts <> ARRAY[not_due, overdue_1_to_30, overdue_31_to_60, overdue_61_to_90, overdue_over_90]
  UNION ALL SELECT -1, count(*) FROM (SELECT * FROM company_aging_balance EXCEPT ALL SELECT * FROM pg_temp.by_company) c HAVING count(*) > 0
  UNION ALL SELECT -2, count(*) FROM (SELECT * FROM pg_temp.by_company EXCEPT ALL SELECT * FROM company_aging_balance) c HAVING count(*) > 0;
SELECT count(*) FROM pg_temp.wrong;
SET search_assign.business_date = '2026-07-15';
SELECT count(*) FROM pg_temp.wrong;
SET search_assign.business_date = '2025-12-31';
SELECT count(*) FROM pg_temp.wrong;
SET search_assign.business_date = '2026-06-15';
SELECT count(*), count(DISTINCT customer_id) FROM aging_balance;
SELECT count(*), count(DISTINCT (customer_id, bucket_order)) FROM aging_balance_by_bucket;
SELECT (SELECT sum(outstanding) FROM aging_balance) = (SELECT sum(round(open_amount * fx_rate, 4)) FROM item) AS ledger;

-- The company's balance: of more companies than one (above), of one alone, of none; one company asked for
SELECT company, outstanding <> 0 AS owes FROM company_aging_balance WHERE company = 'EU' ORDER BY company;
BEGIN;
SET LOCAL search_assign.apply = 'statement';
UPDATE customer SET company = 'EU';
SELECT company, outstanding <> 0 AS owes, outstanding = (SELECT sum(outstanding) FROM aging_balance) AS all_of_it FROM company_aging_balance ORDER BY company;
SELECT count(*) FROM pg_temp.wrong;
SELECT company, outstanding <> 0 AS owes FROM company_aging_balance WHERE company = 'EU' UNION ALL SELECT company, outstanding <> 0 FROM company_aging_balance WHERE company = 'MAIN';
DELETE FROM item;
SELECT count(*) FROM pg_temp.wrong;
DELETE FROM customer;
SELECT company, not_due, overdue_over_90, outstanding FROM company_aging_balance ORDER BY company;
SELECT count(*) FROM pg_temp.wrong;
ROLLBACK;
SELECT count(*) FROM pg_temp.wrong;

-- What a query does not use is not joined; what it filters by is pushed down.
EXPLAIN (COSTS OFF) SELECT sum(not_due), sum(outstanding) FROM aging_balance;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT outstanding FROM aging_balance WHERE customer_id = 2;
SELECT customer_id, account_no, company, currency, outstanding FROM aging_balance WHERE customer_id = 2;
RESET enable_seqscan;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'company_aging_balance'::regclass AND attnum > 0 ORDER BY attnum;
RESET search_path;
