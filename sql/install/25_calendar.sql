-- Working-day calendars: weekends, holidays, and counting with them (src/core/work_calendar.cpp, src/pg/calendar_fn.cpp).
-- Scenarios move their actions to working days; promises have their tolerance in them.
-- The triggers that announce a change of the calendars are in 61_scenario.sql, the promise's terms in configuration (50_search.sql).

CREATE TABLE receivables.calendar (
  name        text NOT NULL CONSTRAINT calendar_pkey PRIMARY KEY CONSTRAINT calendar_name_check CHECK (name <> ''),
  description text,
  weekend     integer[] NOT NULL DEFAULT '{6,7}'
);
COMMENT ON TABLE receivables.calendar IS
  'Working-day calendars. A scenario or a promise without a calendar takes every day for a working day.';
COMMENT ON COLUMN receivables.calendar.name IS 'Name; key.';
COMMENT ON COLUMN receivables.calendar.description IS 'Where it holds.';
COMMENT ON COLUMN receivables.calendar.weekend IS 'Days of the week that are no working days: 1 Monday to 7 Sunday; {} = none.';

CREATE TABLE receivables.calendar_holiday (
  calendar text NOT NULL CONSTRAINT calendar_holiday_calendar_fkey REFERENCES receivables.calendar ON UPDATE CASCADE ON DELETE CASCADE,
  holiday  date NOT NULL CONSTRAINT calendar_holiday_holiday_check CHECK (pg_catalog.isfinite(holiday)),
  label    text,
  CONSTRAINT calendar_holiday_pkey PRIMARY KEY (calendar, holiday)
);
COMMENT ON TABLE receivables.calendar_holiday IS 'Holidays of the calendars, one row a day (key calendar, holiday).';
COMMENT ON COLUMN receivables.calendar_holiday.calendar IS 'Calendar; key together with holiday.';
COMMENT ON COLUMN receivables.calendar_holiday.holiday IS 'A day that is no working day.';
COMMENT ON COLUMN receivables.calendar_holiday.label IS 'Name of the holiday.';

CREATE FUNCTION receivables.check_calendar() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF receivables.in_restore() THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT FROM receivables.scenario s WHERE s.calendar = OLD.name)
       OR EXISTS (SELECT FROM receivables.configuration c WHERE c.promise_calendar = OLD.name) THEN
      RAISE EXCEPTION 'calendar "%" is in use', OLD.name
        USING ERRCODE = '2BP01', DETAIL = 'A scenario or the tolerance of promises refers to it.',
              HINT = 'Give those scenarios another calendar; set_promise_tolerance() changes the tolerance.';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_WHEN = 'AFTER' THEN  -- renamed: the configuration is changed by the extension alone
    PERFORM receivables.set_promise_tolerance(c.promise_tolerance_days, NEW.name)
    FROM receivables.configuration c WHERE c.promise_calendar = OLD.name;
    RETURN NULL;
  END IF;
  IF NOT NEW.weekend <@ '{1,2,3,4,5,6,7}' THEN
    RAISE EXCEPTION 'weekend % of calendar "%" is not made of days of the week', NEW.weekend, NEW.name
      USING ERRCODE = '22023', HINT = 'The days are 1 (Monday) to 7 (Sunday).';
  END IF;
  IF NEW.weekend @> '{1,2,3,4,5,6,7}' THEN
    RAISE EXCEPTION 'calendar "%" has no working day', NEW.name
      USING ERRCODE = '22023', DETAIL = 'All days of the week belong to its weekend.',
            HINT = 'To keep customers out of the agenda give them a scenario without steps.';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.check_calendar() IS
  'Row trigger: refuses weekends that are none or leave no working day (22023), and to delete a calendar in use (2BP01).';
CREATE TRIGGER search_assign_check BEFORE INSERT OR UPDATE OR DELETE ON receivables.calendar
  FOR EACH ROW EXECUTE FUNCTION receivables.check_calendar();
CREATE TRIGGER search_assign_renamed AFTER UPDATE OF name ON receivables.calendar
  FOR EACH ROW EXECUTE FUNCTION receivables.check_calendar();
CREATE TRIGGER search_assign_truncate BEFORE TRUNCATE ON receivables.calendar
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.delete_all_rows();
CREATE TRIGGER search_assign_truncate BEFORE TRUNCATE ON receivables.calendar_holiday
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.delete_all_rows();

-- Not STRICT: without a calendar every day is a working day.
CREATE FUNCTION receivables.is_working_day(calendar text, day date) RETURNS boolean
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_is_working_day';
COMMENT ON FUNCTION receivables.is_working_day(text, date) IS
  'Whether a day is a working day of a calendar; every day is one where calendar is NULL or empty. 42704 for an unknown calendar.';

CREATE FUNCTION receivables.next_working_day(calendar text, day date) RETURNS date
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_next_working_day';
COMMENT ON FUNCTION receivables.next_working_day(text, date) IS
  'The first working day on or after a day. 22023 where the calendar has none within three years.';

CREATE FUNCTION receivables.add_working_days(calendar text, day date, n integer) RETURNS date
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_add_working_days';
COMMENT ON FUNCTION receivables.add_working_days(text, date, integer) IS
  'The n-th working day after a day; a day that is none is first moved to the next one (n >= 0) or the previous one (n < 0). n = 0: the working day itself.';

CREATE FUNCTION receivables.promise_deadline(promised_on date) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_promise_deadline';
COMMENT ON FUNCTION receivables.promise_deadline(date) IS
  'Last day on which a promise for a date can be kept: the date plus the configuration''s tolerance, in working days of its calendar (moved to a working day also without tolerance), in days where it has none.';

-- Not STRICT: calendar may be NULL.
CREATE FUNCTION receivables.set_promise_tolerance(days integer, calendar text DEFAULT NULL) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_set_promise_tolerance';
COMMENT ON FUNCTION receivables.set_promise_tolerance(integer, text) IS
  'Sets how many days a promise may be late before it is broken, and the calendar whose working days they are (NULL: all days). 22023 for a number outside 0 to 3650, 42704 for an unknown calendar.';

CREATE FUNCTION receivables.install_example_calendars() RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  added integer;
BEGIN
  INSERT INTO receivables.calendar (name, description, weekend) VALUES
    ('Monday to Friday',      'Most of the world: Europe, the Americas, East Asia, Australia, most of Africa', '{6,7}'),
    ('Sunday to Thursday',    'Algeria, Bahrain, Bangladesh, Egypt, Iraq, Israel, Jordan, Kuwait, Libya, Maldives, Oman, Qatar, Saudi Arabia, Sudan, Syria, Yemen', '{5,6}'),
    ('Saturday to Wednesday', 'Iran, Afghanistan', '{4,5}'),
    ('Saturday to Thursday',  'Djibouti, Somalia', '{5}'),
    ('Sunday to Friday',      'Nepal', '{6}'),
    ('Monday to Saturday',    'Where Saturday is a working day, as in parts of India, Mexico, Colombia and Uganda', '{7}'),
    ('Brunei',                'Brunei: Friday and Sunday are free', '{5,7}')
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  RETURN added;
END $$;
COMMENT ON FUNCTION receivables.install_example_calendars() IS
  'Adds a calendar for each weekend in use in the world, without holidays; calendars of those names stay as they are. Returns how many were added.';

REVOKE ALL ON FUNCTION receivables.set_promise_tolerance(integer, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.install_example_calendars() FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('receivables.calendar', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.calendar_holiday', '');
