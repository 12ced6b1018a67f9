-- Search & Assign: rules and what follows from them, the log, targets in use.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
-- All memberships of a customer in one line.
CREATE VIEW pg_temp.held AS
  SELECT customer_id, string_agg(concat_ws(' ', name, CASE source WHEN 'rule' THEN '#' || coalesce(rule_id::text, '?') ELSE source END, to_char(since, 'MM-DD')), ', ' ORDER BY sorting, name) AS held
  FROM (SELECT 1 AS sorting, customer_id, scenario AS name, rule_id, source, since FROM scenario_membership
    UNION ALL SELECT 2, customer_id, kind || ':' || portfolio, rule_id, source, since FROM portfolio_membership
    UNION ALL SELECT 3, customer_id, customer_group, rule_id, source, since FROM group_membership
    UNION ALL SELECT 4, customer_id, option, rule_id, source, since FROM option_membership
    UNION ALL SELECT 5, customer_id, colleague, rule_id, source, since FROM colleague_membership) m GROUP BY 1;
-- After a call a run over everybody changes nothing.
CREATE PROCEDURE pg_temp.nothing_to_do() LANGUAGE plpgsql AS $$
DECLARE before bigint;
BEGIN
  CALL receivables.search_assign();
  before := (SELECT count(*) FROM membership_log);
  CALL receivables.search_assign(true);
  IF before <> (SELECT count(*) FROM membership_log) THEN
    RAISE WARNING 'a full run has changed memberships: %', (SELECT jsonb_agg(to_jsonb(l) - 'recorded_at' - 'log_id') FROM (SELECT * FROM membership_log ORDER BY recorded_at DESC, log_id DESC LIMIT 5) l);
  END IF;
END $$;
-- memberships_as_of(now) is what is held now.
CREATE VIEW pg_temp.log_differs AS
  (SELECT m.customer_id, n.name, m.rule_id, m.source, m.since FROM membership m JOIN assignment_target_name n USING (target, target_id)
   EXCEPT SELECT customer_id, name, rule_id, source, since FROM memberships_as_of(clock_timestamp()))
  UNION ALL
  (SELECT customer_id, name, rule_id, source, since FROM memberships_as_of(clock_timestamp())
   EXCEPT SELECT m.customer_id, n.name, m.rule_id, m.source, m.since FROM membership m JOIN assignment_target_name n USING (target, target_id));

-- Only names are needed
INSERT INTO collector (name) VALUES ('Ann'), ('Bob'), ('Cleo');
INSERT INTO scenario (name) VALUES ('Normal'), ('Strategic'), ('Small');
INSERT INTO customer_group (name) VALUES ('Late'), ('Big');
INSERT INTO portfolio (name, collector) VALUES ('P1', 'Ann'), ('P2', NULL);
INSERT INTO portfolio (name, kind) VALUES ('R1', 'risk'), ('R2', 'risk');
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000'), ('small', 'outstanding < 100'), ('late', 'overdue > 0'), ('very late', 'days_overdue > 30'), ('all', 'true'), ('european', 'country in (''FR'', ''DE'')');
SELECT minimum_amount, ignore_below, on_late_entry, on_new_leader, min_contact_days, calendar, is_default FROM scenario WHERE name = 'Normal';
SELECT kind, collector, is_default FROM portfolio WHERE name = 'P2';
INSERT INTO customer (customer_id, account_no, country) VALUES (1, 'A1', 'FR'), (2, 'A2', 'US'), (3, 'A3', NULL);
SELECT * FROM pg_temp.held ORDER BY 1;

-- Rules: exactly one target, known things
SELECT s, pg_temp.try('INSERT INTO assignment_rule (' || s) FROM unnest(ARRAY[
  $$search) VALUES ('big')$$,
  $$search, scenario, portfolio) VALUES ('big', 'Normal', 'P1')$$,
  $$search, scenario) VALUES ('big', 'nosuch')$$,
  $$search, portfolio) VALUES ('big', 'nosuch')$$,
  $$search, customer_group) VALUES ('big', 'nosuch')$$,
  $$search, colleague) VALUES ('big', 'nosuch')$$,
  $$search, option) VALUES ('big', 'nosuch')$$,
  $$scenario) VALUES ('Normal')$$
]) s;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO portfolio (name, kind) VALUES ('X', 'sales')$$,
  $$INSERT INTO portfolio (name, collector) VALUES ('X', 'nosuch')$$,
  $$INSERT INTO scenario (name, on_late_entry) VALUES ('X', 'never')$$,
  $$INSERT INTO scenario (name) VALUES ('')$$,
  $$INSERT INTO customer_group (name) VALUES ('Late')$$,
  $$INSERT INTO scenario_step (scenario, step_no, label) VALUES ('Normal', 0, 'x')$$,
  $$INSERT INTO scenario_step (scenario, step_no, label) VALUES ('Normal', 1, 'First reminder')$$
]) s;

-- Scenario: the first match by (priority, rule_id), else the default, else none
INSERT INTO assignment_rule (rule_id, priority, search, scenario) VALUES (10, 50, 'small', 'Small'), (11, 40, 'late', 'Normal'), (12, 40, 'big', 'Strategic');
SELECT rule_id, priority, new_customers_only, active_since, autorun, active FROM assignment_rule ORDER BY 1;
CALL search_assign();
SELECT * FROM pg_temp.held ORDER BY 1;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 1, '2026-07-01', 500), (2, 2, '2026-06-01', 2000), (3, 3, '2026-07-01', 3000);
SELECT * FROM pg_temp.held ORDER BY 1; -- 1: none matches; 2: late and big: the smaller rule_id; 3: big
UPDATE scenario SET is_default = true WHERE name = 'Normal';
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$UPDATE scenario SET is_default = true WHERE name = 'Small'$$,
  $$UPDATE portfolio SET is_default = true WHERE name IN ('P1', 'P2')$$,
  $$UPDATE portfolio SET is_default = true WHERE name IN ('P1', 'R2')$$
]) s;
CALL search_assign();
SELECT * FROM pg_temp.held ORDER BY 1;
-- Another rule of the same scenario decides: rule_id changes, since stays
SET search_assign.business_date = '2026-06-20';
UPDATE item SET due_date = '2026-06-19' WHERE item_id = 3;
UPDATE item SET due_date = '2026-06-19' WHERE item_id = 1;
SELECT * FROM pg_temp.held ORDER BY 1;
-- Leaving falls to the next rule or the default, without any counter-rule
UPDATE item SET open_amount = 0 WHERE item_id = 2;
UPDATE item SET due_date = '2026-06-20' WHERE item_id = 1;
SELECT * FROM pg_temp.held ORDER BY 1;
-- Priorities changed: one customer at its next ledger change, the others with the next call
UPDATE assignment_rule SET priority = 30 WHERE rule_id = 12;
UPDATE customer SET name = 'touched' WHERE customer_id = 1;
SELECT customer_id, scenario, rule_id FROM scenario_membership ORDER BY 1;
SELECT configuration_is_newer FROM search_assign_status;
CALL search_assign();
SELECT customer_id, scenario, rule_id FROM scenario_membership ORDER BY 1;
SELECT configuration_is_newer FROM search_assign_status;
CALL pg_temp.nothing_to_do();

-- Groups: joined while any rule matches; options likewise; colleagues are added and stay
INSERT INTO assignment_rule (rule_id, search, customer_group) VALUES (20, 'late', 'Late'), (21, 'european', 'Late'), (22, 'big', 'Big');
INSERT INTO assignment_rule (rule_id, search, option) VALUES (30, 'big', 'interactive_email'), (31, 'late', 'late_interest'), (32, 'late', 'recovery_fee'), (33, 'all', 'discretionary_limit');
INSERT INTO assignment_rule (rule_id, search, colleague) VALUES (40, 'big', 'Ann'), (41, 'late', 'Bob'), (42, 'big', 'Bob');
INSERT INTO assignment_rule (rule_id, search, portfolio, priority) VALUES (50, 'big', 'P2', 1), (51, 'late', 'R1', 1), (52, 'all', 'R2', 2);
CALL search_assign();
SELECT * FROM pg_temp.held ORDER BY 1;
SELECT * FROM pg_temp.log_differs;
SET search_assign.business_date = '2026-06-21';
UPDATE item SET open_amount = 50 WHERE item_id = 3; -- no longer big, still late
UPDATE customer SET country = 'DE' WHERE customer_id = 3;
SELECT * FROM pg_temp.held WHERE customer_id = 3;
UPDATE item SET due_date = '2026-12-31' WHERE item_id = 3; -- european keeps it in the group
SELECT * FROM pg_temp.held WHERE customer_id = 3;
UPDATE customer SET country = NULL WHERE customer_id = 3;
SELECT * FROM pg_temp.held WHERE customer_id = 3;
UPDATE item SET due_date = '2026-06-01', open_amount = 3000 WHERE item_id = 3; -- back again: a new since, but for the colleagues
SELECT * FROM pg_temp.held WHERE customer_id = 3;
CALL pg_temp.nothing_to_do();
-- A removed colleague is not added again by rules, but by hand
SELECT remove_colleague(3, 'Ann');
UPDATE item SET open_amount = 2500 WHERE item_id = 3;
SELECT customer_id, colleague, rule_id, source FROM colleague_membership ORDER BY 1, 2;
SELECT add_colleague(3, 'Ann'), add_colleague(1, 'Cleo');
SELECT customer_id, colleague, rule_id, source FROM colleague_membership ORDER BY 1, 2;
-- Without its rule a colleague stays
DELETE FROM assignment_rule WHERE colleague IS NOT NULL;
CALL search_assign();
SELECT customer_id, colleague, rule_id, source FROM colleague_membership ORDER BY 1, 2;
CALL pg_temp.nothing_to_do();
SELECT * FROM pg_temp.log_differs;

-- The log of one customer
SELECT business_date, target, name, previous, rule_id, search, source, since FROM membership_log WHERE customer_id = 3 ORDER BY log_id, target_order, target_id;

-- Deactivated rules, and active again
SET search_assign.business_date = '2026-06-22';
UPDATE assignment_rule SET active = false WHERE rule_id IN (12, 22, 31, 50);
CALL search_assign();
SELECT * FROM pg_temp.held ORDER BY 1;
UPDATE assignment_rule SET active = true WHERE rule_id IN (12, 22, 31, 50);
CALL search_assign();
SELECT * FROM pg_temp.held ORDER BY 1;
SELECT rule_id, active_since FROM assignment_rule WHERE rule_id IN (11, 12) ORDER BY 1;

-- new_customers_only: created on or after active_since
SELECT rule_id, pg_temp.try(format('UPDATE assignment_rule SET new_customers_only = true WHERE rule_id = %s', rule_id)) FROM (VALUES (20), (22)) AS u(rule_id);
SELECT rule_id, new_customers_only, active_since FROM assignment_rule WHERE rule_id IN (20, 22) ORDER BY 1;
CALL search_assign();
SELECT customer_id, customer_group, rule_id FROM group_membership ORDER BY 1, 2;
INSERT INTO customer (customer_id, account_no, created_on) VALUES (4, 'A4', DEFAULT), (5, 'A5', '2026-06-21');
INSERT INTO item (customer_id, due_date, amount) VALUES (4, '2026-06-01', 2000), (5, '2026-06-01', 2000);
SELECT customer_id, customer_group, rule_id FROM group_membership ORDER BY 1, 2;
UPDATE assignment_rule SET active_since = '2026-06-21' WHERE rule_id = 22;
UPDATE assignment_rule SET active_since = '2026-06-15' WHERE rule_id = 20;
CALL search_assign();
SELECT customer_id, customer_group, rule_id FROM group_membership ORDER BY 1, 2;
-- given with the activation it is kept
UPDATE assignment_rule SET active = false WHERE rule_id = 22;
UPDATE assignment_rule SET active = true, active_since = '2026-01-01' WHERE rule_id = 22;
SELECT active_since FROM assignment_rule WHERE rule_id = 22;
UPDATE assignment_rule SET new_customers_only = false WHERE rule_id IN (20, 22);
CALL search_assign();

-- autorun = false: evaluated by a call alone; in between it matches exactly those who hold a membership by it
DELETE FROM assignment_rule;
INSERT INTO assignment_rule (rule_id, priority, search, scenario, autorun) VALUES (60, 10, 'big', 'Strategic', false), (61, 20, 'late', 'Small', true);
INSERT INTO assignment_rule (rule_id, search, customer_group, autorun) VALUES (62, 'big', 'Big', false);
INSERT INTO item (customer_id, item_id, amount, due_date) VALUES (1, 61, 5000, '2026-07-01');
SELECT customer_id, held FROM pg_temp.held WHERE customer_id IN (1, 2) ORDER BY 1; -- not yet
CALL search_assign();
SELECT customer_id, held FROM pg_temp.held WHERE customer_id IN (1, 2) ORDER BY 1;
UPDATE item SET open_amount = 0 WHERE item_id = 61; -- 1 is no longer big, but keeps it until the call
INSERT INTO item (customer_id, item_id, amount, due_date) VALUES (2, 62, 7000, '2026-06-01'); -- 2 is big, but gets it with the call
SELECT customer_id, held FROM pg_temp.held WHERE customer_id IN (1, 2) ORDER BY 1;
CALL search_assign();
SELECT customer_id, held FROM pg_temp.held WHERE customer_id IN (1, 2) ORDER BY 1;
CALL pg_temp.nothing_to_do();

-- Targets in use; renaming
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$DELETE FROM scenario WHERE name = 'Strategic'$$,
  $$DELETE FROM customer_group WHERE name = 'Big'$$,
  $$DELETE FROM portfolio WHERE name = 'P1'$$,
  $$DELETE FROM collector WHERE name = 'Ann'$$,
  $$DELETE FROM collector WHERE name = 'Cleo'$$,
  $$UPDATE portfolio SET kind = 'risk' WHERE name = 'P1'$$,
  $$UPDATE scenario SET scenario_id = 99 WHERE name = 'Strategic'$$,
  $$DELETE FROM customer_group WHERE name = 'Late'$$,
  $$DELETE FROM portfolio WHERE name = 'P2'$$,
  $$UPDATE scenario SET name = 'Key accounts' WHERE name = 'Strategic'$$,
  $$UPDATE customer_group SET name = 'Large' WHERE name = 'Big'$$,
  $$UPDATE portfolio SET name = 'North' WHERE name = 'P1'$$,
  $$UPDATE collector SET name = 'Anna' WHERE name = 'Ann'$$
]) s;
SELECT rule_id, search, scenario, customer_group FROM assignment_rule ORDER BY 1;
SELECT name, collector FROM portfolio ORDER BY 1;
SELECT customer_id, held FROM pg_temp.held ORDER BY 1;
CALL search_assign();
CALL pg_temp.nothing_to_do();

-- A renamed group that is then left, and a customer that goes: the past and the present in the log
UPDATE item SET open_amount = 0 WHERE customer_id = 2;
CALL search_assign();
SELECT name FROM memberships_as_of(clock_timestamp()) WHERE customer_id = 2 AND target = 'customer_group' ORDER BY 1;
INSERT INTO customer (customer_id, account_no) VALUES (9, 'A9');
SELECT target, name FROM memberships_as_of(clock_timestamp()) WHERE customer_id = 9 ORDER BY 1;
DELETE FROM customer WHERE customer_id = 9;
SELECT target, name FROM memberships_as_of(clock_timestamp()) WHERE customer_id = 9 ORDER BY 1;
SELECT target, name, previous, source FROM membership_log WHERE customer_id = 9 ORDER BY log_id, target_order, target_id;

-- Who has no scenario or no collector
SELECT customer_id, without_scenario, without_collector, outstanding FROM unassigned_customers ORDER BY 1;
SELECT * FROM check_positions();
RESET search_path;
