#!/usr/bin/env bash
# Cancel, statement_timeout, lock_timeout and termination at every stage: staged in the middle of a commit, then for
# FAULT_SECONDS at random over random traffic. A timeout never fails a COMMIT; whatever was refused leaves no trace.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

# The server says for each of these errors where it was: a COMMIT that its timeout meets before it has begun fails
# without the extension, too.
start_server deadlock_timeout=200ms backtrace_functions=ProcessInterrupts,DeadLockReport
start_faults

# ---- staged: a transaction waits in its commit for a position that another session holds ------------------------------

open_session holder
open_session victim
pid_of victim
victim=$REPLY
# As long as it may take: the default would queue the change set after 200 ms, and half of deadlock_timeout is the most that counts.
ask victim "SELECT receivables.business_date(); SET search_assign.lock_wait = '60s'; SET deadlock_timeout = '10min'"
customer=0
stage() { # stage SETTINGS: the victim inserts, and waits in its commit
  customer=$((customer + 1))
  expect holder "BEGIN; SELECT FROM receivables.position WHERE customer_id = $customer FOR UPDATE"
  expect victim "BEGIN; $1; INSERT INTO receivables.item (customer_id, due_date, amount, document_no) VALUES ($customer, receivables.business_date() - 99, 9000, 'staged $customer')"
  tell victim 'COMMIT'
}
items_staged() { run_psql -c "SELECT count(*) FROM receivables.item WHERE document_no = 'staged $customer'"; }
expect_commit() { # expect_commit WHAT: the commit goes through without the holder
  answer victim 10
  if [ "$state" != 00000 ]; then complain "$1 in the middle of a commit: $state $(last_words victim)"; fi
  expect holder COMMIT
  answer victim
  if [ "$(items_staged)" != 1 ]; then complain "$1 in the middle of a commit: the item is gone"; fi
}

situation='staged interrupts'
stage 'SELECT 1'
await 5 waits_for_lock "$victim" || complain "the commit does not wait for the position at all"
run_psql -c "SELECT pg_cancel_backend($victim)" >/dev/null
answer victim
# The user's cancel ends the transaction, as it would any other statement; or comes too late for it.
case $state in
  57014) if [ "$(items_staged)" != 0 ]; then complain "cancelled, but the item is there"; fi ;;
  00000) if [ "$(items_staged)" != 1 ]; then complain "committed, but the item is not there"; fi ;;
  *) complain "a cancel in the middle of a commit: $state $(last_words victim)" ;;
esac
expect holder COMMIT
judge_memberships "cancel in a commit"

stage "SET LOCAL lock_timeout = '100ms'"
expect_commit "lock_timeout"
# Long enough for the INSERT, on any machine.
stage "SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '3s'"
expect_commit "statement_timeout"
stage "SET LOCAL search_assign.lock_wait = '100ms'"
expect_commit "lock_wait"
judge_memberships "timeouts in a commit"

stage 'SELECT 1'
await 5 waits_for_lock "$victim" || complain "the commit does not wait for the position at all"
run_psql -c "SELECT pg_terminate_backend($victim, 5000)" >/dev/null
expect holder COMMIT
if [ "$(items_staged)" != 0 ]; then complain "terminated in its commit, but the item is there"; fi
close_session victim
close_session holder
judge_memberships "termination in a commit"

# ---- at random -----------------------------------------------------------------------------------------------------

# Other settings for each transaction; some of them let anything through.
with_timeouts() { # with_timeouts NAME
  awk -v seed="$RANDOM" 'BEGIN { srand(seed) } { print }
    /^BEGIN / {
      r = rand()
      if (r < 0.3) printf "SET LOCAL statement_timeout = %d;\n", 1 + rand() * rand() * 40
      else if (r < 0.5) printf "SET LOCAL lock_timeout = %d;\n", 1 + rand() * 20
      else if (r < 0.6) printf "SET LOCAL search_assign.lock_wait = %d;\n", rand() * 20
    }' "$oracle_folder/$1" >"$oracle_folder/$1.new"
  mv "$oracle_folder/$1.new" "$oracle_folder/$1"
}
# Errors of a COMMIT or PREPARE TRANSACTION, other than a user's cancel, that were met inside the extension.
failed_commits() {
  awk '
    function tell() { if (ours && commit && !cancel) print text }
    /(ERROR|FATAL):  / { tell(); text = $0; ours = commit = 0; cancel = /due to user request/ || !/:  (57014|55P03|40P01): / }
    /search_assign\.so/ { ours = 1 }
    /STATEMENT:  (COMMIT|PREPARE TRANSACTION)/ { commit = 1 }
    END { tell() }
  ' "$data/../log"
}
bombard() { # cancels every session of the traffic now and then, and ends one seldom
  while loaded; do
    run_psql -c "SELECT CASE WHEN random() < 0.01 THEN pg_terminate_backend(pid) ELSE pg_cancel_backend(pid) END
      FROM pg_stat_activity WHERE application_name = 'victim' AND state <> 'idle' AND random() < 0.4" >/dev/null 2>&1 || true
    sleep 0.0$((RANDOM % 9 + 1))
  done
}
full_runs() {
  while loaded; do
    run_psql -c 'CALL receivables.search_assign(true)' >/dev/null 2>&1 || true
    run_psql -c 'CALL receivables.search_assign_pending()' >/dev/null 2>&1 || true
    sleep 0.1
  done
}

end=$((SECONDS + ${FAULT_SECONDS:-10}))
round=0
while ((SECONDS < end)); do
  for s in 0 1 2 3; do
    make_script "some$s" random all 60 1 12
    with_timeouts "some$s"
  done
  for s in 4 5; do
    make_script "some$s" own "$s" 60 12
    with_timeouts "some$s"
  done
  PGAPPNAME=victim full_runs &
  running+=($!)
  # Every second round without cancels: nothing but timeouts then.
  if ((round % 2 == 0)); then
    bombard &
    running+=($!)
  fi
  players=()
  for s in 0 1 2 3 4 5; do
    PGAPPNAME=victim play "some$s" &
    players+=($!)
  done
  for player in "${players[@]}"; do wait "$player"; done
  end_jobs
  run_psql -c 'SELECT gid FROM pg_prepared_xacts' | while read -r token; do run_psql -c "ROLLBACK PREPARED '$token'"; done
  note_answers
  judge_memberships "interrupts, round $round"
  round=$((round + 1))
done
judge "the end"
# Nothing but cancels may fail a COMMIT: serialization failures and deadlocks of the ledger come earlier.
found=$(failed_commits)
if [ -n "$found" ]; then complain "$(wc -l <<<"$found") commits failed for the extension, such as $(head -3 <<<"$found")"; fi
check_log
errors_but '25P02' >"$oracle_folder/seen"
for state in 57014 55P03; do
  grep -q "$state" "$oracle_folder/seen" || complain "not one error $state: nothing was tested"
done
end_test "$round rounds; $(grep -c committed "$oracle_folder/answers") committed, $(grep -c refused "$oracle_folder/answers") refused"
