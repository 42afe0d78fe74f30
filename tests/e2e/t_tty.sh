# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The interactive shell on a terminal, played by expect (talk: t_ask.sh).

# A shell with slot 0 chosen; $1 is what happens then.
converse() {
	talk "start
		see {coffer> }
		send \"slot set -slot 0\\r\"
		see {\\[0\\]> }
		$1"
}

# What is typed is completed: nouns, verbs, options, one by one.
tty_completion() {
	take_cards a
	run 0 converse '
		send "part\tshowi\t-sl\t0\r"
		see {Security level}
		see {\[0\]> }
		send "partition archive \t"
		see {backup}
		see {verify}
		send "\x03"
		see {\[0\]> }
		send "re\t?\r"
		see {relay: serve a card}
		see {\[0\]> }
		send "exit\r"'
	# What does not apply is not offered.
	lacks transcript 'remotebackup'
}

# Labels that are not ASCII are typed for the user, too; commands are the same in every language.
tty_characters() {
	take_cards a
	run 0 coffer "$(login 0); object generate aes -label 'Zählung 東京'"
	LANG=tr_TR.UTF-8 LC_ALL='' run 0 converse '
		send "SLOT LIST\r"
		see {Slot Description}
		see {\[0\]> }
		send "role login -name co -password co-pin-0\r"
		see {\[0 CO\]> }
		send "object show -label Z\t"
		see {\"Z\u00e4hlung \u6771\u4eac\" }
		send "\r"
		see {CKA_LABEL}
		see {CO\]> }
		send "exit\r"'
}

# The arrow brings lines back, but none that had a secret in it.
tty_history() {
	take_cards a
	run 0 converse '
		send "role login -name co -password co-pin-0\r"
		see {\[0 CO\]> }
		send "role logout; role login -name co --password=co-pin-0\r"
		see {\[0 CO\]> }
		send "partition changepw -oldpw \"co-pin-0\"\r"
		see {\[0 CO\]> }
		log_file
		log_file -noappend recalled
		send "\x1b\[A\r"
		see {Current Slot Id}
		see {\[0 CO\]> }
		send "role list\r"
		see {Logged in}
		see {\[0 CO\]> }
		send "\x1b\[A\x1b\[A\x1b\[A\x1b\[A\x1b\[A\x1b\[A"
		send "\x1b\[B\x1b\[B\x1b\[B\x03"
		see {\[0 CO\]> }
		send "quit\r"'
	lacks recalled 'co-pin-0'
}

# A hidden password shows as stars, with backspace; the terminal echoes again afterwards, also
# when control-C ended the question.
tty_password() {
	take_cards a
	run 0 converse '
		send "role login -name co\r"
		see {password of co: }
		send "wrong-one\x03"
		see {nothing was entered}
		see {\[0\]> }
		send "role login -name co\r"
		see {password of co: }
		send "co-pinXX\x7f\x7f-0\r"
		see {\*\*\*}
		see {\[0 CO\]> }
		send "role list"
		see {role list}
		send "\r"
		see {Logged in +-> +Crypto Officer}
		see {CO\]> }
		send "exit\r"'
	lacks transcript 'wrong-one|co-pin'
	# Outside the shell as well: the terminal is as it was, and the card heard of no attempt.
	cat >outside <<-END
		stty -a | tr ' ;' '\n\n' >before
		"$COFFER" 'slot set -slot 0; role login -name co'
		stty -a | tr ' ;' '\n\n' >after
	END
	run 0 talk 'spawn bash outside
		see {password of co: }
		send "abc\x03"
		see {nothing was entered}'
	cmp before after
	has after '^echo$'
	run 0 coffer 'slot set -slot 0; role list'
	has out '^    Crypto Officer +co +10 '
}

# A program that is killed at a question leaves a terminal that shows what is typed.
tty_killed() {
	local signal
	take_cards a
	cat >killed <<-END
		stty -a | tr ' ;' '\n\n' >before
		bash -c 'echo \$\$ >pid; exec "$COFFER" "slot set -slot 0; role login -name co"'
		stty -a | tr ' ;' '\n\n' >after
	END
	for signal in TERM HUP INT; do
		run 0 talk "spawn bash killed
			see {password of co: }
			send abc
			see {\\*\\*\\*}
			exec kill -$signal [exec cat pid]"
		has after '^echo$'
		cmp before after
	done
}

# Control-C drops the line that is being typed, whatever stands left and right of the cursor.
tty_drop_line() {
	take_cards a
	run 0 converse '
		send "object delete all -force\x1b\[D\x1b\[D\x03"
		see {\^C}
		see {\[0\]> }
		send "\x03\x03\r"
		see {\[0\]> }
		send "slot set -slot 9000\r"
		see {\[9000\]> }
		send "exit\r"'
	lacks transcript 'CKR_'
}

# Control-C in a long command ends that; what is said is true, and the shell goes on.
tty_long_command() {
	local i many='object generate rsa -size 4096'
	for ((i = 0; i < 3; i++)); do many="$many; $many"; done
	take_cards a
	# shellcheck disable=SC2016 # the variable is expect's
	run 0 converse "set many {$many}"'
		send "role login -name co -password co-pin-0\r"
		see {\[0 CO\]> }
		send "$many; slot set -slot 9000\r"
		sleep 0.7
		send "\x03"
		see {Command Result : 0x}
		see {Interrupted: what was not done yet is left undone}
		see {\[0 CO\]> }
		send "partition contents\r"
		see {Number of objects}
		see {\[0 CO\]> }
		send "monitor\r"
		sleep 0.5
		send "\x03"
		see {Command Result}
		see {CO\]> }
		send "exit\r"'
	# Half a key pair is nothing, and not all were made.
	i=$(count 0)
	same $((i % 2)) 0
	[ "$i" -lt 16 ] || fail "$i objects"
	run 0 coffer "$(login 0); partition clear -force"
	# At a question, too.
	for ((i = 0; i < 3; i++)); do echo "object generate aes"; done >script
	run 0 coffer "$(login 0); $(tr '\n' ';' <script)"
	run 0 converse '
		send "role login -name co -password co-pin-0\r"
		see {\[0 CO\]> }
		send "partition clear\r"
		see {proceed}
		send "pro\x03"
		see {nothing was done}
		see {\[0 CO\]> }
		send "exit\r"'
	same "$(count 0)" 3
}

# End of file, quit and exit end the shell; what it ends with is the last command's status.
tty_ends() {
	local word
	take_cards a
	for word in exit quit EXIT q e; do
		run 0 talk "start
			see {coffer> }
			send \"$word\\r\""
	done
	run 0 talk 'start
		see {coffer> }
		send "\x04"'
	run 2 talk 'start
		see {coffer> }
		send "frobnicate\r"
		see {no command}
		see {coffer> }
		send "\x04"'
}

# A window that changes its size while a line is typed, and while a command runs.
tty_resize() {
	take_cards a
	# shellcheck disable=SC2016 # the variable is expect's
	run 0 converse '
		send "slot s"
		see {slot s}
		exec stty rows 11 columns 33 <$spawn_out(slave,name)
		sleep 0.3
		send "et -slot 9000\r"
		see {\[9000\]> }
		send "monitor -timeout 2\r"
		sleep 0.3
		exec stty rows 50 columns 160 <$spawn_out(slave,name)
		see {Command Result : No Error}
		see {\[9000\]> }
		send "slot set -slot 0\r"
		see {\[0\]> }
		send "exit\r"'
}
