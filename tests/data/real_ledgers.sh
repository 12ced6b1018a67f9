#!/usr/bin/env bash
# Real ledgers, loaded as an ERP job would, against figures computed elsewhere (oracle.json). The data lies in the
# folder that SEARCH_ASSIGN_DATA names; it is not part of this repository.
set -euo pipefail

if [ -z "${SEARCH_ASSIGN_DATA-}" ]; then
  echo "SEARCH_ASSIGN_DATA is not set: no real ledgers here"
  exit 77
fi
for file in oracle.json highradius_open_items.csv.gz highradius_cleared_history.csv.gz brazil_b2b_payments.csv.gz; do
  [ -r "$SEARCH_ASSIGN_DATA/$file" ] || { echo "SEARCH_ASSIGN_DATA names no folder with $file"; exit 77; }
done

export PGOPTIONS='-c client_min_messages=warning'
run_psql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
load() { zcat "$SEARCH_ASSIGN_DATA/$2" | run_psql -c "COPY $1 FROM STDIN (FORMAT csv, HEADER, $3)"; }

failed=0
# Runs a script on the day; what it prints are differences.
on_day() { # on_day DATE SCRIPT [psql option ...]
  local found
  run_psql -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '$1'"
  found=$(run_psql "${@:3}" -v day="$1" -f "tests/data/$2")
  if [ -n "$found" ]; then
    printf '%s, %s differs:\n%s\n' "$2" "$1" "$found"
    failed=1
  else
    echo "ok $2 $1"
  fi
}

run_psql -f tests/data/stage.sql
run_psql -v content="$(cat "$SEARCH_ASSIGN_DATA/oracle.json")" <<<"INSERT INTO stage.oracle VALUES (:'content')"
load stage.open_item highradius_open_items.csv.gz "NULL ''"
load "stage.cleared_item (cust_number, seq_for_customer, due_date, clear_date, days_late, total_open_amount)" highradius_cleared_history.csv.gz "NULL ''"
load "stage.bill (id_cliente, safra_ref, issued_on, paid_on, due_on, amount, taxa)" brazil_b2b_payments.csv.gz "DELIMITER ';', NULL ''"

# Items posted by each day, in two currencies.
for day in 2020-03-31 2020-04-30 2020-05-22; do on_day $day open_items.sql; done
run_psql -c 'TRUNCATE receivables.item'
# Paid items: what was open on a day of the past and what that day's payment behaviour was.
for day in 2020-02-26 2020-03-31; do on_day $day cleared_items.sql; done
run_psql -c 'DELETE FROM receivables.item'
for day in 2019-12-31 2020-06-30 2020-12-31; do on_day $day bills.sql; done
exit $failed
