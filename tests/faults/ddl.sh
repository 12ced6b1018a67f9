#!/usr/bin/env bash
# DDL in the middle of traffic: searches, rules, scenarios, statuses and columns changed; VACUUM FULL, REINDEX, CLUSTER,
# ANALYZE of what the extension keeps; ALTER EXTENSION; at last DROP EXTENSION and CREATE EXTENSION under sessions that
# go on posting. Nobody is refused, but for want of the extension; nothing is wrong in the end.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

start_server deadlock_timeout=200ms
start_faults

# One line each; what may be refused stands with its SQLSTATE.
statements=(
  'VACUUM FULL receivables.position'
  'REINDEX TABLE receivables.position'
  'REINDEX TABLE CONCURRENTLY receivables.position'
  'REINDEX TABLE receivables.item'
  'CLUSTER receivables.position USING position_pkey'
  'VACUUM (ANALYZE) receivables.position'
  'VACUUM FULL receivables.membership_change'
  'REINDEX TABLE receivables.membership_change'
  'VACUUM FULL receivables.item'
  'ANALYZE'
  'ALTER TABLE receivables.position SET (fillfactor = 60)'
  'ALTER TABLE receivables.item ADD COLUMN IF NOT EXISTS of_the_erp text'
  'ALTER TABLE receivables.customer ADD COLUMN IF NOT EXISTS of_the_erp integer DEFAULT 7'
  'ALTER TABLE receivables.item DROP COLUMN IF EXISTS of_the_erp'
  'ALTER TABLE receivables.customer DROP COLUMN IF EXISTS of_the_erp'
  'CREATE INDEX CONCURRENTLY IF NOT EXISTS item_of_the_erp ON receivables.item (document_no)'
  'DROP INDEX CONCURRENTLY IF EXISTS receivables.item_of_the_erp'
  'INSERT INTO receivables.scenario (name) VALUES (pg_backend_pid() || clock_timestamp()::text)'
  "DELETE FROM receivables.scenario WHERE name ~ '^[0-9]'"
  "INSERT INTO receivables.search (name, criteria) VALUES ('ddl', 'overdue > 10') ON CONFLICT DO NOTHING"
  "INSERT INTO receivables.assignment_rule (search, customer_group, priority) SELECT name, 'risky', 77 FROM receivables.search WHERE name = 'ddl'"
  "UPDATE receivables.search SET criteria = 'overdue > ' || floor(random() * 1000) WHERE name = 'ddl'"
  "DELETE FROM receivables.assignment_rule WHERE search = 'ddl'"
  'UPDATE receivables.scenario SET is_default = false WHERE is_default'
  "INSERT INTO receivables.item_status (code, label, category) VALUES ('odd', 'Odd', 'dispute') ON CONFLICT DO NOTHING"
  'ALTER EXTENSION search_assign ADD FUNCTION oracle.total(oracle.line[]); ALTER EXTENSION search_assign DROP FUNCTION oracle.total(oracle.line[])'
  'ALTER EXTENSION search_assign UPDATE'
  'CALL receivables.search_assign()'
  'SELECT count(*) FROM receivables.check_positions()'
  'DISCARD ALL'
)
small_changes() {
  below 32768
  run_psql -c "SELECT oracle.small_change($REPLY)" | run_psql >/dev/null 2>>"$oracle_folder/ddl.errors" || true
}
change_all() { # every statement, in random order
  local statement
  printf '%s\n' "${statements[@]}" | shuf --random-source=<(yes "$RANDOM") | while read -r statement; do
    psql -Xqv VERBOSITY=verbose -c "SET client_min_messages = error" -c "$statement" >/dev/null 2>"$oracle_folder/ddl.error" ||
      sed -n "s|^ERROR:.*|& ($statement)|p" "$oracle_folder/ddl.error" >>"$oracle_folder/ddl.errors"
  done
  small_changes
}

# The schema is written into the functions: moving it is refused.
situation='ALTER EXTENSION'
open_session ddl
expect ddl 'ALTER EXTENSION search_assign SET SCHEMA public' 0A000

end=$((SECONDS + ${FAULT_SECONDS:-8}))
round=0
while ((SECONDS < end)); do
  players=()
  for s in 0 1 2 3; do
    make_script "own$s" own "$s" 120 20
    play "own$s" &
    players+=($!)
  done
  change_all
  for player in "${players[@]}"; do wait "$player"; done
  judge "DDL, round $round"
  round=$((round + 1))
done
found=$(errors_but none)
if [ -n "$found" ]; then complain "traffic beside DDL was refused: $found"; fi
if [ -s "$oracle_folder/ddl.errors" ]; then complain "DDL was refused: $(sort "$oracle_folder/ddl.errors" | uniq -c | head -5)"; fi
rm -f "$oracle_folder/errors"

# ---- DROP EXTENSION ------------------------------------------------------------------------------------------------

# Sessions that have everything in their caches, and go on.
post='INSERT INTO receivables.item (customer_id, due_date, amount) SELECT n, receivables.business_date() - 50, 100 FROM generate_series(1, 5) n'
open_session ledger
expect ledger "$post"
for s in 0 1 2; do
  { for ((k = 0; k < 5000; ++k)); do echo "$post;"; echo "SELECT pg_sleep(0.002);"; done; } >"$oracle_folder/drop$s"
  PGAPPNAME=dropped play "drop$s" &
  running+=($!)
done
under_way() { [ "$(run_psql -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dropped' AND query_start > backend_start + interval '0.3 s'")" = 3 ]; }
await 10 under_way || complain "no traffic to drop the extension under"
# It locks one table after the other, so that it may itself be chosen to end a deadlock.
dropped=
for ((k = 0; k < 10; ++k)); do
  ask ddl 'DROP EXTENSION search_assign CASCADE'
  if [ "$state" = 00000 ]; then dropped=yes; break; fi
  if [ "$state" = late ]; then answer ddl 30; fi
  if [ "$state" = 00000 ]; then dropped=yes; break; fi
  [ "$state" = 40P01 ] || complain "DROP EXTENSION CASCADE beside traffic: $state $(last_words ddl)"
done
[ -n "$dropped" ] || complain "the extension cannot be dropped beside traffic"
await 10 grep -qs 'ERROR' "$oracle_folder"/drop?.err || true
run_psql -c "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'dropped'" >/dev/null
end_jobs
note_answers
found=$(errors_but '42P01|3F000|42883|40P01|57P01')
if [ -n "$found" ]; then complain "errors while the extension is dropped: $found"; fi
grep -q 'ERROR' "$oracle_folder/errors" || complain "nobody posted to the dropped extension"
situation='without the extension'
ask ledger "$post"
case $state in 42P01 | 3F000) ;; *) complain "posting without the extension: $state $(last_words ledger)" ;; esac

# Again, in the sessions that knew the former one.
situation='made again'
expect ddl 'SET client_min_messages = warning; CREATE EXTENSION search_assign'
expect ddl "INSERT INTO receivables.customer (customer_id, account_no) SELECT n, n FROM generate_series(1, 5) n"
expect ddl "INSERT INTO receivables.scenario (name, is_default) VALUES ('late', false), ('rest', true)"
expect ddl "INSERT INTO receivables.search (name, criteria) VALUES ('late', 'overdue > 150')"
expect ddl "INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('late', 'late')"
expect ledger "$post"
expect ddl "$post"
expect ledger "UPDATE receivables.item SET open_amount = 0 WHERE customer_id = 3"
expect ledger 'CALL receivables.search_assign_pending()'
found=$(run_psql -c 'SELECT customer_id, scenario, outstanding FROM receivables.aging_balance ORDER BY 1' -c 'SELECT * FROM receivables.check_positions()')
wanted=$(printf '%s\n' '1|late|200.0000' '2|late|200.0000' '3|rest|0.0000' '4|late|200.0000' '5|late|200.0000')
if [ "$found" != "$wanted" ]; then complain "after CREATE EXTENSION: $found"; fi
check_log
end_test "$round rounds of ${#statements[@]} statements beside traffic"
