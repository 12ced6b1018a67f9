-- Preview: what a full run would change now, and what that means. C++: src/pg/preview.cpp, dry_decision.cpp.

CREATE FUNCTION receivables.preview_assignment(
  OUT customer_id bigint, OUT account_no text, OUT customer text, OUT company text, OUT currency text,
  OUT target text, OUT change text, OUT from_name text, OUT to_name text, OUT from_source text, OUT to_source text,
  OUT from_rule_id bigint, OUT to_rule_id bigint, OUT from_search text, OUT to_search text,
  OUT outstanding numeric, OUT overdue numeric,
  OUT action_change text, OUT from_step text, OUT to_step text, OUT from_action_on date, OUT to_action_on date) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1000 COST 1000000 AS 'MODULE_PATHNAME', 'sa_preview_assignment';
COMMENT ON FUNCTION receivables.preview_assignment() IS
  'What CALL search_assign(true) would change now, one row per customer and membership (key customer_id, target, from_name, to_name): change is begins, ends, moves, or rule where only the deciding rule or source changes. Amounts are the customer''s, in the currency of its company. action_change tells what becomes of the next action of its scenario: kept, moved (another date), replaced (another step), cancelled, created, NULL without one; a customer whose action alone changes has one row with target next_action. Writes nothing and blocks nobody. What-if: change searches or rules in a transaction, look, and roll back. Changes of the ledger in that transaction count, too.';

CREATE FUNCTION receivables.compare_rules(weeks integer DEFAULT 4,
  OUT section text, OUT change text, OUT from_name text, OUT to_name text, OUT currency text,
  OUT customers bigint, OUT outstanding numeric, OUT overdue numeric,
  OUT collector text, OUT week text, OUT week_start date,
  OUT actions_before bigint, OUT actions_after bigint, OUT manual_before bigint, OUT manual_after bigint,
  OUT amount_before numeric, OUT amount_after numeric) RETURNS SETOF record
  LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100 COST 1000000 AS 'MODULE_PATHNAME', 'sa_compare_rules';
COMMENT ON FUNCTION receivables.compare_rules(integer) IS
  'preview_assignment() added up, per currency. section customers: changed and unchanged; scenario, collection_portfolio, risk_portfolio, customer_group, option, colleague, alert: customers and their amounts that begin, end, move, or get another deciding rule; action: next actions of the scenarios cancelled, created, replaced or moved, with their customers and what these owe due by then; workload: actions of each collector (NULL: nobody) by ISO week, for so many weeks from the business date''s on, as stored and as a run would leave them; what is overdue counts in the first week, manual ones besides. Actions of the scenarios only, as in preview_workload(). Writes nothing and blocks nobody.';

REVOKE ALL ON FUNCTION receivables.preview_assignment() FROM PUBLIC;
REVOKE ALL ON FUNCTION receivables.compare_rules(integer) FROM PUBLIC;
