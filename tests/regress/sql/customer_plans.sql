-- Plans that a session keeps read a customer's rows by key, also those made while a table was empty.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

SELECT install_example_scenarios() > 0 AS scenarios, install_example_action_models() > 0 AS models;
UPDATE scenario SET is_default = true WHERE name = 'standard';
INSERT INTO customer (customer_id) SELECT n FROM generate_series(1, 300) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n % 100 + 1, n, business_date() - 40, 1000 FROM generate_series(1, 2000) n;
INSERT INTO customer_group (name) VALUES ('Late');
CALL search_assign();
VACUUM ANALYZE;
\c -
SET client_min_messages = warning;
SET search_assign.business_date = '2026-06-15';
SET search_path = receivables, public;
CREATE FUNCTION pg_temp.work(customer_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  items bigint[] := ARRAY(SELECT i.item_id FROM receivables.item i WHERE i.customer_id = work.customer_id ORDER BY 1);
  done bigint;
BEGIN
  PERFORM complete_action(customer_id), record_action(customer_id, 'call', item_ids => items[1:1]), suggest_action(customer_id);
  done := qualify(customer_id, items[1:2], 'litigation');
  PERFORM complete_action(customer_id, done), make_promise(customer_id, business_date() + 3, items[3:4]), make_payment_plan(customer_id, business_date() + 2, 2, item_ids => items[5:6]);
  done := open_dispute(customer_id, items[7:8], 'price');
  PERFORM resolve_dispute(customer_id, done, 'accepted'), add_note(customer_id, 'x'), add_document(customer_id, items[1], 'claim', 'https://x');
  PERFORM pin_scenario(customer_id, 'risky'), exclude_from_group(customer_id, 'Late');
  RETURN true;
END $$;
BEGIN;
SELECT count(pg_temp.work(n)) FROM generate_series(1, 40) n;
-- By key, but for tables of a few rows: the configuration.
SELECT relname, seq_scan < 10 AS few FROM pg_stat_xact_user_tables
WHERE schemaname = 'receivables' AND seq_scan > 0 AND relname NOT IN ('alert_rule', 'assignment_rule', 'calendar', 'calendar_holiday', 'configuration', 'portfolio', 'priority_rule', 'scenario', 'scenario_step', 'search')
ORDER BY 1;
SELECT relname, idx_scan >= 40 AS by_key FROM pg_stat_xact_user_tables
WHERE schemaname = 'receivables' AND relname IN ('action_log', 'dispute', 'hand_assignment', 'item', 'position', 'promise', 'specific_action') ORDER BY 1;
ROLLBACK;
