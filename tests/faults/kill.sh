#!/usr/bin/env bash
# kill -9 of the postmaster with all its children, of the postmaster alone, of one backend, of one that stands in the
# middle of its commit, and of the worker: at random moments of bulk loads, of small transactions, and of a full run after
# rules have changed and days have passed. After recovery everything answered as committed is there, once, and all is right.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

kills=${FAULT_KILLS:-6}
start_server --durable autovacuum_naptime=1 max_prepared_transactions=100 shared_preload_libraries=search_assign
start_faults
# From now on the worker rolls the days, too; the other works would change what the oracle does not follow.
run_psql -c "UPDATE receivables.daily_work SET active = name = 'search_assign'" \
  -c 'ALTER SYSTEM SET search_assign.databases = postgres' -c 'SELECT pg_reload_conf()' >/dev/null
# shellcheck disable=SC2034 # for faults.bash
settling=5

children() { ps -o pid= --ppid "$1" | tr -d ' '; }
postmaster() { head -1 "$data/postmaster.pid"; }
# A process of this very server: not one that has taken over its number.
ours() { [ "$(readlink "/proc/$1/cwd")" = "$data" ]; }
kill_now() { if ours "$1"; then kill -9 "$1" 2>/dev/null || true; fi; }
gone() {
  local pid
  for pid in "$@"; do if ours "$pid"; then return 1; fi; done
}

kill_server() { # kill_server with_children|alone
  local main pids pid
  main=$(postmaster)
  mapfile -t pids < <(children "$main")
  kill_now "$main"
  if [ "$1" = with_children ]; then for pid in "${pids[@]}"; do kill_now "$pid"; done; fi
  # What is left ends when it notices; its shared memory keeps a new postmaster from starting.
  if ! await 5 gone "$main" "${pids[@]}"; then
    for pid in "${pids[@]}"; do kill_now "$pid"; done
    await 10 gone "${pids[@]}" || stop_with "processes of the killed server stay"
  fi
  # Where nobody reaps the dead, their number stays in the way of the next postmaster.
  if ! await 1 reaped "$main"; then rm -f "$data/postmaster.pid" "$(cat "${data%/*}/socket_folder")"/.s.PGSQL.*.lock; fi
  scripts/cluster start "$cluster" >/dev/null
}
reaped() { [ ! -e "/proc/$1" ]; }

# Kills a backend; the postmaster ends all others and recovers. False where the backend was gone by then: the load goes on.
kill_backend() { # kill_backend CONDITION
  local pid main
  pid=$(run_psql -c "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ($1) ORDER BY random() LIMIT 1" 2>/dev/null) || return 1
  [ -n "$pid" ] || return 1
  { ours "$pid" && kill -9 "$pid" 2>/dev/null; } || return 1
  # The postmaster, which admits nobody before it has recovered, may not have noticed yet.
  await 10 gone "$pid" || return 1
  await 30 recovered || return 1
  main=$(postmaster)
  ours "$main" || stop_with "the postmaster ended with a backend"
}
recovered() { [ "$(psql -XqAtc "SELECT pg_postmaster_start_time() IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'load')" 2>/dev/null)" = t ]; }

bulk_load() { # bulk_load NUMBER: statements of many rows with receipts, as long as the server is there
  local k token
  for ((k = 1; k < 1000; ++k)); do
    loaded || break
    token=T-bulk$1-$k
    psql -X -c "BEGIN; INSERT INTO oracle.receipt VALUES ('$token', 3000);
      INSERT INTO receivables.item (customer_id, document_no, due_date, amount)
      SELECT 91 + n % 10, '$token', oracle.business_date() - 50 + n % 77, n FROM generate_series(1, 3000) n; COMMIT" >/dev/null 2>&1 || break
    echo "$token|committed|" >>"$oracle_folder/answers"
  done
}
# Judged loads go: the oracle has no more to compute in the last round than in the first.
remove_bulk_loads() {
  bulk_loads=$((bulk_loads + $(grep -c '^T-bulk' "$oracle_folder/answers" || true)))
  sed -i '/^T-bulk/d' "$oracle_folder/answers"
  run_psql -c "WITH gone AS (DELETE FROM oracle.receipt WHERE token LIKE 'T-bulk%')
    DELETE FROM receivables.item WHERE document_no LIKE 'T-bulk%'"
}
full_runs() { while loaded && run_psql -c 'CALL receivables.search_assign(true)' >/dev/null 2>&1; do sleep 0.05; done; }

start_load() { # start_load ROUND
  local s
  for s in 0 1 2; do make_script "load$s" random all 300 1 30; done
  for s in 3 4; do make_script "load$s" own "$s" 300 60; done
  export PGAPPNAME=load
  for s in 0 1 2 3 4; do
    play "load$s" &
    running+=($!)
  done
  bulk_load "$1" &
  running+=($!)
  full_runs &
  running+=($!)
  unset PGAPPNAME
  before=$(receipts)
  await 20 well_under_way || stop_with "no traffic in round $1"
}
receipts() { run_psql -c "SELECT count(*) FROM oracle.receipt WHERE token NOT LIKE 'T-bulk%'"; }
# As many as the end wants to have been answered, and one in flight for each session.
well_under_way() { [ "$(receipts)" -ge $((before + 20)) ]; }

# One of the customers who all receipts go to is held, so that transactions stand in their commit when they are killed.
hold_and_kill() {
  open_session holder
  ask holder "SET application_name = 'load'; SET search_assign.lock_wait = '1min'"
  ask holder "BEGIN; SELECT FROM receivables.position WHERE customer_id BETWEEN 91 AND 100 ORDER BY customer_id FOR UPDATE"
  local done=1
  # They wait for 200 ms each: who was seen to wait may not when it comes to the kill.
  if await 5 kill_backend "$in_commit"; then
    staged=$((staged + 1))
    done=0
  fi
  close_session holder
  return $done
}
in_commit="wait_event_type = 'Lock' AND query ~ '^(COMMIT|PREPARE|CALL|BEGIN; INSERT)'"

# Every other time the worker, in the midst of an application if one is met; else a full run or the daily work.
kill_run_or_worker() {
  if [ $((round / 6 % 2)) = 1 ]; then
    kill_backend "query ~ 'search_assign\\(true\\)' OR backend_type = 'search_assign daily work'"
  elif await 2 kill_backend "$worker AND state = 'active'" || kill_backend "$worker"; then
    workers=$((workers + 1))
  else
    return 1
  fi
}
worker="backend_type = 'search_assign worker'"

settle_prepared() { # the transactions that were left prepared: committed or rolled back at random
  local token
  while read -r token; do
    below 2
    if [ "$REPLY" = 0 ]; then
      run_psql -c "COMMIT PREPARED '$token'"
      echo "$token|committed|" >>"$oracle_folder/answers"
    else
      run_psql -c "ROLLBACK PREPARED '$token'"
      echo "$token|refused|" >>"$oracle_folder/answers"
    fi
    prepared=$((prepared + 1))
  done < <(run_psql -c 'SELECT gid FROM pg_prepared_xacts')
}

staged=0 workers=0 prepared=0 bulk_loads=0
for ((round = 0; round < kills; ++round)); do
  # Rules and days that the full runs have to bring to everybody.
  below 32768
  run_psql -c "SELECT oracle.small_change($REPLY)" | run_psql >/dev/null
  move_business_date $((round % 3 + 1))
  start_load "$round"
  sleep_up_to 900
  case $((round % 6)) in
    0 | 5) kill_server with_children ;;
    1) kill_server alone ;;
    2) hold_and_kill || kill_server alone ;;
    3) kill_backend "application_name = 'load' AND query ~ '^BEGIN; INSERT' AND state = 'active'" || kill_server with_children ;;
    4) kill_run_or_worker || kill_server with_children ;;
  esac
  end_jobs
  await 30 server_answers || stop_with "no server after kill $round"
  settle_prepared
  judge "kill $round"
  remove_bulk_loads
done
if grep -E 'PANIC|TRAP:' "$data/../log"; then complain "the server's log says so"; fi
if [ "$(grep -c 'committed' "$oracle_folder/answers")" -lt $((kills * 10)) ]; then complain "hardly any traffic"; fi
if [ $staged = 0 ]; then complain "nobody was killed in the middle of a commit"; fi
if [ "$kills" -ge 12 ] && [ $workers = 0 ]; then complain "no worker was killed"; fi
end_test "$kills kills ($staged in a commit, $workers of the worker), $(grep -c committed "$oracle_folder/answers") transactions and $bulk_loads bulk loads kept, $prepared settled that were prepared"
