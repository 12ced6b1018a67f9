# Bench: the agenda of one collector and of the company. Sourced by tests/bench/run.
# shellcheck shell=bash disable=SC2154,SC2034

# Portfolios of 500 customers, each of a collector of its own; some accounts have been chased already.
agenda_database() {
  db=agenda
  database agenda "$customers"
  sql -f tests/bench/configuration.sql
  sql >/dev/null <<END
SET client_min_messages = warning;
DELETE FROM receivables.assignment_rule WHERE portfolio IS NOT NULL;
INSERT INTO receivables.collector (name) SELECT 'C' || i FROM generate_series(1, $customers / 500) i;
INSERT INTO receivables.portfolio (name, collector) SELECT 'P' || i, 'C' || i FROM generate_series(1, $customers / 500) i;
INSERT INTO receivables.search (name, criteria) SELECT 's' || i, 'customer_id % ' || $customers / 500 || ' = ' || i - 1 FROM generate_series(1, $customers / 500) i;
INSERT INTO receivables.assignment_rule (search, portfolio) SELECT 's' || i, 'P' || i FROM generate_series(1, $customers / 500) i;
INSERT INTO receivables.item ($columns) SELECT customer_id, document_no, kind, document_date, due_date, amount, amount FROM bench.new_items($items);
ANALYZE;
SELECT count(receivables.complete_action(customer_id)) FROM (SELECT customer_id FROM receivables.position WHERE next_action_on <= receivables.business_date() AND customer_id % 50 = 0) p;
END
  sql -c 'VACUUM ANALYZE' -c CHECKPOINT
}

agenda_database
serial=(-c 'SET max_parallel_workers_per_gather = 0')
# The peer reads the 500 positions by the portfolio and their open items by key, and nothing else. Left to itself the
# server reads all items, which is slower; the agenda is measured against both.
by_key=("${serial[@]}" -c 'SET enable_seqscan = off' -c 'SET enable_hashjoin = off' -c 'SET enable_mergejoin = off')
positions='SELECT count(p.receivables), sum(i.open_amount) FROM receivables.position p JOIN receivables.item i ON i.customer_id = p.customer_id AND i.open_amount <> 0
  WHERE p.next_action_on IS NOT NULL AND p.collection_portfolio_id = (SELECT portfolio_id FROM receivables.portfolio WHERE name = '\''P7'\'')'
agenda='SELECT count(*), sum(amount), sum(overdue), max(priority_rank), min(oldest_due_date), sum(items) FROM receivables.collection_agenda'
group_by='SELECT count(*), max(s) FROM (SELECT customer_id, sum(open_amount) AS s FROM receivables.item GROUP BY 1) g'
if sql "${by_key[@]}" -c "EXPLAIN $positions" | grep -qE 'Seq Scan on (item|position)'; then stop_with 'the peer of the agenda does not read by key'; fi
sql -c "$positions" -c "$agenda WHERE collector = 'C7'" >/dev/null
for ((round = 0; round < rounds * 5; round++)); do
  echo "$(milliseconds "${serial[@]}" -c "$agenda WHERE collector = 'C7'") $(milliseconds "${by_key[@]}" -c "$positions") $(milliseconds "${serial[@]}" -c "$positions")"
done >"$work/agenda"
row "agenda of one collector, 500 of $customers customers, $items items" "$(awk '{ printf "%.2f\n", $1 / $2 }' "$work/agenda" | median)" '3.0' 'positions and open items by key'
row "  the same, the server's choice of plan" "$(awk '{ printf "%.2f\n", $1 / $3 }' "$work/agenda" | median)" '-' 'positions and open items'
for ((round = 0; round < rounds; round++)); do
  echo "$(milliseconds "${serial[@]}" -c "$agenda") $(milliseconds "${serial[@]}" -c "$group_by")"
done | awk '{ printf "%.2f\n", $1 / $2 }' >"$work/agenda"
row "agenda of the company" "$(median <"$work/agenda")" '1.0' 'sum GROUP BY customer_id'
positions_hold
