// SPDX-License-Identifier: BSD-3-Clause
/*
 * Help: the table in other clothes.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

const char *cli_value_name(const struct cli_option *o)
{
	switch (o->kind) {
	case CLI_FLAG:
		return "";
	case CLI_TEXT:
		return "TEXT";
	case CLI_NUMBER:
		return "N";
	case CLI_SLOT:
		return "SLOT";
	case CLI_NUMBERS:
		return "N,N,...";
	case CLI_OBJECT:
		return "OBJECT";
	case CLI_OBJECTS:
		return "OBJECT,...|all";
	case CLI_ROLE:
		return "ROLE";
	case CLI_CHOICE:
		return o->choices;
	case CLI_FILE:
		return "FILE";
	case CLI_POLICIES:
		return "N,N,...";
	case CLI_CIPHER:
		return "N";
	case CLI_SERIAL:
		return "SERIAL";
	case CLI_LABEL:
	case CLI_PARTITION:
	case CLI_GROUP:
	case CLI_DOMAIN:
		return "LABEL";
	case CLI_ARCHIVE:
		return "ARCHIVE";
	case CLI_PROFILE:
		return "PROFILE";
	case CLI_MECHANISM:
		return "MECHANISM";
	case CLI_WORDS:
		return "WORD,...";
	case CLI_CARD:
		return "FOLDER";
	case CLI_COMMAND:
		return "WORD";
	default:
		return "SECRET";
	}
}

/* ---- Help -------------------------------------------------------------------------- */

static void show_nouns(struct cli *cli)
{
	const struct cli_noun *n;
	char name[32];

	out_say(&cli->out,
		"    Commands are a noun, a verb and options; their case does not matter.\n");
	for (n = cli_nouns; n->name; n++) {
		snprintf(name, sizeof(name), "%s (%s)", n->name, n->brief);
		out_say(&cli->out, "    %-18s %s", name, n->help);
	}
	out_say(&cli->out,
		"\n    help NOUN lists its verbs, help NOUN VERB (or NOUN VERB ?) its options.");
}

/* Is @word the first of the verb's words? */
static bool begins(const struct cli_command *c, const char *word)
{
	size_t len = strlen(word);

	return c->verb && !strncasecmp(c->verb, word, len) && c->verb[len] == ' ';
}

/* @first: NULL, or the first word of those that are wanted. */
static void show_verbs(struct cli *cli, const char *noun, const char *first)
{
	static const struct out_column columns[] = {
		{ "command", "Command", 28, OUT_TEXT },
		{ "brief", "Short", 6, OUT_TEXT },
		{ "help", "What it does", 0, OUT_PROSE },
	};
	const struct cli_command *c;
	char name[CLI_NAME_MAX];

	out_table(&cli->out, "commands", columns, 3);
	for (c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun) && (!first || begins(c, first)))
			out_row(&cli->out, (union out_cell[]){
				OUT_T(cli_command_name(c, name, sizeof(name))),
				OUT_T(c->brief ? c->brief : ""), OUT_T(c->help) });
	out_table_end(&cli->out);
}

static void show_options(struct cli *cli, const struct cli_command *c)
{
	static const struct out_column columns[] = {
		{ "option", "Option", 16, OUT_TEXT }, { "brief", "Short", 6, OUT_TEXT },
		{ "value", "Value", 16, OUT_TEXT }, { "required", "", 8, OUT_TEXT },
		{ "help", "", 0, OUT_PROSE },
	};
	const struct cli_option *o;

	out_table(&cli->out, "options", columns, 5);
	for (o = c->options; o && o->name; o++)
		out_row(&cli->out, (union out_cell[]){
			OUT_T(o->name), OUT_T(o->brief ? o->brief : ""), OUT_T(cli_value_name(o)),
			OUT_T(o->flags & CLI_OPT_REQUIRED ? "required" : ""), OUT_T(o->help) });
	out_table_end(&cli->out);
	for (o = c->options; o && o->name; o++)
		if (o->kind == CLI_SECRET)
			out_say(&cli->out, "    -%s-file FILE and -%s-fd N read the secret from "
				"a file or descriptor.", o->name, o->name);
}

static void show_command(struct cli *cli, const struct cli_command *c)
{
	char name[CLI_NAME_MAX];

	out_say(&cli->out, "    %s: %s", cli_command_name(c, name, sizeof(name)), c->help);
	if (c->roles)
		out_say(&cli->out, "    Role: %s", c->roles);
	if (c->flags & CLI_CMD_ERASES)
		out_say(&cli->out, "    Asks for proceed or quit unless -force or --yes is given.");
	out_say(&cli->out, "%s", "");
	if (c->options)
		show_options(cli, c);
}

/* "help partition archive" names the beginning of several verbs. */
static bool begins_verb(const char *noun, const char *word)
{
	const struct cli_command *c;

	for (c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun) && begins(c, word))
			return true;
	return false;
}

void cli_help_show(struct cli *cli, const char *noun, const char *word,
		   const struct cli_command *command)
{
	if (cli->out.json)
		cli_help_json(cli, noun, command);
	else if (command)
		show_command(cli, command);
	else if (noun)
		show_verbs(cli, noun, word && begins_verb(noun, word) ? word : NULL);
	else
		show_nouns(cli);
}

coffer_rc cli_help(struct cli *cli, const struct cli_args *args)
{
	const char *words[1 + CLI_MAX_VERB_WORDS] = {
		cli_args_text(args, "noun", NULL), cli_args_text(args, "verb", NULL),
		cli_args_text(args, "second", NULL),
	};
	const struct cli_command *c;
	const struct cli_noun *noun;
	size_t count = 0, used;

	if (!words[0]) {
		cli_help_show(cli, NULL, NULL, NULL);
		return 0;
	}
	while (count < 1 + CLI_MAX_VERB_WORDS && words[count])
		count++;
	noun = cli_noun_find(words[0]);
	if (!noun)
		return cli_usage(cli, "there is no command %s: see help", words[0]);
	c = cli_command_find(words, count, &used);
	if (!c && count > 1 && !begins_verb(noun->name, words[1]))
		return cli_usage(cli, "%s has no %s: see help %s", noun->name, words[1],
				 noun->name);
	cli_help_show(cli, noun->name, words[1], c);
	return 0;
}

coffer_rc cli_exit(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	cli->quit = true;
	return 0;
}
