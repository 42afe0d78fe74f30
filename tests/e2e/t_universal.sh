# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The four procedures of universal cloning (behaviour.md section 13), step by step: a look at the
# protocol, a domain in common, the clone, and what becomes of the extra domain.
# Card 0 is the source, card 1 the target. Cards with a PED share the one in ./ped.

# Both, before anything is on them. SIDE as for uni_begin.
uni_cards() { # SIDE...
	local n=0 side
	for side; do
		case $side in
		*:ped) ped_card c$n.coffer "${side%:ped}" ;;
		*) make_card c$n.coffer "${side%%=*}" ;;
		esac
		n=$((n + 1))
	done
	ped_keys blue black red
	insert blue && insert black && insert red
	export COFFER_CARDS=c0.coffer,c1.coffer
	date >data
}

# Names of PO and CO: firmware 6 wants them in full.
uni_name() { # ROLE FULL
	case $1$2 in
	pofull) echo '"Partition SO"' ;;
	cofull) echo '"Crypto Officer"' ;;
	*) echo "$1" ;;
	esac
}

# A partition with passwords and this domain (none: that of a red key), and a Crypto Officer.
uni_password() { # SLOT DOMAIN [full]
	local po co domain="-domain \"$2\""
	[ -n "$2" ] || domain=-importpeddomain
	po=$(uni_name po "${3-}") co=$(uni_name co "${3-}")
	cat <<-END
		slot set -slot $1
		partition init -label part$1 -password po-password-$1 $domain -force
		role login -name $po -password po-password-$1
		role init -name $co -password co-initial-$1
		role logout
		role login -name $co -password co-initial-$1
		role changepw -name $co -oldpw co-initial-$1 -newpw co-password-$1
		role logout
	END
}

# A partition with keys: blue, black, red.
uni_ped() { # SLOT
	cat <<-END
		slot set -slot $1
		partition init -label part$1 -force
		role login -name po
		role init -name co
		role logout
	END
}

pw() { # SLOT ROLE [full]
	echo "slot set -slot $1; role login -name $(uni_name "$2" "${3-}") -password $2-password-$1"
}

# uni_set_up SIDE...: a partition and its roles on each; the commands that log in there are
# in co_of and po_of from then on.
uni_set_up() {
	local n=0 side full
	co_of=() po_of=()
	for side; do
		full=''
		case $side in pcie-6*) full=full ;; esac
		case $side in
		*:ped)
			uni_ped $n
			co_of[n]=$(by_key $n) po_of[n]=$(by_key $n po)
			;;
		*)
			uni_password $n "${side#*=}" $full
			co_of[n]=$(pw $n co $full) po_of[n]=$(pw $n po $full)
			;;
		esac
		n=$((n + 1))
	done >script
	run 0 coffer -f script
}

# A key pair and a key on the source, and the public key outside.
uni_keys() {
	run 0 coffer "${co_of[0]}; object generate rsa -size 2048 -label signer;
		object generate aes -label secret;
		object export-public -label signer -file signer.pem; partition contents"
}

# uni_begin SOURCE TARGET: each PROFILE:ped, or PROFILE=DOMAIN with passwords. $clone clones
# all to the target.
uni_begin() {
	uni_cards "$@"
	uni_set_up "$@"
	uni_keys
	clone='partition clone -objects all -slot 1'
	case $2 in *:ped) ;; *) clone+=' -password co-password-1' ;; esac
}

uni_list() { # SIDE
	coffer -o json "${co_of[$1]}; partition contents" >list.json 2>/dev/null
	json list.json 'sorted((o["ouid"], o["class"], o["key_type"], o["label"])
		for o in d[-1]["data"]["objects"])'
}

# The clone's signature is good for who has the source's public key.
uni_signs() {
	rm -f clone.sig
	run 0 coffer "${co_of[1]}; object sign -label signer -in data -out clone.sig"
	openssl_verify signer.pem clone.sig data rsa
}

# Row 42's proof: equal lists, and the clone signs for the source's public key.
uni_equal() {
	local list
	list=$(uni_list 0)
	same "$(uni_list 1)" "$list" 'objects of target and source'
	[ "$(grep -o signer <<<"$list" | wc -l)" = 2 ] || fail "no key pair in: $list"
	uni_signs
}

uni_moves() { # PROTOCOL
	run 0 coffer "${co_of[0]}; $clone"
	has out "^    Protocol: $1\$"
	has out '^    3 objects cloned, 0 existed, 0 refused$'
	uni_equal
}

# The Partition SO of this side takes the other's text as a domain of its own.
uni_share() { # SIDE TEXT
	run 0 coffer "${po_of[$1]}; partition changepolicy -policy 44 -value 1;
		partition domainadd -domain '$2' -domainlabel shared"
}

# After the extra domain is gone nothing new comes, and what came stays (rows 35, 39).
uni_unshare() { # SIDE [COMMANDS]
	run 0 coffer "${po_of[$1]}; ${2-} partition domaindelete -domainlabel shared -force"
	run 0 coffer "${co_of[0]}; object generate aes -label late"
	run 5 coffer "${co_of[0]}; $clone"
	uni_signs
}

# A domain added on one side for the time of the clone.
uni_by_text() { # SIDE TEXT
	uni_share "$1" "$2"
	uni_moves CPv4
	uni_unshare "$1"
}

# rows 3, 42
uni_1() {
	uni_begin 'pcie-7.8=text of the source' pcie-7.8:ped
	run 0 coffer "${co_of[0]}; partition showpolicies; slot set -slot 1;
		partition showpolicies"
	same "$(grep -c '^ *42 .* 0 ' out)" 2 'neither side forces CPv1'
	run 5 coffer "${co_of[0]}; $clone"
	has err 'give the target policy 44'
	uni_share 1 'text of the source'
	uni_moves CPv4
	run 0 coffer "${co_of[0]}; $clone"
	has out '^    0 objects cloned, 3 existed, 0 refused$'
	# Kept, over a power cycle of the card; then deleted.
	run 0 coffer "${co_of[1]}; partition domainlist"
	has out '^ *shared +text +no$'
	uni_unshare 1
}

# Older sources know one domain and meet the target's primary one.
uni_1_old() { # PROFILE
	uni_begin "$1=text of the source" pcie-7.8:ped
	run 0 coffer "${po_of[1]}; partition domainchangelabel -newlabel own"
	uni_share 1 'text of the source'
	run 5 coffer "${co_of[0]}; $clone"
	has err 'domains differ'
	run 0 coffer "${po_of[1]}; partition domainchangelabel -domainlabel shared -primary"
	uni_moves CPv1
	uni_unshare 1 'partition domainchangelabel -domainlabel own -primary;'
}

# rows 21, 42
uni_1_from_6() {
	uni_1_old pcie-6.24
}

# rows 21, 42
uni_1_from_7() {
	uni_1_old pcie-7.4
}

# row 42
uni_2() {
	uni_begin pcie-7.8:ped 'pcie-7.8=text of the target'
	uni_by_text 0 'text of the target'
}

# rows 37, 42
uni_2_from_7() {
	uni_begin pcie-7.4:ped 'pcie-7.8=text of the target'
	# The one PED goes to the target, where its red key is read, and back.
	run 0 coffer "ped disconnect; slot set -slot 1; ped connect ped; ${po_of[1]};
		partition changepolicy -policy 44 -value 1;
		partition domainchangelabel -newlabel own;
		partition domainadd -domainped -domainlabel shared -primary; ped disconnect;
		slot set -slot 0; ped connect ped"
	uni_moves CPv1
	uni_unshare 1 'partition domainchangelabel -domainlabel own -primary;'
}

# row 42
uni_3() {
	uni_begin 'cloud-2.0=text of the service' pcie-7.8:ped
	uni_by_text 1 'text of the service'
}

# row 42
uni_4_ped() {
	uni_begin pcie-7.8:ped 'cloud-2.0=text of the service'
	uni_by_text 0 'text of the service'
}

# row 42
uni_4_password() {
	uni_begin 'pcie-7.8=own text' 'cloud-3.0=text of the service'
	uni_by_text 0 'text of the service'
}

# row 30
uni_both_ways() {
	uni_begin 'pcie-7.8=common text' pcie-7.8:ped
	uni_share 1 'common text'
	uni_moves CPv4
	run 0 coffer "${co_of[1]}; object generate aes -label back;
		partition clone -objects all -slot 0 -password co-password-0"
	has out '^    Protocol: CPv4$'
	has out '^    1 object cloned, 3 existed, 0 refused$'
	uni_equal
}

# row 41
uni_cloud_red_key() {
	uni_cards pcie-7.4:ped cloud-2.0
	run 2 coffer 'slot set -slot 1; partition init -label x -password po-password-1
		-domain D -importpeddomain -force'
	run 0 coffer 'ped connect ped -slot 1'
	uni_set_up pcie-7.4:ped cloud-2.0=
	uni_keys
	clone='partition clone -objects all -slot 1 -password co-password-1'
	uni_moves CPv1
}
