-- What a full run would change, row by row and added up; it writes nothing. That it is exactly what a run does:
-- tests/oracle/preview.sh.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
\pset null '~'

INSERT INTO company (company, name, currency) VALUES ('CA', 'Canada', 'CAD');
INSERT INTO collector (name) VALUES ('Ann'), ('Bob');
INSERT INTO portfolio (name, collector, is_default) VALUES ('P1', 'Ann', true), ('P2', 'Bob', false), ('P3', 'Bob', false), ('P0', NULL, false);
INSERT INTO portfolio (name, kind) VALUES ('R', 'risk');
INSERT INTO customer_group (name) VALUES ('Large'), ('Chosen'), ('Late');
INSERT INTO scenario (name, is_default) VALUES ('Calls', true), ('E-mails', false), ('Nothing', false);
INSERT INTO scenario_step (scenario, step_no, label, channel, automatic, offset_days) VALUES
  ('Calls', 1, 'Call', 'call', 'manual', 10), ('E-mails', 1, 'Reminder', 'email', 'auto', 5);
INSERT INTO search (name, criteria) VALUES ('small', 'outstanding < 400'), ('big', 'outstanding >= 900'), ('key', 'sector = ''key'''), ('open', 'outstanding > 0'), ('late', 'days_overdue > 30');
INSERT INTO assignment_rule (search, scenario) VALUES ('small', 'E-mails');
INSERT INTO assignment_rule (search, customer_group) VALUES ('big', 'Large'), ('late', 'Late');
INSERT INTO assignment_rule (search, option) VALUES ('big', 'late_interest');
-- n owes 100 n, due on 2026-06-01 + n; 11 and 12 in Canadian dollars
INSERT INTO customer (customer_id, company, account_no, name) SELECT n, CASE WHEN n > 10 THEN 'CA' ELSE 'MAIN' END, 'A' || n, 'Customer ' || n FROM generate_series(1, 12) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n, date '2026-06-01' + n, 100 * n FROM generate_series(1, 12) n;

CREATE TEMP VIEW changes AS SELECT customer_id, target, change, from_name, to_name, from_source, to_source, to_search, outstanding, overdue FROM preview_assignment();
CREATE TEMP VIEW actions AS SELECT DISTINCT customer_id, action_change, from_step, to_step, from_action_on, to_action_on FROM preview_assignment();
CREATE TEMP VIEW summary AS SELECT section, change, from_name, to_name, currency, customers, outstanding, overdue FROM compare_rules() WHERE section NOT IN ('action', 'workload');
CREATE TEMP VIEW work AS SELECT collector, week, week_start, currency, actions_before, actions_after, manual_before, manual_after, amount_before, amount_after
                         FROM compare_rules() WHERE section = 'workload';

-- Everything is as a run would leave it
SELECT * FROM preview_assignment();
SELECT * FROM summary;
SELECT * FROM work ORDER BY collector, week, currency;

-- Another day: what time brings
SET search_assign.business_date = '2026-07-08';
SELECT * FROM changes ORDER BY 1, 2, 4, 5;
SET search_assign.business_date = '2026-06-15';

-- What if: changed searches and rules, an item paid, a pin, a new customer; nothing of it is applied yet
BEGIN;
UPDATE search SET criteria = 'outstanding < 800' WHERE name = 'small';
INSERT INTO assignment_rule (search, portfolio) VALUES ('big', 'P2');
UPDATE assignment_rule SET active = false WHERE option = 'late_interest';
INSERT INTO assignment_rule (search, customer_group, autorun) VALUES ('open', 'Chosen', false);
UPDATE item SET open_amount = 0 WHERE customer_id = 12;
SELECT pin_scenario(1, 'Calls', date '2026-06-20');
INSERT INTO customer (customer_id, account_no, name) VALUES (13, 'A13', 'New');
INSERT INTO item (customer_id, due_date, amount) VALUES (13, '2026-05-01', 50);
SELECT * FROM changes ORDER BY 1, 2, 4, 5;
SELECT * FROM actions ORDER BY 1;
SELECT * FROM summary ORDER BY 1, 2, 3, 4, 5;
SELECT section, change, from_name, to_name, currency, customers, actions_before AS before, actions_after AS after, amount_before, amount_after
FROM compare_rules() WHERE section = 'action' ORDER BY 2, 3, 4, 5;
SELECT * FROM work ORDER BY collector, week, currency;
-- a shorter horizon leaves weeks out, never what is overdue
SELECT week, sum(actions_before) AS before, sum(actions_after) AS after FROM compare_rules(1) WHERE section = 'workload' GROUP BY 1;
CALL search_assign(true);
SELECT * FROM preview_assignment();
ROLLBACK;
SELECT * FROM preview_assignment();

-- Only the deciding rule; only the action; off the worklist; blocked; held back by a ramp-up; a step that is no more
BEGIN;
INSERT INTO assignment_rule (priority, search, scenario) VALUES (1, 'small', 'E-mails');
SELECT customer_id, target, change, from_name, to_name, from_rule_id, to_rule_id, action_change FROM preview_assignment() ORDER BY 1;
ROLLBACK;
BEGIN;
UPDATE scenario_step SET offset_days = 8 WHERE scenario = 'E-mails';
SELECT customer_id, target, change, from_name, to_name, action_change, from_action_on, to_action_on FROM preview_assignment() ORDER BY 1;
UPDATE customer SET collection_blocked = true WHERE customer_id = 1;
INSERT INTO priority_rule (search, exit) VALUES ('key', true);
UPDATE customer SET sector = 'key' WHERE customer_id = 2;
SELECT customer_id, target, change, action_change, from_action_on, to_action_on FROM preview_assignment() ORDER BY 1;
INSERT INTO ramp_up (search, start_on, customers_per_day) VALUES ('small', '2026-06-29', 1);
SELECT * FROM work WHERE week_start >= '2026-06-29' ORDER BY 1, 2;
DELETE FROM scenario_step WHERE scenario = 'E-mails';
SELECT * FROM actions ORDER BY 1;
ROLLBACK;

-- Queued changes count
SET search_assign.apply = queue;
UPDATE item SET open_amount = 1 WHERE customer_id = 12;
RESET search_assign.apply;
SELECT * FROM changes ORDER BY 1, 2, 4;
CALL search_assign_pending();
SELECT * FROM preview_assignment();

-- A search that fails or has become invalid leaves its customers as they are
BEGIN;
UPDATE search SET criteria = '1 / (outstanding - 200) > 0' WHERE name = 'small';
SELECT * FROM changes ORDER BY 1, 2;
ROLLBACK;

-- Nothing is written: no transaction number, no changed row, no lock but the readers'; in a read-only transaction, too
BEGIN;
UPDATE assignment_rule SET search = 'open' WHERE scenario = 'E-mails';
COMMIT;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT count(*) FROM preview_assignment();
SELECT count(*) FROM compare_rules();
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written, (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables WHERE schemaname = 'receivables') AS rows_changed;
SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'receivables'::regnamespace);
COMMIT;
BEGIN TRANSACTION READ ONLY ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM preview_assignment();
SELECT count(*) FROM compare_rules();
COMMIT;

-- Arguments and rights
SELECT compare_rules(0);
SELECT compare_rules(521);
SELECT compare_rules(NULL);
CREATE ROLE regress_previewer;
GRANT USAGE ON SCHEMA receivables TO regress_previewer;
SET ROLE regress_previewer;
SELECT count(*) FROM preview_assignment();
SELECT count(*) FROM compare_rules();
RESET ROLE;
GRANT EXECUTE ON FUNCTION preview_assignment, compare_rules TO regress_previewer;
SET ROLE regress_previewer;
SELECT count(*) FROM preview_assignment();
SELECT count(*) > 0 AS rows FROM compare_rules();
RESET ROLE;
DROP OWNED BY regress_previewer;
DROP ROLE regress_previewer;

-- No customers at all
DELETE FROM item;
DELETE FROM customer;
SELECT count(*) FROM preview_assignment();
SELECT count(*) FROM compare_rules();
