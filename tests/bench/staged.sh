#!/usr/bin/env bash
# The same steps for the extension and for the peers of tests/bench: transactions of one customer that overlap, and
# transactions that post to the same customers in different orders, under READ COMMITTED and REPEATABLE READ. The
# extension comes out right without an error, a wait or a lost item; each peer fails in the way that is written here,
# and where a peer does not (any more) that is reported as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "${folder:?}"' EXIT
run_psql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# ---- three sessions, step by step ----
declare -a input process steps
start_sessions() { # start_sessions ISOLATION
  local n fd
  for n in 0 1 2; do
    rm -f "$folder/in$n"
    mkfifo "$folder/in$n"
    : >"$folder/out$n"
    PGAPPNAME=staged$n PGOPTIONS="-c deadlock_timeout=100ms -c default_transaction_isolation=${1// /\\ }" \
      psql -XqAt -v VERBOSITY=sqlstate <"$folder/in$n" >"$folder/out$n" 2>&1 &
    process[n]=$!
    exec {fd}>"$folder/in$n"
    input[n]=$fd
    steps[n]=0
  done
  waits=0
}
done_with() { grep -q "^step ${steps[$1]} done" "$folder/out$1"; }
blocked() { [ "$(run_psql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'staged$1' AND wait_event_type = 'Lock'")" = 1 ]; }
# settle N: its last step is done (0), or waits for a lock (1).
settle() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if done_with "$1"; then return 0; fi
    if blocked "$1" && sleep 0.05 && blocked "$1" && ! done_with "$1"; then return 1; fi
    sleep 0.02
  done
  echo "session $1 does not answer:" >&2
  cat "$folder/out$1" >&2
  exit 1
}
step() { # step N SQL: returns when it is done, or waits for a lock
  finish "$1"
  steps[$1]=$((steps[$1] + 1))
  printf '%s;\n\\echo step %s done\n' "$2" "${steps[$1]}" >&"${input[$1]}"
  settle "$1" || waits=$((waits + 1))
}
finish() { # finish N: what it waited for is over by now
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if [ "${steps[$1]}" = 0 ] || done_with "$1"; then return; fi
    sleep 0.05
  done
  echo "session $1 waits for ever:" >&2
  cat "$folder/out$1" >&2
  exit 1
}
end_sessions() {
  local n fd
  for n in 0 1 2; do
    finish "$n"
    fd=${input[n]}
    echo '\q' >&"$fd" # the other sessions hold the pipe as well, so its end alone would not be seen
    exec {fd}>&-
    wait "${process[n]}" || true
  done
}

# ---- the cases: customers A, B, C, each invoice 30,000; at 50,000 a customer becomes a key account ----
invoices() { # invoices CUSTOMER...: one statement
  local rows='' customer
  for customer in "$@"; do rows+="${rows:+, }($customer, 'X', 'invoice', '$today', '$today'::date + 60, 30000, 30000)"; done
  echo "INSERT INTO $ledger.item (customer_id, document_no, kind, document_date, due_date, amount, open_amount) VALUES $rows"
}
begin() { local n; for n in "$@"; do step "$n" 'BEGIN'; step "$n" "SELECT count(*) FROM $ledger.item WHERE customer_id = 0"; done; }
one_customer() {
  posted=2
  begin 1 2
  step 1 "$(invoices "$a")"
  step 2 "$(invoices "$a")"
  step 1 COMMIT
  step 2 COMMIT
}
# Invoices one by one, in two orders.
two_orders() {
  posted=4
  begin 1 2
  step 1 "$(invoices "$a")"
  step 2 "$(invoices "$b")"
  step 1 "$(invoices "$b")"
  step 2 "$(invoices "$a")"
  if done_with 1; then step 1 COMMIT; step 2 COMMIT; else step 2 COMMIT; step 1 COMMIT; fi
}
# Each a single statement, in two orders; a third session holds up the first one in the middle.
two_statements() {
  posted=6
  begin 0 1 2
  step 0 "$(invoices "$c")"
  step 1 "$(invoices "$a" "$c" "$b")"
  step 2 "$(invoices "$b" "$a")"
  step 0 COMMIT
  if settle 2; then step 2 COMMIT; step 1 COMMIT; else step 1 COMMIT; step 2 COMMIT; fi
}

first=1 failed=0
check() { # check CASE ISOLATION CONTENDER EXPECTED (a pattern: whom a deadlock takes, and when, is the server's choice)
  local errors wrong kept outcome
  a=$first b=$((first + 1)) c=$((first + 2))
  first=$((first + 10))
  ledger=$3
  if [ "$3" = extension ]; then ledger=receivables; fi
  start_sessions "$2"
  "$1"
  end_sessions
  errors=$(grep -ohE 'ERROR: +[0-9A-Z]{5}' "$folder"/out? | grep -oE '[0-9A-Z]{5}$' | grep -v 25P02 | sort | uniq -c | awk '{ printf "%s%s x %s", (NR > 1 ? ", " : ""), $1, $2 }' || true)
  wrong=$(run_psql -c "SELECT count(*) FROM bench.differences('bench.$3_held', 'bench.$3_own') WHERE customer_id BETWEEN $a AND $c")
  kept=$(run_psql -c "SELECT count(*) FROM $ledger.item WHERE customer_id BETWEEN $a AND $c")
  outcome="errors: ${errors:-none}, wrong memberships: $wrong, items lost: $((posted - kept)), waits: $waits"
  printf '%-15s %-16s %-18s %s\n' "$1" "$2" "$3" "$outcome"
  if ! [[ $outcome =~ ^$4$ ]]; then
    echo "    expected: $4"
    failed=1
  fi
}

run_psql -c 'CREATE EXTENSION IF NOT EXISTS search_assign'
# One day, also where midnight passes meanwhile.
run_psql <<<"SELECT format('ALTER DATABASE %I SET search_assign.business_date = %L', current_database(), receivables.business_date()) \\gexec"
run_psql -v customers=300 -f tests/bench/setup.sql -f tests/bench/configuration.sql
run_psql -c 'CALL receivables.search_assign()' 2>/dev/null
run_psql -f tests/bench/peers/row_trigger.sql -f tests/bench/peers/statement_trigger.sql
run_psql -v ledger=bench.item -f tests/bench/peers/nightly_tables.sql -f tests/bench/peers/compare.sql
today=$(run_psql -c 'SELECT bench.today()')

right='errors: none, wrong memberships: 0, items lost: 0, waits: 0'
for isolation in 'read committed' 'repeatable read'; do
  for case in one_customer two_orders two_statements; do check "$case" "$isolation" extension "$right"; done
done
check one_customer 'read committed' row_trigger 'errors: none, wrong memberships: 1, items lost: 0, waits: [1-3]'
check two_orders 'read committed' row_trigger 'errors: 1 x 40P01, wrong memberships: 0, items lost: 2, waits: [1-3]'
check two_statements 'read committed' row_trigger 'errors: 1 x 40P01, wrong memberships: [01], items lost: [23], waits: [1-3]'
check one_customer 'repeatable read' row_trigger 'errors: 1 x 40001, wrong memberships: 0, items lost: 1, waits: [1-3]'
check two_orders 'repeatable read' row_trigger 'errors: 1 x 40P01, wrong memberships: 0, items lost: 2, waits: [1-3]'
check two_statements 'repeatable read' row_trigger 'errors: 1 x 40001, wrong memberships: 0, items lost: 3, waits: [1-3]'
check one_customer 'read committed' statement_trigger 'errors: none, wrong memberships: 0, items lost: 0, waits: [1-3]'
check two_orders 'read committed' statement_trigger 'errors: 1 x 40P01, wrong memberships: 0, items lost: 2, waits: [1-3]'
check two_statements 'read committed' statement_trigger 'errors: none, wrong memberships: 0, items lost: 0, waits: [1-3]'
check one_customer 'repeatable read' statement_trigger 'errors: 1 x 40001, wrong memberships: 0, items lost: 1, waits: [1-3]'
check two_orders 'repeatable read' statement_trigger 'errors: 1 x 40P01, wrong memberships: 0, items lost: 2, waits: [1-3]'
check two_statements 'repeatable read' statement_trigger 'errors: 1 x 40001, wrong memberships: 0, items lost: 3, waits: [1-3]'
[ "$(run_psql -c 'SELECT count(*) FROM receivables.check_positions()')" = 0 ] || { echo 'positions differ from the ledger'; failed=1; }
exit $failed
