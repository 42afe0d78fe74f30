# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Long clones: some objects refused, interrupted and killed, run again. RUN_OBJECTS=10000 and
# RUN_KILLS=50 for the full size.

RUN_OBJECTS=${RUN_OBJECTS:-1000}
RUN_KILLS=${RUN_KILLS:-4}
run_refused=$((2 * (RUN_OBJECTS / 200)))

# Mixed objects on slot 0, one in a hundred of which slot 33 has to refuse: half of these private
# keys (policy 0), half secrets that are too short.
run_objects() {
	local i half=$((run_refused / 2))
	local left=$((RUN_OBJECTS - 3 * half))
	pw 0 co
	for ((i = 0; i < half; i++)); do
		echo "object generate ec -label ec$i"
		echo "object generate generic -size 56 -label short$i"
	done
	for ((i = 0; i < left; i++)); do
		case $((i % 20)) in
		0) echo "object import data -file data -label data$i -private" ;;
		[1-6]) echo "object generate generic -size 256 -label mac$i" ;;
		*) echo "object generate aes -label aes$i" ;;
		esac
	done
}

# Cards a (source) and b (empty target).
first_run_cards() {
	new_card a.coffer
	new_card b.coffer pcie-7.8
	echo data >data
	{
		uni_password 0 D
		# A partition of its own: the first one has a small share.
		cat <<-'END'
			slot set -slot 9001
			hsm init -label b -password so-password -domain D -force
			role login -name so -password so-password
			partition create -label big -size 50000000 -force
		END
		uni_password 33 D
		echo 'role login -name po -password po-password-33'
		echo 'partition changepolicy -policy 0 -value 0'
	} >script
	coffer --cards a.coffer,b.coffer -f script
	run_objects >script
	timeout 1200 "$COFFER" --cards a.coffer,b.coffer -f script
	closed {a,b}.coffer
}

# Copies of them here; made once, in $work/run.
run_cards() {
	made_once run first_run_cards
	# shellcheck disable=SC2154 # the runner sets work
	cp -a "$work"/run/{a,b}.coffer .
	export COFFER_CARDS=a.coffer,b.coffer
}

run_clone="partition clone -objects all -slot 33 -password co-password-33"

counts() { # of the last document of out
	json out '[d[-1]["data"][k] for k in ("cloned", "existed", "refused", "not_tried")]'
}

# The refused ones: handle, code and its name of each.
refused() {
	json out 'sorted((o["source_handle"], o["rc"], o["name"])
		for o in d[-1]["data"]["objects"] if "refused" in o["result"])'
}

# OUIDs on the target: as many as objects, none twice.
no_duplicates() { # COUNT
	coffer -o json "$(pw 33 co); partition contents" >there 2>/dev/null
	same "$(json there 'len(d[-1]["data"]["objects"])')" "$1" 'objects there'
	same "$(json there 'len({o["ouid"] for o in d[-1]["data"]["objects"]})')" "$1" OUIDs
}

clone_partial() {
	local planned begun good=$((RUN_OBJECTS - run_refused))
	run_cards
	run 6 coffer -o json --dry-run "$(pw 0 co); $run_clone"
	same "$(counts)" "[0, 0, $run_refused, $good]" plan
	planned=$(refused)
	no_duplicates 0
	begun=${EPOCHREALTIME/./}
	run 6 coffer -o json "$(pw 0 co); $run_clone --on-error continue"
	say "# $good of $RUN_OBJECTS objects cloned in $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
	same "$(counts)" "[$good, 0, $run_refused, 0]" cloned
	same "$(json out 'd[-1]["exit"], d[-1]["data"]["interrupted"]')" '(6, False)'
	same "$(refused)" "$planned" 'the plan and what came of it'
	same "$(json out 'sorted({o["name"] for o in d[-1]["data"]["objects"]
		if o["result"] == "refused"})')" \
		"['CKR_KEY_SIZE_RANGE', 'CKR_OPERATION_NOT_ALLOWED']"
	same "$(json out 'all(o["label"] and o["reason"] for o in d[-1]["data"]["objects"]
		if o["rc"])')" True
	no_duplicates "$good"
	begun=${EPOCHREALTIME/./}
	run 6 coffer -o json "$(pw 0 co); $run_clone"
	say "# the rerun took $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
	same "$(counts)" "[0, $good, $run_refused, 0]" rerun
	# People read the same.
	run 6 coffer "$(pw 0 co); $run_clone"
	has out "^    0 objects cloned, $good existed, $run_refused refused\$"
	has out 'was refused: 0x62 \(CKR_KEY_SIZE_RANGE\)'
}

clone_stop_on_error() {
	run_cards
	run 6 coffer -o json "$(pw 0 co); $run_clone --on-error=stop"
	same "$(json out '[d[-1]["data"]["refused"],
		d[-1]["data"]["cloned"] + d[-1]["data"]["not_tried"]]')" \
		"[1, $((RUN_OBJECTS - 1))]"
	same "$(json out 'd[-1]["data"]["not_tried"] > 0')" True
	run 2 coffer "$(pw 0 co); $run_clone -onerror stop -continueonerror"
	run 2 coffer "$(pw 0 co); $run_clone -onerror perhaps"
	run 6 coffer -o json "$(pw 0 co); $run_clone -onerror continue"
	no_duplicates $((RUN_OBJECTS - run_refused))
}

# One run that is ended by SIGNAL after DELAY seconds, and a second one, to the end.
killed_run() { # SIGNAL DELAY
	local pid status=0 good=$((RUN_OBJECTS - run_refused))
	closed b.coffer
	rm -rf b.coffer
	cp -a "$work/run/b.coffer" .
	"$COFFER" -o json "$(pw 0 co); $run_clone" >first 2>err &
	pid=$!
	sleep "$2"
	kill -"$1" $pid 2>/dev/null || true
	wait $pid || status=$?
	if [ "$1" = INT ] && [ "$(wc -l <first)" = 3 ] &&
		[ "$(json first 'd[-1]["data"].get("interrupted")')" = True ]; then
		same $status 6 'an interrupted clone'
		same "$(json first 'sum(d[-1]["data"][k] for k in
			("cloned", "existed", "refused", "not_tried"))')" "$RUN_OBJECTS"
		same "$(json first 'd[-1]["error"].startswith("interrupted: ")')" True
		interrupted=$((interrupted + 1))
	fi
	run 6 coffer -o json "$(pw 0 co); $run_clone"
	same "$(json out 'd[-1]["data"]["cloned"] + d[-1]["data"]["existed"]')" $good "$1 at $2 s"
	same "$(json out 'd[-1]["data"]["refused"]')" $run_refused
	[ "$(json out 'd[-1]["data"]["existed"]')" = 0 ] || resumed=$((resumed + 1))
	no_duplicates $good
}

clone_killed() {
	local i begun took interrupted=0 resumed=0
	run_cards
	begun=${EPOCHREALTIME/./}
	run 6 coffer -o json "$(pw 0 co); $run_clone"
	took=$((${EPOCHREALTIME/./} - begun))
	RANDOM=4711
	for ((i = 0; i < RUN_KILLS; i++)); do
		killed_run "$([ $((i % 2)) = 0 ] && echo INT || echo KILL)" \
			"$(awk -v r=$RANDOM -v t=$took 'BEGIN { print r / 32768 * t / 1e6 }')"
	done
	say "# $RUN_KILLS kills: $interrupted said so, $resumed had something to resume"
}

# Too many bytes: said before anything moves, with the mend.
clone_no_space() {
	take_cards a b
	make_keys
	run 0 coffer "slot set -slot 9001; role login -name so -password so-pin-1;
		partition create -label small -size 2500 -force; slot set -slot 33;
		partition init -label small -password po-pin-33 -domain D -force;
		role login -name po -password po-pin-33; role init -name co -password co-pin-33"
	run 1 coffer "$(login 0); partition clone -objects all -slot 33 -password co-pin-33"
	has out 'CKR_CONTAINER_OBJECT_STORAGE_FULL'
	has err 'the target has not enough space .* -objects'
	lacks out 'is now handle'
	run 1 coffer --dry-run "$(login 0); partition clone -objects all -slot 33 -pw co-pin-33"
	same "$(count 33)" 0
	# One of them fits.
	run 0 coffer "$(login 0); partition clone -objects 3 -slot 33 -password co-pin-33"
}
