-- Peer: statement triggers with transition tables. The statement's rows become deltas by customer and day, the customers'
-- rows are locked in ascending order first (so that two statements cannot lock each other out, and what is read after it
-- is complete under READ COMMITTED), the deltas are added, and everybody touched is decided by one set-based statement.
\set peer statement_trigger
\ir common.sql

-- By day, because tomorrow other items are overdue: open amounts on their due date, sales on the document date,
-- paid invoices on the day they were cleared.
CREATE TABLE statement_trigger.day_figure (
  customer_id   bigint NOT NULL,
  day           date NOT NULL,
  open_amount   numeric NOT NULL,
  unqualified   numeric NOT NULL,
  disputed      numeric NOT NULL,
  credits       numeric NOT NULL,
  debit_items   bigint NOT NULL,
  credit_items  bigint NOT NULL,
  sales         numeric NOT NULL,
  paid          numeric NOT NULL,
  paid_days     numeric NOT NULL,
  payments      bigint NOT NULL,
  PRIMARY KEY (customer_id, day)
) WITH (fillfactor = 70);

-- The days of one item, +1 when it comes, -1 when it goes; inlined.
CREATE FUNCTION statement_trigger.item_days(sign integer, kind text, status text, document_date date, due_date date, cleared_on date, amount numeric, open_amount numeric)
  RETURNS TABLE (day date, open_amount numeric, unqualified numeric, disputed numeric, credits numeric, debit_items integer, credit_items integer, sales numeric, paid numeric, paid_days numeric, payments integer)
  LANGUAGE sql IMMUTABLE AS $$
SELECT d.* FROM (VALUES
  (item_days.due_date, sign * item_days.open_amount, CASE WHEN status IS NULL THEN sign * item_days.open_amount ELSE 0 END,
   CASE WHEN status = 'dispute' THEN sign * item_days.open_amount ELSE 0 END, sign * least(item_days.open_amount, 0),
   CASE WHEN item_days.open_amount > 0 THEN sign ELSE 0 END, CASE WHEN item_days.open_amount < 0 THEN sign ELSE 0 END, 0::numeric, 0::numeric, 0::numeric, 0),
  (item_days.document_date, 0, 0, 0, 0, 0, 0, CASE WHEN kind IN ('invoice', 'debit_note', 'credit_note') THEN sign * amount ELSE 0 END, 0, 0, CASE WHEN kind = 'payment' THEN sign ELSE 0 END),
  (CASE WHEN kind = 'invoice' AND amount > 0 THEN item_days.cleared_on END, 0, 0, 0, 0, 0, 0, 0, sign * amount, sign * amount * (item_days.cleared_on - item_days.due_date), sign)
) d (day, open_amount, unqualified, disputed, credits, debit_items, credit_items, sales, paid, paid_days, payments)
WHERE d.day IS NOT NULL AND (d.open_amount <> 0 OR d.sales <> 0 OR d.payments <> 0)
$$;

CREATE FUNCTION statement_trigger.lock(touched bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  found_customers bigint;
BEGIN
  SELECT count(*) INTO found_customers
  FROM (SELECT FROM statement_trigger.position p WHERE p.customer_id = ANY (touched) ORDER BY p.customer_id FOR UPDATE) l;
  IF found_customers <> cardinality(touched) THEN
    RAISE EXCEPTION 'unknown customer' USING ERRCODE = '23503';
  END IF;
END $$;

CREATE FUNCTION statement_trigger.decide(touched bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
UPDATE statement_trigger.position p
SET outstanding = f.outstanding, overdue = f.overdue, credits = f.credits, open_items = f.open_items, oldest_due_date = f.oldest_due_date,
    sales_12m = f.sales_12m, last_payment_on = f.last_payment_on, scenario = d.scenario, collection_portfolio = d.collection_portfolio,
    risk_portfolio = d.risk_portfolio, groups = d.groups, options = d.options
FROM (SELECT g.customer_id,
             sum(g.open_amount) AS outstanding,
             coalesce(sum(g.open_amount) FILTER (WHERE g.day < bench.today()), 0) AS overdue,
             coalesce(sum(g.unqualified) FILTER (WHERE g.day < bench.today() - 30), 0) AS unqualified_overdue_30,
             coalesce(sum(g.open_amount) FILTER (WHERE g.day < bench.today() - 40), 0) AS overdue_40,
             min(g.day) FILTER (WHERE g.debit_items > 0) AS oldest_due_date,
             sum(g.credits) AS credits,
             sum(g.debit_items + g.credit_items)::bigint AS open_items,
             coalesce(sum(g.open_amount) FILTER (WHERE g.day BETWEEN bench.today() AND bench.today() + 7), 0) AS due_within_7,
             sum(g.disputed) AS disputed,
             coalesce(sum(g.sales) FILTER (WHERE g.day <= bench.today() AND g.day > bench.today() - interval '12 months'), 0) AS sales_12m,
             max(g.day) FILTER (WHERE g.payments > 0) AS last_payment_on,
             sum(g.paid_days) FILTER (WHERE g.day <= bench.today() AND g.day >= date_trunc('month', bench.today()) - interval '6 months')
               / nullif(sum(g.paid) FILTER (WHERE g.day <= bench.today() AND g.day >= date_trunc('month', bench.today()) - interval '6 months'), 0) AS average_days_late
      FROM statement_trigger.day_figure g WHERE g.customer_id = ANY (touched) GROUP BY g.customer_id) f
JOIN statement_trigger.customer c ON c.customer_id = f.customer_id,
LATERAL statement_trigger.decision(f.outstanding, f.overdue, f.unqualified_overdue_30, f.overdue_40, f.oldest_due_date, f.credits, f.open_items,
  f.due_within_7, f.disputed, f.sales_12m, f.last_payment_on, f.average_days_late, c.country, c.sector, c.email, c.external_score) d
WHERE p.customer_id = f.customer_id AND p.customer_id = ANY (touched);
END $$;

-- Generic plans: planning anew for every array of customers would cost a one-row statement more than all the rest.
CREATE FUNCTION statement_trigger.inserted() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  touched bigint[];
BEGIN
  SELECT array_agg(DISTINCT n.customer_id) INTO touched FROM new_rows n;
  IF touched IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM statement_trigger.lock(touched);
  INSERT INTO statement_trigger.day_figure AS g
  SELECT n.customer_id, d.day, sum(d.open_amount), sum(d.unqualified), sum(d.disputed), sum(d.credits), sum(d.debit_items), sum(d.credit_items), sum(d.sales), sum(d.paid), sum(d.paid_days), sum(d.payments)
  FROM new_rows n, LATERAL statement_trigger.item_days(1, n.kind, n.status, n.document_date, n.due_date, n.cleared_on, n.amount, n.open_amount) d
  GROUP BY n.customer_id, d.day ORDER BY n.customer_id, d.day
  ON CONFLICT (customer_id, day) DO UPDATE
  SET open_amount = g.open_amount + excluded.open_amount, unqualified = g.unqualified + excluded.unqualified, disputed = g.disputed + excluded.disputed,
      credits = g.credits + excluded.credits, debit_items = g.debit_items + excluded.debit_items, credit_items = g.credit_items + excluded.credit_items,
      sales = g.sales + excluded.sales, paid = g.paid + excluded.paid, paid_days = g.paid_days + excluded.paid_days, payments = g.payments + excluded.payments;
  PERFORM statement_trigger.decide(touched);
  RETURN NULL;
END $$;

CREATE FUNCTION statement_trigger.updated() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  touched bigint[];
BEGIN
  SELECT array_agg(DISTINCT n.customer_id) INTO touched FROM (SELECT customer_id FROM new_rows UNION ALL SELECT customer_id FROM old_rows) n;
  IF touched IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM statement_trigger.lock(touched);
  INSERT INTO statement_trigger.day_figure AS g
  SELECT n.customer_id, d.day, sum(d.open_amount), sum(d.unqualified), sum(d.disputed), sum(d.credits), sum(d.debit_items), sum(d.credit_items), sum(d.sales), sum(d.paid), sum(d.paid_days), sum(d.payments)
  FROM (SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows) n,
       LATERAL statement_trigger.item_days(n.sign, n.kind, n.status, n.document_date, n.due_date, n.cleared_on, n.amount, n.open_amount) d
  GROUP BY n.customer_id, d.day ORDER BY n.customer_id, d.day
  ON CONFLICT (customer_id, day) DO UPDATE
  SET open_amount = g.open_amount + excluded.open_amount, unqualified = g.unqualified + excluded.unqualified, disputed = g.disputed + excluded.disputed,
      credits = g.credits + excluded.credits, debit_items = g.debit_items + excluded.debit_items, credit_items = g.credit_items + excluded.credit_items,
      sales = g.sales + excluded.sales, paid = g.paid + excluded.paid, paid_days = g.paid_days + excluded.paid_days, payments = g.payments + excluded.payments;
  PERFORM statement_trigger.decide(touched);
  RETURN NULL;
END $$;

CREATE FUNCTION statement_trigger.deleted() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  touched bigint[];
BEGIN
  SELECT array_agg(DISTINCT o.customer_id) INTO touched FROM old_rows o;
  IF touched IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM statement_trigger.lock(touched);
  UPDATE statement_trigger.day_figure g
  SET open_amount = g.open_amount + o.open_amount, unqualified = g.unqualified + o.unqualified, disputed = g.disputed + o.disputed,
      credits = g.credits + o.credits, debit_items = g.debit_items + o.debit_items, credit_items = g.credit_items + o.credit_items,
      sales = g.sales + o.sales, paid = g.paid + o.paid, paid_days = g.paid_days + o.paid_days, payments = g.payments + o.payments
  FROM (SELECT r.customer_id, d.day, sum(d.open_amount) AS open_amount, sum(d.unqualified) AS unqualified, sum(d.disputed) AS disputed, sum(d.credits) AS credits,
               sum(d.debit_items) AS debit_items, sum(d.credit_items) AS credit_items, sum(d.sales) AS sales, sum(d.paid) AS paid, sum(d.paid_days) AS paid_days, sum(d.payments) AS payments
        FROM old_rows r, LATERAL statement_trigger.item_days(-1, r.kind, r.status, r.document_date, r.due_date, r.cleared_on, r.amount, r.open_amount) d
        GROUP BY r.customer_id, d.day) o
  WHERE g.customer_id = o.customer_id AND g.day = o.day;
  PERFORM statement_trigger.decide(touched);
  RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON statement_trigger.item REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION statement_trigger.inserted();
CREATE TRIGGER updated AFTER UPDATE ON statement_trigger.item REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION statement_trigger.updated();
CREATE TRIGGER deleted AFTER DELETE ON statement_trigger.item REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION statement_trigger.deleted();
