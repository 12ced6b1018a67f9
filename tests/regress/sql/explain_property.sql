-- Random customers and criteria: an explanation's truth is the membership, each clause's truth is what plain SQL says of its
-- words, and moving the named value past the named threshold turns the clause.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15';
SET search_assign.apply = statement;
SELECT setseed(0.4711);

INSERT INTO receivables.customer (customer_id, name, country, email, external_score, payment_days, created_on)
SELECT g, 'C' || g, (ARRAY['FR', 'DE', NULL])[1 + g % 3], CASE WHEN g % 2 = 0 THEN 'x@example.com' END,
       CASE WHEN random() < 0.9 THEN round((random() * 100)::numeric, 2) END, CASE WHEN random() < 0.9 THEN (random() * 90)::integer END,
       date '2026-01-01' + (random() * 160)::integer
FROM generate_series(1, 30) g;
INSERT INTO receivables.item (customer_id, document_date, due_date, amount, open_amount)
SELECT c.customer_id, '2026-01-01', date '2026-06-15' + (random() * 200 - 120)::integer, a, a
FROM receivables.customer c, generate_series(1, 3) n, LATERAL (SELECT round((random() * 1000 + n + c.customer_id)::numeric, 2) AS a) v;
INSERT INTO receivables.customer_group (name) VALUES ('Random');
INSERT INTO receivables.search (name, criteria) VALUES ('Random', 'true');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('Random', 'Random');

CREATE FUNCTION random_condition() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  op text := (ARRAY['<', '<=', '=', '<>', '>=', '>'])[1 + floor(random() * 6)::integer];
  n integer := floor(random() * 100);
BEGIN
  RETURN CASE floor(random() * 12)::integer
    WHEN 0 THEN format('external_score %s %s', op, n)
    WHEN 1 THEN format('%s %s payment_days', n, op)
    WHEN 2 THEN format('payment_days %sbetween %s and %s', CASE WHEN n % 2 = 0 THEN 'not ' ELSE '' END, n, n + 20)
    WHEN 3 THEN format('outstanding %s %s', op, n * 30)
    WHEN 4 THEN format('(outstanding) between %s and (%s)', n * 10, n * 30)
    WHEN 5 THEN format('overdue(receivables, 10) > %s', n * 20)
    WHEN 6 THEN format('days_overdue %s %s', op, n)
    WHEN 7 THEN format('country in (''FR'', ''%s'')', n)
    WHEN 8 THEN 'has_email'
    WHEN 9 THEN format('not_since(created_on, %s)', n)
    WHEN 10 THEN format('coalesce(external_score, 0) %s payment_days', op)
    ELSE format('created_on %s date ''2026-03-01'' + %s', op, n) END;
END $$;
CREATE FUNCTION random_criteria(depth integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  kind integer := CASE WHEN depth = 0 THEN 9 ELSE floor(random() * 10)::integer END;
BEGIN
  RETURN CASE
    WHEN kind < 3 THEN format('%s and %s', random_criteria(depth - 1), random_criteria(depth - 1))
    WHEN kind < 6 THEN format('(%s or %s)', random_criteria(depth - 1), random_criteria(depth - 1))
    WHEN kind < 8 THEN format('not (%s)', random_criteria(depth - 1))
    ELSE random_condition() END;
END $$;
-- A value that is on the wanted, or on the other, side of the threshold.
CREATE FUNCTION beyond(needs text, threshold numeric, wanted boolean) RETURNS numeric LANGUAGE sql AS $$
  SELECT threshold + CASE needs WHEN '>=' THEN CASE WHEN wanted THEN 0 ELSE -1 END WHEN '>' THEN CASE WHEN wanted THEN 1 ELSE 0 END
                                WHEN '<=' THEN CASE WHEN wanted THEN 0 ELSE 1 END WHEN '<' THEN CASE WHEN wanted THEN -1 ELSE 0 END
                                WHEN '=' THEN CASE WHEN wanted THEN 0 ELSE 1 END ELSE CASE WHEN wanted THEN 1 ELSE 0 END END $$;
CREATE FUNCTION set_value(of_customer bigint, measure text, value numeric) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF measure = 'external_score' THEN
    UPDATE receivables.customer SET external_score = value WHERE customer_id = of_customer;
  ELSIF measure = 'payment_days' THEN
    UPDATE receivables.customer SET payment_days = value WHERE customer_id = of_customer;
  ELSE
    INSERT INTO receivables.item (customer_id, kind, document_date, due_date, amount, open_amount)
    SELECT of_customer, CASE WHEN v.gap < 0 THEN 'credit_note' ELSE 'invoice' END, '2026-06-01', '2026-09-01', v.gap, v.gap
    FROM (SELECT value - f.outstanding AS gap FROM receivables.customer_facts f WHERE f.customer_id = of_customer) v WHERE v.gap <> 0;
  END IF;
END $$;
CREATE TABLE checked (check_name text, good boolean, said text);

-- One criteria: every customer's truth, and of some each clause and each named threshold.
CREATE PROCEDURE check_criteria(criteria text) LANGUAGE plpgsql AS $$
DECLARE
  c record;
  clause record;
  plain boolean;
  after record;
  turn_wanted boolean;
BEGIN
  UPDATE receivables.search s SET criteria = check_criteria.criteria WHERE name = 'Random';
  CALL receivables.search_assign();
  FOR c IN SELECT f.customer_id, g.customer_id IS NOT NULL AS member FROM receivables.customer f
           LEFT JOIN receivables.group_membership g USING (customer_id) WHERE f.customer_id % 5 = floor(random() * 5) LOOP
    FOR clause IN SELECT e.* FROM receivables.explain_assignment(c.customer_id) e WHERE e.line = 'clause' LOOP
      EXECUTE format('SELECT %s FROM receivables.customer_facts f, LATERAL (SELECT receivables.business_date()) b WHERE customer_id = $1',
                     replace(replace(clause.clause, 'not_since', 'receivables.not_since'), 'overdue(', 'receivables.overdue('))
        INTO plain USING c.customer_id;
      INSERT INTO checked VALUES ('clause', plain IS NOT DISTINCT FROM clause.truth, criteria || ' / ' || clause.clause);
      IF clause.clause_no = 1 THEN
        INSERT INTO checked VALUES ('membership', coalesce(clause.truth, false) = c.member, criteria);
        INSERT INTO checked VALUES ('matches', clause.matches = c.member, criteria);
      END IF;
      CONTINUE WHEN clause.distance IS NULL OR clause.measure NOT IN ('external_score', 'payment_days', 'outstanding')
                    OR clause.threshold::numeric NOT BETWEEN 1 AND 5000 OR clause.column_values ?& '{external_score,payment_days}';
      -- As wanted already: to the other side.
      turn_wanted := clause.finding LIKE '%, needs %';
      PERFORM set_value(c.customer_id, clause.measure, beyond(clause.needs, clause.threshold::numeric, turn_wanted));
      SELECT e.truth, e.matches, EXISTS (SELECT FROM receivables.group_membership g WHERE g.customer_id = c.customer_id) AS member INTO after
      FROM receivables.explain_assignment(c.customer_id) e WHERE e.line = 'clause' AND e.clause_no = clause.clause_no;
      INSERT INTO checked VALUES ('turned', after.truth = NOT clause.truth, format('%s: %s of %s', clause.clause, clause.finding, c.customer_id)),
                                 ('membership after', after.matches = after.member, criteria);
      PERFORM set_value(c.customer_id, clause.measure, clause.actual::numeric);
    END LOOP;
  END LOOP;
END $$;
DO $$
BEGIN
  FOR i IN 1 .. 45 LOOP
    CALL check_criteria(random_criteria(3));
  END LOOP;
END $$;
-- The customers that search_distance() names match once the one condition is changed.
DO $$
DECLARE
  d record;
  e record;
BEGIN
  FOR i IN 1 .. 70 LOOP
    UPDATE receivables.search s SET criteria = random_criteria(2) WHERE name = 'Random';
    CALL receivables.search_assign();
    FOR d IN SELECT * FROM receivables.search_gaps('Random', 1) LIMIT 5 LOOP
      INSERT INTO checked SELECT 'outside', NOT EXISTS (SELECT FROM receivables.group_membership g WHERE g.customer_id = d.customer_id), d.clause;
      CONTINUE WHEN d.measure NOT IN ('external_score', 'payment_days', 'outstanding') OR d.threshold::numeric NOT BETWEEN 1 AND 5000
                    OR (SELECT s.criteria FROM receivables.search s WHERE name = 'Random') ~ (d.measure || '.*' || d.measure || '|coalesce');
      PERFORM set_value(d.customer_id, d.measure, beyond(d.needs, d.threshold::numeric, true));
      INSERT INTO checked SELECT 'entered', EXISTS (SELECT FROM receivables.group_membership g WHERE g.customer_id = d.customer_id), d.clause;
    END LOOP;
  END LOOP;
END $$;
SELECT check_name, count(*) > 30 AS many, count(*) FILTER (WHERE good IS NOT TRUE) AS wrong, min(said) FILTER (WHERE good IS NOT TRUE) AS first_wrong
FROM checked GROUP BY check_name ORDER BY check_name;
DROP TABLE checked;
DROP PROCEDURE check_criteria;
DROP FUNCTION random_condition, random_criteria, beyond, set_value;
