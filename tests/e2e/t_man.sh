# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The manual pages as files.

# COFFER may be of another build; the pages belong to the folder of the program.
man_pages() {
	local folder page
	folder=$(dirname "$(realpath "$COFFER")")
	for page in $("$folder/coffer-man" --pages); do
		"$folder/coffer-man" "$page" | cmp - "$folder/coffer-$page.1"
	done
	# shellcheck disable=SC2154 # top is of lib.sh
	for page in "$folder"/coffer*.1 "$top"/userspace/man/*.[57]; do
		mandoc -T lint -W warning "$page"
		man --warnings -l -Tutf8 "$page" 2>&1 >/dev/null | tee warnings
		same "$(wc -l <warnings)" 0 "$page"
	done
	run 1 "$folder/coffer-man" help
	run 2 "$folder/coffer-man"
}

# What the pages show is run in their order, and prints what they say.
man_examples() {
	local folder
	folder=$(dirname "$(realpath "$COFFER")")
	PATH=$(dirname "$COFFER"):$PATH
	# shellcheck disable=SC1091 # it is there
	. "$top/userspace/man/examples.setup" >/dev/null 2>&1
	"$folder/coffer-man" --examples >examples
	python3 "$top/tests/e2e/man_examples.py" examples
}
