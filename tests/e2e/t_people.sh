# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What makes the command line good to people: objects and slots by name and URI, views, widths,
# colours, progress, where secrets come from.

people_objects() {
	local ouid
	take_cards a b
	run 0 coffer "$(login 0); object generate aes -label one -id 01; \
		object generate ec -label pair -id 02; object generate aes -label 'a,b'; \
		object generate aes -label 77; object generate aes -label one"
	coffer -o json "$(login 0); object delete label:77 -force; partition contents" >list
	same "$(json list 'd[-1]["data"]["count"]')" 5
	ouid=$(json list '[o["ouid"] for o in d[-1]["data"]["objects"] if o["label"] == "a,b"][0]')
	run 0 coffer "$(login 0); object show -handle $ouid; object show -handle ouid:$ouid"
	same "$(grep -c 'CKA_LABEL.*a,b' out)" 2
	# A key pair: the commands' own order, a URI's type, and what is ambiguous.
	echo text >text
	run 0 coffer "$(login 0); object sign -handle pkcs11:object=pair -in text -out sig; \
		object verify -handle pkcs11:id=%02 -in text -signature sig"
	run 2 coffer "$(login 0); object show -handle pair"
	has err 'pair is 2 objects: [0-9]+ \(p[a-z]+ key pair\), [0-9]+ \(p[a-z]+ key pair\); give'
	run 0 coffer "$(login 0); object show -handle pkcs11:token=part0;object=pair;type=public"
	run 1 coffer "$(login 0); object show -handle pkcs11:token=part1;object=pair;type=public"
	has err 'is of another token than part0'
	run 1 coffer "$(login 0); object show -handle pairs"
	has err 'no object is pairs; similar: [0-9]+ \(p'
	run 1 coffer "$(login 0); object show -handle zzz"
	has err 'no object is zzz: see partition contents'
	run 2 coffer "$(login 0); object show -handle 12a"
	run 2 coffer "$(login 0); object show -handle pkcs11:object=pair?pin-value=co-pin-0"
	run 0 coffer -o json "$(login 0); partition clone -slot part1 -password co-pin-1 \
		-objects 'pkcs11:object=pair;type=private,a\\,b,$ouid'"
	same "$(json out 'd[-1]["data"]["cloned"]')" 2
	run 2 coffer "$(login 0); partition clone -slot 1 -password co-pin-1 -objects one"
	has err 'one is 2 objects'
	run 0 coffer "$(login 0); object delete 'pkcs11:object=pair;type=public,a\\,b' -force"
	has out 'Objects deleted.*2'
}

people_archive() {
	take_cards a b k
	run 0 coffer "$(login 0); object generate aes -label one; object generate aes -label two; \
		partition archive backup -slot vault -partition n -sopassword vault-pin \
		-password p-archive -domain D; object delete all -force; partition archive \
		restore -slot 2 -partition n -password p-archive -objects label:two"
	has out '1 object restored, 0 existed'
	same "$(count 0)" 1
	run 1 coffer "$(login 0); partition archive restore -slot 2 -partition n \
		-password p-archive -objects three"
	has err 'no object is three'
}

people_slots() {
	local serial
	take_cards a b
	coffer -o json 'slot list' >list
	serial=$(json list '[s["serial"] for s in d[0]["data"]["slots"] if s["slot"] == 1][0]')
	for name in 1 0x1 part1 label:part1 "serial:$serial" "$serial" pkcs11:token=part1 \
		"pkcs11:serial=$serial;manufacturer=Coffer" 'pkcs11:slot-id=1'; do
		run 0 coffer -o json "slot set -slot $name"
		same "$(json out 'd[0]["data"]["slot"]')" 1 "$name"
		run 0 coffer --slot "$name" -o json role list
	done
	run 3 coffer slot set -slot nobody
	has err 'no slot is nobody; there are: 0 \(part0, partition\), 1 \(part1, part'
	run 3 coffer slot set -slot 77
	has err 'there is no slot 77'
	run 2 coffer slot set -slot pkcs11:manufacturer=Coffer
	has err 'is 4 slots: .*; give the number'
	run 2 coffer slot set -slot 7x
}

# on_terminal COLUMNS COMMAND: with a terminal of its own, whose output is in the file out.
on_terminal() {
	local columns=$1
	shift
	TERM=xterm script -qec "stty cols $columns; $*" typescript </dev/null | tr -d '\r' >out
}

people_tables() {
	local label
	take_cards a
	label='Schlüssel 鍵鍵鍵鍵鍵鍵 0123456789'
	run 0 coffer "$(login 0); object generate aes -label '$label'"
	on_terminal 60 "NO_COLOR=1 $COFFER '$(login 0); partition contents'"
	has out '^    [0-9]+ .*Schlüssel'
	has out '…'
	grep '^ ' out >lines # without the messages
	[ "$(wc -L <lines)" -le 60 ] || fail "a line of $(wc -L <lines) columns"
	on_terminal 200 "NO_COLOR=1 $COFFER '$(login 0); partition contents'"
	has out "$label\$"
	lacks out '…'
	# No terminal: all of it.
	run 0 coffer "$(login 0); partition contents"
	has out "$label\$"
	COLUMNS=20 run 0 coffer "$(login 0); partition contents"
	has out "$label\$"
	# What a label holds is no command to the terminal.
	run 0 coffer "$(login 0); object generate aes -label '$(printf 'x\033[2Jy\n')'; \
		partition contents; object show -label '$(printf 'x\033[2Jy\n')'"
	has out 'x\?\[2Jy'
	lacks out "$(printf '\033')"
	run 2 coffer "$(login 0); object delete 77x$(printf '\033')c"
	lacks err "$(printf '\033')"
}

people_colors() {
	local esc
	esc=$(printf '\033')
	take_cards a
	on_terminal 80 "$COFFER help slot"
	has out "$esc\\[1m.*Command"
	has out "Command Result : $esc\\[32mNo Error$esc\\[0m"
	on_terminal 80 "$COFFER frobnicate"
	has out "Command Result : $esc\\[1;31m0x7 \\(CKR_ARGUMENTS_BAD\\)"
	for how in "NO_COLOR=1 $COFFER help slot" "TERM=dumb $COFFER help slot" \
		"$COFFER --color never help slot" "$COFFER -o json --color always help slot" \
		"$COFFER help slot | cat"; do
		on_terminal 80 "$how"
		lacks out "$esc"
	done
	NO_COLOR=1 run 0 coffer --color always help slot
	has out "$esc\\[32mNo Error"
	run 2 coffer --color sometimes help slot
	has err 'wants auto, always or never'
}

people_status() {
	take_cards a b k
	run 0 coffer status
	has out '^    0 +a.coffer +Coffer +[0-9.]+ +[0-9]+ +TEST ROOT, TEST KDF +good$'
	has out '^    1 +part1 +0 +0 +0 +CPv1, CPv3, CPv4 +ready$'
	has out 'Health +-> +good'
	run 0 coffer -o json "$(login 0); object generate aes; \
		hagroup creategroup -label g -slot 0 -password co-pin-0 -existing copy; status"
	same "$(json out 'd[-1]["data"]["partitions"][0]["role"]')" CO
	same "$(json out 'd[-1]["data"]["partitions"][0]["objects"]')" 1
	same "$(json out 'd[-1]["data"]["groups"][0]["members"][0]["alive"]')" True
	# What is missing is a warning, what is broken is status 6 with a line each.
	make_card c.coffer
	COFFER_CARDS=$COFFER_CARDS,c.coffer run 0 coffer status
	has out 'warning: card 3: not initialised: hsm init'
	has out 'Health +-> +warning'
	closed a.coffer
	run 0 coffer card tamper -card a.coffer -force
	run 6 coffer -o json status
	same "$(json out 'd[0]["data"]["health"]')" bad
	json out '[p["about"] for p in d[0]["data"]["problems"] if p["health"] == "bad"]' >bad
	has bad "^\['card 0'\]"
	for _ in {1..11}; do
		coffer 'slot set -slot 1; role login -name co -password wrong' >out 2>err || true
	done
	run 6 coffer status
	has out 'BAD: slot 1: the Crypto Officer is locked'
	COFFER_CARDS=b.coffer,none.coffer run 6 coffer status
	has out 'BAD: card 1: .*none.coffer'
	COFFER_CARDS=b.coffer run 6 coffer status
	has out 'BAD: group g: 1 of 1 members are down'
	COFFER_CARDS=none.coffer run 3 coffer status
	on_terminal 80 "COFFER_CARDS=b.coffer $COFFER status"
	has out "$(printf '\033')\\[1;31m    BAD: slot 0"
}

# wiped FILE [VERB]: the progress line was drawn and wiped, and once more at the end.
wiped() {
	local line="${2-Cloning}  (\\[|[ 0-9])"
	has "$1" "$line"
	same "$(grep -oE "$line|$(printf '\r\033\\[K')" "$1" | tail -n 1 | cat -v)" '^M^[[K' \
		'what is last on the line'
}

people_progress() {
	local many
	take_cards a b
	many=$(printf 'object generate aes -label k%s; ' {1..60})
	run 0 coffer "$(login 0); $many"
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	lacks err '%'
	lacks err "$(printf '\033')"
	printf 'co-pin-1\n' >pin
	many="$COFFER '$(login 0); partition clone -objects all -slot 1 -password-file pin'"
	coffer "$(login 1); object delete all -force" >out 2>err
	TERM=xterm script -qec "stty cols 60; $many >clone.out" typescript </dev/null >terminal
	wiped terminal
	has clone.out '60 objects cloned'
	lacks clone.out "$(printf '\033')"
	for how in "${many/coffer /coffer -o json }" "$many 2>notes" "TERM=dumb $many"; do
		coffer "$(login 1); object delete all -force" >out 2>err
		TERM=xterm script -qec "$how" typescript </dev/null >terminal
		lacks terminal '60.*/s'
		lacks terminal 'Cloning  '
	done
}

# Control-C while the line is there, with the cards held so that the end cannot come before it: the
# line is wiped, and what is said is true.
people_progress_interrupted() {
	local many pid
	take_cards a b
	# CPv1 negotiates for each object: it takes seconds, and cannot be over before it stops.
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition changepolicy -policy 42 -value 1 -force"
	many=$(printf 'object generate aes -label k%s; ' {1..100})
	run 0 coffer "$(login 0); $many"
	coffer monitor -timeout 60 >monitor.out 2>&1 &
	pid=$!
	until [ "$(hosts_of "$PWD" | wc -w)" = 2 ]; do sleep 0.1; done
	printf 'co-pin-1\n' >pin
	TERM=xterm run 6 talk "start {$(login 0);
			partition clone -objects all -slot 1 -password-file pin}
		see {Cloning +\[}
		exec kill -STOP $(hosts_of "$PWD" | tr '\n' ' ')
		sleep 0.3
		send \"\x03\"
		sleep 0.3
		exec kill -CONT $(hosts_of "$PWD" | tr '\n' ' ')
		see {interrupted: [0-9]+ cloned}"
	kill $pid
	wiped transcript
	[ "$(count 1)" -lt 100 ] || fail 'it was not interrupted'
	same "$(grep -oE '[0-9]+ objects? cloned' transcript | grep -oE '^[0-9]+')" "$(count 1)"
}

people_progress_groups() {
	local many how
	ha_cards coffer coffer
	group G 0 1
	printf 'co-password\n' >pin
	many="$COFFER 'hagroup synchronize -group G -password-file pin'"
	for how in "stty cols 60; $many >sync.out" "${many/coffer /coffer -o json }"; do
		run 0 coffer "slot set -slot 0; role login -name co -password co-password;
			object generate aes; object generate aes; object generate aes"
		TERM=xterm script -qec "$how" typescript </dev/null >terminal
		case $how in
		stty*) wiped terminal Synchronizing ;;
		*) lacks terminal 'Synchronizing' ;;
		esac
	done
	has sync.out 'Cloned +-> +3'
	has terminal '"cloned":3'
	lacks sync.out "$(printf '\033')"
}

people_secrets() {
	local in='slot set -slot 0; role login -name co'
	take_cards a
	(umask 077 && printf 'co-pin-0\n' >pin && printf 'wrong\nco-pin-0\n' >two && mkdir creds)
	# A descriptor is read line by line: several secrets in one.
	run 4 coffer "$in -password-fd 7; quit" 7<two
	run 4 coffer --keep-going "$in -password-fd 7; $in -pw-fd 7; quit" 7<two
	has out 'Logged in +->  Crypto Officer'
	run 2 coffer "$in -password-fd x"
	run 2 coffer "$in -password-fd 99"
	has err 'password-fd 99: Bad file descriptor'
	run 2 coffer "$in -password-fd 7" 7</dev/null
	# A file that everybody can read is used, with a warning; a pipe has no such thing.
	chmod 644 pin
	run 0 coffer "$in -password-file pin"
	has err 'warning: everybody can read pin: chmod 600'
	run 0 coffer --slot 0 --login co --pin-file pin role list
	has err 'warning: everybody can read pin'
	chmod 640 pin
	run 0 coffer "$in -password-file pin"
	lacks err warning
	run 0 coffer "$in -password-file /dev/fd/7" 7< <(cat pin)
	run 2 coffer "$in -password-file ."
	has err 'cannot read .: Is a directory'
	head -c 600 /dev/zero | tr '\0' x >long
	run 2 coffer "$in -password-file long"
	has err 'longer than 512 bytes'
	# Credentials: of the role, of the option; never the environment's variables themselves.
	cp two creds/coffer.co
	CREDENTIALS_DIRECTORY=$PWD/creds run 4 coffer "$in"
	cp pin creds/coffer.co
	CREDENTIALS_DIRECTORY=$PWD/creds run 0 coffer "$in"
	mv creds/coffer.co creds/coffer.password
	CREDENTIALS_DIRECTORY=$PWD/creds run 0 coffer "$in"
	mkdir creds/coffer.co
	CREDENTIALS_DIRECTORY=$PWD/creds run 2 coffer "$in"
	has err 'cannot read the credential coffer.co'
	PASSWORD=co-pin-0 COFFER_PIN=co-pin-0 COFFER_PASSWORD=co-pin-0 run 2 coffer "$in"
	# Nobody is asked: not without a terminal, not for JSON on one.
	has err 'give -password-file, -password-fd, -password, or the credential coffer.password'
	on_terminal 80 "$COFFER -o json '$in'"
	has out '"exit":2'
	lacks out 'Enter'
}

people_rates() {
	take_cards a b
	run 0 coffer monitor -interval 1 -count 2
	same "$(grep -cE '^    a.coffer +- +[0-9.]+ +0 +0 +[0-9]+ +0$' out)" 2
	has out 'Samples +-> +2'
	coffer -o json 'monitor -interval 1 -count 2' >views 2>err &
	local pid=$!
	run 0 coffer "$(login 0); $(printf 'object generate aes; %s' '' '' '' '')"
	wait $pid
	json views 'max(c["commands_per_s"] for s in d[0]["data"]["samples"] for c in s["cards"])' \
		>most
	lacks most '^0'
	run 0 coffer -o json monitor -interval 1 -count 2 -stream
	same "$(json out '[len(v.get("cards", [])) for v in d]')" '[2, 2, 0]'
	# Control-C is its usual end: status 0 and a whole document.
	timeout -s INT 2 "$COFFER" -o json monitor -interval 1 >out 2>err || same $? 124
	same "$(json out 'd[0]["exit"]')" 0
	run 0 coffer monitor -interval 1 -timeout 1
	run 2 coffer monitor -interval 0
	on_terminal 80 "$COFFER monitor -interval 1 -count 1"
	has out "$(printf '\033')\\[H"
}
