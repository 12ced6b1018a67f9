-- Customers just outside a search, and those whom time takes into it or out of it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15';
INSERT INTO receivables.search (name, criteria) VALUES
  ('Strategic', 'outstanding >= 500000'),
  ('Late', 'overdue(receivables, 60) >= 20000 and not has_email'),
  ('Not quiet', 'not (outstanding < 100000 or internal_score > 20)'),
  ('Between', 'outstanding between 100000 and 200000 or external_score in (1, 2)'),
  ('Zero', 'overdue > 0 and created_on >= date ''2026-07-15'''),
  ('Ratio', '10 / (external_score - 30) > 3'),
  ('Window', 'due_within(receivables, 7) > 0');
INSERT INTO receivables.customer (customer_id, account_no, name, email, external_score) VALUES
  (1, 'A1', 'Acme', NULL, 50), (2, 'B1', 'Bolt', 'b@example.com', 30), (3, 'C1', 'Cog', NULL, NULL), (4, 'D1', 'Dent', NULL, 1);
INSERT INTO receivables.item (customer_id, document_date, due_date, amount, open_amount) VALUES
  (1, '2026-03-01', '2026-04-20', 18400, 18400), (1, '2026-03-01', '2026-06-20', 71600.5, 71600.5),
  (2, '2026-03-01', '2026-05-20', 499000, 499000), (3, '2026-03-01', '2026-04-25', 20500, 20500), (4, '2026-03-01', '2026-07-01', 500000, 500000);

SELECT * FROM receivables.search_distance('Strategic');
SELECT * FROM receivables.search_distance('Late');
-- Under NOT both have to change; an empty score cannot be measured.
SELECT * FROM receivables.search_distance('Not quiet');
SELECT * FROM receivables.search_distance('Not quiet', 2);
-- Of an OR the way with the fewest and nearest conditions; IN is not measured.
SELECT * FROM receivables.search_distance('Between');
-- Days of dates, and thresholds of 0.
SELECT * FROM receivables.search_distance('Zero', 2);
-- A search that fails for somebody.
SELECT customer_id, finding FROM receivables.search_distance('Ratio');

SELECT * FROM receivables.search_forecast('Late', 90);
SELECT * FROM receivables.search_forecast('Window', 30);
SELECT * FROM receivables.search_forecast('Strategic', 3660);
-- As the days will say: try_search of each coming day.
CREATE FUNCTION first_crossings(criteria text, days integer) RETURNS TABLE (changes_on date, change text, customer_id bigint) LANGUAGE plpgsql AS $$
DECLARE
  today date := receivables.business_date();
  now_in bigint[] := ARRAY(SELECT t.customer_id FROM receivables.try_search(criteria) t);
  seen bigint[] := '{}';
BEGIN
  FOR n IN 1 .. days LOOP
    PERFORM set_config('search_assign.business_date', (today + n)::text, true);
    RETURN QUERY
      SELECT today + n, CASE WHEN c.customer_id = ANY (now_in) THEN 'leaves' ELSE 'enters' END, c.customer_id
      FROM receivables.customer c
      WHERE c.customer_id <> ALL (seen)
        AND (c.customer_id = ANY (now_in)) <> EXISTS (SELECT FROM receivables.try_search(criteria) t WHERE t.customer_id = c.customer_id);
    seen := ARRAY(SELECT c.customer_id FROM receivables.customer c
                  WHERE c.customer_id = ANY (seen)
                     OR (c.customer_id = ANY (now_in)) <> EXISTS (SELECT FROM receivables.try_search(criteria) t WHERE t.customer_id = c.customer_id));
  END LOOP;
  PERFORM set_config('search_assign.business_date', today::text, true);
END $$;
SELECT s.name, (SELECT count(*) FROM receivables.search_forecast(s.name, 70)) AS crossings,
       (SELECT array_agg(f ORDER BY f) FROM (SELECT f.changes_on, f.change, f.customer_id FROM receivables.search_forecast(s.name, 70) f) f)
       IS NOT DISTINCT FROM (SELECT array_agg(f ORDER BY f) FROM (SELECT c.* FROM first_crossings(s.criteria, 70) c) f) AS as_the_days_say
FROM receivables.search s WHERE s.name <> 'Ratio' ORDER BY s.name;
DROP FUNCTION first_crossings;

SELECT * FROM receivables.search_distance('Strategic', 0);
SELECT * FROM receivables.search_distance('None');
SELECT * FROM receivables.search_forecast('Strategic', 0);
SELECT * FROM receivables.search_forecast('None', 1);

-- The last customer_id there is
INSERT INTO receivables.customer (customer_id) VALUES (9223372036854775807);
SET statement_timeout = '60s';
SELECT count(*) > 0 AS ended FROM receivables.search_distance('Strategic');
SELECT count(*) >= 0 AS ended FROM receivables.search_forecast('Strategic', 30);
SELECT count(*) >= 0 AS ended FROM receivables.preview_assignment();
RESET statement_timeout;
