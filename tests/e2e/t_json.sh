# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Every command of the table for machines: json_walk.py with the cards that its story wants. And
# one exit status after another, for people and for machines.

# shellcheck disable=SC2154 # lib.sh sets here and top
status_every_command() {
	make_card o.coffer pcie-5.22
	take_ped a b k p
	ped_card q.coffer pcie-5.22
	export COFFER_CARDS=a.coffer,b.coffer,k.coffer,p.coffer,o.coffer,q.coffer
	coffer card tamper b.coffer -force >/dev/null
	echo 'some data' >data
	printf '0123456789abcdef' >key
	printf 'Chrystoki2 = {\n   LibUNIX64 = /lib/x.so;\n}\nHAConfiguration = {\n   %s\n}\n' \
		'reconnAtt = 12;' >client.conf
	COFFER_CONFIG=$PWD/coffer.conf /usr/bin/python3 -W ignore "$here/json_walk.py" "$COFFER" \
		"$top/userspace/schema" "$here/json.story"
}

# The events of monitor -stream: a document each, and the result last.
status_event_documents() {
	take_cards a
	coffer -o json 'monitor -stream -timeout 20 -count 1' >events 2>monitor.err &
	local pid=$!
	sleep 1
	coffer 'slot set -slot 0; role login -name co -password wrong' >out 2>err || true
	wait $pid || fail "$(cat monitor.err)"
	same "$(json events '[x.get("event") for x in d]')" "['LOGIN_FAILED', None]"
	coffer -o json 'monitor -interval 1 -count 2 -stream' >samples
	same "$(json samples '[len(x.get("cards", [])) for x in d]')" '[1, 1, 0]'
	cat events samples |
		/usr/bin/python3 -W ignore "$here/json_walk.py" "$COFFER" "$top/userspace/schema"
}

# Seconds that a card gets are in $limit.
# as STATUS NAME COMMANDS: they end with it, for people and for machines; the code's
# name stands in both forms, and what to do in the document.
as() {
	local status=$1 name=$2
	run "$status" coffer --timeout "$limit" "$3"
	[ "$status" = 0 ] || [ "$status" = 6 ] || has out "^Command Result : .*$name"
	run "$status" coffer -o json --timeout "$limit" "$3"
	same "$(json out '(d[-1]["exit"], d[-1]["name"])')" "($status, '$name')"
	same "$(json out '(d[-1]["error"] is None, d[-1]["hint"] is None)')" \
		"$([ "$status" = 0 ] && echo '(True, True)' || echo '(False, False)')"
}

status_each() {
	local limit=60
	take_ped a b p
	as 0 CKR_OK 'slot list'
	as 1 CKR_OBJECT_HANDLE_INVALID "$(login 0); object show -handle 12345"
	as 2 CKR_ARGUMENTS_BAD 'slot frobnicate'
	as 3 CKR_SLOT_ID_INVALID 'slot set -slot 55'
	as 4 CKR_PIN_INCORRECT 'slot set -slot 0; role login -name co -password wrong'
	as 5 CKR_CONFIG_CHANGE_ILLEGAL "slot set -slot 0; role login -name po -password po-pin-0;
		partition changepolicy -policy 43 -value 7"
	run 0 coffer "$(login 0); object generate aes"
	as 6 CKR_FAILED_TO_CLONE_AN_OBJECT "$(login 0);
		partition clone -objects 1,999999 -slot 1 -password co-pin-1"
	# A PED login whose key does not come.
	coffer --cards p.coffer ped remove black >/dev/null
	limit=1
	as 124 ETIMEDOUT 'slot set -slot 2; role login -name co'
}
