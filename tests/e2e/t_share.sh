# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Several programs on one card folder, programs and hosts that die, cards of other machines.

generate_some() { # LABEL COUNT: one program, many commands
	local i
	login 0
	for ((i = 0; i < $2; i++)); do
		echo "object generate aes -label $1$i"
	done
}

share_two_programs() {
	take_cards a
	local pids=() pid
	generate_some one 20 | coffer >one.out 2>one.err &
	pids+=($!)
	generate_some two 20 | coffer >two.out 2>two.err &
	pids+=($!)
	# A child of this shell that goes on by itself, and has a child again.
	(
		generate_some three 10 | coffer >three.out 2>three.err &
		generate_some four 10 | coffer >four.out 2>four.err
		wait $!
	) &
	pids+=($!)
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a program failed: $(cat ./*.err)"
	done
	same "$(count 0)" 60
}

# A program that stays: commands go in at descriptor 8, results come out in FILE.
start_program() { # FILE
	mkfifo commands
	coffer --keep-going <commands >"$1" 2>&1 &
	program=$!
	exec 8>commands
}

await() { # FILE PATTERN
	local i
	for ((i = 0; i < 300; i++)); do
		grep -qE -- "$2" "$1" 2>/dev/null && return
		sleep 0.1
	done
	fail "$1 never had: $2: $(cat "$1")"
}

stop_program() {
	exec 8>&-
	wait "$program"
}

share_logins() {
	take_cards a
	start_program first
	login 0 >&8
	await first 'Logged in +->  Crypto Officer'
	run 0 coffer 'slot set -slot 0; role list'
	has out 'Logged in +->  nobody'
	run 4 coffer 'slot set -slot 0; object generate aes'
	# The other way round: the second one's logout leaves the first alone.
	run 0 coffer "$(login 0); role logout"
	echo 'object generate aes -label mine' >&8
	await first 'Handle +->'
	stop_program
}

share_killed_host() {
	local pid
	take_cards a
	start_program first
	login 0 >&8
	await first 'Logged in +->  Crypto Officer'
	pid=$(hosts_of "$PWD")
	[ -n "$pid" ] || fail 'there is no card-host'
	kill -9 "$pid"
	# The program loses its card, says so, and the command after that works again.
	echo 'slot list' >&8
	await first 'Slot Id|Command Result : [^N]'
	echo 'slot list; role list' >&8
	await first 'Logged in +->  nobody'
	stop_program || true
	run 0 coffer "$(login 0); role list"
}

# What holds keys gives up what it does not need; sanitizers need it.
share_confined_host() {
	local pid mode
	take_cards a
	COFFER=$PLAIN
	export COFFER_CARD_HOST=${PLAIN%/*}/card-host
	start_program first
	login 0 >&8
	await first 'Logged in +->  Crypto Officer'
	pid=$(hosts_of "$PWD")
	for mode in 'Seccomp:	2' 'NoNewPrivs:	1'; do
		has "/proc/$pid/status" "^$mode$"
	done
	has "/proc/$pid/limits" '^Max core file size +0 +0 '
	stop_program
}

share_stopped_host() {
	local pid
	take_cards a
	start_program first
	login 0 >&8
	await first 'Logged in +->  Crypto Officer'
	pid=$(hosts_of "$PWD")
	kill -STOP "$pid"
	run 124 coffer --timeout 1 'slot list'
	one_line
	kill -CONT "$pid"
	stop_program
	run 0 coffer 'slot list'
}

share_nothing_left() {
	local i
	take_cards a
	run 0 coffer 'slot list'
	for ((i = 0; i < 50; i++)); do
		[ -z "$(hosts_of "$PWD")" ] && return
		sleep 0.1
	done
	fail "a card-host is left: $(hosts_of "$PWD")"
}

# ---- ssh ---------------------------------------------------------------------------

# Stands for ssh: runs here what would run there, through a shell as ssh does.
make_ssh() {
	cat >ssh <<-END
		#!/bin/sh
		while [ "\$1" != -- ]; do shift; done
		echo "\$2" >>'$PWD/hosts'
		shift 2
		coffer() { '$COFFER' "\$@"; }
		eval "\$*"
	END
	chmod +x ssh
	export COFFER_SSH=$PWD/ssh
}

relay_ssh() {
	take_cards a b
	make_ssh
	mkdir "a folder" && mv b.coffer "a folder/it's b.coffer"
	export COFFER_CARDS="a.coffer,ssh:vault.example:$PWD/a folder/it's b.coffer"
	run 0 coffer "$(login 0); object generate rsa -label r;
		partition clone -objects all -slot 1 -password co-pin-1"
	has out '^    2 objects cloned, 0 existed, 0 refused$'
	has hosts '^vault.example$'
	run 0 coffer -o json "card list"
	same "$(json out '[c["transport"] for c in d[0]["data"]["cards"]]')" "['stream', 'stream']"
	same "$(count 1)" 2
}

relay_broken() {
	take_cards a
	make_ssh
	export COFFER_CARDS="ssh:vault.example:$PWD/none.coffer"
	run 3 coffer 'slot list'
	printf '#!/bin/sh\nexit 255\n' >ssh
	run 3 coffer 'slot list'
	one_line
	printf '#!/bin/sh\nexec head -c 100000 /dev/zero\n' >ssh
	run 3 coffer 'slot list'
	one_line
	COFFER_SSH=$PWD/nothing run 3 coffer 'slot list'
	one_line
	run 2 coffer relay </dev/null
	run 3 coffer relay none.coffer </dev/null
	# What is not a frame ends the relay without harm to the card.
	head -c 1000 /dev/urandom >noise
	COFFER_CARDS='' coffer relay a.coffer <noise >relay.out 2>relay.err && status=0 || status=$?
	[ "$status" != 124 ] || fail 'the relay hangs'
	run 0 coffer --cards a.coffer 'slot list'
}
