-- The queue of changes: apply = queue, failing applications, locks; nothing is lost, readers see queued amounts.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET search_path = receivables;
SET search_assign.business_date = '2026-06-15';
INSERT INTO scenario (name, is_default) VALUES ('Standard', true), ('Big', false);
INSERT INTO customer_group (name) VALUES ('Late');
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000'), ('late', 'overdue > 0');
INSERT INTO assignment_rule (search, scenario) VALUES ('big', 'Big');
INSERT INTO assignment_rule (search, customer_group) VALUES ('late', 'Late');
INSERT INTO customer (account_no, name) SELECT 'A' || i, 'Customer ' || i FROM generate_series(1, 5) i;

CREATE VIEW public.queued AS
SELECT customer_id, sqlstate, reason, receivables, qualified, sales, payments, promises IS NOT NULL AS promises, contact_emails FROM change_queue ORDER BY queue_id;
CREATE VIEW public.shown AS
SELECT f.customer_id, f.outstanding, f.overdue, f.has_email, total(f.promised) AS promised, a.outstanding AS aged,
       m.scenario, (SELECT string_agg(customer_group, ',') FROM group_membership g WHERE g.customer_id = f.customer_id) AS groups
FROM customer_facts f JOIN aging_balance a USING (customer_id) LEFT JOIN scenario_membership m USING (customer_id) WHERE f.customer_id < 4 ORDER BY 1;

-- apply = queue only appends; facts and aging show it, memberships follow with the call.
SET search_assign.apply = queue;
INSERT INTO item (customer_id, document_no, kind, document_date, amount) VALUES
  (1, 'D', 'invoice', '2026-05-01', 600), (1, 'E', 'invoice', '2026-06-15', 500), (2, 'F', 'invoice', '2026-06-10', 70.5);
INSERT INTO contact (customer_id, name, email) VALUES (1, 'x', 'a@b.example');
UPDATE item SET status = 'promise', promised_on = '2026-06-17' WHERE document_no = 'D';
UPDATE item SET open_amount = 450 WHERE document_no = 'E';
TABLE public.queued;
TABLE public.shown;
SELECT customer_id FROM run_search('late') ORDER BY 1;
SELECT * FROM check_positions();
CALL search_assign_pending();
TABLE public.queued;
TABLE public.shown;
SELECT * FROM check_positions();

-- The next transaction that touches the customer takes in what is queued.
INSERT INTO item (customer_id, document_no, kind, document_date, amount) VALUES (2, 'G', 'invoice', '2026-06-01', 5000), (3, 'H', 'invoice', '2026-06-01', 1);
SET search_assign.apply = commit;
UPDATE item SET open_amount = 0 WHERE document_no = 'F';
TABLE public.queued;
TABLE public.shown;
-- So does CALL search_assign().
CALL search_assign();
TABLE public.queued;
TABLE public.shown;
SELECT * FROM check_positions();

-- Deleting a customer, queued.
SET search_assign.apply = queue;
DELETE FROM customer WHERE customer_id = 4;
SELECT count(*) FROM position;
CALL search_assign_pending();
SELECT count(*) FROM position;
SELECT target, name, previous FROM membership_log WHERE customer_id = 4 ORDER BY log_id, target_order, target_id;
RESET search_assign.apply;

-- An application that fails leaves the ledger alone and says why.
CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full' USING ERRCODE = '53100'; END $$;
SET search_assign.apply = statement;
SELECT add_to_group(1, 'Late', NULL, 'by hand');
CREATE TRIGGER fail BEFORE INSERT ON search_failure FOR EACH ROW EXECUTE FUNCTION public.fail();
INSERT INTO search (name, criteria) VALUES ('failing', '1 / (outstanding - 777) > 0');
INSERT INTO assignment_rule (search, customer_group) VALUES ('failing', 'Late');
INSERT INTO item (customer_id, document_no, kind, document_date, amount) VALUES (5, 'Z', 'invoice', '2026-06-01', 777), (3, 'Z', 'invoice', '2026-06-01', 7);
TABLE public.queued;
RESET search_assign.apply;
UPDATE item SET open_amount = 770 WHERE document_no = 'Z' AND customer_id = 5;
TABLE public.queued;
INSERT INTO item (customer_id, document_no, kind, document_date, amount) VALUES (5, 'Y', 'invoice', '2026-06-01', 7);
TABLE public.queued;
SELECT customer_id, outstanding FROM customer_facts WHERE customer_id IN (3, 5) ORDER BY 1;
SELECT * FROM check_positions();
DROP TRIGGER fail ON search_failure;
CALL search_assign_pending();
TABLE public.queued;
SELECT * FROM check_positions();
SELECT name, failed_customers FROM search_state WHERE name = 'failing';
DELETE FROM assignment_rule WHERE search = 'failing';

-- Change sets larger than change_set_mem wait in temporary files; savepoints forget exactly their part.
SET search_assign.change_set_mem = '1kB';
SET search_assign.change_set_mem = '64kB';
BEGIN;
INSERT INTO item (customer_id, document_no, kind, document_date, amount) SELECT (ARRAY[1, 2, 3, 5])[1 + i % 4], 'bulk', 'invoice', '2026-05-01'::date + i % 80, i FROM generate_series(1, 5000) i;
SAVEPOINT a;
INSERT INTO item (customer_id, document_no, kind, document_date, amount) SELECT 1 + i % 3, 'gone', 'invoice', '2026-05-01'::date + i % 80, i FROM generate_series(1, 5000) i;
ROLLBACK TO a;
UPDATE item SET open_amount = 0 WHERE document_no = 'bulk' AND amount % 3 = 0;
SAVEPOINT b;
CALL search_assign();
SELECT count(*) FROM check_positions();
ROLLBACK TO b;
DELETE FROM item WHERE document_no = 'bulk' AND amount > 4000;
COMMIT;
SELECT count(*) FROM check_positions();
SELECT customer_id, outstanding, open_items FROM customer_facts ORDER BY 1;

-- A queue that cannot be written ends the transaction, which says so
SET search_assign.apply = queue;
CREATE UNIQUE INDEX regress_full ON change_queue (reason);
\set VERBOSITY default
BEGIN;
INSERT INTO item (customer_id, document_no, amount) VALUES (1, 'refused', 1), (2, 'refused', 1);
COMMIT;
\set VERBOSITY terse
DROP INDEX regress_full;
SELECT count(*) FROM item WHERE document_no = 'refused';
SELECT count(*) FROM change_queue;
SELECT count(*) FROM check_positions();
RESET search_assign.apply;

-- Nobody but the extension changes it; it can be emptied inside a transaction block, and not by just anybody.
DELETE FROM change_queue;
SET search_assign.apply = queue;
UPDATE customer SET name = 'renamed' WHERE customer_id = 1;
BEGIN;
CALL search_assign_pending();
SELECT count(*) FROM change_queue;
COMMIT;
BEGIN READ ONLY;
CALL search_assign_pending();
ROLLBACK;
SET search_assign.apply = later;
RESET search_assign.apply;
