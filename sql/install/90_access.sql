-- Access: what roles may do, what only the extension may change, and what a dump takes along.

-- Results are changed by the extension alone: a direct change is refused; a restore passes.
CREATE FUNCTION receivables.refuse_direct_change() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_refuse_direct_change';
COMMENT ON FUNCTION receivables.refuse_direct_change() IS
  'Trigger: refuses a direct change of what the extension maintains (55000), with a hint that names the functions to use.';

CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.scenario_membership
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.portfolio_membership
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.group_membership
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.option_membership
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.colleague_membership
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.alert
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.position
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.change_queue
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard INSTEAD OF INSERT OR UPDATE OR DELETE ON receivables.membership_log
  FOR EACH ROW EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.membership_change
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.membership_change_default
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.hand_assignment
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.open_amount_change
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.qualification
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
-- Functions in PL/pgSQL add to it.
CREATE TRIGGER search_assign_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON receivables.action_log
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON receivables.configuration_log
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();
CREATE TRIGGER search_assign_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON receivables.configuration
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.refuse_direct_change();

-- Nobody but the owner gets anything by default; the README shows the grants for ERP jobs, credit managers, collectors and BI.
REVOKE ALL ON ALL TABLES IN SCHEMA receivables FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA receivables FROM PUBLIC;
REVOKE ALL ON PROCEDURE receivables.search_assign(boolean) FROM PUBLIC;
REVOKE ALL ON PROCEDURE receivables.search_assign_pending() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.write_hand_assignment(bigint, integer, integer, integer, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.erase_hand_assignment(bigint, integer, integer, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.set_hand_assignment(bigint, integer, text, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.drop_hand_assignment(bigint, integer, text, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.pin_scenario(bigint, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.unpin_scenario(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.pin_portfolio(bigint, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.unpin_portfolio(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.add_to_group(bigint, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.exclude_from_group(bigint, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.remove_from_group(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.include_in_group(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.add_colleague(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.remove_colleague(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.run_search(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.try_search(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.explain_rules(bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.decided_assignment(bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.coming_changes(bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.explain_assignment(bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.explain_assignment_text(bigint, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.search_gaps(text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.search_distance(text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.search_crossings(text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.search_forecast(text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.memberships_as_of(timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.coming_configuration_version() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.membership_history(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.assignment_changes(timestamptz, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.customers_moved_by(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.check_positions() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.rebuild_positions() FROM PUBLIC;

-- A trigger function on another table could be made to work for its owner on rows it does not know.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p
           WHERE p.pronamespace = 'receivables'::pg_catalog.regnamespace AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END $$;

-- A dump takes every table along; shipped rows are replaced by the dumped ones (replace_shipped_row).
SELECT pg_catalog.pg_extension_config_dump('receivables.company', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.item_status', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.customer', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.customer_customer_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.contact', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.contact_contact_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.item', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.item_item_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.payment_allocation', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.payment_allocation_allocation_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.open_amount_change', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.open_amount_change_change_no_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.qualification', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.qualification_qualification_no_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.payer_profile_band', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.configuration', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.search', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.search_search_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.search_version', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.search_failure', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.configuration_log', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.configuration_log_log_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.collector', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.collector_collector_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.scenario', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.scenario_scenario_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.scenario_step', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.customer_group', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.customer_group_customer_group_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.portfolio', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.portfolio_portfolio_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.assignment_rule', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.assignment_rule_rule_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.hand_assignment', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.position', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.change_queue', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.change_queue_queue_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.membership_change_default', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.membership_change_log_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.membership_log_cut', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.daily_work', '');
