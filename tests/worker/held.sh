#!/usr/bin/env bash
# A row of the queue whose position another transaction holds keeps no other row waiting: neither in the batch in which it
# is tried, nor while the worker sleeps until it tries it again, nor where the other row was numbered first and committed
# last. And it is tried again at growing intervals, not all the time.
set -euo pipefail
. tests/worker/worker.bash
start_measured_ledger
post() { # post CUSTOMER [COMMAND]
  sql -d erp -c 'BEGIN' -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount) VALUES ($1, '2999-01-01', 10, 10)" -c "${2:-COMMIT}"
}
customers_queued() { sql -d erp -c 'SELECT string_agg(customer_id::text, $$ $$ ORDER BY queue_id) FROM receivables.change_queue'; }
applications() { sql -d erp -c 'SELECT applications FROM receivables.worker_status'; }

# Prepared, a transaction holds what it holds without a session.
sql -d erp -c 'BEGIN' -c 'SELECT FROM receivables.position WHERE customer_id = 20 FOR UPDATE' -c "PREPARE TRANSACTION 'holder'"
post 3 "PREPARE TRANSACTION 'numbered first'"
post 20
wait_for 10 retrying erp 'SELECT state FROM receivables.worker_status'

echo '-- other rows, while it is tried'
measure erp 40
expect 'still queued' 20 "$(customers_queued)"

echo '-- it is tried at growing intervals'
before=$(applications)
wait_for 30 t erp "SELECT next_work_at > now() + interval '4 seconds' FROM receivables.worker_status"
tried=$(($(applications) - before))
if [ $tried -gt 12 ]; then echo "tried $tried times"; exit 1; fi

echo '-- a row numbered before it and committed after it'
sql -d erp -c "COMMIT PREPARED 'numbered first'"
wait_for 3 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue WHERE customer_id = 3)'
expect 'still queued' 20 "$(customers_queued)"

echo '-- the position is free again'
sql -d erp -c "ROLLBACK PREPARED 'holder'"
wait_for 8 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
wait_for 10 'idle|0' erp 'SELECT state, errors FROM receivables.worker_status'
expect 'differences' 0 "$(sql -d erp -c 'SELECT count(*) FROM receivables.check_positions()')"

echo '-- very many held rows: trying them again with each new one costs little'
sql -d erp -c "INSERT INTO receivables.customer (customer_id, account_no, name) SELECT n, 'C' || n, 'Customer ' || n FROM generate_series(101, 2100) n"
wait_for 20 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
post_to_many() { # post_to_many APPLY COMMAND
  sql -d erp -c "SET search_assign.apply = '$1'" -c 'BEGIN' -c "INSERT INTO receivables.item (customer_id, due_date, amount, open_amount)
    SELECT n, '2999-01-01', 10, 10 FROM generate_series(101, 2100) n" -c "$2"
}
post_to_many statement "PREPARE TRANSACTION 'holder'"
post_to_many queue COMMIT
measure erp 40
expect 'still queued' 2000 "$(sql -d erp -c 'SELECT count(*) FROM receivables.change_queue')"
sql -d erp -c "COMMIT PREPARED 'holder'"
wait_for 20 f erp 'SELECT EXISTS (SELECT FROM receivables.change_queue)'
expect 'differences' 0 "$(sql -d erp -c 'SELECT count(*) FROM receivables.check_positions()')"
