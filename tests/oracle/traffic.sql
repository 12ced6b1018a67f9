-- Random traffic: oracle.traffic() returns the lines of a psql script. Customers, kinds and numbers are drawn from
-- random() after setseed(), rows by the hash of their number, so that a seed repeats the same script.

CREATE FUNCTION oracle.pick(low integer, high integer) RETURNS integer LANGUAGE sql VOLATILE AS
  $$ SELECT low + floor(random() * (high - low + 1))::integer $$;
CREATE FUNCTION oracle.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS
  $$ SELECT choices[oracle.pick(1, cardinality(choices))] $$;
-- The same for a row: a number from low to high that follows from the row's number and a salt.
CREATE FUNCTION oracle.draw(n bigint, salt integer, low integer, high integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT low + (pg_catalog.hashint8extended(n, salt) & 1073741823)::integer % (high - low + 1) $$;

-- ---- start ---------------------------------------------------------------------------------------------------------

CREATE FUNCTION oracle.new_customers(first bigint, count integer, salt integer) RETURNS text LANGUAGE sql AS $$
  SELECT format($sql$INSERT INTO receivables.customer (customer_id, company, account_no, name, country, email, phone, payment_days, external_score, attributes, created_on)
  SELECT n, CASE oracle.draw(n, %1$s, 1, 4) WHEN 1 THEN 'CA' ELSE 'MAIN' END, 'A' || n, 'Customer ' || n,
    (ARRAY['FR','DE','US','CA',NULL])[oracle.draw(n, %1$s + 1, 1, 5)], (ARRAY['a@example.org','',' ',NULL])[oracle.draw(n, %1$s + 2, 1, 4)],
    (ARRAY['+33 1','  ',NULL])[oracle.draw(n, %1$s + 3, 1, 3)], nullif(oracle.draw(n, %1$s + 4, 0, 6) * 15, 0), nullif(oracle.draw(n, %1$s + 5, 0, 100), 0),
    jsonb_build_object('region', (ARRAY['EMEA','APAC','AMER'])[oracle.draw(n, %1$s + 6, 1, 3)]),
    receivables.business_date() - oracle.draw(n, %1$s + 7, 0, 120)
  FROM generate_series(%2$s, %2$s + %3$s - 1) n;$sql$, salt, first, count) $$;

-- Items: n items spread over the customers low..high.
CREATE FUNCTION oracle.new_items(low bigint, high bigint, count integer, salt integer) RETURNS text LANGUAGE sql AS $$
  SELECT format($sql$INSERT INTO receivables.item (customer_id, kind, document_no, document_date, due_date, currency, fx_rate, amount, open_amount, cleared_on, status, promised_on)
  SELECT c, kind, 'D' || n, doc, due, 'EUR', (ARRAY[1, 1.0842, 0.73519, 1.00, 0.0137])[oracle.draw(n, %4$s, 1, 5)], amount,
    CASE paid WHEN 1 THEN 0 WHEN 2 THEN round(amount * 0.37, 2) END,
    CASE paid WHEN 1 THEN due + oracle.draw(n, %4$s + 1, -10, 60) END, status, CASE status WHEN 'promise' THEN receivables.business_date() + oracle.draw(n, %4$s + 2, -5, 25) END
  FROM (SELECT n, %1$s + oracle.draw(n, %4$s + 3, 0, (%2$s - %1$s)::integer) AS c, kind, doc,
               doc + oracle.draw(n, %4$s + 4, -3, 60) AS due, status, oracle.draw(n, %4$s + 5, 1, 6) AS paid,
               CASE kind WHEN 'credit_note' THEN -1 WHEN 'payment' THEN -1 WHEN 'other' THEN oracle.draw(n, %4$s + 6, 0, 1) * 2 - 1 ELSE 1 END
                 * oracle.draw(n, %4$s + 7, 0, 400000) / 100.0 AS amount
        FROM (SELECT n, (ARRAY['invoice','invoice','invoice','invoice','debit_note','credit_note','payment','other'])[oracle.draw(n, %4$s + 8, 1, 8)] AS kind,
                     receivables.business_date() - oracle.draw(n, %4$s + 9, -10, 250) * oracle.draw(n, %4$s + 10, 0, 2) / 2 AS doc,
                     (ARRAY['dispute','promise','ongoing','litigation','waiting'])[oracle.draw(n, %4$s + 11, 1, 20)] AS status
              FROM generate_series(1, %3$s) n) d) e
  WHERE EXISTS (SELECT FROM receivables.customer x WHERE x.customer_id = c);$sql$, low, high, count, salt) $$;

-- Wrappers that note for the twin what is done by hand.
CREATE FUNCTION oracle.by_hand(who bigint, kind text, what text, until date DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  its_target text := CASE WHEN kind ~ 'scenario' THEN 'scenario' WHEN kind ~ 'portfolio' THEN 'portfolio' WHEN kind ~ 'group' THEN 'customer_group' ELSE 'colleague' END;
  its_slot text := '';
  its_mode text;
BEGIN
  PERFORM pg_advisory_xact_lock(who);  -- one after the other, as the twin notes them
  IF NOT EXISTS (SELECT FROM receivables.customer WHERE customer_id = who) THEN
    RETURN;
  END IF;
  IF its_target = 'portfolio' THEN
    its_target := (SELECT p.kind FROM receivables.portfolio p WHERE p.name = what) || '_portfolio';
  ELSIF its_target <> 'scenario' THEN
    its_slot := what;
  END IF;
  CASE kind
    WHEN 'pin_scenario' THEN PERFORM receivables.pin_scenario(who, what, until);
    WHEN 'pin_portfolio' THEN PERFORM receivables.pin_portfolio(who, what, until, 'oracle');
    WHEN 'add_to_group' THEN PERFORM receivables.add_to_group(who, what, until);
    WHEN 'exclude_from_group' THEN PERFORM receivables.exclude_from_group(who, what, until);
    WHEN 'add_colleague' THEN PERFORM receivables.add_colleague(who, what);
    WHEN 'remove_colleague' THEN PERFORM receivables.remove_colleague(who, what);
    WHEN 'unpin_scenario' THEN PERFORM receivables.unpin_scenario(who);
    WHEN 'unpin_portfolio' THEN PERFORM receivables.unpin_portfolio(who, (SELECT p.kind FROM receivables.portfolio p WHERE p.name = what));
    WHEN 'remove_from_group' THEN PERFORM receivables.remove_from_group(who, what);
    WHEN 'include_in_group' THEN PERFORM receivables.include_in_group(who, what);
  END CASE;
  -- Ended is a mode, not a missing row: what another session has just written raises 40001 under REPEATABLE READ.
  its_mode := CASE WHEN kind ~ '^(pin|unpin)' THEN 'pin' WHEN kind ~ '^(add_|remove_from)' THEN 'add' ELSE 'exclude' END;
  IF kind ~ '^(unpin|remove_from|include)' THEN
    INSERT INTO oracle.hand AS h VALUES (who, its_target, its_slot, what, 'ended', NULL)
    ON CONFLICT ON CONSTRAINT hand_pkey DO UPDATE SET mode = 'ended' WHERE h.mode = its_mode;
  ELSE
    INSERT INTO oracle.hand VALUES (who, its_target, its_slot, what, its_mode, by_hand.until)
    ON CONFLICT ON CONSTRAINT hand_pkey DO UPDATE SET name = EXCLUDED.name, mode = EXCLUDED.mode, until = EXCLUDED.until;
  END IF;
END $$;

-- ---- one statement -------------------------------------------------------------------------------------------------

-- Up to n of a customer's items, drawn by the hash of their number.
CREATE FUNCTION oracle.some_items(customer bigint, n integer, filter text) RETURNS text LANGUAGE sql AS $$
  SELECT format('customer_id = %1$s AND item_id IN (SELECT item_id FROM receivables.item WHERE customer_id = %1$s AND %3$s ORDER BY oracle.draw(item_id, %4$s, 0, 1000000), item_id LIMIT %2$s)',
                customer, n, filter, oracle.pick(1, 1000000)) $$;

CREATE FUNCTION oracle.item_statement(low bigint, high bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c bigint := oracle.pick(low::integer, high::integer);
  other bigint := oracle.pick(low::integer, high::integer);
  n integer := oracle.pick(1, 4);
  salt integer := oracle.pick(1, 1000000);
  status text := oracle.pick('dispute', 'promise', 'promise', 'will pay', 'ongoing', 'dispute_resolved', 'doubtful', 'waiting', 'paused', NULL);
  today date := oracle.business_date();
BEGIN
  CASE oracle.pick(1, 27)
    WHEN 1, 2, 3 THEN RETURN oracle.new_items(c, c, oracle.pick(1, 3), salt);
    WHEN 4 THEN RETURN oracle.new_items(low, high, oracle.pick(5, 60), salt);
    WHEN 5, 6, 7 THEN RETURN format('UPDATE receivables.item SET open_amount = round(open_amount * 0.%s, 2) WHERE %s;', oracle.pick(11, 99), oracle.some_items(c, n, 'open_amount <> 0'));
    WHEN 8, 9 THEN RETURN format('UPDATE receivables.item SET open_amount = 0 WHERE %s;', oracle.some_items(c, n, 'open_amount <> 0'));
    WHEN 10, 11 THEN RETURN format('UPDATE receivables.item SET open_amount = 0, cleared_on = %L WHERE %s;', today - oracle.pick(-3, 100), oracle.some_items(c, n, 'open_amount <> 0'));
    WHEN 12 THEN RETURN format('UPDATE receivables.item SET open_amount = amount WHERE %s;', oracle.some_items(c, n, 'open_amount <> amount'));
    WHEN 13 THEN RETURN format('UPDATE receivables.item SET open_amount = trunc(open_amount + (amount - open_amount) * 0.%s, 2) WHERE %s;', oracle.pick(1, 9), oracle.some_items(c, n, 'open_amount <> amount'));
    WHEN 14 THEN RETURN format('UPDATE receivables.item SET amount = round(amount * %1$s, 2), open_amount = trunc(open_amount / amount * round(amount * %1$s, 2), 2) WHERE %2$s;',
                               oracle.pick('1.2', '0.8', '0.5', '-1', '1.01', '3'), oracle.some_items(c, n, 'amount <> 0'));
    WHEN 15 THEN RETURN format('UPDATE receivables.item SET due_date = due_date + %s, document_date = document_date + %s WHERE %s;', oracle.pick(-20, 40), oracle.pick(-9, 9), oracle.some_items(c, n, 'true'));
    WHEN 16 THEN RETURN format('UPDATE receivables.item SET fx_rate = %s, kind = %L WHERE %s;', oracle.pick('1', '1.0', '1.137', '0.02'), oracle.pick('invoice', 'invoice', 'debit_note', 'payment', 'other'), oracle.some_items(c, n, 'true'));
    WHEN 17 THEN RETURN format('UPDATE receivables.item SET customer_id = %s WHERE EXISTS (SELECT FROM receivables.customer WHERE customer_id = %s) AND %s;', other, other, oracle.some_items(c, n, 'true'));
    WHEN 18 THEN RETURN format('DELETE FROM receivables.item WHERE %s;', oracle.some_items(c, n, 'true'));
    WHEN 19, 20 THEN RETURN format('UPDATE receivables.item SET status = %L, promised_on = %L WHERE %s;', status, CASE WHEN random() < 0.9 THEN today + oracle.pick(-3, 30) END, oracle.some_items(c, n, 'true'));
    WHEN 21 THEN RETURN format('INSERT INTO receivables.payment_allocation (customer_id, item_id, amount, allocated_on) SELECT customer_id, item_id, trunc(amount * 0.%s, 2), %L::date - (item_id %% 40)::integer FROM receivables.item WHERE %s;',
                               oracle.pick(1, 9), today, oracle.some_items(c, n, $f$kind = 'invoice' AND amount > 0$f$));
    WHEN 22 THEN
      RETURN oracle.pick(format('UPDATE receivables.payment_allocation SET allocated_on = allocated_on - %s, amount = trunc(amount * %s, 2) WHERE customer_id = %s AND allocation_id %% 3 = 0;', oracle.pick(0, 9), oracle.pick('1', '0.5', '-1'), c),
                         format('DELETE FROM receivables.payment_allocation WHERE customer_id = %s AND allocation_id %% 4 = 1;', c));
    WHEN 23 THEN RETURN format('COPY receivables.item (customer_id, due_date, document_date, amount) FROM STDIN;%1$s%2$s%3$s%4$s%3$s%5$s%3$s%6$s.%7$s%1$s\.', E'\n', low, E'\t', today + oracle.pick(-40, 40), today - oracle.pick(0, 300), oracle.pick(1, 900), oracle.pick(10, 99));
    WHEN 24 THEN RETURN format('WITH gone AS (DELETE FROM receivables.item WHERE %s RETURNING *) INSERT INTO receivables.item (customer_id, kind, due_date, document_date, fx_rate, amount, open_amount, cleared_on) SELECT %s, kind, due_date + 3, document_date, fx_rate, amount, open_amount, cleared_on FROM gone;', oracle.some_items(c, n, 'true'), c);
    WHEN 25 THEN RETURN format('MERGE INTO receivables.item t USING (SELECT * FROM receivables.item WHERE %s) s ON (t.customer_id, t.item_id) = (s.customer_id, s.item_id) AND s.item_id %% 2 = 0 WHEN MATCHED AND s.item_id %% 4 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET open_amount = 0 WHEN NOT MATCHED THEN INSERT (customer_id, due_date, amount) VALUES (s.customer_id, s.due_date + 1, s.amount);', oracle.some_items(c, n, 'true'));
    WHEN 27 THEN RETURN format('UPDATE receivables.item SET cleared_on = %s WHERE %s;', oracle.pick('cleared_on - 4', 'cleared_on + 11', 'due_date', 'NULL'), oracle.some_items(c, n, 'open_amount = 0'));
    WHEN 26 THEN RETURN format('DO $do$ BEGIN FOR k IN 1..4 LOOP BEGIN UPDATE receivables.item SET open_amount = round(open_amount / 2, 2) WHERE customer_id = %s AND item_id %% 5 = k; IF k %% 2 = 0 THEN RAISE EXCEPTION ''undone''; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $do$;', c);
  END CASE;
END $$;

CREATE FUNCTION oracle.customer_statement(low bigint, high bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c bigint := oracle.pick(low::integer, high::integer);
  today date := oracle.business_date();
  until text := CASE WHEN random() < 0.7 THEN quote_literal(today + oracle.pick(0, 20)) ELSE 'NULL' END;
BEGIN
  CASE oracle.pick(1, 17)
    WHEN 1 THEN RETURN format('UPDATE receivables.customer SET email = %L, phone = %L WHERE customer_id = %s;', oracle.pick('x@example.org', '', NULL), oracle.pick('1', ' ', NULL), c);
    WHEN 2 THEN RETURN format('UPDATE receivables.customer SET attributes = attributes || %L WHERE customer_id = %s;', jsonb_build_object('region', oracle.pick('EMEA', 'APAC')), c);
    WHEN 3 THEN RETURN format('UPDATE receivables.customer SET external_score = %s, country = %L, payment_days = %s, name = name || %L WHERE customer_id = %s;', oracle.pick(1, 99), oracle.pick('FR', 'DE', NULL), oracle.pick(0, 60), '.', c);
    WHEN 4 THEN RETURN format('UPDATE receivables.customer SET created_on = created_on + %s WHERE customer_id %% 7 = %s AND customer_id BETWEEN %s AND %s;', oracle.pick(-9, 9), oracle.pick(0, 6), low, high);
    WHEN 5, 6 THEN RETURN format('INSERT INTO receivables.contact (customer_id, name, email, phone) SELECT customer_id, %L, %L, %L FROM receivables.customer WHERE customer_id = %s;', 'N', oracle.pick('c@example.org', ' ', NULL), oracle.pick('2', '', NULL), c);
    WHEN 7 THEN RETURN oracle.pick(format('DELETE FROM receivables.contact WHERE customer_id = %s;', c),
                                   format('UPDATE receivables.contact SET customer_id = %s WHERE customer_id = %s AND EXISTS (SELECT FROM receivables.customer WHERE customer_id = %s);', low, c, low),
                                   format('UPDATE receivables.contact SET email = %L, phone = %L WHERE customer_id = %s;', oracle.pick('d@example.org', '', NULL), oracle.pick('3', NULL), c));
    WHEN 8, 9, 10, 11, 12 THEN
      RETURN CASE oracle.pick(1, 10)
        WHEN 1 THEN format('SELECT oracle.by_hand(%s, ''pin_scenario'', %L, %s);', c, oracle.pick('soft', 'hard', 'none'), until)
        WHEN 2 THEN format('SELECT oracle.by_hand(%s, ''pin_portfolio'', %L, %s);', c, oracle.pick('alice', 'bob', 'risk one'), until)
        WHEN 3 THEN format('SELECT oracle.by_hand(%s, ''add_to_group'', %L, %s);', c, oracle.pick('late', 'risky', 'big'), until)
        WHEN 4 THEN format('SELECT oracle.by_hand(%s, ''exclude_from_group'', %L, %s);', c, oracle.pick('late', 'risky', 'big'), until)
        WHEN 5 THEN format('SELECT oracle.by_hand(%s, ''add_colleague'', %L);', c, oracle.pick('carol', 'dave'))
        WHEN 6 THEN format('SELECT oracle.by_hand(%s, ''remove_colleague'', %L);', c, oracle.pick('carol', 'dave'))
        WHEN 7 THEN format('SELECT oracle.by_hand(%s, ''unpin_scenario'', '''');', c)
        WHEN 8 THEN format('SELECT oracle.by_hand(%s, ''unpin_portfolio'', %L);', c, oracle.pick('alice', 'risk one'))
        WHEN 9 THEN format('SELECT oracle.by_hand(%s, ''remove_from_group'', %L);', c, oracle.pick('late', 'risky', 'big'))
        ELSE format('SELECT oracle.by_hand(%s, ''include_in_group'', %L);', c, oracle.pick('late', 'risky', 'big')) END;
    WHEN 13 THEN RETURN replace(oracle.new_customers(1, 1, oracle.pick(1, 1000000)), 'generate_series(1, 1 + 1 - 1) n',
                                format('(SELECT nextval(''receivables.customer_customer_id_seq'') AS n FROM generate_series(1, %s)) x', oracle.pick(1, 3)));
    -- Collected through another account. 1, 5, 9, ... 97 collect and are never collected, so that sessions cannot make chains.
    WHEN 14, 15 THEN
      RETURN format('UPDATE receivables.customer c SET collection_account_id = a.customer_id FROM receivables.customer a WHERE c.customer_id = %s AND a.customer_id = %s AND a.company = c.company;',
                    CASE WHEN c % 4 = 1 THEN c + 1 ELSE c END, CASE WHEN high < 5 OR random() < 0.3 THEN 1 ELSE least(c / 4, 24) * 4 + 1 END);
    WHEN 16 THEN
      RETURN oracle.pick(format('UPDATE receivables.customer SET collection_account_id = NULL WHERE customer_id %% 6 = %s AND customer_id BETWEEN %s AND %s AND collection_account_id IS NOT NULL;', oracle.pick(0, 5), low, high),
                         format('UPDATE receivables.customer SET collection_blocked = NOT collection_blocked WHERE customer_id = %s;', c));
    WHEN 17 THEN RETURN format('DELETE FROM receivables.customer c WHERE customer_id %% 9 = %s AND customer_id > 100 AND NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = c.customer_id);', oracle.pick(0, 8));
  END CASE;
END $$;

-- ---- actions ---------------------------------------------------------------------------------------------------

-- What a collector does, as far as the customer's state lets it be done; what is refused leaves everything as it was.
CREATE FUNCTION oracle.act(who bigint, kind text, salt integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  today date := oracle.business_date();
  plan bigint := (SELECT s.specific_action_id FROM receivables.specific_action s
                  WHERE s.customer_id = who AND s.state = 'planned' ORDER BY oracle.draw(s.specific_action_id, salt, 0, 1000000), s.specific_action_id LIMIT 1);
  items bigint[] := ARRAY(SELECT i.item_id FROM receivables.item i
                          WHERE i.customer_id = who AND i.open_amount > 0 ORDER BY oracle.draw(i.item_id, salt, 0, 1000000), i.item_id LIMIT 1 + salt % 4);
  earlier date := today - CASE WHEN salt % 3 = 0 THEN salt % 11 ELSE 0 END;
BEGIN
  CASE kind
    WHEN 'complete' THEN PERFORM receivables.complete_action(who, done_on => earlier);
    WHEN 'redate' THEN PERFORM receivables.redate_action(who, today + salt % 15);
    WHEN 'cancel' THEN PERFORM receivables.cancel_action(who);
    WHEN 'contact' THEN PERFORM receivables.record_action(who, 'call', done_on => earlier);
    WHEN 'note' THEN PERFORM receivables.record_action(who, 'note', item_ids => CASE WHEN salt % 2 = 0 THEN items END, is_contact => salt % 3 = 0);
    WHEN 'promise' THEN PERFORM receivables.qualify(who, items, (ARRAY['promise', 'will pay'])[1 + salt % 2], promised_on => CASE WHEN salt % 6 <> 0 THEN today + salt % 19 END);
    WHEN 'qualify' THEN PERFORM receivables.qualify(who, items, (ARRAY['dispute', 'doubtful', 'ongoing', 'paused', 'waiting', 'dispute_resolved'])[1 + salt % 6], status_on => earlier);
    WHEN 'complete specific' THEN
      PERFORM receivables.complete_action(who, plan, status => (ARRAY[NULL, NULL, 'ongoing', 'dispute', 'promise'])[1 + salt % 5]) WHERE plan IS NOT NULL;
    WHEN 'redate specific' THEN PERFORM receivables.redate_action(who, today + salt % 15, plan) WHERE plan IS NOT NULL;
    WHEN 'cancel specific' THEN PERFORM receivables.cancel_action(who, plan) WHERE plan IS NOT NULL;
    WHEN 'confirm' THEN PERFORM receivables.confirm_actions(ARRAY[who]);
  END CASE;
EXCEPTION
  WHEN object_not_in_prerequisite_state OR invalid_parameter_value OR undefined_object OR foreign_key_violation THEN NULL;
END $$;

-- Of one customer, or of every ninth one with something to do, in ascending order.
CREATE FUNCTION oracle.action_statement(low bigint, high bigint) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN random() < 0.3 THEN
    format('SELECT oracle.act(customer_id, ''complete'', (%s + customer_id)::integer) FROM (SELECT customer_id FROM receivables.position WHERE next_step IS NOT NULL AND customer_id BETWEEN %s AND %s AND customer_id %% 9 = %s ORDER BY 1) x;',
           oracle.pick(1, 1000000), low, high, oracle.pick(0, 8))
  ELSE format('SELECT oracle.act(%s, %L, %s);', oracle.pick(low::integer, high::integer),
                oracle.pick('complete', 'complete', 'complete', 'complete', 'redate', 'cancel', 'contact', 'note', 'promise', 'qualify', 'qualify', 'complete specific', 'complete specific',
                            'redate specific', 'cancel specific', 'confirm'), oracle.pick(1, 1000000)) END $$;

-- ---- transactions --------------------------------------------------------------------------------------------------

-- kind: 'alone': everything, for one session; 'all': the same, actions in transactions of their own, as they wait for each
-- other; 'all_but_prepare'; 'inserts'.
CREATE FUNCTION oracle.traffic(seed integer, transactions integer, low bigint, high bigint, kind text DEFAULT 'all') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  depth integer;
BEGIN
  PERFORM setseed((seed % 1000003) / 1000003.0);
  FOR t IN 1..transactions LOOP
    RETURN NEXT 'BEGIN ISOLATION LEVEL ' || oracle.pick('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ') || ';';
    RETURN NEXT 'SET LOCAL search_assign.apply = ' || CASE WHEN kind <> 'inserts' THEN oracle.pick('commit', 'statement', 'queue') ELSE oracle.pick('commit', 'commit', 'queue') END || ';';
    IF kind <> 'inserts' AND random() < 0.4 THEN
      RETURN NEXT oracle.action_statement(low, high);
      RETURN NEXT CASE WHEN random() < 0.1 THEN 'ROLLBACK;' ELSE 'COMMIT;' END;
      CONTINUE;
    END IF;
    depth := 0;
    FOR s IN 1..oracle.pick(1, 6) LOOP
      IF random() < 0.25 THEN
        depth := depth + 1;
        RETURN NEXT 'SAVEPOINT s' || depth || ';';
      ELSIF depth > 0 AND random() < 0.4 THEN
        IF random() < 0.6 THEN
          RETURN NEXT 'ROLLBACK TO SAVEPOINT s' || depth || ';';
        END IF;
        IF random() < 0.5 THEN
          RETURN NEXT 'RELEASE SAVEPOINT s' || depth || ';';
          depth := depth - 1;
        END IF;
      END IF;
      RETURN NEXT CASE WHEN kind = 'alone' AND random() < 0.25 THEN oracle.action_statement(low, high)
                       WHEN kind = 'inserts' THEN oracle.new_items(low, high, oracle.pick(1, 12), oracle.pick(1, 1000000))
                       WHEN random() < 0.25 THEN oracle.customer_statement(low, high) ELSE oracle.item_statement(low, high) END;
    END LOOP;
    IF random() < 0.12 THEN
      RETURN NEXT 'ROLLBACK;';
    ELSIF kind IN ('alone', 'all') AND random() < 0.1 THEN
      RETURN NEXT 'PREPARE TRANSACTION ''oracle'';';
      RETURN NEXT oracle.pick('COMMIT', 'COMMIT', 'ROLLBACK') || ' PREPARED ''oracle'';';
    ELSE
      RETURN NEXT 'COMMIT;';
    END IF;
  END LOOP;
END $$;

-- ---- configuration -------------------------------------------------------------------------------------------------

-- daily: how the criteria depends on time cannot be seen. Rules with it, or with autorun = false, make every CALL visit
-- more customers than need be, so they are drawn for some configurations only.
CREATE TABLE oracle.criteria_pool (n integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, daily boolean, criteria text);
INSERT INTO oracle.criteria_pool (daily, criteria)
SELECT false, unnest(ARRAY[
  'outstanding >= 5000', 'outstanding between 1000 and 5000 and has_email', 'outstanding < 0 or credits < -1500', 'open_items = 0',
  'overdue > 0', 'overdue <= 0 and outstanding > 0', 'overdue is distinct from 0', 'not_due = 0 and outstanding > 0', 'overdue_share > 0.3',
  'overdue_items >= 3', 'case when outstanding > 0 then overdue / outstanding > 0.25 else false end',
  'outstanding > 0 and overdue / outstanding between 0.2 and 0.8',
  'overdue(unqualified, 30) > 0', 'overdue(unqualified, 10) > 500 and not has_phone', 'overdue(receivables, 60) >= 300',
  'overdue(receivables, 0) - overdue(receivables, 30) > 100', 'overdue(receivables, 15, business_date()) > 0',
  'overdue(receivables, 0, business_date() + 10) > overdue', 'overdue(receivables, 20, ''2026-08-01'') > 0', 'overdue(disputed) > 0',
  'overdue(promised, 5) > 0', 'overdue(receivables - promised, 3) > 400', 'due_within(receivables, 7) > 0', 'due_within(unqualified, 0) > 0',
  'due_within(receivables, 3) > overdue', 'not_due(receivables) < overdue', 'total(promised) > 0', 'item_count(promised) >= 2',
  'total(receivables - disputed) > 1000', 'oldest_due(disputed) < business_date()', 'credits(unqualified) < -100',
  'days_overdue > 30', 'days_overdue between 10 and 45', 'days_overdue in (5, 6, 20, 21)', 'days_overdue >= 90 and outstanding > 200', 'days_overdue = 0',
  'oldest_due_date < business_date() - 45', 'oldest_due_date + 14 = business_date()', 'oldest_due_date between business_date() - 20 and business_date() - 10',
  'business_date() - oldest_due_date > 25', 'not_since(last_payment_on, 20)', 'not_since(last_invoice_on, 15) and outstanding > 0', 'not_since(last_action_on, 10)',
  'not_since(created_on, 60)', 'created_on >= business_date() - 30', 'business_date() - created_on > 60', 'last_invoice_on + 30 >= business_date()',
  'coalesce(last_payment_on, created_on) < business_date() - 40', 'greatest(last_payment_on, last_invoice_on) < business_date() - 12',
  'business_date() >= ''2026-09-01''', 'business_date() between ''2026-07-01'' and ''2026-08-15'' and outstanding > 0',
  'sales_12m > 20000', 'sales_12m < 2 * outstanding', 'sales_12m = 0', 'average_days_late > 5', 'average_days_late between -5 and 3',
  'payer_profile in (''bad'', ''very bad'', ''slow'')', 'payer_profile = ''unknown'' or average_days_late <= 0',
  'external_score < 40 and overdue > 0', 'internal_score is null', 'attributes->>''region'' = ''EMEA'' and country <> ''FR''', 'name like ''%1%''',
  'has_email and not has_phone', 'country is null or company = ''CA''', 'greatest(days_overdue, 20) > 35', 'not (overdue > 0) is true and outstanding > 0'])
UNION ALL
SELECT true, unnest(ARRAY[
  'extract(day from business_date()) = 15', 'extract(dow from business_date()) in (1, 3) and overdue > 0', '(business_date() - last_invoice_on) % 7 = 0',
  'overdue(receivables, payment_days) > 0', 'days_overdue * 2 > payment_days', 'oldest_due_date + coalesce(payment_days, 10) < business_date()',
  'extract(month from business_date()) = 8 and outstanding > 0', 'overdue > 50 * days_overdue']);

CREATE FUNCTION oracle.configuration(seed integer, with_daily boolean, with_manual boolean) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  c record;
  rules integer;
  flags text;
BEGIN
  PERFORM setseed((seed % 1000003) / 1000003.0);
  RETURN NEXT 'DELETE FROM receivables.assignment_rule;';
  RETURN NEXT 'DELETE FROM receivables.search WHERE name LIKE ''s%'';';
  FOR c IN SELECT n, criteria FROM oracle.criteria_pool WHERE NOT daily OR with_daily ORDER BY daily DESC, random() LIMIT oracle.pick(12, 18) LOOP
    RETURN NEXT format('INSERT INTO receivables.search (name, criteria) VALUES (%L, %L);', 's' || c.n, c.criteria);
    FOR r IN 1..oracle.pick(1, 3) LOOP
      flags := CASE oracle.pick(1, 6) WHEN 1 THEN format('true, %L, true', oracle.business_date() - oracle.pick(-5, 90)) WHEN 2 THEN 'false, NULL, false' ELSE 'false, NULL, true' END;
      RETURN NEXT CASE (oracle.pick(1, 8) + 1) / 2
        WHEN 1 THEN format('INSERT INTO receivables.assignment_rule (priority, search, scenario, new_customers_only, active_since, active) VALUES (%s, %L, %L, %s);', oracle.pick(1, 4) * 10, 's' || c.n, oracle.pick('soft', 'soft', 'hard', 'hard', 'none'), flags)
        WHEN 2 THEN format('INSERT INTO receivables.assignment_rule (priority, search, portfolio, new_customers_only, active_since, active) VALUES (%s, %L, %L, %s);', oracle.pick(1, 4) * 10, 's' || c.n, oracle.pick('alice', 'bob', 'risk one', 'risk two'), flags)
        WHEN 3 THEN format('INSERT INTO receivables.assignment_rule (priority, search, customer_group, new_customers_only, active_since, active) VALUES (%s, %L, %L, %s);', oracle.pick(1, 4) * 10, 's' || c.n, oracle.pick('late', 'risky', 'big'), flags)
        WHEN 4 THEN format('INSERT INTO receivables.assignment_rule (priority, search, option, new_customers_only, active_since, active) VALUES (%s, %L, %L, %s);', oracle.pick(1, 4) * 10, 's' || c.n, oracle.pick('interactive_email', 'late_interest', 'discretionary_limit'), flags)
        ELSE format('INSERT INTO receivables.assignment_rule (search, colleague) VALUES (%L, %L);', 's' || c.n, oracle.pick('carol', 'dave')) END;
    END LOOP;
    IF with_manual AND random() < 0.3 THEN
      RETURN NEXT format('INSERT INTO receivables.assignment_rule (search, %s, autorun) VALUES (%L, %L, false);', 'customer_group', 's' || c.n, 'called' || oracle.pick(1, 2));
      RETURN NEXT format('INSERT INTO receivables.assignment_rule (search, option, autorun) VALUES (%L, ''recovery_fee'', false);', 's' || c.n);
    END IF;
  END LOOP;
  RETURN NEXT 'UPDATE receivables.scenario SET is_default = false WHERE is_default;';
  RETURN NEXT format('UPDATE receivables.scenario SET is_default = true WHERE name = %L;', oracle.pick('soft', 'hard', 'hard', 'no such'));
  RETURN NEXT format('UPDATE receivables.portfolio SET is_default = (name = %L) WHERE is_default <> (name = %1$L);', oracle.pick('alice', 'risk two'));
  RETURN QUERY SELECT * FROM oracle.random_scenarios();
END $$;

-- Random calendars, promise terms, and steps of the scenarios; "none" has none.
CREATE FUNCTION oracle.random_steps(scenario text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  step integer := 0;
  days integer := oracle.pick(-8, 5);
BEGIN
  RETURN NEXT format('DELETE FROM receivables.scenario_step WHERE scenario = %L;', scenario);
  FOR s IN 1..oracle.pick(1, 7) LOOP
    step := step + oracle.pick(1, 3);
    days := days + oracle.pick(-2, 14);
    RETURN NEXT format('INSERT INTO receivables.scenario_step (scenario, step_no, label, phase, channel, automatic, anchor, offset_days, min_days_after_previous, min_amount, repeat_every_days) '
                       'VALUES (%L, %s, %L, %L, %L, %L, %L, %s, %s, %s, %s);',
      scenario, step, 'Step ' || step, CASE WHEN random() < 0.2 THEN 'pre_due' ELSE oracle.pick('amicable', 'amicable', 'pre_litigation', 'litigation') END,
      oracle.pick('email', 'call', 'letter', 'task'), oracle.pick('manual', 'confirm', 'auto'),
      CASE WHEN random() < 0.3 THEN 'previous_action' ELSE 'due_date' END, CASE WHEN random() < 0.8 THEN days ELSE oracle.pick(-10, 60) END,
      oracle.pick('0', '0', '3', '10'), oracle.pick('0', '0', '0', '800', '2500', '6000'), CASE WHEN random() < 0.2 THEN oracle.pick(1, 20)::text ELSE 'NULL' END);
  END LOOP;
END $$;

CREATE FUNCTION oracle.random_scenarios() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  today date := oracle.business_date();
  name text;
BEGIN
  RETURN NEXT 'DELETE FROM receivables.calendar_holiday;';
  FOR h IN 1..oracle.pick(0, 4) LOOP
    RETURN NEXT format('INSERT INTO receivables.calendar_holiday (calendar, holiday) SELECT %L, %L::date + n FROM generate_series(0, %s) n ON CONFLICT DO NOTHING;',
                       oracle.pick('week', 'gulf', 'every day'), today + oracle.pick(-20, 60), oracle.pick(0, 9));
  END LOOP;
  RETURN NEXT format('SELECT receivables.set_promise_tolerance(%s, %L);', oracle.pick('0', '0', '1', '3', '7'), oracle.pick('week', 'gulf', 'every day', NULL));
  FOREACH name IN ARRAY ARRAY['soft', 'hard'] LOOP
    RETURN NEXT format('UPDATE receivables.scenario SET minimum_amount = %s, ignore_below = %s, on_late_entry = %L, on_new_leader = %L, min_contact_days = %s, calendar = %L WHERE name = %L;',
                       oracle.pick('0', '0', '50', '1000'), oracle.pick('0', '0', '25', '400.5'), oracle.pick('by_age', 'first'), oracle.pick('restart', 'inherit', 'by_age'),
                       oracle.pick('0', '0', '4', '12'), oracle.pick('week', 'gulf', 'every day', NULL, NULL), name);
    RETURN QUERY SELECT * FROM oracle.random_steps(name);
  END LOOP;
END $$;

-- Small changes that take effect at the next CALL.
CREATE FUNCTION oracle.small_change(seed integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setseed((seed % 1000003) / 1000003.0);
  RETURN CASE oracle.pick(1, 12)
    WHEN 8 THEN (SELECT string_agg(t, ' ') FROM oracle.random_steps(oracle.pick('soft', 'hard')) t)
    WHEN 9 THEN format('UPDATE receivables.scenario SET ignore_below = %s, minimum_amount = %s, min_contact_days = %s WHERE name = %L;', oracle.pick('0', '100', '600'), oracle.pick('0', '300'), oracle.pick('0', '6'), oracle.pick('soft', 'hard'))
    WHEN 10 THEN format('INSERT INTO receivables.calendar_holiday (calendar, holiday) SELECT %L, %L::date + n FROM generate_series(0, %s) n ON CONFLICT DO NOTHING;', oracle.pick('week', 'gulf'), oracle.business_date() + oracle.pick(0, 9), oracle.pick(0, 4))
    WHEN 11 THEN format('SELECT receivables.set_promise_tolerance(%s, %L);', oracle.pick(0, 6), oracle.pick('week', 'gulf', NULL))
    WHEN 12 THEN format('UPDATE receivables.scenario SET on_late_entry = %L, on_new_leader = %L, calendar = %L WHERE name = %L;', oracle.pick('by_age', 'first'), oracle.pick('restart', 'inherit', 'by_age'), oracle.pick('week', NULL), oracle.pick('soft', 'hard'))
    WHEN 1 THEN 'UPDATE receivables.assignment_rule SET active = NOT active WHERE rule_id % 5 = 0;'
    WHEN 2 THEN 'UPDATE receivables.assignment_rule SET priority = priority + 15 WHERE rule_id % 3 = 0;'
    WHEN 3 THEN format('UPDATE receivables.search SET criteria = %L WHERE name = (SELECT min(name) FROM receivables.search WHERE name LIKE ''s%%'');', (SELECT criteria FROM oracle.criteria_pool WHERE NOT daily ORDER BY random() LIMIT 1))
    WHEN 4 THEN 'DELETE FROM receivables.assignment_rule WHERE rule_id % 7 = 1 AND autorun;'
    WHEN 5 THEN 'UPDATE receivables.search SET name = name || ''x'' WHERE name = (SELECT min(name) FROM receivables.search WHERE name LIKE ''s%'');'
    WHEN 6 THEN format('UPDATE receivables.payer_profile_band SET up_to_days = %s WHERE profile = ''good'';', oracle.pick(3, 10))
    ELSE 'UPDATE receivables.assignment_rule SET new_customers_only = NOT new_customers_only WHERE rule_id % 6 = 2 AND autorun;' END;
END $$;
