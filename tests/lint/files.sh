#!/usr/bin/env bash
# Every file of the repository: not too long, no paths of the machine it was written on, clean line ends.
set -eu
cd "$SA_ROOT"
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  mapfile -t files < <(git ls-files -co --exclude-standard | while read -r f; do if [ -f "$f" ]; then echo "$f"; fi; done)
else
  mapfile -t files < <(find . -type f ! -path './build/*' ! -path './.git/*' ! -name '*.so' -printf '%P\n')
fi
failed=0
complain() { # complain MESSAGE PLACES
  [ -n "$2" ] || return 0
  printf '%s\n%s\n' "$1:" "$2"
  failed=1
}

written=() # by hand: source, scripts and tests, not expected outputs and released scripts
for f in "${files[@]}"; do
  case $f in
    expected/* | tests/isolation/expected/* | sql/released/*) ;;
    *.cpp | *.hpp | *.sql | *.sh | *.bash | *.spec | *.py | Makefile | CMakeLists.txt | scripts/* | demo/*) written+=("$f") ;;
  esac
done

complain 'longer than 600 lines' "$(for f in "${written[@]}"; do wc -l "$f"; done | awk '$1 > 600')"
complain 'path of a machine' "$(
  grep -nIE '(^|[^A-Za-z0-9_./*-])/(wor[k]|roo[t]|hom[e])/' "${files[@]}" /dev/null | cut -c1-160
)"
complain 'blanks at the end of a line' "$(grep -nIE '[[:blank:]]+$' "${written[@]}" /dev/null)"
complain 'tabulator' "$(grep -nIP '^ *\t' "${written[@]}" /dev/null | grep -v '^Makefile:')"
complain 'carriage return' "$(grep -lI $'\r' "${files[@]}" /dev/null)"
complain 'no line end at the end' "$(
  for f in "${written[@]}"; do if [ -s "$f" ] && [ -n "$(tail -c1 "$f")" ]; then echo "$f"; fi; done
)"
exit $failed
