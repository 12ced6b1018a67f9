# Bench: shared by its parts (sourced by tests/bench/run, never run). Sizes come from there.
# shellcheck shell=bash disable=SC2154,SC2034

sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$db" -At "$@"; }
# milliseconds SQL...: time of the last statement.
milliseconds() { sql -c '\timing on' "$@" 2>/dev/null | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1; }
# wall COMMAND...: its time in milliseconds.
wall() {
  local before=${EPOCHREALTIME/./}
  "$@" >/dev/null
  echo $(((${EPOCHREALTIME/./} - before) / 1000))
}
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
row() { printf '| %-66s | %9s | %6s | %s |\n' "$@"; }
wanted() { [ -z "${BENCH_ONLY-}" ] || [[ ",$BENCH_ONLY," == *",$1,"* ]]; }
stop_with() {
  echo "bench: $*" >&2
  exit 1
}

database() {
  db=$1
  createdb "$db"
  sql -c 'CREATE EXTENSION search_assign'
  sql -v customers="$2" -f tests/bench/setup.sql
  today=$(sql -c 'SELECT bench.today()')
}
day() { date -u -d "$today + $1 day" +%F; }

# Peers beside the extension; the nightly script's ledger is the bare table.
install_peers() {
  sql -f tests/bench/peers/empty_trigger.sql -f tests/bench/peers/row_trigger.sql -f tests/bench/peers/statement_trigger.sql
  sql -v ledger=bench.item -f tests/bench/peers/nightly_tables.sql -f tests/bench/peers/compare.sql >/dev/null
}

# agree WHAT A B: two views of memberships (peers/compare.sql); differences end the bench.
agree() {
  local count
  count=$(sql -c "SELECT count(*) FROM bench.differences('bench.$2', 'bench.$3')")
  if [ "$count" != 0 ]; then
    sql -c "SELECT * FROM bench.differences('bench.$2', 'bench.$3') ORDER BY 1 LIMIT 5" >&2
    stop_with "memberships of $count customers differ between $2 and $3 after $1"
  fi
}
positions_hold() {
  [ "$(sql -c 'SELECT count(*) FROM receivables.check_positions()')" = 0 ] || stop_with "positions differ from the ledger"
}
# Before the module is loaded any value would do, and one that it does not know falls back to the default.
accepts_queue() { [ "$(PGOPTIONS='-c search_assign.apply=queue' sql -c "LOAD 'search_assign'" -c 'SHOW search_assign.apply' 2>/dev/null)" = queue ]; }
empty_queue() {
  if [ -n "$(sql -c "SELECT to_regprocedure('receivables.search_assign_pending()')")" ]; then sql -c 'CALL receivables.search_assign_pending()' 2>/dev/null; fi
}

# ---- the databases, each made by the first part that needs it ----
contenders=(bench empty_trigger receivables row_trigger statement_trigger)
columns='customer_id, document_no, kind, document_date, due_date, amount, open_amount'

made() { [ "$(psql -XqAtc "SELECT count(*) FROM pg_database WHERE datname = '$1'")" = 1 ]; }

# stage_items COUNT: the items to come as a table, so that making them up is no part of what is measured.
stage_items() {
  sql -c "CREATE TABLE bench.staged AS SELECT i, customer_id, document_no, kind, document_date, due_date, amount, amount AS open_amount FROM bench.new_items($1) ORDER BY i" \
    -c 'ALTER TABLE bench.staged ADD PRIMARY KEY (i)'
}

# Database "writes" with all contenders and the items to come, made once.
writes_database() {
  db=writes
  if made writes; then return; fi
  database writes "$customers"
  sql -f tests/bench/configuration.sql
  sql -c 'CALL receivables.search_assign()' 2>/dev/null
  install_peers
  stage_items "$items"
  sql -c "COPY (SELECT $columns FROM bench.staged ORDER BY i) TO STDOUT" >"$work/items"
  sql -c 'VACUUM ANALYZE' -c CHECKPOINT
}
# The next round starts from the same state.
empty_ledgers() {
  sql -c 'TRUNCATE bench.item, empty_trigger.item' -c 'TRUNCATE receivables.item' -c 'VACUUM receivables.item' -c 'VACUUM receivables.position' -c 'CHECKPOINT'
}
# Items for the one-row transactions, where nothing has put them there before.
fill_ledgers() {
  writes_database
  if [ "$(sql -c 'SELECT count(*) FROM (SELECT FROM bench.item LIMIT 1) i')" != 0 ]; then return; fi
  for contender in "${contenders[@]}"; do sql -c "\\copy $contender.item ($columns) FROM '$work/items'"; done
}

# Database "runs": a large ledger without searches and rules.
runs_database() {
  db=runs
  if made runs; then return; fi
  database runs "$big_customers"
  sql -c "INSERT INTO receivables.item ($columns) SELECT customer_id, document_no, kind, document_date, due_date, amount, amount FROM bench.new_items($big_items)"
  sql -c 'VACUUM ANALYZE' -c CHECKPOINT
}
