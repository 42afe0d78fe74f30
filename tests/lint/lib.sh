# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the lint rules share: the list of files, and one TAP case per rule.

# Files of the project: what git would commit; in an unpacked archive, all.
project_files() {
	git ls-files -co --exclude-standard -- "$@" 2>/dev/null |
		while read -r file; do [ ! -f "$file" ] || echo "$file"; done |
		sort -u
}

# Counted in `cases` and `bad`, which the caller owns.
# rule NAME FUNCTION: the function prints what offends and nothing else; the rule
# holds if it prints nothing.
rule() {
	local found
	cases=$((cases + 1))
	found=$("$2" 2>&1)
	if [ -z "$found" ]; then
		echo "ok $cases - $1"
		return
	fi
	bad=$((bad + 1))
	echo "not ok $cases - $1"
	head -n 60 <<<"$found" | sed 's/^/# /'
}
