-- Promises to pay and payment plans. What was promised is kept here; whether it was kept is never stored: the view
-- promise_state judges by the ledger (open_amount_change), whenever it is read. Amounts are in the currency of the
-- customer's company. Payment plans, cancelling and rates: 66_promise_plan.sql.

CREATE TABLE receivables.payment_plan (
  customer_id bigint NOT NULL,
  plan_id     bigint GENERATED ALWAYS AS IDENTITY,
  made_on     date NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  made_by     text NOT NULL DEFAULT SESSION_USER,
  amount      numeric NOT NULL CONSTRAINT payment_plan_amount_check CHECK (amount > 0),
  instalments integer NOT NULL CONSTRAINT payment_plan_instalments_check CHECK (instalments > 0),
  last_on     date NOT NULL,
  comment     text,
  CONSTRAINT payment_plan_pkey PRIMARY KEY (customer_id, plan_id)
);
CREATE INDEX payment_plan_last_on_idx ON receivables.payment_plan (last_on);
COMMENT ON TABLE receivables.payment_plan IS 'Payment plans: an amount promised in instalments, each of them a row of promise. Made by make_payment_plan().';
COMMENT ON COLUMN receivables.payment_plan.made_on IS 'Business date on which it was agreed.';
COMMENT ON COLUMN receivables.payment_plan.amount IS 'Sum of the instalments.';
COMMENT ON COLUMN receivables.payment_plan.last_on IS 'Date of the last instalment.';

CREATE TABLE receivables.promise (
  customer_id       bigint NOT NULL,
  promise_id        bigint GENERATED ALWAYS AS IDENTITY,
  promised_on       date NOT NULL CONSTRAINT promise_promised_on_check CHECK (pg_catalog.isfinite(promised_on)),
  amount            numeric NOT NULL CONSTRAINT promise_amount_check CHECK (amount > 0 AND amount < 1e20 AND amount = pg_catalog.round(amount, 4)),
  promised_at       date NOT NULL,
  recorded_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  made_by           text NOT NULL DEFAULT SESSION_USER,
  collector         text CONSTRAINT promise_collector_fkey REFERENCES receivables.collector ON UPDATE CASCADE ON DELETE SET NULL,
  channel           text CONSTRAINT promise_channel_check
                      CHECK (channel IN ('email', 'interactive_email', 'call', 'letter', 'registered_letter', 'sms', 'fax', 'visit', 'task')),
  comment           text,
  plan_id           bigint,
  instalment_no     integer,
  cancelled_on      date,
  replaced_by       bigint,
  account_change_no bigint,
  account_item_id   bigint,
  CONSTRAINT promise_pkey PRIMARY KEY (customer_id, promise_id),
  CONSTRAINT promise_plan_id_fkey FOREIGN KEY (customer_id, plan_id) REFERENCES receivables.payment_plan ON DELETE CASCADE,
  CONSTRAINT promise_instalment_no_check CHECK ((plan_id IS NULL) = (instalment_no IS NULL)),
  CONSTRAINT promise_account_check CHECK ((account_change_no IS NULL) = (account_item_id IS NULL))
);
CREATE UNIQUE INDEX promise_instalment_no_idx ON receivables.promise (customer_id, plan_id, instalment_no) WHERE plan_id IS NOT NULL;
COMMENT ON TABLE receivables.promise IS
  'Promises to pay, instalments of payment plans included. Made by qualify(), make_promise() and make_payment_plan(); promise_state tells what became of them.';
COMMENT ON COLUMN receivables.promise.promised_on IS 'Date for which payment was promised.';
COMMENT ON COLUMN receivables.promise.amount IS 'Promised amount, in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.promise.promised_at IS 'Business date on which the promise was made.';
COMMENT ON COLUMN receivables.promise.recorded_at IS 'Time at which it was recorded.';
COMMENT ON COLUMN receivables.promise.made_by IS 'Session user who recorded it.';
COMMENT ON COLUMN receivables.promise.collector IS 'Collector whose role recorded it, else the collector of the customer''s collection portfolio at that time.';
COMMENT ON COLUMN receivables.promise.channel IS 'How the promise came, NULL where unknown.';
COMMENT ON COLUMN receivables.promise.plan_id IS 'Payment plan of which it is an instalment.';
COMMENT ON COLUMN receivables.promise.instalment_no IS 'Number of the instalment, from 1.';
COMMENT ON COLUMN receivables.promise.cancelled_on IS 'Business date on which it was cancelled or replaced.';
COMMENT ON COLUMN receivables.promise.replaced_by IS 'Later promise for the same items that took its place while it was open.';
COMMENT ON COLUMN receivables.promise.account_change_no IS 'Promise without items: the last change of an open amount of the customer before it.';
COMMENT ON COLUMN receivables.promise.account_item_id IS 'Promise without items: the customer''s last payment item before it.';

CREATE TABLE receivables.promise_item (
  customer_id      bigint NOT NULL,
  promise_id       bigint NOT NULL,
  item_id          bigint NOT NULL,
  open_amount      numeric NOT NULL CONSTRAINT promise_item_open_amount_check CHECK (open_amount <> 0),
  converted_amount numeric NOT NULL,
  change_no        bigint NOT NULL,
  CONSTRAINT promise_item_pkey PRIMARY KEY (customer_id, promise_id, item_id),
  CONSTRAINT promise_item_promise_id_fkey FOREIGN KEY (customer_id, promise_id) REFERENCES receivables.promise ON DELETE CASCADE
);
COMMENT ON TABLE receivables.promise_item IS 'The items a promise is about, as they were when it was made.';
COMMENT ON COLUMN receivables.promise_item.open_amount IS 'Open amount at the time, in the item''s currency.';
COMMENT ON COLUMN receivables.promise_item.converted_amount IS 'The same in the currency of the company, by the rate of the time.';
COMMENT ON COLUMN receivables.promise_item.change_no IS 'The item''s last row of open_amount_change at the time: later ones are payments after the promise.';

-- What counts as paid, by day: on the promised items their payments and reductions since the promise was made; an item
-- that has left the ledger counts as settled; for a promise without items, payments on the account. What was paid up to
-- the deadline counts only as far as it was not taken back later (a reversal takes back the latest payment first).
-- The fence (OFFSET 0) keeps the deadline from being asked for once for each mention.
CREATE VIEW receivables.promise_state AS
SELECT p.customer_id, p.promise_id, p.plan_id, p.instalment_no, p.promised_at, p.promised_on, d.deadline,
       p.amount::numeric(28,4) AS amount,
       f.paid::numeric(28,4) AS paid,
       CASE WHEN p.cancelled_on IS NOT NULL THEN 'cancelled'
            WHEN f.paid >= p.amount THEN 'kept'
            WHEN d.as_of <= d.deadline THEN 'open'
            WHEN f.paid > 0 THEN 'partially_kept'
            ELSE 'broken' END AS state,
       CASE WHEN p.cancelled_on IS NOT NULL THEN p.cancelled_on
            WHEN f.paid >= p.amount THEN greatest(x.covered_on, p.promised_at)
            WHEN d.as_of > d.deadline THEN d.deadline + 1 END AS judged_on,
       p.account_change_no IS NOT NULL AS on_account,
       p.collector, p.made_by, p.channel, p.comment, p.replaced_by, p.recorded_at
FROM receivables.promise p
CROSS JOIN LATERAL (
  SELECT receivables.promise_deadline(p.promised_on) AS deadline, receivables.business_date() AS as_of,
         CASE WHEN p.plan_id IS NULL THEN 0 ELSE
           (SELECT coalesce(sum(o.amount), 0) FROM receivables.promise o
            WHERE o.customer_id = p.customer_id AND o.plan_id = p.plan_id AND o.instalment_no < p.instalment_no AND o.cancelled_on IS NULL)
         END AS earlier_amount
  OFFSET 0) d
CROSS JOIN LATERAL (
  SELECT least(coalesce((pg_catalog.array_agg(t.total ORDER BY t.day DESC) FILTER (WHERE t.day <= d.deadline))[1], 0),
               min(t.total) FILTER (WHERE t.day > d.deadline)) AS paid,
         max(t.day) FILTER (WHERE t.day <= d.deadline AND t.total >= d.earlier_amount + p.amount
                            AND t.total_before < d.earlier_amount + p.amount) AS covered_on
  FROM (SELECT c.day, pg_catalog.round(sum(sum(c.paid)) OVER (ORDER BY c.day), 4) AS total,
               pg_catalog.round(sum(sum(c.paid)) OVER (ORDER BY c.day) - sum(c.paid), 4) AS total_before
        FROM (SELECT h.effective_on AS day,
                     greatest(h.paid, lag(h.open_amount, 1, i.open_amount) OVER (PARTITION BY i.item_id ORDER BY h.change_no)
                                      - h.open_amount) * i.converted_amount / i.open_amount AS paid
              FROM receivables.promise_item i
              JOIN receivables.open_amount_change h ON h.customer_id = i.customer_id AND h.item_id = i.item_id AND h.change_no > i.change_no
              WHERE i.customer_id = p.customer_id AND i.promise_id = p.promise_id
              UNION ALL
              SELECT p.promised_at, i.converted_amount
              FROM receivables.promise_item i
              WHERE i.customer_id = p.customer_id AND i.promise_id = p.promise_id
                AND NOT EXISTS (SELECT FROM receivables.item l WHERE l.customer_id = i.customer_id AND l.item_id = i.item_id)
              UNION ALL
              SELECT h.effective_on, h.paid * l.fx_rate
              FROM receivables.open_amount_change h
              JOIN receivables.item l ON l.customer_id = h.customer_id AND l.item_id = h.item_id
              WHERE p.account_change_no IS NOT NULL AND h.customer_id = p.customer_id AND h.change_no > p.account_change_no
              UNION ALL
              SELECT l.document_date, - l.amount * l.fx_rate
              FROM receivables.item l
              WHERE p.account_item_id IS NOT NULL AND l.customer_id = p.customer_id AND l.kind = 'payment'
                AND (l.item_id > p.account_item_id OR l.document_date > p.promised_at)) c
        GROUP BY c.day) t) x
CROSS JOIN LATERAL (SELECT greatest(0, least(x.paid - d.earlier_amount, p.amount)) AS paid) f;
COMMENT ON VIEW receivables.promise_state IS
  'One row per promise (key customer_id, promise_id): what was paid on it in time, and its state by the ledger as of the business date. Amounts in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.promise_state.customer_id IS 'Customer; key of the view together with promise_id.';
COMMENT ON COLUMN receivables.promise_state.promise_id IS 'Promise.';
COMMENT ON COLUMN receivables.promise_state.plan_id IS 'Payment plan of which it is an instalment.';
COMMENT ON COLUMN receivables.promise_state.instalment_no IS 'Number of the instalment.';
COMMENT ON COLUMN receivables.promise_state.promised_at IS 'Business date on which the promise was made.';
COMMENT ON COLUMN receivables.promise_state.promised_on IS 'Date for which payment was promised.';
COMMENT ON COLUMN receivables.promise_state.deadline IS 'Last day on which a payment keeps it: the promised date and the tolerance days.';
COMMENT ON COLUMN receivables.promise_state.amount IS 'Promised amount.';
COMMENT ON COLUMN receivables.promise_state.paid IS 'Paid towards it up to the deadline and not taken back since, at most the amount. Payments cover the instalments of a plan in order.';
COMMENT ON COLUMN receivables.promise_state.state IS 'open, kept, partially_kept, broken or cancelled.';
COMMENT ON COLUMN receivables.promise_state.judged_on IS 'Day since which the state holds: kept = the payment that completed it, else the day after the deadline or the day of cancelling; NULL while open.';
COMMENT ON COLUMN receivables.promise_state.on_account IS 'Made for the account, not for named items.';
COMMENT ON COLUMN receivables.promise_state.collector IS 'Collector who is credited with it.';
COMMENT ON COLUMN receivables.promise_state.made_by IS 'Who recorded it.';
COMMENT ON COLUMN receivables.promise_state.channel IS 'How the promise came.';
COMMENT ON COLUMN receivables.promise_state.comment IS 'Comment.';
COMMENT ON COLUMN receivables.promise_state.replaced_by IS 'Later promise that took its place.';
COMMENT ON COLUMN receivables.promise_state.recorded_at IS 'Time at which it was recorded.';

CREATE FUNCTION receivables.check_promised_on(promised_on date) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF promised_on IS NULL THEN
    RAISE EXCEPTION 'date of the promise must be given' USING ERRCODE = '22004';
  ELSIF NOT isfinite(promised_on) THEN
    RAISE EXCEPTION 'date of the promise is not finite' USING ERRCODE = '22023';
  ELSIF promised_on < receivables.business_date() THEN
    RAISE EXCEPTION 'date of the promise lies in the past' USING ERRCODE = '22023',
      DETAIL = format('%s is before the business date %s.', promised_on, receivables.business_date());
  END IF;
END $$;
COMMENT ON FUNCTION receivables.check_promised_on(date) IS 'Used by the functions of promises: refuses a past or infinite date (22023) and none at all (22004).';

CREATE FUNCTION receivables.promised_amount(customer_id bigint, item_ids bigint[], amount numeric) RETURNS numeric
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  open_amount numeric;
BEGIN
  IF amount <= 0 OR amount IN ('infinity', 'NaN') THEN
    RAISE EXCEPTION 'promised amount must be positive' USING ERRCODE = '22023';
  ELSIF amount <> round(amount, 4) OR amount > 900000000000000 THEN
    RAISE EXCEPTION 'promised amount has more than 4 decimals or is above 900000000000000' USING ERRCODE = '22003';
  ELSIF item_ids IS NULL AND amount IS NULL THEN
    RAISE EXCEPTION 'a promise without items needs an amount' USING ERRCODE = '22004';
  ELSIF item_ids IS NULL THEN
    RETURN amount;
  END IF;
  SELECT coalesce(sum(round(i.open_amount * i.fx_rate, 4)), 0) INTO open_amount
  FROM receivables.item i WHERE i.customer_id = promised_amount.customer_id AND i.item_id = ANY (item_ids);
  IF open_amount <= 0 THEN
    RAISE EXCEPTION 'nothing is open on the promised items' USING ERRCODE = '22023', DETAIL = format('Their open amount is %s.', open_amount);
  ELSIF amount > open_amount THEN
    RAISE EXCEPTION 'promised amount is larger than the open amount of the items' USING ERRCODE = '22023',
      DETAIL = format('%s is more than %s.', amount, open_amount), HINT = 'Promise more items, or make a promise without items for the account.';
  END IF;
  RETURN coalesce(amount, open_amount);
END $$;
COMMENT ON FUNCTION receivables.promised_amount(bigint, bigint[], numeric) IS
  'Used by the functions of promises: the amount, NULL = the open amount of the items; 22023 for one that is not positive or larger than what is open, 22004 for none without items, 22003 as in the ledger.';

-- Writes one promise: for the items, or for the account where item_ids is NULL. amount NULL = the open amount of the items.
CREATE FUNCTION receivables.write_promise(customer_id bigint, item_ids bigint[], promised_on date, amount numeric, comment text, channel text,
                                          plan_id bigint DEFAULT NULL, instalment_no integer DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  promised CONSTANT numeric := receivables.promised_amount(customer_id, item_ids, amount);
  who text;
  made bigint;
BEGIN
  PERFORM receivables.check_promised_on(promised_on);
  SELECT coalesce((SELECT c.name FROM receivables.collector c WHERE c.role_name = SESSION_USER ORDER BY c.collector_id LIMIT 1), o.collector) INTO who
  FROM receivables.position p LEFT JOIN receivables.portfolio o ON o.portfolio_id = p.collection_portfolio_id
  WHERE p.customer_id = write_promise.customer_id;
  INSERT INTO receivables.promise AS n (customer_id, promised_on, amount, promised_at, collector, channel, comment, plan_id, instalment_no, account_change_no, account_item_id)
  SELECT customer_id, promised_on, promised, receivables.business_date(), who, channel, comment, plan_id, instalment_no,
         CASE WHEN item_ids IS NULL THEN coalesce((SELECT max(h.change_no) FROM receivables.open_amount_change h WHERE h.customer_id = write_promise.customer_id), 0) END,
         CASE WHEN item_ids IS NULL THEN coalesce((SELECT max(i.item_id) FROM receivables.item i
                                                   WHERE i.customer_id = write_promise.customer_id AND i.kind = 'payment'), 0) END
  RETURNING n.promise_id INTO made;
  INSERT INTO receivables.promise_item (customer_id, promise_id, item_id, open_amount, converted_amount, change_no)
  SELECT i.customer_id, made, i.item_id, i.open_amount, round(i.open_amount * i.fx_rate, 4),
         coalesce((SELECT max(h.change_no) FROM receivables.open_amount_change h WHERE h.customer_id = i.customer_id AND h.item_id = i.item_id), 0)
  FROM receivables.item i WHERE i.customer_id = write_promise.customer_id AND i.item_id = ANY (item_ids) AND i.open_amount <> 0;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.write_promise(bigint, bigint[], date, numeric, text, text, bigint, integer) IS
  'Used by the functions of promises: writes one promise and its items; 22023 for a past date, an amount that is not positive or larger than what is open.';

CREATE FUNCTION receivables.record_promise(customer_id bigint, item_ids bigint[], promised_on date, comment text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  named bigint[];
  former bigint;
  made bigint;
BEGIN
  named := receivables.lock_items(customer_id, item_ids);
  made := receivables.write_promise(customer_id, named, promised_on, NULL, comment, NULL);
  -- An open promise all of whose open items are promised anew gives way: no payment shall keep two promises.
  FOR former IN
    SELECT p.promise_id FROM receivables.promise p
    WHERE p.customer_id = record_promise.customer_id AND p.promise_id < made AND p.cancelled_on IS NULL
      AND receivables.promise_deadline(p.promised_on) >= receivables.business_date()
      AND EXISTS (SELECT FROM receivables.promise_item o
                  WHERE o.customer_id = p.customer_id AND o.promise_id = p.promise_id AND o.item_id = ANY (named))
      AND NOT EXISTS (SELECT FROM receivables.promise_item o JOIN receivables.item i ON i.customer_id = o.customer_id AND i.item_id = o.item_id
                      WHERE o.customer_id = p.customer_id AND o.promise_id = p.promise_id AND o.item_id <> ALL (named) AND i.open_amount <> 0)
  LOOP
    IF EXISTS (SELECT FROM receivables.promise_state s WHERE s.customer_id = record_promise.customer_id AND s.promise_id = former AND s.state = 'open') THEN
      UPDATE receivables.promise p SET cancelled_on = receivables.business_date(), replaced_by = made
      WHERE p.customer_id = record_promise.customer_id AND p.promise_id = former;
    END IF;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.record_promise(bigint, bigint[], date, text) IS
  'Used by qualify(): writes the promise of the items'' open amounts and returns its number. Open promises of the same items are replaced by it; the items themselves are left alone.';

CREATE FUNCTION receivables.make_promise(customer_id bigint, promised_on date, item_ids bigint[] DEFAULT NULL, amount numeric DEFAULT NULL,
                                         comment text DEFAULT NULL, channel text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  named bigint[];
  promised numeric;
  former bigint;
  made bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM receivables.customer c WHERE c.customer_id = make_promise.customer_id) THEN
    RAISE EXCEPTION 'customer % does not exist', customer_id USING ERRCODE = '23503';
  END IF;
  IF item_ids IS NULL THEN
    RETURN receivables.write_promise(customer_id, NULL, promised_on, amount, comment, channel);
  END IF;
  PERFORM receivables.check_promised_on(promised_on);
  named := receivables.lock_items(customer_id, item_ids);
  promised := receivables.promised_amount(customer_id, named, amount);
  SELECT coalesce(max(p.promise_id), 0) INTO former FROM receivables.promise p WHERE p.customer_id = make_promise.customer_id;
  PERFORM receivables.qualify(customer_id, named, 'promise', comment, NULL, NULL, promised_on, NULL);
  -- qualify() has recorded it; nobody else can promise these items meanwhile.
  SELECT max(o.promise_id) INTO made FROM receivables.promise_item o
  WHERE o.customer_id = make_promise.customer_id AND o.promise_id > former AND o.item_id = ANY (named);
  UPDATE receivables.promise p SET amount = promised, channel = make_promise.channel
  WHERE p.customer_id = make_promise.customer_id AND p.promise_id = made;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.make_promise(bigint, date, bigint[], numeric, text, text) IS
  'Records a promise to pay and returns its number: for items (amount NULL = their open amount; they are qualified with status promise), or for the account, which needs an amount.';
