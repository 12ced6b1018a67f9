#!/usr/bin/env bash
# A preview in a transaction that has changed the ledger, searches or rules says exactly what a full run in that
# transaction then does: memberships, next actions, workload, sums; and it writes nothing. Afterwards overlaps of
# searches and statistics of rules are what run_search() and the memberships say.
set -euo pipefail
# shellcheck source=tests/oracle/oracle.bash
. tests/oracle/oracle.bash

start_company
run_psql -f tests/oracle/preview.sql
total=0
for ((round = 0; round < ${ORACLE_ROUNDS:-30}; ++round)); do
  ((round % 10 == 0)) && new_configuration false "$((round / 10 % 2))::boolean"
  # Something to do that other transactions have left: a queue, a day that has passed.
  below 32768
  run_psql -c "SELECT oracle.traffic($REPLY, 6, 1, 126, 'alone')" | run_psql >/dev/null
  ((round % 4 == 1)) && move_business_date 3
  below 32768
  case $((round % 3)) in
    0) rules=NULL ;;
    1) rules="oracle.small_change($REPLY)" ;;
    2) rules="(SELECT string_agg(c, ' ') FROM oracle.configuration($REPLY, true, false) c)" ;;
  esac
  below 32768
  run_psql -c "SELECT oracle.what_if($REPLY, $((round % 5 * 2)), $rules, $((round % 7 == 6 ? 1 : 0))::boolean)" >"$oracle_folder/last"
  found=$(run_psql -f "$oracle_folder/last" | grep -E '^(membership|action|workload|sum|amounts|customers|once more|overlap|rule)\||^rows ' || true)
  rows=$(sed -n 's/^rows //p' <<<"$found")
  [ -n "$rows" ] || stop_with "no preview in round $round"
  if [ "$(wc -l <<<"$found")" != 1 ]; then
    [ -z "${ORACLE_VERBOSE-}" ] || cat "$oracle_folder/last"
    echo "$found"
    stop_with "the preview of round $round is not what the run did"
  fi
  total=$((total + rows))
done
[ "$total" -ge "$round" ] || stop_with "hardly anything was previewed: $total rows"
echo "$round what-ifs, $total rows of preview as the run then did"
