#!/usr/bin/env bash
# The sources compile without warnings with clang++ also, if it is here.
set -euo pipefail
cd "$SA_ROOT"
command -v clang++ >/dev/null || { echo "no clang++"; exit 77; }
server=$("${PG_CONFIG:-pg_config}" --includedir-server)
find src -name '*.cpp' -print0 | sort -z | xargs -0 -r -n 4 -P "$(nproc)" \
  clang++ -std=c++20 -fsyntax-only -Wall -Wextra -Wshadow -Werror -Iinclude -isystem "$server"
