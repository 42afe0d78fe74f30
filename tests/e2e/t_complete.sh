# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Completion in bash and zsh, played without a terminal.

# in_bash WORD...: what bash would offer for the last word, one a line
in_bash() {
	# shellcheck disable=SC2016,SC2154 # for the inner shell; top is of lib.sh
	timeout 20 bash --norc -c '
		. "$1/userspace/completions/coffer.bash"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_coffer
		[ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}"
	' bash "$top" "$COFFER" "$@" 2>&1
}

offer() { # EXPECTED WORD...
	local want=$1
	shift
	same "$(in_bash "$@" | sort | tr '\n' '|')" "$want" "$*"
}

tab_bash() {
	take_cards a b k
	run 0 coffer "$(login 0); object generate rsa -label 'pay roll'"
	offer 'clone|' partition clo
	offer 'hagroup|' HA
	offer '-objects|' partition clone -ob
	offer '' partition clone -objects 1 -objects
	offer '9000|9001|' slot set -slot 900
	offer '9000|9001|' slot set -slot = 900
	offer 'part0|part1|' slot set -slot pa
	offer 'pay\ roll|' --slot 0 object sign -label pay
	offer 'pay roll|' --slot 0 object sign -label '"pay'
	offer 'pay\ roll|' --slot part0 object sign -label 'pay\ '
	offer '' --slot 1 object sign -label pay
	offer 'all|' partition clone -objects a
	offer '--pin-fd|--pin-file|' --pin
	offer 'slot list; slot set|' "'slot list; slot se"
	offer 'object sign -label "pay roll"|' --slot 0 "'object sign -label pay"
	offer 'pcie-7.7.0|pcie-7.7.1|' card create x.coffer -profile pcie-7.7
	offer 'co|cu|' --slot 0 role login -name c
	offer '' role login -name co -password ''
	offer '22|' partition changepolicy -policy 22
}

# No error is seen, nobody is asked, nothing is waited for.
tab_silent() {
	local begun=$SECONDS pid
	COFFER_CARDS=nowhere.coffer offer '' slot set -slot ''
	COFFER_CARDS=ssh:nowhere:a.coffer COFFER_SSH=false offer '' slot set -slot ''
	offer '-slot|' slot set -
	# A card whose process is stopped: what is known without it.
	take_cards a
	coffer monitor -timeout 30 >monitor.out 2>&1 &
	pid=$!
	sleep 1
	kill -STOP "$(hosts_of "$PWD")"
	offer '-slot|' slot set ''
	offer 'co|cu|' role login -name c
	kill -CONT "$(hosts_of "$PWD")"
	kill "$pid"
	[ $((SECONDS - begun)) -lt 15 ] || fail 'completion waited'
}

tab_zsh() {
	take_cards a b k
	run 0 coffer "$(login 0); object generate rsa -label 'pay roll'"
	# shellcheck disable=SC2016 # for the inner shell
	cat >steps.zsh <<-'END'
				zmodload zsh/zpty
		zpty -b z zsh -f -i
		give() { zpty -w z "$1" }
		give "fpath=($1 \$fpath); path=(${2:h} \$path); PS1="
		give "autoload -Uz compinit; compinit -u -D; compdef _coffer ${2:t}"
		give "setopt no_list_beep; LISTMAX=500; bindkey '^I' complete-word"
		give 'echo ready'
		zpty -r z out '*ready*ready*'
		try() {
			zpty -w -n z "$1"$'\t'
			local all= part n=0
			while (( n++ < 40 )) && [[ $all != *${~2}* ]]; do
				zpty -r -t z part && all+=$part || sleep 0.1
			done
			zpty -w -n z $'\x15'
			[[ $all == *${~2}* ]] && print "good: $1" || print -r "bad: $1: ${(V)all}"
		}
		try 'coffer par' 'partition'
		try 'coffer partition archive ver' 'verify'
		try 'coffer --slot 0 object sign -label pa' 'pay\\ roll'
		try 'coffer slot set -slot 900' '9001'
		try 'coffer partition clone -obj' '-objects'
		zpty -d z
	END
	run 0 timeout 60 zsh -f steps.zsh "$top/userspace/completions" "$COFFER"
	lacks out '^bad'
	same "$(grep -c '^good' out)" 5
}
