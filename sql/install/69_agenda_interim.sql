-- Interim stand-in for the engine's view of the pending scenario action, by brute force and without calendars,
-- repeats and grouped collection. Replaced by 69_agenda.sql.

CREATE FUNCTION receivables.apply_changes() RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE AS $$ $$;
COMMENT ON FUNCTION receivables.apply_changes() IS 'Interim: nothing is kept, so nothing is to be applied.';
REVOKE ALL ON FUNCTION receivables.apply_changes() FROM PUBLIC;

CREATE VIEW receivables.scenario_action AS
SELECT m.customer_id, s.name AS scenario, s.scenario_id, st.step_no, st.label AS step, st.phase, st.channel, st.automatic, st.template,
       coalesce(d.new_action_on, st.action_on) AS action_on, l.item_id AS leader_item_id, l.due_date AS leader_due_date, a.amount::numeric(28,4) AS amount,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue, receivables.total(p.receivables)::numeric(28,4) AS outstanding, a.item_ids,
       coalesce(d.confirmed, false) AS confirmed
FROM receivables.scenario_membership m
JOIN receivables.scenario s ON s.name = m.scenario
JOIN receivables.current_position p ON p.customer_id = m.customer_id
JOIN receivables.customer c ON c.customer_id = m.customer_id AND NOT c.collection_blocked
CROSS JOIN LATERAL (
  SELECT array_agg(i.item_id ORDER BY i.due_date, i.open_amount * i.fx_rate DESC, i.item_id) AS ids
  FROM receivables.item i LEFT JOIN receivables.item_status t ON t.code = i.status
  WHERE i.customer_id = m.customer_id AND i.open_amount > 0 AND round(i.open_amount * i.fx_rate, 4) >= s.ignore_below
    AND NOT ((coalesce(t.excludes_from_scenario, false) OR i.specific_action_id IS NOT NULL)
             AND (t.category IS DISTINCT FROM 'promise' OR coalesce(i.promised_on >= receivables.business_date(), true)))) k
JOIN receivables.item l ON l.customer_id = m.customer_id AND l.item_id = k.ids[1]
LEFT JOIN LATERAL (
  SELECT g.* FROM receivables.action_log g
  WHERE g.customer_id = m.customer_id AND g.source = 'scenario' AND g.event IN ('done', 'cancelled') ORDER BY g.action_id DESC LIMIT 1) g ON true
LEFT JOIN LATERAL (
  SELECT max(x.done_on) AS contact_on FROM receivables.action_log x WHERE x.customer_id = m.customer_id AND x.is_contact) x ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN g.scenario_id IS DISTINCT FROM s.scenario_id THEN NULL
              WHEN g.leader_item_id = l.item_id THEN g.step_no
              ELSE CASE s.on_new_leader WHEN 'restart' THEN 0 WHEN 'inherit' THEN g.step_no END END AS last_step) r
CROSS JOIN LATERAL (
  SELECT t.step_no, t.label, t.phase, t.channel, t.automatic, t.template,
         greatest(CASE WHEN t.anchor = 'previous_action' AND g.done_on IS NOT NULL THEN g.done_on ELSE l.due_date END + t.offset_days,
                  g.done_on + t.min_days_after_previous, x.contact_on + s.min_contact_days) AS action_on
  FROM receivables.scenario_step t
  WHERE t.scenario = s.name AND t.step_no > coalesce(r.last_step, 0)
  ORDER BY r.last_step IS NULL AND s.on_late_entry = 'by_age' AND t.anchor = 'due_date' AND l.due_date + t.offset_days <= receivables.business_date() DESC,
           CASE WHEN r.last_step IS NULL AND s.on_late_entry = 'by_age' AND t.anchor = 'due_date'
                     AND l.due_date + t.offset_days <= receivables.business_date() THEN -t.step_no ELSE t.step_no END
  LIMIT 1) st
CROSS JOIN LATERAL (
  SELECT array_agg(i.item_id ORDER BY i.due_date, i.item_id) FILTER (WHERE i.open_amount > 0) AS item_ids, sum(round(i.open_amount * i.fx_rate, 4)) AS amount
  FROM receivables.item i
  WHERE i.customer_id = m.customer_id
    AND (i.open_amount < 0 OR i.item_id = ANY (k.ids) AND i.due_date <= greatest(receivables.business_date(), st.action_on))) a
LEFT JOIN LATERAL (
  SELECT max(e.new_action_on) FILTER (WHERE e.event = 'redated' AND e.action_id = e.last_redated) AS new_action_on, bool_or(e.event = 'confirmed') AS confirmed
  FROM (SELECT e.*, max(e.action_id) FILTER (WHERE e.event = 'redated') OVER () AS last_redated FROM receivables.action_log e
        WHERE e.customer_id = m.customer_id AND e.source = 'scenario' AND e.event IN ('redated', 'confirmed') AND e.action_id > coalesce(g.action_id, 0)
          AND e.scenario_id = s.scenario_id AND e.step_no = st.step_no AND e.leader_item_id = l.item_id) e) d ON true
WHERE a.amount > 0 AND a.amount >= s.minimum_amount;
COMMENT ON VIEW receivables.scenario_action IS 'Interim: one row per customer with a pending scenario action (key customer_id).';
DO $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'receivables.scenario_action'::pg_catalog.regclass AND a.attnum > 0
  LOOP
    EXECUTE pg_catalog.format('COMMENT ON COLUMN receivables.scenario_action.%I IS %L', c.attname, 'Interim.');
  END LOOP;
END $$;
