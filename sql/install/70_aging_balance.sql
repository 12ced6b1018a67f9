-- Aging balances from positions: one row a customer, one row a customer and bucket, one row a company.
-- Outer joins on keys, though every position has its customer: a query pays only for those it uses.

CREATE VIEW receivables.aging_balance AS
SELECT p.customer_id, c.account_no, c.name AS customer, c.company, o.currency, c.country,
       s.name AS scenario, cp.name AS portfolio, cp.collector, rp.name AS risk_portfolio,
       receivables.business_date() AS as_of_date,
       receivables.not_due(p.receivables)::numeric(28,4) AS not_due,
       receivables.overdue_between(p.receivables, 1, 30)::numeric(28,4) AS overdue_1_to_30,
       receivables.overdue_between(p.receivables, 31, 60)::numeric(28,4) AS overdue_31_to_60,
       receivables.overdue_between(p.receivables, 61, 90)::numeric(28,4) AS overdue_61_to_90,
       receivables.overdue(p.receivables, 90)::numeric(28,4) AS overdue_over_90,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue,
       receivables.credits(p.receivables)::numeric(28,4) AS credits,
       receivables.item_count(p.receivables) AS open_items,
       receivables.oldest_due(p.receivables) AS oldest_due_date,
       receivables.days_overdue(p.receivables) AS days_overdue
FROM receivables.current_position p
LEFT JOIN receivables.customer c ON c.customer_id = p.customer_id
LEFT JOIN receivables.company o ON o.company = c.company
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
LEFT JOIN receivables.customer c ON c.customer_id = p.customer_id
LEFT JOIN receivables.company o ON o.company = c.company
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

-- Where all customers are of one company, which two probes of an index tell exactly, the sum of all
-- positions is that company's, and neither a join with customer nor grouping is needed. The other branch
-- is not executed then, nor the first one where there are more companies.
CREATE VIEW receivables.company_aging_balance AS
WITH customers AS (
  SELECT min(company) AS first_company, max(company) AS last_company FROM receivables.customer
), company_amounts AS (
  SELECT (SELECT first_company FROM customers) AS company,
         receivables.aging_amounts(receivables, (SELECT receivables.business_date()), '30,60,90') AS amounts
  FROM (SELECT p.customer_id, p.receivables FROM receivables.position p
        UNION ALL SELECT q.customer_id, q.receivables FROM receivables.change_queue q WHERE q.receivables IS NOT NULL) p
  HAVING (SELECT first_company = last_company FROM customers)
  UNION ALL
  SELECT c.company, receivables.aging_amounts(p.receivables, (SELECT receivables.business_date()), '30,60,90')
  FROM (SELECT p.customer_id, p.receivables FROM receivables.position p
        UNION ALL SELECT q.customer_id, q.receivables FROM receivables.change_queue q WHERE q.receivables IS NOT NULL) p
  JOIN receivables.customer c ON c.customer_id = p.customer_id
  WHERE (SELECT first_company <> last_company FROM customers)
  GROUP BY c.company
)
SELECT o.company, o.currency,
       receivables.business_date() AS as_of_date,
       coalesce(a.amounts[1], 0)::numeric(28,4) AS not_due,
       coalesce(a.amounts[2], 0)::numeric(28,4) AS overdue_1_to_30,
       coalesce(a.amounts[3], 0)::numeric(28,4) AS overdue_31_to_60,
       coalesce(a.amounts[4], 0)::numeric(28,4) AS overdue_61_to_90,
       coalesce(a.amounts[5], 0)::numeric(28,4) AS overdue_over_90,
       coalesce(a.amounts[1] + a.amounts[2] + a.amounts[3] + a.amounts[4] + a.amounts[5], 0)::numeric(28,4) AS outstanding
FROM receivables.company o LEFT JOIN company_amounts a ON a.company = o.company;
COMMENT ON VIEW receivables.company_aging_balance IS
  'One row per company (key company), those without open items included: the sums of aging_balance, without a row for each customer on the way.';
COMMENT ON COLUMN receivables.company_aging_balance.company IS 'Selling company; key of the view.';
COMMENT ON COLUMN receivables.company_aging_balance.currency IS 'Currency of the amounts: the company''s.';
COMMENT ON COLUMN receivables.company_aging_balance.as_of_date IS 'Business date of the figures.';
COMMENT ON COLUMN receivables.company_aging_balance.not_due IS 'Due on the business date or later.';
COMMENT ON COLUMN receivables.company_aging_balance.overdue_1_to_30 IS '1 to 30 days overdue.';
COMMENT ON COLUMN receivables.company_aging_balance.overdue_31_to_60 IS '31 to 60 days overdue.';
COMMENT ON COLUMN receivables.company_aging_balance.overdue_61_to_90 IS '61 to 90 days overdue.';
COMMENT ON COLUMN receivables.company_aging_balance.overdue_over_90 IS 'More than 90 days overdue.';
COMMENT ON COLUMN receivables.company_aging_balance.outstanding IS 'All open amounts, net of credits; the buckets add up to it.';
