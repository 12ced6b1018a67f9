-- Actions: done, redated, cancelled, recorded, confirmed, automatic; what is refused; the log.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.pending AS
  SELECT customer_id, 'step ' || step_no AS action, action_on, leader_item_id AS leader, CASE WHEN action_on <= business_date() THEN amount END AS amount,
         CASE WHEN action_on <= business_date() THEN item_ids END AS item_ids, confirmed::text FROM scenario_action
  UNION ALL SELECT customer_id, 'specific ' || label, action_on, NULL, amount, item_ids, NULL FROM pending_specific_action;
CREATE VIEW pg_temp.logged AS
  SELECT customer_id, event, to_char(done_on, 'MM-DD') AS done_on, concat_ws(' ', source, scenario, step_no, step) AS what, channel, to_char(planned_on, 'MM-DD') AS planned,
         to_char(new_action_on, 'MM-DD') AS moved, outcome, comment, is_contact AS contact, leader_item_id AS leader, item_ids, amount, overdue, outstanding
  FROM action_log ORDER BY customer_id, action_id;

UPDATE item_status SET action_model = 'Follow up', action_channel = 'task', follow_up_days = 3 WHERE code = 'dispute';
INSERT INTO scenario (name, is_default) VALUES ('normal', true), ('machine', false), ('none', false);
INSERT INTO scenario_step (scenario, step_no, label, channel, automatic, offset_days, min_days_after_previous) VALUES
  ('normal', 1, 'Reminder', 'email', 'manual', 3, 0), ('normal', 2, 'Call', 'call', 'manual', 10, 2), ('normal', 3, 'Letter', 'letter', 'manual', 20, 7),
  ('machine', 1, 'Mail', 'email', 'auto', 1, 0), ('machine', 2, 'Second mail', 'interactive_email', 'confirm', 2, 0), ('machine', 3, 'Text', 'sms', 'auto', 3, 0);
INSERT INTO customer (customer_id, account_no) VALUES (1, 'A1'), (2, 'A2'), (3, 'A3'), (4, 'A4');
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 11, '2026-06-10', 100), (1, 12, '2026-06-14', 50), (1, 13, '2026-07-20', 30), (1, 14, '2026-06-20', -20),
  (2, 21, '2026-07-30', 10), (3, 31, '2026-06-12', 70);
SELECT pin_scenario(3, 'none');
SELECT * FROM pg_temp.pending ORDER BY 1, 2;

-- Done: the log shows what was owed; the next step waits for its day; the same step cannot be done twice
SELECT pg_temp.try('SELECT complete_action(1, step_no => 2)');
SELECT complete_action(1, outcome => 'sent', comment => 'no answer', step_no => 1);
SELECT pg_temp.try('SELECT complete_action(1, step_no => 1)');
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT * FROM pg_temp.logged;
-- What the transaction itself has paid is seen
BEGIN;
UPDATE item SET open_amount = 40 WHERE item_id = 11;
SELECT complete_action(1);
SELECT amount FROM action_log ORDER BY action_id DESC LIMIT 1;
ROLLBACK;

-- Moved, passed over
SELECT redate_action(1, '2026-06-25', comment => 'on leave');
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT redate_action(1, '2026-06-15');
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT cancel_action(1, comment => 'spoke to him anyway');
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SET search_assign.business_date = '2026-06-30';
CALL search_assign();
SELECT complete_action(1, done_on => '2026-06-29');
SELECT count(*) FROM pg_temp.pending WHERE customer_id = 1;
SELECT record_action(1, 'call', 'promised to pay', 'asked for copies', '{12,11,12}', '2026-06-28'), record_action(1, 'note', comment => 'new accountant');
SELECT record_action(2, 'visit', is_contact => false), record_action(2, 'task');
SELECT event, done_on, what, channel, planned, moved, outcome, comment, contact, item_ids, amount, overdue, outstanding FROM pg_temp.logged;

-- Refused
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$complete_action(1)$$, $$redate_action(1, '2026-07-01')$$, $$cancel_action(1)$$, $$complete_action(3)$$, $$complete_action(99)$$, $$complete_action(NULL)$$,
  $$complete_action(2, done_on => '2026-07-01')$$, $$complete_action(2, done_on => '-infinity')$$, $$complete_action(2, status => 'dispute')$$, $$complete_action(2, 5, step_no => 1)$$,
  $$complete_action(2, 5)$$, $$complete_action(2, 5, status => 'nosuch')$$, $$cancel_action(99, 5)$$, $$redate_action(2, '2026-06-29')$$, $$redate_action(2, NULL)$$, $$redate_action(2, 'infinity')$$,
  $$redate_action(2, '2026-07-29', 5)$$, $$record_action(2, 'pigeon')$$, $$record_action(2, NULL)$$, $$record_action(2, 'call', is_contact => NULL)$$, $$record_action(99, 'call')$$,
  $$record_action(2, 'call', item_ids => '{21,11}')$$, $$record_action(2, 'call', item_ids => '{}')$$, $$record_action(2, 'call', item_ids => '{21,NULL}')$$,
  $$record_action(2, 'call', done_on => '2026-07-01')$$, $$confirm_actions('{1,99}')$$, $$confirm_actions('{NULL}')$$, $$confirm_actions(collector => 'nobody')$$]) s;
SELECT count(*) FROM action_log;
-- A step is not done before the one before it
UPDATE item SET due_date = '2026-06-12' WHERE item_id = 21;
SELECT complete_action(2, done_on => '2026-06-25');
SELECT pg_temp.try($$SELECT complete_action(2, done_on => '2026-06-24')$$);

-- Specific actions: of their items alone; those have left the scenario
SELECT qualify(1, '{11,12}', 'dispute', 'wrong price', 'Rita') AS specific \gset
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT redate_action(1, '2026-07-10', :specific, 'Rita is away'), pg_temp.try(format($$SELECT redate_action(1, '2026-06-01', %s)$$, :specific));
SELECT pg_temp.try(format('SELECT complete_action(2, %s)', :specific)), pg_temp.try(format($$SELECT complete_action(1, %s, done_on => '2026-06-29')$$, :specific));
SELECT item_id, status, resolver, specific_action_id = :specific AS held FROM item WHERE customer_id = 1 ORDER BY 1;
-- A payment that clears the items ends the action in the same transaction, a reversed one brings it back
BEGIN;
UPDATE item SET open_amount = 0 WHERE item_id IN (11, 12);
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT pg_temp.try(format('SELECT complete_action(1, %s)', :specific)), pg_temp.try(format($$SELECT redate_action(1, '2026-07-11', %s)$$, :specific));
COMMIT;
UPDATE item SET open_amount = 60 WHERE item_id = 11;
SELECT * FROM pg_temp.pending WHERE customer_id = 1;
SELECT complete_action(1, :specific, 'credited', 'price corrected');
SELECT item_id, status, status_on, status_comment, resolver, specific_action_id FROM item WHERE customer_id = 1 ORDER BY 1;
SELECT state, closed_on, outcome, action_on FROM specific_action;
SELECT pg_temp.try(format('SELECT %s(1, %s)', f, :specific)) FROM unnest('{complete_action,cancel_action}'::text[]) f;
SELECT pg_temp.try(format($$SELECT redate_action(1, '2026-07-11', %s)$$, :specific));
-- Given up: the items keep their status
SELECT qualify(1, '{11}', 'dispute') AS specific \gset
SELECT cancel_action(1, :specific, 'no dispute after all');
SELECT pg_temp.try(format('SELECT %s(1, %s)', f, :specific)) FROM unnest('{complete_action,cancel_action}'::text[]) f;
SELECT item_id, status, specific_action_id FROM item WHERE item_id = 11;
-- Completed with a status of one's choice: the promised date goes with the promise
UPDATE item_status SET action_model = 'Check payment' WHERE code = 'promise';
SELECT qualify(1, '{11}', 'promise', promised_on => '2026-07-05') AS specific \gset
SELECT pg_temp.try(format($$SELECT complete_action(1, %s, status => 'nosuch')$$, :specific));
SELECT complete_action(1, :specific, status => 'ongoing');
SELECT item_id, status, promised_on, specific_action_id FROM item WHERE item_id = 11;
SELECT qualify(1, '{11}', 'promise', promised_on => '2026-07-05') AS specific \gset
SELECT complete_action(1, :specific);
SELECT item_id, status, promised_on, specific_action_id FROM item WHERE item_id = 11;
SELECT event, what, channel, planned, moved, outcome, comment, contact, item_ids, amount, overdue, outstanding FROM pg_temp.logged WHERE customer_id = 1 AND what LIKE 'specific%';
-- An item that goes to another customer leaves its action behind
SELECT qualify(1, '{11,13}', 'dispute') AS specific \gset
UPDATE item SET customer_id = 4 WHERE customer_id = 1 AND item_id = 13;
SELECT customer_id, item_id, status, specific_action_id = :specific AS held FROM item WHERE item_id IN (11, 13) ORDER BY 2;
SELECT * FROM pg_temp.pending WHERE action LIKE 'specific%';

-- The log is append-only
SELECT pg_temp.try('UPDATE action_log SET outcome = ''x'''), pg_temp.try('DELETE FROM action_log'), pg_temp.try('TRUNCATE action_log');

-- Automatic actions: due, confirmed where that is asked for, by e-mail only to an address, one step a day
INSERT INTO collector (name) VALUES ('Carla'), ('Carl');
INSERT INTO portfolio (name, collector) VALUES ('P', 'Carla');
INSERT INTO customer (customer_id, email) SELECT n, CASE WHEN n <> 52 THEN 'x@example.org' END FROM generate_series(51, 55) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n, '2026-06-29', 100 FROM generate_series(51, 55) n;
SELECT pin_scenario(n, 'machine'), pin_portfolio(51, 'P') FROM generate_series(51, 55) n;
UPDATE item SET due_date = '2026-06-30' WHERE item_id = 53;
UPDATE customer SET collection_blocked = true WHERE customer_id = 54;
CREATE VIEW pg_temp.machine AS SELECT customer_id, event, done_on, step_no, step, channel, outcome, is_contact FROM action_log WHERE customer_id BETWEEN 51 AND 59 ORDER BY customer_id, action_id;
CALL run_automatic_actions();
SELECT * FROM pg_temp.machine;
CALL run_automatic_actions();
SELECT count(*) FROM pg_temp.machine;
SET search_assign.business_date = '2026-07-01';
CALL search_assign();
SELECT customer_id, step_no, action_on, confirmed FROM scenario_action WHERE customer_id BETWEEN 51 AND 59 ORDER BY 1;
SELECT confirm_actions(collector => 'Carl'), confirm_actions(collector => 'Carla'), confirm_actions(collector => 'Carla'), confirm_actions('{52,53}');
SELECT customer_id, step_no, action_on, confirmed FROM scenario_action WHERE customer_id BETWEEN 51 AND 59 ORDER BY 1;
CALL run_automatic_actions();
SELECT * FROM pg_temp.machine WHERE done_on = '2026-07-01';
SELECT confirm_actions('{53,55}'), confirm_actions();
SET search_assign.business_date = '2026-07-02';
CALL search_assign();
BEGIN;
CALL run_automatic_actions();
CALL run_automatic_actions();
SELECT * FROM pg_temp.machine WHERE done_on = '2026-07-02';
ROLLBACK;
-- A specific action that is automatic: a dispute is followed up until somebody ends it
UPDATE item_status SET automatic = true WHERE code IN ('dispute', 'promise');
SELECT qualify(55, '{55}', 'dispute') > 0, qualify(51, '{51}', 'promise', promised_on => '2026-07-04') > 0;
SET search_assign.business_date = '2026-07-05';
CALL search_assign();
CALL run_automatic_actions();
CALL run_automatic_actions();
SELECT customer_id, label, automatic, action_on, item_ids, created_on FROM pending_specific_action WHERE customer_id > 50;
SELECT * FROM pg_temp.machine WHERE done_on = '2026-07-05' AND customer_id IN (51, 55);
SELECT item_id, status, specific_action_id IS NOT NULL AS held FROM item WHERE item_id IN (51, 55) ORDER BY 1;

-- The log stays when the customer goes
DELETE FROM item WHERE customer_id = 2;
DELETE FROM customer WHERE customer_id = 2;
SELECT count(*) FROM action_log WHERE customer_id = 2;
SELECT * FROM check_positions();
-- Nobody may do this unasked
CREATE ROLE regress_collector;
GRANT USAGE ON SCHEMA receivables TO regress_collector;
SET ROLE regress_collector;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['SELECT receivables.complete_action(1)', 'SELECT receivables.qualify(1, ''{11}'', ''ongoing'')', 'CALL receivables.run_automatic_actions()',
  'SELECT receivables.confirm_actions()', 'SELECT receivables.owed(1)', 'SELECT FROM receivables.action_log', 'SELECT FROM receivables.specific_action',
  'SELECT receivables.suggest_action(1)']) s;
RESET ROLE;
GRANT EXECUTE ON FUNCTION receivables.record_action(bigint, text, text, text, bigint[], date, boolean), receivables.complete_action(bigint, bigint, text, text, date, integer, text) TO regress_collector;
SET ROLE regress_collector;
SELECT receivables.record_action(1, 'call', item_ids => '{11}') > 0;
RESET ROLE;
SELECT recorded_by = SESSION_USER AS by_session, amount FROM action_log ORDER BY action_id DESC LIMIT 1;
DROP OWNED BY regress_collector;
DROP ROLE regress_collector;
RESET search_path;
