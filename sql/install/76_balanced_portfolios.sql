-- Balanced portfolios: one search fed evenly to several portfolios. Who is put where is kept (portfolio_share) and
-- applied as pins, which win over the rules; a customer moves only when its portfolio leaves.

CREATE TABLE receivables.balanced_search (
  search  text NOT NULL CONSTRAINT balanced_search_pkey PRIMARY KEY
            CONSTRAINT balanced_search_search_fkey REFERENCES receivables.search ON UPDATE CASCADE,
  measure text NOT NULL DEFAULT 'customers' CONSTRAINT balanced_search_measure_check CHECK (measure IN ('customers', 'amount'))
);
COMMENT ON TABLE receivables.balanced_search IS 'Searches whose customers are shared evenly among the portfolios in balanced_portfolio, by balance_portfolios().';
COMMENT ON COLUMN receivables.balanced_search.search IS 'Search. Of two that match a customer the one that has it keeps it; else the first by name takes it.';
COMMENT ON COLUMN receivables.balanced_search.measure IS 'What is shared evenly: the number of customers, or the amount outstanding.';

CREATE TABLE receivables.balanced_portfolio (
  search    text NOT NULL CONSTRAINT balanced_portfolio_search_fkey REFERENCES receivables.balanced_search ON UPDATE CASCADE ON DELETE CASCADE,
  portfolio text NOT NULL CONSTRAINT balanced_portfolio_portfolio_fkey REFERENCES receivables.portfolio ON UPDATE CASCADE,
  CONSTRAINT balanced_portfolio_pkey PRIMARY KEY (search, portfolio)
);
CREATE INDEX balanced_portfolio_portfolio_idx ON receivables.balanced_portfolio (portfolio);
COMMENT ON TABLE receivables.balanced_portfolio IS 'Collection portfolios that share the customers of a search.';
COMMENT ON COLUMN receivables.balanced_portfolio.search IS 'Balanced search.';
COMMENT ON COLUMN receivables.balanced_portfolio.portfolio IS 'One of the portfolios that share its customers.';

CREATE TABLE receivables.portfolio_share (
  customer_id bigint NOT NULL CONSTRAINT portfolio_share_pkey PRIMARY KEY,
  search      text NOT NULL CONSTRAINT portfolio_share_search_fkey REFERENCES receivables.balanced_search ON UPDATE CASCADE,
  portfolio   text NOT NULL CONSTRAINT portfolio_share_portfolio_fkey REFERENCES receivables.portfolio ON UPDATE CASCADE
);
CREATE INDEX portfolio_share_search_idx ON receivables.portfolio_share (search, portfolio);
COMMENT ON TABLE receivables.portfolio_share IS 'Where balance_portfolios() has put each customer. Written by it alone.';
COMMENT ON COLUMN receivables.portfolio_share.customer_id IS 'Customer.';
COMMENT ON COLUMN receivables.portfolio_share.search IS 'Balanced search that the customer is shared by.';
COMMENT ON COLUMN receivables.portfolio_share.portfolio IS 'Portfolio that it was put into.';

CREATE FUNCTION receivables.check_balance() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  criteria text;
  found record;
BEGIN
  IF receivables.in_restore() THEN
    RETURN NEW;
  END IF;
  IF TG_TABLE_NAME = 'balanced_portfolio' THEN
    IF EXISTS (SELECT FROM receivables.portfolio p WHERE p.name = NEW.portfolio AND p.kind <> 'collection') THEN
      RAISE EXCEPTION 'portfolio "%" is no collection portfolio', NEW.portfolio USING ERRCODE = '22023';
    END IF;
    RETURN NEW;
  END IF;
  SELECT s.criteria INTO criteria FROM receivables.search s WHERE s.name = NEW.search;
  IF criteria IS NOT NULL AND receivables.criteria_error(criteria) IS NULL THEN
    found := receivables.check_criteria(criteria);
    IF found.assignment_columns <> '{}' THEN
      RAISE EXCEPTION 'search "%" cannot be shared among portfolios', NEW.search
        USING ERRCODE = '42P17', DETAIL = format('It reads %s, which follows from assignment.', array_to_string(found.assignment_columns, ', ')),
              HINT = 'Such a search may serve alerts, priorities and reports.';
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.check_balance() IS
  'Row trigger: refuses portfolios of another kind than collection (22023) and searches that follow from assignment (42P17).';
CREATE TRIGGER search_assign_check BEFORE INSERT OR UPDATE ON receivables.balanced_search
  FOR EACH ROW EXECUTE FUNCTION receivables.check_balance();
CREATE TRIGGER search_assign_check BEFORE INSERT OR UPDATE ON receivables.balanced_portfolio
  FOR EACH ROW EXECUTE FUNCTION receivables.check_balance();

-- A pin that somebody has made since, or taken away, is no longer ours.
CREATE FUNCTION receivables.is_balancing_pin(customer_id bigint, portfolio text) RETURNS boolean
  LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM receivables.hand_assignment h JOIN receivables.portfolio p ON p.portfolio_id = h.target_id
                 WHERE h.customer_id = $1 AND h.target = 2 AND h.slot = 0 AND p.name = $2 AND h.until IS NULL
                   AND h.reason = 'balance_portfolios()')
$$;
COMMENT ON FUNCTION receivables.is_balancing_pin(bigint, text) IS 'Used by balance_portfolios(): the customer''s pin to the portfolio was made by it.';

CREATE FUNCTION receivables.release_share(customer_id bigint) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  released text;
BEGIN
  DELETE FROM receivables.portfolio_share s WHERE s.customer_id = release_share.customer_id RETURNING s.portfolio INTO released;
  IF receivables.is_balancing_pin(release_share.customer_id, released) THEN
    RETURN receivables.unpin_portfolio(release_share.customer_id);
  END IF;
  RETURN false;
END $$;
COMMENT ON FUNCTION receivables.release_share(bigint) IS
  'Used by balance_portfolios(): gives a customer back to the rules; false where its pin was not ours.';

CREATE FUNCTION receivables.end_balance() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM receivables.release_share(s.customer_id)
  FROM (SELECT p.customer_id FROM receivables.portfolio_share p WHERE p.search = OLD.search ORDER BY p.customer_id) s;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION receivables.end_balance() IS 'Row trigger: the customers of a search that is balanced no more go back to the rules.';
CREATE TRIGGER search_assign_end BEFORE DELETE ON receivables.balanced_search
  FOR EACH ROW EXECUTE FUNCTION receivables.end_balance();
CREATE TRIGGER search_assign_truncate BEFORE TRUNCATE ON receivables.balanced_search
  FOR EACH STATEMENT EXECUTE FUNCTION receivables.delete_all_rows();

-- The customers of a search that need a portfolio, each with the one that has least by then.
CREATE FUNCTION receivables.share_out(search text, OUT customer_id bigint, OUT portfolio text) RETURNS SETOF record
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  by_amount boolean := (SELECT b.measure = 'amount' FROM receivables.balanced_search b WHERE b.search = share_out.search);
  portfolios text[];
  loads numeric[];
  lightest integer;
  customer record;
BEGIN
  SELECT array_agg(b.portfolio ORDER BY b.portfolio),
         array_agg(coalesce((SELECT sum(CASE WHEN by_amount THEN greatest(0, receivables.total(p.receivables)) ELSE 1 END)
                             FROM receivables.portfolio_share s JOIN receivables.current_position p ON p.customer_id = s.customer_id
                             WHERE s.search = b.search AND s.portfolio = b.portfolio), 0) ORDER BY b.portfolio)
  INTO portfolios, loads
  FROM receivables.balanced_portfolio b WHERE b.search = share_out.search;
  IF portfolios IS NULL THEN
    RETURN;
  END IF;
  FOR customer IN
    SELECT f.customer_id, CASE WHEN by_amount THEN greatest(0, f.outstanding) ELSE 1 END AS weight
    FROM receivables.run_search(share_out.search) f
    WHERE NOT EXISTS (SELECT FROM receivables.portfolio_share s WHERE s.customer_id = f.customer_id)
      AND NOT EXISTS (SELECT FROM receivables.hand_assignment h
                      WHERE h.customer_id = f.customer_id AND h.target = 2 AND h.slot = 0 AND coalesce(h.until >= receivables.business_date(), true))
    ORDER BY f.outstanding DESC, f.customer_id
  LOOP
    lightest := 1;
    FOR i IN 2 .. cardinality(portfolios) LOOP
      IF loads[i] < loads[lightest] THEN
        lightest := i;
      END IF;
    END LOOP;
    loads[lightest] := loads[lightest] + customer.weight;
    customer_id := customer.customer_id;
    portfolio := portfolios[lightest];
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION receivables.share_out(text) IS
  'Used by balance_portfolios(): customers of a balanced search without a share and without a pin, largest first, each with the portfolio that has least by then.';

CREATE FUNCTION receivables.balance_portfolios(search text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  balanced record;
  customer record;
  changed bigint := 0;
BEGIN
  IF search IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.balanced_search b WHERE b.search = balance_portfolios.search) THEN
    RAISE EXCEPTION 'search "%" is not balanced', balance_portfolios.search
      USING ERRCODE = '42704', HINT = 'Insert it into receivables.balanced_search, and its portfolios into receivables.balanced_portfolio.';
  END IF;
  LOCK TABLE receivables.portfolio_share IN SHARE ROW EXCLUSIVE MODE;
  -- Back to the rules: who left the search, whose portfolio left, and who was pinned or unpinned by hand since.
  FOR balanced IN SELECT b.search FROM receivables.balanced_search b WHERE b.search = coalesce(balance_portfolios.search, b.search) ORDER BY b.search LOOP
    FOR customer IN
      SELECT s.customer_id FROM receivables.portfolio_share s LEFT JOIN receivables.run_search(balanced.search) f ON f.customer_id = s.customer_id
      WHERE s.search = balanced.search
        AND (f.customer_id IS NULL OR NOT receivables.is_balancing_pin(s.customer_id, s.portfolio)
             OR NOT EXISTS (SELECT FROM receivables.balanced_portfolio b WHERE b.search = s.search AND b.portfolio = s.portfolio))
      ORDER BY s.customer_id
    LOOP
      changed := changed + receivables.release_share(customer.customer_id)::integer;
    END LOOP;
  END LOOP;
  FOR balanced IN SELECT b.search FROM receivables.balanced_search b WHERE b.search = coalesce(balance_portfolios.search, b.search) ORDER BY b.search LOOP
    FOR customer IN SELECT o.customer_id, o.portfolio FROM receivables.share_out(balanced.search) o ORDER BY o.customer_id LOOP
      INSERT INTO receivables.portfolio_share (customer_id, search, portfolio) VALUES (customer.customer_id, balanced.search, customer.portfolio);
      PERFORM receivables.pin_portfolio(customer.customer_id, customer.portfolio, NULL, 'balance_portfolios()');
      changed := changed + 1;
    END LOOP;
  END LOOP;
  PERFORM receivables.apply_changes();
  RETURN changed;
END $$;
COMMENT ON FUNCTION receivables.balance_portfolios(text) IS
  'Shares the customers of one balanced search or all among its portfolios, and returns how many were given a portfolio or back to the rules (one that moves counts twice). Least moves: new customers go where least is; whoever has a portfolio stays as long as the search matches and the portfolio takes part. Pins made by hand are left alone. Let daily_work call it.';

CREATE VIEW receivables.portfolio_balance AS
SELECT b.search, s.measure, b.portfolio, f.collector, coalesce(h.customers, 0) AS customers, coalesce(h.amount, 0)::numeric(28,4) AS amount
FROM receivables.balanced_portfolio b
JOIN receivables.balanced_search s ON s.search = b.search
JOIN receivables.portfolio f ON f.name = b.portfolio
LEFT JOIN (SELECT c.search, c.portfolio, count(*) AS customers, sum(receivables.total(p.receivables)) AS amount
           FROM receivables.portfolio_share c JOIN receivables.current_position p ON p.customer_id = c.customer_id
           GROUP BY c.search, c.portfolio) h ON h.search = b.search AND h.portfolio = b.portfolio;
COMMENT ON VIEW receivables.portfolio_balance IS 'One row per balanced search and portfolio (key search, portfolio): how evenly its customers are shared.';
COMMENT ON COLUMN receivables.portfolio_balance.search IS 'Balanced search; key of the view together with portfolio.';
COMMENT ON COLUMN receivables.portfolio_balance.measure IS 'What is shared evenly.';
COMMENT ON COLUMN receivables.portfolio_balance.portfolio IS 'Portfolio.';
COMMENT ON COLUMN receivables.portfolio_balance.collector IS 'Its collector.';
COMMENT ON COLUMN receivables.portfolio_balance.customers IS 'Customers put there by balance_portfolios().';
COMMENT ON COLUMN receivables.portfolio_balance.amount IS 'What they owe now.';

REVOKE ALL ON FUNCTION receivables.is_balancing_pin(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.release_share(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.share_out(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.balance_portfolios(text) FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('receivables.balanced_search', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.balanced_portfolio', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.portfolio_share', '');
