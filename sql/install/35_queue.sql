-- The queue of changes: what a transaction could not, or was told not to, add to a customer's position
-- (src/pg/change_queue.cpp). Positions as readers see them: position + queue.

CREATE TABLE receivables.change_queue (
  customer_id    bigint NOT NULL,
  queue_id       bigint GENERATED ALWAYS AS IDENTITY,
  queued_at      timestamptz NOT NULL,
  sqlstate       text,
  reason         text NOT NULL,
  receivables    receivables.maturity_profile,
  qualified      receivables.maturity_profile,
  disputed       receivables.maturity_profile,
  sales          receivables.maturity_profile,
  payments       receivables.maturity_profile,
  promises       bytea,
  held           bytea,
  contact_emails integer,
  contact_phones integer,
  CONSTRAINT change_queue_pkey PRIMARY KEY (customer_id, queue_id)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
COMMENT ON TABLE receivables.change_queue IS
  'Changes of positions that wait to be applied (key customer_id, queue_id): by the next transaction that touches the customer, CALL search_assign_pending(), CALL search_assign() or the worker. Append-only; changed only by the extension.';
COMMENT ON COLUMN receivables.change_queue.sqlstate IS 'Error that kept the change from being applied; NULL where search_assign.apply = queue.';
COMMENT ON COLUMN receivables.change_queue.reason IS 'Why the change was queued.';
COMMENT ON COLUMN receivables.change_queue.receivables IS 'Net change of position.receivables, NULL = none; so the other columns of the same names. A row without any has its customer decided again.';

CREATE FUNCTION receivables.add_promises(a bytea, b bytea) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sa_add_promises';
COMMENT ON FUNCTION receivables.add_promises(bytea, bytea) IS 'Sum of two values of position.promises or change_queue.promises.';
CREATE AGGREGATE receivables.sum_promises(bytea) (
  SFUNC = receivables.add_promises, STYPE = bytea, INITCOND = '\x01', COMBINEFUNC = receivables.add_promises, PARALLEL = SAFE);
COMMENT ON AGGREGATE receivables.sum_promises(bytea) IS 'Sum of values of change_queue.promises.';

-- The columns of position in their order: the facts are compiled for either (src/pg/facts.cpp).
CREATE VIEW receivables.current_position AS
SELECT p.customer_id, p.configuration_version, p.decided_on, p.review_on, p.scenario_id, p.collection_portfolio_id, p.risk_portfolio_id,
       (CASE WHEN q.contact_emails IS NULL THEN p.contact_emails ELSE p.contact_emails + q.contact_emails END)::integer AS contact_emails,
       (CASE WHEN q.contact_phones IS NULL THEN p.contact_phones ELSE p.contact_phones + q.contact_phones END)::integer AS contact_phones,
       p.next_step, p.priority_points, p.hand_made, p.failed, p.off_worklist, p.last_action_on, p.next_action_on, p.collection_account_id, p.has_members,
       CASE WHEN q.receivables IS NULL THEN p.receivables ELSE p.receivables OPERATOR(receivables.+) q.receivables END AS receivables,
       CASE WHEN q.qualified IS NULL THEN p.qualified ELSE p.qualified OPERATOR(receivables.+) q.qualified END AS qualified,
       CASE WHEN q.disputed IS NULL THEN p.disputed ELSE p.disputed OPERATOR(receivables.+) q.disputed END AS disputed,
       CASE WHEN q.sales IS NULL THEN p.sales ELSE p.sales OPERATOR(receivables.+) q.sales END AS sales,
       CASE WHEN q.payments IS NULL THEN p.payments ELSE p.payments OPERATOR(receivables.+) q.payments END AS payments,
       CASE WHEN q.promises IS NULL THEN p.promises ELSE receivables.add_promises(p.promises, q.promises) END AS promises,
       CASE WHEN q.held IS NULL THEN p.held ELSE receivables.add_promises(p.held, q.held) END AS held,
       p.progress, p.ignored, p.assignment
FROM receivables.position p
LEFT JOIN (SELECT c.customer_id, sum(c.contact_emails) AS contact_emails, sum(c.contact_phones) AS contact_phones,
                  receivables.sum(c.receivables) AS receivables, receivables.sum(c.qualified) AS qualified, receivables.sum(c.disputed) AS disputed,
                  receivables.sum(c.sales) AS sales, receivables.sum(c.payments) AS payments, receivables.sum_promises(c.promises) AS promises, receivables.sum_promises(c.held) AS held
           FROM receivables.change_queue c GROUP BY c.customer_id) q ON q.customer_id = p.customer_id;
COMMENT ON VIEW receivables.current_position IS
  'One row per customer (key customer_id): the position with what is queued for it added; memberships may lag behind the queue.';

DO $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT a.attname, pg_catalog.col_description(a.attrelid, a.attnum) AS comment FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = 'receivables.position'::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
  LOOP
    EXECUTE pg_catalog.format('COMMENT ON COLUMN receivables.current_position.%I IS %L', c.attname, c.comment);
  END LOOP;
END $$;

CREATE PROCEDURE receivables.search_assign_pending()
  LANGUAGE C AS 'MODULE_PATHNAME', 'sa_search_assign_pending';
COMMENT ON PROCEDURE receivables.search_assign_pending() IS
  'Applies what is queued and decides those customers. Commits in batches outside a transaction block; several sessions may call it at once; what others hold locked stays queued.';
