-- Why an account's next action is what it is. The decision itself tells what it looked at (src/pg/explain_agenda_fn.cpp
-- runs the code that decides); here come what keeps an account out of the agenda, names, and sentences.

CREATE FUNCTION receivables.agenda_reasons(customer_id bigint, OUT topic text, OUT reason text, OUT step_no integer, OUT item_customer_id bigint, OUT item_id bigint,
                                           OUT as_of date, OUT from_on date, OUT days integer, OUT on_date date, OUT amount numeric, OUT limit_amount numeric,
                                           OUT decides boolean) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 30 AS 'MODULE_PATHNAME', 'sa_agenda_reasons';
COMMENT ON FUNCTION receivables.agenda_reasons(bigint) IS 'Used by explain_agenda(): what the decision on the next action looks at, without names.';
REVOKE ALL ON FUNCTION receivables.agenda_reasons(bigint) FROM PUBLIC;

-- What stands between the next action and the agenda.
CREATE FUNCTION receivables.agenda_obstacles(customer_id bigint, OUT reason text, OUT on_date date, OUT search text) RETURNS SETOF record
  LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'blocked', NULL::date, NULL::text FROM receivables.customer c WHERE c.customer_id = $1 AND c.collection_blocked
  UNION ALL
  SELECT 'off_worklist', NULL, (SELECT string_agg(format('"%s"', e.search), ', ' ORDER BY e.search) FROM receivables.priority_explanation e
                                WHERE e.customer_id = $1 AND e.exit)
  FROM receivables.position p WHERE p.customer_id = $1 AND p.off_worklist
  UNION ALL
  SELECT 'ramp_up', w.available_on, NULL FROM receivables.ramp_up_waiting w WHERE w.customer_id = $1
  UNION ALL
  SELECT 'queued', NULL, NULL WHERE EXISTS (SELECT FROM receivables.change_queue q WHERE q.customer_id = $1)
$$;
COMMENT ON FUNCTION receivables.agenda_obstacles(bigint) IS 'Used by explain_agenda(): what keeps the customer''s action out of the agenda.';
REVOKE ALL ON FUNCTION receivables.agenda_obstacles(bigint) FROM PUBLIC;

CREATE FUNCTION receivables.shown_amount(amount numeric) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN scale(trim_scale(amount)) < 2 THEN round(amount, 2) ELSE trim_scale(amount) END::text
$$;
COMMENT ON FUNCTION receivables.shown_amount(numeric) IS 'An amount for people: two decimals, more where it has more.';

CREATE FUNCTION receivables.days_off(calendar text, first date, until date) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format('%s %s', d.day::date, coalesce(h.label, CASE WHEN h.holiday IS NULL THEN 'weekend' ELSE 'holiday' END)), ', ' ORDER BY d.day)
  FROM generate_series(first::timestamp, (until - 1)::timestamp, interval '1 day') d(day)
  LEFT JOIN receivables.calendar_holiday h ON h.calendar = days_off.calendar AND h.holiday = d.day::date
$$;
COMMENT ON FUNCTION receivables.days_off(text, date, date) IS 'The days from first to the day before until, each with the holiday it is in the calendar, in words.';
REVOKE ALL ON FUNCTION receivables.days_off(text, date, date) FROM PUBLIC;

-- All there is to say, and how it is said.
CREATE VIEW receivables.agenda_reason AS
SELECT v.topic, v.reason, v.sentence FROM (VALUES
  ('action', 'next', '{Step} on {on}{waiting}; {amount} {currency} to collect.'),
  ('action', 'none', 'No action of the scenario, now or to come.'),
  ('action', 'changes_on', 'If nothing happens until then, this can change on {on}.'),
  ('agenda', 'outdated', 'The agenda shows {stored}, as decided on {decided}; CALL search_assign() brings it up to date.'),
  ('agenda', 'blocked', 'Not in the agenda: the customer is blocked for collection (collection_blocked).'),
  ('agenda', 'off_worklist', 'Not in the agenda: an exit rule matches, search {search}.'),
  ('agenda', 'ramp_up', 'Not in the agenda yet: a ramp-up takes the customer in on {on}.'),
  ('agenda', 'queued', 'Changes are queued and counted here; CALL search_assign_pending() takes them into the agenda.'),
  ('account', 'collects_for', '{Customer} is collected with it.'),
  ('account', 'collected_through', 'Collected through {customer}: explain_agenda() of that one says how.'),
  ('scenario', 'present', 'Scenario "{scenario}" ({source}).'),
  ('scenario', 'no_steps', 'Scenario "{scenario}" ({source}) has no steps: its customers are kept out of the agenda.'),
  ('scenario', 'none', 'No scenario, so no action.'),
  ('scenario', 'other_now', 'Decided now, it would be another one, as explain_assignment() says; what follows goes by the present one.'),
  ('leader', 'oldest', 'Leader invoice: {item}, due on {on}, the oldest collectable item.'),
  ('leader', 'nothing_collectable', 'No item is collectable, so nothing is to be done.'),
  ('progress', 'entry', 'No step has been done yet: entry, on_late_entry = {entry}.'),
  ('progress', 'other_scenario', 'The last step, {step} on {on}, belongs to {last_scenario}: entry, on_late_entry = {entry}.'),
  ('progress', 'same_leader', 'The last step for this leader was {step} on {on}.'),
  ('progress', 'new_leader_restart', 'The last step, {step} on {on}, was for another leader, {item}: begins again (on_new_leader = restart).'),
  ('progress', 'new_leader_inherit', 'The last step, {step} on {on}, was for another leader, {item}: goes on (on_new_leader = inherit).'),
  ('progress', 'new_leader_by_age', 'The last step, {step} on {on}, was for another leader, {item}: enters by age (on_new_leader = by_age).'),
  ('step', 'entered_by_age', 'Enters at {step}, the latest one due: leader''s due date {from} {gap} = {on}.'),
  ('step', 'passed_by_age', 'Not {step}: a later step is due already.'),
  ('step', 'below_min_amount', 'Not {step}: {amount} is less than its least amount {limit}.'),
  ('step', 'next', '{Step} comes next, on {on}.'),
  ('step', 'repeated', '{Step} comes again, on {on}.'),
  ('step', 'none_left', 'The scenario has no further step.'),
  ('amount', 'collectable', 'From {on} on {amount} {currency} can be collected.'),
  ('amount', 'collectable_pre_due', 'From {on} on {amount} {currency} for steps before the due date.'),
  ('amount', 'below_minimum_amount', '{amount} is less than the least amount {limit}: no action.'),
  ('amount', 'nothing_to_collect', 'With nothing to collect there is nothing to do.'),
  ('amount', 'due', 'Collectable items due by {as_of}: {amount}.'),
  ('amount', 'credits', 'Open credits: {amount}.'),
  ('amount', 'promised', 'Under open promises: {amount}.'),
  ('date', 'due_date', 'Leader''s due date {from} {gap} = {on}.'),
  ('date', 'previous_action', 'Last action {from} {gap} = {on}.'),
  ('date', 'passed_step', 'Date of the step passed over {from} {gap} = {on}.'),
  ('date', 'min_days_after_previous', 'Not before the last action {from} {gap} = {on} (min_days_after_previous).'),
  ('date', 'min_contact_days', 'Not before the last contact {from} {gap} = {on} (min_contact_days).'),
  ('date', 'repeat_every_days', 'Last action {from} {gap} = {on} (repeat_every_days).'),
  ('date', 'calendar', 'Moved from {from} to {on} by calendar "{calendar}": {days_off}.'),
  ('date', 'no_working_day', 'Calendar "{calendar}" has no working day from {from} on.'),
  ('date', 'amount_reached', 'Moved from {from} to {on}, when the amount is reached.'),
  ('date', 'redated', 'Given by hand: {on} instead of {from}.'),
  ('date', 'redated_before', 'The date {on} given by hand to {step} holds no more: scenario, step or leader are others now.'),
  ('item', 'leader', '{item}, {amount}, due on {on}: leader.'),
  ('item', 'collectable', '{item}, {amount}, due on {on}: collected.'),
  ('item', 'not_due', '{item}, {amount}, due on {on}: not due on {as_of}.'),
  ('item', 'promised', '{item}, {amount}, due on {on}: collectable, but promised for {promised}.'),
  ('item', 'below_ignore_below', '{item}, {amount}, due on {on}: smaller than ignore_below {limit}.'),
  ('item', 'held_by_status', '{item}, {amount}, due on {on}: held by status "{status}".'),
  ('item', 'held_by_specific_action', '{item}, {amount}, due on {on}: held by specific action {specific_action} of {specific_action_on}.'),
  ('item', 'held_by_promise', '{item}, {amount}, due on {on}: promised for {promised}, held {until}.'),
  ('item', 'credit', '{item}, {amount}, due on {on}: credit.')) v(topic, reason, sentence);
COMMENT ON VIEW receivables.agenda_reason IS 'Every reason that explain_agenda() can give (key topic, reason), with the sentence for it.';
COMMENT ON COLUMN receivables.agenda_reason.topic IS 'action, agenda, account, scenario, leader, progress, step, amount, date or item.';
COMMENT ON COLUMN receivables.agenda_reason.reason IS 'The reason.';
COMMENT ON COLUMN receivables.agenda_reason.sentence IS 'Its sentence, with the names of what is put in.';

CREATE FUNCTION receivables.fill_sentence(sentence text, words jsonb) RETURNS text
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
  filled text := '';
  at integer;
BEGIN
  LOOP
    at := strpos(sentence, '{');
    EXIT WHEN at = 0;
    name := split_part(substr(sentence, at + 1), '}', 1);
    filled := filled || left(sentence, at - 1) || coalesce(words ->> name, '');
    sentence := substr(sentence, at + length(name) + 2);
  END LOOP;
  RETURN filled || sentence;
END $$;
COMMENT ON FUNCTION receivables.fill_sentence(text, jsonb) IS 'Used by explain_agenda(): puts words into a sentence of agenda_reason, in place of their names; nothing where there is no such word.';

-- What explain_agenda() has to know about the account and its last step.
CREATE VIEW receivables.explained_account AS
SELECT p.customer_id, s.name AS scenario, s.calendar, s.on_late_entry, m.currency, p.decided_on,
       a.source || coalesce(', search "' || u.search || '"', '') AS source, l.name AS last_scenario
FROM receivables.position p
JOIN receivables.customer c ON c.customer_id = p.customer_id
LEFT JOIN receivables.company m ON m.company = c.company
LEFT JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
LEFT JOIN receivables.scenario_membership a ON a.customer_id = p.customer_id
LEFT JOIN receivables.assignment_rule u ON u.rule_id = a.rule_id
LEFT JOIN receivables.collection_state e ON e.customer_id = p.customer_id
LEFT JOIN receivables.scenario l ON l.scenario_id = coalesce(e.scenario_id, e.redated_scenario_id);
COMMENT ON VIEW receivables.explained_account IS 'Used by explain_agenda(): one row per customer (key customer_id).';
COMMENT ON COLUMN receivables.explained_account.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.explained_account.scenario IS 'Its scenario.';
COMMENT ON COLUMN receivables.explained_account.calendar IS 'Calendar of the scenario.';
COMMENT ON COLUMN receivables.explained_account.on_late_entry IS 'by_age or first.';
COMMENT ON COLUMN receivables.explained_account.currency IS 'Currency of the company.';
COMMENT ON COLUMN receivables.explained_account.decided_on IS 'Business date of the last decision.';
COMMENT ON COLUMN receivables.explained_account.source IS 'Why it is in the scenario.';
COMMENT ON COLUMN receivables.explained_account.last_scenario IS 'Scenario of the last step.';

CREATE FUNCTION receivables.explain_agenda(
    customer_id bigint, OUT line integer, OUT topic text, OUT reason text, OUT decides boolean, OUT step_no integer, OUT item_customer_id bigint, OUT item_id bigint,
    OUT document_no text, OUT as_of date, OUT from_on date, OUT days integer, OUT on_date date, OUT amount numeric, OUT limit_amount numeric,
    OUT description text) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 30 SET search_path = pg_catalog, pg_temp AS $$
  WITH found AS (
    SELECT CASE r.topic WHEN 'action' THEN 0 WHEN 'agenda' THEN 1 ELSE 2 END AS part, r.ordinality, r.topic,
           -- Which of its two reasons holds an item.
           CASE WHEN r.reason <> 'held' THEN r.reason WHEN i.specific_action_id IS NOT NULL THEN 'held_by_specific_action' ELSE 'held_by_status' END AS reason,
           r.step_no, r.item_customer_id, r.item_id, r.as_of, r.from_on, r.days, r.on_date, r.amount, r.limit_amount, r.decides, NULL::text AS search
    FROM receivables.agenda_reasons($1) WITH ORDINALITY r
    LEFT JOIN receivables.item i ON i.customer_id = r.item_customer_id AND i.item_id = r.item_id
    UNION ALL
    SELECT 1, 100 + o.ordinality, 'agenda', o.reason, NULL, NULL, NULL, NULL, NULL, NULL, o.on_date, NULL, NULL, o.reason <> 'queued', o.search
    FROM receivables.agenda_obstacles($1) WITH ORDINALITY o)
  SELECT row_number() OVER (ORDER BY f.part, f.ordinality)::integer, f.topic, f.reason, f.decides, f.step_no, f.item_customer_id, f.item_id, i.document_no,
         f.as_of, f.from_on, f.days, f.on_date, f.amount, f.limit_amount,
         receivables.fill_sentence(s.sentence, jsonb_build_object(
           'step', w.step, 'Step', upper(left(w.step, 1)) || substr(w.step, 2), 'on', f.on_date, 'from', f.from_on, 'as_of', f.as_of, 'search', f.search,
           'amount', receivables.shown_amount(f.amount), 'limit', receivables.shown_amount(f.limit_amount), 'currency', a.currency,
           'gap', format('%s %s day%s', CASE WHEN f.days < 0 THEN '-' ELSE '+' END, abs(f.days), CASE WHEN abs(f.days) = 1 THEN '' ELSE 's' END),
           'waiting', CASE WHEN f.on_date < receivables.business_date() THEN
             format(' (waiting for %s day%s)', receivables.business_date() - f.on_date, CASE WHEN receivables.business_date() - f.on_date = 1 THEN '' ELSE 's' END) END,
           'stored', coalesce(w.step || ' on ' || f.on_date, 'no action'), 'decided', a.decided_on,
           'customer', 'c' || w.customer, 'Customer', 'C' || w.customer,
           'item', coalesce(i.document_no, 'item ' || f.item_id) || CASE WHEN f.item_customer_id <> $1 THEN ' of customer ' || f.item_customer_id ELSE '' END,
           'scenario', a.scenario, 'source', a.source, 'entry', a.on_late_entry, 'calendar', a.calendar,
           'last_scenario', coalesce('scenario "' || a.last_scenario || '"', 'a scenario that is gone'),
           'days_off', CASE WHEN f.reason = 'calendar' THEN receivables.days_off(a.calendar, f.from_on, f.on_date) END,
           'promised', coalesce(i.promised_on::text, 'no date'), 'until', coalesce('until ' || f.from_on, 'without end'),
           'status', coalesce(n.label, i.status), 'specific_action', format('%s "%s"', p.specific_action_id, p.label), 'specific_action_on', p.action_on))
  FROM found f
  LEFT JOIN receivables.agenda_reason s ON s.topic = f.topic AND s.reason = f.reason
  LEFT JOIN receivables.explained_account a ON a.customer_id = $1
  LEFT JOIN receivables.scenario_step t ON t.step_no = f.step_no
       AND t.scenario = CASE WHEN f.topic = 'progress' OR f.reason = 'redated_before' THEN a.last_scenario ELSE a.scenario END
  LEFT JOIN receivables.item i ON i.customer_id = f.item_customer_id AND i.item_id = f.item_id
  LEFT JOIN receivables.item_status n ON n.code = i.status
  LEFT JOIN receivables.specific_action p ON p.customer_id = i.customer_id AND p.specific_action_id = i.specific_action_id
  LEFT JOIN receivables.customer c ON c.customer_id = f.item_customer_id
  CROSS JOIN LATERAL (SELECT 'step ' || f.step_no || coalesce(' "' || t.label || '"', '') AS step,
                             'ustomer ' || f.item_customer_id || coalesce(' (' || coalesce(c.account_no, nullif(c.name, '')) || ')', '') AS customer) w
  ORDER BY 1
$$;
COMMENT ON FUNCTION receivables.explain_agenda(bigint) IS
  'Why the customer''s next action of its scenario is what it is: one row for each thing looked at, in order, with topic and reason (agenda_reason), whether it decides, the dates, days and amounts compared, and a sentence. Decided anew by the code that decides, with what this transaction has changed and what is queued, in the scenario the customer is in; amounts in the currency of the company. 23503 for an unknown customer.';
REVOKE ALL ON FUNCTION receivables.explain_agenda(bigint) FROM PUBLIC;

CREATE FUNCTION receivables.explain_agenda_text(customer_id bigint) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(CASE WHEN e.topic IS DISTINCT FROM e.topic_before THEN rpad(e.topic, 10) ELSE repeat(' ', 10) END
                    || CASE WHEN e.decides THEN '> ' ELSE '  ' END || e.description, E'\n' ORDER BY e.line)
  FROM (SELECT r.*, lag(r.topic) OVER (ORDER BY r.line) AS topic_before FROM receivables.explain_agenda($1) r) e
$$;
COMMENT ON FUNCTION receivables.explain_agenda_text(bigint) IS 'explain_agenda() as text to read; > marks what decides.';
REVOKE ALL ON FUNCTION receivables.explain_agenda_text(bigint) FROM PUBLIC;
