# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# partition clone and the archives: what goes, what does not, and what is said about it.

# Keys on slot 0: an RSA pair and an AES key.
make_keys() {
	run 0 coffer "$(login 0); object generate rsa -label r; object generate aes -label s"
}

# row 12
clone_twice() {
	take_cards a b
	make_keys
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	has out '^    3 objects cloned, 0 existed, 0 refused$'
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	has out '^    0 objects cloned, 3 existed, 0 refused$'
	has out '^    Handle [0-9]+ on slot 0 is on slot 1 already \(handle [0-9]+\)$'
	lacks out 'is now handle'
	run 0 coffer -o json "$(login 0); partition clone -o 0 -s 1 -p co-pin-1"
	same "$(json out '[d[-1]["data"][k] for k in ("cloned", "existed", "refused")]')" \
		'[0, 3, 0]'
	same "$(count 1)" 3
}

handles() { # of slot 0
	coffer -o json "$(login 0); partition contents" >contents 2>/dev/null
	json contents '" ".join(str(o["handle"]) for o in d[-1]["data"]["objects"])'
}

# What slot 1 has, as handles of slot 0: the OUID goes with an object.
cloned() {
	coffer -o json "$(login 0); partition contents" >here 2>/dev/null
	coffer -o json "$(login 1); partition contents" >there 2>/dev/null
	cat here there >both
	json both "' '.join(str(o['handle']) for o in d[2]['data']['objects']
		if o['ouid'] in [x['ouid'] for x in d[5]['data']['objects']])"
}

# rows 9, 84
clone_chosen() {
	local list form
	take_cards a b
	make_keys
	read -ra list < <(handles)
	same ${#list[@]} 3 handles
	run 0 coffer "$(login 0); par cl -o ${list[1]} -s 1 -p co-pin-1"
	has out "^    Handle ${list[1]} on slot 0 is now handle"
	same "$(cloned)" "${list[1]}" 'a single handle'
	run 0 coffer "$(login 0);
		partition clone -OBJECTS ${list[0]},${list[1]} -slot 1 -pw co-pin-1"
	has out '^    1 object cloned, 1 existed, 0 refused$'
	same "$(cloned)" "${list[0]} ${list[1]}" 'a list'
	for form in 0 all; do
		run 0 coffer "$(login 1); object delete all -force"
		same "$(cloned)" '' 'an empty target'
		run 0 coffer "$(login 0); partition clone -objects $form -slot 1 -pw co-pin-1"
		has out '^    3 objects cloned, 0 existed, 0 refused$'
		same "$(cloned)" "${list[*]}" "-objects $form"
	done
	run 6 coffer "$(login 0); partition clone -objects ${list[0]},999999 -slot 1 -pw co-pin-1"
	has out '^    Handle 999999 on slot 0 was refused: 0x82 \(CKR_OBJECT_HANDLE_INVALID\)'
	has out '^    0 objects cloned, 1 existed, 1 refused$'
	same "$(count 1)" 3
}

# row 2
clone_wrong_domain() {
	take_cards a b
	make_keys
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition init -label other -password po-other -domain E -force;
		role login -name po -password po-other; role init -name co -password co-pin-1;
		role logout;
		role login -name co -password co-pin-1; object generate aes -label untouched"
	coffer -o json "$(login 1); partition contents" >before 2>/dev/null
	run 5 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	lacks out 'is now handle|objects? cloned'
	has out '^Command Result : 0x80000108 \(CKR_SESSION_NEGOTIATION_NO_PSK\)$'
	same "$(grep -ci domain err)" 2 'lines about the domain: the stage and the reason'
	coffer -o json "$(login 1); partition contents" >after 2>/dev/null
	cmp before after
	run 5 coffer -o json "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	same "$(json out '(d[-1]["exit"], len(d))')" '(5, 3)'
}

# Two cards of 7.4 without a domain in common, three keys on the first.
old_strangers() {
	local slot
	make_card old0.coffer pcie-7.4
	make_card old1.coffer pcie-7.4
	export COFFER_CARDS=old0.coffer,old1.coffer
	for slot in 0 1; do
		cat <<-END
			slot set -slot $slot
			partition init -label old -password po-pin-$slot -domain D$slot -force
			role login -name po -password po-pin-$slot
			role init -name co -password first-pin
			role logout
			role login -name co -password first-pin
			role changepw -name co -oldpw first-pin -newpw co-pin-$slot
		END
	done >script
	run 0 coffer -f script
	make_keys
	closed old0.coffer old1.coffer
}

# Copies of them: after three failed proofs cards do not listen for a while.
fresh_strangers() {
	rm -rf fresh && mkdir fresh
	cp -a old0.coffer old1.coffer fresh
	COFFER_CARDS=fresh/old0.coffer,fresh/old1.coffer
}

# row 14
clone_each_error() {
	local all='partition clone -objects all -slot 1 -password co-pin-1' code
	old_strangers
	fresh_strangers
	# One line before anything moves; machines get the three.
	run 5 coffer "$(login 0); $all"
	lacks out '^ +Handle'
	same "$(grep -c '^nothing was cloned: domains differ' err)" 1 'lines about it'
	run 5 coffer -o json "$(login 0); $all"
	same "$(json out '[o["name"] for o in d[-1]["data"]["objects"]]')" \
		"['CKR_CLONE_NOT_ATTEMPTED', 'CKR_CLONE_NOT_ATTEMPTED', 'CKR_CLONE_NOT_ATTEMPTED']"
	fresh_strangers
	run 5 coffer "$(login 0); $all -nopreflight"
	same "$(grep -cE '^    Handle [0-9]+ on slot 0 was refused: ' out)" 3 'errors of objects'
	same "$(grep -c 'CKR_CERTIFICATE_DATA_INVALID' out)" 3 'codes of the old protocol'
	has out '^    0 objects cloned, 0 existed, 3 refused$'
	same "$(count 1)" 0
	fresh_strangers
	run 5 coffer -o json "$(login 0); $all -np"
	code="('refused', 'CKR_CERTIFICATE_DATA_INVALID')"
	same "$(json out '[(o["result"], o["name"]) for o in d[-1]["data"]["objects"]]')" \
		"[$code, $code, $code]"
}

clone_domain_errors() {
	take_cards a b
	make_keys
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition init -label other -password po-other -domain E -force;
		role login -name po -password po-other; role init -name co -password co-pin-1;
		partition changepolicy -policy 42 -value 1 -force"
	run 5 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	lacks out '^ +Handle'
	run 5 coffer -o json "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	same "$(json out '[o["name"] for o in d[-1]["data"]["objects"]]')" \
		"['CKR_CLONE_NOT_ATTEMPTED', 'CKR_CLONE_NOT_ATTEMPTED', 'CKR_CLONE_NOT_ATTEMPTED']"
}

# row 4
clone_wrong_password() {
	take_cards a b
	make_keys
	run 4 coffer "$(login 0); partition clone -objects all -slot 1 -password wrong"
	has out 'CKR_PIN_INCORRECT'
	has err 'slot 1'
	run 0 coffer -o json 'slot set -slot 1; role list'
	same "$(json out '[r["attempts_left"] for r in d[-1]["data"]["roles"]
		if r["name"] == "Crypto Officer"]')" '[9]'
	same "$(count 1)" 0
}

# row 6
clone_policy_part() {
	take_cards a b
	make_keys
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition changepolicy -policy 0 -value 0"
	run 6 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	has out '^    2 objects cloned, 0 existed, 1 refused$'
	has out '^    Handle [0-9]+ on slot 0 was refused: 0x[0-9a-f]+ \(CKR_[A-Z_]+\): [a-z]'
	same "$(count 1)" 2
}

# row 16
clone_versions() {
	local all='partition clone -objects all -slot' slot
	take_cards a b
	make_keys
	run 0 coffer "slot set -slot 1; role login -name po -password po-pin-1;
		partition changepolicy -policy 41 -value 1; partition showinfo"
	has out ' V1'
	# By what both show, and by the cards themselves; to V1 and from it.
	run 0 coffer "$(login 1); object generate aes -label back"
	for slot in 1 0; do
		run 1 coffer "$(login $((1 - slot))); $all $slot -password co-pin-$slot"
		has out '^Command Result : 0x21 \(CKR_DATA_LEN_RANGE\)$'
		has err 'is a V0 partition and the .* a V1 one'
		run 1 coffer "$(login $((1 - slot)));
			$all $slot -password co-pin-$slot -nopreflight"
		has out '^Command Result : 0x21 \(CKR_DATA_LEN_RANGE\)$'
	done
	same "$(count 0)" 3
	same "$(count 1)" 1
}

clone_same_slot() {
	take_cards a
	make_keys
	run 5 coffer "$(login 0); partition clone -objects all -slot 0 -password x"
	has out 'CKR_CLONE_SAME_PARTITION'
	run 3 coffer "$(login 0); partition clone -objects all -slot 77 -password x"
	run 2 coffer "$(login 0); partition clone -objects all -slot 9000 -password x"
}

# row 7
clone_hidden() {
	take_cards a b
	make_keys
	export COFFER_CARDS=a.coffer
	run 3 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	has out '^Command Result : 0x3 \(CKR_SLOT_ID_INVALID\)$'
	has err '^there is no slot 1'
	export COFFER_CARDS=a.coffer,b.coffer
	same "$(count 1)" 0
}

# row 11
clone_transcript() {
	local from to list
	take_cards a b
	make_keys
	# So that handles there differ from those here.
	run 0 coffer "$(login 1); object generate aes -label there; object generate aes"
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	for stage in 'Verifying that the objects can be cloned' 'Logging in to the target' \
		'Checking which objects exist already' 'Cloning 3 objects'; do
		has err "^$stage"
	done
	same "$(grep -c '^    Handle' out)" 3 'lines for objects'
	has out '^    3 objects cloned, 0 existed, 0 refused$'
	tail -n 2 out >end
	has end '^Command Result : No Error$'
	coffer -o json "$(login 1); partition contents" >contents 2>/dev/null
	list=" $(json contents '" ".join(str(o["handle"]) for o in d[-1]["data"]["objects"])') "
	while read -r from to; do
		[ "$from" != "$to" ] || fail "handle $from is the same on both"
		case $list in *" $to "*) ;; *) fail "slot 1 has no handle $to" ;; esac
	done < <(sed -nE 's/^ +Handle ([0-9]+) on slot 0 is now handle ([0-9]+) on .*/\1 \2/p' out)
}

objects_of() { # SLOT: labels and classes, in order
	coffer -o json "$(login "$1"); partition contents" >contents 2>/dev/null
	json contents 'sorted((o["label"], o["class"]) for o in d[-1]["data"]["objects"])'
}

# row 17
clone_contents() {
	take_cards a b
	make_keys
	run 0 coffer "$(login 0); partition contents"
	has out '^ *Number of objects +->  3$'
	same "$(grep -cE '^ +[0-9]+ +.* [rs]$' out)" 3 'objects with handle and label'
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1;
		slot set -slot 1; role login -name co -password co-pin-1; partition contents"
	tail -n 12 out >end
	has end '^ *Number of objects +->  3$'
	same "$(grep -cE '^ +[0-9]+ +.* [rs]$' end)" 3 'objects with handle and label there'
	same "$(objects_of 1)" "$(objects_of 0)" 'labels and classes'
	same "$(count 1)" "$(count 0)" 'counts'
}

# The way of M7 and M9 (behaviour.md section 13), from the 7.4 generation.
# row 83
clone_and_retire() {
	local before
	make_card old.coffer pcie-7.4
	take_cards b
	export COFFER_CARDS=old.coffer,b.coffer
	# The first password is for the first login only.
	set_up 0 D | sed 's/name co -password co-pin-0/name co -password first-pin/' >script
	echo 'role changepw -name co -oldpw first-pin -newpw co-pin-0' >>script
	run 0 coffer -f script
	make_keys
	run 0 coffer "$(login 0); object export-public -label r -file r.pem"
	before=$(objects_of 0)
	run 0 coffer "$(login 0); partition clone -objects 0 -slot 1 -password co-pin-1"
	same "$(objects_of 1)" "$before" 'objects after the migration'
	same "$(count 1)" 3
	run 0 coffer 'slot set -slot 9000; role login -name so -password so-pin-0;
		hsm factoryreset -force'
	run 0 coffer -o json 'slot set -slot 0; partition showinfo'
	run 4 coffer "$(login 0)"
	date >data
	run 0 coffer "$(login 1); object sign -label r -in data -out sig"
	openssl dgst -sha256 -verify r.pem -signature sig data
}

clone_uses_login() {
	take_cards a b
	make_keys
	run 0 coffer "$(login 1); $(login 0); partition clone -objects all -slot 1;
		slot set -slot 1"
	lacks err 'Logging in to the target'
	has out 'Logged in +->  Crypto Officer'
	run 0 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1;
		slot set -slot 1"
	tail -n 6 out >end
	has end 'Logged in +->  nobody'
	run 4 coffer "slot set -slot 1; role login -name po -password po-pin-1; $(login 0);
		partition clone -objects all -slot 1 -password co-pin-1"
}

clone_dry() {
	take_cards a b
	make_keys
	run 0 coffer --dry-run "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	has out '^    3 objects would be cloned, 0 existed, 0 refused$'
	same "$(count 1)" 0
}

clone_session_pin() {
	take_cards a b
	make_keys
	echo co-pin-1 >pin1
	echo co-pin-0 >pin0
	run 0 coffer --slot 0 --login co --pin-file pin0 \
		'partition clone -objects all -slot 1 -password-file pin1'
	has out '^    3 objects cloned, 0 existed, 0 refused$'
	lacks err warning
}

# ---- Archives ----------------------------------------------------------------------

backup='partition archive backup -slot 2 -partition'

# row 74
archive_rules() {
	take_cards a b k
	make_keys
	local so='-sopassword vault-pin -password arc-pin -domain D'
	run 4 coffer "$(login 0); $backup one -sopassword wrong -password arc-pin -domain D"
	run 0 coffer "$(login 0); $backup one $so"
	has out '^    3 objects backed up, 0 existed, 0 refused$'
	run 1 coffer "$(login 0); $backup one $so"
	has out 'CKR_OBJECT_ALREADY_EXISTS'
	run 0 coffer "$(login 0); object generate aes -label late; $backup one -append -pw arc-pin"
	has out '^    1 object backed up, 3 existed, 0 refused$'
	run 2 coffer "$(login 0); $backup one -append -replace -pw arc-pin"
	run 2 coffer "$(login 0); $backup one -replace -pw arc-pin"
	run 0 coffer "$(login 0); $backup one -replace -force -pw arc-pin"
	has out '^    4 objects backed up, 0 existed, 0 refused$'
	run 0 coffer -o json "partition archive contents -slot 2 -partition one -password arc-pin"
	same "$(json out 'd[0]["data"]["count"]')" 4
	run 4 coffer "partition archive contents -slot 2 -partition one -password wrong"
	run 4 coffer "$(login 0); partition archive restore -slot 2 -partition one -password wrong"
	run 0 coffer -o json 'partition archive list -slot 2'
	same "$(json out '[a["partition"] for a in d[0]["data"]["archives"]]')" "['one']"
	run 2 coffer 'partition archive delete -slot 2 -partition one -sopassword vault-pin'
	run 0 coffer 'partition archive delete -slot 2 -partition one -sopassword vault-pin -force'
	run 0 coffer -o json 'partition archive list -slot 2'
	same "$(json out 'd[0]["data"]["archives"]')" '[]'
	run 3 coffer 'partition archive delete -slot 2 -partition one -sopassword vault-pin -force'
	run 2 coffer 'partition archive list -slot 0'
}

# row 71
archive_wrong_domain() {
	take_cards a b k
	make_keys
	local other='-so vault-pin -pw arc-pin -domain E'
	run 5 coffer "$(login 0); $backup one $other"
	lacks out 'is now handle'
	# One line of it, after those that tell its stages.
	same "$(grep -vc '\.\.\.$\|^coffer: warning: ' err)" 1
	has err 'domain'
	run 0 coffer 'partition archive list -slot 2'
	has out 'Number of archives +->  0$'
	lacks out one
	run 5 coffer -o json "$(login 0); $backup one $other"
	same "$(json out '(d[-1]["exit"], d[-1]["command"], "domain" in d[-1]["error"])')" \
		"(5, 'partition archive backup', True)"
	same "$(json out 'bool(d[-1]["hint"])')" True
	same "$(json out 'sum(x["result"] == "cloned" for x in d[-1]["data"]["objects"])')" 0
	run 0 coffer -o json 'partition archive list -slot 2'
	same "$(json out '(d[0]["data"]["archives"], d[0]["data"]["count"])')" '([], 0)'
}

# A backup of many keys, in the background and in the middle of it: $pid.
long_backup='partition archive backup -s 1 -pa p -so vault-pin -pw arc-pin -d D'
backup_begun() {
	local i
	take_cards a k
	{
		login 0
		for ((i = 0; i < 60; i++)); do echo "object generate aes -label k$i"; done
	} >script
	run 0 coffer -f script
	{
		login 0
		echo "$long_backup"
	} >script
	"$COFFER" -f script >out 2>err &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		grep -q '^Cloning' err && break
		sleep 0.05
	done
}

# Control-C in a long backup ends it after its batch; a part must not pass for a backup.
archive_interrupted() {
	local pid status=0
	backup_begun
	sleep 0.3
	kill -INT "$pid"
	wait "$pid" || status=$?
	same $status 1 status
	has out '^    [0-9]+ not tried$'
	has err '^script:2: archive p was not kept'
	run 0 coffer -o json 'partition archive list -slot 1'
	same "$(json out 'd[0]["data"]["archives"]')" '[]'
}

# What is killed cannot clear up: the next run says what to type, and that completes it.
archive_killed() {
	local pid
	backup_begun
	sleep 0.2
	kill -KILL "$pid"
	wait "$pid" || true
	run 1 coffer "$(login 0); $long_backup"
	has err 'archive p exists, .*-append adds what is missing, -replace begins anew'
	run 0 coffer "$(login 0); partition archive backup -s 1 -pa p -pw arc-pin -append"
	has out '^    [0-9]+ objects? backed up, [0-9]+ existed, 0 refused$'
	run 0 coffer "$(login 0); partition archive verify -s 1 -pa p -pw arc-pin"
	has out '^    60 objects the same on both sides, 0 different, 0 only'
}
