-- Memberships of every contender installed here in one shape, and what differs.
SET client_min_messages = warning;
-- The order of a set means nothing.
CREATE FUNCTION bench.sorted(a text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT coalesce(array_agg(e ORDER BY e COLLATE "C"), '{}') FROM unnest(a) e $$;

CREATE VIEW bench.extension_membership AS
SELECT c.customer_id, s.scenario, p.collection_portfolio, p.risk_portfolio, coalesce(g.groups, '{}') AS groups, coalesce(o.options, '{}') AS options
FROM receivables.customer c
LEFT JOIN receivables.scenario_membership s USING (customer_id)
LEFT JOIN (SELECT customer_id, max(portfolio) FILTER (WHERE kind = 'collection') AS collection_portfolio,
                  max(portfolio) FILTER (WHERE kind = 'risk') AS risk_portfolio
           FROM receivables.portfolio_membership GROUP BY 1) p USING (customer_id)
LEFT JOIN (SELECT customer_id, array_agg(customer_group) AS groups FROM receivables.group_membership GROUP BY 1) g USING (customer_id)
LEFT JOIN (SELECT customer_id, array_agg(option) AS options FROM receivables.option_membership GROUP BY 1) o USING (customer_id);

-- CONTENDER_held and CONTENDER_own: what it holds, and what set-based SQL decides from its own items.
DO $$
DECLARE
  contender text;
BEGIN
  FOREACH contender IN ARRAY '{extension,nightly,row_trigger,statement_trigger}'::text[] LOOP
    IF contender IN ('extension', 'nightly') OR to_regclass(contender || '.position') IS NOT NULL THEN
      IF contender <> 'nightly' THEN
        PERFORM bench.install_decisions(CASE contender WHEN 'extension' THEN 'receivables.item' ELSE contender || '.item' END::regclass, contender || '_decision');
      END IF;
      EXECUTE format('CREATE VIEW bench.%I AS SELECT customer_id, (scenario, collection_portfolio, risk_portfolio, bench.sorted(groups), bench.sorted(options))::text AS memberships FROM %s',
                     contender || '_held', CASE contender WHEN 'extension' THEN 'bench.extension_membership' WHEN 'nightly' THEN 'bench.position' ELSE contender || '.position' END);
      EXECUTE format('CREATE VIEW bench.%I AS SELECT customer_id, (scenario, collection_portfolio, risk_portfolio, bench.sorted(groups), bench.sorted(options))::text AS memberships FROM bench.%I',
                     contender || '_own', contender || '_decision');
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION bench.differences(one regclass, other regclass) RETURNS TABLE (customer_id bigint, one_holds text, other_holds text) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT customer_id, a.memberships, b.memberships FROM %s a FULL JOIN %s b USING (customer_id)
                               WHERE a.memberships IS DISTINCT FROM b.memberships', one, other);
END $$;
