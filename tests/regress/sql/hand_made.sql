-- Hand-made assignments: they win over the rules until they end.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.held AS
  SELECT customer_id, string_agg(concat_ws(' ', name, CASE source WHEN 'rule' THEN '#' || rule_id ELSE source END, to_char(since, 'MM-DD')), ', ' ORDER BY sorting, name) AS held
  FROM (SELECT 1 AS sorting, customer_id, scenario AS name, rule_id, source, since FROM scenario_membership
    UNION ALL SELECT 2, customer_id, kind || ':' || portfolio, rule_id, source, since FROM portfolio_membership
    UNION ALL SELECT 3, customer_id, customer_group, rule_id, source, since FROM group_membership) m GROUP BY 1;

INSERT INTO scenario (name) VALUES ('Normal'), ('Special');
INSERT INTO customer_group (name) VALUES ('G'), ('H');
INSERT INTO portfolio (name, kind) VALUES ('C1', 'collection'), ('C2', 'collection'), ('R1', 'risk'), ('R2', 'risk');
INSERT INTO search (name, criteria) VALUES ('open', 'outstanding > 0');
INSERT INTO assignment_rule (rule_id, search, scenario) VALUES (1, 'open', 'Normal');
INSERT INTO assignment_rule (rule_id, search, portfolio) VALUES (2, 'open', 'C1'), (3, 'open', 'R1');
INSERT INTO assignment_rule (rule_id, search, customer_group) VALUES (4, 'open', 'G');
INSERT INTO customer (customer_id, account_no) VALUES (1, 'A1'), (2, 'A2');
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 1, 100), (2, 2, 100);
SELECT * FROM pg_temp.held ORDER BY 1;

-- Errors
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$pin_scenario(1, 'Special', '2026-06-14')$$, $$pin_scenario(1, 'nosuch')$$, $$pin_scenario(1, NULL)$$, $$pin_scenario(99, 'Special')$$, $$pin_scenario(NULL, 'Special')$$,
  $$pin_scenario(1, 'Special', 'infinity')$$,
  $$pin_portfolio(1, 'nosuch')$$, $$pin_portfolio(1, 'C2', '2026-06-14')$$, $$pin_portfolio(99, 'C2')$$, $$unpin_portfolio(1, 'sales')$$, $$unpin_portfolio(99)$$, $$unpin_scenario(99)$$,
  $$add_to_group(1, 'nosuch')$$, $$add_to_group(1, 'H', '2020-01-01')$$, $$exclude_from_group(99, 'G')$$, $$remove_from_group(1, 'nosuch')$$, $$include_in_group(99, 'G')$$,
  $$add_colleague(1, 'nosuch')$$, $$remove_colleague(1, 'nosuch')$$]) s;
SELECT count(*) FROM hand_assignment;
SELECT * FROM pg_temp.held ORDER BY 1;

-- Pins win, also over what the rules say later; today is not yet the past
SET search_assign.business_date = '2026-06-16';
SELECT pin_scenario(1, 'Special', '2026-06-18', 'asked by the sales manager'), pin_portfolio(1, 'C2'), pin_portfolio(1, 'R2', '2026-06-16');
SELECT * FROM pg_temp.held ORDER BY 1;
SELECT a.customer_id, t.name, a.mode, a.until, a.reason, a.made_by = SESSION_USER AS me FROM hand_assignment a JOIN assignment_target_name t USING (target, target_id) ORDER BY 1, 2;
UPDATE item SET open_amount = 0 WHERE item_id = 1;
UPDATE item SET open_amount = 50 WHERE item_id = 1;
SELECT * FROM pg_temp.held WHERE customer_id = 1;
-- A second pin replaces the first; a pin of what is held keeps its start
SELECT pin_scenario(1, 'Normal', '2026-06-17');
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SELECT pin_scenario(1, 'Special', '2026-06-18');
SELECT pin_scenario(2, 'Normal');
SELECT * FROM pg_temp.held ORDER BY 1;
-- until is inclusive
SET search_assign.business_date = '2026-06-17';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SET search_assign.business_date = '2026-06-18';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SET search_assign.business_date = '2026-06-19';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 1;
-- Back to the rules at once
SELECT unpin_portfolio(1), unpin_portfolio(1, 'risk'), unpin_scenario(1), unpin_scenario(2);
SELECT unpin_portfolio(1), unpin_portfolio(1, 'risk'), unpin_scenario(1), unpin_scenario(2);
SELECT * FROM pg_temp.held ORDER BY 1;
SELECT count(*) FROM hand_assignment;

-- Groups: added and excluded; the later of the two replaces the other
SELECT add_to_group(1, 'H'), exclude_from_group(1, 'G', '2026-06-20');
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SELECT add_to_group(1, 'G');
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SELECT exclude_from_group(1, 'G', '2026-06-20'), exclude_from_group(1, 'H');
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SELECT remove_from_group(1, 'G'), remove_from_group(1, 'H'); -- they are exclusions, which include_in_group() ends
SELECT include_in_group(1, 'H');
SELECT add_to_group(1, 'H', '2026-06-19');
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SET search_assign.business_date = '2026-06-20';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SET search_assign.business_date = '2026-06-21';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 1;
SELECT include_in_group(1, 'G'), remove_from_group(1, 'H'), include_in_group(1, 'H');
-- Added while a rule matches too: manual, and without an end when the rule takes over
SELECT add_to_group(2, 'G', '2026-06-22');
SELECT * FROM pg_temp.held WHERE customer_id = 2;
SET search_assign.business_date = '2026-06-23';
CALL search_assign();
SELECT * FROM pg_temp.held WHERE customer_id = 2;

-- Deleting: the target is in use, the customer takes its hand-made assignments along
SELECT pin_scenario(2, 'Special'), add_to_group(2, 'H');
DELETE FROM item WHERE customer_id = 2;
SELECT pg_temp.try($$DELETE FROM scenario WHERE name = 'Special'$$), pg_temp.try($$DELETE FROM customer_group WHERE name = 'H'$$);
DELETE FROM customer WHERE customer_id = 2;
SELECT count(*) FROM hand_assignment WHERE customer_id = 2;
SELECT pg_temp.try($$DELETE FROM scenario WHERE name = 'Special'$$), pg_temp.try($$DELETE FROM customer_group WHERE name = 'H'$$);

-- A pin that is rolled back was never there; the log of the other one
BEGIN;
SELECT pin_scenario(1, 'Normal');
ROLLBACK;
SELECT count(*) FROM hand_assignment WHERE target = 1 AND customer_id = 1;
SELECT business_date, target, name, previous, rule_id, source, since FROM membership_log WHERE customer_id = 1 ORDER BY log_id, target_order, target_id;
SELECT * FROM check_positions();
RESET search_path;
