-- Demo, part 3: what the credit manager of My Company North America sees, and a collector's morning.
--
--   psql -Xq -f demo/30_show.sql
\set ON_ERROR_STOP on
SET search_path = receivables, public;
SET client_min_messages = warning;
\pset footer off
\pset null ''
\pset numericlocale on

-- ---- the company ----------------------------------------------------------------------------------------------------

SELECT format('%s on %s, amounts in %s', c.name, to_char(business_date(), 'FMDD FMMonth YYYY'), c.currency) AS heading
FROM company c WHERE c.company = 'MAIN' \gset
\echo
\echo :heading
\echo
SELECT count(*) AS customers, round(sum(sales_12m)) AS "turnover, 12 months", round(sum(outstanding)) AS outstanding,
       round(100 * sum(overdue) / sum(outstanding), 1) AS "late %",
       round(100 * sum(overdue(receivables, 30)) / sum(outstanding), 1) AS "over 30 days %",
       round(365 * sum(outstanding) / sum(sales_12m)) AS "DSO"
FROM customer_facts;

\echo 'Aging balance'
\echo
SELECT bucket AS "days late", round(sum(amount)) AS amount, sum(items) AS items,
       round(100 * sum(amount) / sum(sum(amount)) OVER (), 1) AS "share %",
       repeat('#', round(40 * sum(amount) / sum(sum(amount)) OVER ())::integer) AS share
FROM aging_balance_by_bucket
GROUP BY bucket_order, bucket
ORDER BY bucket_order;

-- ---- who is where ---------------------------------------------------------------------------------------------------

\echo 'Segments: each customer is in one scenario'
\echo
SELECT scenario, count(*) AS customers, round(sum(outstanding)) AS outstanding, round(sum(overdue)) AS late,
       round(sum(overdue_31_to_60 + overdue_61_to_90 + overdue_over_90)) AS "over 30 days"
FROM aging_balance
GROUP BY scenario
ORDER BY sum(outstanding) DESC;

\echo 'Portfolios: each customer has one collector'
\echo
SELECT portfolio, collector, count(*) AS customers, round(sum(outstanding)) AS outstanding, round(sum(overdue)) AS late
FROM aging_balance
GROUP BY portfolio, collector
ORDER BY sum(outstanding) DESC;

\echo 'Groups: a customer is in as long as the search matches'
\echo
SELECT g.customer_group AS "group", count(*) AS customers, round(sum(b.outstanding)) AS outstanding,
       round(sum(b.overdue)) AS late
FROM group_membership g JOIN aging_balance b USING (customer_id)
GROUP BY g.customer_group
ORDER BY g.customer_group;

\echo 'The five largest of the very late customers'
\echo
SELECT f.account_no AS account, left(f.name, 32) AS customer, round(f.outstanding) AS outstanding,
       round(overdue(f.unqualified, 30)) AS "over 30 days", f.days_overdue AS oldest,
       round(f.internal_score) AS score, f.payer_profile AS payer
FROM customer_facts f JOIN group_membership g USING (customer_id)
WHERE g.customer_group = 'Very late customers'
ORDER BY overdue(f.unqualified, 30) DESC, f.account_no
LIMIT 5;

-- ---- a collector works ----------------------------------------------------------------------------------------------

-- Rather one who pays well otherwise, whom nothing but the old items keeps where he is.
SELECT f.customer_id AS customer, f.account_no AS account, f.name AS customer_name
FROM customer_facts f JOIN scenario_membership s USING (customer_id)
WHERE s.scenario = 'No action - old items'
ORDER BY EXISTS (SELECT FROM group_membership g
                 WHERE g.customer_id = f.customer_id AND g.customer_group = 'Risky customers'),
         overdue(f.unqualified, 30) DESC, f.account_no
LIMIT 1 \gset

CREATE TEMP VIEW standing AS
SELECT f.customer_id, b.scenario, b.portfolio,
       (SELECT string_agg(g.customer_group, ', ' ORDER BY g.customer_group) FROM group_membership g
        WHERE g.customer_id = f.customer_id) AS groups,
       round(f.outstanding) AS outstanding, round(overdue(f.unqualified, 30)) AS "old, no status"
FROM customer_facts f JOIN aging_balance b USING (customer_id);
\set standing 'SELECT scenario, portfolio, groups, outstanding, "old, no status" FROM standing WHERE customer_id ='

\echo :account :customer_name 'gets no reminders, for nobody knows why the old items are not paid:'
\echo
:standing :customer;

\echo 'Why? explain_assignment() tells it rule by rule, with the values and what they would have to be:'
\echo
SELECT coalesce('rule ' || rule_id, 'now') AS rule, name AS scenario, finding
FROM explain_assignment(:customer) WHERE target = 'scenario' AND line IN ('target', 'rule') ORDER BY line_no;

\echo 'Sofia Marquez calls: the price is disputed. Her program, or the ERP, marks the items:'
\echo
\echo '  UPDATE receivables.item SET status = ''dispute'', status_comment = ''Price'''
\echo '  WHERE customer_id =' :customer 'AND open_amount > 0 AND due_date < receivables.business_date() - 30;'
\echo
SELECT clock_timestamp() AS started \gset
UPDATE receivables.item SET status = 'dispute', status_comment = 'Price'
WHERE customer_id = :customer AND open_amount > 0 AND due_date < receivables.business_date() - 30;
SELECT round(extract(epoch FROM clock_timestamp() - :'started') * 1000, 1) AS milliseconds \gset

\echo 'That took' :milliseconds 'ms, and the customer is back in the normal scenario:'
\echo
:standing :customer;
SELECT l.target AS changed, l.previous AS "from", l.name AS "to", l.search AS "by search"
FROM membership_log l
WHERE l.customer_id = :customer AND l.recorded_at >= :'started'
ORDER BY l.log_id, l.target_order;
DROP VIEW pg_temp.standing;

-- ---- the credit manager thinks of another limit ---------------------------------------------------------------------

\echo 'What if "strategic" began at 150,000? In a transaction that is rolled back it is only a question; nothing'
\echo 'is written, and the ledger goes on meanwhile:'
\echo
BEGIN;
UPDATE search SET criteria = replace(criteria, '250000', '150000') WHERE name IN ('strategic', 'standard');
SELECT clock_timestamp() AS started \gset
CREATE TEMP TABLE consequence ON COMMIT DROP AS SELECT * FROM compare_rules();
SELECT round(extract(epoch FROM clock_timestamp() - :'started') * 1000) AS milliseconds \gset
SELECT replace(section, '_', ' ') AS what, change, from_name AS "from", to_name AS "to", customers, round(outstanding) AS outstanding
FROM consequence WHERE section NOT IN ('workload', 'alert') ORDER BY section, customers DESC, from_name, to_name;
SELECT coalesce(collector, '(nobody)') AS collector, sum(manual_before) AS "actions by hand now", sum(manual_after) AS "then"
FROM consequence WHERE section = 'workload' GROUP BY collector HAVING sum(manual_before) <> sum(manual_after) ORDER BY 1;
ROLLBACK;
\echo 'That question took' :milliseconds 'ms.'

-- ---- a collector's morning ------------------------------------------------------------------------------------------

\echo
\echo 'A collector''s morning: what is due, by collector. E-mails and letters that need nobody go out with'
\echo 'the daily work, CALL receivables.run_automatic_actions().'
\echo
CREATE TEMP TABLE morning AS
SELECT a.collector, a.customer_id, a.account_no, a.customer, a.automatic, a.step, a.days_waiting, a.items, a.amount,
       row_number() OVER (PARTITION BY a.collector, a.automatic <> 'auto' ORDER BY a.priority_rank) AS place
FROM collection_agenda a WHERE a.action_on <= business_date();
SELECT collector, count(*) FILTER (WHERE automatic = 'auto') AS "by itself",
       count(*) FILTER (WHERE automatic = 'confirm') AS "once confirmed",
       count(*) FILTER (WHERE automatic = 'manual') AS "by hand", round(sum(amount)) AS "to collect"
FROM morning GROUP BY collector ORDER BY collector;

-- Who has most to collect by hand, and two customers to call at least.
SELECT count(collector) AS enough, min(collector) AS collector
FROM (SELECT collector FROM morning WHERE automatic = 'manual' AND collector IS NOT NULL
      GROUP BY collector HAVING count(*) > 1 ORDER BY sum(amount) DESC, collector LIMIT 1) AS m \gset
\if :enough
\echo 'The agenda of' :collector 'begins with:'
\echo
SELECT place, account_no AS account, left(customer, 32) AS customer, step, days_waiting AS "days waiting", items,
       round(amount) AS "to collect"
FROM morning WHERE collector = :'collector' AND automatic <> 'auto' AND place <= 5 ORDER BY place;

-- The first two on whom something can be done by hand; the largest invoice due of each.
CREATE TEMP TABLE called AS
SELECT row_number() OVER (ORDER BY m.place) AS line, m.customer_id, m.account_no, m.customer, i.item_id, i.document_no
FROM morning m
CROSS JOIN LATERAL (SELECT i.item_id, i.document_no FROM collection_agenda_item i
                    WHERE i.customer_id = m.customer_id AND i.source = 'scenario' AND i.due_date < business_date()
                    ORDER BY i.open_amount DESC, i.item_id LIMIT 1) AS i
WHERE m.collector = :'collector' AND m.automatic = 'manual'
ORDER BY m.place LIMIT 2;
SELECT customer_id AS first, account_no AS first_account, customer AS first_name, item_id AS first_item, document_no AS first_invoice,
       business_date() + 7 AS promised_on
FROM called WHERE line = 1 \gset
SELECT customer_id AS second, account_no AS second_account, customer AS second_name, item_id AS second_item, document_no AS second_invoice
FROM called WHERE line = 2 \gset

\echo :first_account :first_name 'promises to pay' :first_invoice 'in a week:'
\echo
\echo '  SELECT receivables.complete_action(':first', outcome => ''promised'');'
\echo '  SELECT receivables.qualify(':first', ''{':first_item'}'', ''promise'', promised_on => ''':promised_on''');'
\echo
\echo :second_account :second_name 'disputes the price of' :second_invoice:
\echo
\echo '  SELECT receivables.complete_action(':second', outcome => ''disputed'');'
\echo '  SELECT receivables.open_dispute(':second', ''{':second_item'}'', ''price'', resolver => ''Sales'');'
\echo
SELECT clock_timestamp() AS started \gset
SELECT complete_action(:first, outcome => 'promised') AS done,
       qualify(:first, ARRAY[:first_item], 'promise', promised_on => :'promised_on') AS planned \gset
SELECT complete_action(:second, outcome => 'disputed') AS done,
       open_dispute(:second, ARRAY[:second_item], 'price', resolver => 'Sales') AS opened \gset
SELECT round(extract(epoch FROM clock_timestamp() - :'started') * 1000, 1) AS milliseconds \gset
\echo 'That took' :milliseconds 'ms. The two invoices are followed up for themselves, the rest goes on with the scenario:'
\echo
SELECT a.account_no AS account, a.source, a.step, a.action_on - business_date() AS "in days", a.items,
       round(a.amount) AS "to collect", a.resolver
FROM collection_agenda a JOIN called c USING (customer_id)
ORDER BY c.line, a.action_on, a.source;
DROP TABLE called;
\else
\echo 'A company this small leaves nobody two customers to call today.'
\endif
DROP TABLE morning;
\echo 'A payment ends what it clears in its own transaction; a reversed payment brings it back.'
