#!/usr/bin/env bash
# Dump and restore, plain, custom, in parallel and as INSERTs: everything comes out as it was, nothing is left to do
# for CALL search_assign(), and the triggers work afterwards.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
original=$PGDATABASE
restored=${PGDATABASE}_restored
export PGOPTIONS='-c client_min_messages=warning'
run_psql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Every table by its rows, the sequences, and what the views show. The bookkeeping of runs stays behind.
fingerprint() { # fingerprint DATABASE
  run_psql -d "$1" <<'SQL'
CREATE FUNCTION pg_temp.fingerprint() RETURNS TABLE (name text, rows bigint, content text) LANGUAGE plpgsql AS $$
BEGIN
  FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'receivables'::regnamespace
    AND (c.relkind IN ('r', 'S') OR c.relname ~ '^(customer_facts|aging_balance|unassigned_customers|promise_state|payment_plan_state|dispute_case|workspace_entry|custom_field_value|.*_membership|search_attribute|membership_log|rule_version)$')
    AND c.relname NOT IN ('search_assign_run', 'search_assign_batch', 'search_assign_run_id_seq') ORDER BY 1
  LOOP
    EXECUTE format('SELECT count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t',
      CASE WHEN EXISTS (SELECT FROM pg_sequences s WHERE s.schemaname = 'receivables' AND s.sequencename = fingerprint.name)
           THEN format('(SELECT last_value, is_called FROM receivables.%I)', name) ELSE format('receivables.%I', name) END) INTO rows, content;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM pg_temp.fingerprint();
SQL
}

new_database() {
  run_psql -d "$original" -c "DROP DATABASE IF EXISTS \"$restored\"" -c "CREATE DATABASE \"$restored\""
  run_psql -d "$original" -c "ALTER DATABASE \"$restored\" SET search_assign.business_date = '2026-06-20'"
}

check_restored() { # check_restored WHAT
  fingerprint "$restored" >"$folder/restored"
  diff -u "$folder/original" "$folder/restored" || { echo "$1: the restored database differs"; exit 1; }
  run_psql -d "$restored" -f tests/dump/after_restore.sql >"$folder/after" || { echo "$1: the restored database does not work"; exit 1; }
  diff -u - "$folder/after" </dev/null || { echo "$1: the restored database does not work"; exit 1; }
  echo "ok $1"
}

run_psql -c "ALTER DATABASE \"$original\" SET search_assign.business_date = '2026-06-15'"
run_psql -f tests/dump/company.sql >/dev/null
run_psql -c "ALTER DATABASE \"$original\" SET search_assign.business_date = '2026-06-20'"
run_psql -c 'CALL receivables.search_assign()'
fingerprint "$original" >"$folder/original"
grep -qE '^position\|30[0-9]\|' "$folder/original" || { cat "$folder/original"; exit 1; }

pg_dump "$original" >"$folder/plain.sql"
new_database
run_psql -d "$restored" -f "$folder/plain.sql" >/dev/null
check_restored plain

new_database
run_psql -1 -d "$restored" -f "$folder/plain.sql" >/dev/null
check_restored 'plain in one transaction'

pg_dump --inserts "$original" >"$folder/inserts.sql"
new_database
run_psql -d "$restored" -f "$folder/inserts.sql" >/dev/null
check_restored inserts

pg_dump --column-inserts --rows-per-insert=50 "$original" >"$folder/inserts.sql"
new_database
run_psql -d "$restored" -f "$folder/inserts.sql" >/dev/null
check_restored 'inserts of many rows'

pg_dump -Fc "$original" >"$folder/custom"
new_database
pg_restore --exit-on-error -d "$restored" "$folder/custom"
check_restored custom

pg_dump -Fd -j2 -f "$folder/directory" "$original"
new_database
pg_restore --exit-on-error -j2 -d "$restored" "$folder/directory"
check_restored parallel

# A copy of the copy is the same again: nothing of a restored database is lost in its own dump.
new_database
pg_restore --exit-on-error -j2 -d "$restored" "$folder/directory"
pg_dump -Fc "$restored" >"$folder/again"
new_database
pg_restore --exit-on-error -d "$restored" "$folder/again"
check_restored 'the dump of a restored database'
run_psql -d "$original" -c "DROP DATABASE \"$restored\""
