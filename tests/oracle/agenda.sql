-- The twin of the agenda: collectable items, leader, progress, next step and its date, amount to collect, computed by
-- brute force from the ledger, the scenarios, the calendars and action_log. Nothing of the extension is called.
-- Whoever compares says first which scenario each customer has (table oracle.scenario_of). Loaded before oracle.sql.

CREATE SCHEMA oracle;
CREATE FUNCTION oracle.business_date() RETURNS date LANGUAGE sql STABLE AS
  $$ SELECT pg_catalog.current_setting('search_assign.business_date')::date $$;

CREATE TABLE oracle.scenario_of (customer_id bigint PRIMARY KEY, scenario text);

-- ---- calendars and promises ----------------------------------------------------------------------------------------

CREATE FUNCTION oracle.working_day(weekend integer[], holidays date[], day date) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  WHILE extract(isodow FROM day)::integer = ANY (weekend) OR day = ANY (holidays) LOOP
    day := day + 1;
  END LOOP;
  RETURN day;
END $$;

-- Last day of a promise: so many working days after the promised date, itself moved to a working day.
CREATE FUNCTION oracle.deadline(promised_on date) RETURNS date LANGUAGE plpgsql STABLE AS $$
DECLARE
  terms record;
  day date := promised_on;
BEGIN
  SELECT f.promise_tolerance_days AS days, c.weekend, ARRAY(SELECT h.holiday FROM receivables.calendar_holiday h WHERE h.calendar = c.name) AS holidays
  INTO STRICT terms FROM receivables.configuration f LEFT JOIN receivables.calendar c ON c.name = f.promise_calendar;
  day := oracle.working_day(terms.weekend, terms.holidays, day);
  FOR n IN 1..terms.days LOOP
    day := oracle.working_day(terms.weekend, terms.holidays, day + 1);
  END LOOP;
  RETURN day;
END $$;

-- ---- items of the accounts -----------------------------------------------------------------------------------------
-- state: collectable; promised: collectable, but its amount is promised; credit; out.

CREATE TABLE oracle.account_item (
  account_id bigint, customer_id bigint, item_id bigint, due_date date, amount numeric, state text, PRIMARY KEY (account_id, customer_id, item_id));

CREATE FUNCTION oracle.fill_account_item() RETURNS void LANGUAGE sql AS $$
  TRUNCATE oracle.account_item;
  INSERT INTO oracle.account_item
  WITH deadline AS MATERIALIZED (
    SELECT p.promised_on, oracle.deadline(p.promised_on) >= oracle.business_date() AS is_open
    FROM (SELECT DISTINCT promised_on FROM receivables.item WHERE promised_on IS NOT NULL) p)
  SELECT coalesce(c.collection_account_id, c.customer_id), i.customer_id, i.item_id, i.due_date, a.amount,
         CASE WHEN a.amount < 0 THEN 'credit'
              WHEN a.amount < coalesce(s.ignore_below, 0) THEN 'out'
              WHEN t.category = 'promise' AND NOT coalesce(d.is_open, true) THEN 'collectable'  -- a broken one
              WHEN t.excludes_from_scenario OR i.specific_action_id IS NOT NULL THEN 'out'
              WHEN t.category = 'promise' THEN 'promised'
              ELSE 'collectable' END
  FROM receivables.item i
  JOIN receivables.customer c ON c.customer_id = i.customer_id
  CROSS JOIN LATERAL (SELECT round(i.open_amount * i.fx_rate, 4) AS amount) a
  LEFT JOIN receivables.item_status t ON t.code = i.status
  LEFT JOIN deadline d ON d.promised_on = i.promised_on
  LEFT JOIN oracle.scenario_of o ON o.customer_id = coalesce(c.collection_account_id, c.customer_id)
  LEFT JOIN receivables.scenario s ON s.name = o.scenario
  WHERE a.amount <> 0;
$$;

-- Amount to collect on a day: what is due, net of all credits, not below 0; less what of it is promised, not below 0.
CREATE FUNCTION oracle.amount_on(account bigint, day date) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT greatest(0, greatest(0, coalesce(sum(amount) FILTER (WHERE state = 'credit' OR (state IN ('collectable', 'promised') AND due_date <= day)), 0))
                     - coalesce(sum(amount) FILTER (WHERE state = 'promised' AND due_date <= day), 0))
  FROM oracle.account_item WHERE account_id = account $$;

-- ---- the next step -------------------------------------------------------------------------------------------------

CREATE TYPE oracle.plan AS (
  scenario_id integer, minimum_amount numeric, min_contact_days integer, weekend integer[], holidays date[], steps receivables.scenario_step[]);

CREATE FUNCTION oracle.plan_of(name text) RETURNS oracle.plan LANGUAGE sql STABLE AS $$
  SELECT (s.scenario_id, s.minimum_amount, s.min_contact_days, c.weekend, ARRAY(SELECT h.holiday FROM receivables.calendar_holiday h WHERE h.calendar = c.name),
          ARRAY(SELECT t FROM receivables.scenario_step t WHERE t.scenario = s.name ORDER BY t.step_no))::oracle.plan
  FROM receivables.scenario s LEFT JOIN receivables.calendar c ON c.name = s.calendar WHERE s.name = plan_of.name $$;

-- entry: NULL = steps were done up to last_step; 'by_age', 'first' = how the scenario is entered.
CREATE FUNCTION oracle.step_at(plan oracle.plan, leader_due date, entry text, last_step integer, last_on date, contact_on date, amount numeric, pre_due_amount numeric,
                               today date, OUT step_no integer, OUT action_on date) LANGUAGE plpgsql STABLE AS $$
DECLARE
  step receivables.scenario_step;
  least_amount numeric := greatest(plan.minimum_amount, 0.0001);  -- with nothing to collect there is nothing to do
  start_at integer := 0;
  previous date := CASE WHEN entry IS NULL THEN last_on END;
  anchored date;
  repeated_on date;
  collected numeric;
BEGIN
  IF entry = 'by_age' THEN
    SELECT coalesce(max(t.step_no), 0) INTO start_at FROM unnest(plan.steps) t WHERE t.anchor = 'due_date' AND leader_due + t.offset_days <= today;
  ELSIF entry IS NULL THEN
    start_at := last_step + 1;
  END IF;
  FOREACH step IN ARRAY plan.steps LOOP
    collected := CASE step.phase WHEN 'pre_due' THEN pre_due_amount ELSE amount END;
    IF entry IS NULL AND step.step_no = last_step AND last_step > 0 AND step.repeat_every_days > 0 AND collected >= greatest(step.min_amount, least_amount) THEN
      repeated_on := oracle.working_day(plan.weekend, plan.holidays, greatest(last_on + step.repeat_every_days, contact_on + plan.min_contact_days));
    END IF;
    CONTINUE WHEN step.step_no < start_at;
    EXIT WHEN collected < least_amount;
    anchored := CASE WHEN step.anchor = 'previous_action' THEN coalesce(previous, leader_due) ELSE leader_due END + step.offset_days;
    IF collected >= step.min_amount THEN
      step_no := step.step_no;
      action_on := oracle.working_day(plan.weekend, plan.holidays,
                                      greatest(anchored, last_on + step.min_days_after_previous, contact_on + plan.min_contact_days));
      EXIT;
    END IF;
    IF entry IS NOT NULL THEN
      previous := anchored;
    END IF;
  END LOOP;
  IF repeated_on < action_on OR action_on IS NULL AND repeated_on IS NOT NULL THEN
    step_no := last_step;
    action_on := repeated_on;
  END IF;
END $$;

-- Day after day (working days after today, those on which an amount or a date changes) until an action has come.
CREATE FUNCTION oracle.next_action(account bigint, plan oracle.plan, leader_due date, entry text, last_step integer, last_on date, contact_on date,
                                   OUT step_no integer, OUT action_on date) LANGUAGE plpgsql STABLE AS $$
DECLARE
  today date := oracle.business_date();
  day date := today;
  next_day date;
  step record;
BEGIN
  LOOP
    step := oracle.step_at(plan, leader_due, entry, last_step, last_on, contact_on, oracle.amount_on(account, day),
                           oracle.amount_on(account, greatest(day, leader_due)), today);
    IF step.action_on <= day THEN
      step_no := step.step_no;
      action_on := CASE day WHEN today THEN step.action_on ELSE day END;
      RETURN;
    END IF;
    SELECT min(i.due_date) INTO next_day FROM oracle.account_item i
    WHERE i.account_id = account AND i.due_date > day AND i.state IN ('collectable', 'promised');
    day := least(step.action_on, oracle.working_day(plan.weekend, plan.holidays, next_day));
    EXIT WHEN day IS NULL;
  END LOOP;
END $$;

-- ---- the agenda ----------------------------------------------------------------------------------------------------

CREATE TABLE oracle.agenda (
  customer_id bigint PRIMARY KEY, scenario text, step_no integer, action_on date, leader_customer_id bigint, leader_item_id bigint, leader_due_date date,
  amount numeric, overdue numeric, outstanding numeric, item_ids bigint[]);

CREATE FUNCTION oracle.fill_agenda() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  today date := oracle.business_date();
  a record;
  done record;
  given record;
  next record;
  plan oracle.plan;
  planned text := '';
  entry text;
  last_step integer;
  until date;
BEGIN
  PERFORM oracle.fill_account_item();
  TRUNCATE oracle.agenda;
  FOR a IN
    SELECT DISTINCT ON (i.account_id) i.account_id, i.customer_id, i.item_id, i.due_date, o.scenario, s.on_late_entry, s.on_new_leader, s.scenario_id
    FROM oracle.account_item i JOIN oracle.scenario_of o ON o.customer_id = i.account_id JOIN receivables.scenario s ON s.name = o.scenario
    WHERE i.state IN ('collectable', 'promised') AND EXISTS (SELECT FROM receivables.scenario_step t WHERE t.scenario = s.name)
    ORDER BY i.account_id, i.due_date, i.amount DESC, i.item_id
  LOOP
    IF a.scenario <> planned THEN
      plan := oracle.plan_of(a.scenario);
      planned := a.scenario;
    END IF;
    SELECT l.scenario_id, l.step_no, l.done_on, (l.leader_customer_id, l.leader_item_id) = (a.customer_id, a.item_id) AS same_leader INTO done
    FROM receivables.action_log l
    WHERE l.customer_id = a.account_id AND l.source = 'scenario' AND l.event IN ('done', 'cancelled') ORDER BY l.action_id DESC LIMIT 1;
    last_step := done.step_no;
    entry := NULL;
    IF done.scenario_id IS DISTINCT FROM a.scenario_id THEN
      entry := a.on_late_entry;
    ELSIF done.same_leader IS NOT TRUE THEN
      CASE a.on_new_leader
        WHEN 'restart' THEN last_step := 0;
        WHEN 'by_age' THEN entry := 'by_age';
        ELSE NULL;
      END CASE;
    END IF;
    next := oracle.next_action(a.account_id, plan, a.due_date, entry, last_step, done.done_on,
                               (SELECT max(l.done_on) FROM receivables.action_log l WHERE l.customer_id = a.account_id AND l.is_contact));
    CONTINUE WHEN next.step_no IS NULL;
    -- The date given to this very action, if that was the last thing done about it.
    SELECT l.event, l.new_action_on, (l.scenario_id, l.step_no, l.leader_customer_id, l.leader_item_id) = (a.scenario_id, next.step_no, a.customer_id, a.item_id) AS for_this
    INTO given FROM receivables.action_log l
    WHERE l.customer_id = a.account_id AND l.source = 'scenario' AND l.event IN ('done', 'cancelled', 'redated') ORDER BY l.action_id DESC LIMIT 1;
    IF given.event = 'redated' AND given.for_this THEN
      next.action_on := given.new_action_on;
    END IF;
    until := greatest(next.action_on, today);
    IF (SELECT t.phase FROM receivables.scenario_step t WHERE (t.scenario, t.step_no) = (a.scenario, next.step_no)) = 'pre_due' THEN
      until := greatest(until, a.due_date);
    END IF;
    INSERT INTO oracle.agenda
    SELECT a.account_id, a.scenario, next.step_no, next.action_on, a.customer_id, a.item_id, a.due_date, oracle.amount_on(a.account_id, until),
           coalesce(sum(i.amount) FILTER (WHERE i.due_date < today), 0), coalesce(sum(i.amount), 0),
           array_agg(i.item_id ORDER BY i.due_date, i.amount DESC, i.item_id) FILTER (WHERE i.state IN ('collectable', 'promised') AND i.due_date <= until)
    FROM oracle.account_item i WHERE i.account_id = a.account_id;
  END LOOP;
END $$;

-- ---- comparison ----------------------------------------------------------------------------------------------------

CREATE FUNCTION oracle.agenda_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  ANALYZE oracle.scenario_of;
  PERFORM oracle.fill_agenda();
  -- Positions, and the facts that follow from them.
  RETURN QUERY
  SELECT 'agenda position', p.customer_id, format('step %s on %s', a.step_no, a.action_on), format('step %s on %s', p.next_step, p.next_action_on)
  FROM receivables.position p LEFT JOIN oracle.agenda a USING (customer_id)
  WHERE (a.step_no, a.action_on) IS DISTINCT FROM (p.next_step, p.next_action_on);
  RETURN QUERY
  SELECT 'agenda fact', f.customer_id, a.action_on::text, f.next_action_on::text
  FROM receivables.customer_facts f LEFT JOIN oracle.agenda a USING (customer_id) WHERE a.action_on IS DISTINCT FROM f.next_action_on;
  -- What is collectable, item by item.
  RETURN QUERY
  WITH twin AS (SELECT i.account_id, i.customer_id, i.item_id, i.due_date, trim_scale(i.amount), i.state = 'promised' FROM oracle.account_item i WHERE i.state IN ('collectable', 'promised')),
  extension AS (SELECT i.account_id, i.customer_id, i.item_id, i.due_date, trim_scale(i.open_amount), coalesce(i.is_promised, false) FROM receivables.collectable_item i)
  SELECT 'collectable_item', t.account_id, t::text, NULL FROM (TABLE twin EXCEPT ALL TABLE extension) t
  UNION ALL SELECT 'collectable_item', e.account_id, NULL, e::text FROM (TABLE extension EXCEPT ALL TABLE twin) e;
  -- The pending actions, with their leaders, amounts and items.
  RETURN QUERY
  WITH twin AS (
    SELECT a.customer_id, a.scenario, a.step_no, a.action_on, a.leader_customer_id, a.leader_item_id, a.leader_due_date, trim_scale(a.amount), trim_scale(a.overdue),
           trim_scale(a.outstanding), coalesce(a.item_ids, '{}')
    FROM oracle.agenda a JOIN receivables.customer c USING (customer_id) WHERE NOT c.collection_blocked),
  extension AS (
    SELECT a.customer_id, a.scenario, a.step_no, a.action_on, a.leader_customer_id, a.leader_item_id, a.leader_due_date, trim_scale(a.amount), trim_scale(a.overdue),
           trim_scale(a.outstanding), a.item_ids
    FROM receivables.scenario_action a)
  SELECT 'scenario_action', t.customer_id, t::text, NULL FROM (TABLE twin EXCEPT ALL TABLE extension) t
  UNION ALL SELECT 'scenario_action', e.customer_id, NULL, e::text FROM (TABLE extension EXCEPT ALL TABLE twin) e;
  -- The rows of the agenda. Specific actions are those planned that have open items.
  RETURN QUERY
  WITH twin AS (
    SELECT a.customer_id, 'scenario' AS source, a.action_on, a.step_no, NULL::bigint AS specific_action_id, coalesce(cardinality(a.item_ids), 0)::bigint AS items, trim_scale(a.amount) AS amount,
           trim_scale(a.overdue) AS overdue, a.leader_due_date AS oldest_due_date
    FROM oracle.agenda a
    UNION ALL
    SELECT coalesce(c.collection_account_id, c.customer_id), 'specific', s.action_on, NULL, s.specific_action_id, count(*), trim_scale(sum(o.amount)),
           trim_scale(coalesce(sum(o.amount) FILTER (WHERE i.due_date < oracle.business_date()), 0)), min(i.due_date)
    FROM receivables.specific_action s JOIN receivables.customer c USING (customer_id)
    JOIN receivables.item i ON i.customer_id = s.customer_id AND i.specific_action_id = s.specific_action_id AND i.open_amount > 0
    CROSS JOIN LATERAL (SELECT round(i.open_amount * i.fx_rate, 4) AS amount) o
    WHERE s.state = 'planned' GROUP BY 1, 3, 5),
  shown AS (SELECT t.* FROM twin t JOIN receivables.customer c USING (customer_id) WHERE NOT c.collection_blocked),
  extension AS (
    SELECT a.customer_id, a.source, a.action_on, a.step_no, a.specific_action_id, a.items, trim_scale(a.amount), trim_scale(a.overdue), a.oldest_due_date
    FROM receivables.collection_agenda a WHERE a.source IN ('scenario', 'specific'))
  SELECT 'collection_agenda', t.customer_id, t::text, NULL FROM (TABLE shown EXCEPT ALL TABLE extension) t
  UNION ALL SELECT 'collection_agenda', e.customer_id, NULL, e::text FROM (TABLE extension EXCEPT ALL TABLE shown) e;
  -- The explanation, of a fifth of the customers, another one each time.
  RETURN QUERY
  WITH explained AS (
    SELECT p.customer_id, max(e.step_no) FILTER (WHERE e.topic = 'action') AS step_no, max(e.on_date) FILTER (WHERE e.topic = 'action' AND e.reason <> 'changes_on') AS action_on,
           max(e.item_customer_id) FILTER (WHERE e.topic = 'leader') AS leader_customer_id, max(e.item_id) FILTER (WHERE e.topic = 'leader') AS leader_item_id,
           trim_scale(max(e.amount) FILTER (WHERE e.topic = 'action')) AS amount,
           (array_agg(e.on_date ORDER BY e.line DESC) FILTER (WHERE e.topic = 'date' AND e.decides))[1] AS decided_on,
           coalesce(array_agg(e.item_id ORDER BY e.line) FILTER (WHERE e.topic = 'item' AND (e.reason IN ('collectable', 'promised') OR e.reason = 'leader' AND e.on_date <= e.as_of)), '{}') AS item_ids,
           bool_or(e.reason = 'outdated' OR e.description IS NULL) AS is_wrong
    FROM receivables.position p CROSS JOIN LATERAL receivables.explain_agenda(p.customer_id) e
    WHERE p.customer_id % 5 = (SELECT count(*) % 5 FROM receivables.action_log) GROUP BY p.customer_id),
  both_said AS (
    SELECT e.customer_id, (a.step_no, a.action_on, a.action_on, a.leader_customer_id, a.leader_item_id, trim_scale(a.amount), coalesce(a.item_ids, '{}'), false)::text AS expected,
           CASE WHEN a.customer_id IS NULL THEN (e.step_no, e.action_on, NULL, NULL, NULL, NULL, '{}'::bigint[], e.is_wrong)
                ELSE (e.step_no, e.action_on, e.decided_on, e.leader_customer_id, e.leader_item_id, e.amount, e.item_ids, e.is_wrong) END::text AS actual
    FROM explained e LEFT JOIN oracle.agenda a USING (customer_id))
  SELECT 'explain_agenda', b.customer_id, b.expected, b.actual FROM both_said b WHERE b.expected <> b.actual;
END $$;
