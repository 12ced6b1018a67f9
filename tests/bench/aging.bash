# Bench: aging and aggregates over the whole ledger. Sourced by tests/bench/run.
# shellcheck shell=bash disable=SC2154,SC2034

runs_database
sum='SELECT sum(amount) FROM receivables.item'
balance='SELECT sum(not_due), sum(overdue_1_to_30), sum(overdue_31_to_60), sum(overdue_61_to_90), sum(overdue_over_90), sum(outstanding) FROM receivables.aging_balance'
aging="SELECT receivables.aging_amounts(amount, due_date, current_date, '30,60,90') FROM receivables.item"
both() { # both WHAT REACH PEER SQL PEER_SQL SETTINGS...: median of the ratios
  local what=$1 reach=$2 peer=$3 ours=$4 theirs=$5
  shift 5
  for ((round = 0; round < rounds; round++)); do ratio "$(milliseconds "$@" -c "$ours")" "$(milliseconds "$@" -c "$theirs")"; echo; done >"$work/both"
  row "$what" "$(median <"$work/both")" "$reach" "$peer"
}
serial=(-c 'SET max_parallel_workers_per_gather = 0')
workers=(-c 'SET max_parallel_workers_per_gather = 2')
balance_row='SELECT not_due, overdue_1_to_30, overdue_31_to_60, overdue_61_to_90, overdue_over_90, outstanding FROM receivables.company_aging_balance'
[ "$(sql -c "$balance_row")" = "$(sql -c "$balance")" ] || stop_with 'company_aging_balance differs from aging_balance'
both "aging balance of the company from positions, by aging_amounts" 0.1 'sum(amount)' \
  "SELECT receivables.aging_amounts(receivables, receivables.business_date(), '30,60,90') FROM receivables.position" "$sum" "${serial[@]}"
both "the same, by company_aging_balance" 0.1 'sum(amount)' "$balance_row" "$sum" "${serial[@]}"
both "the same, by sums over aging_balance" '-' 'sum(amount)' "$balance" "$sum" "${serial[@]}"
both "aging_amounts over $big_items items" 1.0 'sum(amount)' "$aging" "$sum" "${serial[@]}"
both "the same, 2 workers" 1.0 'sum(amount)' "$aging" "$sum" "${workers[@]}"
# What is counted are the aggregates: the server would not compute them for count(*).
both "the same by customer" 1.0 'sum(amount) by customer' \
  "SELECT count(a) FROM (SELECT customer_id, receivables.aging_amounts(amount, due_date, current_date, '30,60,90') AS a FROM receivables.item GROUP BY 1 OFFSET 0) g" \
  'SELECT count(s) FROM (SELECT customer_id, sum(amount) AS s FROM receivables.item GROUP BY 1 OFFSET 0) g' "${serial[@]}"
