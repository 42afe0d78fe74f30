# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Commands of behaviour.md section 6 that no other case types, and scripts that fail.

grammar_partition() {
	take_cards a
	run 0 coffer "$(login 0); object generate aes; object generate aes"
	run 2 coffer "$(login 0); partition clear"
	run 0 coffer "$(login 0); partition clear -force; partition contents"
	has out 'Number of objects +->  0$'
	local po='slot set -slot 0; role login -name po -password po-pin-0'
	run 0 coffer "$po; partition changelabel -label 'new name'; slot list"
	has out 'Label +->  new name$'
	run 2 coffer "$po; partition changelabel -label ''"
	run 4 coffer "$(login 0); partition changelabel -label x"
	local so='slot set -slot 9000; role login -name so -password so-pin-0'
	run 0 coffer "$so; partition resize -slot 0 -size 70000; partition showinfo -slot 0"
	has out 'Storage, bytes +->  70000$'
	run 0 coffer "$(login 0); object generate rsa; object generate rsa"
	run 1 coffer "$so; partition resize -slot 0 -size 1000"
	has err 'the objects of slot 0 take more than that'
	run 2 coffer "$so; partition resize -slot 0 -size 0"
	run 0 coffer 'slot partitionlist -slot 0; hsm monitor'
	has out 'new name'
	has out 'Commands answered'
}

grammar_auth() {
	make_card n.coffer
	export COFFER_CARDS=n.coffer
	run 0 coffer 'slot set -slot 9000;
		hsm init -label n -password so-pin-1 -domain D -auth -force;
		partition create -label second; slot set -slot 32;
		partition init -label s -password po-pin-1 -domain D -auth -force;
		role init -name co -password co-pin-1'
	has out 'Logged in +->  HSM SO'
	has out 'Logged in +->  Partition SO'
	run 2 coffer 'slot set -slot 9000; role login -name so -password so-pin-1;
		partition create -label third -password x -domain D'
	has err 'SO of its own'
}

# The verbs of partition that stand in for roles before 6.22.
grammar_before_roles() {
	make_card o.coffer pcie-6.21.2
	export COFFER_CARDS=o.coffer
	local so='slot set -slot 9000; role login -name so -password so-password'
	local in='slot set -slot 32; partition login -password'
	run 0 coffer "slot set -slot 9000; hsm init -label o -password so-password -domain D -force;
		role login -name so -password so-password;
		partition create -label two -password co-password -domain D -force"
	run 0 coffer "$in co-password; partition createuser -password cu-password;
		partition changepw -oldpw co-password -newpw co-password-2; partition logout"
	run 4 coffer "$in co-password"
	run 0 coffer "$in co-password-2; partition contents"
	run 1 coffer "$in co-password-2; partition activate"
	has err 'belong to cards with a PED'
	run 0 coffer "$so; slot set -slot 32; partition changelabel -label renamed; slot list"
	has out 'Label +->  renamed$'
	# Roles have these commands on other cards.
	take_cards a
	run 1 coffer 'slot set -slot 0; partition changepw -oldpw a -newpw b'
	has err 'no partition of a card of before 6.22'
}

grammar_change_password() {
	take_cards a
	run 2 coffer "$(login 0); role changepw -name co -prompt -newpw x"
	has err '-prompt and -newpw exclude each other|nobody to ask'
	"$COFFER" "$(login 0); monitor -timeout 6; object generate aes" >other 2>&1 &
	local pid=$!
	sleep 2
	run 0 coffer 'slot set -slot 0;
		role changepw -name co -oldpw co-pin-0 -newpw co-pin-9 -logoutother'
	! wait $pid || fail 'the other program is logged in still'
	has other 'CKR_USER_NOT_LOGGED_IN'
	make_card b78.coffer pcie-7.8
	COFFER_CARDS=b78.coffer run 1 coffer 'slot set -slot 0;
		role changepw -name po -oldpw a -newpw b -logoutother'
	has err 'needs firmware 7.8.1'
}

grammar_absent() {
	local command
	for command in 'ped vector init' 'stc' 'appid open -major 1' 'remotebackup start' \
		'role setdomain' 'role recoveryinit -name co' 'hsm rollbackfw' 'slot configset'; do
		run 1 coffer "$command"
		has out 'CKR_FUNCTION_NOT_SUPPORTED'
		has err 'does not apply: '
		one_line
	done
}

grammar_scripts() {
	take_cards a
	printf 'slot list\n# nothing\n\nslot set 9000; role frobnicate; slot list\nslot list\n' >s
	run 2 coffer -f s
	has err '^s:4: role has no frobnicate'
	run 2 coffer <s
	has err '^stdin:4: role has no frobnicate'
	same "$(grep -c 'Command Result : No Error' out)" 2
	# The worst counts, not the first: 4, then 2, then 3.
	cat >s <<-'END'
		slot set 0; role login -name co -password wrong
		slot set
		slot set 77
		slot list
	END
	run 3 coffer --keep-going -f s
	has err '^s:1: wrong password'
	has err '^s:2: option -slot is missing'
	has err '^s:3: there is no slot 77'
	same "$(grep -c 'Command Result : No Error' out)" 2
	head -n 2 s >two
	run 2 coffer --keep-going -f two
	run 4 coffer -f s
	run 4 coffer --keep-going 'slot set 0; role login -name co -password wrong; slot list'
}
