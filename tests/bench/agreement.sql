-- Bench: the same mixed changes for one contender: history of paid items, statuses, payments, corrections, deletions.
-- psql variable: ledger (schema). Every statement changes many customers and says everything it needs itself.
INSERT INTO :"ledger".item (customer_id, document_no, kind, document_date, due_date, amount, open_amount, cleared_on)
SELECT customer_id, document_no, kind, document_date - 90, due_date - 90, amount, 0, least(due_date - 90 + (bench.random(i, 11) * 100)::integer, bench.today())
FROM bench.staged WHERE i BETWEEN 1 AND :items / 4 AND customer_id % 40 <> 0 ORDER BY i;
INSERT INTO :"ledger".item (customer_id, document_no, kind, document_date, due_date, amount, open_amount, status)
SELECT customer_id, document_no, kind, document_date, due_date, amount, amount,
       CASE WHEN bench.random(i, 12) < 0.05 THEN 'dispute' WHEN bench.random(i, 12) < 0.1 THEN 'promise' END
FROM bench.staged WHERE i BETWEEN :items / 4 + 1 AND :items ORDER BY i;
-- A payment file: open items of the ledger are paid, some with the statement's date of last week.
UPDATE :"ledger".item SET open_amount = 0, cleared_on = bench.today() - 7
WHERE open_amount <> 0 AND bench.random(substr(document_no, 2)::bigint, 13) < 0.1 AND customer_id % 40 <> 0;
UPDATE :"ledger".item SET status = 'dispute', status_on = bench.today()
WHERE open_amount <> 0 AND status IS NULL AND bench.random(substr(document_no, 2)::bigint, 14) < 0.02;
UPDATE :"ledger".item SET due_date = due_date - 45 WHERE bench.random(substr(document_no, 2)::bigint, 15) < 0.03 AND open_amount <> 0;
UPDATE :"ledger".item i SET customer_id = 1 + (i.customer_id + 7) % (SELECT count(*) FROM receivables.customer) WHERE bench.random(substr(document_no, 2)::bigint, 16) < 0.01;
DELETE FROM :"ledger".item WHERE bench.random(substr(document_no, 2)::bigint, 17) < 0.02;
INSERT INTO :"ledger".item (customer_id, document_no, kind, document_date, due_date, amount, open_amount)
SELECT customer_id, 'P' || i, 'payment', bench.today() - 100, bench.today() - 100, -abs(amount), -abs(amount) FROM bench.staged WHERE i BETWEEN 1 AND :items / 100 ORDER BY i;
