-- A company of 303 customers with something in every table, shipped rows edited.
CREATE EXTENSION search_assign;

UPDATE receivables.company SET currency = 'EUR', name = 'Edited' WHERE company = 'MAIN';
INSERT INTO receivables.company VALUES ('CA', 'Canada', 'CAD');
UPDATE receivables.item_status SET label = 'In dispute', follow_up_days = 3 WHERE code = 'dispute';
UPDATE receivables.item_status SET active = false WHERE code = 'doubtful';
INSERT INTO receivables.item_status (code, label, category) VALUES ('proof', 'Waits for a proof', 'dispute');
-- Each band now ends where the next one ended when it was shipped; the last one has another name.
UPDATE receivables.payer_profile_band SET up_to_days = 90 WHERE profile = 'bad';
UPDATE receivables.payer_profile_band SET up_to_days = 60 WHERE profile = 'slow';
UPDATE receivables.payer_profile_band SET up_to_days = 30 WHERE profile = 'average';
UPDATE receivables.payer_profile_band SET up_to_days = 15 WHERE profile = 'good';
UPDATE receivables.payer_profile_band SET profile = 'hopeless' WHERE profile = 'very bad';

INSERT INTO receivables.collector (name, role_name) VALUES ('carol', 'carol'), ('dave', NULL);
INSERT INTO receivables.calendar (name, weekend) VALUES ('Gulf', '{5,6}'), ('FR', '{6,7}');
INSERT INTO receivables.calendar_holiday VALUES ('FR', '2026-07-14', E'tab\there'), ('FR', '2026-12-25', NULL);
SELECT receivables.set_promise_tolerance(3, 'FR');
INSERT INTO receivables.scenario (name, is_default, calendar) VALUES ('soft', true, NULL), ('hard', false, 'FR');
INSERT INTO receivables.scenario_step (scenario, step_no, label) VALUES ('soft', 1, 'Reminder'), ('hard', 1, 'Call'), ('hard', 2, 'Letter');
INSERT INTO receivables.portfolio (name, kind, collector, is_default) VALUES ('all', 'collection', 'carol', true), ('big', 'collection', 'dave', false), ('risk', 'risk', NULL, false);
INSERT INTO receivables.customer_group (name) VALUES ('late'), ('promises'), ('called');
INSERT INTO receivables.search (name, criteria, description) VALUES
  ('large', 'outstanding >= 5000', 'Large accounts'), ('late', 'overdue(receivables, 30) > 0', NULL), ('new', 'created_on >= business_date() - 30', NULL),
  ('slow', 'payer_profile in (''slow'', ''bad'', ''hopeless'')', NULL), ('promised', 'total(promised) > 0', NULL), ('deleted', 'overdue > 0', NULL),
  ('fails', 'outstanding > 0 and 1 / (open_items - 3) >= 0', 'Division by zero for some');
DELETE FROM receivables.search WHERE name = 'deleted';
UPDATE receivables.search SET criteria = 'outstanding >= 6000' WHERE name = 'large';
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES (10, 'late', 'hard');
INSERT INTO receivables.assignment_rule (search, portfolio) VALUES ('large', 'big'), ('slow', 'risk');
INSERT INTO receivables.assignment_rule (search, customer_group, autorun) VALUES ('late', 'late', true), ('promised', 'promises', true), ('large', 'called', false), ('fails', 'promises', true);
INSERT INTO receivables.assignment_rule (search, colleague) VALUES ('slow', 'dave');
INSERT INTO receivables.assignment_rule (search, option) VALUES ('late', 'late_interest');
INSERT INTO receivables.assignment_rule (search, option, new_customers_only) VALUES ('new', 'interactive_email', true);
INSERT INTO receivables.search (name, criteria) VALUES ('acting', 'next_action_on <= business_date()'), ('even', 'outstanding >= 100');
INSERT INTO receivables.alert_rule (search, level, agenda, label) VALUES ('late', 'critical', 'collection', 'Late'), ('large', 'info', 'risk', NULL), ('acting', 'warning', 'collection', NULL), ('fails', 'warning', 'risk', NULL);
INSERT INTO receivables.priority_rule (search, points, exit) VALUES ('late', 10, false), ('large', 5, false), ('new', 0, true), ('fails', 3, false);
UPDATE receivables.priority_setting SET maximum = 15;
UPDATE receivables.priority_band SET from_percent = 55 WHERE name = 'high';
UPDATE receivables.priority_band SET name = 'lowest' WHERE name = 'very low';
INSERT INTO receivables.balanced_search (search, measure) VALUES ('even', 'amount');

INSERT INTO receivables.customer (company, account_no, name, email, attributes, created_on)
SELECT CASE n % 5 WHEN 0 THEN 'CA' ELSE 'MAIN' END, 'A' || n, format(E'Name "%s"\t\\ %s', n, CASE n % 7 WHEN 0 THEN E'\n' END),
       CASE n % 3 WHEN 0 THEN 'x@example.org' END, jsonb_build_object('n', n), date '2026-05-01' + n % 60
FROM generate_series(1, 303) n;
UPDATE receivables.customer SET parent_id = 1 WHERE customer_id BETWEEN 2 AND 9;
INSERT INTO receivables.contact (customer_id, name, email, phone) SELECT n, 'Contact', 'c@example.org', CASE n % 2 WHEN 0 THEN '1' END FROM generate_series(1, 100) n;
INSERT INTO receivables.item (customer_id, erp_key, kind, document_date, due_date, fx_rate, amount, open_amount, cleared_on, status, promised_on, attributes)
SELECT 1 + n % 300, 'E' || n, CASE n % 9 WHEN 0 THEN 'credit_note' WHEN 1 THEN 'payment' ELSE 'invoice' END, date '2026-01-01' + n % 150, date '2026-01-31' + n * 7 % 190,
       CASE n % 4 WHEN 0 THEN 1.0842 ELSE 1 END, a, CASE n % 3 WHEN 0 THEN 0 WHEN 1 THEN round(a / 3, 2) END, CASE n % 6 WHEN 0 THEN date '2026-03-01' + n % 100 END,
       CASE n % 11 WHEN 0 THEN 'dispute' WHEN 1 THEN 'promise' WHEN 2 THEN 'proof' END, CASE n % 11 WHEN 1 THEN date '2026-06-10' + n % 20 END, '{"a": "\\"}'
FROM (SELECT n, (CASE WHEN n % 9 IN (0, 1) THEN -1 ELSE 1 END) * (n % 977 + n / 100.0) AS a FROM generate_series(1, 3000) n) x;
INSERT INTO receivables.payment_allocation (customer_id, item_id, amount, allocated_on)
SELECT customer_id, item_id, round((amount - open_amount) / 2, 2), due_date + 40 FROM receivables.item WHERE kind = 'invoice' AND item_id % 5 = 0 AND amount - open_amount > 1;
UPDATE receivables.item SET open_amount = round(open_amount / 2, 2) WHERE item_id % 4 = 1;
UPDATE receivables.item SET status = 'ongoing', status_comment = E'tab\there' WHERE item_id % 17 = 3;
DELETE FROM receivables.item WHERE item_id % 50 = 7;

SELECT receivables.pin_scenario(5, 'hard', '2026-12-31', 'dump'), receivables.pin_scenario(6, 'soft'), receivables.pin_portfolio(7, 'risk'),
       receivables.add_to_group(8, 'late', '2026-06-30'), receivables.exclude_from_group(9, 'late'), receivables.add_colleague(10, 'carol'), receivables.remove_colleague(11, 'dave');
UPDATE receivables.item_status SET action_model = 'Follow up' WHERE code = 'dispute';
INSERT INTO receivables.ramp_up (search, share_per_day) VALUES ('even', 0.15);
INSERT INTO receivables.ramp_up (search, start_on, customers_per_day) VALUES ('late', '2026-06-18', 7);
INSERT INTO receivables.balanced_portfolio (search, portfolio) SELECT 'even', name FROM receivables.portfolio WHERE kind = 'collection';
SELECT receivables.balance_portfolios();
CALL receivables.search_assign();

-- Promises, disputes and the workspace.
UPDATE receivables.dispute_type SET label = 'Wrong price', active = false WHERE code = 'price';
INSERT INTO receivables.dispute_type (code, label) VALUES ('rebate', 'Rebate');
UPDATE receivables.contact_role SET label = 'Who pays' WHERE code = 'collection';
INSERT INTO receivables.contact_role (code, label) VALUES ('board', 'Board');
INSERT INTO receivables.custom_field (name, label, data_type) VALUES ('n', 'Number', 'number');
SELECT receivables.record_promise(i.customer_id, array_agg(i.item_id), '2026-06-25', 'dump') FROM receivables.item i WHERE i.open_amount > 0 AND i.customer_id <= 40 GROUP BY i.customer_id ORDER BY 1;
SELECT receivables.make_promise(41, '2026-06-18', NULL, 100), receivables.make_payment_plan(42, '2026-06-30', 3, 300), receivables.make_payment_plan(43, '2026-06-30', 2, 300);
SELECT receivables.cancel_payment_plan(43, max(plan_id)) FROM receivables.payment_plan WHERE customer_id = 43;
INSERT INTO receivables.dispute (customer_id, dispute_type, amount, opened_on, resolved_on, outcome) VALUES (44, 'price', 10, '2026-06-01', '2026-06-10', 'accepted'), (45, 'rebate', 5, '2026-06-01', NULL, NULL);
INSERT INTO receivables.dispute_item (customer_id, dispute_id, item_id, converted_amount) SELECT d.customer_id, d.dispute_id, i.item_id, i.open_amount FROM receivables.dispute d JOIN receivables.item i USING (customer_id);
SELECT receivables.add_note(46, E'line\n\tline'), receivables.add_note(47, 'called', 'call', NULL, 'in', (SELECT min(contact_id) FROM receivables.contact WHERE customer_id = 47));
INSERT INTO receivables.item_document (customer_id, item_id, kind, url) SELECT customer_id, item_id, 'tracking', 'https://example.org/' || item_id FROM receivables.item WHERE item_id % 10 = 0;
SELECT receivables.qualify(customer_id, pg_catalog.array_agg(item_id), 'dispute', 'dump') FROM receivables.item WHERE open_amount > 0 AND customer_id BETWEEN 20 AND 25 GROUP BY customer_id;
SELECT receivables.complete_action(20, specific_action_id, 'credited') FROM receivables.specific_action WHERE customer_id = 20;
SELECT receivables.record_action(n, 'call', E'tab\there', item_ids => NULL) FROM pg_catalog.generate_series(20, 40) n;
SELECT receivables.complete_action(customer_id) FROM receivables.scenario_action WHERE customer_id BETWEEN 30 AND 60;
SELECT receivables.redate_action(customer_id, '2026-07-01') FROM receivables.scenario_action WHERE customer_id BETWEEN 61 AND 70;

-- A log of several months, each in a partition of its own.
ALTER TABLE receivables.membership_change_default DISABLE TRIGGER search_assign_guard;
UPDATE receivables.membership_change_default SET recorded_at = recorded_at - (1 + customer_id % 3) * interval '35 days';
ALTER TABLE receivables.membership_change_default ENABLE TRIGGER search_assign_guard;
CALL receivables.keep_membership_log();
SELECT receivables.drop_membership_partition(min(name)) FROM receivables.membership_partition;
UPDATE receivables.search SET criteria = 'outstanding >= 5000' WHERE name = 'large';
CALL receivables.search_assign();
