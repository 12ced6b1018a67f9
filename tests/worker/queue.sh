#!/usr/bin/env bash
# The worker applies the queue within 100 ms of a commit, of a prepared transaction, too; what another transaction holds
# it applies when that has ended; and it sleeps when there is nothing to do.
set -euo pipefail
. tests/worker/worker.bash
start_measured_ledger
measure erp 200
expect 'differences' 0 "$(sql -d erp -c 'SELECT count(*) FROM receivables.check_positions()')"
# One look may find what two commits have queued.
expect 'woken and applied at least 150 times, without errors' 't|t|0' "$(sql -d erp -c 'SELECT wakeups >= 150, applications >= 150, errors FROM receivables.worker_status')"

# From here on, when the first daily work is done, nothing but commits wakes it.
wait_for 40 'f|' erp 'SELECT day_is_newer OR configuration_is_newer, daily_work_pid FROM receivables.search_assign_status, receivables.worker_status'

# A prepared transaction commits in a session that knows nothing of it.
sql -d erp -c 'BEGIN' -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (3, '2999-01-01', 10, 10)" -c "PREPARE TRANSACTION 'posted'"
sleep 0.3
sql -d erp -c "COMMIT PREPARED 'posted'"
wait_for 10 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'

# Another transaction holds the customer's position: the worker says so, and applies when it ends.
exec {holder}> >(PGAPPNAME=holder sql -d erp)
echo 'BEGIN; SELECT FROM receivables.position WHERE customer_id = 20 FOR UPDATE;' >&"$holder"
wait_for 10 'idle in transaction' erp "SELECT state FROM pg_stat_activity WHERE application_name = 'holder' AND query LIKE 'SELECT FROM receivables.position%'"
sql -d erp -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES (20, '2999-01-01', 10, 10)"
wait_for 10 t erp "SELECT state IN ('retrying', 'applying') FROM receivables.worker_status"
expect 'still queued' t "$(sql -d erp -c 'SELECT EXISTS (SELECT FROM receivables.change_queue WHERE customer_id = 20)')"
echo 'COMMIT;' >&"$holder"
exec {holder}>&-
wait_for 8 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
wait_for 10 idle erp 'SELECT state FROM receivables.worker_status'

# Asleep: no processor time, no wake-ups, no open transaction.
wait_for 20 t erp "SELECT last_wakeup_at < clock_timestamp() - interval '1 second' FROM receivables.worker_status"
ticks() { awk '{ print $14 + $15 }' "/proc/$(worker_pid erp)/stat"; }
wakeups() { sql -d erp -c 'SELECT wakeups FROM receivables.worker_status'; }
before="$(ticks) $(wakeups)"
sleep 3
expect 'clock ticks and wake-ups of a sleeping worker' "$before" "$(ticks) $(wakeups)"
expect 'sleeps in' 'idle|Extension|' "$(sql -d erp -c "SELECT state, wait_event, xact_start FROM pg_stat_activity WHERE backend_type = 'search_assign worker'")"
