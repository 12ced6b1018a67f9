# Bench: one-row transactions. Sourced by tests/bench/run.
# shellcheck shell=bash disable=SC2154,SC2034

# script NAME SCHEMA CUSTOMER: a pgbench script that posts one invoice to the customer (a pgbench expression).
script() {
  cat >"$work/$1.sql" <<SCRIPT
\\set c $3
\\set a random(100, 1000000)
\\set d random(-40, 60)
INSERT INTO $2.item ($columns) VALUES (:c::bigint, 'X', 'invoice', '$today', '$today'::date + :d::integer, :a::integer / 100.0, :a::integer / 100.0);
SCRIPT
}
latency() { # latency SCRIPT SYNCHRONOUS_COMMIT [SETTING]: median, p99 and the longest in microseconds
  rm -f "$work"/log.*
  (cd "$work" && PGOPTIONS="-c synchronous_commit=$2 ${3:+-c $3}" pgbench -n -M prepared -c 1 -T "$seconds" -f "$1.sql" -l --log-prefix=log "$db" >/dev/null 2>&1)
  cat "$work"/log.* | awk '{ print $3 }' | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)], a[int(NR * 0.99 + 0.5)], a[NR] }'
}
throughput() { # throughput SCRIPT: transactions a second of two clients
  local answer
  answer=$(cd "$work" && PGOPTIONS='-c synchronous_commit=off' pgbench -n -M prepared -c 2 -j 2 -T "$seconds" -f "$1.sql" "$db" 2>&1) || true
  if grep -q 'client .* aborted' <<<"$answer"; then
    grep -E 'ERROR|aborted' <<<"$answer" | head -3 >&2
    stop_with "a client of the series $1 was thrown out"
  fi
  sed -n 's/^tps = \([0-9.]*\) .*/\1/p' <<<"$answer"
}

one_row() {
  local commit reach reach99
  for commit in off on; do
    for ((round = 1; round <= rounds; round++)); do
      read -r bare bare99 _ <<<"$(latency bench "$commit")"
      read -r ours ours99 _ <<<"$(latency receivables "$commit")"
      echo "$(ratio "$ours" "$bare") $(ratio "$ours99" "$bare99") $bare $ours"
    done >"$work/rows"
    reach=1.6 reach99=2.5
    if [ $commit = on ]; then reach=1.2 reach99=-; fi
    row "one-row INSERT, median, synchronous_commit = $commit ($(tail -1 "$work/rows" | awk '{ print $3 " against " $4 " us" }'))" "$(cut -d' ' -f1 "$work/rows" | median)" "$reach" 'bare table'
    row "the same, 99th percentile" "$(cut -d' ' -f2 "$work/rows" | median)" "$reach99" 'bare table'
  done
}
# others: medians and p99 of those beside us, and of mode queue, each against a bare series of its own round.
others() {
  local each bare bare99 theirs theirs99
  for each in empty_trigger row_trigger statement_trigger; do
    for ((round = 1; round <= rounds; round++)); do
      read -r bare bare99 _ <<<"$(latency bench off)"
      read -r theirs theirs99 _ <<<"$(latency "$each" off)"
      echo "$(ratio "$theirs" "$bare") $(ratio "$theirs99" "$bare99")"
    done >"$work/others"
    row "  one-row INSERT, ${each/_/ }: median, synchronous_commit = off" "$(cut -d' ' -f1 "$work/others" | median)" '-' 'bare table'
    row "  the same, 99th percentile" "$(cut -d' ' -f2 "$work/others" | median)" '-' 'bare table'
  done
  if ! accepts_queue; then
    row 'one-row INSERT, search_assign.apply = queue, median' skipped '1.3' 'the setting does not know queue'
    return
  fi
  for ((round = 1; round <= rounds; round++)); do
    read -r bare bare99 _ <<<"$(latency bench off)"
    read -r theirs theirs99 _ <<<"$(latency receivables off search_assign.apply=queue)"
    echo "$(ratio "$theirs" "$bare") $(ratio "$theirs99" "$bare99")"
    empty_queue
  done >"$work/others"
  row 'one-row INSERT, search_assign.apply = queue, median' "$(cut -d' ' -f1 "$work/others" | median)" '1.3' 'bare table'
  row 'the same, 99th percentile' "$(cut -d' ' -f2 "$work/others" | median)" '-' 'bare table'
}
two_clients() {
  local each bare theirs
  for each in receivables empty_trigger row_trigger statement_trigger; do
    for ((round = 1; round <= rounds; round++)); do
      bare=$(throughput bench)
      theirs=$(throughput "$each")
      ratio "$theirs" "$bare"; echo
    done >"$work/two"
    if [ $each = receivables ]; then row 'one-row INSERT, 2 clients, throughput (at least)' "$(median <"$work/two")" '0.60' 'bare table'
    else row "  the same, ${each/_/ }" "$(median <"$work/two")" '-' 'bare table'; fi
  done
}
# One-row transactions while another session writes everybody's decision again and again, and the bare table's meanwhile.
full_runs() {
  local limit=50000
  while [ -e "$work/runs" ]; do
    limit=$((100001 - limit))
    sql -c "UPDATE receivables.search SET criteria = 'outstanding >= $limit' WHERE name = 'strategic'" -c 'CALL receivables.search_assign()' 2>/dev/null
  done
  sql -c "UPDATE receivables.search SET criteria = 'outstanding >= 50000' WHERE name = 'strategic'" -c 'CALL receivables.search_assign()' 2>/dev/null
}
beside_runs() {
  local bare bare99 ours ours99 longest runs
  touch "$work/runs"
  full_runs &
  runs=$!
  for ((round = 1; round <= rounds; round++)); do
    read -r bare bare99 _ <<<"$(latency bench off)"
    read -r ours ours99 longest <<<"$(latency receivables off)"
    echo "$(ratio "$ours" "$bare") $(ratio "$ours99" "$bare99") $bare99 $ours99 $longest"
  done >"$work/beside"
  rm "$work/runs"
  wait "$runs"
  row 'one-row INSERT beside full runs of another session, median' "$(cut -d' ' -f1 "$work/beside" | median)" '-' 'bare table beside them'
  row "the same, 99th percentile ($(tail -1 "$work/beside" | awk '{ printf "%.1f against %.1f ms, the longest %.1f", $3 / 1000, $4 / 1000, $5 / 1000 }'))" "$(cut -d' ' -f2 "$work/beside" | median)" '-' 'likewise'
}
# Two sessions on one customer against two on two, each contender against itself.
one_customer() {
  local each same different first=1
  for each in receivables bench row_trigger statement_trigger; do
    for ((round = 1; round <= rounds; round++)); do
      # New customers each time: those with thousands of items by now would be another case.
      script same "$each" "$first"
      script different "$each" "$first + 1 + :client_id"
      same=$(throughput same)
      different=$(throughput different)
      ratio "$same" "$different"; echo
      first=$((first + 3))
    done >"$work/same"
    if [ $each = receivables ]; then row '2 sessions on one customer, throughput (at least)' "$(median <"$work/same")" '0.60' '2 sessions on different customers'
    else row "  the same, ${each/bench/bare table}" "$(median <"$work/same")" '-' 'likewise'; fi
  done
}

fill_ledgers
for contender in "${contenders[@]}"; do script "$contender" "$contender" "random(1, $customers)"; done
sql -c 'VACUUM ANALYZE' -c CHECKPOINT
one_row
others
agree 'one-row transactions of one session' extension_held extension_own
agree 'one-row transactions of one session' row_trigger_held row_trigger_own
agree 'one-row transactions of one session' statement_trigger_held statement_trigger_own
two_clients
beside_runs
one_customer
empty_queue
agree 'transactions of two sessions' extension_held extension_own
agree 'transactions of two sessions' statement_trigger_held statement_trigger_own
# The row trigger is known to be wrong where transactions of one customer overlap (tests/bench/staged.sh).
row '  customers with wrong memberships by now, row trigger (known)' "$(sql -c "SELECT count(*) FROM bench.differences('bench.row_trigger_held', 'bench.row_trigger_own')")" '-' 'extension, statement trigger: 0'
positions_hold
