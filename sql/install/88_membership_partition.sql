-- Monthly partitions (UTC) of membership_change: made ahead and dropped by the daily work. The writer finds its partition
-- itself (src/pg/time_partition.cpp), and the default one where there is none: nothing here keeps the ledger waiting
-- longer than search_assign.lock_wait, nor fails it. What cannot be locked in that time waits for the next day.

CREATE VIEW receivables.membership_partition AS
SELECT c.relname::text AS name, b.bound[1]::timestamptz AS from_at, b.bound[2]::timestamptz AS until_at
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)')) b(bound)
WHERE i.inhparent = 'receivables.membership_change'::pg_catalog.regclass AND b.bound IS NOT NULL;
COMMENT ON VIEW receivables.membership_partition IS 'One row per month of the log that has a partition (key name).';
COMMENT ON COLUMN receivables.membership_partition.name IS 'Table.';
COMMENT ON COLUMN receivables.membership_partition.from_at IS 'It holds what was recorded from then on ...';
COMMENT ON COLUMN receivables.membership_partition.until_at IS '... until before then.';

-- A month whose rows lie in the default partition already gets its own when it is over: then nobody writes there.
CREATE FUNCTION receivables.missing_membership_partitions(OUT month timestamptz, OUT kind text) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
  WITH present AS (SELECT date_trunc('month', now(), 'UTC') AS month),
  near AS (SELECT p.month, 'present' AS kind FROM present p
           UNION ALL SELECT date_trunc('month', p.month + interval '40 days', 'UTC'), 'coming' FROM present p)
  SELECT n.month, n.kind FROM near n
  WHERE NOT EXISTS (SELECT FROM receivables.membership_partition m WHERE m.from_at <= n.month AND n.month < m.until_at)
    AND NOT EXISTS (SELECT FROM receivables.membership_change_default d
                    WHERE d.recorded_at >= n.month AND d.recorded_at < date_trunc('month', n.month + interval '40 days', 'UTC'))
  UNION ALL
  SELECT DISTINCT date_trunc('month', d.recorded_at, 'UTC'), 'past' FROM receivables.membership_change_default d, present p
  WHERE d.recorded_at < p.month
    AND NOT EXISTS (SELECT FROM receivables.membership_change_default w WHERE w.recorded_at >= p.month)
  ORDER BY 2 DESC, 1
$$;
COMMENT ON FUNCTION receivables.missing_membership_partitions() IS
  'Months for which membership_change is to get a partition: the present and the coming one, and past ones whose rows lie in the default partition.';

-- The coming month's bounds are proved by a constraint that is checked beside the writers; then attaching need not read
-- the default partition under its lock. Not for the present month: the writer knows no constraints.
CREATE FUNCTION receivables.unbound_default_memberships() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = 'receivables.membership_change_default'::regclass AND c.conname = 'membership_change_default_bound') THEN
    ALTER TABLE receivables.membership_change_default DROP CONSTRAINT membership_change_default_bound;
  END IF;
END $$;
COMMENT ON FUNCTION receivables.unbound_default_memberships() IS 'Drops the constraint that bound_default_memberships() adds, where it is there.';

CREATE FUNCTION receivables.bound_default_memberships(month timestamptz, validate boolean) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '0' SET timezone = 'UTC' AS $$
BEGIN
  PERFORM set_config('lock_timeout', greatest(receivables.lock_wait(), 1)::text, true);
  IF validate THEN
    ALTER TABLE receivables.membership_change_default VALIDATE CONSTRAINT membership_change_default_bound;
  ELSE
    PERFORM receivables.unbound_default_memberships();
    EXECUTE format('ALTER TABLE receivables.membership_change_default ADD CONSTRAINT membership_change_default_bound CHECK (recorded_at < %L OR recorded_at >= %L) NOT VALID',
                   month, month + interval '1 month');
  END IF;
  RETURN true;
EXCEPTION WHEN lock_not_available OR check_violation THEN
  RAISE WARNING 'the partition of the log of memberships for % waits for another day: %', to_char(month, 'YYYY-MM'), SQLERRM;
  RETURN false;
END $$;
COMMENT ON FUNCTION receivables.bound_default_memberships(timestamptz, boolean) IS
  'Adds a constraint to the default partition that rules the month out, or validates it; false where others have the table locked.';

CREATE FUNCTION receivables.add_membership_partition(month timestamptz, kind text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '0' SET timezone = 'UTC' AS $$
DECLARE
  name text := 'membership_change_' || to_char(month, 'YYYY_MM');
  until_at timestamptz := month + interval '1 month';
BEGIN
  PERFORM set_config('lock_timeout', greatest(receivables.lock_wait(), 1)::text, true);
  LOCK TABLE receivables.membership_change IN SHARE UPDATE EXCLUSIVE MODE;
  LOCK TABLE receivables.membership_change_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE receivables.%I (LIKE receivables.membership_change)', name);
  IF kind = 'past' THEN
    EXECUTE format('INSERT INTO receivables.%I SELECT d.* FROM receivables.membership_change_default d WHERE d.recorded_at >= %L AND d.recorded_at < %L',
                   name, month, until_at);
    ALTER TABLE receivables.membership_change_default DISABLE TRIGGER search_assign_guard;
    EXECUTE format('DELETE FROM receivables.membership_change_default WHERE recorded_at >= %L AND recorded_at < %L', month, until_at);
    ALTER TABLE receivables.membership_change_default ENABLE TRIGGER search_assign_guard;
  END IF;
  EXECUTE format('ALTER TABLE receivables.%I ADD CONSTRAINT %I PRIMARY KEY (customer_id, recorded_at, log_id)', name, name || '_pkey');
  EXECUTE format('CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.%I
                  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change()', name);
  EXECUTE format('COMMENT ON TABLE receivables.%I IS %L', name, format('Rows of membership_change recorded in %s (UTC).', to_char(month, 'YYYY-MM')));
  IF kind <> 'coming' THEN
    PERFORM receivables.unbound_default_memberships();
  END IF;
  EXECUTE format('ALTER TABLE receivables.membership_change ATTACH PARTITION receivables.%I FOR VALUES FROM (%L) TO (%L)', name, month, until_at);
  PERFORM receivables.unbound_default_memberships();
  RETURN true;
EXCEPTION WHEN lock_not_available OR duplicate_table OR check_violation THEN
  RAISE WARNING 'the partition of the log of memberships for % waits for another day: %', to_char(month, 'YYYY-MM'), SQLERRM;
  RETURN false;
END $$;
COMMENT ON FUNCTION receivables.add_membership_partition(timestamptz, text) IS
  'Adds the partition of a month; kind past: with the rows of the default one. False where others have the tables locked.';

CREATE FUNCTION receivables.drop_membership_partition(name text) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '0' SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
  part receivables.membership_partition;
BEGIN
  SELECT p.* INTO STRICT part FROM receivables.membership_partition p WHERE p.name = drop_membership_partition.name;
  PERFORM set_config('lock_timeout', greatest(receivables.lock_wait(), 1)::text, true);
  EXECUTE format('DROP TABLE receivables.%I', part.name);
  INSERT INTO receivables.membership_log_cut AS c (kept_from) VALUES (part.until_at)
  ON CONFLICT (singleton) DO UPDATE SET kept_from = greatest(c.kept_from, EXCLUDED.kept_from);
  RETURN true;
EXCEPTION WHEN lock_not_available OR dependent_objects_still_exist THEN
  RAISE WARNING '"%" is dropped another day: %', part.name, SQLERRM;
  RETURN false;
END $$;
COMMENT ON FUNCTION receivables.drop_membership_partition(text) IS
  'Drops a partition of the log, and notes from when on the log is complete; false where others have the tables locked.';

CREATE FUNCTION receivables.outdated_membership_partitions() RETURNS SETOF text
  LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
  SELECT p.name FROM receivables.membership_partition p, (SELECT receivables.membership_log_retention()) s(months)
  WHERE s.months > 0 AND p.until_at <= now() - make_interval(months => s.months) ORDER BY p.until_at
$$;
COMMENT ON FUNCTION receivables.outdated_membership_partitions() IS 'Partitions of the log that are older than search_assign.membership_log_retention.';

-- Commits, so that no lock outlasts its step: neither SECURITY DEFINER nor SET.
CREATE PROCEDURE receivables.keep_membership_log()
  LANGUAGE plpgsql AS $$
DECLARE
  part record;
  ready boolean;
BEGIN
  FOR part IN SELECT m.month, m.kind FROM receivables.missing_membership_partitions() m LOOP
    ready := true;
    IF pg_catalog.texteq(part.kind, 'coming') THEN
      ready := receivables.bound_default_memberships(part.month, false);
      COMMIT;
      -- Validated, the constraint may only be seen together with the partition: the writer knows no constraints.
      IF ready THEN
        ready := receivables.bound_default_memberships(part.month, true);
      END IF;
    ELSIF pg_catalog.texteq(part.kind, 'past') THEN
      -- Else the ledger would write to the default partition while its rows are moved.
      ready := EXISTS (SELECT FROM receivables.membership_partition m
                       WHERE pg_catalog.timestamptz_le(m.from_at, pg_catalog.now()) AND pg_catalog.timestamptz_lt(pg_catalog.now(), m.until_at));
    END IF;
    IF ready THEN
      ready := receivables.add_membership_partition(part.month, part.kind);
    END IF;
    IF ready THEN
      COMMIT;
    ELSE
      ROLLBACK;
    END IF;
  END LOOP;
  FOR part IN SELECT o.name FROM receivables.outdated_membership_partitions() o(name) LOOP
    PERFORM receivables.drop_membership_partition(part.name);
    COMMIT;
  END LOOP;
END $$;
COMMENT ON PROCEDURE receivables.keep_membership_log() IS
  'Daily work: adds the partitions of membership_change for this and the next month, moves past months out of the default one, and drops those older than search_assign.membership_log_retention. Not inside a transaction block.';

INSERT INTO receivables.daily_work (name, command, run_order) VALUES ('keep_membership_log', 'CALL receivables.keep_membership_log()', 60);
REVOKE ALL ON PROCEDURE receivables.keep_membership_log() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.unbound_default_memberships() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.bound_default_memberships(timestamptz, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.add_membership_partition(timestamptz, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.drop_membership_partition(text) FROM PUBLIC;
