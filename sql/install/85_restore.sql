-- Restore: tables that refer to others of the extension may be loaded before them (pg_restore --jobs).

CREATE FUNCTION receivables.restore_references() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_restore_references';
COMMENT ON FUNCTION receivables.restore_references() IS
  'Statement triggers: in a restore the foreign keys of the table are not checked while a statement loads it.';

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.customer
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.customer
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.customer ENABLE ALWAYS TRIGGER search_assign_references_end;

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.contact
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.contact
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.contact ENABLE ALWAYS TRIGGER search_assign_references_end;

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.portfolio
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.portfolio
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.portfolio ENABLE ALWAYS TRIGGER search_assign_references_end;

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.scenario_step
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.scenario_step
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.scenario_step ENABLE ALWAYS TRIGGER search_assign_references_end;

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.assignment_rule
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.assignment_rule
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.assignment_rule ENABLE ALWAYS TRIGGER search_assign_references_end;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['alert_rule', 'priority_rule', 'ramp_up', 'ramp_up_customer', 'balanced_search', 'balanced_portfolio', 'portfolio_share']
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.%I FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.%I FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('ALTER TABLE receivables.%I ENABLE ALWAYS TRIGGER search_assign_references_end', t);
  END LOOP;
END $$;
