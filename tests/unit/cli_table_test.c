// SPDX-License-Identifier: BSD-3-Clause
/*
 * The command table holds together: names and short forms are unambiguous, every command has a
 * handler and a help line, and every command and option is found by each of its names.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "table.h"

static bool clash(const char *a, const char *b)
{
	return a && b && !strcasecmp(a, b);
}

static void nouns_are_unambiguous(void **state)
{
	(void)state;
	for (const struct cli_noun *a = cli_nouns; a->name; a++) {
		assert_non_null(a->help);
		assert_ptr_equal(cli_noun_find(a->name), a);
		assert_ptr_equal(cli_noun_find(a->brief), a);
		for (const struct cli_noun *b = a + 1; b->name; b++)
			assert_false(clash(a->name, b->name) || clash(a->name, b->brief) ||
				     clash(a->brief, b->name) || clash(a->brief, b->brief));
	}
}

static size_t words_of(const char *text)
{
	size_t n = *text != '\0';

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

static void commands_are_complete(void **state)
{
	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		assert_non_null(cli_noun_find(c->noun));
		assert_non_null(c->help);
		assert_non_null(c->run);
		assert_int_equal(!c->verb, !c->brief);
		if (!c->verb)
			continue;
		assert_int_equal(words_of(c->verb), words_of(c->brief));
		assert_true(words_of(c->verb) <= CLI_MAX_VERB_WORDS);
	}
}

/* Splits "noun verb verb" and asks the table. */
static const struct cli_command *find(const char *noun, const char *verb)
{
	char text[80];
	const char *words[4];
	size_t count = 0, used;

	snprintf(text, sizeof(text), "%s %s", noun, verb ? verb : "");
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		words[count++] = w;
	return cli_command_find(words, count, &used);
}

static void commands_are_found_by_both_names(void **state)
{
	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		const struct cli_noun *noun = cli_noun_find(c->noun);

		assert_ptr_equal(find(c->noun, c->verb), c);
		assert_ptr_equal(find(noun->brief, c->brief), c);
		assert_ptr_equal(find(noun->brief, c->verb), c);
	}
}

static void upper(const char *text, char *out)
{
	while ((*out++ = (char)toupper((unsigned char)*text++)))
		;
}

static void options_are_unambiguous(void **state)
{
	bool from_file;
	char name[64];

	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		const struct cli_option *a = c->options, *b;

		for (; a && a->name; a++) {
			assert_true(a - c->options < CLI_MAX_OPTIONS);
			assert_non_null(a->help);
			assert_int_equal(a->kind == CLI_CHOICE || a->kind == CLI_WORDS,
					 a->choices != NULL);
			upper(a->name, name);
			assert_ptr_equal(cli_option_find(c, name, &from_file), a);
			if (a->brief)
				assert_ptr_equal(cli_option_find(c, a->brief, &from_file), a);
			assert_false(from_file);
			for (b = a + 1; b->name; b++)
				assert_false(clash(a->name, b->name) || clash(a->name, b->brief) ||
					     clash(a->brief, b->name) || clash(a->brief, b->brief));
		}
	}
}

static void secrets_have_a_file_form(void **state)
{
	bool from_file;
	char name[64];

	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++)
		for (const struct cli_option *o = c->options; o && o->name; o++) {
			snprintf(name, sizeof(name), "%s-file", o->name);
			if (o->kind == CLI_SECRET) {
				assert_ptr_equal(cli_option_find(c, name, &from_file), o);
				assert_true(from_file);
			} else {
				assert_null(cli_option_find(c, name, &from_file));
			}
		}
}

/* What asks before it erases must be able to be told not to ask. */
static void erasing_commands_take_force(void **state)
{
	bool from_file;

	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++)
		if (c->flags & CLI_CMD_ERASES)
			assert_non_null(cli_option_find(c, "force", &from_file));
}

/* behaviour.md 6.1 gives these. */
static void clone_has_its_documented_short_forms(void **state)
{
	const struct cli_command *c = find("partition", "clone");
	bool from_file;

	(void)state;
	assert_non_null(c);
	assert_string_equal(cli_option_find(c, "o", &from_file)->name, "objects");
	assert_string_equal(cli_option_find(c, "p", &from_file)->name, "password");
	assert_string_equal(cli_option_find(c, "pw", &from_file)->name, "password");
	assert_string_equal(cli_option_find(c, "s", &from_file)->name, "slot");
	assert_string_equal(cli_option_find(c, "f", &from_file)->name, "force");
	assert_ptr_equal(find("PAR", "Clone"), c);
	assert_null(find("partition", "clo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nouns_are_unambiguous),
		cmocka_unit_test(commands_are_complete),
		cmocka_unit_test(commands_are_found_by_both_names),
		cmocka_unit_test(options_are_unambiguous),
		cmocka_unit_test(secrets_have_a_file_form),
		cmocka_unit_test(erasing_commands_take_force),
		cmocka_unit_test(clone_has_its_documented_short_forms),
	};

	return cmocka_run_group_tests_name("cli_table", tests, NULL, NULL);
}
