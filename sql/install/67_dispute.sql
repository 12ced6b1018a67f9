-- Disputes as cases: what is disputed, why, by whom it is to be resolved, and how it ended. The items' status follows:
-- open_dispute() sets it, resolve_dispute() gives it back. Amounts are in the currency of the customer's company.

CREATE TABLE receivables.dispute_type (
  code       text NOT NULL CONSTRAINT dispute_type_pkey PRIMARY KEY CONSTRAINT dispute_type_code_check CHECK (code <> ''),
  label      text NOT NULL,
  active     boolean NOT NULL DEFAULT true,
  is_builtin boolean NOT NULL DEFAULT false
);
INSERT INTO receivables.dispute_type (code, label, is_builtin) VALUES
  ('price', 'Price', true), ('quantity', 'Quantity', true), ('quality', 'Quality', true), ('delivery', 'Delivery', true),
  ('missing_document', 'Missing document', true), ('duplicate', 'Duplicate', true), ('other', 'Other', true);
COMMENT ON TABLE receivables.dispute_type IS 'Why items are disputed. One that is not active is no longer chosen; others can be added.';
COMMENT ON COLUMN receivables.dispute_type.code IS 'Type; used by disputes.';
COMMENT ON COLUMN receivables.dispute_type.label IS 'What people call it.';
COMMENT ON COLUMN receivables.dispute_type.active IS 'Can be chosen for new disputes.';
COMMENT ON COLUMN receivables.dispute_type.is_builtin IS 'Shipped with the extension.';

CREATE FUNCTION receivables.replace_shipped_dispute_type() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF receivables.in_restore() THEN
    -- Changed in place: disputes that refer to it may have been loaded before it.
    UPDATE receivables.dispute_type t SET label = NEW.label, active = NEW.active WHERE t.code = NEW.code AND t.is_builtin;
    IF FOUND THEN
      RETURN NULL;
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.replace_shipped_dispute_type() IS 'Row trigger: a restored row replaces the shipped one of the same key.';
CREATE TRIGGER search_assign_restore BEFORE INSERT ON receivables.dispute_type
  FOR EACH ROW EXECUTE FUNCTION receivables.replace_shipped_dispute_type();

CREATE TABLE receivables.dispute (
  customer_id         bigint NOT NULL,
  dispute_id          bigint GENERATED ALWAYS AS IDENTITY,
  dispute_type        text NOT NULL CONSTRAINT dispute_dispute_type_fkey REFERENCES receivables.dispute_type ON UPDATE CASCADE,
  amount              numeric NOT NULL CONSTRAINT dispute_amount_check CHECK (amount > 0 AND amount < 1e20 AND amount = pg_catalog.round(amount, 4)),
  resolver            text,
  opened_on           date NOT NULL,
  expected_on         date CONSTRAINT dispute_expected_on_check CHECK (pg_catalog.isfinite(expected_on)),
  resolved_on         date,
  outcome             text CONSTRAINT dispute_outcome_check CHECK (outcome IN ('accepted', 'rejected', 'partly_accepted', 'withdrawn')),
  credit_note_item_id bigint,
  comment             text,
  resolution_comment  text,
  recorded_at         timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  opened_by           text NOT NULL DEFAULT SESSION_USER,
  resolved_by         text,
  CONSTRAINT dispute_pkey PRIMARY KEY (customer_id, dispute_id),
  CONSTRAINT dispute_resolved_on_check CHECK ((resolved_on IS NULL) = (outcome IS NULL))
);
CREATE INDEX dispute_dispute_type_idx ON receivables.dispute (dispute_type);
COMMENT ON TABLE receivables.dispute IS 'Disputes. Opened by open_dispute(), resolved by resolve_dispute(); dispute_case shows them with what is open of their items.';
COMMENT ON COLUMN receivables.dispute.amount IS 'Disputed amount, in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.dispute.resolver IS 'Who is to resolve it.';
COMMENT ON COLUMN receivables.dispute.opened_on IS 'Business date on which it was opened.';
COMMENT ON COLUMN receivables.dispute.expected_on IS 'Date by which it is expected to be resolved.';
COMMENT ON COLUMN receivables.dispute.resolved_on IS 'Business date on which it was resolved, NULL while open.';
COMMENT ON COLUMN receivables.dispute.outcome IS 'accepted = the customer was right, rejected, partly_accepted, or withdrawn by the customer.';
COMMENT ON COLUMN receivables.dispute.credit_note_item_id IS 'Item of the credit note that settled it.';

CREATE TABLE receivables.dispute_item (
  customer_id      bigint NOT NULL,
  dispute_id       bigint NOT NULL,
  item_id          bigint NOT NULL,
  converted_amount numeric NOT NULL,
  CONSTRAINT dispute_item_pkey PRIMARY KEY (customer_id, dispute_id, item_id),
  CONSTRAINT dispute_item_dispute_id_fkey FOREIGN KEY (customer_id, dispute_id) REFERENCES receivables.dispute ON DELETE CASCADE
);
COMMENT ON TABLE receivables.dispute_item IS 'The items of a dispute.';
COMMENT ON COLUMN receivables.dispute_item.converted_amount IS 'Open amount when the dispute was opened, in the currency of the customer''s company.';

CREATE FUNCTION receivables.open_dispute(customer_id bigint, item_ids bigint[], dispute_type text, amount numeric DEFAULT NULL, resolver text DEFAULT NULL,
                                         comment text DEFAULT NULL, expected_on date DEFAULT NULL, status text DEFAULT 'dispute') RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  today CONSTANT date := receivables.business_date();
  named bigint[];
  open_amount numeric;
  is_active boolean;
  made bigint;
BEGIN
  SELECT t.active INTO is_active FROM receivables.dispute_type t WHERE t.code = open_dispute.dispute_type FOR KEY SHARE;
  IF is_active IS NULL THEN
    RAISE EXCEPTION 'dispute type "%" does not exist', dispute_type USING ERRCODE = '42704',
      HINT = format('The types are %s.', (SELECT string_agg(t.code, ', ' ORDER BY t.code) FROM receivables.dispute_type t WHERE t.active));
  ELSIF NOT is_active THEN
    RAISE EXCEPTION 'dispute type "%" is not active', dispute_type USING ERRCODE = '22023';
  ELSIF NOT EXISTS (SELECT FROM receivables.item_status s WHERE s.code = open_dispute.status AND s.category = 'dispute') THEN
    RAISE EXCEPTION 'status "%" is none of category dispute', status USING ERRCODE = '22023';
  ELSIF expected_on < today THEN
    RAISE EXCEPTION 'expected date lies in the past' USING ERRCODE = '22023', DETAIL = format('%s is before the business date %s.', expected_on, today);
  ELSIF NOT isfinite(expected_on) THEN
    RAISE EXCEPTION 'expected date is not finite' USING ERRCODE = '22023';
  ELSIF amount <= 0 OR amount IN ('infinity', 'NaN') THEN
    RAISE EXCEPTION 'disputed amount must be positive' USING ERRCODE = '22023';
  ELSIF amount <> round(amount, 4) THEN
    RAISE EXCEPTION 'disputed amount has more than 4 decimals' USING ERRCODE = '22003';
  END IF;
  named := receivables.lock_items(customer_id, item_ids);
  SELECT sum(round(i.open_amount * i.fx_rate, 4)) INTO open_amount
  FROM receivables.item i WHERE i.customer_id = open_dispute.customer_id AND i.item_id = ANY (named);
  IF open_amount <= 0 THEN
    RAISE EXCEPTION 'nothing is open on the disputed items' USING ERRCODE = '22023', DETAIL = format('Their open amount is %s.', open_amount);
  ELSIF amount > open_amount THEN
    RAISE EXCEPTION 'disputed amount is larger than the open amount of the items' USING ERRCODE = '22023', DETAIL = format('%s is more than %s.', amount, open_amount);
  END IF;
  INSERT INTO receivables.dispute AS d (customer_id, dispute_type, amount, resolver, opened_on, expected_on, comment)
  VALUES (customer_id, dispute_type, coalesce(amount, open_amount), resolver, today, expected_on, comment)
  RETURNING d.dispute_id INTO made;
  INSERT INTO receivables.dispute_item (customer_id, dispute_id, item_id, converted_amount)
  SELECT i.customer_id, made, i.item_id, round(i.open_amount * i.fx_rate, 4)
  FROM receivables.item i WHERE i.customer_id = open_dispute.customer_id AND i.item_id = ANY (named);
  PERFORM receivables.qualify(customer_id, named, status, comment, resolver, NULL, NULL, expected_on);
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.open_dispute(bigint, bigint[], text, numeric, text, text, date, text) IS
  'Opens a dispute over items and returns its number: amount NULL = their open amount. The items are qualified with the status (of category dispute) and followed up on the expected date. 22023 for an amount larger than what is open.';

CREATE FUNCTION receivables.resolve_dispute(customer_id bigint, dispute_id bigint, outcome text, credit_note_item_id bigint DEFAULT NULL,
                                            status text DEFAULT 'dispute_resolved', comment text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  former record;
  note numeric;
  freed bigint[];
  paid bigint[];
BEGIN
  IF outcome IS NULL OR outcome NOT IN ('accepted', 'rejected', 'partly_accepted', 'withdrawn') THEN
    RAISE EXCEPTION 'outcome "%" does not exist', outcome USING ERRCODE = '22023', HINT = 'The outcomes are accepted, rejected, partly_accepted and withdrawn.';
  ELSIF status IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.item_status s WHERE s.code = resolve_dispute.status) THEN
    RAISE EXCEPTION 'status "%" does not exist', status USING ERRCODE = '23503';
  END IF;
  SELECT d.resolved_on, d.outcome INTO former FROM receivables.dispute d
  WHERE d.customer_id = resolve_dispute.customer_id AND d.dispute_id = resolve_dispute.dispute_id FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'dispute % of customer % does not exist', dispute_id, customer_id USING ERRCODE = '42704';
  ELSIF former.outcome IS NOT NULL THEN
    RAISE EXCEPTION 'dispute % is already resolved', dispute_id
      USING ERRCODE = '55000', DETAIL = format('It was %s on %s.', former.outcome, former.resolved_on), HINT = 'Open another dispute.';
  END IF;
  IF credit_note_item_id IS NOT NULL THEN
    SELECT i.amount INTO note FROM receivables.item i WHERE i.customer_id = resolve_dispute.customer_id AND i.item_id = credit_note_item_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'item % of customer % does not exist', credit_note_item_id, customer_id USING ERRCODE = '23503';
    ELSIF note >= 0 THEN
      RAISE EXCEPTION 'item % is no credit', credit_note_item_id USING ERRCODE = '22023', DETAIL = format('Its amount is %s.', note);
    END IF;
  END IF;
  UPDATE receivables.dispute d
  SET resolved_on = receivables.business_date(), outcome = resolve_dispute.outcome, credit_note_item_id = resolve_dispute.credit_note_item_id,
      resolution_comment = resolve_dispute.comment, resolved_by = SESSION_USER
  WHERE d.customer_id = resolve_dispute.customer_id AND d.dispute_id = resolve_dispute.dispute_id;
  -- Those still disputed, and not by another dispute.
  SELECT coalesce(array_agg(i.item_id ORDER BY i.item_id) FILTER (WHERE i.open_amount <> 0), '{}'),
         coalesce(array_agg(i.item_id ORDER BY i.item_id) FILTER (WHERE i.open_amount = 0), '{}') INTO freed, paid
  FROM receivables.dispute_item o
  JOIN receivables.item i ON i.customer_id = o.customer_id AND i.item_id = o.item_id
  JOIN receivables.item_status s ON s.code = i.status AND s.category = 'dispute'
  WHERE o.customer_id = resolve_dispute.customer_id AND o.dispute_id = resolve_dispute.dispute_id
    AND NOT EXISTS (SELECT FROM receivables.dispute_item x JOIN receivables.dispute d ON d.customer_id = x.customer_id AND d.dispute_id = x.dispute_id
                    WHERE x.customer_id = o.customer_id AND x.item_id = o.item_id AND d.resolved_on IS NULL);
  IF status IS NULL THEN
    RETURN;
  END IF;
  UPDATE receivables.item i SET status = resolve_dispute.status, status_comment = resolve_dispute.comment
  WHERE i.customer_id = resolve_dispute.customer_id AND i.item_id = ANY (paid);
  IF cardinality(freed) > 0 THEN
    PERFORM receivables.qualify(customer_id, freed, status, comment, NULL, NULL, NULL, NULL);
  END IF;
END $$;
COMMENT ON FUNCTION receivables.resolve_dispute(bigint, bigint, text, bigint, text, text) IS
  'Resolves a dispute. Its items that are still disputed, and by no other open dispute, get the status (NULL: keep theirs). 42704 unknown, 55000 already resolved.';

CREATE VIEW receivables.dispute_case AS
SELECT d.customer_id, d.dispute_id, d.dispute_type, t.label AS dispute_type_label,
       CASE WHEN d.resolved_on IS NULL THEN 'open' ELSE 'resolved' END AS state,
       d.amount::numeric(28,4) AS amount, s.items, s.open_amount::numeric(28,4) AS open_amount,
       d.resolver, d.opened_on, d.expected_on, d.resolved_on,
       coalesce(d.resolved_on, receivables.business_date()) - d.opened_on AS days,
       (d.resolved_on IS NULL AND coalesce(d.expected_on < receivables.business_date(), false)) AS is_late,
       d.outcome, d.credit_note_item_id, d.comment, d.resolution_comment, d.opened_by, d.resolved_by
FROM receivables.dispute d
JOIN receivables.dispute_type t ON t.code = d.dispute_type
CROSS JOIN LATERAL (
  SELECT count(*) AS items, coalesce(sum(pg_catalog.round(i.open_amount * i.fx_rate, 4)), 0) AS open_amount
  FROM receivables.dispute_item o LEFT JOIN receivables.item i ON i.customer_id = o.customer_id AND i.item_id = o.item_id
  WHERE o.customer_id = d.customer_id AND o.dispute_id = d.dispute_id) s;
COMMENT ON VIEW receivables.dispute_case IS 'One row per dispute (key customer_id, dispute_id), with what is still open of its items. Amounts in the currency of the customer''s company.';
COMMENT ON COLUMN receivables.dispute_case.customer_id IS 'Customer; key of the view together with dispute_id.';
COMMENT ON COLUMN receivables.dispute_case.dispute_id IS 'Dispute.';
COMMENT ON COLUMN receivables.dispute_case.dispute_type IS 'Type.';
COMMENT ON COLUMN receivables.dispute_case.dispute_type_label IS 'Label of the type.';
COMMENT ON COLUMN receivables.dispute_case.state IS 'open or resolved.';
COMMENT ON COLUMN receivables.dispute_case.amount IS 'Disputed amount.';
COMMENT ON COLUMN receivables.dispute_case.items IS 'Number of its items.';
COMMENT ON COLUMN receivables.dispute_case.open_amount IS 'What is open of its items now.';
COMMENT ON COLUMN receivables.dispute_case.resolver IS 'Who is to resolve it.';
COMMENT ON COLUMN receivables.dispute_case.opened_on IS 'Business date on which it was opened.';
COMMENT ON COLUMN receivables.dispute_case.expected_on IS 'Date by which it is expected to be resolved.';
COMMENT ON COLUMN receivables.dispute_case.resolved_on IS 'Business date on which it was resolved.';
COMMENT ON COLUMN receivables.dispute_case.days IS 'Days it took, or has taken so far.';
COMMENT ON COLUMN receivables.dispute_case.is_late IS 'Open beyond the expected date.';
COMMENT ON COLUMN receivables.dispute_case.outcome IS 'accepted, rejected, partly_accepted or withdrawn.';
COMMENT ON COLUMN receivables.dispute_case.credit_note_item_id IS 'Item of the credit note that settled it.';
COMMENT ON COLUMN receivables.dispute_case.comment IS 'Comment at its opening.';
COMMENT ON COLUMN receivables.dispute_case.resolution_comment IS 'Comment at its resolution.';
COMMENT ON COLUMN receivables.dispute_case.opened_by IS 'Who opened it.';
COMMENT ON COLUMN receivables.dispute_case.resolved_by IS 'Who resolved it.';

CREATE VIEW receivables.dispute_resolution_time AS
SELECT t.code AS dispute_type, t.label, s.currency, coalesce(s.resolved, 0) AS resolved,
       s.average_days::numeric(9,2) AS average_days, s.longest_days,
       coalesce(s.resolved_amount, 0)::numeric(28,4) AS resolved_amount, coalesce(s.accepted_amount, 0)::numeric(28,4) AS accepted_amount,
       coalesce(s.open_disputes, 0) AS open_disputes, s.average_open_days::numeric(9,2) AS average_open_days,
       coalesce(s.open_amount, 0)::numeric(28,4) AS open_amount
FROM receivables.dispute_type t
LEFT JOIN (
  SELECT d.dispute_type, o.currency,
         count(d.resolved_on) AS resolved, avg(d.resolved_on - d.opened_on) AS average_days, max(d.resolved_on - d.opened_on) AS longest_days,
         sum(d.amount) FILTER (WHERE d.resolved_on IS NOT NULL) AS resolved_amount,
         sum(d.amount) FILTER (WHERE d.outcome = 'accepted') AS accepted_amount,
         count(*) FILTER (WHERE d.resolved_on IS NULL) AS open_disputes,
         avg(receivables.business_date() - d.opened_on) FILTER (WHERE d.resolved_on IS NULL) AS average_open_days,
         sum(d.amount) FILTER (WHERE d.resolved_on IS NULL) AS open_amount
  FROM receivables.dispute d
  JOIN receivables.customer c ON c.customer_id = d.customer_id
  JOIN receivables.company o ON o.company = c.company
  GROUP BY d.dispute_type, o.currency) s ON s.dispute_type = t.code;
COMMENT ON VIEW receivables.dispute_resolution_time IS
  'One row per dispute type and currency (key dispute_type, currency; a type never used has no currency): how long resolved disputes took, and what is open. Days are calendar days from opening to resolution.';
COMMENT ON COLUMN receivables.dispute_resolution_time.dispute_type IS 'Type; key of the view together with currency.';
COMMENT ON COLUMN receivables.dispute_resolution_time.label IS 'Label of the type.';
COMMENT ON COLUMN receivables.dispute_resolution_time.currency IS 'Currency of the amounts: that of the customers'' companies.';
COMMENT ON COLUMN receivables.dispute_resolution_time.resolved IS 'Disputes resolved.';
COMMENT ON COLUMN receivables.dispute_resolution_time.average_days IS 'Average days from opening to resolution; NULL while none is resolved.';
COMMENT ON COLUMN receivables.dispute_resolution_time.longest_days IS 'Longest of them.';
COMMENT ON COLUMN receivables.dispute_resolution_time.resolved_amount IS 'Amount of the resolved disputes.';
COMMENT ON COLUMN receivables.dispute_resolution_time.accepted_amount IS 'Part of it in disputes accepted in full.';
COMMENT ON COLUMN receivables.dispute_resolution_time.open_disputes IS 'Disputes still open.';
COMMENT ON COLUMN receivables.dispute_resolution_time.average_open_days IS 'Average days they have been open.';
COMMENT ON COLUMN receivables.dispute_resolution_time.open_amount IS 'Their disputed amount.';

REVOKE ALL ON FUNCTION receivables.open_dispute(bigint, bigint[], text, numeric, text, text, date, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.resolve_dispute(bigint, bigint, text, bigint, text, text) FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('receivables.dispute_type', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.dispute', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.dispute_dispute_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.dispute_item', '');
