-- The company the traffic runs on.
INSERT INTO receivables.company (company, name, currency) VALUES ('CA', 'Canada', 'CAD');
INSERT INTO receivables.item_status (code, label, category, excludes_from_scenario) VALUES
  ('waiting', 'Waits for a proof', 'dispute', false), ('will pay', 'Says that it will be paid', 'promise', false), ('paused', 'Left alone for a while', 'ongoing', true);
SELECT receivables.install_example_action_models();
INSERT INTO receivables.calendar (name, weekend) VALUES ('week', '{6,7}'), ('gulf', '{5,6}'), ('every day', '{}');
INSERT INTO receivables.collector (name) VALUES ('carol'), ('dave');
INSERT INTO receivables.scenario (name) VALUES ('soft'), ('hard'), ('none');
INSERT INTO receivables.portfolio (name, kind, collector) VALUES
  ('alice', 'collection', 'carol'), ('bob', 'collection', NULL), ('risk one', 'risk', 'dave'), ('risk two', 'risk', NULL);
INSERT INTO receivables.customer_group (name) VALUES ('late'), ('risky'), ('big'), ('called1'), ('called2');
SELECT oracle.new_customers(1, 120, 7) \gexec
SELECT oracle.new_items(1, 120, 1500, 11) \gexec
-- Also far ahead, and long ago.
INSERT INTO receivables.item (customer_id, document_date, due_date, amount)
SELECT n, receivables.business_date() - 5, receivables.business_date() + 380 + n::integer * 3, 700 FROM generate_series(1, 20) n;
INSERT INTO receivables.customer (customer_id, account_no, name) SELECT n, 'F' || n, 'Far ' || n FROM generate_series(121, 126) n;
INSERT INTO receivables.item (customer_id, document_date, due_date, amount, open_amount, cleared_on)
SELECT n, receivables.business_date() + (n::integer - 121) * 150, receivables.business_date() + 300 + (n::integer - 121) * 100, 90, CASE WHEN n % 2 = 0 THEN 0 END,
       CASE WHEN n % 2 = 0 THEN receivables.business_date() + (n::integer - 121) * 90 END FROM generate_series(121, 126) n;
SELECT setval('receivables.customer_customer_id_seq', 1000);
