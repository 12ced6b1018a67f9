-- What looks wrong with searches, rules and targets, in words.

CREATE FUNCTION receivables.customers_text(customers bigint) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE customers WHEN 1 THEN '1 customer' ELSE customers || ' customers' END
$$;
COMMENT ON FUNCTION receivables.customers_text(bigint) IS 'Number of customers in words, for check_rules().';

CREATE FUNCTION receivables.check_rules(OUT severity text, OUT object text, OUT name text, OUT rule_id bigint, OUT customers bigint,
                                        OUT finding text, OUT hint text) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER ROWS 20 COST 1000000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  today date := receivables.business_date();
BEGIN
  RETURN QUERY
  WITH c AS MATERIALIZED (SELECT * FROM receivables.rule_counts()),
  everybody AS (SELECT coalesce(sum(f.customers), 0)::bigint AS customers FROM c f WHERE f.figure = 'customers'),
  -- searches
  matched AS (SELECT f.a AS search_id, sum(f.customers)::bigint AS customers FROM c f WHERE f.figure = 'search' GROUP BY 1),
  both_match AS (SELECT f.a, f.b, sum(f.customers)::bigint AS customers FROM c f WHERE f.figure = 'pair' GROUP BY 1, 2),
  failing AS (SELECT f.a AS search_id, sum(f.customers)::bigint AS customers, max(f.message) AS message FROM c f WHERE f.figure = 'failed' GROUP BY 1),
  searches AS (
    SELECT s.search_id, s.name, s.criteria, s.criteria_key, s.invalid, coalesce(m.customers, 0) AS customers,
           EXISTS (SELECT FROM receivables.search_use u WHERE u.search = s.name) AS used,
           EXISTS (SELECT FROM receivables.search_use u WHERE u.search = s.name AND u.active AND u.target IS NOT NULL) AS in_force
    FROM (SELECT e.*, receivables.criteria_error(e.criteria) AS invalid,
                 -- Blanks inside a literal count.
                 CASE WHEN e.criteria ~ '[''"$]' THEN btrim(e.criteria) ELSE lower(regexp_replace(btrim(e.criteria), '\s+', ' ', 'g')) END AS criteria_key
          FROM receivables.search e) s
    LEFT JOIN matched m ON m.search_id = s.search_id),
  -- rules
  fates AS (
    SELECT f.target, f.a AS rule_id,
           coalesce(sum(f.customers) FILTER (WHERE f.figure = 'matched'), 0)::bigint AS matched,
           coalesce(sum(f.customers) FILTER (WHERE f.figure = 'decides'), 0)::bigint AS decides,
           coalesce(sum(f.customers) FILTER (WHERE f.figure = 'shadowed'), 0)::bigint AS shadowed,
           coalesce(sum(f.customers) FILTER (WHERE f.figure = 'stored'), 0)::bigint AS stored
    FROM c f WHERE f.figure IN ('matched', 'decides', 'shadowed', 'stored') GROUP BY 1, 2),
  shadows AS (
    SELECT d.target, d.rule_id, string_agg(format('rule %s (%s) %s', d.decider, u.search, d.customers), ', ' ORDER BY d.customers DESC, d.decider) AS deciders
    FROM (SELECT f.target, f.a AS rule_id, f.b AS decider, sum(f.customers)::bigint AS customers FROM c f WHERE f.figure = 'shadowed' GROUP BY 1, 2, 3) d
    LEFT JOIN receivables.search_use u ON u.target = d.target AND u.rule_id = d.decider GROUP BY 1, 2),
  rules AS (
    SELECT u.*, format('%s rule %s: %s → %s %s', u.use, u.rule_id, u.search, replace(u.target_kind, '_', ' '), u.name) AS label,
           coalesce(f.matched, 0) AS matched, coalesce(f.decides, 0) AS decides, coalesce(f.shadowed, 0) AS shadowed, coalesce(f.stored, 0) AS stored, d.deciders,
           s.invalid IS NOT NULL AS is_invalid, coalesce(x.customers, 0) AS failed
    FROM receivables.search_use u
    JOIN searches s ON s.name = u.search
    LEFT JOIN fates f ON f.target = u.target AND f.rule_id = u.rule_id
    LEFT JOIN shadows d ON d.target = u.target AND d.rule_id = u.rule_id
    LEFT JOIN failing x ON x.search_id = s.search_id
    WHERE u.target IS NOT NULL AND u.active),
  -- targets
  held AS (SELECT f.target, f.a AS target_id, f.figure, sum(f.customers)::bigint AS customers FROM c f WHERE f.figure IN ('by rule', 'by hand', 'by default', 'nothing') GROUP BY 1, 2, 3),
  targets AS (
    SELECT t.target, t.target_id, t.name, t.is_default,
           (ARRAY['scenario', 'portfolio', 'portfolio', 'customer_group'])[t.target] AS object,
           (SELECT coalesce(sum(h.customers), 0)::bigint FROM held h WHERE h.target = t.target AND h.target_id = t.target_id) AS customers,
           EXISTS (SELECT FROM receivables.assignment_target g JOIN receivables.assignment_rule r ON r.rule_id = g.rule_id
                   WHERE r.active AND g.target = t.target AND g.target_id = t.target_id) AS has_rule
    FROM receivables.assignment_target_name t WHERE t.target <= 4),
  findings AS (
    SELECT CASE WHEN s.in_force THEN 'error' ELSE 'warning' END AS severity, 'search' AS object, s.name, NULL::bigint AS rule_id, NULL::bigint AS customers,
           'the search has become invalid: ' || s.invalid AS finding,
           'Save a valid criteria; until then its rules leave every customer as it is.' AS hint
    FROM searches s WHERE s.invalid IS NOT NULL
    UNION ALL
    SELECT 'warning', 'search', s.name, NULL, x.customers, format('the search fails for %s: %s', receivables.customers_text(x.customers), x.message),
           'Guard it, as in "outstanding > 0 and overdue / outstanding > 0.5": conditions are decided from left to right.'
    FROM searches s JOIN failing x ON x.search_id = s.search_id WHERE s.invalid IS NULL
    UNION ALL
    SELECT 'warning', 'rule', r.label, r.rule_id, r.matched, format('the rule is never reached: earlier rules decide all it matches (%s): %s', receivables.customers_text(r.matched), r.deciders),
           CASE WHEN r.target <= 3 THEN 'Give it a lower priority number than these, or delete it.' ELSE 'It adds nobody to what these rules do: delete it, or keep it for customers to come.' END
    FROM rules r WHERE r.matched > 0 AND r.shadowed = r.matched
    UNION ALL
    SELECT 'warning', 'rule', r.label, r.rule_id, 0, 'the rule matches nobody', CASE WHEN r.new_customers_only THEN 'It considers only customers created on or after active_since.' ELSE 'Try its search: SELECT * FROM receivables.run_search(...).' END
    FROM rules r, everybody e WHERE r.matched = 0 AND NOT r.is_invalid AND r.failed = 0 AND e.customers > 0
    UNION ALL
    SELECT 'warning', 'rule', r.label, r.rule_id, r.matched, format('the same search is used for the same target by rule %s, too', o.rule_id), 'One of them is enough.'
    FROM rules r JOIN rules o ON o.use = 'assignment' AND o.search = r.search AND o.target = r.target AND o.name = r.name AND o.rule_id < r.rule_id
      AND o.new_customers_only = r.new_customers_only AND o.autorun = r.autorun
    WHERE r.use = 'assignment'
    UNION ALL
    SELECT 'warning', 'rule', r.label, r.rule_id, r.matched, 'the exit rule takes every customer off the worklist', 'Nobody is left in the agenda: narrow its search or make the rule inactive.'
    FROM rules r, everybody e WHERE r.use = 'priority' AND r.name = 'exit' AND r.matched = e.customers AND e.customers > 0
    UNION ALL
    SELECT 'warning', 'rule', r.label, r.rule_id, r.decides, format('the rule has autorun = false and would decide %s now; by the last call it is %s', receivables.customers_text(r.decides), receivables.customers_text(r.stored)),
           'CALL receivables.search_assign() evaluates it.'
    FROM rules r WHERE NOT r.autorun AND r.decides <> r.stored
    UNION ALL
    SELECT 'info', 'search', s.name, NULL, s.customers, 'no rule, ramp-up or balanced portfolio uses the search', 'Reports may: run_search() and search_overlap take every search.'
    FROM searches s WHERE NOT s.used
    UNION ALL
    SELECT 'info', 'search', s.name, NULL, s.customers, 'how the search depends on time cannot be seen: its customers are looked at daily',
           'Compare dates and days with constants, as in "days_overdue > 30" or "created_on < business_date() - 90".'
    FROM searches s WHERE s.in_force AND s.invalid IS NULL AND (receivables.check_criteria(s.criteria)).daily
    UNION ALL
    SELECT 'warning', 'search', s.name, NULL, s.customers, format('its criteria is that of search "%s"', o.name), 'One name is enough: let the rules use one of them.'
    FROM searches s JOIN searches o ON o.criteria_key = s.criteria_key AND o.name < s.name
    UNION ALL
    SELECT 'info', 'search', s.name, NULL, s.customers, format('it matches the very customers of search "%s" now', o.name), 'Different criteria may part later; see search_overlap.'
    FROM both_match p JOIN searches x ON x.search_id = p.a JOIN searches y ON y.search_id = p.b
    JOIN searches s ON s.name = greatest(x.name, y.name) JOIN searches o ON o.name = least(x.name, y.name)
    WHERE p.customers = x.customers AND p.customers = y.customers AND x.criteria_key <> y.criteria_key
    UNION ALL
    SELECT 'info', t.object, t.name, NULL, t.customers, 'no active rule gives it to anybody, and it is no default',
           CASE WHEN t.customers > 0 THEN 'Hand-made assignments alone do.' ELSE 'Insert a rule for it, or delete it.' END
    FROM targets t WHERE NOT t.has_rule AND NOT t.is_default
      AND NOT EXISTS (SELECT FROM receivables.balanced_portfolio b WHERE t.object = 'portfolio' AND b.portfolio = t.name)
    UNION ALL
    SELECT CASE WHEN t.customers > 0 THEN 'warning' ELSE 'info' END, 'portfolio', p.name, NULL, t.customers, format('the portfolio has no collector; %s in it', receivables.customers_text(t.customers)), 'Set portfolio.collector.'
    FROM receivables.portfolio p JOIN targets t ON t.target IN (2, 3) AND t.target_id = p.portfolio_id WHERE p.collector IS NULL
    UNION ALL
    SELECT 'warning', 'customers', CASE h.target WHEN 1 THEN 'scenario' ELSE 'collection portfolio' END, NULL, h.customers,
           format('%s without a %s: no rule covers them, and there is no default', receivables.customers_text(h.customers), CASE h.target WHEN 1 THEN 'scenario' ELSE 'collection portfolio' END),
           'See unassigned_customers; mark one as default (is_default), or write a rule for the rest.'
    FROM held h WHERE h.figure = 'nothing' AND h.target <= 2
    UNION ALL
    SELECT 'info', 'customers', CASE h.target WHEN 1 THEN 'scenario' ELSE 'collection portfolio' END, NULL, h.customers,
           format('no rule covers %s: the default %s takes them', receivables.customers_text(h.customers), t.name), 'Nothing is wrong where that is meant.'
    FROM held h JOIN targets t ON t.target = h.target AND t.target_id = h.target_id WHERE h.figure = 'by default' AND h.target <= 2
    UNION ALL
    SELECT 'info', 'scenario', t.name, NULL, t.customers, format('the scenario has no steps: it keeps %s out of the agenda', receivables.customers_text(t.customers)), 'That is legal; insert scenario_step rows where it is not meant.'
    FROM targets t WHERE t.target = 1 AND NOT EXISTS (SELECT FROM receivables.scenario_step p WHERE p.scenario = t.name)
    UNION ALL
    SELECT 'info', 'customer_group', t.name, NULL, t.customers, 'everybody is in the group', 'It tells nobody apart.'
    FROM targets t, everybody e WHERE t.target = 4 AND t.customers = e.customers AND e.customers > 1
    UNION ALL
    SELECT 'info', 'hand_made', 'ended', NULL, count(DISTINCT h.customer_id), format('hand-made assignments of %s have ended and do nothing any more', receivables.customers_text(count(DISTINCT h.customer_id))),
           'Take them back by unpin_scenario() and its kin where they are not to be kept as a record.'
    FROM receivables.hand_assignment h WHERE h.until < today HAVING count(*) > 0)
  SELECT f.severity, f.object, f.name, f.rule_id, f.customers, f.finding, f.hint FROM findings f
  ORDER BY array_position(ARRAY['error', 'warning', 'info'], f.severity), f.object, f.name, f.rule_id, f.finding;
END $$;
COMMENT ON FUNCTION receivables.check_rules() IS
  'What looks wrong with searches, rules and targets as they would decide now, one row a finding: error = it cannot work, warning = hardly meant so, info = to be known. object is rule, search, scenario, portfolio, customer_group, hand_made or customers; customers how many are concerned. No rows: all is well. The steps of scenarios are checked by scenario_check.';
REVOKE ALL ON FUNCTION receivables.check_rules() FROM PUBLIC;
