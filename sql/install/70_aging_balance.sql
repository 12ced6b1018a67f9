-- Aging balances from positions: one row a customer, and one row a customer and bucket.

CREATE VIEW receivables.aging_balance AS
SELECT p.customer_id, c.account_no, c.name AS customer, c.company, o.currency, c.country,
       s.name AS scenario, cp.name AS portfolio, cp.collector, rp.name AS risk_portfolio,
       receivables.business_date() AS as_of_date,
       receivables.not_due(p.receivables)::numeric(28,4) AS not_due,
       (receivables.overdue(p.receivables, 0) - receivables.overdue(p.receivables, 30))::numeric(28,4) AS overdue_1_to_30,
       (receivables.overdue(p.receivables, 30) - receivables.overdue(p.receivables, 60))::numeric(28,4) AS overdue_31_to_60,
       (receivables.overdue(p.receivables, 60) - receivables.overdue(p.receivables, 90))::numeric(28,4) AS overdue_61_to_90,
       receivables.overdue(p.receivables, 90)::numeric(28,4) AS overdue_over_90,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue,
       receivables.credits(p.receivables)::numeric(28,4) AS credits,
       receivables.item_count(p.receivables) AS open_items,
       receivables.oldest_due(p.receivables) AS oldest_due_date,
       receivables.days_overdue(p.receivables) AS days_overdue
FROM receivables.current_position p
JOIN receivables.customer c ON c.customer_id = p.customer_id
JOIN receivables.company o ON o.company = c.company
LEFT JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
LEFT JOIN receivables.portfolio cp ON cp.portfolio_id = p.collection_portfolio_id
LEFT JOIN receivables.portfolio rp ON rp.portfolio_id = p.risk_portfolio_id;
COMMENT ON VIEW receivables.aging_balance IS
  'One row per customer (key customer_id): open amounts by days overdue, each credit in the bucket of its own due date. not_due + the overdue buckets = outstanding.';
COMMENT ON COLUMN receivables.aging_balance.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.aging_balance.account_no IS 'Account number in the ERP.';
COMMENT ON COLUMN receivables.aging_balance.customer IS 'Name of the customer.';
COMMENT ON COLUMN receivables.aging_balance.company IS 'Selling company.';
COMMENT ON COLUMN receivables.aging_balance.currency IS 'Currency of the amounts: the company''s.';
COMMENT ON COLUMN receivables.aging_balance.country IS 'Country of the customer.';
COMMENT ON COLUMN receivables.aging_balance.scenario IS 'Collection scenario, NULL without one.';
COMMENT ON COLUMN receivables.aging_balance.portfolio IS 'Collection portfolio, NULL without one.';
COMMENT ON COLUMN receivables.aging_balance.collector IS 'Collector of the collection portfolio.';
COMMENT ON COLUMN receivables.aging_balance.risk_portfolio IS 'Risk portfolio, NULL without one.';
COMMENT ON COLUMN receivables.aging_balance.as_of_date IS 'Business date of the figures.';
COMMENT ON COLUMN receivables.aging_balance.not_due IS 'Due on the business date or later.';
COMMENT ON COLUMN receivables.aging_balance.overdue_1_to_30 IS '1 to 30 days overdue.';
COMMENT ON COLUMN receivables.aging_balance.overdue_31_to_60 IS '31 to 60 days overdue.';
COMMENT ON COLUMN receivables.aging_balance.overdue_61_to_90 IS '61 to 90 days overdue.';
COMMENT ON COLUMN receivables.aging_balance.overdue_over_90 IS 'More than 90 days overdue.';
COMMENT ON COLUMN receivables.aging_balance.outstanding IS 'All open amounts, net of credits.';
COMMENT ON COLUMN receivables.aging_balance.overdue IS 'Overdue amounts, net of credits.';
COMMENT ON COLUMN receivables.aging_balance.credits IS 'Open credits, 0 or negative; contained in the buckets.';
COMMENT ON COLUMN receivables.aging_balance.open_items IS 'Number of open items.';
COMMENT ON COLUMN receivables.aging_balance.oldest_due_date IS 'Due date of the oldest open debit.';
COMMENT ON COLUMN receivables.aging_balance.days_overdue IS 'Days the oldest open debit is overdue, 0 while none is.';

CREATE VIEW receivables.aging_balance_by_bucket AS
SELECT p.customer_id, c.account_no, c.name AS customer, c.company, o.currency, c.country,
       s.name AS scenario, cp.name AS portfolio, cp.collector,
       receivables.business_date() AS as_of_date,
       a.bucket_no AS bucket_order, a.bucket, a.from_days, a.to_days,
       a.amount::numeric(28,4) AS amount, a.items
FROM receivables.current_position p
JOIN receivables.customer c ON c.customer_id = p.customer_id
JOIN receivables.company o ON o.company = c.company
LEFT JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
LEFT JOIN receivables.portfolio cp ON cp.portfolio_id = p.collection_portfolio_id
CROSS JOIN LATERAL receivables.aging(p.receivables, '30,60,90'::receivables.aging_schedule) a;
COMMENT ON VIEW receivables.aging_balance_by_bucket IS
  'One row per customer and bucket (key customer_id, bucket_order), buckets without items included; the buckets of a customer add up to its outstanding amount.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.customer_id IS 'Customer; key of the view together with bucket_order.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.account_no IS 'Account number in the ERP.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.customer IS 'Name of the customer.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.company IS 'Selling company.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.currency IS 'Currency of the amounts: the company''s.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.country IS 'Country of the customer.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.scenario IS 'Collection scenario, NULL without one.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.portfolio IS 'Collection portfolio, NULL without one.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.collector IS 'Collector of the collection portfolio.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.as_of_date IS 'Business date of the figures.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.bucket_order IS '0 = not due, then by days overdue; sort by it.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.bucket IS 'Label: not due, 1-30, 31-60, 61-90, > 90.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.from_days IS 'First day overdue of the bucket; NULL for not due.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.to_days IS 'Last day overdue of the bucket; NULL = open-ended.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.amount IS 'Open amount in the bucket, net of credits.';
COMMENT ON COLUMN receivables.aging_balance_by_bucket.items IS 'Open items in the bucket.';
