-- Access: what roles may do, what nobody may change directly, hostile objects, and the shape of the views.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE ROLE regress_erp;
CREATE ROLE regress_manager;
CREATE ROLE regress_collector;
CREATE ROLE regress_bi;
CREATE ROLE regress_nobody;

INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Big', false);
INSERT INTO customer_group (name) VALUES ('G');
INSERT INTO portfolio (name) VALUES ('North');
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000');
INSERT INTO assignment_rule (search, scenario) VALUES ('big', 'Big');
INSERT INTO assignment_rule (search, customer_group) VALUES ('big', 'G');

-- Nobody has anything without a grant
SET ROLE regress_nobody;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY['SELECT * FROM receivables.customer', 'SELECT receivables.business_date()']) s;
RESET ROLE;
GRANT USAGE ON SCHEMA receivables TO regress_nobody, regress_erp, regress_manager, regress_collector, regress_bi;
SET ROLE regress_nobody;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  'SELECT * FROM customer', 'SELECT * FROM customer_facts', 'SELECT * FROM scenario_membership', 'INSERT INTO customer DEFAULT VALUES', 'CALL search_assign()', 'SELECT * FROM run_search(''big'')',
  'SELECT * FROM try_search(''true'')', 'SELECT pin_scenario(1, ''Big'')', 'SELECT unpin_scenario(1)', 'SELECT pin_portfolio(1, ''x'')', 'SELECT unpin_portfolio(1)', 'SELECT add_to_group(1, ''G'')',
  'SELECT exclude_from_group(1, ''G'')', 'SELECT remove_from_group(1, ''G'')', 'SELECT include_in_group(1, ''G'')', 'SELECT add_colleague(1, ''x'')', 'SELECT remove_colleague(1, ''x'')',
  'SELECT check_positions()', 'SELECT rebuild_positions()', 'SELECT memberships_as_of(now())', 'SELECT set_hand_assignment(1, 1, ''Big'', ''pin'', NULL, NULL)',
  'SELECT drop_hand_assignment(1, 1, NULL, ''{pin}'')', 'SELECT write_hand_assignment(1, 1, 1, 1, ''pin'', NULL, NULL)', 'SELECT erase_hand_assignment(1, 1, 1, ''{pin}'')', 'SELECT is_status_in_use(''dispute'')']) s;
RESET ROLE;
-- Tables, views, sequences of the schema: nothing for PUBLIC
SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'receivables'::regnamespace AND a.grantee = 0 ORDER BY 1;
-- Functions that PUBLIC may call change nothing and read no table
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'receivables'::regnamespace AND p.provolatile = 'v' AND p.prorettype <> 'trigger'::regtype
  AND has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1::text;
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'receivables'::regnamespace AND p.prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false) ORDER BY 1::text;

-- An ERP job needs nothing but its rights on the ledger's tables
GRANT SELECT, INSERT, UPDATE, DELETE ON customer, contact, item, payment_allocation TO regress_erp;
SET ROLE regress_erp;
INSERT INTO customer (customer_id, account_no) VALUES (1, 'A1'), (2, 'A2');
INSERT INTO item (customer_id, item_id, erp_key, amount, status) VALUES (1, 1, 'K', 1500, 'dispute'), (2, 2, 'L', 10, NULL);
INSERT INTO contact (customer_id, email) VALUES (1, 'a@b.c');
UPDATE item SET open_amount = 1200, status = 'promise', promised_on = '2026-07-01' WHERE item_id = 1;
INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (1, 1, 300);
MERGE INTO item i USING (VALUES (2, 'L', 20)) AS s(c, k, a) ON i.customer_id = s.c AND i.erp_key = s.k WHEN MATCHED THEN UPDATE SET amount = s.a, open_amount = s.a;
COPY item (customer_id, item_id, amount) FROM stdin;
2	3	5000
\.
UPDATE item SET customer_id = 1 WHERE item_id = 2;
DELETE FROM item WHERE item_id = 2;
SET search_assign.apply = statement;
UPDATE item SET open_amount = 0 WHERE item_id = 3;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  'SELECT * FROM position', 'UPDATE position SET receivables = ''{}''', 'SELECT * FROM search', 'INSERT INTO search (name, criteria) VALUES (''x'', ''true'')', 'SELECT * FROM scenario_membership',
  'INSERT INTO open_amount_change DEFAULT VALUES', 'CALL search_assign(true)', 'TRUNCATE item', 'SELECT set_config(''search_assign.business_date'', ''2020-01-01'', false)',
  'INSERT INTO item (customer_id, amount, status) VALUES (1, 1, ''nosuch'')', 'DELETE FROM customer WHERE customer_id = 1']) s;
RESET search_assign.apply;
RESET ROLE;
SELECT customer_id, scenario, rule_id FROM scenario_membership ORDER BY 1;
SELECT customer_id, outstanding, open_items, has_email, total(promised) FROM customer_facts ORDER BY 1;
SELECT customer_id, recorded_by = SESSION_USER AS session_user FROM qualification ORDER BY qualification_no;
SELECT * FROM check_positions();
GRANT TRUNCATE ON item TO regress_erp;
SET ROLE regress_erp;
BEGIN;
TRUNCATE item;
COMMIT;
RESET ROLE;
SELECT customer_id, outstanding FROM customer_facts ORDER BY 1;
SELECT * FROM check_positions();
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 1, 1500);
-- What the DELETE of a TRUNCATE cannot delete is not truncated either: rows hidden by row level security, or kept by a trigger or a rule
CREATE POLICY regress_own ON item TO regress_erp USING (customer_id = 2);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
SET ROLE regress_erp;
SELECT pg_temp.try('TRUNCATE item');
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 2, 10);
SELECT pg_temp.try('TRUNCATE item');
RESET ROLE;
ALTER TABLE item DISABLE ROW LEVEL SECURITY;
DROP POLICY regress_own ON item;
CREATE FUNCTION pg_temp.keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER regress_keep BEFORE DELETE ON item FOR EACH ROW EXECUTE FUNCTION pg_temp.keep_row();
SELECT pg_temp.try('TRUNCATE item');
DROP TRIGGER regress_keep ON item;
CREATE RULE regress_keep AS ON DELETE TO item DO INSTEAD NOTHING;
SELECT pg_temp.try('TRUNCATE item');
DROP RULE regress_keep ON item;
SELECT customer_id, item_id FROM item ORDER BY 1, 2;
SELECT customer_id, outstanding FROM customer_facts ORDER BY 1;
SELECT * FROM check_positions();
DELETE FROM item WHERE customer_id = 2;

-- A manager of searches and rules, with the rights that the README names
GRANT SELECT, INSERT, UPDATE, DELETE ON search, assignment_rule, scenario, customer_group, portfolio, collector, item_status TO regress_manager;
GRANT EXECUTE ON PROCEDURE search_assign(boolean) TO regress_manager;
GRANT SELECT ON customer_facts TO regress_manager;
GRANT EXECUTE ON FUNCTION run_search(text), try_search(text) TO regress_manager;
SET ROLE regress_manager;
INSERT INTO search (name, criteria) VALUES ('small', 'outstanding < 10');
INSERT INTO scenario (name) VALUES ('Small');
INSERT INTO assignment_rule (search, scenario) VALUES ('small', 'Small');
CALL search_assign();
SELECT customer_id, outstanding FROM run_search('small');
SELECT customer_id, outstanding FROM try_search('true') ORDER BY 1;
SELECT pg_temp.try('DELETE FROM scenario WHERE name = ''Big''');
SELECT pg_temp.try('DELETE FROM search WHERE name = ''big''');
-- Whether items have a status is looked up without a right to see them
INSERT INTO item_status (code, label, category) VALUES ('used', 'Used', 'ongoing'), ('unused', 'Unused', 'ongoing');
RESET ROLE;
INSERT INTO item (customer_id, item_id, amount, status) VALUES (2, 2, 10, 'used');
SET ROLE regress_manager;
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  'UPDATE item_status SET excludes_from_scenario = true WHERE code = ''used''', 'DELETE FROM item_status WHERE code = ''used''', 'UPDATE item_status SET active = false WHERE code = ''used''',
  'UPDATE item_status SET excludes_from_scenario = true WHERE code = ''unused''', 'DELETE FROM item_status WHERE code = ''unused''', 'SELECT is_status_in_use(''used'')', 'SELECT count(*) FROM item']) s;
RESET ROLE;
DELETE FROM item WHERE item_id = 2;
SELECT customer_id, scenario FROM scenario_membership ORDER BY 1;
-- One who pins, without rights on the tables behind
GRANT EXECUTE ON FUNCTION pin_scenario(bigint, text, date, text), unpin_scenario(bigint) TO regress_collector;
SET ROLE regress_collector;
SELECT pin_scenario(2, 'Big');
RESET ROLE;
SELECT customer_id, scenario, source FROM scenario_membership ORDER BY 1;
SELECT made_by = SESSION_USER AS session_user FROM hand_assignment;
SET ROLE regress_collector;
SELECT unpin_scenario(2);
RESET ROLE;
-- A BI role: SELECT on views alone
GRANT SELECT ON customer_facts, aging_balance, aging_balance_by_bucket, scenario_membership, group_membership, portfolio_membership, option_membership, colleague_membership, unassigned_customers, search_assign_status, search_assign_progress, search_attribute TO regress_bi;
SET ROLE regress_bi;
SELECT customer_id, scenario, outstanding FROM aging_balance ORDER BY 1;
SELECT (SELECT count(*) FROM customer_facts) AS facts, (SELECT count(*) FROM aging_balance_by_bucket) AS buckets, (SELECT count(*) FROM scenario_membership) AS scenarios, (SELECT count(*) FROM group_membership) AS groups,
  (SELECT count(*) FROM portfolio_membership) AS portfolios, (SELECT count(*) FROM option_membership) AS options, (SELECT count(*) FROM colleague_membership) AS colleagues, (SELECT count(*) FROM unassigned_customers) AS unassigned,
  (SELECT count(*) FROM search_assign_status) AS status, (SELECT count(*) > 0 FROM search_assign_progress) AS progress, (SELECT count(*) > 0 FROM search_attribute) AS attributes;
RESET ROLE;

-- Nobody changes results directly, the superuser included
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  'INSERT INTO scenario_membership (customer_id, scenario) VALUES (1, ''Big'')', 'UPDATE scenario_membership SET scenario = ''Big''', 'DELETE FROM scenario_membership',
  'UPDATE group_membership SET since = ''2020-01-01''', 'INSERT INTO option_membership (customer_id, option) VALUES (1, ''late_interest'')', 'INSERT INTO colleague_membership (customer_id) VALUES (1)',
  'UPDATE position SET receivables = ''{}''', 'DELETE FROM position', 'TRUNCATE position', 'INSERT INTO position (customer_id) VALUES (1)', 'DELETE FROM membership_log', 'TRUNCATE membership_change', 'UPDATE membership_log SET name = ''x''',
  'INSERT INTO hand_assignment (customer_id) VALUES (1)', 'DELETE FROM hand_assignment', 'UPDATE open_amount_change SET paid = 0', 'TRUNCATE open_amount_change', 'UPDATE configuration SET version = 1', 'DELETE FROM configuration']) s;

-- Hostile objects in front of the path: triggers, views and functions go by their own names
CREATE SCHEMA regress_evil;
GRANT USAGE ON SCHEMA regress_evil TO regress_erp;
CREATE FUNCTION regress_evil.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a foreign trigger was run'; RETURN NULL; END $$;
CREATE TABLE regress_evil.position (LIKE receivables.position);
CREATE TABLE regress_evil.item (LIKE receivables.item);
CREATE TABLE regress_evil.customer (LIKE receivables.customer);
CREATE TABLE regress_evil.search (LIKE receivables.search);
CREATE FUNCTION regress_evil.business_date() RETURNS date LANGUAGE sql AS $$ SELECT '1999-01-01'::date $$;
CREATE FUNCTION regress_evil.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a foreign function was run'; END $$;
CREATE FUNCTION regress_evil.format(text, text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a foreign function was run'; RETURN 'SELECT 1'; END $$;
CREATE FUNCTION regress_evil.always(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a foreign operator was run'; RETURN true; END $$;
CREATE OPERATOR regress_evil.= (FUNCTION = regress_evil.always, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION regress_evil.same(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a foreign operator was run'; RETURN true; END $$;
CREATE OPERATOR regress_evil.= (FUNCTION = regress_evil.same, LEFTARG = text, RIGHTARG = text);
GRANT TRUNCATE ON receivables.item TO regress_erp;
SET ROLE regress_erp;
SET search_path = regress_evil, pg_catalog;
INSERT INTO receivables.customer (customer_id, account_no, parent_id) VALUES (3, 'E1', 1);
INSERT INTO receivables.item (customer_id, amount, status) VALUES (2, 3000, 'dispute');
UPDATE receivables.item SET status = 'ongoing', open_amount = 2999 WHERE amount OPERATOR(pg_catalog.=) 3000;
INSERT INTO receivables.payment_allocation (customer_id, item_id, amount) SELECT customer_id, item_id, 1 FROM receivables.item WHERE amount OPERATOR(pg_catalog.=) 3000;
DELETE FROM receivables.customer WHERE customer_id OPERATOR(pg_catalog.>) 2;
TRUNCATE receivables.item;
RESET search_path;
RESET ROLE;
SET search_path = regress_evil, pg_catalog;
INSERT INTO receivables.search (name, criteria) VALUES ('e', 'created_on <= business_date() and customer_id + 0 = 1');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES ('e', 'G');
CALL receivables.search_assign(true);
SELECT receivables.rebuild_positions();
SELECT count(*) FROM receivables.check_positions();
SELECT count(*) FROM receivables.memberships_as_of(pg_catalog.clock_timestamp()) WHERE target OPERATOR(pg_catalog.=) 'customer_group';
SELECT receivables.pin_scenario(1, 'Small'), receivables.pin_portfolio(1, 'North');
SELECT receivables.unpin_scenario(1), receivables.unpin_portfolio(1);
SELECT count(*) FROM receivables.run_search('e');
DELETE FROM receivables.assignment_rule WHERE search OPERATOR(pg_catalog.=) 'e';
DELETE FROM receivables.search WHERE name OPERATOR(pg_catalog.=) 'e';
DELETE FROM receivables.item_status WHERE code OPERATOR(pg_catalog.=) 'doubtful';
SET search_path = receivables, public;
SELECT count(*) FROM regress_evil.position;
SET client_min_messages = error;
DROP SCHEMA regress_evil CASCADE;
SET client_min_messages = warning;

-- Views for BI tools: comments, plain types with precision, plain names. Left out: the views that serve the extension itself.
WITH v AS (SELECT c.oid, c.relname AS view, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c WHERE c.relnamespace = 'receivables'::regnamespace AND c.relkind IN ('v', 'm') AND c.relname NOT IN ('membership', 'assignment_target', 'assignment_target_name')),
problem AS (
  SELECT view, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, concat_ws('; ',
    CASE WHEN v.comment IS NULL THEN 'view has no comment' END,
    CASE WHEN col_description(v.oid, a.attnum) IS NULL THEN 'no column comment' END,
    CASE WHEN a.atttypid NOT IN ('bool'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float8'::regtype, 'numeric'::regtype, 'text'::regtype, 'varchar'::regtype, 'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN 'type not plain' END,
    CASE WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod = -1 THEN 'numeric without precision' END,
    CASE WHEN a.attname !~ '^[a-z][a-z0-9_]{0,29}$' THEN 'name not plain' END,
    CASE WHEN EXISTS (SELECT FROM pg_get_keywords() k WHERE k.word = a.attname AND k.catcode IN ('R', 'T')) THEN 'reserved word' END) AS problems
  FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped)
SELECT * FROM problem WHERE problems <> '' ORDER BY 1, 2;
-- Internal views have comments too
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'receivables'::regnamespace AND c.relkind = 'v' AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL) ORDER BY 1, 2;

RESET search_path;
SET client_min_messages = error;
DROP EXTENSION search_assign CASCADE;
DROP ROLE regress_erp, regress_manager, regress_collector, regress_bi, regress_nobody;
CREATE EXTENSION search_assign;
