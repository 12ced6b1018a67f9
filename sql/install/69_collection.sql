-- Collection: how far each account has come in its scenario, what is collectable of it and its pending action (src/pg/collection.cpp).

-- What has been done, as positions keep it; read by load_progress() in src/pg/collection.cpp by column number.
CREATE VIEW receivables.collection_state AS
SELECT c.customer_id, c.collection_account_id,
       EXISTS (SELECT FROM receivables.customer m WHERE m.collection_account_id = c.customer_id) AS has_members,
       s.scenario_id, s.step_no, s.done_on AS step_on, s.leader_customer_id, s.leader_item_id,
       (SELECT max(l.done_on) FROM receivables.action_log l WHERE l.customer_id = c.customer_id AND l.event IN ('done', 'recorded')) AS last_action_on,
       (SELECT max(l.done_on) FROM receivables.action_log l WHERE l.customer_id = c.customer_id AND l.is_contact) AS last_contact_on,
       r.scenario_id AS redated_scenario_id, r.step_no AS redated_step, r.new_action_on AS redated_on,
       r.leader_customer_id AS redated_leader_customer_id, r.leader_item_id AS redated_leader_item_id
FROM receivables.customer c
LEFT JOIN LATERAL (SELECT l.scenario_id, l.step_no, l.done_on, l.leader_customer_id, l.leader_item_id FROM receivables.action_log l
                   WHERE l.customer_id = c.customer_id AND l.source = 'scenario' AND l.event IN ('done', 'cancelled')
                   ORDER BY l.action_id DESC LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT l.event, l.scenario_id, l.step_no, l.new_action_on, l.leader_customer_id, l.leader_item_id FROM receivables.action_log l
                   WHERE l.customer_id = c.customer_id AND l.source = 'scenario' AND l.event IN ('done', 'cancelled', 'redated')
                   ORDER BY l.action_id DESC LIMIT 1) r ON r.event = 'redated';
COMMENT ON VIEW receivables.collection_state IS
  'One row per customer (key customer_id): how far collection has come, as action_log says; position.progress is kept equal to it.';
COMMENT ON COLUMN receivables.collection_state.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.collection_state.collection_account_id IS 'Account through which it is collected, NULL = by itself.';
COMMENT ON COLUMN receivables.collection_state.has_members IS 'Others are collected through it.';
COMMENT ON COLUMN receivables.collection_state.scenario_id IS 'Scenario of the last step done or cancelled; NULL = none yet.';
COMMENT ON COLUMN receivables.collection_state.step_no IS 'That step.';
COMMENT ON COLUMN receivables.collection_state.step_on IS 'Its date.';
COMMENT ON COLUMN receivables.collection_state.leader_customer_id IS 'Customer of the leader invoice it was done for.';
COMMENT ON COLUMN receivables.collection_state.leader_item_id IS 'Leader invoice it was done for.';
COMMENT ON COLUMN receivables.collection_state.last_action_on IS 'Date of the last action, of a scenario or not.';
COMMENT ON COLUMN receivables.collection_state.last_contact_on IS 'Date of the last contact with the customer.';
COMMENT ON COLUMN receivables.collection_state.redated_scenario_id IS 'Scenario of the pending action that was given another date; NULL = none was.';
COMMENT ON COLUMN receivables.collection_state.redated_step IS 'Its step.';
COMMENT ON COLUMN receivables.collection_state.redated_on IS 'The date given to it.';
COMMENT ON COLUMN receivables.collection_state.redated_leader_customer_id IS 'Customer of the leader invoice then.';
COMMENT ON COLUMN receivables.collection_state.redated_leader_item_id IS 'Leader invoice then.';

CREATE FUNCTION receivables.action_logged() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_action_logged';
COMMENT ON FUNCTION receivables.action_logged() IS 'Statement trigger of action_log: has the customers'' next action decided again.';
CREATE TRIGGER search_assign_insert AFTER INSERT ON receivables.action_log
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION receivables.action_logged();

CREATE FUNCTION receivables.apply_changes(customer_id bigint DEFAULT NULL) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_apply_changes';
COMMENT ON FUNCTION receivables.apply_changes(bigint) IS
  'Applies what this transaction has changed so far, and what is queued for the customer named, so that it sees memberships and agenda as they will be after its commit; also under search_assign.apply = queue.';
REVOKE ALL ON FUNCTION receivables.apply_changes(bigint) FROM PUBLIC;

-- Collectable part of an account on a day, from its position's columns.
CREATE FUNCTION receivables.collectable_amount(receivables receivables.maturity_profile, promises bytea, held bytea, ignored receivables.maturity_profile, day date, pre_due boolean)
  RETURNS numeric LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_collectable_amount';
COMMENT ON FUNCTION receivables.collectable_amount(receivables.maturity_profile, bytea, bytea, receivables.maturity_profile, date, boolean) IS
  'Collectable amount on a day: greatest(0, collectable items due + open credits) - those under an open promise, not below 0; pre_due: items count up to the leader''s due date.';
CREATE FUNCTION receivables.collectable_items(receivables receivables.maturity_profile, promises bytea, held bytea, ignored receivables.maturity_profile, day date, pre_due boolean)
  RETURNS bigint LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_collectable_items';
COMMENT ON FUNCTION receivables.collectable_items(receivables.maturity_profile, bytea, bytea, receivables.maturity_profile, date, boolean) IS
  'Number of the collectable items due on that day, likewise.';
CREATE FUNCTION receivables.leader_due_date(receivables receivables.maturity_profile, promises bytea, held bytea, ignored receivables.maturity_profile)
  RETURNS date LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_leader_due_date';
COMMENT ON FUNCTION receivables.leader_due_date(receivables.maturity_profile, bytea, bytea, receivables.maturity_profile) IS
  'Due date of the leader invoice: of the oldest collectable item; NULL without one.';

CREATE FUNCTION receivables.open_promises_from(as_of date DEFAULT receivables.business_date()) RETURNS date
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_open_promises_from';
COMMENT ON FUNCTION receivables.open_promises_from(date) IS
  'Earliest promised date whose promises are not broken on the date: their deadline (promise_deadline) has not passed.';

-- Accounts that are collected by themselves. In two parts, so that the planner knows that only the few which collect for
-- others read positions other than their own.
CREATE VIEW receivables.single_account AS
SELECT p.customer_id, p.scenario_id, p.collection_portfolio_id, p.has_members, p.next_step, p.next_action_on, p.last_action_on, p.priority_points, p.off_worklist,
       p.ignored, p.receivables, p.promises, p.held
FROM receivables.position p WHERE p.collection_account_id IS NULL AND NOT p.has_members;
CREATE VIEW receivables.group_account AS
SELECT p.customer_id, p.scenario_id, p.collection_portfolio_id, p.has_members, p.next_step, p.next_action_on, p.last_action_on, p.priority_points, p.off_worklist,
       p.ignored, m.receivables, m.promises, m.held
FROM receivables.position p
CROSS JOIN LATERAL (
  SELECT p.receivables OPERATOR(receivables.+) coalesce(receivables.sum(o.receivables), '{}') AS receivables,
         receivables.add_promises(p.promises, receivables.sum_promises(o.promises)) AS promises,
         receivables.add_promises(p.held, receivables.sum_promises(o.held)) AS held
  FROM receivables.position o WHERE o.collection_account_id = p.customer_id) m
WHERE p.collection_account_id IS NULL AND p.has_members;
CREATE VIEW receivables.collection_account AS
TABLE receivables.single_account UNION ALL TABLE receivables.group_account;
COMMENT ON VIEW receivables.single_account IS
  'One row per account that is collected by itself and collects for nobody else (key customer_id). Used by the agenda.';
COMMENT ON COLUMN receivables.single_account.customer_id IS 'Account; key of the view.';
COMMENT ON COLUMN receivables.single_account.scenario_id IS 'Number of its scenario.';
COMMENT ON COLUMN receivables.single_account.collection_portfolio_id IS 'Number of its collection portfolio.';
COMMENT ON COLUMN receivables.single_account.has_members IS 'Others are collected through it.';
COMMENT ON COLUMN receivables.single_account.next_step IS 'Step of the next action.';
COMMENT ON COLUMN receivables.single_account.next_action_on IS 'Date of the next action.';
COMMENT ON COLUMN receivables.single_account.last_action_on IS 'Date of the last action.';
COMMENT ON COLUMN receivables.single_account.priority_points IS 'Sum of the points of the priority rules matched.';
COMMENT ON COLUMN receivables.single_account.off_worklist IS 'An exit rule takes it off the worklist.';
COMMENT ON COLUMN receivables.single_account.ignored IS 'Open debits below the scenario''s ignore_below; NULL = none.';
COMMENT ON COLUMN receivables.single_account.receivables IS 'Open items by due date.';
COMMENT ON COLUMN receivables.single_account.promises IS 'Promised items, as in position.';
COMMENT ON COLUMN receivables.single_account.held IS 'Items kept out of the scenario, as in position.';
COMMENT ON VIEW receivables.group_account IS
  'One row per account that collects for others (key customer_id): its profiles with theirs. Used by the agenda.';
COMMENT ON COLUMN receivables.group_account.customer_id IS 'Account; key of the view.';
COMMENT ON COLUMN receivables.group_account.scenario_id IS 'Number of its scenario.';
COMMENT ON COLUMN receivables.group_account.collection_portfolio_id IS 'Number of its collection portfolio.';
COMMENT ON COLUMN receivables.group_account.has_members IS 'Others are collected through it.';
COMMENT ON COLUMN receivables.group_account.next_step IS 'Step of the next action.';
COMMENT ON COLUMN receivables.group_account.next_action_on IS 'Date of the next action.';
COMMENT ON COLUMN receivables.group_account.last_action_on IS 'Date of the last action.';
COMMENT ON COLUMN receivables.group_account.priority_points IS 'Sum of the points of the priority rules matched.';
COMMENT ON COLUMN receivables.group_account.off_worklist IS 'An exit rule takes it off the worklist.';
COMMENT ON COLUMN receivables.group_account.ignored IS 'Open debits below the scenario''s ignore_below; NULL = none.';
COMMENT ON COLUMN receivables.group_account.receivables IS 'Open items by due date.';
COMMENT ON COLUMN receivables.group_account.promises IS 'Promised items, as in position.';
COMMENT ON COLUMN receivables.group_account.held IS 'Items kept out of the scenario, as in position.';
COMMENT ON VIEW receivables.collection_account IS
  'One row per account that is collected by itself (key customer_id): its profiles, with those of the accounts collected through it. Used by the agenda.';
COMMENT ON COLUMN receivables.collection_account.customer_id IS 'Account; key of the view.';
COMMENT ON COLUMN receivables.collection_account.scenario_id IS 'Number of its scenario.';
COMMENT ON COLUMN receivables.collection_account.collection_portfolio_id IS 'Number of its collection portfolio.';
COMMENT ON COLUMN receivables.collection_account.has_members IS 'Others are collected through it.';
COMMENT ON COLUMN receivables.collection_account.next_step IS 'Step of the next action.';
COMMENT ON COLUMN receivables.collection_account.next_action_on IS 'Date of the next action.';
COMMENT ON COLUMN receivables.collection_account.last_action_on IS 'Date of the last action.';
COMMENT ON COLUMN receivables.collection_account.priority_points IS 'Sum of the points of the priority rules matched.';
COMMENT ON COLUMN receivables.collection_account.off_worklist IS 'An exit rule takes it off the worklist.';
COMMENT ON COLUMN receivables.collection_account.ignored IS 'Open debits below the scenario''s ignore_below; NULL = none.';
COMMENT ON COLUMN receivables.collection_account.receivables IS 'Open items by due date.';
COMMENT ON COLUMN receivables.collection_account.promises IS 'Promised items, as in position.';
COMMENT ON COLUMN receivables.collection_account.held IS 'Items kept out of the scenario, as in position.';

-- Item by item, straight from the ledger.
CREATE VIEW receivables.collectable_item AS
SELECT a.customer_id AS account_id, i.customer_id, i.item_id, i.document_no, i.kind, i.document_date, i.due_date,
       pg_catalog.round(i.open_amount * i.fx_rate, 4)::numeric(28,4) AS open_amount, i.status, i.promised_on, i.document_url,
       (t.category IS NOT DISTINCT FROM 'promise' AND coalesce(i.promised_on >= receivables.open_promises_from(), true)) AS is_promised
FROM receivables.position a
JOIN LATERAL (SELECT a.customer_id UNION ALL SELECT m.customer_id FROM receivables.position m WHERE m.collection_account_id = a.customer_id AND a.has_members) m
  ON true
JOIN receivables.item i ON i.customer_id = m.customer_id
LEFT JOIN receivables.item_status t ON t.code = i.status
LEFT JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
WHERE a.collection_account_id IS NULL AND i.open_amount > 0
  AND pg_catalog.round(i.open_amount * i.fx_rate, 4) >= coalesce(s.ignore_below, 0)
  AND NOT ((i.specific_action_id IS NOT NULL OR coalesce(t.excludes_from_scenario, false))
           AND (t.category IS DISTINCT FROM 'promise' OR i.promised_on IS NULL OR i.promised_on >= receivables.open_promises_from()));
COMMENT ON VIEW receivables.collectable_item IS
  'One row per collectable item (key customer_id, item_id): open, positive, not held by a status, a specific action or an open promise, not below the scenario''s ignore_below.';
COMMENT ON COLUMN receivables.collectable_item.account_id IS 'Account that collects it: the customer itself or its collection_account_id.';
COMMENT ON COLUMN receivables.collectable_item.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.collectable_item.item_id IS 'Item.';
COMMENT ON COLUMN receivables.collectable_item.document_no IS 'Document number.';
COMMENT ON COLUMN receivables.collectable_item.kind IS 'Kind of the item.';
COMMENT ON COLUMN receivables.collectable_item.document_date IS 'Document date.';
COMMENT ON COLUMN receivables.collectable_item.due_date IS 'Due date.';
COMMENT ON COLUMN receivables.collectable_item.open_amount IS 'Open amount in the company''s currency.';
COMMENT ON COLUMN receivables.collectable_item.status IS 'Status.';
COMMENT ON COLUMN receivables.collectable_item.promised_on IS 'Promised date.';
COMMENT ON COLUMN receivables.collectable_item.document_url IS 'Link to the document.';
COMMENT ON COLUMN receivables.collectable_item.is_promised IS 'Under an open promise that does not hold it: collectable, but its amount is not.';

-- The scenario's pending action of each account, with what complete_action() and the like have to know.
CREATE VIEW receivables.scenario_action AS
SELECT a.customer_id, s.name AS scenario, s.scenario_id, t.step_no, t.label AS step, t.phase, t.channel, t.automatic, t.template, a.next_action_on AS action_on,
       l.customer_id AS leader_customer_id, l.item_id AS leader_item_id, l.due_date AS leader_due_date,
       receivables.collectable_amount(a.receivables, a.promises, a.held, a.ignored, d.day, t.phase = 'pre_due')::numeric(28,4) AS amount,
       receivables.overdue(a.receivables)::numeric(28,4) AS overdue, receivables.total(a.receivables)::numeric(28,4) AS outstanding,
       ARRAY(SELECT i.item_id FROM receivables.collectable_item i
             WHERE i.account_id = a.customer_id AND i.due_date <= CASE WHEN t.phase = 'pre_due' THEN greatest(d.day, l.due_date) ELSE d.day END
             ORDER BY i.due_date, i.open_amount DESC, i.item_id) AS item_ids,
       (t.automatic = 'confirm' AND EXISTS (SELECT FROM receivables.action_log g
          WHERE g.customer_id = a.customer_id AND g.event = 'confirmed' AND g.scenario_id = s.scenario_id AND g.step_no = t.step_no AND g.leader_item_id = l.item_id
            AND NOT EXISTS (SELECT FROM receivables.action_log n WHERE n.customer_id = g.customer_id AND n.action_id > g.action_id
                            AND n.source = 'scenario' AND n.event IN ('done', 'cancelled')))) AS confirmed
FROM receivables.collection_account a
JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
JOIN receivables.scenario_step t ON t.scenario = s.name AND t.step_no = a.next_step
CROSS JOIN LATERAL (SELECT greatest(a.next_action_on, receivables.business_date()) AS day) d
CROSS JOIN LATERAL (SELECT i.customer_id, i.item_id, i.due_date FROM receivables.collectable_item i
                    WHERE i.account_id = a.customer_id ORDER BY i.due_date, i.open_amount DESC, i.item_id LIMIT 1) l
WHERE NOT (SELECT c.collection_blocked FROM receivables.customer c WHERE c.customer_id = a.customer_id);
COMMENT ON VIEW receivables.scenario_action IS
  'One row per account with a pending or coming action of its scenario (key customer_id). Item by item: meant for single customers; collection_agenda is for lists.';
COMMENT ON COLUMN receivables.scenario_action.customer_id IS 'Account; key of the view.';
COMMENT ON COLUMN receivables.scenario_action.scenario IS 'Scenario.';
COMMENT ON COLUMN receivables.scenario_action.scenario_id IS 'Its number.';
COMMENT ON COLUMN receivables.scenario_action.step_no IS 'Step.';
COMMENT ON COLUMN receivables.scenario_action.step IS 'Label of the step.';
COMMENT ON COLUMN receivables.scenario_action.phase IS 'Phase.';
COMMENT ON COLUMN receivables.scenario_action.channel IS 'Channel.';
COMMENT ON COLUMN receivables.scenario_action.automatic IS 'manual, confirm or auto.';
COMMENT ON COLUMN receivables.scenario_action.template IS 'Template of the step.';
COMMENT ON COLUMN receivables.scenario_action.action_on IS 'Date of the action.';
COMMENT ON COLUMN receivables.scenario_action.leader_customer_id IS 'Customer of the leader invoice.';
COMMENT ON COLUMN receivables.scenario_action.leader_item_id IS 'Leader invoice: the oldest collectable item, of equal dates the larger open amount, then the smaller number.';
COMMENT ON COLUMN receivables.scenario_action.leader_due_date IS 'Its due date.';
COMMENT ON COLUMN receivables.scenario_action.amount IS 'Collectable amount on the day of the action, or today where that has passed.';
COMMENT ON COLUMN receivables.scenario_action.overdue IS 'Overdue amount of the account today, net of credits.';
COMMENT ON COLUMN receivables.scenario_action.outstanding IS 'Outstanding amount of the account, net of credits.';
COMMENT ON COLUMN receivables.scenario_action.item_ids IS 'Collectable items due on that day, by due date.';
COMMENT ON COLUMN receivables.scenario_action.confirmed IS 'The automatic action was confirmed for this step and leader.';
