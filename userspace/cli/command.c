// SPDX-License-Identifier: BSD-3-Clause
/* One row of the table: its options by their names, its own name. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "table.h"

/* "on-error" is as good as "onerror", and "rootkey" as "root-key". */
static bool same_but_dashes(const char *word, const char *name)
{
	do {
		word += strspn(word, "-");
		name += strspn(name, "-");
		if (tolower((unsigned char)*word) != tolower((unsigned char)*name))
			return false;
		name++;
	} while (*word++);
	return true;
}

static const struct cli_option *option_named(const struct cli_command *c, const char *name)
{
	const struct cli_option *o;

	for (o = c->options; o && o->name; o++)
		if (same_but_dashes(name, o->name) || (o->brief && !strcasecmp(name, o->brief)))
			return o;
	return NULL;
}

/* "-pw" is as good as "-password" everywhere (behaviour.md 6.1). */
const struct cli_option *cli_option_find(const struct cli_command *command, const char *name,
					 bool *from_file)
{
	const struct cli_option *o = option_named(command, name);
	size_t len = strlen(name), behind;
	char bare[64];

	*from_file = false;
	if (o)
		return o;
	if (!strcasecmp(name, "pw"))
		return option_named(command, "password");
	behind = len > 5 && !strcasecmp(name + len - 5, "-file") ? 5 :
		 len > 3 && !strcasecmp(name + len - 3, "-fd") ? 3 : 0;
	if (!behind || len - behind >= sizeof(bare))
		return NULL;
	memcpy(bare, name, len - behind);
	bare[len - behind] = '\0';
	o = option_named(command, strcasecmp(bare, "pw") ? bare : "password");
	*from_file = true;
	return o && o->kind == CLI_SECRET ? o : NULL;
}

const char *cli_command_name(const struct cli_command *command, char *out, size_t room)
{
	size_t len = strlen(command->noun);

	out[0] = '\0';
	strncat(out, command->noun, room - 1);
	if (command->verb && len + 1 < room) {
		strncat(out, " ", room - 1 - strlen(out));
		strncat(out, command->verb, room - 1 - strlen(out));
	}
	return out;
}
