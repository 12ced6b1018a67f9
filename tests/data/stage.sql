-- Tables for the files as they are, and the comparison with oracle.json.
CREATE EXTENSION search_assign;
CREATE SCHEMA stage;
CREATE TABLE stage.oracle (figures jsonb);
CREATE TABLE stage.open_item (
  key_0 text, business_code text, cust_number text, name_customer text, business_year text, doc_id text, posting_date date, document_create_date date,
  document_create_date_1 date, due_in_date date, invoice_currency text, document_type text, posting_id text, total_open_amount numeric,
  baseline_create_date date, cust_payment_terms text, invoice_id text, is_open text, day_due text, delay_predict text, payment_date_predict text, aging_bucket text);
CREATE TABLE stage.cleared_item (
  cust_number text, seq_for_customer integer, due_date date, clear_date date, days_late integer, total_open_amount numeric, row_no bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE stage.bill (
  id_cliente text, safra_ref text, issued_on date, paid_on date, due_on date, amount numeric, taxa numeric, row_no bigint GENERATED ALWAYS AS IDENTITY);

INSERT INTO receivables.company (company, name, currency) VALUES ('USD', 'HighRadius, US dollars', 'USD'), ('CAD', 'HighRadius, Canadian dollars', 'CAD'),
  ('MIX', 'HighRadius, cleared items', 'USD'), ('BRL', 'Brazil', 'BRL');

-- The aging of one company as the extension has it, against one object "aging_..." of oracle.json. Items without an amount
-- cannot stand in a ledger: `without_amount` gives their number by bucket.
CREATE FUNCTION stage.aging_differences(file text, object text, of_company text, without_amount jsonb DEFAULT '{}')
RETURNS TABLE (figure text, oracle text, extension text) LANGUAGE sql AS $$
  WITH aging AS (SELECT figures -> file -> object AS a FROM stage.oracle),
  bucket AS (
    SELECT CASE bucket_order WHEN 0 THEN 'current' WHEN 4 THEN '90+' ELSE bucket END AS bucket, sum(amount) AS amount, sum(items) AS items
    FROM receivables.aging_balance_by_bucket WHERE company = of_company GROUP BY 1),
  balance AS (
    SELECT sum(not_due) AS "current", sum(overdue_1_to_30) AS "1-30", sum(overdue_31_to_60) AS "31-60", sum(overdue_61_to_90) AS "61-90", sum(overdue_over_90) AS "90+",
           sum(outstanding) AS outstanding, sum(overdue) AS overdue, sum(open_items) AS open_items
    FROM receivables.aging_balance WHERE company = of_company),
  company_aging AS (
    SELECT CASE g.bucket_no WHEN 0 THEN 'current' WHEN 4 THEN '90+' ELSE g.bucket END AS bucket, g.amount, g.items
    FROM (SELECT receivables.sum(f.receivables) AS p FROM receivables.customer_facts f WHERE company = of_company) s, receivables.aging(s.p, '30,60,90') g),
  direct AS (
    SELECT receivables.aging_amounts(i.open_amount, i.due_date, receivables.business_date(), '30,60,90') AS amounts
    FROM receivables.item i JOIN receivables.customer c USING (customer_id) WHERE c.company = of_company),
  figure AS (
    SELECT 'items ' || bucket AS name, (a -> 'count' ->> bucket)::numeric AS oracle, items + coalesce((without_amount ->> bucket)::numeric, 0) AS extension FROM bucket, aging
    UNION ALL SELECT 'amount ' || bucket, (a -> 'amount' ->> bucket)::numeric, amount FROM bucket, aging
    UNION ALL SELECT 'aging() ' || bucket, (a -> 'amount' ->> bucket)::numeric, amount FROM company_aging, aging
    UNION ALL SELECT 'aging() items ' || bucket, (a -> 'count' ->> bucket)::numeric, items + coalesce((without_amount ->> bucket)::numeric, 0) FROM company_aging, aging
    UNION ALL SELECT 'aging_balance ' || key, (a -> 'amount' ->> key)::numeric, value::numeric FROM aging, balance, LATERAL jsonb_each_text(to_jsonb(balance)) WHERE a -> 'amount' ? key
    UNION ALL SELECT 'aging_amounts ' || n, (a -> 'amount' ->> (ARRAY['current', '1-30', '31-60', '61-90', '90+'])[n])::numeric, amount
      FROM aging, direct, LATERAL unnest(amounts) WITH ORDINALITY AS u(amount, n)
    UNION ALL SELECT 'open amount', (a ->> 'open_amount')::numeric, outstanding FROM aging, balance
    UNION ALL SELECT 'overdue amount', (a ->> 'overdue_amount')::numeric, overdue FROM aging, balance
    UNION ALL SELECT 'overdue share', (a ->> 'overdue_share_amount')::numeric, round(overdue / outstanding, 4) FROM aging, balance
    UNION ALL SELECT 'open items', (a ->> 'open_items')::numeric - (a ->> 'null_amount_items')::numeric, open_items FROM aging, balance
    UNION ALL SELECT 'number of buckets', 5, count(*) FROM bucket)
  SELECT name, oracle::text, extension::text FROM figure WHERE oracle IS DISTINCT FROM extension $$;

-- Payment behaviour by brute force: the payments of the day's month and the six before it, weighted by amount.
CREATE FUNCTION stage.behaviour_differences(of_company text, day date) RETURNS TABLE (account_no text, oracle text, extension text) LANGUAGE sql AS $$
  WITH paid AS (SELECT * FROM (
      SELECT 'MIX' AS company, ltrim(cust_number, '0') AS account_no, due_date, clear_date AS paid_on, total_open_amount AS amount FROM stage.cleared_item
      UNION ALL SELECT 'BRL', id_cliente, due_on, paid_on, amount FROM stage.bill WHERE amount > 0 AND issued_on <= day) p
    WHERE paid_on <= day AND company = of_company),
  late AS (
    SELECT p.account_no, round(sum(amount * (paid_on - due_date)) FILTER (WHERE recent) / sum(amount) FILTER (WHERE recent), 4) AS average_days_late, max(paid_on) AS last_payment_on
    FROM (SELECT *, paid_on >= date_trunc('month', day) - interval '6 months' AS recent FROM paid) p GROUP BY 1)
  SELECT coalesce(l.account_no, f.account_no), l::text, (f.account_no, f.average_days_late, f.last_payment_on)::text
  FROM late l FULL JOIN (SELECT * FROM receivables.customer_facts WHERE company = of_company AND last_payment_on IS NOT NULL) f USING (account_no)
  WHERE (l.average_days_late, l.last_payment_on) IS DISTINCT FROM (f.average_days_late, f.last_payment_on) $$;
