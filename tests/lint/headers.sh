#!/usr/bin/env bash
# Every header compiles alone, without warnings; those of the core without any PostgreSQL header in reach.
set -euo pipefail
cd "$SA_ROOT/include"
server=$("${PG_CONFIG:-pg_config}" --includedir-server)

check() {
  local flags=(-Wconversion)
  if [[ $1 == search_assign/pg/* ]]; then flags=(-isystem "$server"); fi
  printf '#include "%s"\n' "$1" |
    g++ -std=c++20 -fsyntax-only -Wall -Wextra -Wshadow -Werror -I. "${flags[@]}" -x c++ - || { echo "not alone: $1"; return 1; }
}
export -f check
export server

find search_assign -name '*.hpp' -print0 | sort -z | xargs -0 -r -n 1 -P "$(nproc)" bash -c 'check "$1"' check
