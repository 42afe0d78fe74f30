// SPDX-License-Identifier: BSD-3-Clause
/*
 * Help for machines: rows of the command table as they are. Tests walk the table by it.
 */
#include <string.h>

#include "cli.h"

static const char *kind_name(enum cli_kind kind)
{
	switch (kind) {
	case CLI_FLAG:
		return "flag";
	case CLI_TEXT:
		return "text";
	case CLI_NUMBER:
		return "number";
	case CLI_SLOT:
		return "slot";
	case CLI_NUMBERS:
		return "numbers";
	case CLI_OBJECTS:
		return "objects";
	case CLI_ROLE:
		return "role";
	case CLI_CHOICE:
		return "choice";
	case CLI_FILE:
		return "file";
	case CLI_SECRET:
		return "secret";
	case CLI_OBJECT:
		return "object";
	case CLI_POLICIES:
		return "policies";
	case CLI_CIPHER:
		return "cipher";
	case CLI_SERIAL:
		return "serial";
	case CLI_LABEL:
		return "label";
	case CLI_PARTITION:
		return "partition";
	case CLI_ARCHIVE:
		return "archive";
	case CLI_GROUP:
		return "group";
	case CLI_DOMAIN:
		return "domain";
	case CLI_PROFILE:
		return "profile";
	case CLI_MECHANISM:
		return "mechanism";
	case CLI_WORDS:
		return "words";
	case CLI_CARD:
		return "card";
	case CLI_COMMAND:
		return "command";
	}
	return "text";
}

static void put_option(struct out *o, const struct cli_option *option)
{
	out_item(o);
	out_key_text(o, "option", option->name);
	out_key_text(o, "brief", option->brief);
	out_key_text(o, "kind", kind_name(option->kind));
	out_key_bool(o, "required", option->flags & CLI_OPT_REQUIRED);
	out_key_bool(o, "bare", option->flags & CLI_OPT_BARE);
	out_key_text(o, "choices", option->choices);
	out_key_text(o, "help", option->help);
	out_item_end(o);
}

static void put_command(struct out *o, const struct cli_command *c)
{
	const struct cli_option *option;
	char name[CLI_NAME_MAX];

	out_item(o);
	out_key_text(o, "command", cli_command_name(c, name, sizeof(name)));
	out_key_text(o, "brief", c->brief);
	out_key_text(o, "help", c->help);
	out_key_text(o, "roles", c->roles);
	out_key_bool(o, "changes", c->flags & CLI_CMD_CHANGES);
	out_key_bool(o, "plans", c->flags & CLI_CMD_DRY_RUN);
	out_key_bool(o, "erases", c->flags & CLI_CMD_ERASES);
	out_key_bool(o, "no_card", c->flags & CLI_CMD_NO_CARD);
	out_key_bool(o, "silent", c->flags & CLI_CMD_SILENT);
	out_key_bool(o, "absent", c->flags & CLI_CMD_ABSENT);
	out_list(o, "options");
	for (option = c->options; option && option->name; option++)
		put_option(o, option);
	out_list_end(o);
	out_item_end(o);
}

void cli_help_json(struct cli *cli, const char *noun, const struct cli_command *command)
{
	const struct cli_command *c;
	const struct cli_noun *n;

	out_list(&cli->out, "nouns");
	for (n = cli_nouns; n->name; n++) {
		if (noun && strcmp(n->name, noun))
			continue;
		out_item(&cli->out);
		out_key_text(&cli->out, "noun", n->name);
		out_key_text(&cli->out, "brief", n->brief);
		out_key_text(&cli->out, "help", n->help);
		out_item_end(&cli->out);
	}
	out_list_end(&cli->out);
	out_list(&cli->out, "commands");
	for (c = cli_commands; c->noun; c++)
		if (command ? c == command : !noun || !strcmp(c->noun, noun))
			put_command(&cli->out, c);
	out_list_end(&cli->out);
}
