-- Who changed which search, rule or target when. record_configuration() is attached to the tables in 86_membership_log.sql.

CREATE TABLE receivables.configuration_log (
  log_id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT configuration_log_pkey PRIMARY KEY,
  recorded_at           timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  recorded_by           text NOT NULL DEFAULT SESSION_USER,
  configuration_version bigint,
  object                text NOT NULL,
  object_id             bigint,
  name                  text NOT NULL,
  operation             text NOT NULL CONSTRAINT configuration_log_operation_check CHECK (operation IN ('insert', 'update', 'delete')),
  before                jsonb,
  after                 jsonb
);
COMMENT ON TABLE receivables.configuration_log IS
  'Every change of searches, rules, targets, calendars and statuses, with author and time (key log_id). customers_moved_by(log_id) shows what followed.';
COMMENT ON COLUMN receivables.configuration_log.log_id IS 'Number of the change, ascending in time.';
COMMENT ON COLUMN receivables.configuration_log.recorded_at IS 'Time of the change; it counts from its commit.';
COMMENT ON COLUMN receivables.configuration_log.recorded_by IS 'Author: the role that was logged in.';
COMMENT ON COLUMN receivables.configuration_log.configuration_version IS
  'Version of the configuration from which it counts; NULL where customers follow without a run (statuses).';
COMMENT ON COLUMN receivables.configuration_log.object IS 'Table of the row: search, assignment_rule, alert_rule, priority_rule, scenario, ...';
COMMENT ON COLUMN receivables.configuration_log.object_id IS 'Number of the object where it has one: search_id, rule_id, scenario_id, ...';
COMMENT ON COLUMN receivables.configuration_log.name IS 'Its name, or what tells it from others, as it was after the change.';
COMMENT ON COLUMN receivables.configuration_log.operation IS 'insert, update or delete.';
COMMENT ON COLUMN receivables.configuration_log.before IS 'Its columns before, NULL for insert.';
COMMENT ON COLUMN receivables.configuration_log.after IS 'Its columns after, NULL for delete.';

-- The version that the present statement's trigger configuration_changed() will set: nobody else can meanwhile.
CREATE FUNCTION receivables.coming_configuration_version() RETURNS bigint
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.version + 1 FROM receivables.configuration c FOR NO KEY UPDATE
$$;
COMMENT ON FUNCTION receivables.coming_configuration_version() IS
  'Locks the configuration until the transaction ends, and returns the version that its next change will have.';

-- Arguments: column of the number or nothing, columns of the name (the first that is not empty where "or" stands before
-- them), columns that are no configuration.
CREATE FUNCTION receivables.record_configuration() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  former jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - TG_ARGV[2]::text[] END;
  present jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - TG_ARGV[2]::text[] END;
  shown jsonb := coalesce(present, former);
  names text[] := ARRAY(SELECT shown ->> n.name FROM unnest(TG_ARGV[1]::text[]) WITH ORDINALITY n(name, place)
                        WHERE n.name <> 'or' AND shown ->> n.name IS NOT NULL ORDER BY n.place);
BEGIN
  IF receivables.in_restore() OR former = present THEN
    RETURN NULL;
  END IF;
  INSERT INTO receivables.configuration_log (configuration_version, object, object_id, name, operation, before, after)
  VALUES (CASE WHEN TG_TABLE_NAME <> 'item_status' THEN receivables.coming_configuration_version() END,
          CASE TG_TABLE_NAME WHEN 'configuration' THEN 'promise_tolerance' ELSE TG_TABLE_NAME END, (shown ->> nullif(TG_ARGV[0], ''))::bigint,
          coalesce(CASE WHEN TG_ARGV[1] LIKE '{or,%' THEN names[1] ELSE array_to_string(names, ' ') END, ''), lower(TG_OP), former, present);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION receivables.record_configuration() IS
  'Row trigger: notes a change in configuration_log with the version of the configuration that it brings; silent in a restore.';
