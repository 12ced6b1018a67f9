#!/usr/bin/env bash
# A dump is restored into a database that has a worker: it waits until the restoring session has ended, and finds nothing
# to do but what was to be done in the original.
set -euo pipefail
. tests/worker/worker.bash
start_cluster search_assign.databases='copy'
sql -c 'CREATE DATABASE erp' -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-01'"
make_ledger erp 2026-03-01
sql -d erp -c 'CALL receivables.search_assign()' \
  -c "INSERT INTO receivables.daily_work (name, command) VALUES ('other', 'SELECT 1')" -c "UPDATE receivables.daily_work SET run_order = 5 WHERE name = 'search_assign'"

folder=$(mktemp -d)
mkfifo "$folder/script"
sql -c 'CREATE DATABASE copy' -c "ALTER DATABASE copy SET search_assign.business_date = '2026-03-02'"
wait_for_worker copy
# The dump arrives in two parts with a pause, in which the worker is woken.
pg_dump erp >"$folder/dump"
split=$(grep -n '^COPY receivables.item ' "$folder/dump" | cut -d: -f1)
psql -XqAt -v ON_ERROR_STOP=1 -d copy -f "$folder/script" >/dev/null &
restoring=$!
{
  head -$((split - 1)) "$folder/dump"
  wait_for 40 'restore under way' copy "SELECT state FROM receivables.worker_status" >&2
  sleep 12 # longer than changes of the configuration take to settle
  expect 'runs during the restore' 0 "$(sql -d copy -c 'SELECT count(*) FROM receivables.search_assign_progress')" >&2
  tail -n "+$split" "$folder/dump"
} >"$folder/script"
wait $restoring
rm -r "$folder"
expect 'the dumped row of the shipped work, and another' 'advance_payment_plans 20 keep_membership_log 60 other 100 refresh_ramp_ups 30 run_automatic_actions 50 search_assign 5' "$(sql -d copy -c "SELECT string_agg(name || ' ' || run_order, ' ' ORDER BY name) FROM receivables.daily_work")"
wait_for 40 '2026-03-02' copy 'SELECT last_run_date FROM receivables.search_assign_status'
sql -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-02'"
expect 'scenario' hard "$(sql -d copy -c 'SELECT scenario FROM receivables.scenario_membership WHERE customer_id = 1')"
expect 'entries of the log that the original has not' 1 "$(sql -d copy -c "SELECT count(*) FROM receivables.membership_log WHERE business_date = '2026-03-02'")"
expect 'entries of the log' "$(sql -d erp -c 'SELECT count(*) + 1 FROM receivables.membership_log')" "$(sql -d copy -c 'SELECT count(*) FROM receivables.membership_log')"
expect 'differences' 0 "$(sql -d copy -c 'SELECT count(*) FROM receivables.check_positions()')"
