-- Why an action, on this date, for these items: every reason there is, and that the explanation says what the agenda does.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

CREATE TEMP TABLE seen (topic text, reason text, PRIMARY KEY (topic, reason));
CREATE FUNCTION pg_temp.why(id bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen SELECT DISTINCT e.topic, e.reason FROM explain_agenda(id) e ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT * FROM string_to_table(explain_agenda_text(id), E'\n');
END $$;
CREATE FUNCTION pg_temp.day(day date) RETURNS date LANGUAGE sql AS $$SELECT set_config('search_assign.business_date', day::text, false)::date$$;
-- Position, scenario_action and collection_agenda say the same: no rows.
CREATE VIEW pg_temp.otherwise AS
WITH explained AS (
  SELECT p.customer_id, max(e.step_no) FILTER (WHERE e.topic = 'action') AS step_no, max(e.on_date) FILTER (WHERE e.topic = 'action' AND e.reason <> 'changes_on') AS action_on,
         max(e.amount) FILTER (WHERE e.topic = 'action') AS amount, max(e.item_customer_id) FILTER (WHERE e.topic = 'leader') AS leader_customer_id,
         max(e.item_id) FILTER (WHERE e.topic = 'leader') AS leader_item_id,
         array_agg(e.item_id ORDER BY e.line) FILTER (WHERE e.topic = 'item' AND (e.reason IN ('collectable', 'promised') OR e.reason = 'leader' AND e.on_date <= e.as_of)) AS item_ids,
         -- The date follows from what is marked as deciding: the last one.
         (array_agg(e.on_date ORDER BY e.line DESC) FILTER (WHERE e.topic = 'date' AND e.decides))[1] AS decided_on,
         count(*) FILTER (WHERE e.description IS NULL OR e.description ~ '[{}]' OR e.description LIKE '%  %' OR e.description LIKE '% ,%') AS mute
  FROM position p CROSS JOIN LATERAL explain_agenda(p.customer_id) e GROUP BY p.customer_id)
SELECT e.*, p.next_step, p.next_action_on, a.amount AS agenda_amount, a.item_ids AS agenda_items
FROM explained e JOIN position p USING (customer_id) LEFT JOIN scenario_action a USING (customer_id) LEFT JOIN collection_agenda g ON g.customer_id = e.customer_id AND g.source = 'scenario'
WHERE e.mute > 0 OR (e.step_no, e.action_on) IS DISTINCT FROM (p.next_step, p.next_action_on) OR e.step_no IS NOT NULL AND e.decided_on IS DISTINCT FROM e.action_on
   OR a.step_no IS NOT NULL AND (e.step_no, e.action_on, e.amount, e.leader_customer_id, e.leader_item_id, coalesce(e.item_ids, '{}'))
                                IS DISTINCT FROM (a.step_no, a.action_on, a.amount, a.leader_customer_id, a.leader_item_id, a.item_ids)
   OR g.step_no IS NOT NULL AND (e.step_no, e.action_on, e.amount, coalesce(cardinality(e.item_ids), 0)) IS DISTINCT FROM (g.step_no, g.action_on, g.amount, g.items);

INSERT INTO portfolio (name, is_default) VALUES ('All', true);
INSERT INTO calendar (name) VALUES ('Town'), ('Never');
INSERT INTO calendar_holiday VALUES ('Town', '2026-06-22', 'Town day'), ('Town', '2026-06-23', NULL);
INSERT INTO calendar_holiday SELECT 'Never', '2026-06-01'::date + n FROM generate_series(0, 1200) n;
INSERT INTO scenario (name, is_default, minimum_amount, ignore_below, on_late_entry, on_new_leader, min_contact_days, calendar) VALUES
  ('plain', true, 0, 0, 'first', 'restart', 0, NULL), ('least', false, 100, 0, 'first', 'restart', 0, NULL), ('coarse', false, 0, 20, 'first', 'restart', 0, NULL),
  ('inherit', false, 0, 0, 'first', 'inherit', 0, NULL), ('by age', false, 0, 0, 'by_age', 'by_age', 0, NULL), ('contact', false, 0, 0, 'first', 'restart', 7, NULL),
  ('work', false, 0, 0, 'first', 'restart', 0, 'Town'), ('never', false, 0, 0, 'first', 'restart', 0, 'Never'), ('none', false, 0, 0, 'first', 'restart', 0, NULL),
  ('early', false, 0, 0, 'by_age', 'restart', 0, NULL), ('chain', false, 0, 0, 'first', 'restart', 0, NULL);
INSERT INTO scenario_step (scenario, step_no, label, channel, offset_days, min_days_after_previous)
  SELECT s.name, t.* FROM scenario s, (VALUES (1, 'Mail', 'email', 5, 0), (2, 'Call', 'call', 10, 3), (3, 'Letter', 'letter', 20, 5)) t
  WHERE s.name NOT IN ('none', 'early', 'chain');
INSERT INTO scenario_step (scenario, step_no, label, phase, channel, offset_days, min_amount, anchor, repeat_every_days) VALUES
  ('early', 1, 'Statement', 'pre_due', 'email', -10, 0, 'due_date', NULL), ('early', 2, 'Large statement', 'pre_due', 'call', -3, 500, 'due_date', NULL),
  ('early', 5, 'Mail', 'amicable', 'email', 5, 0, 'due_date', NULL), ('early', 9, 'Call', 'amicable', 'call', 30, 0, 'due_date', NULL),
  ('chain', 1, 'Visit', 'amicable', 'visit', 5, 1000, 'due_date', NULL), ('chain', 2, 'Mail', 'amicable', 'email', 3, 0, 'previous_action', 4),
  ('chain', 3, 'Call', 'amicable', 'call', 10, 0, 'previous_action', NULL);

-- ---- Whose rows, unknown customers, rows for programs ----
SELECT count(*) FROM explain_agenda(NULL);
SELECT * FROM explain_agenda(1);
INSERT INTO customer (customer_id, account_no) VALUES (1, 'C-1');
SELECT * FROM pg_temp.why(1);
INSERT INTO item (customer_id, item_id, document_no, due_date, amount) VALUES (1, 11, 'INV-1', '2026-06-01', 100), (1, 12, NULL, '2026-06-12', 50.1250);
SELECT line, topic, reason, decides, step_no, item_id, document_no, as_of, from_on, days, on_date, amount, limit_amount FROM explain_agenda(1);
SELECT * FROM pg_temp.why(1);

-- ---- No scenario, none with steps, another account, blocked, off the worklist, a ramp-up ----
INSERT INTO customer (customer_id, account_no, name) VALUES (2, NULL, 'Two'), (3, NULL, 'Three'), (4, 'C-4', '');
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n * 10, '2026-06-01', 100 FROM generate_series(2, 4) n;
SELECT pin_scenario(2, 'none');
UPDATE customer SET collection_account_id = 1 WHERE customer_id = 3;
UPDATE customer SET collection_blocked = true WHERE customer_id = 4;
SELECT n, w.* FROM generate_series(1, 4) n, pg_temp.why(n) w;
UPDATE customer SET collection_account_id = NULL WHERE customer_id = 3;
UPDATE customer SET collection_blocked = false WHERE customer_id = 4;
UPDATE scenario SET is_default = false WHERE name = 'plain';
INSERT INTO search (name, criteria) VALUES ('three', 'customer_id = 3'), ('four', 'customer_id = 4');
INSERT INTO priority_rule (search, points, exit) VALUES ('three', 0, true);
INSERT INTO ramp_up (search, start_on, customers_per_day) VALUES ('four', '2026-06-20', 1);
INSERT INTO assignment_rule (search, scenario) VALUES ('four', 'plain');
CALL search_assign();
SELECT n, w.* FROM generate_series(3, 4) n, pg_temp.why(n) w;
UPDATE scenario SET is_default = true WHERE name = 'plain';
DELETE FROM priority_rule;
DELETE FROM ramp_up;
CALL search_assign();

-- ---- Which items: due, not due, small, held, promised, credits ----
INSERT INTO item_status (code, label, category) VALUES ('soft promise', 'Said so on the phone', 'promise');
UPDATE item_status SET action_model = 'Ask' WHERE code = 'ongoing';
INSERT INTO customer (customer_id) VALUES (10);
INSERT INTO item (customer_id, item_id, kind, due_date, amount) VALUES (10, 101, 'invoice', '2026-05-01', 500), (10, 102, 'invoice', '2026-05-02', 400), (10, 103, 'invoice', '2026-05-03', 300),
  (10, 104, 'invoice', '2026-06-12', 200), (10, 105, 'invoice', '2026-06-13', 150), (10, 106, 'invoice', '2026-06-11', 19.99), (10, 107, 'invoice', '2026-08-01', 90),
  (10, 108, 'credit_note', '2026-06-14', -30), (10, 109, 'invoice', '2026-05-04', 0), (10, 110, 'invoice', '2026-05-05', 70);
SELECT pin_scenario(10, 'coarse');
SELECT qualify(10, '{101}', 'promise', promised_on => '2026-06-18') > 0 AS planned, qualify(10, '{102}', 'dispute'), qualify(10, '{103}', 'ongoing') > 0 AS planned,
       qualify(10, '{105}', 'soft promise', promised_on => '2026-06-19');
UPDATE item SET status = 'promise' WHERE item_id = 110;
UPDATE item SET specific_action_id = NULL WHERE item_id = 101;
SELECT set_promise_tolerance(2);
CALL search_assign();
SELECT * FROM pg_temp.why(10);
SELECT set_promise_tolerance(0);
CALL search_assign();
UPDATE item SET status = 'dispute' WHERE customer_id = 10 AND amount > 20;
SELECT * FROM pg_temp.why(10);

-- ---- Amounts: minimum, the day that reaches it, steps passed over, before the due date ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(20, 25) n;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (20, 201, '2026-06-01', 60), (20, 202, '2026-06-20', 30), (20, 203, '2026-07-02', 50), (21, 211, '2026-06-01', 99.9999),
  (22, 221, '2026-06-25', 100), (22, 222, '2026-06-26', 900), (23, 231, '2026-05-10', 100), (24, 241, '2026-06-01', 999), (25, 251, '2026-06-14', 100);
INSERT INTO item (customer_id, item_id, kind, due_date, amount) VALUES (25, 252, 'payment', '2026-06-14', -100);
SELECT pin_scenario(n, s) FROM (VALUES (20, 'least'), (21, 'least'), (22, 'early'), (23, 'early'), (24, 'chain'), (25, 'plain')) v(n, s);
SELECT n, w.* FROM generate_series(20, 25) n, pg_temp.why(n) w;
-- A chain: after the last action, and again until the next step
SELECT complete_action(24) > 0 AS done;
SELECT * FROM pg_temp.why(24);
UPDATE scenario_step SET repeat_every_days = NULL WHERE scenario = 'chain';
CALL search_assign();
SELECT * FROM pg_temp.why(24);
SELECT complete_action(22) > 0 AS done;
SELECT * FROM pg_temp.why(22);

-- ---- Dates: previous action, contact, calendar, by hand ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(30, 33) n;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (30, 301, '2026-06-12', 100), (31, 311, '2026-06-15', 100), (32, 321, '2026-06-12', 100), (33, 331, '2026-06-01', 100);
SELECT pin_scenario(30, 'contact'), pin_scenario(31, 'work'), pin_scenario(32, 'never');
SELECT record_action(30, 'call') > 0 AS recorded;
SELECT complete_action(33, step_no => 1) > 0 AS done;
SELECT n, w.* FROM generate_series(30, 33) n, pg_temp.why(n) w;
SELECT redate_action(33, '2026-06-30') > 0 AS moved;
SELECT * FROM pg_temp.why(33);
SELECT redate_action(33, '2026-06-18') > 0 AS moved; -- the date it would have by itself
SELECT * FROM pg_temp.why(33);
UPDATE item SET open_amount = 0 WHERE item_id = 331;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (33, 332, '2026-06-13', 10);
SELECT * FROM pg_temp.why(33);
UPDATE item SET open_amount = 100 WHERE item_id = 331;
SELECT complete_action(33, step_no => 2) > 0, complete_action(33, step_no => 3) > 0 AS done;
SELECT * FROM pg_temp.why(33);

-- ---- Another leader, another scenario ----
INSERT INTO customer (customer_id) SELECT n FROM generate_series(40, 42) n;
INSERT INTO item (customer_id, item_id, document_no, due_date, amount) SELECT n, n * 10 + i, 'D' || n * 10 + i, '2026-05-10'::date + 24 * (i - 1), 100
FROM generate_series(40, 42) n, generate_series(1, 2) i;
SELECT pin_scenario(41, 'inherit'), pin_scenario(42, 'by age');
SELECT complete_action(n) > 0 AS done FROM generate_series(40, 42) n;
UPDATE item SET open_amount = 0 WHERE item_id IN (401, 411, 421);
SELECT n, w.* FROM generate_series(40, 42) n, pg_temp.why(n) w;
SELECT pin_scenario(40, 'by age');
SELECT * FROM pg_temp.why(40);

-- ---- Grouped collection: the items of all, and from which customer ----
INSERT INTO customer (customer_id, account_no) VALUES (50, 'G-50'), (51, 'G-51');
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (50, 501, '2026-06-10', 100), (51, 511, '2026-06-05', 50), (51, 512, '2026-06-06', 7);
UPDATE customer SET collection_account_id = 50 WHERE customer_id = 51;
SELECT qualify(51, '{512}', 'promise', promised_on => '2026-06-19') > 0 AS planned;
SELECT n, w.* FROM generate_series(50, 51) n, pg_temp.why(n) w;
TABLE pg_temp.otherwise;

-- ---- Days pass: the agenda is of the last decision until the next run; the queue ----
INSERT INTO customer (customer_id) VALUES (60);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (60, 601, '2026-06-09', 100);
SELECT pin_scenario(60, 'by age');
SELECT * FROM pg_temp.why(60);
SELECT pg_temp.day('2026-06-20');
SELECT * FROM pg_temp.why(60);
CALL search_assign();
SELECT * FROM pg_temp.why(60);
SET search_assign.apply = queue;
UPDATE item SET open_amount = 0 WHERE item_id = 501;
RESET search_assign.apply;
SELECT * FROM pg_temp.why(50);
CALL search_assign_pending();
TABLE pg_temp.otherwise;

-- ---- What the transaction has changed counts before it is applied as it does afterwards: own items, members', actions done ----
BEGIN;
SELECT complete_action(60) > 0 AS done;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (60, 602, '2026-06-01', 40), (51, 513, '2026-06-02', 30);
UPDATE item SET open_amount = 60 WHERE item_id = 601;
CREATE TEMP TABLE said AS SELECT c, e.* FROM (VALUES (50), (60)) v(c), explain_agenda(c) e WHERE e.reason <> 'outdated';
SELECT c, description FROM said WHERE topic IN ('action', 'leader', 'progress') ORDER BY c, line;
SELECT reason, description FROM explain_agenda(50) WHERE topic = 'agenda';
COMMIT;
SELECT c, topic, reason, decides, step_no, item_id, as_of, from_on, days, on_date, amount, limit_amount FROM said
EXCEPT SELECT c, topic, reason, decides, step_no, item_id, as_of, from_on, days, on_date, amount, limit_amount FROM (VALUES (50), (60)) v(c), explain_agenda(c);
SELECT count(*) - (SELECT count(*) FROM said) AS more FROM (VALUES (50), (60)) v(c), explain_agenda(c);
BEGIN;
SELECT pin_scenario(60, 'none');
SELECT w.* FROM pg_temp.why(60) w LIMIT 5;
COMMIT;
SELECT pin_scenario(60, 'by age');

-- ---- A month day by day, every other action done: the explanation is what the agenda shows ----
DO $$
DECLARE
  d date;
BEGIN
  FOR d IN SELECT generate_series('2026-06-21'::timestamp, '2026-07-20', '1 day')::date LOOP
    PERFORM set_config('search_assign.business_date', d::text, false);
    CALL receivables.search_assign();
    PERFORM receivables.complete_action(a.customer_id) FROM receivables.scenario_action a WHERE a.action_on = d AND a.customer_id % 2 = 0;
    IF EXISTS (SELECT FROM pg_temp.otherwise) THEN
      RAISE EXCEPTION '%: %', d, (SELECT o FROM pg_temp.otherwise o LIMIT 1);
    END IF;
    INSERT INTO seen SELECT DISTINCT e.topic, e.reason FROM receivables.position p, receivables.explain_agenda(p.customer_id) e ON CONFLICT DO NOTHING;
  END LOOP;
END $$;

-- ---- Every reason was seen, and no other ----
SELECT coalesce(r.topic, s.topic) AS topic, coalesce(r.reason, s.reason) AS reason FROM agenda_reason r FULL JOIN seen s USING (topic, reason)
WHERE r.topic IS NULL OR s.topic IS NULL ORDER BY 1, 2;

-- ---- Whoever may execute it needs no other right ----
CREATE ROLE explain_reader;
GRANT USAGE ON SCHEMA receivables TO explain_reader;
SET ROLE explain_reader;
SELECT count(*) > 0 FROM explain_agenda(50);
RESET ROLE;
GRANT EXECUTE ON FUNCTION explain_agenda(bigint) TO explain_reader;
SET ROLE explain_reader;
SELECT count(*) > 0 FROM explain_agenda(50);
SELECT explain_agenda_text(50);
SELECT * FROM agenda_reasons(50);
RESET ROLE;
REVOKE ALL ON FUNCTION explain_agenda(bigint) FROM explain_reader;
REVOKE ALL ON SCHEMA receivables FROM explain_reader;
DROP ROLE explain_reader;
