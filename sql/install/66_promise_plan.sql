-- Payment plans (promises in instalments), cancelling, and the promise-kept rate.

CREATE FUNCTION receivables.make_payment_plan(customer_id bigint, first_on date, instalments integer, amount numeric DEFAULT NULL, every interval DEFAULT '1 month',
                                              item_ids bigint[] DEFAULT NULL, dates date[] DEFAULT NULL, amounts numeric[] DEFAULT NULL,
                                              comment text DEFAULT NULL, channel text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  named bigint[];
  count_of CONSTANT integer := coalesce(cardinality(dates), instalments, cardinality(amounts));
  total numeric;
  part numeric;
  made bigint;
  promise bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM receivables.customer c WHERE c.customer_id = make_payment_plan.customer_id) THEN
    RAISE EXCEPTION 'customer % does not exist', customer_id USING ERRCODE = '23503';
  END IF;
  -- The dates: as given, or from the first one on.
  IF count_of IS NULL OR count_of NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'a payment plan has 1 to 1000 instalments' USING ERRCODE = '22023';
  ELSIF instalments <> count_of OR cardinality(amounts) <> count_of THEN
    RAISE EXCEPTION 'instalments, dates and amounts do not agree in number' USING ERRCODE = '22023',
      DETAIL = format('%s instalments, %s dates, %s amounts.', coalesce(instalments, count_of), coalesce(cardinality(dates), count_of), coalesce(cardinality(amounts), count_of));
  END IF;
  IF dates IS NULL THEN
    IF first_on IS NULL OR every IS NULL THEN
      RAISE EXCEPTION 'the first date and the interval, or all dates, must be given' USING ERRCODE = '22004';
    ELSIF NOT isfinite(first_on) THEN
      RAISE EXCEPTION 'date of the promise is not finite' USING ERRCODE = '22023';
    END IF;
    SELECT array_agg((first_on + every * n)::date ORDER BY n) INTO dates FROM generate_series(0, count_of - 1) n;
  ELSIF array_position(dates, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'dates of the instalments must be given' USING ERRCODE = '22004';
  ELSIF first_on <> dates[1] THEN
    RAISE EXCEPTION 'first date and dates do not agree' USING ERRCODE = '22023';
  END IF;
  IF EXISTS (SELECT FROM generate_series(2, count_of) n WHERE dates[n] <= dates[n - 1]) THEN
    RAISE EXCEPTION 'dates of the instalments do not ascend' USING ERRCODE = '22023';
  END IF;
  -- The amounts: as given, or equal parts, the last one with the rest.
  IF item_ids IS NOT NULL THEN
    named := receivables.lock_items(customer_id, item_ids);
  END IF;
  total := receivables.promised_amount(customer_id, named, coalesce(amount, (SELECT sum(u.a) FROM unnest(amounts) AS u(a))));
  IF amounts IS NULL THEN
    part := trunc(total / count_of, 2);
    amounts := array_fill(part, ARRAY[count_of - 1]) || (total - part * (count_of - 1));
  END IF;
  IF EXISTS (SELECT FROM unnest(amounts) AS u(a) WHERE u.a IS NULL OR u.a <= 0 OR u.a IN ('infinity', 'NaN')) THEN
    RAISE EXCEPTION 'amounts of the instalments must be positive' USING ERRCODE = '22023';
  ELSIF EXISTS (SELECT FROM unnest(amounts) AS u(a) WHERE u.a <> round(u.a, 4)) THEN
    RAISE EXCEPTION 'promised amount has more than 4 decimals or is above 900000000000000' USING ERRCODE = '22003';
  ELSIF total <> (SELECT sum(u.a) FROM unnest(amounts) AS u(a)) THEN
    RAISE EXCEPTION 'amounts of the instalments do not add up' USING ERRCODE = '22023',
      DETAIL = format('Their sum is %s, the amount %s.', (SELECT sum(u.a) FROM unnest(amounts) AS u(a)), total);
  END IF;
  INSERT INTO receivables.payment_plan AS n (customer_id, made_on, amount, instalments, last_on, comment)
  VALUES (customer_id, receivables.business_date(), total, count_of, dates[count_of], comment)
  RETURNING n.plan_id INTO made;
  FOR n IN 1 .. count_of LOOP
    IF n = 1 AND named IS NOT NULL THEN
      promise := receivables.make_promise(customer_id, dates[1], named, amounts[1], comment, channel);
      UPDATE receivables.promise p SET plan_id = made, instalment_no = 1 WHERE p.customer_id = make_payment_plan.customer_id AND p.promise_id = promise;
    ELSE
      PERFORM receivables.write_promise(customer_id, named, dates[n], amounts[n], comment, channel, made, n);
    END IF;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.make_payment_plan(bigint, date, integer, numeric, interval, bigint[], date[], numeric[], text, text) IS
  'Records a payment plan and returns its number: instalments of equal amounts at equal intervals from the first date on, or on the given dates and of the given amounts; amount NULL = the open amount of the items. The items are promised for the first date.';

-- Items of a plan are promised for one instalment at a time: when that is kept, for the next one.
CREATE FUNCTION receivables.advance_payment_plans(customer_id bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  moved bigint;
BEGIN
  WITH next AS MATERIALIZED (
    SELECT s.customer_id, s.promise_id, s.promised_on,
           min(s.promised_on) FILTER (WHERE s.state = 'open') OVER (PARTITION BY s.customer_id, s.plan_id) AS next_on,
           s.state IN ('kept', 'cancelled') AS passed
    FROM receivables.payment_plan l
         CROSS JOIN LATERAL (SELECT x.* FROM receivables.promise_state x WHERE x.customer_id = l.customer_id AND x.plan_id = l.plan_id OFFSET 0) s
    WHERE l.last_on >= receivables.business_date() AND (advance_payment_plans.customer_id IS NULL OR l.customer_id = advance_payment_plans.customer_id)
  ), due AS MATERIALIZED (
    SELECT i.customer_id, i.item_id, max(n.next_on) AS next_on
    FROM next n
    JOIN receivables.promise_item o ON o.customer_id = n.customer_id AND o.promise_id = n.promise_id
    JOIN receivables.item i ON i.customer_id = o.customer_id AND i.item_id = o.item_id AND i.promised_on = n.promised_on AND i.open_amount <> 0
    JOIN receivables.item_status t ON t.code = i.status AND t.category = 'promise'
    WHERE n.passed AND n.next_on > n.promised_on
    GROUP BY i.customer_id, i.item_id
    ORDER BY i.customer_id, i.item_id
  )
  UPDATE receivables.item i SET promised_on = d.next_on FROM due d WHERE i.customer_id = d.customer_id AND i.item_id = d.item_id;
  GET DIAGNOSTICS moved = ROW_COUNT;
  RETURN moved;
END $$;
COMMENT ON FUNCTION receivables.advance_payment_plans(bigint) IS
  'Moves the promised date of the items of payment plans, whose instalment is kept, to the next open instalment, for one customer or for all; returns how many items were moved. To be called daily; payments between two calls are judged all the same.';

CREATE FUNCTION receivables.cancel_promise(customer_id bigint, promise_id bigint, status text DEFAULT 'ongoing', comment text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found record;
  moved bigint := 0;
  freed bigint[];
BEGIN
  PERFORM FROM receivables.promise p WHERE p.customer_id = cancel_promise.customer_id AND p.promise_id = cancel_promise.promise_id FOR UPDATE;
  SELECT s.state, s.plan_id, s.promised_on INTO found FROM receivables.promise_state s
  WHERE s.customer_id = cancel_promise.customer_id AND s.promise_id = cancel_promise.promise_id;
  IF found.state IS NULL THEN
    RAISE EXCEPTION 'promise % of customer % does not exist', promise_id, customer_id USING ERRCODE = '42704';
  ELSIF found.state <> 'open' THEN
    RAISE EXCEPTION 'promise % is no longer open', promise_id
      USING ERRCODE = '55000', DETAIL = format('Its state is %s.', found.state), HINT = 'What has been judged stays as it is; make another promise.';
  END IF;
  UPDATE receivables.promise p SET cancelled_on = receivables.business_date(), comment = coalesce(cancel_promise.comment, p.comment)
  WHERE p.customer_id = cancel_promise.customer_id AND p.promise_id = cancel_promise.promise_id;
  IF found.plan_id IS NOT NULL THEN
    moved := receivables.advance_payment_plans(customer_id);
  END IF;
  -- Items that are still promised for that date are so no longer.
  SELECT array_agg(i.item_id ORDER BY i.item_id) INTO freed
  FROM receivables.promise_item o
  JOIN receivables.item i ON i.customer_id = o.customer_id AND i.item_id = o.item_id AND i.promised_on = found.promised_on AND i.open_amount <> 0
  JOIN receivables.item_status t ON t.code = i.status AND t.category = 'promise'
  WHERE o.customer_id = cancel_promise.customer_id AND o.promise_id = cancel_promise.promise_id;
  IF freed IS NOT NULL AND status IS NOT NULL THEN
    PERFORM receivables.qualify(customer_id, freed, status, comment, NULL, NULL, NULL, NULL);
  ELSIF moved > 0 THEN
    PERFORM receivables.apply_changes();
  END IF;
END $$;
COMMENT ON FUNCTION receivables.cancel_promise(bigint, bigint, text, text) IS
  'Cancels an open promise (it no longer counts in the rates); its items get the status, unless that is NULL or a later instalment holds them. 42704 unknown, 55000 no longer open.';

CREATE FUNCTION receivables.cancel_payment_plan(customer_id bigint, plan_id bigint, status text DEFAULT 'ongoing', comment text DEFAULT NULL) RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  instalment bigint;
  cancelled integer := 0;
BEGIN
  PERFORM FROM receivables.payment_plan l WHERE l.customer_id = cancel_payment_plan.customer_id AND l.plan_id = cancel_payment_plan.plan_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'payment plan % of customer % does not exist', plan_id, customer_id USING ERRCODE = '42704';
  END IF;
  -- From the last one, so that the items are not moved from one instalment to the next.
  FOR instalment IN SELECT s.promise_id FROM receivables.promise_state s
                    WHERE s.customer_id = cancel_payment_plan.customer_id AND s.plan_id = cancel_payment_plan.plan_id AND s.state = 'open'
                    ORDER BY s.instalment_no DESC LOOP
    PERFORM receivables.cancel_promise(customer_id, instalment, status, comment);
    cancelled := cancelled + 1;
  END LOOP;
  IF cancelled = 0 THEN
    RAISE EXCEPTION 'payment plan % has no open instalment', plan_id USING ERRCODE = '55000';
  END IF;
  RETURN cancelled;
END $$;
COMMENT ON FUNCTION receivables.cancel_payment_plan(bigint, bigint, text, text) IS
  'Cancels the open instalments of a payment plan and returns their number; its items get the status. 42704 unknown, 55000 none is open.';

CREATE VIEW receivables.payment_plan_state AS
SELECT l.customer_id, l.plan_id, l.made_on, l.made_by, l.comment, l.amount::numeric(28,4) AS amount, l.instalments,
       s.kept, s.failed, s.open_instalments, s.cancelled, s.paid::numeric(28,4) AS paid, s.next_on, l.last_on,
       CASE WHEN s.failed > 0 THEN 'broken' WHEN s.open_instalments > 0 THEN 'open' WHEN s.kept > 0 THEN 'kept' ELSE 'cancelled' END AS state
FROM receivables.payment_plan l
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.state = 'kept') AS kept, count(*) FILTER (WHERE p.state IN ('partially_kept', 'broken')) AS failed,
         count(*) FILTER (WHERE p.state = 'open') AS open_instalments, count(*) FILTER (WHERE p.state = 'cancelled') AS cancelled,
         coalesce(sum(p.paid) FILTER (WHERE p.state <> 'cancelled'), 0) AS paid, min(p.promised_on) FILTER (WHERE p.state = 'open') AS next_on
  FROM receivables.promise_state p WHERE p.customer_id = l.customer_id AND p.plan_id = l.plan_id) s;
COMMENT ON VIEW receivables.payment_plan_state IS 'One row per payment plan (key customer_id, plan_id): how far it has come.';
COMMENT ON COLUMN receivables.payment_plan_state.customer_id IS 'Customer; key of the view together with plan_id.';
COMMENT ON COLUMN receivables.payment_plan_state.plan_id IS 'Payment plan.';
COMMENT ON COLUMN receivables.payment_plan_state.made_on IS 'Business date on which it was agreed.';
COMMENT ON COLUMN receivables.payment_plan_state.made_by IS 'Who recorded it.';
COMMENT ON COLUMN receivables.payment_plan_state.comment IS 'Comment.';
COMMENT ON COLUMN receivables.payment_plan_state.amount IS 'Sum of the instalments, in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.payment_plan_state.instalments IS 'Number of instalments.';
COMMENT ON COLUMN receivables.payment_plan_state.kept IS 'Instalments kept.';
COMMENT ON COLUMN receivables.payment_plan_state.failed IS 'Instalments partially kept or broken.';
COMMENT ON COLUMN receivables.payment_plan_state.open_instalments IS 'Instalments to come.';
COMMENT ON COLUMN receivables.payment_plan_state.cancelled IS 'Instalments cancelled.';
COMMENT ON COLUMN receivables.payment_plan_state.paid IS 'Paid in time on its instalments.';
COMMENT ON COLUMN receivables.payment_plan_state.next_on IS 'Date of the next open instalment.';
COMMENT ON COLUMN receivables.payment_plan_state.last_on IS 'Date of the last instalment.';
COMMENT ON COLUMN receivables.payment_plan_state.state IS 'broken once an instalment was not kept, open while instalments are to come, then kept; cancelled where none was judged.';

-- Promise-kept rate = kept / (kept + partially kept + broken), by count; by amount = paid in time / promised. Open and
-- cancelled promises are left out. No standard defines it; the states and their judging follow SAP FSCM (promise
-- evaluation FDM_JUDGE), the rate is the common reading of credit managers.
CREATE VIEW receivables.promise_kept_rate_by_customer AS
SELECT c.customer_id, c.account_no, c.name AS customer, c.company, s.promises, s.kept, s.partially_kept, s.broken, s.open_promises,
       s.promised_amount::numeric(28,4) AS promised_amount, s.paid_amount::numeric(28,4) AS paid_amount, s.open_amount::numeric(28,4) AS open_amount,
       (s.kept::numeric / nullif(s.promises, 0))::numeric(9,4) AS kept_rate,
       (s.paid_amount / nullif(s.promised_amount, 0))::numeric(9,4) AS paid_rate
FROM (SELECT p.customer_id,
             count(*) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')) AS promises,
             count(*) FILTER (WHERE p.state = 'kept') AS kept, count(*) FILTER (WHERE p.state = 'partially_kept') AS partially_kept,
             count(*) FILTER (WHERE p.state = 'broken') AS broken, count(*) FILTER (WHERE p.state = 'open') AS open_promises,
             coalesce(sum(p.amount) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')), 0) AS promised_amount,
             coalesce(sum(p.paid) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')), 0) AS paid_amount,
             coalesce(sum(p.amount - p.paid) FILTER (WHERE p.state = 'open'), 0) AS open_amount
      FROM receivables.promise_state p GROUP BY p.customer_id) s
JOIN receivables.customer c ON c.customer_id = s.customer_id;
COMMENT ON VIEW receivables.promise_kept_rate_by_customer IS
  'One row per customer who ever promised (key customer_id). kept_rate = kept / (kept + partially kept + broken); open and cancelled promises are left out. Amounts in the currency of the company.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_customer.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_customer.account_no IS 'Account number in the ERP.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_customer.customer IS 'Name of the customer.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_customer.company IS 'Selling company.';

CREATE VIEW receivables.promise_kept_rate_by_collector AS
SELECT s.collector, s.currency, s.promises, s.kept, s.partially_kept, s.broken, s.open_promises,
       s.promised_amount::numeric(28,4) AS promised_amount, s.paid_amount::numeric(28,4) AS paid_amount, s.open_amount::numeric(28,4) AS open_amount,
       (s.kept::numeric / nullif(s.promises, 0))::numeric(9,4) AS kept_rate,
       (s.paid_amount / nullif(s.promised_amount, 0))::numeric(9,4) AS paid_rate
FROM (SELECT coalesce(p.collector, '') AS collector, k.currency,
             count(*) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')) AS promises,
             count(*) FILTER (WHERE p.state = 'kept') AS kept, count(*) FILTER (WHERE p.state = 'partially_kept') AS partially_kept,
             count(*) FILTER (WHERE p.state = 'broken') AS broken, count(*) FILTER (WHERE p.state = 'open') AS open_promises,
             coalesce(sum(p.amount) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')), 0) AS promised_amount,
             coalesce(sum(p.paid) FILTER (WHERE p.state IN ('kept', 'partially_kept', 'broken')), 0) AS paid_amount,
             coalesce(sum(p.amount - p.paid) FILTER (WHERE p.state = 'open'), 0) AS open_amount
      FROM receivables.promise_state p
      JOIN receivables.customer c ON c.customer_id = p.customer_id
      JOIN receivables.company k ON k.company = c.company
      GROUP BY coalesce(p.collector, ''), k.currency) s;
COMMENT ON VIEW receivables.promise_kept_rate_by_collector IS
  'One row per collector and currency (key collector, currency). kept_rate = kept / (kept + partially kept + broken); open and cancelled promises are left out. collector is empty where nobody is credited.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_collector.collector IS 'Collector who is credited with the promises, empty for nobody; key of the view together with currency.';
COMMENT ON COLUMN receivables.promise_kept_rate_by_collector.currency IS 'Currency of the amounts: that of the customers'' companies.';

DO $$
DECLARE
  v text;
  c text[];
BEGIN
  FOREACH v IN ARRAY ARRAY['promise_kept_rate_by_customer', 'promise_kept_rate_by_collector'] LOOP
    FOREACH c SLICE 1 IN ARRAY ARRAY[
      ['promises', 'Promises judged: kept, partially kept and broken.'], ['kept', 'Promises kept.'], ['partially_kept', 'Promises kept in part.'],
      ['broken', 'Promises on which nothing was paid in time.'], ['open_promises', 'Promises not yet judged.'],
      ['promised_amount', 'Amount of the promises judged.'], ['paid_amount', 'Part of it paid in time.'], ['open_amount', 'Still to be paid on open promises.'],
      ['kept_rate', 'kept / promises as a fraction; NULL while none is judged.'], ['paid_rate', 'paid_amount / promised_amount as a fraction; NULL while none is judged.']]
    LOOP
      EXECUTE pg_catalog.format('COMMENT ON COLUMN receivables.%I.%I IS %L', v, c[1], c[2]);
    END LOOP;
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION receivables.promised_amount(bigint, bigint[], numeric) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.write_promise(bigint, bigint[], date, numeric, text, text, bigint, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.record_promise(bigint, bigint[], date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.make_promise(bigint, date, bigint[], numeric, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.make_payment_plan(bigint, date, integer, numeric, interval, bigint[], date[], numeric[], text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.advance_payment_plans(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.cancel_promise(bigint, bigint, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.cancel_payment_plan(bigint, bigint, text, text) FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('receivables.payment_plan', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.payment_plan_plan_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.promise', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.promise_promise_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.promise_item', '');
