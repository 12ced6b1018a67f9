-- Memberships of the past, their history, and what changed them.

-- Where the log has been cut (drop_membership_partition()).
CREATE TABLE receivables.membership_log_cut (
  singleton boolean NOT NULL DEFAULT true CONSTRAINT membership_log_cut_pkey PRIMARY KEY
              CONSTRAINT membership_log_cut_singleton_check CHECK (singleton),
  kept_from timestamptz NOT NULL
);
COMMENT ON TABLE receivables.membership_log_cut IS 'One row where older parts of the log have been dropped, else none.';
COMMENT ON COLUMN receivables.membership_log_cut.kept_from IS 'Time from which the log is complete.';

CREATE FUNCTION receivables.membership_log_reaches(ts timestamptz) RETURNS boolean
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept timestamptz := (SELECT c.kept_from FROM receivables.membership_log_cut c);
BEGIN
  IF ts < kept THEN
    RAISE EXCEPTION 'the log of memberships does not reach back to %', ts
      USING ERRCODE = '22023', DETAIL = format('It is kept from %s on.', kept), HINT = 'Setting search_assign.membership_log_retention says how many months are kept.';
  END IF;
  RETURN true;
END $$;
COMMENT ON FUNCTION receivables.membership_log_reaches(timestamptz) IS 'True; raises 22023 for a time before the kept part of the log.';

CREATE FUNCTION receivables.configuration_version_at(ts timestamptz) RETURNS bigint
  LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(c.configuration_version), 0) FROM receivables.configuration_log c WHERE c.recorded_at <= ts
$$;
COMMENT ON FUNCTION receivables.configuration_version_at(timestamptz) IS 'The version of searches, rules and targets at a point in time.';

-- Present memberships rolled back: what was held before a customer's first change after the time. A query takes it in
-- (neither STRICT nor SET), so that conditions reach the tables.
CREATE FUNCTION receivables.memberships_as_of(ts timestamptz, OUT customer_id bigint, OUT target text, OUT name text,
                                              OUT rule_id bigint, OUT search text, OUT source text, OUT since date) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000 COST 100000
BEGIN ATOMIC
  WITH undone AS (
    SELECT DISTINCT ON (c.customer_id) c.customer_id, c.before AS assignment
    FROM receivables.membership_change c WHERE c.recorded_at > ts ORDER BY c.customer_id, c.recorded_at, c.log_id),
  asked AS MATERIALIZED (SELECT receivables.configuration_version_at(ts) AS version),
  name AS MATERIALIZED (SELECT v.target, v.target_id, v.name FROM receivables.target_name_version v, asked a
                        WHERE v.from_version <= a.version AND a.version < v.until_version),
  rule AS MATERIALIZED (SELECT v.kind = 'alert' AS alerts, v.rule_id, v.search FROM receivables.rule_version v, asked a
                        WHERE v.kind <> 'priority' AND v.configuration_version <= a.version AND (v.until_version IS NULL OR a.version < v.until_version))
  SELECT m.customer_id, receivables.target_kind((m.m).target), n.name, (m.m).rule_id, r.search, (m.m).source, (m.m).since
  FROM (SELECT h.customer_id, receivables.memberships(h.assignment) AS m
        FROM (SELECT coalesce(u.customer_id, p.customer_id) AS customer_id, coalesce(u.assignment, p.assignment) AS assignment
              FROM undone u FULL JOIN receivables.position p ON p.customer_id = u.customer_id) h
        WHERE receivables.membership_log_reaches(ts)) m
  LEFT JOIN name n ON n.target = (m.m).target AND n.target_id = (m.m).target_id
  LEFT JOIN rule r ON r.rule_id = (m.m).rule_id AND r.alerts = ((m.m).target = 7)
  WHERE (m.m).target < 8;
END;
COMMENT ON FUNCTION receivables.memberships_as_of(timestamptz) IS
  'Memberships as they were recorded at a point in time, deleted customers included, with the names and the searches of the rules of then; 22023 for a time before the kept part of the log.';

CREATE FUNCTION receivables.membership_history(customer_id bigint, OUT target text, OUT name text, OUT began_at timestamptz, OUT began_on date,
                                               OUT ended_at timestamptz, OUT ended_on date, OUT rule_id bigint, OUT rule_version integer,
                                               OUT search text, OUT search_version integer, OUT source text, OUT since date, OUT cause text) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  WITH change AS (SELECT c.* FROM receivables.membership_change c WHERE c.customer_id = membership_history.customer_id),
  -- What the customer held before the first change that is kept.
  start AS (SELECT coalesce(c.before, p.assignment) AS assignment, coalesce(c.previous_version, p.configuration_version) AS version
            FROM (SELECT f.before, f.previous_version FROM change f ORDER BY f.recorded_at, f.log_id LIMIT 1) c
            FULL JOIN (SELECT p.assignment, p.configuration_version FROM receivables.position p WHERE p.customer_id = membership_history.customer_id) p ON true),
  event AS (
    SELECT m.target, m.target_id, false AS ended, m.rule_id, m.source, m.since, s.version, NULL::timestamptz AS recorded_at, m.since AS business_date,
           0 AS log_id, NULL::text AS cause
    FROM start s CROSS JOIN LATERAL receivables.memberships(s.assignment) m WHERE m.target < 8
    UNION ALL
    SELECT d.target, d.target_id, d.ended, d.rule_id, d.source, d.since, c.configuration_version, c.recorded_at, c.business_date, c.log_id,
           receivables.change_cause(c.cause)
    FROM change c CROSS JOIN LATERAL receivables.membership_differences(c.before, c.after) d),
  period AS (
    SELECT e.*, lead(e.recorded_at) OVER w AS ended_at, lead(e.business_date) OVER w AS ended_on FROM event e
    WINDOW w AS (PARTITION BY e.target, CASE WHEN e.target > 3 THEN e.target_id END ORDER BY e.recorded_at NULLS FIRST, e.log_id))
  SELECT receivables.target_kind(p.target), n.name, p.recorded_at, p.business_date, p.ended_at, p.ended_on,
         p.rule_id, r.version, r.search, s.version, p.source, p.since, p.cause
  FROM period p
  LEFT JOIN receivables.target_name_version n ON n.target = p.target AND n.target_id = p.target_id
    AND n.from_version <= p.version AND p.version < n.until_version
  LEFT JOIN receivables.rule_version r ON r.kind = CASE p.target WHEN 7 THEN 'alert' ELSE 'assignment' END AND r.rule_id = p.rule_id
    AND r.configuration_version <= p.version AND (r.until_version IS NULL OR p.version < r.until_version)
  LEFT JOIN receivables.search_name_version s ON s.name = r.search AND s.from_version <= p.version AND p.version < s.until_version
  WHERE NOT p.ended
  ORDER BY p.target, CASE WHEN p.target > 3 THEN n.name END, p.recorded_at NULLS FIRST, p.log_id
$$;
COMMENT ON FUNCTION receivables.membership_history(bigint) IS
  'Every membership a customer ever held, one row per period with one deciding rule: from began_at (business date began_on) until ended_at (NULL: still held), with name, rule, search and their versions as they were when the period began. began_at is NULL, and began_on the start of the membership, where that lies before the kept part of the log.';

CREATE VIEW receivables.assignment_change AS
SELECT l.log_id, l.recorded_at, l.business_date, l.customer_id, c.account_no, c.name AS customer, c.company, l.target, l.previous, l.name,
       l.rule_id, l.rule_version, l.search, l.search_version, l.source, l.cause, l.configuration_version, l.previous_version,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding, receivables.overdue(p.receivables)::numeric(28,4) AS overdue,
       l.target_order, l.target_id
FROM receivables.membership_log l
LEFT JOIN receivables.customer c ON c.customer_id = l.customer_id
LEFT JOIN receivables.current_position p ON p.customer_id = l.customer_id;
COMMENT ON VIEW receivables.assignment_change IS
  'membership_log with the customer and its present amounts (key customer_id, log_id, target, target_id); read it by assignment_changes() and customers_moved_by().';
COMMENT ON COLUMN receivables.assignment_change.log_id IS 'Number of the decision.';
COMMENT ON COLUMN receivables.assignment_change.recorded_at IS 'Time of the decision.';
COMMENT ON COLUMN receivables.assignment_change.business_date IS 'Business date it was taken for.';
COMMENT ON COLUMN receivables.assignment_change.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.assignment_change.account_no IS 'Account number in the ERP, NULL where the customer is gone.';
COMMENT ON COLUMN receivables.assignment_change.customer IS 'Name of the customer.';
COMMENT ON COLUMN receivables.assignment_change.company IS 'Selling company.';
COMMENT ON COLUMN receivables.assignment_change.target IS 'Kind of target as in membership_log.';
COMMENT ON COLUMN receivables.assignment_change.previous IS 'What was held before, NULL where it began.';
COMMENT ON COLUMN receivables.assignment_change.name IS 'What the customer held from then on, NULL where it ended.';
COMMENT ON COLUMN receivables.assignment_change.rule_id IS 'Deciding rule, NULL unless source is rule.';
COMMENT ON COLUMN receivables.assignment_change.rule_version IS 'Version of the rule.';
COMMENT ON COLUMN receivables.assignment_change.search IS 'Search of the rule.';
COMMENT ON COLUMN receivables.assignment_change.search_version IS 'Version of the search.';
COMMENT ON COLUMN receivables.assignment_change.source IS 'rule, manual or default; NULL where it ended.';
COMMENT ON COLUMN receivables.assignment_change.cause IS 'Why the customer was decided then, as in membership_log.';
COMMENT ON COLUMN receivables.assignment_change.configuration_version IS 'Version of the configuration that decided.';
COMMENT ON COLUMN receivables.assignment_change.previous_version IS 'Version of the configuration at the decision before; 0 = none.';
COMMENT ON COLUMN receivables.assignment_change.outstanding IS 'All open amounts of the customer now, net of credits; NULL where it is gone.';
COMMENT ON COLUMN receivables.assignment_change.overdue IS 'Overdue amounts now, net of credits.';
COMMENT ON COLUMN receivables.assignment_change.target_order IS 'Order of the kinds of target; sort by it.';
COMMENT ON COLUMN receivables.assignment_change.target_id IS 'Number of the target as in membership_log.';

CREATE FUNCTION receivables.assignment_changes(from_at timestamptz, to_at timestamptz DEFAULT 'infinity') RETURNS SETOF receivables.assignment_change
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 10000 COST 10000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM receivables.membership_log_reaches(from_at);
  RETURN QUERY SELECT a.* FROM receivables.assignment_change a WHERE a.recorded_at >= from_at AND a.recorded_at < to_at
               ORDER BY a.recorded_at, a.log_id, a.target_order, a.target_id;
END $$;
COMMENT ON FUNCTION receivables.assignment_changes(timestamptz, timestamptz) IS
  'Rows of assignment_change recorded from from_at to before to_at; 22023 where that begins before the kept part of the log.';

CREATE FUNCTION receivables.customers_moved_by(log_id bigint) RETURNS SETOF receivables.assignment_change
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 10000 COST 10000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  change receivables.configuration_log;
BEGIN
  SELECT c.* INTO change FROM receivables.configuration_log c WHERE c.log_id = customers_moved_by.log_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'configuration_log has no entry %', log_id USING ERRCODE = '42704', HINT = 'See receivables.configuration_log.';
  END IF;
  PERFORM receivables.membership_log_reaches(change.recorded_at);
  RETURN QUERY SELECT a.* FROM receivables.assignment_change a
               WHERE a.recorded_at >= change.recorded_at AND a.previous_version > 0
                 AND a.previous_version < change.configuration_version AND a.configuration_version >= change.configuration_version
               ORDER BY a.recorded_at, a.log_id, a.target_order, a.target_id;
END $$;
COMMENT ON FUNCTION receivables.customers_moved_by(bigint) IS
  'Rows of assignment_change of the decisions that were the first of their customer with a change of configuration_log (or with it and other ones): where the cause is configuration alone, nothing else had happened. 42704 for an unknown entry; 22023 for one before the kept part of the log.';
