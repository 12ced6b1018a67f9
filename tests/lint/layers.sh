#!/usr/bin/env bash
# The two zones: src/core knows nothing of PostgreSQL; src/pg lets no C++ exception travel except through the boundary,
# and reaches PostgreSQL's headers by way of the prelude.
set -eu
cd "$SA_ROOT"
failed=0
complain() { # complain MESSAGE PLACES
  [ -n "$2" ] || return 0
  printf '%s\n%s\n' "$1:" "$2"
  failed=1
}

# Takes comments and string literals out, keeps the lines.
code_of() {
  awk -v file="$1" '
    BEGIN { quote = "\"([^\"\\\\]|\\\\.)*\"" }
    {
      line = $0
      gsub(/\\"/, "", line); gsub(quote, "\"\"", line)
      if (block) { if (i = index(line, "*/")) { line = substr(line, i + 2); block = 0 } else line = "" }
      while (i = index(line, "/*")) {
        rest = substr(line, i + 2)
        if (j = index(rest, "*/")) line = substr(line, 1, i - 1) " " substr(rest, j + 2)
        else { line = substr(line, 1, i - 1); block = 1 }
      }
      sub(/\/\/.*/, "", line)
      print file ":" FNR ": " line
    }' "$1"
}
code_of_all() { for file in "$@"; do code_of "$file"; done; }

mapfile -t core_files < <(find src include -path '*/core/*.[ch]pp' | sort)
mapfile -t pg_files < <(find src include -path '*/pg/*.[ch]pp' ! -name 'boundary.?pp' | sort)
mapfile -t headers < <(find include -name '*.hpp')
core_code=$(code_of_all "${core_files[@]}")
pg_code=$(code_of_all "${pg_files[@]}")

complain 'src/core includes only the standard library, Boost.Container and search_assign/core' "$(
  grep -nE '^ *# *include' "${core_files[@]}" /dev/null |
    grep -vE '# *include (<[a-z0-9_]+>|<boost/container/[a-z_]+\.hpp>|"search_assign/core/[a-z0-9_]+\.hpp")'
)"
complain 'postgres.h and fmgr.h are included by search_assign/pg/prelude.hpp only' "$(
  grep -nE '# *include ["<](postgres|fmgr)\.h[">]' "${pg_files[@]}" /dev/null | grep -v '^include/search_assign/pg/prelude.hpp:'
)"
complain 'exceptions are thrown in src/core and caught in the boundary only' "$(
  grep -E '[^A-Za-z0-9_](try|catch|throw)[^A-Za-z0-9_]' <<<"$pg_code"
)"
complain 'not in a backend' "$(
  grep -E 'std::(thread|jthread|async|mutex|locale|regex|cout|cerr)[^a-z_]|# *include <(thread|future|mutex|locale|regex|iostream|fstream)>' \
    <<<"$core_code$pg_code"
)"
complain 'no "using namespace" at file scope, no unbounded string functions' "$(
  grep -E ':[0-9]+: (using namespace|.*[^a-z_](strcpy|sprintf|strcat|gets) *\()' <<<"$core_code$pg_code"
)"
complain 'without #pragma once' "$(grep -L '^#pragma once' "${headers[@]}" /dev/null | grep -v '^/dev/null$')"
exit $failed
