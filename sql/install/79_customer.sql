-- Tables about customers without a foreign key: one would refuse TRUNCATE of customer, and cost the ledger's deletes.

CREATE FUNCTION receivables.require_customer() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT receivables.in_restore() THEN
    -- As a foreign key would: whoever deletes the customer waits for us, or we for it.
    PERFORM FROM receivables.customer c WHERE c.customer_id = NEW.customer_id FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'customer % does not exist', NEW.customer_id USING ERRCODE = '23503', HINT = 'Insert it into receivables.customer first.';
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.require_customer() IS 'Row trigger: refuses a row about a customer who does not exist (23503).';

CREATE FUNCTION receivables.forget_customers() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY '{payment_plan,promise,dispute,note,item_document,ramp_up_customer,portfolio_share}'::text[]
  LOOP
    EXECUTE format('DELETE FROM receivables.%I d USING old_rows o WHERE d.customer_id = o.customer_id', t);
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION receivables.forget_customers() IS
  'Statement trigger: what is kept about a deleted customer goes with it; action_log, membership_log and specific_action stay.';
CREATE TRIGGER search_assign_forget AFTER DELETE ON receivables.customer
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION receivables.forget_customers();

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY '{payment_plan,promise,dispute,note,item_document}'::text[]
  LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER search_assign_customer BEFORE INSERT OR UPDATE OF customer_id ON receivables.%I
      FOR EACH ROW EXECUTE FUNCTION receivables.require_customer()', t);
  END LOOP;
END $$;
