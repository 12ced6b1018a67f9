-- What the roles of the README's "Rights" do and are refused. Any message is a failure; sections begin with SET SESSION AUTHORIZATION.
\set VERBOSITY terse
SET client_min_messages = warning;
SET search_path = receivables, public;
\set script `cat tests/readme/rights.sql`

CREATE FUNCTION pg_temp.refused(VARIADIC statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each text;
  state text;
BEGIN
  FOREACH each IN ARRAY statements LOOP
    BEGIN
      EXECUTE each;
      state := 'not at all';
    EXCEPTION WHEN OTHERS THEN
      state := SQLSTATE;
    END;
    IF state <> '42501' THEN
      RAISE WARNING '% was refused %: %', SESSION_USER, state, each;
    END IF;
  END LOOP;
END $$;

-- Reads a row of everything that may be read.
CREATE FUNCTION pg_temp.read_all() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each regclass;
BEGIN
  FOR each IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'receivables'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(c.oid, 'SELECT') LOOP
    BEGIN
      EXECUTE format('SELECT * FROM %s LIMIT 1', each);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING '% cannot read %: %', SESSION_USER, each, SQLERRM;
    END;
  END LOOP;
END $$;

-- Changes and deletes all rows of everything that may be written, and takes it back; what refuses a change for its contents is no matter here.
CREATE FUNCTION pg_temp.write_all() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each record;
  statement text;
BEGIN
  FOR each IN SELECT c.oid::regclass AS name, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
    WHERE c.relnamespace = 'receivables'::regnamespace AND has_table_privilege(c.oid, 'INSERT') LOOP
    FOREACH statement IN ARRAY ARRAY[format('UPDATE %s SET %I = %2$I', each.name, each.attname), format('DELETE FROM %s', each.name)] LOOP
      BEGIN
        EXECUTE statement;
        SET CONSTRAINTS ALL IMMEDIATE;
        RAISE EXCEPTION 'take it back' USING ERRCODE = 'P0099';
      EXCEPTION
        WHEN SQLSTATE 'P0099' OR SQLSTATE '2BP01' OR SQLSTATE '23503' OR SQLSTATE '55000' THEN NULL;
        WHEN OTHERS THEN RAISE WARNING '%, %: %', SESSION_USER, statement, SQLERRM;
      END;
    END LOOP;
  END LOOP;
END $$;

-- ---- the credit manager sets up --------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION credit_manager;
SELECT install_example_calendars(), install_example_scenarios(), install_example_action_models();
INSERT INTO calendar (name) VALUES ('ours');
INSERT INTO calendar_holiday (calendar, holiday, label) VALUES ('ours', '2030-01-01', 'New Year');
SELECT set_promise_tolerance(2, 'ours');
INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Other', false);
INSERT INTO scenario_step (scenario, step_no, label, channel, automatic, offset_days) VALUES
  ('Normal', 1, 'Reminder', 'email', 'auto', 5), ('Normal', 2, 'Call', 'call', 'manual', 12), ('Normal', 3, 'Notice', 'letter', 'confirm', 30);
SELECT duplicate_scenario('Normal', 'Normal, copied');
INSERT INTO customer_group (name) VALUES ('Large');
INSERT INTO collector (name, role_name) VALUES ('Emma', 'collector'), ('Nils', NULL);
INSERT INTO portfolio (name, collector, is_default) VALUES ('North', 'Emma', true), ('South', 'Nils', false);
INSERT INTO custom_field (name, label) VALUES ('segment', 'Segment');
INSERT INTO search (name, criteria) VALUES ('large', 'outstanding > 4000'), ('late', 'overdue(receivables, 0) > 0'), ('retail', 'customer_id = 6');
INSERT INTO assignment_rule (search, customer_group) VALUES ('large', 'Large');
INSERT INTO assignment_rule (search, option) VALUES ('late', 'late_interest');
INSERT INTO assignment_rule (search, colleague) VALUES ('large', 'Nils');
INSERT INTO priority_rule (search, points) VALUES ('late', 10);
INSERT INTO priority_band (name, from_percent) VALUES ('urgent', 95);
UPDATE priority_setting SET maximum = 20;
INSERT INTO alert_rule (search, label) VALUES ('late', 'Is late');
INSERT INTO ramp_up (search, customers_per_day) VALUES ('retail', 1);
INSERT INTO balanced_search (search) VALUES ('retail');
INSERT INTO balanced_portfolio (search, portfolio) VALUES ('retail', 'North'), ('retail', 'South');
INSERT INTO item_status (code, label, category) VALUES ('asked', 'Asked', 'ongoing');
INSERT INTO dispute_type (code, label) VALUES ('colour', 'Colour');
INSERT INTO contact_role (code, label) VALUES ('board', 'Board');
INSERT INTO payer_profile_band (profile, up_to_days) VALUES ('fair', 10);
CALL search_assign();

-- ---- the ERP posts ---------------------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION erp;
INSERT INTO company (company, name, currency) VALUES ('EU', 'Europe', 'EUR');
INSERT INTO customer (customer_id, company, account_no, name, email, attributes)
SELECT n, CASE WHEN n < 6 THEN 'MAIN' ELSE 'EU' END, 'A' || n, 'Customer ' || n, n || '@customers.example', '{"segment": "s"}' FROM generate_series(1, 6) n;
INSERT INTO contact (customer_id, name, role, phone) SELECT customer_id, 'Ms Weiss', 'collection', '123' FROM customer;
INSERT INTO item (customer_id, item_id, erp_key, document_no, due_date, amount)
SELECT c, c * 10 + n, 'K' || n, 'INV-' || c || n, business_date() - 20 * n, 1000 * c FROM generate_series(1, 6) c, generate_series(1, 3) n;
INSERT INTO item (customer_id, item_id, kind, amount) VALUES (4, 49, 'credit_note', -50);
UPDATE item SET open_amount = 600, status = 'asked' WHERE item_id = 13;
INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (1, 13, 400);
MERGE INTO item i USING (VALUES (2, 'K3', 500)) s (c, k, a) ON i.customer_id = s.c AND i.erp_key = s.k WHEN MATCHED THEN UPDATE SET open_amount = s.a;
DELETE FROM item WHERE item_id = 63;
INSERT INTO item_document (customer_id, item_id, url) VALUES (1, 11, 'https://documents.example/11');
CALL search_assign();
CALL search_assign_pending();
CALL search_assign_daily();
SELECT pg_temp.read_all(), pg_temp.write_all();
SELECT pg_temp.refused('SELECT FROM search', 'SELECT FROM assignment_rule', 'SELECT FROM position', 'SELECT FROM collection_agenda', 'SELECT FROM action_log',
  $$INSERT INTO search (name, criteria) VALUES ('x', 'true')$$, $$INSERT INTO assignment_rule (search, scenario) VALUES ('late', 'Other')$$,
  'DELETE FROM assignment_rule', 'UPDATE scenario SET minimum_amount = 1', 'UPDATE item_status SET active = false',
  $$UPDATE scenario_membership SET scenario = 'Other'$$, 'DELETE FROM group_membership', 'DELETE FROM position', 'DELETE FROM open_amount_change', 'DELETE FROM qualification',
  $$SELECT pin_scenario(1, 'Other')$$, 'SELECT complete_action(1)', 'SELECT rebuild_positions()', 'CALL run_automatic_actions()', 'CALL keep_membership_log()',
  $$UPDATE daily_work SET command = 'SELECT 1'$$, 'TRUNCATE item', $$SET search_assign.business_date = '2020-01-01'$$);

-- ---- a collector's morning -------------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION collector;
SELECT pg_temp.read_all(), pg_temp.write_all();
SELECT count(*) FROM explain_agenda(1), suggest_action(1), explain_agenda_text(1);
SELECT redate_action(1, business_date(), comment => 'asked for it'), complete_action(1, outcome => 'reached Ms Weiss'), cancel_action(2),
       record_action(1, 'call', 'nobody there');
SELECT qualify(1, '{12}', 'promise', promised_on => business_date() + 7), qualify(1, '{11}', 'dispute'), reassign_resolver(1, '{11}', 'Sales');
SELECT make_promise(2, business_date() + 7, '{21}') AS promise, make_payment_plan(3, business_date() + 10, 3, 900) AS plan, open_dispute(4, '{41}', 'colour', resolver => 'Sales') AS dispute \gset
SELECT cancel_promise(2, :promise), cancel_payment_plan(3, :plan), resolve_dispute(4, :dispute, 'accepted', credit_note_item_id => 49);
SELECT add_note(1, 'asks for a copy', 'call', 11), add_document(1, 11, 'invoice', 'https://documents.example/copy');
SELECT pg_temp.refused('SELECT FROM search', 'SELECT FROM assignment_rule', $$UPDATE search SET criteria = 'true'$$, $$INSERT INTO assignment_rule (search, scenario) VALUES ('late', 'Other')$$,
  'UPDATE assignment_rule SET priority = 1', 'DELETE FROM assignment_rule', 'UPDATE scenario_step SET offset_days = 1', 'UPDATE portfolio SET collector = NULL', 'UPDATE collector SET role_name = NULL',
  'UPDATE item_status SET active = false', 'DELETE FROM dispute_type', 'UPDATE customer SET collection_blocked = true', 'UPDATE item SET open_amount = 0', $$UPDATE item SET status = 'asked'$$,
  'UPDATE contact SET phone = NULL', 'DELETE FROM action_log', 'UPDATE action_log SET outcome = NULL', 'DELETE FROM promise', 'UPDATE dispute SET amount = 1', 'DELETE FROM note',
  $$UPDATE scenario_membership SET scenario = 'Other'$$, $$INSERT INTO portfolio_membership (customer_id, portfolio) VALUES (1, 'South')$$, 'DELETE FROM alert',
  $$SELECT pin_scenario(1, 'Other')$$, $$SELECT add_to_group(1, 'Large')$$, $$SELECT add_colleague(1, 'Nils')$$, 'SELECT confirm_actions()', $$SELECT hand_over_doubtful(1, '{13}')$$,
  $$SELECT FROM try_search('true')$$, 'SELECT FROM preview_assignment()', 'CALL search_assign()', 'CALL search_assign_daily()', 'CALL run_automatic_actions()');

-- ---- the credit manager's day ----------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION credit_manager;
SELECT pg_temp.read_all(), pg_temp.write_all();
SELECT count(*) FROM run_search('late'), try_search('has_email');
SELECT count(*) FROM search_distance('large'), search_forecast('late', 30);
SELECT explain_assignment_text(1), (SELECT count(*) FROM explain_assignment(1));
SELECT pin_scenario(1, 'Other', reason => 'asked for it'), pin_portfolio(1, 'South'), add_to_group(1, 'Large'), exclude_from_group(5, 'Large'), add_colleague(1, 'Nils');
SELECT customer_id / (scenario = 'Other')::integer FROM scenario_membership WHERE customer_id = 1;
SELECT unpin_scenario(1), unpin_portfolio(1), remove_from_group(1, 'Large'), include_in_group(5, 'Large'), remove_colleague(1, 'Nils');
BEGIN;
UPDATE search SET criteria = 'outstanding > 1' WHERE name = 'large';
INSERT INTO assignment_rule (search, scenario) VALUES ('large', 'Other');
SELECT 1 / count(*) FROM preview_assignment();
SELECT 1 / count(*) FROM compare_rules();
ROLLBACK;
SELECT count(*) FROM check_rules();
SELECT 1 / count(*) FROM rule_counts();
SELECT 1 / count(*) FROM memberships_as_of(clock_timestamp());
SELECT 1 / count(*) FROM membership_history(5);
SELECT 1 / count(*) FROM assignment_changes('-infinity');
SELECT count(*) FROM configuration_log c, customers_moved_by(c.log_id);
SELECT 1 / count(*) FROM preview_workload(30);
SELECT hand_over_doubtful(5, '{53}', 'for the lawyer'), confirm_actions(), refresh_ramp_ups(), balance_portfolios(), advance_payment_plans();
SELECT complete_action(5, outcome => 'does a collector''s work');
CALL run_automatic_actions();
CALL search_assign_pending();
CALL search_assign_daily();
CALL search_assign(true);
SELECT pg_temp.refused($$INSERT INTO daily_work (name, command) VALUES ('mine', 'SELECT 1')$$, 'UPDATE daily_work SET active = false', 'INSERT INTO customer DEFAULT VALUES',
  'UPDATE item SET open_amount = 0', 'DELETE FROM payment_allocation', 'UPDATE company SET currency = NULL', 'DELETE FROM position', 'UPDATE configuration SET version = 1',
  $$UPDATE scenario_membership SET scenario = 'Other'$$, 'DELETE FROM group_membership', 'DELETE FROM hand_assignment', 'DELETE FROM membership_log', 'DELETE FROM membership_change',
  'DELETE FROM configuration_log', 'DELETE FROM action_log', 'DELETE FROM change_queue', 'UPDATE promise SET amount = 1', 'TRUNCATE search', 'SELECT rebuild_positions()',
  'SELECT check_positions()', 'SELECT reset_search_assign_stats()', 'CALL keep_membership_log()', $$SELECT set_hand_assignment(1, 1, 'Other', 'pin', NULL, NULL)$$,
  $$SET search_assign.business_date = '2020-01-01'$$);

-- ---- BI reads --------------------------------------------------------------------------------------------------------
SET SESSION AUTHORIZATION bi;
SELECT pg_temp.read_all(), pg_temp.write_all();
SELECT 1 / count(*) FROM aging_balance JOIN scenario_membership USING (customer_id) JOIN customer_facts USING (customer_id);
SELECT pg_temp.refused('SELECT FROM search', 'SELECT FROM item', 'SELECT FROM collector_workspace', 'SELECT FROM position', 'UPDATE search SET criteria = NULL', 'INSERT INTO customer DEFAULT VALUES',
  'UPDATE item SET open_amount = 0', $$UPDATE scenario_membership SET scenario = 'Other'$$, 'DELETE FROM group_membership', 'DELETE FROM action_log',
  $$SELECT pin_scenario(1, 'Other')$$, 'SELECT complete_action(1)', $$SELECT FROM run_search('late')$$, 'CALL search_assign()', 'CALL search_assign_pending()');
RESET SESSION AUTHORIZATION;

-- ---- nothing is forgotten: what comes new needs a decision -------------------------------------------------------------
CREATE FUNCTION pg_temp.same(what text, expected text, actual text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  names text[] := regexp_split_to_array(trim(both E' \n' from expected), '[\s,]+');
  missing text := (SELECT string_agg(n, ', ' ORDER BY n) FROM unnest(names) n WHERE n <> '' AND n <> ALL (actual));
  more text := (SELECT string_agg(n, ', ' ORDER BY n) FROM unnest(actual) n WHERE n <> ALL (names));
BEGIN
  IF missing IS NOT NULL OR more IS NOT NULL THEN
    RAISE WARNING '%: %', what, concat_ws('; ', 'not ' || missing, 'but ' || more);
  END IF;
END $$;
CREATE FUNCTION pg_temp.relations(kinds text, role name, privilege text, granted boolean) RETURNS text[] LANGUAGE sql AS $$
  SELECT coalesce(array_agg(c.relname::text), '{}') FROM pg_class c
  WHERE c.relnamespace = 'receivables'::regnamespace AND c.relkind::text = ANY (string_to_array(kinds, NULL)) AND NOT c.relispartition AND has_table_privilege(role, c.oid, privilege) = granted
$$;

\set internal_views 'agenda_action, assignment_change, assignment_option, assignment_target, assignment_target_name, collectable_item, collection_account, collection_state, current_position, explained_account, group_account, membership, membership_partition, priority_scale, ramp_up_waiting, scenario_problem, search_name_version, single_account, target_name_version'
\set managers_views 'rule_statistics, rule_version, scenario_check, search_assign_progress, search_assign_stats, search_overlap, search_state, search_use, worker_status'
\set collectors_views 'agenda_reason, collection_contact, collector_workspace, customer_document, workspace_entry'
\set membership_views 'colleague_membership, group_membership, option_membership, portfolio_membership, scenario_membership'
\set ledger 'company, contact, customer, item, item_document, payment_allocation'
\set configuration 'alert_rule, assignment_rule, balanced_portfolio, balanced_search, calendar, calendar_holiday, collector, contact_role, custom_field, customer_group, dispute_type, item_status, payer_profile_band, portfolio, priority_band, priority_rule, priority_setting, ramp_up, scenario, scenario_step, search'
SELECT pg_temp.same('views erp reads', :'membership_views', pg_temp.relations('v', 'erp', 'SELECT', true)),
       pg_temp.same('views bi does not read', concat_ws(',', :'internal_views', :'managers_views', :'collectors_views'), pg_temp.relations('v', 'bi', 'SELECT', false)),
       pg_temp.same('views a collector does not read', concat_ws(',', :'internal_views', :'managers_views'), pg_temp.relations('v', 'collector', 'SELECT', false)),
       pg_temp.same('what a credit manager does not read', '', pg_temp.relations('vrp', 'credit_manager', 'SELECT', false)),
       pg_temp.same('tables erp reads', concat_ws(',', :'ledger', 'contact_role, item_status'), pg_temp.relations('rp', 'erp', 'SELECT', true)),
       pg_temp.same('tables bi reads', 'action_log', pg_temp.relations('rp', 'bi', 'SELECT', true)),
       pg_temp.same('tables a collector reads', 'action_log, contact, contact_role, customer, dispute_type, item, item_status, payment_allocation, qualification',
                    pg_temp.relations('rp', 'collector', 'SELECT', true));
SELECT pg_temp.same(format('%s by %s', p, r), CASE r WHEN 'erp' THEN :'ledger' WHEN 'credit_manager' THEN :'configuration' ELSE '' END, pg_temp.relations('rpv', r, p, true))
FROM unnest('{erp,bi,collector,credit_manager}'::text[]) r, unnest('{INSERT,UPDATE,DELETE}'::text[]) p;
SELECT pg_temp.same(format('%s by %s', p, r), '', pg_temp.relations('rpv', r, p, true))
FROM unnest('{erp,bi,collector,credit_manager}'::text[]) r, unnest('{TRUNCATE,REFERENCES,TRIGGER}'::text[]) p;

-- Functions of the owner: those whose comment begins with "Used by" serve other functions, trigger functions nobody calls.
SELECT pg_temp.same('functions of the owner', 'add_membership_partition, apply_changes, bound_default_memberships, check_positions, coming_configuration_version, daily_work_due, days_off, drop_membership_partition, keep_membership_log, ramp_up_customers, rebuild_positions, reset_search_assign_stats, unbound_default_memberships',
  array_agg(p.proname::text))
FROM pg_proc p WHERE p.pronamespace = 'receivables'::regnamespace AND p.prorettype <> 'trigger'::regtype AND obj_description(p.oid, 'pg_proc') NOT LIKE 'Used by %'
  AND NOT EXISTS (SELECT FROM unnest('{erp,bi,collector,credit_manager}'::text[]) r WHERE has_function_privilege(r, p.oid, 'EXECUTE'));
-- What a role is granted it has called above, by its name.
SELECT pg_temp.same('granted to ' || r.role || ' and not called', '', array_agg(p.proname::text))
FROM pg_proc p, aclexplode(p.proacl) a, unnest('{erp,bi,collector,credit_manager}'::text[]) r (role)
WHERE p.pronamespace = 'receivables'::regnamespace AND a.grantee = r.role::regrole
  AND NOT EXISTS (SELECT FROM regexp_matches(:'script', '\nSET SESSION AUTHORIZATION ' || r.role || ';(.*?)\n(?:RE)?SET SESSION', 'g') section (text)
                  WHERE section.text[1] ~ ('\m' || p.proname || '\('))
GROUP BY r.role;
