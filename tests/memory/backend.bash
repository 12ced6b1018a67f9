# Shared by tests/memory and tests/soak (sourced, never run): one backend runs small transactions, and says in between how
# much memory it holds.
# shellcheck shell=bash

memory_folder=$(mktemp -d)
trap 'rm -rf "$memory_folder"' EXIT
run_psql() { PGOPTIONS='-c client_min_messages=warning' psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# RssAnon is what the backend has for itself: without shared buffers it has looked at and pages of its executable.
prepare_company() {
  run_psql -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '2026-06-15'" \
    -c "ALTER DATABASE \"$PGDATABASE\" SET jit = off" -c 'CREATE EXTENSION search_assign' -f - <<'SQL'
INSERT INTO receivables.customer (customer_id, account_no, name, email)
SELECT n, 'A' || n, 'Customer ' || n, CASE WHEN n % 2 = 0 THEN 'a@example.org' END FROM generate_series(1, 200) n;
INSERT INTO receivables.item (customer_id, item_id, due_date, amount, status)
SELECT 1 + n % 200, n, date '2026-06-15' - 100 + n % 150, 100 + n, (ARRAY['dispute', NULL, 'promise', NULL])[1 + n % 4] FROM generate_series(1, 2000) n;
ALTER TABLE receivables.item ALTER item_id RESTART WITH 2001;
INSERT INTO receivables.customer_group (name) VALUES ('late'), ('mail'), ('large'), ('quiet');
INSERT INTO receivables.search (name, criteria) VALUES
  ('late', 'overdue(unqualified, 30) > 200'), ('mail', 'has_email and outstanding > 500 and name like ''Cust%'''),
  ('large', 'outstanding between 1000 and 100000 and coalesce(attributes->>''x'', '''') <> ''y'''), ('quiet', 'not_since(last_payment_on, 20)'),
  ('changing', 'outstanding > 1'), ('failing', '1 / (customer_id - 7) >= 0 and outstanding > 0');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES
  ('late', 'late'), ('mail', 'mail'), ('large', 'large'), ('quiet', 'quiet'), ('failing', 'quiet');
INSERT INTO receivables.scenario (name, is_default) VALUES ('Standard', true), ('Hard', false);
INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('changing', 'Hard');
CREATE TABLE memory_sample (sample serial, anon_kb bigint, rss_kb bigint, contexts bigint);
CREATE FUNCTION try_to_insert(customer bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (customer, '2026-07-01', 'NaN');
EXCEPTION WHEN numeric_value_out_of_range THEN NULL;
END $$;
CREATE FUNCTION kilobytes(name text) RETURNS bigint LANGUAGE sql AS
  $$ SELECT substring(pg_read_file('/proc/self/status') FROM name || ':\s+(\d+)')::bigint $$;
SQL
}

# The transactions. pgbench draws them by weight; every script but the last is one or two transactions.
write_scripts() {
  cd "$memory_folder"
  printf '%s\n' '\set c random(1, 200)' '\set a random(1, 100000)' \
    "INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (:c, date '2026-06-15' + (:a % 200 - 100), :a / 100.0);" >insert
  printf '%s\n' '\set i random(1, 2000)' '\set p random(0, 100)' \
    'UPDATE receivables.item SET open_amount = amount * :p / 100 WHERE customer_id = 1 + :i % 200 AND item_id = :i;' >pay
  printf '%s\n' '\set c random(1, 200)' \
    'DELETE FROM receivables.item WHERE (customer_id, item_id) IN (SELECT customer_id, item_id FROM receivables.item WHERE customer_id = :c AND item_id > 2000 ORDER BY item_id LIMIT 1);' >delete
  printf '%s\n' '\set c random(1, 200)' '\set i random(1, 2000)' 'BEGIN;' \
    "INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (:c, '2026-05-01', 12.5);" 'SAVEPOINT a;' \
    "UPDATE receivables.item SET status = 'dispute' WHERE customer_id = 1 + :i % 200 AND item_id = :i;" 'SAVEPOINT b;' \
    'DELETE FROM receivables.item WHERE customer_id = :c AND item_id > 2000;' 'ROLLBACK TO a;' \
    'UPDATE receivables.item SET status = NULL WHERE customer_id = 1 + :i % 200 AND item_id = :i;' 'RELEASE a;' 'COMMIT;' >savepoints
  printf '%s\n' '\set c random(1, 200)' 'BEGIN;' "INSERT INTO receivables.item (customer_id, due_date, amount) VALUES (:c, '2026-05-01', 99);" \
    "UPDATE receivables.customer SET email = 'b@example.org' WHERE customer_id = :c;" 'ROLLBACK;' >rollback
  printf '%s\n' '\set c random(1, 200)' 'SELECT try_to_insert(:c);' >error
  printf '%s\n' '\set c random(1, 200)' '\set n random(0, 9)' \
    "UPDATE receivables.customer SET email = CASE WHEN :n < 5 THEN 'n' || :n || '@example.org' END WHERE customer_id = :c;" >customer
  printf '%s\n' '\set c random(1, 200)' "SELECT count(*) FROM receivables.customer_facts WHERE customer_id = :c AND overdue > 0;" >look
  printf '%s\n' '\set n random(1, 5)' "UPDATE receivables.search SET criteria = 'outstanding > ' || :n || '000' WHERE name = 'changing';" >configure
  cd - >/dev/null
}

# measure COUNT PARTS: COUNT transactions of one backend in PARTS parts, a sample after each. pgbench ends its connection
# with itself, so all is one run: the samples are drawn by chance, PARTS of them in the mean.
measure() {
  printf '%s\n' "INSERT INTO memory_sample (anon_kb, rss_kb, contexts) SELECT kilobytes('RssAnon'), kilobytes('VmRSS'), (SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name NOT IN ('ExecutorState', 'ExprContext', 'PortalContext', 'MessageContext'));" >"$memory_folder/sample"
  local unit=$(($1 / $2 / 20)) f=$memory_folder
  pgbench -n -c 1 -M prepared -t "$1" -f "$f/insert@$((unit * 5))" -f "$f/pay@$((unit * 4))" -f "$f/delete@$((unit * 4))" \
    -f "$f/savepoints@$((unit * 2))" -f "$f/rollback@$((unit * 2))" -f "$f/error@$unit" -f "$f/customer@$((unit * 1))" \
    -f "$f/look@$unit" -f "$f/configure@1" -f "$f/sample@1" >"$f/log" 2>&1 || { grep -E "error|ERROR" "$f/log"; return 1; }
  grep -E '^(tps|number of transactions actually)' "$f/log"
}

# judge ANON_KB CONTEXTS_KB: what the last quarter of the samples holds above the second quarter. In memory contexts that is next to
# nothing; the process as a whole (where a leak of C++ memory shows) grows by steps of malloc while it finds its size.
judge() {
  run_psql -F ' ' -c "SELECT 'sample ' || sample, 'RssAnon ' || anon_kb || ' kB', 'VmRSS ' || rss_kb || ' kB', 'contexts ' || contexts / 1024 || ' kB'
    FROM memory_sample WHERE sample % greatest((SELECT count(*) FROM memory_sample) / 10, 1) = 1 OR sample = (SELECT max(sample) FROM memory_sample) ORDER BY sample"
  local anon contexts samples
  read -r samples anon contexts < <(run_psql -F ' ' -c "SELECT count(*),
      round(avg(anon_kb) FILTER (WHERE part = 4) - avg(anon_kb) FILTER (WHERE part = 2)),
      round((avg(contexts) FILTER (WHERE part = 4) - avg(contexts) FILTER (WHERE part = 2)) / 1024)
    FROM (SELECT *, ntile(4) OVER (ORDER BY sample) AS part FROM memory_sample) s")
  echo "$samples samples; growth between the second and the last quarter: RssAnon $anon kB, contexts $contexts kB (limits $1 and $2 kB)"
  [ "$samples" -ge 8 ] && [ "$anon" -le "$1" ] && [ "$contexts" -le "$2" ]
}
