# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Archive files: written for named cards, brought back, checked, shown; every refusal in a line.

archive_file_story() {
	take_cards a b
	export COFFER_CARDS=a.coffer,b.coffer
	run 0 coffer "$(login 0); object generate rsa -label signer;
		object generate aes -label one; object generate ec -label two"
	# The recipient gives its certificate away, as a file.
	run 0 coffer 'hsm certificate -slot 1 -file b.pem'
	openssl x509 -in b.pem -noout -subject | grep -q 'OU *= *wrap'
	run 0 coffer "$(login 0); partition archive export -file keys.car -recipient b.pem,0"
	has out 'Handle [0-9]+ on slot 0 is in file keys.car'
	has out '5 objects archived, 0 existed, 0 refused'
	same "$(stat -c %a keys.car)" 600
	! compgen -G 'keys.car.*'
	# Without any card.
	COFFER_CARDS='' run 0 coffer -o json 'partition archive show -file keys.car'
	same "$(json out '[d[0]["data"][k] for k in ("objects", "whole", "version")]')" \
		'[5, True, 1]'
	same "$(json out 'len(d[0]["data"]["recipients"])')" 2
	# On the recipient: check, plan, import, once more.
	run 0 coffer "$(login 1); partition archive check -file keys.car"
	has out 'Objects.* 5$'
	run 0 coffer "$(login 1); partition archive import -file keys.car -dryrun"
	has out '5 objects would be imported'
	run 0 coffer -o json "$(login 1); partition contents"
	same "$(json out 'd[-1]["data"]["count"]')" 0
	run 0 coffer "$(login 1); partition archive import -file keys.car; partition contents"
	has out 'Object 1 on file keys.car is now handle [0-9]+ on slot 1'
	has out '5 objects imported, 0 existed, 0 refused'
	run 0 coffer "$(login 1); partition archive import -file keys.car"
	has out '0 objects imported, 5 existed, 0 refused'
	# The migrated key signs, the source's public key verifies.
	echo text >document
	run 0 coffer "$(login 0); object export-public -label signer -file signer.pem"
	run 0 coffer "$(login 1); object sign -label signer -in document -out document.sig"
	openssl dgst -sha256 -verify signer.pem -signature document.sig document
	# Home again, after a loss.
	run 0 coffer "$(login 0); object delete -objects all -force;
		partition archive import -file keys.car"
	has out '5 objects imported'
}

archive_file_refused() {
	take_cards a b
	export COFFER_CARDS=a.coffer,b.coffer
	run 0 coffer "$(login 0); object generate aes -label one; object generate aes -label two"
	run 0 coffer "$(login 0); partition archive export -file keys.car -recipient 0"
	# Another card with the same domain is no recipient.
	run 5 coffer "$(login 1); partition archive import -file keys.car"
	has err 'sealed to card [0-9]+, this is card [0-9]+'
	# A file that is there is not replaced without being asked.
	cp keys.car before
	run 2 coffer "$(login 0); partition archive export -file keys.car -recipient 1"
	cmp keys.car before
	run 0 coffer "$(login 0); partition archive export -file keys.car -recipient 1 -force"
	! cmp -s keys.car before
	# A pipe that nobody writes to is no file, and nobody waits for it.
	mkfifo pipe
	COFFER_CARDS='' run 1 timeout 10 "$COFFER" partition archive show -file pipe
	has err 'pipe: '
	# Cut, extended, changed, something else.
	head -c -1 keys.car >short
	run 1 coffer "$(login 1); partition archive import -file short"
	has err 'cut short'
	{ cat keys.car; echo; } >long
	run 1 coffer "$(login 1); partition archive import -file long"
	cat keys.car before >two
	run 1 coffer "$(login 1); partition archive import -file two"
	python3 -c 'import sys
d = bytearray(open("keys.car", "rb").read())
d[d.index(b"CLB1") + 80] ^= 1
open("changed", "wb").write(d)'
	run 1 coffer "$(login 1); partition archive import -file changed"
	has err 'object 1 of the archive is not genuine: nothing was stored'
	run 1 coffer "$(login 1); partition archive check -file changed"
	run 1 coffer "$(login 1); partition archive check -file b.coffer/store"
	has err 'is no archive'
	printf 'CLN1\002\006' >newer
	head -c 100 /dev/zero >>newer
	run 1 coffer "$(login 1); partition archive import -file newer"
	has err 'newer version'
	run 0 coffer -o json "$(login 1); partition contents"
	same "$(json out 'd[-1]["data"]["count"]')" 0
	# Not a certificate, none of our root, no such domain, nobody logged in.
	run 2 coffer "$(login 0); partition archive export -file x.car -recipient before"
	run 0 coffer 'hsm certificate -slot 1 -use device -file device.pem'
	run 5 coffer "$(login 0); partition archive export -file x.car -recipient device.pem"
	has err 'no wrapping certificate'
	run 5 coffer "$(login 0); partition archive export -file x.car -recipient 1 -domainlabel no"
	has err 'has no domain no'
	run 4 coffer 'slot set -slot 0; partition archive export -file x.car -recipient 1'
	! [ -e x.car ]
}

archive_file_domain() {
	take_cards a
	make_card c.coffer
	export COFFER_CARDS=a.coffer,c.coffer
	set_up 1 OTHER >script
	run 0 coffer -f script
	run 0 coffer "$(login 0); object generate aes -label one;
		partition archive export -file keys.car -recipient 1"
	run 5 coffer "$(login 1); partition archive import -file keys.car"
	has err 'has not the domain'
	run 5 coffer -o json "$(login 1); partition archive check -file keys.car"
	same "$(json out 'd[-1]["name"]')" CKR_SESSION_NEGOTIATION_NO_PSK
	# A recipient with the domain among others takes it.
	run 0 coffer 'slot set -slot 1; role login -name po -password po-pin-1;
		partition changepolicy -policy 44 -value 1;
		partition domainadd -domain D -domainlabel theirs'
	run 0 coffer "$(login 1); partition archive import -file keys.car"
	run 0 coffer "$(login 1); partition archive export -file back.car -recipient 0 \
		-domainlabel theirs"
	run 0 coffer "$(login 0); object delete -objects all -force;
		partition archive import -file back.car"
	has out '1 object imported'
}

archive_file_policy() {
	take_cards a b
	export COFFER_CARDS=a.coffer,b.coffer
	run 0 coffer 'slot set -slot 0; role login -name po -password po-pin-0;
		partition changepolicy -policy 0 -value 0 -force'
	run 0 coffer "$(login 0); object generate rsa -label pair; object generate aes -label k"
	run 5 coffer "$(login 0); partition archive export -file keys.car -recipient 1"
	has err 'was not written'
	! [ -e keys.car ]
	# No file: so no object counts as archived.
	run 5 coffer -o json "$(login 0); partition archive export -file keys.car -recipient 1"
	same "$(json out 'd[-1]["data"]["cloned"]')" 0
	same "$(json out '"cloned" in {o["result"] for o in d[-1]["data"]["objects"]}')" False
	run 6 coffer "$(login 0); partition archive export -file keys.car -recipient 1 -dryrun"
	! [ -e keys.car ]
	run 6 coffer -o json "$(login 0);
		partition archive export -file keys.car -recipient 1 -onerror continue"
	same "$(json out '[o["class"] for o in d[-1]["data"]["objects"]
		if o["result"] == "refused"]')" "['private key']"
	run 0 coffer "$(login 1); partition archive import -file keys.car"
	has out '2 objects imported'
}
