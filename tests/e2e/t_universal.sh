# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The four procedures of universal cloning (behaviour.md section 13), step by step: a look at the
# protocol, a domain in common, the clone, and what becomes of the extra domain.
# Card 0 is the source, card 1 the target. Cards with a PED share the one in ./ped.

# uni_cards SOURCE-PROFILE TARGET-PROFILE: profile, or profile:ped
uni_cards() {
	local n=0 profile
	for profile; do
		case $profile in
		*:ped) ped_card c$n.coffer "${profile%:ped}" ;;
		*) make_card c$n.coffer "$profile" ;;
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

# A partition with passwords and this domain, and a Crypto Officer.
uni_password() { # SLOT DOMAIN [full]
	local po co
	po=$(uni_name po "${3-}") co=$(uni_name co "${3-}")
	cat <<-END
		slot set -slot $1
		partition init -label part$1 -password po-password-$1 -domain "$2" -force
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

# A key pair and a key on the source, and the public key outside.
uni_keys() { # SOURCE-LOGIN
	run 0 coffer "$1; object generate rsa -size 2048 -label signer;
		object generate aes -label secret;
		object export-public -label signer -file signer.pem; partition contents"
}

uni_list() { # LOGIN
	coffer -o json "$1; partition contents" >list.json 2>/dev/null
	json list.json 'sorted((o["ouid"], o["class"], o["key_type"], o["label"])
		for o in d[-1]["data"]["objects"])'
}

uni_signs() { # LOGIN
	rm -f clone.sig
	run 0 coffer "$1; object sign -label signer -in data -out clone.sig"
	openssl_verify signer.pem clone.sig data rsa
}

# Row 42's proof: equal lists, and the clone signs for the source's public key.
uni_equal() { # SOURCE-LOGIN TARGET-LOGIN
	local list
	list=$(uni_list "$1")
	same "$(uni_list "$2")" "$list" 'objects of target and source'
	[ "$(grep -o signer <<<"$list" | wc -l)" = 2 ] || fail "no key pair in: $list"
	uni_signs "$2"
}

uni_protocol() { # PROTOCOL
	has out "^    Protocol: $1\$"
	has out '^    3 objects cloned, 0 existed, 0 refused$'
}

# After the extra domain is gone nothing new comes, and what came stays (rows 35, 39).
uni_deleted() { # SOURCE-LOGIN TARGET-LOGIN CLONE
	run 0 coffer "$1; object generate aes -label late"
	run 5 coffer "$1; $3"
	uni_signs "$2"
}

# row 42
uni_1() {
	uni_cards pcie-7.8 pcie-7.8:ped
	{ uni_password 0 'text of the source' && uni_ped 1; } >script
	run 0 coffer -f script
	uni_keys "$(pw 0 co)"
	local clone='partition clone -objects all -slot 1'
	run 0 coffer "$(pw 0 co); partition showpolicies; slot set -slot 1; partition showpolicies"
	same "$(grep -c '^ *42 .* 0 ' out)" 2 'neither side forces CPv1'
	run 5 coffer "$(pw 0 co); $clone"
	has err 'give the target policy 44'
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainlist;
		partition domainadd -domain 'text of the source' -domainlabel shared"
	run 0 coffer "$(pw 0 co); $clone"
	uni_protocol CPv4
	uni_equal "$(pw 0 co)" "$(by_key 1)"
	run 0 coffer "$(pw 0 co); $clone"
	has out '^    0 objects cloned, 3 existed, 0 refused$'
	# Kept, over a power cycle of the card; then deleted.
	run 0 coffer "$(by_key 1); partition domainlist"
	has out '^ *shared +text +no$'
	run 0 coffer "$(by_key 1 po); partition domaindelete -domainlabel shared -force"
	uni_deleted "$(pw 0 co)" "$(by_key 1)" "$clone"
}

# Older sources know one domain and meet the target's primary one.
uni_1_old() { # PROFILE [full]
	uni_cards "$1" pcie-7.8:ped
	{ uni_password 0 'text of the source' "${2-}" && uni_ped 1; } >script
	run 0 coffer -f script
	uni_keys "$(pw 0 co "${2-}")"
	local clone='partition clone -objects all -slot 1'
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainchangelabel -newlabel own;
		partition domainadd -domain 'text of the source' -domainlabel shared"
	run 5 coffer "$(pw 0 co "${2-}"); $clone"
	has err 'domains differ'
	run 0 coffer "$(by_key 1 po); partition domainchangelabel -domainlabel shared -primary"
	run 0 coffer "$(pw 0 co "${2-}"); $clone"
	uni_protocol CPv1
	uni_equal "$(pw 0 co "${2-}")" "$(by_key 1)"
	run 0 coffer "$(by_key 1 po); partition domainchangelabel -domainlabel own -primary;
		partition domaindelete -domainlabel shared -force"
	uni_deleted "$(pw 0 co "${2-}")" "$(by_key 1)" "$clone"
}

# row 42
uni_1_from_6() {
	uni_1_old pcie-6.24 full
}

# row 42
uni_1_from_7() {
	uni_1_old pcie-7.4
}

# row 42
uni_2() {
	uni_cards pcie-7.8:ped pcie-7.8
	{ uni_ped 0 && uni_password 1 'text of the target'; } >script
	run 0 coffer -f script
	uni_keys "$(by_key 0)"
	local clone='partition clone -objects all -slot 1 -password co-password-1'
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain 'text of the target' -domainlabel shared"
	run 0 coffer "$(by_key 0); $clone"
	uni_protocol CPv4
	uni_equal "$(by_key 0)" "$(pw 1 co)"
	run 0 coffer "$(by_key 0 po); partition domaindelete -domainlabel shared -force"
	uni_deleted "$(by_key 0)" "$(pw 1 co)" "$clone"
}

# rows 37, 42
uni_2_from_7() {
	uni_cards pcie-7.4:ped pcie-7.8
	{ uni_ped 0 && uni_password 1 'text of the target'; } >script
	run 0 coffer -f script
	uni_keys "$(by_key 0)"
	local clone='partition clone -objects all -slot 1 -password co-password-1'
	# The one PED goes to the target, where its red key is read, and back.
	run 0 coffer "ped disconnect; slot set -slot 1; ped connect ped; $(pw 1 po);
		partition changepolicy -policy 44 -value 1;
		partition domainchangelabel -newlabel own;
		partition domainadd -domainped -domainlabel red -primary; ped disconnect;
		slot set -slot 0; ped connect ped"
	run 0 coffer "$(by_key 0); $clone"
	uni_protocol CPv1
	uni_equal "$(by_key 0)" "$(pw 1 co)"
	run 0 coffer "$(pw 1 po); partition domainchangelabel -domainlabel own -primary;
		partition domaindelete -domainlabel red -force"
	uni_deleted "$(by_key 0)" "$(pw 1 co)" "$clone"
}

# row 42
uni_3() {
	uni_cards cloud-2.0 pcie-7.8:ped
	{ uni_password 0 'text of the service' && uni_ped 1; } >script
	run 0 coffer -f script
	uni_keys "$(pw 0 co)"
	local clone='partition clone -objects all -slot 1'
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain 'text of the service' -domainlabel service"
	run 0 coffer "$(pw 0 co); $clone"
	uni_protocol CPv4
	uni_equal "$(pw 0 co)" "$(by_key 1)"
	run 0 coffer "$(by_key 1 po); partition domaindelete -domainlabel service -force"
	uni_deleted "$(pw 0 co)" "$(by_key 1)" "$clone"
}

# row 42
uni_4_ped() {
	uni_cards pcie-7.8:ped cloud-2.0
	{ uni_ped 0 && uni_password 1 'text of the service'; } >script
	run 0 coffer -f script
	uni_keys "$(by_key 0)"
	local clone='partition clone -objects all -slot 1 -password co-password-1'
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain 'text of the service' -domainlabel service"
	run 0 coffer "$(by_key 0); $clone"
	uni_protocol CPv4
	uni_equal "$(by_key 0)" "$(pw 1 co)"
	run 0 coffer "$(by_key 0 po); partition domaindelete -domainlabel service -force"
	uni_deleted "$(by_key 0)" "$(pw 1 co)" "$clone"
}

# row 42
uni_4_password() {
	uni_cards pcie-7.8 cloud-3.0
	{ uni_password 0 'own text' && uni_password 1 'text of the service'; } >script
	run 0 coffer -f script
	uni_keys "$(pw 0 co)"
	local clone='partition clone -objects all -slot 1 -password co-password-1'
	run 0 coffer "$(pw 0 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain 'text of the service' -domainlabel service"
	run 0 coffer "$(pw 0 co); $clone"
	uni_protocol CPv4
	uni_equal "$(pw 0 co)" "$(pw 1 co)"
	run 0 coffer "$(pw 0 po); partition domaindelete -domainlabel service -force"
	uni_deleted "$(pw 0 co)" "$(pw 1 co)" "$clone"
}

# row 30
uni_both_ways() {
	uni_cards pcie-7.8 pcie-7.8:ped
	{ uni_password 0 'common text' && uni_ped 1; } >script
	run 0 coffer -f script
	uni_keys "$(pw 0 co)"
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain 'common text' -domainlabel shared"
	run 0 coffer "$(pw 0 co); partition clone -objects all -slot 1"
	uni_protocol CPv4
	run 0 coffer "$(by_key 1); object generate aes -label back;
		partition clone -objects all -slot 0 -password co-password-0"
	has out '^    Protocol: CPv4$'
	has out '^    1 object cloned, 3 existed, 0 refused$'
	uni_equal "$(pw 0 co)" "$(by_key 1)"
}

# row 41
uni_cloud_red_key() {
	uni_cards pcie-7.4:ped cloud-2.0
	run 2 coffer 'slot set -slot 1; partition init -label x -password po-password-1
		-domain D -importpeddomain -force'
	run 0 coffer 'ped connect ped -slot 1'
	{
		uni_password 1 unused | sed 's/-domain "unused"/-importpeddomain/'
		uni_ped 0
	} >script
	run 0 coffer -f script
	uni_keys "$(by_key 0)"
	run 0 coffer "$(by_key 0); partition clone -objects all -slot 1 -password co-password-1"
	uni_protocol CPv1
	uni_equal "$(by_key 0)" "$(pw 1 co)"
}
