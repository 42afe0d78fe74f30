# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Migration: the procedures, each in a script of its own, and the one command that does it all.

# The procedure with its first line of cards; MIGRATION_ALL=1 takes all of them.
procedure() { # NAME [--ped]
	local option=${2---first}
	[ -z "${MIGRATION_ALL-}" ] || option=${2-}
	# shellcheck disable=SC2154,SC2086 # the runner sets here; the option may be none
	COFFER="$COFFER" run 0 timeout 600 "$here/migration/run" $option "$1"
	has out "^ok 1 - $1: .*\(9 objects on both sides, [45] signatures genuine"
}

# rows 69, 72, 74, 75, 83
mig_1() { procedure m01; }

# rows 46, 71, 75
mig_1_ped() { procedure m01 --ped; }

# rows 75, 83
mig_2() { procedure m02; }

# rows 68, 75, 83
mig_3() { procedure m03; }

# rows 68, 75
mig_3_ped() { procedure m03 --ped; }

# rows 73, 83
mig_4() { procedure m04; }

# rows 75, 83
mig_5() { procedure m05; }

# rows 73, 75, 83
mig_6() { procedure m06; }

# rows 75, 83
mig_7() { procedure m07; }

# rows 69, 74, 75, 83
mig_8() { procedure m08; }

# rows 75, 83
mig_9() { procedure m09; }

# rows 68, 75, 83
mig_10() { procedure m10; }

# One key of each kind on slot 0.
kinds() {
	run 0 coffer "$(login 0); object generate rsa -label r; object generate ec -label e;
		object generate ec -curve p521 -label e; object generate ed25519 -label d;
		object generate aes -label a; object generate generic -label g"
}

migrate="migrate -from 0 -to 1 -frompassword co-pin-0 -password co-pin-1"

mig_command() {
	local handle
	take_cards a b
	kinds
	run 0 coffer -o json "$migrate --dry-run"
	same "$(json out '[d[0]["data"][k] for k in ("protocol", "not_tried", "cloned")]')" \
		"['CPv4', 10, 0]"
	same "$(count 1)" 0
	run 0 coffer "$migrate"
	has out '^    10 objects cloned, 0 existed, 0 refused$'
	has out '^    10 objects the same on both sides, 0 different'
	has out '^    6 keys did the same on both sides, 0 did not, 0 allow no check$'
	has out '^    The migration is complete'
	run 0 coffer -o json "$(login 0); migrate -from 0 -to 1 -password co-pin-1"
	same "$(json out '[d[-1]["data"][k] for k in
		("cloned", "existed", "same", "keys_good", "keys_wrong", "complete")]')" \
		'[0, 10, 10, 6, 0, True]'
	# Some are not all: nobody is told to part with the source, until all are there.
	run 0 coffer "$(login 0); object generate aes -label late; object generate aes -label last"
	run 0 coffer -o json "$(login 0); partition contents"
	handle=$(json out 'next(o["handle"] for o in d[-1]["data"]["objects"]
		if o["label"] == "late")')
	run 0 coffer "$migrate -objects $handle"
	has out '^    1 objects? cloned, 0 existed, 0 refused$'
	has out '^    The chosen objects are on slot 1. Keep the source: 1 of slot 0 are not there'
	lacks out 'is complete|retired'
	run 0 coffer -o json "$migrate -objects $handle"
	same "$(json out '[d[0]["data"][k] for k in ("existed", "missing", "complete")]')" \
		'[1, 1, False]'
	run 0 coffer "$migrate -objects all"
	has out '^    The migration is complete'
	run 4 coffer "migrate -from 0 -to 1 -frompassword wrong -password co-pin-1"
	run 2 coffer "migrate -from 0 -to 1 -frompassword co-pin-0"
	run 5 coffer "migrate -from 0 -to 0 -frompassword co-pin-0 -password co-pin-0"
}

mig_command_part() {
	take_cards a b
	kinds
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition changepolicy -policy 0 -value 0"
	run 6 coffer -o json "$migrate"
	same "$(json out '[d[0]["data"][k] for k in
		("cloned", "refused", "missing", "keys_good", "complete")]')" '[6, 4, 4, 2, False]'
	run 6 coffer "$migrate"
	lacks out 'is complete'
	has out '^    Handle [0-9]+ on slot 0 is not on slot 1 \(r\)$'
}

verify='partition archive verify -slot 2 -partition one -password arc-pin'

# row 74
# shellcheck disable=SC2154 # backup: t_clone.sh
archive_verify() {
	take_cards a b k
	make_keys
	run 0 coffer "$(login 0); $backup one -sopassword vault-pin -password arc-pin -domain D"
	run 0 coffer "$(login 0); $verify"
	has out 'Domain and cards proved by +->  CPv1$'
	has out '^    3 objects the same on both sides, 0 different, 0 only on slot 0, 0 only'
	# An older backup card has no digests: it is told.
	has out 'Compared by +->  fingerprint$'
	has out 'Values were not compared'
	run 4 coffer "$(login 0); partition archive verify -slot 2 -partition one -password wrong"
	run 6 coffer "$(login 0); object generate aes -label late; $verify"
	has err '1 missing, 0 different'
	has out '^    Handle [0-9]+ on slot 0 is not on archive one \(late\)$'
	run 0 coffer "$(login 0); $backup one -append -password arc-pin"
	run 0 coffer -o json "$(login 0); object delete -objects 1 -force; $verify"
	same "$(json out '[d[-1]["data"][k] for k in ("same", "missing", "extra")]')" '[3, 0, 1]'
	# Another domain proves nothing, and is told nothing.
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition init -label other -password po-other -domain E -force;
		role login -name po -password po-other; role init -name co -password co-pin-1"
	run 5 coffer "$(login 1); $verify"
	has err 'nothing was compared'
	lacks out 'same on both sides'
}

# rows 72, 74
archive_digest() {
	take_cards a
	make_card g7.coffer backup-g7-7.7.1
	export COFFER_CARDS=a.coffer,g7.coffer
	set_up_backup 1 D >script
	run 0 coffer -f script
	make_keys
	local verify='partition archive verify -slot 1 -partition one -password arc-pin'
	run 0 coffer "$(login 0); partition archive backup -slot 1 -partition one \
		-sopassword vault-pin -password arc-pin -domain D"
	run 0 coffer "$(login 0); $verify"
	has out 'Domain and cards proved by +->  CPv3$'
	has out 'Compared by +->  digest$'
	has out '^    3 objects the same on both sides, 0 different'
	run 6 coffer -o json "$(login 0); object generate aes -label late; $verify"
	same "$(json out '[d[-1]["data"][k] for k in ("compared_by", "same", "missing")]')" \
		"['digest', 3, 1]"
}

# row 71
archive_refused() {
	take_cards a b k
	make_keys
	run 0 coffer "slot set -slot 0; role login -name po -password po-pin-0;
		partition changepolicy -policy 0,4 -value 0,0"
	run 5 coffer "$(login 0); $backup one -so vault-pin -pw arc-pin -domain D"
	has err 'policies 0 and 4 .* off on the source: its Partition SO has to type partition'
	run 5 coffer "$(login 1); $backup one -so vault-pin -pw arc-pin -domain E"
	has err 'share no domain|domains differ'
	run 0 coffer -o json 'partition archive list -slot 2'
	same "$(json out 'd[0]["data"]["archives"]')" '[]'
}
