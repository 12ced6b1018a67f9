#!/usr/bin/env bash
# A full run whose server process is killed, cancelled or timed out in the middle goes on where it stood, from any
# session; four sessions share one; ledger traffic and a change of a search meanwhile lose nothing.
set -euo pipefail
cd "$SA_ROOT"
unset "${!PG@}"
cluster=run_killed
scripts/cluster stop $cluster
trap 'scripts/cluster stop $cluster' EXIT
eval "$(scripts/cluster start $cluster --durable | grep '^export')"
export PGOPTIONS='-c client_min_messages=warning'
customers=${RUN_CUSTOMERS:-20000}

ask() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
expect() { # expect WHAT WANTED FOUND
  [ "$2" = "$3" ] || { echo "$1: expected $2, found $3"; exit 1; }
}
progress() { ask -c "SELECT $1 FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1"; }
call() { ask "$@" -c 'CALL receivables.search_assign(true)'; }
wait_for() { # wait_for SQL: until it is true
  local i
  for ((i = 0; i < 1200; ++i)); do
    if [ "$(ask -c "$1" 2>/dev/null)" = t ]; then return 0; fi
    sleep 0.05
  done
  echo "never true: $1"
  return 1
}
# A run is in its middle where it has done something, yet not all.
middle() { wait_for "SELECT customers_done BETWEEN 1 AND customers_total - 1 AND state = 'running' FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1"; }
runner="SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL receivables.search_assign%' LIMIT 1"

# What the ledger says, read by ordinary SQL.
check() { # check LIMIT
  expect 'positions that differ from the ledger' 0 "$(ask -c 'SELECT count(*) FROM receivables.check_positions()')"
  expect 'customers with a wrong scenario' 0 "$(ask -c "
    SELECT count(*) FROM receivables.customer c
    LEFT JOIN (SELECT customer_id, sum(open_amount) AS amount FROM receivables.item GROUP BY 1) i USING (customer_id)
    LEFT JOIN receivables.scenario_membership m USING (customer_id)
    WHERE m.scenario IS DISTINCT FROM CASE WHEN coalesce(i.amount, 0) >= $1 THEN 'Big' ELSE 'Normal' END")"
  # The last entry of the log is the membership, and no change was logged twice.
  expect 'customers whose log ends otherwise' 0 "$(ask -c "
    SELECT count(*) FROM receivables.scenario_membership m
    WHERE m.scenario <> (SELECT l.name FROM receivables.membership_log l WHERE l.customer_id = m.customer_id
                         AND l.target = 'scenario' ORDER BY l.recorded_at DESC, l.log_id DESC LIMIT 1)")"
  expect 'changes logged twice' 0 "$(ask -c "
    SELECT count(*) FROM (SELECT name, lag(name) OVER (PARTITION BY customer_id ORDER BY recorded_at, log_id) AS former
                          FROM receivables.membership_log WHERE target = 'scenario') l WHERE name = former")"
}
limit() { # limit AMOUNT: a criteria that costs some time, so that runs have a middle
  ask -c "UPDATE receivables.search SET criteria = 'outstanding >= $1 and length(repeat(md5(account_no), 1500)) > 0' WHERE name = 'big'"
}
completed() {
  expect 'state of the run' finished "$(progress state)"
  expect 'customers done' "$customers" "$(progress customers_done)"
  expect 'units left over' 0 "$(ask -c 'SELECT count(*) FROM receivables.search_assign_batch')"
  expect 'locks left over' 0 "$(ask -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")"
}
# Goes on with the run that stands in its middle: the same one, from where it stood.
go_on() { # go_on LIMIT
  local run before
  read -r run before <<<"$(progress "run_id || ' ' || customers_done")"
  expect 'state of the interrupted run' stopped "$(progress state)"
  if [ "$before" = 0 ]; then echo 'the interrupted run has kept nothing'; exit 1; fi
  call
  expect 'run that went on' "$run" "$(progress run_id)"
  expect 'customers it had done before' t "$(ask -c "SELECT done_before >= $before AND done_before < $customers FROM receivables.search_assign_run WHERE run_id = $run")"
  completed
  check "$1"
}

ask -v customers="$customers" <<'END'
CREATE EXTENSION search_assign;
INSERT INTO receivables.scenario (name, is_default) VALUES ('Normal', true), ('Big', false);
INSERT INTO receivables.search (name, criteria) VALUES ('big', 'outstanding >= 500');
INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('big', 'Big');
INSERT INTO receivables.customer (customer_id, account_no) SELECT n, 'A' || n FROM generate_series(1, :customers) n;
INSERT INTO receivables.item (customer_id, due_date, amount) SELECT n, date '2026-01-01' + n % 90, n % 1000 FROM generate_series(1, :customers) n;
END
check 500

echo 'a server process killed'
limit 400
call >/dev/null 2>&1 &
caller=$!
middle
as_server=()
if [ "$(id -u)" = 0 ]; then as_server=(runuser -u postgres --); fi
killed=$(ask -c "$runner")
"${as_server[@]}" kill -9 "$killed"
wait $caller || true
# It is listed until the postmaster has noticed, which then admits nobody before it has recovered.
wait_for "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $killed)"
go_on 400

echo 'cancelled; the session lives on and calls again'
limit 300
exec {session}> >(ask -v ON_ERROR_STOP=0 >/dev/null 2>&1)
caller=$!
echo 'CALL receivables.search_assign(true);' >&"$session"
middle
ask -c "SELECT pg_cancel_backend(($runner))" >/dev/null
wait_for "SELECT state = 'stopped' FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1"
go_on 300
limit 280
echo 'CALL receivables.search_assign(true);' >&"$session"
exec {session}>&-
wait $caller
completed
check 280

echo 'statement_timeout'
limit 250
# As long as the machine needs for the run's first step.
for ((timeout = 150; timeout < 20000; timeout *= 2)); do
  if ask -c "SET statement_timeout = $timeout" -c 'CALL receivables.search_assign(true)' 2>/dev/null; then echo 'no timeout'; exit 1; fi
  if [ "$(progress "state = 'stopped' AND customers_done > 0")" = t ]; then break; fi
done
go_on 250

echo 'four sessions, one of them terminated, ledger traffic and a change of the search meanwhile'
limit 200
callers=()
for _ in 1 2 3; do
  call &
  callers+=($!)
done
middle
ask -c "SELECT pg_terminate_backend(pid) FROM ($runner) p" >/dev/null
wait_for "SELECT sessions <= 2 FROM receivables.search_assign_progress ORDER BY run_id DESC LIMIT 1"
call -c "SET default_transaction_isolation = 'serializable'" &
callers+=($!)
for ((i = 1; i <= 200; ++i)); do
  echo "BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO receivables.item (customer_id, due_date, amount) VALUES ($((i * 97 % customers + 1)), '2026-01-01', 700), ($((i * 89 % customers + 1)), '2026-01-01', -700); COMMIT;"
done | ask
broken=0
for caller in "${callers[@]}"; do wait "$caller" 2>/dev/null || broken=$((broken + 1)); done
expect 'calls that failed' 1 "$broken"
completed
check 200
limit 150
call &
caller=$!
middle
limit 100
wait $caller
completed
expect 'configuration is newer than the run' t "$(ask -c 'SELECT configuration_is_newer AND last_run_version = configuration_version - 1 FROM receivables.search_assign_status')"
ask -c 'CALL receivables.search_assign()'
expect 'configuration is newer than the run' f "$(ask -c 'SELECT configuration_is_newer FROM receivables.search_assign_status')"
check 100
