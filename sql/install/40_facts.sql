-- Customer facts: what criteria may speak of, one row a customer. This view is the only definition of
-- the facts: ledger transactions evaluate its expressions over the customer and position rows
-- (src/pg/facts.cpp), so it may read customer and current_position and nothing else.

CREATE TABLE receivables.payer_profile_band (
  profile    text NOT NULL CONSTRAINT payer_profile_band_pkey PRIMARY KEY,
  up_to_days integer CONSTRAINT payer_profile_band_up_to_days_key UNIQUE
);
CREATE UNIQUE INDEX payer_profile_band_open_idx ON receivables.payer_profile_band ((up_to_days IS NULL)) WHERE up_to_days IS NULL;
INSERT INTO receivables.payer_profile_band (profile, up_to_days) VALUES
  ('excellent', 0), ('good', 7), ('average', 15), ('slow', 30), ('bad', 60), ('very bad', NULL);
COMMENT ON TABLE receivables.payer_profile_band IS
  'Bands of the payer profile by average days late, rounded to whole days; up_to_days is inclusive, NULL = the rest.';
CREATE TRIGGER search_assign_restore BEFORE INSERT ON receivables.payer_profile_band
  FOR EACH ROW EXECUTE FUNCTION receivables.replace_shipped_row();

CREATE FUNCTION receivables.promised_profile(promises bytea, as_of date DEFAULT receivables.business_date()) RETURNS receivables.maturity_profile
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_promised_profile';
COMMENT ON FUNCTION receivables.promised_profile(bytea, date) IS
  'Profile of the items promised and not broken on the date: the promise''s deadline (promise_deadline) has not passed, or no date was given.';

CREATE FUNCTION receivables.sales_12m(sales receivables.maturity_profile, as_of date DEFAULT receivables.business_date()) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_sales_12m';
COMMENT ON FUNCTION receivables.sales_12m(receivables.maturity_profile, date) IS
  'Invoices, debit and credit notes dated after as_of - 12 months and up to as_of, from position.sales.';

CREATE FUNCTION receivables.last_invoice_on(sales receivables.maturity_profile) RETURNS date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_last_invoice_on';
COMMENT ON FUNCTION receivables.last_invoice_on(receivables.maturity_profile) IS 'Latest document date of an invoice, from position.sales.';

CREATE FUNCTION receivables.last_payment_on(payments receivables.maturity_profile) RETURNS date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_last_payment_on';
COMMENT ON FUNCTION receivables.last_payment_on(receivables.maturity_profile) IS
  'Latest date of a paid part of an invoice or of a payment item, from position.payments.';

CREATE FUNCTION receivables.average_days_late(payments receivables.maturity_profile, as_of date DEFAULT receivables.business_date()) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_average_days_late';
COMMENT ON FUNCTION receivables.average_days_late(receivables.maturity_profile, date) IS
  'Amount-weighted days between due date and payment over the payments of as_of''s calendar month and the six before it: sum(amount * days late) / sum(amount), 4 decimals; NULL without a payment. Early payment counts negative.';

CREATE FUNCTION receivables.payer_profile(payments receivables.maturity_profile, as_of date DEFAULT receivables.business_date()) RETURNS text
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_payer_profile';
COMMENT ON FUNCTION receivables.payer_profile(receivables.maturity_profile, date) IS
  'Band of payer_profile_band for the average days late in whole days; ''unknown'' without a paid invoice in the window.';

CREATE VIEW receivables.customer_facts AS
SELECT c.customer_id, c.company, c.account_no, c.name, c.parent_id, c.country, c.currency, c.language, c.sector,
       c.sales_rep, c.email, c.phone, c.payment_days, c.external_score, c.external_rating,
       c.collection_blocked, c.attributes, c.created_on,
       (p.contact_emails > 0 OR coalesce(pg_catalog.btrim(c.email) <> '', false)) AS has_email,
       (p.contact_phones > 0 OR coalesce(pg_catalog.btrim(c.phone) <> '', false)) AS has_phone,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue,
       receivables.not_due(p.receivables)::numeric(28,4) AS not_due,
       (CASE WHEN receivables.total(p.receivables) > 0
             THEN receivables.overdue(p.receivables) / receivables.total(p.receivables) END)::numeric(36,4) AS overdue_share,
       receivables.credits(p.receivables)::numeric(28,4) AS credits,
       receivables.item_count(p.receivables) AS open_items,
       receivables.overdue_item_count(p.receivables) AS overdue_items,
       receivables.oldest_due(p.receivables) AS oldest_due_date,
       receivables.days_overdue(p.receivables) AS days_overdue,
       p.receivables AS receivables,
       (p.receivables OPERATOR(receivables.-) p.qualified) AS unqualified,
       p.disputed AS disputed,
       receivables.promised_profile(p.promises) AS promised,
       receivables.last_payment_on(p.payments) AS last_payment_on,
       receivables.last_invoice_on(p.sales) AS last_invoice_on,
       p.last_action_on, p.next_action_on,
       receivables.sales_12m(p.sales)::numeric(28,4) AS sales_12m,
       receivables.average_days_late(p.payments)::numeric(28,4) AS average_days_late,
       receivables.payer_profile(p.payments) AS payer_profile,
       c.external_score AS internal_score,
       NULL::text AS rating,
       NULL::numeric(28,4) AS credit_limit,
       NULL::numeric(28,4) AS credit_available,
       NULL::numeric(9,4) AS credit_usage,
       false AS has_legal_event
FROM receivables.customer c JOIN receivables.current_position p ON p.customer_id = c.customer_id;

COMMENT ON VIEW receivables.customer_facts IS
  'One row per customer (key customer_id): everything criteria may speak of, as of the business date, in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.customer_facts.customer_id IS 'Customer, never changes.';
COMMENT ON COLUMN receivables.customer_facts.company IS 'Selling company.';
COMMENT ON COLUMN receivables.customer_facts.account_no IS 'Account number in the ERP, unique per company.';
COMMENT ON COLUMN receivables.customer_facts.name IS 'Name of the customer.';
COMMENT ON COLUMN receivables.customer_facts.parent_id IS 'Customer that this one belongs to, NULL without one.';
COMMENT ON COLUMN receivables.customer_facts.country IS 'Country code as the ERP gives it.';
COMMENT ON COLUMN receivables.customer_facts.currency IS 'Trading currency of the customer; amounts here are in the company''s currency.';
COMMENT ON COLUMN receivables.customer_facts.language IS 'Language of correspondence.';
COMMENT ON COLUMN receivables.customer_facts.sector IS 'Sector of industry.';
COMMENT ON COLUMN receivables.customer_facts.sales_rep IS 'Sales representative.';
COMMENT ON COLUMN receivables.customer_facts.email IS 'E-mail address on the customer itself.';
COMMENT ON COLUMN receivables.customer_facts.phone IS 'Telephone number on the customer itself.';
COMMENT ON COLUMN receivables.customer_facts.payment_days IS 'Payment term in days.';
COMMENT ON COLUMN receivables.customer_facts.external_score IS 'Score given from outside.';
COMMENT ON COLUMN receivables.customer_facts.external_rating IS 'Rating given from outside.';
COMMENT ON COLUMN receivables.customer_facts.collection_blocked IS 'Kept out of the agenda, not out of assignment.';
COMMENT ON COLUMN receivables.customer_facts.attributes IS 'Whatever else the ERP knows, as jsonb.';
COMMENT ON COLUMN receivables.customer_facts.created_on IS 'Date of the customer''s creation.';
COMMENT ON COLUMN receivables.customer_facts.has_email IS 'A non-blank e-mail address on the customer or one of its contacts.';
COMMENT ON COLUMN receivables.customer_facts.has_phone IS 'A non-blank telephone number on the customer or one of its contacts.';
COMMENT ON COLUMN receivables.customer_facts.outstanding IS 'Sum of the open amounts, net of credits; 0 without open items.';
COMMENT ON COLUMN receivables.customer_facts.overdue IS 'Part of outstanding whose due date has passed, net of credits.';
COMMENT ON COLUMN receivables.customer_facts.not_due IS 'Part of outstanding due today or later, net of credits.';
COMMENT ON COLUMN receivables.customer_facts.overdue_share IS 'overdue / outstanding as a fraction, 4 decimals; NULL where outstanding is not positive.';
COMMENT ON COLUMN receivables.customer_facts.credits IS 'Sum of the open credits, 0 or negative.';
COMMENT ON COLUMN receivables.customer_facts.open_items IS 'Number of open items, credits included.';
COMMENT ON COLUMN receivables.customer_facts.overdue_items IS 'Number of open items whose due date has passed, credits included.';
COMMENT ON COLUMN receivables.customer_facts.oldest_due_date IS 'Due date of the oldest open debit, NULL without one.';
COMMENT ON COLUMN receivables.customer_facts.days_overdue IS 'Days the oldest open debit is overdue; 0 without one or while it is not overdue.';
COMMENT ON COLUMN receivables.customer_facts.receivables IS 'Maturity profile of all open items.';
COMMENT ON COLUMN receivables.customer_facts.unqualified IS 'Maturity profile of the open items without a status.';
COMMENT ON COLUMN receivables.customer_facts.disputed IS 'Maturity profile of the open items with a status of category dispute.';
COMMENT ON COLUMN receivables.customer_facts.promised IS 'Maturity profile of the open items promised and not broken: the deadline of the promise (promise_deadline) has not passed.';
COMMENT ON COLUMN receivables.customer_facts.last_payment_on IS 'Latest date on which an invoice was paid, at least in part, or of a payment item; NULL where never.';
COMMENT ON COLUMN receivables.customer_facts.last_invoice_on IS 'Latest document date of an invoice; NULL where never.';
COMMENT ON COLUMN receivables.customer_facts.last_action_on IS 'Date of the last collection action done or recorded (action_log); NULL where never.';
COMMENT ON COLUMN receivables.customer_facts.next_action_on IS 'Date of the scenario''s next action (collection_agenda), NULL where none comes. Follows from assignment: not for rules.';
COMMENT ON COLUMN receivables.customer_facts.sales_12m IS 'Invoices, debit and credit notes dated within the last 12 months.';
COMMENT ON COLUMN receivables.customer_facts.average_days_late IS 'Amount-weighted days late over the payments of this calendar month and the six before it; NULL without one.';
COMMENT ON COLUMN receivables.customer_facts.payer_profile IS 'Payment behaviour: excellent, good, average, slow, bad, very bad (bands in payer_profile_band), or unknown.';
COMMENT ON COLUMN receivables.customer_facts.internal_score IS 'Internal score; until the scorecard is built it is the external score.';
COMMENT ON COLUMN receivables.customer_facts.rating IS 'Rating from the internal score; NULL until it is built.';
COMMENT ON COLUMN receivables.customer_facts.credit_limit IS 'Credit limit; NULL until limits are built.';
COMMENT ON COLUMN receivables.customer_facts.credit_available IS 'Credit limit less exposure; NULL until limits are built.';
COMMENT ON COLUMN receivables.customer_facts.credit_usage IS 'Exposure / credit limit as a fraction; NULL until limits are built.';
COMMENT ON COLUMN receivables.customer_facts.has_legal_event IS 'The customer has an open legal event; false until legal events are built.';
