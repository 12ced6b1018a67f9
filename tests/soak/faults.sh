#!/usr/bin/env bash
# The tests of tests/faults for SOAK_MINUTES instead of seconds, and 50 kills.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The kills take as long as they take; the rest shares the minutes.
seconds=$((${SOAK_MINUTES:-10} * 60 / 4))
FAULT_KILLS=${FAULT_KILLS:-50} tests/faults/kill.sh
FAULT_SECONDS=$seconds tests/faults/hot_customers.sh
FAULT_SECONDS=$seconds tests/faults/interrupts.sh
FAULT_SECONDS=$seconds tests/faults/ddl.sh
FAULT_ROUNDS=10 tests/faults/prepared.sh
FAULT_TRANSACTIONS=30 tests/faults/many_connections.sh
FAULT_TRANSACTIONS=40 tests/faults/disk_full.sh
FAULT_STEP=2 tests/faults/out_of_memory.sh
