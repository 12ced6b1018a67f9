#!/usr/bin/env bash
# Statements of many rows: what the backend holds for itself at its peak grows by a few bytes a row at most, whatever
# search_assign.change_set_mem makes wait in files. Each kind of statement on 40,000 rows and on 160,000.
set -euo pipefail
cd "$SA_ROOT"
# shellcheck source=tests/memory/backend.bash
. tests/memory/backend.bash
few=40000 many=160000

prepare_company
run_psql <<SQL
INSERT INTO receivables.customer (customer_id) SELECT n FROM generate_series(1001, 21000) n;
ALTER DATABASE "$PGDATABASE" SET search_assign.change_set_mem = '256kB';
ALTER DATABASE "$PGDATABASE" SET work_mem = '1MB';
SQL

# peak SQL: the largest RssAnon, in kB, of a new backend that runs it.
peak() {
  local pid anon most=0 client
  rm -f "$memory_folder"/{in,out}
  mkfifo "$memory_folder/in"
  psql -XqAt -v ON_ERROR_STOP=1 <"$memory_folder/in" >"$memory_folder/out" 2>"$memory_folder/errors" &
  client=$!
  exec 5>"$memory_folder/in"
  printf '%s\n' 'SELECT pg_backend_pid();' >&5
  until [ -s "$memory_folder/out" ]; do sleep 0.02; done
  pid=$(cat "$memory_folder/out")
  printf '%s\n' "$1" >&5
  exec 5>&-
  while anon=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$anon" ]; do
    if [ "$anon" -gt "$most" ]; then most=$anon; fi
    sleep 0.01
  done
  wait "$client" || { cat "$memory_folder/errors" >&2; return 1; }
  echo "$most"
}

# judge_statement NAME BYTES SQL: :n in the statement is the number of rows; more bytes for each than that are wrong.
judge_statement() {
  local small large
  small=$(peak "${3//:n/$few}")
  large=$(peak "${3//:n/$many}")
  local bytes=$(((large - small) * 1024 / (many - few)))
  echo "$1: $small kB with $few rows, $large kB with $many: $bytes bytes a row (limit $2)"
  if [ "$bytes" -gt "$2" ]; then wrong=1; fi
}
wrong=0

# Rows of the two sizes are others: 1 to few, and few + 1 to few + many.
rows="i BETWEEN CASE WHEN :n = $few THEN 1 ELSE $few + 1 END AND CASE WHEN :n = $few THEN $few ELSE $((few + many)) END"
item="customer_id = 1001 + i % 20000 AND item_id = 100000 + i"
judge_statement INSERT 64 "INSERT INTO receivables.item (customer_id, item_id, due_date, amount)
  SELECT 1001 + i % 20000, 100000 + i, date '2026-06-15' + i % 60 - 30, 100 FROM generate_series(1, $((few + many))) i WHERE $rows;"
judge_statement 'UPDATE (paid)' 64 "UPDATE receivables.item SET open_amount = 40 FROM generate_series(1, $((few + many))) i WHERE $item AND $rows;"
judge_statement 'INSERT of allocations' 120 "INSERT INTO receivables.payment_allocation (customer_id, item_id, amount, allocated_on)
  SELECT 1001 + i % 20000, 100000 + i, 20, '2026-06-01' FROM generate_series(1, $((few + many))) i WHERE $rows;"
judge_statement 'UPDATE (paid again)' 64 "UPDATE receivables.item SET open_amount = 10 FROM generate_series(1, $((few + many))) i WHERE $item AND $rows;"
judge_statement 'DELETE of allocations' 120 "DELETE FROM receivables.payment_allocation a USING generate_series(1, $((few + many))) i
  WHERE a.customer_id = 1001 + i % 20000 AND a.item_id = 100000 + i AND $rows;"
judge_statement DELETE 64 "DELETE FROM receivables.item USING generate_series(1, $((few + many))) i WHERE $item AND $rows;"
[ "$(run_psql -c 'SELECT count(*) FROM receivables.check_positions()')" = 0 ] || { echo "positions differ from the ledger"; wrong=1; }
exit $wrong
