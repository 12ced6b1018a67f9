-- Agenda: one row for each action that is due or coming. The scenario's actions come from the positions alone,
-- by an index on portfolio and date (src/pg/collection.cpp keeps them). Portfolios are joined in each part of the union:
-- behind it the planner would know nothing of their columns, and take a collector's actions for a handful. Each part brings
-- its account's priority along, which saves reading the positions a second time.

CREATE VIEW receivables.agenda_action AS
-- The scenario's next action.
SELECT a.customer_id, a.collection_portfolio_id, a.scenario_id, a.priority_points, a.off_worklist,
       a.next_action_on AS action_on, t.step_no, t.label AS step, t.phase, t.channel, t.automatic, t.template,
       'scenario'::text AS source, NULL::bigint AS specific_action_id, NULL::text AS level, NULL::text AS resolver,
       receivables.collectable_items(a.receivables, a.promises, a.held, a.ignored, greatest(a.next_action_on, receivables.business_date()), t.phase = 'pre_due') AS items,
       receivables.collectable_amount(a.receivables, a.promises, a.held, a.ignored, greatest(a.next_action_on, receivables.business_date()), t.phase = 'pre_due')
         ::numeric(28,4) AS amount,
       receivables.overdue(a.receivables)::numeric(28,4) AS overdue,
       receivables.leader_due_date(a.receivables, a.promises, a.held, a.ignored) AS oldest_due_date, f.collector, f.name AS portfolio
FROM receivables.single_account a
JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
JOIN receivables.scenario_step t ON t.scenario = s.name AND t.step_no = a.next_step
LEFT JOIN receivables.portfolio f ON f.portfolio_id = a.collection_portfolio_id
WHERE a.next_action_on IS NOT NULL
UNION ALL
-- Likewise, of accounts that collect for others.
SELECT a.customer_id, a.collection_portfolio_id, a.scenario_id, a.priority_points, a.off_worklist,
       a.next_action_on, t.step_no, t.label, t.phase, t.channel, t.automatic, t.template, 'scenario', NULL, NULL, NULL,
       receivables.collectable_items(a.receivables, a.promises, a.held, a.ignored, greatest(a.next_action_on, receivables.business_date()), t.phase = 'pre_due'),
       receivables.collectable_amount(a.receivables, a.promises, a.held, a.ignored, greatest(a.next_action_on, receivables.business_date()), t.phase = 'pre_due')
         ::numeric(28,4),
       receivables.overdue(a.receivables)::numeric(28,4), receivables.leader_due_date(a.receivables, a.promises, a.held, a.ignored), f.collector, f.name
FROM receivables.group_account a
JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
JOIN receivables.scenario_step t ON t.scenario = s.name AND t.step_no = a.next_step
LEFT JOIN receivables.portfolio f ON f.portfolio_id = a.collection_portfolio_id
WHERE a.next_action_on IS NOT NULL
UNION ALL
-- Specific actions with open items, collected with the account of their customer.
SELECT coalesce(p.collection_account_id, p.customer_id), coalesce(a.collection_portfolio_id, p.collection_portfolio_id), coalesce(a.scenario_id, p.scenario_id),
       coalesce(a.priority_points, p.priority_points), coalesce(a.off_worklist, p.off_worklist),
       f.action_on, NULL, f.label, NULL, f.channel, f.automatic, NULL,
       'specific', f.specific_action_id, NULL, f.resolver, f.items, f.amount, f.overdue, f.oldest_due_date, o.collector, o.name
FROM receivables.pending_specific_action f
JOIN receivables.position p ON p.customer_id = f.customer_id
LEFT JOIN receivables.position a ON a.customer_id = p.collection_account_id
LEFT JOIN receivables.portfolio o ON o.portfolio_id = coalesce(a.collection_portfolio_id, p.collection_portfolio_id)
UNION ALL
-- Alerts of the collection agenda. Unpacking every customer's memberships for nothing is spared where no rule wants any.
SELECT coalesce(p.collection_account_id, p.customer_id), coalesce(a.collection_portfolio_id, p.collection_portfolio_id), coalesce(a.scenario_id, p.scenario_id),
       coalesce(a.priority_points, p.priority_points), coalesce(a.off_worklist, p.off_worklist),
       l.since, NULL, l.label, NULL, 'task', 'manual', NULL,
       'alert', NULL, l.level, NULL, receivables.item_count(p.receivables), receivables.total(p.receivables)::numeric(28,4),
       receivables.overdue(p.receivables)::numeric(28,4), receivables.oldest_due(p.receivables), f.collector, f.name
FROM receivables.alert l
JOIN receivables.position p ON p.customer_id = l.customer_id
LEFT JOIN receivables.position a ON a.customer_id = p.collection_account_id
LEFT JOIN receivables.portfolio f ON f.portfolio_id = coalesce(a.collection_portfolio_id, p.collection_portfolio_id)
WHERE l.agenda = 'collection' AND EXISTS (SELECT FROM receivables.alert_rule r WHERE r.agenda = 'collection')
UNION ALL
-- Broken promises that nobody has followed up yet.
SELECT coalesce(p.collection_account_id, p.customer_id), coalesce(a.collection_portfolio_id, p.collection_portfolio_id), coalesce(a.scenario_id, p.scenario_id),
       coalesce(a.priority_points, p.priority_points), coalesce(a.off_worklist, p.off_worklist),
       b.judged_on, NULL, b.label, NULL, 'call', 'manual', NULL,
       'alert', NULL, 'warning', NULL, receivables.item_count(p.receivables), b.missing, receivables.overdue(p.receivables)::numeric(28,4),
       receivables.oldest_due(p.receivables), f.collector, f.name
FROM receivables.broken_promise b
JOIN receivables.position p ON p.customer_id = b.customer_id
LEFT JOIN receivables.position a ON a.customer_id = p.collection_account_id
LEFT JOIN receivables.portfolio f ON f.portfolio_id = coalesce(a.collection_portfolio_id, p.collection_portfolio_id);
COMMENT ON VIEW receivables.agenda_action IS
  'One row per action due or coming, before names are added: the scenario''s next action, specific actions, alerts and broken promises to be followed up. Used by collection_agenda.';
COMMENT ON COLUMN receivables.agenda_action.customer_id IS 'Account.';
COMMENT ON COLUMN receivables.agenda_action.collection_portfolio_id IS 'Number of its collection portfolio.';
COMMENT ON COLUMN receivables.agenda_action.scenario_id IS 'Number of its scenario.';
COMMENT ON COLUMN receivables.agenda_action.priority_points IS 'Sum of the points of the priority rules matched by the account.';
COMMENT ON COLUMN receivables.agenda_action.off_worklist IS 'An exit rule takes the account off the worklist.';
COMMENT ON COLUMN receivables.agenda_action.action_on IS 'Date of the action.';
COMMENT ON COLUMN receivables.agenda_action.step_no IS 'Step of the scenario.';
COMMENT ON COLUMN receivables.agenda_action.step IS 'What is to be done.';
COMMENT ON COLUMN receivables.agenda_action.phase IS 'Phase of the step.';
COMMENT ON COLUMN receivables.agenda_action.channel IS 'Channel.';
COMMENT ON COLUMN receivables.agenda_action.automatic IS 'manual, confirm or auto.';
COMMENT ON COLUMN receivables.agenda_action.template IS 'Template of the step.';
COMMENT ON COLUMN receivables.agenda_action.source IS 'scenario, specific or alert.';
COMMENT ON COLUMN receivables.agenda_action.specific_action_id IS 'Number of the specific action.';
COMMENT ON COLUMN receivables.agenda_action.level IS 'Level of an alert.';
COMMENT ON COLUMN receivables.agenda_action.resolver IS 'Who is in charge of a specific action, where it is not the collector.';
COMMENT ON COLUMN receivables.agenda_action.items IS 'Number of items concerned.';
COMMENT ON COLUMN receivables.agenda_action.amount IS 'Their collectable or open amount.';
COMMENT ON COLUMN receivables.agenda_action.overdue IS 'Overdue amount of the account, of a specific action that of its items.';
COMMENT ON COLUMN receivables.agenda_action.oldest_due_date IS 'Oldest due date; of a scenario action the leader''s.';
COMMENT ON COLUMN receivables.agenda_action.collector IS 'Collector of that portfolio.';
COMMENT ON COLUMN receivables.agenda_action.portfolio IS 'Name of that portfolio.';

CREATE VIEW receivables.collection_agenda AS
SELECT a.action_on, greatest(0, receivables.business_date() - a.action_on) AS days_waiting, a.collector, a.portfolio,
       c.customer_id, c.account_no, c.name AS customer, c.company, m.currency, s.name AS scenario, a.step_no, a.step, a.phase, a.channel, a.automatic, a.template,
       a.source, a.specific_action_id, a.level, a.resolver, a.items, a.amount, a.overdue, a.oldest_due_date,
       q.percent AS priority_score, k.names[pg_catalog.width_bucket(q.percent::numeric, k.from_percents)] AS priority_band,
       rank() OVER (PARTITION BY a.collector ORDER BY q.percent DESC, a.amount DESC, c.customer_id, a.source, a.specific_action_id, a.step) AS priority_rank
FROM receivables.agenda_action a
JOIN receivables.customer c ON c.customer_id = a.customer_id
LEFT JOIN receivables.company m ON m.company = c.company
LEFT JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
CROSS JOIN receivables.priority_scale k
CROSS JOIN LATERAL (SELECT receivables.priority_percent(a.priority_points, k.maximum)::numeric(5,2)) q(percent)
WHERE NOT c.collection_blocked AND NOT a.off_worklist
  AND NOT EXISTS (SELECT FROM receivables.ramp_up_waiting w WHERE w.customer_id = a.customer_id);
COMMENT ON VIEW receivables.collection_agenda IS
  'One row per action due or coming (key customer_id, source, step_no, specific_action_id): what is to be done, when, by whom, for how much. Blocked customers, those off the worklist and those a ramp_up holds back are left out.';
COMMENT ON COLUMN receivables.collection_agenda.action_on IS 'Date of the action.';
COMMENT ON COLUMN receivables.collection_agenda.days_waiting IS 'Days since then; 0 for coming actions.';
COMMENT ON COLUMN receivables.collection_agenda.collector IS 'Collector of the portfolio; NULL without one.';
COMMENT ON COLUMN receivables.collection_agenda.portfolio IS 'Collection portfolio.';
COMMENT ON COLUMN receivables.collection_agenda.customer_id IS 'Account through which is collected.';
COMMENT ON COLUMN receivables.collection_agenda.account_no IS 'Its account number.';
COMMENT ON COLUMN receivables.collection_agenda.customer IS 'Its name.';
COMMENT ON COLUMN receivables.collection_agenda.company IS 'Selling company.';
COMMENT ON COLUMN receivables.collection_agenda.currency IS 'Currency of the amounts: the company''s.';
COMMENT ON COLUMN receivables.collection_agenda.scenario IS 'Scenario of the account.';
COMMENT ON COLUMN receivables.collection_agenda.step_no IS 'Step, for actions of the scenario.';
COMMENT ON COLUMN receivables.collection_agenda.step IS 'What is to be done: label of the step, the specific action or the alert.';
COMMENT ON COLUMN receivables.collection_agenda.phase IS 'Phase of the step: pre_due, amicable, pre_litigation, litigation.';
COMMENT ON COLUMN receivables.collection_agenda.channel IS 'Channel.';
COMMENT ON COLUMN receivables.collection_agenda.automatic IS 'manual, confirm (automatic once confirmed) or auto.';
COMMENT ON COLUMN receivables.collection_agenda.template IS 'Template of the step.';
COMMENT ON COLUMN receivables.collection_agenda.source IS 'scenario, specific or alert.';
COMMENT ON COLUMN receivables.collection_agenda.specific_action_id IS 'Number of the specific action, for complete_action() and its kin.';
COMMENT ON COLUMN receivables.collection_agenda.level IS 'Level of an alert: info, warning, critical.';
COMMENT ON COLUMN receivables.collection_agenda.resolver IS 'Who is in charge of a specific action.';
COMMENT ON COLUMN receivables.collection_agenda.items IS 'Number of items: collectable ones due on the day of the action, those of the specific action, or the open items of the account.';
COMMENT ON COLUMN receivables.collection_agenda.amount IS 'Amount to collect: on the day of the action, or today where that has passed.';
COMMENT ON COLUMN receivables.collection_agenda.overdue IS 'Overdue amount of the account, net of credits; of a specific action that of its items.';
COMMENT ON COLUMN receivables.collection_agenda.oldest_due_date IS 'Due date of the leader invoice, or the oldest of the items.';
COMMENT ON COLUMN receivables.collection_agenda.priority_score IS 'Priority of the customer in percent (customer_priority).';
COMMENT ON COLUMN receivables.collection_agenda.priority_band IS 'Its band.';
COMMENT ON COLUMN receivables.collection_agenda.priority_rank IS 'Place in the collector''s worklist: by priority_score, then amount, descending, then customer_id.';

CREATE VIEW receivables.collection_agenda_item AS
SELECT i.account_id AS customer_id, i.customer_id AS item_customer_id, i.item_id, 'scenario'::text AS source, NULL::bigint AS specific_action_id,
       i.document_no, i.kind, i.document_date, i.due_date, greatest(0, receivables.business_date() - i.due_date) AS days_overdue, i.open_amount, i.status, i.promised_on,
       i.document_url,
       row_number() OVER (PARTITION BY i.account_id ORDER BY i.due_date, i.open_amount DESC, i.item_id) = 1 AS is_leader
FROM receivables.collection_account a
JOIN receivables.scenario s ON s.scenario_id = a.scenario_id
JOIN receivables.scenario_step t ON t.scenario = s.name AND t.step_no = a.next_step
CROSS JOIN LATERAL (SELECT greatest(a.next_action_on, receivables.business_date(),
    CASE t.phase WHEN 'pre_due' THEN receivables.leader_due_date(a.receivables, a.promises, a.held, a.ignored) END) AS day) d
JOIN receivables.collectable_item i ON i.account_id = a.customer_id AND i.due_date <= d.day
WHERE a.next_action_on IS NOT NULL
UNION ALL
SELECT coalesce(p.collection_account_id, p.customer_id), i.customer_id, i.item_id, 'specific', f.specific_action_id,
       i.document_no, i.kind, i.document_date, i.due_date, greatest(0, receivables.business_date() - i.due_date),
       pg_catalog.round(i.open_amount * i.fx_rate, 4)::numeric(28,4), i.status, i.promised_on, i.document_url, false
FROM receivables.specific_action f
JOIN receivables.position p ON p.customer_id = f.customer_id
JOIN receivables.item i ON i.customer_id = f.customer_id AND i.specific_action_id = f.specific_action_id AND i.open_amount > 0
WHERE f.state = 'planned';
COMMENT ON VIEW receivables.collection_agenda_item IS
  'One row per item of an action of the agenda (key item_customer_id, item_id, source): the collectable items of an account that are due on the day of its action, and those of specific actions.';
COMMENT ON COLUMN receivables.collection_agenda_item.customer_id IS 'Account, as in collection_agenda.';
COMMENT ON COLUMN receivables.collection_agenda_item.item_customer_id IS 'Customer of the item: the account, or one collected through it.';
COMMENT ON COLUMN receivables.collection_agenda_item.item_id IS 'Item.';
COMMENT ON COLUMN receivables.collection_agenda_item.source IS 'scenario or specific.';
COMMENT ON COLUMN receivables.collection_agenda_item.specific_action_id IS 'Number of the specific action.';
COMMENT ON COLUMN receivables.collection_agenda_item.document_no IS 'Document number.';
COMMENT ON COLUMN receivables.collection_agenda_item.kind IS 'Kind.';
COMMENT ON COLUMN receivables.collection_agenda_item.document_date IS 'Document date.';
COMMENT ON COLUMN receivables.collection_agenda_item.due_date IS 'Due date.';
COMMENT ON COLUMN receivables.collection_agenda_item.days_overdue IS 'Days overdue, 0 while it is not.';
COMMENT ON COLUMN receivables.collection_agenda_item.open_amount IS 'Open amount in the company''s currency.';
COMMENT ON COLUMN receivables.collection_agenda_item.status IS 'Status.';
COMMENT ON COLUMN receivables.collection_agenda_item.promised_on IS 'Promised date.';
COMMENT ON COLUMN receivables.collection_agenda_item.document_url IS 'Link to the document.';
COMMENT ON COLUMN receivables.collection_agenda_item.is_leader IS 'The leader invoice, whose due date drives the scenario.';

CREATE VIEW receivables.agenda_summary AS
SELECT a.collector, a.action_on, a.channel, count(*) AS actions, count(*) FILTER (WHERE a.automatic <> 'manual') AS automatic_actions,
       count(DISTINCT a.customer_id) AS customers, sum(a.amount)::numeric(28,4) AS amount, a.currency
FROM receivables.collection_agenda a
GROUP BY a.collector, a.action_on, a.channel, a.currency;
COMMENT ON VIEW receivables.agenda_summary IS 'One row per collector, day, channel and currency (its key): the number of actions and their amounts.';
COMMENT ON COLUMN receivables.agenda_summary.collector IS 'Collector; NULL without one.';
COMMENT ON COLUMN receivables.agenda_summary.action_on IS 'Day.';
COMMENT ON COLUMN receivables.agenda_summary.channel IS 'Channel.';
COMMENT ON COLUMN receivables.agenda_summary.actions IS 'Number of actions.';
COMMENT ON COLUMN receivables.agenda_summary.automatic_actions IS 'Of them automatic ones, to be confirmed or not.';
COMMENT ON COLUMN receivables.agenda_summary.customers IS 'Number of accounts.';
COMMENT ON COLUMN receivables.agenda_summary.amount IS 'Sum of the amounts to collect; one customer''s actions may overlap.';
COMMENT ON COLUMN receivables.agenda_summary.currency IS 'Currency of the amount.';

CREATE VIEW receivables.scenario_check AS
SELECT p.scenario, p.step_no, p.severity, p.problem FROM receivables.scenario_problem p
UNION ALL
SELECT s.name, NULL, 'warning', pg_catalog.format('%s customers with something to collect have run out of steps', count(*))
FROM receivables.builtin_alert b
JOIN receivables.position p ON p.customer_id = b.customer_id
JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
WHERE b.code = 'scenario_exhausted' GROUP BY s.name;
COMMENT ON VIEW receivables.scenario_check IS
  'What is wrong with the scenarios, one row a problem: error = it cannot work, warning = hardly meant so. No rows: all is well.';
COMMENT ON COLUMN receivables.scenario_check.scenario IS 'Scenario; NULL for a calendar that no scenario uses.';
COMMENT ON COLUMN receivables.scenario_check.step_no IS 'Step, NULL where the problem is the scenario''s.';
COMMENT ON COLUMN receivables.scenario_check.severity IS 'error or warning.';
COMMENT ON COLUMN receivables.scenario_check.problem IS 'The problem in words.';
