# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A private view of the Debian archive: the machine's own sources, with source
# packages, in lists of our own. It needs no root and changes nothing that the
# machine's apt sees. Source it after lib.sh.

APT_DIR=$COFFER_CACHE/apt
APT_SUITE=''

# apt_suite SUITE: from here on the private view is of this suite of Debian alone
# (bookworm-backports, sid...), in lists of its own, from where the machine gets its Debian.
# A suite that is not there is an error of apt_update_private.
apt_suite() {
	APT_SUITE=$1
	APT_DIR=$COFFER_CACHE/apt-$1
}

# Copy the machine's entries for the Debian archive; other people's archives
# carry nothing that we need and may be unreachable. Security updates are an archive
# of their own, whose suites have other names: a suite that was asked for is not there.
apt_copy_sources() {
	local file
	rm -rf "$APT_DIR/sources"
	mkdir -p "$APT_DIR/sources" "$APT_DIR/lists/partial" "$APT_DIR/archives/partial"
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -e "$file" ] || continue
		awk -v suite="$APT_SUITE" 'BEGIN { RS = ""; ORS = "\n\n" }
		     /(^|\n)Enabled: *no/ { next }
		     suite != "" && /(^|\n)URIs:[^\n]*-security/ { next }
		     /(^|\n)URIs:[^\n]*\/debian(-security)?\/?( |\n|$)/ {
			if (suite != "") sub(/Suites:[^\n]*/, "Suites: " suite)
			sub(/Types:[^\n]*/, "Types: deb deb-src"); print }' \
			"$file" >"$APT_DIR/sources/${file##*/}"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$file" ] || continue
		awk -v suite="$APT_SUITE" '
		     $1 != "deb" || !/ [^ ]*\/debian(-security)?\/? / { next }
		     suite != "" && /-security/ { next }
		     suite != "" {
			for (i = 2; $i !~ /\/debian\/?$/; i++) { }
			$(i + 1) = suite }
		     { print; $1 = "deb-src"; print }' "$file" >"$APT_DIR/sources/${file##*/}"
	done
	find "$APT_DIR/sources" -empty -type f -delete
	[ -n "$(ls "$APT_DIR/sources")" ] || die "this machine's apt sources have no Debian archive"
}

# apt_private TOOL ARGUMENTS...: an apt tool over the private view
apt_private() {
	local tool=$1
	shift
	"$tool" -qq -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$APT_DIR/sources" \
		-o Dir::State::lists="$APT_DIR/lists" \
		-o Dir::Cache="$APT_DIR" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# Refresh the private lists, at most once in six hours.
apt_update_private() {
	(
		flock 8
		[ -z "$(find "$APT_DIR/updated" -mmin -360 2>/dev/null)" ] || exit 0
		say "reading the Debian archive's package lists${APT_SUITE:+ of $APT_SUITE}"
		apt_copy_sources
		run_logged "$COFFER_CACHE/logs/${APT_DIR##*/}-update.log" apt_private apt-get update
		touch "$APT_DIR/updated"
	) 8>"$COFFER_CACHE/.lock-${APT_DIR##*/}" || exit 1
}
