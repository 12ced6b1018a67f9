-- Priorities and alerts: searches that give points or show an alert.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
-- After a call a run over everybody changes nothing, and the points are those of the rules that match.
CREATE PROCEDURE pg_temp.nothing_to_do() LANGUAGE plpgsql AS $$
DECLARE before text;
BEGIN
  CALL receivables.search_assign();
  before := (SELECT string_agg(concat_ws(' ', customer_id, priority_points, off_worklist, assignment, review_on), ', ' ORDER BY customer_id) FROM position);
  CALL receivables.search_assign(true);
  IF before <> (SELECT string_agg(concat_ws(' ', customer_id, priority_points, off_worklist, assignment, review_on), ', ' ORDER BY customer_id) FROM position) THEN
    RAISE WARNING 'a full run has changed positions';
  END IF;
END $$;
-- Brute force: points and alerts by run_search() against what is stored.
CREATE VIEW pg_temp.points_differ AS
  SELECT customer_id, p.points, p.off_worklist, e.points AS expected, e.off
  FROM customer_priority p FULL JOIN (
    SELECT customer_id, CASE WHEN bool_or(r.exit AND r.customer_id IS NOT NULL) THEN 0 ELSE coalesce(sum(r.points) FILTER (WHERE r.customer_id IS NOT NULL), 0) END AS points,
           coalesce(bool_or(r.exit) FILTER (WHERE r.customer_id IS NOT NULL), false) AS off
    FROM customer c LEFT JOIN (SELECT f.customer_id, q.points, q.exit FROM priority_rule q, run_search(q.search) f WHERE q.active) r USING (customer_id) GROUP BY 1) e USING (customer_id)
  WHERE (p.points, p.off_worklist) IS DISTINCT FROM (e.points, e.off);
CREATE VIEW pg_temp.alerts_differ AS
  (SELECT customer_id, alert_rule_id FROM alert EXCEPT SELECT f.customer_id, a.alert_rule_id FROM alert_rule a, run_search(a.search) f WHERE a.active)
  UNION ALL (SELECT f.customer_id, a.alert_rule_id FROM alert_rule a, run_search(a.search) f WHERE a.active EXCEPT SELECT customer_id, alert_rule_id FROM alert);
CREATE VIEW pg_temp.explained AS
  SELECT customer_id, p.points, maximum, percent, band, off_worklist,
         (SELECT string_agg(format('%s %s %s', search, CASE WHEN exit THEN 'exit' ELSE points::text END, to_char(since, 'MM-DD')), ', ' ORDER BY priority_rule_id)
          FROM priority_explanation e WHERE e.customer_id = p.customer_id) AS why
  FROM customer_priority p;

SELECT * FROM priority_band ORDER BY from_percent DESC;
INSERT INTO customer (customer_id, account_no, email, attributes) VALUES (1, 'A1', 'a@example.org', '{}'), (2, 'A2', NULL, '{}'), (3, 'A3', '  ', '{"strategic": true}'), (4, 'A4', 'd@example.org', '{}');
INSERT INTO search (name, criteria) VALUES ('late 5', 'days_overdue > 5'), ('late 10', 'days_overdue > 10'), ('late 15', 'days_overdue > 15'), ('big', 'outstanding >= 1000'),
  ('strategic', 'attributes->>''strategic'' = ''true'''), ('due for action', 'next_action_on <= business_date()');

-- Without rules nobody has points
SELECT * FROM pg_temp.explained ORDER BY 1;

-- Bad input
SELECT s, pg_temp.try('INSERT INTO ' || s) FROM unnest(ARRAY[
  $$priority_rule (search, points) VALUES ('nosuch', 1)$$, $$priority_rule (points) VALUES (1)$$, $$priority_rule (search, points) VALUES ('big', -1)$$,
  $$priority_rule (search, points) VALUES ('big', 1000001)$$, $$priority_rule (search, points) VALUES ('big', NULL)$$,
  $$alert_rule (search) VALUES ('nosuch')$$, $$alert_rule (search, level) VALUES ('big', 'fatal')$$, $$alert_rule (search, agenda) VALUES ('big', 'sales')$$, $$alert_rule (search, label) VALUES ('big', '')$$,
  $$priority_band VALUES ('urgent', 80)$$, $$priority_band VALUES ('urgent', 101)$$, $$priority_band VALUES ('high', 50)$$, $$priority_setting (maximum) VALUES (5)$$,
  $$alert (customer_id) VALUES (1)$$]) s;
SELECT pg_temp.try('UPDATE priority_setting SET maximum = 0'), pg_temp.try('UPDATE alert SET label = ''x''');

-- A ladder: the points add up
INSERT INTO priority_rule (priority_rule_id, search, points) VALUES (1, 'late 5', 2), (2, 'late 10', 2), (3, 'late 15', 4), (4, 'big', 12);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 1, '2026-06-09', 100), (2, 2, '2026-05-01', 5000), (3, 3, '2026-05-25', 400), (4, 4, '2026-07-15', 700);
SELECT * FROM pg_temp.explained ORDER BY 1;
SELECT * FROM pg_temp.points_differ;
-- Time alone changes them
SELECT customer_id, review_on FROM position ORDER BY 1;
SET search_assign.business_date = '2026-06-20';
CALL search_assign();
SELECT * FROM pg_temp.explained ORDER BY 1;
SELECT * FROM pg_temp.points_differ;
-- Payments in their own transaction
UPDATE item SET open_amount = 500 WHERE item_id = 2;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (4, 14, '2026-07-20', 300);
SELECT * FROM pg_temp.explained WHERE customer_id IN (2, 4) ORDER BY 1;
UPDATE item SET open_amount = 0 WHERE item_id = 2;
SELECT * FROM pg_temp.explained WHERE customer_id = 2;
-- Priorities are not in the log
SELECT count(*) FROM membership_log;

-- An exit rule: no points, off the worklist, and back again
INSERT INTO priority_rule (priority_rule_id, search, points, exit) VALUES (9, 'strategic', 50, true);
SELECT customer_id, points, maximum, percent, band, off_worklist FROM customer_priority ORDER BY 1; -- not yet decided; its points are none of the maximum
CALL search_assign();
SELECT * FROM pg_temp.explained WHERE customer_id = 3;
UPDATE customer SET attributes = '{}' WHERE customer_id = 3;
SELECT * FROM pg_temp.explained WHERE customer_id = 3;
UPDATE customer SET attributes = '{"strategic": true}' WHERE customer_id = 3;
SELECT * FROM pg_temp.explained WHERE customer_id = 3;
SELECT * FROM pg_temp.points_differ;
CALL pg_temp.nothing_to_do();

-- Points changed, rules switched off and deleted: in force for the next ledger change, for everybody with the next call
UPDATE priority_rule SET points = 8 WHERE priority_rule_id = 4;
UPDATE priority_rule SET active = false WHERE priority_rule_id = 1;
DELETE FROM priority_rule WHERE priority_rule_id = 9;
UPDATE customer SET name = 'touched' WHERE customer_id = 4;
SELECT customer_id, points, maximum, percent, band, off_worklist FROM customer_priority ORDER BY 1;
CALL search_assign();
SELECT * FROM pg_temp.explained ORDER BY 1;
SELECT * FROM pg_temp.points_differ;
CALL pg_temp.nothing_to_do();
-- A maximum of one's own; percent stays below 100
UPDATE priority_setting SET maximum = 16;
SELECT customer_id, points, maximum, percent, band FROM customer_priority ORDER BY percent DESC, customer_id;
UPDATE priority_setting SET maximum = 4;
SELECT customer_id, points, maximum, percent, band FROM customer_priority ORDER BY percent DESC, customer_id;
UPDATE priority_setting SET maximum = NULL;
UPDATE priority_band SET from_percent = 57.15 WHERE name = 'high';
SELECT customer_id, points, maximum, percent, band FROM customer_priority ORDER BY percent DESC, customer_id;
DELETE FROM priority_band WHERE name = 'very low';
UPDATE priority_band SET from_percent = 57.14 WHERE name = 'high';
SELECT customer_id, points, maximum, percent, band FROM customer_priority ORDER BY percent DESC, customer_id;

-- Alerts
INSERT INTO alert_rule (alert_rule_id, search, level, agenda, label) VALUES (1, 'big', 'critical', 'risk', 'Large exposure'), (2, 'late 15', 'warning', 'collection', NULL), (3, 'late 5', 'info', 'collection', 'Late');
INSERT INTO alert_rule (alert_rule_id, search, active) VALUES (4, 'strategic', false);
CALL search_assign();
SELECT * FROM alert ORDER BY 1, 2;
SELECT * FROM pg_temp.alerts_differ;
SET search_assign.business_date = '2026-06-26';
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 21, '2026-07-01', 2000);
UPDATE item SET open_amount = 0 WHERE item_id = 3;
SELECT * FROM alert ORDER BY 1, 2;
UPDATE search SET name = 'large' WHERE name = 'big';
CALL search_assign();
SELECT * FROM pg_temp.alerts_differ;
UPDATE alert_rule SET label = 'Very large' WHERE alert_rule_id = 1;
SELECT customer_id, label, search FROM alert WHERE alert_rule_id = 1 ORDER BY 1;
DELETE FROM alert_rule WHERE alert_rule_id = 3;
CALL search_assign();
SELECT * FROM alert ORDER BY 1, 2;
SELECT customer_id, business_date, target, name, previous, rule_id, search, source, since FROM membership_log ORDER BY customer_id, log_id, target_order, target_id;
SELECT customer_id, target, name, rule_id, search FROM memberships_as_of(clock_timestamp()) ORDER BY 1, 2, 3;

-- Numbers stay; searches in use cannot be deleted, but change
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$UPDATE alert_rule SET alert_rule_id = 99 WHERE alert_rule_id = 1$$,
  $$UPDATE priority_rule SET priority_rule_id = 99 WHERE priority_rule_id = 4$$,
  $$DELETE FROM search WHERE name = 'late 15'$$,
  $$DELETE FROM search WHERE name = 'late 10'$$,
  $$DELETE FROM search WHERE name = 'strategic'$$,
  $$TRUNCATE search CASCADE$$,
  $$DELETE FROM alert_rule WHERE search = 'strategic'$$,
  $$DELETE FROM search WHERE name = 'strategic'$$]) s;

-- What follows from assignment: not for assignment rules, but for these
INSERT INTO customer_group (name) VALUES ('G');
SELECT s, pg_temp.try('INSERT INTO ' || s) FROM unnest(ARRAY[
  $$assignment_rule (search, customer_group) VALUES ('due for action', 'G')$$,
  $$priority_rule (priority_rule_id, search, points) VALUES (20, 'due for action', 5)$$,
  $$alert_rule (alert_rule_id, search) VALUES (20, 'due for action')$$]) s;
CALL search_assign();
SELECT * FROM pg_temp.points_differ;
SELECT * FROM pg_temp.alerts_differ;
SELECT pg_temp.try($$UPDATE search SET criteria = 'next_action_on < business_date()' WHERE name = 'late 15'$$);
DELETE FROM priority_rule WHERE priority_rule_id = 20;
DELETE FROM alert_rule WHERE alert_rule_id = 20;
UPDATE search SET criteria = 'days_overdue > 15' WHERE name = 'late 15';

-- Assignment, alert and priority rules of one number and a search that fails: each stands as it stood
INSERT INTO search (name, criteria) VALUES ('fails', '100 / (open_items - 2) <> 0'), ('all', 'true');
DELETE FROM alert_rule;
DELETE FROM priority_rule;
INSERT INTO assignment_rule (rule_id, search, customer_group) VALUES (7, 'all', 'G');
INSERT INTO alert_rule (alert_rule_id, search) VALUES (7, 'fails'), (8, 'all');
INSERT INTO priority_rule (priority_rule_id, search, points) VALUES (7, 'fails', 3), (8, 'fails', 4), (9, 'all', 5);
SET client_min_messages = error;
CALL search_assign();
SELECT customer_id, open_items FROM customer_facts ORDER BY 1;
SELECT * FROM pg_temp.explained ORDER BY 1;
SELECT customer_id, alert_rule_id FROM alert ORDER BY 1, 2;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (3, 33, '2026-07-01', 10), (3, 34, '2026-07-02', 10); -- was held, fails now
SELECT * FROM pg_temp.explained WHERE customer_id = 3;
SELECT customer_id, alert_rule_id FROM alert WHERE customer_id = 3 ORDER BY 1, 2;
SET client_min_messages = warning;
DELETE FROM priority_rule WHERE search = 'fails';
DELETE FROM alert_rule WHERE search = 'fails';
CALL pg_temp.nothing_to_do();

-- Alerts that need no rule
DELETE FROM item;
SELECT * FROM builtin_alert;
INSERT INTO collector (name) VALUES ('Ann');
INSERT INTO portfolio (name, collector) VALUES ('P', 'Ann'), ('Q', NULL);
INSERT INTO scenario (name) VALUES ('Automatic'), ('Manual');
INSERT INTO scenario_step (scenario, step_no, label, channel, automatic) VALUES ('Automatic', 1, 'Reminder', 'email', 'auto'), ('Automatic', 2, 'Call', 'call', 'manual'), ('Manual', 1, 'Reminder', 'email', 'manual'), ('Manual', 2, 'Letter', 'letter', 'auto');
INSERT INTO item (customer_id, item_id, due_date, amount, status) VALUES (1, 101, '2025-12-28', 100, NULL), (2, 102, '2025-12-27', 100, NULL), (3, 103, '2025-12-01', 100, 'dispute'), (4, 104, '2025-12-01', 100, 'doubtful');
SELECT * FROM builtin_alert ORDER BY 1, 2;
SELECT pin_scenario(1, 'Automatic'), pin_scenario(2, 'Automatic'), pin_scenario(3, 'Manual'), pin_portfolio(1, 'P'), pin_portfolio(2, 'Q'), pin_scenario(4, 'Automatic'), pin_portfolio(4, 'P');
SELECT * FROM builtin_alert ORDER BY 1, 2;
INSERT INTO contact (customer_id, email) VALUES (2, 'b@example.org');
UPDATE item SET status = 'dispute_resolved' WHERE item_id = 103;
UPDATE customer SET email = NULL WHERE customer_id = 4;
UPDATE item SET open_amount = 0 WHERE item_id = 101;
SELECT * FROM builtin_alert ORDER BY 1, 2;

-- A customer that goes: its alerts end in the log, its priorities leave no trace
INSERT INTO customer (customer_id, account_no) VALUES (9, 'A9');
SELECT customer_id, points FROM customer_priority WHERE customer_id = 9;
DELETE FROM customer WHERE customer_id = 9;
SELECT target, name, previous, rule_id, search FROM membership_log WHERE customer_id = 9 ORDER BY log_id, target_order, target_id;
-- Mending a position brings its points back
SET session_replication_role = replica;
DELETE FROM position WHERE customer_id = 3;
UPDATE position SET contact_emails = 5, priority_points = 0 WHERE customer_id = 1;
SET session_replication_role = origin;
SELECT count(*) FROM check_positions();
SELECT rebuild_positions();
SELECT * FROM pg_temp.points_differ;
SELECT * FROM check_positions();
RESET search_path;
