-- Memberships of the past, their history, and what changed them.

-- Where the log has been cut (drop_old_memberships()).
CREATE TABLE receivables.membership_log_cut (
  singleton boolean NOT NULL DEFAULT true CONSTRAINT membership_log_cut_pkey PRIMARY KEY
              CONSTRAINT membership_log_cut_singleton_check CHECK (singleton),
  kept_from timestamptz NOT NULL
);
COMMENT ON TABLE receivables.membership_log_cut IS 'One row where older parts of the log have been dropped, else none.';
COMMENT ON COLUMN receivables.membership_log_cut.kept_from IS 'Time from which the log is complete.';

CREATE FUNCTION receivables.require_membership_log(ts timestamptz) RETURNS void
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept timestamptz := (SELECT c.kept_from FROM receivables.membership_log_cut c);
BEGIN
  IF ts < kept THEN
    RAISE EXCEPTION 'the log of memberships does not reach back to %', ts
      USING ERRCODE = '22023', DETAIL = format('It is kept from %s on.', kept), HINT = 'Setting search_assign.membership_log_retention says how many months are kept.';
  END IF;
END $$;
COMMENT ON FUNCTION receivables.require_membership_log(timestamptz) IS 'Raises 22023 for a time before the kept part of the log.';

CREATE FUNCTION receivables.configuration_version_at(ts timestamptz) RETURNS bigint
  LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(c.configuration_version), 0) FROM receivables.configuration_log c WHERE c.recorded_at <= ts
$$;
COMMENT ON FUNCTION receivables.configuration_version_at(timestamptz) IS 'The version of searches, rules and targets at a point in time.';

-- Present memberships rolled back: what was held before a customer's first change after the time.
CREATE FUNCTION receivables.memberships_as_of(ts timestamptz, OUT customer_id bigint, OUT target text, OUT name text,
                                              OUT rule_id bigint, OUT search text, OUT source text, OUT since date) RETURNS SETOF record
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 100000 COST 100000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  asked bigint := receivables.configuration_version_at(ts);
BEGIN
  PERFORM receivables.require_membership_log(ts);
  RETURN QUERY
  WITH undone AS (
    SELECT DISTINCT ON (c.customer_id) c.customer_id, c.before AS assignment
    FROM receivables.membership_change c WHERE c.recorded_at > ts ORDER BY c.customer_id, c.recorded_at, c.log_id)
  SELECT h.customer_id, receivables.target_kind(m.target), n.name, m.rule_id, r.search, m.source, m.since
  FROM (SELECT u.customer_id, u.assignment FROM undone u
        UNION ALL SELECT p.customer_id, p.assignment FROM receivables.position p
        WHERE NOT EXISTS (SELECT FROM undone u WHERE u.customer_id = p.customer_id)) h
  CROSS JOIN LATERAL receivables.memberships(h.assignment) m
  LEFT JOIN (SELECT v.* FROM receivables.target_name_version v WHERE v.from_version <= asked AND asked < v.until_version) n
    ON n.target = m.target AND n.target_id = m.target_id
  LEFT JOIN (SELECT v.kind, v.rule_id, v.search FROM receivables.rule_version v
             WHERE v.configuration_version <= asked AND (v.until_version IS NULL OR asked < v.until_version)) r
    ON r.rule_id = m.rule_id AND r.kind = CASE m.target WHEN 7 THEN 'alert' ELSE 'assignment' END
  WHERE m.target < 8;
END $$;
COMMENT ON FUNCTION receivables.memberships_as_of(timestamptz) IS
  'Memberships as they were recorded at a point in time, deleted customers included, with the names and the searches of the rules of then; 22023 for a time before the kept part of the log.';
