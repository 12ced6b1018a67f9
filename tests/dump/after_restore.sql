-- In a restored database. Says nothing where all is well.
CREATE TEMP TABLE before AS SELECT customer_id, assignment, decided_on, review_on, configuration_version FROM receivables.position;
CREATE TEMP TABLE log AS SELECT * FROM receivables.membership_log;
CALL receivables.search_assign();
SELECT 'position changed by CALL', a.customer_id FROM (SELECT customer_id, assignment, decided_on, review_on, configuration_version FROM receivables.position EXCEPT TABLE before) a;
SELECT 'logged by CALL', l.* FROM (TABLE receivables.membership_log EXCEPT TABLE log) l;
CALL receivables.search_assign(true);
SELECT 'logged by CALL for everyone', l.* FROM (TABLE receivables.membership_log EXCEPT TABLE log) l;
SELECT 'check_positions', p.* FROM receivables.check_positions() p;

-- The shipped rows as edited.
SELECT 'company', c.* FROM receivables.company c WHERE company = 'MAIN' AND (currency, name) <> ('EUR', 'Edited');
SELECT 'status', s.* FROM receivables.item_status s WHERE (code = 'dispute' AND (label, follow_up_days) <> ('In dispute', 3)) OR (code = 'doubtful' AND active);
SELECT 'bands', b FROM (SELECT string_agg(profile || ' ' || coalesce(up_to_days, 999), ', ' ORDER BY up_to_days NULLS LAST) AS b FROM receivables.payer_profile_band) x
WHERE b <> 'excellent 0, good 15, average 30, slow 60, bad 90, hopeless 999';

-- Numbers go on, triggers work, guards guard.
BEGIN;
DO $$
DECLARE
  c bigint; i bigint; s bigint; r bigint;
BEGIN
  INSERT INTO receivables.customer (account_no, name) VALUES ('after', 'After') RETURNING customer_id INTO c;
  INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (c, '2026-04-01', 9000) RETURNING item_id INTO i;
  INSERT INTO receivables.search (name, criteria) VALUES ('after', 'overdue > 0') RETURNING search_id INTO s;
  INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('after', 'soft') RETURNING rule_id INTO r;
  IF c <= (SELECT max(customer_id) FROM receivables.position WHERE customer_id <> c) OR i <= (SELECT max(item_id) FROM receivables.item WHERE customer_id <> c)
     OR s <= (SELECT max(search_id) FROM receivables.search WHERE name <> 'after') OR s <= (SELECT max(search_id) FROM receivables.search_version WHERE name <> 'after')
     OR r <= (SELECT max(rule_id) FROM receivables.assignment_rule WHERE search <> 'after') THEN
    RAISE EXCEPTION 'numbers do not go on: customer %, item %, search %, rule %', c, i, s, r;
  END IF;
END $$;
COMMIT;
SELECT 'not assigned', f.customer_id FROM receivables.customer_facts f
LEFT JOIN receivables.scenario_membership s USING (customer_id) LEFT JOIN receivables.portfolio_membership p ON p.customer_id = f.customer_id AND p.kind = 'collection'
WHERE account_no = 'after' AND (outstanding, overdue, s.scenario, p.portfolio) IS DISTINCT FROM (9000, 9000, 'hard', 'big');
-- Pins hold: customer 6 stays soft with a late item, 5 hard with none; an update of everything keeps the positions right.
UPDATE receivables.item SET open_amount = 0 WHERE customer_id = 5 AND open_amount <> 0;
INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (6, '2026-01-01', 100);
SELECT 'pin', s.* FROM receivables.scenario_membership s WHERE customer_id IN (5, 6) AND (scenario, source) <> (CASE customer_id WHEN 5 THEN 'hard' ELSE 'soft' END, 'manual');
UPDATE receivables.item SET due_date = due_date + 1, open_amount = round(open_amount * 0.5, 2), status = NULL;
UPDATE receivables.payment_allocation SET allocated_on = allocated_on + 1;
DELETE FROM receivables.item WHERE item_id % 3 = 0;
DELETE FROM receivables.contact WHERE contact_id % 2 = 0;
SELECT 'check_positions', p.* FROM receivables.check_positions() p;
DO $$
BEGIN
  DELETE FROM receivables.position;
  RAISE EXCEPTION 'a direct change passed';
EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL;
END $$;
-- The foreign keys, which a restore does not check, are checked again.
DO $$
BEGIN
  INSERT INTO receivables.contact (customer_id) VALUES (123456);
  RAISE EXCEPTION 'a contact of nobody passed';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
DO $$
BEGIN
  INSERT INTO receivables.calendar_holiday VALUES ('nosuch', '2026-01-01');
  RAISE EXCEPTION 'a holiday of no calendar passed';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
DO $$
BEGIN
  UPDATE receivables.scenario SET calendar = 'nosuch';
  RAISE EXCEPTION 'an unknown calendar passed';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
SELECT 'tolerance', receivables.promise_deadline('2026-07-10') WHERE receivables.promise_deadline('2026-07-10') <> '2026-07-16';
SHOW session_replication_role \gset
SELECT 'session_replication_role', :'session_replication_role' WHERE :'session_replication_role' <> 'origin';
