# Shared by the scripts in this folder (sourced, never run): where things lie, and who runs the private servers.
# shellcheck shell=bash

SA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
SA_BUILD=$SA_ROOT/build
# shellcheck disable=SC2034 # used by those who source this
SYSTEM_PG=/usr/lib/postgresql/15 # Debian's tree, only ever read
export SA_ROOT SA_BUILD
umask 022 # what root builds must be readable for the user who runs the server

say() { echo "${0##*/}: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# PostgreSQL refuses to run as root, so root's servers are run by the user postgres, anyone else's by himself.
if [ "$(id -u)" = 0 ]; then SERVER_USER=postgres; else SERVER_USER=$(id -un); fi

as_server_user() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u "$SERVER_USER" -- "$@"); else "$@"; fi
}

# Prints the real folder behind build/NAME, making it if need be. The user who runs the servers must be able to enter
# it; where the repository lies out of his reach (in root's own folder, say) build/NAME is a link to a folder in /var/tmp.
private_folder() {
  local link=$SA_BUILD/$1 elsewhere
  mkdir -p "$SA_BUILD"
  if ! as_server_user test -x "$SA_BUILD"; then
    elsewhere=/var/tmp/search_assign-$(id -u)-$(cksum <<<"$SA_ROOT" | cut -d' ' -f1)
    mkdir -m 755 "$elsewhere" 2>/dev/null || [ -d "$elsewhere" ] || die "cannot make $elsewhere"
    if [ -L "$elsewhere" ] || [ ! -O "$elsewhere" ]; then die "$elsewhere is not ours: remove it"; fi
    mkdir -p "$elsewhere/$1"
    if [ ! -L "$link" ]; then
      say "user $SERVER_USER cannot enter $SA_BUILD: using $elsewhere/$1"
      rm -rf "$link"
      ln -s "$elsewhere/$1" "$link"
    fi
  fi
  mkdir -p "$link"
  (cd "$link" && pwd -P)
}
