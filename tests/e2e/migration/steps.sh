# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The methods, as typed. Slots: 0 source, 1 destination, 2 backup card, unless said.

archive='-partition migration -password archive-password'
# shellcheck disable=SC2154 # domain: lib.sh
new_archive="$archive -sopassword vault-password -domain \"$domain\""
# With a PED the secrets are on keys, and the archive's domain is the red one.
# shellcheck disable=SC2154 # ped: lib.sh
[ -z "$ped" ] || archive='-partition migration' new_archive='-partition migration'

# One host has all three cards.
by_backup() {
	machine host source target backup
	typed <<-END
		slot list
		$(prepare_destination 1)
		slot set -slot 0
		$(log_in_source)
		partition contents
		partition archive backup -slot 2 $new_archive
		partition archive list -slot 2
		partition archive verify -slot 2 $archive
		slot set -slot 1
		role login -name co -password co-password-1
		partition archive restore -slot 2 $archive
		partition contents
		partition archive verify -slot 2 $archive
	END
	shows '^    Configuration +->  .*backup card'
	shows '^    migration  .* 9$'
	shows '^    9 objects backed up, 0 existed, 0 refused$'
	shows '^    9 objects restored, 0 existed, 0 refused$'
	[ "$(grep -c '^    9 objects the same on both sides' screen)" = 2 ] || fail 'verify'
	migrated 1
	retired
}

by_clone() {
	machine host source target
	typed <<-END
		slot list
		slot set -slot 0
		partition showpolicies
		$(prepare_destination 1)
		slot set -slot 0
		$(log_in_source)
		partition contents
		partition clone -objects 0 -slot 1 -password co-password-1
		slot set -slot 1
		role login -name co -password co-password-1
		partition contents
	END
	shows '^    9 objects cloned, 0 existed, 0 refused$'
	migrated 1
	# The report that one command gives of the whole.
	typed <<-END
		slot set -slot 0
		$(log_in_source)
		migrate -from 0 -to 1 -password co-password-1
	END
	shows '^    5 keys did the same on both sides, 0 did not'
	shows '^    The migration is complete'
	retired
}

# A group for as long as it takes: all members have the same password.
by_group() {
	local group='-group migration -password co-password-0'
	machine host source target
	typed <<-END
		slot list
		$(prepare_destination 1 co-password-0)
		slot set -slot 0
		$(log_in_source)
		partition contents
		hagroup creategroup -label migration -slot 0 -password co-password-0 -existing copy
		hagroup addmember $group -slot 1
		hagroup synchronize $group
		hagroup listgroups -password co-password-0
	END
	shows 'Needs sync.* no$'
	typed <<-END
		hagroup deletegroup -label migration
		hagroup listgroups
	END
	migrated 1 co-password-0
	retired
}

# An old host has the source (slot 0) and the backup card (slot 1), a new one the destination
# (slot 0) and, carried there, the backup card (slot 1).
by_carried_backup() {
	if does old; then
		machine old-host source backup
		typed <<-END
			slot list
			slot set -slot 0
			$(log_in_source)
			partition contents
			partition archive backup -slot 1 $new_archive
			partition archive contents -slot 1 $archive
			partition archive verify -slot 1 $archive
		END
		shows '^    9 objects backed up, 0 existed, 0 refused$'
		shows '^    9 objects the same on both sides, 0 different, 0 only'
	fi
	if does new; then
		machine new-host target backup
		typed <<-END
			slot list
			$(prepare_destination 0)
			role login -name co -password co-password-0
			partition archive list -slot 1
			partition archive restore -slot 1 $archive
			partition contents
			partition archive verify -slot 1 $archive
		END
		shows '^    9 objects restored, 0 existed, 0 refused$'
		shows '^    9 objects the same on both sides, 0 different, 0 only'
		migrated 0
	fi
	if does retire; then
		machine old-host source
		retired
	fi
}
