-- Peer: a row-level AFTER trigger in PL/pgSQL, the way it is mostly written. For every row it reads the customer's items
-- along their key, derives the figures in one pass, decides, and writes the customer's row once. It sees of concurrent
-- transactions what its snapshot shows: under READ COMMITTED it is known to be wrong (tests/bench/staged.sh).
\set peer row_trigger
\ir common.sql

CREATE FUNCTION row_trigger.decide(customer bigint) RETURNS void LANGUAGE plpgsql AS $$
<<decided>>
DECLARE
  today constant date := bench.today();
  c record; -- the customer
  f record; -- his figures
  risky boolean;
  has_email boolean;
  scenario text;
  portfolio text;
  groups text[] := '{}';
  options text[] := '{}';
BEGIN
  SELECT coalesce(sum(i.open_amount), 0) AS outstanding,
         coalesce(sum(i.open_amount) FILTER (WHERE i.due_date < today), 0) AS overdue,
         coalesce(sum(i.open_amount) FILTER (WHERE i.due_date < today - 30 AND i.status IS NULL), 0) AS unqualified_overdue_30,
         coalesce(sum(i.open_amount) FILTER (WHERE i.due_date < today - 40), 0) AS overdue_40,
         min(i.due_date) FILTER (WHERE i.open_amount > 0) AS oldest_due_date,
         coalesce(sum(i.open_amount) FILTER (WHERE i.open_amount < 0), 0) AS credits,
         count(*) FILTER (WHERE i.open_amount <> 0) AS open_items,
         coalesce(sum(i.open_amount) FILTER (WHERE i.due_date BETWEEN today AND today + 7), 0) AS due_within_7,
         coalesce(sum(i.open_amount) FILTER (WHERE i.status = 'dispute'), 0) AS disputed,
         coalesce(sum(i.amount) FILTER (WHERE i.kind IN ('invoice', 'debit_note', 'credit_note') AND i.document_date <= today
                                          AND i.document_date > today - interval '12 months'), 0) AS sales_12m,
         greatest(max(i.cleared_on) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0),
                  max(i.document_date) FILTER (WHERE i.kind = 'payment')) AS last_payment_on,
         sum(i.amount * (i.cleared_on - i.due_date)) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0 AND i.cleared_on <= today AND i.cleared_on >= date_trunc('month', today) - interval '6 months')
           / sum(i.amount) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0 AND i.cleared_on <= today AND i.cleared_on >= date_trunc('month', today) - interval '6 months') AS average_days_late
  INTO f FROM row_trigger.item i WHERE i.customer_id = customer;
  SELECT k.country, k.sector, k.email, k.external_score INTO c FROM row_trigger.customer k WHERE k.customer_id = customer;
  risky := c.external_score < 25 AND f.overdue > 0;
  has_email := coalesce(btrim(c.email) <> '', false);

  IF f.unqualified_overdue_30 > 2000 THEN scenario := 'No action';
  ELSIF risky THEN scenario := 'Risky';
  ELSIF f.outstanding >= 50000 THEN scenario := 'Key account';
  ELSIF f.outstanding BETWEEN 1 AND 2000 AND has_email THEN scenario := 'Small';
  ELSIF f.due_within_7 > 20000 THEN scenario := 'Pre-due';
  ELSIF c.sector = 'services' AND f.outstanding > 10000 THEN scenario := 'Public';
  ELSE scenario := 'Standard';
  END IF;
  IF f.overdue_40 > 1000 OR risky THEN portfolio := 'Special';
  ELSIF c.country IN ('FR', 'DE') THEN portfolio := 'Europe';
  ELSE portfolio := 'General';
  END IF;
  IF f.overdue_40 > 1000 THEN groups := groups || 'Group 1'::text; END IF;
  IF risky THEN groups := groups || 'Group 2'::text; END IF;
  IF f.oldest_due_date < today - 43 THEN groups := groups || 'Group 3'::text; END IF;
  IF f.outstanding > 0 AND round(f.overdue / f.outstanding, 4) > 0.8 THEN groups := groups || 'Group 4'::text; END IF;
  IF f.credits < -1000 THEN groups := groups || 'Group 5'::text; END IF;
  IF f.open_items >= 30 THEN groups := groups || 'Group 6'::text; END IF;
  IF f.overdue > 30000 THEN groups := groups || 'Group 7'::text; END IF;
  IF f.disputed > 0 THEN groups := groups || 'Group 8'::text; END IF;
  IF f.overdue > 20000 AND (f.last_payment_on IS NULL OR f.last_payment_on <= today - 90) THEN groups := groups || 'Group 9'::text; END IF;
  IF round(f.average_days_late) > 30 THEN groups := groups || 'Group 10'::text; END IF;
  IF f.outstanding BETWEEN 5000 AND 50000 AND has_email THEN options := options || 'interactive_email'::text; END IF;
  IF f.sales_12m > 40000 AND f.outstanding - f.overdue > 30000 THEN options := options || 'discretionary_limit'::text; END IF;
  IF NOT has_email THEN options := options || 'recovery_fee'::text; END IF;

  UPDATE row_trigger.position p
  SET outstanding = f.outstanding, overdue = f.overdue, credits = f.credits, open_items = f.open_items,
      oldest_due_date = f.oldest_due_date, sales_12m = f.sales_12m, last_payment_on = f.last_payment_on,
      scenario = decided.scenario, collection_portfolio = decided.portfolio, risk_portfolio = 'Risk',
      groups = decided.groups, options = decided.options
  WHERE p.customer_id = customer;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown customer %', customer USING ERRCODE = '23503';
  END IF;
END $$;

CREATE FUNCTION row_trigger.item_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    PERFORM row_trigger.decide(NEW.customer_id);
  END IF;
  IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.customer_id <> NEW.customer_id) THEN
    PERFORM row_trigger.decide(OLD.customer_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER item_changed AFTER INSERT OR UPDATE OR DELETE ON row_trigger.item
  FOR EACH ROW EXECUTE FUNCTION row_trigger.item_changed();
