#!/usr/bin/env bash
# The roles of the README's "Rights", made by the very block that stands there: each does everything it is granted, is refused
# what it must not do, and nothing of the schema is left without a decision.
set -euo pipefail
cd "$SA_ROOT"
roles='erp, bi, collector, credit_manager'
work=$(mktemp -d)
cleanup() {
  psql -X -q -c "DROP OWNED BY $roles" -c "DROP ROLE $roles" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

awk '/^```/ { if (wanted) printf "%s", text; inside = ($0 == "```sql"); wanted = 0; text = ""; next }
     inside { text = text $0 "\n"; if (/CREATE ROLE/) wanted = 1 }' README.md >"$work/grants.sql"
grep -q GRANT "$work/grants.sql" || { echo 'the README has no block that makes the roles'; exit 1; }

psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION search_assign' -f "$work/grants.sql"
# The day of today, also where midnight passes meanwhile.
psql -X -q -v ON_ERROR_STOP=1 <<<"SELECT format('ALTER DATABASE %I SET search_assign.business_date = %L', current_database(), receivables.business_date()) \\gexec"
# Goes on after an error, so that all that is missing is shown at once.
psql -X -q -o /dev/null -f tests/readme/rights.sql 2>"$work/errors" || echo "psql ended with $?" >>"$work/errors"
cat "$work/errors"
[ ! -s "$work/errors" ]
