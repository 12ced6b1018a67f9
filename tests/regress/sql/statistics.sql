-- search_assign_stats: counts of a known traffic, rollbacks, sessions, reset, rights, a file that cannot be used.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET search_assign.business_date = '2026-06-15';
SET search_path = receivables, public;

CREATE VIEW counted AS
  SELECT statements, ledger_rows, applications, customers_decided AS decided, searches_evaluated AS evaluated, membership_changes AS changes,
         customers_queued AS queued, customers_dequeued AS dequeued, conflict_retries AS retries, application_failures AS failures, search_failures, runs, scope
  FROM search_assign_stats;
-- Which parts took time
CREATE VIEW timed AS
  SELECT string_agg(part, ' ' ORDER BY part) AS timed FROM search_assign_stats,
    LATERAL (VALUES ('statement', statement_ms), ('reading', reading_ms), ('search', search_ms), ('look_ahead', look_ahead_ms), ('writing', writing_ms), ('log', log_ms), ('run', run_ms), ('queue', queue_ms)) p(part, ms)
  WHERE ms > 0;

-- After CREATE EXTENSION
TABLE counted;
TABLE timed;
SELECT queue_length, queue_age_seconds, stats_reset BETWEEN now() - interval '1 minute' AND clock_timestamp() AS just_now, problem FROM search_assign_stats;

INSERT INTO scenario (name, is_default) VALUES ('Normal', true), ('Late', false);
INSERT INTO customer_group (name) VALUES ('Big');
INSERT INTO search (name, criteria) VALUES ('late', 'overdue > 0'), ('big', 'outstanding >= 1000');
INSERT INTO assignment_rule (search, scenario) VALUES ('late', 'Late');
INSERT INTO assignment_rule (search, customer_group) VALUES ('big', 'Big');
SELECT reset_search_assign_stats();

-- Two customers, decided once each: each gets the default scenario
INSERT INTO customer (customer_id) VALUES (1), (2);
TABLE counted;
-- Three rows for two customers in one transaction: one application, two decisions
BEGIN;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (1, 1001, '2026-06-01', 2000), (1, 1002, '2026-06-01', 1);
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1003, '2026-07-01', 5);
TABLE counted; -- nothing yet: a transaction counts when it ends
COMMIT;
TABLE counted;
TABLE timed;
-- contact, allocation, update, delete: one application each
INSERT INTO contact (customer_id, email) VALUES (2, 'a@b.c');
UPDATE item SET open_amount = 1999 WHERE item_id = 1001;
INSERT INTO payment_allocation (customer_id, item_id, amount) VALUES (1, 1001, 1);
DELETE FROM item WHERE item_id = 1002;
UPDATE item SET amount = amount WHERE false;
SELECT statements, ledger_rows, applications, decided, changes FROM counted;
SELECT changes = (SELECT count(*) FROM membership_log) AS as_logged FROM counted;

-- What is rolled back was work, but has changed nothing
SELECT reset_search_assign_stats();
BEGIN;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1004, '2026-06-01', 1);
ROLLBACK;
SELECT statements, ledger_rows, applications, decided, evaluated, changes FROM counted;
SET search_assign.apply = statement;
BEGIN;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1005, '2026-07-01', 1);
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1006, '2026-06-01', 1);
RELEASE b;
SAVEPOINT b;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1007, '2026-06-01', 1);
ROLLBACK TO b;
ROLLBACK TO a;
SAVEPOINT c;
SAVEPOINT d;
INSERT INTO item (customer_id, item_id, due_date, amount) VALUES (2, 1008, '2026-06-02', 5000);
RELEASE c;
COMMIT;
SELECT statements, ledger_rows, applications, decided, changes FROM counted;
BEGIN;
DELETE FROM item WHERE item_id = 1008;
ROLLBACK;
SELECT statements, ledger_rows, applications, decided, changes FROM counted;
RESET search_assign.apply;
-- more levels than are followed: the effects of the deepest one go with it or with one above
SELECT reset_search_assign_stats();
CREATE FUNCTION pg_temp.nested(depth integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
  IF depth > 1 THEN PERFORM pg_temp.nested(depth - 1); END IF;
  IF depth % 2 = 0 THEN RAISE EXCEPTION 'undone'; END IF;
EXCEPTION WHEN raise_exception THEN NULL;
END $$;
SET search_assign.apply = statement;
SELECT pg_temp.nested(4);
SELECT statements, applications, decided FROM counted;
SELECT pg_temp.nested(61);
SELECT statements, applications, decided FROM counted;
RESET search_assign.apply;

-- A search that fails
SELECT reset_search_assign_stats();
INSERT INTO search (name, criteria) VALUES ('bad', '1 / (customer_id - 2) >= 0');
INSERT INTO assignment_rule (search, customer_group) VALUES ('bad', 'Big');
SET client_min_messages = error;
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1), (1, '2026-07-01', 1);
SET client_min_messages = warning;
SELECT applications, decided, search_failures FROM counted;
DELETE FROM assignment_rule WHERE search = 'bad';
DELETE FROM search WHERE name = 'bad';

-- Runs
SELECT reset_search_assign_stats();
CALL search_assign();
CALL search_assign(true);
SELECT statements, applications, decided, changes, runs FROM counted;
SELECT run_ms > 0 AS timed, run_ms > reading_ms + search_ms + look_ahead_ms + writing_ms + log_ms AS includes_parts FROM search_assign_stats;

-- No timing
SET search_assign.track_timing = off;
SELECT reset_search_assign_stats();
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
CALL search_assign(true);
TABLE timed;
SELECT statements, applications, runs FROM counted;
RESET search_assign.track_timing;

-- Other sessions go on counting where this one ends; a session without any traffic sees the same
SELECT reset_search_assign_stats();
INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
\c -
SET search_assign.business_date = '2026-06-15';
SET search_path = receivables, public;
SET client_min_messages = warning;
SELECT statements, applications, scope FROM counted;
INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, applications, scope FROM counted;

-- Rights: nobody by default; who may read the view needs nothing else
CREATE ROLE regress_statistics;
GRANT USAGE ON SCHEMA receivables TO regress_statistics;
SET ROLE regress_statistics;
SELECT statements FROM search_assign_stats;
SELECT reset_search_assign_stats();
SET search_assign.track_timing = off;
RESET ROLE;
GRANT SELECT ON search_assign_stats TO regress_statistics;
GRANT EXECUTE ON FUNCTION reset_search_assign_stats() TO regress_statistics;
SET ROLE regress_statistics;
SELECT statements FROM search_assign_stats;
SELECT reset_search_assign_stats();
SELECT statements FROM search_assign_stats;
RESET ROLE;
DROP OWNED BY regress_statistics;
DROP ROLE regress_statistics;

-- ---- the file ----
SELECT current_setting('data_directory') || '/pg_stat_tmp/search_assign.' || oid AS file FROM pg_database WHERE datname = current_database() \gset
CREATE PROCEDURE pg_temp.shell(command text) LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', command); END $$;
SELECT isdir, (pg_stat_file(:'file')).size > 0 AS written FROM pg_stat_file(:'file');

-- Cut off while it is mapped: touching it would end the server; it is made anew
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements FROM counted;
CALL pg_temp.shell(format('truncate -s 0 %L', :'file'));
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, scope FROM counted;
CALL pg_temp.shell(format('truncate -s 1000 %L', :'file'));
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT scope FROM counted;
-- Another layout, or rubbish
CALL pg_temp.shell(format('rm %L && head -c 100000 /dev/zero | tr "\\0" x > %L', :'file', :'file'));
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT scope FROM counted;
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, scope FROM counted;
SELECT convert_from(pg_read_binary_file(:'file', 2, 6), 'UTF8') <> 'xxxxxx' AS made_anew;
-- Removed: sooner or later each session notices, and at once where it looks
CALL pg_temp.shell(format('rm %L', :'file'));
SELECT statements, scope FROM counted;
CALL pg_temp.shell(format('rm %L', :'file'));
DO $$ BEGIN FOR i IN 1..300 LOOP INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1); COMMIT; END LOOP; END $$;
SELECT statements BETWEEN 40 AND 300 AS noticed FROM counted;
SELECT reset_search_assign_stats();
-- It cannot be used at all: the ledger does not mind, the session counts for itself, and nothing is lost when it can be used again
CALL pg_temp.shell(format('rm %L && mkdir %L', :'file', :'file'));
SELECT scope, replace(problem, :'file', 'file') ~ 'could not open file "pg_stat_tmp/search_assign\.[0-9]+": Is a directory' AS says_why, stats_reset FROM search_assign_stats;
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, applications, scope FROM counted;
CALL pg_temp.shell(format('rmdir %L && ln -s /nonexistent/search_assign %L', :'file', :'file'));
SELECT statements, applications, scope FROM counted;
CALL pg_temp.shell(format('rm %L && mkfifo %L', :'file', :'file'));
SELECT statements, applications, scope FROM counted;
CALL pg_temp.shell(format('rm %L', :'file'));
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, applications, scope FROM counted;
CALL pg_temp.shell(format('rm %L && mkdir %L', :'file', :'file'));
SELECT reset_search_assign_stats();
INSERT INTO item (customer_id, due_date, amount) VALUES (2, '2026-07-01', 1);
SELECT statements, applications, scope FROM counted;
CALL pg_temp.shell(format('rmdir %L', :'file'));
SELECT statements, applications, scope FROM counted;

-- Files of databases that were dropped go with the next reset
CALL pg_temp.shell(format('touch %L', regexp_replace(:'file', '[0-9]+$', '4294967295')));
CALL pg_temp.shell(format('touch %L', regexp_replace(:'file', '[0-9]+$', 'other')));
SELECT reset_search_assign_stats();
SELECT replace(f, 'search_assign.' || oid, 'mine') AS left_over FROM pg_ls_dir('pg_stat_tmp') f, pg_database WHERE datname = current_database()
  AND (f ~ '^search_assign\.(other|4294967295)$' OR f = 'search_assign.' || oid) ORDER BY 1;
CALL pg_temp.shell(format('rm %L', regexp_replace(:'file', '[0-9]+$', 'other')));

SELECT count(*) FROM check_positions();
RESET search_path;
SET client_min_messages = error;
DROP EXTENSION search_assign CASCADE;
CREATE EXTENSION search_assign;
