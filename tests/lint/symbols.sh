#!/usr/bin/env bash
# The module exports nothing but what PostgreSQL looks up. All modules share one space of C++ symbols in a backend.
set -euo pipefail
module=$SA_ROOT/search_assign.so
foreign=$(nm --dynamic --defined-only --format=posix "$module" | awk '{print $1}' |
  grep -vE '^(Pg_magic_func|_PG_init|pg_finfo_sa_[a-z0-9_]+|sa_[a-z0-9_]+)$' || true)
[ -z "$foreign" ] || { printf 'exported, but should be hidden:\n%s\n' "$foreign"; exit 1; }

# Each SQL function finds its C function, and each C function is used by SQL.
in_sql=$(grep -hoE "'MODULE_PATHNAME', *'sa_[a-z0-9_]+'" "$SA_ROOT"/sql/install/*.sql | grep -oE 'sa_[a-z0-9_]+' | sort -u)
in_module=$(nm --dynamic --defined-only --format=posix "$module" | sed -n 's/^pg_finfo_\(sa_[a-z0-9_]*\) .*/\1/p' | sort -u)
diff <(echo "$in_sql") <(echo "$in_module") || { echo "< only in sql/install, > only in the module"; exit 1; }
