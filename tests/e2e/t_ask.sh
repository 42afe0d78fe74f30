# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Questions on a terminal, played by expect.

# talk SCRIPT: expect steps; `start WORD...` runs the program. Ends with the status of the program.
talk() {
	cat >steps <<-END
		set timeout 30
		set stty_init -echoe
		set env(NO_COLOR) 1
		log_file -noappend transcript
		proc start {args} { uplevel #0 [list spawn {$COFFER} {*}\$args] }
		proc give_up {status why} {
			puts "\n\$why"
			catch {exec kill -KILL [exp_pid -i \$::spawn_id]}
			exit \$status
		}
		proc see {text} {
			expect {
				-re \$text {}
				timeout { give_up 99 "never saw: \$text" }
				eof { give_up 98 "ended before: \$text" }
			}
		}
		proc end {} {
			expect { eof {} timeout { give_up 97 "does not end" } }
			exit [lindex [wait] 3]
		}
		$1
		end
	END
	expect steps
}

ask_hidden() {
	take_cards a
	run 0 talk 'start {slot set -slot 0; role login -name co}
		see {password of co: }
		send "co-pin-0x\x7f\r"
		see {Crypto Officer}'
	has transcript '\*\*\*\*\*\*\*\*'
	lacks transcript 'co-pin-0'
	run 4 talk 'start {slot set -slot 0; role login -name co}
		see {password of co: }
		send "wrong\r"
		see {9 attempts}'
}

ask_proceed() {
	take_cards a
	run 0 coffer "$(login 0); object generate aes"
	local wipe='slot set -slot 0; role login -name co -password co-pin-0; object delete all'
	run 1 talk "start {$wipe}
		see {proceed.*quit}
		send \"yes\r\"
		see {proceed.*quit}
		send \"quit\r\"
		see {CKR_CANCEL}"
	same "$(count 0)" 1
	run 0 talk "start {$wipe}
		see {proceed.*quit}
		send \"PROCEED\r\"
		see {No Error}"
	same "$(count 0)" 0
}

# row 10
ask_target() {
	take_cards a b
	run 0 coffer "$(login 0); object generate aes"
	run 0 talk 'start {s s 0; role login -name co -password co-pin-0; par cl -o all -s 1}
		see {password of slot 1: }
		send "co-pin-1\r"
		see {1 object cloned}'
	has transcript 'password of slot 1: \*\*\*\*\*\*\*\*'
	lacks transcript 'co-pin-1'
}

ask_twice() {
	make_card n.coffer
	export COFFER_CARDS=n.coffer
	run 1 talk 'start {slot set -slot 9000; hsm init -label n -domain D -force}
		see {HSM SO: }
		send "so-pin-1\r"
		see {again: }
		send "so-pin-2\r"
		see {differ}'
	run 0 talk 'start {slot set -slot 9000; hsm init -label n -force}
		see {HSM SO: }
		send "so-pin-1\r"
		see {again: }
		send "so-pin-1\r"
		see {domain: }
		send "D\r"
		see {again: }
		send "D\r"
		see {No Error}'
	run 0 coffer 'slot set -slot 9000; role login -name so -password so-pin-1'
}

ask_shell() {
	take_cards a
	run 0 talk 'start
		see {coffer> }
		send "slot set -slot 0\r"
		see {coffer \[0\]> }
		send "role login -name co -password co-pin-0\r"
		see {coffer \[0 CO\]> }
		send "partition con\t\r"
		see {Number of objects}
		see {coffer \[0 CO\]> }
		send "frobnicate\r"
		see {no command frobnicate}
		see {coffer \[0 CO\]> }
		send "\x1b\[A\x1b\[A\r"
		see {Number of objects}
		see {coffer \[0 CO\]> }
		send "\x1b\[A\x1b\[A\x1b\[A\x1b\[A\r"
		see {Current Slot Id}
		see {coffer \[0 CO\]> }
		send "exit\r"'
}

# row 8
ask_missing() {
	take_cards a
	run 0 talk 'start {slot set}
		see {Enter -slot}
		send "9000\r"
		see {No Error}'
	run 2 talk 'start {slot set}
		see {Enter -slot}
		send "1x\r"
		see {number, label:TEXT}'
	run 2 talk 'start {slot set}
		see {Enter -slot}
		send "\r"
		see {missing}'
	# Both that partition clone has to have, in either form of its name.
	run 2 talk 'start {slot set -slot 0; par cl}
		see {Enter -objects}
		send "all\r"
		see {Enter -slot}
		send "1x\r"
		see {number, label:TEXT}'
}

ask_interrupt() {
	take_cards a
	run 1 talk 'start
		see {coffer> }
		send "slot set -slot 0\r"
		see {\[0\]> }
		send "role login -name co\r"
		see {password of co: }
		send "abc\x03"
		see {nothing was entered}
		see {\[0\]> }
		send "\x04"'
}

# Every command that could ask, with nobody there: at once, and status 2.
ask_nobody() {
	take_cards a b k
	local begun=$SECONDS command
	while read -r command; do
		run 2 coffer "$command"
		run 2 coffer --non-interactive "$command"
	done <<-'END'
		slot set
		role login -name co
		role login
		slot set -slot 9000; hsm init -label x -password y -domain z
		slot set -slot 9000; hsm init -label x -domain z -force
		slot set -slot 9000; hsm init -label x -password y -force
		slot set -slot 9000; hsm factoryreset
		slot set -slot 9000; hsm zeroize
		slot set -slot 0; partition init -label x -password y -domain z
		slot set -slot 9000; role login -n so -p so-pin-0; partition delete -slot 0
		partition clone
		slot set -slot 0; role login -n co -p co-pin-0; partition clone -o all -s 1
		partition archive contents -slot 2 -partition x
		object generate
		object delete
		card create
		relay
	END
	[ $((SECONDS - begun)) -lt 60 ] || fail 'that took long'
	# A terminal as standard input, but told not to ask.
	run 2 talk 'start --non-interactive {slot set -slot 0; role login -name co}'
}

# "Needs sync" wants the password: asked for on a terminal, never otherwise; nothing is an answer.
# row 59
ask_sync() {
	ha_cards coffer coffer
	group G 0 1
	run 0 talk 'start {hagroup listgroups}
		see {Enter the password .*of co: }
		send "co-password\r"
		see {Needs sync +-> +no}'
	run 0 talk 'start {hagroup listgroups}
		see {Enter the password .*of co: }
		send "\r"
		see {Needs sync +-> +unknown}'
	run 0 talk 'start {slot set -slot 9100; role login -name co -password co-password;
			hagroup listgroups}
		see {Needs sync +-> +no}'
	lacks transcript 'Enter the password'
	run 0 talk 'start -o json {hagroup listgroups}
		see {needs_sync.:.unknown}'
	lacks transcript 'Enter the password'
	run 0 coffer 'hagroup listgroups'
	has out 'Needs sync +-> +unknown'
}
