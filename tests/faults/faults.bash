# Shared by the fault tests (sourced, never run): a private server of each test's own, traffic whose every transaction
# leaves a receipt, what the server answered to it, staged sessions, and the judge. Length: FAULT_SECONDS, FAULT_KILLS.
# shellcheck shell=bash

# shellcheck source=scripts/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.bash"
cd "$SA_ROOT"
cluster=fault_$(basename "$0" .sh)
unset "${!PG@}"
# shellcheck source=tests/oracle/oracle.bash
. tests/oracle/oracle.bash
chmod 755 "$oracle_folder"
complaints=0
running=() # background jobs that go on while loaded(), or as long as their session does
mounted=
settling=0 # seconds that a worker may take for the queue
tokens=0 # scripts made so far

# ---- server --------------------------------------------------------------------------------------------------------

start_server() { # start_server [--durable] [setting=value ...]
  scripts/cluster stop "$cluster"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  eval "$(scripts/cluster start "$cluster" "$@" log_checkpoints=off log_error_verbosity=verbose)"
  data=$(run_psql -c 'SHOW data_directory')
}

restart_server() { # restart_server MODE
  scripts/cluster restart "$cluster" "${1:-fast}"
}

clean_up() {
  rm -f "$oracle_folder/loaded"
  scripts/cluster stop "$cluster" >/dev/null 2>&1 || true
  if [ -n "$mounted" ]; then umount "$mounted" && rmdir "$mounted"; fi
  rm -rf "$oracle_folder"
}

touch "$oracle_folder/loaded"
loaded() { [ -e "$oracle_folder/loaded" ]; }
end_jobs() {
  local job
  rm -f "$oracle_folder/loaded"
  for job in "${running[@]}"; do wait "$job" || true; done
  running=()
  touch "$oracle_folder/loaded"
}

# Waits until a condition holds: await SECONDS COMMAND ...
await() {
  local left=$(($1 * 50))
  shift
  until "$@"; do
    left=$((left - 1))
    if ((left < 0)); then return 1; fi
    sleep 0.02
  done
}

server_answers() { psql -XqAtc 'SELECT 1' >/dev/null 2>&1; }
sleep_up_to() { below "$1"; sleep "$(printf '%d.%03d' $((REPLY / 1000)) $((REPLY % 1000)))"; } # milliseconds

# A crash of a backend, or what only a defect of ours can bring about.
check_log() { # check_log [EXPECTED]
  local found
  found=$(grep -E 'terminated by signal|PANIC: |TRAP:|(ERROR|FATAL):  XX|WARNING:  01000.*(leak|reference)' "$data/../log" | grep -vE "${1:-^$}" || true)
  if [ -n "$found" ]; then complain "in the server's log: $(head -5 <<<"$found")"; fi
}

complain() {
  complaints=$((complaints + 1))
  echo "WRONG: $*"
  if [ $complaints = 8 ]; then stop_with "and so on"; fi
}

end_test() { # end_test WHAT
  if [ $complaints != 0 ]; then stop_with "$complaints complaints"; fi
  echo "$*"
}

# ---- company -------------------------------------------------------------------------------------------------------

start_faults() {
  start_company
  run_psql -f tests/faults/traffic.sql >/dev/null
  new_configuration false false
  modes=${FAULT_MODES:-commit,statement,queue}
}

# ---- traffic -------------------------------------------------------------------------------------------------------

# make_script NAME random KIND TRANSACTIONS LOW HIGH: oracle.traffic(), conflicts between sessions included.
# make_script NAME own SESSION TRANSACTIONS CUSTOMERS: sessions whose ledger rows never meet.
# Each transaction has a token in a receipt and in items; the script says the token when it has been answered.
make_script() {
  local script=$oracle_folder/$1 query
  below 32768
  if [ "$2" = random ]; then
    query="oracle.traffic($REPLY, $4, $5, $6, '$3')"
  else
    query="oracle.own_traffic($REPLY, $3, $4, $5, '$modes')"
  fi
  tokens=$((tokens + 1))
  run_psql -c "SELECT $query" >"$script.lines"
  # A COPY refused in an aborted transaction would leave its rows to be read as SQL.
  awk -v prefix="T-$tokens" '
    /^COPY .* FROM STDIN;$/ { copying = 1 }
    copying { if ($0 == "\\.") copying = 0; next }
    /^BEGIN / { token = prefix "-" ++n }
    /^(COMMIT|PREPARE TRANSACTION .*);$/ { printf "SELECT oracle.leave_receipt(\047%s\047, %d);\n", token, n % 4 }
    { gsub(/\047oracle\047;$/, "\047" token "\047;") }
    { print }
    /^(COMMIT|ROLLBACK)( PREPARED .*)?;$/ { print "\\echo " token " :SQLSTATE :LAST_ERROR_MESSAGE" }
  ' "$script.lines" >"$script"
  rm "$script.lines"
}

# Runs a script to its end, or to the end of its session; what was answered goes to NAME.out and NAME.err.
play() { # play NAME [psql option ...]
  local script=$oracle_folder/$1
  shift
  psql -X -v VERBOSITY=verbose "$@" -f "$script" >"$script.out" 2>"$script.err" || true
}

# What was answered so far: "token committed" or "token refused" with SQLSTATE and message.
note_answers() {
  local file
  for file in "$oracle_folder"/*.out; do
    [ -f "$file" ] || continue
    awk '
      /^(COMMIT|ROLLBACK|COMMIT PREPARED|ROLLBACK PREPARED)$/ { tag = $0; next }
      /^T-[0-9]+-[0-9]+ / { print $1 "|" ((tag ~ /^COMMIT/ && $2 == "00000") ? "committed" : "refused") "|" (tag == "" ? $0 : ""); tag = "" }
    ' "$file" >>"$oracle_folder/answers"
    cat "${file%.out}.err" >>"$oracle_folder/errors"
    rm -f "$file" "${file%.out}.err"
  done
}

# Error lines of the scripts played, by SQLSTATE; errors_but STATES: those others than these.
errors_but() { # errors_but 'STATE|STATE'
  if [ -f "$oracle_folder/errors" ]; then grep -oE '(ERROR|FATAL|PANIC):  .*' "$oracle_folder/errors" | grep -vE ":  ($1): " | sort | uniq -c | sort -rn | head -20 || true; fi
}

# ---- judge ---------------------------------------------------------------------------------------------------------

# Nothing lost, nothing doubled: committed as answered, whole, once.
compare_receipts() {
  local found
  touch "$oracle_folder/answers"
  found=$(run_psql <<END
CREATE TEMP TABLE answer (token text, answer text, message text);
\\copy answer FROM '$oracle_folder/answers' WITH (DELIMITER '|', QUOTE E'\\x01', FORMAT csv)
SELECT format('%s was answered as %s, its receipt is %s', token, answer, CASE WHEN r.token IS NULL THEN 'missing' ELSE 'there' END)
FROM answer a LEFT JOIN oracle.receipt r USING (token) WHERE (a.answer = 'committed') <> (r.token IS NOT NULL)
UNION ALL
SELECT format('%s has %s items instead of %s', token, coalesce(i.items, 0), coalesce(r.items, 0))
FROM oracle.receipt r FULL JOIN
  (SELECT document_no AS token, count(*) AS items FROM receivables.item WHERE document_no LIKE 'T-%' GROUP BY 1) i USING (token)
WHERE coalesce(r.items, 0) <> coalesce(i.items, 0);
END
)
  if [ -n "$found" ]; then
    head -20 <<<"$found"
    stop_with "$(wc -l <<<"$found") receipts differ after: $1"
  fi
}

queue_is_empty() { [ "$(run_psql -c 'SELECT count(*) FROM receivables.change_queue')" = 0 ]; }

# Facts as they are, memberships when the queue is empty: everything right because each transaction saw to it.
judge_memberships() { # judge_memberships WHAT
  note_answers
  compare_receipts "$1"
  compare "$1"
}

# The same after a call, which alone has to empty the queue; a full run then finds nothing to do. Where there is a worker
# it may hold at that moment, and soon writes, what the call would not wait for.
judge() { # judge WHAT
  note_answers
  compare_receipts "$1"
  find_differences "$1, facts" false
  run_psql -c 'CALL receivables.search_assign()'
  await "$settling" queue_is_empty || stop_with "the queue is not empty after CALL search_assign(): $1"
  call_and_compare "$1"
}

# ---- staged sessions -----------------------------------------------------------------------------------------------

declare -A session_input session_pid session_marks

open_session() { # open_session NAME
  local folder=$oracle_folder/session_$1 input
  rm -f "$folder.in" "$folder.said"
  mkfifo "$folder.in"
  psql -XqAt -v VERBOSITY=verbose <"$folder.in" >"$folder.said" 2>&1 &
  session_pid[$1]=$!
  exec {input}>"$folder.in"
  session_input[$1]=$input
  session_marks[$1]=0
}

close_session() { # close_session NAME
  local input=${session_input[$1]}
  exec {input}>&-
  wait "${session_pid[$1]}" || true
  unset "session_input[$1]"
}

# Sends statements, one line; the answer is fetched by answer().
tell() { # tell NAME SQL
  session_marks[$1]=$((session_marks[$1] + 1))
  printf '%s;\n\\echo @%s :SQLSTATE\n' "$2" "${session_marks[$1]}" >&"${session_input[$1]}"
}
answered() { grep -q "^@${session_marks[$1]} " "$oracle_folder/session_$1.said"; }

# Puts the SQLSTATE of what was told into $state, the first one that is not 00000: "late" where it takes more than
# SECONDS (20), "lost" where the session is gone.
answer() { # answer NAME [SECONDS]
  local out=$oracle_folder/session_$1.said
  state=late
  if await "${2:-20}" answered "$1"; then
    state=$(awk -v mark="@${session_marks[$1]}" '
      $1 == mark { print first == "" ? $2 : first; exit }
      /^@/ { first = "" }
      /^(ERROR|FATAL|PANIC):/ && first == "" { first = substr($2, 1, 5) }' "$out")
  elif ! kill -0 "${session_pid[$1]}" 2>/dev/null; then
    state=lost
  fi
}
ask() { # ask NAME SQL: tells and waits
  tell "$1" "$2"
  answer "$1"
}
expect() { # expect NAME SQL [STATE]: complains where the answer is another one
  ask "$1" "$2"
  if [ "$state" != "${3:-00000}" ]; then complain "$situation: $2: $state instead of ${3:-00000}: $(last_words "$1")"; fi
}
last_words() { tail -n 4 "$oracle_folder/session_$1.said" | grep -v '^@' | tr '\n' ' '; }
pid_of() { # pid_of NAME: into $REPLY
  ask "$1" "SELECT 'pid ' || pg_backend_pid()"
  REPLY=$(sed -n 's/^pid \([0-9]*\)$/\1/p' "$oracle_folder/session_$1.said" | tail -1)
}
waits_for_lock() { [ "$(run_psql -c "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1")" = Lock ]; }
