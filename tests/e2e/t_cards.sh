# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Card folders: made, carried, in use, broken, foreign, rolled back.

card_export() {
	take_cards a
	run 0 coffer "$(login 0); object generate rsa -label r;
		object export-public -label r -file r.pem"
	closed a.coffer
	run 0 coffer card export a.coffer a.card
	[ -s a.card ] || fail 'no file'
	run 1 coffer card import a.card a.coffer
	one_line
	run 0 coffer card import a.card moved.coffer
	rm -r a.coffer
	export COFFER_CARDS=moved.coffer
	echo data >data
	run 0 coffer "$(login 0); object sign -label r -in data -out sig"
	openssl dgst -sha256 -verify r.pem -signature sig data
	# A file that is cut or changed is no card.
	head -c $(($(stat -c %s a.card) / 2)) a.card >half.card
	run 1 coffer card import half.card half.coffer
	one_line
	head -c 5000 /dev/urandom >noise.card
	run 1 coffer card import noise.card noise.coffer
	one_line
	if [ -e half.coffer ] || [ -e noise.coffer ]; then fail 'a broken card was left'; fi
	run 1 coffer card import none.card none.coffer
	one_line
}

card_in_use() {
	take_cards a
	# As QEMU does it: hold the lock.
	flock a.coffer/lock sleep 60 &
	local holder=$! i
	for ((i = 0; i < 50; i++)); do
		flock -n a.coffer/lock true || break
		sleep 0.1
	done
	run 3 coffer 'slot list'
	one_line
	has err 'in use'
	if coffer card export a.coffer a.card >out 2>err; then fail 'a card in use was exported'; fi
	one_line
	has err 'in use'
	pkill -P $holder 2>/dev/null || true
	kill $holder 2>/dev/null || true
	wait $holder 2>/dev/null || true
	run 0 coffer 'slot list'
}

card_corrupt() {
	local file
	take_cards a
	for file in store nv; do
		cp -a a.coffer "$file-cut.coffer"
		truncate -s 100 "$file-cut.coffer/$file"
		cp -a a.coffer "$file-gone.coffer"
		rm "$file-gone.coffer/$file"
		cp -a a.coffer "$file-noise.coffer"
		head -c 20000 /dev/urandom >"$file-noise.coffer/$file"
	done
	for card in *-*.coffer; do
		COFFER_CARDS=$card run 3 coffer 'slot list'
		one_line
		has err "${card%.coffer}"
	done
	run 0 coffer 'slot list'
}

card_newer() {
	take_cards a
	sqlite3 a.coffer/store 'PRAGMA user_version = 9999'
	run 3 coffer 'slot list'
	one_line
	has err 'newer|version'
}

card_foreign() {
	mkdir empty.coffer
	echo text >file.coffer
	mkdir database.coffer
	sqlite3 database.coffer/store 'CREATE TABLE t(x)'
	touch database.coffer/nv database.coffer/lock
	for card in empty file database; do
		COFFER_CARDS=$card.coffer run 3 coffer 'slot list'
		one_line
	done
	COFFER_CARDS=/dev/null run 3 coffer 'slot list'
	one_line
	COFFER_CARDS=$(printf 'x%.0s,' {1..40}) run 3 coffer 'slot list'
}

card_bad_beside_good() {
	take_cards a b
	rm b.coffer/store
	run 0 coffer 'slot list'
	has out 'Slot Id +->  0$'
	lacks out 'Slot Id +->  1$'
	one_line
	has err 'b.coffer'
	run 0 coffer 'card list'
	has out 'State +->  good'
	run 3 coffer "$(login 0); partition clone -objects all -slot 1 -password x"
}

card_create_errors() {
	run 1 coffer card create x.coffer -profile nonesuch
	one_line
	mkdir there.coffer
	run 1 coffer card create there.coffer
	one_line
	run 2 coffer card create
	run 2 coffer card create x.coffer -kdf-cost cheap
	run 2 coffer card create x.coffer -root-key only.pem
	run 1 coffer card create x.coffer -root-key none.pem -root-cert none.pem
	[ ! -e x.coffer ] || fail 'a card was left'
	run 0 coffer card create y.coffer -kdf-cost test -serial 4711 -label mine
	COFFER_CARDS=y.coffer run 0 coffer 'slot set -slot 9000; hsm showinfo'
	has out 'HSM Serial Number +->  4711$'
	has out 'TEST ROOT, TEST KDF'
	lacks out LIMITED
	# Row 97: only to a speed that is published.
	run 0 coffer card create z.coffer -kdf-cost test -profile network-6 -speed profile
	COFFER_CARDS=z.coffer run 0 coffer 'slot set -slot 9000; hsm showinfo'
	has out 'TEST KDF, LIMITED'
	run 1 coffer card create x.coffer -kdf-cost test -speed profile
	has err 'no speed is published of profile "coffer"'
	[ ! -e x.coffer ] || fail 'a card was left'
}

own_root() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 3650 \
		-keyout root.key -out root.pem -subj '/CN=Our factory' \
		-addext basicConstraints=critical,CA:TRUE,pathlen:1 \
		-addext keyUsage=critical,keyCertSign,cRLSign >openssl.out 2>&1
}

card_own_root() {
	take_cards a
	own_root
	run 0 coffer card create o.coffer -kdf-cost test -root-key root.key -root-cert root.pem
	export COFFER_CARDS=a.coffer,o.coffer
	set_up 1 D >script
	run 0 coffer -f script
	run 0 coffer 'slot set -slot 1; hsm showinfo'
	lacks out 'TEST ROOT'
	run 0 coffer "$(login 0); object generate aes"
	run 5 coffer "$(login 0); partition clone -objects all -slot 1 -password co-pin-1"
	same "$(count 1)" 0
}

card_rollback() {
	take_cards a
	cp a.coffer/store old-store
	local i
	for ((i = 0; i < 3; i++)); do
		run 0 coffer "$(login 0); object generate aes -label k$i"
	done
	closed a.coffer
	rm -f a.coffer/store-wal a.coffer/store-shm
	cp old-store a.coffer/store
	run 3 coffer 'slot list'
	one_line
	has err 'old|roll|back|older'
}
