#!/usr/bin/env bash
# Memory ends while a statement's rows are gathered, while the change set is applied, at the commit and in a full run:
# the address space of a session's backend is limited to a little more than it has. The statement fails, or the change
# set is queued; the transaction fails at its commit only where the queue cannot be written. The session and the server
# live on.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

command -v prlimit >/dev/null || { echo "no prlimit here"; exit 77; }
start_server shared_buffers=16MB jit=off
start_faults

limit_to() { as_server_user prlimit --pid "$1" --as="$2"; }
limit_memory() { # limit_memory KILOBYTES beyond what the session has
  local has
  has=$(awk '/^VmSize/ { print $2 }' "/proc/$pid/status")
  limit_to "$pid" $(((has + $1) * 1024)):
}
start_session() {
  open_session small
  pid_of small
  pid=$REPLY
  ask small 'SELECT receivables.business_date()'
}

tried=0 refused=0 queued=0 newest=0
situation='out of memory'
# Counts the transactions that were queued for want of memory: they have newer rows in the queue than those before.
count_queued() {
  local before=$newest
  newest=$(run_psql -c "SELECT coalesce(max(queue_id), $before) FROM receivables.change_queue WHERE sqlstate = '53200'")
  if [ "$newest" -gt "$before" ]; then queued=$((queued + 1)); else newest=$before; fi
}
# Rows in one statement, then the end of the transaction; the limit holds for both or for the commit alone.
try() { # try statement|commit KILOBYTES SETTINGS ROWS
  tried=$((tried + 1))
  local token=T-oom-$tried answer=committed
  ask small "BEGIN; $3; SELECT oracle.leave_receipt('$token', 2)"
  if [ "$1" = statement ]; then limit_memory "$2"; fi
  ask small "INSERT INTO receivables.item (customer_id, due_date, document_date, amount, open_amount) SELECT n % 90 + 1, receivables.business_date() - n % 400, receivables.business_date() - 400 + n % 400, n, CASE WHEN n % 3 = 0 THEN n / 2 ELSE n END FROM generate_series(1, $4) n"
  local first=$state
  if [ "$1" = commit ]; then limit_memory "$2"; fi
  tell small COMMIT
  answer small 60
  case $first,$state in
    00000,00000) ;;
    53200,00000) answer=refused refused=$((refused + 1)) ;;
    00000,53200)
      answer=refused refused=$((refused + 1))
      if [[ $(last_words small) != *'queueing changes that were not applied'* ]]; then
        complain "memory ends at the commit, but not while queueing ($1, $2 kB, $3, $4 rows): $(last_words small)"
      fi
      ;;
    *) answer=refused; complain "memory ends ($1, $2 kB, $3, $4 rows): $first, $state $(last_words small)" ;;
  esac
  if [ "$state" = lost ]; then
    close_session small
    await 30 server_answers
    start_session
  else
    limit_to "$pid" unlimited:unlimited
    expect small 'ROLLBACK'
    count_queued
  fi
  echo "$token|$answer|" >>"$oracle_folder/answers"
}

start_session
step=${FAULT_STEP:-14}
for mode in ${modes//,/ }; do
  for ((k = 0; k < 40; k += step)); do
    try statement $((k * k * 4)) "SET LOCAL search_assign.apply = $mode" 4000
    try commit $((k * k * 4)) "SET LOCAL search_assign.apply = $mode" 4000
    # A new session has its caches and plans still before it.
    close_session small
    start_session
    try commit $((k * 40)) "SET LOCAL search_assign.apply = $mode" 20
  done
  judge_memberships "mode $mode"
done
# A run: whatever it has done is committed, the rest is left to the next one.
for ((k = 0; k < 40; k += step)); do
  close_session small
  start_session
  below 32768
  run_psql -c "SELECT oracle.small_change($REPLY)" | run_psql >/dev/null
  limit_memory $((k * 60))
  tell small 'CALL receivables.search_assign(true)'
  answer small 60
  case $state in
    00000) ;;
    53200) refused=$((refused + 1)) ;;
    *) complain "memory ends in a run, $((k * 60)) kB: $state $(last_words small)" ;;
  esac
  tried=$((tried + 1))
  if [ "$state" != lost ]; then limit_to "$pid" unlimited:unlimited; fi
done
close_session small
judge "runs"
check_log
if [ $refused = 0 ]; then complain "nothing ran out of memory"; fi
if [[ $queued = 0 && ,$modes, == *,commit,* ]]; then complain "nothing was queued for want of memory"; fi
end_test "$tried transactions and runs, $refused refused, $queued queued"
