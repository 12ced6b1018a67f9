# Shared by the oracle tests (sourced, never run): random traffic against the extension, compared with the twin of
# oracle.sql. Seed: ORACLE_SEED (printed; the same seed repeats the same scripts). Length: ORACLE_ROUNDS.
# shellcheck shell=bash

ORACLE_SEED=${ORACLE_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$((ORACLE_SEED % 32768))
oracle_folder=$(mktemp -d)
trap 'rm -rf "$oracle_folder"' EXIT
echo "ORACLE_SEED=$ORACLE_SEED"

export PGOPTIONS='-c client_min_messages=warning'
run_psql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
# The business date of the database; it holds for new sessions.
set_business_date() { run_psql -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '$1'"; }
move_business_date() { set_business_date "$(run_psql -c "SELECT receivables.business_date() + ($1)")"; }
below() { REPLY=$((RANDOM % $1)); } # a number from 0; not in a subshell, which would repeat it

# Keeps the script that was running, to be read after a failure.
stop_with() {
  echo "$1"
  echo "repeat with ORACLE_SEED=$ORACLE_SEED${ORACLE_ROUNDS:+ ORACLE_ROUNDS=$ORACLE_ROUNDS}; business date $(run_psql -c 'SELECT receivables.business_date()')"
  exit 1
}

start_company() {
  run_psql -c 'CREATE EXTENSION search_assign' -c "ALTER DATABASE \"$PGDATABASE\" SET jit = off"
  set_business_date "${1:-2026-06-15}"
  run_psql -c 'CALL receivables.keep_membership_log()' # the log lies in the month's partition
  run_psql -f tests/oracle/agenda.sql -f tests/oracle/oracle.sql -f tests/oracle/traffic.sql -f tests/oracle/start.sql >"$oracle_folder/start"
}

# compare WHAT [memberships]: the extension against the twin, first with what is queued, then after its application.
compare() {
  if [ "$(run_psql -c 'SELECT count(*) > 0 FROM receivables.change_queue')" = t ]; then
    find_differences "$1, queued" false
    run_psql -c 'CALL receivables.search_assign_pending()'
    [ "$(run_psql -c 'SELECT count(*) FROM receivables.change_queue')" = 0 ] || stop_with "the queue is not empty after: $1"
  fi
  find_differences "$1" "${2:-true}"
  run_psql -c 'CALL oracle.note_moment()'
}

# compare_past: the memberships of all moments noted since the start, read from the log.
compare_past() {
  show_differences "all that (memberships of $(run_psql -c 'SELECT count(*) FROM oracle.moment') moments of the past)" 'oracle.past_differences()'
}

find_differences() { show_differences "$1" "oracle.differences($2)"; }

show_differences() { # show_differences WHAT FUNCTION
  local found
  found=$(run_psql -c "SELECT what, customer_id, 'expected ' || coalesce(expected, 'nothing'), 'found ' || coalesce(actual, 'nothing')
                       FROM $2 ORDER BY 2, 1")
  [ -z "$found" ] && return
  if [ -n "${ORACLE_VERBOSE-}" ] && [ -f "$oracle_folder/last" ]; then cat "$oracle_folder/last"; fi
  head -40 <<<"$found"
  stop_with "$(wc -l <<<"$found") differences after: $1"
}

# CALL search_assign() must bring everybody to the twin's answer, and a full run then find nothing to do.
call_and_compare() {
  run_psql -c 'CALL receivables.search_assign()' -c 'CALL oracle.note_call()'
  # shellcheck disable=SC2034 # for those who source this
  visited=$(run_psql -c 'SELECT last_run_customers FROM receivables.search_assign_status')
  compare "$1"
  local before after
  before=$(run_psql -c 'SELECT count(*), max(log_id) FROM receivables.membership_log')
  run_psql -c 'CALL receivables.search_assign(true)'
  after=$(run_psql -c 'SELECT count(*), max(log_id) FROM receivables.membership_log')
  [ "$before" = "$after" ] || stop_with "CALL search_assign(true) wrote to the log after: $1"
  compare "$1, everyone"
}

new_configuration() { # new_configuration DAILY MANUAL: random searches and rules
  below 32768
  run_psql -c "SELECT oracle.configuration($REPLY, $1, $2)" >"$oracle_folder/configuration"
  run_psql -1 -f "$oracle_folder/configuration" >/dev/null
  call_and_compare "new configuration"
}
