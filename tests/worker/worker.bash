# Shared by the tests of the worker (sourced): a private cluster "worker" with the library preloaded, and waiting.
# shellcheck shell=bash

start_cluster() { # start_cluster [setting=value ...]
  scripts/cluster stop worker
  trap 'code=$?; if [ $code != 0 ]; then tail -40 build/clusters/worker/log; fi; scripts/cluster stop worker' EXIT
  eval "$(scripts/cluster start worker shared_preload_libraries=search_assign "$@")"
  export PGOPTIONS='-c client_min_messages=warning'
}
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Waits until a query answers as expected; prints what it answered last where it does not.
wait_for() { # wait_for SECONDS EXPECTED DATABASE QUERY
  local end=$(($(date +%s%N) + $1 * 1000000000)) answer
  while :; do
    answer=$(sql -d "$3" -c "$4" 2>&1) || true
    if [ "$answer" = "$2" ]; then return 0; fi
    if [ "$(date +%s%N)" -gt "$end" ]; then
      echo "after $1 s \"$4\" answers \"$answer\", not \"$2\""
      psql -X -d postgres -c "SELECT pid, backend_type, datname, state, query FROM pg_stat_activity WHERE backend_type LIKE 'search_assign%'" || true
      return 1
    fi
    sleep 0.02
  done
}

# Equal, or the test fails.
expect() { # expect WHAT EXPECTED ACTUAL
  if [ "$2" != "$3" ]; then
    echo "$1: expected \"$2\", found \"$3\""
    exit 1
  fi
}

worker_pid() { sql -d postgres -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = '$1'"; }
wait_for_worker() { # wait_for_worker DATABASE
  wait_for 30 1 postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'search_assign worker' AND datname = '$1'"
}

# A ledger with a customer whose only item falls due on a given date; "late" is what is overdue.
make_ledger() { # make_ledger DATABASE DUE_ON
  sql -d "$1" <<SQL
CREATE EXTENSION search_assign;
INSERT INTO receivables.scenario (name, is_default) VALUES ('soft', true), ('hard', false);
INSERT INTO receivables.search (name, criteria) VALUES ('late', 'overdue > 0');
INSERT INTO receivables.assignment_rule (search, scenario) VALUES ('late', 'hard');
INSERT INTO receivables.customer (customer_id, account_no, name) SELECT n, 'C' || n, 'Customer ' || n FROM generate_series(1, 20) n;
INSERT INTO receivables.item (customer_id, kind, document_no, document_date, due_date, amount, open_amount)
  VALUES (1, 'invoice', 'first', date '$2' - 30, '$2', 100, 100);
SQL
}

# Commits one by one for customers 1 to 19, at irregular intervals, and measures how long their rows stay in the queue.
make_measure() { # make_measure DATABASE
  sql -d "$1" <<'SQL' >/dev/null
CREATE TABLE public.waited (ms double precision);
CREATE PROCEDURE public.measure(commits integer) LANGUAGE plpgsql AS $$
DECLARE
  committed_at timestamptz;
BEGIN
  DELETE FROM public.waited;
  FOR i IN 1 .. commits LOOP
    INSERT INTO receivables.item (customer_id, document_no, due_date, amount, open_amount) VALUES (1 + i % 19, i::text, '2999-01-01', 10, 10);
    COMMIT;
    committed_at := clock_timestamp();
    WHILE EXISTS (SELECT FROM receivables.change_queue WHERE customer_id < 20) AND clock_timestamp() < committed_at + interval '10 seconds' LOOP
      PERFORM pg_sleep(0.001);
    END LOOP;
    INSERT INTO public.waited VALUES (extract(epoch FROM clock_timestamp() - committed_at) * 1000);
    COMMIT;
    PERFORM pg_sleep(random() * 0.02);
  END LOOP;
END $$;
SQL
  sql -d "$1" -c "ALTER DATABASE $1 SET search_assign.apply = 'queue'"
}
measure() { # measure DATABASE COMMITS
  sql -d "$1" -c "CALL public.measure($2)"
  echo "ms from commit to empty queue (median, 95 %, 99 %, longest, number): $(sql -d "$1" -F ' ' -c 'SELECT round(percentile_disc(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1),
    round(percentile_disc(0.95) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(percentile_disc(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(max(ms)::numeric, 1), count(*) FROM public.waited')"
  # 95 of 100, since other work on the machine can hold up anything.
  expect 'applied within 100 ms' t "$(sql -d "$1" -c "SELECT count(*) FILTER (WHERE ms <= 100) >= $2 * 0.95 AND count(*) = $2 FROM public.waited")"
}

# A server with a worker for the database erp, which has a ledger to measure and nothing to do.
start_measured_ledger() {
  start_cluster search_assign.databases=erp
  sql -c 'CREATE DATABASE erp' -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-01'" # no midnight in between
  make_ledger erp 2999-01-01
  wait_for_worker erp
  make_measure erp
  wait_for 20 idle erp 'SELECT state FROM receivables.worker_status'
}
