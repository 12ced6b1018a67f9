-- Restore: tables that refer to others of the extension may be loaded before them (pg_restore --jobs).

CREATE FUNCTION receivables.restore_references() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_restore_references';
COMMENT ON FUNCTION receivables.restore_references() IS
  'Statement triggers: in a restore the foreign keys of the table are not checked while a statement loads it.';

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY '{customer,contact,portfolio,calendar_holiday,scenario,scenario_step,assignment_rule,
                      payment_plan,promise,promise_item,dispute,dispute_item,note,item_document,
                      alert_rule,priority_rule,ramp_up,ramp_up_customer,balanced_search,balanced_portfolio,portfolio_share}'::text[]
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.%I
      FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.%I
      FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('ALTER TABLE receivables.%I ENABLE ALWAYS TRIGGER search_assign_references_end', t);
  END LOOP;
END $$;
