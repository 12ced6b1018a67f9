-- Scenarios: what comes next (src/core/scenario.cpp), checks, versions, copies, and ready-made ones.

-- Not STRICT: NULL last_step is the entry.
CREATE FUNCTION receivables.next_step(scenario text, leader_due_date date, last_step integer, last_action_on date, amount numeric, as_of date,
                                      last_contact_on date DEFAULT NULL, OUT step_no integer, OUT action_on date) RETURNS record
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_next_step';
COMMENT ON FUNCTION receivables.next_step(text, date, integer, date, numeric, date, date) IS
  'The step of a scenario that comes after last_step (NULL: entry; 0: the first one) and its date, which may have passed; NULLs where there is none or a scenario, due date, amount or as_of is missing. 42704 for an unknown scenario.';

-- What the core could not count with is refused when it is written.
CREATE FUNCTION receivables.check_scenario() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  amounts numeric[];
  amount numeric;
BEGIN
  IF receivables.in_restore() THEN
    RETURN NEW;
  END IF;
  IF TG_TABLE_NAME = 'scenario' THEN
    NEW.calendar := nullif(NEW.calendar, '');
    amounts := ARRAY[NEW.minimum_amount, NEW.ignore_below];
  ELSE
    amounts := ARRAY[NEW.min_amount];
  END IF;
  FOREACH amount IN ARRAY amounts LOOP
    IF amount IN ('NaN', 'Infinity') OR amount > 900000000000000 OR scale(trim_scale(amount)) > 4 THEN
      RAISE EXCEPTION '% is no amount', amount
        USING ERRCODE = '22003', HINT = 'An amount has at most 4 decimals and is not above 900,000,000,000,000.';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.check_scenario() IS 'Row trigger of scenario and scenario_step: refuses amounts with more than 4 decimals or too large (22003).';
CREATE TRIGGER search_assign_check BEFORE INSERT OR UPDATE ON receivables.scenario
  FOR EACH ROW EXECUTE FUNCTION receivables.check_scenario();
CREATE TRIGGER search_assign_check BEFORE INSERT OR UPDATE ON receivables.scenario_step
  FOR EACH ROW EXECUTE FUNCTION receivables.check_scenario();

CREATE TRIGGER search_assign_changed AFTER INSERT OR UPDATE OR DELETE ON receivables.scenario_step
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.configuration_changed();
CREATE TRIGGER search_assign_changed AFTER INSERT OR UPDATE OR DELETE ON receivables.calendar
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.configuration_changed();
CREATE TRIGGER search_assign_changed AFTER INSERT OR UPDATE OR DELETE ON receivables.calendar_holiday
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.configuration_changed();
CREATE TRIGGER search_assign_truncate BEFORE TRUNCATE ON receivables.scenario_step
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.delete_all_rows();

-- ---- versions ----
CREATE TABLE receivables.scenario_version (
  scenario_id integer NOT NULL,
  version     integer NOT NULL,
  name        text NOT NULL,
  definition  jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  recorded_by text NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT scenario_version_pkey PRIMARY KEY (scenario_id, version)
);
COMMENT ON TABLE receivables.scenario_version IS
  'Every form a scenario ever had, the present one included (key scenario_id, version): its columns and its steps, with author and time. A transaction makes one version at most.';
COMMENT ON COLUMN receivables.scenario_version.scenario_id IS 'Number of the scenario, which may be gone meanwhile.';
COMMENT ON COLUMN receivables.scenario_version.version IS '1, 2, ...';
COMMENT ON COLUMN receivables.scenario_version.name IS 'Name it had.';
COMMENT ON COLUMN receivables.scenario_version.definition IS 'Columns of scenario, and under "steps" those of scenario_step in order of step_no.';
COMMENT ON COLUMN receivables.scenario_version.recorded_at IS 'Start of the transaction that made it.';
COMMENT ON COLUMN receivables.scenario_version.recorded_by IS 'Author.';

CREATE FUNCTION receivables.record_scenario_version() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  present record;
  last receivables.scenario_version;
BEGIN
  IF receivables.in_restore() THEN
    RETURN NULL;
  END IF;
  FOR present IN
    SELECT s.scenario_id, s.name, to_jsonb(s) - 'scenario_id' || jsonb_build_object('steps', coalesce(t.steps, '[]')) AS definition
    FROM receivables.scenario s
    LEFT JOIN (SELECT t.scenario, jsonb_agg(to_jsonb(t) - 'scenario' ORDER BY t.step_no) AS steps
               FROM receivables.scenario_step t GROUP BY t.scenario) t ON t.scenario = s.name
    ORDER BY s.scenario_id
  LOOP
    SELECT v.* INTO last FROM receivables.scenario_version v WHERE v.scenario_id = present.scenario_id ORDER BY v.version DESC LIMIT 1;
    IF last.definition = present.definition THEN
      CONTINUE;
    ELSIF last.recorded_at = now() AND last.recorded_by = SESSION_USER THEN  -- by this transaction
      UPDATE receivables.scenario_version v SET name = present.name, definition = present.definition
      WHERE v.scenario_id = last.scenario_id AND v.version = last.version;
    ELSE
      INSERT INTO receivables.scenario_version (scenario_id, version, name, definition)
      VALUES (present.scenario_id, coalesce(last.version, 0) + 1, present.name, present.definition);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION receivables.record_scenario_version() IS 'Statement trigger of scenario and scenario_step: keeps every form of the scenarios in scenario_version.';
-- They fire after search_assign_changed, which has locked the configuration: versions are counted by one transaction at a time.
CREATE TRIGGER search_assign_version AFTER INSERT OR UPDATE ON receivables.scenario
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.record_scenario_version();
CREATE TRIGGER search_assign_version AFTER INSERT OR UPDATE OR DELETE ON receivables.scenario_step
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.record_scenario_version();

-- Columns that a later version adds are copied, too.
CREATE FUNCTION receivables.duplicate_scenario(scenario text, new_name text) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  original receivables.scenario;
  number integer;
BEGIN
  SELECT s.* INTO original FROM receivables.scenario s WHERE s.name = scenario;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'scenario "%" does not exist', scenario USING ERRCODE = '42704', HINT = 'See receivables.scenario.';
  END IF;
  IF coalesce(new_name, '') = '' THEN
    RAISE EXCEPTION 'the new scenario has no name' USING ERRCODE = '22023', HINT = 'Give new_name.';
  END IF;
  IF EXISTS (SELECT FROM receivables.scenario s WHERE s.name = new_name) THEN
    RAISE EXCEPTION 'scenario "%" exists already', new_name USING ERRCODE = '42710', HINT = 'Give the copy another name.';
  END IF;
  number := nextval(pg_get_serial_sequence('receivables.scenario', 'scenario_id'));
  INSERT INTO receivables.scenario
  SELECT c.* FROM jsonb_populate_record(original, jsonb_build_object('name', new_name, 'is_default', false, 'scenario_id', number)) c;
  INSERT INTO receivables.scenario_step
  SELECT c.* FROM receivables.scenario_step t, jsonb_populate_record(t, jsonb_build_object('scenario', new_name)) c WHERE t.scenario = scenario;
  RETURN number;
END $$;
COMMENT ON FUNCTION receivables.duplicate_scenario(text, text) IS
  'Copies a scenario with its steps under a new name and returns its scenario_id; the copy is not the default. 42704 for an unknown scenario, 42710 for a name in use.';

-- ---- checks ----
-- The earliest day of a step after the leader's due date, as if every step were done on its day.
CREATE VIEW receivables.scenario_problem AS
WITH RECURSIVE step AS (
  SELECT t.scenario, t.step_no, t.phase, pg_catalog.array_position(ARRAY['pre_due', 'amicable', 'pre_litigation', 'litigation'], t.phase) AS phase_order,
         t.anchor, t.offset_days::bigint AS offset_days, t.repeat_every_days,
         t.min_amount > s.minimum_amount AS may_be_passed_over,
         -- days between the action before and this one that nothing but they decide
         greatest(t.min_days_after_previous, CASE t.anchor WHEN 'previous_action' THEN t.offset_days ELSE 0 END)::bigint AS days_after_previous,
         CASE t.channel WHEN 'task' THEN 0 ELSE s.min_contact_days END::bigint AS days_after_contact,
         coalesce((SELECT count(DISTINCT d) FROM receivables.calendar c, pg_catalog.unnest(c.weekend) d WHERE c.name = s.calendar), 0) AS weekend_days,
         pg_catalog.row_number() OVER (PARTITION BY t.scenario ORDER BY t.step_no) AS place
  FROM receivables.scenario_step t JOIN receivables.scenario s ON s.name = t.scenario
), planned AS (
  SELECT f.scenario, f.step_no, f.phase, f.anchor, f.repeat_every_days, f.may_be_passed_over, f.days_after_contact, f.weekend_days, f.place,
         f.offset_days AS earliest, false AS unreachable, NULL::integer AS blocked_by
  FROM step f WHERE f.place = 1
  UNION ALL
  SELECT n.scenario, n.step_no, n.phase, n.anchor, n.repeat_every_days, n.may_be_passed_over, n.days_after_contact, n.weekend_days, n.place,
         greatest(CASE n.anchor WHEN 'due_date' THEN n.offset_days END, p.earliest + greatest(n.days_after_previous, p.days_after_contact)),
         blocked.here OR (p.unreachable AND NOT p.may_be_passed_over),
         CASE WHEN blocked.here THEN p.step_no WHEN p.unreachable AND NOT p.may_be_passed_over THEN p.blocked_by END
  FROM planned p JOIN step n ON n.scenario = p.scenario AND n.place = p.place + 1
  -- A repeat that always comes first: each one puts this step off again. A weekend may bring both to one day.
  CROSS JOIN LATERAL (SELECT coalesce(n.days_after_previous > greatest(p.repeat_every_days, p.days_after_contact)
                                        + n.weekend_days, false) AND p.repeat_every_days IS NOT NULL AS here) blocked
), following AS (
  SELECT p.*, pg_catalog.lead(p.earliest) OVER (PARTITION BY p.scenario ORDER BY p.place) AS next_earliest,
         p.earliest + p.repeat_every_days * greatest(1, (60 - p.earliest) / p.repeat_every_days + 1) AS late_repeat
  FROM planned p
)
SELECT f.scenario, f.step_no, 'warning' AS severity,
       pg_catalog.format('the amicable phase runs past 60 days after the due date: the step comes after %s days at the earliest', f.earliest) AS problem
FROM following f WHERE f.phase = 'amicable' AND f.earliest > 60
UNION ALL
SELECT f.scenario, f.step_no, 'warning',
       pg_catalog.format('the amicable phase runs past 60 days after the due date: the step is repeated after %s days', f.late_repeat)
FROM following f WHERE f.phase = 'amicable' AND f.earliest <= 60 AND (f.late_repeat < f.next_earliest OR (f.late_repeat IS NOT NULL AND f.next_earliest IS NULL))
UNION ALL
SELECT f.scenario, f.step_no, 'warning', pg_catalog.format('the step is to come before the due date, but comes %s days after it', f.earliest)
FROM following f WHERE f.phase = 'pre_due' AND f.earliest > 0
UNION ALL
SELECT s.scenario, s.step_no, 'warning',
       pg_catalog.format('out of order: %s days after the due date, but step %s before it comes after %s days', s.offset_days, e.step_no, e.offset_days)
FROM step s CROSS JOIN LATERAL (SELECT e.step_no, e.offset_days FROM step e WHERE e.scenario = s.scenario AND e.place < s.place AND e.anchor = 'due_date'
                                ORDER BY e.offset_days DESC, e.place LIMIT 1) e
WHERE s.anchor = 'due_date' AND s.offset_days < e.offset_days
UNION ALL
SELECT s.scenario, s.step_no, 'warning', pg_catalog.format('out of order: phase %s comes after phase %s of step %s', s.phase, e.phase, e.step_no)
FROM step s CROSS JOIN LATERAL (SELECT e.step_no, e.phase, e.phase_order FROM step e WHERE e.scenario = s.scenario AND e.place < s.place
                                ORDER BY e.phase_order DESC, e.place LIMIT 1) e
WHERE s.phase_order < e.phase_order
UNION ALL
SELECT s.scenario, s.step_no, 'warning', pg_catalog.format('the same date as step %s: %s days after the due date', e.step_no, s.offset_days)
FROM step s CROSS JOIN LATERAL (SELECT e.step_no FROM step e WHERE e.scenario = s.scenario AND e.place < s.place AND e.anchor = 'due_date'
                                AND e.offset_days = s.offset_days ORDER BY e.place LIMIT 1) e
WHERE s.anchor = 'due_date'
UNION ALL
SELECT f.scenario, f.step_no, 'error', pg_catalog.format('the step can never be reached: step %s is repeated sooner than the step after it may come', f.blocked_by)
FROM following f WHERE f.unreachable
UNION ALL
SELECT s.name, NULL, 'error', pg_catalog.format('calendar "%s" has no working day in the next 366 days', c.name)
FROM receivables.calendar c LEFT JOIN receivables.scenario s ON s.calendar = c.name
WHERE NOT EXISTS (SELECT FROM pg_catalog.generate_series(0, 366) d WHERE receivables.is_working_day(c.name, receivables.business_date() + d));
COMMENT ON VIEW receivables.scenario_problem IS
  'What is wrong with the scenarios as they are written; scenario_check has these rows and what their customers show.';
COMMENT ON COLUMN receivables.scenario_problem.scenario IS 'Scenario; NULL for a calendar that no scenario uses.';
COMMENT ON COLUMN receivables.scenario_problem.step_no IS 'Step, NULL where the problem is the scenario''s.';
COMMENT ON COLUMN receivables.scenario_problem.severity IS 'error or warning.';
COMMENT ON COLUMN receivables.scenario_problem.problem IS 'The problem in words.';

-- ---- ready-made scenarios ----
CREATE FUNCTION receivables.install_example_scenarios() RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  added text[];
BEGIN
  WITH new AS (
    INSERT INTO receivables.scenario (name, description, minimum_amount, ignore_below, on_late_entry, on_new_leader, min_contact_days) VALUES
      ('key account',     'Large customers with a personal contact: called and visited, nothing automatic', 0, 0, 'by_age', 'inherit', 5),
      ('standard',        'The usual sequence: reminders by e-mail, a call, letters, formal notice', 50, 10, 'by_age', 'restart', 5),
      ('automated small', 'Many small accounts: e-mails without anybody''s work, a letter at the end', 20, 5, 'by_age', 'restart', 7),
      ('public sector',   'Public bodies: long payment procedures, no threats, proof of delivery', 0, 0, 'first', 'inherit', 10),
      ('risky',           'Doubtful payers: short intervals, early formal notice', 0, 0, 'by_age', 'by_age', 2),
      ('no action',       'Kept out of the agenda on purpose', 0, 0, 'by_age', 'restart', 0)
    ON CONFLICT DO NOTHING RETURNING name
  )
  SELECT array_agg(n.name) INTO added FROM new n;
  INSERT INTO receivables.scenario_step (scenario, step_no, label, phase, channel, automatic, offset_days, min_days_after_previous, min_amount, repeat_every_days)
  SELECT s.* FROM (VALUES
    ('key account',     1, 'Courtesy call before the due date', 'pre_due',        'call',              'manual',   -7, 0,  10000, NULL::integer),
    ('key account',     2, 'Personal e-mail',                   'amicable',       'interactive_email', 'manual',    3, 5,  0,     NULL),
    ('key account',     3, 'Call to accounts payable',          'amicable',       'call',              'manual',   10, 5,  0,     NULL),
    ('key account',     4, 'Call to the finance manager',       'amicable',       'call',              'manual',   20, 7,  0,     NULL),
    ('key account',     5, 'Visit with the sales manager',      'amicable',       'visit',             'manual',   35, 10, 5000,  NULL),
    ('key account',     6, 'Letter from the management',        'amicable',       'letter',            'manual',   50, 10, 0,     NULL),
    ('key account',     7, 'Formal notice',                     'pre_litigation', 'registered_letter', 'manual',   75, 15, 0,     NULL),
    ('standard',        1, 'Statement before the due date',     'pre_due',        'email',             'auto',     -5, 0,  0,     NULL),
    ('standard',        2, 'First reminder',                    'amicable',       'email',             'auto',      5, 5,  0,     NULL),
    ('standard',        3, 'Second reminder',                   'amicable',       'email',             'confirm',  15, 7,  0,     NULL),
    ('standard',        4, 'Call',                              'amicable',       'call',              'manual',   25, 5,  500,   NULL),
    ('standard',        5, 'Third reminder',                    'amicable',       'letter',            'confirm',  40, 7,  0,     NULL),
    ('standard',        6, 'Last reminder',                     'amicable',       'letter',            'confirm',  55, 10, 0,     NULL),
    ('standard',        7, 'Formal notice',                     'pre_litigation', 'registered_letter', 'manual',   75, 15, 0,     NULL),
    ('standard',        8, 'Hand over to lawyer or agency',     'litigation',     'task',              'manual',  105, 15, 0,     NULL),
    ('automated small', 1, 'Statement before the due date',     'pre_due',        'email',             'auto',     -3, 0,  0,     NULL),
    ('automated small', 2, 'First reminder',                    'amicable',       'email',             'auto',      5, 7,  0,     NULL),
    ('automated small', 3, 'Second reminder',                   'amicable',       'email',             'auto',     15, 7,  0,     NULL),
    ('automated small', 4, 'Third reminder',                    'amicable',       'email',             'auto',     30, 7,  0,     NULL),
    ('automated small', 5, 'Last reminder',                     'amicable',       'sms',               'auto',     45, 7,  0,     NULL),
    ('automated small', 6, 'Formal notice',                     'pre_litigation', 'letter',            'confirm',  70, 15, 0,     30),
    ('public sector',   1, 'Is the invoice in the system?',     'amicable',       'interactive_email', 'manual',   10, 0,  0,     NULL),
    ('public sector',   2, 'Call to the purchasing body',       'amicable',       'call',              'manual',   30, 10, 0,     NULL),
    ('public sector',   3, 'Letter with proof of delivery',     'amicable',       'letter',            'manual',   45, 10, 0,     NULL),
    ('public sector',   4, 'Letter to the accounting officer',  'amicable',       'letter',            'manual',   60, 15, 0,     NULL),
    ('public sector',   5, 'Claim of late interest',            'pre_litigation', 'registered_letter', 'manual',   90, 20, 0,     60),
    ('risky',           1, 'Call before the due date',          'pre_due',        'call',              'manual',   -5, 0,  0,     NULL),
    ('risky',           2, 'Reminder',                          'amicable',       'email',             'auto',      1, 2,  0,     NULL),
    ('risky',           3, 'Call',                              'amicable',       'call',              'manual',    5, 3,  0,     NULL),
    ('risky',           4, 'Last reminder',                     'amicable',       'letter',            'confirm',  12, 5,  0,     NULL),
    ('risky',           5, 'Formal notice',                     'pre_litigation', 'registered_letter', 'manual',   20, 7,  0,     NULL),
    ('risky',           6, 'Hand over to lawyer or agency',     'litigation',     'task',              'manual',   35, 10, 0,     NULL)
  ) s WHERE s.column1 = ANY (added);
  RETURN coalesce(cardinality(added), 0);
END $$;
COMMENT ON FUNCTION receivables.install_example_scenarios() IS
  'Adds the scenarios key account, standard, automated small, public sector, risky and no action; those of these names that exist stay as they are. None becomes the default or has a calendar. Returns how many were added.';

REVOKE ALL ON FUNCTION receivables.duplicate_scenario(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.install_example_scenarios() FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('receivables.scenario_version', '');
