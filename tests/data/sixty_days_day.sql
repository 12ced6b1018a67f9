-- One business day; prints what is wrong, nothing else.
CALL stage.post(:'since', :'day');
CALL receivables.search_assign();
INSERT INTO stage.day_done
SELECT :'day', source || ' ' || channel || CASE WHEN action_on <= :'day' THEN ' due' ELSE ' coming' END, count(*) FROM receivables.collection_agenda GROUP BY 2;
SELECT receivables.confirm_actions(ARRAY(SELECT customer_id FROM receivables.collection_agenda
                                         WHERE automatic = 'confirm' AND action_on <= :'day' AND stage.chance(customer_id, :'day', 'confirm') < 60)) \g /dev/null
CALL receivables.run_automatic_actions();
CALL stage.work(:'day');
INSERT INTO stage.day_done
SELECT :'day', event || CASE WHEN outcome = 'automatic' THEN ' automatically' ELSE '' END, count(*) FROM receivables.action_log WHERE done_on = :'day' GROUP BY 2;
SELECT 'broken rule', b.* FROM stage.broken_rules(:'day') b LIMIT 10;
\if :compare
SELECT 'check_positions', p.* FROM receivables.check_positions() p LIMIT 10;
TRUNCATE oracle.scenario_of;
INSERT INTO oracle.scenario_of SELECT customer_id, scenario FROM receivables.scenario_membership;
SELECT 'oracle', d.* FROM oracle.agenda_differences() d LIMIT 10;
\endif
