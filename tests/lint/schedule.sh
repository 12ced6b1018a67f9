#!/usr/bin/env bash
# Every regression test is scheduled, has its expected output, and no expected output is left over.
set -euo pipefail
cd "$SA_ROOT/tests"
failed=0
names() { find "$1" -maxdepth 1 -name "*.$2" -printf '%f\n' 2>/dev/null | sed "s/\.$2\$//" | sort; }
same() { # same "TEXT" A B: two lists
  diff <(echo "$2") <(echo "$3") || { echo "$1"; failed=1; }
}

inputs=$(names regress/sql sql)
scheduled=$(sed -n 's/^test: *//p' regress/schedule | tr -s ' ' '\n' | sort)
same '< has no line in tests/regress/schedule, > is scheduled but not there' "$inputs" "$scheduled"
# NAME_1.out is an alternative to NAME.out.
outputs=$(names ../expected out | sed -E 's/_[0-9]$//' | sort -u)
same '< has no output in expected/, > is expected of no test' "$inputs" "$outputs"

specs=$(names isolation/specs spec)
outputs=$(names isolation/expected out | sed -E 's/_[0-9]$//' | sort -u)
same '< has no output in tests/isolation/expected, > is expected of no spec' "$specs" "$outputs"
exit $failed
