// SPDX-License-Identifier: BSD-3-Clause
/*
 * Writes the manual pages at build time, from the command table and table_doc.c:
 *   coffer-man --pages        the nouns that have a page of their own, one a line
 *   coffer-man NOUN           the page coffer-NOUN(1)
 *   coffer-man --fill FILE    FILE, its lines ".\" @NAME@" replaced by what the table knows
 *   coffer-man --examples     every example: "# PAGE: COMMAND", "$ LINE", then its output
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "table_doc.h"

#define NAME_MAX_LEN	64

/* ---- Text as mdoc ------------------------------------------------------------------- */

/* In a line of text: @first says that it is at the beginning of one. */
static void put_text(const char *text, size_t len, bool first)
{
	for (size_t i = 0; i < len; i++) {
		if (!i && first && (text[i] == '.' || text[i] == '\''))
			fputs("\\&", stdout);
		if (text[i] == ' ' && i && text[i - 1] == '.' && i + 1 < len &&
		    isupper((unsigned char)text[i + 1]))
			putchar('\n');	/* a sentence begins on a line of its own */
		else if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[i]);
	}
}

/* A sentence; its full stop is added. */
static void put_line(const char *text)
{
	size_t len = strlen(text);

	if (!len)
		return;
	if (islower((unsigned char)*text)) {
		putchar(toupper((unsigned char)*text));
		put_text(text + 1, len - 1, false);
	} else {
		put_text(text, len, true);
	}
	puts(text[len - 1] == '.' ? "" : ".");
}

/* An argument of a macro: quoted, since it may look like a macro. */
static void put_argument(const char *text)
{
	putchar('"');
	for (; *text; text++)
		if (*text == '"')
			fputs("\"\"", stdout);
		else
			put_text(text, 1, false);
	putchar('"');
}

/* Sentences begin on lines of their own. */
static void put_paragraphs(const char *text)
{
	for (size_t len; *text; text += len) {
		const char *end = strchr(text, '\n');

		len = end ? (size_t)(end - text) : strlen(text);
		if (len) {
			put_text(text, len, true);
			putchar('\n');
		} else {
			puts(".Pp");
		}
		len += end != NULL;
	}
}

static void put_literal(const char *text)
{
	bool first = true;

	for (; *text; text++) {
		put_text(text, 1, first);
		first = *text == '\n';
	}
}

/* ---- Rows --------------------------------------------------------------------------- */

static const struct cli_doc *doc_of(const char *name)
{
	const struct cli_doc *d;

	for (d = cli_docs; d->name; d++)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

static bool has_page(const char *noun)
{
	const struct cli_command *c;

	if (!strcmp(noun, "help") || !strcmp(noun, "exit") || !strcmp(noun, "quit"))
		return false;	/* coffer(1) has these */
	for (c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun) && !(c->flags & CLI_CMD_ABSENT))
			return true;
	return false;
}

static void put_value(const struct cli_option *o)
{
	const char *value = cli_value_name(o);

	if (!*value)
		return;
	fputs(" Ar ", stdout);
	put_argument(value);
}

static void put_option(const struct cli_option *o, bool globally)
{
	printf(".It Fl %s%s", globally ? "\\-" : "", o->name);
	put_value(o);
	if (o->brief)
		printf(" , Fl %s", o->brief);
	putchar('\n');
	put_line(o->help);
	if (o->choices) {
		fputs("One of ", stdout);
		for (const char *p = o->choices; *p; p++)
			fputs(*p == '|' ? ", " : (char[]){ *p, 0 }, stdout);
		puts(".");
	}
	if (o->flags & CLI_OPT_BARE)
		puts("Its name may be left out.");
}

static void put_options(const struct cli_option *options, bool globally)
{
	const struct cli_option *o;
	bool secret = false;

	if (!options || !options->name)
		return;
	puts(".Bl -tag -width Ds");
	for (o = options; o->name; o++) {
		put_option(o, globally);
		secret |= o->kind == CLI_SECRET;
	}
	puts(".El");
	if (!secret)
		return;
	puts(".Pp\nFrom files or descriptors:");
	for (o = options; o->name; o++)
		if (o->kind == CLI_SECRET)
			printf(".Fl %s\\-file Ar FILE ,\n.Fl %s\\-fd Ar N\n", o->name, o->name);
}

static void put_synopsis(const struct cli_command *c)
{
	const struct cli_option *o;

	printf(".Bd -ragged -offset indent\n.Cm %s", c->noun);
	if (c->verb)
		printf(" %s", c->verb);
	putchar('\n');
	for (o = c->options; o && o->name; o++) {
		printf(o->flags & CLI_OPT_REQUIRED ? ".Fl %s" : ".Op Fl %s", o->name);
		put_value(o);
		putchar('\n');
	}
	puts(".Ed");
}

static void put_errors(const char *errors)
{
	if (!errors)
		return;
	puts(".Pp\nErrors:\n.Bl -tag -width Ds");
	for (const char *p = errors, *end; *p; p = end + (*end == '\n')) {
		size_t name = strcspn(p, ":");

		end = strchrnul(p, '\n');
		printf(".It Er %.*s\n", (int)name, p);
		p += name + strspn(p + name, ": ");
		put_text(p, (size_t)(end - p), true);
		puts(".");
	}
	puts(".El");
}

static void put_rules(const struct cli_command *c)
{
	if (c->roles)
		printf(".Pp\nRole: %s.\n", c->roles);
	if (c->flags & CLI_CMD_ERASES)
		puts(".Pp\nIt erases, and asks for\n.Ql proceed\nor\n.Ql quit\nunless\n"
		     ".Fl force\nor\n.Fl \\-yes\nis given.");
	if (c->flags & CLI_CMD_DRY_RUN)
		puts(".Pp\nWith\n.Fl \\-dry\\-run\nit shows what it would do.");
}

static void put_command(const struct cli_command *c)
{
	const struct cli_noun *noun = cli_noun_find(c->noun);
	const struct cli_doc *doc;
	char name[NAME_MAX_LEN];

	cli_command_name(c, name, sizeof(name));
	doc = doc_of(name);
	printf(".Ss %s\n", name);
	put_synopsis(c);
	puts(".Pp");
	put_line(c->help);
	printf("Short form:\n.Cm %s", noun->brief);
	if (c->brief)
		printf(" %s", c->brief);
	puts(".");
	if (doc && c->verb) {
		puts(".Pp");
		put_paragraphs(doc->text);
	}
	put_rules(c);
	put_options(c->options, false);
	if (doc)
		put_errors(doc->errors);
}

static void put_commands(const char *noun)
{
	const struct cli_command *c;

	for (c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun) && !(c->flags & CLI_CMD_ABSENT))
			put_command(c);
	for (c = cli_commands; c->noun; c++) {
		char name[NAME_MAX_LEN];

		if (strcmp(c->noun, noun) || !(c->flags & CLI_CMD_ABSENT))
			continue;
		printf(".Ss %s\n", cli_command_name(c, name, sizeof(name)));
		put_line(c->help);
		printf("Short form:\n.Cm %s %s .\n", cli_noun_find(noun)->brief,
		       c->brief ? c->brief : "");
	}
}

/* ---- Examples ------------------------------------------------------------------------ */

static bool is_of(const struct cli_doc *d, const char *noun)
{
	size_t len = strlen(noun);

	return !strncmp(d->name, noun, len) && (!d->name[len] || d->name[len] == ' ');
}

static void put_examples(const char *noun)
{
	const struct cli_example *e;
	const struct cli_doc *d;
	bool any = false;

	for (d = cli_docs; d->name; d++) {
		if (!is_of(d, noun))
			continue;
		for (e = d->examples; e && e->run; e++) {
			puts(any ? ".Pp" : ".Sh EXAMPLES\nThe cards are those of\n.Xr coffer 1 .\n"
			     ".Pp");
			any = true;
			put_line(e->what);
			puts(".Bd -literal -offset indent");
			fputs("$ ", stdout);
			put_literal(e->run);
			putchar('\n');
			put_literal(e->output);
			puts(".Ed");
		}
	}
}

static int examples(void)
{
	const struct cli_example *e;
	const struct cli_doc *d;

	for (d = cli_docs; d->name; d++)
		for (e = d->examples; e && e->run; e++)
			printf("# coffer-%.*s: %s\n$ %s\n%s", (int)strcspn(d->name, " "), d->name,
			       d->name, e->run, e->output);
	return 0;
}

/* ---- Pages --------------------------------------------------------------------------- */

static void put_nouns(void)
{
	const struct cli_noun *n;

	puts(".Bl -tag -width Ds");
	for (n = cli_nouns; n->name; n++) {
		printf(".It Cm %s , %s\n", n->name, n->brief);
		put_line(n->help);
		if (has_page(n->name))
			printf("See\n.Xr coffer\\-%s 1 .\n", n->name);
	}
	puts(".El");
}

/* The pages of nouns, by alphabet. */
static void put_see_also(void)
{
	const struct cli_noun *n, *next;
	const char *last = "";

	do {
		next = NULL;
		for (n = cli_nouns; n->name; n++)
			if (has_page(n->name) && strcmp(n->name, last) > 0 &&
			    (!next || strcmp(n->name, next->name) < 0))
				next = n;
		if (!next)
			return;
		printf(".Xr coffer\\-%s 1 ,\n", next->name);
		last = next->name;
	} while (next);
}

static int page(const char *name)
{
	const struct cli_noun *n;
	const struct cli_doc *doc;
	char upper[NAME_MAX_LEN];

	for (n = cli_nouns; n->name && strcmp(n->name, name); n++)
		;
	if (!n->name || !has_page(name)) {
		fprintf(stderr, "coffer-man: there is no page for %s\n", name);
		return 1;
	}
	snprintf(upper, sizeof(upper), "%s", name);
	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	printf(".\\\" Written by coffer-man from the command table: do not edit.\n"
	       ".Dd November 22, 2026\n.Dt COFFER\\-%s 1\n.Os\n.Sh NAME\n.Nm coffer\\-%s\n"
	       ".Nd ", upper, name);
	put_text(n->help, strlen(n->help), false);
	printf("\n.Sh SYNOPSIS\n.Nm coffer\n.Op Ar option ...\n.Cm %s\n.Op Ar verb\n"
	       ".Op Fl option Oo Ar value Oc ...\n.Sh DESCRIPTION\n", name);
	doc = doc_of(name);
	if (doc)
		put_paragraphs(doc->text);
	else
		put_line(n->help);
	puts(".Pp\nThe options before a command, exit statuses, secrets and the grammar are in\n"
	     ".Xr coffer 1 .\n.Sh COMMANDS");
	put_commands(name);
	put_examples(name);
	puts(".Sh SEE ALSO\n.Xr coffer 1 ,\n.Xr coffer.conf 5 ,\n.Xr coffer\\-archive 7");
	return 0;
}

/* The file beside @path that makes the cards of the examples. */
static void put_setup(const char *path)
{
	const char *slash = strrchr(path, '/');
	char line[512];
	FILE *f;

	snprintf(line, sizeof(line), "%.*sexamples.setup",
		 slash ? (int)(slash + 1 - path) : 0, path);
	f = fopen(line, "re");
	if (!f) {
		perror(line);
		exit(1);
	}
	while (fgets(line, sizeof(line), f))
		if (line[0] != '#')
			put_literal(line);
	fclose(f);
}

static void fill_in(const char *what, const char *path)
{
	if (!strcmp(what, "setup"))
		put_setup(path);
	else if (!strcmp(what, "options"))
		put_options(cli_globals, true);
	else if (!strcmp(what, "nouns"))
		put_nouns();
	else if (!strcmp(what, "see-also"))
		put_see_also();
	else
		put_commands(what);
}

static int fill(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[512], what[32];

	if (!f) {
		perror(path);
		return 1;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, ".\\\" @%31[a-z-]@", what) == 1)
			fill_in(what, path);
		else
			fputs(line, stdout);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	const struct cli_noun *n;

	if (argc == 2 && !strcmp(argv[1], "--pages")) {
		for (n = cli_nouns; n->name; n++)
			if (has_page(n->name))
				puts(n->name);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--examples"))
		return examples();
	if (argc == 3 && !strcmp(argv[1], "--fill"))
		return fill(argv[2]);
	if (argc == 2 && argv[1][0] != '-')
		return page(argv[1]);
	fputs("usage: coffer-man --pages | NOUN | --fill FILE | --examples\n", stderr);
	return 2;
}
