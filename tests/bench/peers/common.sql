-- What every peer needs: its ledger table with the same columns, keys, indexes and checks as receivables.item, the same
-- customers, and one row a customer for its figures and memberships. psql variable: peer (schema, made here).
-- In the peers' favour: no log of changes, no start date and deciding rule of a membership, no pins, contacts, second
-- currencies, and no dates of partial payments (a paid item counts on its cleared_on).
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS :"peer";
CREATE TABLE IF NOT EXISTS :"peer".item (LIKE receivables.item INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE :"peer".customer (LIKE receivables.customer INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING IDENTITY);
INSERT INTO :"peer".customer SELECT * FROM receivables.customer ORDER BY customer_id;
CREATE TABLE :"peer".position (
  customer_id          bigint PRIMARY KEY,
  outstanding          numeric NOT NULL DEFAULT 0,
  overdue              numeric NOT NULL DEFAULT 0,
  credits              numeric NOT NULL DEFAULT 0,
  open_items           bigint NOT NULL DEFAULT 0,
  oldest_due_date      date,
  sales_12m            numeric NOT NULL DEFAULT 0,
  last_payment_on      date,
  scenario             text,
  collection_portfolio text,
  risk_portfolio       text,
  groups               text[] NOT NULL DEFAULT '{}',
  options              text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 70);
-- Searches and rules as in configuration.sql. PostgreSQL inlines the function into the statement that calls it.
CREATE FUNCTION :"peer".decision(
  outstanding numeric, overdue numeric, unqualified_overdue_30 numeric, overdue_40 numeric, oldest_due_date date, credits numeric,
  open_items bigint, due_within_7 numeric, disputed numeric, sales_12m numeric, last_payment_on date, average_days_late numeric,
  country text, sector text, email text, external_score numeric)
  RETURNS TABLE (scenario text, collection_portfolio text, risk_portfolio text, groups text[], options text[])
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN unqualified_overdue_30 > 2000 THEN 'No action'
            WHEN external_score < 25 AND overdue > 0 THEN 'Risky'
            WHEN outstanding >= 50000 THEN 'Key account'
            WHEN outstanding BETWEEN 1 AND 2000 AND btrim(email) <> '' THEN 'Small'
            WHEN due_within_7 > 20000 THEN 'Pre-due'
            WHEN sector = 'services' AND outstanding > 10000 THEN 'Public'
            ELSE 'Standard' END,
       CASE WHEN overdue_40 > 1000 OR (external_score < 25 AND overdue > 0) THEN 'Special'
            WHEN country IN ('FR', 'DE') THEN 'Europe'
            ELSE 'General' END,
       'Risk',
       array_remove(ARRAY[CASE WHEN overdue_40 > 1000 THEN 'Group 1' END,
                          CASE WHEN external_score < 25 AND overdue > 0 THEN 'Group 2' END,
                          CASE WHEN oldest_due_date < bench.today() - 43 THEN 'Group 3' END,
                          CASE WHEN outstanding > 0 AND round(overdue / nullif(outstanding, 0), 4) > 0.8 THEN 'Group 4' END,
                          CASE WHEN credits < -1000 THEN 'Group 5' END,
                          CASE WHEN open_items >= 30 THEN 'Group 6' END,
                          CASE WHEN overdue > 30000 THEN 'Group 7' END,
                          CASE WHEN disputed > 0 THEN 'Group 8' END,
                          CASE WHEN overdue > 20000 AND (last_payment_on IS NULL OR last_payment_on <= bench.today() - 90) THEN 'Group 9' END,
                          CASE WHEN round(average_days_late) > 30 THEN 'Group 10' END], NULL),
       array_remove(ARRAY[CASE WHEN outstanding BETWEEN 5000 AND 50000 AND btrim(email) <> '' THEN 'interactive_email' END,
                          CASE WHEN sales_12m > 40000 AND outstanding - overdue > 30000 THEN 'discretionary_limit' END,
                          CASE WHEN coalesce(btrim(email), '') = '' THEN 'recovery_fee' END], NULL)
$$;
INSERT INTO :"peer".position (customer_id, scenario, collection_portfolio, risk_portfolio, groups, options)
SELECT c.customer_id, d.* FROM :"peer".customer c,
     LATERAL :"peer".decision(0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, NULL, NULL, c.country, c.sector, c.email, c.external_score) d
ORDER BY c.customer_id;
