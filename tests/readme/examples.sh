#!/usr/bin/env bash
# Executes every sql block of the README in one session, in order, and compares what it prints with the text block that follows it.
set -euo pipefail
cd "$SA_ROOT"
work=$(mktemp -d)
cleanup() {
  psql -X -q -c 'DROP OWNED BY erp, bi, collector, credit_manager' -c 'DROP ROLE erp, bi, collector, credit_manager' >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
createdb_sql="CREATE EXTENSION search_assign"
psql -X -q -v ON_ERROR_STOP=1 -c "$createdb_sql"
# The day of today, also where midnight passes meanwhile.
psql -X -q -v ON_ERROR_STOP=1 <<<"SELECT format('ALTER DATABASE %I SET search_assign.business_date = %L', current_database(), receivables.business_date()) \\gexec"

# script.sql: the sql blocks, each behind a line that names it; expected: the text blocks behind the same names.
awk -v script="$work/script.sql" -v expected="$work/expected" '
  /^```sql$/  { block++; inside = "sql"; print "\\echo @@" block > script; next }
  /^```text$/ { inside = "text"; print "@@" block > expected; next }
  /^```/      { inside = ""; next }
  inside == "sql"  { print > script }
  inside == "text" { print > expected }' README.md
psql -X -q -v ON_ERROR_STOP=1 -P footer=off -f "$work/script.sql" >"$work/all" 2>"$work/messages" || { cat "$work/messages"; exit 1; }

# Only blocks with an expected text are compared; blanks at line ends and empty lines do not count.
tidy() { sed -e 's/[[:space:]]*$//' -e '/^$/d' "$1"; }
tidy "$work/expected" >"$work/expected.tidy"
tidy "$work/all" | awk -v wanted="$work/expected.tidy" '
  BEGIN { while ((getline line < wanted) > 0) if (line ~ /^@@/) want[line] = 1 }
  /^@@/ { show = ($0 in want) }
  show' >"$work/printed"
grep -q '^@@' "$work/expected.tidy" || { echo 'the README has no example with an output'; exit 1; }
diff -u "$work/expected.tidy" "$work/printed"
