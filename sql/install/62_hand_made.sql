-- Hand-made assignments: functions that pin, add, exclude, and give the decision back to the rules.

-- Not STRICT: until and reason may be NULL.
CREATE FUNCTION receivables.write_hand_assignment(customer_id bigint, target integer, slot integer, target_id integer, mode text, until date, reason text) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_write_hand_assignment';
COMMENT ON FUNCTION receivables.write_hand_assignment(bigint, integer, integer, integer, text, date, text) IS
  'Used by set_hand_assignment(): writes the row and has the customer decided again.';

CREATE FUNCTION receivables.erase_hand_assignment(customer_id bigint, target integer, slot integer, modes text[]) RETURNS boolean
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'sa_erase_hand_assignment';
COMMENT ON FUNCTION receivables.erase_hand_assignment(bigint, integer, integer, text[]) IS
  'Used by drop_hand_assignment(): erases the row and has the customer decided again; false where there was none.';

CREATE FUNCTION receivables.set_hand_assignment(customer_id bigint, target integer, name text, mode text, until date, reason text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  kind integer;
  number integer;
BEGIN
  IF (mode = 'pin') IS DISTINCT FROM (target <= 3) OR target NOT IN (1, 2, 4, 6) OR mode NOT IN ('pin', 'add', 'exclude') THEN
    RAISE EXCEPTION 'hand-made assignment of mode "%" is not made for this target', mode USING ERRCODE = '22023';
  END IF;
  IF until < receivables.business_date() THEN
    RAISE EXCEPTION 'until lies in the past' USING ERRCODE = '22023',
      DETAIL = format('%s is before the business date %s; until is inclusive.', until, receivables.business_date());
  END IF;
  -- A portfolio's name tells its kind.
  SELECT t.target, t.target_id INTO kind, number FROM receivables.assignment_target_name t
  WHERE t.name = set_hand_assignment.name
    AND (t.target = set_hand_assignment.target OR (set_hand_assignment.target = 2 AND t.target = 3));
  IF number IS NULL THEN
    RAISE EXCEPTION '% "%" does not exist',
      (ARRAY['scenario', 'portfolio', 'portfolio', 'customer group', 'option', 'collector'])[target], name USING ERRCODE = '42704';
  END IF;
  PERFORM receivables.write_hand_assignment(customer_id, kind, CASE WHEN kind <= 3 THEN 0 ELSE number END, number, mode, until, reason);
END $$;
COMMENT ON FUNCTION receivables.set_hand_assignment(bigint, integer, text, text, date, text) IS
  'Used by the functions of hand-made assignments: 22023 for an end in the past, 42704 for an unknown target, 23503 for an unknown customer.';

CREATE FUNCTION receivables.drop_hand_assignment(customer_id bigint, target integer, name text, modes text[]) RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  number integer := 0;
BEGIN
  IF name IS NOT NULL THEN
    SELECT t.target_id INTO number FROM receivables.assignment_target_name t WHERE t.target = drop_hand_assignment.target AND t.name = drop_hand_assignment.name;
    IF number IS NULL THEN
      RAISE EXCEPTION '% "%" does not exist',
        (ARRAY['scenario', 'collection portfolio', 'risk portfolio', 'customer group', 'option', 'collector'])[target], name USING ERRCODE = '42704';
    END IF;
  END IF;
  RETURN receivables.erase_hand_assignment(customer_id, target, number, modes);
END $$;
COMMENT ON FUNCTION receivables.drop_hand_assignment(bigint, integer, text, text[]) IS
  'Used by the functions of hand-made assignments: gives a decision back to the rules; false where there was none.';

CREATE FUNCTION receivables.pin_scenario(customer_id bigint, scenario text, until date DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 1, $2, 'pin', $3, $4) $$;
COMMENT ON FUNCTION receivables.pin_scenario(bigint, text, date, text) IS
  'Keeps a customer in a scenario whatever the rules say, up to and including until (NULL: without end). A second pin replaces the first.';

CREATE FUNCTION receivables.unpin_scenario(customer_id bigint) RETURNS boolean
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.drop_hand_assignment($1, 1, NULL, '{pin}') $$;
COMMENT ON FUNCTION receivables.unpin_scenario(bigint) IS 'Gives the scenario back to the rules; false where none was pinned.';

-- Not STRICT: until and reason may be NULL.
CREATE FUNCTION receivables.pin_portfolio(customer_id bigint, portfolio text, until date DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 2, $2, 'pin', $3, $4) $$;
COMMENT ON FUNCTION receivables.pin_portfolio(bigint, text, date, text) IS
  'Keeps a customer in a portfolio (of that portfolio''s kind) whatever the rules say, up to and including until.';

CREATE FUNCTION receivables.unpin_portfolio(customer_id bigint, kind text DEFAULT 'collection') RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF kind IS NULL OR kind NOT IN ('collection', 'risk') THEN
    RAISE EXCEPTION 'portfolio kind "%" does not exist', kind USING ERRCODE = '22023', HINT = 'The kinds are collection and risk.';
  END IF;
  RETURN receivables.drop_hand_assignment(customer_id, CASE kind WHEN 'risk' THEN 3 ELSE 2 END, NULL, '{pin}');
END $$;
COMMENT ON FUNCTION receivables.unpin_portfolio(bigint, text) IS 'Gives the portfolio of the kind back to the rules; false where none was pinned.';

CREATE FUNCTION receivables.add_to_group(customer_id bigint, customer_group text, until date DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 4, $2, 'add', $3, $4) $$;
COMMENT ON FUNCTION receivables.add_to_group(bigint, text, date, text) IS
  'Keeps a customer in a group whatever the rules say, up to and including until; replaces an exclusion.';

CREATE FUNCTION receivables.exclude_from_group(customer_id bigint, customer_group text, until date DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 4, $2, 'exclude', $3, $4) $$;
COMMENT ON FUNCTION receivables.exclude_from_group(bigint, text, date, text) IS
  'Keeps a customer out of a group whatever the rules say, up to and including until; replaces an addition.';

CREATE FUNCTION receivables.remove_from_group(customer_id bigint, customer_group text) RETURNS boolean
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.drop_hand_assignment($1, 4, $2, '{add}') $$;
COMMENT ON FUNCTION receivables.remove_from_group(bigint, text) IS 'Ends a hand-made addition to a group: the rules decide again; false where there was none.';

CREATE FUNCTION receivables.include_in_group(customer_id bigint, customer_group text) RETURNS boolean
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.drop_hand_assignment($1, 4, $2, '{exclude}') $$;
COMMENT ON FUNCTION receivables.include_in_group(bigint, text) IS 'Ends a hand-made exclusion from a group: the rules decide again; false where there was none.';

CREATE FUNCTION receivables.add_colleague(customer_id bigint, colleague text) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 6, $2, 'add', NULL, NULL) $$;
COMMENT ON FUNCTION receivables.add_colleague(bigint, text) IS 'Adds a colleague to a customer by hand.';

CREATE FUNCTION receivables.remove_colleague(customer_id bigint, colleague text) RETURNS void
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT receivables.set_hand_assignment($1, 6, $2, 'exclude', NULL, NULL) $$;
COMMENT ON FUNCTION receivables.remove_colleague(bigint, text) IS 'Removes a colleague from a customer and stops rules from adding it again.';
