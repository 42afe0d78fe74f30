# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A private view of the Debian archive: the machine's own sources, with source
# packages, in lists of our own. It needs no root and changes nothing that the
# machine's apt sees. Source it after lib.sh.

APT_DIR=$COFFER_CACHE/apt

# Copy the machine's entries for the Debian archive; other people's archives
# carry nothing that we need and may be unreachable.
apt_copy_sources() {
	local file
	rm -rf "$APT_DIR/sources"
	mkdir -p "$APT_DIR/sources" "$APT_DIR/lists/partial" "$APT_DIR/archives/partial"
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -e "$file" ] || continue
		awk 'BEGIN { RS = ""; ORS = "\n\n" }
		     /(^|\n)Enabled: *no/ { next }
		     /(^|\n)URIs:[^\n]*\/debian(-security)?\/?( |\n|$)/ {
			sub(/Types:[^\n]*/, "Types: deb deb-src"); print }' \
			"$file" >"$APT_DIR/sources/${file##*/}"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$file" ] || continue
		awk '$1 == "deb" && / [^ ]*\/debian(-security)?\/? / {
			print; $1 = "deb-src"; print }' "$file" >"$APT_DIR/sources/${file##*/}"
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
		say "reading the Debian archive's package lists"
		apt_copy_sources
		run_logged "$COFFER_CACHE/logs/apt-update.log" apt_private apt-get update
		touch "$APT_DIR/updated"
	) 8>"$COFFER_CACHE/.lock-apt" || exit 1
}
