#!/usr/bin/env bash
# control/search_assign.control is the place of the version; META.json and CHANGELOG.md follow it.
set -euo pipefail
cd "$SA_ROOT"
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" control/search_assign.control)
failed=0
[ "$(grep -c "\"version\": \"$version\"" META.json)" = 2 ] || { echo "META.json: version is not $version"; failed=1; }
grep -qE "^## \[?$version" CHANGELOG.md || { echo "CHANGELOG.md has no section $version"; failed=1; }
exit $failed
