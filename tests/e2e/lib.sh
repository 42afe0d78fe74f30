# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the guestless end-to-end tests share. COFFER_BUILD is the build to test (default:
# build); COFFER names another program.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
COFFER=${COFFER:-${COFFER_BUILD:-$top/build}/bin/coffer}
COFFER=$(realpath -s "$COFFER")
# shellcheck disable=SC2034
here=$top/tests/e2e
# Without sanitizers, for what has a time limit.
PLAIN=$top/build/bin/coffer
[ -x "$PLAIN" ] || PLAIN=$COFFER
work=$(mktemp -d "${TMPDIR:-/tmp}/coffer-e2e-XXXXXX")
export COFFER LC_ALL=C.UTF-8 COFFER_CONFIG=$work/coffer.conf
export COFFER_BLANKS=${COFFER_BLANKS:-$work}
umask 077 # as an operator's files of passwords have to be
unset COFFER_CARDS CREDENTIALS_DIRECTORY COFFER_SSH

say() { printf '%s\n' "$*" >&2; }
fail() {
	say "failed: $*"
	exit 1
}

# ---- TAP ---------------------------------------------------------------------------

cases=0 bad=0 only=${1-} case_name=before
# That many cases run side by side: much of what they do is waiting.
jobs=${E2E_JOBS:-1}
declare -A functions=() titles=() begun=()

# try FUNCTION NAME...: run the case in a folder of its own; its words appear if it fails.
# No `||` around the function: that would switch off `set -e` inside.
try() {
	local function=$1 skip
	shift
	case "$function $*" in *"$only"*) ;; *) return ;; esac
	for skip in ${E2E_SKIP-}; do
		# shellcheck disable=SC2254 # it is a pattern
		case $function in $skip) return ;; esac
	done
	while [ ${#functions[@]} -ge "$jobs" ]; do end_one; done
	mkdir "$work/$function"
	case_name=$function
	(
		cd "$work/$function" || exit 1
		export COFFER_CONFIG=$work/$function.conf
		set -eE
		trap 'say "stopped at line $LINENO: $BASH_COMMAND"' ERR
		"$function"
	) >"$work/$function.log" 2>&1 </dev/null &
	functions[$!]=$function titles[$!]=$* begun[$!]=$SECONDS
}

# The next case that ends: its result.
end_one() {
	local pid='' status=0
	wait -n -p pid "${!functions[@]}" || status=$?
	[ -n "$pid" ] || exit 1
	cases=$((cases + 1))
	echo "# ${functions[$pid]}: $((SECONDS - begun[$pid])) s"
	if [ $status = 0 ]; then
		echo "ok $cases - ${titles[$pid]}"
	else
		bad=$((bad + 1))
		echo "not ok $cases - ${titles[$pid]} (status $status)"
		tail -n 30 "$work/${functions[$pid]}.log" | cut -c 1-400 | sed 's/^/# /'
	fi
	unset "functions[$pid]" "titles[$pid]" "begun[$pid]"
}

finish() {
	while [ ${#functions[@]} -gt 0 ]; do end_one; done
	echo "1..$cases"
	[ $bad = 0 ] || exit 1
}

# ---- The program under test --------------------------------------------------------

# Nothing may hang: a minute is for ever here.
coffer() { timeout --kill-after=5 60 "$COFFER" "$@"; }

# run STATUS COMMAND...: it must end with STATUS. Its output is in the files out and err.
run() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	if [ "$got" != "$want" ]; then
		cat out err >&2
		fail "status $got instead of $want: $*"
	fi
}

# The file must have a line that matches (extended regular expression).
has() {
	grep -qE -- "$2" "$1" || {
		cat "$1" >&2
		fail "$1 has no line with: $2"
	}
}

lacks() {
	! grep -E -- "$2" "$1" >&2 || fail "$1 must not have: $2"
}

# One clear line, and nothing else, on standard error.
one_line() {
	[ "$(wc -l <err)" = 1 ] || {
		cat err >&2
		fail "standard error has $(wc -l <err) lines instead of one"
	}
}

# json FILE EXPRESSION: of the list d of all documents in FILE
json() {
	python3 -c '
import json, sys
d = [json.loads(line) for line in open(sys.argv[1])]
print(eval(sys.argv[2]))' "$1" "$2"
}

same() { [ "$1" = "$2" ] || fail "${3-}: '$1' is not '$2'"; }

# ---- Cards -------------------------------------------------------------------------

# new_card FOLDER [PROFILE [OPTION...]]: made by the program under test
new_card() {
	coffer card create "$1" -profile "${2:-coffer}" "${@:3}" -kdf-cost test >/dev/null 2>&1
}

# make_card FOLDER [PROFILE [OPTION...]]: the same for one case: a copy of a blank card that
# cases share, and that this case has no copy of.
make_card() {
	local n=1 kind="${2:-coffer} ${*:3}"
	while ! mkdir "$work/.taken $case_name $kind $n" 2>/dev/null; do n=$((n + 1)); done
	"$here/blank-card" "$1" $n "${2:-coffer}" "${@:3}" 2>/dev/null
}

# made_once NAME FUNCTION: what cases share, made in the folder $work/NAME by the first of them.
# Not in a condition, and so in a process of its own: `set -e` has to work inside.
made_once() {
	local lock
	exec {lock}>"$work/.$1.lock"
	flock "$lock"
	if [ ! -e "$work/$1/.made" ]; then
		rm -rf "${work:?}/$1"
		mkdir "$work/$1"
		(
			cd "$work/$1"
			set -e
			"$2"
			touch .made
		) >"$work/$1.log" 2>&1 {lock}>&- &
		wait $! || {
			tail "$work/$1.log" >&2
			fail "$1 could not be made"
		}
	fi
	exec {lock}>&-
}

# Commands that set card and slot N up: a partition with domain D and a Crypto Officer.
set_up() { # CARD DOMAIN
	cat <<-END
		slot set -slot $((9000 + $1))
		hsm init -label card$1 -password so-pin-$1 -domain "$2" -force
		slot set -slot $1
		partition init -label part$1 -password po-pin-$1 -domain "$2" -force
		role login -name po -password po-pin-$1
		role init -name co -password co-pin-$1
		role logout
		role login -name co -password co-pin-$1
	END
}

set_up_backup() { # CARD DOMAIN
	cat <<-END
		slot set -slot $1
		hsm init -label vault -password vault-pin -domain "$2" -force
	END
}

# Wait until no process has the cards any more: a host ends a moment after its last program.
closed() {
	local card
	for card; do
		flock -w 10 "$card/lock" true || fail "$card is still in use"
	done
}

# Three cards that are set up, made once: two ordinary ones and a backup card.
prepare_cards() {
	local card
	(
		cd "$work" || exit 1
		new_card a.coffer &
		new_card b.coffer &
		new_card k.coffer backup-g5-6.28 &
		wait
		for card in a b k; do
			[ -d $card.coffer ] || exit 1
		done
		{ set_up 0 D && set_up 1 D && set_up_backup 2 D; } >script
		COFFER_CARDS=a.coffer,b.coffer,k.coffer coffer -f script
		closed {a,b,k}.coffer
	) >"$work/prepare.log" 2>&1
}

# Copies of them here, each in the state after prepare_cards.
take_cards() {
	local card
	for card; do
		cp -a "$work/$card.coffer" .
	done
	export COFFER_CARDS
	COFFER_CARDS=$(printf ',%s.coffer' "$@")
	COFFER_CARDS=${COFFER_CARDS#,}
}

# login SLOT [CARD]: the Crypto Officer of the card that prepare_cards numbered so
login() { echo "slot set -slot $1; role login -name co -password co-pin-${2-$1}"; }

# count SLOT: objects that the Crypto Officer of the slot sees
count() { # SLOT
	coffer -o json "$(login "$1"); partition contents" >count.json 2>/dev/null
	json count.json 'd[-1]["data"]["count"]'
}

# The cards' processes end with their last connection: none may be left over.
hosts_of() {
	local pid line
	for pid in $(pgrep -f 'card-host serve'); do
		line=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) || continue
		case $line in *"$1"*) echo "$pid" ;; esac
	done
}

clean_up() {
	local pid
	for pid in $(hosts_of "$work"); do
		kill -KILL "$pid" 2>/dev/null # it may be stopped
	done
	[ -n "${KEEP-}" ] && say "kept: $work" && return
	rm -rf "$work"
}
trap clean_up EXIT
