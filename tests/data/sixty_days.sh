#!/usr/bin/env bash
# The real ledgers through 60 business days of collection, with the ready-made scenarios: payments on their real dates,
# the daily work, people who do most of what is due. Prints the number of actions a day; on every tenth day positions
# and agenda are compared with brute force (tests/oracle/agenda.sql). Data: folder SEARCH_ASSIGN_DATA.
set -euo pipefail

if [ -z "${SEARCH_ASSIGN_DATA-}" ]; then
  echo "SEARCH_ASSIGN_DATA is not set: no real ledgers here"
  exit 77
fi
for file in highradius_open_items.csv.gz highradius_cleared_history.csv.gz brazil_b2b_payments.csv.gz; do
  [ -r "$SEARCH_ASSIGN_DATA/$file" ] || { echo "SEARCH_ASSIGN_DATA names no folder with $file"; exit 77; }
done

export PGOPTIONS='-c client_min_messages=warning'
run_psql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
load() { zcat "$SEARCH_ASSIGN_DATA/$2" | run_psql -c "COPY $1 FROM STDIN (FORMAT csv, HEADER, $3)"; }
set_day() { run_psql -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '$1'"; }

run_psql -f tests/data/stage.sql
load stage.open_item highradius_open_items.csv.gz "NULL ''"
load "stage.cleared_item (cust_number, seq_for_customer, due_date, clear_date, days_late, total_open_amount)" highradius_cleared_history.csv.gz "NULL ''"
load "stage.bill (id_cliente, safra_ref, issued_on, paid_on, due_on, amount, taxa)" brazil_b2b_payments.csv.gz "DELIMITER ';', NULL ''"
set_day 2020-02-26
run_psql -f tests/oracle/agenda.sql -f tests/data/sixty_days.sql
run_psql -c "CALL stage.post('-infinity', '2020-02-26')"

failed=0
since=2020-02-26
day=2020-02-27
for ((n = 1; n <= 60; ++n)); do
  set_day "$day"
  compare=$((n % 10 == 0 || n == 1))
  found=$(run_psql -v since="$since" -v day="$day" -v compare="$compare" -f tests/data/sixty_days_day.sql)
  if [ -n "$found" ]; then
    printf '%s:\n%s\n' "$day" "$found"
    failed=1
  fi
  run_psql -c "SELECT day || ': ' || string_agg(what || ' ' || actions, ', ' ORDER BY what) FROM stage.day_done WHERE day = '$day' GROUP BY day"
  since=$day
  day=$(date -d "$day + $([ "$(date -d "$day" +%u)" = 5 ] && echo 3 || echo 1) days" +%F)
done
run_psql -c "SELECT what || ': ' || sum(actions) || ' in 60 days' FROM stage.day_done WHERE what !~ '(due|coming)$' GROUP BY what ORDER BY what"
if [ "$(run_psql -c "SELECT count(*) > 2000 FROM receivables.action_log WHERE event = 'done'")" != t ]; then
  echo "hardly anything was done"
  failed=1
fi
exit $failed
