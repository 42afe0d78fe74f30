# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every set-up script shares: where things are, how to speak, how to lock.
# Source it; it runs nothing.

# The checkout, as the caller's path spells it, so that guest and host agree.
COFFER_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Everything that is fetched or built once per machine, outside of the checkout.
COFFER_CACHE=${COFFER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coffer}
mkdir -p "$COFFER_CACHE"
export COFFER_TOP COFFER_CACHE

# A pyenv or conda python would shadow Debian's, which owns the modules we need.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH LC_ALL=C.UTF-8

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -n "$@" || sudo "$@"
	else
		die "needs root for: $* (no sudo on this machine)"
	fi
}

# Take the named lock of this machine's cache until the script ends, so that two
# checkouts never build the same thing at once. The loser says why it waits.
# Children that outlive us must not hold it: run them with 9>&-.
take_lock() {
	exec 9>"$COFFER_CACHE/.lock-$1"
	! flock -n 9 || return 0
	say "waiting for another run that holds the $1 lock"
	flock 9
}

# run_logged LOG COMMAND...: quiet when it works, the log's tail when it does not.
run_logged() {
	local log=$1
	shift
	mkdir -p "${log%/*}"
	! "$@" >"$log" 2>&1 9>&- || return 0
	tail -n 40 "$log" >&2
	die "failed: $* (whole log: $log)"
}
