// SPDX-License-Identifier: BSD-3-Clause
/*
 * Help, completion scripts and the manual page: all of them are the table in other clothes.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

static const char *value_name(const struct cli_option *o)
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

static bool hidden(const struct cli_command *c)
{
	return !strcmp(c->noun, "quit");
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
		{ "help", "What it does", 0, OUT_TEXT },
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
		{ "help", "", 0, OUT_TEXT },
	};
	const struct cli_option *o;

	out_table(&cli->out, "options", columns, 5);
	for (o = c->options; o && o->name; o++)
		out_row(&cli->out, (union out_cell[]){
			OUT_T(o->name), OUT_T(o->brief ? o->brief : ""), OUT_T(value_name(o)),
			OUT_T(o->flags & CLI_OPT_REQUIRED ? "required" : ""), OUT_T(o->help) });
	out_table_end(&cli->out);
	for (o = c->options; o && o->name; o++)
		if (o->kind == CLI_SECRET)
			out_say(&cli->out, "    -%s-file FILE reads the secret from a file.",
				o->name);
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

/* ---- Completion scripts ------------------------------------------------------------ */

static void print_options(const struct cli_command *c)
{
	const struct cli_option *o;

	for (o = c->options; o && o->name; o++) {
		printf(" -%s", o->name);
		if (o->kind == CLI_SECRET)
			printf(" -%s-file", o->name);
	}
}

static void print_verbs(const char *noun)
{
	const struct cli_command *c;
	char last[32] = "";

	for (c = cli_commands; c->noun; c++) {
		size_t len = c->verb ? strcspn(c->verb, " ") : 0;

		if (!len || strcmp(c->noun, noun))
			continue;
		if (strlen(last) == len && !strncmp(last, c->verb, len))
			continue;	/* "archive" once */
		snprintf(last, sizeof(last), "%.*s", (int)len, c->verb);
		printf(" %s", last);
	}
}

/* For each verb that begins with a word of others, what may follow it. */
static void print_second_words(void)
{
	const struct cli_command *c, *d;
	const struct cli_command *before = NULL;
	size_t len;

	for (c = cli_commands; c->noun; before = c++) {
		len = c->verb ? strcspn(c->verb, " ") : 0;
		if (!len || !c->verb[len] || (before && before->verb &&
		    !strcmp(before->noun, c->noun) && !strncmp(before->verb, c->verb, len + 1)))
			continue;
		printf("\t'%s %.*s'*) echo \"", c->noun, (int)len, c->verb);
		for (d = c; d->noun && !strcmp(d->noun, c->noun); d++)
			if (d->verb && !strncmp(d->verb, c->verb, len + 1))
				printf(" %s", d->verb + len + 1);
		puts("\" ;;");
	}
}

#define GLOBAL_WORDS \
	"--cards --slot --login --pin-file --pin-fd --file --keep-going --echo --output " \
	"--dry-run --yes --non-interactive --timeout --version --help"

/* What both shells share: a function that prints the candidates for the words so far. */
static void print_candidates(void)
{
	const struct cli_command *c;
	const struct cli_noun *n;
	char name[CLI_NAME_MAX];

	puts("# Written by coffer --completions from its command table.\n"
	     "_coffer_candidates() {\n\tcase \"$*\" in");
	printf("\t'') echo \"");
	for (n = cli_nouns; n->name; n++)
		printf("%s ", n->name);
	puts(GLOBAL_WORDS "\" ;;");
	for (c = cli_commands; c->noun; c++) {
		printf("\t'%s'*) echo \"", cli_command_name(c, name, sizeof(name)));
		print_options(c);
		puts("\" ;;");
	}
	print_second_words();
	for (n = cli_nouns; n->name; n++) {
		printf("\t'%s') echo \"", n->name);
		print_verbs(n->name);
		puts("\" ;;");
	}
	puts("\tesac\n}");
}

int cli_help_completions(const char *shell)
{
	bool zsh = !strcmp(shell, "zsh");

	if (!zsh && strcmp(shell, "bash"))
		return CLI_USAGE;
	if (zsh)
		puts("#compdef coffer");
	print_candidates();
	if (zsh)
		puts("_coffer() {\n"
		     "\tlocal -a found\n"
		     "\tfound=(${=$(_coffer_candidates ${words[2,CURRENT-1]})})\n"
		     "\tcompadd -- $found || _files\n"
		     "}\n"
		     "compdef _coffer coffer");
	else
		puts("_coffer() {\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
		     "\tmapfile -t COMPREPLY < <(compgen -W \"$(_coffer_candidates "
		     "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\" -- \"$cur\")\n"
		     "}\n"
		     "complete -o default -F _coffer coffer");
	return 0;
}

/* ---- Manual page ------------------------------------------------------------------- */

static void print_roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void manual_option(const struct cli_option *o)
{
	fputs(".TP\n.B ", stdout);
	putchar('\\');
	printf("-%s", o->name);
	if (o->brief)
		printf(", \\-%s", o->brief);
	printf(" \\fR%s\n", value_name(o));
	print_roff(o->help);
	puts(o->flags & CLI_OPT_REQUIRED ? " (required)." : ".");
}

static void manual_command(const struct cli_command *c)
{
	const struct cli_option *o;
	char name[CLI_NAME_MAX];

	printf(".SS %s\n", cli_command_name(c, name, sizeof(name)));
	print_roff(c->help);
	puts(".");
	if (c->roles)
		printf("Role: %s.\n", c->roles);
	if (c->flags & CLI_CMD_ERASES)
		puts("Asks for proceed or quit unless told otherwise.");
	for (o = c->options; o && o->name; o++)
		manual_option(o);
}

void cli_help_manual(void)
{
	const struct cli_command *c;

	puts(".\\\" Written by coffer \\-\\-man from its command table.\n"
	     ".TH COFFER 1\n.SH NAME\ncoffer \\- operate Coffer security modules\n"
	     ".SH SYNOPSIS\n.B coffer\n[\\fIOPTION\\fR]... [\\fICOMMAND\\fR]\n"
	     ".SH DESCRIPTION\n"
	     "Commands are a noun, a verb and options. Their case does not matter, values keep "
	     "theirs. The same commands work in the interactive shell, as arguments (with ; "
	     "between), in a script (\\-f) and on standard input. \\fBcoffer \\-\\-help\\fR lists "
	     "the options that stand before a command.\n"
	     ".PP\nA secret option NAME may also be given as \\-NAME\\-file FILE.\n"
	     ".SH COMMANDS");
	for (c = cli_commands; c->noun; c++)
		if (!hidden(c))
			manual_command(c);
	puts(".SH EXIT STATUS\n0 good, 1 failed, 2 wrong use, 3 no card, 4 login or role, "
	     "5 refused by policy or domain, 6 some objects only, 124 out of time.\n"
	     ".SH ENVIRONMENT\n.TP\n.B COFFER_CARDS\nCards, as with \\-\\-cards.\n"
	     ".TP\n.B CREDENTIALS_DIRECTORY\nHolds coffer.ROLE, coffer.password, coffer.domain.");
}
