-- Two-phase commit: applied when the transaction is prepared. Needs max_prepared_transactions (else two_phase_1.out).
SELECT current_setting('max_prepared_transactions')::integer = 0 AS without \gset
\if :without
\quit
\endif
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.state AS
  SELECT f.customer_id, f.outstanding::numeric(12,2), f.has_email, m.scenario FROM customer_facts f LEFT JOIN scenario_membership m USING (customer_id);
INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Big', false);
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000 or has_email');
INSERT INTO assignment_rule (search, scenario) VALUES ('big', 'Big');
INSERT INTO customer (customer_id, account_no) VALUES (1, 'A1');
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 1, 5000);
PREPARE TRANSACTION 'regress_search_assign';
SELECT * FROM pg_temp.state;
COMMIT PREPARED 'regress_search_assign';
SELECT * FROM pg_temp.state;
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 2, 1);
SAVEPOINT a;
UPDATE item SET open_amount = 0 WHERE item_id = 1;
PREPARE TRANSACTION 'regress_search_assign';
ROLLBACK PREPARED 'regress_search_assign';
SELECT * FROM pg_temp.state;
SELECT * FROM check_positions();
-- Configuration and a pin
BEGIN;
UPDATE search SET criteria = 'outstanding >= 9000' WHERE name = 'big';
SELECT pin_scenario(1, 'Normal');
PREPARE TRANSACTION 'regress_search_assign';
SELECT criteria FROM search;
SELECT * FROM pg_temp.state;
COMMIT PREPARED 'regress_search_assign';
SELECT criteria FROM search;
SELECT * FROM pg_temp.state;
SELECT unpin_scenario(1);
UPDATE item SET open_amount = 4999 WHERE item_id = 1;
SELECT * FROM pg_temp.state;
SELECT * FROM check_positions();
RESET search_path;
