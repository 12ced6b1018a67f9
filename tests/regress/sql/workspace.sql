-- The workspace: notes, contacts, documents, custom fields, and what a collector sees of a customer.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

INSERT INTO collector (name) VALUES ('anna');
INSERT INTO portfolio (name, collector, is_default) VALUES ('all', 'anna', true);
INSERT INTO scenario (name, is_default) VALUES ('soft', true);
INSERT INTO customer (customer_id, account_no, name, email, phone, attributes) VALUES
  (1, 'A1', 'First', 'first@example.org', NULL, '{"region": "EMEA", "volume": 1500.5, "since": "2019-02-28", "key account": true}'),
  (2, 'A2', 'Second', ' ', '2', '{"region": "it''s", "volume": "1e400", "since": "2019-02-29", "key account": "perhaps"}'),
  (3, 'A3', 'Third', NULL, NULL, '{"volume": "12.34567", "since": "0000-01-01", "key account": "no", "other": 1}');
INSERT INTO contact (customer_id, contact_id, name, role, email, phone) VALUES
  (1, 11, 'Boss', 'management', 'boss@example.org', NULL), (1, 12, 'Clerk', 'accounting', 'clerk@example.org', '12'), (1, 13, 'Payer', 'collection', NULL, '13'),
  (2, 21, 'Books', 'accounting', NULL, NULL), (2, 22, 'Ledger', 'accounting', 'ledger@example.org', NULL);
INSERT INTO item (customer_id, item_id, document_no, document_date, due_date, amount, document_url) VALUES
  (1, 11, 'I11', '2026-04-01', '2026-05-01', 100, 'https://example.org/i11.pdf'), (1, 12, 'I12', '2026-05-01', '2026-06-01', 200, NULL), (2, 21, 'I21', '2026-06-01', '2026-07-01', 300, NULL);
INSERT INTO item (customer_id, item_id, amount, kind) VALUES (1, 13, -50, 'payment');

-- Contacts
SELECT code, label FROM contact_role ORDER BY 1;
SELECT * FROM collection_contact ORDER BY 1;

-- Notes and calls
SELECT s, pg_temp.try('SELECT ' || s) FROM unnest(ARRAY[
  $$add_note(99, 'x')$$, $$add_note(NULL, 'x')$$, $$add_note(1, NULL)$$, $$add_note(1, ' ')$$, $$add_note(1, 'x', 'mail')$$, $$add_note(1, 'x', NULL)$$, $$add_note(1, 'x', 'call', direction => 'up')$$,
  $$add_note(1, 'x', 'note', direction => 'in')$$, $$add_note(1, 'x', item_id => 21)$$, $$add_note(1, 'x', contact_id => 21)$$]) s;
SELECT add_note(1, 'Pays at the end of the month'), add_note(1, 'Has not received the invoice', 'call', 12, 'out', 13), add_note(2, 'Moved');
SELECT customer_id, note_id, item_id, kind, direction, contact_id, body, created_on, created_by = SESSION_USER AS me FROM note ORDER BY 1, 2;

-- Documents: written by an ERP job or a function; of items there are
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$INSERT INTO item_document (customer_id, item_id, url) VALUES (1, 11, 'https://example.org/1'), (1, 21, 'https://example.org/2')$$, $$INSERT INTO item_document (customer_id, item_id, url) VALUES (99, 11, 'x')$$,
  $$INSERT INTO item_document (customer_id, item_id, url) VALUES (1, 11, ' ')$$, $$INSERT INTO item_document (customer_id, item_id, kind, url) VALUES (1, 11, 'letter', 'x')$$,
  $$SELECT add_document(1, 21, 'claim', 'x')$$, $$SELECT add_document(1, NULL, 'claim', 'x')$$, $$SELECT add_document(1, 11, 'letter', 'x')$$, $$SELECT add_document(1, 11, 'claim', '')$$,
  $$SELECT add_document(1, 11, 'claim', 'x', 'infinity')$$]) s;
ALTER TABLE item_document ALTER document_id RESTART;
INSERT INTO item_document (customer_id, item_id, kind, url, document_date) VALUES (1, 11, 'proof_of_delivery', 'https://example.org/pod', '2026-04-03'), (1, 12, 'tracking', 'https://example.org/track', NULL);
SELECT add_document(2, 21, 'claim', 'https://example.org/claim', '2026-06-10', 'Claim of the carrier');
SELECT pg_temp.try('UPDATE item_document SET item_id = 77 WHERE kind = ''claim''');
SELECT * FROM customer_document ORDER BY 1, 2, 3;
-- they follow their item and go with it
UPDATE item SET customer_id = 3 WHERE item_id = 21;
UPDATE item SET item_id = 31 WHERE item_id = 21;
SELECT customer_id, item_id, document_id FROM item_document ORDER BY 1, 2, 3;
DELETE FROM item WHERE item_id = 31;
SELECT customer_id, item_id, document_id FROM item_document ORDER BY 1, 2, 3;

-- Custom fields
INSERT INTO custom_field (name, label, data_type, description) VALUES ('region', 'Region', 'text', 'Sales region'), ('volume', 'Yearly volume', 'number', NULL),
  ('since', 'Customer since', 'date', ''), ('key account', 'Key account', 'boolean', NULL), ('it''s', 'Quoted', 'text', NULL);
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[$$INSERT INTO custom_field (name, label) VALUES ('', 'x')$$, $$INSERT INTO custom_field (name, label, data_type) VALUES ('x', 'x', 'money')$$,
  $$INSERT INTO custom_field (name, label) VALUES ('region', 'x')$$, $$INSERT INTO custom_field (name, label) VALUES ('x', '')$$]) s;
SELECT customer_id, name, data_type, value, number_value, date_value, boolean_value FROM custom_field_value ORDER BY 1, 2;
SELECT custom_field, name, type, comment, follows_from_assignment, time_dependence, criteria_error(name || ' IS NOT NULL') AS error FROM search_attribute WHERE custom_field IS NOT NULL ORDER BY attribute_order;
SELECT customer_id FROM try_search($$(attributes->>'region') = 'EMEA' and (attributes->>'volume')::numeric > 1000 and (attributes->>'since') < '2020-01-01'$$);

-- The workspace
INSERT INTO promise (customer_id, promised_on, amount, promised_at, account_change_no, account_item_id) VALUES (1, '2026-06-20', 120, '2026-06-15', 0, 13), (1, '2026-06-10', 30, '2026-06-05', 0, 13);
INSERT INTO dispute (customer_id, dispute_type, amount, resolver, opened_on) VALUES (1, 'price', 80, 'sales', '2026-06-02');
INSERT INTO dispute (customer_id, dispute_type, amount, opened_on, resolved_on, outcome) VALUES (1, 'delivery', 10, '2026-05-02', '2026-05-12', 'rejected');
UPDATE item SET status = 'dispute', status_comment = 'wrong price', resolver = 'sales' WHERE item_id = 12;
\x on
SELECT * FROM collector_workspace WHERE customer_id = 1;
\x off
SELECT customer_id, customer, outstanding, open_disputes, open_promises, documents, notes, calls, contact FROM collector_workspace ORDER BY 1;
SELECT customer_id, entry_kind, entry_id, item_id, entry_on, due_on, title, state, body, amount, nullif(person, SESSION_USER) AS person, url FROM workspace_entry ORDER BY 1, 2, 3, 4;

-- Views for BI: plain types, short names, every column commented
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relname IN ('promise_state', 'payment_plan_state', 'promise_kept_rate_by_customer', 'promise_kept_rate_by_collector', 'dispute_case', 'dispute_resolution_time', 'collector_workspace',
    'workspace_entry', 'customer_document', 'collection_contact', 'custom_field_value')
  AND c.relnamespace = 'receivables'::regnamespace
  AND (format_type(a.atttypid, NULL) NOT IN ('boolean', 'integer', 'bigint', 'numeric', 'text', 'date', 'timestamp with time zone') OR (a.atttypid = 'numeric'::regtype AND a.atttypmod = -1)
    OR col_description(c.oid, a.attnum) IS NULL OR a.attname !~ '^[a-z][a-z0-9_]{0,29}$' OR length(c.relname) > 30) ORDER BY 1, 2;
-- One customer is found by keys
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
    IF line ~ 'Seq Scan on (promise|item |item_document|open_amount_change|note|dispute |contact |position)' THEN RETURN NEXT btrim(line); END IF;
  END LOOP;
END $$;
SELECT * FROM pg_temp.scans('SELECT * FROM collector_workspace WHERE customer_id = 1');
SELECT * FROM pg_temp.scans('SELECT * FROM workspace_entry WHERE customer_id = 1');
RESET enable_seqscan;

-- Rights
CREATE ROLE regress_workspace;
GRANT USAGE ON SCHEMA receivables TO regress_workspace;
SET ROLE regress_workspace;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['SELECT receivables.add_note(1, ''x'')', 'SELECT receivables.add_document(1, 11, ''claim'', ''x'')', 'SELECT count(*) FROM receivables.collector_workspace',
  'SELECT count(*) FROM receivables.custom_field']) s;
RESET ROLE;
DROP OWNED BY regress_workspace;
DROP ROLE regress_workspace;
DELETE FROM customer WHERE customer_id = 2;
SELECT count(*) FROM note WHERE customer_id = 2;
SELECT count(*) FROM check_positions();
DROP EXTENSION search_assign CASCADE;
