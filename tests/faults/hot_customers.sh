#!/usr/bin/env bash
# Eight sessions with transactions of many statements over 20 customers in random order, at all isolation levels, for
# FAULT_SECONDS; the ledger rows of two sessions never meet. So no transaction may be refused at all: no deadlock, no
# serialization failure on the extension's account; and everything is right in the end.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

sessions=8
start_server deadlock_timeout=200ms
start_faults

call_repeatedly() { # call_repeatedly PROCEDURE PAUSE
  while loaded; do
    run_psql -c "CALL receivables.$1" 2>>"$oracle_folder/calls" || true
    sleep "$2"
  done
}

end=$((SECONDS + ${FAULT_SECONDS:-12}))
while ((SECONDS < end)); do
  for ((s = 0; s < sessions; ++s)); do make_script "own$s" own "$s" 150 20; done
  call_repeatedly 'search_assign(true)' 0.2 &
  running+=($!)
  call_repeatedly 'search_assign_pending()' 0.05 &
  running+=($!)
  call_repeatedly 'search_assign_pending()' 0.05 &
  running+=($!)
  players=()
  for ((s = 0; s < sessions; ++s)); do
    play "own$s" &
    players+=($!)
  done
  for player in "${players[@]}"; do wait "$player"; done
  end_jobs
  judge_memberships "traffic of $sessions sessions"
  found=$(errors_but none)
  if [ -n "$found" ]; then complain "transactions were refused: $found"; break; fi
  if [ -s "$oracle_folder/calls" ]; then complain "a call beside traffic failed: $(head -5 "$oracle_folder/calls")"; break; fi
done
judge "the end"
check_log
end_test "$(grep -c committed "$oracle_folder/answers") transactions of $sessions sessions, modes $modes"
