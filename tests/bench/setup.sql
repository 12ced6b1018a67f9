-- Bench: customers, a bare table with the same columns, keys, indexes and checks as item, and
-- a business date that does not move while it runs. psql variables: customers.
SET client_min_messages = warning;
CREATE SCHEMA bench;
SELECT format('ALTER DATABASE %I SET search_assign.business_date = %L', current_database(), receivables.business_date()),
       format('CREATE FUNCTION bench.today() RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', format('SELECT date %L', receivables.business_date())) \gexec
CREATE TABLE bench.item (LIKE receivables.item INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING IDENTITY);

INSERT INTO receivables.customer (customer_id, account_no, name, country, sector, email, external_score, payment_days)
SELECT i, 'A' || i, 'Customer ' || i, (ARRAY['US', 'CA', 'MX', 'FR', 'DE'])[1 + i % 5], (ARRAY['retail', 'industry', 'services'])[1 + i % 3],
       CASE WHEN i % 10 <> 0 THEN 'c' || i || '@example.com' END, 20 + (i::bigint * 7919) % 80, 30
FROM generate_series(1, :customers) i;

-- The items of an ERP: open invoices of 60 days, 12 % of them late, 2 % more than 30 days (as in the demo company),
-- one in twenty a credit note.
-- Pseudo-random by hash, so that the data do not depend on plan or order.
CREATE FUNCTION bench.random(i bigint, salt integer) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (hashint8extended(i, salt) & 1048575) / 1048576.0 $$;

CREATE FUNCTION bench.new_items(items bigint)
  RETURNS TABLE (customer_id bigint, document_no text, kind text, document_date date, due_date date, amount numeric, i bigint)
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT 1 + floor(bench.random(i, 1) * c.customers)::bigint AS customer_id, 'D' || i AS document_no,
       CASE WHEN bench.random(i, 2) < 0.05 THEN 'credit_note' ELSE 'invoice' END AS kind,
       bench.today() - 60 + d.days AS document_date, bench.today() + d.days AS due_date,
       CASE WHEN bench.random(i, 2) < 0.05 THEN -1 ELSE 1 END * round(exp(6 + 1.2 * (bench.random(i, 5) + bench.random(i, 6) + bench.random(i, 7) - 1.5) * 2)::numeric, 2) AS amount,
       i
FROM (SELECT count(*) AS customers FROM receivables.customer) c, generate_series(1, items) i,
     LATERAL (SELECT CASE WHEN bench.random(i, 3) < 0.12 THEN -1 - floor(-ln(1 - bench.random(i, 4)) * 30 / ln(6))::integer
                          ELSE floor(bench.random(i, 4) * 60)::integer END AS days) d
$$;
