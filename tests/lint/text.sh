# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Rules about the text of files: sizes, licences, words that must not stand there.

c_files() { project_files '*.c' '*.h'; }
scripts() {
	project_files | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) head -n 1 "$file" | grep -qaE '^#!.*\b(sh|bash)$' && echo "$file" ;;
		esac
	done
}

long_files() {
	local file lines
	{ c_files && scripts && project_files '*.py' Makefile '*/meson.build'; } | sort -u |
		while read -r file; do
			lines=$(wc -l <"$file")
			[ "$lines" -le 600 ] || echo "$file: $lines lines (at most 600)"
		done
}

long_functions() {
	local file
	project_files '*.c' | while read -r file; do
		awk -v file="$file" '/^\{/ { start = NR }
			/^\}/ { if (start && NR - start > 100)
				printf "%s:%d: a function of %d lines (at most 100)\n",
					file, start, NR - start; start = 0 }' "$file"
	done
}

long_lines() {
	{ c_files && scripts; } | sort -u | while read -r file; do
		expand "$file" | awk -v file="$file" 'length($0) > 100 {
			printf "%s:%d: %d columns (at most 100)\n", file, NR, length($0) }'
	done
}

# The licence that a file of this path bears.
licence_of() {
	case $1 in
	driver/include/uapi/* | driver/include/hw/*)
		echo '(GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause' ;;
	Kbuild | driver/* | tests/kselftest/*) echo 'GPL-2.0-only' ;;
	qemu-device/* | tests/device/*) echo 'GPL-2.0-or-later' ;;
	*) echo 'BSD-3-Clause' ;;
	esac
}

licences() {
	local file want line
	{ c_files && scripts && project_files '*.py' '*meson.build' '*Kbuild' '*Makefile'; } |
		sort -u | while read -r file; do
			want=$(licence_of "$file")
			line=$(head -n 2 "$file" | grep -a -m 1 SPDX-License-Identifier)
			[ "$(head -c 2 "$file")" = '#!' ] || line=$(head -n 1 "$file")
			line=${line#*SPDX-License-Identifier: }
			line=${line%% \*/}
			[ "$line" = "$want" ] || echo "$file: says '$line', wants '$want'"
		done
}

unfinished() {
	local words='TO''DO|FIX''ME|X''XX|HA''CK'
	project_files | grep -v '^LICENSES/' | xargs grep -IHnwE "$words"
}

# What a guest sends must never stop QEMU, nor size an allocation that may fail.
device_asserts() {
	project_files 'qemu-device/*.c' |
		xargs -r grep -HnE '\b(g_assert[a-z_]*|assert|abort|g_malloc0?|g_error|exit) ?\('
}

# Files name packages; where they come from is the machine's own setting.
registry_hosts() {
	local hosts='(deb|security|snapshot|ftp|archive)\.(debian|ubuntu)\.'
	hosts+='|(pypi|pythonhosted|npmjs|crates|rubygems|maven|docker|quay|ghcr)\.(org|io|com)'
	project_files | grep -v '^LICENSES/' | xargs grep -IHnE "$hosts"
}

shell_scripts() {
	scripts | xargs -r shellcheck --external-sources --source-path=SCRIPTDIR --format=gcc \
		--exclude=SC1090,SC1091,SC2054
}

# Comments of tests that name rows of the feature table.
row_comments() { tests/rows/run --comments; }
row_counting() { tests/rows/selftest; }
