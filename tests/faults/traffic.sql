-- Traffic of the fault tests, besides that of the oracle tests.

-- A transaction's receipt, and its items: on a customer nobody else works on but with receipts of their own.
CREATE TABLE oracle.receipt (token text PRIMARY KEY, items integer NOT NULL);
CREATE FUNCTION oracle.leave_receipt(token text, items integer) RETURNS void LANGUAGE sql AS $$
  INSERT INTO oracle.receipt VALUES (token, items);
  INSERT INTO receivables.item (customer_id, document_no, document_date, due_date, amount)
  SELECT oracle.draw(pg_catalog.hashtext(token) + n, 3, 91, 100), token, oracle.business_date() - 30,
         oracle.business_date() + oracle.draw(pg_catalog.hashtext(token) + n, 4, -60, 30), 100 + n FROM generate_series(1, items) n;
$$;

-- Sessions that post to the same customers, each only to items, contacts and customers of its own, so that without the
-- extension none of them would ever wait for another or be refused. document_url and role name the owner.
CREATE FUNCTION oracle.own_statement(session integer, customers integer, only_new boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c bigint := oracle.pick(1, customers);
  owner text := 's' || session;
  own bigint := 10000 + session * 1000 + oracle.pick(1, 20);
  today date := oracle.business_date();
  some_own text := format('customer_id = %s AND document_url = %L AND item_id %% 3 = %s', c, owner, oracle.pick(0, 2));
BEGIN
  CASE oracle.pick(1, CASE WHEN only_new THEN 6 ELSE 16 END)
    WHEN 1, 2, 3 THEN
      RETURN format('INSERT INTO receivables.item (customer_id, due_date, document_date, amount, document_url) SELECT %s, %L::date + n, %L, %s, %L FROM generate_series(1, %s) n;',
                    c, today - oracle.pick(-30, 90), today - 100, oracle.pick(1, 90000) / 100.0, owner, oracle.pick(1, 3));
    WHEN 4 THEN
      RETURN format('INSERT INTO receivables.item (customer_id, kind, due_date, amount, open_amount, document_url) SELECT n %% %s + 1, %L, %L, %s, %s, %L FROM generate_series(%s, %s) n;',
                    customers, oracle.pick('invoice', 'debit_note', 'other'), today - oracle.pick(-30, 90), 300, oracle.pick(0, 3) * 100, owner, c, c + oracle.pick(1, 6));
    WHEN 5 THEN
      RETURN format('INSERT INTO receivables.contact (customer_id, role, email, phone) VALUES (%s, %L, %L, %L);', c, owner, oracle.pick('c@example.org', ' ', NULL), oracle.pick('2', NULL));
    WHEN 6 THEN
      RETURN format('INSERT INTO receivables.item (customer_id, due_date, amount, status, promised_on, document_url) VALUES (%s, %L, 77, %L, %L, %L);',
                    c, today - 20, oracle.pick('dispute', 'promise'), today + 3, owner);
    WHEN 7, 8 THEN RETURN format('UPDATE receivables.item SET open_amount = round(open_amount * 0.%s, 2) WHERE %s;', oracle.pick(11, 99), some_own);
    WHEN 9 THEN RETURN format('UPDATE receivables.item SET open_amount = 0 WHERE %s;', some_own);
    WHEN 10 THEN RETURN format('UPDATE receivables.item SET status = %L WHERE %s;', oracle.pick('dispute', 'ongoing', NULL), some_own);
    WHEN 11, 12 THEN RETURN format('DELETE FROM receivables.item WHERE %s;', some_own);
    WHEN 13 THEN
      RETURN format('UPDATE receivables.customer SET email = %L, external_score = %s WHERE customer_id = %s;',
                    oracle.pick('x@example.org', '', NULL), oracle.pick(1, 99), (c / 8) * 8 + session % 8);
    WHEN 14 THEN RETURN format('UPDATE receivables.contact SET email = %L WHERE customer_id = %s AND role = %L;', oracle.pick('e@example.org', NULL), c, owner);
    WHEN 15 THEN
      RETURN format('INSERT INTO receivables.customer (customer_id, account_no, parent_id) VALUES (%1$s, %1$s, %2$L) ON CONFLICT (customer_id) DO NOTHING; '
                    'INSERT INTO receivables.item (customer_id, due_date, amount, document_url) VALUES (%1$s, %3$L, 5000, %4$L);', own, CASE WHEN own % 2 = 0 THEN c::text END, today - 40, owner);
    WHEN 16 THEN RETURN format('DELETE FROM receivables.item WHERE customer_id = %1$s; DELETE FROM receivables.customer WHERE customer_id = %1$s;', own);
  END CASE;
END $$;

-- Serializable transactions only insert: what updates and deletes read conflicts without the extension, too.
CREATE FUNCTION oracle.own_traffic(seed integer, session integer, transactions integer, customers integer, modes text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  level text;
BEGIN
  PERFORM setseed((seed % 1000003) / 1000003.0);
  FOR t IN 1..transactions LOOP
    level := oracle.pick('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
    RETURN NEXT 'BEGIN ISOLATION LEVEL ' || level || ';';
    RETURN NEXT 'SET LOCAL search_assign.apply = ' || oracle.pick(VARIADIC string_to_array(modes, ',')) || ';';
    FOR s IN 1..oracle.pick(2, 6) LOOP
      RETURN NEXT oracle.own_statement(session, customers, level = 'SERIALIZABLE');
    END LOOP;
    RETURN NEXT CASE WHEN random() < 0.1 THEN 'ROLLBACK;' ELSE 'COMMIT;' END;
  END LOOP;
END $$;
