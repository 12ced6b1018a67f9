-- The company that server_fuzz works on: customers with everything and with nothing, a group for each rule.
INSERT INTO receivables.customer (customer_id, account_no, name, country, email, phone, payment_days, external_score, attributes, created_on)
SELECT n, CASE WHEN n % 5 <> 0 THEN 'A' || n END, (ARRAY['Ann', '', 'b%_', E'\u00e9t\u00e9', '12', '2024-01-31'])[1 + n % 6],
       (ARRAY['FR', 'DE', NULL])[1 + n % 3], (ARRAY['a@example.org', ' ', NULL])[1 + n % 3], CASE WHEN n % 4 = 0 THEN '+33 1' END, n % 7 * 15, n,
       (ARRAY['{}', '{"a": [1, null]}', '{"region": "EMEA", "12": "x"}', '[1]', '"text"', 'null'])[1 + n % 6]::jsonb, date '2026-06-15' - n::integer * 9
FROM pg_catalog.generate_series(1, 40) n;
INSERT INTO receivables.item (customer_id, kind, document_date, due_date, amount, open_amount, status, promised_on)
SELECT 1 + n % 37, CASE WHEN n % 9 = 0 THEN 'credit_note' ELSE 'invoice' END, date '2026-06-15' - n, date '2026-06-15' - n + 40,
       CASE WHEN n % 9 = 0 THEN -n ELSE n * 11.25 END, CASE WHEN n % 4 = 0 THEN 0 ELSE CASE WHEN n % 9 = 0 THEN -n ELSE n * 11.25 END END,
       (ARRAY['dispute', 'promise', NULL, NULL, NULL])[1 + n % 5], CASE WHEN n % 5 = 1 THEN date '2026-06-15' + n % 30 END
FROM pg_catalog.generate_series(1, 300) n;
INSERT INTO receivables.customer_group (name) SELECT 'f' || n FROM pg_catalog.generate_series(0, 40) n;

CREATE SCHEMA fuzz;
-- Where a rule's search can be evaluated for every customer, its group must hold whom try_search() gives; where it fails
-- for some, the failure must be noted.
CREATE FUNCTION fuzz.differences(OUT criteria text, OUT customer_id bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT s.search_id, s.name, s.criteria FROM receivables.search s
             WHERE EXISTS (SELECT FROM receivables.assignment_rule r WHERE r.search = s.name) LOOP
    criteria := one.criteria;
    CONTINUE WHEN EXISTS (SELECT FROM receivables.search_failure f WHERE f.search_id = one.search_id);
    BEGIN
      RETURN QUERY
      SELECT one.criteria, coalesce(t.customer_id, m.customer_id)
      FROM receivables.try_search(one.criteria) t
      FULL JOIN (SELECT g.customer_id FROM receivables.group_membership g WHERE g.customer_group = one.name) m
        ON m.customer_id = t.customer_id
      WHERE t.customer_id IS NULL OR m.customer_id IS NULL;
    EXCEPTION
      WHEN query_canceled THEN RAISE;
      WHEN OTHERS THEN  -- fails here, did not fail there
        customer_id := NULL;
        criteria := SQLSTATE || ' ' || SQLERRM || ' in ' || one.criteria;
        RETURN NEXT;
    END;
  END LOOP;
END $$;
