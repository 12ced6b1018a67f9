-- Workload: actions by collector and day, ramp-ups, balanced portfolios.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start

-- Twelve customers: n owes 100 n, due on 2026-06-01 + n; the call is 10 days later, the automatic e-mail 5 days
INSERT INTO collector (name, daily_capacity) VALUES ('Ann', 2), ('Bob', NULL), ('Cleo', 0);
SELECT pg_temp.try($$INSERT INTO collector (name, daily_capacity) VALUES ('Dan', -1)$$);
INSERT INTO portfolio (name, collector, is_default) VALUES ('P1', 'Ann', true), ('P2', 'Bob', false), ('P3', 'Cleo', false), ('P0', NULL, false);
INSERT INTO portfolio (name, kind) VALUES ('R', 'risk');
INSERT INTO scenario (name, is_default) VALUES ('Calls', true), ('E-mails', false);
INSERT INTO scenario_step (scenario, step_no, label, channel, automatic, offset_days) VALUES ('Calls', 1, 'Call', 'call', 'manual', 10), ('E-mails', 1, 'Reminder', 'email', 'auto', 5);
INSERT INTO search (name, criteria) VALUES ('small', 'outstanding < 400'), ('big', 'outstanding >= 900'), ('open', 'outstanding > 0'), ('strategic', 'sector = ''key'''), ('acting', 'next_action_on is not null');
INSERT INTO assignment_rule (search, scenario) VALUES ('small', 'E-mails');
INSERT INTO customer (customer_id, account_no, email) SELECT n, 'A' || n, 'x@example.org' FROM generate_series(1, 12) n;
INSERT INTO item (customer_id, item_id, due_date, amount) SELECT n, n, date '2026-06-01' + n, 100 * n FROM generate_series(1, 12) n;
-- as the agenda keeps it
SET session_replication_role = replica;
UPDATE position SET next_step = 1, next_action_on = oldest_due(receivables) + CASE WHEN customer_id < 4 THEN 5 ELSE 10 END;
SET session_replication_role = origin;

SELECT d, pg_temp.try(format('SELECT preview_workload(%s)', d)) FROM unnest(ARRAY['0', '-1', 'NULL', '3661']) d;
SELECT * FROM preview_workload(1);
SELECT * FROM preview_workload(8);
-- Out of the agenda: blocked, off the worklist
UPDATE customer SET collection_blocked = true WHERE customer_id = 5;
INSERT INTO priority_rule (search, exit) VALUES ('strategic', true);
UPDATE customer SET sector = 'key' WHERE customer_id = 6;
SELECT * FROM preview_workload(3);
UPDATE customer SET collection_blocked = false, sector = NULL WHERE customer_id IN (5, 6);

-- What if: proposed rules in a transaction that is rolled back
BEGIN;
INSERT INTO assignment_rule (search, portfolio) VALUES ('big', 'P2');
UPDATE collector SET daily_capacity = 1 WHERE name = 'Bob';
INSERT INTO assignment_rule (search, portfolio) VALUES ('small', 'P0');
CALL search_assign();
SELECT * FROM preview_workload();
ROLLBACK;
SELECT collector, sum(actions) FROM preview_workload() GROUP BY 1;

-- Ramp-ups: bad input
SELECT s, pg_temp.try('INSERT INTO ramp_up ' || s) FROM unnest(ARRAY[
  $$(search) VALUES ('open')$$, $$(search, share_per_day, customers_per_day) VALUES ('open', 0.1, 1)$$, $$(search, share_per_day) VALUES ('open', 0)$$, $$(search, share_per_day) VALUES ('open', 1.01)$$,
  $$(search, customers_per_day) VALUES ('open', 0)$$, $$(search, customers_per_day) VALUES ('nosuch', 1)$$, $$(search, customers_per_day, start_on) VALUES ('open', 1, 'infinity')$$]) s;
SELECT pg_temp.try('SELECT refresh_ramp_ups(99)');
SELECT refresh_ramp_ups();

-- Three a day from the 17th on, the largest first
CREATE TABLE taken_in (day date, customer_id bigint);
CREATE PROCEDURE next_day(day date) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('search_assign.business_date', day::text, false);
  INSERT INTO taken_in SELECT day, c.customer_id FROM receivables.ramp_up_customers() c;
END $$;
INSERT INTO ramp_up (ramp_up_id, search, start_on, customers_per_day) VALUES (1, 'open', '2026-06-17', 3);
SELECT * FROM ramp_up_state;
SELECT * FROM ramp_up_waiting ORDER BY 2, 1;
SELECT collector, action_on, actions, automatic_actions FROM preview_workload(30);
CALL next_day('2026-06-15');
CALL next_day('2026-06-17');
SELECT customer_id, available_on FROM ramp_up_customers() ORDER BY 1;
SELECT count(*) FROM ramp_up_waiting;
-- A small one becomes the largest, one that waits pays, one taken in pays, a new one comes
INSERT INTO item (customer_id, item_id, amount) VALUES (1, 5001, 5000);
UPDATE item SET open_amount = 0 WHERE item_id IN (5, 11);
INSERT INTO customer (customer_id, account_no) VALUES (13, 'A13');
INSERT INTO item (customer_id, item_id, amount) VALUES (13, 13, 850);
CALL next_day('2026-06-18'); -- as planned before
SELECT customer_id, available_on FROM ramp_up_customers() ORDER BY 1;
SELECT refresh_ramp_ups(1);
SELECT * FROM ramp_up_waiting ORDER BY 2, 1; -- 13 is held back, too
SELECT refresh_ramp_ups(1); -- again: the same
SELECT * FROM ramp_up_waiting ORDER BY 2, 1;
CALL next_day('2026-06-19');
SELECT refresh_ramp_ups();
SELECT customer_id, available_on FROM ramp_up_customers() ORDER BY 2, 1;
UPDATE item SET open_amount = 0 WHERE customer_id IN (2, 3);
SELECT refresh_ramp_ups();
SELECT * FROM ramp_up_state;
CALL next_day('2026-06-22');
SELECT * FROM ramp_up_state;
-- Who has been taken in stays taken in
SELECT t.day, t.customer_id FROM taken_in t, (SELECT DISTINCT day FROM taken_in) d WHERE d.day > t.day AND NOT EXISTS (SELECT FROM taken_in l WHERE l.day = d.day AND l.customer_id = t.customer_id);
SELECT count(*) FROM ramp_up_customers('2026-06-16') UNION ALL SELECT count(*) FROM ramp_up_customers('2026-06-17') UNION ALL SELECT count(*) FROM ramp_up_customers(NULL);
-- A share of all: 12 customers, 0.1 a day; two ramp-ups: the later date counts
DELETE FROM ramp_up;
SELECT count(*) FROM ramp_up_customer;
UPDATE item SET open_amount = amount;
DELETE FROM item WHERE customer_id = 13 OR amount = 5000;
INSERT INTO ramp_up (ramp_up_id, search, share_per_day) VALUES (2, 'open', 0.1);
SELECT available_on, array_agg(customer_id ORDER BY customer_id) FROM ramp_up_customer GROUP BY 1 ORDER BY 1;
INSERT INTO ramp_up (ramp_up_id, search, customers_per_day, start_on) VALUES (3, 'big', 4, '2026-06-30');
SELECT * FROM ramp_up_waiting WHERE customer_id >= 9 ORDER BY 1;
-- Changed: those who wait are planned anew
UPDATE ramp_up SET share_per_day = 0.5 WHERE ramp_up_id = 2;
SELECT available_on, array_agg(customer_id ORDER BY customer_id) FROM ramp_up_customer WHERE ramp_up_id = 2 GROUP BY 1 ORDER BY 1;
UPDATE search SET name = 'owing' WHERE name = 'open';
SELECT * FROM ramp_up_state ORDER BY 1;
SELECT pg_temp.try($$DELETE FROM search WHERE name = 'owing'$$);
SELECT pg_temp.try($$INSERT INTO ramp_up (ramp_up_id, search, share_per_day) VALUES (4, 'acting', 0.2)$$);
DELETE FROM item WHERE customer_id = 12;
DELETE FROM customer WHERE customer_id = 12;
SELECT count(*) FROM ramp_up_customer WHERE customer_id = 12;
TRUNCATE ramp_up CASCADE;
SELECT count(*) FROM ramp_up_waiting;

-- Balanced portfolios: bad input
SELECT pg_temp.try($$SELECT balance_portfolios('owing')$$), balance_portfolios();
SELECT s, pg_temp.try('INSERT INTO ' || s) FROM unnest(ARRAY[
  $$balanced_search (search) VALUES ('nosuch')$$, $$balanced_search (search, measure) VALUES ('owing', 'items')$$, $$balanced_search (search) VALUES ('acting')$$,
  $$balanced_portfolio VALUES ('owing', 'P1')$$, $$balanced_search (search) VALUES ('owing')$$, $$balanced_portfolio VALUES ('owing', 'R')$$,
  $$balanced_portfolio VALUES ('owing', 'nosuch')$$]) s;
SELECT balance_portfolios(); -- no portfolios yet
-- Evenly by customers; the second time there is nothing to do
INSERT INTO balanced_portfolio VALUES ('owing', 'P1'), ('owing', 'P2');
SELECT balance_portfolios('owing');
SELECT * FROM portfolio_balance ORDER BY 1, 3;
SELECT portfolio, source, array_agg(customer_id ORDER BY customer_id) FROM portfolio_membership GROUP BY 1, 2 ORDER BY 1;
SELECT balance_portfolios('owing');
CREATE TABLE shares AS SELECT customer_id, portfolio FROM portfolio_share;
CREATE VIEW moved AS SELECT customer_id, b.portfolio AS before, s.portfolio AS after FROM shares b FULL JOIN portfolio_share s USING (customer_id) WHERE b.portfolio IS DISTINCT FROM s.portfolio;
CREATE PROCEDURE remember() LANGUAGE sql AS $$ DELETE FROM shares; INSERT INTO shares SELECT customer_id, portfolio FROM receivables.portfolio_share; $$;
-- Others come and go: nobody else moves
INSERT INTO customer (customer_id, account_no) VALUES (21, 'B1'), (22, 'B2'), (23, 'B3');
INSERT INTO item (customer_id, item_id, amount) VALUES (21, 21, 50), (22, 22, 60), (23, 23, 70);
UPDATE item SET open_amount = 0 WHERE item_id IN (2, 4, 6);
SELECT balance_portfolios();
SELECT * FROM moved ORDER BY 1;
SELECT * FROM portfolio_balance ORDER BY 1, 3;
SELECT portfolio, source, array_agg(customer_id ORDER BY customer_id) FROM portfolio_membership GROUP BY 1, 2 ORDER BY 1, 2;
CALL remember();
-- A portfolio joins: new customers go there; one leaves: its customers alone move
INSERT INTO balanced_portfolio VALUES ('owing', 'P3');
SELECT balance_portfolios();
INSERT INTO customer (customer_id, account_no) VALUES (24, 'B4');
INSERT INTO item (customer_id, item_id, amount) VALUES (24, 24, 10);
SELECT balance_portfolios();
SELECT * FROM moved ORDER BY 1;
CALL remember();
DELETE FROM balanced_portfolio WHERE portfolio = 'P2';
SELECT balance_portfolios();
SELECT * FROM moved ORDER BY 1;
SELECT * FROM portfolio_balance ORDER BY 1, 3;
CALL remember();
-- Pins made by hand are left alone, and so is who was unpinned until the next time
SELECT pin_portfolio(21, 'P0'), unpin_portfolio(22);
SELECT customer_id, portfolio, source FROM portfolio_membership WHERE customer_id IN (21, 22) ORDER BY 1;
SELECT balance_portfolios();
SELECT customer_id, portfolio, source FROM portfolio_membership WHERE customer_id IN (21, 22) ORDER BY 1;
SELECT * FROM moved ORDER BY 1;
SELECT unpin_portfolio(21);
SELECT balance_portfolios();
SELECT customer_id, portfolio, source FROM portfolio_membership WHERE customer_id IN (21, 22) ORDER BY 1;
-- In use; renamed
SELECT s, pg_temp.try(s) FROM unnest(ARRAY[
  $$DELETE FROM portfolio WHERE name = 'P3'$$, $$DELETE FROM search WHERE name = 'owing'$$, $$UPDATE search SET criteria = 'next_action_on is null' WHERE name = 'owing'$$,
  $$UPDATE portfolio SET name = 'Third' WHERE name = 'P3'$$, $$UPDATE search SET name = 'debtors' WHERE name = 'owing'$$]) s;
SELECT balance_portfolios('debtors');
SELECT * FROM portfolio_balance ORDER BY 1, 3;
-- Two searches: who is shared by one stays there
INSERT INTO balanced_search (search) VALUES ('big');
INSERT INTO balanced_portfolio VALUES ('big', 'P2');
SELECT balance_portfolios();
INSERT INTO customer (customer_id, account_no) VALUES (25, 'B5');
INSERT INTO item (customer_id, item_id, amount) VALUES (25, 25, 1000);
SELECT balance_portfolios();
SELECT customer_id, search, portfolio FROM portfolio_share WHERE customer_id IN (11, 25) ORDER BY 1;
-- Ended: back to the rules
DELETE FROM balanced_search WHERE search = 'debtors';
SELECT customer_id, portfolio, source FROM portfolio_membership WHERE source <> 'default' ORDER BY 1;
TRUNCATE balanced_search CASCADE;
SELECT count(*) FROM portfolio_share;
SELECT count(*) FROM hand_assignment;
-- By amount: the largest first, each where least is
INSERT INTO balanced_search (search, measure) VALUES ('debtors', 'amount');
INSERT INTO balanced_portfolio SELECT 'debtors', name FROM portfolio WHERE name IN ('P1', 'P2', 'Third');
SELECT balance_portfolios();
SELECT * FROM portfolio_balance ORDER BY 1, 3;
BEGIN;
DELETE FROM balanced_portfolio WHERE portfolio = 'P1';
SELECT balance_portfolios();
SELECT * FROM portfolio_balance ORDER BY 1, 3;
ROLLBACK;
SELECT * FROM portfolio_balance ORDER BY 1, 3;
-- A customer with a share goes
DELETE FROM item WHERE customer_id = 25;
DELETE FROM customer WHERE customer_id = 25;
SELECT count(*) FROM portfolio_share WHERE customer_id = 25;
SELECT * FROM check_positions();
DROP TABLE taken_in, shares CASCADE;
DROP PROCEDURE next_day, remember;
RESET search_path;
