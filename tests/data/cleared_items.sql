-- Items of known payment date: on :day those paid by then are closed, the others open. Nothing is posted after the first day.
INSERT INTO receivables.customer (company, account_no) SELECT DISTINCT 'MIX', ltrim(cust_number, '0') FROM stage.cleared_item ON CONFLICT DO NOTHING;
INSERT INTO receivables.item (customer_id, erp_key, document_date, due_date, amount, open_amount, cleared_on)
SELECT c.customer_id, s.row_no, s.due_date - 15, s.due_date, s.total_open_amount, CASE WHEN s.clear_date <= :'day' THEN 0 END, CASE WHEN s.clear_date <= :'day' THEN s.clear_date END
FROM stage.cleared_item s JOIN receivables.customer c ON (c.company, c.account_no) = ('MIX', ltrim(s.cust_number, '0'))
WHERE NOT EXISTS (SELECT FROM receivables.item);
UPDATE receivables.item i SET open_amount = 0, cleared_on = s.clear_date
FROM stage.cleared_item s WHERE i.erp_key = s.row_no::text AND i.open_amount <> 0 AND s.clear_date <= :'day';

SELECT d.* FROM stage.aging_differences('highradius_cleared_history.csv.gz', 'aging_mixed_currency_' || :'day', 'MIX') d;
SELECT d.* FROM stage.behaviour_differences('MIX', :'day') d LIMIT 20;
SELECT 'check_positions', p.* FROM receivables.check_positions() p;
SELECT 'sum', sum(amount), count(*) FROM receivables.item, (SELECT figures -> 'highradius_cleared_history.csv.gz' AS f FROM stage.oracle) o
GROUP BY f HAVING (sum(amount), count(*)) IS DISTINCT FROM ((f ->> 'sum_amount_mixed_currency')::numeric, (f ->> 'rows')::bigint);
