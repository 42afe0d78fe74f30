# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Policies at the shell: what erases, lists, templates, the form with a label.

so_0='slot set -slot 9000; role login -name so -password so-pin-0'

# Values of policies $3.. of slot $1 in the JSON of command $2: "1 0"
values() { # SLOT COMMAND ID...
	local slot=$1 command=$2
	shift 2
	coffer -o json "slot set -slot $slot; $command" >values.json 2>/dev/null
	json values.json "' '.join(str(x['value']) for i in '$*'.split() for x in
		d[-1]['data']['policies'] if x['id'] == int(i))"
}

# The table's lines against one list of policies, in JSON: what differs, or nothing.
policies_against_table() { # LEVEL FILE
	# shellcheck disable=SC2154 # the runner sets here
	python3 - "$1" "$2" "$here/policies.table" <<-'END'
		import json, sys
		level, shown, table = sys.argv[1:]
		words = {"no": "no", "when set": "on", "when cleared": "off", "both ways": "both"}
		with open(shown) as f:
		    last = [json.loads(line) for line in f][-1]
		got = {p["id"]: p for p in last["data"]["policies"]}
		for line in open(table):
		    if not line.startswith(level + " "):
		        continue
		    _, number, value, erases, name = line.rstrip("\n").split(" ", 4)
		    p = got.pop(int(number), None)
		    if p is None:
		        print(number, "is not shown")
		    elif (value not in ("-", str(p["value"])) or
		          erases not in ("-", words[p["erases"]]) or
		          name.lower() not in p["name"].lower()):
		        print("not", line.rstrip("\n"), "but", p)
		for number in got:
		    print(number, "must not be shown")
	END
}

# row 29
policy_tables() {
	make_card n.coffer pcie-7.8
	export COFFER_CARDS=n.coffer
	run 0 coffer -o json 'slot set -slot 0; partition showpolicies'
	same "$(policies_against_table partition out)" '' 'partition policies'
	run 0 coffer -o json 'slot set -slot 9000; hsm showpolicies'
	same "$(policies_against_table hsm out)" '' 'HSM policies'
	# For people: number, value and name in a line of their own.
	run 0 coffer 'slot set -slot 0; partition showpolicies'
	has out '^ *42 +0 +1 +Allow CPv1'
	has out '^ *43 +1 +1 +Allow non-FIPS algorithms'
}

# row 82
policy_destructive() {
	take_cards a
	local set='role login -name po -password po-pin-0; partition changepolicy'
	run 0 coffer "$(login 0); object generate aes; object generate aes"
	run 1 talk "start {slot set -slot 0; $set -policy 42 -value 1}
		see {policy 42 .Allow CPv1. erases the objects of the partition}
		see {proceed.*quit}
		send \"quit\r\"
		see {CKR_CANCEL}"
	same "$(count 0)" 2
	same "$(values 0 'partition showpolicies' 42)" 0
	run 0 talk "start {slot set -slot 0; $set -policy 42 -value 1}
		see {proceed.*quit}
		send \"proceed\r\"
		see {No Error}"
	same "$(count 0)" 0
	# The other direction is harmless: nobody is asked.
	run 0 coffer "$(login 0); object generate aes"
	run 0 coffer "slot set -slot 0; $set -policy 42 -value 0"
	same "$(count 0)" 1
	# Of the card: every partition is emptied.
	run 2 coffer "$so_0; hsm changehsmpolicy -policy 7 -value 0"
	same "$(count 0)" 1
	run 0 coffer "$so_0; hsm changehsmpolicy -policy 7 -value 0 -force"
	same "$(count 0)" 0
	# Held at 0 by the card's, and not to be put on.
	same "$(values 0 'partition showpolicies' 0)" 0
	run 5 coffer "slot set -slot 0; $set -policy 0 -value 1 -force"
	has out 'CKR_CONFIG_FAILS_DEPENDENCIES'
}

# row 81
policy_by_label() {
	take_cards a b
	local po='role login -name po -password po-pin-0'
	run 0 coffer "slot set -slot 0; $po; partition changepolicy -policy 22 -value 1"
	same "$(values 0 'partition showpolicies' 22)" 1
	# The form of the appliance's shell, from another slot.
	run 0 coffer "slot set -slot 0; $po; slot set -slot 1;
		partition changepolicy -partition part0 -policy 22 -value 0"
	same "$(values 0 'partition showpolicies' 22)" 0
	run 4 coffer 'slot set -slot 1; partition changepolicy -partition part0 -policy 22 -value 1'
	run 4 coffer "$(login 0); partition changepolicy -policy 22 -value 1"
	run 3 coffer "slot set -slot 0; $po;
		partition changepolicy -partition x -policy 22 -value 1"
	has err 'no partition is labelled x'
	# Several at once: all or none.
	run 5 coffer "slot set -slot 0; $po; partition changepolicy -policy 22,23,24 -value 1,1,1"
	has out 'CKR_CONFIG_CHANGE_ILLEGAL'
	same "$(values 0 'partition showpolicies' 22 23)" '0 0'
	run 0 coffer "slot set -slot 0; $po; partition changepolicy -policy 22,23 -value 1,1"
	same "$(values 0 'partition showpolicies' 22 23)" '1 1'
	# Without capability: not shown, but known.
	run 0 coffer 'slot set -slot 0; partition showpolicies'
	lacks out '^ *24 '
	run 1 coffer "slot set -slot 0; $po; partition changepolicy -policy 27 -value 1"
	has out 'CKR_POLICY_ID_INVALID'
}

policy_templates() {
	take_cards a b
	local po='slot set -slot 0; role login -name po -password po-pin-0'
	local again='slot set -slot 1; role login -name po -password po-pin-1;
		partition init -label new -password po-pin-1 -domain D -force -applytemplate'
	run 0 coffer "$po; partition changepolicy -policy 22,20,44 -value 1,5,1;
		partition showpolicies -exporttemplate t"
	has t '^coffer-policies 1 partition$'
	has t '^20 +5 +no +# Max failed user logins allowed$'
	has t '^0 +1 +on +# Allow private key cloning$'
	lacks t '^(19|24) '
	run 0 coffer "$again t"
	same "$(values 1 'partition showpolicies' 22 20 44 21)" '1 5 1 1'
	run 0 coffer "slot set -slot 1; par sp -et u"
	cmp t u
	# Other directions than the card's.
	printf 'coffer-policies 1 partition\n4 1 off # mine\n0 0\n' >mine
	run 0 coffer "$again mine"
	run 0 coffer -o json 'slot set -slot 1; partition showpolicies'
	same "$(json out '[(x["value"], x["erases"]) for x in d[-1]["data"]["policies"]
		if x["id"] in (0, 4, 22)]')" \
		"[(0, 'when set'), (1, 'when cleared'), (0, 'no')]"
	# One wrong line: it is named, and nothing is done.
	printf 'coffer-policies 1 partition\n\n22 yes\n' >bad
	run 2 coffer "$again bad"
	has err 'bad: line 3: .*yes'
	printf 'coffer-policies 1 partition\n22 1\n22 0\n' >bad
	run 2 coffer "$again bad"
	has err 'bad: line 3: .*before: 22'
	printf 'coffer-policies 2 partition\n22 1\n' >bad
	run 2 coffer "$again bad"
	has err 'bad: line 1: .*does not know: 2'
	printf 'coffer-policies 1 partition\n22 1' >bad
	run 2 coffer "$again bad"
	has err 'cut short'
	run 2 coffer "$again nosuchfile"
	# For newer firmware.
	printf 'coffer-policies 1 partition\n22 1\n63 1\n' >newer
	run 5 coffer "$again newer"
	has out 'CKR_CONFIG_FAILS_DEPENDENCIES'
	has err 'does not know policy 63'
	same "$(values 1 'partition showpolicies' 22)" 0
	# Of a card.
	run 2 coffer "slot set -slot 9001;
		hsm init -label x -password so-pin-1 -domain D -force -at t"
	has err 'made for a partition'
	run 0 coffer "$so_0; hsm changehsmpolicy -policy 16 -value 0; hsm showpolicies -et h"
	has h '^coffer-policies 1 hsm$'
	run 0 coffer "slot set -slot 9001; role login -name so -password so-pin-1;
		hsm init -label x -password so-pin-1 -domain D -force -applytemplate h"
	same "$(values 9001 'hsm showpolicies' 16 7)" '0 1'
}
