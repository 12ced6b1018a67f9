-- Demo, part 1: the start-up strategy of My Company North America.
--
-- Loaded before the ledger, so that the ledger's own transactions assign every customer; loaded afterwards it would
-- hold for everybody with the next CALL receivables.search_assign().
\set ON_ERROR_STOP on

BEGIN;

UPDATE receivables.company SET name = 'My Company North America', currency = 'USD' WHERE company = 'MAIN';

INSERT INTO receivables.collector (name, email, phone) VALUES
  ('Daniel Brooks', 'daniel.brooks@my-company.example', '+1 312 555 0110'),
  ('Emma Fournier', 'emma.fournier@my-company.example', '+1 312 555 0111'),
  ('Sofia Marquez', 'sofia.marquez@my-company.example', '+1 312 555 0112'),
  ('Victor Osei',   'victor.osei@my-company.example',   '+1 312 555 0113');

INSERT INTO receivables.portfolio (name, kind, collector, is_default, description) VALUES
  ('Collections',   'collection', 'Emma Fournier', true,  'Everybody whom no rule sends elsewhere'),
  ('Key accounts',  'collection', 'Daniel Brooks', false, 'The few customers who owe most'),
  ('Special cases', 'collection', 'Sofia Marquez', false, 'Very late and risky customers, for the specialist'),
  ('Credit risk',   'risk',       'Victor Osei',   true,  'Limits and scores of all customers');

INSERT INTO receivables.customer_group (name, description) VALUES
  ('Very late customers', 'Old unqualified items: nobody has said yet why they are not paid'),
  ('Risky customers',     'Bad score or bad payment behaviour');

-- Five searches segment the ledger; the sixth selects a variant of a scenario.
INSERT INTO receivables.search (name, criteria, description) VALUES
  ('strategic',       'outstanding >= 250000',
   'Customers who owe most'),
  ('standard',        'outstanding >= 15000 and outstanding < 250000',
   'The middle of the ledger'),
  ('small',           'outstanding > 0 and outstanding < 15000',
   'Many customers, little money'),
  ('risky',           $$outstanding > 0 and (internal_score < 40 or payer_profile in ('bad', 'very bad'))$$,
   'By score and payer profile'),
  ('old unqualified', 'overdue(unqualified, 30) > 0',
   'Items more than 30 days late that have no status yet'),
  ('no e-mail',       'outstanding >= 15000 and not has_email',
   'Strategic and standard customers whom no e-mail reaches');

-- Where another invoice leads because the oldest one is paid, promised or disputed, its own age says how to go on; a
-- small customer is asked from the start.
INSERT INTO receivables.scenario
  (name, minimum_amount, ignore_below, on_new_leader, min_contact_days, is_default, description) VALUES
  ('Key and standard',            500, 50, 'by_age',  3, false, 'Polite and personal, from before the due date'),
  ('Key and standard, no e-mail', 500, 50, 'by_age',  3, false, 'The same by telephone and letter'),
  ('Automated small',             100, 25, 'restart', 5, true,  'Sent without anybody''s work until the last step'),
  ('No action - old items',         0,  0, 'restart', 0, false, 'No steps: reminders wait until the old items have a status');

INSERT INTO receivables.scenario_step
  (scenario, step_no, phase, label, channel, automatic, offset_days, min_days_after_previous, min_amount, template)
SELECT 'Key and standard', s.* FROM (VALUES
  (1, 'pre_due',        'Statement',              'email',             'auto',    -5, 0, 50000, 'statement'),
  (2, 'amicable',       'Friendly reminder',      'email',             'auto',     5, 3,     0, 'reminder 1'),
  (3, 'amicable',       'Call',                   'call',              'manual',  12, 5,     0, NULL),
  (4, 'amicable',       'Second reminder',        'email',             'confirm', 20, 5,     0, 'reminder 2'),
  (5, 'amicable',       'Call to the management', 'call',              'manual',  35, 7, 10000, NULL),
  (6, 'pre_litigation', 'Formal notice',          'registered_letter', 'confirm', 55, 7,     0, 'formal notice')) AS s
UNION ALL
SELECT 'Key and standard, no e-mail', s.* FROM (VALUES
  (1, 'pre_due',        'Call',                   'call',              'manual',  -3, 0, 50000, NULL),
  (2, 'amicable',       'Friendly reminder',      'letter',            'auto',     5, 3,     0, 'reminder 1'),
  (3, 'amicable',       'Call',                   'call',              'manual',  14, 7,     0, NULL),
  (4, 'amicable',       'Second reminder',        'letter',            'confirm', 25, 7,     0, 'reminder 2'),
  (5, 'pre_litigation', 'Formal notice',          'registered_letter', 'confirm', 55, 7,     0, 'formal notice')) AS s;

INSERT INTO receivables.scenario_step
  (scenario, step_no, phase, label, channel, automatic, anchor, offset_days, template)
SELECT 'Automated small', s.* FROM (VALUES
  (1, 'amicable',       'Reminder',               'email',             'auto',   'due_date',         3, 'reminder 1'),
  (2, 'amicable',       'Question by e-mail',     'interactive_email', 'auto',   'previous_action', 10, 'question'),
  (3, 'amicable',       'Second reminder',        'email',             'auto',   'previous_action', 10, 'reminder 2'),
  (4, 'amicable',       'Last reminder',          'letter',            'auto',   'previous_action', 12, 'reminder 3'),
  (5, 'pre_litigation', 'Hand over or write off', 'task',              'manual', 'previous_action', 20, NULL)) AS s;

-- The first matching rule by priority decides; groups are held as long as their search matches. So leaving needs no
-- rule of its own: a customer whose old items get a status falls to the next rule at once.
INSERT INTO receivables.assignment_rule (priority, search, scenario) VALUES
  (10, 'old unqualified', 'No action - old items'),
  (20, 'no e-mail',       'Key and standard, no e-mail'),
  (30, 'strategic',       'Key and standard'),
  (40, 'standard',        'Key and standard'),
  (50, 'small',           'Automated small');
INSERT INTO receivables.assignment_rule (priority, search, portfolio) VALUES
  (10, 'old unqualified', 'Special cases'),
  (20, 'risky',           'Special cases'),
  (30, 'strategic',       'Key accounts');
INSERT INTO receivables.assignment_rule (search, customer_group) VALUES
  ('old unqualified', 'Very late customers'),
  ('risky',           'Risky customers');
INSERT INTO receivables.assignment_rule (search, option) VALUES
  ('small', 'interactive_email');

-- A promise is checked on its day, a dispute followed up with whoever resolves it.
SELECT receivables.install_example_action_models() AS action_models \gset

COMMIT;
