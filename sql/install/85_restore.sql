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

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.calendar_holiday
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.calendar_holiday
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.calendar_holiday ENABLE ALWAYS TRIGGER search_assign_references_end;

CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.scenario
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.scenario
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references();
ALTER TABLE receivables.scenario ENABLE ALWAYS TRIGGER search_assign_references_end;

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
