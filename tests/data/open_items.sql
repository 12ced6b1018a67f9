-- The items posted by :day. A customer number has one account in each currency.
INSERT INTO receivables.customer (company, account_no, name)
SELECT DISTINCT ON (invoice_currency, cust_number) invoice_currency, cust_number, name_customer
FROM stage.open_item WHERE posting_date <= :'day' ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING;
INSERT INTO receivables.item (customer_id, erp_key, document_no, document_date, due_date, currency, amount, attributes)
SELECT c.customer_id, o.doc_id, split_part(o.doc_id, '.', 1), o.posting_date, o.due_in_date, o.invoice_currency, o.total_open_amount, jsonb_build_object('terms', o.cust_payment_terms)
FROM stage.open_item o JOIN receivables.customer c ON (c.company, c.account_no) = (o.invoice_currency, o.cust_number)
WHERE o.posting_date <= :'day' AND NOT EXISTS (SELECT FROM receivables.item i WHERE (i.customer_id, i.erp_key) = (c.customer_id, o.doc_id));

SELECT 'USD', d.* FROM stage.aging_differences('highradius_open_items.csv.gz', 'aging_USD_' || :'day', 'USD') d;
SELECT 'CAD', d.* FROM stage.aging_differences('highradius_open_items.csv.gz', 'aging_CAD_' || :'day', 'CAD') d;
SELECT 'check_positions', p.* FROM receivables.check_positions() p;
-- On the last day everything is there.
SELECT 'totals', t.* FROM (SELECT sum(outstanding) FILTER (WHERE company = 'USD') AS usd, sum(outstanding) FILTER (WHERE company = 'CAD') AS cad, count(DISTINCT account_no) AS customers, sum(open_items) AS items
                           FROM receivables.customer_facts) t, (SELECT figures -> 'highradius_open_items.csv.gz' AS f FROM stage.oracle) o
WHERE :'day' = '2020-05-22' AND (usd, cad, customers, items) IS DISTINCT FROM ((f ->> 'sum_USD')::numeric, (f ->> 'sum_CAD')::numeric, (f ->> 'customers')::bigint, (f ->> 'rows')::numeric);
