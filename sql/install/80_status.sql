-- State of the extension: what the last run did, what waits for the next, checks and mending.

-- Runs and their units of work have their numbers from one sequence: a number names one lock (src/pg/run_lock.cpp).
CREATE SEQUENCE receivables.search_assign_run_id_seq;
COMMENT ON SEQUENCE receivables.search_assign_run_id_seq IS 'Numbers of runs and of their units of work.';

CREATE TABLE receivables.search_assign_run (
  run_id                bigint NOT NULL DEFAULT pg_catalog.nextval('receivables.search_assign_run_id_seq') CONSTRAINT search_assign_run_pkey PRIMARY KEY,
  backend_pid           integer NOT NULL DEFAULT pg_catalog.pg_backend_pid(),
  business_date         date NOT NULL,
  configuration_version bigint NOT NULL,
  everyone              boolean NOT NULL,
  started_at            timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  resumed_at            timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  done_before           bigint NOT NULL DEFAULT 0,
  customers_total       bigint NOT NULL,
  customers_done        bigint NOT NULL DEFAULT 0,
  customers_changed     bigint NOT NULL DEFAULT 0,
  finished_at           timestamptz,
  replaced              boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX search_assign_run_unfinished_idx ON receivables.search_assign_run ((finished_at IS NULL)) WHERE finished_at IS NULL;
COMMENT ON TABLE receivables.search_assign_run IS
  'Runs of search_assign(): the unfinished one, which several sessions may share, and the last ten; read them through search_assign_progress. Bookkeeping: a dump leaves it out.';
COMMENT ON COLUMN receivables.search_assign_run.resumed_at IS 'Start, or the last time that a call went on with a stopped run.';
COMMENT ON COLUMN receivables.search_assign_run.done_before IS 'Customers visited until then.';
COMMENT ON COLUMN receivables.search_assign_run.customers_done IS 'Customers visited, those of the units of work not included.';
COMMENT ON COLUMN receivables.search_assign_run.customers_changed IS 'Of them those whose memberships changed.';
COMMENT ON COLUMN receivables.search_assign_run.replaced IS 'Ended before it was complete, because a run of another date, version or extent began.';

CREATE TABLE receivables.search_assign_batch (
  batch_id          bigint NOT NULL DEFAULT pg_catalog.nextval('receivables.search_assign_run_id_seq') CONSTRAINT search_assign_batch_pkey PRIMARY KEY,
  run_id            bigint NOT NULL,
  customer_ids      bigint[] NOT NULL,
  size              integer NOT NULL,
  visited           integer NOT NULL DEFAULT 0,
  customers_changed integer NOT NULL DEFAULT 0,
  updated_at        timestamptz
) WITH (fillfactor = 50);
ALTER TABLE receivables.search_assign_batch ALTER COLUMN customer_ids SET STORAGE EXTERNAL;
COMMENT ON TABLE receivables.search_assign_batch IS
  'Units of work of the unfinished run; the session that holds the lock of a unit works on it, in small committed steps.';
COMMENT ON COLUMN receivables.search_assign_batch.customer_ids IS 'Customers of the unit, ascending.';
COMMENT ON COLUMN receivables.search_assign_batch.size IS 'Their number.';
COMMENT ON COLUMN receivables.search_assign_batch.visited IS 'Of them those behind which the work stands.';

CREATE VIEW receivables.search_assign_progress AS
SELECT r.run_id, r.backend_pid, r.started_at, r.business_date, r.configuration_version, r.everyone, r.customers_total, s.customers_done, s.customers_changed,
       s.customers_per_second::numeric(28,4) AS customers_per_second,
       CASE WHEN r.finished_at IS NULL AND s.customers_per_second > 0
            THEN s.updated_at + pg_catalog.make_interval(secs => (r.customers_total - s.customers_done) / s.customers_per_second) END AS expected_end,
       s.updated_at, r.finished_at, s.sessions,
       CASE WHEN r.replaced THEN 'replaced' WHEN r.finished_at IS NOT NULL THEN 'finished' WHEN s.sessions > 0 THEN 'running' ELSE 'stopped' END AS state
FROM receivables.search_assign_run r
CROSS JOIN LATERAL (
  SELECT r.customers_done + coalesce(sum(b.visited), 0)::bigint, r.customers_changed + coalesce(sum(b.customers_changed), 0)::bigint,
         coalesce(r.finished_at, greatest(max(b.updated_at), r.resumed_at)),
         (r.customers_done + coalesce(sum(b.visited), 0) - r.done_before)::double precision
           / greatest(extract(epoch FROM coalesce(r.finished_at, greatest(max(b.updated_at), r.resumed_at)) - r.resumed_at), 0.001)::double precision,
         CASE WHEN r.finished_at IS NULL THEN
           (SELECT count(*) FROM pg_catalog.pg_locks l
            WHERE l.locktype = 'advisory' AND l.objsubid = 3 AND l.mode = 'ShareLock' AND l.granted
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
              AND l.classid::bigint = r.run_id >> 32 AND l.objid::bigint = r.run_id & 4294967295)::integer
         ELSE 0 END
  FROM receivables.search_assign_batch b WHERE b.run_id = r.run_id
) s(customers_done, customers_changed, updated_at, customers_per_second, sessions);
COMMENT ON VIEW receivables.search_assign_progress IS
  'One row per run of search_assign() (key run_id): the one under way, whichever sessions work on it, and the last ones before it.';
COMMENT ON COLUMN receivables.search_assign_progress.run_id IS 'Run; key of the view, ascending in time.';
COMMENT ON COLUMN receivables.search_assign_progress.backend_pid IS 'Server process that began the run.';
COMMENT ON COLUMN receivables.search_assign_progress.started_at IS 'Start of the run.';
COMMENT ON COLUMN receivables.search_assign_progress.business_date IS 'Business date of the run.';
COMMENT ON COLUMN receivables.search_assign_progress.configuration_version IS 'Version of searches, rules and targets that the run brings to its customers.';
COMMENT ON COLUMN receivables.search_assign_progress.everyone IS 'All customers were asked for.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_total IS 'Customers to visit.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_done IS 'Customers visited so far, by all sessions.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_changed IS 'Customers whose memberships changed so far.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_per_second IS 'Rate since the start or, after an interruption, since the run went on.';
COMMENT ON COLUMN receivables.search_assign_progress.expected_end IS 'Expected end at that rate, NULL for a run that has ended.';
COMMENT ON COLUMN receivables.search_assign_progress.updated_at IS 'Time of the last committed step.';
COMMENT ON COLUMN receivables.search_assign_progress.finished_at IS 'End of the run, NULL while it has not ended.';
COMMENT ON COLUMN receivables.search_assign_progress.sessions IS 'Sessions at work on it now.';
COMMENT ON COLUMN receivables.search_assign_progress.state IS 'running, finished, stopped (interrupted; the next call goes on where it stood) or replaced (ended early by a run of another date, version or extent).';

CREATE VIEW receivables.search_assign_status AS
SELECT c.version AS configuration_version, c.changed_at AS configuration_changed_at, c.changed_by AS configuration_changed_by,
       c.last_run_version, c.last_run_at, c.last_run_date, c.last_run_customers,
       (c.last_run_version IS DISTINCT FROM c.version) AS configuration_is_newer,
       receivables.business_date() AS business_date,
       (c.last_run_date IS DISTINCT FROM receivables.business_date()) AS day_is_newer
FROM receivables.configuration c;
COMMENT ON VIEW receivables.search_assign_status IS
  'One row (key configuration_version): what the last complete run has seen, and what the next one will have to do.';
COMMENT ON COLUMN receivables.search_assign_status.configuration_version IS 'Version of searches, rules and targets; key of the view.';
COMMENT ON COLUMN receivables.search_assign_status.configuration_changed_at IS 'Time of the last change of them.';
COMMENT ON COLUMN receivables.search_assign_status.configuration_changed_by IS 'Author of it.';
COMMENT ON COLUMN receivables.search_assign_status.last_run_version IS 'Version that the last complete CALL search_assign() has brought to all customers.';
COMMENT ON COLUMN receivables.search_assign_status.last_run_at IS 'End of that run.';
COMMENT ON COLUMN receivables.search_assign_status.last_run_date IS 'Business date of that run.';
COMMENT ON COLUMN receivables.search_assign_status.last_run_customers IS 'Customers it visited.';
COMMENT ON COLUMN receivables.search_assign_status.configuration_is_newer IS 'True: customers without ledger changes since still stand as decided before.';
COMMENT ON COLUMN receivables.search_assign_status.business_date IS 'Present business date.';
COMMENT ON COLUMN receivables.search_assign_status.day_is_newer IS 'True: the last run was on another business date.';

CREATE VIEW receivables.unassigned_customers AS
SELECT c.customer_id, c.account_no, c.name AS customer, c.company,
       p.scenario_id IS NULL AS without_scenario,
       cp.collector IS NULL AS without_collector,
       receivables.total(p.receivables)::numeric(28,4) AS outstanding,
       receivables.overdue(p.receivables)::numeric(28,4) AS overdue
FROM receivables.current_position p
JOIN receivables.customer c ON c.customer_id = p.customer_id
LEFT JOIN receivables.portfolio cp ON cp.portfolio_id = p.collection_portfolio_id
WHERE p.scenario_id IS NULL OR cp.collector IS NULL;
COMMENT ON VIEW receivables.unassigned_customers IS
  'One row per customer without a scenario or without a collector (key customer_id).';
COMMENT ON COLUMN receivables.unassigned_customers.customer_id IS 'Customer; key of the view.';
COMMENT ON COLUMN receivables.unassigned_customers.account_no IS 'Account number in the ERP.';
COMMENT ON COLUMN receivables.unassigned_customers.customer IS 'Name of the customer.';
COMMENT ON COLUMN receivables.unassigned_customers.company IS 'Selling company.';
COMMENT ON COLUMN receivables.unassigned_customers.without_scenario IS 'No scenario.';
COMMENT ON COLUMN receivables.unassigned_customers.without_collector IS 'No collection portfolio, or one without a collector.';
COMMENT ON COLUMN receivables.unassigned_customers.outstanding IS 'All open amounts, net of credits.';
COMMENT ON COLUMN receivables.unassigned_customers.overdue IS 'Overdue amounts, net of credits.';

CREATE FUNCTION receivables.check_positions(OUT customer_id bigint, OUT figure text, OUT stored text, OUT expected text) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1 COST 1000000 AS 'MODULE_PATHNAME', 'sa_check_positions';
COMMENT ON FUNCTION receivables.check_positions() IS
  'Customers whose position differs from a recomputation from the ledger: none, unless triggers were bypassed or a case of the README''s Limits applies. Changes of the present transaction that are not applied yet show as differences.';

CREATE FUNCTION receivables.rebuild_positions() RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'sa_rebuild_positions';
COMMENT ON FUNCTION receivables.rebuild_positions() IS
  'Mends positions that differ from the ledger, decides their customers again, and returns their number. Keeps writers of the ledger waiting meanwhile.';
