# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Groups of partitions through the command line: hagroup and clientconfig.

# Cards of these profiles whose partitions have the same domain and password; the cards'
# generations ask for another first password, and for other names of roles.
ha_cards() { # PROFILE...
	local i=0 profile po co domain
	export COFFER_CONFIG=$PWD/coffer.conf COFFER_CARDS=
	for profile; do
		make_card $i.coffer "$profile"
		COFFER_CARDS+=${COFFER_CARDS:+,}$i.coffer
		po=po co=co domain=D
		[ $i = 0 ] || domain=${second_domain:-D}
		case $profile in *-6.24 | *-6) po='"Partition SO"' co='"Crypto Officer"' ;; esac
		cat >>setup <<-END
			slot set -slot $((9000 + i))
			hsm init -label card$i -password so-password -domain D -force
			slot set -slot $i
			partition init -label part$i -password po-password -domain $domain -force
			role login -name $po -password po-password
			role init -name $co -password co-initial
			role logout
			role login -name $co -password co-initial
			role changepw -name $co -oldpw co-initial -newpw co-password
			role logout
		END
		i=$((i + 1))
	done
	run 0 coffer -f setup
}

group() { # LABEL MEMBER-SLOT...
	local label=$1 slot=$2
	shift 2
	run 0 coffer "hagroup creategroup -label $label -slot $slot -pw co-password -existing copy"
	for slot; do
		run 0 coffer "hagroup addmember -group $label -slot $slot -password co-password"
	done
}

at_group() { coffer "slot set -slot 9100; role login -name co -password co-password; $1"; }
objects_on() {
	coffer -o json "slot set -slot $1; role login -name co -password co-password;
		partition contents" >on.json 2>/dev/null
	json on.json 'd[-1]["data"]["count"]'
}
serial_of() {
	coffer -o json 'slot list' >slots.json 2>/dev/null
	json slots.json "[s['serial'] for s in d[-1]['data']['slots'] if s['slot'] == $1][0]"
}

# rows 55, 57
ha_group() {
	ha_cards coffer coffer coffer
	group G 0 1 2
	run 0 coffer 'slot list'
	has out 'Slot Id +->  9100'
	has out 'HA group of 3 members'
	run 0 at_group 'object generate ec -label shared; object generate aes -label secret'
	for slot in 0 1 2 9100; do same "$(objects_on $slot)" 3 "objects on $slot"; done
	date >data
	run 0 at_group 'object export-public -label shared -file key.pem;
		object sign -label shared -in data -out sig'
	openssl dgst -sha256 -verify key.pem -signature sig data >/dev/null
	# A short form of the noun, and what a group has not.
	run 0 coffer 'ha l'
	run 1 at_group 'partition showpolicies'
	run 2 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	has err 'a member of group "G" already'
	run 2 coffer 'hagroup addmember -group H -slot 1 -password co-password'
	has err 'no group "H"'
}

# row 56
ha_existing() {
	ha_cards coffer coffer
	run 0 coffer 'slot set -slot 0; role login -name co -password co-password;
		object generate aes -label before'
	# Nobody can answer: nothing is asked, nothing is done.
	run 2 coffer 'hagroup creategroup -label G -slot 0 -password co-password'
	has err '1 objects: give -existing copy or -existing remove'
	run 1 coffer 'hagroup creategroup -label G -slot 0 -password co-password -existing quit'
	has err 'nothing was done'
	run 0 coffer -o json 'hagroup listgroups'
	same "$(json out 'd[0]["data"]["groups"]')" '[]'
	same "$(objects_on 0)" 1
	run 0 coffer 'hagroup creategroup -label G -slot 0 -password co-password -existing copy'
	same "$(objects_on 0)" 1
	run 0 coffer 'hagroup deletegroup -label G'
	same "$(objects_on 0)" 1
	run 0 coffer 'hagroup creategroup -label G -slot 0 -password co-password -ex remove -f'
	same "$(objects_on 0)" 0
}

# rows 58, 59
ha_sync() {
	ha_cards coffer coffer
	group G 0 1
	needs() {
		run 0 coffer -o json 'hagroup listgroups -password co-password'
		same "$(json out 'd[-1]["data"]["groups"][0]["needs_sync"]')" "$1"
	}
	needs no
	run 0 coffer 'slot set -slot 1; role login -name co -password co-password;
		object generate aes -label alone'
	needs yes
	run 0 coffer 'hagroup check -group G -password co-password'
	has out 'object "alone" of member [0-9]+ is missing'
	run 0 coffer 'hagroup synchronize -group G -password co-password'
	has out 'Cloned +->  1'
	needs no
	same "$(objects_on 0)" 1
	run 0 coffer 'hagroup check -group G -password co-password'
	has out 'Differences +->  0'
	run 4 coffer 'hagroup synchronize -group G -password wrong-word'
	# Without a password the rest is shown.
	run 0 coffer 'hagroup listgroups'
	has out 'Needs sync +->  unknown'
	# New keys stay on the primary while replication is off.
	run 0 coffer 'hagroup synchronize -group G -disable'
	run 0 at_group 'object generate aes -label primary-only'
	same "$(objects_on 1)" 1
	run 0 coffer 'hagroup synchronize -group G -enable'
}

# The number is the first member's for good, whoever goes.
ha_number() {
	local number
	ha_cards coffer coffer
	number=1$(serial_of 0)
	group G 0 1
	run 0 coffer "hagroup removemember -group G -serialnumber $(serial_of 0)"
	run 0 coffer -o json 'hagroup listgroups'
	same "$(json out 'd[0]["data"]["groups"][0]["number"]')" "$number"
	same "$(json out 'd[0]["data"]["groups"][0]["slot"]')" 9100
	run 0 at_group 'object generate aes -label here'
	same "$(objects_on 0)" 0
	same "$(objects_on 1)" 1
}

# row 62
ha_standby() {
	ha_cards coffer coffer
	group G 0 1
	run 0 coffer 'hagroup addstandby -group G -slot 1'
	run 0 coffer 'hagroup listgroups'
	has out 'Standby Members +->  [0-9]'
	run 5 coffer 'hagroup addstandby -group G -slot 0'
	has err 'last active member'
	run 0 at_group 'object generate aes -label both'
	same "$(objects_on 1)" 1
	mv 0.coffer away
	COFFER_CARDS=1.coffer run 0 coffer -o json \
		'hagroup listgroups'
	same "$(json out '[m["status"] for m in d[0]["data"]["groups"][0]["members"]]')" \
		"['down', 'alive']"
	COFFER_CARDS=1.coffer run 0 at_group 'object generate aes -label alone'
	mv away 0.coffer
	run 0 coffer 'hagroup synchronize -group G -password co-password'
	same "$(objects_on 0)" 2
	run 0 coffer 'hagroup removestandby -group G -slot 1'
	run 0 coffer 'hagroup listgroups'
	has out 'Standby Members +->  <none>'
}

# rows 54, 57, 66, 67, 94
ha_rules() {
	ha_cards pcie-6.24 pcie-7.8 coffer
	run 4 coffer 'hagroup creategroup -label G -slot 0 -password wrong-word'
	has err 'does not accept'
	# The newer one may join the older one, not the other way round.
	group N 1
	run 5 coffer 'hagroup addmember -group N -slot 0 -password co-password'
	has err 'cannot serve an older member'
	run 0 coffer 'hagroup deletegroup -label N'
	group G 0
	printf 'Misc = {\n   PE1746Enabled = 1;\n}\n' >>coffer.conf
	run 5 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	has err 'PE1746Enabled'
	sed -i 's/PE1746Enabled = 1/PE1746Enabled = 0/' coffer.conf
	run 4 coffer 'hagroup addmember -group G -slot 1 -password wrong-word'
	has err 'does not accept'
	run 0 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	has err 'warning: .*firmware 7.8.0, on the primary 6.24.0'
	has err 'warning: .*policy'
	# A mechanism that one of them lacks is none of the group's.
	date >data
	run 0 coffer "slot set -slot 9100; role login -name 'Crypto Officer' -password co-password;
		object generate rsa -label r; object sign -label r -in data -out sig"
	same "$(objects_on 1)" 2
	run 1 coffer "slot set -slot 9100; role login -name 'Crypto Officer' -password co-password;
		object generate ed25519 -label e"
	has err 'MECHANISM|mechanism'
	# Warned about policies, too, among cards of one model.
	run 0 coffer 'hagroup check -group G -password co-password'
	has out 'firmware 7.8.0, on the primary'
}

# A member that could never get a key is none, and one that is in the file all the same is named
# before anything moves: which side, and what to type.
ha_refused() {
	local other second_domain=E
	ha_cards coffer coffer
	other=$(serial_of 1)
	group G 0
	run 5 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	same "$(grep -vc 'a secret on the command line' err)" 1 'lines'
	has err "to $other \(target\): source and target share no domain"
	sed -i "s/Members = .*/Members = $(serial_of 0),$other;/" coffer.conf
	run 0 coffer 'slot set -slot 0; role login -name co -password co-password;
		object generate aes -label alone'
	run 5 coffer 'hagroup synchronize -group G -password co-password'
	same "$(grep -vc 'a secret on the command line' err)" 1 'lines'
	has err "nothing was synchronized: from member $(serial_of 0) \(source\) to member $other"
	has err 'share no domain: see partition domainlist on both, and partition domainadd'
	same "$(objects_on 1)" 0
	run 0 coffer "hagroup removemember -group G -serialnumber $other"
	run 0 coffer "slot set -slot 1; role login -name po -password po-password;
		partition changepolicy -policy 0,4 -value 0,0 -force"
	run 5 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	same "$(grep -vc 'a secret on the command line' err)" 1 'lines'
	has err "policy 0 is off on $other: its po has to turn it on, partition changepolicy"
}

# row 63
ha_cloud() {
	ha_cards pcie-7.8 cloud-2.0
	group G 0 1
	run 0 coffer -o json 'hagroup listgroups'
	same "$(json out 'd[0]["data"]["groups"][0]["standby_members"]')" "$(serial_of 1)"
	run 0 coffer "hagroup removemember -group G -slot 1"
	printf 'Toggles = {\n   lunacm_cv_ha_ui = 0;\n}\n' >>coffer.conf
	run 0 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	run 0 coffer -o json 'hagroup listgroups'
	same "$(json out 'd[0]["data"]["groups"][0]["standby_members"]')" ''
	run 0 at_group 'object generate aes -label shared'
	same "$(objects_on 1)" 1
}

# What members with and without FIPS mode have in common is what the group does.
# rows 65, 66
ha_fips() {
	ha_cards pcie-7.8 pcie-7.8
	run 0 coffer "slot set -slot 1; role login -name po -password po-password;
		partition changepolicy -policy 43 -value 0 -force"
	printf 'Coffer = {\n   ClientVersion = 10.3.0;\n}\n' >coffer.conf
	group G 0
	run 5 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	has err 'client 10.4.0'
	sed -i 's/10\.3\.0/10.4.0/' coffer.conf
	run 0 coffer 'hagroup addmember -group G -slot 1 -password co-password'
	has err 'warning: .*approved algorithms only.*keys that it cannot take'
	run 0 at_group 'object generate ec -label ours; object generate aes -label ours'
	same "$(objects_on 1)" 3
	# Ed25519 is none of FIPS mode.
	run 0 at_group 'object generate ed25519 -label theirs'
	same "$(objects_on 0)" 5
	same "$(objects_on 1)" 3
	date >data
	run 0 at_group 'object sign -label ours -in data -out sig;
		object export-public -label ours -file key.pem'
	openssl dgst -sha256 -verify key.pem -signature sig data >/dev/null
	run 1 at_group 'object sign -label theirs -in data -out sig'
	has err 'MECHANISM|mechanism'
	# What the other one makes comes, too.
	mv 0.coffer away
	COFFER_CARDS=1.coffer run 0 at_group 'object generate aes -label strict'
	mv away 0.coffer
	run 6 coffer 'hagroup synchronize -group G -password co-password'
	same "$(objects_on 0)" 6
	same "$(objects_on 1)" 4
}

# A partition with a PED and a service that stands by for it.
# row 64
ha_ped_cloud() {
	take_ped p
	export COFFER_CONFIG=$PWD/coffer.conf COFFER_CARDS=p.coffer
	keep_on p.coffer
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 22 -value 1;
		role createchallenge -name co -challengesecret co-password-9"
	run 0 coffer "$(by_key 0)"
	make_card cloud.coffer cloud-2.0
	coffer --cards cloud.coffer ped connect ped >/dev/null
	COFFER_CARDS=p.coffer,cloud.coffer
	run 0 coffer "slot set -slot 1; partition init -label c -password po-password \
		-importpeddomain -force; role login -name po -password po-password;
		role init -name co -password co-initial; role logout;
		role login -name co -password co-initial;
		role changepw -name co -oldpw co-initial -newpw co-password-9"
	printf 'Coffer = {\n   ClientVersion = 10.4.0;\n}\n' >coffer.conf
	run 0 coffer 'hagroup creategroup -label G -slot 0 -password co-password-9'
	run 5 coffer 'hagroup addmember -group G -slot 1 -password co-password-9'
	has err 'client 10.5.0'
	run 0 coffer 'hagroup listgroups'
	lacks out "$(serial_of 1).*alive"
	sed -i 's/10\.4\.0/10.5.0/' coffer.conf
	run 0 coffer 'hagroup addmember -group G -slot 1 -password co-password-9'
	run 0 coffer 'slot set -slot 9100; role login -name co -password co-password-9;
		object generate ec -label shared'
	date >data
	mv p.coffer away
	COFFER_CARDS=cloud.coffer run 0 coffer 'slot set -slot 9100;
		role login -name co -password co-password-9;
		object sign -label shared -in data -out sig;
		object export-public -label shared -file key.pem'
	openssl dgst -sha256 -verify key.pem -signature sig data >/dev/null
}

# row 49
ha_ped() {
	take_ped p
	local create='hagroup creategroup -label G -slot 0 -password challenge-1 -existing copy'
	export COFFER_CONFIG=$PWD/coffer.conf COFFER_CARDS=p.coffer
	keep_on p.coffer
	run 5 coffer "$create"
	has err 'not activated: as po, partition changepolicy -policy 22 -value 1'
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 22 -value 1"
	run 5 coffer "$create"
	has err 'no challenge secret'
	run 0 coffer "$(by_key 0 po); role createchallenge -name co -challengesecret challenge-1"
	run 5 coffer "$create"
	has err 'with the key'
	run 0 coffer "$(by_key 0)"
	run 0 coffer "$create"
	run 0 coffer 'slot set -slot 9100; role login -name co -password challenge-1;
		object generate aes -label k'
}

ha_settings() {
	ha_cards coffer
	run 0 coffer 'hagroup retry -count -1; ha interval 90; ha recoverymode activeBasic;
		hagroup halog -path ha.log -enable; hagroup haonly -show'
	run 0 coffer 'hagroup listgroups'
	has out 'HA auto recovery +->  enabled'
	has out 'recovery retry +->  infinite'
	has out 'interval .*->  90'
	has out 'HA recovery mode +->  activeBasic'
	has out 'HA logging +->  enabled'
	for wrong in 'retry 501' 'retry x' 'interval 59' 'interval 1201' 'recoverymode other' \
		'haonly' 'haonly -enable -disable'; do
		run 2 coffer "hagroup $wrong"
		one_line
	done
	group G 0
	run 0 coffer 'hagroup haonly -enable'
	run 0 coffer -o json 'slot list'
	same "$(json out '[s["slot"] for s in d[0]["data"]["slots"]]')" '[9100]'
	run 0 coffer 'hagroup haonly -disable; slot list'
	has out 'Slot Id +->  9000'
}

# row 96
ha_config() {
	ha_cards coffer
	cat >client.conf <<-END
		# remark
		Chrystoki2 = {
		   LibUNIX64 = /usr/lib/libCryptoki2_64.so;
		}
		VirtualToken = {
		   VirtualToken03Label = theirs;
		   VirtualToken03SN = 1$(serial_of 0);
		   VirtualToken03Members = $(serial_of 0);
		}
		HAConfiguration = {
		   reconnAtt = 12;
		}
	END
	run 0 coffer 'clientconfig import client.conf'
	has out 'Chrystoki2.LibUNIX64'
	lacks out 'VirtualToken03'
	run 0 coffer 'hagroup listgroups'
	has out 'HA Group Slot ID +->  9103'
	has out 'recovery retry +->  12'
	run 0 coffer 'clientconfig show'
	has out coffer.conf
	# Remarks and what nobody here knows survive a change.
	echo '# mine' >>coffer.conf
	run 0 coffer 'hagroup retry -count 3'
	has coffer.conf '^# mine$'
	# Malformed: one line that says where, and slots are there all the same.
	printf 'HAConfiguration = {\n\treconnAtt = 1;\n}\n' >coffer.conf
	run 2 coffer 'hagroup listgroups'
	one_line
	has err 'coffer.conf:2: a TAB'
	run 0 coffer 'slot list'
	has out 'Slot Id +->  0'
	run 2 coffer 'clientconfig import nowhere.conf'
	one_line
}
