# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Cards of older generations at the command line: logins, mechanisms, RSA keys in FIPS mode.

# row 79
old_partition_login() {
	make_card old.coffer pcie-6.21.2
	export COFFER_CARDS=old.coffer
	run 0 coffer 'slot set -slot 9000;
		hsm init -label old -password so-password -domain D -force;
		role login -name so -password so-password; slot set -slot 0;
		partition init -label p -password co-password -domain D -force'
	run 1 coffer 'slot set -slot 0; role login -name co -password co-password'
	has err 'partition login'
	run 0 coffer 'slot set -slot 0; partition login -password co-password;
		object generate aes -label k; partition contents; partition logout'
	has out 'Number of objects +-> +1$|Number of objects: 1$'
	make_card new.coffer pcie-6.24
	export COFFER_CARDS=new.coffer
	run 1 coffer 'slot set -slot 0; partition login -password co-password'
	has err 'role login -name co'
}

# row 92
old_mechanism_sizes() {
	make_card old.coffer pcie-7.4
	export COFFER_CARDS=old.coffer
	run 0 coffer -o json 'slot set -slot 0; partition showmechanism -m 0x1'
	same "$(json out '[(x["min"], x["max"]) for x in d[-1]["data"]["mechanisms"]]')" \
		'[(2048, 4096)]'
	make_card six.coffer pcie-6.24
	export COFFER_CARDS=six.coffer
	run 0 coffer -o json 'slot set -slot 0; partition showmechanism -m 0x1'
	same "$(json out '[(x["min"], x["max"]) for x in d[-1]["data"]["mechanisms"]]')" \
		'[(1024, 4096)]'
}
