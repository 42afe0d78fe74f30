# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Domains and cipher suites of a partition, as its SO manages them.

po() { echo "slot set -slot $1; role login -name po -password po-pin-$1"; }
clone_all='partition clone -objects all -slot 1 -password co-pin-1'

labels() { # of the last command of the file out
	json out '[(x["label"], x["primary"]) for x in d[-1]["data"]["domains"]]'
}

# rows 31, 32, 33
domain_commands() {
	take_cards a
	run 5 coffer "$(po 0); partition domainadd -domain Blue -domainlabel second"
	has out 'CKR_DOMAIN_MANAGEMENT_NOT_ALLOWED'
	has err 'changepolicy -policy 44 -value 1'
	run 0 coffer "$(po 0); partition changepolicy -policy 44 -value 1;
		partition domainchangelabel -newlabel first;
		partition domainadd -domain Blue -domainlabel second;
		par da -d Green -dl third -p; partition domainlist"
	has out '^ *third +text +yes$'
	has out '^ *first +text +no$'
	lacks out 'Blue|Green'
	run 0 coffer -o json "$(po 0); partition domainlist"
	same "$(labels)" "[('third', True), ('first', False), ('second', False)]"
	lacks out 'Blue|Green'
	run 5 coffer "$(po 0); partition domainadd -domain White -domainlabel fourth"
	has out 'CKR_DOMAIN_MAX_REACHED'
	run 5 coffer "$(po 0); partition changepolicy -policy 44 -value 0"
	has err 'domaindelete'
	run 2 coffer "$(po 0); partition domaindelete -domainlabel first"
	run 5 coffer "$(po 0); partition domaindelete -domainlabel third -force"
	has out 'CKR_DOMAIN_NO_PRIMARY'
	has err '"third" is the primary domain'
	run 5 coffer "$(po 0); partition domaindelete -domainlabel nosuch -force"
	has err 'no domain is labelled "nosuch"'
	run 0 coffer "$(po 0); partition domaindelete -domainlabel first -force"
	run 5 coffer "$(po 0); partition domainadd -domain X -domainlabel second"
	has out 'CKR_DOMAIN_LABEL_ALREADY_EXISTS'
	run 5 coffer "$(po 0); partition domainadd -domain X -domainlabel X"
	has out 'CKR_DOMAIN_LABEL_INVALID'
	run 5 coffer "$(po 0); partition domainchangelabel -domainlabel third -primary"
	has out 'CKR_DOMAIN_EXTRA_PRIMARY'
	run 2 coffer "$(po 0); partition domainchangelabel -domainlabel third"
	run 0 coffer "$(po 0); par dcl -dl second -nl zweite -p"
	# Another power cycle of the card, for each program is one.
	run 0 coffer -o json "$(login 0); partition domainlist; partition showinfo"
	same "$(json out '[x["label"] for x in d[-2]["data"]["domains"]]')" "['zweite', 'third']"
	same "$(json out 'd[-1]["data"]["domains"]')" 2
	run 4 coffer "$(login 0); partition domainadd -domain X -domainlabel x"
	has out 'CKR_USER_NOT_AUTHORIZED'
	run 4 coffer 'slot set -slot 0; partition domainlist'
	run 2 coffer 'slot set -slot 9000; partition domainlist'
}

# rows 34, 35
# Cloning begins and ends with the domain; keys stay.
domain_clone() {
	take_cards a b
	make_keys
	run 0 coffer "$(po 1);
		partition init -label o -password po-pin-1 -domain E -domainlabel e -force;
		$(po 1); role init -name co -password co-pin-1;
		partition changepolicy -policy 44 -value 1; partition domainlist"
	has out '^ *e +text +yes$'
	run 5 coffer "$(login 0); $clone_all"
	has err 'share no domain: see partition domainlist'
	run 0 coffer "$(po 1); partition domainadd -domain D -domainlabel shared"
	run 0 coffer "$(login 0); $clone_all"
	has out '^    3 objects cloned, 0 existed, 0 refused$'
	has out '^    Cipher suite: 3$'
	run 0 coffer "$(po 1); partition domaindelete -domainlabel shared -force"
	run 0 coffer "$(login 0); object generate aes -label late"
	run 5 coffer "$(login 0); $clone_all"
	same "$(count 1)" 3
	date >data
	run 0 coffer "$(login 1); object sign -label r -in data -out sig"
}

# row 40
# An older card has one domain, and meets the primary one of a newer card.
domain_old_card() {
	take_cards a
	make_card old.coffer pcie-7.4
	export COFFER_CARDS=a.coffer,old.coffer
	run 2 coffer 'slot set -slot 1; partition init -label x -password po-pin-1 -domainlabel'
	run 1 coffer 'slot set -slot 1;
		partition init -label x -password po-pin-1 -domain B -domainlabel b -force'
	has err 'leave -domainlabel out'
	run 0 coffer 'slot set -slot 1;
		partition init -label x -password po-pin-1 -domain Blue -force'
	run 1 coffer "$(po 1); partition domainadd -domain D -domainlabel d"
	has out 'CKR_FUNCTION_NOT_SUPPORTED'
	has err 'one domain'
	run 1 coffer "$(po 1); partition ciphershow"
	run 0 coffer "$(po 1); role init -name co -password co-first-1; role logout;
		role login -name co -password co-first-1;
		role changepw -name co -oldpw co-first-1 -newpw co-pin-1;
		object generate aes -label k"
	run 0 coffer "$(po 0); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain Blue -domainlabel blue"
	run 5 coffer "$(login 1); partition clone -objects all -slot 0 -password co-pin-0"
	has err 'the primary one counts'
	run 0 coffer "$(po 0); partition domainchangelabel -domainlabel blue -primary"
	run 0 coffer "$(login 1); partition clone -objects all -slot 0 -password co-pin-0"
	has out '^    Protocol: CPv1$'
}

# rows 23, 24
cipher_commands() {
	take_cards a b
	make_keys
	run 0 coffer 'slot set -slot 0; partition ciphershow'
	has out '^ *3 +P384_SHA384_AES256GCM +yes$'
	run 0 coffer "$(po 1); partition cipherdisable -id 3"
	run 0 coffer -o json "$(po 1); par cis; par si"
	same "$(json out '[(c["id"], c["enabled"]) for c in d[-2]["data"]["ciphers"]]')" \
		"[(1, True), (2, True), (3, False)]"
	same "$(json out 'd[-1]["data"]["suites"]')" 0x6
	run 0 coffer "$(login 0); $clone_all"
	has out '^    Cipher suite: 2$'
	run 1 coffer "$(po 1); partition cipherdisable -id 9"
	has err 'there is no cipher suite 9'
	run 4 coffer "$(login 1); partition cipherdisable -id 1"
	run 0 coffer "$(po 1); partition cipherdisable 1; partition cipherdisable 2"
	has err 'warning: no cipher suite is left'
	# What is left is CPv3.
	run 0 coffer "$(login 0); $clone_all"
	has out '^    Protocol: CPv3$'
	run 0 coffer -o json "$(login 0); $clone_all"
	same "$(json out 'd[-1]["data"]["protocol"]')" CPv3
	run 0 coffer "$(po 1); partition cipherenable -id 1"
	run 0 coffer "$(login 0); $clone_all"
	has out '^    Cipher suite: 1$'
}
