# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Completion of coffer in bash. The program itself knows what may stand at the cursor: this hands
# it the words, and quotes what comes back. Nothing is asked, and nobody is logged in.

# _coffer_quote QUOTE TEXT: TEXT as it stands behind the open QUOTE, or without one; in REPLY.
# Labels come from cards: none of them may become a command when the line is run.
_coffer_quote() {
	REPLY=$2
	case $1 in
	\') REPLY=${REPLY//\'/\'\\\'\'} ;;
	\")
		REPLY=${REPLY//\\/\\\\}
		REPLY=${REPLY//\"/\\\"}
		REPLY=${REPLY//\$/\\\$}
		REPLY=${REPLY//\`/\\\`}
		REPLY=${REPLY//!/\"\'!\'\"} # a backslash would stay in front of it
		;;
	*) [[ -n $REPLY && $REPLY != *[!A-Za-z0-9_./:=@%+,-]* ]] || printf -v REPLY %q "$REPLY" ;;
	esac
}

_coffer() {
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} quote='' kind text REPLY
	type -P "$program" >/dev/null || program=coffer
	case $current in [\"\']*) quote=${current:0:1} ;; esac
	COMPREPLY=()
	while IFS=$'\t' read -r kind text _; do
		case $kind in
		word)
			_coffer_quote "$quote" "$text"
			COMPREPLY+=("$REPLY")
			;;
		files) compopt -o default 2>/dev/null ;;
		folders) compopt -o filenames -o plusdirs 2>/dev/null ;;
		more) compopt -o nospace 2>/dev/null ;;
		esac
	done < <("$program" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" </dev/null 2>/dev/null)
}

complete -F _coffer coffer
