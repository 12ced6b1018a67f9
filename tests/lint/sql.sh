#!/usr/bin/env bash
# The install script: only CREATE, everything qualified, every function complete.
set -euo pipefail
cd "$SA_ROOT"
compgen -G 'sql/install/*.sql' >/dev/null || exit 0

# Reads an SQL file as statements: comments go, literals and function bodies become '' and are no longer in the way.
awk '
function complain(what) { printf "%s: %s: %s\n", FILENAME_, what, substr(statement, 1, 100); bad = 1 }

# The text without comments and literals.
function bare(text,   out, c, two, n, tag) {
  out = ""
  while (text != "") {
    c = substr(text, 1, 1); two = substr(text, 1, 2)
    if (two == "--") { n = index(text, "\n"); text = n ? substr(text, n) : "" }
    else if (two == "/*") { printf "%s: comments in SQL begin with --\n", FILENAME_; bad = 1; n = index(text, "*/"); text = n ? substr(text, n + 2) : "" }
    else if (c == "\047") { text = substr(text, 2); n = index(text, "\047"); text = substr(text, n + 1); out = out "\047\047" }
    else if (match(text, /^\$[A-Za-z_]*\$/)) {
      tag = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
      n = index(text, tag); text = substr(text, n + length(tag)); out = out "\047\047"
    }
    else { match(text, /^([^-\/\047$]+|.)/); out = out substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1) }
  }
  return out
}

function check(   s) {
  gsub(/[ \t\n]+/, " ", statement); sub(/^ /, "", statement)
  s = " " toupper(statement) " "
  if (s ~ / OR REPLACE /) complain("OR REPLACE takes over what somebody else made")
  if (s ~ / IF NOT EXISTS /) complain("IF NOT EXISTS takes over what somebody else made")
  if (s ~ / SECURITY DEFINER / && s !~ / SET SEARCH_PATH (=|TO) PG_CATALOG, PG_TEMP /)
    complain("SECURITY DEFINER needs SET search_path TO pg_catalog, pg_temp")
  if (s ~ /^ CREATE (FUNCTION|PROCEDURE) /) {
    if (s !~ / LANGUAGE /) complain("no LANGUAGE")
    if (s ~ /^ CREATE FUNCTION /) {
      if (s !~ / (IMMUTABLE|STABLE|VOLATILE) /) complain("no volatility")
      if (s !~ / PARALLEL (SAFE|RESTRICTED|UNSAFE) /) complain("no PARALLEL")
    }
  }
  if (s ~ /^ CREATE AGGREGATE / && s !~ /[ (]PARALLEL = (SAFE|RESTRICTED|UNSAFE)/) complain("no PARALLEL")
  if (s ~ /^ CREATE (FUNCTION|PROCEDURE|AGGREGATE|TABLE|VIEW|TYPE|DOMAIN|SEQUENCE|OPERATOR [^CF]) / &&
      s !~ /^ CREATE [A-Z]+ RECEIVABLES\./) complain("not qualified")
}

function check_file(   n, i, parts, piece) {
  n = split(bare(text), parts, ";")
  statement = ""
  for (i = 1; i <= n; i++) {
    piece = parts[i]
    statement = statement piece
    # A body BEGIN ATOMIC ... END holds semicolons of its own.
    if (toupper(statement) ~ /BEGIN[ \n]+ATOMIC/ && toupper(piece) !~ /^[ \n]*END[ \n]*$/) { statement = statement ";"; continue }
    sub(/^([ \t\n]*\\[^\n]*\n)+/, "", statement)
    check()
    statement = ""
  }
}

FNR == 1 && NR > 1 { check_file(); text = "" }
FNR == 1 { FILENAME_ = FILENAME }
{ text = text $0 "\n" }
END { check_file(); exit bad }
' sql/install/*.sql
