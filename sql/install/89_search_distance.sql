-- Customers just outside a search, and those whom time alone takes into it or out of it.
-- src/pg/search_distance_fn.cpp; the conditions are those of explain_assignment().

CREATE FUNCTION receivables.search_gaps(
    search text, max_conditions integer, OUT customer_id bigint, OUT account_no text, OUT customer text, OUT outstanding numeric, OUT overdue numeric,
    OUT conditions integer, OUT nearness double precision, OUT clause_no integer, OUT clause text, OUT measure text, OUT value_type text,
    OUT actual text, OUT needs text, OUT threshold text, OUT distance numeric) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 1000 COST 100000 AS 'MODULE_PATHNAME', 'sa_search_gaps';
COMMENT ON FUNCTION receivables.search_gaps(text, integer) IS
  'Used by search_distance(): one row per customer outside the search and condition that would have to change, for customers whom at most max_conditions changes of numbers or dates would bring in.';

CREATE FUNCTION receivables.search_distance(
    search text, max_conditions integer DEFAULT 1, OUT customer_id bigint, OUT account_no text, OUT customer text, OUT outstanding numeric,
    OUT overdue numeric, OUT conditions integer, OUT nearness numeric, OUT distance numeric, OUT finding text) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp AS $$
  SELECT g.customer_id, g.account_no, g.customer, g.outstanding, g.overdue, g.conditions, round(g.nearness::numeric, 6),
         CASE WHEN g.conditions = 1 THEN min(g.distance) END,
         string_agg(format('%s is %s, needs %s', g.measure, receivables.shown_value(g.actual, g.value_type),
                           receivables.shown_need(g.needs, g.threshold, g.value_type)), '; ' ORDER BY g.clause_no)
  FROM receivables.search_gaps(search, max_conditions) g
  GROUP BY g.customer_id, g.account_no, g.customer, g.outstanding, g.overdue, g.conditions, g.nearness
  ORDER BY g.conditions, g.nearness, g.customer_id
$$;
COMMENT ON FUNCTION receivables.search_distance(text, integer) IS
  'Customers just outside a saved search, the nearest first: those who would match if no more than max_conditions of its conditions, each a comparison of numbers or dates, changed. distance: of the one condition, in its unit, days for dates; nearness: the largest distance as a share of its threshold (of a year for dates; the distance itself where the threshold is 0). 42704 for an unknown search, 55000 for one that has become invalid, 22023 for max_conditions below 1.';

CREATE FUNCTION receivables.search_crossings(search text, days integer, OUT customer_id bigint, OUT account_no text, OUT customer text,
                                             OUT outstanding numeric, OUT overdue numeric, OUT changes_on date, OUT enters boolean) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 1000 COST 100000 AS 'MODULE_PATHNAME', 'sa_search_crossings';
COMMENT ON FUNCTION receivables.search_crossings(text, integer) IS
  'Used by search_forecast(): the first day within so many on which a customer enters or leaves a search by time alone.';

CREATE FUNCTION receivables.search_forecast(
    search text, days integer, OUT changes_on date, OUT change text, OUT customer_id bigint, OUT account_no text, OUT customer text,
    OUT outstanding numeric, OUT overdue numeric) RETURNS SETOF record
  LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.changes_on, CASE WHEN f.enters THEN 'enters' ELSE 'leaves' END, f.customer_id, f.account_no, f.customer, f.outstanding, f.overdue
  FROM receivables.search_crossings(search, days) f
  ORDER BY f.changes_on, f.enters DESC, f.customer_id
$$;
COMMENT ON FUNCTION receivables.search_forecast(text, integer) IS
  'Who will enter or leave a saved search within days (1 to 3660) by time alone, if nothing is posted: the first such day of each customer, with today''s amounts. Errors as search_distance().';
