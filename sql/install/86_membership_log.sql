-- The log of memberships as rows, with the names, rules and searches of then. src/pg/membership_log.cpp writes
-- membership_change, which holds numbers and the version of the configuration; configuration_log tells their meaning.

DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT * FROM (VALUES
    ('search', 'search_id', '{name}', '{invalid_reason,changed_at,changed_by}', 'INSERT OR UPDATE OF name, criteria OR DELETE'),
    ('assignment_rule', 'rule_id', '{search}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('alert_rule', 'alert_rule_id', '{or,label,search}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('priority_rule', 'priority_rule_id', '{search}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('scenario', 'scenario_id', '{name}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('scenario_step', '', '{scenario,step_no}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('portfolio', 'portfolio_id', '{name}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('customer_group', 'customer_group_id', '{name}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('collector', 'collector_id', '{name}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('calendar', '', '{name}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('calendar_holiday', '', '{calendar,holiday}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('payer_profile_band', '', '{profile}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('item_status', '', '{code}', '{}', 'INSERT OR UPDATE OR DELETE'),
    ('configuration', '', '{}', '{singleton,version,changed_at,changed_by,last_run_version,last_run_date,last_run_at,last_run_customers}',
     'UPDATE OF promise_tolerance_days, promise_calendar')) t(name, id, names, left_out, events)
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_log AFTER %s ON receivables.%I FOR EACH ROW EXECUTE FUNCTION receivables.record_configuration(%L, %L, %L)',
      t.events, t.name, t.id, t.names, t.left_out);
  END LOOP;
END $$;

-- ---- names, rules and searches by the version of the configuration ----
-- Each view: one row per object and span of versions, from_version to before until_version. What has no entry in
-- configuration_log (shipped, or restored without it) is as it is now; what was deleted keeps its last form.

CREATE VIEW receivables.target_name_version AS
WITH event AS (
  SELECT CASE c.object WHEN 'scenario' THEN 1 WHEN 'customer_group' THEN 4 WHEN 'collector' THEN 6 WHEN 'alert_rule' THEN 7
           ELSE CASE coalesce(c.after, c.before) ->> 'kind' WHEN 'collection' THEN 2 ELSE 3 END END AS target,
         c.object_id::integer AS target_id, c.log_id, c.configuration_version AS version, c.operation,
         CASE c.object WHEN 'alert_rule' THEN coalesce(c.before ->> 'label', c.before ->> 'search') ELSE c.before ->> 'name' END AS former,
         c.name, pg_catalog.row_number() OVER (PARTITION BY c.object, c.object_id ORDER BY c.log_id) AS place
  FROM receivables.configuration_log c WHERE c.object IN ('scenario', 'portfolio', 'customer_group', 'collector', 'alert_rule'))
SELECT e.target, e.target_id, n.name,
       CASE WHEN pg_catalog.row_number() OVER w = 1 THEN 0 ELSE n.version END AS from_version,
       coalesce(pg_catalog.lead(n.version) OVER w, 9223372036854775807) AS until_version
FROM event e CROSS JOIN LATERAL (SELECT 0::bigint, e.former WHERE e.place = 1 AND e.operation <> 'insert'
                                 UNION ALL SELECT e.version, e.name WHERE e.operation <> 'delete') n(version, name)
WINDOW w AS (PARTITION BY e.target, e.target_id ORDER BY e.log_id, n.version)
UNION ALL
SELECT p.target, p.target_id, p.name, 0, 9223372036854775807
FROM (SELECT t.target, t.target_id, t.name FROM receivables.assignment_target_name t
      UNION ALL SELECT 7, a.alert_rule_id, coalesce(a.label, a.search) FROM receivables.alert_rule a) p
WHERE (p.target, p.target_id) NOT IN (SELECT e.target, e.target_id FROM event e);
COMMENT ON VIEW receivables.target_name_version IS
  'Names of everything that can be assigned, by spans of versions of the configuration (key target, target_id, from_version); for the extension itself.';
COMMENT ON COLUMN receivables.target_name_version.target IS 'Kind of target as in assignment_target_name; 7 alert rule.';
COMMENT ON COLUMN receivables.target_name_version.target_id IS 'Number of the target.';
COMMENT ON COLUMN receivables.target_name_version.name IS 'Name it had.';
COMMENT ON COLUMN receivables.target_name_version.from_version IS 'First version of the configuration with it.';
COMMENT ON COLUMN receivables.target_name_version.until_version IS 'First version without it.';

CREATE VIEW receivables.rule_version AS
WITH event AS (
  SELECT pg_catalog.split_part(c.object, '_', 1) AS kind, c.object_id AS rule_id, c.log_id, c.configuration_version, c.recorded_at, c.recorded_by,
         c.operation, c.before, c.after, pg_catalog.row_number() OVER w AS place, pg_catalog.lead(c.recorded_at) OVER w AS next_at
  FROM receivables.configuration_log c WHERE c.object IN ('assignment_rule', 'alert_rule', 'priority_rule')
  WINDOW w AS (PARTITION BY c.object, c.object_id ORDER BY c.log_id)),
form AS (
  SELECT e.kind, e.rule_id, (pg_catalog.row_number() OVER w)::integer AS version, f.from_version, pg_catalog.lead(f.from_version) OVER w AS until_version,
         f.recorded_at, f.recorded_by, f.replaced_at, f.definition
  FROM event e
  CROSS JOIN LATERAL (SELECT 0::bigint, NULL::timestamptz, NULL::text, e.recorded_at, e.before WHERE e.place = 1 AND e.operation <> 'insert'
                      UNION ALL SELECT e.configuration_version, e.recorded_at, e.recorded_by, e.next_at, e.after WHERE e.operation <> 'delete')
    f(from_version, recorded_at, recorded_by, replaced_at, definition)
  WINDOW w AS (PARTITION BY e.kind, e.rule_id ORDER BY e.log_id, f.from_version)
  UNION ALL
  SELECT p.kind, p.rule_id, 1, 0, NULL, NULL, NULL, NULL, p.definition
  FROM (SELECT 'assignment' AS kind, r.rule_id, pg_catalog.to_jsonb(r) AS definition FROM receivables.assignment_rule r
        UNION ALL SELECT 'alert', a.alert_rule_id, pg_catalog.to_jsonb(a) FROM receivables.alert_rule a
        UNION ALL SELECT 'priority', r.priority_rule_id, pg_catalog.to_jsonb(r) FROM receivables.priority_rule r) p
  WHERE (p.kind, p.rule_id) NOT IN (SELECT e.kind, e.rule_id FROM event e))
SELECT r.kind, r.rule_id, r.version, r.from_version AS configuration_version, r.until_version, r.recorded_at, r.recorded_by, r.replaced_at,
       f.search, CASE r.kind WHEN 'assignment' THEN
         CASE WHEN f.scenario IS NOT NULL THEN 'scenario' WHEN f.portfolio IS NOT NULL THEN 'portfolio' WHEN f.customer_group IS NOT NULL THEN 'customer_group'
              WHEN f.colleague IS NOT NULL THEN 'colleague' ELSE 'option' END
         ELSE r.kind END AS target,
       CASE r.kind WHEN 'assignment' THEN coalesce(f.scenario, f.portfolio, f.customer_group, f.colleague, f.option)
         WHEN 'alert' THEN coalesce(f.label, f.search) END AS target_name,
       f.priority, f.new_customers_only, f.active_since, f.autorun, f.active, f.level, f.agenda, f.points, f.exit
FROM form r
CROSS JOIN LATERAL pg_catalog.jsonb_to_record(r.definition) f(
  search text, scenario text, portfolio text, customer_group text, colleague text, option text, label text, priority integer,
  new_customers_only boolean, active_since date, autorun boolean, active boolean, level text, agenda text, points integer, exit boolean);
COMMENT ON VIEW receivables.rule_version IS
  'Every form an assignment, alert or priority rule ever had, the present one included (key kind, rule_id, version), with author and time.';
COMMENT ON COLUMN receivables.rule_version.kind IS 'assignment, alert or priority: each kind has numbers of its own.';
COMMENT ON COLUMN receivables.rule_version.rule_id IS 'Number of the rule, which may be gone meanwhile.';
COMMENT ON COLUMN receivables.rule_version.version IS '1, 2, ...';
COMMENT ON COLUMN receivables.rule_version.configuration_version IS 'Version of the configuration from which this form counts; 0 = from the beginning.';
COMMENT ON COLUMN receivables.rule_version.until_version IS 'Version of the configuration from which the next form counts, NULL for the last one.';
COMMENT ON COLUMN receivables.rule_version.recorded_at IS 'Time of the change that made it, NULL where it is not known.';
COMMENT ON COLUMN receivables.rule_version.recorded_by IS 'Author of the change.';
COMMENT ON COLUMN receivables.rule_version.replaced_at IS 'Time of the change or deletion that ended it, NULL for the present form.';
COMMENT ON COLUMN receivables.rule_version.search IS 'Search, by the name it had.';
COMMENT ON COLUMN receivables.rule_version.target IS 'What it assigns: scenario, portfolio, customer_group, colleague, option, alert or priority.';
COMMENT ON COLUMN receivables.rule_version.target_name IS 'Name of it, by the name it had; NULL for a priority.';
COMMENT ON COLUMN receivables.rule_version.priority IS 'Order among the rules for the same target; assignment rules only.';
COMMENT ON COLUMN receivables.rule_version.new_customers_only IS 'Considers only customers created on or after active_since; assignment rules only.';
COMMENT ON COLUMN receivables.rule_version.active_since IS 'See new_customers_only; assignment rules only.';
COMMENT ON COLUMN receivables.rule_version.autorun IS 'false: evaluated by CALL search_assign() alone; assignment rules only.';
COMMENT ON COLUMN receivables.rule_version.active IS 'false: the rule counts for nothing.';
COMMENT ON COLUMN receivables.rule_version.level IS 'info, warning or critical; alert rules only.';
COMMENT ON COLUMN receivables.rule_version.agenda IS 'collection or risk; alert rules only.';
COMMENT ON COLUMN receivables.rule_version.points IS 'Points; priority rules only.';
COMMENT ON COLUMN receivables.rule_version.exit IS 'Exit rule; priority rules only.';

-- A name may serve one search after the other: here a deleted one ends with its deletion.
CREATE VIEW receivables.search_name_version AS
SELECT v.name, v.search_id, v.version, v.configuration_version AS from_version,
       coalesce(pg_catalog.lead(v.configuration_version) OVER w, d.configuration_version, 9223372036854775807) AS until_version
FROM receivables.search_version v
LEFT JOIN (SELECT c.object_id, max(c.configuration_version) AS configuration_version FROM receivables.configuration_log c
           WHERE c.object = 'search' AND c.operation = 'delete' GROUP BY c.object_id) d ON d.object_id = v.search_id
WINDOW w AS (PARTITION BY v.search_id ORDER BY v.version);
COMMENT ON VIEW receivables.search_name_version IS
  'Versions of searches by name and spans of versions of the configuration (key name, from_version); for the extension itself.';
COMMENT ON COLUMN receivables.search_name_version.name IS 'Name of the search.';
COMMENT ON COLUMN receivables.search_name_version.search_id IS 'Number of the search.';
COMMENT ON COLUMN receivables.search_name_version.version IS 'Version of the search.';
COMMENT ON COLUMN receivables.search_name_version.from_version IS 'First version of the configuration with it.';
COMMENT ON COLUMN receivables.search_name_version.until_version IS 'First version without it.';

-- ---- the log ----
-- A moved scenario or portfolio is one row; where something ends, target_id is what was held.
CREATE FUNCTION receivables.membership_differences(before bytea, after bytea, OUT target integer, OUT target_id integer, OUT previous_id integer,
                                                   OUT ended boolean, OUT rule_id bigint, OUT source text, OUT since date) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2 COST 1 AS 'MODULE_PATHNAME', 'sa_membership_differences';
COMMENT ON FUNCTION receivables.membership_differences(bytea, bytea) IS
  'Changes of target, rule or source between two assignments as in position.assignment: previous_id NULL where a membership begins; where one ends, rule_id, source and since are NULL.';

-- Not STRICT, so that a query takes in its expression.
CREATE FUNCTION receivables.change_cause(cause smallint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE cause WHEN 1 THEN 'ledger' WHEN 2 THEN 'day' WHEN 4 THEN 'configuration' WHEN 8 THEN 'hand-made' WHEN 16 THEN 'call' WHEN 32 THEN 'deletion'
    ELSE pg_catalog.array_to_string(ARRAY[CASE WHEN cause & 1 <> 0 THEN 'ledger' END, CASE WHEN cause & 2 <> 0 THEN 'day' END,
      CASE WHEN cause & 4 <> 0 THEN 'configuration' END, CASE WHEN cause & 8 <> 0 THEN 'hand-made' END,
      CASE WHEN cause & 16 <> 0 THEN 'call' END, CASE WHEN cause & 32 <> 0 THEN 'deletion' END], ', ') END;
COMMENT ON FUNCTION receivables.change_cause(smallint) IS 'Causes of a decision (membership_change.cause) in words.';

CREATE VIEW receivables.membership_log AS
SELECT c.customer_id, c.log_id, c.recorded_at, c.business_date, receivables.target_kind(c.target) AS target, c.target_id,
       CASE WHEN NOT c.ended THEN n.name END AS name, p.name AS previous, c.rule_id, r.search, c.source, c.since,
       r.version AS rule_version, s.version AS search_version, c.configuration_version, c.previous_version,
       receivables.change_cause(c.cause) AS cause, c.target AS target_order
FROM (SELECT m.customer_id, m.log_id, m.recorded_at, m.business_date, m.configuration_version, m.previous_version, m.cause, (m.d).*
      FROM (SELECT m.*, receivables.membership_differences(m.before, m.after) AS d FROM receivables.membership_change m) m) c
LEFT JOIN receivables.target_name_version n ON n.target = c.target AND n.target_id = c.target_id
  AND n.from_version <= c.configuration_version AND c.configuration_version < n.until_version
LEFT JOIN receivables.target_name_version p ON p.target = c.target AND p.target_id = c.previous_id
  AND p.from_version <= c.configuration_version AND c.configuration_version < p.until_version
LEFT JOIN receivables.rule_version r ON r.kind = CASE c.target WHEN 7 THEN 'alert' ELSE 'assignment' END AND r.rule_id = c.rule_id
  AND r.configuration_version <= c.configuration_version AND (r.until_version IS NULL OR c.configuration_version < r.until_version)
LEFT JOIN receivables.search_name_version s ON s.name = r.search
  AND s.from_version <= c.configuration_version AND c.configuration_version < s.until_version;
COMMENT ON VIEW receivables.membership_log IS
  'Every change of a membership (key customer_id, log_id, target, target_id), with the names of then: name is what the customer held from then on (NULL: left), previous what was held before (equal names: only the deciding rule or source changed).';
COMMENT ON COLUMN receivables.membership_log.customer_id IS 'Customer, who may be gone meanwhile.';
COMMENT ON COLUMN receivables.membership_log.log_id IS 'Number of the decision; what it changed for its customer has the same.';
COMMENT ON COLUMN receivables.membership_log.recorded_at IS 'Time of the decision.';
COMMENT ON COLUMN receivables.membership_log.business_date IS 'Business date it was taken for.';
COMMENT ON COLUMN receivables.membership_log.target IS 'scenario, collection_portfolio, risk_portfolio, customer_group, option, colleague or alert.';
COMMENT ON COLUMN receivables.membership_log.target_id IS 'Number of the target held from then on or, where it ended, until then.';
COMMENT ON COLUMN receivables.membership_log.name IS 'What the customer held from then on, NULL where it ended.';
COMMENT ON COLUMN receivables.membership_log.previous IS 'What was held before, NULL where it began.';
COMMENT ON COLUMN receivables.membership_log.rule_id IS 'Deciding rule (of an alert: alert_rule_id), NULL unless source is rule.';
COMMENT ON COLUMN receivables.membership_log.search IS 'Search of the rule.';
COMMENT ON COLUMN receivables.membership_log.source IS 'rule, manual or default; NULL where it ended.';
COMMENT ON COLUMN receivables.membership_log.since IS 'Business date on which the membership began, NULL where it ended.';
COMMENT ON COLUMN receivables.membership_log.rule_version IS 'Version of the rule (rule_version).';
COMMENT ON COLUMN receivables.membership_log.search_version IS 'Version of the search (search_version).';
COMMENT ON COLUMN receivables.membership_log.configuration_version IS 'Version of the configuration that decided.';
COMMENT ON COLUMN receivables.membership_log.previous_version IS 'Version of the configuration at the decision before; 0 = none.';
COMMENT ON COLUMN receivables.membership_log.cause IS
  'Why the customer was decided then, one or several of: ledger (items, master data, actions), day (a date on which time alone could change an answer), configuration, hand-made, call (a rule with autorun = false, or CALL search_assign(true)), deletion.';
COMMENT ON COLUMN receivables.membership_log.target_order IS 'Order of the kinds of target; sort by it.';
