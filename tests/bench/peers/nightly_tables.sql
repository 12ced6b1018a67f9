-- Peer: the nightly script's tables. Its ledger is the bare table; nothing follows from a ledger change before the night.
\set peer bench
\ir common.sql

-- Facts from the items, then searches and rules, in one set-based statement. Over any contender's ledger, so that the
-- bench can say of each whether its memberships follow from its own items.
CREATE FUNCTION bench.install_decisions(ledger regclass, name text) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  EXECUTE format($view$
    CREATE VIEW bench.%I AS
    SELECT c.customer_id, coalesce(f.outstanding, 0) AS outstanding, coalesce(f.overdue, 0) AS overdue, coalesce(f.credits, 0) AS credits,
           coalesce(f.open_items, 0) AS open_items, f.oldest_due_date, coalesce(f.sales_12m, 0) AS sales_12m, f.last_payment_on,
           d.scenario, d.collection_portfolio, d.risk_portfolio, d.groups, d.options
    FROM bench.customer c LEFT JOIN (
      SELECT i.customer_id, sum(i.open_amount) AS outstanding,
             coalesce(sum(i.open_amount) FILTER (WHERE i.due_date < bench.today()), 0) AS overdue,
             sum(i.open_amount) FILTER (WHERE i.due_date < bench.today() - 30 AND i.status IS NULL) AS unqualified_overdue_30,
             sum(i.open_amount) FILTER (WHERE i.due_date < bench.today() - 40) AS overdue_40,
             min(i.due_date) FILTER (WHERE i.open_amount > 0) AS oldest_due_date,
             coalesce(sum(i.open_amount) FILTER (WHERE i.open_amount < 0), 0) AS credits,
             count(*) FILTER (WHERE i.open_amount <> 0) AS open_items,
             sum(i.open_amount) FILTER (WHERE i.due_date BETWEEN bench.today() AND bench.today() + 7) AS due_within_7,
             sum(i.open_amount) FILTER (WHERE i.status = 'dispute') AS disputed,
             sum(i.amount) FILTER (WHERE i.kind IN ('invoice', 'debit_note', 'credit_note') AND i.document_date <= bench.today()
                                     AND i.document_date > bench.today() - interval '12 months') AS sales_12m,
             greatest(max(i.cleared_on) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0),
                      max(i.document_date) FILTER (WHERE i.kind = 'payment')) AS last_payment_on,
             sum(i.amount * (i.cleared_on - i.due_date)) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0 AND i.cleared_on <= bench.today() AND i.cleared_on >= date_trunc('month', bench.today()) - interval '6 months')
               / sum(i.amount) FILTER (WHERE i.kind = 'invoice' AND i.amount > 0 AND i.cleared_on <= bench.today() AND i.cleared_on >= date_trunc('month', bench.today()) - interval '6 months') AS average_days_late
      FROM %s i GROUP BY i.customer_id) f USING (customer_id),
    LATERAL bench.decision(coalesce(f.outstanding, 0), coalesce(f.overdue, 0), f.unqualified_overdue_30, f.overdue_40, f.oldest_due_date, f.credits, f.open_items,
      f.due_within_7, f.disputed, f.sales_12m, f.last_payment_on, f.average_days_late, c.country, c.sector, c.email, c.external_score) d
  $view$, name, ledger);
END $body$;
SELECT bench.install_decisions(:'ledger', 'nightly_decision');
