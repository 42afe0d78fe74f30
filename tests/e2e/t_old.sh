# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Cards of older generations at the command line: logins, mechanisms, RSA keys in FIPS mode.

# One card of this profile, in slots 9000 and 0.
old_card() { # PROFILE
	make_card "$1.coffer" "$1"
	export COFFER_CARDS=$1.coffer
}

# row 79
old_partition_login() {
	local profile
	for profile in pcie-5.22 pcie-6.21.2; do
		old_card $profile
		run 0 coffer 'slot set -slot 9000;
			hsm init -label old -password so-password -domain D -force;
			role login -name so -password so-password; slot set -slot 0;
			partition init -label p -password co-password -domain D -force'
		run 1 coffer 'slot set -slot 0; role login -name co -password co-password'
		has err 'partition login'
		run 4 coffer 'slot set -slot 0; partition login -password wrong-one'
		run 0 coffer 'slot set -slot 0; partition login -password co-password;
			object generate aes -label k; partition contents; partition logout'
		has out 'Number of objects +-> +1$|Number of objects: 1$'
	done
	for profile in pcie-6.24 pcie-7.4; do
		old_card $profile
		run 1 coffer 'slot set -slot 0; partition login -password co-password'
		has err 'role login -name co'
	done
}

# sizes MIN [OPTION...]: of RSA_PKCS, as partition showmechanism tells them
sizes() {
	local min=$1
	shift
	run 0 coffer -o json "slot set -slot 0; partition showmechanism $*"
	same "$(json out '[(x["min"], x["max"]) for x in d[-1]["data"]["mechanisms"]
		if x["name"] == "RSA_PKCS"]')" "[($min, 4096)]" "sizes of $COFFER_CARDS"
}

# row 92
old_mechanism_sizes() {
	old_card pcie-6.24
	sizes 1024 -m 0x1
	old_card pcie-7.4
	sizes 2048 -m 0x1
	run 0 coffer 'slot set -slot 0; partition showmechanism -m 0x1'
	same "$(grep -c '^ *0x' out)" 1 'mechanisms shown'
	old_card cloud-3.0-fips
	sizes 2048 -m 0x1
	# The list of all says the same.
	sizes 2048
	run 2 coffer 'slot set -slot 0; partition showmechanism -m nosuch'
}

# row 95
old_rsa_remap() {
	local po='slot set -slot 0; role login -name po -password po-password'
	local co='slot set -slot 0; role login -name co -password co-password'
	make_card n.coffer pcie-7.8
	export COFFER_CARDS=n.coffer
	run 0 coffer "slot set -slot 0;
		partition init -label p -password po-password -domain D -force; $po;
		partition changepolicy -policy 43 -value 0; role init -name co -password first-pin;
		role logout; role login -name co -password first-pin;
		role changepw -name co -oldpw first-pin -newpw co-password"
	# Switched off there is no key; else the same call makes one by FIPS 186-3.
	COFFER_RSA_REMAP=0 run 1 coffer "$co; object generate rsa -label r"
	has out 'CKR_MECHANISM_INVALID'
	run 0 coffer -o json "$co; object generate rsa -label r; object show -handle 2"
	same "$(json out 'hex(d[-1]["data"]["CKA_KEY_GEN_MECHANISM"])')" 0x80000142
}
