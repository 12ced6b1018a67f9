#!/usr/bin/env bash
# libFuzzer on the core's parsers and arithmetic: FUZZ_SECONDS (default 28) shared by all of tests/fuzz/*_fuzz.cpp, two at
# a time. What they have learnt stays in build/fuzz/corpus; an input that is found stays in build/fuzz/found.
set -euo pipefail
cd "$SA_ROOT"
export LC_ALL=C.UTF-8
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' >"$probe/probe.cpp"
clang++ -fsanitize=fuzzer,address "$probe/probe.cpp" -o "$probe/probe" 2>/dev/null || { echo "no clang++ with libFuzzer"; exit 77; }

CXX=clang++ cmake -S . -B build/cmake-fuzz -DSA_FUZZ=ON >"$probe/log" || { cat "$probe/log"; exit 1; }
cmake --build build/cmake-fuzz -j"$(nproc)" --target fuzzers >"$probe/log" 2>&1 || { tail -60 "$probe/log"; exit 1; }
mkdir -p build/fuzz/corpus build/fuzz/found
build/cmake-fuzz/fuzz_seeds build/fuzz/corpus

fuzzers=(tests/fuzz/*_fuzz.cpp)
seconds=$((${FUZZ_SECONDS:-28} * 2 / ${#fuzzers[@]}))
fuzz() { # fuzz NAME
  local log=build/fuzz/$1.log
  if UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 timeout $((seconds + 120)) "build/cmake-fuzz/$1" -max_total_time=$((seconds > 0 ? seconds : 1)) \
    -max_len=4096 -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="build/fuzz/found/$1-" "build/fuzz/corpus/$1" >"$log" 2>&1; then
    echo "$1: $(awk '/number_of_executed_units/ {print $2}' "$log") inputs, $(find "build/fuzz/corpus/$1" -type f | wc -l) kept"
  else
    echo "$1 FOUND:"
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written|^ +#[0-9]+ ' "$log" | head -40
    return 1
  fi
}
export -f fuzz
export seconds
printf '%s\n' "${fuzzers[@]}" | sed 's|.*/||; s|\.cpp$||' | xargs -P 2 -I{} bash -c 'fuzz {}'
