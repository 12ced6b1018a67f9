-- Statistics: what the extension has done since the last reset, and how long it took.

CREATE FUNCTION receivables.statistics_totals(
    OUT statements bigint, OUT ledger_rows bigint, OUT searches_evaluated bigint, OUT conflict_retries bigint,
    OUT application_failures bigint, OUT search_failures bigint, OUT runs bigint,
    OUT applications bigint, OUT customers_decided bigint, OUT membership_changes bigint, OUT customers_queued bigint, OUT customers_dequeued bigint,
    OUT statement_ms double precision, OUT reading_ms double precision, OUT search_ms double precision, OUT look_ahead_ms double precision, OUT collection_ms double precision,
    OUT writing_ms double precision, OUT log_ms double precision, OUT run_ms double precision, OUT queue_ms double precision,
    OUT since timestamptz, OUT scope text, OUT problem text)
  LANGUAGE C STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'sa_statistics_totals';
COMMENT ON FUNCTION receivables.statistics_totals() IS
  'Counts and times of search_assign_stats, where their columns are explained; at the end of each transaction its counts are added.';

CREATE FUNCTION receivables.reset_search_assign_stats() RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_reset_search_assign_stats';
COMMENT ON FUNCTION receivables.reset_search_assign_stats() IS
  'Lets the counts and times of search_assign_stats begin at 0, at once and for all sessions; a rollback does not undo that.';
REVOKE ALL ON FUNCTION receivables.reset_search_assign_stats() FROM PUBLIC;

CREATE VIEW receivables.search_assign_stats AS
SELECT t.statements, t.ledger_rows, t.applications, t.customers_decided, t.searches_evaluated, t.membership_changes,
       t.customers_queued, t.customers_dequeued, t.conflict_retries, t.application_failures, t.search_failures, t.runs,
       t.statement_ms, t.reading_ms, t.search_ms, t.look_ahead_ms, t.collection_ms, t.writing_ms, t.log_ms, t.run_ms, t.queue_ms,
       q.length AS queue_length, q.age AS queue_age_seconds, t.since AS stats_reset, t.scope, t.problem
FROM receivables.statistics_totals() t,
     (SELECT count(*) AS length,
             extract(epoch FROM pg_catalog.clock_timestamp() - min(c.queued_at))::double precision AS age
      FROM receivables.change_queue c) q;
COMMENT ON VIEW receivables.search_assign_stats IS
  'One row (key stats_reset): what the extension has done in this database since the last reset, all sessions together, and what waits in the queue. A transaction counts when it ends.';
COMMENT ON COLUMN receivables.search_assign_stats.statements IS 'Statements that changed items, customers, contacts or allocations, those rolled back included.';
COMMENT ON COLUMN receivables.search_assign_stats.ledger_rows IS 'Rows they changed.';
COMMENT ON COLUMN receivables.search_assign_stats.applications IS 'Change sets applied: one a transaction, or one a statement where search_assign.apply = statement.';
COMMENT ON COLUMN receivables.search_assign_stats.customers_decided IS 'Customers decided, by ledger transactions, runs and from the queue.';
COMMENT ON COLUMN receivables.search_assign_stats.searches_evaluated IS 'Evaluations of one search for one customer on one date, work that was rolled back included.';
COMMENT ON COLUMN receivables.search_assign_stats.membership_changes IS 'Memberships that began, ended or changed: rows of membership_log.';
COMMENT ON COLUMN receivables.search_assign_stats.customers_queued IS 'Rows put into change_queue: one customer of one transaction each.';
COMMENT ON COLUMN receivables.search_assign_stats.customers_dequeued IS 'Rows of change_queue that were applied.';
COMMENT ON COLUMN receivables.search_assign_stats.conflict_retries IS 'Customers decided once more because another transaction had changed the position in between.';
COMMENT ON COLUMN receivables.search_assign_stats.application_failures IS 'Applications that failed, so that their change set was queued; change_queue holds the reason.';
COMMENT ON COLUMN receivables.search_assign_stats.search_failures IS 'Evaluations that failed; see search_failure.';
COMMENT ON COLUMN receivables.search_assign_stats.runs IS 'Calls of search_assign().';
COMMENT ON COLUMN receivables.search_assign_stats.statement_ms IS 'Milliseconds in statement triggers, applications at the end of a statement not included.';
COMMENT ON COLUMN receivables.search_assign_stats.reading_ms IS 'Milliseconds in applications: reading positions and customers, adding deltas.';
COMMENT ON COLUMN receivables.search_assign_stats.search_ms IS 'Milliseconds in applications: facts, searches and decision.';
COMMENT ON COLUMN receivables.search_assign_stats.look_ahead_ms IS 'Milliseconds in applications: the next date on which time alone changes the decision.';
COMMENT ON COLUMN receivables.search_assign_stats.collection_ms IS 'Milliseconds in applications: the next action of the scenario.';
COMMENT ON COLUMN receivables.search_assign_stats.writing_ms IS 'Milliseconds in applications: writing positions.';
COMMENT ON COLUMN receivables.search_assign_stats.log_ms IS 'Milliseconds in applications: membership_log and search_failure.';
COMMENT ON COLUMN receivables.search_assign_stats.run_ms IS 'Milliseconds in search_assign(), its applications included.';
COMMENT ON COLUMN receivables.search_assign_stats.queue_ms IS 'Milliseconds in consuming the queue, its applications included.';
COMMENT ON COLUMN receivables.search_assign_stats.queue_length IS 'Rows that wait in change_queue.';
COMMENT ON COLUMN receivables.search_assign_stats.queue_age_seconds IS 'Age of the oldest of them, NULL where nothing waits.';
COMMENT ON COLUMN receivables.search_assign_stats.stats_reset IS 'Time of the last reset; key of the view.';
COMMENT ON COLUMN receivables.search_assign_stats.scope IS 'all sessions; this session where the file of the statistics cannot be used.';
COMMENT ON COLUMN receivables.search_assign_stats.problem IS 'Why it cannot be used, else NULL.';

SELECT receivables.reset_search_assign_stats();
