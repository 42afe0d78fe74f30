# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Exit statuses, JSON, streams, roles and policies.

status_codes() {
	take_cards a b
	run 0 coffer 'slot list'
	run 1 coffer "$(login 0); object delete 12345 -force"
	run 2 coffer 'slot frobnicate'
	one_line
	run 2 coffer 'slot list' 'extra word'
	run 2 coffer --no-such-option
	run 2 coffer --slot 1x 'slot list'
	run 2 coffer -f /nonexistent
	run 3 coffer 'slot set -slot 55'
	COFFER_CARDS=none.coffer run 3 coffer 'slot list'
	one_line
	run 4 coffer 'slot set -slot 0; role login -name co -password wrong'
	run 4 coffer 'slot set -slot 0; object generate aes'
	run 4 coffer --slot 0 --login co --pin-file <(echo wrong) 'slot list'
	run 5 coffer "slot set -slot 0; role login -name po -password po-pin-0;
		partition changepolicy -policy 43 -value 7"
	run 6 coffer -o json "$(login 0); object generate aes -label x;
		partition clone -objects 999999,1,2,3,4,5,6,7,8,9 -slot 1 -password co-pin-1"
}

every_command() {
	cat <<-'END'
		slot set -slot 9000
		role login -name so -password so-pin-0
		hsm init -label again -password so-pin-0 -domain D -force
		slot set -slot 0
		slot list
		status
		card list
		card profiles
		card stats
		card create new.coffer -kdf-cost test
		card export new.coffer new.card
		card import new.card again.coffer
		hsm showinfo
		hsm showpolicies
		partition init -label again -password po-pin-0 -domain D -force
		role login -name po -password po-pin-0
		partition changepolicy -policy 44 -value 1
		role init -name co -password co-pin-0
		role logout
		role login -name co -password co-pin-0
		role list
		partition showinfo
		partition showpolicies -verbose
		partition showmechanism
		partition contents
		object generate rsa -label r
		object generate ec -label e
		object import data data -label d
		partition contents
		object show -label d
		object export-public -label r -file r.pem
		object export-public -label e
		object sign -label r -in data -out r.sig
		object verify -label r -in data -signature r.sig
		partition clone -objects all -slot 1 -password co-pin-1
		partition archive list -slot 2
		partition archive backup -slot 2 -partition p -so vault-pin -pw arc-pin -domain D
		partition archive contents -slot 2 -partition p -pw arc-pin
		partition archive restore -slot 2 -partition p -pw arc-pin
		partition archive delete -slot 2 -partition p -so vault-pin -force
		monitor -timeout 0
		object delete all -force
		role changepw -name co -oldpw co-pin-0 -newpw co-new-0
		role logout
		slot set -slot 9000
		role login -name so -password so-pin-0
		hsm changehsmpolicy -policy 15 -value 1 -force
		hsm factoryreset -force
		doctor
		help
		help partition
		help partition clone
		frobnicate
		slot set -slot 99
		partition clone
		exit
	END
}

status_json() {
	take_cards a b k
	echo 'some data' >data
	every_command >script
	coffer -o json --keep-going -f script >out 2>err || true
	same "$(json out 'len(d)')" "$(grep -c '[a-z]' script)" documents
	same "$(json out 'sum(list(x) !=
		["schema", "command", "rc", "name", "exit", "data", "error", "hint"]
		for x in d)')" 0 'documents of another form'
	same "$(json out '[(x["command"], x["exit"], x["error"]) for x in d
		if x["exit"]][:-3]')" '[]' 'failures'
	same "$(json out '[x["exit"] for x in d][-4:]')" '[2, 3, 2, 0]'
	same "$(json out 'sum((x["error"] is None) != (x["rc"] == 0) for x in d)')" 0
	run 0 coffer -o json 'partition archive list -slot 2'
	same "$(json out 'd[0]["data"]["archives"]')" '[]'
	COFFER_CARDS='none.coffer' run 3 coffer -o json 'slot list'
	same "$(json out 'd[0]["exit"]')" 3
	run 2 coffer -o json 'slot "list'
	same "$(json out 'd[0]["name"]')" CKR_ARGUMENTS_BAD
}

status_streams() {
	take_cards a b
	run 0 coffer 'slot list'
	[ ! -s err ] || fail "standard error has: $(cat err)"
	run 0 coffer "$(login 0); object generate aes; partition clone -o all -s 1 -p co-pin-1"
	lacks out '\.\.\.$'
	has err '\.\.\.$'
	run 1 coffer "$(login 0); object delete 12345 -force"
	has out '^Command Result : 0x82 \(CKR_OBJECT_HANDLE_INVALID\)$'
	lacks err 'Command Result'
	# Standard output closed or full is a failure, not a crash.
	run 1 bash -c "'$COFFER' 'slot list' >/dev/full"
}

# rows 19, 20
status_roles() {
	take_cards a b
	# PO does not touch keys, CO does not touch policies, CU does not make keys.
	run 4 coffer 'slot set -slot 0; role login -name po -password po-pin-0; object generate aes'
	run 4 coffer 'slot set -slot 0; role login -name po -password po-pin-0;
		partition clone -objects all -slot 1 -password co-pin-1'
	has out 'CKR_USER_NOT_AUTHORIZED'
	run 4 coffer "$(login 0); partition changepolicy -policy 44 -value 1"
	run 4 coffer "$(login 0); partition domainadd -domain X -domainlabel x"
	has out 'CKR_USER_NOT_AUTHORIZED'
	run 0 coffer "$(login 0); object generate rsa -label r; role init -name cu -password cu-pin"
	run 0 coffer 'slot set -slot 0; role login -name cu -password cu-pin;
		object sign -label r -in /etc/hostname'
	run 4 coffer 'slot set -slot 0; role login -name CU -password cu-pin; object generate aes'
	run 4 coffer "$(login 0); role login -name po -password po-pin-0"
	run 4 coffer 'slot set -slot 0; role login -name so -password so-pin-0'
	run 4 coffer 'slot set -slot 0; role login -name nobody -password x'
	run 0 coffer 'slot set -slot 0; role login -name "crypto officer" -password co-pin-0'
	run 2 coffer 'slot set -slot 0; hsm init -label x -password y -domain z -force'
	run 4 coffer 'slot set -slot 9000; partition create -label x'
	run 0 coffer "$(login 0); role changepw -name co -oldpw co-pin-0 -newpw other-pin"
	run 4 coffer 'slot set -slot 0; role login -name co -password co-pin-0'
	run 0 coffer 'slot set -slot 0; role login -name co -password other-pin'
}

# row 18
status_slots() {
	take_cards a b
	run 0 coffer "slot list; $(login 0); object generate aes -label here; $(login 1);
		object generate aes -label there; slot set -slot 0; partition contents"
	has out '^    Slot Id +->  0$'
	has out '^    Slot Id +->  1$'
	# Back on slot 0 its login is still in force, and its objects are meant.
	tail -n 8 out >end
	has end ' here$'
	lacks end ' there$'
	run 0 coffer "$(login 0); slot set -slot 1; role login -name po -password po-pin-1;
		slot set -slot 0; slot set -slot 1"
	same "$(sed -nE 's/^ *Logged in +->  //p' out | tail -n 2 | tr '\n' ',')" \
		'Crypto Officer,Partition SO,'
}

# row 77
status_init() {
	make_card n.coffer
	take_cards b
	export COFFER_CARDS=n.coffer,b.coffer
	run 0 coffer 'slot set -slot 0;
		partition init -label fresh -password po-pin-0 -domain D -force'
	run 0 coffer 'slot set -slot 0; role list'
	has out 'Partition SO .* initialised$'
	run 0 coffer -o json 'slot list'
	same "$(json out '[s["label"] for s in d[-1]["data"]["slots"] if s["slot"] == 0]')" \
		"['fresh']"
	run 0 coffer 'slot set -slot 0; role login -name po -password po-pin-0;
		role init -name co -password co-pin-0; role logout;
		role login -name co -password co-pin-0; object generate aes;
		partition clone -objects all -slot 1 -password co-pin-1'
	# The domain stays what it was.
	run 5 coffer 'slot set -slot 0; role login -name po -password po-pin-0;
		partition domainadd -domain E -domainlabel e'
	run 2 coffer 'slot set -slot 0; role login -name po -password po-pin-0;
		partition init -label again -password po-pin-0 -domain E'
	run 0 coffer -o json "$(login 0); partition contents"
	same "$(json out 'd[-1]["data"]["count"]')" 1
}

# row 78
status_first_password() {
	make_card n.coffer pcie-7.8
	export COFFER_CARDS=n.coffer
	run 0 coffer 'slot set -slot 0;
		partition init -label p -password po-password -domain D -force'
	run 4 coffer 'slot set -slot 0; role init -name co -password first-password'
	run 0 coffer 'slot set -slot 0; role login -name po -password po-password;
		role init -name co -password first-password'
	run 4 coffer 'slot set -slot 0; role login -name co -password first-password;
		object generate aes'
	has out 'CKR_PIN_EXPIRED'
	run 0 coffer 'slot set -slot 0; role login -name co -password first-password;
		role changepw -name co -oldpw first-password -newpw second-password;
		object generate aes'
	run 4 coffer 'slot set -slot 0; role login -name co -password second-password;
		role init -name co -password third-password'
	run 4 coffer 'slot set -slot 0; role login -name co -password first-password'
}

status_lockout() {
	local i
	take_cards a
	for ((i = 0; i < 10; i++)); do
		echo 'role login -name co -password wrong'
	done >script
	coffer --slot 0 --keep-going -f script >out 2>err || true
	run 4 coffer 'slot set -slot 0; role login -name co -password co-pin-0'
	has out 'CKR_(USER_LOCKED_OUT|PIN_LOCKED)'
	run 0 coffer 'slot set -slot 0; role list'
	has out 'Crypto Officer .*locked'
}

# row 80
status_full_names() {
	make_card old.coffer pcie-6.24
	export COFFER_CARDS=old.coffer
	run 0 coffer 'slot set -slot 9000;
		hsm init -label old -password so-password -domain D -force'
	run 0 coffer -o json 'slot list'
	if [ "$(json out 'any(s["slot"] == 0 for s in d[0]["data"]["slots"])')" = False ]; then
		run 0 coffer "slot set -slot 9000; role login -name \"$(admin_role)\" \
			-password so-password; partition create -label old"
	fi
	run 0 coffer 'slot set -slot 0;
		partition init -label p -password po-password -domain D -force;
		role login -name "Partition SO" -password po-password;
		role init -name "Crypto Officer" -password co-password'
	run 4 coffer 'slot set -slot 0; role login -name co -password co-password'
	run 4 coffer 'slot set -slot 0; role login -name "crypto officer" -password co-password'
	run 0 coffer 'slot set -slot 0; role login -name "Crypto Officer" -password co-password'
	# From firmware 7 on short names count, in any case.
	make_card seven.coffer pcie-7.4
	export COFFER_CARDS=seven.coffer
	run 0 coffer 'slot set -slot 0;
		partition init -label p -password po-password -domain D -force;
		role login -name PO -password po-password;
		role init -name cO -password co-password; role logout;
		role login -name CO -password co-password'
	take_cards a
	run 0 coffer 'slot set -slot 0; role login -name Co -password co-pin-0; role logout;
		role login -name "crypto OFFICER" -password co-pin-0'
}

admin_role() {
	coffer -o json 'slot set -slot 9000; role list' >roles.json 2>/dev/null
	json roles.json 'd[-1]["data"]["roles"][0]["name"]'
}

status_policies() {
	take_cards a
	local po='slot set -slot 0; role login -name po -password po-pin-0'
	run 0 coffer 'slot set -slot 0; partition showpolicies -verbose'
	has out '^    0 +1 +1 +[A-Za-z ]*private key cloning'
	run 0 coffer "$po; partition changepolicy -policy 44 -value 1"
	has out 'Objects erased +->  no'
	run 0 coffer "$po; partition changepolicy -policy 44,20 -value 0,5"
	run 2 coffer "$po; partition changepolicy -policy 44,20 -value 0"
	run 1 coffer "$po; partition changepolicy -policy 4444 -value 0"
	run 0 coffer "$(login 0); object generate aes"
	# Policy 1 excludes policy 0; 0 off, then on again erases.
	run 0 coffer "$po; partition changepolicy -policy 0 -value 0"
	same "$(count 0)" 1
	run 2 coffer "$po; partition changepolicy -policy 0 -value 1"
	same "$(count 0)" 1
	run 0 coffer "$po; partition changepolicy -policy 0 -value 1 -force"
	has out 'Objects erased +->  yes'
	same "$(count 0)" 0
}
