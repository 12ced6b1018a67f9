#!/usr/bin/env bash
# Shell scripts: they parse, are executable, stop at errors, and shellcheck (if it is here) finds nothing worse than style.
set -euo pipefail
cd "$SA_ROOT"
failed=0
mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh$' .ci scripts tests demo | sort)
for script in "${scripts[@]}"; do
  bash -n "$script" || failed=1
  [ -x "$script" ] || { echo "$script is not executable"; failed=1; }
  grep -qE '^set -e' "$script" || { echo "$script does not stop at errors (set -euo pipefail)"; failed=1; }
done
if command -v shellcheck >/dev/null; then
  shellcheck --external-sources --severity=warning "${scripts[@]}" || failed=1
fi
exit $failed
