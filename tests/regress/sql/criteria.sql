-- What criteria may contain: accepted and refused ones, by INSERT INTO receivables.search.
SET client_min_messages = warning;
SET search_path = public;
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' => '
\set SHOW_CONTEXT never

-- Tries to save the criteria and tells what came of it; nothing stays.
CREATE FUNCTION pg_temp.probe(criteria text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  code text;
  message text;
  detail text;
  hint text;
BEGIN
  INSERT INTO receivables.search (name, criteria) VALUES ('probe', criteria);
  DELETE FROM receivables.search WHERE name = 'probe';
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT;
  detail := regexp_replace(detail, 'pg_temp_[0-9]+', 'pg_temp');
  RETURN code || ' ' || message || coalesce(' | ' || nullif(detail, ''), '') ||
    CASE WHEN hint LIKE 'Criteria %' OR hint = '' THEN '' ELSE ' | ' || hint END;
END $$;

-- Accepted: the examples of the documentation
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$outstanding >= 500000$$,
  $$outstanding between 1000 and 500000 and has_email$$,
  $$overdue(unqualified, 30) > 0$$,
  $$internal_score < 40 and payer_profile in ('bad', 'very bad') and overdue > 0$$,
  $$attributes->>'region' = 'EMEA' and country <> 'FR'$$,
  $$not_since(last_action_on, 10)$$,
  $$oldest_due_date < business_date() - 30$$
]) AS c;

-- Accepted: columns, operators, conditional expressions
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$has_email$$,
  $$not has_email or collection_blocked is not true$$,
  $$null$$,
  E'true -- with a comment\n and outstanding > 1',
  $$name = '--' $$,
  $$/* before */ outstanding > 1 /* after */$$,
  $$OUTSTANDING > 1 and "overdue" = 0$$,
  $$customer_facts.outstanding > 1$$,
  $$receivables.customer_facts.outstanding > 1$$,
  $$outstanding > '1e5'$$,
  $$coalesce(internal_score, 50) < 40$$,
  $$nullif(country, '') is distinct from 'FR'$$,
  $$greatest(last_action_on, last_payment_on) < business_date() - 30$$,
  $$case when overdue > 0 then days_overdue > 10 else sales_12m > 5 end$$,
  $$case payer_profile when 'bad' then true else false end$$,
  $$country = any (array['FR', 'DE'])$$,
  $$array[country, 'x'] && array['FR']$$,
  $$name ilike 'a%' or name ~ '^x' or name similar to 'a_' or name like '%!%' escape '!'$$,
  $$(outstanding, overdue) < (1, 2)$$,
  $$(country, currency) in (('FR', 'EUR'), ('US', 'USD'))$$,
  $$name collate "C" < 'x'$$,
  $$outstanding operator(pg_catalog.>) 1$$,
  $$attributes ? 'x' and attributes @> '{"a": 1}' and attributes['a'] = '1' and attributes @? '$.a'$$
]) AS c;

-- Accepted: functions and casts
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$lower(trim(name)) = 'x' and position('x' in name) > 0 and substring(name from 1 for 2) = 'ab'$$,
  $$round(outstanding) % 10 = 1 and abs(credits) > 5$$,
  $$(attributes->>'limit')::numeric > 5$$,
  $$to_date(attributes->>'since', 'YYYY-MM-DD') < business_date()$$,
  $$extract(year from created_on) = 2024$$,
  $$date_trunc('month', created_on::timestamp) = '2024-01-01'$$,
  $$created_on < business_date() - interval '30 days'$$,
  $$created_on <@ '[2024-01-01,2025-01-01)'::daterange$$,
  $$concat(name, outstanding) = 'x' and name || outstanding = 'x'$$,
  $$num_nulls(email, phone) > 0$$,
  $$receivables.overdue(p => unqualified, days => 5) > 1$$,
  $$overdue(receivables - disputed, 15) > 0 and due_within(unqualified, 7) > 1000 and not_due(promised) > 0$$,
  $$total(promised) > 0 and credits(receivables) < 0 and item_count(disputed) > 1$$,
  $$overdue_item_count(disputed) > 2 and oldest_due(unqualified) < '2025-01-01' and days_overdue(unqualified) > 3$$,
  $$overdue(unqualified, 30, '2025-01-01') > 0$$,
  $$receivables + disputed <> unqualified$$
]) AS c;

-- Refused: not one expression (42601)
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$$$,
  $$   $$,
  $$-- only a comment$$,
  $$/* only a comment */$$,
  $$/* open$$,
  $$outstanding > 1 and$$,
  $$outstanding > 1 x$$,
  $$outstanding > 1 as x$$,
  $$(outstanding > 1$$,
  $$outstanding > 1)$$,
  $$true) or (true$$,
  $$outstanding > 1 -- and overdue > 0$$,
  $$name = 'a' -- and overdue > 0$$,
  $$true; drop table receivables.customer$$,
  $$true from pg_authid$$,
  $$true where false$$,
  $$true group by 1$$,
  $$true having true$$,
  $$true window w as ()$$,
  $$true order by 1$$,
  $$true limit 1$$,
  $$true offset 1$$,
  $$true for update$$,
  $$true union select false$$,
  $$true, false$$,
  $$distinct true$$,
  $$all true$$,
  $$true into x$$,
  $$select true$$,
  $$with x as (select 1) select true$$,
  $$name = 'open$$
]) AS c;

-- Refused: unknown names (42703, 42883), wrong types (42804 and others)
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$outstandng > 1$$,
  $$overdue_days > 3$$,
  $$"Outstanding" > 1$$,
  $$country = "FR"$$,
  $$receivables.overdue > 1$$,
  $$unqualified.total > 1$$,
  $$attributes.region = 'x'$$,
  $$overdu(unqualified) > 1$$,
  $$lenght(name) > 1$$,
  $$outstanding() > 1$$,
  $$overdue(name) > 1$$,
  $$receivables.nosuch(1) > 1$$,
  $$outstanding == 1$$,
  $$name::nosuch = 1$$,
  $$outstanding$$,
  $$'x'$$,
  $$created_on < '01/02/2024'$$,
  $$created_on < '2024-13-01'$$,
  $$1 / 0 = 1$$
]) AS c;

-- Refused: sub-selects, aggregates, windows, sets, rows, parameters (0A000)
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$outstanding > (select 1)$$,
  $$exists (select 1 from pg_authid)$$,
  $$country in (select 'FR')$$,
  $$array(select 1) is null$$,
  $$sum(outstanding) > 1$$,
  $$count(*) > 1$$,
  $$sum(receivables) is null$$,
  $$row_number() over () > 1$$,
  $$rank() > 1$$,
  $$grouping(name) = 1$$,
  $$generate_series(1, 3) > 1$$,
  $$unnest(array[true])$$,
  $$unnest(receivables) is null$$,
  $$customer_facts is not null$$,
  $$customer_facts.* is not null$$,
  $$(customer_facts).outstanding > 1$$,
  $$outstanding(customer_facts) > 1$$,
  $$*$$,
  $$row(outstanding, overdue) is null$$,
  $$ctid is null$$,
  $$xmin = 1$$,
  $$$1 > 0$$,
  $$default$$
]) AS c;

-- Refused: the clock, the user, the session, tables, files
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$current_date > created_on$$,
  $$now() > created_on$$,
  $$localtimestamp > created_on$$,
  $$pg_catalog.clock_timestamp() > created_on$$,
  $$created_on < 'today'$$,
  $$created_on < ' Now '$$,
  $$created_on < date 'yesterday'$$,
  $$created_on < timestamp 'today 12:00'$$,
  $$created_on in ('2024-01-01', 'tomorrow')$$,
  $$created_on = any ('{"to\day"}'::date[])$$,
  $$created_on <@ '[2024-01-01,today]'::daterange$$,
  $$created_on = U&'\006eow'$$,
  $$created_on < 'now'::text::date$$,
  $$age(created_on) > '1 day'$$,
  $$current_user = 'x'$$,
  $$current_schema = 'x'$$,
  $$current_setting('x') = 'y'$$,
  $$version() = 'x'$$,
  $$pg_sleep(1) is null$$,
  $$random() < 0.5$$,
  $$nextval('x') > 1$$,
  $$unknown(attributes ->> 'x')::smallint > 1$$,
  $$name::unknown is null$$,
  $$pg_read_file('x') = 'y'$$,
  $$'pg_class'::regclass is null$$,
  $$has_table_privilege('pg_class', 'select')$$,
  $$table_to_xml('pg_class', true, true, '') is null$$,
  $$xpath_exists('/a', '<a/>')$$,
  $$to_tsvector('english', name) @@ 'x'$$,
  $$obj_description(1) = 'x'$$
]) AS c;

-- Refused: what the session's settings would change
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$(attributes->>'since')::date < business_date()$$,
  $$created_on::text = '2024-01-01'$$,
  $$name || created_on = 'x'$$,
  $$concat(name, created_on) = 'x'$$,
  $$to_date(attributes->>'since', 'TMMonth') < business_date()$$,
  $$to_char(outstanding, '999') = '1'$$,
  $$created_on::timestamptz < '2024-01-01'$$,
  $$date_trunc('month', created_on) = '2024-01-01'$$,
  $$outstanding::money > '1'$$,
  $$outstanding::float8::text = '1'$$,
  $$'\x41'::bytea::text = 'x'$$,
  $$quote_ident(name) = 'x'$$,
  $$format('%I', name) = 'x'$$
]) AS c;

-- Refused: objects of anybody else, also look-alikes; nothing of them is ever run
CREATE SCHEMA evil;
CREATE FUNCTION evil.shout(numeric) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$BEGIN RAISE WARNING 'a foreign function was run'; RETURN true; END$$;
CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'evil'$$;
CREATE FUNCTION evil.overdue(numeric, integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$SELECT 1.0$$;
CREATE FUNCTION evil.equal(numeric, numeric) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$BEGIN RAISE WARNING 'a foreign operator was run'; RETURN true; END$$;
CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = numeric, RIGHTARG = numeric);
CREATE OPERATOR evil.=== (FUNCTION = pg_catalog.numeric_eq, LEFTARG = numeric, RIGHTARG = numeric);
CREATE DOMAIN evil.loud AS integer CHECK (evil.shout(value));
CREATE TYPE evil.mood AS ENUM ('good');
CREATE TYPE evil.span AS RANGE (subtype = integer);
CREATE COLLATION evil.c FROM "C";
CREATE FUNCTION receivables.shout(numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT evil.shout($1)$$;
CREATE FUNCTION pg_temp.business_date() RETURNS date LANGUAGE sql IMMUTABLE AS $$SELECT NULL::date$$;
CREATE TEMP TABLE customer_facts (x integer);
SET search_path = evil, pg_temp, public, pg_catalog;
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$lower(name) = 'x' and outstanding = 1 and business_date() > created_on$$,
  $$evil.lower(name) = 'x'$$,
  $$shout(outstanding)$$,
  $$evil.shout(outstanding)$$,
  $$receivables.shout(outstanding)$$,
  $$overdue(outstanding, 3) > 1$$,
  $$pg_temp.business_date() is null$$,
  $$outstanding operator(evil.=) 1$$,
  $$outstanding operator(evil.=) any (array[1.0])$$,
  $$outstanding operator(evil.===) 1$$,
  $$outstanding === 1$$,
  $$1::evil.loud = 1$$,
  $$'1'::evil.loud = 1$$,
  $$'{1}'::evil.loud[] is null$$,
  $$'good'::evil.mood is null$$,
  $$'[1,2)'::evil.span @> 1$$,
  $$name collate evil.c > 'a'$$,
  $$x = 1$$,
  $$customer_facts.x = 1$$,
  $$aging(receivables, '30,60') is null$$,
  $$maturity_profile_eq(receivables, disputed)$$,
  $$maturity_profile_out(receivables) is null$$
]) AS c;
SET search_path = public;
SET client_min_messages = error;
DROP FUNCTION receivables.shout(numeric);
DROP SCHEMA evil CASCADE;
SET client_min_messages = warning;
DROP TABLE pg_temp.customer_facts;

-- A literal means the same under any settings; the settings come back, after errors too
SET DateStyle = 'SQL, DMY';
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET transform_null_equals = on;
SET TimeZone = 'Asia/Tokyo';
SELECT c, pg_temp.probe(c) FROM unnest(ARRAY[
  $$created_on < '01/02/2024'$$,
  $$created_on < '2024-02-01'$$,
  $$name = 'a\'$$,
  $$name = E'a\''$$
]) AS c;
SELECT current_setting('DateStyle'), current_setting('standard_conforming_strings'),
  current_setting('transform_null_equals'), current_setting('TimeZone'), current_setting('search_path');
RESET DateStyle;
RESET standard_conforming_strings;
RESET escape_string_warning;
RESET transform_null_equals;
RESET TimeZone;

-- Limits: length, nesting
SELECT pg_temp.probe('true' || repeat(' ', 65532));
SELECT pg_temp.probe('true' || repeat(' ', 65533));
SELECT pg_temp.probe(repeat('(', 1000) || 'true' || repeat(')', 1000));
SELECT pg_temp.probe('outstanding in (' || repeat('1, ', 20000) || '2)');
SELECT left(pg_temp.probe(repeat('(', 30000) || 'true' || repeat(')', 30000)), 5) AS refused;
SELECT left(pg_temp.probe('open_items' || repeat('+1', 30000) || ' > 5'), 5) AS refused;

-- Which criteria are looked at every day
SELECT c, (receivables.check_criteria(c)).columns, (receivables.check_criteria(c)).daily FROM unnest(ARRAY[
  $$outstanding > 1$$,
  $$overdue > 0 and overdue(unqualified, 30) > 0$$,
  $$days_overdue between 30 and 60 or days_overdue in (1, 2)$$,
  $$days_overdue > payment_days$$,
  $$business_date() - oldest_due_date > 30$$,
  $$created_on < business_date() - interval '30 days'$$,
  $$created_on < business_date() - interval '1 month'$$,
  $$extract(dow from business_date()) = 1$$,
  $$not_since(coalesce(last_action_on, created_on), 10)$$,
  $$not_since(last_action_on, payment_days)$$
]) AS c;

-- The position of the mistake is one in the criteria
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'outstanding > 1 and nosuch > 2');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', E'outstanding > 1\n  and pg_sleep(1) is null');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'outstanding > 1 or (overdue >');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'outstanding > 1 oops');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'has_email and created_on < ''today''');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'has_email and outstanding');
INSERT INTO receivables.search (name, criteria) VALUES ('probe', 'name = ''x''::xml');
