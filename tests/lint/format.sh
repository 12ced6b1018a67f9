#!/usr/bin/env bash
# C++ is formatted as .clang-format says, if the version of clang-format is here that the project uses (Debian 12).
set -euo pipefail
cd "$SA_ROOT"
[[ $(clang-format --version 2>/dev/null) == *"version 14."* ]] || { echo "no clang-format 14"; exit 77; }
find src include tests -name '*.[ch]pp' -print0 | xargs -0 -r clang-format --dry-run --Werror ||
  { echo "mend it with: make format"; exit 1; }
