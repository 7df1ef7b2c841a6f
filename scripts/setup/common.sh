# SPDX-License-Identifier: LGPL-3.0-only
# Helpers of scripts/setup.sh: messages, stamps, retries, root rights.

say() { printf '%s\n' "setup: $*"; }

die() {
  printf '%s\n' "setup: $*" >&2
  exit 1
}

# stamped NAME KEY: true when step NAME was last finished with this very KEY.
stamped() { [[ -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; }

stamp() { printf '%s\n' "$2" >"$stamps/$1"; }

digest() { sha256sum | cut -c1-32; }

# retry COMMAND…: up to three tries with a growing pause, for downloads.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  return 1
}

# need_root WHAT: ends with a clear line when root rights cannot be had for WHAT.
need_root() {
  ((EUID)) || return 0
  command -v sudo >/dev/null || die "root rights are needed to $1, and there is no sudo: run scripts/setup.sh as root once"
  if [[ -t 0 ]]; then
    sudo -v || die "sudo refuses, and root rights are needed to $1: run scripts/setup.sh as root once"
  else
    sudo -n true 2>/dev/null || die "sudo asks for a password, and root rights are needed to $1: run scripts/setup.sh from a terminal or as root once"
  fi
}

as_root() {
  if ((EUID)); then sudo "$@"; else "$@"; fi
}
