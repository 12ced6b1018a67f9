-- CALL search_assign(): whom it visits, the passing of days, progress and status.
\getenv folder PG_ABS_SRCDIR
\set start :folder '/include/start.sql'
\i :start
CREATE VIEW pg_temp.held AS
  SELECT customer_id, target, target_id, rule_id, source FROM membership;
-- Compares a state with the one that a run over everybody makes.
CREATE PROCEDURE pg_temp.same_as_everyone() LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE before AS SELECT * FROM pg_temp.held;
  CALL receivables.search_assign(true);
  IF EXISTS (TABLE before EXCEPT TABLE pg_temp.held) OR EXISTS (TABLE pg_temp.held EXCEPT TABLE before) THEN
    RAISE WARNING 'on % a run over everybody differs', receivables.business_date();
  END IF;
  DROP TABLE before;
END $$;
CREATE VIEW pg_temp.run AS
  SELECT business_date, everyone, customers_total, customers_done, customers_changed, sessions, state
  FROM search_assign_progress ORDER BY run_id DESC LIMIT 1;

INSERT INTO customer (customer_id, account_no, created_on) SELECT n, 'A' || n, '2026-01-01'::date + n FROM generate_series(1, 60) n;
INSERT INTO item (customer_id, due_date, document_date, amount) SELECT n, '2026-06-01'::date + n, '2026-05-01'::date + n, 100 * n FROM generate_series(1, 40) n;
INSERT INTO item (customer_id, due_date, amount) SELECT n, '2026-04-01', -10 FROM generate_series(31, 50) n;

-- Before any configuration
SELECT configuration_is_newer, last_run_version, last_run_date, day_is_newer FROM search_assign_status;
CALL search_assign();
SELECT * FROM pg_temp.run;
SELECT configuration_is_newer, last_run_version = configuration_version AS version, last_run_date, last_run_customers, business_date, day_is_newer FROM search_assign_status;

-- A change of the configuration
RESET client_min_messages;
INSERT INTO search (name, criteria) VALUES ('late', 'overdue > 0'), ('very late', 'overdue(receivables, 10) > 500'), ('young', 'created_on > business_date() - 120'), ('recent', 'sales_12m > 2500 and not not_since(last_invoice_on, 30)');
INSERT INTO scenario (name, is_default) VALUES ('Normal', true);
SET client_min_messages = warning;
INSERT INTO scenario (name) VALUES ('Late'), ('Very late');
INSERT INTO customer_group (name) VALUES ('Young'), ('Recent');
INSERT INTO assignment_rule (priority, search, scenario) VALUES (1, 'very late', 'Very late'), (2, 'late', 'Late');
INSERT INTO assignment_rule (search, customer_group) VALUES ('young', 'Young'), ('recent', 'Recent');
SELECT configuration_is_newer, last_run_customers FROM search_assign_status;
CALL search_assign();
SELECT * FROM pg_temp.run;
SELECT configuration_is_newer, last_run_customers FROM search_assign_status;
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
SELECT customer_group, count(*) FROM group_membership GROUP BY 1 ORDER BY 1;
-- Nothing to do
CALL search_assign();
SELECT * FROM pg_temp.run;
CALL search_assign(true);
SELECT * FROM pg_temp.run;
CALL search_assign(NULL);
SELECT * FROM pg_temp.run;

-- Inside a transaction block in one piece, which can be rolled back
BEGIN;
UPDATE scenario SET is_default = false;
CALL search_assign();
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
SELECT configuration_is_newer FROM search_assign_status;
ROLLBACK;
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
SELECT configuration_is_newer FROM search_assign_status;
DO $$ BEGIN CALL receivables.search_assign(); END $$;
-- with changes of the ledger before it in the same transaction
BEGIN;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (60, 1000, '2026-01-01', 9999);
CALL search_assign(true);
SELECT scenario FROM scenario_membership WHERE customer_id = 60;
SAVEPOINT a;
DELETE FROM item WHERE item_id = 1000;
CALL search_assign(true);
SELECT scenario FROM scenario_membership WHERE customer_id = 60;
ROLLBACK TO a;
CALL search_assign(true);
SELECT scenario FROM scenario_membership WHERE customer_id = 60;
COMMIT;
SELECT scenario FROM scenario_membership WHERE customer_id = 60;
SELECT * FROM check_positions();

-- Days pass: those whose day it is are visited, and the result is that of a run over everybody
SET search_assign.business_date = '2026-06-16';
SELECT day_is_newer, configuration_is_newer FROM search_assign_status;
SELECT count(*) AS due FROM position WHERE review_on <= business_date();
CALL search_assign();
SELECT * FROM pg_temp.run;
SELECT day_is_newer, last_run_date FROM search_assign_status;
CALL pg_temp.same_as_everyone();
DO $$
DECLARE
  visited bigint := 0;
BEGIN
  FOR day IN 1..60 LOOP
    PERFORM set_config('search_assign.business_date', ('2026-06-16'::date + day)::text, false);
    CALL receivables.search_assign();
    visited := visited + (SELECT customers_done FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1);
    CALL pg_temp.same_as_everyone();
  END LOOP;
  RAISE WARNING 'fewer than a third of 60 x 60 visits: %', visited < 1200;
END $$;
SELECT scenario, count(*), min(since) FROM scenario_membership GROUP BY 1 ORDER BY 1;
-- Many days at once
SET search_assign.business_date = '2027-03-01';
CALL search_assign();
CALL pg_temp.same_as_everyone();
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
SELECT customer_group, count(*) FROM group_membership GROUP BY 1 ORDER BY 1;
-- Set back: everybody is visited who was decided for a later date
SET search_assign.business_date = '2026-06-15';
SELECT day_is_newer FROM search_assign_status;
CALL search_assign();
SELECT count(*) FROM position WHERE decided_on > business_date();
CALL pg_temp.same_as_everyone();
SELECT scenario, count(*) FROM scenario_membership GROUP BY 1 ORDER BY 1;
CALL search_assign();
SELECT * FROM pg_temp.run;
-- Set back by taking the setting away: a date later than now was set on purpose
SET search_assign.business_date = '2999-01-01';
CALL search_assign();
SELECT count(*) FROM group_membership WHERE customer_group = 'Young';
SET search_assign.business_date = '';
UPDATE customer SET created_on = business_date();
CALL search_assign();
SELECT count(*) FROM position WHERE decided_on <> business_date();
SELECT count(*) FROM group_membership WHERE customer_group = 'Young';
SET search_assign.business_date = '2026-06-15';
CALL search_assign();

-- A search that is looked at daily: everybody it may concern, every day
INSERT INTO search (name, criteria) VALUES ('monday', 'extract(dow from business_date()) = 1 and outstanding > 0');
INSERT INTO assignment_rule (search, option) VALUES ('monday', 'late_interest');
CALL search_assign();
SELECT count(*) FROM option_membership;
SET search_assign.business_date = '2026-06-16';
CALL search_assign();
SELECT count(*) FROM option_membership;
SET search_assign.business_date = '2026-06-22';
CALL search_assign();
SELECT count(*) FROM option_membership;
CALL pg_temp.same_as_everyone();

-- More than one batch
SET search_assign.business_date = '2026-06-15';
INSERT INTO customer (customer_id, account_no) SELECT n, 'B' || n FROM generate_series(1001, 4000) n;
CALL search_assign(true);
SELECT * FROM pg_temp.run;
SELECT count(*) FROM position WHERE configuration_version <> (SELECT configuration_version FROM search_assign_status);
SELECT * FROM check_positions();
RESET search_path;

-- Under any default isolation level, with locks and timeouts of the user's own; the caller's settings stand afterwards
SET search_path = receivables, public;
SET default_transaction_isolation = 'serializable';
SET lock_timeout = '7s';
CALL search_assign(true);
SET default_transaction_isolation = 'repeatable read';
CALL search_assign(true);
SELECT * FROM pg_temp.run;
SELECT current_setting('transaction_isolation') AS isolation, current_setting('lock_timeout') AS lock_timeout, current_setting('synchronous_commit') AS synchronous_commit,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks, (SELECT count(*) FROM search_assign_batch) AS units;
RESET default_transaction_isolation;
RESET lock_timeout;
-- In a procedure: with commits between the steps; in a block with an exception handler, which cannot commit, in one piece
CREATE PROCEDURE pg_temp.nightly() LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO receivables.item (customer_id, item_id, due_date, amount) VALUES (2, 2000, '2026-01-01', 9999);
  CALL receivables.search_assign();
  RAISE WARNING 'scenario %', (SELECT scenario FROM receivables.scenario_membership WHERE customer_id = 2);
  BEGIN
    CALL receivables.search_assign(true);
    RAISE division_by_zero;
  EXCEPTION WHEN division_by_zero THEN
    RAISE WARNING 'undone';
  END;
  RAISE WARNING 'the last run was for everyone: %', (SELECT everyone FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1);
END $$;
CALL pg_temp.nightly();
-- The last ten are kept, beside one that a transaction block has added
SELECT count(*) BETWEEN 10 AND 11 AS kept, bool_and(state = 'finished' AND expected_end IS NULL AND customers_done = customers_total) AS complete FROM search_assign_progress;
RESET search_path;
