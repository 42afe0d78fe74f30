# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Cards with multifactor authentication, and their PED: a folder with key files in it.

# Blank keys: the name up to its digits is the colour.
ped_keys() { # NAME...
	local key
	for key; do
		coffer ped key create "$key.key" -color "${key%%[0-9]*}" >/dev/null
	done
}

# ped_card FOLDER [PROFILE]: made, with ./ped as its PED
ped_card() {
	make_card "$1" "${2:-coffer}" -auth ped
	coffer --cards "$1" ped connect ped >/dev/null
	closed "$1"
}

insert() { coffer ped insert "$1.key" -ped ped >/dev/null; }

# Commands that set card and slot N up with the keys that are in its PED.
ped_set_up() { # CARD
	cat <<-END
		slot set -slot $((9000 + $1))
		hsm init -label card$1 -force
		slot set -slot $1
		partition init -label part$1 -force
		role login -name po
		role init -name co
		role logout
	END
}

first_ped_card() {
	local key
	ped_keys blue black red
	new_card p.coffer coffer -auth ped
	coffer --cards p.coffer ped connect ped >/dev/null
	closed p.coffer
	for key in blue black red; do insert $key; done
	ped_set_up 0 >script
	COFFER_CARDS=p.coffer coffer -f script
	closed p.coffer
	rm p.coffer/ped
	# shellcheck disable=SC2154 # the runner sets work
	mv p.coffer "$work"
}

# Cards here as by take_cards, and card p among them: set up with blue, black and red, which are
# in its PED ./ped. Made once.
take_ped() { # CARD...
	local key
	made_once ped first_ped_card
	cp "$work"/ped/*.key .
	take_cards "$@"
	coffer --cards p.coffer ped connect ped >/dev/null
	for key in blue black red; do insert $key; done
}

by_key() { echo "slot set -slot $1; role login -name ${2-co}"; } # SLOT [ROLE]

# The PED of the first card asks for something: until its screen says TEXT.
screen() { # TEXT
	local i
	for ((i = 0; i < 100; i++)); do
		coffer -o json ped show >screen.json 2>/dev/null || true
		grep -q -- "$1" screen.json && return
		sleep 0.1
	done
	cat screen.json >&2
	fail "the PED never said: $1"
}

# attempts ROLE: left on slot 0
attempts() {
	coffer -o json "slot set -slot 0; role show -name $1" >attempts.json 2>/dev/null
	json attempts.json 'd[-1]["data"]["attempts_left"]'
}

ped_commands() {
	make_card a.coffer
	export COFFER_CARDS=a.coffer
	run 0 coffer ped key create k.key -color black -label mine
	run 1 coffer ped key create k.key -color black
	has err 'k.key'
	run 0 coffer -o json ped key show k.key
	same "$(json out '[d[0]["data"][k] for k in ("color", "blank", "pin", "label")]')" \
		"['black', True, False, 'mine']"
	run 1 coffer ped key copy k.key l.key
	has err 'blank'
	run 0 coffer ped key create s.key -color red -imprint
	run 0 coffer ped key copy s.key t.key
	cmp s.key t.key
	echo 123456 >pin
	run 0 coffer ped key create p.key -color grey -pin-file pin
	run 0 coffer ped key show p.key
	has out 'Asks for a PIN +->  yes'
	run 2 coffer ped key create x.key -color pink
	run 2 coffer ped key create x.key
	run 1 coffer ped key show /etc/passwd
	has err 'no PED key'
	run 1 coffer ped key show nosuch.key
	run 3 coffer ped insert k.key
	has err 'ped connect'
	run 2 coffer ped connect
	run 0 coffer 'ped connect ped; ped insert k.key; ped insert s.key'
	run 0 coffer ped show
	has out 'Keys in the PED +->  black, red$'
	has out 'Authentication +->  password$'
	run 0 coffer ped remove black
	run 0 coffer ped show
	has out 'Keys in the PED +->  red$'
	run 0 coffer ped disconnect
	run 0 coffer ped show
	has out 'PED connected +->  no$'
	# A PED of another machine comes later.
	run 2 coffer ped connect -ip 192.0.2.1 -port 1503
	has err 'remote'
	run 1 coffer card create c.coffer -profile nosuch -auth ped
	run 2 coffer card create c.coffer -auth nosuch
}

# row 45
ped_login() {
	take_ped p
	coffer ped remove >/dev/null
	"$COFFER" --timeout 30 "$(by_key 0)" >login.out 2>login.err &
	screen 'Insert the black key of the Crypto Officer'
	insert blue
	screen 'This is a blue key'
	same "$(attempts co)" 10 'a wrong colour does not count'
	insert black
	wait $!
	has login.err '^PED: This is a blue key'
	coffer ped key create black2.key -color black -imprint >/dev/null
	insert black2
	run 4 coffer "$(by_key 0)"
	has out 'CKR_PIN_INCORRECT'
	has err 'wrong PED key.*; 9 attempts'
	same "$(attempts co)" 9 'a wrong key counts'
	insert black
	run 0 coffer "$(by_key 0)"
	same "$(attempts co)" 10
	# A duplicate is as good, a password is no way in.
	coffer ped key copy black.key black3.key >/dev/null
	insert black3
	run 0 coffer "slot set -slot 0; role login -name co -password x; role list"
	has err 'password is not used'
	run 2 coffer "$(by_key 0 po); partition init -label x -password x -force"
	run 2 coffer "$(by_key 0 po); role init -name co -password x"
}

# row 45
ped_pin() {
	take_ped p
	echo 123456 >pin
	echo 123457 >wrong
	coffer ped key create grey.key -color grey -pin-file pin >/dev/null
	run 0 coffer "$(by_key 0); ped remove black; ped insert grey.key -pin-file pin;
		role init -name cu"
	run 0 coffer "$(by_key 0 cu)"
	run 0 coffer ped insert grey.key -pin-file wrong
	run 4 coffer "$(by_key 0 cu)"
	has out 'CKR_PIN_INCORRECT'
	same "$(attempts cu)" 9
	insert grey
	"$COFFER" --timeout 30 "$(by_key 0 cu)" >login.out 2>login.err &
	screen 'Type the PIN of the grey key'
	coffer ped insert grey.key -pin-file pin >/dev/null
	wait $!
	has login.out 'Crypto User'
}

# Every role's key has its colour.
# row 45
ped_colors() {
	take_ped p
	ped_keys white grey
	coffer ped remove >/dev/null
	insert white
	run 0 coffer 'slot set -slot 9000; audit init; role login -name au; role list'
	has out 'Logged in +->  Auditor'
	insert blue
	run 0 coffer "$(by_key 9000 so); role logout; slot set -slot 0; role login -name po"
	insert black
	insert grey
	run 0 coffer "$(by_key 0); role init -name cu; role init -name lco; role logout;
		role login -name cu; role logout; role login -name lco"
	# Making a key anew leaves the others: a duplicate of before is no key any more.
	coffer ped key copy black.key black2.key >/dev/null
	run 0 coffer "$(by_key 0); role changepw -name co; role logout; role login -name co"
	insert black2
	run 4 coffer "$(by_key 0)"
	run 0 coffer "$(by_key 0 lco)"
	run 2 coffer 'slot set -slot 9000; audit init -password x'
}

ped_cancel() {
	local pid status=0
	take_ped p
	coffer ped remove >/dev/null
	"$COFFER" --timeout 30 "$(by_key 0)" >login.out 2>login.err &
	pid=$!
	screen 'Insert the black key'
	run 1 coffer "$(by_key 0 po)"
	has out 'CKR_OPERATION_ACTIVE'
	kill -INT $pid
	wait $pid || status=$?
	same $status 1
	has login.out 'CKR_CANCEL'
	has login.err '^cancelled: no key was read$'
	# Who is gone wants no key any more.
	"$COFFER" --timeout 30 "$(by_key 0)" >login.out 2>login.err &
	pid=$!
	screen 'Insert the black key'
	kill -KILL $pid
	wait $pid || true
	screen '"waiting": \?false'
	run 124 coffer --timeout 1 "$(by_key 0)"
	same "$(attempts co)" 10
	coffer ped disconnect >/dev/null
	run 3 coffer "$(by_key 0)"
	has out 'CKR_PED_UNPLUGGED'
	one_line
	# The same on another machine.
	coffer ped connect ped >/dev/null
	make_ssh
	COFFER_CARDS=ssh:host:$PWD/p.coffer "$COFFER" --timeout 30 "$(by_key 0)" \
		>login.out 2>login.err &
	pid=$!
	screen 'Insert the black key'
	status=0
	kill -INT $pid
	wait $pid || status=$?
	same $status 1
	has login.out 'CKR_CANCEL'
	# On a terminal the seconds are counted down.
	run 1 talk 'start {slot set -slot 0; role login -name co}
		see {Insert the black key of the Crypto Officer. .1[89][0-9] s.}
		see {.1[89][0-8] s.}
		send \x03
		see {CKR_CANCEL}'
}

# rows 10, 45
ped_target() {
	take_ped a p
	run 0 coffer "$(login 0); object generate aes -label k"
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainadd -domain D -domainlabel text"
	# Neither asked for nor used: the black key is.
	run 0 coffer --non-interactive "$(login 0); partition clone -objects all -slot 1"
	has out '^    1 object cloned'
	lacks err 'not used'
	run 0 coffer "$(login 0); object generate aes;
		partition clone -objects all -slot 1 -p wrong"
	has err '^-password is not used: slot 1 wants .* black key'
	has out '^    1 object cloned, 1 existed'
	coffer --cards p.coffer ped remove >/dev/null
	COFFER_CARDS=p.coffer,a.coffer
	"$COFFER" --timeout 30 "$(login 1 0); partition clone -objects all -slot 0" \
		>clone.out 2>clone.err &
	screen 'Insert the black key of the Crypto Officer'
	insert blue
	screen 'This is a blue key'
	insert black
	wait $! || {
		cat clone.out clone.err >&2
		fail 'no clone'
	}
	has clone.out '^    0 objects cloned, 2 existed'
	same "$(attempts co)" 10 'a wrong colour does not count'
	coffer ped key create black2.key -color black -imprint >/dev/null
	insert black2
	run 4 coffer "$(login 1 0); partition clone -objects all -slot 0"
	has out 'CKR_PIN_INCORRECT'
	same "$(attempts co)" 9 'a wrong key counts'
}

# A program that keeps the card switched on: what it only remembers would go with the last one.
keep_on() { # FOLDER
	sleep 60 | "$COFFER" relay "$1" >/dev/null &
	disown
}

# rows 47, 48
ped_activation() {
	take_ped a p
	COFFER_CARDS=p.coffer,a.coffer
	keep_on p.coffer
	run 5 coffer "$(by_key 0 po); partition changepolicy -policy 23 -value 1"
	run 4 coffer "$(by_key 0); role createchallenge -name co -challengesecret challenge-1"
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 22 -value 1"
	run 4 coffer "$(by_key 0 po); role createchallenge -name co -challengesecret abc"
	has out 'CKR_PIN_LEN_RANGE'
	run 2 coffer "$(by_key 0 po); role createchallenge -name co"
	run 0 coffer "$(by_key 0 po); role createchallenge -name co -challengesecret challenge-1"
	run 0 coffer 'slot set -slot 0; role list'
	has out 'Crypto Officer .*has challenge$'
	# The first login is by key; from then on the challenge is all.
	run 0 coffer "$(by_key 0)"
	run 4 coffer "$(by_key 0 po); role createchallenge -name co -challengesecret challenge-2"
	has err 'role deactivate comes first'
	coffer ped remove >/dev/null
	run 0 coffer 'slot set -slot 0; role list; role show -name co; ped show'
	has out 'Crypto Officer .*has challenge, activated$'
	has out 'Activated +->  yes'
	has out 'Activated roles +->  CO$'
	run 0 coffer 'slot set -slot 0; role login -name co -password challenge-1;
		object generate aes -label k'
	run 2 coffer "$(by_key 0)"
	run 4 coffer 'slot set -slot 0; role login -name co -password challenge-2'
	has out 'CKR_CHALLENGE_INCORRECT'
	has err 'wrong challenge secret'
	local changepw='slot set -slot 0; role changepw -name co'
	run 4 coffer "$changepw -oldpw challenge-2 -newpw challenge-3"
	run 0 coffer "$changepw -oldpw challenge-1 -newpw challenge-3"
	run 0 coffer "slot set -slot 0; role login -name co -password challenge-3;
		role deactivate -name co"
	run 124 coffer --timeout 1 'slot set -slot 0; role login -name co -password challenge-3'
	# Key and challenge together; a wrong challenge is not made good by the key.
	insert black
	run 4 coffer 'slot set -slot 0; role login -name co -password challenge-1'
	run 0 coffer 'slot set -slot 0; role login -name co -password challenge-3'
	run 4 coffer 'slot set -slot 1; role createchallenge -name co -challengesecret challenge-1'
	run 1 coffer "slot set -slot 1; role login -name po -password po-pin-0;
		role createchallenge -name co -challengesecret challenge-1"
	has err 'passwords'
}

# row 47
ped_auto_activation() {
	take_ped p
	insert blue
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 22,23 -value 1,1;
		role createchallenge -name co -challengesecret challenge-1; role logout;
		$(by_key 0)"
	closed p.coffer
	coffer ped remove >/dev/null
	run 0 coffer 'slot set -slot 0; role login -name co -password challenge-1'
	insert blue
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 23 -value 0"
	closed p.coffer
	run 124 coffer --timeout 1 'slot set -slot 0; role login -name co -password challenge-1'
}

# rows 10, 47
ped_activated_target() {
	take_ped a p
	COFFER_CARDS=p.coffer,a.coffer
	keep_on p.coffer
	run 0 coffer "$(by_key 0 po); partition changepolicy -policy 22,44 -value 1,1;
		role createchallenge -name co -challengesecret challenge-1;
		partition domainadd -domain D -domainlabel text; role logout; $(by_key 0);
		ped remove"
	run 0 coffer "$(login 1 0); object generate aes -label k"
	run 4 coffer "$(login 1 0); partition clone -objects all -slot 0 -password wrong-one"
	run 2 coffer --non-interactive "$(login 1 0); partition clone -objects all -slot 0"
	run 0 coffer "$(login 1 0); partition clone -objects all -slot 0 -password challenge-1"
	has out '^    1 object cloned'
}

# rows 46, 77
ped_red_key() {
	take_ped p
	ped_keys red2
	ped_card q.coffer
	ped_card r.coffer
	COFFER_CARDS=p.coffer,q.coffer,r.coffer
	ped_set_up 1 >script
	run 0 coffer -f script
	coffer ped insert red2.key -ped ped >/dev/null
	ped_set_up 2 >script
	run 0 coffer -f script
	run 0 coffer "$(by_key 0); object generate aes -label k;
		partition clone -objects all -slot 1"
	has out '^    1 object cloned'
	run 5 coffer "$(by_key 0); partition clone -objects all -slot 2"
	has err 'share no domain'
	run 0 coffer "$(by_key 1 po); partition domainlist"
	has out '^ *\(no label\) +red key +yes$'
	# The first domain of a partition with PED keys is a red key.
	run 5 coffer "$(by_key 0 po); partition init -label x -domain D -force"
	has err 'the first domain is a red key'
	run 0 coffer "$(by_key 0 po); partition init -label x -defaultdomain -force"
}

# row 36
ped_mixed_domains() {
	take_ped a p
	ped_card q.coffer
	COFFER_CARDS=a.coffer,p.coffer,q.coffer
	ped_set_up 2 >script
	run 0 coffer -f script
	run 0 coffer "$(by_key 1 po); partition changepolicy -policy 44 -value 1;
		partition domainchangelabel -newlabel red;
		partition domainadd -domain D -domainlabel text; partition domainlist"
	has out '^ *red +red key +yes$'
	has out '^ *text +text +no$'
	run 0 coffer "$(login 0); object generate aes -label from-a;
		partition clone -objects all -slot 1"
	has out '^    1 object cloned'
	run 0 coffer "$(by_key 1); partition clone -objects all -slot 2"
	has out '^    1 object cloned'
	run 0 coffer "$(by_key 1); object generate aes -label from-p;
		partition clone -objects all -slot 0 -password co-pin-0"
	has out '^    1 object cloned, 1 existed'
	run 2 coffer "$(by_key 1 po); partition domainadd -domain X -domainped -domainlabel x"
}

po() { echo "slot set -slot $1; role login -name po -password po-pin-$1"; }

# rows 37, 38
ped_import() {
	take_ped a p
	run 0 coffer "$(by_key 1); object generate aes -label k"
	run 5 coffer "$(po 0); partition domainadd -domainped -domainlabel red"
	has out 'CKR_DOMAIN_MANAGEMENT_NOT_ALLOWED'
	run 3 coffer "$(po 0); partition changepolicy -policy 44 -value 1;
		partition domainadd -domainped -domainlabel red"
	has out 'CKR_PED_UNPLUGGED'
	coffer --cards a.coffer ped connect ped >/dev/null
	# A remote PED daemon blocks the import.
	: >ped/remote
	run 5 coffer "$(po 0); partition domainadd -domainped -domainlabel red"
	has err 'remote PED'
	rm ped/remote
	run 0 coffer "$(po 0); partition domainadd -domainped -domainlabel red;
		partition domainlist"
	has out '^ *red +red key +no$'
	run 0 coffer "$(by_key 1); partition clone -objects all -slot 0 -password co-pin-0"
	has out '^    1 object cloned'
	# At once, when the partition is made.
	run 2 coffer "$(po 0);
		partition init -label x -password po-pin-0 -domain D -importpeddomain -force"
	: >ped/remote
	run 5 coffer "$(po 0);
		partition init -label x -password po-pin-0 -importpeddomain -force"
	has err 'remote PED'
	rm ped/remote
	run 0 coffer "$(po 0);
		partition init -label x -password po-pin-0 -importpeddomain -force; $(po 0);
		partition domainlist"
	has out '^ *\(no label\) +red key +yes$'
}

# row 3
ped_and_password() {
	make_card a.coffer pcie-7.4
	ped_keys blue black red
	ped_card p.coffer pcie-7.4
	insert blue && insert black && insert red
	export COFFER_CARDS=a.coffer,p.coffer
	{
		ped_set_up 1
		echo 'slot set -slot 0
			partition init -label a -password po-password -domain D -force
			role login -name po -password po-password
			role init -name co -password co-password; role logout
			role login -name co -password co-password
			role changepw -name co -oldpw co-password -newpw co-pin-word
			object generate aes -label k'
	} >script
	coffer -f script >script.out 2>&1 || true
	run 5 coffer 'slot set -slot 0; role login -name co -password co-pin-word;
		partition clone -objects all -slot 1'
	has err 'one side has passwords, the other a PED: that takes firmware 7.8.0'
	run 0 coffer "$(by_key 1); partition contents"
	has out 'Number of objects +->  0$'
}

# rows 77, 78
ped_roles() {
	make_card a.coffer pcie-7.8
	export COFFER_CARDS=a.coffer
	run 0 coffer 'slot set -slot 0;
		partition init -label L -password po-password -domain D -force; slot list'
	has out 'Label +->  L$'
	run 4 coffer 'slot set -slot 0; role init -name co -password co-password'
	run 0 coffer 'slot set -slot 0; role login -name po -password po-password;
		role init -name co -password co-password'
	run 4 coffer 'slot set -slot 0; role login -name co -password co-password;
		object generate aes'
	has out 'CKR_PIN_EXPIRED'
	has err 'role changepw'
	run 0 coffer 'slot set -slot 0; role login -name co -password co-password;
		role changepw -name co -oldpw co-password -newpw co-other-1; object generate aes'
	run 4 coffer 'slot set -slot 0; role login -name co -password co-password'
	run 4 coffer 'slot set -slot 0; role login -name co -password co-other-1;
		role init -name co -password co-password'
}
