-- What the rules do to each other: searches that overlap, rules that never come to decide, customers no rule covers.
-- One walk through the customers counts all of it: src/pg/rule_counts_fn.cpp.

CREATE VIEW receivables.search_use AS
SELECT r.search, 'assignment'::text AS use, r.rule_id, t.target,
       receivables.target_kind(t.target) AS target_kind,
       coalesce(r.scenario, r.portfolio, r.customer_group, r.colleague, r.option) AS name,
       r.priority, r.active, r.autorun, r.new_customers_only
FROM receivables.assignment_rule r JOIN receivables.assignment_target t ON t.rule_id = r.rule_id
UNION ALL
SELECT a.search, 'alert', a.alert_rule_id, 7, receivables.target_kind(7), coalesce(a.label, a.search), NULL, a.active, true, false FROM receivables.alert_rule a
UNION ALL
SELECT p.search, 'priority', p.priority_rule_id, 8, receivables.target_kind(8), CASE WHEN p.exit THEN 'exit' ELSE p.points || ' points' END, NULL, p.active, true, false
FROM receivables.priority_rule p
UNION ALL
SELECT u.search, 'ramp_up', u.ramp_up_id, NULL, NULL, NULL, NULL, true, true, false FROM receivables.ramp_up u
UNION ALL
SELECT b.search, 'balance', NULL, NULL, NULL, NULL, NULL, true, true, false FROM receivables.balanced_search b;
COMMENT ON VIEW receivables.search_use IS
  'One row per use of a search (key search, use, rule_id): assignment, alert and priority rules, ramp-ups, balanced portfolios.';
COMMENT ON COLUMN receivables.search_use.search IS 'Search.';
COMMENT ON COLUMN receivables.search_use.use IS 'assignment, alert, priority, ramp_up or balance.';
COMMENT ON COLUMN receivables.search_use.rule_id IS 'Number of the rule or ramp-up; alert and priority rules and ramp-ups are numbered by themselves. NULL for balanced portfolios.';
COMMENT ON COLUMN receivables.search_use.target IS 'Number of the kind of target, as in membership; NULL where it is no rule.';
COMMENT ON COLUMN receivables.search_use.target_kind IS 'scenario, collection_portfolio, risk_portfolio, customer_group, option, colleague, alert or priority; NULL where it is no rule.';
COMMENT ON COLUMN receivables.search_use.name IS 'Name of the target; of a priority rule its points, or exit.';
COMMENT ON COLUMN receivables.search_use.priority IS 'Priority of an assignment rule.';
COMMENT ON COLUMN receivables.search_use.active IS 'The rule is active.';
COMMENT ON COLUMN receivables.search_use.autorun IS 'false: only CALL search_assign() evaluates the rule.';
COMMENT ON COLUMN receivables.search_use.new_customers_only IS 'The rule considers only customers created since it is active.';

CREATE VIEW receivables.search_state AS
SELECT s.name, s.criteria, s.description,
       receivables.criteria_error(s.criteria) AS invalid_reason,
       coalesce(f.failed_customers, 0) AS failed_customers, f.last_failure,
       (SELECT count(*) FROM receivables.search_use u WHERE u.search = s.name AND u.active AND u.use IN ('assignment', 'alert', 'priority')) AS active_rules,
       s.changed_at, s.changed_by
FROM receivables.search s
LEFT JOIN (SELECT search_id, count(*) AS failed_customers, max(message) AS last_failure
           FROM receivables.search_failure GROUP BY search_id) f USING (search_id);
COMMENT ON VIEW receivables.search_state IS
  'One row per search (key name): whether it can be used now, and for how many customers it failed at their last decision.';
COMMENT ON COLUMN receivables.search_state.name IS 'Search; key of the view.';
COMMENT ON COLUMN receivables.search_state.criteria IS 'Criteria as written.';
COMMENT ON COLUMN receivables.search_state.description IS 'Description of the search.';
COMMENT ON COLUMN receivables.search_state.invalid_reason IS 'Why the criteria is not valid now, NULL where it is.';
COMMENT ON COLUMN receivables.search_state.failed_customers IS 'Customers for whom it failed at their last decision.';
COMMENT ON COLUMN receivables.search_state.last_failure IS 'One of the messages with which it failed.';
COMMENT ON COLUMN receivables.search_state.active_rules IS 'Active rules that use it: for assignment, alerts and priorities.';
COMMENT ON COLUMN receivables.search_state.changed_at IS 'Time of its last change.';
COMMENT ON COLUMN receivables.search_state.changed_by IS 'Author of its last change.';

CREATE FUNCTION receivables.rule_counts(OUT figure text, OUT target integer, OUT a bigint, OUT b bigint, OUT currency text,
                                        OUT customers bigint, OUT outstanding numeric, OUT overdue numeric, OUT message text) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1000 COST 1000000 AS 'MODULE_PATHNAME', 'sa_rule_counts';
COMMENT ON FUNCTION receivables.rule_counts() IS
  'Counts behind search_overlap, rule_statistics and check_rules(), by currency, as CALL search_assign(true) would decide now. customers: all; search, failed: search_id a matches, fails (message: the first error); pair: searches a and b both match; matched, decides, hidden (by a hand-made assignment), shadowed (rule b decides), stored (present memberships): rule a for targets of the kind; by rule, by hand, by default, nothing: who would be in target a. Figures without customers are left out. Writes nothing.';
REVOKE ALL ON FUNCTION receivables.rule_counts() FROM PUBLIC;

CREATE VIEW receivables.search_overlap AS
WITH c AS MATERIALIZED (SELECT f.figure, f.a, f.b, f.currency, f.customers, f.outstanding, f.overdue FROM receivables.rule_counts() f WHERE f.figure IN ('search', 'pair'))
SELECT x.name AS search_a, y.name AS search_b, p.currency, p.customers,
       p.outstanding::numeric(28,4) AS outstanding, p.overdue::numeric(28,4) AS overdue,
       k.customers AS customers_a, k.outstanding::numeric(28,4) AS outstanding_a, k.overdue::numeric(28,4) AS overdue_a,
       l.customers AS customers_b, l.outstanding::numeric(28,4) AS outstanding_b, l.overdue::numeric(28,4) AS overdue_b,
       (p.customers::numeric / k.customers)::numeric(9,4) AS share_a,
       (p.customers::numeric / l.customers)::numeric(9,4) AS share_b
FROM c p
JOIN receivables.search s ON s.search_id = p.a
JOIN receivables.search t ON t.search_id = p.b
CROSS JOIN LATERAL (SELECT least(s.name, t.name) AS name, CASE WHEN s.name < t.name THEN p.a ELSE p.b END AS search_id) x
CROSS JOIN LATERAL (SELECT greatest(s.name, t.name) AS name, CASE WHEN s.name < t.name THEN p.b ELSE p.a END AS search_id) y
JOIN c k ON k.figure = 'search' AND k.a = x.search_id AND k.currency = p.currency
JOIN c l ON l.figure = 'search' AND l.a = y.search_id AND l.currency = p.currency
WHERE p.figure = 'pair';
COMMENT ON VIEW receivables.search_overlap IS
  'One row per pair of saved searches that some customers match both, and currency (key search_a, search_b, currency; search_a < search_b). All searches, used by rules or not, evaluated as of now; an invalid search matches nobody. Each read walks through all customers.';
COMMENT ON COLUMN receivables.search_overlap.search_a IS 'First search.';
COMMENT ON COLUMN receivables.search_overlap.search_b IS 'Second search.';
COMMENT ON COLUMN receivables.search_overlap.currency IS 'Currency of the customers'' companies; amounts of different ones are never added.';
COMMENT ON COLUMN receivables.search_overlap.customers IS 'Customers that both match.';
COMMENT ON COLUMN receivables.search_overlap.outstanding IS 'What these owe, net of credits.';
COMMENT ON COLUMN receivables.search_overlap.overdue IS 'Of it overdue.';
COMMENT ON COLUMN receivables.search_overlap.customers_a IS 'Customers that search_a matches.';
COMMENT ON COLUMN receivables.search_overlap.outstanding_a IS 'What these owe.';
COMMENT ON COLUMN receivables.search_overlap.overdue_a IS 'Of it overdue.';
COMMENT ON COLUMN receivables.search_overlap.customers_b IS 'Customers that search_b matches.';
COMMENT ON COLUMN receivables.search_overlap.outstanding_b IS 'What these owe.';
COMMENT ON COLUMN receivables.search_overlap.overdue_b IS 'Of it overdue.';
COMMENT ON COLUMN receivables.search_overlap.share_a IS 'Customers of both as a fraction of search_a''s.';
COMMENT ON COLUMN receivables.search_overlap.share_b IS 'As a fraction of search_b''s; 1 = search_b lies within search_a.';

CREATE VIEW receivables.rule_statistics AS
WITH c AS MATERIALIZED (SELECT * FROM receivables.rule_counts() f WHERE f.target IS NOT NULL OR f.figure = 'failed'),
by_rule AS (
  SELECT f.target, f.a AS rule_id, CASE WHEN count(DISTINCT f.currency) = 1 THEN min(f.currency) END AS currency,
         coalesce(sum(f.customers) FILTER (WHERE f.figure = 'matched'), 0)::bigint AS matched,
         coalesce(sum(f.customers) FILTER (WHERE f.figure = 'decides'), 0)::bigint AS applied,
         coalesce(sum(f.customers) FILTER (WHERE f.figure = 'shadowed'), 0)::bigint AS shadowed,
         coalesce(sum(f.customers) FILTER (WHERE f.figure = 'hidden'), 0)::bigint AS hidden,
         coalesce(sum(f.customers) FILTER (WHERE f.figure = 'stored'), 0)::bigint AS stored,
         coalesce(sum(f.outstanding) FILTER (WHERE f.figure = 'matched'), 0) AS matched_outstanding,
         coalesce(sum(f.overdue) FILTER (WHERE f.figure = 'matched'), 0) AS matched_overdue,
         coalesce(sum(f.outstanding) FILTER (WHERE f.figure = 'decides'), 0) AS applied_outstanding,
         coalesce(sum(f.overdue) FILTER (WHERE f.figure = 'decides'), 0) AS applied_overdue
  FROM c f WHERE f.figure IN ('matched', 'decides', 'shadowed', 'hidden', 'stored') GROUP BY 1, 2),
by_shadow AS (
  SELECT d.target, d.rule_id, pg_catalog.string_agg(pg_catalog.format('rule %s (%s): %s', d.decider, coalesce(u.search, '?'), d.customers), ', ' ORDER BY d.customers DESC, d.decider) AS shadowed_by
  FROM (SELECT f.target, f.a AS rule_id, f.b AS decider, sum(f.customers)::bigint AS customers FROM c f WHERE f.figure = 'shadowed' GROUP BY 1, 2, 3) d
  LEFT JOIN receivables.search_use u ON u.target = d.target AND u.rule_id = d.decider
  GROUP BY 1, 2),
failed AS (
  SELECT f.a AS search_id, sum(f.customers)::bigint AS customers, max(f.message) AS message FROM c f WHERE f.figure = 'failed' GROUP BY 1)
SELECT u.use AS rule_type, u.rule_id, u.search, u.target_kind AS target, u.name, u.priority, u.active, u.autorun, u.new_customers_only,
       CASE WHEN u.active THEN coalesce(r.matched, 0) END AS matched,
       CASE WHEN u.active THEN coalesce(r.applied, 0) END AS applied,
       CASE WHEN u.active THEN coalesce(r.shadowed, 0) END AS shadowed,
       d.shadowed_by,
       CASE WHEN u.active THEN coalesce(r.hidden, 0) END AS hidden,
       CASE WHEN u.active THEN coalesce(r.stored, 0) END AS stored,
       r.currency,
       CASE WHEN r.rule_id IS NULL AND u.active THEN 0 WHEN r.currency IS NOT NULL THEN r.matched_outstanding END::numeric(28,4) AS matched_outstanding,
       CASE WHEN r.rule_id IS NULL AND u.active THEN 0 WHEN r.currency IS NOT NULL THEN r.matched_overdue END::numeric(28,4) AS matched_overdue,
       CASE WHEN r.rule_id IS NULL AND u.active THEN 0 WHEN r.currency IS NOT NULL THEN r.applied_outstanding END::numeric(28,4) AS applied_outstanding,
       CASE WHEN r.rule_id IS NULL AND u.active THEN 0 WHEN r.currency IS NOT NULL THEN r.applied_overdue END::numeric(28,4) AS applied_overdue,
       coalesce(x.customers, 0) AS failed_customers,
       x.message AS last_error,
       h.failed_at AS last_failed_at
FROM receivables.search_use u
JOIN receivables.search s ON s.name = u.search
LEFT JOIN by_rule r ON r.target = u.target AND r.rule_id = u.rule_id
LEFT JOIN by_shadow d ON d.target = u.target AND d.rule_id = u.rule_id
LEFT JOIN failed x ON x.search_id = s.search_id
LEFT JOIN (SELECT g.search_id, max(g.failed_at) AS failed_at FROM receivables.search_failure g GROUP BY 1) h ON h.search_id = s.search_id
WHERE u.target IS NOT NULL;
COMMENT ON VIEW receivables.rule_statistics IS
  'One row per rule (key rule_type, rule_id): how many customers it matches and decides, as CALL search_assign(true) would decide now, and why not the others: matched = applied + shadowed + hidden (a colleague stays applied where the rule matches no more). NULL for inactive rules. Each read walks through all customers.';
COMMENT ON COLUMN receivables.rule_statistics.rule_type IS 'assignment, alert or priority.';
COMMENT ON COLUMN receivables.rule_statistics.rule_id IS 'Number of the rule within its type.';
COMMENT ON COLUMN receivables.rule_statistics.search IS 'Its search.';
COMMENT ON COLUMN receivables.rule_statistics.target IS 'scenario, collection_portfolio, risk_portfolio, customer_group, option, colleague, alert or priority.';
COMMENT ON COLUMN receivables.rule_statistics.name IS 'Name of the target; of a priority rule its points, or exit.';
COMMENT ON COLUMN receivables.rule_statistics.priority IS 'Priority of an assignment rule.';
COMMENT ON COLUMN receivables.rule_statistics.active IS 'The rule is active.';
COMMENT ON COLUMN receivables.rule_statistics.autorun IS 'false: only CALL search_assign() evaluates the rule.';
COMMENT ON COLUMN receivables.rule_statistics.new_customers_only IS 'The rule considers only customers created since it is active.';
COMMENT ON COLUMN receivables.rule_statistics.matched IS 'Customers that the rule matches.';
COMMENT ON COLUMN receivables.rule_statistics.applied IS 'Of them those whose membership it decides.';
COMMENT ON COLUMN receivables.rule_statistics.shadowed IS 'Of them those whose membership an earlier rule decides, or would but for a hand-made assignment.';
COMMENT ON COLUMN receivables.rule_statistics.shadowed_by IS 'These rules with their searches and customers, most first; NULL without any.';
COMMENT ON COLUMN receivables.rule_statistics.hidden IS 'Of them those whose membership is hand-made instead.';
COMMENT ON COLUMN receivables.rule_statistics.stored IS 'Customers that hold a membership by the rule at present; differs from applied until the next CALL search_assign().';
COMMENT ON COLUMN receivables.rule_statistics.currency IS 'Currency of the amounts; NULL, and the amounts with it, where companies of several currencies are among the customers.';
COMMENT ON COLUMN receivables.rule_statistics.matched_outstanding IS 'What the customers matched owe, net of credits.';
COMMENT ON COLUMN receivables.rule_statistics.matched_overdue IS 'Of it overdue.';
COMMENT ON COLUMN receivables.rule_statistics.applied_outstanding IS 'What the customers applied owe, net of credits.';
COMMENT ON COLUMN receivables.rule_statistics.applied_overdue IS 'Of it overdue.';
COMMENT ON COLUMN receivables.rule_statistics.failed_customers IS 'Customers for whom the search fails now: the rule leaves them as they are. All of them where it is invalid.';
COMMENT ON COLUMN receivables.rule_statistics.last_error IS 'Why it fails; NULL where it does not.';
COMMENT ON COLUMN receivables.rule_statistics.last_failed_at IS 'Last time it failed in a decision and has not succeeded for that customer since.';
