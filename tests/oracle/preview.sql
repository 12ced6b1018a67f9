-- Preview: what preview_assignment() and compare_rules() say before a full run in the same transaction, against what
-- membership and position say before and after it.

CREATE FUNCTION oracle.held() RETURNS TABLE (customer_id bigint, target text, slot integer, name text, source text, rule_id bigint) LANGUAGE sql AS $$
  SELECT m.customer_id, (ARRAY['scenario', 'collection_portfolio', 'risk_portfolio', 'customer_group', 'option', 'colleague', 'alert'])[m.target],
         CASE WHEN m.target <= 3 THEN 0 ELSE m.target_id END, n.name, m.source, m.rule_id
  FROM receivables.membership m
  LEFT JOIN (SELECT t.target, t.target_id, t.name FROM receivables.assignment_target_name t
             UNION ALL SELECT 7, a.alert_rule_id, coalesce(a.label, a.search) FROM receivables.alert_rule a) n USING (target, target_id)
  WHERE m.target <= 7 $$;

-- Next actions as the agenda has them, with the day and week on which they count.
CREATE FUNCTION oracle.next_actions() RETURNS TABLE (customer_id bigint, scenario_id integer, step_no integer, action_on date, step text, manual boolean,
                                                     collector text, week date, amount numeric, currency text) LANGUAGE sql AS $$
  SELECT p.customer_id, p.scenario_id, p.next_step, p.next_action_on, coalesce(t.label, 'step ' || p.next_step), coalesce(t.automatic, 'manual') = 'manual',
         f.collector, date_trunc('week', d.day)::date,
         greatest(0, receivables.overdue(p.receivables, 0, d.day + 1)), o.currency
  FROM receivables.position p JOIN receivables.customer c USING (customer_id) JOIN receivables.company o USING (company)
  LEFT JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
  LEFT JOIN receivables.scenario_step t ON t.scenario = s.name AND t.step_no = p.next_step
  LEFT JOIN receivables.portfolio f ON f.portfolio_id = p.collection_portfolio_id
  LEFT JOIN receivables.ramp_up_waiting w ON w.customer_id = p.customer_id
  CROSS JOIN LATERAL (SELECT greatest(p.next_action_on, receivables.business_date(), w.available_on) AS day) d
  WHERE p.next_step IS NOT NULL AND NOT p.off_worklist AND NOT c.collection_blocked $$;

-- Before: the preview and copies of what is; afterwards: what is wrong with the preview.
CREATE PROCEDURE oracle.look_ahead() LANGUAGE plpgsql AS $$
BEGIN
  DROP TABLE IF EXISTS pg_temp.held_before, pg_temp.actions_before, pg_temp.preview, pg_temp.comparison, pg_temp.position_before;
  CREATE TEMP TABLE position_before AS SELECT p.customer_id, p.xmin::text AS version, p.ctid::text AS place FROM receivables.position p;
  CREATE TEMP TABLE held_before AS SELECT * FROM oracle.held();
  CREATE TEMP TABLE actions_before AS SELECT * FROM oracle.next_actions();
  CREATE TEMP TABLE preview AS SELECT * FROM receivables.preview_assignment();
  CREATE TEMP TABLE comparison AS SELECT * FROM receivables.compare_rules(6);
  IF EXISTS (SELECT customer_id, version, place FROM position_before EXCEPT SELECT p.customer_id, p.xmin::text, p.ctid::text FROM receivables.position p) THEN
    RAISE EXCEPTION 'the preview has written positions';
  END IF;
END $$;

SET check_function_bodies = off;  -- the tables are temporary
CREATE FUNCTION oracle.preview_mistakes() RETURNS TABLE (what text, who bigint, expected text, found text) LANGUAGE sql AS $$
  WITH held AS (
    SELECT customer_id, target, b.name AS from_name, a.name AS to_name, b.source AS from_source, a.source AS to_source, b.rule_id AS from_rule_id, a.rule_id AS to_rule_id
    FROM held_before b FULL JOIN oracle.held() a USING (customer_id, target, slot)
    WHERE (b.name, b.source, b.rule_id) IS DISTINCT FROM (a.name, a.source, a.rule_id) AND customer_id IN (SELECT c.customer_id FROM receivables.customer c)),
  previewed AS (
    SELECT customer_id, target, from_name, to_name, from_source, to_source, from_rule_id, to_rule_id FROM preview WHERE target <> 'next_action'),
  actions AS (
    SELECT customer_id, b.step AS from_step, a.step AS to_step, b.action_on AS from_action_on, a.action_on AS to_action_on,
           CASE WHEN b IS NULL THEN 'created' WHEN a IS NULL THEN 'cancelled' WHEN (b.scenario_id, b.step_no) <> (a.scenario_id, a.step_no) THEN 'replaced' ELSE 'moved' END AS change
    FROM actions_before b FULL JOIN oracle.next_actions() a USING (customer_id)
    WHERE (b.scenario_id, b.step_no, b.action_on) IS DISTINCT FROM (a.scenario_id, a.step_no, a.action_on) AND customer_id IN (SELECT c.customer_id FROM receivables.customer c)),
  previewed_actions AS (
    SELECT DISTINCT customer_id, from_step, to_step, from_action_on, to_action_on, action_change FROM preview WHERE action_change <> 'kept'),
  workload AS (
    SELECT collector, week, currency, sum(before) AS before, sum(after) AS after, sum(manual_before) AS manual_before, sum(manual_after) AS manual_after, sum(amount_after) AS amount_after
    FROM (SELECT collector, week, currency, 1 AS before, 0 AS after, manual::int AS manual_before, 0 AS manual_after, 0 AS amount_after FROM actions_before WHERE customer_id IN (SELECT c.customer_id FROM receivables.customer c)
          UNION ALL SELECT collector, week, currency, 0, 1, 0, manual::int, amount FROM oracle.next_actions()) w
    WHERE week < date_trunc('week', receivables.business_date())::date + 42 GROUP BY 1, 2, 3),
  compared_workload AS (
    SELECT collector, week_start, currency, actions_before, actions_after, manual_before, manual_after, amount_after FROM comparison WHERE section = 'workload'),
  added AS (
    SELECT target, change, from_name, to_name, currency, count(*) AS customers, sum(outstanding) AS outstanding, sum(overdue) AS overdue
    FROM preview WHERE target <> 'next_action' GROUP BY 1, 2, 3, 4, 5),
  compared AS (
    SELECT section, change, from_name, to_name, currency, customers, outstanding, overdue FROM comparison WHERE section NOT IN ('customers', 'action', 'workload'))
  SELECT 'membership', customer_id, e::text, NULL FROM (TABLE held EXCEPT TABLE previewed) e
  UNION ALL SELECT 'membership', customer_id, NULL, f::text FROM (TABLE previewed EXCEPT TABLE held) f
  UNION ALL SELECT 'action', customer_id, e::text, NULL FROM (TABLE actions EXCEPT TABLE previewed_actions) e
  UNION ALL SELECT 'action', customer_id, NULL, f::text FROM (TABLE previewed_actions EXCEPT TABLE actions) f
  UNION ALL SELECT 'workload', NULL, e::text, NULL FROM (TABLE workload EXCEPT TABLE compared_workload) e
  UNION ALL SELECT 'workload', NULL, NULL, f::text FROM (TABLE compared_workload EXCEPT TABLE workload) f
  UNION ALL SELECT 'sum', NULL, e::text, NULL FROM (TABLE added EXCEPT TABLE compared) e
  UNION ALL SELECT 'sum', NULL, NULL, f::text FROM (TABLE compared EXCEPT TABLE added) f
  UNION ALL SELECT 'amounts', p.customer_id, concat(f.outstanding, ' ', f.overdue), concat(p.outstanding, ' ', p.overdue)
    FROM preview p LEFT JOIN receivables.customer_facts f USING (customer_id) WHERE (p.outstanding, p.overdue) IS DISTINCT FROM (f.outstanding::numeric, f.overdue::numeric)
  UNION ALL SELECT 'customers', NULL, concat((SELECT count(DISTINCT customer_id) FROM preview WHERE target <> 'next_action'), ' of ', (SELECT count(*) FROM receivables.position)),
      concat((SELECT sum(customers) FROM comparison WHERE change = 'changed'), ' of ', (SELECT sum(customers) FROM comparison WHERE section = 'customers'))
    WHERE (SELECT count(DISTINCT customer_id) FROM preview WHERE target <> 'next_action') <> (SELECT coalesce(sum(customers), 0) FROM comparison WHERE change = 'changed')
       OR (SELECT count(*) FROM receivables.position) <> (SELECT sum(customers) FROM comparison WHERE section = 'customers')
  UNION ALL SELECT 'once more', customer_id, 'nothing', p::text FROM receivables.preview_assignment() p
$$;

RESET check_function_bodies;

-- After a full run: search_overlap and rule_statistics against run_search() and the memberships.
CREATE FUNCTION oracle.count_mistakes() RETURNS TABLE (what text, who bigint, expected text, found text) LANGUAGE sql AS $$
  WITH m AS MATERIALIZED (
    SELECT s.name, f.customer_id, f.created_on, o.currency, f.outstanding, f.overdue
    FROM receivables.search s CROSS JOIN LATERAL receivables.run_search(s.name) f JOIN receivables.company o USING (company)),
  alone AS (SELECT name, currency, count(*) AS customers, sum(outstanding) AS outstanding, sum(overdue) AS overdue FROM m GROUP BY 1, 2),
  pairs AS (
    SELECT p.*, a.customers AS customers_a, a.outstanding AS outstanding_a, b.customers AS customers_b, b.overdue AS overdue_b
    FROM (SELECT x.name AS search_a, y.name AS search_b, x.currency, count(*) AS customers, sum(x.outstanding) AS outstanding, sum(x.overdue) AS overdue
          FROM m x JOIN m y ON y.customer_id = x.customer_id AND x.name < y.name GROUP BY 1, 2, 3) p
    JOIN alone a ON (a.name, a.currency) = (search_a, p.currency) JOIN alone b ON (b.name, b.currency) = (search_b, p.currency)),
  overlap AS (
    SELECT search_a, search_b, currency, customers, outstanding, overdue, customers_a, outstanding_a, customers_b, overdue_b FROM receivables.search_overlap),
  -- After the run the rules of now and those of the last CALL are one; a colleague stays without a match.
  rules AS (
    SELECT r.rule_id, (SELECT count(*) FROM m WHERE m.name = r.search AND (NOT r.new_customers_only OR m.created_on >= r.active_since)) AS matched,
           (SELECT count(*) FROM receivables.membership h WHERE h.rule_id = r.rule_id AND h.target <= 6) AS applied
    FROM receivables.assignment_rule r WHERE r.active),
  statistics AS (
    SELECT rule_id, matched, applied FROM receivables.rule_statistics
    WHERE rule_type = 'assignment' AND active AND applied = stored AND (target = 'colleague' OR matched = applied + shadowed + hidden))
  SELECT 'overlap', NULL::bigint, e::text, NULL FROM (TABLE pairs EXCEPT TABLE overlap) e
  UNION ALL SELECT 'overlap', NULL, NULL, f::text FROM (TABLE overlap EXCEPT TABLE pairs) f
  UNION ALL SELECT 'rule', e.rule_id, e::text, NULL FROM (TABLE rules EXCEPT TABLE statistics) e
  UNION ALL SELECT 'rule', f.rule_id, NULL, f::text FROM (TABLE statistics EXCEPT TABLE rules) f
$$;

-- One transaction: ledger, hands and actions, changed rules, the preview, a full run. seed repeats it.
CREATE FUNCTION oracle.what_if(seed integer, changes integer, rules text, keep boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setseed((seed % 1000003) / 1000003.0);
  RETURN NEXT 'BEGIN;';
  RETURN NEXT 'SET LOCAL search_assign.apply = ' || oracle.pick('commit', 'statement', 'queue') || ';';
  IF random() < 0.3 THEN
    RETURN NEXT 'SET LOCAL search_assign.change_set_mem = ''64kB'';';
  END IF;
  FOR s IN 1..changes LOOP
    IF random() < 0.3 THEN
      RETURN NEXT 'SAVEPOINT s;';
    END IF;
    RETURN NEXT CASE oracle.pick(1, 5) WHEN 1 THEN oracle.action_statement(1, 126) WHEN 2 THEN oracle.customer_statement(1, 126) ELSE oracle.item_statement(1, 126) END;
    IF random() < 0.1 THEN
      RETURN NEXT 'SAVEPOINT s;';
      RETURN NEXT oracle.item_statement(1, 126);
      RETURN NEXT 'ROLLBACK TO SAVEPOINT s;';
    END IF;
  END LOOP;
  IF rules IS NOT NULL THEN
    RETURN NEXT rules;
  END IF;
  RETURN NEXT 'CALL oracle.look_ahead();';
  RETURN NEXT 'CALL receivables.search_assign(true);';
  RETURN NEXT 'DROP TABLE IF EXISTS pg_temp.mistakes; CREATE TEMP TABLE mistakes AS SELECT * FROM oracle.preview_mistakes();';
  RETURN NEXT 'SELECT what, who, expected, found FROM (TABLE pg_temp.mistakes UNION ALL SELECT * FROM oracle.count_mistakes()) m ORDER BY 1, 2, 3, 4 LIMIT 30;';
  RETURN NEXT 'SELECT ''rows '' || count(*) FROM pg_temp.preview;';
  RETURN NEXT CASE WHEN keep THEN 'CALL oracle.note_call(); COMMIT;' ELSE 'ROLLBACK;' END;
END $$;
