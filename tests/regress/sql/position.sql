-- check_positions() finds what was changed past the triggers, rebuild_positions() mends it with its memberships.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.state AS
  SELECT f.customer_id, f.outstanding::numeric(12,2), f.open_items, f.has_email, f.sales_12m::numeric(12,2), f.average_days_late::numeric(12,2), total(f.promised)::numeric(12,2) AS promised,
    m.scenario, m.source, (SELECT string_agg(customer_group, ',') FROM group_membership g WHERE g.customer_id = f.customer_id) AS groups
  FROM customer_facts f LEFT JOIN scenario_membership m USING (customer_id);

INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Big', false), ('Pinned', false);
INSERT INTO customer_group (name) VALUES ('Slow');
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000'), ('slow', 'average_days_late > 20 or total(promised) > 0');
INSERT INTO assignment_rule (search, scenario) VALUES ('big', 'Big');
INSERT INTO assignment_rule (search, customer_group) VALUES ('slow', 'Slow');
INSERT INTO customer (customer_id, account_no, email) SELECT n, 'A' || n, NULL FROM generate_series(1, 7) n;
INSERT INTO contact (customer_id, contact_id, email) VALUES (1, 1, 'a@b.c');
INSERT INTO item (customer_id, item_id, due_date, document_date, amount) SELECT n, n, '2026-05-01', '2026-04-01', 500 * n FROM generate_series(1, 6) n;
UPDATE item SET open_amount = 100, cleared_on = NULL WHERE item_id = 3;
UPDATE item SET status = 'promise' WHERE item_id = 4;
SELECT * FROM pg_temp.state ORDER BY 1;
SELECT * FROM check_positions();
SELECT rebuild_positions();

-- Changed past the triggers, as after a load with triggers disabled
SET session_replication_role = replica;
UPDATE item SET amount = 9000, open_amount = 9000 WHERE item_id = 1;
DELETE FROM contact WHERE contact_id = 1;
UPDATE item SET due_date = '2026-05-02' WHERE item_id = 2;
UPDATE item SET status = NULL WHERE item_id = 4;
DELETE FROM item WHERE item_id = 5;
UPDATE item SET customer_id = 7 WHERE item_id = 6;
UPDATE open_amount_change SET effective_on = '2026-05-03' WHERE item_id = 3;
RESET session_replication_role;
SELECT * FROM check_positions() ORDER BY 1, 2;
SELECT * FROM pg_temp.state ORDER BY 1;
SELECT rebuild_positions();
SELECT * FROM check_positions();
SELECT * FROM pg_temp.state ORDER BY 1;
SELECT rebuild_positions();
CALL search_assign();
SELECT customer_id, target, name, previous FROM membership_log WHERE recorded_at > (SELECT max(recorded_at) FROM membership_log WHERE name = 'Slow') ORDER BY log_id, target_order, target_id;

-- Positions themselves damaged, missing and too many
SELECT pin_scenario(2, 'Pinned');
SET session_replication_role = replica;
DELETE FROM position WHERE customer_id IN (2, 4);
INSERT INTO position (customer_id, receivables) VALUES (99, '{2026-01-01:5:0:1:0}');
UPDATE position SET contact_phones = 3, disputed = receivables WHERE customer_id = 1;
RESET session_replication_role;
SELECT * FROM check_positions() ORDER BY 1, 2;
SELECT rebuild_positions();
SELECT * FROM check_positions();
SELECT * FROM pg_temp.state ORDER BY 1;
SELECT count(*) FROM position;
-- An empty ledger, and a rebuild that is rolled back
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM item;
SET LOCAL session_replication_role = origin;
SELECT rebuild_positions();
SELECT count(*) FROM customer_facts WHERE outstanding <> 0;
SELECT * FROM check_positions();
ROLLBACK;
SELECT * FROM check_positions();
SELECT customer_id, outstanding::numeric(12,2), scenario FROM pg_temp.state ORDER BY 1;
-- With little memory it takes several passes
INSERT INTO customer (customer_id, account_no) SELECT n, 'B' || n FROM generate_series(1001, 3000) n;
INSERT INTO item (customer_id, due_date, amount, status) SELECT 1001 + n % 2000, '2026-01-01'::date + n % 300, n, CASE WHEN n % 5 = 0 THEN 'dispute' END FROM generate_series(1, 12000) n;
SET maintenance_work_mem = '1MB';
SELECT * FROM check_positions();
SET session_replication_role = replica;
UPDATE item SET open_amount = 0, cleared_on = '2026-06-01' WHERE customer_id % 400 = 7;
RESET session_replication_role;
SELECT figure, count(*) FROM check_positions() GROUP BY 1 ORDER BY 1;
SELECT rebuild_positions();
SELECT * FROM check_positions();
RESET maintenance_work_mem;
-- Statements of more rows than are taken at a time (10,000): histories and payments are those of one statement
INSERT INTO customer (customer_id) SELECT n FROM generate_series(5001, 5010) n;
INSERT INTO item (customer_id, item_id, document_date, due_date, amount, open_amount)
SELECT 5001 + n % 10, n, business_date() - 90, business_date() - 60, 100, 100 - n % 3 FROM generate_series(100001, 125000) n;
UPDATE item SET due_date = due_date - 1 WHERE customer_id > 5000;
SELECT count(*) FROM check_positions();
UPDATE item SET open_amount = open_amount - 10, status = 'dispute' WHERE customer_id > 5000;
UPDATE item SET open_amount = open_amount - 5, customer_id = 5001 + item_id % 7 WHERE customer_id > 5000 AND item_id % 2 = 0;
UPDATE item SET cleared_on = business_date() - 1, open_amount = 0 WHERE customer_id > 5000 AND item_id % 4 = 0;
UPDATE item SET cleared_on = business_date() - 2 WHERE customer_id > 5000 AND open_amount = 0;
SELECT count(*), sum(paid), (SELECT sum(amount - open_amount) FROM item WHERE customer_id > 5000) AS gone,
       count(*) FILTER (WHERE effective_on = business_date() - 2) AS redated FROM open_amount_change WHERE customer_id > 5000;
SELECT count(*) FROM qualification WHERE customer_id > 5000;
SELECT count(*) FROM check_positions();
DELETE FROM item WHERE customer_id > 5000 AND item_id % 8 <> 0;
SELECT count(*), sum(paid) = (SELECT sum(amount - open_amount) FROM item WHERE customer_id > 5000) AS as_paid FROM open_amount_change WHERE customer_id > 5000;
SELECT count(*) FROM check_positions();
RESET search_path;
