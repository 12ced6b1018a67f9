#!/usr/bin/env bash
# Random traffic from four sessions at once on a few hot customers, under READ COMMITTED and REPEATABLE READ; then every
# fact and every membership is what brute force says. Sessions that only insert must not disturb each other at all;
# others may lose a transaction where their own ledger rows conflict, and repeat it.
set -euo pipefail
# shellcheck source=tests/oracle/oracle.bash
. tests/oracle/oracle.bash

sessions=4

# Runs the transactions of a script one by one, each up to 20 times while it fails with 40001 or 40P01, or with 23503
# because another session has just deleted its customer.
run_session() { # run_session SCRIPT LOG
  local transaction='' line attempt
  while IFS= read -r line || [ -n "$line" ]; do
    transaction+=$line$'\n'
    case $line in COMMIT\;* | ROLLBACK\; | *PREPARED*) ;; *) continue ;; esac
    for ((attempt = 0; ; ++attempt)); do
      if psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose <<<"$transaction" >/dev/null 2>"$2.error"; then
        echo committed >>"$2"
        break
      elif ! grep -qE 'ERROR:  (40001|40P01|23503)' "$2.error" || ((attempt == 20)); then
        { echo "failed:"; cat "$2.error"; echo "$transaction"; } >>"$2"
        return 1
      fi
      grep -oE 'ERROR:  (40001|40P01|23503).*' "$2.error" >>"$2"
    done
    transaction=
  done <"$1"
}

run_sessions() { # run_sessions KIND TRANSACTIONS LOW HIGH: fails where a session does
  local s pids=() failed=0
  for ((s = 0; s < sessions; ++s)); do
    below 32768
    run_psql -c "SELECT oracle.traffic($REPLY, $2, $3, $4, '$1')" >"$oracle_folder/script$s"
    : >"$oracle_folder/log$s"
  done
  for ((s = 0; s < sessions; ++s)); do
    run_session "$oracle_folder/script$s" "$oracle_folder/log$s" &
    pids+=($!)
  done
  for s in "${pids[@]}"; do wait "$s" || failed=1; done
  if [ $failed != 0 ]; then
    grep -h -A30 '^failed' "$oracle_folder"/log[0-9] | cut -c1-600
    stop_with "a session failed: $1"
  fi
  repeated=$(cat "$oracle_folder"/log[0-9] | grep -c '^ERROR' || true)
}

start_company
new_configuration false false
conflicts=0
for ((round = 0; round < ${ORACLE_ROUNDS:-3}; ++round)); do
  # The company's hot customers: one, four, and thirty.
  case $((round % 3)) in 0) high=4 ;; 1) high=1 ;; *) high=30 ;; esac
  run_sessions inserts 12 1 $high
  if [ "$repeated" != 0 ]; then
    cat "$oracle_folder"/log[0-9] | grep '^ERROR' | head -5
    stop_with "sessions that only insert got into each other's way $repeated times"
  fi
  compare "inserts of round $round"
  run_sessions all_but_prepare 12 1 $high
  conflicts=$((conflicts + repeated))
  compare "traffic of round $round"

  # While the day's CALL visits everybody, the sessions go on; the next CALL finds what it missed.
  move_business_date $((round % 4 + 1))
  run_psql -c 'CALL receivables.search_assign(true)' &
  call=$!
  run_sessions all_but_prepare 6 1 $high
  wait $call || stop_with "CALL search_assign(true) failed beside traffic"
  call_and_compare "day of round $round"

  # A change of rules in the middle of traffic: the customers touched before it are brought up to it by the next CALL.
  if ((round % 3 == 2)); then
    below 32768
    seed=$REPLY
    { run_psql -c "SELECT oracle.small_change($seed)" | run_psql >/dev/null; } &
    call=$!
    run_sessions all_but_prepare 6 1 $high
    wait $call || stop_with "a change of rules failed beside traffic"
    call_and_compare "change of rules in round $round"
  fi
done
compare_past
echo "$round rounds of $sessions sessions, $conflicts transactions repeated after conflicts"
