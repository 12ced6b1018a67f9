#!/usr/bin/env bash
# A backend that runs a million small transactions keeps its memory flat.
set -euo pipefail
cd "$SA_ROOT"
MEMORY_TRANSACTIONS=1000000 MEMORY_SAMPLES=400 tests/memory/backend.sh
