-- Restore: the tables of promises, disputes and the workspace refer to others that may be loaded after them.
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['payment_plan', 'promise', 'promise_item', 'dispute', 'dispute_item', 'note', 'item_document'] LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references BEFORE INSERT ON receivables.%I FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_references_end AFTER INSERT ON receivables.%I FOR EACH STATEMENT EXECUTE FUNCTION receivables.restore_references()', t);
    EXECUTE pg_catalog.format('ALTER TABLE receivables.%I ENABLE ALWAYS TRIGGER search_assign_references_end', t);
  END LOOP;
END $$;
