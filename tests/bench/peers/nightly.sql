-- Peer: the set-based nightly script. Everybody is decided again from all items; only differences are written.
UPDATE bench.position p
SET outstanding = d.outstanding, overdue = d.overdue, credits = d.credits, open_items = d.open_items, oldest_due_date = d.oldest_due_date,
    sales_12m = d.sales_12m, last_payment_on = d.last_payment_on, scenario = d.scenario, collection_portfolio = d.collection_portfolio,
    risk_portfolio = d.risk_portfolio, groups = d.groups, options = d.options
FROM bench.nightly_decision d
WHERE p.customer_id = d.customer_id
  AND (p.outstanding, p.overdue, p.credits, p.open_items, p.oldest_due_date, p.sales_12m, p.last_payment_on,
       p.scenario, p.collection_portfolio, p.risk_portfolio, p.groups, p.options)
      IS DISTINCT FROM
      (d.outstanding, d.overdue, d.credits, d.open_items, d.oldest_due_date, d.sales_12m, d.last_payment_on,
       d.scenario, d.collection_portfolio, d.risk_portfolio, d.groups, d.options);
