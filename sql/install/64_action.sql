-- Actions: what has been done (action_log), what is planned apart from the scenario (specific_action), and the functions
-- that do, move and cancel both. The pending action of the scenario is read from the view scenario_action.
-- Tests: tests/regress/sql/action.sql.

CREATE TABLE receivables.action_log (
  customer_id        bigint NOT NULL,
  action_id          bigint GENERATED ALWAYS AS IDENTITY,
  event              text NOT NULL CONSTRAINT action_log_event_check CHECK (event IN ('done', 'cancelled', 'redated', 'confirmed', 'recorded')),
  done_on            date NOT NULL CONSTRAINT action_log_done_on_check CHECK (pg_catalog.isfinite(done_on)),
  recorded_at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  recorded_by        text NOT NULL DEFAULT SESSION_USER,
  source             text NOT NULL CONSTRAINT action_log_source_check CHECK (source IN ('scenario', 'specific', 'alert', 'manual')),
  scenario           text,
  scenario_id        integer,
  step_no            integer,
  step               text,
  phase              text CONSTRAINT action_log_phase_check CHECK (phase IN ('pre_due', 'amicable', 'pre_litigation', 'litigation')),
  channel            text CONSTRAINT action_log_channel_check
                       CHECK (channel IN ('email', 'interactive_email', 'call', 'letter', 'registered_letter', 'sms', 'fax', 'visit', 'task', 'note')),
  automatic          text CONSTRAINT action_log_automatic_check CHECK (automatic IN ('manual', 'confirm', 'auto')),
  planned_on         date,
  new_action_on      date,
  outcome            text,
  comment            text,
  is_contact         boolean NOT NULL,
  leader_customer_id bigint,
  leader_item_id     bigint,
  leader_due_date    date,
  specific_action_id bigint,
  item_ids           bigint[],
  amount             numeric,
  overdue            numeric,
  outstanding        numeric,
  CONSTRAINT action_log_pkey PRIMARY KEY (customer_id, action_id),
  CONSTRAINT action_log_new_action_on_check CHECK ((event = 'redated') = (new_action_on IS NOT NULL)),
  CONSTRAINT action_log_scenario_check CHECK (source <> 'scenario' OR pg_catalog.num_nulls(scenario_id, step_no) = 0),
  CONSTRAINT action_log_specific_check CHECK ((source = 'specific') = (specific_action_id IS NOT NULL))
);
COMMENT ON TABLE receivables.action_log IS
  'Everything done about customers, in order of action_id (key customer_id, action_id): who, when, with what outcome, and what the customer owed then. Append-only; it stays when a customer is deleted.';
COMMENT ON COLUMN receivables.action_log.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.action_log.action_id IS 'Number of the entry, ascending in time for one customer.';
COMMENT ON COLUMN receivables.action_log.event IS
  'done: the planned action was done; cancelled: passed over without a contact; redated: moved to new_action_on; confirmed: may be done automatically; recorded: something done out of plan.';
COMMENT ON COLUMN receivables.action_log.done_on IS 'Business date of the event.';
COMMENT ON COLUMN receivables.action_log.recorded_at IS 'Time at which it was recorded.';
COMMENT ON COLUMN receivables.action_log.recorded_by IS 'Role of the session that recorded it.';
COMMENT ON COLUMN receivables.action_log.source IS 'scenario: a step; specific: a specific action; alert; manual: out of plan.';
COMMENT ON COLUMN receivables.action_log.scenario IS 'Scenario of the step, by its name then.';
COMMENT ON COLUMN receivables.action_log.scenario_id IS 'Number of the scenario.';
COMMENT ON COLUMN receivables.action_log.step_no IS 'Step of the scenario.';
COMMENT ON COLUMN receivables.action_log.step IS 'Label of the step or of the specific action.';
COMMENT ON COLUMN receivables.action_log.phase IS 'Phase of the step.';
COMMENT ON COLUMN receivables.action_log.channel IS 'Channel; note is neither a contact nor a task.';
COMMENT ON COLUMN receivables.action_log.automatic IS 'How the action was planned to be done: manual, confirm or auto. outcome = automatic tells that it was.';
COMMENT ON COLUMN receivables.action_log.planned_on IS 'Date for which the action was planned.';
COMMENT ON COLUMN receivables.action_log.new_action_on IS 'Date to which it was moved.';
COMMENT ON COLUMN receivables.action_log.outcome IS 'Outcome in the words of who did it; automatic where run_automatic_actions() did.';
COMMENT ON COLUMN receivables.action_log.comment IS 'Comment.';
COMMENT ON COLUMN receivables.action_log.is_contact IS 'A contact with the customer took place: counts for scenario.min_contact_days.';
COMMENT ON COLUMN receivables.action_log.leader_customer_id IS 'Customer of the leader invoice: the account, or one collected through it.';
COMMENT ON COLUMN receivables.action_log.leader_item_id IS 'Leader invoice of the customer then.';
COMMENT ON COLUMN receivables.action_log.leader_due_date IS 'Its due date.';
COMMENT ON COLUMN receivables.action_log.specific_action_id IS 'Specific action, where source is specific.';
COMMENT ON COLUMN receivables.action_log.item_ids IS 'Items concerned; NULL where none were named.';
COMMENT ON COLUMN receivables.action_log.amount IS 'Open amount of the items concerned, or the scenario''s amount to collect, in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.action_log.overdue IS 'What the customer owed overdue then, net of credits.';
COMMENT ON COLUMN receivables.action_log.outstanding IS 'What the customer owed in all then, net of credits.';

CREATE TABLE receivables.specific_action (
  customer_id        bigint NOT NULL,
  specific_action_id bigint GENERATED ALWAYS AS IDENTITY,
  action_on          date NOT NULL CONSTRAINT specific_action_action_on_check CHECK (pg_catalog.isfinite(action_on)),
  label              text NOT NULL,
  channel            text NOT NULL DEFAULT 'call' CONSTRAINT specific_action_channel_check
                       CHECK (channel IN ('email', 'interactive_email', 'call', 'letter', 'registered_letter', 'sms', 'fax', 'visit', 'task')),
  automatic          text NOT NULL DEFAULT 'manual' CONSTRAINT specific_action_automatic_check CHECK (automatic IN ('manual', 'auto')),
  status             text,
  resolver           text,
  comment            text,
  state              text NOT NULL DEFAULT 'planned' CONSTRAINT specific_action_state_check CHECK (state IN ('planned', 'done', 'cancelled')),
  created_on         date NOT NULL DEFAULT receivables.business_date(),
  created_by         text NOT NULL DEFAULT SESSION_USER,
  closed_on          date,
  outcome            text,
  CONSTRAINT specific_action_pkey PRIMARY KEY (customer_id, specific_action_id),
  CONSTRAINT specific_action_closed_on_check CHECK ((state = 'planned') = (closed_on IS NULL))
);
CREATE INDEX specific_action_planned_idx ON receivables.specific_action (customer_id, action_on) WHERE state = 'planned';
COMMENT ON TABLE receivables.specific_action IS
  'Actions planned for some items apart from the scenario (key customer_id, specific_action_id); its items are those with item.specific_action_id. Written by qualify(), complete_action() and their kin. state tells what people did; whether it is pending follows from its open items: view pending_specific_action.';
COMMENT ON COLUMN receivables.specific_action.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.specific_action.specific_action_id IS 'Number of the specific action.';
COMMENT ON COLUMN receivables.specific_action.action_on IS 'Date on which it is to be done.';
COMMENT ON COLUMN receivables.specific_action.label IS 'What is to be done: item_status.action_model.';
COMMENT ON COLUMN receivables.specific_action.channel IS 'Channel; task = internal follow-up with the resolver.';
COMMENT ON COLUMN receivables.specific_action.automatic IS 'auto: done by run_automatic_actions(), else manual.';
COMMENT ON COLUMN receivables.specific_action.status IS 'Status of the qualification that planned it.';
COMMENT ON COLUMN receivables.specific_action.resolver IS 'Who is in charge.';
COMMENT ON COLUMN receivables.specific_action.comment IS 'Comment of the qualification.';
COMMENT ON COLUMN receivables.specific_action.state IS 'planned, done or cancelled.';
COMMENT ON COLUMN receivables.specific_action.created_on IS 'Business date on which it was planned.';
COMMENT ON COLUMN receivables.specific_action.created_by IS 'Role of the session that planned it.';
COMMENT ON COLUMN receivables.specific_action.closed_on IS 'Date on which it was done or cancelled.';
COMMENT ON COLUMN receivables.specific_action.outcome IS 'Outcome given when it was done.';

-- Derived, never stored: a payment that clears the items ends the action, a reversed payment brings it back.
CREATE VIEW receivables.pending_specific_action AS
SELECT s.customer_id, s.specific_action_id, s.action_on, s.label, s.channel, s.automatic, s.status, s.resolver, s.comment,
       s.created_on, s.created_by, i.items, i.amount, i.overdue, i.oldest_due_date, i.item_ids
FROM receivables.specific_action s
CROSS JOIN LATERAL (
  SELECT count(*) AS items, sum(round(o.open_amount * o.fx_rate, 4))::numeric(28,4) AS amount,
         coalesce(sum(round(o.open_amount * o.fx_rate, 4)) FILTER (WHERE o.due_date < receivables.business_date()), 0)::numeric(28,4) AS overdue,
         min(o.due_date) AS oldest_due_date, array_agg(o.item_id ORDER BY o.due_date, o.item_id) AS item_ids
  FROM receivables.item o
  WHERE o.customer_id = s.customer_id AND o.specific_action_id = s.specific_action_id AND o.open_amount > 0) i
WHERE s.state = 'planned' AND i.items > 0;
COMMENT ON VIEW receivables.pending_specific_action IS
  'One row per specific action that is planned and has open items (key customer_id, specific_action_id). It goes with the payment of its last item and comes back when that payment is reversed.';
COMMENT ON COLUMN receivables.pending_specific_action.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.pending_specific_action.specific_action_id IS 'Number of the specific action.';
COMMENT ON COLUMN receivables.pending_specific_action.action_on IS 'Date on which it is to be done.';
COMMENT ON COLUMN receivables.pending_specific_action.label IS 'What is to be done.';
COMMENT ON COLUMN receivables.pending_specific_action.channel IS 'Channel; task = internal follow-up with the resolver.';
COMMENT ON COLUMN receivables.pending_specific_action.automatic IS 'manual or auto.';
COMMENT ON COLUMN receivables.pending_specific_action.status IS 'Status of the qualification that planned it.';
COMMENT ON COLUMN receivables.pending_specific_action.resolver IS 'Who is in charge.';
COMMENT ON COLUMN receivables.pending_specific_action.comment IS 'Comment of the qualification.';
COMMENT ON COLUMN receivables.pending_specific_action.created_on IS 'Business date on which it was planned.';
COMMENT ON COLUMN receivables.pending_specific_action.created_by IS 'Role of the session that planned it.';
COMMENT ON COLUMN receivables.pending_specific_action.items IS 'Number of its open items.';
COMMENT ON COLUMN receivables.pending_specific_action.amount IS 'Their open amount in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.pending_specific_action.overdue IS 'The overdue part of it.';
COMMENT ON COLUMN receivables.pending_specific_action.oldest_due_date IS 'Oldest due date among them.';
COMMENT ON COLUMN receivables.pending_specific_action.item_ids IS 'Those items, by due date.';

-- An item that moves to another customer leaves the specific action behind.
CREATE FUNCTION receivables.leave_specific_action() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.specific_action_id := NULL;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.leave_specific_action() IS 'Row trigger: an item that moves to another customer is no longer held by the former one''s specific action.';
CREATE TRIGGER search_assign_move BEFORE UPDATE OF customer_id ON receivables.item
  FOR EACH ROW WHEN (NEW.specific_action_id IS NOT NULL AND NEW.customer_id <> OLD.customer_id)
  EXECUTE FUNCTION receivables.leave_specific_action();

-- Whoever does the same action a moment later waits here and then finds it done.
CREATE FUNCTION receivables.lock_customer(customer_id bigint) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF customer_id IS NULL THEN
    RAISE EXCEPTION '"customer_id" must not be null' USING ERRCODE = '22004';
  END IF;
  PERFORM FROM receivables.position p WHERE p.customer_id = lock_customer.customer_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'customer % does not exist', customer_id USING ERRCODE = '23503';
  END IF;
END $$;
COMMENT ON FUNCTION receivables.lock_customer(bigint) IS 'Used by the functions of actions: locks the customer''s position until the transaction ends; 23503 for an unknown customer.';

CREATE FUNCTION receivables.require_done_on(done_on date) RETURNS date
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF done_on > receivables.business_date() OR NOT isfinite(done_on) THEN
    RAISE EXCEPTION 'date % of the action is not a day up to today', done_on
      USING ERRCODE = '22023', DETAIL = format('The business date is %s.', receivables.business_date()),
            HINT = 'redate_action() moves an action to a later date.';
  END IF;
  RETURN coalesce(done_on, receivables.business_date());
END $$;
COMMENT ON FUNCTION receivables.require_done_on(date) IS 'Used by the functions of actions: the date, NULL = the business date; 22023 for a day still to come.';

CREATE FUNCTION receivables.require_action_on(action_on date) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF action_on IS NULL THEN
    RAISE EXCEPTION '"action_on" must not be null' USING ERRCODE = '22004';
  END IF;
  IF action_on < receivables.business_date() OR NOT isfinite(action_on) THEN
    RAISE EXCEPTION 'an action cannot be planned for %', action_on
      USING ERRCODE = '22023', DETAIL = format('The business date is %s.', receivables.business_date()),
            HINT = 'Give today or a later day.';
  END IF;
END $$;
COMMENT ON FUNCTION receivables.require_action_on(date) IS 'Used by the functions of actions: 22023 for a day that has passed, 22004 for NULL.';

CREATE FUNCTION receivables.log_scenario_action(customer_id bigint, event text, done_on date, outcome text, comment text, new_action_on date, step_no integer) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  pending record;
  former date;
  logged bigint;
BEGIN
  PERFORM receivables.lock_customer(customer_id);
  PERFORM receivables.apply_changes(customer_id);
  SELECT a.* INTO pending FROM receivables.scenario_action a WHERE a.customer_id = log_scenario_action.customer_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'customer % has no pending scenario action', customer_id
      USING ERRCODE = '55000', DETAIL = 'It was done or cancelled, its items are paid or held, or the scenario has no further step.',
            HINT = 'record_action() records what is done out of the scenario; specific actions are named by their number.';
  END IF;
  IF step_no <> pending.step_no THEN
    RAISE EXCEPTION 'step % of customer % is not pending', step_no, customer_id
      USING ERRCODE = '55000', DETAIL = format('Pending is step %s ("%s") of scenario "%s".', pending.step_no, pending.step, pending.scenario),
            HINT = 'Somebody else may have done it: see action_log.';
  END IF;
  IF event = 'done' THEN
    SELECT l.done_on INTO former FROM receivables.action_log l
    WHERE l.customer_id = log_scenario_action.customer_id AND l.source = 'scenario' AND l.event IN ('done', 'cancelled')
    ORDER BY l.action_id DESC LIMIT 1;
    IF done_on < former THEN
      RAISE EXCEPTION 'step % cannot have been done on %', pending.step_no, done_on
        USING ERRCODE = '22023', DETAIL = format('The action before it is of %s.', former),
              HINT = 'Steps are done in their order.';
    END IF;
  END IF;
  INSERT INTO receivables.action_log
    (customer_id, event, done_on, source, scenario, scenario_id, step_no, step, phase, channel, automatic, planned_on, new_action_on, outcome, comment,
     is_contact, leader_customer_id, leader_item_id, leader_due_date, item_ids, amount, overdue, outstanding)
  VALUES (customer_id, event, done_on, 'scenario', pending.scenario, pending.scenario_id, pending.step_no, pending.step, pending.phase, pending.channel,
          pending.automatic, pending.action_on, new_action_on, outcome, comment, event = 'done' AND pending.channel <> 'task',
          pending.leader_customer_id, pending.leader_item_id, pending.leader_due_date, pending.item_ids, pending.amount, pending.overdue, pending.outstanding)
  RETURNING action_id INTO logged;
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.log_scenario_action(bigint, text, date, text, text, date, integer) IS
  'Used by the functions of actions: logs an event of the pending scenario action; 55000 where none, or another step than step_no, is pending.';

-- Items first, then the action, then the position: the order of a ledger transaction.
CREATE FUNCTION receivables.log_specific_action(customer_id bigint, specific_action_id bigint, event text, done_on date, outcome text, comment text, new_action_on date) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  plan receivables.specific_action;
  logged bigint;
  items bigint[];
  amount numeric;
BEGIN
  IF customer_id IS NULL THEN
    RAISE EXCEPTION '"customer_id" must not be null' USING ERRCODE = '22004';
  END IF;
  PERFORM FROM receivables.item i
  WHERE i.customer_id = log_specific_action.customer_id AND i.specific_action_id = log_specific_action.specific_action_id
  ORDER BY i.item_id FOR NO KEY UPDATE;
  SELECT s.* INTO plan FROM receivables.specific_action s
  WHERE s.customer_id = log_specific_action.customer_id AND s.specific_action_id = log_specific_action.specific_action_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'specific action % of customer % does not exist', specific_action_id, customer_id
      USING ERRCODE = '42704', HINT = 'pending_specific_action lists those of the customer.';
  END IF;
  IF plan.state <> 'planned' THEN
    RAISE EXCEPTION 'specific action % is already %', specific_action_id, plan.state
      USING ERRCODE = '55000', DETAIL = format('It was %s on %s.', plan.state, plan.closed_on),
            HINT = 'record_action() records what is done besides; qualify() plans another one.';
  END IF;
  SELECT p.item_ids, p.amount INTO items, amount FROM receivables.pending_specific_action p
  WHERE p.customer_id = plan.customer_id AND p.specific_action_id = plan.specific_action_id;
  IF NOT FOUND AND event <> 'cancelled' THEN
    RAISE EXCEPTION 'specific action % has no open items', specific_action_id
      USING ERRCODE = '55000', DETAIL = 'Its items are paid: nothing is left to be done. A reversed payment brings it back.';
  END IF;
  IF event = 'done' AND done_on < plan.created_on THEN
    RAISE EXCEPTION 'specific action % cannot have been done on %', specific_action_id, done_on
      USING ERRCODE = '22023', DETAIL = format('It was planned on %s.', plan.created_on), HINT = 'record_action() records what was done before.';
  END IF;
  PERFORM receivables.apply_changes();
  INSERT INTO receivables.action_log
    (customer_id, event, done_on, source, step, channel, automatic, planned_on, new_action_on, outcome, comment, is_contact, specific_action_id, item_ids,
     amount, overdue, outstanding)
  SELECT customer_id, event, done_on, 'specific', plan.label, plan.channel, plan.automatic, plan.action_on, new_action_on, outcome, comment,
         event = 'done' AND plan.channel <> 'task', specific_action_id, items, amount, w.overdue, w.outstanding
  FROM receivables.owed(customer_id) w
  RETURNING action_id INTO logged;
  UPDATE receivables.specific_action s
  SET state = CASE WHEN log_specific_action.event IN ('done', 'cancelled') THEN log_specific_action.event ELSE s.state END,
      closed_on = CASE WHEN log_specific_action.event IN ('done', 'cancelled') THEN log_specific_action.done_on END,
      outcome = log_specific_action.outcome, action_on = coalesce(log_specific_action.new_action_on, s.action_on)
  WHERE s.customer_id = plan.customer_id AND s.specific_action_id = plan.specific_action_id;
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.log_specific_action(bigint, bigint, text, date, text, text, date) IS
  'Used by the functions of actions: logs an event of a planned specific action and notes it there; 42704 for an unknown one, 55000 for one that is closed or whose items are paid.';

CREATE FUNCTION receivables.owed(customer_id bigint, OUT overdue numeric, OUT outstanding numeric)
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT receivables.overdue(p.receivables), receivables.total(p.receivables) FROM receivables.current_position p WHERE p.customer_id = $1
$$;
COMMENT ON FUNCTION receivables.owed(bigint) IS 'Used by the functions of actions: what the customer owes now, overdue and in all, net of credits.';

CREATE FUNCTION receivables.complete_action(customer_id bigint, specific_action_id bigint DEFAULT NULL, outcome text DEFAULT NULL, comment text DEFAULT NULL,
                                            done_on date DEFAULT NULL, step_no integer DEFAULT NULL, status text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  day date := receivables.require_done_on(done_on);
  logged bigint;
BEGIN
  IF specific_action_id IS NULL THEN
    IF status IS NOT NULL THEN
      RAISE EXCEPTION 'a scenario action sets no status'
        USING ERRCODE = '22023', HINT = 'Use qualify() for a status, or name the specific action.';
    END IF;
    logged := receivables.log_scenario_action(customer_id, 'done', day, outcome, comment, NULL, step_no);
  ELSE
    IF step_no IS NOT NULL THEN
      RAISE EXCEPTION 'a specific action has no steps' USING ERRCODE = '22023', HINT = 'step_no is for actions of the scenario.';
    END IF;
    PERFORM receivables.require_status(status) WHERE status IS NOT NULL;
    logged := receivables.log_specific_action(customer_id, specific_action_id, 'done', day, outcome, comment, NULL);
    PERFORM receivables.release_items(customer_id, specific_action_id, status, day, comment);
  END IF;
  PERFORM receivables.apply_changes();
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.complete_action(bigint, bigint, text, text, date, integer, text) IS
  'Done: the customer''s pending scenario action (refused with 55000 where another step than step_no is pending), or a specific action, whose items go back to the scenario with the status given; without one disputed items become dispute_resolved and others keep theirs. Returns action_log.action_id.';

-- A dispute whose action is done is resolved; a promised date goes with the status that had it.
CREATE FUNCTION receivables.release_items(customer_id bigint, specific_action_id bigint, status text, status_on date, comment text) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE receivables.item i
  SET specific_action_id = NULL, status = n.status,
      status_on = CASE WHEN n.status IS DISTINCT FROM i.status THEN $4 ELSE i.status_on END,
      status_comment = CASE WHEN n.status IS DISTINCT FROM i.status THEN coalesce($5, i.status_comment) ELSE i.status_comment END,
      promised_on = CASE WHEN n.category = 'promise' OR n.status IS NOT DISTINCT FROM i.status THEN i.promised_on END
  FROM receivables.item t
  LEFT JOIN receivables.item_status o ON o.code = t.status
  LEFT JOIN receivables.item_status n0 ON n0.code = coalesce($3, CASE o.category WHEN 'dispute' THEN 'dispute_resolved' ELSE t.status END)
  CROSS JOIN LATERAL (SELECT coalesce($3, CASE o.category WHEN 'dispute' THEN 'dispute_resolved' ELSE t.status END), n0.category) n(status, category)
  WHERE t.customer_id = $1 AND t.specific_action_id = $2 AND i.customer_id = t.customer_id AND i.item_id = t.item_id
$$;
COMMENT ON FUNCTION receivables.release_items(bigint, bigint, text, date, text) IS
  'Used by complete_action(): gives the items of a specific action back, with the status given or that follows.';

CREATE FUNCTION receivables.redate_action(customer_id bigint, action_on date, specific_action_id bigint DEFAULT NULL, comment text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  logged bigint;
BEGIN
  PERFORM receivables.require_action_on(action_on);
  IF specific_action_id IS NULL THEN
    logged := receivables.log_scenario_action(customer_id, 'redated', receivables.business_date(), NULL, comment, action_on, NULL);
  ELSE
    logged := receivables.log_specific_action(customer_id, specific_action_id, 'redated', receivables.business_date(), NULL, comment, action_on);
  END IF;
  PERFORM receivables.apply_changes();
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.redate_action(bigint, date, bigint, text) IS
  'Moves the pending scenario action (for as long as its step and leader stay), or a specific action, to another day; 22023 for one that has passed. Returns action_log.action_id.';

CREATE FUNCTION receivables.cancel_action(customer_id bigint, specific_action_id bigint DEFAULT NULL, comment text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  logged bigint;
BEGIN
  IF specific_action_id IS NULL THEN
    logged := receivables.log_scenario_action(customer_id, 'cancelled', receivables.business_date(), NULL, comment, NULL, NULL);
  ELSE
    logged := receivables.log_specific_action(customer_id, specific_action_id, 'cancelled', receivables.business_date(), NULL, comment, NULL);
    UPDATE receivables.item i SET specific_action_id = NULL
    WHERE i.customer_id = cancel_action.customer_id AND i.specific_action_id = cancel_action.specific_action_id;
  END IF;
  PERFORM receivables.apply_changes();
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.cancel_action(bigint, bigint, text) IS
  'Passes over the pending scenario action without a contact (the next step follows), or gives up a specific action: its items keep their status. Returns action_log.action_id.';

CREATE FUNCTION receivables.record_action(customer_id bigint, channel text, outcome text DEFAULT NULL, comment text DEFAULT NULL, item_ids bigint[] DEFAULT NULL,
                                          done_on date DEFAULT NULL, is_contact boolean DEFAULT true) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  day date := receivables.require_done_on(done_on);
  items bigint[];
  amount numeric;
  logged bigint;
BEGIN
  IF channel IS NULL OR is_contact IS NULL THEN
    RAISE EXCEPTION '"%" must not be null', CASE WHEN channel IS NULL THEN 'channel' ELSE 'is_contact' END USING ERRCODE = '22004';
  END IF;
  IF channel NOT IN ('email', 'interactive_email', 'call', 'letter', 'registered_letter', 'sms', 'fax', 'visit', 'task', 'note') THEN
    RAISE EXCEPTION 'channel "%" does not exist', channel
      USING ERRCODE = '22023', HINT = 'The channels are email, interactive_email, call, letter, registered_letter, sms, fax, visit, task and note.';
  END IF;
  PERFORM receivables.apply_changes();
  PERFORM receivables.lock_customer(customer_id);
  IF item_ids IS NOT NULL THEN
    items := receivables.require_items(customer_id, item_ids);
    SELECT sum(round(i.open_amount * i.fx_rate, 4)) INTO amount FROM receivables.item i
    WHERE i.customer_id = record_action.customer_id AND i.item_id = ANY (items);
  END IF;
  INSERT INTO receivables.action_log (customer_id, event, done_on, source, channel, outcome, comment, is_contact, item_ids, amount, overdue, outstanding)
  SELECT customer_id, 'recorded', day, 'manual', channel, outcome, comment, is_contact AND channel NOT IN ('task', 'note'), items, amount, w.overdue, w.outstanding
  FROM receivables.owed(customer_id) w
  RETURNING action_id INTO logged;
  PERFORM receivables.apply_changes();
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.record_action(bigint, text, text, text, bigint[], date, boolean) IS
  'Records what was done out of plan: a call, a visit, a note. The scenario stands where it stood; a contact (never a task or note) counts for min_contact_days. Returns action_log.action_id.';

-- Collectors are granted what they may do; what these functions use is for them alone.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'receivables'::pg_catalog.regnamespace
             AND p.proname IN ('complete_action', 'redate_action', 'cancel_action', 'record_action', 'lock_customer', 'log_scenario_action',
                               'log_specific_action', 'release_items', 'owed')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
  END LOOP;
END $$;

SELECT pg_catalog.pg_extension_config_dump('receivables.action_log', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.action_log_action_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.specific_action', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.specific_action_specific_action_id_seq', '');
