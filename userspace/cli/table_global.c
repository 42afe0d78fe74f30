// SPDX-License-Identifier: BSD-3-Clause
/*
 * The options that stand before a command.
 */
#include <string.h>
#include <strings.h>

#include "table.h"

const struct cli_option cli_globals[] = {
	[CLI_GLOBAL_CARDS] = { "cards", NULL, CLI_CARD, 0,
		"card folders, device nodes, ssh:HOST:CARD; commas between. Default: "
		"$COFFER_CARDS, else every /dev/cofferN", NULL },
	[CLI_GLOBAL_SLOT] = { "slot", NULL, CLI_SLOT, CLI_OPT_LOOKS,
		"begin at this slot: number, label, serial:N, PKCS#11 URI", NULL },
	[CLI_GLOBAL_LOGIN] = { "login", NULL, CLI_ROLE, 0, "log in there first", NULL },
	[CLI_GLOBAL_PIN_FILE] = { "pin-file", NULL, CLI_FILE, 0,
		"with the password in the first line of the file", NULL },
	[CLI_GLOBAL_PIN_FD] = { "pin-fd", NULL, CLI_NUMBER, 0,
		"with the password in the first line of the descriptor", NULL },
	[CLI_GLOBAL_FILE] = { "file", "f", CLI_FILE, 0,
		"run the commands in it, one or more a line; # begins a comment", NULL },
	[CLI_GLOBAL_KEEP_GOING] = { "keep-going", NULL, CLI_FLAG, 0,
		"go on after a command that failed; the worst gives the exit status", NULL },
	[CLI_GLOBAL_ECHO] = { "echo", NULL, CLI_FLAG, 0,
		"show each command before its result (secrets starred)", NULL },
	[CLI_GLOBAL_OUTPUT] = { "output", "o", CLI_CHOICE, 0,
		"text or json: one document per command", "text|json" },
	[CLI_GLOBAL_COLOR] = { "color", NULL, CLI_CHOICE, 0,
		"colours; auto: on a terminal, unless NO_COLOR is set", "auto|always|never" },
	[CLI_GLOBAL_DRY_RUN] = { "dry-run", NULL, CLI_FLAG, 0,
		"change nothing; clone and restore check what they can", NULL },
	[CLI_GLOBAL_YES] = { "yes", "y", CLI_FLAG, 0, "do not ask for proceed or quit", NULL },
	[CLI_GLOBAL_NON_INTERACTIVE] = { "non-interactive", NULL, CLI_FLAG, 0,
		"never ask anything: fail with status 2 instead", NULL },
	[CLI_GLOBAL_TIMEOUT] = { "timeout", NULL, CLI_NUMBER, 0,
		"give up on a card after so many seconds", NULL },
	[CLI_GLOBAL_VERSION] = { "version", NULL, CLI_FLAG, 0, "print the version", NULL },
	[CLI_GLOBAL_HELP] = { "help", "h", CLI_FLAG, 0, "print these options", NULL },
	[CLI_GLOBAL_COUNT] = { NULL, NULL, CLI_FLAG, 0, NULL, NULL },
};

const struct cli_option *cli_global_find(const char *name)
{
	const struct cli_option *o;

	for (o = cli_globals; o->name; o++)
		if (!strcasecmp(name, o->name) || (o->brief && !strcmp(name, o->brief)))
			return o;
	return NULL;
}
