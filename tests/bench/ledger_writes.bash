# Bench: bulk writes of the ledger. Sourced by tests/bench/run.
# shellcheck shell=bash disable=SC2154,SC2034

copy_rows() {
  writes_database
  for ((round = 1; round <= rounds; round++)); do
    bare=$(milliseconds -c "\\copy bench.item ($columns) FROM '$work/items'")
    ours=$(milliseconds -c "\\copy receivables.item ($columns) FROM '$work/items'")
    ratio "$ours" "$bare"; echo
    empty_ledgers
  done >"$work/copy"
  row "COPY of $items items, $customers customers, 20 searches, 22 rules" "$(median <"$work/copy")" '1.3' 'bare table, same keys, indexes, checks'
}

# load SCHEMA: all items in statements of 1,000 rows, one transaction each; time in milliseconds. Not waiting for the disk
# is the harder case. Autovacuum is off, so the statistics that it would keep are made in between, and not counted:
# without them the peers' plans would be those of empty tables.
load() {
  local from=1 to i total=0 tables
  tables=$(sql -c "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = '$1' AND tablename IN ('item', 'position', 'day_figure', 'customer')")
  for to in $((items / 100)) $((items / 10)) "$items"; do
    to=$(((to + 999) / 1000 * 1000))
    for ((i = from; i <= to; i += 1000)); do
      echo "INSERT INTO $1.item ($columns) SELECT $columns FROM bench.staged WHERE i BETWEEN $i AND $((i + 999)) ORDER BY i;"
    done >"$work/load.sql"
    total=$((total + $(PGOPTIONS='-c synchronous_commit=off' wall sql -f "$work/load.sql")))
    sql -c "ANALYZE $tables"
    from=$((to + 1))
  done
  echo "$total"
}
statement_rows() {
  writes_database
  local bare ours empty
  for ((round = 1; round <= rounds; round++)); do
    bare=$(load bench)
    ours=$(load receivables)
    empty=$(load empty_trigger)
    echo "$(ratio "$ours" "$bare") $(ratio "$empty" "$bare")"
    if ((round < rounds)); then empty_ledgers; fi
  done >"$work/statements"
  sql -c 'TRUNCATE bench.item' -c CHECKPOINT
  bare=$(load bench) # beside the peers, who take long and so load once
  local by_row by_statement nightly
  by_row=$(load row_trigger)
  by_statement=$(load statement_trigger)
  nightly=$(wall sql -f tests/bench/peers/nightly.sql)
  row "$items items in statements of 1000 rows, synchronous_commit = off" "$(cut -d' ' -f1 "$work/statements" | median)" '2.0' 'bare table'
  row "  an empty statement trigger" "$(cut -d' ' -f2 "$work/statements" | median)" '-' 'bare table'
  row "  PL/pgSQL row trigger" "$(ratio "$by_row" "$bare")" '-' 'bare table'
  row "  statement trigger, deltas, ordered locks" "$(ratio "$by_statement" "$bare")" '-' 'bare table'
  row "  no trigger, one nightly script afterwards" "$(ratio $((bare + nightly)) "$bare")" '-' 'bare table'
  agree 'statements of 1000 rows' extension_held nightly_held
  agree 'statements of 1000 rows' row_trigger_held nightly_held
  agree 'statements of 1000 rows' statement_trigger_held nightly_held
  positions_hold
}

# The comparison is worth something only where all searches have something to find: paid items, statuses, corrections.
agreement() {
  database agreement 2000
  sql -f tests/bench/configuration.sql
  sql -c 'CALL receivables.search_assign()' 2>/dev/null
  install_peers
  stage_items 40000
  # Some customers are large, some have many items: else half of the searches would find nobody.
  sql -c 'UPDATE bench.staged SET amount = 20 * amount, open_amount = 20 * amount WHERE customer_id % 20 = 0' \
    -c 'UPDATE bench.staged SET customer_id = 1 + customer_id % 100 WHERE i % 10 = 0'
  local contender
  for contender in bench receivables row_trigger statement_trigger; do sql -v ledger="$contender" -v items=40000 -f tests/bench/agreement.sql; done
  sql -f tests/bench/peers/nightly.sql
  agree 'mixed changes' extension_held nightly_held
  agree 'mixed changes' row_trigger_held nightly_held
  agree 'mixed changes' statement_trigger_held nightly_held
  local idle
  idle=$(sql -c "SELECT string_agg(s.name, ', ') FROM receivables.search s JOIN receivables.assignment_rule r ON r.search = s.name
                 WHERE NOT EXISTS (SELECT FROM receivables.run_search(s.name))")
  [ -z "$idle" ] || stop_with "the comparison says nothing about searches that find nobody: $idle"
  row 'all contenders hold the same memberships after mixed changes' yes yes '2000 customers, 40000 items'
}

agreement
copy_rows
statement_rows
