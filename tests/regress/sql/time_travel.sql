-- Time travel: the log with versions, memberships as of a time, history, changes, what moved customers, partitions, retention.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

CREATE OR REPLACE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || regexp_replace(SQLERRM, '\d{4}-\d\d-\d\d [0-9:.+-]+', '(time)'), nullif(hint, ''));
END $$;
-- What is held now, by the views; kept with the time.
CREATE VIEW pg_temp.held AS
  SELECT m.*, coalesce(r.search, (SELECT v.search FROM rule_version v WHERE v.kind = 'assignment' AND v.rule_id = m.rule_id ORDER BY v.version DESC LIMIT 1)) AS search FROM (
    SELECT customer_id, 'scenario' AS target, scenario AS name, rule_id, source, since FROM scenario_membership
    UNION ALL SELECT customer_id, kind || '_portfolio', portfolio, rule_id, source, since FROM portfolio_membership
    UNION ALL SELECT customer_id, 'customer_group', customer_group, rule_id, source, since FROM group_membership
    UNION ALL SELECT customer_id, 'option', option, rule_id, source, since FROM option_membership
    UNION ALL SELECT customer_id, 'colleague', colleague, rule_id, source, since FROM colleague_membership) m LEFT JOIN assignment_rule r USING (rule_id)
  UNION ALL SELECT m.customer_id, 'alert', coalesce(a.label, a.search), a.alert_rule_id, 'rule', m.since, a.search FROM membership m JOIN alert_rule a ON a.alert_rule_id = m.target_id WHERE m.target = 7;
CREATE TEMP TABLE moment (moment integer, at timestamptz);
CREATE TEMP TABLE seen AS SELECT 0 AS moment, h.* FROM pg_temp.held h WITH NO DATA;
CREATE PROCEDURE pg_temp.note(m integer) LANGUAGE sql BEGIN ATOMIC
  INSERT INTO moment VALUES (m, clock_timestamp());
  INSERT INTO seen SELECT m, h.* FROM pg_temp.held h;
END;
CREATE VIEW pg_temp.differ AS
  WITH read AS (SELECT m.moment, a.customer_id, a.target, a.name, a.rule_id, a.source, a.since, a.search FROM moment m, memberships_as_of(m.at) a
                WHERE m.at >= coalesce((SELECT kept_from FROM membership_log_cut), '-infinity'))
  (TABLE read EXCEPT ALL TABLE seen) UNION ALL (SELECT s.* FROM seen s JOIN moment m USING (moment) WHERE m.at >= coalesce((SELECT kept_from FROM membership_log_cut), '-infinity') EXCEPT ALL TABLE read);

-- Before anything
SELECT count(*) FROM memberships_as_of(now());
INSERT INTO collector (name) VALUES ('Ann'), ('Bob');
INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Hard', false), ('Soft', false);
INSERT INTO portfolio (name, kind, collector, is_default) VALUES ('North', 'collection', 'Ann', true), ('South', 'collection', 'Bob', false), ('Risk', 'risk', NULL, false);
INSERT INTO customer_group (name) VALUES ('Late'), ('Called');
INSERT INTO search (name, criteria) VALUES ('late', 'days_overdue > 5'), ('big', 'outstanding >= 1000');
INSERT INTO assignment_rule (rule_id, search, scenario) VALUES (1, 'late', 'Hard');
INSERT INTO assignment_rule (rule_id, search, portfolio) VALUES (2, 'big', 'South'), (3, 'big', 'Risk');
INSERT INTO assignment_rule (rule_id, search, customer_group, autorun) VALUES (4, 'late', 'Late', true), (5, 'big', 'Called', false);
INSERT INTO assignment_rule (rule_id, search, option) VALUES (6, 'late', 'late_interest');
INSERT INTO assignment_rule (rule_id, search, colleague) VALUES (7, 'big', 'Bob');
INSERT INTO alert_rule (search) VALUES ('big');
INSERT INTO priority_rule (search, points) VALUES ('late', 5);
INSERT INTO customer (customer_id, account_no, name) SELECT n, 'A' || n, 'Customer ' || n FROM generate_series(1, 6) n;
CALL pg_temp.note(1);

-- The ledger, a pin, a call, a day
INSERT INTO item (customer_id, due_date, amount) VALUES (1, '2026-06-01', 500), (2, '2026-07-01', 2000), (3, '2026-06-12', 300);
SELECT pin_scenario(4, 'Soft', '2026-06-16');
CALL search_assign();
CALL pg_temp.note(2);
SET search_assign.business_date = '2026-06-18';
CALL search_assign();
CALL pg_temp.note(3);

-- Another criteria, other names, another search for a rule, another label
UPDATE search SET criteria = 'outstanding >= 400' WHERE name = 'big';
CALL search_assign();
CALL pg_temp.note(4);
UPDATE scenario SET name = 'Very hard' WHERE name = 'Hard';
UPDATE search SET name = 'overdue' WHERE name = 'late';
UPDATE collector SET name = 'Robert' WHERE name = 'Bob';
UPDATE alert_rule SET label = 'Large' WHERE alert_rule_id = 1;
CALL pg_temp.note(5);
UPDATE assignment_rule SET search = 'overdue' WHERE rule_id = 5;
UPDATE item SET open_amount = 0 WHERE customer_id = 2;
CALL search_assign();
CALL pg_temp.note(6);

-- A customer is deleted, another comes by its number; a rule and an alert rule go
DELETE FROM item WHERE customer_id = 3;
DELETE FROM customer WHERE customer_id = 3;
CALL pg_temp.note(7);
INSERT INTO customer (customer_id, account_no, name) VALUES (3, 'B3', 'Other');
DELETE FROM assignment_rule WHERE rule_id IN (2, 7);
DELETE FROM alert_rule WHERE alert_rule_id = 1;
CALL search_assign();
CALL pg_temp.note(8);
SELECT * FROM pg_temp.differ ORDER BY 1, 2, 3, 4;
SELECT moment, count(*) AS memberships, count(DISTINCT customer_id) AS customers, md5(string_agg(s::text, ',' ORDER BY s::text)) <> '' AS fingerprint FROM seen s GROUP BY 1 ORDER BY 1;

-- A decision is one entry; what changed has the rule, the search, their versions, and why
SELECT log_id - first_value(log_id) OVER (ORDER BY recorded_at, log_id) + 1 > 0 AS numbered, business_date, customer_id AS customer, target, name, previous, rule_id AS rule,
       rule_version AS rv, search, search_version AS sv, source, cause
FROM membership_log WHERE customer_id IN (1, 3, 4) ORDER BY log_id, target_order, target_id;
SELECT cause, count(DISTINCT log_id) AS decisions, count(*) AS changes FROM membership_log GROUP BY 1 ORDER BY 1;
SELECT count(*) AS rows, count(DISTINCT log_id) AS numbers, bool_and(previous_version <= configuration_version) AS ascending, max(length(before) + length(after)) < 80 AS small FROM membership_change;
-- No change of priorities in it
SELECT count(*) FROM membership_change c, memberships(c.after) m WHERE m.target = 8;

-- History of one customer, of one who came by a former number, of nobody
SELECT target, name, began_on, ended_on, ended_at IS NULL AS held, rule_id AS rule, rule_version AS rv, search, search_version AS sv, source, since, cause FROM membership_history(1);
SELECT target, name, began_on, ended_on, ended_at IS NULL AS held, source, since, cause FROM membership_history(3);
SELECT count(*) FROM membership_history(99);
SELECT count(*) FROM membership_history(NULL);
-- The periods of all customers say the same as the views now
SELECT count(*) AS differ FROM (
  (SELECT c.customer_id, h.target, h.rule_id, h.source, h.since FROM customer c, membership_history(c.customer_id) h WHERE h.ended_at IS NULL EXCEPT ALL SELECT customer_id, target, rule_id, source, since FROM pg_temp.held)
  UNION ALL (SELECT customer_id, target, rule_id, source, since FROM pg_temp.held EXCEPT ALL SELECT c.customer_id, h.target, h.rule_id, h.source, h.since FROM customer c, membership_history(c.customer_id) h WHERE h.ended_at IS NULL)) d;

-- Changes of a span, with present amounts
SELECT account_no AS account, target, previous, name, cause, trim_scale(outstanding) AS outstanding, trim_scale(overdue) AS overdue
FROM assignment_changes((SELECT at FROM moment WHERE moment = 2), (SELECT at FROM moment WHERE moment = 3)) ORDER BY customer_id, target_order;
SELECT count(*) = (SELECT count(*) FROM membership_log) AS everything FROM assignment_changes('-infinity');
SELECT count(*) FROM assignment_changes('infinity');
SELECT count(*) FROM assignment_changes(now(), now() - interval '1 day');

-- Who changed what
SELECT object, object_id AS id, name, operation, recorded_by = session_user AS by_me, before ->> 'search' AS was_search, after ->> 'search' AS search
FROM configuration_log WHERE recorded_at > (SELECT at FROM moment WHERE moment = 3) ORDER BY log_id;
SELECT bool_and(configuration_version BETWEEN 2 AND (SELECT version FROM configuration)) AS counted,
       bool_and(configuration_version >= lag) AS ascending FROM (SELECT configuration_version, lag(configuration_version, 1, 0::bigint) OVER (ORDER BY log_id) FROM configuration_log) l;
SELECT kind, rule_id AS rule, version, search, target, target_name, replaced_at IS NOT NULL AS replaced, active, autorun, points FROM rule_version ORDER BY kind, rule_id, version;
SELECT s.name, v.version, v.name AS named, v.criteria, v.configuration_version = c.configuration_version AS same_version
FROM search_version v JOIN search s USING (search_id) LEFT JOIN configuration_log c ON c.object = 'search' AND c.object_id = v.search_id AND c.after ->> 'name' = v.name AND c.after ->> 'criteria' = v.criteria
ORDER BY 1, 2;
-- What each change moved; the criteria's doing, and what came with other changes
SELECT c.object, c.name, c.operation, m.customer_id AS customer, m.target, m.previous, m.name AS held, m.cause
FROM configuration_log c CROSS JOIN LATERAL customers_moved_by(c.log_id) m WHERE (c.object, c.name, c.operation) IN (('search', 'big', 'update'), ('scenario', 'Very hard', 'update'), ('assignment_rule', 'big', 'delete')) ORDER BY c.log_id, m.customer_id, m.target_order, m.target_id;
-- Of other tables; what changes nothing leaves no entry
SELECT max(log_id) AS last FROM configuration_log \gset
UPDATE item_status SET follow_up_days = 9 WHERE code = 'promise';
INSERT INTO calendar (name) VALUES ('week');
INSERT INTO calendar_holiday VALUES ('week', '2026-12-25');
INSERT INTO scenario_step (scenario, step_no, label) VALUES ('Soft', 1, 'Letter');
UPDATE payer_profile_band SET up_to_days = 8 WHERE profile = 'good';
SELECT set_promise_tolerance(2, 'week');
UPDATE search SET name = name;
UPDATE customer_group SET description = description;
UPDATE search SET invalid_reason = NULL;
SELECT object, object_id, name, operation, configuration_version IS NULL AS at_once, before - ARRAY(SELECT jsonb_object_keys(before) EXCEPT SELECT 'up_to_days' EXCEPT SELECT 'promise_tolerance_days') AS before FROM configuration_log WHERE log_id > :last ORDER BY log_id;
SELECT count(*) AS moved FROM customers_moved_by(:last + 1);
-- A change that is rolled back leaves none
BEGIN;
UPDATE search SET criteria = 'true' WHERE name = 'big';
CALL search_assign();
ROLLBACK;
SELECT count(*) FROM configuration_log WHERE after ->> 'criteria' = 'true';
SELECT * FROM pg_temp.differ;

-- The log cannot be changed
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['DELETE FROM membership_change', 'DELETE FROM membership_change_default', 'TRUNCATE membership_change_default', 'INSERT INTO membership_log (customer_id) VALUES (1)',
  'DELETE FROM configuration_log', 'UPDATE configuration_log SET recorded_by = ''x''', 'TRUNCATE configuration_log',
  'SELECT customers_moved_by(0)', 'SELECT customers_moved_by(NULL)', 'SELECT memberships_as_of(NULL)', 'CALL keep_membership_log()']) s;

-- ---- partitions ----
-- As if months lay between the moments: everything recorded moves back by forty days for every later moment.
CREATE FUNCTION pg_temp.earlier(at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT $1 - interval '40 days' * (SELECT count(*) FROM moment m WHERE m.at > $1) - interval '40 days' $$;
-- A month that has begun in the default partition stays there until it is over; the coming one gets its own
SELECT count(*) AS rows FROM membership_change \gset
CALL keep_membership_log();
SELECT count(*) = :rows AS in_place FROM membership_change_default;
SELECT from_at > now() AND from_at < now() + interval '32 days' AS coming, count(*) FROM membership_partition GROUP BY 1;
SELECT count(*) AS constraints FROM pg_constraint WHERE conrelid = 'membership_change_default'::regclass AND contype = 'c';
CREATE TEMP TABLE told AS SELECT customer_id, log_id, target, name, previous, rule_version, search_version FROM membership_log;
BEGIN;
ALTER TABLE membership_change_default DISABLE TRIGGER search_assign_guard;
ALTER TABLE configuration_log DISABLE TRIGGER search_assign_guard;
UPDATE membership_change_default SET recorded_at = pg_temp.earlier(recorded_at);
UPDATE configuration_log SET recorded_at = pg_temp.earlier(recorded_at);
UPDATE moment m SET at = e.at FROM (SELECT moment, pg_temp.earlier(at) AS at FROM moment) e WHERE e.moment = m.moment;
ALTER TABLE membership_change_default ENABLE TRIGGER search_assign_guard;
ALTER TABLE configuration_log ENABLE TRIGGER search_assign_guard;
COMMIT;
SELECT count(*) FROM pg_temp.differ;
-- This month's partition is made at once, the rows of the past months move
CALL keep_membership_log();
SELECT count(*) FROM membership_change_default;
SELECT count(*) BETWEEN 8 AND 12 AS months, bool_and(name = 'membership_change_' || to_char(from_at AT TIME ZONE 'UTC', 'YYYY_MM')) AS named, bool_and(until_at = date_trunc('month', from_at + interval '40 days', 'UTC')) AS whole FROM membership_partition;
SELECT count(*) AS misplaced FROM membership_change c JOIN membership_partition p ON p.name = (SELECT relname FROM pg_class WHERE oid = c.tableoid) WHERE c.recorded_at < p.from_at OR c.recorded_at >= p.until_at;
SELECT count(*) FROM pg_temp.differ;
SELECT count(*) FROM ((TABLE told EXCEPT SELECT customer_id, log_id, target, name, previous, rule_version, search_version FROM membership_log) UNION ALL (SELECT customer_id, log_id, target, name, previous, rule_version, search_version FROM membership_log EXCEPT TABLE told)) d;
CALL keep_membership_log(); -- nothing to do
SELECT count(*) AS made FROM missing_membership_partitions();
-- New rows go to the month's partition, in many sizes of transactions
INSERT INTO customer (customer_id, account_no, name) SELECT n, 'C' || n, 'Many ' || n FROM generate_series(101, 2600) n;
INSERT INTO customer (customer_id, account_no, name) VALUES (2601, 'C2601', 'One');
SELECT count(*) FROM membership_change_default;
SELECT p.from_at <= now() AND now() < p.until_at AS this_month, count(*) FROM membership_change c JOIN membership_partition p ON p.name = (SELECT relname FROM pg_class WHERE oid = c.tableoid) WHERE c.customer_id > 100 GROUP BY 1;
DO $$
DECLARE part text := (SELECT name FROM membership_partition WHERE from_at <= now() AND now() < until_at);
BEGIN
  EXECUTE format('DELETE FROM receivables.%I', part);
  RAISE EXCEPTION 'a direct change passed';
EXCEPTION WHEN object_not_in_prerequisite_state THEN RAISE WARNING '%', replace(SQLERRM, part, '(part)');
END $$;
-- ---- retention ----
SELECT count(*) AS before FROM membership_partition \gset
CALL keep_membership_log(); -- keeps everything by default
SELECT count(*) = :before AS kept FROM membership_partition;
SELECT pg_temp.try('SET search_assign.membership_log_retention = -1');
SET search_assign.membership_log_retention = 5;
CALL keep_membership_log();
SELECT count(*) < :before AS dropped, min(until_at) > now() - interval '5 months' AS enough, min(from_at) >= (SELECT kept_from FROM membership_log_cut) AS noted FROM membership_partition;
SELECT count(*) FROM pg_temp.differ;
SELECT bool_or(at < kept_from) AS some_before, bool_or(at >= kept_from) AS some_after FROM moment, membership_log_cut;
SELECT pg_temp.try(s) FROM unnest(ARRAY['SELECT memberships_as_of(''2020-01-01'')', 'SELECT assignment_changes(''2020-01-01'')', 'SELECT customers_moved_by(1)']) s;
-- What was held before is known; when it began by its business date
SELECT target, name, began_at IS NULL AS unknown, began_on, ended_at IS NULL AS held, source, since, cause FROM membership_history(6);
RESET search_assign.membership_log_retention;

-- With the extension the partitions go
DROP EXTENSION search_assign CASCADE;
SELECT count(*) FROM pg_class WHERE relname LIKE 'membership_change%';
