#!/usr/bin/env bash
# The workers outlive what happens to them: terminated, killed, their launcher terminated, databases listed and no longer
# listed, made, dropped, renamed, copied; the extension dropped and made again; and they end with the server.
set -euo pipefail
. tests/worker/worker.bash
start_cluster search_assign.databases='erp, "Not there"'
sql -c 'CREATE DATABASE erp'
wait_for_worker erp
wait_for 20 'no extension' erp "SELECT 'no extension' FROM pg_stat_activity WHERE datname = 'erp' AND backend_type = 'search_assign worker' AND wait_event = 'Extension'"

post() { sql -d "$1" -c "SET search_assign.apply = 'queue'" -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (2, '2999-01-01', 10, 10)"; }
works() { # works DATABASE: what is queued is applied
  wait_for 20 idle "$1" "SELECT state FROM receivables.worker_status WHERE database = current_database()"
  post "$1"
  wait_for 20 f "$1" 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
}

make_ledger erp 2999-01-01
works erp
expect 'a database that is not there' 'no such database' "$(sql -d erp -c "SELECT state FROM receivables.worker_status WHERE database = 'Not there'")"

echo '-- terminated'
old=$(worker_pid erp)
sql -c "SELECT pg_terminate_backend($old)" >/dev/null
wait_for 20 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $old) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- the launcher terminated: the worker stays, and a later one is taken care of'
old=$(worker_pid erp)
launcher=$(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'search_assign launcher'")
sql -c "SELECT pg_terminate_backend($launcher)" >/dev/null
wait_for 30 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $launcher) FROM pg_stat_activity WHERE backend_type = 'search_assign launcher'"
expect 'worker after the launcher ended' "$old" "$(worker_pid erp)"
sql -c "SELECT pg_terminate_backend($old)" >/dev/null
wait_for 30 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $old) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- killed, and with it the server: all come back'
old=$(worker_pid erp)
kill -9 "$old"
# The killed one is listed until the postmaster has noticed.
wait_for 30 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $old) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- cancelled: an error like any other'
sql -d erp -c "SELECT pg_cancel_backend($(worker_pid erp))" >/dev/null
works erp

echo '-- SIGHUP: a database more, one less'
sql -c 'CREATE DATABASE shop'
make_ledger shop 2999-01-01
sql -c "ALTER SYSTEM SET search_assign.databases = 'shop'" -c 'SELECT pg_reload_conf()' >/dev/null
wait_for_worker shop
wait_for 20 shop postgres "SELECT string_agg(datname, ' ') FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works shop
# The launcher takes the row away when it has noticed the worker's end.
wait_for 20 shop shop "SELECT string_agg(database, ' ') FROM receivables.worker_status"
refused=$(psql -Xc "ALTER SYSTEM SET search_assign.databases = 'a b, c'" 2>&1) && { echo 'a malformed list is taken'; exit 1; }
grep -q 'invalid value for parameter "search_assign.databases"' <<<"$refused" || { echo "$refused"; exit 1; }
sql -c "ALTER SYSTEM SET search_assign.databases = 'erp, shop, copy, moved'" -c 'SELECT pg_reload_conf()' >/dev/null
wait_for_worker erp

echo '-- DROP EXTENSION, and CREATE again'
# Beside the daily work it can meet a deadlock, like any DROP of many tables.
wait_for 40 'f|' erp 'SELECT day_is_newer OR configuration_is_newer, daily_work_pid FROM receivables.search_assign_status, receivables.worker_status WHERE database = current_database()'
sql -d erp -c 'DROP EXTENSION search_assign CASCADE'
wait_for 20 'erp no extension' shop "SELECT database || ' ' || state FROM receivables.worker_status WHERE database = 'erp'"
make_ledger erp 2999-01-01
works erp

echo '-- copied, renamed, dropped: the worker makes room'
sql -d shop -c 'CREATE DATABASE copy TEMPLATE erp'
wait_for_worker copy
wait_for 40 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = 'erp'"
works copy
works erp
sql -d shop -c 'ALTER DATABASE copy RENAME TO moved'
wait_for 40 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = 'moved'"
works moved
sql -d shop -c 'DROP DATABASE moved'
wait_for 40 'no such database' shop "SELECT state FROM receivables.worker_status WHERE database = 'moved'"
sql -d shop -c 'CREATE DATABASE moved'
make_ledger moved 2999-01-01
works moved

echo '-- DROP DATABASE of somebody who may not: the worker stays'
sql -c 'CREATE ROLE guest LOGIN'
old=$(worker_pid erp)
refused=$(psql -X -U guest -c 'DROP DATABASE erp' 2>&1) && { echo 'a guest drops a database'; exit 1; }
grep -q 'must be owner' <<<"$refused" || { echo "$refused"; exit 1; }
expect 'worker' "$old" "$(worker_pid erp)"
expect 'a guest sees' '' "$(sql -d erp -c 'GRANT USAGE ON SCHEMA receivables TO guest' -c 'GRANT SELECT ON receivables.worker_status TO guest' -c 'SET ROLE guest' \
  -c "SELECT database FROM receivables.worker_status WHERE database <> 'erp'")"

echo '-- the server stops at once'
began=$(date +%s%N)
scripts/cluster restart worker fast
took=$((($(date +%s%N) - began) / 1000000))
echo "restart took $took ms"
[ "$took" -lt 30000 ] || { echo 'stopping the server took too long'; exit 1; }
works erp
wait_for 20 idle erp "SELECT state FROM receivables.worker_status WHERE database = current_database()"
