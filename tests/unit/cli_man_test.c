// SPDX-License-Identifier: BSD-3-Clause
/*
 * The manual pages have every command, option and short form of the table, and none says anything
 * of what is not in it. argv[1]: the folder with the pages; default: that of this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hw/coffer_status.h"
#include "table.h"
#include "table_doc.h"

static const char *folder;

/* help, exit and quit are in coffer(1). free() it. */
static char *page_of(const char *noun)
{
	char path[4096], *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/coffer-%s.1", folder, noun);
	f = fopen(path, "re");
	if (!f) {
		snprintf(path, sizeof(path), "%s/coffer.1", folder);
		f = fopen(path, "re");
	}
	assert_non_null(f);
	text = calloc(1, 1 << 20);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static bool has(const char *text, size_t len, const char *wanted)
{
	return memmem(text, len, wanted, strlen(wanted));
}

/* A word of the page, in which dashes are written with a backslash. */
static const char *escaped(const char *word)
{
	static char text[64];
	size_t at = 0;

	for (; *word; word++) {
		if (*word == '-')
			text[at++] = '\\';
		text[at++] = *word;
	}
	text[at] = '\0';
	return text;
}

static bool is_absent(const struct cli_command *c)
{
	return c->flags & CLI_CMD_ABSENT;
}

static bool only_absent(const char *noun)
{
	for (const struct cli_command *c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun) && !is_absent(c))
			return false;
	return true;
}

static void check_command(const struct cli_command *c, const char *page)
{
	char name[64], line[128];
	const char *begin, *end;
	size_t len;

	cli_command_name(c, name, sizeof(name));
	snprintf(line, sizeof(line), "\n.Ss %s\n", name);
	begin = strstr(page, line);
	if (!begin)
		fail_msg("no section for %s", name);
	end = strstr(begin + strlen(line), "\n.S");
	len = end ? (size_t)(end - begin) : strlen(begin);
	snprintf(line, sizeof(line), "\n.Cm %s%s%s", cli_noun_find(c->noun)->brief,
		 c->brief ? " " : "", c->brief ? c->brief : "");
	if (!has(begin, len, line))
		fail_msg("no short form for %s", name);
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		snprintf(line, sizeof(line), "\n.It Fl %s", o->name);
		if (!has(begin, len, line))
			fail_msg("no option -%s of %s", o->name, name);
		snprintf(line, sizeof(line), " , Fl %s\n", o->brief ? o->brief : "");
		if (o->brief && !has(begin, len, line))
			fail_msg("no short form of -%s of %s", o->name, name);
		snprintf(line, sizeof(line), "\n.Fl %s\\-file", o->name);
		assert_int_equal(has(begin, len, line), o->kind == CLI_SECRET);
	}
}

static void every_command_and_option(void **state)
{
	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		char *page;

		if (only_absent(c->noun))
			continue;
		page = page_of(c->noun);
		check_command(c, page);
		free(page);
	}
}

static void every_noun_and_global_option(void **state)
{
	char *page = page_of(""), line[128];

	(void)state;
	for (const struct cli_noun *n = cli_nouns; n->name; n++) {
		snprintf(line, sizeof(line), "\n.It Cm %s , %s\n", n->name, n->brief);
		if (!strstr(page, line))
			fail_msg("coffer(1) does not list %s", n->name);
	}
	for (const struct cli_option *o = cli_globals; o->name; o++) {
		snprintf(line, sizeof(line), "\n.It Fl \\-%s", o->name);
		if (!strstr(page, line))
			fail_msg("coffer(1) does not list --%s (%s)", o->name, escaped(o->name));
	}
	free(page);
}

/* A page is named by a noun, or it would not be made: see userspace/cli/meson.build. */
static void every_noun_has_its_page(void **state)
{
	char path[4096];
	FILE *f;

	(void)state;
	for (const struct cli_noun *n = cli_nouns; n->name; n++) {
		bool own = strcmp(n->name, "help") && strcmp(n->name, "exit") &&
			   strcmp(n->name, "quit") && !only_absent(n->name);

		snprintf(path, sizeof(path), "%s/coffer-%s.1", folder, n->name);
		f = fopen(path, "re");
		if (own != (f != NULL))
			fail_msg("%s: add it to userspace/cli/meson.build", path);
		if (f)
			fclose(f);
	}
}

static bool is_named(const char *name)
{
	char command[64];

	for (const struct cli_noun *n = cli_nouns; n->name; n++)
		if (!strcmp(n->name, name))
			return true;
	for (const struct cli_command *c = cli_commands; c->noun; c++)
		if (!strcmp(cli_command_name(c, command, sizeof(command)), name))
			return true;
	return false;
}

/* "CKR_NAME" of a card, or of errno. */
static bool is_error(const char *name)
{
#define NAME(name, value, mend) "CKR_" #name,
	static const char *const codes[] = { COFFER_STATUS_CODES(NAME) };
#undef NAME
	const char *number;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!strcmp(codes[i], name))
			return true;
	for (int i = 1; i < 134; i++) {
		number = strerrorname_np(i);
		if (number && !strcmp(number, name))
			return true;
	}
	return false;
}

static void errors_are_of_what_there_is(void **state)
{
	char name[64];

	(void)state;
	for (const struct cli_doc *d = cli_docs; d->name; d++)
		for (const char *p = d->errors; p && *p; p = *p ? p + 1 : p) {
			snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ":"), p);
			if (!is_error(name))
				fail_msg("%s: there is no error %s", d->name, name);
			p += strcspn(p, "\n");
		}
}

/* What people type every day is shown with its errors, and run. */
static void everyday_commands_have_examples(void **state)
{
	static const char *const names[] = {
		"hagroup creategroup", "hagroup addmember", "hagroup synchronize", "hagroup check",
		"hagroup listgroups", "ped key create", "partition clone",
		"partition archive backup", "partition archive verify", "partition archive export",
		"partition archive show", "partition archive check", "partition archive import",
		"hsm certificate", "migrate", "status", "monitor", "partition domainadd",
		"partition showpolicies", "partition changepolicy", "audit init", "audit config",
		"audit show", "audit verify", "clientconfig show", "clientconfig import",
	};
	const struct cli_doc *d;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (d = cli_docs; d->name && strcmp(d->name, names[i]); d++)
			;
		if (!d->name || !d->examples || !d->examples->run)
			fail_msg("no example of %s", names[i]);
	}
}

static void texts_are_of_what_there_is(void **state)
{
	(void)state;
	for (const struct cli_doc *d = cli_docs; d->name; d++) {
		if (!is_named(d->name))
			fail_msg("table_doc_*.h: there is no %s", d->name);
		assert_non_null(d->text);
		for (const struct cli_doc *other = d + 1; other->name; other++)
			assert_string_not_equal(d->name, other->name);
		for (const struct cli_example *e = d->examples; e && e->run; e++) {
			assert_non_null(e->what);
			assert_null(strchr(e->run, '\n'));
			assert_true(!*e->output || e->output[strlen(e->output) - 1] == '\n');
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_and_option),
		cmocka_unit_test(every_noun_and_global_option),
		cmocka_unit_test(every_noun_has_its_page),
		cmocka_unit_test(texts_are_of_what_there_is),
		cmocka_unit_test(errors_are_of_what_there_is),
		cmocka_unit_test(everyday_commands_have_examples),
	};
	char *slash = strrchr(argv[0], '/');

	if (slash)
		*slash = '\0';
	folder = argc > 1 ? argv[1] : slash ? argv[0] : ".";
	return cmocka_run_group_tests_name("cli_man", tests, NULL, NULL);
}
