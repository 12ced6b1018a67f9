-- Explanation of an assignment: rules in order, clauses as written with their values, what decides and what comes.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET DateStyle = ISO;
SET search_assign.business_date = '2026-06-15';
CREATE FUNCTION show(customer bigint, as_of date DEFAULT '2026-06-15') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regexp_replace(t, 'made by [^ ]+ on [0-9-]+', 'made by USER on DAY')
  FROM regexp_split_to_table(receivables.explain_assignment_text(customer, as_of), E'\n') t $$;

INSERT INTO receivables.search (name, criteria) VALUES
  ('Strategic', 'outstanding >= 500000'),
  ('Risky', '(internal_score < 40 and payer_profile in (''bad'',''very bad'')) or (overdue(receivables, 60) >= 20000 and not has_email)'),
  ('Very late', 'outstanding between 1000 and 90000 AND (days_overdue > 30 or not_since(last_payment_on, 90))'),
  ('French', '((external_score > 5) and country = ''FR'') and not (credits < 0 or created_on < date ''2020-01-01'')');
INSERT INTO receivables.scenario (name, is_default) VALUES ('Key', false), ('Standard', true), ('Hard', false);
INSERT INTO receivables.customer_group (name) VALUES ('France');
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES (10, 'Strategic', 'Key'), (20, 'Risky', 'Hard'), (30, 'Very late', 'Hard');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('French', 'France');
INSERT INTO receivables.customer (customer_id, account_no, name, external_score, country) VALUES (1, 'A1', 'Acme', 50, 'FR');
INSERT INTO receivables.item (customer_id, document_date, due_date, amount, open_amount) VALUES
  (1, '2026-03-01', '2026-04-20', 18400, 18400), (1, '2026-03-01', '2026-06-20', 71600.5, 71600.5);

SELECT * FROM show(1);

-- As rows for programs.
SELECT line_no, line, target, name, rule_id, outcome, matches, source, since, changes_on, changes_to
FROM receivables.explain_assignment(1) WHERE line <> 'clause' ORDER BY line_no;
SELECT rule_id, clause_no, parent_no, depth, clause_kind, clause, truth, decisive, measure, actual, needs, threshold, distance
FROM receivables.explain_assignment(1) WHERE line = 'clause' ORDER BY line_no;
SELECT clause, column_values FROM receivables.explain_assignment(1) WHERE clause IN ('has_email', 'not_since(last_payment_on, 90)', 'days_overdue > 30');

-- Another day: the same ledger, the rules of now.
SELECT * FROM show(1, '2026-08-20');

-- A pin, and what it hides; a hand-made exclusion.
SELECT receivables.pin_scenario(1, 'Key', '2026-07-01', 'bridge loan');
SELECT receivables.exclude_from_group(1, 'France');
SELECT t FROM show(1) t WHERE t NOT LIKE '    %';
UPDATE receivables.customer SET external_score = 30 WHERE customer_id = 1;
UPDATE receivables.item SET due_date = '2026-01-20' WHERE amount = 71600.5;
SELECT t FROM show(1) t WHERE t NOT LIKE '    %';
SELECT receivables.unpin_scenario(1);
SELECT receivables.include_in_group(1, 'France');
SELECT t FROM show(1) t WHERE t NOT LIKE '    %';

-- Rules that stand apart: manual ones, those for new customers, failing and invalid searches.
INSERT INTO receivables.search (name, criteria) VALUES ('Everybody', 'true'), ('Ratio', 'open_items > 0 and 10 / (external_score - 30) > 0');
INSERT INTO receivables.customer_group (name) VALUES ('Manual'), ('New'), ('Ratio');
INSERT INTO receivables.assignment_rule (search, customer_group, autorun) VALUES ('Everybody', 'Manual', false);
INSERT INTO receivables.assignment_rule (search, customer_group, new_customers_only, active_since) VALUES ('Everybody', 'New', true, '2026-06-16');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('Ratio', 'Ratio');
SELECT * FROM show(1) t WHERE t ~ 'Manual|New|Ratio|failed|open_items|true';
CALL receivables.search_assign();
SELECT * FROM show(1) t WHERE t ~ 'Manual' AND t NOT LIKE '    %';

-- Configuration newer than what is stored.
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES (1, 'Everybody', 'Key');
SELECT t FROM show(1) t WHERE t LIKE 'scenario%';
CALL receivables.search_assign();
SELECT t FROM show(1) t WHERE t LIKE 'scenario%';
-- The version of the rule that decided stays with the decision, the line of the rule shows the present one.
UPDATE receivables.assignment_rule SET priority = 2 WHERE search = 'Everybody' AND scenario = 'Key';
SELECT line, rule_id, rule_version, search_version FROM receivables.explain_assignment(1) WHERE target = 'scenario' AND (line = 'target' OR line = 'rule' AND rule_id > 4);

-- Words of clauses: parentheses, comments, BETWEEN, IN, CASE, row comparisons, keywords in texts and quotes.
CREATE FUNCTION clauses(criteria text) RETURNS TABLE (no integer, parent integer, kind text, clause text, measure text, needs text, threshold text) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE receivables.search s SET criteria = clauses.criteria WHERE name = 'French';
  RETURN QUERY SELECT e.clause_no, e.parent_no, e.clause_kind, e.clause, e.measure, e.needs, e.threshold
               FROM receivables.explain_assignment(1) e WHERE e.search = 'French' AND e.line = 'clause' ORDER BY e.line_no;
END $$;
SELECT * FROM clauses('( ( outstanding > 1 ) )');
SELECT * FROM clauses('(outstanding > 1 and overdue > 2) and (open_items > 3 and (open_items > 4))');
SELECT * FROM clauses('outstanding between 1 and 2 and overdue not between 3 and (2 + 2) or country in (''and'', ''or'') and name <> ''a and b or not c''');
SELECT * FROM clauses('not (outstanding > 1 or not overdue <= 2) /* and this */ and has_email is not true');
SELECT * FROM clauses('case when open_items > 1 and overdue > 2 then outstanding > 3 else name = sector end or (outstanding, overdue) > (1, 2)');
SELECT * FROM clauses('500 <= outstanding and 10 < payment_days + 1 and created_on >= date ''2026-01-01'' and oldest_due_date < business_date() - 30');
SELECT * FROM clauses('open_items is not distinct from 3 AND NOT collection_blocked AND (created_on between ''2026-01-01'' and business_date()) AND "name" = ''x''');

-- Errors, and rights.
SELECT receivables.explain_assignment_text(99);
SELECT count(*) FROM receivables.explain_assignment(1, 'infinity');
-- The last days there are: looking ahead ends with them.
SELECT d, count(*) FROM unnest(ARRAY['5874897-12-31', '5874896-01-01', '4713-01-01 BC']::date[]) d, receivables.explain_assignment(1, d) GROUP BY d ORDER BY d;
BEGIN;
SET LOCAL search_assign.business_date = '9999-12-31';
SELECT count(*) FROM receivables.search_forecast('Risky', 3660);
ROLLBACK;
CREATE ROLE explain_nobody;
GRANT USAGE ON SCHEMA receivables TO explain_nobody;
SET ROLE explain_nobody;
SELECT receivables.explain_assignment_text(1);
RESET ROLE;
DROP OWNED BY explain_nobody;
DROP ROLE explain_nobody;
-- Nothing is written.
BEGIN TRANSACTION READ ONLY;
SELECT count(*) > 10 AS explained FROM receivables.explain_assignment(1);
COMMIT;
DROP FUNCTION show, clauses;
-- Comparisons of rows are no BETWEEN, arguments by name are not measured.
CREATE FUNCTION measured(criteria text) RETURNS TABLE (clause text, measure text, distance numeric) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE receivables.search s SET criteria = measured.criteria WHERE name = 'French';
  RETURN QUERY SELECT e.clause, e.measure, e.distance FROM receivables.explain_assignment(1) e WHERE e.search = 'French' AND e.clause_kind = 'condition' ORDER BY e.line_no;
END $$;
SELECT * FROM measured('(outstanding, overdue) = (1, 2) or outstanding between 1 and 2 or not_since(days => 90, date => created_on)');
SELECT count(*) FROM receivables.search_distance('French') WHERE finding LIKE '%(outstanding, overdue)%';
DROP FUNCTION measured;
