-- Background worker and daily work: what is done once a day, by whom, and how the workers are.
-- src/pg/worker*.cpp, daily_work.cpp.

CREATE TABLE receivables.daily_work (
  name             text NOT NULL CONSTRAINT daily_work_pkey PRIMARY KEY CONSTRAINT daily_work_name_check CHECK (name <> ''),
  command          text NOT NULL CONSTRAINT daily_work_command_check CHECK (command <> ''),
  run_order        integer NOT NULL DEFAULT 100,
  active           boolean NOT NULL DEFAULT true,
  last_run_on      date,
  last_started_at  timestamptz,
  last_finished_at timestamptz,
  last_error       text,
  attempted_on     date,
  attempts         integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE receivables.daily_work IS
  'Commands that run once per business date, in run_order, each in transactions of its own, with the rights of the extension''s owner: by the background worker or CALL search_assign_daily(). Names in them must be qualified.';
COMMENT ON COLUMN receivables.daily_work.name IS 'Name of the work; search_assign brings the new day and changed rules to all memberships.';
COMMENT ON COLUMN receivables.daily_work.command IS 'SQL; a procedure may commit.';
COMMENT ON COLUMN receivables.daily_work.run_order IS 'Lower ones run first.';
COMMENT ON COLUMN receivables.daily_work.active IS 'false: is not run.';
COMMENT ON COLUMN receivables.daily_work.last_run_on IS 'Business date for which it last came to its end, with or without an error.';
COMMENT ON COLUMN receivables.daily_work.last_started_at IS 'Last start.';
COMMENT ON COLUMN receivables.daily_work.last_finished_at IS 'Last end.';
COMMENT ON COLUMN receivables.daily_work.last_error IS 'Error with which the last run ended, NULL where it ended well.';
COMMENT ON COLUMN receivables.daily_work.attempted_on IS 'Business date of the last start.';
COMMENT ON COLUMN receivables.daily_work.attempts IS 'Starts for that date that did not come to an end: it runs, or its process was killed. Killed three times it waits for the next date.';

-- The shipped row exists before a restore loads it: the dumped row wins.
CREATE FUNCTION receivables.replace_daily_work() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF receivables.in_restore() THEN
    DELETE FROM receivables.daily_work w WHERE w.name = NEW.name;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.replace_daily_work() IS 'Row trigger: a restored row replaces the shipped one of the same name.';
CREATE TRIGGER search_assign_restore BEFORE INSERT ON receivables.daily_work
  FOR EACH ROW EXECUTE FUNCTION receivables.replace_daily_work();

CREATE FUNCTION receivables.worker_needed() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_worker_needed';
COMMENT ON FUNCTION receivables.worker_needed() IS
  'Statement trigger: the transaction''s commit wakes the background worker of this database, if there is one.';
CREATE TRIGGER search_assign_worker AFTER INSERT OR UPDATE OR DELETE ON receivables.daily_work
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.worker_needed();
CREATE TRIGGER search_assign_worker AFTER UPDATE OF version ON receivables.configuration
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.worker_needed();

CREATE FUNCTION receivables.restore_begins() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_restore_begins';
COMMENT ON FUNCTION receivables.restore_begins() IS
  'Statement trigger: a session that restores a dump keeps the background worker waiting until it ends.';
CREATE TRIGGER search_assign_restore_begins BEFORE INSERT ON receivables.company
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_begins();
CREATE TRIGGER search_assign_restore_begins BEFORE INSERT ON receivables.configuration
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_begins();
CREATE TRIGGER search_assign_restore_begins BEFORE INSERT ON receivables.daily_work
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_begins();

-- Order 0: what else is done each day finds the memberships of the day.
INSERT INTO receivables.daily_work (name, command, run_order) VALUES
  ('search_assign', 'CALL receivables.search_assign()', 0), ('advance_payment_plans', 'SELECT receivables.advance_payment_plans()', 20),
  ('refresh_ramp_ups', 'SELECT receivables.refresh_ramp_ups()', 30), ('run_automatic_actions', 'CALL receivables.run_automatic_actions()', 50);

-- search_assign is wanted when the business date or the configuration is newer than its last run; the worker lets
-- changes of the configuration settle. Work that failed waits for the next date; search_assign can go on where it stood.
CREATE FUNCTION receivables.daily_work_due(OUT name text, OUT command text, OUT due_at timestamptz) RETURNS SETOF record
  LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 5 SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.name, w.command,
         CASE WHEN w.name = 'search_assign' THEN
           greatest(CASE WHEN s.day_is_newer AND s.last_run_at IS NOT NULL THEN '-infinity' ELSE s.configuration_changed_at + interval '10 seconds' END,
                    CASE WHEN w.last_error IS NOT NULL OR u.unfinished >= 3
                           OR u.unfinished = 0 AND w.last_run_on = s.business_date AND s.configuration_changed_at <= w.last_started_at
                         THEN greatest(w.last_started_at, w.last_finished_at) + interval '1 minute' END)
         WHEN u.unfinished > 0 THEN w.last_started_at + interval '1 minute'
         ELSE '-infinity' END
  FROM receivables.daily_work w
  CROSS JOIN receivables.search_assign_status s
  CROSS JOIN LATERAL (SELECT CASE WHEN w.attempted_on = s.business_date THEN w.attempts ELSE 0 END) u (unfinished)
  WHERE w.active
    AND CASE WHEN w.name = 'search_assign' THEN s.day_is_newer OR s.configuration_is_newer
             ELSE (w.last_run_on IS NULL OR w.last_run_on < s.business_date) AND u.unfinished < 3 END
  ORDER BY w.run_order, w.name
$$;
COMMENT ON FUNCTION receivables.daily_work_due() IS
  'The daily work that is to be done for the present business date, in its order, and from when on the background worker does it.';

CREATE PROCEDURE receivables.search_assign_daily()
  LANGUAGE C AS 'MODULE_PATHNAME', 'sa_search_assign_daily';
COMMENT ON PROCEDURE receivables.search_assign_daily() IS
  'What the background worker does, for a scheduler: rolls the business date, runs the daily work that is due, applies the queue. The work runs in a background process; a command that fails gives a WARNING and daily_work.last_error. Not inside a transaction block.';

CREATE FUNCTION receivables.worker_states(OUT database name, OUT pid integer, OUT state text, OUT started_at timestamptz,
                                          OUT last_wakeup_at timestamptz, OUT next_work_at timestamptz, OUT daily_work_pid integer,
                                          OUT wakeups bigint, OUT applications bigint, OUT errors bigint, OUT last_error text,
                                          OUT last_error_at timestamptz) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 5 AS 'MODULE_PATHNAME', 'sa_worker_states';
COMMENT ON FUNCTION receivables.worker_states() IS 'The rows of worker_status.';

CREATE VIEW receivables.worker_status AS
SELECT w.database::text AS database, w.pid, w.state, w.started_at, w.last_wakeup_at, w.next_work_at, w.daily_work_pid, w.wakeups, w.applications,
       w.errors, w.last_error, w.last_error_at
FROM receivables.worker_states() w;
COMMENT ON VIEW receivables.worker_status IS
  'One row per database in search_assign.databases (key database), since the server''s start; none where the library is not in shared_preload_libraries. Databases other than the present one are for members of pg_read_all_stats.';
COMMENT ON COLUMN receivables.worker_status.database IS 'Database; key of the view.';
COMMENT ON COLUMN receivables.worker_status.pid IS 'Process of its worker, NULL where it has none.';
COMMENT ON COLUMN receivables.worker_status.state IS 'idle, applying, retrying (rows of the queue could not be applied yet), no extension, restore under way, starting, waiting to start, no such database, or no free process.';
COMMENT ON COLUMN receivables.worker_status.started_at IS 'Start of the process.';
COMMENT ON COLUMN receivables.worker_status.last_wakeup_at IS 'Last time somebody woke it.';
COMMENT ON COLUMN receivables.worker_status.next_work_at IS 'When it looks again unless somebody wakes it.';
COMMENT ON COLUMN receivables.worker_status.daily_work_pid IS 'Process that does the daily work now.';
COMMENT ON COLUMN receivables.worker_status.wakeups IS 'How often somebody woke it.';
COMMENT ON COLUMN receivables.worker_status.applications IS 'How often it has called search_assign_pending() with success.';
COMMENT ON COLUMN receivables.worker_status.errors IS 'Errors of the worker and of the daily work.';
COMMENT ON COLUMN receivables.worker_status.last_error IS 'The last of them.';
COMMENT ON COLUMN receivables.worker_status.last_error_at IS 'Its time.';

REVOKE ALL ON PROCEDURE receivables.search_assign_daily() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.daily_work_due() FROM PUBLIC;
