-- The collector's workspace: notes and call logs, roles of contacts, documents of items, and what is known of a customer
-- on one row (collector_workspace) and as a list (workspace_entry).

CREATE TABLE receivables.note (
  customer_id bigint NOT NULL,
  note_id     bigint GENERATED ALWAYS AS IDENTITY,
  item_id     bigint,
  kind        text NOT NULL DEFAULT 'note' CONSTRAINT note_kind_check CHECK (kind IN ('note', 'call')),
  direction   text CONSTRAINT note_direction_check CHECK (direction IN ('in', 'out')),
  contact_id  bigint,
  body        text NOT NULL CONSTRAINT note_body_check CHECK (pg_catalog.btrim(body) <> ''),
  created_on  date NOT NULL DEFAULT receivables.business_date(),
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  created_by  text NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT note_pkey PRIMARY KEY (customer_id, note_id),
  CONSTRAINT note_call_check CHECK (kind = 'call' OR direction IS NULL)
);
COMMENT ON TABLE receivables.note IS
  'Notes and call logs on customers and items. Written by add_note(). They stay when the item or the contact goes; record_action() is for what counts as a collection action.';
COMMENT ON COLUMN receivables.note.item_id IS 'Item it is about, NULL = the customer.';
COMMENT ON COLUMN receivables.note.kind IS 'note or call.';
COMMENT ON COLUMN receivables.note.direction IS 'Of a call: in = the customer called, out = we did.';
COMMENT ON COLUMN receivables.note.contact_id IS 'Contact spoken to.';
COMMENT ON COLUMN receivables.note.created_on IS 'Business date.';

CREATE FUNCTION receivables.add_note(customer_id bigint, body text, kind text DEFAULT 'note', item_id bigint DEFAULT NULL, direction text DEFAULT NULL,
                                     contact_id bigint DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  made bigint;
BEGIN
  IF kind IS NULL OR kind NOT IN ('note', 'call') THEN
    RAISE EXCEPTION 'kind of note "%" does not exist', kind USING ERRCODE = '22023', HINT = 'The kinds are note and call.';
  ELSIF direction NOT IN ('in', 'out') THEN
    RAISE EXCEPTION 'direction "%" does not exist', direction USING ERRCODE = '22023', HINT = 'The directions are in and out.';
  ELSIF kind = 'note' AND direction IS NOT NULL THEN
    RAISE EXCEPTION 'a note has no direction' USING ERRCODE = '22023', HINT = 'Only calls have one.';
  ELSIF coalesce(btrim(body), '') = '' THEN
    RAISE EXCEPTION 'the note is empty' USING ERRCODE = '22023';
  ELSIF NOT EXISTS (SELECT FROM receivables.customer c WHERE c.customer_id = add_note.customer_id) THEN
    RAISE EXCEPTION 'customer % does not exist', customer_id USING ERRCODE = '23503';
  ELSIF item_id IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = add_note.customer_id AND i.item_id = add_note.item_id) THEN
    RAISE EXCEPTION 'item % of customer % does not exist', item_id, customer_id USING ERRCODE = '23503';
  ELSIF contact_id IS NOT NULL AND NOT EXISTS (SELECT FROM receivables.contact c WHERE c.customer_id = add_note.customer_id AND c.contact_id = add_note.contact_id) THEN
    RAISE EXCEPTION 'contact % of customer % does not exist', contact_id, customer_id USING ERRCODE = '23503';
  END IF;
  INSERT INTO receivables.note AS n (customer_id, item_id, kind, direction, contact_id, body)
  VALUES (customer_id, item_id, kind, direction, contact_id, body) RETURNING n.note_id INTO made;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.add_note(bigint, text, text, bigint, text, bigint) IS
  'Adds a note or a call log to a customer or one of its items and returns its number; 23503 for an item or contact the customer does not have.';

CREATE TABLE receivables.contact_role (
  code       text NOT NULL CONSTRAINT contact_role_pkey PRIMARY KEY CONSTRAINT contact_role_code_check CHECK (code <> ''),
  label      text NOT NULL,
  is_builtin boolean NOT NULL DEFAULT false
);
INSERT INTO receivables.contact_role (code, label, is_builtin) VALUES
  ('collection', 'Contact for collection', true), ('accounting', 'Accounts payable', true), ('purchasing', 'Purchasing', true),
  ('logistics', 'Logistics', true), ('management', 'Management', true), ('legal', 'Legal', true);
COMMENT ON TABLE receivables.contact_role IS
  'Known roles of contacts. contact.role is free text; a contact with role collection is the one to whom collection turns.';
COMMENT ON COLUMN receivables.contact_role.code IS 'Role as in contact.role.';
COMMENT ON COLUMN receivables.contact_role.label IS 'What people call it.';
COMMENT ON COLUMN receivables.contact_role.is_builtin IS 'Shipped with the extension.';

CREATE FUNCTION receivables.replace_shipped_contact_role() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF receivables.in_restore() THEN
    DELETE FROM receivables.contact_role r WHERE r.code = NEW.code AND r.is_builtin;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION receivables.replace_shipped_contact_role() IS 'Row trigger: a restored row replaces the shipped one of the same key.';
CREATE TRIGGER search_assign_restore BEFORE INSERT ON receivables.contact_role
  FOR EACH ROW EXECUTE FUNCTION receivables.replace_shipped_contact_role();

CREATE VIEW receivables.collection_contact AS
SELECT c.customer_id, k.contact_id, coalesce(k.name, c.name) AS name, k.role,
       coalesce(nullif(pg_catalog.btrim(k.email), ''), nullif(pg_catalog.btrim(c.email), '')) AS email,
       coalesce(nullif(pg_catalog.btrim(k.phone), ''), nullif(pg_catalog.btrim(c.phone), '')) AS phone
FROM receivables.customer c
LEFT JOIN LATERAL (
  SELECT t.contact_id, t.name, t.role, t.email, t.phone FROM receivables.contact t
  WHERE t.customer_id = c.customer_id AND t.role IN ('collection', 'accounting')
  ORDER BY t.role DESC, coalesce(pg_catalog.btrim(t.email), '') = '', t.contact_id LIMIT 1) k ON true;
COMMENT ON VIEW receivables.collection_contact IS
  'One row per customer (key customer_id): to whom collection turns: the contact with role collection, else accounting (with an e-mail address first, then the first one); what it lacks, and where there is none, from the customer.';
COMMENT ON COLUMN receivables.collection_contact.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.collection_contact.contact_id IS 'Contact, NULL where the customer has none with such a role.';
COMMENT ON COLUMN receivables.collection_contact.name IS 'Name of the contact, else of the customer.';
COMMENT ON COLUMN receivables.collection_contact.role IS 'Role of the contact.';
COMMENT ON COLUMN receivables.collection_contact.email IS 'E-mail address.';
COMMENT ON COLUMN receivables.collection_contact.phone IS 'Telephone number.';

CREATE TABLE receivables.item_document (
  customer_id   bigint NOT NULL,
  item_id       bigint NOT NULL,
  document_id   bigint GENERATED BY DEFAULT AS IDENTITY,
  kind          text NOT NULL DEFAULT 'invoice' CONSTRAINT item_document_kind_check
                  CHECK (kind IN ('invoice', 'proof_of_delivery', 'claim', 'tracking', 'other')),
  url           text NOT NULL CONSTRAINT item_document_url_check CHECK (pg_catalog.btrim(url) <> ''),
  document_date date CONSTRAINT item_document_document_date_check CHECK (pg_catalog.isfinite(document_date)),
  label         text,
  CONSTRAINT item_document_pkey PRIMARY KEY (customer_id, item_id, document_id)
);
COMMENT ON TABLE receivables.item_document IS
  'Links to documents of items. Written by ERP jobs with plain INSERT, UPDATE and DELETE, or by add_document(); an item a customer does not have is refused (23503).';
COMMENT ON COLUMN receivables.item_document.kind IS 'invoice, proof_of_delivery, claim, tracking or other.';
COMMENT ON COLUMN receivables.item_document.url IS 'Where it is found.';

CREATE FUNCTION receivables.item_document_changed() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  lost record;
BEGIN
  IF receivables.in_restore() THEN
    RETURN NULL;
  END IF;
  SELECT n.customer_id, n.item_id INTO lost FROM new_rows n
  WHERE NOT EXISTS (SELECT FROM receivables.item i WHERE i.customer_id = n.customer_id AND i.item_id = n.item_id) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'item % of customer % does not exist', lost.item_id, lost.customer_id USING ERRCODE = '23503';
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION receivables.item_document_changed() IS 'Statement trigger: refuses documents of items that do not exist (23503).';
CREATE TRIGGER search_assign_insert AFTER INSERT ON receivables.item_document
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION receivables.item_document_changed();
CREATE TRIGGER search_assign_update AFTER UPDATE ON receivables.item_document
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION receivables.item_document_changed();

CREATE FUNCTION receivables.add_document(customer_id bigint, item_id bigint, kind text, url text, document_date date DEFAULT NULL, label text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  made bigint;
BEGIN
  IF kind IS NULL OR kind NOT IN ('invoice', 'proof_of_delivery', 'claim', 'tracking', 'other') THEN
    RAISE EXCEPTION 'kind of document "%" does not exist', kind USING ERRCODE = '22023', HINT = 'The kinds are invoice, proof_of_delivery, claim, tracking and other.';
  ELSIF coalesce(btrim(url), '') = '' THEN
    RAISE EXCEPTION 'the link is empty' USING ERRCODE = '22023';
  ELSIF NOT isfinite(document_date) THEN
    RAISE EXCEPTION 'date of the document is not finite' USING ERRCODE = '22023';
  END IF;
  PERFORM receivables.lock_items(customer_id, ARRAY[item_id]);
  INSERT INTO receivables.item_document AS d (customer_id, item_id, kind, url, document_date, label)
  VALUES (customer_id, item_id, kind, url, document_date, label) RETURNING d.document_id INTO made;
  RETURN made;
END $$;
COMMENT ON FUNCTION receivables.add_document(bigint, bigint, text, text, date, text) IS
  'Adds a link to a document of an item and returns its number.';

CREATE VIEW receivables.customer_document AS
SELECT d.customer_id, d.item_id, d.document_id, i.document_no, d.kind, d.url, coalesce(d.document_date, i.document_date) AS document_date, d.label
FROM receivables.item_document d JOIN receivables.item i ON i.customer_id = d.customer_id AND i.item_id = d.item_id
UNION ALL
SELECT i.customer_id, i.item_id, 0, i.document_no, CASE WHEN i.kind = 'invoice' THEN 'invoice' ELSE 'other' END, i.document_url, i.document_date, NULL
FROM receivables.item i WHERE i.document_url IS NOT NULL;
COMMENT ON VIEW receivables.customer_document IS
  'One row per document (key customer_id, item_id, document_id): the rows of item_document, and item.document_url as document 0 of its item.';
COMMENT ON COLUMN receivables.customer_document.customer_id IS 'Customer; key of the view together with item_id and document_id.';
COMMENT ON COLUMN receivables.customer_document.item_id IS 'Item.';
COMMENT ON COLUMN receivables.customer_document.document_id IS 'Document; 0 = the link on the item itself.';
COMMENT ON COLUMN receivables.customer_document.document_no IS 'Document number of the item.';
COMMENT ON COLUMN receivables.customer_document.kind IS 'invoice, proof_of_delivery, claim, tracking or other.';
COMMENT ON COLUMN receivables.customer_document.url IS 'Where it is found.';
COMMENT ON COLUMN receivables.customer_document.document_date IS 'Date of the document, else of the item.';
COMMENT ON COLUMN receivables.customer_document.label IS 'Label.';

REVOKE ALL ON FUNCTION receivables.add_note(bigint, text, text, bigint, text, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.add_document(bigint, bigint, text, text, date, text) FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('receivables.note', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.note_note_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.contact_role', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.item_document', '');
SELECT pg_catalog.pg_extension_config_dump('receivables.item_document_document_id_seq', '');
