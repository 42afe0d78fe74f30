# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the migration procedures share: the machines and their cards, what an operator types, and
# what has to be true at the end. Sourced by mNN.sh, which tests/e2e/migration/run starts with
# MIGRATION_CARDS (profiles of source, target and backup card) and a folder of its own,
# MIGRATION_STATE: what people carry from machine to machine.
set -euE

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
COFFER=${COFFER:-${COFFER_BUILD:-$top/build}/bin/coffer}
export COFFER LC_ALL=C.UTF-8
state=${MIGRATION_STATE:?start it with tests/e2e/migration/run}
# shellcheck disable=SC2034 # target: by its name, in prepare
read -r source target backup <<<"${MIGRATION_CARDS:?}"
phase=${1:-all}
# MIGRATION_PED: roles have PED keys, and the domain is a red one; "group": they stay activated.
ped=${MIGRATION_PED-}
domain='the domain of the old card'
cd "$state"
export COFFER_CONFIG=$state/coffer.conf COFFER_BLANKS=${COFFER_BLANKS:-$state}

say() { printf '%s\n' "$*" >&2; }
fail() {
	say "failed: $*"
	exit 1
}
trap 'say "stopped at line $LINENO: $BASH_COMMAND"' ERR

# Does this start of the script do that part? In guests each machine is one of its own.
does() { [ "$phase" = all ] || [ "$phase" = "$1" ]; }

# ---- Machines and their cards ------------------------------------------------------

closed() {
	local card
	for card; do
		flock -w 20 "$card/lock" true || fail "$card is still in use"
	done
}

# machine NAME CARD...: what is typed next is typed there. In a guest the cards are plugged in, in
# this order; else they are folders in the machine's own, and are carried there from where they
# are now.
machine() {
	local name=$1 card cards=()
	shift
	mkdir -p "$name"
	for card; do
		cards+=("$name/$card.coffer")
		[ -z "${COFFER_GUEST-}" ] || continue
		[ -d "$name/$card.coffer" ] && continue
		closed ./*/"$card.coffer"
		mv ./*/"$card.coffer" "$name/"
	done
	export COFFER_CARDS
	COFFER_CARDS=$(IFS=, && echo "${cards[*]}")
	[ -z "${COFFER_GUEST-}" ] || unset COFFER_CARDS
}

# The commands on standard input, as an operator types them; the screen goes to ./screen.
typed() {
	timeout 600 "$COFFER" --non-interactive --echo -f - >screen 2>&1 || {
		tail -n 40 screen >&2
		fail "status $? of what was typed"
	}
	cat screen >>transcript
}

shows() {
	grep -qE -- "$1" screen || {
		tail -n 60 screen >&2
		fail "the screen does not show: $1"
	}
}

# ---- Generations -------------------------------------------------------------------

# Firmware before 6.22 has no roles but the SO and "partition login".
is_old() { case $1 in *-5 | *-5.* | *-6.10.* | *-6.21.*) ;; *) return 1 ;; esac }

log_in_source() {
	if [ -n "$ped" ]; then
		echo 'role login -name "Crypto Officer" -password co-password-0'
		return
	fi
	if is_old "$source"; then
		echo 'partition login -password co-password-0'
	else
		echo 'role login -name "Crypto Officer" -password co-password-0'
	fi
}

# The same with PED keys. The challenge is for groups: there the roles stay activated.
key_holders() { # SLOT PO CO
	cat <<-END
		slot set -slot $1
		partition init -label part$1 -force
		role login -name $2
		role init -name $3
	END
	[ "$ped" != group ] || cat <<-END
		partition changepolicy -policy 22,23 -value 1,1
		role createchallenge -name $3 -challengesecret co-initial-0
		role logout
		role login -name $3
		role changepw -name $3 -oldpw co-initial-0 -newpw co-password-0
	END
	echo role logout
}

# A partition with a Crypto Officer on a card with PPSO, by the roles' names there.
officers() { # SLOT PO CO [PASSWORD]
	local password=${4:-co-password-$1}
	if [ -n "$ped" ]; then
		key_holders "$1" "$2" "$3"
		return
	fi
	cat <<-END
		slot set -slot $1
		partition init -label part$1 -password po-password-$1 -domain "$domain" -force
		role login -name $2 -password po-password-$1
		role init -name $3 -password co-initial-$1
		role logout
		role login -name $3 -password co-initial-$1
		role changepw -name $3 -oldpw co-initial-$1 -newpw $password
		role logout
	END
}

prepare_destination() { officers "$1" po co "${2-}"; } # SLOT [PASSWORD]

furnish_source() {
	if ! is_old "$source"; then
		officers 0 '"Partition SO"' '"Crypto Officer"'
		return
	fi
	cat <<-END
		slot set -slot 9000
		hsm init -label old -password so-password -domain "$domain" -force
		role login -name so -password so-password
		slot set -slot 0
		partition init -label part0 -password co-password-0 -domain "$domain" -force
	END
}

# ---- Before and after --------------------------------------------------------------

keys='rsa2048 p256 p384 mac aes'

# One PED for all cards, and in it one key of each colour that is needed.
hang_ped() { # CARD
	local color
	"$COFFER" --cards "$1" ped connect "$state/ped" >/dev/null
	closed "$1"
	[ ! -f blue.key ] || return 0
	for color in blue black red; do
		"$COFFER" ped key create $color.key -color $color >/dev/null
		"$COFFER" ped insert $color.key -ped "$state/ped" >/dev/null
	done
}

# What the source is before anybody thinks of migration: keys in use, and their public halves with
# those who verify.
prepare() {
	local n=0
	mkdir -p drawer
	for card in source target backup; do
		n=$((n + 1))
		[ -n "${!card-}" ] || continue
		"$top/tests/e2e/blank-card" drawer/$card.coffer $n "${!card}" ${ped:+-auth ped} \
			2>/dev/null || fail "no card ${!card}"
		[ -z "$ped" ] || hang_ped drawer/$card.coffer
	done
	machine drawer source
	date >data
	typed <<-END
		$(furnish_source)
		slot set -slot 0
		$(log_in_source)
		object generate rsa -size 2048 -label rsa2048
		object generate ec -curve p256 -label p256
		object generate ec -curve p384 -label p384
		object generate generic -label mac
		object generate aes -label aes
		object import data -file data -label paper -private
		object export-public -label rsa2048 -file rsa2048.pem
		object export-public -label p256 -file p256.pem
		object export-public -label p384 -file p384.pem
		object sign -label mac -in data -out mac.sig
	END
	# Firmware 5 has no CMAC: what an AES key of it does nobody can see here.
	"$COFFER" "slot set -slot 0; $(log_in_source);
		object sign -label aes -in data -out aes.sig" >/dev/null 2>&1 || keys=${keys% aes}
	echo "$keys" >keys
	objects 0 "$(log_in_source)" >objects.source
	[ -z "$backup" ] || {
		machine drawer backup
		typed <<-END
			slot set -slot 0
			hsm init -label vault -force $([ -n "$ped" ] ||
				echo '-password vault-password -domain vault')
		END
	}
	closed drawer/*.coffer
}

# Identity, class, type and label of every object.
objects() { # SLOT LOGIN
	"$COFFER" -o json "slot set -slot $1; $2; partition contents" 2>/dev/null |
		python3 -c '
import json, sys
last = [json.loads(line) for line in sys.stdin][-1]
for o in sorted(last["data"]["objects"], key=lambda o: o["ouid"]):
    print(o["ouid"], o["class"], o["key_type"], o["label"])'
}

signed() { # KEY
	case $1 in
	rsa*) openssl dgst -sha256 -verify "$1.pem" -signature "new-$1.sig" data ;;
	p256) openssl dgst -sha256 -verify "$1.pem" -signature "new-$1.sig" data ;;
	p384) openssl dgst -sha384 -verify "$1.pem" -signature "new-$1.sig" data ;;
	*) cmp "$1.sig" "new-$1.sig" ;;
	esac >/dev/null 2>&1 || fail "the signature of $1 is not genuine"
}

# SLOT [PASSWORD]: it has the source's objects, and each key signs as the source's did. The judge is
# openssl, with the public keys that were there before.
migrated() {
	local key login="role login -name co -password ${2:-co-password-$1}"
	objects "$1" "$login" >objects.target
	[ "$(wc -l <objects.target)" -ge 7 ] || fail 'the target has too few objects'
	diff objects.source objects.target >&2 || fail 'other objects than on the source'
	read -ra list <keys
	rm -f new-*.sig
	for key in "${list[@]}"; do
		echo "object sign -label $key -in data -out new-$key.sig"
	done | typed_at "$1" "$login"
	for key in "${list[@]}"; do signed "$key"; done
	say "$(wc -l <objects.target) objects on both sides, ${#list[@]} signatures genuine"
}

typed_at() { # SLOT LOGIN
	{ printf '%s\n' "slot set -slot $1" "$2" && cat; } | typed
}

# The source's card is reset, and nothing is on it any more (row 83).
retired() {
	local login=''
	is_old "$source" && login='role login -name so -password so-password'
	typed <<-END
		slot set -slot 9000
		$login
		hsm factoryreset -force
		hsm showinfo
	END
	shows 'not initialised'
	! "$COFFER" "slot set -slot 0; $(log_in_source)" >/dev/null 2>&1 ||
		fail 'the source still lets its officer in'
}
