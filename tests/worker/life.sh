#!/usr/bin/env bash
# The workers outlive what happens to them: terminated, killed, their launcher terminated, databases listed and no longer
# listed, made, dropped, renamed, copied; the extension dropped and made again; and they end with the server.
set -euo pipefail
. tests/worker/worker.bash
start_cluster search_assign.databases='erp, "Not there"'
sql -c 'CREATE DATABASE erp'
wait_for_worker erp
wait_for 5 'no extension' erp "SELECT 'no extension' FROM pg_stat_activity WHERE datname = 'erp' AND backend_type = 'search_assign worker' AND wait_event = 'Extension'"

state() { sql -d "$1" -c "SELECT state FROM receivables.worker_status WHERE database = current_database()"; }
post() { sql -d "$1" -c "SET search_assign.apply = 'queue'" -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (2, '2999-01-01', 10, 10)"; }
works() { # works DATABASE: what is queued is applied
  wait_for 10 idle "$1" "SELECT state FROM receivables.worker_status WHERE database = current_database()"
  post "$1"
  wait_for 5 f "$1" 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
}

make_ledger erp 2999-01-01
works erp
expect 'a database that is not there' 'no such database' "$(sql -d erp -c "SELECT state FROM receivables.worker_status WHERE database = 'Not there'")"

echo '-- terminated'
old=$(worker_pid erp)
sql -c "SELECT pg_terminate_backend($old)" >/dev/null
wait_for 5 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $old) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- the launcher terminated: the worker stays, and a later one is taken care of'
old=$(worker_pid erp)
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'search_assign launcher'" >/dev/null
wait_for 15 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign launcher'"
expect 'worker after the launcher ended' "$old" "$(worker_pid erp)"
sql -c "SELECT pg_terminate_backend($old)" >/dev/null
wait_for 10 t postgres "SELECT count(*) = 1 AND bool_and(pid <> $old) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- killed, and with it the server: all come back'
kill -9 "$(worker_pid erp)"
sleep 1
wait_for 20 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works erp

echo '-- cancelled: an error like any other'
sql -d erp -c "SELECT pg_cancel_backend($(worker_pid erp))" >/dev/null
works erp

echo '-- SIGHUP: a database more, one less'
sql -c 'CREATE DATABASE shop'
make_ledger shop 2999-01-01
sql -c "ALTER SYSTEM SET search_assign.databases = 'shop'" -c 'SELECT pg_reload_conf()' >/dev/null
wait_for_worker shop
wait_for 10 shop postgres "SELECT string_agg(datname, ' ') FROM pg_stat_activity WHERE backend_type = 'search_assign worker'"
works shop
expect 'rows of worker_status' shop "$(sql -d shop -c "SELECT string_agg(database, ' ') FROM receivables.worker_status")"
refused=$(psql -Xc "ALTER SYSTEM SET search_assign.databases = 'a b, c'" 2>&1) && { echo 'a malformed list is taken'; exit 1; }
grep -q 'invalid value for parameter "search_assign.databases"' <<<"$refused" || { echo "$refused"; exit 1; }
sql -c "ALTER SYSTEM SET search_assign.databases = 'erp, shop, copy, moved'" -c 'SELECT pg_reload_conf()' >/dev/null
wait_for_worker erp

echo '-- DROP EXTENSION, and CREATE again'
sql -d erp -c 'DROP EXTENSION search_assign CASCADE'
wait_for 5 'erp no extension' shop "SELECT database || ' ' || state FROM receivables.worker_status WHERE database = 'erp'"
make_ledger erp 2999-01-01
works erp

echo '-- copied, renamed, dropped: the worker makes room'
sql -d shop -c 'CREATE DATABASE copy TEMPLATE erp'
wait_for_worker copy
wait_for 15 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = 'erp'"
works copy
works erp
sql -d shop -c 'ALTER DATABASE copy RENAME TO moved'
wait_for 15 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = 'moved'"
works moved
sql -d shop -c 'DROP DATABASE moved'
wait_for 15 'no such database' shop "SELECT state FROM receivables.worker_status WHERE database = 'moved'"
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
[ "$took" -lt 10000 ] || { echo 'stopping the server took too long'; exit 1; }
works erp
expect 'state' idle "$(state erp)"
