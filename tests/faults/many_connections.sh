#!/usr/bin/env bash
# 200 connections at once, each with some transactions on the same customers, half of them REPEATABLE READ: none fails.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

connections=200 each=${FAULT_TRANSACTIONS:-4}
start_server max_connections=$((connections + 10)) shared_buffers=64MB
start_faults

for level in 'READ COMMITTED' 'REPEATABLE READ'; do
  cat >"$oracle_folder/bench_${level% *}" <<END
\\set a random(1, 20)
\\set b random(1, 120)
\\set token random(1, 1000000000000)
BEGIN ISOLATION LEVEL $level;
INSERT INTO receivables.item (customer_id, due_date, amount, document_url) SELECT :a, receivables.business_date() - n, 150 * n, 'c:client_id' FROM generate_series(1, 3) n;
UPDATE receivables.item SET open_amount = 0 WHERE customer_id = :a AND document_url = 'c:client_id' AND item_id % 2 = 0;
INSERT INTO receivables.contact (customer_id, email) VALUES (:b, 'c:client_id@example.org');
SELECT oracle.leave_receipt('T-many-:client_id-:token', 1);
COMMIT;
END
done
code=0
pgbench --no-vacuum --client=$connections --jobs=2 --transactions="$each" --file="$oracle_folder/bench_READ" --file="$oracle_folder/bench_REPEATABLE" \
  >"$oracle_folder/pgbench" 2>&1 || code=$?
if [ $code != 0 ] || ! grep -q "processed: $((connections * each))/" "$oracle_folder/pgbench"; then
  complain "pgbench ended with $code: $(grep -E 'error|aborted|processed|failed' "$oracle_folder/pgbench" | head -5)"
fi
receipts=$(run_psql -c "SELECT count(*) FROM oracle.receipt WHERE token LIKE 'T-many%'")
if [ "$receipts" != $((connections * each)) ]; then complain "$receipts receipts of $((connections * each)) transactions"; fi
judge_memberships "$connections connections"
check_log
end_test "$connections connections, $receipts transactions"
