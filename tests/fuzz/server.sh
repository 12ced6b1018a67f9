#!/usr/bin/env bash
# Random criteria, random bytes as values, and random arguments of every function, against the server: it must survive, no
# internal error may come out, refusals must be documented, and rules must come to the customers that try_search() gives.
# FUZZ_SECONDS (default 28); FUZZ_SEED repeats a run.
set -euo pipefail
cd "$SA_ROOT"
psql -Xq -v ON_ERROR_STOP=1 -c "ALTER DATABASE \"$PGDATABASE\" SET search_assign.business_date = '2026-06-15'" \
  -c "ALTER DATABASE \"$PGDATABASE\" SET jit = off" -c 'CREATE EXTENSION search_assign'
psql -Xq -v ON_ERROR_STOP=1 -f tests/fuzz/server/company.sql 2>&1 | { grep -E 'ERROR|FATAL' || true; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake -S . -B build/cmake-sanitized -DSA_SANITIZE=ON &&
  cmake --build build/cmake-sanitized -j"$(nproc)" --target server_fuzz; } >"$log" 2>&1; then
  tail -60 "$log"
  exit 1
fi
build/cmake-sanitized/server_fuzz "${FUZZ_SECONDS:-28}" "${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}"
