# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Fail-over through driver and device: a card of a group is taken out of the running machine and
# put back, while an application works with the group. Sourced by guest, which plugs the cards in.

# ---- On the host -------------------------------------------------------------------------

# The cards FOLDER/{0,1,2}.coffer, a group of their partitions, and a card for their place.
failover_prepare() { # FOLDER
	mkdir "$1"
	(
		cd "$1" || exit
		ha_cards coffer coffer coffer
		group G 0 1 2
		for slot in 0 1 2; do serial_of $slot; done >serials
		run 0 coffer 'hagroup retry -count -1'
		printf 'Coffer = {\n   HARecoveryIntervalMs = 500;\n}\n' >>coffer.conf
		make_card spare.coffer
		closed ./*.coffer
	) >&2
}

# ---- The machine's monitor ---------------------------------------------------------------

monitor() { # JSON [WORDS]: its answer, and, after that, an event with these words
	local line wanted=${2-}
	printf '%s\n' "$1" >&"$qmp"
	while read -r -t 60 -u "$qmp" line; do
		case $line in
		*'"error"'*) fail "monitor: $line" ;;
		*'"return"'*) [ -n "$wanted" ] || return 0 ;;
		*'"DEVICE_DELETED"'*) [ -z "$wanted" ] || [[ $line != *"$wanted"* ]] || return 0 ;;
		esac
	done
	fail "the monitor says nothing to $1"
}

unplug() { # ID: until it is gone
	monitor "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"$1\"}}" "\"device\": \"$1\""
}

plug() { # ID PORT CARD
	monitor "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"coffer\",\"id\":\"$1\",
		\"bus\":\"$2\",\"card\":\"$(realpath "$3")\"}}"
}

monitor_open() {
	exec {qmp}<>"$COFFER_QMP"
	# Whoever comes first negotiates; doing it again is an error that does no harm.
	printf '{"execute":"qmp_capabilities"}\n' >&"$qmp"
	while read -r -t 1 -u "$qmp" _; do :; done
}

# ---- In the guest ------------------------------------------------------------------------

ask() { # COMMAND: the application's answer is in $answer
	echo "$1" >&"${APPLICATION[1]}"
	read -r -t 200 -u "${APPLICATION[0]}" answer || fail "no answer to $1"
	[[ $answer == ok* ]] || fail "$1: $answer"
}

node_comes() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ ! -c "$1" ] || return 0
		sleep 0.1
	done
	fail "no $1"
}

# Cards 6 to 8. Card 7 comes back as another node, for a new card has taken its number.
# shellcheck disable=SC2154 # top, tap: of guest
failover() {
	local cards=$COFFER_HA_CARDS qmp answer serial
	unset COFFER_CARDS
	export COFFER_CONFIG=$cards/coffer.conf
	serial=$(sed -n 2p "$cards/serials")
	monitor_open
	coproc APPLICATION { exec timeout 500 "$top/build/meson/tests/ha-load" 9100 co-password; }
	ask 'work 200'
	ask "node $serial"
	same "$answer" 'ok /dev/coffer7'

	unplug card7
	ask "member $serial down"
	ask 'work 200'
	ask 'make meanwhile'
	[ ! -e /dev/coffer7 ] || fail 'the unplugged card is there still'

	plug spare rp9 "$cards/spare.coffer"
	node_comes /dev/coffer7
	plug card7 rp7 "$cards/1.coffer"
	ask "member $serial up"
	ask "node $serial"
	same "$answer" 'ok /dev/coffer9'
	ask "serves $serial 20"
	ask 'differences'
	same "$answer" 'ok 0 differences'

	echo end >&"${APPLICATION[1]}"
	read -r -t 60 -u "${APPLICATION[0]}" answer
	echo "# failover: ${answer#ok }" >&"$tap"
	[[ $answer == *', 0 failed; '* ]] || fail "$answer"
	answer=${answer##*maximum }
	[ "${answer% ms}" -lt 2000 ] || fail "a stall of $answer"
	# shellcheck disable=SC2154 # coproc sets it
	wait "$APPLICATION_PID"
	# Without a gap in the numbers, for those who come after.
	unplug spare
	unplug card7
	plug card7 rp7 "$cards/1.coffer"
	node_comes /dev/coffer7
}
