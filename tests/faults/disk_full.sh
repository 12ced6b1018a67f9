#!/usr/bin/env bash
# The disk is full: where the extension keeps its rows, where it would queue them, in the ledger itself, and for
# temporary files. The transaction goes through with its change set queued, or is refused with a disk's error and leaves
# no trace; with room again all is right.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

start_server
start_faults
load() { # load TOKEN ROWS [SETTINGS]: into $state
  ask writer "BEGIN; ${3:-SELECT 1}; SELECT oracle.leave_receipt('$1', 2); SELECT oracle.by_hand(n, CASE WHEN n % 3 = ${1##*-} % 3 THEN 'add_to_group' ELSE 'exclude_from_group' END, 'big') FROM generate_series(1, 90) n; INSERT INTO receivables.item (customer_id, due_date, document_date, amount, open_amount) SELECT n % 90 + 1, receivables.business_date() - n % 400, receivables.business_date() - 500 + n % 450, n, CASE WHEN n % 3 = 0 THEN n / 2 ELSE n END FROM generate_series(1, $2) n; COMMIT"
  if [ "$state" = late ]; then answer writer 60; fi
  if [ "$state" = 00000 ]; then echo "$1|committed|" >>"$oracle_folder/answers"; else echo "$1|refused|" >>"$oracle_folder/answers"; fi
}
open_session writer

# Each way of making room short: fill, traffic, empty. Traffic of many transactions must meet both outcomes.
full=0
meet_full_disk() { # meet_full_disk WHAT STATES ROWS: transactions until some have met the full disk
  local k met=0
  for ((k = 0; k < ${FAULT_TRANSACTIONS:-10} && met < 2; ++k)); do
    load "T-full$full-$k" "$3"
    case $state in
      00000) if [ "$(queued_for_disk)" != 0 ]; then met=$((met + 1)); fi ;;
      *) met=$((met + 1)); [[ $state =~ ^($2)$ ]] || complain "$1: $state $(last_words writer)" ;;
    esac
    psql -Xqc 'CALL receivables.search_assign(true)' >/dev/null 2>"$oracle_folder/call" ||
      grep -qE 'No space left|File too large|could not (extend|write)|temporary file size' "$oracle_folder/call" || complain "$1: a run failed: $(head -3 "$oracle_folder/call")"
  done
  full=$((full + 1))
  if [ $met = 0 ]; then complain "$1: nobody met the full disk"; fi
}
queued_for_disk() {
  run_psql -c "SELECT count(*) FROM receivables.change_queue WHERE sqlstate ~ '^(53|58|XX)'"
}

# ---- a small file system for some tables -------------------------------------------------------------------------------

disk=$(mktemp -d)
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=24m,mode=700 tmpfs "$disk" 2>/dev/null; then
  mounted=$disk
  chown "$SERVER_USER" "$disk"
  run_psql -c "CREATE TABLESPACE small LOCATION '$disk'"
  move_to() { # move_to TABLESPACE TABLE ...
    local table
    for table in "${@:2}"; do
      run_psql >/dev/null <<END
ALTER TABLE receivables.$table SET TABLESPACE $1;
SELECT format('ALTER INDEX %s SET TABLESPACE $1', indexrelid::regclass) FROM pg_index WHERE indrelid = 'receivables.$table'::regclass
\\gexec
-- Without room for new versions in it.
VACUUM FULL receivables.$table;
END
    done
  }
  log=$(run_psql -c 'SELECT name FROM receivables.membership_partition WHERE from_at <= now() AND now() < until_at')
  for tables in position "$log" "position $log change_queue" open_amount_change item; do
    # shellcheck disable=SC2086 # a list
    move_to small $tables
    dd if=/dev/zero of="$disk/ballast" bs=8k >/dev/null 2>&1 || true
    # As long as the change set can be queued, the ledger commits.
    case $tables in
      position | "$log") refusal=never ;;
      *) refusal=53100 ;;
    esac
    meet_full_disk "no room for $tables" $refusal 3000
    rm "$disk/ballast"
    judge_memberships "no room for $tables"
    # shellcheck disable=SC2086
    move_to pg_default $tables
  done
  run_psql -c 'DROP TABLESPACE small'
  umount "$disk"
  mounted=
else
  echo "no right to mount: the small file system is left out"
fi
rmdir "$disk"

# ---- temporary files -----------------------------------------------------------------------------------------------

run_psql -c "ALTER ROLE postgres SET temp_file_limit = '512kB'" -c "ALTER ROLE postgres SET work_mem = '64kB'"
close_session writer
open_session writer
meet_full_disk "no temporary files" '53400' 20000
close_session writer
run_psql -c 'ALTER ROLE postgres RESET ALL'
judge_memberships "no temporary files"

# ---- files that may not grow: any table's, and temporary files ---------------------------------------------------------

scripts/cluster stop "$cluster" --keep
# WAL segments, of 16 MB, still fit. PostgreSQL has no code of its own for this error: XX000.
(ulimit -f 17408 && scripts/cluster start "$cluster" >/dev/null)
open_session writer
meet_full_disk "files may not grow" '53100|58030|XX000' 60000
close_session writer
run_psql -c 'CHECKPOINT'
scripts/cluster restart "$cluster"
judge_memberships "files may grow again"
check_log "File too large"
end_test "$full kinds of full disks; $(grep -c refused "$oracle_folder/answers") transactions refused, $(grep -c committed "$oracle_folder/answers") kept"
