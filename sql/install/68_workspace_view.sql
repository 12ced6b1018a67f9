-- What a collector sees of a customer: one row with figures, and the list behind them. Outer joins that find at most one
-- row: a query pays only for the columns it reads.

CREATE VIEW receivables.collector_workspace AS
SELECT c.customer_id, c.account_no, c.name AS customer, c.company, o.currency, c.country,
       s.name AS scenario, f.name AS portfolio, f.collector, c.collection_blocked, receivables.business_date() AS as_of_date,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue,
       receivables.credits(p.receivables)::numeric(28,4) AS credits,
       receivables.item_count(p.receivables) AS open_items,
       receivables.overdue_item_count(p.receivables) AS overdue_items,
       receivables.oldest_due(p.receivables) AS oldest_due_date,
       receivables.days_overdue(p.receivables) AS days_overdue,
       coalesce(d.open_disputes, 0) AS open_disputes, coalesce(d.disputed_amount, 0)::numeric(28,4) AS disputed_amount, d.oldest_dispute_on,
       coalesce(r.open_promises, 0) AS open_promises, coalesce(r.promised_amount, 0)::numeric(28,4) AS promised_amount, r.next_promise_on,
       coalesce(r.broken_promises, 0) AS broken_promises, coalesce(r.broken_amount, 0)::numeric(28,4) AS broken_amount, r.last_broken_on,
       coalesce(t.documents, 0) AS documents,
       coalesce(n.notes, 0) AS notes, coalesce(n.calls, 0) AS calls, n.last_note_on, l.body AS last_note,
       p.last_action_on, p.next_action_on,
       k.name AS contact, k.email AS contact_email, k.phone AS contact_phone
FROM receivables.current_position p
JOIN receivables.customer c ON c.customer_id = p.customer_id
LEFT JOIN receivables.company o ON o.company = c.company
LEFT JOIN receivables.scenario s ON s.scenario_id = p.scenario_id
LEFT JOIN receivables.portfolio f ON f.portfolio_id = p.collection_portfolio_id
LEFT JOIN LATERAL (
  SELECT count(*) AS open_disputes, sum(x.amount) AS disputed_amount, min(x.opened_on) AS oldest_dispute_on
  FROM receivables.dispute x WHERE x.customer_id = c.customer_id AND x.resolved_on IS NULL) d ON true
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE x.state = 'open') AS open_promises, sum(x.amount - x.paid) FILTER (WHERE x.state = 'open') AS promised_amount,
         min(x.promised_on) FILTER (WHERE x.state = 'open') AS next_promise_on,
         count(*) FILTER (WHERE x.state IN ('broken', 'partially_kept')) AS broken_promises,
         sum(x.amount - x.paid) FILTER (WHERE x.state IN ('broken', 'partially_kept')) AS broken_amount,
         max(x.judged_on) FILTER (WHERE x.state IN ('broken', 'partially_kept')) AS last_broken_on
  FROM receivables.promise_state x WHERE x.customer_id = c.customer_id) r ON true
LEFT JOIN LATERAL (
  SELECT count(*) AS documents FROM receivables.customer_document x WHERE x.customer_id = c.customer_id) t ON true
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE x.kind = 'note') AS notes, count(*) FILTER (WHERE x.kind = 'call') AS calls, max(x.created_on) AS last_note_on
  FROM receivables.note x WHERE x.customer_id = c.customer_id) n ON true
LEFT JOIN LATERAL (
  SELECT min(y.body) AS body
  FROM (SELECT x.body FROM receivables.note x WHERE x.customer_id = c.customer_id ORDER BY x.note_id DESC LIMIT 1) y) l ON true
LEFT JOIN receivables.collection_contact k ON k.customer_id = c.customer_id;
COMMENT ON VIEW receivables.collector_workspace IS
  'One row per customer (key customer_id): what a collector must know before a call. Amounts in the currency of the company; workspace_entry lists what is counted here.';

CREATE VIEW receivables.workspace_entry AS
SELECT i.customer_id, 'item'::text AS entry_kind, i.item_id AS entry_id, i.item_id, i.document_date AS entry_on, i.due_date AS due_on,
       coalesce(t.label, i.kind) AS title, coalesce(i.status, 'unqualified') AS state, i.status_comment AS body,
       pg_catalog.round(i.open_amount * i.fx_rate, 4)::numeric(28,4) AS amount, i.resolver AS person, i.document_url AS url
FROM receivables.item i LEFT JOIN receivables.item_status t ON t.code = i.status WHERE i.open_amount <> 0
UNION ALL
SELECT d.customer_id, 'dispute', d.dispute_id, NULL, d.opened_on, d.expected_on, t.label, coalesce(d.outcome, 'open'),
       coalesce(d.resolution_comment, d.comment), d.amount::numeric(28,4), d.resolver, NULL
FROM receivables.dispute d JOIN receivables.dispute_type t ON t.code = d.dispute_type
UNION ALL
SELECT p.customer_id, 'promise', p.promise_id, NULL, p.promised_at, p.promised_on,
       CASE WHEN p.plan_id IS NULL THEN 'Promise to pay' ELSE pg_catalog.format('Instalment %s of plan %s', p.instalment_no, p.plan_id) END,
       p.state, p.comment, p.amount, coalesce(p.collector, p.made_by), NULL
FROM receivables.promise_state p
UNION ALL
SELECT d.customer_id, 'document', d.document_id, d.item_id, d.document_date, NULL, coalesce(d.label, d.document_no), d.kind, NULL, NULL::numeric(28,4), NULL, d.url
FROM receivables.customer_document d
UNION ALL
SELECT n.customer_id, n.kind, n.note_id, n.item_id, n.created_on, NULL, c.name, n.direction, n.body, NULL::numeric(28,4), n.created_by, NULL
FROM receivables.note n LEFT JOIN receivables.contact c ON c.customer_id = n.customer_id AND c.contact_id = n.contact_id;
COMMENT ON VIEW receivables.workspace_entry IS
  'One row per open item, dispute, promise, document, note and call of a customer (key customer_id, entry_kind, entry_id, for documents together with item_id).';

DO $$
DECLARE
  c text[];
BEGIN
  FOREACH c SLICE 1 IN ARRAY ARRAY[
    ['collector_workspace', 'customer_id', 'Customer; key of the view.'], ['collector_workspace', 'account_no', 'Account number in the ERP.'],
    ['collector_workspace', 'customer', 'Name of the customer.'], ['collector_workspace', 'company', 'Selling company.'],
    ['collector_workspace', 'currency', 'Currency of the amounts: the company''s.'], ['collector_workspace', 'country', 'Country of the customer.'],
    ['collector_workspace', 'scenario', 'Collection scenario, NULL without one.'], ['collector_workspace', 'portfolio', 'Collection portfolio, NULL without one.'],
    ['collector_workspace', 'collector', 'Collector of the portfolio.'], ['collector_workspace', 'collection_blocked', 'Kept out of the agenda.'],
    ['collector_workspace', 'as_of_date', 'Business date of the figures.'], ['collector_workspace', 'outstanding', 'All open amounts, net of credits.'],
    ['collector_workspace', 'overdue', 'Overdue amounts, net of credits.'], ['collector_workspace', 'credits', 'Open credits, 0 or negative.'],
    ['collector_workspace', 'open_items', 'Number of open items.'], ['collector_workspace', 'overdue_items', 'Number of overdue items.'],
    ['collector_workspace', 'oldest_due_date', 'Due date of the oldest open debit.'], ['collector_workspace', 'days_overdue', 'Days the oldest open debit is overdue.'],
    ['collector_workspace', 'open_disputes', 'Disputes not resolved.'], ['collector_workspace', 'disputed_amount', 'Their disputed amount.'],
    ['collector_workspace', 'oldest_dispute_on', 'Day on which the oldest of them was opened.'], ['collector_workspace', 'open_promises', 'Promises not yet judged.'],
    ['collector_workspace', 'promised_amount', 'Still to be paid on them.'], ['collector_workspace', 'next_promise_on', 'Date of the next of them.'],
    ['collector_workspace', 'broken_promises', 'Promises broken or kept only in part, ever.'], ['collector_workspace', 'broken_amount', 'What was not paid in time on them.'],
    ['collector_workspace', 'last_broken_on', 'Day on which the last of them was judged.'], ['collector_workspace', 'documents', 'Documents of the customer''s items.'],
    ['collector_workspace', 'notes', 'Notes.'], ['collector_workspace', 'calls', 'Calls logged.'], ['collector_workspace', 'last_note_on', 'Day of the last note or call.'],
    ['collector_workspace', 'last_note', 'Text of the last note or call.'], ['collector_workspace', 'last_action_on', 'Date of the last collection action.'],
    ['collector_workspace', 'next_action_on', 'Date of the next collection action.'], ['collector_workspace', 'contact', 'Contact for collection (collection_contact).'],
    ['collector_workspace', 'contact_email', 'E-mail address for collection.'], ['collector_workspace', 'contact_phone', 'Telephone number for collection.'],
    ['workspace_entry', 'customer_id', 'Customer.'], ['workspace_entry', 'entry_kind', 'item, dispute, promise, document, note or call.'],
    ['workspace_entry', 'entry_id', 'Number of the item, dispute, promise, document or note.'], ['workspace_entry', 'item_id', 'Item it is about, NULL = the customer or several items.'],
    ['workspace_entry', 'entry_on', 'Date: of the document, or the business date on which it was recorded.'],
    ['workspace_entry', 'due_on', 'Due date, expected date of a dispute, promised date.'], ['workspace_entry', 'title', 'Status, type, label, or contact spoken to.'],
    ['workspace_entry', 'state', 'Status of an item, outcome of a dispute, state of a promise, kind of a document, direction of a call.'],
    ['workspace_entry', 'body', 'Comment or text.'], ['workspace_entry', 'amount', 'Open, disputed or promised amount in the currency of the company.'],
    ['workspace_entry', 'person', 'Resolver, collector or author.'], ['workspace_entry', 'url', 'Link to the document.']]
  LOOP
    EXECUTE pg_catalog.format('COMMENT ON COLUMN receivables.%I.%I IS %L', c[1], c[2], c[3]);
  END LOOP;
END $$;
