# Bench: runs over everybody, aggregates, and the nightly script beside them. Sourced by tests/bench/run.
# shellcheck shell=bash disable=SC2154,SC2034

runs_database
group_by='SELECT count(*), max(s) FROM (SELECT customer_id, sum(open_amount) AS s FROM receivables.item GROUP BY 1) g'
peer() { for _ in 1 2 3; do milliseconds -c "$group_by"; done | median; }
group=$(peer)
sql -f tests/bench/configuration.sql
run=$(milliseconds -c 'CALL receivables.search_assign()')
row "first run, $big_customers customers, $big_items items, all memberships and the log" "$(ratio "$run" "$group")" '1.0' "GROUP BY customer_id, $group ms"
sql -c 'VACUUM ANALYZE receivables.position'
run=$(milliseconds -c 'CALL receivables.search_assign(true)')
row "second run, everyone" "$(ratio "$run" "$group")" '0.6' 'likewise'
# What-if: a changed search, looked at and rolled back, against a full run that has nothing to write.
what_if="UPDATE receivables.search SET criteria = 'outstanding >= 40000' WHERE name = 'strategic'"
preview() { milliseconds -c BEGIN -c "$what_if" -c "SELECT count(*) FROM $1" -c '\timing off' -c ROLLBACK; }
row "preview_assignment() of a changed search" "$(ratio "$(preview 'receivables.preview_assignment()')" "$run")" '2.0' "second run, $run ms"
row "compare_rules() of a changed search" "$(ratio "$(preview 'receivables.compare_rules()')" "$run")" '2.0' 'likewise'
row "rule_statistics, 20 searches, 22 rules" "$(ratio "$(preview 'receivables.rule_statistics WHERE applied >= 0')" "$run")" '2.0' 'likewise'
row "check_rules()" "$(ratio "$(preview 'receivables.check_rules()')" "$run")" '2.0' 'likewise'
# The nightly script reads the same ledger here; all is written the first time, as by the first run.
sql -v ledger=receivables.item -f tests/bench/peers/nightly_tables.sql -f tests/bench/peers/compare.sql -c 'ANALYZE bench.customer' -c 'ANALYZE bench.position' >/dev/null
night=$(wall sql -f tests/bench/peers/nightly.sql)
row "  nightly script, the first time" "$(ratio "$night" "$group")" '-' 'likewise'
sql -c 'VACUUM ANALYZE bench.position'
night=$(wall sql -f tests/bench/peers/nightly.sql)
row "  nightly script, nothing to write" "$(ratio "$night" "$group")" '-' 'likewise'
agree 'the first and the second run' extension_held nightly_held
sql -c "ALTER DATABASE $db SET search_assign.business_date = '$(day 1)'"
run=$(milliseconds -c 'CALL receivables.search_assign()')
visited=$(sql -c 'SELECT last_run_customers FROM receivables.configuration')
row "one day passes ($visited customers visited)" "$(ratio "$run" "$group")" '0.2' 'likewise'
sql -c "ALTER DATABASE $db SET search_assign.business_date = '$(day 2)'"
run=$(milliseconds -c 'CALL receivables.search_assign()')
row "another day passes" "$(ratio "$run" "$group")" '0.2' 'likewise'
run=$(milliseconds -c 'SELECT receivables.rebuild_positions()')
row "rebuild_positions(), nothing to mend" "$(ratio "$run" "$group")" '1.0' 'likewise'

# A full run after a change of rules, by one session and by two at once.
full_run() { # full_run SESSIONS: milliseconds until everybody is decided with the new configuration
  local pids=() pid before
  sql -c "UPDATE receivables.search SET criteria = CASE criteria WHEN 'outstanding >= 50000' THEN 'outstanding >= 50001' ELSE 'outstanding >= 50000' END WHERE name = 'strategic'" \
    -c 'VACUUM ANALYZE receivables.position' -c CHECKPOINT 2>/dev/null
  before=${EPOCHREALTIME/./}
  for ((i = 0; i < $1; i++)); do
    sql -c 'CALL receivables.search_assign()' 2>"$work/run$i" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || { cat "$work"/run? >&2; stop_with "CALL search_assign() of $1 sessions failed"; }; done
  echo $(((${EPOCHREALTIME/./} - before) / 1000))
  [ "$(sql -c 'SELECT count(DISTINCT configuration_version) FROM receivables.position')" = 1 ] || stop_with "a full run of $1 sessions left customers undecided"
}
for ((round = 1; round <= rounds; round++)); do
  one=$(full_run 1)
  both=$(full_run 2)
  ratio "$one" "$both"; echo
done >"$work/full"
row "full run by 2 sessions, times faster (at least)" "$(median <"$work/full")" '1.60' "1 session, $one ms"
positions_hold
