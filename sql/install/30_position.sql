-- Position: one row a customer that holds what the ledger says of it, compactly, and what was decided
-- from that. Kept by adding deltas (src/pg/position.cpp); check_positions() compares it with the ledger.

CREATE TABLE receivables.position (
  customer_id             bigint NOT NULL CONSTRAINT position_pkey PRIMARY KEY,
  configuration_version   bigint NOT NULL DEFAULT 0,
  decided_on              date,
  review_on               date,
  scenario_id             integer,
  collection_portfolio_id integer,
  risk_portfolio_id       integer,
  contact_emails          integer NOT NULL DEFAULT 0,
  contact_phones          integer NOT NULL DEFAULT 0,
  next_step               integer,
  priority_points         integer NOT NULL DEFAULT 0,
  hand_made               boolean NOT NULL DEFAULT false,
  failed                  boolean NOT NULL DEFAULT false,
  off_worklist            boolean NOT NULL DEFAULT false,
  last_action_on          date,
  next_action_on          date,
  collection_account_id   bigint,
  has_members             boolean NOT NULL DEFAULT false,
  receivables             receivables.maturity_profile NOT NULL DEFAULT '{}',
  qualified               receivables.maturity_profile NOT NULL DEFAULT '{}',
  disputed                receivables.maturity_profile NOT NULL DEFAULT '{}',
  sales                   receivables.maturity_profile NOT NULL DEFAULT '{}',
  payments                receivables.maturity_profile NOT NULL DEFAULT '{}',
  promises                bytea NOT NULL DEFAULT '\x01',
  held                    bytea NOT NULL DEFAULT '\x01',
  progress                bytea NOT NULL DEFAULT '\x01',
  ignored                 receivables.maturity_profile,
  assignment              bytea NOT NULL DEFAULT '\x01'
) WITH (fillfactor = 70);
-- Neither index has a column that an ordinary ledger transaction changes, the date of the next action included: its
-- update of the position stays HOT.
CREATE INDEX position_collection_portfolio_id_idx ON receivables.position (collection_portfolio_id);
CREATE INDEX position_collection_account_id_idx ON receivables.position (collection_account_id) WHERE collection_account_id IS NOT NULL;
COMMENT ON TABLE receivables.position IS
  'One row a customer: profiles of the ledger, the decision taken from them, and the next date on which time alone may change it. Changed only by the extension.';
COMMENT ON COLUMN receivables.position.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.position.scenario_id IS 'Number of the scenario, also in assignment; NULL without one.';
COMMENT ON COLUMN receivables.position.collection_portfolio_id IS 'Number of the collection portfolio, also in assignment; NULL without one.';
COMMENT ON COLUMN receivables.position.risk_portfolio_id IS 'Number of the risk portfolio, also in assignment; NULL without one.';
COMMENT ON COLUMN receivables.position.contact_emails IS 'Contacts with an e-mail address.';
COMMENT ON COLUMN receivables.position.contact_phones IS 'Contacts with a telephone number.';
COMMENT ON COLUMN receivables.position.next_step IS 'Step of the scenario that is next, NULL = none.';
COMMENT ON COLUMN receivables.position.priority_points IS 'Sum of the points of the priority rules matched (priority_explanation); 0 while off_worklist.';
COMMENT ON COLUMN receivables.position.off_worklist IS 'An exit rule matches: the customer is not on the worklist.';
COMMENT ON COLUMN receivables.position.last_action_on IS 'Date of the last collection action.';
COMMENT ON COLUMN receivables.position.next_action_on IS 'Date of the next action of the scenario; NULL without one.';
COMMENT ON COLUMN receivables.position.collection_account_id IS 'Customer through which this one is collected, as in customer.';
COMMENT ON COLUMN receivables.position.has_members IS 'Other customers are collected through this one.';
COMMENT ON COLUMN receivables.position.configuration_version IS 'Version of searches and rules the decision was taken with; 0 = never decided.';
COMMENT ON COLUMN receivables.position.decided_on IS 'Business date of the last decision.';
COMMENT ON COLUMN receivables.position.review_on IS 'First later date on which time alone may change an answer; NULL = never.';
COMMENT ON COLUMN receivables.position.hand_made IS 'The customer has hand-made assignments (table hand_assignment).';
COMMENT ON COLUMN receivables.position.failed IS 'A search failed for the customer at the last decision (table search_failure).';
COMMENT ON COLUMN receivables.position.receivables IS 'Open items by due date.';
COMMENT ON COLUMN receivables.position.qualified IS 'Open items that have a status, by due date.';
COMMENT ON COLUMN receivables.position.disputed IS 'Open items with a status of category dispute, by due date.';
COMMENT ON COLUMN receivables.position.sales IS 'By document date: debit = invoices, credit = debit and credit notes (either sign), with their counts.';
COMMENT ON COLUMN receivables.position.payments IS 'By date of payment: debit = paid parts of invoices, credit = those parts times days late, debit_items = parts, credit_items = payment items of that document date.';
COMMENT ON COLUMN receivables.position.promises IS 'Open items with a status of category promise, by promised date and due date.';
COMMENT ON COLUMN receivables.position.held IS 'Open debits that their status or a specific action keeps out of the scenario, by the promised date that ends it (without end: the last date there is) and due date.';
COMMENT ON COLUMN receivables.position.progress IS 'How far collection has come, from action_log: last step, its leader, dates of the last action and contact.';
COMMENT ON COLUMN receivables.position.ignored IS 'Open debits below the scenario''s ignore_below, with those of the accounts collected through this one; NULL where nothing is ignored.';
COMMENT ON COLUMN receivables.position.assignment IS 'Memberships of the customer: target, rule, source and start of each; read by the membership views.';
