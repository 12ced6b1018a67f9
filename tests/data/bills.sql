-- Bills issued by :day, those paid by then closed. 994 have no amount and stay outside; some due dates are typed wrong.
INSERT INTO receivables.customer (company, account_no) SELECT DISTINCT 'BRL', id_cliente FROM stage.bill WHERE issued_on <= :'day' ON CONFLICT DO NOTHING;
UPDATE receivables.item i SET open_amount = 0, cleared_on = s.paid_on
FROM stage.bill s WHERE i.erp_key = s.row_no::text AND i.open_amount <> 0 AND s.paid_on <= :'day';
INSERT INTO receivables.item (customer_id, erp_key, document_date, due_date, amount, open_amount, cleared_on)
SELECT c.customer_id, s.row_no, s.issued_on, s.due_on, s.amount, CASE WHEN s.paid_on <= :'day' THEN 0 END, CASE WHEN s.paid_on <= :'day' THEN s.paid_on END
FROM stage.bill s JOIN receivables.customer c ON (c.company, c.account_no) = ('BRL', s.id_cliente)
WHERE s.issued_on <= :'day' AND s.amount IS NOT NULL
  AND NOT EXISTS (SELECT FROM receivables.item i WHERE (i.customer_id, i.erp_key) = (c.customer_id, s.row_no::text));

SELECT d.* FROM stage.aging_differences('brazil_b2b_payments.csv.gz', 'aging_' || :'day', 'BRL',
  (SELECT jsonb_object_agg(bucket, n) FROM (
     SELECT CASE WHEN late <= 0 THEN 'current' WHEN late <= 30 THEN '1-30' WHEN late <= 60 THEN '31-60' WHEN late <= 90 THEN '61-90' ELSE '90+' END AS bucket, count(*) AS n
     FROM (SELECT date :'day' - due_on AS late FROM stage.bill WHERE amount IS NULL AND issued_on <= :'day' AND paid_on > :'day') b GROUP BY 1) x)) d;
SELECT d.* FROM stage.behaviour_differences('BRL', :'day') d LIMIT 20;
SELECT 'check_positions', p.* FROM receivables.check_positions() p;
