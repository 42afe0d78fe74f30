# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the lint rules share: the list of files, and one TAP case per rule.

# Files of the project: what git would commit; in an unpacked archive, all.
project_files() {
	git ls-files -co --exclude-standard -- "$@" 2>/dev/null |
		while read -r file; do [ ! -f "$file" ] || echo "$file"; done |
		sort -u
}

# What the verdicts of other programs hang on besides the files: their versions and our rules.
checkers() {
	local tools
	tools=$(tests/vm/kernel --tools)
	{
		cat tests/lint/*.sh tests/lint/format .clang-format "$tools/scripts/checkpatch.pl"
		tests/vm/kernel --headers
		clang-format --version && shellcheck --version && sparse --version && gcc --version
	} 2>&1 | sha256sum | cut -c 1-16
}

# once each|all RULE COMMAND...: with the files whose names come in. What a slow rule found good
# stands in build/lint/held/RULE by its contents, and is not looked at again. `each`: COMMAND gets
# the names of the other files; `all`: it is called if anything is not as it was.
once() {
	local how=$1 held=$lint_held/$2 now found files=()
	shift 2
	mkdir -p "$lint_held"
	: "${lint_checkers:=$(checkers)}"
	now=$(xargs -r sha256sum | sed "s/^/$lint_checkers /")
	touch "$held"
	[ "$now" != "$(<"$held")" ] || return 0
	[ "$how" = all ] ||
		mapfile -t files < <(grep -vxFf "$held" <<<"$now" | cut -d ' ' -f 4-)
	found=$("$@" "${files[@]}" 2>&1)
	if [ -n "$found" ]; then
		echo "$found"
	else
		echo "$now" >"$held"
	fi
}
lint_held=$COFFER_TOP/build/lint/held

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
