# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2016 # the programs of awk
# Rules about the text of files: sizes, licences, words that must not stand there.

c_files() { project_files '*.c' '*.h'; }
# Every file by its name or by its first line.
scripts() {
	project_files | xargs -r awk 'FNR == 1 && (FILENAME ~ /\.sh$/ || /^#!.*[ \/](ba)?sh$/) {
		print FILENAME } { nextfile }'
}

long_files() {
	{ c_files && scripts && project_files '*.py' Makefile '*/meson.build'; } | sort -u |
		xargs -r awk 'FNR == 601 { print FILENAME ": more than 600 lines" }'
}

long_functions() {
	project_files '*.c' | xargs -r awk 'FNR == 1 { start = 0 } /^\{/ { start = FNR }
		/^\}/ { if (start && FNR - start > 100)
			printf "%s:%d: a function of %d lines (at most 100)\n",
				FILENAME, start, FNR - start; start = 0 }'
}

# A tab reaches to the next multiple of 8.
long_lines() {
	{ c_files && scripts; } | sort -u | xargs -r awk '{
		columns = 0
		fields = split($0, part, "\t")
		for (i = 1; i <= fields; i++) {
			columns += length(part[i])
			if (i < fields)
				columns += 8 - columns % 8
		}
		if (columns > 100)
			printf "%s:%d: %d columns (at most 100)\n", FILENAME, FNR, columns
	}'
}

# On line 1, or 2 below a line that names an interpreter: the licence of the file's folder.
licences() {
	{ c_files && scripts && project_files '*.py' '*meson.build' '*Kbuild' '*Makefile'; } |
		sort -u | xargs -r awk '
		function wanted(path) {
			if (path ~ /^driver\/include\/(uapi|hw)\//)
				return "(GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause"
			if (path ~ /^(Kbuild$|driver\/|tests\/kselftest\/)/)
				return "GPL-2.0-only"
			if (path ~ /^(qemu-device|tests\/device)\//)
				return "GPL-2.0-or-later"
			return "BSD-3-Clause"
		}
		FNR == 1 && /^#!/ { next }
		{
			says = ""
			if (sub(/.*SPDX-License-Identifier: /, "")) {
				sub(/ \*\/$/, "")
				says = $0
			}
			if (says != wanted(FILENAME))
				printf "%s: says \047%s\047, wants \047%s\047\n", FILENAME,
					says, wanted(FILENAME)
			nextfile
		}'
}

unfinished() {
	local words='TO''DO|FIX''ME|X''XX|HA''CK'
	project_files | grep -v '^LICENSES/' | xargs grep -IHnwE "$words"
}

# What a guest sends must never stop QEMU, nor size an allocation that may fail.
# Memory for one thing of fixed size is as good as there; whatever a guest may size is tried for.
device_asserts() {
	local ends='g_assert[a-z_]*|assert|abort|g_error|exit|alloca'
	ends+='|g_(malloc0?|realloc|malloc0?_n|realloc_n|memdup2?|renew|slice_[a-z0-9]+)'
	project_files 'qemu-device/*.[ch]' |
		xargs -r grep -HnE \
			"\\b($ends) ?\(|\\bg_new0?\([^,]*, ([^1]|1[^)])|&error_(abort|fatal)"
}

# Files name packages; where they come from is the machine's own setting.
registry_hosts() {
	local hosts='(deb|security|snapshot|ftp|archive)\.(debian|ubuntu)\.'
	hosts+='|(pypi|pythonhosted|npmjs|crates|rubygems|maven|docker|quay|ghcr)\.(org|io|com)'
	project_files | grep -v '^LICENSES/' | xargs grep -IHnE "$hosts"
}

shell_scripts() {
	scripts | once all shellcheck check_scripts
}

check_scripts() {
	scripts | xargs -r shellcheck --external-sources --source-path=SCRIPTDIR --format=gcc \
		--exclude=SC1090,SC1091,SC2054
}

# Comments of tests that name rows of the feature table.
row_comments() { tests/rows/run --comments; }
row_counting() { tests/rows/selftest; }

# What the driver's documents say of its interfaces.
netlink_spec() { python3 tests/lint/netlink.py; }
abi_documents() { python3 tests/lint/abi.py; }
