-- Type maturity_profile: the amounts of a set of open items by due date, and what can be read
-- from it for any day. C++: src/core/maturity_*.cpp, src/pg/maturity_*.cpp.

CREATE TYPE receivables.maturity_profile;

CREATE FUNCTION receivables.maturity_profile_in(cstring) RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_in';
COMMENT ON FUNCTION receivables.maturity_profile_in(cstring) IS 'Text input of maturity_profile.';

CREATE FUNCTION receivables.maturity_profile_out(receivables.maturity_profile) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_out';
COMMENT ON FUNCTION receivables.maturity_profile_out(receivables.maturity_profile) IS 'Text output of maturity_profile.';

CREATE FUNCTION receivables.maturity_profile_recv(internal) RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_recv';
COMMENT ON FUNCTION receivables.maturity_profile_recv(internal) IS 'Binary input of maturity_profile; refuses what is not canonical.';

CREATE FUNCTION receivables.maturity_profile_send(receivables.maturity_profile) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_send';
COMMENT ON FUNCTION receivables.maturity_profile_send(receivables.maturity_profile) IS 'Binary output of maturity_profile.';

CREATE TYPE receivables.maturity_profile (
  INPUT = receivables.maturity_profile_in,
  OUTPUT = receivables.maturity_profile_out,
  RECEIVE = receivables.maturity_profile_recv,
  SEND = receivables.maturity_profile_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE receivables.maturity_profile IS
  'Amounts by due date: {due_date:debit:credit:debit_items:credit_items,...}, sorted by date; {} is empty. It does not change as days pass.';

-- Operators: equality for DISTINCT and GROUP BY (by hash; profiles have no order), exact + and -.

CREATE FUNCTION receivables.maturity_profile_eq(receivables.maturity_profile, receivables.maturity_profile) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_eq';
COMMENT ON FUNCTION receivables.maturity_profile_eq(receivables.maturity_profile, receivables.maturity_profile) IS 'Implementation of the = operator.';

CREATE FUNCTION receivables.maturity_profile_ne(receivables.maturity_profile, receivables.maturity_profile) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_ne';
COMMENT ON FUNCTION receivables.maturity_profile_ne(receivables.maturity_profile, receivables.maturity_profile) IS 'Implementation of the <> operator.';

CREATE FUNCTION receivables.maturity_profile_hash(receivables.maturity_profile) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_hash';
COMMENT ON FUNCTION receivables.maturity_profile_hash(receivables.maturity_profile) IS 'Hash of a maturity_profile.';

CREATE FUNCTION receivables.maturity_profile_hash_extended(receivables.maturity_profile, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_hash_extended';
COMMENT ON FUNCTION receivables.maturity_profile_hash_extended(receivables.maturity_profile, bigint) IS 'Seeded 64-bit hash of a maturity_profile.';

CREATE FUNCTION receivables.maturity_profile_add(receivables.maturity_profile, receivables.maturity_profile) RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_add';
COMMENT ON FUNCTION receivables.maturity_profile_add(receivables.maturity_profile, receivables.maturity_profile) IS 'Implementation of the + operator.';

CREATE FUNCTION receivables.maturity_profile_subtract(receivables.maturity_profile, receivables.maturity_profile) RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_subtract';
COMMENT ON FUNCTION receivables.maturity_profile_subtract(receivables.maturity_profile, receivables.maturity_profile) IS 'Implementation of the - operator.';

CREATE OPERATOR receivables.= (
  FUNCTION = receivables.maturity_profile_eq,
  LEFTARG = receivables.maturity_profile, RIGHTARG = receivables.maturity_profile,
  COMMUTATOR = OPERATOR(receivables.=), NEGATOR = OPERATOR(receivables.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR receivables.= (receivables.maturity_profile, receivables.maturity_profile) IS 'Same amounts and counts on the same dates.';

CREATE OPERATOR receivables.<> (
  FUNCTION = receivables.maturity_profile_ne,
  LEFTARG = receivables.maturity_profile, RIGHTARG = receivables.maturity_profile,
  COMMUTATOR = OPERATOR(receivables.<>), NEGATOR = OPERATOR(receivables.=),
  RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR receivables.<> (receivables.maturity_profile, receivables.maturity_profile) IS 'Different amounts or counts on some date.';

CREATE OPERATOR receivables.+ (
  FUNCTION = receivables.maturity_profile_add,
  LEFTARG = receivables.maturity_profile, RIGHTARG = receivables.maturity_profile,
  COMMUTATOR = OPERATOR(receivables.+)
);
COMMENT ON OPERATOR receivables.+ (receivables.maturity_profile, receivables.maturity_profile) IS 'Sum by date; a date with four zeros disappears.';

CREATE OPERATOR receivables.- (
  FUNCTION = receivables.maturity_profile_subtract,
  LEFTARG = receivables.maturity_profile, RIGHTARG = receivables.maturity_profile
);
COMMENT ON OPERATOR receivables.- (receivables.maturity_profile, receivables.maturity_profile) IS 'Difference by date, the exact inverse of +; it may hold negative sums and counts.';

CREATE OPERATOR FAMILY receivables.maturity_profile_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY receivables.maturity_profile_hash_ops USING hash IS 'Hashing of maturity profiles.';
CREATE OPERATOR CLASS receivables.maturity_profile_hash_ops DEFAULT FOR TYPE receivables.maturity_profile USING hash
  FAMILY receivables.maturity_profile_hash_ops AS
  OPERATOR 1 receivables.=,
  FUNCTION 1 receivables.maturity_profile_hash(receivables.maturity_profile),
  FUNCTION 2 receivables.maturity_profile_hash_extended(receivables.maturity_profile, bigint);
COMMENT ON OPERATOR CLASS receivables.maturity_profile_hash_ops USING hash IS 'Hashing of maturity profiles.';

-- Aggregates. The state is a maturity_profile itself: it can be sent between processes and servers.

-- Not STRICT: an amount that is NULL or 0 is skipped whatever its date, a missing date of another is refused.
CREATE FUNCTION receivables.maturity_profile_accum(receivables.maturity_profile, due_date date, amount numeric)
  RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_accum';
COMMENT ON FUNCTION receivables.maturity_profile_accum(receivables.maturity_profile, date, numeric) IS
  'The profile with one item more; transition of the aggregate maturity_profile(due_date, amount).';

CREATE FUNCTION receivables.maturity_profile_merge(receivables.maturity_profile, receivables.maturity_profile)
  RETURNS receivables.maturity_profile
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_maturity_profile_merge';
COMMENT ON FUNCTION receivables.maturity_profile_merge(receivables.maturity_profile, receivables.maturity_profile) IS
  'The sum of two profiles; transition and combine function of the profile aggregates.';

CREATE AGGREGATE receivables.maturity_profile(due_date date, amount numeric) (
  SFUNC = receivables.maturity_profile_accum,
  STYPE = receivables.maturity_profile,
  SSPACE = 1536,
  INITCOND = '{}',
  COMBINEFUNC = receivables.maturity_profile_merge,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE receivables.maturity_profile(date, numeric) IS
  'The profile of items: amounts above 0 are debits, below 0 credits; NULL and 0 are skipped. No items give the empty profile, never NULL.';

CREATE AGGREGATE receivables.sum(receivables.maturity_profile) (
  SFUNC = receivables.maturity_profile_merge,
  STYPE = receivables.maturity_profile,
  SSPACE = 4096,
  COMBINEFUNC = receivables.maturity_profile_merge,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE receivables.sum(receivables.maturity_profile) IS 'The sum of profiles; NULLs are skipped, and no profile gives NULL, as sum does everywhere in SQL.';

-- Functions that do not depend on the day. A maturity profile takes about as long to read as a
-- handful of ordinary function calls, hence the costs.

CREATE FUNCTION receivables.total(p receivables.maturity_profile) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_total';
COMMENT ON FUNCTION receivables.total(receivables.maturity_profile) IS 'Net amount of all items.';

CREATE FUNCTION receivables.credits(p receivables.maturity_profile) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_credits';
COMMENT ON FUNCTION receivables.credits(receivables.maturity_profile) IS 'Sum of the credits, 0 or less.';

CREATE FUNCTION receivables.oldest_due(p receivables.maturity_profile) RETURNS date
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2
  AS 'MODULE_PATHNAME', 'sa_oldest_due';
COMMENT ON FUNCTION receivables.oldest_due(receivables.maturity_profile) IS 'Due date of the oldest debit; NULL without one.';

CREATE FUNCTION receivables.item_count(p receivables.maturity_profile) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_item_count';
COMMENT ON FUNCTION receivables.item_count(receivables.maturity_profile) IS 'Number of items, credits included.';

CREATE FUNCTION receivables.unnest(
    p receivables.maturity_profile,
    OUT due_date date, OUT debit numeric, OUT credit numeric, OUT debit_items bigint, OUT credit_items bigint)
  RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 ROWS 20
  AS 'MODULE_PATHNAME', 'sa_unnest';
COMMENT ON FUNCTION receivables.unnest(receivables.maturity_profile) IS 'One row for each due date, in date order.';

-- Functions of the day exist twice: STABLE for the business date, IMMUTABLE with as_of.
-- Days overdue = the day - due date; what is due today is not overdue.

CREATE FUNCTION receivables.overdue(p receivables.maturity_profile, days integer DEFAULT 0) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue';
COMMENT ON FUNCTION receivables.overdue(receivables.maturity_profile, integer) IS 'Net amount more than days days late on the business date.';

CREATE FUNCTION receivables.overdue(p receivables.maturity_profile, days integer, as_of date) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue';
COMMENT ON FUNCTION receivables.overdue(receivables.maturity_profile, integer, date) IS 'Net amount more than days days late on as_of.';

CREATE FUNCTION receivables.overdue_between(p receivables.maturity_profile, from_days integer, to_days integer) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue_between';
COMMENT ON FUNCTION receivables.overdue_between(receivables.maturity_profile, integer, integer) IS
  'Net amount from_days to to_days late on the business date, both inclusive and from_days at least 1.';

CREATE FUNCTION receivables.overdue_between(p receivables.maturity_profile, from_days integer, to_days integer, as_of date) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue_between';
COMMENT ON FUNCTION receivables.overdue_between(receivables.maturity_profile, integer, integer, date) IS
  'Net amount from_days to to_days late on as_of, both inclusive and from_days at least 1.';

CREATE FUNCTION receivables.not_due(p receivables.maturity_profile) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_not_due';
COMMENT ON FUNCTION receivables.not_due(receivables.maturity_profile) IS 'Net amount due on the business date or later.';

CREATE FUNCTION receivables.not_due(p receivables.maturity_profile, as_of date) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_not_due';
COMMENT ON FUNCTION receivables.not_due(receivables.maturity_profile, date) IS 'Net amount due on as_of or later.';

CREATE FUNCTION receivables.due_within(p receivables.maturity_profile, days integer) RETURNS numeric
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_due_within';
COMMENT ON FUNCTION receivables.due_within(receivables.maturity_profile, integer) IS 'Net amount due from the business date to that date + days inclusive.';

CREATE FUNCTION receivables.due_within(p receivables.maturity_profile, days integer, as_of date) RETURNS numeric
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_due_within';
COMMENT ON FUNCTION receivables.due_within(receivables.maturity_profile, integer, date) IS 'Net amount due from as_of to that date + days inclusive.';

CREATE FUNCTION receivables.overdue_item_count(p receivables.maturity_profile) RETURNS bigint
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue_item_count';
COMMENT ON FUNCTION receivables.overdue_item_count(receivables.maturity_profile) IS 'Number of items, credits included, that are overdue on the business date.';

CREATE FUNCTION receivables.overdue_item_count(p receivables.maturity_profile, as_of date) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_overdue_item_count';
COMMENT ON FUNCTION receivables.overdue_item_count(receivables.maturity_profile, date) IS 'Number of items, credits included, that are overdue on as_of.';

CREATE FUNCTION receivables.days_overdue(p receivables.maturity_profile) RETURNS integer
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_days_overdue';
COMMENT ON FUNCTION receivables.days_overdue(receivables.maturity_profile) IS 'Days by which the oldest debit is overdue on the business date; 0 without one or when it is not overdue.';

CREATE FUNCTION receivables.days_overdue(p receivables.maturity_profile, as_of date) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
  AS 'MODULE_PATHNAME', 'sa_days_overdue';
COMMENT ON FUNCTION receivables.days_overdue(receivables.maturity_profile, date) IS 'Days by which the oldest debit is overdue on as_of; 0 without one or when it is not overdue.';
