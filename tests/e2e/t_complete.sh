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
	offer 'slot set -slot 0; object sign -label "pay roll"|' --slot 1 \
		"'slot set -slot 0; object sign -label pay"
	offer 'pay\ roll|' --slot 1 slot set -slot 0 ';' object sign -label pay
	offer 'pcie-7.7.0|pcie-7.7.1|' card create x.coffer -profile pcie-7.7
	offer 'co|cu|' --slot 0 role login -name c
	offer '' role login -name co -password ''
	offer '22|' partition changepolicy -policy 22
}

# Labels are the cards': the line that completion makes of one runs nothing, and has the label as
# it is. What drives a terminal or looks like something else is not offered.
tab_hostile() {
	local label line open many=''
	# shellcheck disable=SC2016,SC1003 # nothing of it is to be expanded
	local labels=('";touch bad #' '"$(touch bad)' "';touch bad;'" "'touch bad" 'x$(touch bad)'
		'x`touch bad`' 'x;touch bad' "x'\$(touch bad)'" 'x!!y' "x'!!" 'x"!!' 'x\' '~' '*'
		'x|touch bad' 'x>bad' 'x  y ')
	local unseen=($'x\ny' $'x\u009b2Jy' $'x\033[2Jy' $'x\u202ey' $'x\u200by')
	take_cards a
	for label in "${labels[@]}" "${unseen[@]}"; do
		label=${label//\\/\\\\}
		many="$many; object generate ec -label \"${label//\"/\\\"}\""
	done
	run 0 coffer "$(login 0)$many"
	for open in '' '"' "'"; do
		in_bash --slot 0 object sign -label "$open" >words
		same "$(wc -l <words)" ${#labels[@]} "behind $open"
		while IFS= read -r line; do
			line=$open$line$open
			same "$(history_of "$line")" "$line"
			bash --norc -c "printf '%s\\n' $line" || echo "bad: $line"
		done <words >back
		printf '%s\n' "${labels[@]}" | LC_ALL=C sort >wanted
		LC_ALL=C sort back | cmp wanted - || fail "not the same behind $open: $(cat back)"
		[ ! -e bad ] || fail "something ran behind $open"
	done
	# A word that selects something else than what it is the label of.
	run 0 coffer 'slot set -slot 9000; role login -name so -password so-pin-0;
		partition create -label serial:1; partition create -label solid'
	offer 'solid|' slot set -slot s
	run 0 coffer "$(login 0); object generate ec -label pkcs11:x; object generate ec -label pk"
	offer 'pk|' --slot 0 object show -handle pk
	offer 'pk|pkcs11:x|' --slot 0 object show -label pk
}

# What bash makes of the "!" in a line that is typed.
history_of() {
	# shellcheck disable=SC2016 # for the inner shell
	bash --norc -c 'set -o history -o histexpand; history -s "touch bad"; history -p "$1"' \
		bash "$1"
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
	# What is typed may be a secret: it does not stay where others can read it.
	"$COFFER" --complete role login -password typed -name c >out 2>err &
	for _ in {1..10}; do
		sleep 0.1
		tr '\0' ' ' </proc/$!/cmdline >arguments
		! grep -q -- '--complete  ' arguments || break
	done
	has arguments ' --complete '
	lacks arguments typed
	wait $!
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
