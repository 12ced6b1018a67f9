-- Explanation of an assignment: the rules in their order, each clause with its values, and what time will change.
-- Every truth is computed by the expression that decides: src/pg/explain_assignment_fn.cpp, clause_finding.cpp.

CREATE FUNCTION receivables.explain_rules(
    customer_id bigint, as_of date, OUT target integer, OUT target_id integer, OUT rule_id bigint, OUT search_id bigint, OUT matches boolean,
    OUT standing text, OUT decider bigint, OUT clause_no integer, OUT parent_no integer, OUT depth integer, OUT kind text, OUT clause text,
    OUT wanted boolean, OUT truth boolean, OUT decisive boolean, OUT failure text, OUT columns text[], OUT column_values text[], OUT measure text,
    OUT value_type text, OUT actual text, OUT needs text, OUT threshold text, OUT distance numeric) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME', 'sa_explain_rules';
COMMENT ON FUNCTION receivables.explain_rules(bigint, date) IS
  'Used by explain_assignment(): one row per active rule and clause of its search. standing: idle, decides, shadowed (by decider) or hidden (by hand); wanted: the truth that would help the search to match; decisive: the first condition because of which it does not.';

CREATE FUNCTION receivables.decided_assignment(customer_id bigint, as_of date) RETURNS bytea
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_decided_assignment';
COMMENT ON FUNCTION receivables.decided_assignment(bigint, date) IS
  'Used by explain_assignment(): what a ledger change on the date would decide for the customer, as position.assignment holds it; writes nothing.';

CREATE FUNCTION receivables.coming_changes(customer_id bigint, as_of date, OUT target integer, OUT slot integer, OUT changes_on date,
                                           OUT target_id integer, OUT rule_id bigint) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 3 AS 'MODULE_PATHNAME', 'sa_coming_changes';
COMMENT ON FUNCTION receivables.coming_changes(bigint, date) IS
  'Used by explain_assignment(): per target (slot 0 where a customer has one of it, else the target''s number) the first date after as_of, up to 800 days ahead, on which time alone changes the assignment, and what is held then (NULL: nothing).';

-- Amounts with thousands separators and two decimals or more, whole numbers and dates as they are.
CREATE FUNCTION receivables.shown_value(value text, value_type text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN value IS NULL THEN 'empty'
              WHEN value_type = 'number' AND value !~ '[a-zA-Z]' THEN to_char(value::numeric, 'FM999,999,999,999,999,999,990.00999999999999')
              WHEN value_type = 'integer' THEN to_char(value::numeric, 'FM999,999,999,999,999,999,990')
              ELSE value END
$$;
COMMENT ON FUNCTION receivables.shown_value(text, text) IS 'Used by explain_assignment(): a number or date as people read it.';

CREATE FUNCTION receivables.shown_need(needs text, threshold text, value_type text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE needs WHEN '>=' THEN '' WHEN '>' THEN CASE value_type WHEN 'date' THEN 'after ' ELSE 'more than ' END
                    WHEN '<' THEN CASE value_type WHEN 'date' THEN 'before ' ELSE 'less than ' END
                    WHEN '<=' THEN 'at most ' WHEN '<>' THEN 'anything but ' ELSE 'exactly ' END
         || receivables.shown_value(threshold, value_type)
         || CASE WHEN needs = '>=' AND value_type = 'date' THEN ' or later' ELSE '' END
$$;
COMMENT ON FUNCTION receivables.shown_need(text, text, text) IS 'Used by explain_assignment(): what a value has to be, in words.';

-- "overdue is 18,400.00, needs 20,000.00" where a condition stands in the way, else what it found.
CREATE FUNCTION receivables.clause_sentence(clause text, truth boolean, wanted boolean, failure text, columns text[], column_values text[],
                                            measure text, value_type text, actual text, needs text, threshold text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN failure IS NOT NULL THEN 'failed: ' || failure
    WHEN measure IS NOT NULL THEN measure || ' is ' || receivables.shown_value(actual, value_type)
      || CASE WHEN truth IS DISTINCT FROM wanted THEN ', needs ' || receivables.shown_need(needs, threshold, value_type) ELSE '' END
    WHEN cardinality(columns) = 0 THEN clause || ' is ' || CASE WHEN truth THEN 'true' WHEN NOT truth THEN 'false' ELSE 'empty' END
    ELSE (SELECT string_agg(v.name || ' is ' || coalesce(v.value, 'empty'), ', ' ORDER BY v.place)
          FROM unnest(columns, column_values) WITH ORDINALITY v(name, value, place))
         || CASE WHEN truth IS DISTINCT FROM wanted
                 THEN ', needs ' || CASE WHEN clause = columns[1] THEN wanted::text ELSE CASE WHEN wanted THEN '' ELSE 'not ' END || clause END ELSE '' END END
$$;
COMMENT ON FUNCTION receivables.clause_sentence(text, boolean, boolean, text, text[], text[], text, text, text, text, text) IS
  'Used by explain_assignment(): a condition and its values in words.';

CREATE FUNCTION receivables.explain_assignment(
    customer_id bigint, as_of date DEFAULT receivables.business_date(),
    OUT line_no bigint, OUT line text, OUT target text, OUT name text, OUT rule_id bigint, OUT rule_version integer, OUT priority integer,
    OUT search text, OUT search_version integer, OUT matches boolean, OUT outcome text, OUT source text, OUT since date,
    OUT clause_no integer, OUT parent_no integer, OUT depth integer, OUT clause_kind text, OUT clause text, OUT column_values jsonb, OUT truth boolean,
    OUT decisive boolean, OUT measure text, OUT actual text, OUT needs text, OUT threshold text, OUT distance numeric, OUT finding text,
    OUT changes_on date, OUT changes_to text) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
  WITH stored AS MATERIALIZED (
    SELECT m.*, p.configuration_version, CASE WHEN m.target <= 3 THEN 0 ELSE m.target_id END AS slot
    FROM receivables.position p CROSS JOIN LATERAL receivables.memberships(p.assignment) m
    WHERE p.customer_id = explain_assignment.customer_id AND m.target < 8),
  decided AS MATERIALIZED (
    SELECT m.*, CASE WHEN m.target <= 3 THEN 0 ELSE m.target_id END AS slot
    FROM receivables.memberships(receivables.decided_assignment(explain_assignment.customer_id, as_of)) m WHERE m.target < 8),
  rule AS MATERIALIZED (
    SELECT r.*, CASE WHEN r.target <= 3 THEN 0 ELSE r.target_id END AS slot, a.priority, a.autorun, a.new_customers_only, a.active_since,
           v.version AS rule_version, v.search, s.version AS search_version
    FROM receivables.explain_rules(explain_assignment.customer_id, as_of) r
    LEFT JOIN receivables.assignment_rule a ON a.rule_id = r.rule_id AND r.target < 7
    LEFT JOIN receivables.rule_version v ON v.kind = CASE r.target WHEN 7 THEN 'alert' ELSE 'assignment' END AND v.rule_id = r.rule_id AND v.until_version IS NULL
    LEFT JOIN LATERAL (SELECT max(s.version) AS version FROM receivables.search_version s WHERE s.search_id = r.search_id) s ON true),
  coming AS MATERIALIZED (SELECT * FROM receivables.coming_changes(explain_assignment.customer_id, as_of)),
  hand AS (
    SELECT h.*, CASE WHEN h.target <= 3 THEN 0 ELSE h.target_id END AS place FROM receivables.hand_assignment h
    WHERE h.customer_id = explain_assignment.customer_id AND (h.until IS NULL OR h.until >= as_of)),
  target_name AS MATERIALIZED (
    SELECT t.target, t.target_id, t.name FROM receivables.assignment_target_name t
    UNION ALL SELECT 7, a.alert_rule_id, coalesce(a.label, a.search) FROM receivables.alert_rule a),
  slot AS (
    SELECT r.target, r.slot FROM rule r UNION SELECT d.target, d.slot FROM decided d UNION SELECT s.target, s.slot FROM stored s
    UNION SELECT h.target, h.place FROM hand h UNION VALUES (1, 0), (2, 0)),
  held AS (
    SELECT s.target, s.slot, n.name, d.rule_id, d.source, d.since, h.mode, h.made_by, h.made_at, h.until, h.reason, v.version AS rule_version, v.search,
           CASE WHEN d.source = 'manual' AND s.target <= 3 THEN coalesce(
             (SELECT f.name FROM rule r JOIN target_name f ON f.target = r.target AND f.target_id = r.target_id
              WHERE r.target = s.target AND r.standing = 'hidden' LIMIT 1),
             (SELECT f.name FROM receivables.assignment_target_name f WHERE f.target = s.target AND f.is_default), 'nothing') END AS hides,
           t.name AS stored_name, (t.target_id, t.rule_id, t.source) IS DISTINCT FROM (d.target_id, d.rule_id, d.source) AS differs,
           c.changes_on, CASE WHEN c.changes_on IS NOT NULL THEN coalesce(m.name, 'nothing') END AS changes_to
    FROM slot s
    LEFT JOIN decided d ON d.target = s.target AND d.slot = s.slot
    LEFT JOIN target_name n ON n.target = s.target AND n.target_id = coalesce(d.target_id, nullif(s.slot, 0))
    LEFT JOIN (SELECT s.*, n.name FROM stored s JOIN target_name n USING (target, target_id)) t ON t.target = s.target AND t.slot = s.slot
    LEFT JOIN hand h ON h.target = s.target AND h.place = s.slot
    LEFT JOIN receivables.rule_version v ON v.kind = CASE s.target WHEN 7 THEN 'alert' ELSE 'assignment' END AND v.rule_id = d.rule_id
      AND v.configuration_version <= CASE WHEN (t.target_id, t.rule_id) = (d.target_id, d.rule_id) THEN t.configuration_version ELSE 9223372036854775806 END
      AND (v.until_version IS NULL OR CASE WHEN (t.target_id, t.rule_id) = (d.target_id, d.rule_id) THEN t.configuration_version ELSE 9223372036854775806 END < v.until_version)
    LEFT JOIN coming c ON c.target = s.target AND c.slot = s.slot
    LEFT JOIN target_name m ON m.target = c.target AND m.target_id = c.target_id),
  finding AS (
    SELECT r.*, receivables.clause_sentence(r.clause, r.truth, r.wanted, r.failure, r.columns, r.column_values, r.measure, r.value_type, r.actual,
                                            r.needs, r.threshold) AS sentence
    FROM rule r),
  line AS (
    SELECT h.target, h.slot, 0 AS rank, 0::integer AS priority, 0::bigint AS rule_order, 0 AS clause_no, 'target' AS line, h.name,
           h.rule_id, h.rule_version, NULL::integer AS rule_priority, h.search, NULL::integer AS search_version, NULL::boolean AS matches,
           CASE WHEN h.source IS NULL THEN 'not held' ELSE 'held' END AS outcome, h.source, h.since, NULL::integer AS clause_number, NULL::integer AS parent_no,
           NULL::integer AS depth, NULL::text AS clause_kind, NULL::text AS clause, NULL::jsonb AS column_values, NULL::boolean AS truth, NULL::boolean AS decisive,
           NULL::text AS measure, NULL::text AS actual, NULL::text AS needs, NULL::text AS threshold, NULL::numeric AS distance,
           CASE WHEN h.source IS NULL AND h.mode = 'exclude' THEN 'excluded by hand'
                WHEN h.source IS NULL THEN CASE WHEN h.target <= 3 THEN 'none: no rule matches and there is no default' ELSE 'not held' END
                WHEN h.source = 'manual' THEN CASE WHEN h.target <= 3 THEN 'pinned by hand' ELSE 'added by hand' END
                WHEN h.source = 'default' THEN 'the default: no rule matches'
                ELSE format('by rule %s, version %s (%s)', h.rule_id, h.rule_version, h.search) END
           || coalesce(' since ' || to_char(h.since, 'YYYY-MM-DD'), '')
           || CASE WHEN h.mode IS NOT NULL THEN format(', made by %s on %s%s%s', h.made_by, to_char(h.made_at, 'YYYY-MM-DD'),
                coalesce(' until ' || to_char(h.until, 'YYYY-MM-DD'), ''), coalesce(': ' || h.reason, '')) ELSE '' END
           || coalesce('; the rules would assign ' || h.hides, '')
           || CASE WHEN h.differs AND as_of = receivables.business_date()
                   THEN format('; stored is still %s: the next CALL search_assign() or ledger change brings it', coalesce(h.stored_name, 'nothing')) ELSE '' END
           || CASE WHEN h.changes_on IS NOT NULL THEN format('; time changes it on %s to %s', to_char(h.changes_on, 'YYYY-MM-DD'),
                                                           CASE WHEN h.source IS NOT NULL AND h.changes_to = h.name THEN h.changes_to || ' by another rule' ELSE h.changes_to END) ELSE '' END
             AS finding, h.changes_on, h.changes_to
    FROM held h
    UNION ALL
    SELECT r.target, r.slot, 1, coalesce(r.priority, 0), r.rule_id, 0, 'rule', n.name, r.rule_id, r.rule_version, r.priority, r.search, r.search_version, r.matches,
           r.standing, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.truth, NULL, NULL, NULL, NULL, NULL, NULL,
           CASE r.standing
             WHEN 'decides' THEN 'decides'
             WHEN 'shadowed' THEN format('matches, but rule %s comes first', r.decider)
             WHEN 'hidden' THEN 'would decide, but a hand-made assignment does'
             ELSE CASE WHEN NOT r.autorun THEN 'autorun is off: as at the last CALL search_assign(), not matching'
                       WHEN r.new_customers_only AND r.truth THEN format('the search matches, but the rule considers only customers created since %s', to_char(r.active_since, 'YYYY-MM-DD'))
                       WHEN r.failure IS NOT NULL THEN 'the search failed, the rule stands as it stood: ' || r.failure
                       ELSE 'does not match' || coalesce(': ' || (SELECT f.sentence FROM finding f WHERE f.target = r.target AND f.rule_id = r.rule_id AND f.target_id = r.target_id AND f.decisive), '') END END,
           NULL, NULL
    FROM rule r LEFT JOIN target_name n USING (target, target_id) WHERE coalesce(r.clause_no, 1) = 1
    UNION ALL
    SELECT f.target, f.slot, 1, coalesce(f.priority, 0), f.rule_id, f.clause_no, 'clause', n.name, f.rule_id, f.rule_version, f.priority, f.search, f.search_version, f.matches,
           f.standing, NULL, NULL, f.clause_no, f.parent_no, f.depth, f.kind, f.clause, jsonb_object(f.columns, f.column_values), f.truth, f.decisive, f.measure,
           f.actual, f.needs, f.threshold, f.distance, CASE WHEN f.kind = 'condition' OR f.failure IS NOT NULL THEN f.sentence END, NULL, NULL
    FROM finding f LEFT JOIN target_name n USING (target, target_id) WHERE f.clause_no IS NOT NULL)
  SELECT row_number() OVER (ORDER BY l.target, l.slot, l.rank, l.priority, l.rule_order, l.clause_no), l.line, receivables.target_kind(l.target), l.name, l.rule_id,
         l.rule_version, l.rule_priority, l.search, l.search_version, l.matches, l.outcome, l.source, l.since, l.clause_number, l.parent_no, l.depth, l.clause_kind,
         l.clause, l.column_values, l.truth, l.decisive, l.measure, l.actual, l.needs, l.threshold, l.distance, l.finding, l.changes_on, l.changes_to
  FROM line l ORDER BY 1
$$;
COMMENT ON FUNCTION receivables.explain_assignment(bigint, date) IS
  'Why a customer is assigned as it is, by the ledger and rules of now on the given date, in lines to be read from top to bottom: line target (what is held, since when, by which version of which rule or by whose hand, and the next date up to 800 days ahead on which time alone changes it), below it line rule (every active rule for it in order: decides, shadowed, hidden by hand, idle), and line clause (each AND, OR, NOT and condition of the rule''s search as written, the columns in it with their values, its truth; decisive marks the first condition because of which the search does not match; needs, threshold and distance say how far a number or date is from changing the condition; distances of dates are days). 23503 for an unknown customer, 22023 for an infinite date. Writes nothing.';

CREATE FUNCTION receivables.explain_assignment_text(customer_id bigint, as_of date DEFAULT receivables.business_date()) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(
    CASE e.line
      WHEN 'target' THEN format('%s: %s - %s', replace(e.target, '_', ' '), CASE WHEN e.outcome = 'held' OR e.target IN ('customer_group', 'option', 'colleague', 'alert') THEN e.name ELSE 'nothing' END, e.finding)
      WHEN 'rule' THEN format('  rule %s -> %s (%s): %s', e.rule_id, e.name, e.search, e.finding)
      ELSE repeat('  ', e.depth + 2) || CASE WHEN e.truth THEN '+ ' WHEN e.truth IS NULL THEN '? ' ELSE '- ' END
           || CASE e.clause_kind WHEN 'and' THEN 'all of' WHEN 'or' THEN 'any of' WHEN 'not' THEN 'not' ELSE e.clause || ': ' || e.finding END
           || CASE WHEN e.decisive THEN '  <- here it ends' ELSE '' END END, E'\n' ORDER BY e.line_no)
  FROM receivables.explain_assignment(customer_id, as_of) e
$$;
COMMENT ON FUNCTION receivables.explain_assignment_text(bigint, date) IS
  'explain_assignment() as a text for people: + true, - false, ? empty or failed; one line a target, rule and clause.';
