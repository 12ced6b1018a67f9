-- Three months in the life of five accounts, day by day, against a diary that was written by hand from the rules of
-- collection alone, before anything was run. March to May 2026, which begin on a Sunday, Wednesday and Friday.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS search_assign CASCADE;
CREATE EXTENSION search_assign;
SET DateStyle = ISO;
SET search_path = receivables, public;
SET search_assign.business_date = '2026-03-01';

-- ---- the house ----
INSERT INTO calendar (name) VALUES ('office');
INSERT INTO calendar_holiday (calendar, holiday, label) VALUES ('office', '2026-04-03', 'Good Friday'), ('office', '2026-04-06', 'Easter Monday'),
  ('office', '2026-05-01', 'Labour Day'), ('office', '2026-05-14', 'Ascension Day'), ('office', '2026-05-25', 'Whit Monday');
SELECT set_promise_tolerance(2, 'office');
UPDATE item_status SET action_model = 'Check payment', action_channel = 'call' WHERE code = 'promise';
UPDATE item_status SET action_model = 'Ask resolver', action_channel = 'task' WHERE code = 'dispute';
INSERT INTO scenario (name, is_default, minimum_amount, ignore_below, on_late_entry, on_new_leader, min_contact_days, calendar) VALUES
  ('standard', true,  50, 20, 'by_age', 'restart', 3, 'office'),
  ('key',      false, 0,  0,  'first',  'inherit', 0, 'office'),
  ('strict',   false, 0,  0,  'by_age', 'by_age',  5, NULL);
INSERT INTO scenario_step (scenario, step_no, label, phase, channel, automatic, anchor, offset_days, min_days_after_previous, min_amount, repeat_every_days) VALUES
  ('standard', 1, 'Statement', 'pre_due',        'email',             'manual', 'due_date',        -5, 0,  1000, NULL),
  ('standard', 2, 'Reminder',  'amicable',       'email',             'manual', 'due_date',        5,  0,  0,    NULL),
  ('standard', 3, 'Call',      'amicable',       'call',              'manual', 'due_date',        12, 5,  0,    NULL),
  ('standard', 4, 'Letter',    'amicable',       'letter',            'manual', 'previous_action', 10, 0,  0,    NULL),
  ('standard', 5, 'Notice',    'pre_litigation', 'registered_letter', 'manual', 'due_date',        40, 10, 300,  NULL),
  ('key',      1, 'Call',      'amicable',       'call',              'manual', 'due_date',        3,  0,  0,    NULL),
  ('key',      2, 'Visit',     'amicable',       'visit',             'manual', 'due_date',        15, 5,  0,    NULL),
  ('key',      3, 'Call boss', 'amicable',       'call',              'manual', 'due_date',        20, 7,  0,    14),
  ('strict',   1, 'E-mail',    'amicable',       'email',             'auto',   'due_date',        1,  0,  0,    NULL),
  ('strict',   2, 'Call',      'amicable',       'call',              'manual', 'due_date',        8,  0,  0,    NULL),
  ('strict',   3, 'Letter',    'amicable',       'letter',            'manual', 'due_date',        20, 7,  0,    NULL),
  ('strict',   4, 'Notice',    'pre_litigation', 'registered_letter', 'manual', 'due_date',        30, 7,  0,    NULL);
INSERT INTO search (name, criteria) VALUES ('class B', $$attributes->>'class' = 'B'$$), ('class D', $$attributes->>'class' = 'D'$$),
  ('class C, more than 40 days late', $$attributes->>'class' = 'C' and overdue(receivables, 40) > 0$$);
INSERT INTO assignment_rule (priority, search, scenario) VALUES (1, 'class B', 'key'), (2, 'class D', 'strict'), (3, 'class C, more than 40 days late', 'strict');
INSERT INTO collector (name) VALUES ('Carla');
INSERT INTO portfolio (name, collector, is_default) VALUES ('All', 'Carla', true);

-- ---- the accounts as they are on Sunday, March 1: Cedar comes on the 4th; item 11 is A1, 24 is B4 ----
INSERT INTO customer (customer_id, account_no, name, email, attributes) VALUES (1, 'A', 'Alder', NULL, '{}'), (2, 'B', 'Birch', NULL, '{"class": "B"}'),
  (4, 'D', 'Dogwood', 'dora@dogwood.example', '{"class": "D"}'), (5, 'E', 'Elm', NULL, '{}');
CREATE FUNCTION pg_temp.book(document text, due date, amount numeric, kind text DEFAULT 'invoice') RETURNS void LANGUAGE sql AS $$
  INSERT INTO receivables.item (customer_id, item_id, document_no, kind, document_date, due_date, amount)
  SELECT n, n * 10 + right(document, 1)::int, document, kind, least(due, receivables.business_date()), due, amount FROM (SELECT ascii(document) - ascii('A') + 1 AS n) c $$;
CREATE FUNCTION pg_temp.number(document text) RETURNS bigint LANGUAGE sql AS $$SELECT (ascii(document) - ascii('A') + 1) * 10 + right(document, 1)::int$$;
CREATE FUNCTION pg_temp.pay(document text, amount numeric) RETURNS void LANGUAGE sql AS $$
  UPDATE receivables.item SET open_amount = open_amount - $2 WHERE customer_id = ascii(document) - ascii('A') + 1 AND item_id = pg_temp.number(document) $$;
CREATE FUNCTION pg_temp.specific(account bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT specific_action_id FROM receivables.pending_specific_action WHERE customer_id = account $$;
SELECT pg_temp.book(d, due::date, amount) FROM (VALUES ('A1', '2026-03-10', 1200), ('A2', '2026-03-20', 400), ('A3', '2026-04-24', 15),
  ('B1', '2026-02-16', 5000), ('B2', '2026-03-06', 3000), ('B3', '2026-04-15', 2000), ('D1', '2026-03-08', 800), ('D2', '2026-03-28', 500),
  ('E1', '2026-03-03', 120), ('E2', '2026-04-10', 60)) i (d, due, amount);

-- ---- what people and the ledger do, at noon ----
CREATE TEMP TABLE happening (no int GENERATED ALWAYS AS IDENTITY, day date, account text, what text, doing text);
INSERT INTO happening (day, account, what, doing) VALUES
  ('2026-03-02', 'B', 'called',                                 'complete_action(2, step_no => 1)'),
  ('2026-03-04', 'C', 'taken over from another system',         'pg_temp.cedar()'),
  ('2026-03-05', 'A', 'statement sent',                         'complete_action(1, step_no => 1)'),
  ('2026-03-09', 'B', 'visited',                                'complete_action(2, step_no => 2)'),
  ('2026-03-09', 'E', 'reminded',                               'complete_action(5, step_no => 2)'),
  ('2026-03-11', 'B', 'disputes B1',                            $$qualify(2, '{21}', 'dispute', 'wrong quantity', 'Rita')$$),
  ('2026-03-12', 'A', 'pays 500 of A1',                         $$pg_temp.pay('A1', 500)$$),
  ('2026-03-14', 'D', 'sales have visited them',                $$record_action(4, 'visit')$$),
  ('2026-03-16', 'A', 'reminded',                               'complete_action(1, step_no => 2)'),
  ('2026-03-16', 'E', 'called',                                 'complete_action(5, step_no => 3)'),
  ('2026-03-16', 'E', 'promises E1 for the 20th',               $$qualify(5, '{51}', 'promise', promised_on => '2026-03-20')$$),
  ('2026-03-18', 'A', 'pays 300 on account (A5)',               $$pg_temp.book('A5', '2026-03-18', -300, 'payment')$$),
  ('2026-03-18', 'B', 'Rita asks for another week',             $$redate_action(2, '2026-03-25', pg_temp.specific(2))$$),
  ('2026-03-19', 'D', 'called',                                 'complete_action(4, step_no => 2)'),
  ('2026-03-19', 'D', 'promises D1 for the 27th',               $$qualify(4, '{41}', 'promise', promised_on => '2026-03-27')$$),
  ('2026-03-24', 'A', 'called, a day late',                     'complete_action(1, step_no => 3)'),
  ('2026-03-25', 'B', 'credit note B4 of 1000',                 $$pg_temp.book('B4', '2026-03-25', -1000, 'credit_note')$$),
  ('2026-03-25', 'B', 'the dispute is resolved',                $$complete_action(2, pg_temp.specific(2), 'credited')$$),
  ('2026-03-25', 'E', 'called about the broken promise',        $$complete_action(5, pg_temp.specific(5), 'no payment', status => 'ongoing')$$),
  ('2026-03-26', 'B', 'boss called',                            'complete_action(2, step_no => 3)'),
  ('2026-03-26', 'C', 'notice sent',                            'complete_action(3, step_no => 4)'),
  ('2026-03-26', 'D', 'pays D1 as promised',                    $$pg_temp.pay('D1', 800)$$),
  ('2026-03-30', 'B', 'B4 is set off against B1',               $$pg_temp.pay('B4', -1000), pg_temp.pay('B1', 1000)$$),
  ('2026-03-30', 'C', 'pays C1',                                $$pg_temp.pay('C1', 900)$$),
  ('2026-03-30', 'E', 'letter sent',                            'complete_action(5, step_no => 4)'),
  ('2026-03-31', 'A', 'A5 is set off against A1',               $$pg_temp.pay('A5', -300), pg_temp.pay('A1', 300)$$),
  ('2026-03-31', 'C', 'sales ask for kindness until April 10',  $$pin_scenario(3, 'key', '2026-04-10', 'asked by sales')$$),
  ('2026-04-01', 'C', 'called',                                 'complete_action(3, step_no => 1)'),
  ('2026-04-01', 'D', 'collects for Elm from now on',           'pg_temp.collect_through(5, 4)'),
  ('2026-04-02', 'A', 'pays A1',                                $$pg_temp.pay('A1', 400)$$),
  ('2026-04-07', 'A', 'the bank takes A1''s payment back',      $$pg_temp.pay('A1', -400)$$),
  ('2026-04-07', 'D', 'notice sent',                            'complete_action(4, step_no => 4)'),
  ('2026-04-08', 'A', 'letter sent',                            'complete_action(1, step_no => 4)'),
  ('2026-04-09', 'B', 'boss called',                            'complete_action(2, step_no => 3)'),
  ('2026-04-09', 'D', 'Elm pays E1',                            $$pg_temp.pay('E1', 120)$$),
  ('2026-04-13', 'C', 'called',                                 'complete_action(3, step_no => 3)'),
  ('2026-04-13', 'C', 'promises C2 for the 22nd',               $$qualify(3, '{32}', 'promise', promised_on => '2026-04-22')$$),
  ('2026-04-13', 'D', 'called',                                 'complete_action(4, step_no => 2)'),
  ('2026-04-14', 'B', 'pays B1',                                $$pg_temp.pay('B1', 4000)$$),
  ('2026-04-14', 'D', 'Elm buys: E3 over 200',                  $$pg_temp.book('E3', '2026-04-17', 200)$$),
  ('2026-04-15', 'A', 'pays A1 and 350 of A2',                  $$pg_temp.pay('A1', 400), pg_temp.pay('A2', 350)$$),
  ('2026-04-16', 'A', 'pays another 10 of A2',                  $$pg_temp.pay('A2', 10)$$),
  ('2026-04-16', 'D', 'asks to be called on the 27th',          $$redate_action(4, '2026-04-27')$$),
  ('2026-04-17', 'A', 'buys: A4 over 250',                      $$pg_temp.book('A4', '2026-04-30', 250)$$),
  ('2026-04-20', 'C', 'pays 250 of C2',                         $$pg_temp.pay('C2', 250)$$),
  ('2026-04-20', 'D', 'Elm pays E2',                            $$pg_temp.pay('E2', 60)$$),
  ('2026-04-22', 'D', 'D4 of March 20 was forgotten',           $$pg_temp.book('D4', '2026-03-20', 90)$$),
  ('2026-04-23', 'B', 'boss called',                            'complete_action(2, step_no => 3)'),
  ('2026-04-23', 'D', 'D4 is credited',                         $$pg_temp.pay('D4', 90)$$),
  ('2026-04-27', 'C', 'called about the promise',               $$complete_action(3, pg_temp.specific(3), 'paid a part', status => 'ongoing')$$),
  ('2026-04-27', 'D', 'letter sent',                            'complete_action(4, step_no => 3)'),
  ('2026-04-28', 'B', 'pays 1000 of B2',                        $$pg_temp.pay('B2', 1000)$$),
  ('2026-04-29', 'E', 'is collected by itself again',           'pg_temp.collect_through(5, NULL)'),
  ('2026-04-30', 'A', 'reminded',                               'complete_action(1, step_no => 2)'),
  ('2026-04-30', 'C', 'letter sent',                            'complete_action(3, step_no => 4)'),
  ('2026-04-30', 'E', 'reminded',                               'complete_action(5, step_no => 2)'),
  ('2026-05-04', 'D', 'notice sent',                            'complete_action(4, step_no => 4)'),
  ('2026-05-05', 'A', 'pays A2',                                $$pg_temp.pay('A2', 40)$$),
  ('2026-05-05', 'E', 'called',                                 'complete_action(5, step_no => 3)'),
  ('2026-05-06', 'A', 'reminded',                               'complete_action(1, step_no => 2)'),
  ('2026-05-06', 'D', 'buys: D5 over 300',                      $$pg_temp.book('D5', '2026-05-10', 300)$$),
  ('2026-05-06', 'D', 'D2 is handed over as doubtful',          $$hand_over_doubtful(4, '{42}')$$),
  ('2026-05-08', 'B', 'boss called, a day late',                'complete_action(2, step_no => 3)'),
  ('2026-05-08', 'C', 'payment is announced: no notice',        $$cancel_action(3, comment => 'payment announced')$$),
  ('2026-05-08', 'D', 'blocked',                                'pg_temp.block(4, true)'),
  ('2026-05-11', 'B', 'pays B2 and B3',                         $$pg_temp.pay('B2', 2000), pg_temp.pay('B3', 2000)$$),
  ('2026-05-12', 'A', 'called',                                 'complete_action(1, step_no => 3)'),
  ('2026-05-13', 'B', 'buys: B5 over 1500',                     $$pg_temp.book('B5', '2026-05-28', 1500)$$),
  ('2026-05-15', 'C', 'pays C2',                                $$pg_temp.pay('C2', 350)$$),
  ('2026-05-15', 'E', 'no letter: spoken to',                   $$cancel_action(5, comment => 'spoken to')$$),
  ('2026-05-18', 'C', 'buys: C3 over 1400',                     $$pg_temp.book('C3', '2026-05-20', 1400)$$),
  ('2026-05-18', 'E', 'buys: E4 over 150',                      $$pg_temp.book('E4', '2026-05-22', 150)$$),
  ('2026-05-20', 'A', 'pays A4',                                $$pg_temp.pay('A4', 250)$$),
  ('2026-05-20', 'D', 'no longer blocked',                      'pg_temp.block(4, false)'),
  ('2026-05-21', 'D', 'called',                                 'complete_action(4, step_no => 2)'),
  ('2026-05-26', 'C', 'reminded',                               'complete_action(3, step_no => 2)'),
  ('2026-05-28', 'B', 'boss called',                            'complete_action(2, step_no => 3)'),
  ('2026-05-28', 'E', 'notice sent, a day late',                'complete_action(5, step_no => 5)');
CREATE FUNCTION pg_temp.cedar() RETURNS void LANGUAGE sql AS $$
  INSERT INTO receivables.customer (customer_id, account_no, name, attributes) VALUES (3, 'C', 'Cedar', '{"class": "C"}');
  SELECT pg_temp.book('C1', '2026-02-12', 900), pg_temp.book('C2', '2026-03-27', 600) $$;
CREATE FUNCTION pg_temp.collect_through(account bigint, other bigint) RETURNS void LANGUAGE sql AS
  'UPDATE receivables.customer SET collection_account_id = other WHERE customer_id = account';
CREATE FUNCTION pg_temp.block(account bigint, blocked boolean) RETURNS void LANGUAGE sql AS
  'UPDATE receivables.customer SET collection_blocked = blocked WHERE customer_id = account';

-- ---- the diary: what the agenda holds from this half-day on, until the account's next line; am = when the night's work
-- is done, pm = after what happened at noon. specific: day and amount of a specific action; alert: a promise to be followed up ----
CREATE TEMP TABLE diary (day date, half text, account text, scenario text, step int, action_on date, amount numeric, leader text,
  specific_on date, specific_amount numeric, alert text);
INSERT INTO diary VALUES
  -- Alder: 'standard'. Part payments, a holiday, a payment that is reversed, too little to collect, a small old item.
  ('2026-03-02', 'am', 'A', 'standard', 1, '2026-03-05', 1200, 'A1', NULL, NULL, NULL),     -- 5 days before the due date; large enough for a statement
  ('2026-03-05', 'pm', 'A', 'standard', 2, '2026-03-16', 1200, 'A1', NULL, NULL, NULL),     -- due + 5 = Sunday 15
  ('2026-03-12', 'pm', 'A', 'standard', 2, '2026-03-16', 700,  'A1', NULL, NULL, NULL),
  ('2026-03-16', 'pm', 'A', 'standard', 3, '2026-03-23', 1100, 'A1', NULL, NULL, NULL),     -- due + 12 = Sunday 22; A2 is due by then
  ('2026-03-18', 'pm', 'A', 'standard', 3, '2026-03-23', 800,  'A1', NULL, NULL, NULL),     -- net of the credit
  ('2026-03-24', 'pm', 'A', 'standard', 4, '2026-04-07', 800,  'A1', NULL, NULL, NULL),     -- call of the 24th + 10 = Good Friday: Tuesday after Easter
  ('2026-04-02', 'pm', 'A', 'standard', 2, '2026-03-27', 400,  'A2', NULL, NULL, NULL),     -- new leader, restart; no statement below 1000; contact of the 24th + 3
  ('2026-04-07', 'pm', 'A', 'standard', 4, '2026-04-07', 800,  'A1', NULL, NULL, NULL),     -- as if it had not been paid
  ('2026-04-08', 'pm', 'A', 'standard', 5, '2026-04-20', 800,  'A1', NULL, NULL, NULL),     -- due + 40 = Sunday 19
  ('2026-04-15', 'pm', 'A', 'standard', 2, '2026-04-13', 50,   'A2', NULL, NULL, NULL),     -- contact of the 8th + 3 = Saturday 11; 50 are just enough
  ('2026-04-16', 'pm', 'A', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- 40 are not
  ('2026-04-17', 'pm', 'A', 'standard', 2, '2026-04-30', 290,  'A2', NULL, NULL, NULL),     -- from the day on which A4 is due it is enough
  ('2026-04-30', 'am', 'A', 'standard', 2, '2026-04-13', 290, 'A2', NULL, NULL, NULL),       -- enough today: the date is that of the step (contact of the 8th + 3), days ago
  ('2026-04-30', 'pm', 'A', 'standard', 3, '2026-05-05', 290,  'A2', NULL, NULL, NULL),     -- 5 days after the reminder
  ('2026-05-05', 'pm', 'A', 'standard', 2, '2026-05-05', 250,  'A4', NULL, NULL, NULL),     -- A3 is older, but below 20
  ('2026-05-06', 'pm', 'A', 'standard', 3, '2026-05-12', 250,  'A4', NULL, NULL, NULL),
  ('2026-05-12', 'pm', 'A', 'standard', 4, '2026-05-22', 250,  'A4', NULL, NULL, NULL),
  ('2026-05-20', 'pm', 'A', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),

  -- Birch: 'key'. Late, but begins at the first step; a dispute; new leaders keep the step; the last step repeats.
  ('2026-03-02', 'am', 'B', 'key', 1, '2026-02-19', 5000, 'B1', NULL, NULL, NULL),
  ('2026-03-02', 'pm', 'B', 'key', 2, '2026-03-09', 8000, 'B1', NULL, NULL, NULL),          -- 5 days after the call = Saturday 7; B2 is due by then
  ('2026-03-09', 'pm', 'B', 'key', 3, '2026-03-16', 8000, 'B1', NULL, NULL, NULL),          -- 7 days after the visit
  ('2026-03-11', 'pm', 'B', 'key', 3, '2026-03-26', 3000, 'B2', '2026-03-18', 5000, NULL),  -- B1 has left the scenario; B2 + 20
  ('2026-03-18', 'pm', 'B', 'key', 3, '2026-03-26', 3000, 'B2', '2026-03-25', 5000, NULL),
  ('2026-03-25', 'pm', 'B', 'key', 3, '2026-03-16', 7000, 'B1', NULL, NULL, NULL),          -- B1 is back, less the credit note
  ('2026-03-26', 'pm', 'B', 'key', 3, '2026-04-09', 7000, 'B1', NULL, NULL, NULL),          -- every 14 days
  ('2026-04-09', 'pm', 'B', 'key', 3, '2026-04-23', 9000, 'B1', NULL, NULL, NULL),          -- B3 is due by then
  ('2026-04-14', 'pm', 'B', 'key', 3, '2026-04-23', 5000, 'B2', NULL, NULL, NULL),
  ('2026-04-23', 'pm', 'B', 'key', 3, '2026-05-07', 5000, 'B2', NULL, NULL, NULL),
  ('2026-04-28', 'pm', 'B', 'key', 3, '2026-05-07', 4000, 'B2', NULL, NULL, NULL),
  ('2026-05-08', 'pm', 'B', 'key', 3, '2026-05-22', 4000, 'B2', NULL, NULL, NULL),
  ('2026-05-11', 'pm', 'B', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('2026-05-13', 'pm', 'B', 'key', 3, '2026-05-28', 1500, 'B5', NULL, NULL, NULL),          -- the step reached is kept; on May 22 nothing is due yet
  ('2026-05-28', 'am', 'B', 'key', 3, '2026-05-22', 1500, 'B5', NULL, NULL, NULL),           -- likewise: 14 days after the last call
  ('2026-05-28', 'pm', 'B', 'key', 3, '2026-06-11', 1500, 'B5', NULL, NULL, NULL),

  -- Cedar: 'standard', 'strict' while more than 40 days late, 'key' while pinned. Enters late; a promise kept in part.
  ('2026-03-02', 'am', 'C', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('2026-03-04', 'pm', 'C', 'standard', 3, '2026-02-24', 900, 'C1', NULL, NULL, NULL),      -- by age: step 2 was due on the 17th, step 3 on the 24th, step 5 will be on March 24
  ('2026-03-24', 'am', 'C', 'standard', 5, '2026-03-24', 900, 'C1', NULL, NULL, NULL),      -- nobody has called: by age anew
  ('2026-03-25', 'am', 'C', 'strict', 4, '2026-03-14', 900, 'C1', NULL, NULL, NULL),        -- 41 days late: by age in the other scenario
  ('2026-03-26', 'pm', 'C', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- no further step
  ('2026-03-30', 'pm', 'C', 'standard', 2, '2026-04-01', 600, 'C2', NULL, NULL, NULL),      -- no longer late enough; no statement below 1000
  ('2026-03-31', 'pm', 'C', 'key', 1, '2026-03-30', 600, 'C2', NULL, NULL, NULL),
  ('2026-04-01', 'pm', 'C', 'key', 2, '2026-04-13', 600, 'C2', NULL, NULL, NULL),           -- due + 15 = Saturday 11
  ('2026-04-11', 'am', 'C', 'standard', 3, '2026-04-08', 600, 'C2', NULL, NULL, NULL),      -- the pin has ended: by age, C2 + 12
  ('2026-04-13', 'pm', 'C', NULL, NULL, NULL, NULL, NULL, '2026-04-22', 600, NULL),         -- held by the promise
  ('2026-04-20', 'pm', 'C', NULL, NULL, NULL, NULL, NULL, '2026-04-22', 350, NULL),
  ('2026-04-25', 'am', 'C', 'standard', 4, '2026-04-23', 350, 'C2', '2026-04-22', 350, 'Promise kept in part: 350'),-- two working days have passed
  ('2026-04-27', 'pm', 'C', 'standard', 4, '2026-04-30', 350, 'C2', NULL, NULL, NULL),      -- 3 days after today's contact
  ('2026-04-30', 'pm', 'C', 'standard', 5, '2026-05-11', 350, 'C2', NULL, NULL, NULL),      -- 10 days after the letter = Sunday 10
  ('2026-05-07', 'am', 'C', 'strict', 4, '2026-05-07', 350, 'C2', NULL, NULL, NULL),        -- 41 days late; 7 days after the last action
  ('2026-05-08', 'pm', 'C', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('2026-05-18', 'pm', 'C', 'standard', 1, '2026-05-15', 1400, 'C3', NULL, NULL, NULL),     -- 'standard' since May 15; the statement is a little late
  ('2026-05-25', 'am', 'C', 'standard', 2, '2026-05-26', 1400, 'C3', NULL, NULL, NULL),     -- by age anew; C3 + 5 = Whit Monday
  ('2026-05-26', 'pm', 'C', 'standard', 3, '2026-06-01', 1400, 'C3', NULL, NULL, NULL),

  -- Dogwood: 'strict', e-mails by the machine, no calendar. A promise kept; collects for Elm in April; doubtful debt; blocked.
  ('2026-03-02', 'am', 'D', 'strict', 1, '2026-03-09', 800, 'D1', NULL, NULL, NULL),
  ('2026-03-09', 'am', 'D', 'strict', 2, '2026-03-16', 800, 'D1', NULL, NULL, NULL),        -- the e-mail has gone
  ('2026-03-14', 'pm', 'D', 'strict', 2, '2026-03-19', 800, 'D1', NULL, NULL, NULL),        -- 5 days after the visit
  ('2026-03-19', 'pm', 'D', 'strict', 1, '2026-03-29', 500, 'D2', '2026-03-27', 800, NULL), -- D1 is promised; D2 is not due yet: the first step
  ('2026-03-26', 'pm', 'D', 'strict', 1, '2026-03-29', 500, 'D2', NULL, NULL, NULL),
  ('2026-03-29', 'am', 'D', 'strict', 2, '2026-04-05', 500, 'D2', NULL, NULL, NULL),        -- the e-mail has gone, on a Sunday
  ('2026-04-01', 'pm', 'D', 'strict', 3, '2026-04-05', 620, 'E1', NULL, NULL, NULL),        -- Elm's E1 is older: by age; 7 days after the e-mail
  ('2026-04-02', 'am', 'D', 'strict', 4, '2026-04-05', 620, 'E1', NULL, NULL, NULL),        -- by age anew: E1 + 30
  ('2026-04-07', 'pm', 'D', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- no further step
  ('2026-04-09', 'pm', 'D', 'strict', 2, '2026-04-12', 560, 'D2', NULL, NULL, NULL),        -- new leader, by age; 5 days after the notice; E2 is due by then
  ('2026-04-13', 'pm', 'D', 'strict', 3, '2026-04-20', 560, 'D2', NULL, NULL, NULL),        -- 7 days after the call
  ('2026-04-14', 'pm', 'D', 'strict', 3, '2026-04-20', 760, 'D2', NULL, NULL, NULL),
  ('2026-04-16', 'pm', 'D', 'strict', 3, '2026-04-27', 760, 'D2', NULL, NULL, NULL),
  ('2026-04-20', 'pm', 'D', 'strict', 3, '2026-04-27', 700, 'D2', NULL, NULL, NULL),
  ('2026-04-22', 'pm', 'D', 'strict', 4, '2026-04-20', 790, 'D4', NULL, NULL, NULL),        -- another leader, by age; 7 days after the call
  ('2026-04-23', 'pm', 'D', 'strict', 3, '2026-04-27', 700, 'D2', NULL, NULL, NULL),        -- step and leader for which the 27th was given
  ('2026-04-27', 'pm', 'D', 'strict', 4, '2026-05-04', 700, 'D2', NULL, NULL, NULL),
  ('2026-04-29', 'pm', 'D', 'strict', 4, '2026-05-04', 500, 'D2', NULL, NULL, NULL),        -- without Elm
  ('2026-05-04', 'pm', 'D', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('2026-05-06', 'pm', 'D', 'strict', 1, '2026-05-11', 300, 'D5', NULL, NULL, NULL),        -- D2 is out of the scenario
  ('2026-05-08', 'pm', 'D', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- blocked
  ('2026-05-20', 'pm', 'D', 'strict', 2, '2026-05-18', 300, 'D5', NULL, NULL, NULL),        -- by age: the e-mail was not sent meanwhile
  ('2026-05-21', 'pm', 'D', 'strict', 3, '2026-05-30', 300, 'D5', NULL, NULL, NULL),

  -- Elm: 'standard'. A broken promise, collected through Dogwood in April, a last step that needs a larger amount.
  ('2026-03-02', 'am', 'E', 'standard', 2, '2026-03-09', 120, 'E1', NULL, NULL, NULL),      -- no statement below 1000; due + 5 = Sunday 8
  ('2026-03-09', 'pm', 'E', 'standard', 3, '2026-03-16', 120, 'E1', NULL, NULL, NULL),      -- due + 12 = Sunday 15
  ('2026-03-16', 'pm', 'E', 'standard', 2, '2026-04-15', 60, 'E2', '2026-03-20', 120, NULL),-- new leader E2, restart: E2 + 5
  ('2026-03-25', 'am', 'E', 'standard', 4, '2026-03-26', 120, 'E1', '2026-03-20', 120, 'Promise broken: 120'), -- broken: Tuesday 24 was the last day; 10 days after the call
  ('2026-03-25', 'pm', 'E', 'standard', 4, '2026-03-30', 120, 'E1', NULL, NULL, NULL),      -- today's contact + 3 = Saturday 28
  ('2026-03-30', 'pm', 'E', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- no notice below 300, and that was the last step
  ('2026-04-29', 'pm', 'E', 'standard', 2, '2026-04-22', 200, 'E3', NULL, NULL, NULL),      -- new leader, restart: E3 + 5
  ('2026-04-30', 'pm', 'E', 'standard', 3, '2026-05-05', 200, 'E3', NULL, NULL, NULL),      -- 5 days after the reminder
  ('2026-05-05', 'pm', 'E', 'standard', 4, '2026-05-15', 200, 'E3', NULL, NULL, NULL),
  ('2026-05-15', 'pm', 'E', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),                -- no notice below 300
  ('2026-05-18', 'pm', 'E', 'standard', 5, '2026-05-27', 350, 'E3', NULL, NULL, NULL),      -- E3 + 40; E4 is due by then
  ('2026-05-28', 'pm', 'E', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- ---- the days are played ----
CREATE TEMP TABLE seen (day date, half text, account text, scenario text, step int, action_on date, amount numeric, leader text,
  specific_on date, specific_amount numeric, alert text);
CREATE TEMP TABLE shown AS SELECT ''::text AS half, business_date() AS day, a.*, l.document_no AS leader
  FROM collection_agenda a JOIN collection_agenda_item l USING (customer_id) WHERE false;
PREPARE show(text) AS INSERT INTO shown
  SELECT $1, business_date(), a.*, l.document_no FROM collection_agenda a
  LEFT JOIN collection_agenda_item l ON l.customer_id = a.customer_id AND l.is_leader AND a.source = 'scenario';
PREPARE look(text) AS INSERT INTO seen
  SELECT business_date(), $1, n.account, s.scenario, s.step_no, s.action_on, s.amount, s.leader, f.action_on, f.amount, b.step || ': ' || trim_scale(b.amount)
  FROM unnest('{A,B,C,D,E}'::text[]) n (account)
  LEFT JOIN shown s ON (s.day, s.half, s.account_no, s.source) = (business_date(), $1, n.account, 'scenario')
  LEFT JOIN shown f ON (f.day, f.half, f.account_no, f.source) = (business_date(), $1, n.account, 'specific')
  LEFT JOIN shown b ON (b.day, b.half, b.account_no, b.source) = (business_date(), $1, n.account, 'alert');
-- Whatever is read item by item says the same as the agenda, which is read from the positions.
CREATE TEMP TABLE otherwise (day date, half text, what text);
PREPARE compare(text) AS INSERT INTO otherwise
  SELECT business_date(), $1, concat('item by item: ', a.customer_id, ' ', a.r, '; agenda: ', g.customer_id, ' ', g.r)
  FROM (SELECT customer_id, (step_no, action_on, amount, cardinality(item_ids), leader_due_date)::text AS r FROM scenario_action) a
  FULL JOIN (SELECT customer_id, (step_no, action_on, amount, items, oldest_due_date)::text AS r FROM shown
             WHERE (day, half, source) = (business_date(), $1, 'scenario')) g USING (customer_id)
  WHERE a.r IS DISTINCT FROM g.r
  UNION ALL SELECT business_date(), $1, 'position: ' || c::text FROM check_positions() c;
\set ECHO none
SELECT unnest(ARRAY[
  format('SET search_assign.business_date = %L', d::date),
  'CALL search_assign()',
  'CALL run_automatic_actions()',
  $$EXECUTE show('am')$$, $$EXECUTE look('am')$$, $$EXECUTE compare('am')$$]
  || ARRAY(SELECT format('DO %L', format('BEGIN PERFORM %s; END', h.doing)) FROM happening h WHERE h.day = d::date ORDER BY h.no)
  || ARRAY[$$EXECUTE show('pm')$$, $$EXECUTE look('pm')$$, $$EXECUTE compare('pm')$$])
FROM generate_series('2026-03-02'::date, '2026-05-31', '1 day') d ORDER BY d \gexec
\set ECHO all
SELECT count(*) AS half_days, count(DISTINCT day) AS days, min(day), max(day) FROM seen WHERE account = 'A';

-- ---- the difference: lines of the diary that did not come true, and what was there instead ----
CREATE VIEW pg_temp.expected AS
  SELECT s.day, s.half, d.account, d.scenario, d.step, d.action_on, d.amount, d.leader, d.specific_on, d.specific_amount, d.alert
  FROM seen s JOIN LATERAL (SELECT d.* FROM diary d WHERE d.account = s.account AND (d.day, d.half) <= (s.day, s.half)
                            ORDER BY d.day DESC, d.half DESC LIMIT 1) d ON true;
(SELECT 'expected' AS which, * FROM (SELECT * FROM pg_temp.expected EXCEPT ALL SELECT * FROM seen) e)
UNION ALL (SELECT 'seen', * FROM (SELECT * FROM seen EXCEPT ALL SELECT * FROM pg_temp.expected) s)
ORDER BY account, day, half, which;
SELECT * FROM otherwise;
-- Each line of the diary tells of a change, and nothing else changed.
SELECT count(*) AS lines FROM diary;
SELECT count(*) AS changes FROM (SELECT s IS DISTINCT FROM lag(s) OVER (PARTITION BY account ORDER BY day, half) AS changed
  FROM (SELECT day, half, account, (scenario, step, action_on, amount, leader, specific_on, specific_amount, alert)::text AS s FROM seen) s) c WHERE changed;

-- ---- the diary as it was lived ----
SELECT coalesce(h.account, s.account) AS account, to_char(coalesce(h.day, s.day), 'Dy MM-DD') || ' ' || coalesce(h.half, s.half) AS day, h.what,
       s.agenda
FROM (SELECT day, 'pm' AS half, account, string_agg(what, '; ' ORDER BY no) AS what FROM happening GROUP BY day, account) h
FULL JOIN (
  SELECT day, half, account, agenda FROM (
    SELECT day, half, account, agenda, agenda IS DISTINCT FROM lag(agenda) OVER (PARTITION BY account ORDER BY day, half) AS changed
    FROM (SELECT day, half, account,
                 coalesce(nullif(concat_ws('; ', scenario || ' ' || step || ' on ' || to_char(action_on, 'MM-DD') || ': ' || trim_scale(amount) || ' (' || leader || ')',
                                           'specific on ' || to_char(specific_on, 'MM-DD') || ': ' || trim_scale(specific_amount), alert), ''), '-') AS agenda FROM seen) t) c
  WHERE changed) s USING (account, day, half)
ORDER BY account, coalesce(h.day, s.day), coalesce(h.half, s.half);

-- ---- what was done ----
SELECT c.account_no AS account, to_char(l.done_on, 'MM-DD') AS day, l.event, concat_ws(' ', l.scenario, l.step_no, l.step) AS what, l.outcome,
       to_char(l.planned_on, 'MM-DD') AS planned, to_char(l.new_action_on, 'MM-DD') AS moved,
       trim_scale(l.amount) AS amount, trim_scale(l.overdue) AS overdue, trim_scale(l.outstanding) AS outstanding
FROM action_log l JOIN customer c USING (customer_id) ORDER BY l.customer_id, l.action_id;
SELECT c.account_no AS account, s.promised_at, s.promised_on, s.deadline, s.amount, s.paid, s.state, s.judged_on FROM promise_state s JOIN customer c USING (customer_id)
ORDER BY s.customer_id, s.promise_id;
SELECT c.account_no AS account, m.business_date, m.previous, m.name, m.source FROM membership_log m JOIN customer c USING (customer_id) WHERE m.target = 'scenario'
ORDER BY m.customer_id, m.business_date, m.log_id;

-- Deciding everybody anew changes nothing; nor does a day on which nothing was done but the last.
CALL search_assign(true);
SELECT count(*) AS changed FROM (SELECT account, scenario, step, action_on, amount, leader FROM seen WHERE day = '2026-05-31' AND half = 'pm'
                                 EXCEPT SELECT account_no, scenario, step_no, action_on, amount,
                                        (SELECT document_no FROM collection_agenda_item l WHERE l.customer_id = a.customer_id AND is_leader)
                                 FROM collection_agenda a WHERE source = 'scenario') c WHERE scenario IS NOT NULL;
SELECT * FROM check_positions();
RESET search_path;
