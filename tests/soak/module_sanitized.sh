#!/usr/bin/env bash
# The module built with AddressSanitizer and UndefinedBehaviorSanitizer, over the whole regress and isolation suites. It
# lives in a tree of its own, build/module_sanitized, with its own private PostgreSQL: links to the sources, copies of scripts/.
set -euo pipefail
cd "$SA_ROOT"
unset "${!PG@}"
tree=$SA_ROOT/build/module_sanitized
mkdir -p "$tree"
rm -rf "$tree/scripts"
cp -r scripts "$tree/scripts"
for each in Makefile src include sql control tests expected; do ln -sfn "../../$each" "$tree/$each"; done
cd "$tree"
unset SA_ROOT SA_BUILD

bin=$(scripts/private_pg)
flags='-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
run_make() { make -s PG_CONFIG="$bin/pg_config" OPT="$flags" "$@"; }
run_make -j"$(nproc)" all >build.log 2>&1 && run_make install >>build.log 2>&1 || { tail -60 build.log; exit 1; }
nm -D search_assign.so | grep __asan_report >/dev/null || { echo "the module is not sanitized"; exit 1; }

# The sanitizers' libraries must be loaded into the server itself. libasan sets itself up at the first allocation; where that is
# made by a library's constructor that holds a lock of the C library (libgpg-error's does, by way of libldap), the lock is
# left in disorder and the server hangs. A library marked to be initialised first makes the first allocation.
libraries=$(dirname "$bin")/sanitizers
mkdir -p "$libraries"
echo '#include <stdlib.h>
__attribute__((constructor)) static void allocate(void) { volatile char *one = malloc(1); free((void *) one); }' >"$libraries/first.c"
gcc -shared -fPIC -O0 -Wl,-z,initfirst -o "$libraries/first.so" "$libraries/first.c"
preload="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $libraries/first.so"

reports=$libraries/reports
rm -rf "$reports"
mkdir -p "$reports"
chmod 1777 "$reports"
# Only the server is to run under them, not the scripts around it: bin/postgres becomes a script that sets the environment.
[ -e "$bin/postgres.real" ] || mv "$bin/postgres" "$bin/postgres.real"
cat >"$bin/postgres" <<END
#!/usr/bin/env bash
export LD_PRELOAD="$preload"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:log_path=$reports/asan
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:log_path=$reports/ubsan
exec -a "\$0" "$bin/postgres.real" "\$@"
END
chmod 755 "$bin/postgres"

trap 'scripts/cluster stop sanitized' EXIT
scripts/cluster stop sanitized
eval "$(scripts/cluster start sanitized)"
[ "$(psql -XqAt -c "SELECT pg_read_file('/proc/self/maps') ~ 'libasan'")" = t ] || { echo "the server runs without libasan"; exit 1; }

code=0
run_make installcheck >installcheck.log 2>&1 || code=$?
grep -E '^(test|    ) +[a-z0-9_-]+ +\.\.\. ' installcheck.log || true
if compgen -G "$reports/*" >/dev/null; then
  head -60 "$reports"/*
  code=1
fi
if [ "$code" != 0 ]; then
  cat build/regress/regression.diffs build/isolation/regression.diffs 2>/dev/null | head -200
  exit 1
fi
echo "$(grep -cE '\.\.\. ok' installcheck.log) suites without a finding"
