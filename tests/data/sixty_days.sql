-- Rules for the real ledgers, and what happens on a business day: payments, new items, the daily work, people.
SELECT receivables.install_example_scenarios(), receivables.install_example_calendars(), receivables.install_example_action_models() \g /dev/null
UPDATE receivables.scenario SET calendar = 'Monday to Friday', is_default = (name = 'standard');
INSERT INTO receivables.calendar_holiday (calendar, holiday, label) VALUES ('Monday to Friday', '2020-04-10', 'Good Friday'), ('Monday to Friday', '2020-05-01', 'Labour Day');
SELECT receivables.set_promise_tolerance(2, 'Monday to Friday') \g /dev/null
INSERT INTO receivables.search (name, criteria) VALUES ('very late', 'days_overdue > 20 and overdue > 0'), ('large', 'outstanding >= 1000000'), ('small', 'outstanding < 20000');
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES (10, 'very late', 'risky'), (20, 'large', 'key account'), (30, 'small', 'automated small');

-- The three ledgers as one list; a HighRadius number has its account in each currency, and one more for its cleared items.
CREATE TABLE stage.document AS
SELECT 'BRL' AS company, id_cliente AS account_no, 'B' || row_no AS erp_key, issued_on AS posted_on, due_on, paid_on, amount FROM stage.bill WHERE amount IS NOT NULL
UNION ALL SELECT 'MIX', ltrim(cust_number, '0'), 'C' || row_no, due_date - 15, due_date, clear_date, total_open_amount FROM stage.cleared_item
UNION ALL SELECT invoice_currency, ltrim(cust_number, '0'), doc_id, posting_date, due_in_date, NULL, total_open_amount FROM stage.open_item;
CREATE INDEX ON stage.document (posted_on);
ANALYZE stage.document;
CREATE TABLE stage.day_done (day date, what text, actions bigint);

CREATE PROCEDURE stage.post(since date, day date) LANGUAGE sql AS $$
  UPDATE receivables.item i SET open_amount = 0, cleared_on = d.paid_on
  FROM stage.document d JOIN receivables.customer c USING (company, account_no)
  WHERE i.customer_id = c.customer_id AND i.erp_key = d.erp_key AND i.open_amount <> 0 AND d.paid_on <= day;
  INSERT INTO receivables.customer (company, account_no, name, email)
  SELECT DISTINCT company, account_no, account_no, CASE WHEN hashtext(account_no) % 5 <> 0 THEN 'ap@c' || account_no || '.example' END
  FROM stage.document d WHERE posted_on <= day AND (posted_on > since OR paid_on IS NULL OR paid_on > day) ON CONFLICT DO NOTHING;
  INSERT INTO receivables.item (customer_id, erp_key, document_date, due_date, amount)
  SELECT c.customer_id, d.erp_key, d.posted_on, d.due_on, d.amount
  FROM stage.document d JOIN receivables.customer c USING (company, account_no)
  WHERE d.posted_on <= day AND (d.posted_on > since OR since = '-infinity') AND (d.paid_on IS NULL OR d.paid_on > day);
  -- The accounts of one number in dollars are collected through one.
  UPDATE receivables.customer m SET collection_account_id = u.customer_id
  FROM receivables.customer u WHERE m.company = 'MIX' AND u.company = 'USD' AND u.account_no = m.account_no AND m.collection_account_id IS NULL;
$$;

-- A number from 0 to 99 that follows from the customer, the day and what it is for.
CREATE FUNCTION stage.chance(customer bigint, day date, what text) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT (hashtextextended(what || day, customer) & 1073741823)::integer % 100 $$;

-- Collectors: of what is due and theirs 70% is done; of the calls 8% end in a promise and 4% in a dispute; some is put off.
CREATE PROCEDURE stage.work(day date) LANGUAGE plpgsql AS $$
DECLARE
  a record;
BEGIN
  FOR a IN
    SELECT g.customer_id, g.source, g.specific_action_id, g.channel, stage.chance(g.customer_id, day, g.source) AS luck
    FROM receivables.collection_agenda g
    WHERE g.automatic = 'manual' AND g.source <> 'alert' AND g.action_on <= day ORDER BY 1, 2, 3
  LOOP
    IF a.luck < 70 THEN
      PERFORM receivables.complete_action(a.customer_id, a.specific_action_id, outcome => 'done');
      IF a.source = 'scenario' AND a.channel = 'call' AND a.luck < 12 THEN
        PERFORM receivables.qualify(a.customer_id, i.items, CASE WHEN a.luck < 8 THEN 'promise' ELSE 'dispute' END, promised_on => CASE WHEN a.luck < 8 THEN day + 7 END)
        FROM (SELECT array_agg(item_id) AS items FROM receivables.collectable_item c WHERE c.customer_id = a.customer_id AND c.due_date < day) i WHERE i.items IS NOT NULL;
      END IF;
    ELSIF a.luck < 75 THEN
      PERFORM receivables.redate_action(a.customer_id, day + 3, a.specific_action_id);
    ELSIF a.luck < 77 THEN
      PERFORM receivables.cancel_action(a.customer_id, a.specific_action_id);
    END IF;
  END LOOP;
END $$;

-- What must hold on every day.
CREATE FUNCTION stage.broken_rules(day date) RETURNS TABLE (rule text, customer_id bigint, detail text) LANGUAGE sql AS $$
  SELECT 'two scenario actions', g.customer_id, count(*)::text FROM receivables.collection_agenda g WHERE g.source = 'scenario' GROUP BY 2 HAVING count(*) > 1
  UNION ALL
  SELECT 'negative amount', g.customer_id, g.amount::text FROM receivables.collection_agenda g WHERE g.amount < 0 AND g.source <> 'alert'
  UNION ALL
  SELECT 'a due action asks for more than is due', g.customer_id, format('%s of %s', g.amount, d.amount)
  FROM receivables.collection_agenda g
  LEFT JOIN (SELECT account_id, sum(open_amount) AS amount FROM receivables.collectable_item WHERE due_date <= day GROUP BY 1) d ON d.account_id = g.customer_id
  WHERE g.source = 'scenario' AND g.phase <> 'pre_due' AND g.action_on <= day AND (g.amount <= d.amount) IS NOT TRUE
  UNION ALL
  SELECT 'items of an action held by another', i.customer_id, i.item_id::text
  FROM receivables.collection_agenda_item i GROUP BY i.item_customer_id, i.item_id, i.customer_id HAVING count(*) > 1
  UNION ALL
  SELECT 'action on no working day', g.customer_id, g.action_on::text
  FROM receivables.collection_agenda g JOIN receivables.position p USING (customer_id)
  WHERE g.source = 'scenario' AND g.action_on > day AND NOT receivables.is_working_day('Monday to Friday', g.action_on)
    AND NOT EXISTS (SELECT FROM receivables.action_log l WHERE l.customer_id = g.customer_id AND l.event = 'redated' AND l.new_action_on = g.action_on)
$$;
