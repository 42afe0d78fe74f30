# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The main job, once, from bare cards to a restored key that signs.

# The openssl program, which knows nothing of us, says whether a signature is genuine.
openssl_verify() { # KEY.pem SIGNATURE DATA KIND
	case $4 in
	ed25519) openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$3" -sigfile "$2" ;;
	p384) openssl dgst -sha384 -verify "$1" -signature "$2" "$3" ;;
	*) openssl dgst -sha256 -verify "$1" -signature "$2" "$3" ;;
	esac >verify.out 2>&1 || fail "openssl does not accept $2: $(cat verify.out)"
}

verify_all() { # PREFIX
	openssl_verify rsa.pem "$1-rsa.sig" data rsa
	openssl_verify ec.pem "$1-ec.sig" data p384
	openssl_verify ed.pem "$1-ed.sig" data ed25519
}

story_script() {
	set_up_backup 2 'story domain'
	set_up 1 'story domain'
	echo 'role logout'
	set_up 0 'story domain'
	cat <<-'END'
		object generate rsa -size 2048 -label rsa -id 01
		object generate ec -curve p384 -label ec
		object generate ed25519 -label ed
		object generate aes -size 256 -label aes
		object export-public -label rsa -file rsa.pem
		object export-public -label ec -file ec.pem
		object export-public -label ed -file ed.pem
		partition contents
		partition clone -objects all -slot 1 -password co-pin-1
		par ar b -s 2 -pa nightly -so vault-pin -pw archive-pin -d "story domain"
		partition archive list -slot 2
		partition archive contents -slot 2 -partition nightly -password archive-pin
		slot set -slot 1
		role login -name co -password co-pin-1
		partition contents
		object sign -label rsa -in data -out clone-rsa.sig
		object sign -label ec -in data -out clone-ec.sig
		object sign -label ed -in data -out clone-ed.sig
		object delete -objects all -force
		partition contents
		partition archive restore -slot 2 -partition nightly -password archive-pin
		partition contents
		object sign -label rsa -in data -out restored-rsa.sig
		object sign -label ec -in data -out restored-ec.sig
		object sign -label ed -in data -out restored-ed.sig
	END
}

# rows 1, 70
story() {
	new_card a.coffer
	new_card b.coffer
	new_card k.coffer backup-g5-6.28
	export COFFER_CARDS=a.coffer,b.coffer,k.coffer
	echo 'what is signed' >data
	story_script >script

	run 0 coffer -f script
	has out '^    Handle [0-9]+ on slot 0 is now handle [0-9]+ on slot 1$'
	same "$(grep -c 'on slot 0 is now handle .* on slot 1$' out)" 7 'clones'
	has out '^    7 objects cloned, 0 existed, 0 refused$'
	same "$(grep -c 'on slot 0 is now handle .* on archive nightly$' out)" 7 'backed up'
	same "$(grep -c 'on archive nightly is now handle .* on slot 1$' out)" 7 'restored'
	has out 'Number of objects +->  0$'
	same "$(grep -c 'Command Result : No Error' out)" "$(grep -c '[a-z]' script)" 'results'
	has err '^Verifying that the objects can be cloned'
	has err '^Logging in to the target'
	has err '^Checking which objects exist already'
	has err '^Cloning 7 objects'
	verify_all clone
	verify_all restored
}

# The same with the programs as users have them, without sanitizers.
# Five seconds, longer on a machine that has more to do than it has processors: other lanes may
# run beside this one. The best of three counts.
time_limit() {
	local load
	read -r load _ </proc/loadavg
	awk -v load="$load" -v cpus="$(nproc)" \
		'BEGIN { print int(5000 * (load > cpus ? load / cpus : 1)) }'
}

story_time() {
	local attempt begun took limit
	unset COFFER_CARD_HOST
	echo 'what is signed' >data
	story_script >script
	export COFFER_CARDS=a.coffer,b.coffer,k.coffer
	for attempt in 1 2 3; do
		rm -rf ./*.coffer
		make_card a.coffer
		make_card b.coffer
		make_card k.coffer backup-g5-6.28
		begun=${EPOCHREALTIME/./}
		run 0 "$PLAIN" -f script
		took=$(((${EPOCHREALTIME/./} - begun) / 1000))
		limit=$(time_limit)
		say "attempt $attempt took $took ms, the limit is $limit ms"
		[ "$took" -ge "$limit" ] || return 0
	done
	fail 'the script takes too long'
}

# row 72
story_names() {
	run 0 coffer card profiles
	for profile in coffer pcie-6.24 pcie-7.4 pcie-7.8 backup-g5-6.28; do
		has out "^    $profile "
	done
	take_cards a b k
	run 0 coffer slot list
	for field in 'Slot Id' Label 'Serial Number' Model 'Firmware Version' Configuration \
		'Slot Description' Status; do
		same "$(grep -c "^    $field  *->  " out)" 5 "$field"
	done
	same "$(grep -c 'TEST ROOT, TEST KDF' out)" 5 'marks'
	has out 'backup card, TEST ROOT, TEST KDF'
	has out '^    Current Slot Id +->  0$'
}

# What README.md tells a new user to type.
# shellcheck disable=SC2154
# Every example of README.md, and what it prints; README_UPDATE=1 takes down what it prints now.
story_readme() {
	PATH=${COFFER%/*}:$PATH COFFER_CONFIG=$PWD/coffer.conf "$here/transcript.py" \
		${README_UPDATE:+--update} "$top/README.md" "$here/transcripts/README"
}
