#!/usr/bin/env bash
# A backend that runs 20,000 small transactions keeps its memory flat (a million: tests/soak/memory.sh).
set -euo pipefail
cd "$SA_ROOT"
# shellcheck source=tests/memory/backend.bash
. tests/memory/backend.bash
prepare_company
write_scripts
measure "${MEMORY_TRANSACTIONS:-20000}" "${MEMORY_SAMPLES:-60}"
judge 768 64
