# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The grammar in all its forms, scripts, secrets, help, objects, monitor, doctor.

shell_grammar() {
	take_cards a
	run 0 coffer 'SLOT List; s l; sLoT SET -SLOT 0; s s --slot=9000;;  ; ro l'
	same "$(grep -c 'Command Result : No Error' out)" 5
	run 0 coffer "$(login 0); object generate AES -Label 'My; Key # 1'; partition contents"
	has out 'My; Key # 1$'
	run 0 coffer "$(login 0); object show -label \"My; Key # 1\""
	run 1 coffer "$(login 0); object show -label \"my; key # 1\""
	run 2 coffer 'slot "list'
	run 2 coffer "slot set -slot '"
	run 2 coffer 'slot list list'
	run 2 coffer 'partition clone -objects 1,2,3x -slot 0'
	run 2 coffer "$(printf 'help %s; ' {1..3})$(printf 'x%.0s' {1..9000})"
}

shell_arguments() {
	take_cards a
	run 0 coffer slot set -slot 9000
	cp out want
	run 0 coffer 'slot set -slot 9000'
	cmp out want
	run 0 coffer slot set --slot=9000 ';' slot set -slot 9000
	same "$(grep -c 'No Error' out)" 2
	echo 'slot set -slot 9000' >script
	run 0 coffer -f script
	cmp out want
	run 0 coffer <script
	cmp out want
	run 0 coffer -f - <script
	cmp out want
	printf 'slot set -slot 9000' >script # no end of line
	run 0 coffer -f script
	cmp out want
	run 0 coffer --cards a.coffer --slot 9000 role list
	run 0 coffer --cards=a.coffer -- slot list
	run 0 coffer "$(login 0)" # several commands in one argument
	run 0 coffer slot set -slot 0 ';' role login -name co -password co-pin-0 ';' \
		object generate aes -label 'two words; one "label"' ';' partition contents
	has out 'two words; one "label"$'
	run 0 coffer --version
	has out '^coffer [0-9]'
	run 0 coffer --help
	has out '--pin-file'
}

shell_scripts() {
	take_cards a
	cat >script <<-'END'
		# a comment
		slot list   # another; one

		slot frobnicate
		card list
	END
	run 2 coffer -f script
	same "$(grep -c 'Command Result' out)" 2
	run 2 coffer --keep-going -f script
	same "$(grep -c 'Command Result' out)" 3
	printf 'slot list\nexit\nslot frobnicate\n' >script
	run 0 coffer -f script
	printf 'slot frobnicate; slot list\nslot list\n' >script
	run 2 coffer <script
	same "$(grep -c 'Command Result' out)" 1
	: >script
	run 0 coffer -f script
	[ ! -s out ] || fail 'an empty script says something'
	run 2 coffer -f script slot list
}

shell_echo() {
	take_cards a
	run 0 coffer --echo "$(login 0)"
	has out '^coffer> role login -name co -password \*\*\*\*$'
	lacks out 'co-pin-0'
	run 4 coffer --echo 'slot set -slot 0; role login --password=hunter2 -name co'
	cat out err >all
	lacks all hunter2
}

shell_secrets() {
	take_cards a
	run 0 coffer "$(login 0)"
	has err 'warning.*command line'
	run 0 coffer 'slot set -slot 0; role list'
	lacks err warning
	login 0 >script
	run 0 coffer -f script
	lacks err warning
	# While it waits for events, its arguments are readable by everybody.
	"$COFFER" "$(login 0); monitor -timeout 3" >out 2>err &
	local i pid=$!
	for ((i = 0; i < 50; i++)); do
		grep -q warning err 2>/dev/null && break
		sleep 0.1
	done
	sleep 0.1
	tr '\0' ' ' <"/proc/$pid/cmdline" >line
	lacks line 'co-pin-0'
	has line '\*\*\*'
	wait "$pid"
}

shell_sources() {
	take_cards a
	(umask 077 && echo co-pin-0 >pin)
	run 0 coffer --slot 0 --login co --pin-file pin role list
	has out 'Logged in +->  Crypto Officer'
	run 0 coffer --slot 0 --login co --pin-fd 7 role list 7<pin
	has out 'Logged in +->  Crypto Officer'
	mkdir credentials
	cp pin credentials/coffer.co
	CREDENTIALS_DIRECTORY=$PWD/credentials run 0 coffer 'slot set -slot 0; role login -name co'
	run 0 coffer 'slot set -slot 0; role login -name co -password-file pin'
	[ ! -s err ] || fail "standard error has: $(cat err)"
	run 2 coffer --slot 0 --login co --pin-file nonexistent role list
	: >empty
	run 2 coffer --slot 0 --login co --pin-file empty role list
	run 2 coffer --slot 0 --login co --pin-fd 99 role list
	run 2 coffer 'slot set -slot 0; role login -name co -password-file nonexistent'
	run 2 coffer --slot 0 --login co role list
}

shell_help() {
	local noun
	run 0 coffer help
	for noun in slot partition role hsm card object monitor relay doctor; do
		has out "^    $noun \("
		run 0 coffer help $noun
		run 0 coffer "$noun ?"
		run 0 coffer help
	done
	run 0 coffer help partition clone
	has out '^    objects +o +OBJECT'
	run 0 coffer 'partition archive backup ?'
	has out '^    sopassword '
	run 0 coffer '?'
	run 2 coffer help nonsense
	run 2 coffer help slot nonsense
}

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-keyout c.key -out c.pem -subj '/CN=A certificate' >openssl.out 2>&1
	openssl pkey -in c.key -pubout -out c.pub
	openssl dgst -sha256 -sign c.key -out c.sig data
}

shell_objects() {
	local key
	take_cards a
	echo 'what is signed' >data
	make_certificate
	head -c 32 /dev/urandom >secret
	cat >script <<-END
		$(login 0)
		object generate rsa -size 3072 -label k1 -id 0a0b
		object generate ec -curve p521 -label k2
		object generate ec -label k3
		object generate ed25519 -label k4
		object generate aes -size 128 -label k5
		object generate generic -size 512 -label k6
		object import data data -label d -private
		object import certificate c.pem -label c
		object import public c.pub -label p
		object import aes secret -label s
		object verify -label p -in data -signature c.sig
		object show -label c
	END
	for key in k1 k2 k3 k4 k5 k6; do
		echo "object sign -label $key -in data -out $key.sig"
		echo "object verify -label $key -in data -signature $key.sig"
	done >>script
	run 0 coffer -f script
	run 0 coffer "$(login 0); object show -label k5; object show -label s"
	lacks out 'CKA_VALUE +->  [0-9a-f]'
	has out 'CKA_VALUE +->  .never leaves the card'
	run 0 coffer "$(login 0); object sign -label k1 -mechanism sha384-rsa-pkcs-pss -in data \
		-out pss.sig; object export-public -label k1 -file k1.pem"
	openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 \
		-verify k1.pem -signature pss.sig data
	run 0 coffer "$(login 0); object sign -label k3 -format raw -in data -out raw.sig;
		object verify -label k3 -format raw -in data -signature raw.sig"
	same "$(stat -c %s raw.sig)" 64
	echo other >other
	run 1 coffer "$(login 0); object verify -label k2 -in other -signature k2.sig"
	has out 'CKR_SIGNATURE_INVALID'
	run 1 coffer "$(login 0); object sign -label k1 -mechanism eddsa -in data"
	run 2 coffer "$(login 0); object sign -label k1 -mechanism nonsense -in data"
	run 2 coffer "$(login 0); object sign -label k1 -in nonexistent"
	run 2 coffer "$(login 0); object delete all"
	run 1 coffer "$(login 0); object import public data"
	run 0 coffer "$(login 0); object delete all -force; partition contents"
	has out 'Number of objects +->  0$'
}

shell_monitor() {
	take_cards a
	coffer -o json 'monitor -timeout 20 -count 1' >events 2>monitor.err &
	local pid=$!
	sleep 1
	coffer 'slot set -slot 0; role login -name co -password wrong' >out 2>err || true
	wait $pid || fail "$(cat monitor.err)"
	same "$(json events '[e["event"] for e in d[0]["data"]["events"]]')" "['LOGIN_FAILED']"
	run 0 coffer monitor -timeout 1
	run 2 coffer monitor -count x
}

shell_doctor() {
	take_cards a
	run 0 coffer doctor
	has out 'ok +card +a.coffer: .*TEST ROOT'
	COFFER_CARDS=none.coffer run 3 coffer doctor
	has out '!!'
}
