#!/usr/bin/env bash
# The demo company has the figures it promises, every customer stands where a plain reading of the ledger says, and
# marking old items, or another limit in a search, moves customers. The agenda says what the items say, before and after
# a collector's morning.
set -euo pipefail
cd "$SA_ROOT"
export PGOPTIONS='-c client_min_messages=warning'
ask() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
expect() { # expect WHAT WANTED FOUND
  [ "$2" = "$3" ] || { printf '%s: not as expected\n--- expected\n%s\n--- found\n%s\n' "$1" "$2" "$3"; exit 1; }
}

# Sets up a database like scripts/demo does; a fixed day, for the ledger's dates count back from it.
load_company() { # load_company CUSTOMERS [PSQL OPTION ...]
  ask -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '2026-06-15'"
  ask -c 'CREATE EXTENSION search_assign' -f demo/10_configuration.sql
  ask -v customers="$1" "${@:2}" -f demo/20_company.sql
}

# Each customer's memberships, once as the rules of demo/10_configuration.sql say, read from the ledger alone by
# ordinary SQL, and once as the extension says. Prints the differences.
membership_differences() { # membership_differences LIMIT-OF-STRATEGIC
  ask -v strategic="$1" <<'END_OF_SQL'
CREATE TEMP TABLE expected AS
WITH today AS (SELECT receivables.business_date() AS day),
ledger AS (
  SELECT i.customer_id, sum(round(i.open_amount * i.fx_rate, 4)) AS outstanding,
         sum(round(i.open_amount * i.fx_rate, 4)) FILTER (WHERE i.status IS NULL AND day - i.due_date > 30) AS old
  FROM receivables.item i, today GROUP BY i.customer_id
), paid AS (
  SELECT i.customer_id, i.due_date, i.fx_rate, a.amount, a.allocated_on AS paid_on
  FROM receivables.item i JOIN receivables.payment_allocation a USING (customer_id, item_id) WHERE i.kind = 'invoice'
  UNION ALL
  SELECT i.customer_id, i.due_date, i.fx_rate, i.amount - coalesce(a.amount, 0), i.cleared_on
  FROM receivables.item i
  LEFT JOIN (SELECT customer_id, item_id, sum(amount) AS amount FROM receivables.payment_allocation GROUP BY 1, 2) AS a
    USING (customer_id, item_id)
  WHERE i.kind = 'invoice' AND i.cleared_on IS NOT NULL
), behaviour AS (
  SELECT p.customer_id,
         round(sum((p.paid_on - p.due_date) * p.amount * p.fx_rate) / sum(p.amount * p.fx_rate)) AS days_late
  FROM paid p, today
  WHERE p.paid_on >= date_trunc('month', day) - interval '6 months' AND p.paid_on <= day
  GROUP BY p.customer_id
), fact AS (
  SELECT c.customer_id, coalesce(l.outstanding, 0) AS outstanding, coalesce(l.old, 0) > 0 AS old,
         coalesce(l.outstanding, 0) > 0
           AND (coalesce(c.external_score < 40, false) OR coalesce(b.days_late > 30, false)) AS risky,
         coalesce(btrim(c.email), '') <> ''
           OR EXISTS (SELECT FROM receivables.contact k
                      WHERE k.customer_id = c.customer_id AND coalesce(btrim(k.email), '') <> '') AS has_email
  FROM receivables.customer c
  LEFT JOIN ledger l USING (customer_id)
  LEFT JOIN behaviour b USING (customer_id)
)
SELECT customer_id, 'scenario' AS target,
       CASE WHEN old THEN 'No action - old items'
            WHEN outstanding >= 15000 AND NOT has_email THEN 'Key and standard, no e-mail'
            WHEN outstanding >= 15000 THEN 'Key and standard'
            ELSE 'Automated small' END AS name
FROM fact
UNION ALL
SELECT customer_id, 'collection',
       CASE WHEN old OR risky THEN 'Special cases'
            WHEN outstanding >= :strategic THEN 'Key accounts'
            ELSE 'Collections' END
FROM fact
UNION ALL SELECT customer_id, 'risk', 'Credit risk' FROM fact
UNION ALL SELECT customer_id, 'group', 'Very late customers' FROM fact WHERE old
UNION ALL SELECT customer_id, 'group', 'Risky customers' FROM fact WHERE risky
UNION ALL SELECT customer_id, 'option', 'interactive_email' FROM fact WHERE outstanding > 0 AND outstanding < 15000;

CREATE TEMP TABLE found AS
SELECT customer_id, 'scenario' AS target, scenario AS name FROM receivables.scenario_membership
UNION ALL SELECT customer_id, kind, portfolio FROM receivables.portfolio_membership
UNION ALL SELECT customer_id, 'group', customer_group FROM receivables.group_membership
UNION ALL SELECT customer_id, 'option', option FROM receivables.option_membership;

(SELECT 'missing', * FROM (TABLE expected EXCEPT ALL TABLE found) AS m ORDER BY customer_id LIMIT 10)
UNION ALL
(SELECT 'too many', * FROM (TABLE found EXCEPT ALL TABLE expected) AS t ORDER BY customer_id LIMIT 10);
END_OF_SQL
}

fingerprint() { # fingerprint LAST-ACCOUNT: of the ledger's first accounts, whatever the numbers given by the database
  ask -v last="$1" <<'END_OF_SQL'
SELECT count(*), md5(string_agg(line, E'\n' ORDER BY line COLLATE "C"))
FROM (SELECT to_jsonb(i) - '{item_id,customer_id}'::text[] || to_jsonb(c) - '{customer_id,parent_id}'::text[] AS row
      FROM receivables.customer c JOIN receivables.item i USING (customer_id)
      WHERE c.account_no <= to_char(:last, 'FM"NA-"000000')) AS r, LATERAL (SELECT r.row::text AS line) AS l;
END_OF_SQL
}

load_company 2000
first_accounts=$(fingerprint 120)

expect 'figures' '' "$(ask <<'END_OF_SQL'
WITH company AS (
  SELECT count(*) AS customers, sum(outstanding) AS outstanding, sum(overdue) AS late,
         sum(receivables.overdue(receivables, 30)) AS over_30, sum(receivables.overdue(unqualified, 30)) AS old,
         count(*) FILTER (WHERE receivables.overdue(unqualified, 30) > 0) AS old_customers, sum(sales_12m) AS turnover,
         max(outstanding) AS largest, count(*) FILTER (WHERE NOT has_email) AS without_email,
         count(DISTINCT country) AS countries, count(DISTINCT sector) AS sectors, count(DISTINCT payment_days) AS terms
  FROM receivables.customer_facts
), ledger AS (
  SELECT sum(i.amount * i.fx_rate) FILTER (WHERE i.kind IN ('invoice', 'credit_note')
                                           AND i.document_date > t.day - interval '12 months') AS turnover,
         sum(i.open_amount * i.fx_rate) AS open_amount,
         count(*) FILTER (WHERE i.kind = 'credit_note') AS credit_notes,
         count(*) FILTER (WHERE i.kind = 'payment') AS payments,
         count(*) FILTER (WHERE i.open_amount <> 0) AS open_items,
         count(*) FILTER (WHERE i.open_amount NOT IN (0, i.amount)) AS part_paid,
         max(t.day) - min(i.document_date) AS days
  FROM receivables.item i, (SELECT receivables.business_date() AS day) AS t
)
SELECT format('%s is %s, expected %s to %s', name, value, low, high)
FROM company c, ledger l, LATERAL (VALUES
  ('customers', c.customers, 2000, 2000),
  ('turnover of 12 months', c.turnover, 690e6, 710e6),
  ('turnover less that of the ledger', c.turnover - l.turnover, -1, 1),
  ('outstanding', c.outstanding, 73e6, 77e6),
  ('outstanding less open ledger', c.outstanding - l.open_amount, -1, 1),
  ('late share', c.late / c.outstanding, 0.112, 0.128),
  ('share of more than 30 days late', c.over_30 / c.outstanding, 0.018, 0.022),
  ('old unqualified', c.old, 1.3e6, 1.6e6),
  ('customers with old unqualified items', c.old_customers, 40, 100),
  ('largest outstanding', c.largest, 1.5e6, 3e6),
  ('customers without e-mail', c.without_email, 80, 200),
  ('countries', c.countries, 3, 3), ('sectors', c.sectors, 12, 12), ('payment terms', c.terms, 4, 4),
  ('credit notes', l.credit_notes, 1000, 3000), ('payments', l.payments, 40000, 70000),
  ('open items', l.open_items, 3000, 6000), ('open items paid in part', l.part_paid, 10, 200),
  ('days of history', l.days, 540, 549)) AS f (name, value, low, high)
WHERE value NOT BETWEEN low AND high OR value IS NULL;
END_OF_SQL
)"
expect 'memberships after the load' '' "$(membership_differences 250000)"

# A collector marks the old items of one customer: back at once, out of the group, and nobody else moves.
customer=$(ask -c "SELECT min(customer_id) FROM receivables.scenario_membership JOIN receivables.customer_facts USING (customer_id)
                   WHERE scenario = 'No action - old items' AND outstanding >= 15000 AND has_email")
ask -c "UPDATE receivables.item SET status = 'dispute' WHERE customer_id = $customer AND open_amount > 0
        AND due_date < receivables.business_date() - 30"
expect 'scenario of the customer' 'Key and standard|0' "$(ask -c "SELECT scenario,
  (SELECT count(*) FROM receivables.group_membership g
   WHERE g.customer_id = s.customer_id AND g.customer_group = 'Very late customers')
  FROM receivables.scenario_membership s WHERE customer_id = $customer")"
expect 'memberships after marking' '' "$(membership_differences 250000)"

# Another limit, and back: for everybody with the next run.
change_limit() { # change_limit FROM TO
  ask -c "UPDATE receivables.search SET criteria = replace(criteria, '$1', '$2') WHERE name IN ('strategic', 'standard')" \
    -c 'CALL receivables.search_assign()'
}
change_limit 250000 150000
expect 'memberships with another limit' '' "$(membership_differences 150000)"
change_limit 150000 250000

expect 'positions' '' "$(ask -c 'SELECT * FROM receivables.check_positions()')"

# The agenda, which reads positions, is what the items say one by one.
agenda_differences() {
  ask <<'END_OF_SQL'
CREATE TEMP TABLE from_items AS
SELECT customer_id, scenario, step_no, action_on, amount, cardinality(item_ids)::bigint AS items, overdue, leader_due_date FROM receivables.scenario_action;
CREATE TEMP TABLE from_positions AS
SELECT customer_id, scenario, step_no, action_on, amount, items, overdue, oldest_due_date FROM receivables.collection_agenda WHERE source = 'scenario';
(SELECT 'missing', * FROM (TABLE from_items EXCEPT ALL TABLE from_positions) AS m ORDER BY customer_id LIMIT 10)
UNION ALL
(SELECT 'too many', * FROM (TABLE from_positions EXCEPT ALL TABLE from_items) AS t ORDER BY customer_id LIMIT 10);
END_OF_SQL
}
expect 'agenda' '' "$(agenda_differences)"
expect 'scenarios in order' '' "$(ask -c 'SELECT * FROM receivables.scenario_check')"
expect 'each collector has something to do by hand' '3|t' "$(ask -c "SELECT count(DISTINCT collector), count(*) BETWEEN 20 AND 60
  FROM receivables.collection_agenda WHERE automatic = 'manual' AND action_on <= receivables.business_date()")"

# What the credit manager and the collector see fits a window and ends well.
picture=$(psql -Xq -f demo/30_show.sql 2>&1)
expect 'lines too long' '' "$(awk 'length > 110' <<<"$picture")"
expect 'errors' '' "$(grep -E 'ERROR|NOTICE|WARNING|psql:' <<<"$picture" || true)"
expect 'the question' 1 "$(grep -c '^That question took [0-9,.]* ms.$' <<<"$picture")"
expect 'last line' 1 "$(tail -1 <<<"$picture" | grep -c '^A payment ends what it clears')"
expect 'memberships after the picture' '' "$(membership_differences 250000)"
expect 'agenda after the picture' '' "$(agenda_differences)"
expect 'positions after the picture' '' "$(ask -c 'SELECT * FROM receivables.check_positions()')"
expect 'the morning'"'"'s work' 'done call promised|done call disputed|promise open|dispute open|follow-ups 2' "$(ask -c "SELECT concat_ws('|',
  (SELECT string_agg(concat_ws(' ', event, channel, outcome), '|' ORDER BY action_id) FROM receivables.action_log),
  (SELECT string_agg('promise ' || state, '|') FROM receivables.promise_state),
  (SELECT string_agg('dispute ' || state, '|') FROM receivables.dispute_case),
  (SELECT 'follow-ups ' || count(*) FROM receivables.collection_agenda WHERE source = 'specific'))")"

# The promise is kept by the payment: nothing is left to be followed up; taken back, it is there again.
promised="customer_id = (SELECT min(customer_id) FROM receivables.promise)
  AND item_id = (SELECT min(item_id) FROM receivables.promise_item)"
follow_ups() { ask -c "SELECT (SELECT state FROM receivables.promise_state), count(*) FROM receivables.collection_agenda WHERE source = 'specific'"; }
ask -c "UPDATE receivables.item SET open_amount = 0 WHERE $promised"
expect 'the promised invoice is paid' 'kept|1' "$(follow_ups)"
ask -c "UPDATE receivables.item SET open_amount = amount WHERE $promised"
expect 'the payment is reversed' 'open|2' "$(follow_ups)"

# The same customers in every size, whatever the plan.
PGDATABASE=${PGDATABASE}_small
trap 'psql -Xqc "DROP DATABASE IF EXISTS \"${PGDATABASE}\" WITH (FORCE)" postgres' EXIT
psql -Xqc "DROP DATABASE IF EXISTS \"$PGDATABASE\" WITH (FORCE)" -c "CREATE DATABASE \"$PGDATABASE\"" postgres
load_company 120 -c 'SET enable_hashjoin = off' -c 'SET enable_hashagg = off' -c 'SET enable_memoize = off'
expect 'ledger of the first customers in another size' "$first_accounts" "$(fingerprint 120)"
