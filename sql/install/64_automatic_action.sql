-- Automatic actions: which of them are confirmed, which are due, and the CALL that does them.
-- C++: src/pg/automatic_run.cpp; tests: tests/regress/sql/action.sql.

CREATE FUNCTION receivables.confirm_actions(customer_ids bigint[] DEFAULT NULL, collector text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  unknown bigint;
  confirmed bigint;
BEGIN
  IF array_position(customer_ids, NULL) IS NOT NULL THEN
    RAISE EXCEPTION '"customer_ids" must not hold a null' USING ERRCODE = '22004';
  END IF;
  SELECT min(w) INTO unknown FROM unnest(customer_ids) w WHERE NOT EXISTS (SELECT FROM receivables.position p WHERE p.customer_id = w);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'customer % does not exist', unknown USING ERRCODE = '23503';
  END IF;
  IF collector IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.collector c WHERE c.name = confirm_actions.collector) THEN
    RAISE EXCEPTION 'collector "%" does not exist', collector USING ERRCODE = '42704';
  END IF;
  PERFORM receivables.apply_changes();
  INSERT INTO receivables.action_log
    (customer_id, event, done_on, source, scenario, scenario_id, step_no, step, phase, channel, automatic, planned_on, is_contact, leader_customer_id, leader_item_id, leader_due_date,
     item_ids, amount, overdue, outstanding)
  SELECT a.customer_id, 'confirmed', receivables.business_date(), 'scenario', a.scenario, a.scenario_id, a.step_no, a.step, a.phase, a.channel, a.automatic,
         a.action_on, false, a.leader_customer_id, a.leader_item_id, a.leader_due_date, a.item_ids, a.amount, a.overdue, a.outstanding
  FROM receivables.scenario_action a
  WHERE a.automatic = 'confirm' AND NOT a.confirmed
    AND CASE WHEN customer_ids IS NULL THEN a.action_on <= receivables.business_date() AND receivables.is_on_worklist(a.customer_id)
             ELSE a.customer_id = ANY (customer_ids) END
    AND (collector IS NULL
         OR EXISTS (SELECT FROM receivables.position p JOIN receivables.portfolio f ON f.portfolio_id = p.collection_portfolio_id
                    WHERE p.customer_id = a.customer_id AND f.collector = confirm_actions.collector))
  ORDER BY a.customer_id;
  GET DIAGNOSTICS confirmed = ROW_COUNT;
  PERFORM receivables.apply_changes();
  RETURN confirmed;
END $$;
COMMENT ON FUNCTION receivables.confirm_actions(bigint[], text) IS
  'Lets pending scenario actions that need a confirmation be done automatically: all that are due, or those of the customers named, due or coming; of one collector or of all. Returns how many.';

-- Automatic actions, run by src/pg/automatic_run.cpp in batches that commit.
CREATE FUNCTION receivables.automatic_actions_due() RETURNS SETOF bigint
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT d.customer_id FROM (
    SELECT a.customer_id FROM receivables.scenario_action a
    WHERE (a.automatic = 'auto' OR (a.automatic = 'confirm' AND a.confirmed)) AND a.action_on <= receivables.business_date()
    UNION
    SELECT p.customer_id FROM receivables.pending_specific_action p WHERE p.automatic = 'auto' AND p.action_on <= receivables.business_date()) d
  WHERE receivables.is_on_worklist(d.customer_id)
  ORDER BY 1;
END $$;
COMMENT ON FUNCTION receivables.automatic_actions_due() IS 'Used by run_automatic_actions(): customers of the agenda with an automatic action that is due.';

CREATE FUNCTION receivables.is_on_worklist(customer_id bigint) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN NOT EXISTS (SELECT FROM receivables.position p WHERE p.customer_id = is_on_worklist.customer_id AND p.off_worklist)
     AND NOT EXISTS (SELECT FROM receivables.ramp_up_waiting w WHERE w.customer_id = is_on_worklist.customer_id);
END $$;
COMMENT ON FUNCTION receivables.is_on_worklist(bigint) IS
  'Used by the functions of actions: no exit rule of priorities matches the customer, and no ramp-up holds it back.';

-- One scenario action a customer and day, so that a customer who is late is not sent all steps at once.
CREATE FUNCTION receivables.run_automatic_batch(customer_ids bigint[]) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := receivables.business_date();
  due record;
  done bigint := 0;
BEGIN
  FOR due IN
    SELECT p.customer_id, p.specific_action_id
    FROM receivables.pending_specific_action p JOIN receivables.customer_facts f ON f.customer_id = p.customer_id
    WHERE p.customer_id = ANY (customer_ids) AND p.automatic = 'auto' AND p.action_on <= today AND NOT f.collection_blocked
      AND (p.channel NOT IN ('email', 'interactive_email') OR f.has_email)
    ORDER BY 1, 2
  LOOP
    done := done + receivables.run_specific_action(due.customer_id, due.specific_action_id);
  END LOOP;
  FOR due IN SELECT DISTINCT w FROM unnest(customer_ids) w ORDER BY w LOOP
    done := done + receivables.run_scenario_action(due.w);
  END LOOP;
  PERFORM receivables.apply_changes();
  RETURN done;
END $$;
COMMENT ON FUNCTION receivables.run_automatic_batch(bigint[]) IS
  'Used by run_automatic_actions(): does what is automatic and due for these customers, and returns how much that was.';

CREATE FUNCTION receivables.run_scenario_action(customer_id bigint) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  step integer;
BEGIN
  PERFORM FROM receivables.position p WHERE p.customer_id = run_scenario_action.customer_id FOR NO KEY UPDATE;
  SELECT a.step_no INTO step FROM receivables.scenario_action a JOIN receivables.customer_facts f ON f.customer_id = a.customer_id
  WHERE a.customer_id = run_scenario_action.customer_id AND (a.automatic = 'auto' OR (a.automatic = 'confirm' AND a.confirmed))
    AND a.action_on <= receivables.business_date() AND (a.channel NOT IN ('email', 'interactive_email') OR f.has_email)
    AND NOT EXISTS (SELECT FROM receivables.action_log l
                    WHERE l.customer_id = run_scenario_action.customer_id AND l.source = 'scenario' AND l.event = 'done' AND l.outcome = 'automatic'
                      AND l.done_on = receivables.business_date());
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM receivables.log_scenario_action(customer_id, 'done', receivables.business_date(), 'automatic', NULL, NULL, step);
  RETURN 1;
END $$;
COMMENT ON FUNCTION receivables.run_scenario_action(bigint) IS
  'Used by run_automatic_actions(): does the customer''s scenario action if it is automatic (confirmed where it has to be) and due, an e-mail only where there is an address; 1, or 0 where there is nothing to do.';

-- What people have to end (a dispute, litigation) is followed up again; the rest goes back to the scenario.
CREATE FUNCTION receivables.run_specific_action(customer_id bigint, specific_action_id bigint) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  today date := receivables.business_date();
  plan receivables.specific_action;
  next_id bigint;
BEGIN
  PERFORM FROM receivables.item i
  WHERE i.customer_id = run_specific_action.customer_id AND i.specific_action_id = run_specific_action.specific_action_id
  ORDER BY i.item_id FOR NO KEY UPDATE;
  SELECT s.* INTO plan FROM receivables.specific_action s JOIN receivables.pending_specific_action p USING (customer_id, specific_action_id)
  WHERE s.customer_id = run_specific_action.customer_id AND s.specific_action_id = run_specific_action.specific_action_id AND s.action_on <= today
    AND s.state = 'planned';
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM receivables.log_specific_action(customer_id, specific_action_id, 'done', today, 'automatic', NULL, NULL);
  INSERT INTO receivables.specific_action (customer_id, action_on, label, channel, automatic, status, resolver, comment)
  SELECT customer_id, today + greatest(s.follow_up_days, 1), plan.label, plan.channel, plan.automatic, plan.status, plan.resolver, plan.comment
  FROM receivables.item_status s WHERE s.code = plan.status AND s.category IN ('dispute', 'litigation')
  RETURNING receivables.specific_action.specific_action_id INTO next_id;
  UPDATE receivables.item i SET specific_action_id = next_id
  WHERE i.customer_id = run_specific_action.customer_id AND i.specific_action_id = run_specific_action.specific_action_id;
  RETURN 1;
END $$;
COMMENT ON FUNCTION receivables.run_specific_action(bigint, bigint) IS
  'Used by run_automatic_actions(): does a specific action that is automatic and due; that of a dispute or litigation is planned again follow_up_days later, for people end those. 1, or 0 where there is nothing to do.';

CREATE PROCEDURE receivables.run_automatic_actions()
  LANGUAGE C AS 'MODULE_PATHNAME', 'sa_run_automatic_actions';
COMMENT ON PROCEDURE receivables.run_automatic_actions() IS
  'Does the automatic actions that are due (those with a confirmation once confirmed; e-mails only where there is an address) and logs them with the outcome automatic. Commits in batches outside a transaction block; called again on the same business date it does what is left. Part of the daily work.';

-- As with the other actions: granted to whom they are for.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'receivables'::pg_catalog.regnamespace
             AND p.proname IN ('confirm_actions', 'automatic_actions_due', 'is_on_worklist', 'run_automatic_batch', 'run_scenario_action', 'run_specific_action',
                               'run_automatic_actions')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
  END LOOP;
END $$;
