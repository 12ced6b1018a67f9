-- Calendars and scenarios: working days, the next step, checks, versions, copies, ready-made ones.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

CREATE OR REPLACE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; result text;
BEGIN
  IF statement ~* '^select' THEN
    EXECUTE statement INTO result;
    RETURN coalesce(result, 'NULL');
  END IF;
  EXECUTE statement;
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, CASE WHEN SQLSTATE !~ '^23' THEN nullif(detail, '') END, nullif(hint, ''));
END $$;

-- Calendars
SELECT install_example_calendars();
SELECT install_example_calendars();
SELECT name, weekend FROM calendar ORDER BY name;
INSERT INTO calendar (name) VALUES ('FR');
INSERT INTO calendar (name, weekend) VALUES ('Always', '{}');
INSERT INTO calendar_holiday VALUES ('FR', '2026-07-14', 'National holiday'), ('FR', '2026-12-25', 'Christmas');
SELECT d, is_working_day('FR', d) AS fr, is_working_day('Sunday to Thursday', d) AS gulf, is_working_day(NULL, d) AS any_day, is_working_day('', d) AS empty
FROM unnest('{2026-07-10,2026-07-11,2026-07-12,2026-07-13,2026-07-14,2026-07-15}'::date[]) d;
SELECT next_working_day('FR', '2026-07-14'), next_working_day('FR', '2026-07-11'), next_working_day('Sunday to Thursday', '2026-07-10'), next_working_day(NULL, '2026-07-11');
SELECT n, add_working_days('FR', '2026-07-13', n) AS from_monday, add_working_days('FR', '2026-07-11', n) AS from_saturday, add_working_days(NULL, '2026-07-11', n) AS all_days
FROM unnest('{-5,-1,0,1,2,5}'::integer[]) n;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$SELECT is_working_day('nosuch', '2026-07-14')$$,
  $$SELECT is_working_day('FR', 'infinity')$$,
  $$SELECT is_working_day('FR', NULL)$$,
  $$SELECT next_working_day('nosuch', NULL)$$,
  $$SELECT add_working_days('FR', '2026-07-14', 100001)$$,
  $$SELECT add_working_days('FR', NULL, 1)$$,
  $$SELECT add_working_days(NULL, '5874897-12-31', 1)$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', '{1,2,3,4,5,6,7}')$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', '{7,6,5,4,3,2,1,1}')$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', '{0}')$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', '{8}')$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', '{NULL}')$$,
  $$INSERT INTO calendar (name, weekend) VALUES ('Never', NULL)$$,
  $$UPDATE calendar SET weekend = '{1,2,3,4,5,6,7}' WHERE name = 'FR'$$,
  $$INSERT INTO calendar (name) VALUES ('FR')$$,
  $$INSERT INTO calendar (name) VALUES ('')$$,
  $$INSERT INTO calendar_holiday VALUES ('FR', '2026-07-14')$$,
  $$INSERT INTO calendar_holiday VALUES ('FR', 'infinity')$$,
  $$INSERT INTO calendar_holiday VALUES ('nosuch', '2026-07-14')$$
]) s;
-- Holidays alone can leave no working day
INSERT INTO calendar (name) VALUES ('Closed');
INSERT INTO calendar_holiday SELECT 'Closed', '2026-06-01'::date + n FROM generate_series(0, 1200) n;
SELECT pg_temp.try($$SELECT next_working_day('Closed', '2026-06-15')$$);
SELECT next_working_day('Closed', '2028-06-15');

-- A promise's tolerance
SELECT d, promise_deadline(d) FROM unnest('{2026-07-10,2026-07-11}'::date[]) d;
SELECT set_promise_tolerance(3);
SELECT promise_tolerance_days, promise_calendar FROM configuration;
SELECT d, promise_deadline(d) FROM unnest('{2026-07-10,2026-07-11}'::date[]) d;
SELECT set_promise_tolerance(1, 'FR');
SELECT d, promise_deadline(d) FROM unnest('{2026-07-09,2026-07-10,2026-07-11,2026-07-13}'::date[]) d;
SELECT set_promise_tolerance(0, 'FR');
SELECT d, promise_deadline(d) FROM unnest('{2026-07-10,2026-07-11,2026-07-14}'::date[]) d;
SELECT promise_deadline(NULL);
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$SELECT set_promise_tolerance(-1)$$, $$SELECT set_promise_tolerance(NULL)$$, $$SELECT set_promise_tolerance(3651)$$, $$SELECT set_promise_tolerance(2, 'nosuch')$$,
  $$SELECT promise_deadline('infinity')$$, $$DELETE FROM calendar WHERE name = 'FR'$$, $$UPDATE configuration SET promise_tolerance_days = 9$$]) s;
-- A renamed calendar stays in use; one that lost its last working day breaks nothing early
UPDATE calendar SET name = 'France' WHERE name = 'FR';
SELECT promise_tolerance_days, promise_calendar FROM configuration;
SELECT count(*) FROM calendar_holiday WHERE calendar = 'France';
SELECT promise_deadline('2026-07-14');
SELECT set_promise_tolerance(2, 'Closed');
SELECT promise_deadline('2026-07-14');
SELECT set_promise_tolerance(0, '');
SELECT promise_tolerance_days, promise_calendar FROM configuration;
DELETE FROM calendar WHERE name = 'Closed';
SELECT count(*) FROM calendar_holiday WHERE calendar = 'Closed';

-- The next step
INSERT INTO scenario (name, minimum_amount, min_contact_days) VALUES ('S', 100, 3);
INSERT INTO scenario (name, on_late_entry, calendar) VALUES ('First', 'first', 'France');
INSERT INTO scenario_step (scenario, step_no, label, phase, offset_days, min_days_after_previous, min_amount, anchor, repeat_every_days) VALUES
  ('S', 1, 'Before', 'pre_due', -5, 0, 0, 'due_date', NULL), ('S', 2, 'Reminder', 'amicable', 5, 2, 0, 'due_date', NULL),
  ('S', 4, 'Large ones', 'amicable', 10, 2, 1000, 'due_date', NULL), ('S', 6, 'Call', 'amicable', 15, 5, 0, 'due_date', 10),
  ('S', 9, 'Last', 'pre_litigation', 7, 0, 0, 'previous_action', 30);
INSERT INTO scenario_step (scenario, step_no, label, offset_days) VALUES ('First', 1, 'One', 4), ('First', 2, 'Two', 10);
-- Entry by age day by day; leader due on 2026-06-01
SELECT as_of, step_no, action_on FROM unnest('{2026-05-01,2026-06-05,2026-06-06,2026-06-11,2026-06-16,2026-09-01}'::date[]) as_of,
  next_step('S', '2026-06-01', NULL, NULL, 1000, as_of);
SELECT amount, step_no, action_on FROM unnest('{99.9999,100,999.9999,1000}'::numeric[]) amount, next_step('S', '2026-06-01', NULL, NULL, amount, '2026-06-11');
-- After a step; with a contact; the repeats
SELECT k, step_no, action_on FROM unnest('{0,1,2,3,4,5,6,7,9,10}'::integer[]) k, next_step('S', '2026-06-01', k, '2026-06-14', 1000, '2026-06-15');
SELECT k, step_no, action_on FROM unnest('{2,4,6,9}'::integer[]) k, next_step('S', '2026-06-01', k, '2026-06-14', 500, '2026-06-15', '2026-06-22');
SELECT * FROM next_step('S', '2026-06-01', 6, NULL, 500, '2026-06-15');
-- First, with a calendar: the day of step 1 is a holiday
SELECT as_of, step_no, action_on FROM unnest('{2026-05-01,2026-09-01}'::date[]) as_of, next_step('First', '2026-07-10', NULL, NULL, 1, as_of);
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-14', 1, '2026-07-14');
-- Nothing to say
SELECT * FROM next_step(NULL, '2026-06-01', NULL, NULL, 1000, '2026-06-15');
SELECT * FROM next_step('S', NULL, NULL, NULL, 1000, '2026-06-15');
SELECT * FROM next_step('S', '2026-06-01', NULL, NULL, NULL, '2026-06-15');
SELECT * FROM next_step('S', '2026-06-01', NULL, NULL, 1000, NULL);
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$SELECT next_step('nosuch', '2026-06-01', NULL, NULL, 1000, '2026-06-15')$$,
  $$SELECT next_step('S', '2026-06-01', -1, NULL, 1000, '2026-06-15')$$,
  $$SELECT next_step('S', 'infinity', NULL, NULL, 1000, '2026-06-15')$$,
  $$SELECT next_step('S', '2026-06-01', NULL, '-infinity', 1000, '2026-06-15')$$,
  $$SELECT next_step('S', '2026-06-01', NULL, NULL, 0.00001, '2026-06-15')$$,
  $$SELECT next_step('S', '2026-06-01', NULL, NULL, 'NaN', '2026-06-15')$$,
  $$INSERT INTO scenario (name, calendar) VALUES ('X', 'nosuch')$$,
  $$INSERT INTO scenario (name, minimum_amount) VALUES ('X', -1)$$,
  $$INSERT INTO scenario (name, minimum_amount) VALUES ('X', 'NaN')$$,
  $$INSERT INTO scenario (name, ignore_below) VALUES ('X', 1e15)$$,
  $$INSERT INTO scenario (name, min_contact_days) VALUES ('X', -1)$$,
  $$UPDATE scenario SET minimum_amount = 0.00001 WHERE name = 'S'$$,
  $$UPDATE scenario_step SET min_amount = 'Infinity' WHERE scenario = 'S'$$,
  $$INSERT INTO scenario_step (scenario, step_no, label) VALUES ('S', 1, 'twice')$$,
  $$INSERT INTO scenario_step (scenario, step_no, label) VALUES ('nosuch', 1, 'x')$$,
  $$INSERT INTO scenario_step (scenario, step_no, label, min_amount) VALUES ('S', 3, 'x', -1)$$,
  $$INSERT INTO scenario_step (scenario, step_no, label, min_days_after_previous) VALUES ('S', 3, 'x', -1)$$,
  $$INSERT INTO scenario_step (scenario, step_no, label, repeat_every_days) VALUES ('S', 3, 'x', 0)$$,
  $$DELETE FROM calendar WHERE name = 'France'$$
]) s;
INSERT INTO scenario (name, calendar) VALUES ('Blank', '');
SELECT calendar IS NULL FROM scenario WHERE name = 'Blank';

-- Every change is in force at once, for this session, for others, and undone with its transaction
SELECT version FROM configuration \gset before_
BEGIN;
UPDATE scenario_step SET offset_days = 6 WHERE scenario = 'First' AND step_no = 2;
INSERT INTO calendar_holiday VALUES ('France', '2026-07-16');
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-11', 1, '2026-07-14');
SAVEPOINT s;
DELETE FROM calendar_holiday WHERE holiday = '2026-07-16';
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-11', 1, '2026-07-14');
ROLLBACK TO s;
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-11', 1, '2026-07-14');
SELECT version - :before_version AS raised FROM configuration;
ROLLBACK;
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-11', 1, '2026-07-14');
RESET client_min_messages;
UPDATE calendar SET description = 'France' WHERE name = 'France';
SET client_min_messages = warning;
-- In a parallel query, too
SET force_parallel_mode = on;
SELECT * FROM next_step('First', '2026-07-10', 1, '2026-07-11', 1, '2026-07-14');
SELECT promise_deadline('2026-07-11'), is_working_day('France', '2026-07-11');
RESET force_parallel_mode;

-- Versions: one a transaction
SELECT v.version, v.name, v.definition ->> 'calendar' AS calendar, jsonb_array_length(v.definition -> 'steps') AS steps, v.recorded_by = SESSION_USER AS me
FROM scenario_version v JOIN scenario s USING (scenario_id) WHERE s.name = 'First' ORDER BY 1;
UPDATE scenario SET description = description WHERE name = 'First';
UPDATE calendar SET name = 'FR' WHERE name = 'France';
BEGIN;
INSERT INTO scenario_step (scenario, step_no, label, offset_days, channel) VALUES ('First', 3, 'Three', 20, 'call');
UPDATE scenario SET name = 'The first' WHERE name = 'First';
DELETE FROM scenario_step WHERE scenario = 'The first' AND step_no = 1;
COMMIT;
SELECT v.version, v.name, v.definition ->> 'calendar' AS calendar, jsonb_path_query_array(v.definition, '$.steps[*].label') AS steps
FROM scenario_version v JOIN scenario s USING (scenario_id) WHERE s.name = 'The first' ORDER BY 1;
TRUNCATE scenario_step;
SELECT s.name, max(v.version), (array_agg(v.definition -> 'steps' ORDER BY v.version DESC))[1] AS steps FROM scenario_version v JOIN scenario s USING (scenario_id) GROUP BY 1 ORDER BY 1;
-- What was deleted is still told
DELETE FROM scenario WHERE name = 'Blank';
SELECT name FROM scenario_version v WHERE NOT EXISTS (SELECT FROM scenario s WHERE s.scenario_id = v.scenario_id);

-- Ready-made scenarios are in order; those that exist stay as they are
INSERT INTO scenario (name, description) VALUES ('standard', 'ours');
SELECT install_example_scenarios();
SELECT install_example_scenarios();
SELECT s.name, s.description, count(t.step_no) AS steps, min(t.offset_days) AS first_day, max(t.offset_days) AS last_day
FROM scenario s LEFT JOIN scenario_step t ON t.scenario = s.name WHERE s.name NOT IN ('S', 'The first') GROUP BY 1, 2 ORDER BY 1;
DELETE FROM scenario WHERE name = 'standard';
SELECT install_example_scenarios();
SELECT count(*) FROM scenario_check;
-- Three months of one customer of the standard scenario, invoice due on 2026-06-01, each action done on its day
WITH RECURSIVE diary AS (
  SELECT 0 AS n, d.step_no, d.action_on FROM next_step('standard', '2026-06-01', NULL, NULL, 800, '2026-05-20') d
  UNION ALL
  SELECT n + 1, d.step_no, d.action_on FROM diary p, next_step('standard', '2026-06-01', p.step_no, p.action_on, 800, p.action_on, p.action_on) d WHERE p.step_no IS NOT NULL
)
SELECT d.step_no, d.action_on, t.label FROM diary d JOIN scenario_step t ON t.scenario = 'standard' AND t.step_no = d.step_no ORDER BY n;

-- Copies
SELECT duplicate_scenario('standard', 'standard 2') AS copy \gset
SELECT name FROM scenario WHERE scenario_id = :copy;
UPDATE scenario SET is_default = true WHERE name = 'standard 2';
SELECT duplicate_scenario('standard 2', 'standard 3') IS NOT NULL;
SELECT (SELECT jsonb_agg(to_jsonb(t) - 'scenario' ORDER BY step_no) FROM scenario_step t WHERE t.scenario = 'standard 3')
     = (SELECT jsonb_agg(to_jsonb(t) - 'scenario' ORDER BY step_no) FROM scenario_step t WHERE t.scenario = 'standard') AS same_steps,
       (SELECT to_jsonb(s) - '{name,scenario_id}'::text[] FROM scenario s WHERE name = 'standard 3')
     = (SELECT to_jsonb(s) - '{name,scenario_id}'::text[] FROM scenario s WHERE name = 'standard') AS same_columns;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$SELECT duplicate_scenario('nosuch', 'x')$$, $$SELECT duplicate_scenario(NULL, 'x')$$, $$SELECT duplicate_scenario('standard', 'standard 2')$$,
  $$SELECT duplicate_scenario('standard', '')$$, $$SELECT duplicate_scenario('standard', NULL)$$]) s;

-- What scenario_check finds
INSERT INTO scenario (name, min_contact_days, calendar) VALUES ('Late', 0, NULL), ('Disorder', 0, NULL), ('Unreachable', 0, NULL), ('Unreachable 2', 9, NULL), ('Reachable', 0, 'FR'), ('Repeats', 0, NULL);
INSERT INTO scenario_step (scenario, step_no, label, phase, anchor, offset_days, min_days_after_previous, min_amount, repeat_every_days) VALUES
  ('Late', 1, '', 'amicable', 'due_date', 60, 0, 0, NULL), ('Late', 2, '', 'amicable', 'due_date', 61, 0, 0, NULL), ('Late', 3, '', 'amicable', 'previous_action', 2, 5, 0, NULL),
  ('Late', 4, '', 'pre_litigation', 'due_date', 90, 0, 0, NULL),
  ('Disorder', 1, '', 'amicable', 'due_date', 10, 0, 0, NULL), ('Disorder', 2, '', 'pre_due', 'due_date', -5, 0, 0, NULL), ('Disorder', 3, '', 'amicable', 'due_date', 10, 0, 0, NULL),
  ('Disorder', 4, '', 'litigation', 'previous_action', 10, 0, 0, NULL), ('Disorder', 5, '', 'pre_litigation', 'due_date', 30, 0, 0, NULL),
  ('Unreachable', 1, '', 'amicable', 'due_date', 1, 0, 0, 7), ('Unreachable', 2, '', 'amicable', 'previous_action', 8, 0, 0, NULL), ('Unreachable', 3, '', 'amicable', 'due_date', 50, 0, 0, NULL),
  ('Unreachable 2', 1, '', 'amicable', 'due_date', 1, 0, 0, 7), ('Unreachable 2', 2, '', 'amicable', 'due_date', 20, 10, 5, NULL), ('Unreachable 2', 3, '', 'amicable', 'due_date', 50, 0, 0, NULL),
  ('Reachable', 1, '', 'amicable', 'due_date', 1, 0, 0, 7), ('Reachable', 2, '', 'amicable', 'previous_action', 9, 0, 0, NULL),
  ('Repeats', 1, '', 'amicable', 'due_date', 40, 0, 0, 15), ('Repeats', 2, '', 'pre_litigation', 'due_date', 71, 0, 0, 30);
SELECT * FROM scenario_check ORDER BY scenario, step_no, problem;
DELETE FROM scenario WHERE name IN ('Late', 'Disorder', 'Unreachable', 'Unreachable 2', 'Repeats');
INSERT INTO calendar_holiday SELECT 'FR', '2026-06-15'::date + n FROM generate_series(0, 366) n ON CONFLICT DO NOTHING;
INSERT INTO calendar (name) VALUES ('Unused');
INSERT INTO calendar_holiday SELECT 'Unused', '2026-06-15'::date + n FROM generate_series(0, 366) n;
SELECT * FROM scenario_check ORDER BY scenario, step_no, problem;

-- Rights: nobody changes, everybody may count
CREATE ROLE sa_scenario_reader;
GRANT USAGE ON SCHEMA receivables TO sa_scenario_reader;
SET ROLE sa_scenario_reader;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$SELECT next_step('standard', '2026-06-01', NULL, NULL, 800, '2026-05-20')$$, $$SELECT is_working_day('FR', '2026-06-14')$$,
  $$SELECT set_promise_tolerance(1)$$, $$SELECT duplicate_scenario('standard', 'x')$$, $$SELECT install_example_scenarios()$$, $$SELECT install_example_calendars()$$,
  $$SELECT count(*) FROM scenario_version$$, $$SELECT count(*) FROM calendar$$]) s;
RESET ROLE;
DROP OWNED BY sa_scenario_reader;
DROP ROLE sa_scenario_reader;
