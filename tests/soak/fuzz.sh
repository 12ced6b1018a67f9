#!/usr/bin/env bash
# The fuzzers of tests/fuzz for SOAK_MINUTES: half for the core, half for the server.
set -euo pipefail
cd "$SA_ROOT"
export FUZZ_SECONDS=$((${SOAK_MINUTES:-10} * 30))
tests/fuzz/core.sh
tests/fuzz/server.sh
