-- The twin: every fact and every membership computed by brute force from the ledger, the rules and the pins.
-- Plain SQL; nothing of the extension is called. Criteria are evaluated as they are written: schema oracle has
-- a business_date(), an overdue() and so on of its own, over arrays of (due date, amount). The agenda: agenda.sql.

-- ---- vocabulary of criteria ----------------------------------------------------------------------------------------

CREATE TYPE oracle.line AS (due_date date, amount numeric);

CREATE FUNCTION oracle.not_since(d date, days integer) RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT d IS NULL OR d <= oracle.business_date() - days $$;
CREATE FUNCTION oracle.total(p oracle.line[]) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT coalesce(sum(l.amount), 0) FROM pg_catalog.unnest(p) l $$;
CREATE FUNCTION oracle.credits(p oracle.line[]) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT coalesce(sum(l.amount) FILTER (WHERE l.amount < 0), 0) FROM pg_catalog.unnest(p) l $$;
CREATE FUNCTION oracle.item_count(p oracle.line[]) RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT count(*) FROM pg_catalog.unnest(p) l $$;
CREATE FUNCTION oracle.oldest_due(p oracle.line[]) RETURNS date LANGUAGE sql STABLE AS
  $$ SELECT min(l.due_date) FILTER (WHERE l.amount > 0) FROM pg_catalog.unnest(p) l $$;
CREATE FUNCTION oracle.overdue(p oracle.line[], days integer, as_of date) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT coalesce(sum(l.amount) FILTER (WHERE as_of - l.due_date > days), 0) FROM pg_catalog.unnest(p) l $$;
CREATE FUNCTION oracle.overdue(p oracle.line[], days integer DEFAULT 0) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT oracle.overdue(p, days, oracle.business_date()) $$;
CREATE FUNCTION oracle.not_due(p oracle.line[]) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT oracle.total(p) - oracle.overdue(p, 0) $$;
CREATE FUNCTION oracle.due_within(p oracle.line[], days integer) RETURNS numeric LANGUAGE sql STABLE AS
  $$ SELECT coalesce(sum(l.amount), 0) FROM pg_catalog.unnest(p) l
     WHERE l.due_date BETWEEN oracle.business_date() AND oracle.business_date() + days $$;
CREATE FUNCTION oracle.minus(p oracle.line[], q oracle.line[]) RETURNS oracle.line[] LANGUAGE sql STABLE AS
  $$ SELECT p || coalesce((SELECT array_agg((l.due_date, -l.amount)::oracle.line) FROM pg_catalog.unnest(q) l), '{}') $$;
CREATE OPERATOR oracle.- (LEFTARG = oracle.line[], RIGHTARG = oracle.line[], FUNCTION = oracle.minus);

-- ---- an own record of open amounts ---------------------------------------------------------------------------------
-- What receivables.open_amount_change must say, noted row by row.

CREATE TABLE oracle.change (
  change_no bigint GENERATED ALWAYS AS IDENTITY, customer_id bigint, item_id bigint, effective_on date, paid numeric,
  open_amount numeric);
CREATE INDEX ON oracle.change (customer_id, item_id);

CREATE FUNCTION oracle.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  paid numeric;
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM oracle.change c WHERE c.customer_id = OLD.customer_id AND c.item_id = OLD.item_id;
    RETURN NULL;
  END IF;
  paid := NEW.amount - NEW.open_amount;
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.customer_id, OLD.item_id) <> (NEW.customer_id, NEW.item_id) THEN
      UPDATE oracle.change c SET customer_id = NEW.customer_id, item_id = NEW.item_id
      WHERE c.customer_id = OLD.customer_id AND c.item_id = OLD.item_id;
    END IF;
    -- An item that stays closed, but on another date: so was its last payment.
    IF OLD.open_amount = 0 AND NEW.open_amount = 0 AND OLD.cleared_on <> NEW.cleared_on THEN
      UPDATE oracle.change c SET effective_on = NEW.cleared_on WHERE c.change_no =
        (SELECT max(l.change_no) FROM oracle.change l WHERE (l.customer_id, l.item_id) = (NEW.customer_id, NEW.item_id));
    END IF;
    paid := paid - (OLD.amount - OLD.open_amount);
    IF paid = 0 AND NEW.open_amount = OLD.open_amount THEN
      RETURN NULL;
    END IF;
  ELSIF paid = 0 THEN
    RETURN NULL;
  END IF;
  INSERT INTO oracle.change (customer_id, item_id, effective_on, paid, open_amount)
  VALUES (NEW.customer_id, NEW.item_id, CASE WHEN NEW.open_amount = 0 THEN NEW.cleared_on ELSE oracle.business_date() END,
          paid, NEW.open_amount);
  RETURN NULL;
END $$;
CREATE TRIGGER oracle_note AFTER INSERT OR UPDATE OR DELETE ON receivables.item
  FOR EACH ROW EXECUTE FUNCTION oracle.note_change();

-- ---- dates of the paid parts ---------------------------------------------------------------------------------------
-- Payments are stacked: a positive change fills the item from the level reached so far, a negative one takes
-- back from the top. What is left of a part lies below every later level. Allocations, by date, date the
-- bottom of the stack; the changes date the rest.

CREATE VIEW oracle.payment_level AS
WITH movement AS (
  SELECT customer_id, item_id, 'change' AS source, effective_on AS dated_on, paid AS amount,
         row_number() OVER (PARTITION BY customer_id, item_id ORDER BY change_no) AS place
  FROM oracle.change
  UNION ALL
  SELECT customer_id, item_id, 'allocation', allocated_on, amount,
         row_number() OVER (PARTITION BY customer_id, item_id ORDER BY allocated_on, amount DESC)
  FROM receivables.payment_allocation
), level AS (
  SELECT m.*, sum(amount) OVER (PARTITION BY customer_id, item_id, source ORDER BY place) AS top FROM movement m
), rest AS (
  SELECT l.*, min(top) OVER (PARTITION BY customer_id, item_id, source ORDER BY place
                             ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS kept_to,
         last_value(top) OVER (PARTITION BY customer_id, item_id, source ORDER BY place
                               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS final
  FROM level l
)
SELECT customer_id, item_id, source, dated_on, greatest(top - amount, 0) AS bottom, kept_to AS top, greatest(final, 0) AS final
FROM rest WHERE amount > 0 AND kept_to > greatest(top - amount, 0);

CREATE VIEW oracle.payment AS
WITH l AS MATERIALIZED (TABLE oracle.payment_level),
stack AS (
  SELECT customer_id, item_id, coalesce(max(final) FILTER (WHERE source = 'change'), 0) AS paid,
         coalesce(max(final) FILTER (WHERE source = 'allocation'), 0) AS allocated
  FROM l GROUP BY customer_id, item_id),
part AS (
  SELECT l.customer_id, l.item_id, l.dated_on,
         CASE l.source WHEN 'allocation' THEN least(l.top, s.paid) - l.bottom
                       ELSE l.top - greatest(l.bottom, least(s.allocated, s.paid)) END AS amount
  FROM l JOIN stack s USING (customer_id, item_id))
SELECT i.customer_id, i.item_id, p.dated_on, i.due_date, round(p.amount * i.fx_rate, 4) AS amount
FROM receivables.item i JOIN part p USING (customer_id, item_id)
WHERE i.kind = 'invoice' AND i.amount > 0 AND p.amount > 0 AND round(p.amount * i.fx_rate, 4) <> 0;

-- ---- facts ---------------------------------------------------------------------------------------------------------

CREATE VIEW oracle.open_item AS
SELECT i.customer_id, i.due_date, round(i.open_amount * i.fx_rate, 4) AS amount, s.category, i.promised_on
FROM receivables.item i LEFT JOIN receivables.item_status s ON s.code = i.status
WHERE round(i.open_amount * i.fx_rate, 4) <> 0;

CREATE VIEW oracle.fact_view AS
WITH b AS MATERIALIZED (SELECT oracle.business_date() AS today),
deadline AS MATERIALIZED (
  SELECT promised_on, oracle.deadline(promised_on) >= today AS is_open
  FROM (SELECT DISTINCT promised_on FROM oracle.open_item WHERE promised_on IS NOT NULL) p, b),
open AS MATERIALIZED (
  SELECT o.customer_id, sum(amount) AS outstanding,
         coalesce(sum(amount) FILTER (WHERE due_date < today), 0) AS overdue,
         coalesce(sum(amount) FILTER (WHERE due_date >= today), 0) AS not_due,
         coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS credits,
         count(*) AS open_items, count(*) FILTER (WHERE due_date < today) AS overdue_items,
         min(due_date) FILTER (WHERE amount > 0) AS oldest_due_date,
         array_agg((due_date, amount)::oracle.line) AS receivables,
         array_agg((due_date, amount)::oracle.line) FILTER (WHERE category IS NULL) AS unqualified,
         array_agg((due_date, amount)::oracle.line) FILTER (WHERE category = 'dispute') AS disputed,
         array_agg((due_date, amount)::oracle.line)
           FILTER (WHERE category = 'promise' AND coalesce(d.is_open, true)) AS promised
  FROM oracle.open_item o CROSS JOIN b LEFT JOIN deadline d USING (promised_on) GROUP BY o.customer_id),
action AS MATERIALIZED (
  SELECT customer_id, max(done_on) AS last_action_on FROM receivables.action_log WHERE event IN ('done', 'recorded') GROUP BY customer_id),
addressed AS MATERIALIZED (
  SELECT customer_id, bool_or(btrim(email) <> '') AS email, bool_or(btrim(phone) <> '') AS phone
  FROM receivables.contact GROUP BY customer_id),
document AS MATERIALIZED (
  SELECT customer_id, max(document_date) FILTER (WHERE kind = 'invoice') AS last_invoice_on,
         max(document_date) FILTER (WHERE kind = 'payment') AS last_payment_item_on,
         coalesce(sum(round(amount * fx_rate, 4)) FILTER (WHERE kind IN ('invoice', 'debit_note', 'credit_note')
           AND document_date > today - interval '12 months' AND document_date <= today), 0) AS sales_12m
  FROM receivables.item, b GROUP BY customer_id),
paid AS MATERIALIZED (
  SELECT customer_id, max(dated_on) AS last_part_on,
         sum(amount) FILTER (WHERE within) AS amount, sum(amount * (dated_on - due_date)) FILTER (WHERE within) AS amount_days
  FROM (SELECT p.*, dated_on >= date_trunc('month', today) - interval '6 months'
                    AND dated_on < date_trunc('month', today) + interval '1 month' AS within
        FROM oracle.payment p, b) p
  GROUP BY customer_id)
SELECT c.customer_id, c.company, c.account_no, c.name, c.parent_id, c.country, c.currency, c.language, c.sector, c.sales_rep,
       c.email, c.phone, c.payment_days, c.external_score, c.external_rating, c.collection_blocked, c.attributes, c.created_on,
       coalesce(btrim(c.email) <> '', false) OR coalesce(a.email, false) AS has_email,
       coalesce(btrim(c.phone) <> '', false) OR coalesce(a.phone, false) AS has_phone,
       coalesce(o.outstanding, 0) AS outstanding, coalesce(o.overdue, 0) AS overdue, coalesce(o.not_due, 0) AS not_due,
       CASE WHEN o.outstanding > 0 THEN round(o.overdue / o.outstanding, 4) END AS overdue_share,
       coalesce(o.credits, 0) AS credits, coalesce(o.open_items, 0) AS open_items, coalesce(o.overdue_items, 0) AS overdue_items,
       o.oldest_due_date, coalesce(greatest(0, today - o.oldest_due_date), 0) AS days_overdue,
       coalesce(o.receivables, '{}') AS receivables, coalesce(o.unqualified, '{}') AS unqualified,
       coalesce(o.disputed, '{}') AS disputed, coalesce(o.promised, '{}') AS promised,
       greatest(p.last_part_on, d.last_payment_item_on) AS last_payment_on, d.last_invoice_on,
       n.last_action_on, NULL::date AS next_action_on, coalesce(d.sales_12m, 0) AS sales_12m,
       CASE WHEN p.amount > 0 THEN round(p.amount_days / p.amount, 4) END AS average_days_late,
       CASE WHEN p.amount > 0 THEN
         (SELECT w.profile FROM receivables.payer_profile_band w
          WHERE w.up_to_days IS NULL OR w.up_to_days >= round(p.amount_days / p.amount)
          ORDER BY w.up_to_days NULLS LAST LIMIT 1)
       ELSE 'unknown' END AS payer_profile,
       c.external_score AS internal_score, NULL::text AS rating, NULL::numeric AS credit_limit, NULL::numeric AS credit_available,
       NULL::numeric AS credit_usage, false AS has_legal_event
FROM receivables.customer c CROSS JOIN b
LEFT JOIN open o USING (customer_id) LEFT JOIN addressed a USING (customer_id)
LEFT JOIN document d USING (customer_id) LEFT JOIN paid p USING (customer_id) LEFT JOIN action n USING (customer_id);

CREATE TABLE oracle.fact AS SELECT * FROM oracle.fact_view WITH NO DATA;

-- ---- memberships ---------------------------------------------------------------------------------------------------

-- Hand-made assignments, noted by the wrappers below. name: the pinned target, for groups and colleagues their own.
CREATE TABLE oracle.hand (
  customer_id bigint, target text, slot text, name text, mode text, until date, PRIMARY KEY (customer_id, target, slot));
CREATE TABLE oracle.hit (search text, customer_id bigint, PRIMARY KEY (search, customer_id));
CREATE TABLE oracle.expected (customer_id bigint, target text, name text, rule_id bigint, source text);
-- Holders of autorun = false rules at the last CALL.
CREATE TABLE oracle.held (customer_id bigint, rule_id bigint);

CREATE VIEW oracle.actual AS
SELECT customer_id, 'scenario' AS target, scenario AS name, rule_id, source, since FROM receivables.scenario_membership
UNION ALL SELECT customer_id, kind || '_portfolio', portfolio, rule_id, source, since FROM receivables.portfolio_membership
UNION ALL SELECT customer_id, 'customer_group', customer_group, rule_id, source, since FROM receivables.group_membership
UNION ALL SELECT customer_id, 'option', option, rule_id, source, since FROM receivables.option_membership
UNION ALL SELECT customer_id, 'colleague', colleague, rule_id, source, since FROM receivables.colleague_membership;

CREATE PROCEDURE oracle.evaluate() LANGUAGE plpgsql SET search_path = oracle, pg_catalog SET enable_nestloop = off AS $$
DECLARE
  s record;
BEGIN
  TRUNCATE oracle.fact, oracle.hit, oracle.expected;
  INSERT INTO oracle.fact SELECT * FROM oracle.fact_view;
  FOR s IN SELECT name, criteria FROM receivables.search LOOP
    EXECUTE format('INSERT INTO oracle.hit SELECT %L, customer_id FROM oracle.fact WHERE (%s) IS TRUE', s.name, s.criteria);
  END LOOP;

  INSERT INTO oracle.expected
  WITH pin AS (
    SELECT h.* FROM oracle.hand h JOIN receivables.customer USING (customer_id)
    WHERE h.until IS NULL OR h.until >= oracle.business_date()),
  rule AS (
    SELECT r.rule_id, r.priority, r.search, r.new_customers_only, r.active_since, r.autorun,
           CASE WHEN r.scenario IS NOT NULL THEN 'scenario' WHEN r.portfolio IS NOT NULL THEN p.kind || '_portfolio'
                WHEN r.customer_group IS NOT NULL THEN 'customer_group' WHEN r.option IS NOT NULL THEN 'option'
                ELSE 'colleague' END AS target,
           coalesce(r.scenario, r.portfolio, r.customer_group, r.option, r.colleague) AS name
    FROM receivables.assignment_rule r LEFT JOIN receivables.portfolio p ON p.name = r.portfolio
    WHERE r.active),
  matching AS (
    SELECT c.customer_id, r.*
    FROM rule r CROSS JOIN receivables.customer c
    WHERE (NOT r.new_customers_only OR c.created_on >= r.active_since)
      AND CASE WHEN r.autorun THEN EXISTS (SELECT FROM oracle.hit h WHERE h.search = r.search AND h.customer_id = c.customer_id)
               ELSE EXISTS (SELECT FROM oracle.held h WHERE h.rule_id = r.rule_id AND h.customer_id = c.customer_id) END),
  candidate AS (  -- rank: pins before rules before defaults
    SELECT customer_id, target, name, NULL::bigint AS rule_id, 'manual' AS source, 1 AS rank, 0 AS priority FROM pin WHERE mode IN ('pin', 'add')
    UNION ALL SELECT customer_id, target, name, rule_id, 'rule', 2, priority FROM matching m
    WHERE NOT EXISTS (SELECT FROM pin WHERE mode = 'exclude' AND (pin.customer_id, pin.target, pin.name) = (m.customer_id, m.target, m.name))
    UNION ALL SELECT c.customer_id, d.target, d.name, NULL, 'default', 3, 0
    FROM (SELECT 'scenario' AS target, name FROM receivables.scenario WHERE is_default
          UNION ALL SELECT kind || '_portfolio', name FROM receivables.portfolio WHERE is_default) d, receivables.customer c)
  SELECT DISTINCT ON (customer_id, target, slot) customer_id, target, name, rule_id, source
  FROM (SELECT *, CASE WHEN target IN ('scenario', 'collection_portfolio', 'risk_portfolio') THEN '' ELSE name END AS slot FROM candidate) x
  ORDER BY customer_id, target, slot, rank, priority, rule_id;
END $$;

-- After a CALL: who now holds something by a rule that only CALLs evaluate, judged by the twin's own hits.
CREATE PROCEDURE oracle.note_call() LANGUAGE sql AS $$
  CALL oracle.evaluate();
  DELETE FROM oracle.held;
  INSERT INTO oracle.held SELECT h.customer_id, r.rule_id FROM oracle.hit h JOIN receivables.assignment_rule r USING (search)
  WHERE NOT r.autorun AND r.active $$;

-- ---- comparison ----------------------------------------------------------------------------------------------------

-- A fact as text by column; equal amounts of other scale are equal.
CREATE FUNCTION oracle.as_text(row_of_facts jsonb) RETURNS TABLE (fact text, value text) LANGUAGE sql STABLE AS $$
  SELECT key, CASE WHEN jsonb_typeof(j) = 'number' THEN trim_scale((j #>> '{}')::numeric)::text ELSE j #>> '{}' END
  FROM jsonb_each(row_of_facts) AS e(key, j)
  WHERE key NOT IN ('receivables', 'unqualified', 'disputed', 'promised', 'next_action_on') $$;  -- next_action_on: agenda_differences()

-- Profiles date by date, and the other facts as text by column.
CREATE FUNCTION oracle.profile_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH twin AS (
    SELECT f.customer_id, p.name, l.due_date, coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0) AS debit,
           coalesce(sum(l.amount) FILTER (WHERE l.amount < 0), 0) AS credit, count(*) FILTER (WHERE l.amount > 0) AS debits, count(*) FILTER (WHERE l.amount < 0) AS credits
    FROM oracle.fact f, LATERAL (VALUES ('receivables', f.receivables), ('unqualified', f.unqualified), ('disputed', f.disputed), ('promised', f.promised)) p(name, lines),
         LATERAL pg_catalog.unnest(p.lines) l
    GROUP BY 1, 2, 3),
  extension AS (
    SELECT f.customer_id, p.name, e.*
    FROM receivables.customer_facts f, LATERAL (VALUES ('receivables', f.receivables), ('unqualified', f.unqualified), ('disputed', f.disputed), ('promised', f.promised)) p(name, profile),
         LATERAL receivables.unnest(p.profile) e)
  SELECT 'fact ' || t.name, t.customer_id, t::text, NULL FROM (TABLE twin EXCEPT ALL TABLE extension) t
  UNION ALL SELECT 'fact ' || e.name, e.customer_id, NULL, e::text FROM (TABLE extension EXCEPT ALL TABLE twin) e $$;

-- last_action_on may wait in the queue with what else follows from actions.
CREATE FUNCTION oracle.fact_differences(memberships boolean) RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH twin AS MATERIALIZED (
    SELECT f.customer_id, t.* FROM oracle.fact f, LATERAL oracle.as_text(to_jsonb(f)) t),
  extension AS MATERIALIZED (
    SELECT f.customer_id, t.* FROM receivables.customer_facts f, LATERAL oracle.as_text(to_jsonb(f)) t)
  SELECT 'fact ' || coalesce(t.fact, e.fact), coalesce(t.customer_id, e.customer_id), t.value, e.value
  FROM (TABLE twin EXCEPT TABLE extension) t FULL JOIN (TABLE extension EXCEPT TABLE twin) e
    ON (t.customer_id, t.fact) = (e.customer_id, e.fact)
  WHERE memberships OR coalesce(t.fact, e.fact) <> 'last_action_on' $$;

CREATE FUNCTION oracle.aging_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH twin AS (
    SELECT c.customer_id, coalesce(sum(amount) FILTER (WHERE late <= 0), 0) AS b0, coalesce(sum(amount) FILTER (WHERE late BETWEEN 1 AND 30), 0) AS b1,
           coalesce(sum(amount) FILTER (WHERE late BETWEEN 31 AND 60), 0) AS b2, coalesce(sum(amount) FILTER (WHERE late BETWEEN 61 AND 90), 0) AS b3,
           coalesce(sum(amount) FILTER (WHERE late > 90), 0) AS b4, coalesce(sum(amount), 0) AS total
    FROM receivables.customer c
    LEFT JOIN (SELECT *, oracle.business_date() - due_date AS late FROM oracle.open_item) o USING (customer_id) GROUP BY 1),
  by_bucket AS (
    SELECT a.customer_id, sum(amount) FILTER (WHERE bucket_order = 0) AS b0, sum(amount) FILTER (WHERE bucket_order = 1) AS b1, sum(amount) FILTER (WHERE bucket_order = 2) AS b2,
           sum(amount) FILTER (WHERE bucket_order = 3) AS b3, sum(amount) FILTER (WHERE bucket_order = 4) AS b4, sum(amount) AS total
    FROM receivables.aging_balance_by_bucket a GROUP BY 1),
  balance AS (
    SELECT customer_id, not_due AS b0, overdue_1_to_30 AS b1, overdue_31_to_60 AS b2, overdue_61_to_90 AS b3, overdue_over_90 AS b4, outstanding AS total
    FROM receivables.aging_balance)
  SELECT 'aging_balance', customer_id, t::text, b::text FROM twin t FULL JOIN balance b USING (customer_id) WHERE (t = b) IS NOT TRUE
  UNION ALL
  SELECT 'aging_balance_by_bucket', customer_id, t::text, b::text FROM twin t FULL JOIN by_bucket b USING (customer_id) WHERE (t = b) IS NOT TRUE $$;

CREATE FUNCTION oracle.membership_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH expected AS (SELECT customer_id, target, name, rule_id, source FROM oracle.expected WHERE target <> 'colleague'),
  actual AS (SELECT customer_id, target, name, rule_id, source FROM oracle.actual WHERE target <> 'colleague')
  SELECT 'membership', e.customer_id, e::text, NULL FROM (TABLE expected EXCEPT ALL TABLE actual) e
  UNION ALL SELECT 'membership', a.customer_id, NULL, a::text FROM (TABLE actual EXCEPT ALL TABLE expected) a
  -- Colleagues are a record: whoever should have one has it, and nobody has one removed by hand.
  UNION ALL SELECT 'colleague', e.customer_id, e::text, NULL FROM oracle.expected e
  WHERE e.target = 'colleague' AND NOT EXISTS (SELECT FROM receivables.colleague_membership m WHERE (m.customer_id, m.colleague) = (e.customer_id, e.name))
  UNION ALL SELECT 'colleague', m.customer_id, NULL, m::text FROM receivables.colleague_membership m
  WHERE EXISTS (SELECT FROM oracle.hand h WHERE h.target = 'colleague' AND h.mode = 'exclude' AND (h.customer_id, h.name) = (m.customer_id, m.colleague))
  -- The columns of aging_balance say the same.
  UNION ALL SELECT 'aging_balance', b.customer_id, format('%s, %s, %s', s.name, c.name, r.name), format('%s, %s, %s', b.scenario, b.portfolio, b.risk_portfolio)
  FROM receivables.aging_balance b
  LEFT JOIN oracle.expected s ON s.customer_id = b.customer_id AND s.target = 'scenario'
  LEFT JOIN oracle.expected c ON c.customer_id = b.customer_id AND c.target = 'collection_portfolio'
  LEFT JOIN oracle.expected r ON r.customer_id = b.customer_id AND r.target = 'risk_portfolio'
  WHERE (s.name, c.name, r.name) IS DISTINCT FROM (b.scenario, b.portfolio, b.risk_portfolio) $$;

-- The log, read up to now, is what is held now.
CREATE FUNCTION oracle.log_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH log AS (SELECT m.customer_id, m.target, m.name, m.rule_id, m.source, m.since FROM receivables.memberships_as_of(clock_timestamp()) m
               JOIN receivables.customer c USING (customer_id)),
  actual AS (SELECT * FROM oracle.actual)
  SELECT 'membership_log', a.customer_id, a::text, NULL FROM (TABLE actual EXCEPT ALL TABLE log) a
  UNION ALL SELECT 'membership_log', l.customer_id, NULL, l::text FROM (TABLE log EXCEPT ALL TABLE actual) l $$;

-- What was held at moments of the traffic, and what is read of them later.
CREATE TABLE oracle.moment (moment integer GENERATED ALWAYS AS IDENTITY, at timestamptz);
CREATE TABLE oracle.held_then (moment integer, customer_id bigint, target text, name text, rule_id bigint, source text, since date, search text);
CREATE PROCEDURE oracle.note_moment() LANGUAGE plpgsql AS $$
DECLARE
  number integer;
BEGIN
  INSERT INTO oracle.moment (at) VALUES (clock_timestamp()) RETURNING moment INTO number;
  INSERT INTO oracle.held_then SELECT number, a.*, r.search FROM oracle.actual a LEFT JOIN receivables.assignment_rule r USING (rule_id);
END $$;
CREATE FUNCTION oracle.past_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH read AS MATERIALIZED (SELECT m.moment, a.* FROM oracle.moment m, receivables.memberships_as_of(m.at) a WHERE a.target <> 'alert'),
  past AS (SELECT moment, customer_id, target, name, rule_id, source, since FROM read),
  expected AS (SELECT moment, customer_id, target, name, rule_id, source, since FROM oracle.held_then)
  SELECT 'memberships_as_of', e.customer_id, e::text, NULL FROM (TABLE expected EXCEPT ALL TABLE past) e
  UNION ALL SELECT 'memberships_as_of', p.customer_id, NULL, p::text FROM (TABLE past EXCEPT ALL TABLE expected) p
  UNION ALL SELECT 'search of then', e.customer_id, e::text, r.search FROM oracle.held_then e JOIN read r USING (moment, customer_id, target, name, rule_id) WHERE e.search <> r.search
  -- Each period of a history covers the moments at which it was held.
  UNION ALL SELECT 'membership_history', e.customer_id, e::text, NULL FROM oracle.held_then e JOIN oracle.moment m USING (moment)
  WHERE NOT EXISTS (SELECT FROM receivables.membership_history(e.customer_id) h WHERE (h.target, h.source, h.since) = (e.target, e.source, e.since)
                    AND h.rule_id IS NOT DISTINCT FROM e.rule_id AND h.began_at <= m.at AND (h.ended_at IS NULL OR m.at < h.ended_at))
    AND e.moment % 7 = 0 $$;

CREATE FUNCTION oracle.history_differences() RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE sql AS $$
  WITH expected AS (SELECT customer_id, item_id, effective_on, trim_scale(paid), trim_scale(open_amount) FROM oracle.change),
  actual AS (SELECT customer_id, item_id, effective_on, trim_scale(paid), trim_scale(open_amount) FROM receivables.open_amount_change)
  SELECT 'open_amount_change', e.customer_id, e::text, NULL FROM (TABLE expected EXCEPT ALL TABLE actual) e
  UNION ALL SELECT 'open_amount_change', a.customer_id, NULL, a::text FROM (TABLE actual EXCEPT ALL TABLE expected) a
  UNION ALL SELECT 'open_amount_change', i.customer_id, (i.amount - i.open_amount)::text, h.paid::text
  FROM receivables.item i LEFT JOIN (SELECT customer_id, item_id, sum(paid) AS paid FROM receivables.open_amount_change GROUP BY 1, 2) h USING (customer_id, item_id)
  WHERE i.amount - i.open_amount <> coalesce(h.paid, 0)
  UNION ALL SELECT 'item', customer_id, NULL, i::text FROM receivables.item i WHERE (open_amount = 0) <> (cleared_on IS NOT NULL) $$;

-- Deleted customers whose position another transaction held meanwhile: it goes with the queue.
CREATE VIEW oracle.removal_queued AS
SELECT q.customer_id FROM receivables.change_queue q WHERE NOT EXISTS (SELECT FROM receivables.customer c WHERE c.customer_id = q.customer_id);

CREATE FUNCTION oracle.differences(memberships boolean) RETURNS TABLE (what text, customer_id bigint, expected text, actual text) LANGUAGE plpgsql AS $$
BEGIN
  CALL oracle.evaluate();
  RETURN QUERY SELECT * FROM oracle.fact_differences(memberships);
  RETURN QUERY SELECT * FROM oracle.profile_differences();
  RETURN QUERY SELECT * FROM oracle.aging_differences() d WHERE d.customer_id NOT IN (TABLE oracle.removal_queued);
  RETURN QUERY SELECT * FROM oracle.history_differences();
  RETURN QUERY SELECT 'check_positions ' || p.figure, p.customer_id, p.expected, p.stored FROM receivables.check_positions() p;
  RETURN QUERY SELECT * FROM oracle.log_differences() d WHERE d.customer_id NOT IN (TABLE oracle.removal_queued);
  IF memberships THEN
    RETURN QUERY SELECT * FROM oracle.membership_differences();
    TRUNCATE oracle.scenario_of;
    INSERT INTO oracle.scenario_of SELECT e.customer_id, e.name FROM oracle.expected e WHERE e.target = 'scenario';
    RETURN QUERY SELECT * FROM oracle.agenda_differences();
  END IF;
END $$;
