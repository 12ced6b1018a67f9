#!/usr/bin/env bash
# Random traffic, passing days and changing rules from one session; after each step every fact and every membership
# and every row of the agenda is what brute force says.
set -euo pipefail
# shellcheck source=tests/oracle/oracle.bash
. tests/oracle/oracle.bash

start_company
compare "start"
seen=0
customers=0
for ((round = 0; round < ${ORACLE_ROUNDS:-24}; ++round)); do
  # Every third configuration has criteria that must be looked at daily, every third rules that only CALLs evaluate.
  if ((round % 6 == 0)); then
    new_configuration $((round / 6 % 3 == 1 ? 1 : 0))::boolean $((round / 6 % 3 == 2 ? 1 : 0))::boolean
  elif ((round % 6 == 4)); then
    below 32768
    run_psql -c "SELECT oracle.small_change($REPLY)" | run_psql >/dev/null
    call_and_compare "small change of rules"
  fi

  below 32768
  run_psql -c "SELECT oracle.traffic($REPLY, 16, 1, 126, 'alone')" >"$oracle_folder/last"
  run_psql -f "$oracle_folder/last" >/dev/null
  compare "traffic of round $round"

  # Mostly some days, sometimes a season, sometimes back. Traffic of the new day before its CALL reaches its customers.
  below 20
  case $REPLY in
    0) days=-9 ;;
    1) days=100 ;;
    2) days=410 ;;
    *) below 7; days=$((REPLY + 1)) ;;
  esac
  # Half of the time day by day: evaluated daily or once, the state is the same.
  if ((days > 0 && days < 8)) && below 2 && [ "$REPLY" = 0 ]; then
    for ((; days > 1; --days)); do
      move_business_date 1
      run_psql -c 'CALL receivables.search_assign()' -c 'CALL oracle.note_call()'
    done
  fi
  move_business_date "$days"
  if ((round % 3 == 0)); then
    below 32768
    run_psql -c "SELECT oracle.traffic($REPLY, 4, 1, 126, 'alone')" >"$oracle_folder/last"
    run_psql -f "$oracle_folder/last" >/dev/null
    compare "traffic on the new day of round $round" false
  fi
  call_and_compare "day of round $round"
  if ((round / 6 % 3 == 0)); then
    seen=$((seen + visited))
    customers=$((customers + $(run_psql -c 'SELECT count(*) FROM receivables.customer')))
  fi
done
compare_past
acted=$(run_psql -c 'SELECT count(*) FROM receivables.action_log')
[ "$acted" -ge $round ] || stop_with "hardly anything was done: $acted actions"
echo "$round rounds; passing days visited $seen of $customers customers; $acted entries in action_log"
