-- State of the extension: what the last run did, what waits for the next, checks and mending.

CREATE TABLE receivables.search_assign_progress_row (
  backend_pid       integer NOT NULL CONSTRAINT search_assign_progress_row_pkey PRIMARY KEY,
  started_at        timestamptz NOT NULL,
  business_date     date NOT NULL,
  everyone          boolean NOT NULL,
  customers_total   bigint NOT NULL,
  customers_done    bigint NOT NULL,
  customers_changed bigint NOT NULL,
  updated_at        timestamptz NOT NULL,
  finished_at       timestamptz
);
COMMENT ON TABLE receivables.search_assign_progress_row IS 'Progress of the runs, one row a server process; read it through search_assign_progress.';

CREATE VIEW receivables.search_assign_progress AS
SELECT r.backend_pid, r.started_at, r.business_date, r.everyone, r.customers_total, r.customers_done, r.customers_changed,
       (r.customers_done / greatest(extract(epoch FROM coalesce(r.finished_at, r.updated_at) - r.started_at), 0.001))::numeric(28,4) AS customers_per_second,
       CASE WHEN r.finished_at IS NULL AND r.customers_done > 0
            THEN r.started_at + (r.updated_at - r.started_at) * (r.customers_total::double precision / r.customers_done) END AS expected_end,
       r.updated_at, r.finished_at,
       CASE WHEN r.finished_at IS NOT NULL THEN 'finished'
            WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = r.backend_pid AND a.backend_start <= r.started_at) THEN 'running'
            ELSE 'stopped' END AS state
FROM receivables.search_assign_progress_row r;
COMMENT ON VIEW receivables.search_assign_progress IS
  'One row per server process that has run search_assign() (key backend_pid): its last run.';
COMMENT ON COLUMN receivables.search_assign_progress.backend_pid IS 'Server process; key of the view.';
COMMENT ON COLUMN receivables.search_assign_progress.started_at IS 'Start of the run.';
COMMENT ON COLUMN receivables.search_assign_progress.business_date IS 'Business date of the run.';
COMMENT ON COLUMN receivables.search_assign_progress.everyone IS 'All customers were asked for.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_total IS 'Customers to visit.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_done IS 'Customers visited so far.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_changed IS 'Customers whose memberships changed so far.';
COMMENT ON COLUMN receivables.search_assign_progress.customers_per_second IS 'Rate so far.';
COMMENT ON COLUMN receivables.search_assign_progress.expected_end IS 'Expected end while running.';
COMMENT ON COLUMN receivables.search_assign_progress.updated_at IS 'Time of the last report.';
COMMENT ON COLUMN receivables.search_assign_progress.finished_at IS 'End of the run, NULL while it has not ended.';
COMMENT ON COLUMN receivables.search_assign_progress.state IS 'running, finished or stopped (interrupted; the next call goes on where it stood).';

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

CREATE FUNCTION receivables.memberships_as_of(ts timestamptz, OUT customer_id bigint, OUT target text, OUT name text,
                                              OUT rule_id bigint, OUT search text, OUT source text, OUT since date) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.customer_id, l.target, l.name, l.rule_id, l.search, l.source, l.since
  FROM (SELECT DISTINCT ON (m.customer_id, m.target, CASE WHEN m.target IN ('scenario', 'collection_portfolio', 'risk_portfolio') THEN 0 ELSE m.target_id END) m.*
        FROM receivables.membership_log m WHERE m.recorded_at <= ts
        ORDER BY m.customer_id, m.target, CASE WHEN m.target IN ('scenario', 'collection_portfolio', 'risk_portfolio') THEN 0 ELSE m.target_id END,
                 m.recorded_at DESC, m.log_id DESC) l
  WHERE l.name IS NOT NULL
$$;
COMMENT ON FUNCTION receivables.memberships_as_of(timestamptz) IS
  'Memberships as they were recorded at a point in time, from membership_log, with the names of then.';

CREATE FUNCTION receivables.check_positions(OUT customer_id bigint, OUT figure text, OUT stored text, OUT expected text) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1 COST 1000000 AS 'MODULE_PATHNAME', 'sa_check_positions';
COMMENT ON FUNCTION receivables.check_positions() IS
  'Customers whose position differs from a recomputation from the ledger: none, ever, unless triggers were bypassed. Changes of the present transaction that are not applied yet show as differences.';

CREATE FUNCTION receivables.rebuild_positions() RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'sa_rebuild_positions';
COMMENT ON FUNCTION receivables.rebuild_positions() IS
  'Mends positions that differ from the ledger, decides their customers again, and returns their number. Keeps writers of the ledger waiting meanwhile.';
