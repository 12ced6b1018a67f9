#!/usr/bin/env bash
# The business date rolls by itself: when the setting of the database changes, and at midnight of the business zone.
set -euo pipefail
. tests/worker/worker.bash
start_cluster search_assign.databases=erp
sql -c 'CREATE DATABASE erp' -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-01'"
make_ledger erp 2026-03-01
sql -d erp -c 'CREATE TABLE public.night (business_date date, at timestamptz)' \
  -c "INSERT INTO receivables.daily_work (name, command) VALUES ('night', 'INSERT INTO public.night VALUES (receivables.business_date(), now())')"
scenario='SELECT scenario FROM receivables.scenario_membership WHERE customer_id = 1'

echo '-- after changes of the configuration the worker waits until they have settled'
wait_for_worker erp
wait_for 40 '2026-03-01 f' erp "SELECT last_run_date || ' ' || CASE WHEN configuration_is_newer THEN 't' ELSE 'f' END FROM receivables.search_assign_status"
expect 'settled for 10 s' t "$(sql -d erp -c 'SELECT last_run_at >= configuration_changed_at + interval $$10 seconds$$ FROM receivables.search_assign_status')"
expect 'due today is not late' soft "$(sql -d erp -c "$scenario")"
wait_for 20 '2026-03-01' erp 'SELECT string_agg(business_date::text, $$ $$) FROM public.night'

echo '-- ALTER DATABASE SET search_assign.business_date'
sql -d erp -c "ALTER DATABASE erp SET search_assign.business_date = '2026-03-02'"
wait_for 20 hard erp "$scenario"
wait_for 20 '2026-03-01 2026-03-02' erp 'SELECT string_agg(business_date::text, $$ $$ ORDER BY at) FROM public.night'
sql -d erp -c "ALTER DATABASE erp SET search_assign.business_date = '2026-02-20'"
wait_for 20 soft erp "$scenario"
sleep 0.5
expect 'a date set back: the shipped work runs, nothing else twice' 2 "$(sql -d erp -c 'SELECT count(*) FROM public.night')"

echo '-- the clock: a zone whose midnight is at a full minute, the next one but where that is near'
now=$(date -u +%s)
midnight=$(((now + 25) / 60 * 60 + 60))
# POSIX: hours and minutes west of Greenwich, which is what UTC shows at that midnight.
zone="<NEAR>+$(date -u -d "@$midnight" +%H:%M)"
sql -d erp -c "ALTER DATABASE erp SET search_assign.time_zone = '$zone'" -c 'ALTER DATABASE erp RESET search_assign.business_date'
sql -d erp -c "UPDATE receivables.item SET document_date = receivables.business_date() - 30, due_date = receivables.business_date() WHERE customer_id = 1"
today=$(sql -d erp -c 'SELECT receivables.business_date()')
wait_for 20 "$today f" erp "SELECT last_run_date || ' ' || CASE WHEN day_is_newer THEN 't' ELSE 'f' END FROM receivables.search_assign_status"
expect 'before midnight' soft "$(sql -d erp -c "$scenario")"
# While the daily work runs it looks again after a minute.
wait_for 20 "$midnight" erp 'SELECT round(extract(epoch FROM next_work_at)) FROM receivables.worker_status'
wait_for 110 hard erp "$scenario"
# The run notes its end after its last decision.
wait_for 20 "$(sql -d erp -c "SELECT date '$today' + 1")" erp 'SELECT last_run_date FROM receivables.search_assign_status'
wait_for 20 1 erp "SELECT count(*) FROM public.night WHERE business_date = date '$today' + 1"
echo "seconds after midnight: $(sql -d erp -c "SELECT round(extract(epoch FROM last_run_at)::numeric - $midnight, 2) FROM receivables.search_assign_status")"
expect 'within 20 s' t "$(sql -d erp -c "SELECT extract(epoch FROM last_run_at) - $midnight BETWEEN 0 AND 20 FROM receivables.search_assign_status")"
expect 'errors' 0 "$(sql -d erp -c 'SELECT errors FROM receivables.worker_status')"
