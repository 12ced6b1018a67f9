-- Qualification: statuses of items with their follow-up, resolvers, doubtful debt, what to do next, and reports on how
-- much of what is overdue is qualified. History: table qualification, written by the triggers of item.
-- Tests: tests/regress/sql/qualification.sql.

CREATE FUNCTION receivables.require_status(status text) RETURNS receivables.item_status
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found_status receivables.item_status;
BEGIN
  IF status IS NULL THEN
    RAISE EXCEPTION '"status" must not be null' USING ERRCODE = '22004', HINT = 'A plain UPDATE of item.status takes a status away.';
  END IF;
  SELECT s.* INTO found_status FROM receivables.item_status s WHERE s.code = require_status.status;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'item status "%" does not exist', status
      USING ERRCODE = '42704', DETAIL = (SELECT format('Active statuses: %s.', string_agg(s.code, ', ' ORDER BY s.code)) FROM receivables.item_status s WHERE s.active),
            HINT = 'Statuses are rows of receivables.item_status.';
  END IF;
  IF NOT found_status.active THEN
    RAISE EXCEPTION 'item status "%" is not active', status
      USING ERRCODE = '55000', HINT = 'Choose another one, or set active = true on it.';
  END IF;
  RETURN found_status;
END $$;
COMMENT ON FUNCTION receivables.require_status(text) IS 'Used by the functions on items: the status; 42704 where it does not exist, 55000 where it is not active, 22004 for NULL.';

CREATE FUNCTION receivables.require_items(customer_id bigint, item_ids bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted bigint[];
  unknown bigint[];
BEGIN
  IF customer_id IS NULL OR item_ids IS NULL OR array_position(item_ids, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'customer and items must be given' USING ERRCODE = '22004', DETAIL = 'One of them is null, or item_ids holds a null.';
  END IF;
  wanted := ARRAY(SELECT DISTINCT w FROM unnest(item_ids) w ORDER BY w);
  IF wanted = '{}' THEN
    RAISE EXCEPTION 'no items are named' USING ERRCODE = '22023', HINT = 'item_ids needs one item or more of the customer.';
  END IF;
  unknown := ARRAY(SELECT w FROM unnest(wanted) w
                   WHERE NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = require_items.customer_id AND i.item_id = w) ORDER BY w);
  IF unknown <> '{}' THEN
    RAISE EXCEPTION 'item % of customer % does not exist', array_to_string(unknown, ', '), customer_id
      USING ERRCODE = '23503', DETAIL = 'All items of one call belong to the customer it names.', HINT = 'Call the function once for each customer.';
  END IF;
  RETURN wanted;
END $$;
COMMENT ON FUNCTION receivables.require_items(bigint, bigint[]) IS
  'Used by the functions on items: the item numbers, ascending and once; 22004 for NULLs, 22023 for none, 23503 for one that the customer does not have.';

-- In the order of their numbers, as an UPDATE of the ledger would find them.
CREATE FUNCTION receivables.lock_items(customer_id bigint, item_ids bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted bigint[] := receivables.require_items(customer_id, item_ids);
BEGIN
  PERFORM FROM receivables.item i WHERE i.customer_id = lock_items.customer_id AND i.item_id = ANY (wanted) ORDER BY i.item_id FOR NO KEY UPDATE;
  RETURN receivables.require_items(customer_id, wanted); -- one may have gone while we waited
END $$;
COMMENT ON FUNCTION receivables.lock_items(bigint, bigint[]) IS 'Used by the functions on items: require_items(), and the items are locked.';

-- What is qualified is owed: open and positive.
CREATE FUNCTION receivables.lock_open_items(customer_id bigint, item_ids bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted bigint[];
  refused bigint[];
BEGIN
  wanted := receivables.lock_items(customer_id, item_ids);
  refused := ARRAY(SELECT i.item_id FROM receivables.item i
                   WHERE i.customer_id = lock_open_items.customer_id AND i.item_id = ANY (wanted) AND i.open_amount = 0 ORDER BY 1);
  IF refused <> '{}' THEN
    RAISE EXCEPTION 'item % of customer % is paid', array_to_string(refused, ', '), customer_id
      USING ERRCODE = '55000', DETAIL = 'Nothing is left to be collected of it.', HINT = 'Name open items only.';
  END IF;
  refused := ARRAY(SELECT i.item_id FROM receivables.item i
                   WHERE i.customer_id = lock_open_items.customer_id AND i.item_id = ANY (wanted) AND i.open_amount < 0 ORDER BY 1);
  IF refused <> '{}' THEN
    RAISE EXCEPTION 'item % of customer % is a credit', array_to_string(refused, ', '), customer_id
      USING ERRCODE = '22023', DETAIL = 'A qualification says why something owed is not paid; open credits are netted in any case.',
            HINT = 'Name items with a positive open amount only.';
  END IF;
  RETURN wanted;
END $$;
COMMENT ON FUNCTION receivables.lock_open_items(bigint, bigint[]) IS
  'Used by the functions on items: locks open positive items of one customer; 22004 for NULLs, 23503 for an item that the customer does not have, 22023 for none and for credits, 55000 for paid ones.';

CREATE FUNCTION receivables.qualify(customer_id bigint, item_ids bigint[], status text, comment text DEFAULT NULL, resolver text DEFAULT NULL,
                                    status_on date DEFAULT NULL, promised_on date DEFAULT NULL, follow_up_on date DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  today date := receivables.business_date();
  chosen receivables.item_status := receivables.require_status(status);
  day date := coalesce(status_on, receivables.business_date());
  items bigint[];
  former bigint[];
  planned bigint;
BEGIN
  IF day > today OR NOT isfinite(day) THEN
    RAISE EXCEPTION 'status date % is not a day up to today', day USING ERRCODE = '22023', DETAIL = format('The business date is %s.', today);
  END IF;
  IF promised_on IS NOT NULL AND chosen.category <> 'promise' THEN
    RAISE EXCEPTION 'status "%" is no promise, so it has no promised date', status
      USING ERRCODE = '22023', DETAIL = format('Its category is %s.', chosen.category), HINT = 'Use a status of category promise, or follow_up_on.';
  END IF;
  IF promised_on < today OR NOT isfinite(promised_on) THEN
    RAISE EXCEPTION 'promised date % is not a day from today on', promised_on USING ERRCODE = '22023', DETAIL = format('The business date is %s.', today);
  END IF;
  IF follow_up_on < today OR NOT isfinite(follow_up_on) THEN
    RAISE EXCEPTION 'follow-up date % is not a day from today on', follow_up_on USING ERRCODE = '22023', DETAIL = format('The business date is %s.', today);
  END IF;
  items := receivables.lock_open_items(customer_id, item_ids);
  former := ARRAY(SELECT DISTINCT i.specific_action_id FROM receivables.item i
                  WHERE i.customer_id = qualify.customer_id AND i.item_id = ANY (items) AND i.specific_action_id IS NOT NULL);

  IF chosen.action_model IS NOT NULL THEN
    INSERT INTO receivables.specific_action (customer_id, action_on, label, channel, automatic, status, resolver, comment)
    VALUES (customer_id, coalesce(promised_on, follow_up_on, greatest(day + chosen.follow_up_days, today)), chosen.action_model, chosen.action_channel,
            CASE WHEN chosen.automatic THEN 'auto' ELSE 'manual' END, status, resolver, comment)
    RETURNING receivables.specific_action.specific_action_id INTO planned;
  ELSIF follow_up_on IS NOT NULL THEN
    RAISE NOTICE 'status "%" has no action model: no follow-up is planned', status
      USING HINT = 'Set item_status.action_model, or call install_example_action_models().';
  END IF;

  UPDATE receivables.item i
  SET status = qualify.status, status_comment = qualify.comment, resolver = qualify.resolver, status_on = day, promised_on = qualify.promised_on,
      specific_action_id = planned
  WHERE i.customer_id = qualify.customer_id AND i.item_id = ANY (items);
  -- The date of the former status, given again with a new one, looks to the row trigger as if none were given.
  UPDATE receivables.item i SET status_on = day WHERE i.customer_id = qualify.customer_id AND i.item_id = ANY (items) AND i.status_on <> day;
  PERFORM receivables.drop_empty_specific_actions(customer_id, former);
  IF chosen.category = 'promise' AND promised_on IS NOT NULL THEN
    PERFORM receivables.record_promise(customer_id, items, promised_on, comment);
  END IF;
  PERFORM receivables.apply_changes();
  RETURN planned;
END $$;
COMMENT ON FUNCTION receivables.qualify(bigint, bigint[], text, text, text, date, date, date) IS
  'Sets status, comment, resolver, its date and a promised date on open items of one customer, and where the status has an action model plans their specific action: on the promised date, else follow_up_on, else follow_up_days after status_on. It takes the place of a former one of theirs. Returns specific_action_id, NULL where none is planned. Refused whole.';

-- Items that were paid stay with their action: the payment may be reversed.
CREATE FUNCTION receivables.drop_empty_specific_actions(customer_id bigint, specific_action_ids bigint[]) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  each bigint;
BEGIN
  FOR each IN
    SELECT s.specific_action_id FROM receivables.specific_action s
    WHERE s.customer_id = drop_empty_specific_actions.customer_id AND s.specific_action_id = ANY (specific_action_ids) AND s.state = 'planned'
      AND NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = s.customer_id AND i.specific_action_id = s.specific_action_id)
    ORDER BY 1
  LOOP
    PERFORM receivables.log_specific_action(customer_id, each, 'cancelled', receivables.business_date(), NULL, NULL, NULL);
  END LOOP;
END $$;
COMMENT ON FUNCTION receivables.drop_empty_specific_actions(bigint, bigint[]) IS 'Used by qualify(): cancels specific actions that have no items any more.';

CREATE FUNCTION receivables.reassign_resolver(customer_id bigint, item_ids bigint[], resolver text, specific_action_id bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  items bigint[] := item_ids;
  unqualified bigint[];
  changed bigint;
BEGIN
  IF resolver IS NULL OR customer_id IS NULL THEN
    RAISE EXCEPTION '"%" must not be null', CASE WHEN customer_id IS NULL THEN 'customer_id' ELSE 'resolver' END USING ERRCODE = '22004';
  END IF;
  IF btrim(resolver) = '' THEN
    RAISE EXCEPTION 'resolver must not be empty' USING ERRCODE = '22023', HINT = 'Name the person in charge.';
  END IF;
  IF specific_action_id IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.specific_action s WHERE s.customer_id = reassign_resolver.customer_id
                                                    AND s.specific_action_id = reassign_resolver.specific_action_id) THEN
    RAISE EXCEPTION 'specific action % of customer % does not exist', specific_action_id, customer_id
      USING ERRCODE = '42704', HINT = 'pending_specific_action lists those of the customer.';
  END IF;
  IF items IS NULL THEN
    items := ARRAY(SELECT i.item_id FROM receivables.item i
                   WHERE i.customer_id = reassign_resolver.customer_id AND i.open_amount > 0 AND i.status IS NOT NULL
                     AND (reassign_resolver.specific_action_id IS NULL OR i.specific_action_id = reassign_resolver.specific_action_id));
    IF items = '{}' AND EXISTS (SELECT FROM receivables.position p WHERE p.customer_id = reassign_resolver.customer_id) THEN
      RETURN 0;
    END IF;
  END IF;
  items := receivables.lock_open_items(customer_id, items);
  unqualified := ARRAY(SELECT i.item_id FROM receivables.item i
                       WHERE i.customer_id = reassign_resolver.customer_id AND i.item_id = ANY (items)
                         AND (i.status IS NULL OR i.specific_action_id IS DISTINCT FROM coalesce(reassign_resolver.specific_action_id, i.specific_action_id))
                       ORDER BY 1);
  IF unqualified <> '{}' THEN
    RAISE EXCEPTION 'item % of customer % is not qualified so', array_to_string(unqualified, ', '), customer_id
      USING ERRCODE = '55000', DETAIL = 'It has no status, or is not of the specific action named.', HINT = 'qualify() gives an item its first resolver.';
  END IF;
  UPDATE receivables.item i SET resolver = reassign_resolver.resolver
  WHERE i.customer_id = reassign_resolver.customer_id AND i.item_id = ANY (items) AND i.resolver IS DISTINCT FROM reassign_resolver.resolver;
  GET DIAGNOSTICS changed = ROW_COUNT;
  -- The action is in charge of whoever has all its items.
  UPDATE receivables.specific_action s SET resolver = reassign_resolver.resolver
  WHERE s.customer_id = reassign_resolver.customer_id AND s.state = 'planned' AND s.resolver IS DISTINCT FROM reassign_resolver.resolver
    AND s.specific_action_id IN (SELECT i.specific_action_id FROM receivables.item i
                                 WHERE i.customer_id = reassign_resolver.customer_id AND i.item_id = ANY (items))
    AND NOT EXISTS (SELECT FROM receivables.item i
                    WHERE i.customer_id = s.customer_id AND i.specific_action_id = s.specific_action_id AND i.open_amount > 0
                      AND i.resolver IS DISTINCT FROM reassign_resolver.resolver);
  PERFORM receivables.apply_changes();
  RETURN changed;
END $$;
COMMENT ON FUNCTION receivables.reassign_resolver(bigint, bigint[], text, bigint) IS
  'Puts somebody else in charge of qualified open items: those named, or with item_ids NULL all of the specific action, or all of the customer. A specific action follows when all its open items have gone to the same. Returns the number of items changed.';

CREATE FUNCTION receivables.suggest_action(customer_id bigint, OUT source text, OUT label text, OUT channel text, OUT action_on date, OUT item_ids bigint[],
                                           OUT why text, OUT specific_action_id bigint, OUT step_no integer) RETURNS record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  today date := receivables.business_date();
  plan record;
  pending record;
BEGIN
  IF customer_id IS NULL THEN
    RAISE EXCEPTION '"customer_id" must not be null' USING ERRCODE = '22004';
  END IF;
  IF NOT EXISTS (SELECT FROM receivables.position p WHERE p.customer_id = suggest_action.customer_id) THEN
    RAISE EXCEPTION 'customer % does not exist', customer_id USING ERRCODE = '23503';
  END IF;
  SELECT p.*, p.created_on = today AS is_new INTO plan FROM receivables.pending_specific_action p
  WHERE p.customer_id = suggest_action.customer_id
  ORDER BY p.created_on = today DESC, CASE WHEN p.created_on = today THEN -p.specific_action_id END, p.action_on, p.specific_action_id LIMIT 1;
  SELECT a.* INTO pending FROM receivables.scenario_action a WHERE a.customer_id = suggest_action.customer_id;
  IF plan.specific_action_id IS NOT NULL AND (pending.step_no IS NULL OR plan.is_new OR plan.action_on <= pending.action_on) THEN
    source := 'specific';
    label := plan.label;
    channel := plan.channel;
    action_on := plan.action_on;
    item_ids := plan.item_ids;
    specific_action_id := plan.specific_action_id;
    why := format('Planned on %s by status "%s"; %s open.', plan.created_on, plan.status, plan.amount);
  ELSIF pending.step_no IS NOT NULL THEN
    source := 'scenario';
    label := pending.step;
    channel := pending.channel;
    action_on := pending.action_on;
    item_ids := pending.item_ids;
    step_no := pending.step_no;
    why := format('Step %s of scenario "%s" comes next for invoice %s due on %s; %s to collect.', pending.step_no, pending.scenario, pending.leader_item_id,
                  pending.leader_due_date, pending.amount);
  ELSE
    why := CASE WHEN NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = suggest_action.customer_id AND i.open_amount > 0)
                  THEN 'The customer owes nothing.'
                WHEN NOT EXISTS (SELECT FROM receivables.scenario_membership m WHERE m.customer_id = suggest_action.customer_id)
                  THEN 'The customer has no scenario.'
                ELSE 'No item is to be collected, the amount is below what the scenario asks for, or it has no further step.' END;
  END IF;
END $$;
COMMENT ON FUNCTION receivables.suggest_action(bigint) IS
  'What to do next for the customer, one row: the specific action planned today (the newest), else that or the scenario''s next step, whichever comes first. source is specific, scenario, or NULL where nothing is to be done; why says it in words.';

CREATE FUNCTION receivables.hand_over_doubtful(customer_id bigint, item_ids bigint[], comment text DEFAULT NULL, handed_over_on date DEFAULT receivables.business_date()) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  items bigint[] := receivables.lock_open_items(customer_id, item_ids);
  planned bigint;
  logged bigint;
BEGIN
  IF handed_over_on IS NULL THEN
    RAISE EXCEPTION '"handed_over_on" must not be null' USING ERRCODE = '22004';
  END IF;
  planned := receivables.qualify(customer_id, items, 'doubtful', comment, NULL, handed_over_on);
  INSERT INTO receivables.action_log (customer_id, event, done_on, source, step, phase, channel, comment, is_contact, item_ids, amount, overdue, outstanding)
  SELECT customer_id, 'recorded', handed_over_on, 'manual', 'Hand-over of doubtful debt', 'litigation', 'task', comment, false, items, sum(round(i.open_amount * i.fx_rate, 4)),
         w.overdue, w.outstanding
  FROM receivables.item i, receivables.owed(customer_id) w
  WHERE i.customer_id = hand_over_doubtful.customer_id AND i.item_id = ANY (items)
  GROUP BY w.overdue, w.outstanding
  RETURNING action_id INTO logged;
  PERFORM receivables.apply_changes();
  RETURN logged;
END $$;
COMMENT ON FUNCTION receivables.hand_over_doubtful(bigint, bigint[], text, date) IS
  'Hands items over as doubtful debt: status doubtful, out of the amicable phase, logged with date and amount. Returns action_log.action_id.';

CREATE FUNCTION receivables.install_example_action_models() RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed integer;
BEGIN
  UPDATE receivables.item_status s SET action_model = m.action_model, action_channel = m.action_channel
  FROM (VALUES ('promise', 'Check the promised payment', 'call'), ('dispute', 'Follow the dispute up with the resolver', 'task'),
               ('litigation', 'Ask how the case stands', 'task'), ('doubtful', 'Review the doubtful debt', 'task')) m (code, action_model, action_channel)
  WHERE s.code = m.code AND s.action_model IS NULL;
  GET DIAGNOSTICS changed = ROW_COUNT;
  UPDATE receivables.item_status s SET follow_up_days = 30 WHERE s.code IN ('litigation', 'doubtful') AND s.follow_up_days = 7;
  RETURN changed;
END $$;
COMMENT ON FUNCTION receivables.install_example_action_models() IS
  'Gives the shipped statuses promise, dispute, litigation and doubtful an action model where they have none; returns how many.';

-- Amounts are open debits in the company's currency; credits carry no qualification and are left out.
CREATE VIEW receivables.item_status_report AS
WITH debit AS (
  SELECT i.customer_id, m.currency, f.collector, i.status, i.due_date < receivables.business_date() AS is_overdue, count(*) AS items,
         sum(round(i.open_amount * i.fx_rate, 4)) AS amount
  FROM receivables.item i
  JOIN receivables.customer c ON c.customer_id = i.customer_id
  JOIN receivables.company m ON m.company = c.company
  JOIN receivables.position p ON p.customer_id = i.customer_id
  LEFT JOIN receivables.portfolio f ON f.portfolio_id = p.collection_portfolio_id
  WHERE i.open_amount > 0
  GROUP BY 1, 2, 3, 4, 5
), broken_down AS (
  SELECT 'all' AS breakdown, NULL::text AS name, d.* FROM debit d
  UNION ALL SELECT 'collector', d.collector, d.* FROM debit d
  UNION ALL SELECT 'customer_group', g.customer_group, d.* FROM debit d LEFT JOIN receivables.group_membership g ON g.customer_id = d.customer_id
)
SELECT b.breakdown, b.name, b.currency, b.status, s.label, s.category, b.status IS NOT NULL AS is_qualified,
       count(DISTINCT b.customer_id) AS customers, sum(b.items)::bigint AS items, sum(b.amount)::numeric(28,4) AS amount,
       coalesce(sum(b.items) FILTER (WHERE b.is_overdue), 0)::bigint AS overdue_items,
       coalesce(sum(b.amount) FILTER (WHERE b.is_overdue), 0)::numeric(28,4) AS overdue_amount
FROM broken_down b LEFT JOIN receivables.item_status s ON s.code = b.status
GROUP BY 1, 2, 3, 4, 5, 6, 7;
COMMENT ON VIEW receivables.item_status_report IS
  'Open debits by status (key breakdown, name, currency, status): in all, by collector and by customer group. A customer in several groups counts in each, so sum one breakdown only.';
COMMENT ON COLUMN receivables.item_status_report.breakdown IS 'all, collector or customer_group.';
COMMENT ON COLUMN receivables.item_status_report.name IS 'Collector or group; NULL = without one, and for all.';
COMMENT ON COLUMN receivables.item_status_report.currency IS 'Currency of the companies; amounts of different ones are never added.';
COMMENT ON COLUMN receivables.item_status_report.status IS 'Status; NULL = not qualified.';
COMMENT ON COLUMN receivables.item_status_report.label IS 'Label of the status.';
COMMENT ON COLUMN receivables.item_status_report.category IS 'Category of the status.';
COMMENT ON COLUMN receivables.item_status_report.is_qualified IS 'The items have a status.';
COMMENT ON COLUMN receivables.item_status_report.customers IS 'Customers with such items.';
COMMENT ON COLUMN receivables.item_status_report.items IS 'Open debits.';
COMMENT ON COLUMN receivables.item_status_report.amount IS 'Their open amount.';
COMMENT ON COLUMN receivables.item_status_report.overdue_items IS 'Overdue ones among them.';
COMMENT ON COLUMN receivables.item_status_report.overdue_amount IS 'Open amount of the overdue ones.';

CREATE VIEW receivables.qualification_rate AS
SELECT r.name AS collector, r.currency, sum(r.overdue_amount)::numeric(28,4) AS overdue_amount,
       coalesce(sum(r.overdue_amount) FILTER (WHERE r.is_qualified), 0)::numeric(28,4) AS qualified_amount,
       (coalesce(sum(r.overdue_amount) FILTER (WHERE r.is_qualified), 0) / nullif(sum(r.overdue_amount), 0))::numeric(9,4) AS qualification_rate,
       sum(r.overdue_items)::bigint AS overdue_items, coalesce(sum(r.overdue_items) FILTER (WHERE r.is_qualified), 0)::bigint AS qualified_items
FROM receivables.item_status_report r WHERE r.breakdown = 'collector'
GROUP BY 1, 2;
COMMENT ON VIEW receivables.qualification_rate IS 'Share of the overdue debits that have a status, one row per collector and currency (key collector, currency).';
COMMENT ON COLUMN receivables.qualification_rate.collector IS 'Collector; NULL = customers without one.';
COMMENT ON COLUMN receivables.qualification_rate.currency IS 'Currency of the companies.';
COMMENT ON COLUMN receivables.qualification_rate.overdue_amount IS 'Open amount of the overdue debits.';
COMMENT ON COLUMN receivables.qualification_rate.qualified_amount IS 'The part of it that has a status.';
COMMENT ON COLUMN receivables.qualification_rate.qualification_rate IS 'qualified_amount / overdue_amount as a fraction, 4 decimals; NULL where nothing is overdue.';
COMMENT ON COLUMN receivables.qualification_rate.overdue_items IS 'Overdue debits.';
COMMENT ON COLUMN receivables.qualification_rate.qualified_items IS 'Those of them that have a status.';

-- Collectors are granted what they may do; what these functions use is for them alone.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'receivables'::pg_catalog.regnamespace
             AND p.proname IN ('require_status', 'require_items', 'lock_items', 'lock_open_items', 'qualify', 'drop_empty_specific_actions', 'reassign_resolver', 'suggest_action',
                               'hand_over_doubtful', 'install_example_action_models')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
  END LOOP;
END $$;
