-- Aging: the type aging_schedule (which buckets), aging() of a profile, aging_amounts() of item rows.
-- C++: src/core/aging_schedule.cpp, src/pg/aging_*.cpp.

CREATE TYPE receivables.aging_schedule;

CREATE FUNCTION receivables.aging_schedule_in(cstring) RETURNS receivables.aging_schedule
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_in';
COMMENT ON FUNCTION receivables.aging_schedule_in(cstring) IS 'Text input of aging_schedule.';

CREATE FUNCTION receivables.aging_schedule_out(receivables.aging_schedule) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_out';
COMMENT ON FUNCTION receivables.aging_schedule_out(receivables.aging_schedule) IS 'Text output of aging_schedule.';

CREATE FUNCTION receivables.aging_schedule_recv(internal) RETURNS receivables.aging_schedule
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_recv';
COMMENT ON FUNCTION receivables.aging_schedule_recv(internal) IS 'Binary input of aging_schedule; refuses what is not valid.';

CREATE FUNCTION receivables.aging_schedule_send(receivables.aging_schedule) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_send';
COMMENT ON FUNCTION receivables.aging_schedule_send(receivables.aging_schedule) IS 'Binary output of aging_schedule.';

CREATE TYPE receivables.aging_schedule (
  INPUT = receivables.aging_schedule_in,
  OUTPUT = receivables.aging_schedule_out,
  RECEIVE = receivables.aging_schedule_recv,
  SEND = receivables.aging_schedule_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = int4,
  STORAGE = extended
);
COMMENT ON TYPE receivables.aging_schedule IS
  'Upper bounds of aging buckets in days overdue, ascending: 30,60,90 means not due, 1-30, 31-60, 61-90, more than 90.';

CREATE FUNCTION receivables.aging_schedule_eq(receivables.aging_schedule, receivables.aging_schedule) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_eq';
COMMENT ON FUNCTION receivables.aging_schedule_eq(receivables.aging_schedule, receivables.aging_schedule) IS 'Implementation of the = operator.';

CREATE FUNCTION receivables.aging_schedule_ne(receivables.aging_schedule, receivables.aging_schedule) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_ne';
COMMENT ON FUNCTION receivables.aging_schedule_ne(receivables.aging_schedule, receivables.aging_schedule) IS 'Implementation of the <> operator.';

CREATE FUNCTION receivables.aging_schedule_hash(receivables.aging_schedule) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_hash';
COMMENT ON FUNCTION receivables.aging_schedule_hash(receivables.aging_schedule) IS 'Hash of an aging_schedule.';

CREATE FUNCTION receivables.aging_schedule_hash_extended(receivables.aging_schedule, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_schedule_hash_extended';
COMMENT ON FUNCTION receivables.aging_schedule_hash_extended(receivables.aging_schedule, bigint) IS 'Seeded 64-bit hash of an aging_schedule.';

CREATE OPERATOR receivables.= (
  FUNCTION = receivables.aging_schedule_eq,
  LEFTARG = receivables.aging_schedule, RIGHTARG = receivables.aging_schedule,
  COMMUTATOR = OPERATOR(receivables.=), NEGATOR = OPERATOR(receivables.<>),
  RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR receivables.= (receivables.aging_schedule, receivables.aging_schedule) IS 'Same buckets.';

CREATE OPERATOR receivables.<> (
  FUNCTION = receivables.aging_schedule_ne,
  LEFTARG = receivables.aging_schedule, RIGHTARG = receivables.aging_schedule,
  COMMUTATOR = OPERATOR(receivables.<>), NEGATOR = OPERATOR(receivables.=),
  RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR receivables.<> (receivables.aging_schedule, receivables.aging_schedule) IS 'Different buckets.';

CREATE OPERATOR FAMILY receivables.aging_schedule_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY receivables.aging_schedule_hash_ops USING hash IS 'Hashing of aging schedules.';
CREATE OPERATOR CLASS receivables.aging_schedule_hash_ops DEFAULT FOR TYPE receivables.aging_schedule USING hash
  FAMILY receivables.aging_schedule_hash_ops AS
  OPERATOR 1 receivables.=,
  FUNCTION 1 receivables.aging_schedule_hash(receivables.aging_schedule),
  FUNCTION 2 receivables.aging_schedule_hash_extended(receivables.aging_schedule, bigint);
COMMENT ON OPERATOR CLASS receivables.aging_schedule_hash_ops USING hash IS 'Hashing of aging schedules.';

-- aging(): one row for every bucket, the empty ones too.

CREATE FUNCTION receivables.aging(
    p receivables.maturity_profile, schedule receivables.aging_schedule,
    OUT bucket_no integer, OUT bucket text, OUT from_days integer, OUT to_days integer, OUT amount numeric, OUT items bigint)
  RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20 ROWS 5
  AS 'MODULE_PATHNAME', 'sa_aging';
COMMENT ON FUNCTION receivables.aging(receivables.maturity_profile, receivables.aging_schedule) IS
  'The profile by buckets of days overdue on the business date. Bucket 0 is not due, the last one is open-ended; from_days and to_days are inclusive.';

CREATE FUNCTION receivables.aging(
    p receivables.maturity_profile, schedule receivables.aging_schedule, as_of date,
    OUT bucket_no integer, OUT bucket text, OUT from_days integer, OUT to_days integer, OUT amount numeric, OUT items bigint)
  RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 ROWS 5
  AS 'MODULE_PATHNAME', 'sa_aging';
COMMENT ON FUNCTION receivables.aging(receivables.maturity_profile, receivables.aging_schedule, date) IS
  'The profile by buckets of days overdue on as_of. Bucket 0 is not due, the last one is open-ended; from_days and to_days are inclusive.';

-- aging_amounts(): the amounts by bucket of many item rows or of many profiles, in one pass and in parallel.

CREATE TYPE receivables.aging_state;

CREATE FUNCTION receivables.aging_state_in(cstring) RETURNS receivables.aging_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_state_in';
COMMENT ON FUNCTION receivables.aging_state_in(cstring) IS 'Text input of aging_state.';

CREATE FUNCTION receivables.aging_state_out(receivables.aging_state) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_state_out';
COMMENT ON FUNCTION receivables.aging_state_out(receivables.aging_state) IS 'Text output of aging_state.';

CREATE FUNCTION receivables.aging_state_recv(internal) RETURNS receivables.aging_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_state_recv';
COMMENT ON FUNCTION receivables.aging_state_recv(internal) IS 'Binary input of aging_state; refuses what is not valid.';

CREATE FUNCTION receivables.aging_state_send(receivables.aging_state) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_state_send';
COMMENT ON FUNCTION receivables.aging_state_send(receivables.aging_state) IS 'Binary output of aging_state.';

CREATE TYPE receivables.aging_state (
  INPUT = receivables.aging_state_in,
  OUTPUT = receivables.aging_state_out,
  RECEIVE = receivables.aging_state_recv,
  SEND = receivables.aging_state_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = plain
);
COMMENT ON TYPE receivables.aging_state IS
  'State of the aggregate aging_amounts: schedule=amount,amount,... with one amount for each bucket. Not meant for columns.';

-- Not STRICT: an amount that is NULL or 0 is skipped whatever its date, a missing date of another is refused.
CREATE FUNCTION receivables.aging_amounts_accum(
    receivables.aging_state, amount numeric, due_date date, as_of date, schedule receivables.aging_schedule)
  RETURNS receivables.aging_state
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_amounts_accum';
COMMENT ON FUNCTION receivables.aging_amounts_accum(receivables.aging_state, numeric, date, date, receivables.aging_schedule) IS
  'Transition of the aggregate aging_amounts.';

CREATE FUNCTION receivables.aging_amounts_combine(receivables.aging_state, receivables.aging_state) RETURNS receivables.aging_state
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_amounts_combine';
COMMENT ON FUNCTION receivables.aging_amounts_combine(receivables.aging_state, receivables.aging_state) IS
  'Combines two states of the aggregate aging_amounts.';

CREATE FUNCTION receivables.aging_amounts_final(receivables.aging_state) RETURNS numeric[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_amounts_final';
COMMENT ON FUNCTION receivables.aging_amounts_final(receivables.aging_state) IS 'Result of the aggregate aging_amounts.';

CREATE AGGREGATE receivables.aging_amounts(amount numeric, due_date date, as_of date, schedule receivables.aging_schedule) (
  SFUNC = receivables.aging_amounts_accum,
  STYPE = receivables.aging_state,
  SSPACE = 160,
  FINALFUNC = receivables.aging_amounts_final,
  FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = receivables.aging_amounts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE receivables.aging_amounts(numeric, date, date, receivables.aging_schedule) IS
  'Amounts by bucket: element 1 is bucket 0 (not due), the last one what lies beyond the last bound. Amounts NULL and 0 are skipped; no row gives NULL.';

-- Not STRICT: a NULL profile is skipped, a missing date or schedule of another is refused.
CREATE FUNCTION receivables.aging_amounts_accum_profile(
    receivables.aging_state, profile receivables.maturity_profile, as_of date, schedule receivables.aging_schedule)
  RETURNS receivables.aging_state
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'sa_aging_amounts_accum_profile';
COMMENT ON FUNCTION receivables.aging_amounts_accum_profile(receivables.aging_state, receivables.maturity_profile, date, receivables.aging_schedule) IS
  'Transition of the aggregate aging_amounts of profiles.';

CREATE AGGREGATE receivables.aging_amounts(profile receivables.maturity_profile, as_of date, schedule receivables.aging_schedule) (
  SFUNC = receivables.aging_amounts_accum_profile,
  STYPE = receivables.aging_state,
  SSPACE = 160,
  FINALFUNC = receivables.aging_amounts_final,
  FINALFUNC_MODIFY = READ_ONLY,
  COMBINEFUNC = receivables.aging_amounts_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE receivables.aging_amounts(receivables.maturity_profile, date, receivables.aging_schedule) IS
  'Amounts by bucket of all profiles together, as those of the items in them would be. NULL profiles are skipped; no row gives NULL.';
