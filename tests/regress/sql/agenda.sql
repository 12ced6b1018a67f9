-- The agenda: what is collectable, the leader, when the next action is due, what moves it, grouped collection.
-- The lives of five accounts day by day: diary.sql.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.agenda AS
  SELECT customer_id AS id, concat_ws(' ', coalesce(scenario, '-'), step_no, step) AS action, to_char(action_on, 'MM-DD') AS day, days_waiting AS waiting, items,
  trim_scale(amount) AS amount,
         trim_scale(overdue) AS overdue, to_char(oldest_due_date, 'MM-DD') AS oldest,
         (SELECT string_agg(CASE WHEN is_leader THEN '*' ELSE '' END || item_id, ' ' ORDER BY is_leader DESC, due_date, open_amount DESC, item_id) FROM collection_agenda_item i
          WHERE i.customer_id = a.customer_id AND i.source = a.source AND i.specific_action_id IS NOT DISTINCT FROM a.specific_action_id) AS agenda_items
  FROM collection_agenda a ORDER BY customer_id, source, specific_action_id;
-- The same item by item: no rows.
CREATE VIEW pg_temp.otherwise AS
  SELECT customer_id, a.r AS item_by_item, g.r AS agenda
  FROM (SELECT customer_id, (step_no, action_on, amount, cardinality(item_ids), leader_due_date)::text AS r FROM scenario_action) a
  FULL JOIN (SELECT customer_id, (step_no, action_on, amount, items, oldest_due_date)::text AS r FROM collection_agenda WHERE source = 'scenario') g USING (customer_id)
  WHERE a.r IS DISTINCT FROM g.r;
CREATE FUNCTION pg_temp.day(day date) RETURNS date LANGUAGE sql AS $$SELECT set_config('search_assign.business_date', day::text, false)::date$$;
INSERT INTO portfolio (name, is_default) VALUES ('All', true);
INSERT INTO collector (name) VALUES ('Carla'), ('Carl');
UPDATE portfolio SET collector = 'Carla';

INSERT INTO scenario (name, is_default, minimum_amount, ignore_below, on_late_entry, on_new_leader, min_contact_days) VALUES
  ('plain', true, 0, 0, 'first', 'restart', 0), ('least', false, 100, 0, 'first', 'restart', 0), ('coarse', false, 0, 20, 'first', 'restart', 0),
  ('inherit', false, 0, 0, 'first', 'inherit', 0),
  ('by age', false, 0, 0, 'by_age', 'by_age', 0), ('contact', false, 0, 0, 'first', 'restart', 7), ('none', false, 0, 0, 'first', 'restart', 0),
  ('early', false, 0, 0, 'by_age', 'restart', 0);
INSERT INTO scenario_step (scenario, step_no, label, channel, offset_days, min_days_after_previous, min_amount)
  SELECT s.name, t.* FROM scenario s, (VALUES (1, 'Mail', 'email', 5, 0, 0), (2, 'Call', 'call', 10, 3, 0),
  (3, 'Letter', 'letter', 20, 5, 0)) t WHERE s.name NOT IN ('none', 'early');
INSERT INTO scenario_step (scenario, step_no, label, phase, channel, offset_days, min_amount) VALUES
  ('early', 1, 'Statement', 'pre_due', 'email', -10, 0), ('early', 2, 'Large statement', 'pre_due', 'call', -3, 500), ('early', 5, 'Mail', 'amicable', 'email', 5, 0),
  ('early', 9, 'Call', 'amicable', 'call', 30, 0);

-- ---- Minimum amounts: the agenda names the day on which the amount will be reached ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(1, 5) n;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 11, '2026-06-01', 60), (1, 12, '2026-06-20', 30), (1, 13, '2026-07-02', 50),
  (2, 21, '2026-06-01', 99.9999), (3, 31, '2026-06-01', 100),
  (4, 41, '2026-07-02', 10), (5, 51, '2026-06-01', 250), (5, 52, '2026-06-30', -160);
SELECT pin_scenario(n, 'least') FROM generate_series(1, 5) n;
TABLE pg_temp.agenda;
UPDATE item SET amount = 45, open_amount = 45 WHERE item_id = 12;
TABLE pg_temp.agenda;
-- The day comes; a step is passed over while its own amount is not reached
SELECT pg_temp.day('2026-06-20');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id = 1;
UPDATE scenario_step SET min_amount = 150 WHERE scenario = 'least' AND step_no IN (1, 2);
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id IN (1, 3);
UPDATE scenario_step SET min_amount = 0 WHERE scenario = 'least';
SELECT pg_temp.day('2026-06-15');
CALL search_assign();

-- ---- Items below ignore_below: neither leader nor amount, as old as they are ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(6, 8) n;
INSERT INTO item (customer_id, item_id, due_date, amount, fx_rate) VALUES (6, 61, '2026-01-01', 19.9999, 1), (6, 62, '2026-06-05', 20, 1), (6, 63, '2026-06-01', 10, 2),
  (7, 71, '2026-06-01', 10, 1), (7, 72, '2026-06-02', 19, 1),
  (8, 81, '2026-05-01', 25, 1), (8, 82, '2026-06-08', 300, 1);
SELECT pin_scenario(n, 'coarse') FROM generate_series(6, 8) n;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 6 AND 8;
-- Paid in part it becomes too small and the next one leads; a limit that falls brings it back with the next CALL
SELECT complete_action(8) > 0 AS done;
UPDATE item SET open_amount = 15 WHERE item_id = 81;
SELECT * FROM pg_temp.agenda WHERE id = 8;
UPDATE scenario SET ignore_below = 15 WHERE name = 'coarse';
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 6 AND 8;

-- ---- Credits: whatever their due dates they are taken off; never below nothing ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(10, 12) n;
INSERT INTO item (customer_id, item_id, kind, due_date, amount) VALUES (10, 101, 'invoice', '2026-06-01', 100), (10, 102, 'payment', '2026-07-30', -30),
  (11, 111, 'invoice', '2026-06-01', 100),
  (11, 112, 'credit_note', '2026-06-14', -100), (11, 113, 'invoice', '2026-06-25', 5), (12, 121, 'payment', '2026-06-01', -50);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 10 AND 12;
UPDATE item SET open_amount = 0 WHERE item_id = 112;
SELECT * FROM pg_temp.agenda WHERE id = 11;

-- ---- Leader: oldest due date, then the larger open amount, then the smaller number ----
INSERT INTO customer (customer_id) VALUES (13);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (13, 133, '2026-06-02', 50), (13, 132, '2026-06-02', 70), (13, 131, '2026-06-02', 70),
  (13, 130, '2026-06-03', 900);
SELECT * FROM pg_temp.agenda WHERE id = 13;
SELECT complete_action(13) > 0 AS done;
SELECT * FROM pg_temp.agenda WHERE id = 13;
UPDATE item SET open_amount = 69 WHERE item_id = 131;
SELECT * FROM pg_temp.agenda WHERE id = 13;
UPDATE item SET open_amount = 70 WHERE item_id = 131;
SELECT * FROM pg_temp.agenda WHERE id = 13;

-- ---- Promises: open ones hold their items, or are taken off; broken ones do neither ----
INSERT INTO item_status (code, label, category) VALUES ('soft promise', 'Said so on the phone', 'promise');
INSERT INTO customer (customer_id) SELECT n FROM generate_series(15, 17) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n * 10 + i, '2026-06-01'::date + i, 100 * i FROM generate_series(15, 17) n, generate_series(1, 2) i;
SELECT qualify(15, '{151}', 'promise', promised_on => '2026-06-17'), qualify(16, '{161}', 'soft promise', promised_on => '2026-06-17'), qualify(17, '{171,172}', 'soft promise',
  promised_on => '2026-06-17');
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 15 AND 17;
SELECT account_id, item_id, status, promised_on, is_promised FROM collectable_item WHERE account_id BETWEEN 15 AND 17 ORDER BY 1, 2;
-- A promise without end is a hold until somebody ends it
UPDATE item SET status = 'promise' WHERE item_id = 152;
SELECT pg_temp.day('2026-06-17');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 15 AND 17;
SELECT pg_temp.day('2026-06-18');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 15 AND 17;
SELECT set_promise_tolerance(2);
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 15 AND 17;
SELECT set_promise_tolerance(0);
CALL search_assign();
TABLE pg_temp.otherwise;

-- ---- Held: by a status, by a specific action ----
INSERT INTO customer (customer_id) VALUES (18);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (18, 181, '2026-06-01', 100), (18, 182, '2026-06-02', 200), (18, 183, '2026-06-03', 300);
UPDATE item SET status = 'litigation' WHERE item_id = 181;
UPDATE item_status SET action_model = 'Ask' WHERE code IN ('ongoing', 'promise');
SELECT qualify(18, '{182}', 'ongoing') > 0 AS planned;
SELECT * FROM pg_temp.agenda WHERE id = 18;
SELECT complete_action(18, specific_action_id) > 0 AS done FROM specific_action WHERE customer_id = 18;
SELECT * FROM pg_temp.agenda WHERE id = 18;
UPDATE item SET status = NULL WHERE item_id = 181;
SELECT * FROM pg_temp.agenda WHERE id = 18;
-- All held: nothing is left for the scenario
UPDATE item SET status = 'dispute' WHERE customer_id = 18;
SELECT * FROM pg_temp.agenda WHERE id = 18;
SELECT pg_temp.try('SELECT complete_action(18)');

-- ---- A new leader: from the first step, from the step reached, by age ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(20, 22) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n * 10 + i, '2026-05-10'::date + 24 * (i - 1), 100 FROM generate_series(20, 22) n, generate_series(1, 2) i;
SELECT pin_scenario(21, 'inherit'), pin_scenario(22, 'by age');
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
SELECT pin_scenario(22, 'inherit');
SELECT complete_action(n, step_no => 1) > 0 AS done FROM generate_series(20, 22) n;
SELECT pin_scenario(22, 'by age');
SELECT complete_action(22, step_no => 3) > 0 AS done;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
UPDATE item SET open_amount = 0 WHERE item_id IN (201, 211, 221);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
UPDATE item SET open_amount = 50 WHERE item_id IN (201, 211, 221);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;

-- ---- Another scenario: its entry at once, and back ----
SELECT pin_scenario(20, 'by age'), pin_scenario(21, 'none'), pin_scenario(22, 'plain');
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
SELECT unpin_scenario(n) FROM generate_series(20, 22) n;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
INSERT INTO search (name, criteria) VALUES ('twenty', 'customer_id = 20');
INSERT INTO assignment_rule (search, scenario) VALUES ('twenty', 'none');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 20 AND 22;
DELETE FROM assignment_rule;
CALL search_assign();

-- ---- Before the due date: what falls due up to the leader's date ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(25, 28) n;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (25, 251, '2026-06-25', 100), (25, 252, '2026-06-26', 900), (26, 261, '2026-06-30', 300),
  (26, 262, '2026-06-30', 300), (27, 271, '2026-06-20', 100),
  (27, 272, '2026-07-20', 100), (28, 281, '2026-06-20', 100), (28, 282, '2026-06-19', -100);
SELECT pin_scenario(n, 'early') FROM generate_series(25, 28) n;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 25 AND 28;
SELECT complete_action(25) > 0 AS done;
SELECT pg_temp.day('2026-06-27');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 25 AND 28;
-- Overdue now, the account enters by its age
SELECT pg_temp.day('2026-07-21');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 25 AND 28;
SELECT * FROM pg_temp.otherwise;
SELECT pg_temp.day('2026-06-18');
CALL search_assign();

-- ---- Days between contacts: a call out of plan moves the next action, a note does not ----
INSERT INTO customer (customer_id) VALUES (30);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (30, 301, '2026-06-12', 100);
SELECT pin_scenario(30, 'contact');
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT record_action(30, 'note') > 0, record_action(30, 'task') > 0, record_action(30, 'email', is_contact => false) > 0;
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT record_action(30, 'call', done_on => '2026-06-16') > 0 AS recorded;
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT record_action(30, 'call', done_on => '2026-06-10') > 0 AS recorded;
SELECT * FROM pg_temp.agenda WHERE id = 30;

-- ---- A date given by hand holds for its step and leader only ----
SELECT redate_action(30, '2026-06-30') > 0 AS moved;
SELECT * FROM pg_temp.agenda WHERE id = 30;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (30, 302, '2026-06-13', 10);
SELECT record_action(30, 'call') > 0 AS recorded;
SELECT * FROM pg_temp.agenda WHERE id = 30;
UPDATE item SET open_amount = 0 WHERE item_id = 301;
SELECT * FROM pg_temp.agenda WHERE id = 30;
UPDATE item SET open_amount = 100 WHERE item_id = 301;
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT pin_scenario(30, 'plain');
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT pin_scenario(30, 'contact');
SELECT * FROM pg_temp.agenda WHERE id = 30;
SELECT complete_action(30, step_no => 1) > 0 AS done;
SELECT * FROM pg_temp.agenda WHERE id = 30;

-- ---- Passed over ----
SELECT cancel_action(30) > 0, cancel_action(30) > 0;
SELECT count(*) FROM pg_temp.agenda WHERE id = 30;
SELECT pg_temp.try('SELECT cancel_action(30)');

-- ---- Blocked customers are out of the agenda, not out of the ledger ----
UPDATE customer SET collection_blocked = true WHERE customer_id IN (18, 21);
SELECT * FROM pg_temp.agenda WHERE id IN (18, 21);
SELECT pg_temp.try('SELECT complete_action(21)');
UPDATE customer SET collection_blocked = false WHERE customer_id IN (18, 21);
SELECT * FROM pg_temp.agenda WHERE id IN (18, 21);

-- ---- Grouped: accounts collected through another one ----
INSERT INTO customer (customer_id, account_no) SELECT n, 'G' || n FROM generate_series(40, 44) n;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (40, 401, '2026-06-10', 100), (41, 411, '2026-06-05', 50), (42, 421, '2026-06-12', 30),
  (42, 422, '2026-06-25', 5), (43, 431, '2026-06-01', 40), (41, 412, '2026-06-30', -20);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE customer SET collection_account_id = 40 WHERE customer_id IN (41, 42);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
SELECT customer_id, item_customer_id, item_id, open_amount, is_leader FROM collection_agenda_item WHERE customer_id = 40 ORDER BY due_date, item_id;
-- A member's ledger, its holds and its specific actions are the account's
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (42, 423, '2026-06-02', 7);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
SELECT qualify(42, '{423}', 'promise', promised_on => '2026-06-19') > 0 AS planned;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
SELECT pg_temp.try('SELECT complete_action(41)');
SELECT complete_action(40) > 0 AS done;
SELECT customer_id, step_no, leader_customer_id, leader_item_id, item_ids, trim_scale(amount) AS amount FROM action_log ORDER BY action_id DESC LIMIT 1;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE item SET open_amount = 0 WHERE item_id = 411;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE item SET open_amount = 50 WHERE item_id = 411;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
-- The promise of a member is broken
SELECT pg_temp.day('2026-06-20');
CALL search_assign();
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
TABLE pg_temp.otherwise;
-- One statement for account and members
UPDATE item SET open_amount = open_amount - 1 WHERE item_id IN (401, 411, 421);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE item SET open_amount = open_amount + 1 WHERE item_id IN (401, 411, 421);
SELECT customer_id, sqlstate, reason FROM change_queue;
-- Blocked as one
UPDATE customer SET collection_blocked = true WHERE customer_id = 40;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE customer SET collection_blocked = false WHERE customer_id = 40;
-- Refused: circles, chains, oneself, nobody, an account that goes while others are collected through it
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  'UPDATE customer SET collection_account_id = 40 WHERE customer_id = 40', 'UPDATE customer SET collection_account_id = 41 WHERE customer_id = 40',
  'UPDATE customer SET collection_account_id = 43 WHERE customer_id = 40', 'UPDATE customer SET collection_account_id = 41 WHERE customer_id = 43',
  'UPDATE customer SET collection_account_id = CASE customer_id WHEN 43 THEN 44 ELSE 43 END WHERE customer_id IN (43, 44)',
  'UPDATE customer SET collection_account_id = 999 WHERE customer_id = 43', 'INSERT INTO customer (customer_id, collection_account_id) VALUES (45, 41)',
  'DELETE FROM item WHERE customer_id = 40; DELETE FROM customer WHERE customer_id = 40']) s;
SELECT customer_id, collection_account_id FROM customer WHERE customer_id BETWEEN 40 AND 49 ORDER BY 1;
-- To another account, with it in one statement, and by itself again
UPDATE customer SET collection_account_id = CASE customer_id WHEN 43 THEN NULL ELSE 43 END WHERE customer_id IN (40, 41, 42, 43);
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
SELECT customer_id, collection_account_id FROM customer WHERE customer_id BETWEEN 40 AND 49 ORDER BY 1;
-- One leaves, others stay
UPDATE customer SET collection_account_id = NULL WHERE customer_id = 42;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
UPDATE customer SET collection_account_id = NULL WHERE customer_id IN (40, 41);
UPDATE customer SET collection_account_id = 43 WHERE customer_id = 42;
SELECT * FROM pg_temp.agenda WHERE id BETWEEN 40 AND 44;
INSERT INTO customer (customer_id, collection_account_id) VALUES (46, 43), (47, 43);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (46, 461, '2026-05-20', 9), (47, 471, '2026-05-25', 9);
SELECT * FROM pg_temp.agenda WHERE id = 43;
UPDATE customer SET collection_account_id = NULL WHERE customer_id = 46;
SELECT * FROM pg_temp.agenda WHERE id IN (43, 46);
-- Any number is a customer's
INSERT INTO customer (customer_id) VALUES (0);
INSERT INTO customer (customer_id, collection_account_id) VALUES (48, 0);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (0, 481, '2026-05-20', 9), (48, 482, '2026-05-25', 9);
SELECT * FROM pg_temp.agenda WHERE id IN (0, 48);
UPDATE item SET open_amount = 0 WHERE item_id = 481;
SELECT * FROM pg_temp.agenda WHERE id IN (0, 48);
BEGIN;
DELETE FROM item WHERE customer_id IN (0, 48);
DELETE FROM customer WHERE customer_id = 48;
DELETE FROM customer WHERE customer_id = 0;
COMMIT;
BEGIN;
DELETE FROM item WHERE customer_id = 47;
DELETE FROM customer WHERE customer_id = 47;
COMMIT;
SELECT * FROM pg_temp.agenda WHERE id = 43;
TABLE pg_temp.otherwise;
SELECT * FROM check_positions();

-- ---- A payment ends the action in its own transaction, its reversal brings it back ----
INSERT INTO customer (customer_id) VALUES (50);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (50, 501, '2026-06-01', 100), (50, 502, '2026-06-02', 60);
SELECT complete_action(50, step_no => 1) > 0 AS done;
SET search_assign.apply = statement;
BEGIN;
SELECT * FROM pg_temp.agenda WHERE id = 50;
UPDATE item SET open_amount = 0 WHERE item_id = 501;
SELECT * FROM pg_temp.agenda WHERE id = 50;
UPDATE item SET open_amount = 0 WHERE item_id = 502;
SELECT * FROM pg_temp.agenda WHERE id = 50;
SELECT pg_temp.try('SELECT complete_action(50)');
UPDATE item SET open_amount = amount WHERE customer_id = 50;
SELECT * FROM pg_temp.agenda WHERE id = 50;
SAVEPOINT paid;
UPDATE item SET open_amount = 0 WHERE customer_id = 50;
SELECT count(*) FROM pg_temp.agenda WHERE id = 50;
ROLLBACK TO paid;
SELECT * FROM pg_temp.agenda WHERE id = 50;
UPDATE item SET open_amount = 0 WHERE customer_id = 50;
COMMIT;
RESET search_assign.apply;
SELECT count(*) FROM pg_temp.agenda WHERE id = 50;
UPDATE item SET open_amount = amount WHERE customer_id = 50;
SELECT * FROM pg_temp.agenda WHERE id = 50;

-- ---- Queued changes: the agenda follows when they are applied ----
SET search_assign.apply = queue;
UPDATE item SET open_amount = 0 WHERE item_id = 501;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (42, 425, '2026-05-30', 1000);
SELECT * FROM pg_temp.agenda WHERE id IN (43, 50);
SELECT * FROM check_positions();
CALL search_assign_pending();
SELECT * FROM pg_temp.agenda WHERE id IN (43, 50);
UPDATE item SET open_amount = 100 WHERE item_id = 501;
CALL search_assign_pending();
SELECT * FROM pg_temp.agenda WHERE id = 50;
-- What is done is queued likewise
SELECT complete_action(50, step_no => 2) > 0 AS done;
CALL search_assign_pending();
SELECT * FROM pg_temp.agenda WHERE id = 50;
RESET search_assign.apply;
SELECT count(*) FROM change_queue;
SELECT * FROM check_positions();

-- ---- Summary by collector, day and channel ----
SELECT collector, action_on, channel, actions, automatic_actions, customers, trim_scale(amount) AS amount, currency FROM agenda_summary ORDER BY 1, 2, 3;
SELECT count(*) = (SELECT sum(actions) FROM agenda_summary) AS complete, count(DISTINCT priority_rank) = count(*) AS ranks,
  max(priority_rank) = count(*) AS without_gaps FROM collection_agenda;

-- ---- Positions that were tampered with are mended from the log ----
TABLE pg_temp.otherwise;
SELECT * FROM check_positions();
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.agenda;
CREATE TEMP TABLE progress AS SELECT customer_id, progress, collection_account_id, has_members, last_action_on, next_step, next_action_on FROM position;
SET session_replication_role = replica;
UPDATE position SET progress = '\x01', last_action_on = NULL WHERE customer_id IN (8, 13, 50);
UPDATE position SET collection_account_id = NULL, has_members = false WHERE customer_id IN (42, 43);
DELETE FROM position WHERE customer_id = 21;
INSERT INTO action_log (customer_id, event, done_on, source, scenario_id, step_no, is_contact, leader_customer_id, leader_item_id)
  SELECT 20, 'done', '2026-06-19', 'scenario', scenario_id, 2, true, 20, 201 FROM scenario WHERE name = 'plain';
RESET session_replication_role;
SELECT * FROM check_positions() ORDER BY 1, 2;
SELECT rebuild_positions();
SELECT * FROM check_positions();
SELECT p.customer_id FROM position p FULL JOIN progress o USING (customer_id)
WHERE (p.progress, p.collection_account_id, p.has_members, p.last_action_on, p.next_step, p.next_action_on)
  IS DISTINCT FROM (o.progress, o.collection_account_id, o.has_members, o.last_action_on, o.next_step, o.next_action_on);
SELECT 'before' AS which, * FROM (TABLE before EXCEPT TABLE pg_temp.agenda) b UNION ALL SELECT 'now', * FROM (TABLE pg_temp.agenda EXCEPT TABLE before) n ORDER BY 2, 1;
TABLE pg_temp.otherwise;
CALL search_assign(true);
SELECT count(*) FROM (TABLE pg_temp.agenda EXCEPT TABLE before) c;
SELECT rebuild_positions();
RESET search_path;
