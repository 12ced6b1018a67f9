#!/usr/bin/env bash
# Transactions left prepared over restarts, orderly and not, while others post to the same customers; then committed or
# rolled back in another order.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

start_server --durable max_prepared_transactions=40
start_faults

left=()
prepare() { # prepare NUMBER CUSTOMERS-FROM TO
  timeout 20 psql -XqAt -v ON_ERROR_STOP=1 <<END >/dev/null || stop_with "preparing beside prepared transactions failed, or waits for them"
BEGIN;
SELECT oracle.leave_receipt('T-left-$1', 3);
INSERT INTO receivables.item (customer_id, due_date, document_date, amount)
SELECT c, oracle.business_date() - 70 + $1, oracle.business_date() - 100, 1000 * $1 + c FROM generate_series($2, $3) c;
UPDATE receivables.item SET open_amount = 0 WHERE customer_id = $2 AND item_id % 5 = $1 % 5;
UPDATE receivables.customer SET external_score = $1, email = NULL WHERE customer_id = $3 + 20;
INSERT INTO receivables.customer (customer_id, account_no) VALUES (20000 + $1, 'left $1');
INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (20000 + $1, oracle.business_date() - 90, 5);
PREPARE TRANSACTION 'T-left-$1';
END
  left+=("$1")
}
resolve() { # resolve NUMBER
  below 3
  if [ "$REPLY" = 0 ]; then
    run_psql -c "ROLLBACK PREPARED 'T-left-$1'"
    echo "T-left-$1|refused|" >>"$oracle_folder/answers"
  else
    run_psql -c "COMMIT PREPARED 'T-left-$1'"
    echo "T-left-$1|committed|" >>"$oracle_folder/answers"
  fi
}
# Posts to customers whose position the prepared transactions may hold. Nobody waits for those.
post() {
  local token=T-post-$1
  run_psql -c "SET statement_timeout = '5s'" -c "BEGIN; SELECT oracle.leave_receipt('$token', 2);
    INSERT INTO receivables.item (customer_id, due_date, amount) SELECT c, oracle.business_date() - $1, 500 FROM generate_series(1, 40, 3) c; COMMIT" >/dev/null &
  local pid=$!
  if await 8 finished $pid; then
    wait $pid || { complain "posting beside transactions left prepared failed"; return; }
    echo "$token|committed|" >>"$oracle_folder/answers"
  else
    complain "posting waits for the end of transactions left prepared"
    kill $pid
    wait $pid || true
    run_psql -c "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query ~ 'T-post-$1' AND pid <> pg_backend_pid()" >/dev/null
  fi
}
finished() { ! kill -0 "$1" 2>/dev/null; }

for ((round = 0; round < ${FAULT_ROUNDS:-2}; ++round)); do
  left=()
  base=$((round * 10))
  for n in 1 2 3; do prepare $((base + n)) $((n * 4)) $((n * 4 + 3)); done
  restart_server immediate
  find_differences "restart, immediate" false
  post $((base + 1))
  for n in 4 5; do prepare $((base + n)) $((n * 4)) $((n * 4 + 3)); done
  find_differences "prepared beside" false
  resolve "${left[3]}"
  resolve "${left[1]}"
  find_differences "some settled" false
  restart_server fast
  post $((base + 2))
  timeout 20 psql -Xqc 'CALL receivables.search_assign_pending()' || complain "search_assign_pending() waits for transactions left prepared"
  find_differences "what is pending applied beside prepared ones" false
  restart_server immediate
  for n in 4 2 0; do resolve "${left[$n]}"; done
  judge_memberships "all settled"
  move_business_date 2
  judge "all settled, another day"
done
check_log
end_test "${FAULT_ROUNDS:-2} rounds of transactions left prepared"
