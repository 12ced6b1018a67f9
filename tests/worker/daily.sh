#!/usr/bin/env bash
# The daily work: each once per business date, in order, errors recorded and not fatal, procedures commit; by the worker
# and by CALL search_assign_daily(), which needs no worker.
set -euo pipefail
. tests/worker/worker.bash
start_cluster search_assign.databases=erp
sql -c 'CREATE DATABASE erp' -c 'CREATE DATABASE alone' -c 'CREATE ROLE another'

make_work() { # make_work DATABASE
  sql -d "$1" -c "ALTER DATABASE $1 SET search_assign.business_date = '2026-03-01'"
  make_ledger "$1" 2026-03-01
  sql -d "$1" <<'SQL'
CREATE TABLE public.done (step serial, work text, path text, run_by text);
CREATE PROCEDURE public.three_commits() LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 3 LOOP
    INSERT INTO public.done (work, path, run_by) VALUES ('commits', current_setting('search_path'), current_user);
    COMMIT;
  END LOOP;
END $$;
CREATE PROCEDURE public.half() LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.done (work) VALUES ('half');
  COMMIT;
  INSERT INTO public.done (work) VALUES ('not kept');
  PERFORM 1 / (SELECT count(*) - count(*) FROM public.done);
END $$;
INSERT INTO receivables.daily_work (name, run_order, command) VALUES
  ('c commits', 30, 'CALL public.three_commits()'),
  ('a sets', 10, 'SET search_path = public; SET ROLE another; SET default_transaction_read_only = on'),
  ('b fails', 20, 'CALL public.half()'),
  ('d vacuums', 40, 'VACUUM public.done; INSERT INTO public.done (work) VALUES (''vacuumed'')'),
  ('e leaves', 50, 'BEGIN; INSERT INTO public.done (work) VALUES (''open'')'),
  ('f is not SQL', 60, 'once upon a time'),
  ('g last', 70, 'INSERT INTO public.done (work) VALUES (''last'')');
INSERT INTO receivables.daily_work (name, command, active) VALUES ('off', 'INSERT INTO public.done (work) VALUES (''off'')', false);
SQL
}
path='pg_catalog, pg_temp'
done_by() { sql -d "$1" -F : -c "SELECT work, coalesce(path || ' ' || run_by, '') FROM public.done ORDER BY step"; }
expected="half:
commits:$path postgres
commits:$path postgres
commits:$path postgres
vacuumed:
last:"
errors='b fails: division by zero
e leaves: the command leaves a transaction open
f is not SQL: syntax error at or near "once"'
errors_of() { sql -d "$1" -c "SELECT name || ': ' || last_error FROM receivables.daily_work WHERE last_error IS NOT NULL ORDER BY run_order"; }

echo '-- the worker'
make_work erp
wait_for 60 2026-03-01 erp "SELECT min(last_run_on) FROM receivables.daily_work WHERE active HAVING bool_and(last_run_on IS NOT NULL)"
expect 'done' "$expected" "$(done_by erp)"
expect 'errors' "$errors" "$(errors_of erp)"
expect 'worker_status' '3|daily work "f is not SQL": syntax error at or near "once"' "$(sql -d erp -c 'SELECT errors, last_error FROM receivables.worker_status')"
sql -d erp -c 'CALL receivables.search_assign_daily()'
expect 'nothing twice' "$expected" "$(done_by erp)"

echo '-- changes while it waits: work added is done, without waiting for the next date'
sql -d erp -c "INSERT INTO receivables.daily_work (name, command) VALUES ('added', 'INSERT INTO public.done (work) VALUES (''added'')')"
wait_for 20 1 erp "SELECT count(*) FROM public.done WHERE work = 'added'"

echo '-- the worker leaves rules with autorun = false as they are; a run by hand looks at them'
sql -d erp -c "INSERT INTO receivables.customer_group (name) VALUES ('by hand')" \
  -c "INSERT INTO receivables.assignment_rule (search, customer_group, autorun) VALUES ('late', 'by hand', false)" \
  -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-02'"
wait_for 20 hard erp 'SELECT scenario FROM receivables.scenario_membership WHERE customer_id = 1'
wait_for 40 f erp 'SELECT configuration_is_newer OR day_is_newer FROM receivables.search_assign_status'
expect 'members' '' "$(sql -d erp -c 'SELECT customer_id FROM receivables.group_membership')"
sql -d erp -c 'CALL receivables.search_assign()'
expect 'members after a run by hand' 1 "$(sql -d erp -c 'SELECT customer_id FROM receivables.group_membership')"

echo '-- the queue does not wait for a long command'
sql -d erp -c "INSERT INTO receivables.daily_work (name, command) VALUES ('long', 'SELECT pg_sleep(600)')"
wait_for 20 t erp 'SELECT daily_work_pid IS NOT NULL FROM receivables.worker_status'
wait_for 20 'SELECT pg_sleep(600)' erp "SELECT query FROM pg_stat_activity WHERE backend_type = 'search_assign daily work'"
sql -d erp -c "SET search_assign.apply = 'queue'" -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (2, '2999-01-01', 10, 10)"
wait_for 20 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'

echo '-- a process that is ended: known as such, and tried again'
sql -d erp -c 'SELECT pg_terminate_backend(daily_work_pid) FROM receivables.worker_status' >/dev/null
wait_for 20 'the process for the daily work ended before its end: see the server'"'"'s log' erp 'SELECT last_error FROM receivables.worker_status'
expect 'attempts' '1|' "$(sql -d erp -c "SELECT attempts, last_run_on FROM receivables.daily_work WHERE name = 'long'")"
sql -d erp -c "UPDATE receivables.daily_work SET command = 'SELECT 1' WHERE name = 'long'"
sql -d erp -c 'CALL receivables.search_assign_daily()'
expect 'done at last' '0|2026-03-02' "$(sql -d erp -c "SELECT attempts, last_run_on FROM receivables.daily_work WHERE name = 'long'")"

echo '-- without the worker: CALL search_assign_daily()'
make_work alone
wanted="WARNING:  daily work \"b fails\" failed: division by zero
WARNING:  daily work \"e leaves\" failed: the command leaves a transaction open
WARNING:  daily work \"f is not SQL\" failed: syntax error at or near \"once\""
expect 'warnings' "$wanted" "$(sql -d alone -c 'CALL receivables.search_assign_daily()' 2>&1)"
expect 'done' "$expected" "$(done_by alone)"
expect 'errors' "$errors" "$(errors_of alone)"
expect 'nothing outstanding' 'f|f|2026-03-01' "$(sql -d alone -c 'SELECT configuration_is_newer, day_is_newer, last_run_date FROM receivables.search_assign_status')"
sql -d alone -c "SET search_assign.apply = 'queue'" -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (2, '2999-01-01', 10, 10)"
expect 'queued' t "$(sql -d alone -c 'SELECT count(*) > 0 FROM receivables.change_queue')"
sql -d alone -c 'CALL receivables.search_assign_daily()'
expect 'applied' 0 "$(sql -d alone -c 'SELECT count(*) FROM receivables.change_queue')"
expect 'the date of the session' 2026-03-05 "$(sql -d alone -c "SET search_assign.business_date = '2026-03-05'" -c 'CALL receivables.search_assign_daily()' \
  -c 'SELECT last_run_date FROM receivables.search_assign_status' 2>/dev/null)"

echo '-- what it refuses, and who may call it'
refused=$(psql -Xd alone -c 'BEGIN' -c 'CALL receivables.search_assign_daily()' 2>&1) || true
grep -q 'search_assign_daily() cannot run inside a transaction block' <<<"$refused" || { echo "$refused"; exit 1; }
sql -d alone -c 'CREATE ROLE scheduler LOGIN' -c 'GRANT USAGE ON SCHEMA receivables TO scheduler'
refused=$(psql -X -U scheduler -d alone -c 'CALL receivables.search_assign_daily()' 2>&1) && { echo 'anyone may call it'; exit 1; }
grep -q 'permission denied' <<<"$refused" || { echo "$refused"; exit 1; }
sql -d alone -c 'GRANT EXECUTE ON PROCEDURE receivables.search_assign_daily() TO scheduler' -c "UPDATE receivables.daily_work SET active = name IN ('search_assign', 'c commits')" \
  -c "ALTER DATABASE alone SET search_assign.business_date = '2026-03-06'"
sql -U scheduler -d alone -c 'CALL receivables.search_assign_daily()'
expect 'run by the owner' "commits:$path postgres" "$(done_by alone | tail -1)"

echo '-- a call that is cancelled takes its process along'
sql -d alone -c "INSERT INTO receivables.daily_work (name, command) VALUES ('long', 'SELECT pg_sleep(60)')"
cancelled=$(psql -Xd alone -c 'SET statement_timeout = 1000' -c 'CALL receivables.search_assign_daily()' 2>&1) && { echo 'not cancelled'; exit 1; }
grep -q 'statement timeout' <<<"$cancelled" || { echo "$cancelled"; exit 1; }
wait_for 20 0 alone "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign daily work'"
expect 'connections that hold nothing' 0 "$(sql -d alone -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = 'alone')")"

echo '-- two calls at once: the second waits, nothing is done twice'
sql -d alone -c "UPDATE receivables.daily_work SET command = 'INSERT INTO public.done (work) SELECT ''slow'' FROM pg_sleep(1)' WHERE name = 'long'" \
  -c "ALTER DATABASE alone SET search_assign.business_date = '2026-03-07'"
for _ in 1 2; do sql -d alone -c 'CALL receivables.search_assign_daily()' & done
wait
expect 'once' 1 "$(sql -d alone -c "SELECT count(*) FROM public.done WHERE work = 'slow'")"

echo '-- what the database prescribes for sessions does not stop it'
sql -d erp -c "UPDATE receivables.daily_work SET active = name IN ('search_assign', 'settings')" -c "INSERT INTO receivables.daily_work (name, last_run_on, command) VALUES ('settings', '2026-03-02',
  'INSERT INTO public.done (work, path, run_by) SELECT ''settings'', string_agg(current_setting(s), '', ''), session_user FROM unnest(''{transaction_read_only,transaction_isolation,session_replication_role,lock_timeout,statement_timeout}''::text[]) s')"
for setting in 'default_transaction_read_only = on' "default_transaction_isolation = 'serializable'" "session_replication_role = 'replica'" "lock_timeout = '1s'" "statement_timeout = '10s'"; do
  sql -c "ALTER DATABASE erp SET $setting"
done
sql -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-03'"
wait_for 40 't|' erp "SELECT bool_and(last_run_on = '2026-03-03'), string_agg(last_error, ' ') FROM receivables.daily_work WHERE active"
expect 'its settings' 'settings:off, read committed, origin, 0, 0 postgres' "$(done_by erp | tail -1)"
