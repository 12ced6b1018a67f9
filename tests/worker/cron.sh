#!/usr/bin/env bash
# pg_cron calls search_assign_daily(), without the worker. Waits for a tick, up to a minute.
set -euo pipefail
. tests/worker/worker.bash
[ -e "$("$PG_CONFIG" --sharedir)/extension/pg_cron.control" ] || { echo 'no pg_cron: run scripts/install_packages'; exit 77; }
start_cluster cron.database_name=erp
# Later settings win: not our library, and pg_cron as a client of this server's socket.
scripts/cluster stop worker --keep
eval "$(scripts/cluster start worker shared_preload_libraries=pg_cron cron.host="$PGHOST")"
sql -c 'CREATE DATABASE erp' -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-01'"
make_ledger erp 2026-02-01
sql -d erp -c 'CREATE EXTENSION pg_cron' -c "SELECT cron.schedule('search_assign', '* * * * *', 'CALL receivables.search_assign_daily()')" >/dev/null
wait_for 100 '2026-03-01 f' erp "SELECT last_run_date || ' ' || CASE WHEN configuration_is_newer THEN 't' ELSE 'f' END FROM receivables.search_assign_status"
wait_for 30 'succeeded|CALL' erp 'SELECT DISTINCT status, return_message FROM cron.job_run_details WHERE end_time IS NOT NULL'
expect 'workers' 0 "$(sql -d erp -c 'SELECT count(*) FROM receivables.worker_status')"
