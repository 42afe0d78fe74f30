# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Card life: clock, self-tests, audit log, tamper.

so_login() { echo "slot set -slot 9000; role login -name so -password so-pin-0"; }

life_clock() {
	take_cards a
	run 0 coffer "$(so_login); hsm time set 2031-05-06T07:08:09Z"
	has out 2031-05-06T07:08:
	closed a.coffer
	run 0 coffer -o json 'hsm time show'
	same True "$(json out '1936000000000 > d[-1]["data"]["clock_ms"] > 1935800000000 or d')"
	run 0 coffer 'hsm showinfo'
	has out 2031-05-06T
	run 4 coffer 'slot set -slot 9000; hsm time set now'
	run 2 coffer "$(so_login); hsm time set yesterday"
	run 2 coffer "$(so_login); hsm time set 2300-01-01T00:00:00Z"
	run 0 coffer "$(so_login); hsm time set now"
	has out "$(date -u +%Y-%m-%dT)"
}

life_selftest() {
	take_cards a
	run 0 coffer 'hsm selftest'
	has out random-health
	if grep -q FAILED out; then fail 'a self-test failed'; fi
	run 0 coffer -o json 'hsm selftest'
	same True "$(json out 'len(d[-1]["data"]["tests"]) > 15')"
}

au_login() { echo "slot set -slot 9000; role login -name au -password au-pin-0"; }

life_audit() {
	local chain number
	take_cards a
	run 4 coffer "$(so_login); audit init -password au-pin-0"
	run 0 coffer 'slot set -slot 9000; audit init -password au-pin-0'
	run 5 coffer 'slot set -slot 9000; audit init -password another-one'
	run 4 coffer 'slot set -slot 9000; role login -name so -password wrong'
	run 0 coffer "$(so_login); hsm changehsmpolicy -policy 16 -value 1 -force"
	run 0 coffer "$(au_login); audit config -events all; audit show -keep"
	has out 'PIN_INCORRECT'
	has out 'POLICY_SET'
	run 2 coffer "$(au_login); audit config -events everything"
	run 4 coffer 'slot set -slot 9000; audit show'
	run 0 coffer "$(login 0); object generate aes -label x"
	run 0 coffer -o json "$(au_login); audit show"
	same True "$(json out '(lambda n: n == list(range(1, 1 + len(n))))([
		r["number"] for r in d[-1]["data"]["records"]])')"
	same 1 "$(json out 'sum(r["command"] == "KEY_GENERATE" and r["handle"] > 0
		for r in d[-1]["data"]["records"])')"
	run 0 coffer -o json "$(au_login); audit show -unseen; audit config"
	# The program before ended without a logout.
	same "['SESSION_CLOSE', 'LOGIN']" \
		"$(json out '[r["command"] for r in d[-2]["data"]["records"]]')"
	number=$(json out 'd[-1]["data"]["records"]')
	chain=$(json out 'd[-1]["data"]["chain"]')
	run 0 coffer "$(au_login); audit verify -number $number -chain $chain"
	has out 'verified'
	run 1 coffer "$(au_login); audit verify -number $((number - 1)) -chain $chain"
	has err 'not the one that was noted'
	run 2 coffer "$(au_login); audit verify -number 3"
	closed a.coffer
	python3 - a.coffer/store <<-'END'
		import sqlite3, sys
		with sqlite3.connect(sys.argv[1]) as db:
		    body, = db.execute("SELECT body FROM audit WHERE number=4").fetchone()
		    body = body[:32] + bytes([body[32] ^ 1]) + body[33:]
		    db.execute("UPDATE audit SET body=? WHERE number=4", (body,))
	END
	run 1 coffer "$(au_login); audit verify"
	has err 'changed or removed'
}

life_auditor_locked() {
	local _
	take_cards a
	run 0 coffer 'slot set -slot 9000; audit init -password au-pin-0'
	for _ in 1 2 3; do
		run 4 coffer 'slot set -slot 9000; role login -name au -password wrong'
	done
	run 4 coffer "$(au_login)"
	has err 'ten minutes'
}

life_tamper() {
	take_cards a
	run 0 coffer "$(login 0); object generate aes -label x"
	closed a.coffer
	run 0 coffer 'card tamper a.coffer -force'
	run 0 coffer 'hsm showinfo'
	has out tampered
	run 5 coffer "$(login 0)"
	has err 'tamper state'
	run 0 coffer "$(so_login); hsm tamperclear -force"
	run 0 coffer "$(login 0); object show -label x"
	run 0 coffer "$(so_login); hsm changehsmpolicy -policy 40 -value 1 -force"
	closed a.coffer
	run 0 coffer 'card tamper a.coffer -force'
	run 0 coffer 'slot set -slot 9000; hsm tamperclear -force'
	run 0 coffer 'hsm showinfo'
	has out 'not initialised'
	run 1 coffer 'card tamper none.coffer -force'
	one_line
	run 0 coffer card create old.coffer -profile pcie-5.22 -kdf-cost test
	export COFFER_CARDS=old.coffer
	run 0 coffer 'card tamper old.coffer -force; hsm tampershow'
	has err 'policy 48'
	has out none
}

life_decommission() {
	take_cards a
	run 0 coffer "$(login 0); object generate aes -label x"
	closed a.coffer
	run 0 coffer 'card decommission a.coffer -force'
	run 0 coffer 'hsm tampershow'
	has out none
	run 0 coffer 'hsm showinfo'
	has out 'not initialised'
	run 4 coffer "$(login 0)"
	closed a.coffer
	take_cards b
	run 0 coffer "slot set -slot 9000; role login -name so -password so-pin-1;
		hsm changehsmpolicy -policy 46 -value 1 -force"
	closed b.coffer
	run 1 coffer 'card decommission b.coffer -force'
	has err 'policy 46'
}

# row 50
life_update() {
	local so
	run 0 coffer card create c.coffer -profile pcie-7.4 -kdf-cost test
	export COFFER_CARDS=c.coffer
	run 0 coffer 'slot set -slot 9000;
		hsm init -label c -password so-pin-000 -defaultdomain -force;
		slot set -slot 0;
		partition init -label c -password po-pin-000 -defaultdomain -force'
	run 0 coffer 'card image create new.image -profile pcie-7.8'
	run 1 coffer 'card image create new.image -profile pcie-7.8'
	run 0 coffer 'card image create back.image -profile pcie-6.24'
	run 1 coffer 'card image create other.image -profile none'
	head -c 200 new.image >cut.image
	so='slot set -slot 9000; role login -name so -password so-pin-000'
	run 4 coffer 'slot set -slot 9000; hsm updatefw new.image -force'
	run 1 coffer "$so; hsm updatefw cut.image -force"
	run 1 coffer "$so; hsm updatefw back.image -force"
	run 1 coffer "$so; hsm updatefw none.image -force"
	run 0 coffer 'hsm showinfo'
	has out '7\.4\.0'
	run 0 coffer "$so; hsm updatefw new.image -force; hsm showinfo"
	has out 'pcie-7\.8'
	run 0 coffer 'hsm showinfo'
	has out '7\.8\.0'
	run 0 coffer 'slot set -slot 0; partition showinfo'
	has out 'V0'
	run 0 coffer 'slot set -slot 0; role login -name po -password po-pin-000'
}

# row 83
life_retire() {
	local n
	take_cards a b
	run 0 coffer "$(login 0); object generate aes -label x; object generate aes -label y"
	n=$(count 0)
	run 0 coffer "$(login 0); partition clone -objects 0 -slot 1 -password co-pin-1 -force"
	same "$n" "$(count 1)"
	run 0 coffer "$(so_login); hsm factoryreset -force"
	run 4 coffer "$(login 0)"
	same "$n" "$(count 1)"
	run 0 coffer 'hsm showinfo'
	has out 'not initialised'
}

# A store without an audit log, as version 1 had it, gets one.
life_upgrade() {
	take_cards a
	sqlite3 a.coffer/store 'DROP TABLE audit; PRAGMA user_version = 1'
	run 0 coffer 'slot set -slot 9000; audit init -password au-pin-0'
	run 0 coffer "$(au_login); audit verify"
	closed a.coffer
	same 2 "$(sqlite3 a.coffer/store 'PRAGMA user_version')"
}
