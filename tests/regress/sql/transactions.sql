-- Transactions: savepoints, exception blocks, several statements, apply = statement.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.state AS
  SELECT f.customer_id, f.outstanding::numeric(12,2), f.open_items, f.has_email, m.scenario FROM customer_facts f LEFT JOIN scenario_membership m USING (customer_id);

INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Big', false), ('Mail', false);
INSERT INTO search (name, criteria) VALUES ('big', 'outstanding >= 1000'), ('mail', 'has_email');
INSERT INTO assignment_rule (priority, search, scenario) VALUES (1, 'big', 'Big'), (2, 'mail', 'Mail');
INSERT INTO customer (customer_id, account_no) SELECT n, 'A' || n FROM generate_series(1, 5) n;

-- Applied once before the commit: until then positions and memberships show the state before the transaction
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 1, 600);
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 2, 600), (2, 3, 10);
UPDATE item SET open_amount = 500 WHERE item_id = 1;
SELECT * FROM pg_temp.state WHERE customer_id <= 2 ORDER BY 1;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id <= 2 ORDER BY 1;
SELECT count(*) FROM membership_log WHERE customer_id = 1; -- the default at its insertion, and the one change

-- Rolled back: nothing
BEGIN;
DELETE FROM item;
UPDATE customer SET email = 'a@b.c';
ROLLBACK;
SELECT * FROM pg_temp.state WHERE customer_id <= 2 ORDER BY 1;

-- Savepoints: exactly their part is forgotten
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 10, 1);
SAVEPOINT a;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 11, 20);
SAVEPOINT b;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 12, 300);
UPDATE customer SET email = 'a@b.c' WHERE customer_id = 3;
RELEASE b;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 13, 4000);
SAVEPOINT c;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 14, 50000);
ROLLBACK TO c;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 15, 600000);
ROLLBACK TO a;
INSERT INTO item (customer_id, item_id, amount) VALUES (3, 16, 7000000);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 3;
BEGIN;
SAVEPOINT a;
SAVEPOINT b;
UPDATE item SET open_amount = 0 WHERE item_id = 16;
RELEASE b;
SAVEPOINT c;
UPDATE item SET open_amount = 0 WHERE item_id = 10;
ROLLBACK TO c;
RELEASE a;
SAVEPOINT d;
INSERT INTO contact (customer_id, email) VALUES (3, 'x');
RELEASE d;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 3;
SELECT * FROM check_positions();

-- Exception blocks of PL/pgSQL
DO $$
BEGIN
  INSERT INTO receivables.item (customer_id, item_id, amount) VALUES (4, 20, 1);
  BEGIN
    INSERT INTO receivables.item (customer_id, item_id, amount) VALUES (4, 21, 2000);
    INSERT INTO receivables.item (customer_id, item_id, amount) VALUES (99, 22, 2000);
  EXCEPTION WHEN foreign_key_violation THEN
    RAISE WARNING 'refused';
  END;
  FOR i IN 1..50 LOOP
    BEGIN
      INSERT INTO receivables.item (customer_id, item_id, amount) VALUES (4, 30 + i, i);
      IF i % 3 = 0 THEN RAISE division_by_zero; END IF;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
  END LOOP;
END $$;
SELECT *, (SELECT sum(open_amount) FROM item i WHERE i.customer_id = s.customer_id) AS by_items FROM pg_temp.state s WHERE customer_id = 4;
SELECT * FROM check_positions();

-- An error at the end: nothing of the statement, and the transaction goes on after the savepoint
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (5, 100, 1);
SAVEPOINT a;
INSERT INTO item (customer_id, item_id, amount) SELECT CASE WHEN n = 500 THEN 99 ELSE 5 END, 100 + n, 1 FROM generate_series(1, 500) n;
ROLLBACK TO a;
INSERT INTO item (customer_id, item_id, amount) VALUES (5, 101, 2);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 5;

-- Inserted and deleted in one transaction
BEGIN;
INSERT INTO customer (customer_id, account_no) VALUES (6, 'A6');
INSERT INTO item (customer_id, item_id, amount) VALUES (6, 200, 5000);
DELETE FROM item WHERE customer_id = 6;
DELETE FROM customer WHERE customer_id = 6;
COMMIT;
SELECT count(*) FROM position WHERE customer_id = 6;
SELECT count(*) FROM membership_log WHERE customer_id = 6;
BEGIN;
INSERT INTO customer (customer_id, account_no) VALUES (6, 'A6');
SAVEPOINT a;
DELETE FROM customer WHERE customer_id = 6;
ROLLBACK TO a;
INSERT INTO item (customer_id, item_id, amount) VALUES (6, 200, 5000);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 6;

-- apply = statement: memberships are right inside the transaction
SET search_assign.apply = statement;
BEGIN;
UPDATE item SET open_amount = 0 WHERE item_id = 200;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
SAVEPOINT a;
UPDATE customer SET email = 'm' WHERE customer_id = 6;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
INSERT INTO item (customer_id, item_id, amount) VALUES (6, 201, 1000), (6, 202, 1);
SELECT * FROM pg_temp.state WHERE customer_id = 6;
ROLLBACK TO a;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
SELECT * FROM check_positions();
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
-- switched on in the middle: the statement applies what its level has gathered
RESET search_assign.apply;
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (6, 203, 700);
SET LOCAL search_assign.apply = statement;
INSERT INTO item (customer_id, item_id, amount) VALUES (6, 204, 700);
SELECT * FROM pg_temp.state WHERE customer_id = 6;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
BEGIN;
DELETE FROM item WHERE item_id = 204;
SAVEPOINT a;
SET LOCAL search_assign.apply = statement;
DELETE FROM item WHERE item_id = 203;
ROLLBACK TO a;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 6;
SELECT * FROM check_positions();

-- Configuration and ledger in one transaction, rolled back in part and as a whole: no session remembers rules that never were
BEGIN;
SAVEPOINT a;
UPDATE search SET criteria = 'outstanding >= 1' WHERE name = 'big';
INSERT INTO scenario (name) VALUES ('Never');
SET LOCAL search_assign.apply = statement;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 210, 1);
SELECT * FROM pg_temp.state WHERE customer_id = 2;
ROLLBACK TO a;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 211, 1);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
BEGIN;
UPDATE search SET criteria = 'outstanding >= 1' WHERE name = 'big';
CALL search_assign();
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
ROLLBACK;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 212, 1);
SELECT * FROM pg_temp.state WHERE customer_id = 2;

-- rebuild_positions() with changes gathered before it, also before a savepoint
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 213, 5);
SAVEPOINT a;
SELECT rebuild_positions() >= 0 AS rebuilt;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
SELECT * FROM check_positions();

BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 216, 5);
SAVEPOINT a;
UPDATE item SET open_amount = 3 WHERE item_id = 216;
SAVEPOINT b;
SELECT rebuild_positions() >= 0 AS rebuilt;
ROLLBACK TO b;
SELECT rebuild_positions() >= 0 AS rebuilt;
ROLLBACK TO a;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
SELECT * FROM check_positions();

-- Collection functions apply what the transaction has done so far. What was done before the savepoint is applied again
-- where that is rolled back to, and not undone meanwhile where it is not: one row of the log.
CREATE TEMP TABLE logged AS SELECT count(*) AS changes FROM membership_change;
BEGIN;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 220, 50000);
SAVEPOINT a;
SELECT record_action(2, 'call') > 0 AS recorded;
SELECT record_action(2, 'call') > 0 AS recorded;
SAVEPOINT b;
SELECT record_action(2, 'call') > 0 AS recorded;
RELEASE b;
SET LOCAL search_assign.apply = statement;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 221, 1);
SELECT record_action(2, 'call') > 0 AS recorded;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
RELEASE a;
INSERT INTO item (customer_id, item_id, amount) VALUES (2, 222, 1);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
SELECT count(*) - changes AS changes FROM membership_change, logged GROUP BY changes;
BEGIN;
UPDATE item SET open_amount = 0 WHERE item_id = 220;
SAVEPOINT a;
SELECT record_action(2, 'call') > 0 AS recorded;
SELECT record_action(2, 'call') > 0 AS recorded;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
ROLLBACK TO a;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
SELECT count(*) - changes AS changes FROM membership_change, logged GROUP BY changes;
SELECT * FROM check_positions();

-- Temporary tables of the same names are nobody's ledger
CREATE TEMP TABLE item (LIKE receivables.item);
CREATE TEMP TABLE customer (LIKE receivables.customer);
CREATE TEMP TABLE position (customer_id bigint, receivables text);
SET search_path = pg_temp, receivables, public;
BEGIN;
INSERT INTO item (item_id, customer_id, amount, open_amount, kind, document_date, due_date, fx_rate) VALUES (1, 1, 77, 77, 'invoice', '2026-01-01', '2026-01-01', 1);
INSERT INTO receivables.item (customer_id, item_id, amount) VALUES (2, 214, 5000);
COMMIT;
SELECT * FROM pg_temp.state WHERE customer_id = 2;
DROP TABLE pg_temp.item, pg_temp.customer, pg_temp.position;
SET search_path = receivables, public;

-- An empty statement, and statements without a change
INSERT INTO item (customer_id, amount) SELECT 1, 1 WHERE false;
UPDATE item SET amount = amount;
UPDATE customer SET name = name;
DELETE FROM item WHERE false;
SELECT * FROM check_positions();
RESET search_path;
