-- Qualification: statuses with their follow-up, resolvers, what comes next, doubtful debt, reports; what is refused.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.qualified AS
  SELECT item_id, status, to_char(status_on, 'MM-DD') AS status_on, status_comment AS comment, resolver, to_char(promised_on, 'MM-DD') AS promised, specific_action_id AS action
  FROM item WHERE status IS NOT NULL ORDER BY customer_id, item_id;
CREATE VIEW pg_temp.planned AS
  SELECT s.customer_id AS customer, s.specific_action_id AS action, s.state, to_char(s.action_on, 'MM-DD') AS action_on, s.label, s.channel, s.status, s.resolver, s.comment,
         p.items, p.amount, p.overdue, p.oldest_due_date AS oldest, p.item_ids
  FROM specific_action s LEFT JOIN pending_specific_action p USING (customer_id, specific_action_id) ORDER BY 1, 2;

INSERT INTO collector (name) VALUES ('Carla');
INSERT INTO portfolio (name, collector) VALUES ('P', 'Carla');
INSERT INTO customer_group (name) VALUES ('G'), ('H');
INSERT INTO scenario (name, is_default) VALUES ('normal', true);
INSERT INTO scenario_step (scenario, step_no, label, channel, offset_days) VALUES ('normal', 1, 'Reminder', 'email', 3), ('normal', 2, 'Call', 'call', 10);
INSERT INTO company (company, currency) VALUES ('EU', 'EUR');
INSERT INTO customer (customer_id, account_no, company) VALUES (1, 'A1', 'MAIN'), (2, 'A2', 'MAIN'), (3, 'A3', 'EU');
INSERT INTO item (customer_id, item_id, due_date, amount, fx_rate) VALUES (1, 11, '2026-06-01', 100, 1), (1, 12, '2026-06-05', 50, 1.5), (1, 13, '2026-06-30', 30, 1), (1, 14, '2026-06-20', -20, 1),
  (1, 15, '2026-05-01', 10, 1), (2, 21, '2026-06-02', 10, 1), (3, 31, '2026-06-03', 70, 1);
UPDATE item SET open_amount = 0 WHERE item_id = 15;
INSERT INTO item_status (code, label, category, active) VALUES ('old', 'No longer used', 'dispute', false);
INSERT INTO item_status (code, label, category, follow_up_days, action_model, action_channel) VALUES ('copy', 'Copy wanted', 'ongoing', 2, 'Send the copy', 'email');
SELECT pin_portfolio(1, 'P'), pin_portfolio(3, 'P'), add_to_group(1, 'G'), add_to_group(1, 'H'), add_to_group(2, 'G');

-- Without an action model nothing is planned; with one the follow-up is given, promised or follows from the delay
SELECT qualify(1, '{11}', 'ongoing', 'looks into it', 'Rita');
SET client_min_messages = notice;
SELECT qualify(1, '{11}', 'ongoing', follow_up_on => '2026-06-20');
SET client_min_messages = warning;
SELECT install_example_action_models(), install_example_action_models();
SELECT code, follow_up_days, action_model, action_channel FROM item_status WHERE action_model IS NOT NULL ORDER BY 1;
SELECT qualify(1, '{12,11,12}', 'dispute', 'wrong price', 'Rita', '2026-06-12'), qualify(2, '{21}', 'promise', 'will pay', promised_on => '2026-06-26', follow_up_on => '2026-06-18'),
       qualify(3, '{31}', 'copy', follow_up_on => '2026-06-15'), qualify(1, '{13}', 'copy', status_on => '2026-06-01');
SELECT * FROM pg_temp.qualified;
SELECT * FROM pg_temp.planned;
SELECT * FROM suggest_action(1);
SELECT * FROM suggest_action(2);
-- The former status's date given again
SELECT qualify(3, '{31}', 'dispute', status_on => '2026-06-10'), qualify(3, '{31}', 'copy', status_on => '2026-06-10', follow_up_on => '2026-06-15');
SELECT status, status_on FROM pg_temp.qualified WHERE item_id = 31;
-- History, kept by the triggers
SELECT item_id, status, status_on, status_comment, resolver, promised_on FROM qualification ORDER BY customer_id, qualification_no;

-- Refused, whole
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$qualify(1, '{11}', 'nosuch')$$, $$qualify(1, '{11}', 'old')$$, $$qualify(1, '{11}', NULL)$$, $$qualify(1, '{11,21}', 'ongoing')$$, $$qualify(2, '{11,12}', 'ongoing')$$,
  $$qualify(1, '{}', 'ongoing')$$, $$qualify(1, NULL, 'ongoing')$$, $$qualify(1, '{11,NULL}', 'ongoing')$$, $$qualify(NULL, '{11}', 'ongoing')$$, $$qualify(99, '{11}', 'ongoing')$$,
  $$qualify(1, '{11,15}', 'ongoing')$$, $$qualify(1, '{11,14}', 'ongoing')$$, $$qualify(1, '{11}', 'promise', promised_on => '2026-06-14')$$,
  $$qualify(1, '{11}', 'promise', promised_on => 'infinity')$$, $$qualify(1, '{11}', 'dispute', promised_on => '2026-06-20')$$, $$qualify(1, '{11}', 'dispute', follow_up_on => '2026-06-14')$$,
  $$qualify(1, '{11}', 'dispute', status_on => '2026-06-16')$$, $$qualify(1, '{11}', 'dispute', status_on => '-infinity')$$,
  $$reassign_resolver(1, '{11}', NULL)$$, $$reassign_resolver(NULL, '{11}', 'Rob')$$, $$reassign_resolver(1, '{11}', ' ')$$, $$reassign_resolver(1, '{11,21}', 'Rob')$$,
  $$reassign_resolver(1, '{15}', 'Rob')$$, $$reassign_resolver(1, '{}', 'Rob')$$, $$reassign_resolver(99, NULL, 'Rob')$$, $$reassign_resolver(1, NULL, 'Rob', 2)$$,
  $$reassign_resolver(1, '{11,13}', 'Rob', 1)$$, $$suggest_action(99)$$, $$suggest_action(NULL)$$,
  $$hand_over_doubtful(1, '{11,21}')$$, $$hand_over_doubtful(1, '{11}', handed_over_on => '2026-06-16')$$, $$hand_over_doubtful(1, '{11}', handed_over_on => NULL)$$, $$hand_over_doubtful(1, '{15}')$$]) s;
SELECT * FROM pg_temp.qualified;
SELECT count(*) FROM specific_action;

-- Resolvers: of one item, of all of the action, of all of the customer
SELECT reassign_resolver(1, '{11}', 'Rob');
SELECT item_id, resolver FROM pg_temp.qualified WHERE item_id < 20;
SELECT action, resolver FROM pg_temp.planned WHERE customer = 1;
SELECT reassign_resolver(1, NULL, 'Rob', 1), reassign_resolver(1, NULL, 'Rob', 1);
SELECT action, resolver FROM pg_temp.planned WHERE customer = 1;
SELECT reassign_resolver(1, NULL, 'Ruth'), reassign_resolver(3, NULL, 'Ruth');
SELECT customer, action, resolver FROM pg_temp.planned;

-- A new qualification takes the place of the former one; an action without items is cancelled
SELECT qualify(1, '{11}', 'copy') AS copy \gset
SELECT * FROM pg_temp.planned WHERE customer = 1;
SELECT qualify(1, '{12}', 'ongoing');
SELECT * FROM pg_temp.planned WHERE customer = 1;
SELECT customer_id, event, source, step, specific_action_id, item_ids FROM action_log ORDER BY customer_id, action_id;
-- One that keeps only paid items is not pending, and comes back with a reversed payment
SELECT qualify(1, '{11,12}', 'dispute') AS dispute \gset
UPDATE item SET open_amount = 0 WHERE item_id = 12;
SELECT qualify(1, '{11}', 'ongoing');
SELECT action, state, items, amount FROM pg_temp.planned WHERE action = :dispute;
UPDATE item SET open_amount = 50 WHERE item_id = 12;
SELECT action, state, items, amount FROM pg_temp.planned WHERE action = :dispute;

-- What comes next: the scenario goes on, an older specific action that is due first, nothing
SET search_assign.business_date = '2026-06-16';
CALL search_assign();
SELECT source, label, channel, action_on, item_ids, step_no, why FROM suggest_action(1);
SELECT source, label, action_on, item_ids, why FROM suggest_action(2);
SELECT cancel_action(2, specific_action_id) > 0 FROM pending_specific_action WHERE customer_id = 2;
SELECT source, label, action_on, why FROM suggest_action(2);
UPDATE item SET open_amount = 0 WHERE customer_id = 2;
SELECT source, label, action_on, why FROM suggest_action(2);
UPDATE item SET open_amount = 10 WHERE customer_id = 2;

-- The promised date passes: the items are collected again, and the follow-up stands
SELECT qualify(2, '{21}', 'promise', promised_on => '2026-06-18') > 0;
SELECT count(*) FROM scenario_action WHERE customer_id = 2;
SET search_assign.business_date = '2026-06-19';
CALL search_assign();
SELECT count(*) FROM scenario_action WHERE customer_id = 2;
SELECT customer_id, label, action_on FROM pending_specific_action WHERE customer_id = 2;

-- Doubtful debt
SELECT hand_over_doubtful(3, '{31}', 'insolvent', '2026-06-17') > 0;
SELECT item_id, status, status_on, comment FROM pg_temp.qualified WHERE item_id = 31;
SELECT event, done_on, source, step, phase, channel, comment, is_contact, item_ids, amount, overdue, outstanding FROM action_log WHERE customer_id = 3 ORDER BY action_id;
SELECT count(*) FROM scenario_action WHERE customer_id = 3;
SELECT label, action_on FROM pending_specific_action WHERE customer_id = 3;

-- Reports
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 16, '2026-06-10', 25), (2, 22, '2026-06-10', 30);
SELECT * FROM item_status_report ORDER BY breakdown, name, currency, status NULLS FIRST;
SELECT * FROM qualification_rate ORDER BY collector, currency;
SELECT sum(amount) = (SELECT sum(round(open_amount * fx_rate, 4)) FROM item WHERE open_amount > 0) AS complete FROM item_status_report WHERE breakdown = 'all';
SELECT * FROM check_positions();
RESET search_path;
