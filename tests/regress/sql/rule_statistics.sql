-- Searches that overlap, what becomes of rules, and what looks wrong with them.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
\pset null '~'

-- Nothing at all
SELECT * FROM search_overlap;
SELECT * FROM rule_statistics;
SELECT * FROM check_rules();

INSERT INTO company (company, name, currency) VALUES ('CA', 'Canada', 'CAD');
INSERT INTO collector (name) VALUES ('Ann');
INSERT INTO portfolio (name, collector) VALUES ('P1', 'Ann'), ('P2', NULL);
INSERT INTO customer_group (name) VALUES ('All'), ('Some'), ('Empty'), ('Called');
INSERT INTO scenario (name) VALUES ('Hard'), ('Soft'), ('Unused');
INSERT INTO scenario_step (scenario, step_no, label) VALUES ('Hard', 1, 'Call');
INSERT INTO search (name, criteria) VALUES ('open', 'outstanding > 0'), ('big', 'outstanding >= 900'), ('huge', 'outstanding >= 1000'), ('nobody', 'outstanding < -1'),
  ('ratio', '1 / (outstanding - 300) > 0'), ('big too', ' outstanding  >= 900 '), ('more than 850', 'outstanding > 850'), ('daily', 'days_overdue * 2 > payment_days'), ('last', 'next_action_on is not null');
-- n owes 100 n, due on 2026-06-01 + n; 11 and 12 in Canadian dollars
INSERT INTO customer (customer_id, company, account_no, payment_days) SELECT n, CASE WHEN n > 10 THEN 'CA' ELSE 'MAIN' END, 'A' || n, 10 FROM generate_series(1, 12) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n, date '2026-06-01' + n, 100 * n FROM generate_series(1, 12) n;

SELECT search_a, search_b, currency, customers, outstanding, overdue, customers_a, customers_b, outstanding_b, share_a, share_b
FROM search_overlap WHERE search_a IN ('big', 'daily', 'huge') OR search_b = 'ratio' ORDER BY 1, 2, 3;
-- Pairs that nobody matches both have no row
SELECT count(*) FROM search_overlap WHERE 'nobody' IN (search_a, search_b);

INSERT INTO assignment_rule (priority, search, scenario) VALUES (10, 'big', 'Hard'), (20, 'huge', 'Soft'), (30, 'nobody', 'Soft'), (40, 'ratio', 'Soft');
INSERT INTO assignment_rule (search, portfolio) VALUES ('big', 'P1'), ('open', 'P2');
INSERT INTO assignment_rule (search, customer_group) VALUES ('open', 'All'), ('big', 'Some'), ('big', 'Some'), ('daily', 'Some');
INSERT INTO assignment_rule (search, customer_group, autorun) VALUES ('huge', 'Some', false), ('ratio', 'Called', false);
INSERT INTO assignment_rule (search, customer_group, new_customers_only, active_since) VALUES ('open', 'Some', true, '2026-06-16');
INSERT INTO assignment_rule (search, colleague) VALUES ('big', 'Ann');
INSERT INTO assignment_rule (search, option, active) VALUES ('big', 'late_interest', false);
INSERT INTO alert_rule (search, label) VALUES ('big', 'Look');
INSERT INTO priority_rule (search, points, exit) VALUES ('big', 5, false), ('open', 0, true);
SELECT pin_scenario(12, 'Soft'), pin_portfolio(11, 'P1', '2026-06-20'), exclude_from_group(1, 'All');

CREATE TEMP VIEW statistics AS
SELECT rule_type, rule_id, search, target, name, matched, applied, shadowed, shadowed_by, hidden, stored, currency, matched_outstanding, applied_outstanding, applied_overdue, failed_customers, last_error
FROM rule_statistics;
SELECT * FROM statistics ORDER BY 1, 2;
SELECT severity, object, name, rule_id, customers, finding FROM check_rules();
SELECT DISTINCT object, hint FROM check_rules() WHERE severity <> 'info' ORDER BY 1, 2;
SELECT name, active_rules FROM search_state ORDER BY 1;
SELECT * FROM search_use WHERE search = 'big' ORDER BY use, rule_id;

-- After a run, rules with autorun = false and colleagues, too
CALL search_assign();
SELECT rule_type, rule_id, search, name, matched, applied, stored FROM rule_statistics WHERE applied <> stored;
UPDATE item SET open_amount = 1 WHERE customer_id = 10;
SELECT rule_type, rule_id, search, target, matched, applied, stored FROM rule_statistics WHERE target = 'colleague' OR applied <> stored;
SELECT severity, object, name, finding FROM check_rules() WHERE finding ~ 'autorun';

-- An invalid search: nothing can be said of its rules but that
SET session_replication_role = replica;
UPDATE search SET criteria = 'outstanding > nothing' WHERE name = 'big';
UPDATE search SET criteria = 'no such column' WHERE name = 'big too';
SET session_replication_role = origin;
INSERT INTO search (name, criteria) VALUES ('unused', 'true');
SELECT rule_type, rule_id, search, name, matched, applied, stored, failed_customers, last_error FROM rule_statistics WHERE search = 'big' ORDER BY 1, 2;
SELECT severity, object, name, finding FROM check_rules() WHERE object = 'search' ORDER BY 1, 3, 4;
UPDATE search SET criteria = 'outstanding >= 900' WHERE name = 'big';
DELETE FROM search WHERE name IN ('big too', 'unused');

-- Hand-made assignments that have ended, defaults, and days to come
SET search_assign.business_date = '2026-06-21';
UPDATE scenario SET is_default = true WHERE name = 'Soft';
SELECT severity, object, name, customers, finding FROM check_rules() WHERE object IN ('hand_made', 'customers', 'scenario');
-- What is looked at writes nothing
BEGIN TRANSACTION READ ONLY;
SELECT count(*) > 0 AS findings FROM check_rules();
SELECT count(*) > 0 AS pairs FROM search_overlap;
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;

-- Rights: the views want their function
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA receivables TO regress_reader;
GRANT SELECT ON rule_statistics, search_overlap TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM rule_statistics;
SELECT count(*) FROM check_rules();
RESET ROLE;
GRANT EXECUTE ON FUNCTION rule_counts, check_rules TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) > 0 AS rules FROM rule_statistics;
SELECT count(*) > 0 AS pairs FROM search_overlap;
SELECT count(*) > 0 AS findings FROM check_rules();
RESET ROLE;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
