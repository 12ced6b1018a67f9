-- Bench: 20 searches and 22 rules, as a credit manager's strategy would have them.
SET client_min_messages = warning;
INSERT INTO receivables.collector (name) VALUES ('Ann'), ('Bob'), ('Cem');
INSERT INTO receivables.scenario (name, is_default) VALUES ('Standard', true), ('Key account', false), ('Small', false),
  ('Risky', false), ('No action', false), ('Pre-due', false), ('Public', false);
INSERT INTO receivables.portfolio (name, kind, collector, is_default) VALUES ('General', 'collection', 'Ann', true),
  ('Special', 'collection', 'Bob', false), ('Europe', 'collection', 'Cem', false), ('Risk', 'risk', 'Cem', true);
INSERT INTO receivables.customer_group (name) SELECT 'Group ' || i FROM generate_series(1, 10) i;
INSERT INTO receivables.search (name, criteria) VALUES
  ('strategic', 'outstanding >= 50000'),
  ('standard', 'outstanding between 5000 and 50000 and has_email'),
  ('small', 'outstanding between 1 and 2000 and has_email'),
  ('risky', 'internal_score < 25 and overdue > 0'),
  ('old unqualified', 'overdue(unqualified, 30) > 2000'),
  ('very late', 'overdue(receivables, 40) > 1000'),
  ('late', 'days_overdue > 43'),
  ('no e-mail', 'not has_email'),
  ('europe', 'country in (''FR'', ''DE'')'),
  ('services', 'sector = ''services'' and outstanding > 10000'),
  ('mostly overdue', 'overdue_share > 0.8'),
  ('credits', 'credits < -1000'),
  ('many items', 'open_items >= 30'),
  ('due soon', 'due_within(receivables, 7) > 20000'),
  ('big overdue', 'overdue > 30000'),
  ('disputed', 'total(disputed) > 0'),
  ('new', 'created_on > business_date() - 30'),
  ('sleeping', 'not_since(last_payment_on, 90) and overdue > 20000'),
  ('bad payer', 'payer_profile in (''bad'', ''very bad'')'),
  ('grown', 'sales_12m > 40000 and not_due > 30000');
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES (10, 'old unqualified', 'No action'),
  (20, 'risky', 'Risky'), (30, 'strategic', 'Key account'), (40, 'small', 'Small'), (50, 'due soon', 'Pre-due'), (60, 'services', 'Public');
INSERT INTO receivables.assignment_rule (priority, search, portfolio) VALUES (10, 'very late', 'Special'), (20, 'risky', 'Special'), (30, 'europe', 'Europe');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('very late', 'Group 1'), ('risky', 'Group 2'), ('late', 'Group 3'),
  ('mostly overdue', 'Group 4'), ('credits', 'Group 5'), ('many items', 'Group 6'), ('big overdue', 'Group 7'), ('disputed', 'Group 8'), ('sleeping', 'Group 9'), ('bad payer', 'Group 10');
INSERT INTO receivables.assignment_rule (search, option) VALUES ('standard', 'interactive_email'), ('grown', 'discretionary_limit'), ('no e-mail', 'recovery_fee');
-- The scenarios have steps, so that every change of the ledger asks for the next action.
SELECT receivables.install_example_scenarios() \gset ignored_
INSERT INTO receivables.scenario_step
SELECT (pg_catalog.jsonb_populate_record(t, pg_catalog.jsonb_build_object('scenario', n.name))).*
FROM (VALUES ('Standard', 'standard'), ('Key account', 'key account'), ('Small', 'automated small'), ('Risky', 'risky'), ('Pre-due', 'standard'),
             ('Public', 'public sector')) n(name, example)
JOIN receivables.scenario_step t ON t.scenario = n.example;
UPDATE receivables.scenario s SET minimum_amount = e.minimum_amount, on_late_entry = e.on_late_entry, on_new_leader = e.on_new_leader, min_contact_days = e.min_contact_days
FROM receivables.scenario e WHERE (s.name, e.name) IN (('Standard', 'standard'), ('Key account', 'key account'), ('Small', 'automated small'), ('Risky', 'risky'));
