# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Card life: clock, self-tests.

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
