// SPDX-License-Identifier: BSD-3-Clause
/*
 * Widths of texts, tables that fit, colours, and what never reaches a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grid.h"
#include "out.h"
#include "term.h"

static int utf8(void **state)
{
	(void)state;
	return setenv("LC_ALL", "C.UTF-8", 1);
}

static void texts_have_the_width_that_is_seen(void **state)
{
	(void)state;
	assert_int_equal(term_width(""), 0);
	assert_int_equal(term_width("label"), 5);
	assert_int_equal(term_width("Schl\xc3\xbcssel"), 9);
	assert_int_equal(term_width("\xe9\x8d\xb5\xe9\x8d\xb5"), 4);	/* two wide ones */
	assert_int_equal(term_width("e\xcc\x81t"), 2);			/* combining accent */
	assert_int_equal(term_width("\xf0\x9f\x94\x91"), 2);		/* emoji */
	assert_int_equal(term_width("\xff\xc3"), 2);			/* no UTF-8 */
}

static void ends_are_cut_for_an_ellipsis(void **state)
{
	char out[32];

	(void)state;
	assert_string_equal(term_fit("label", 5, out, sizeof(out)), "label");
	assert_string_equal(term_fit("labels", 5, out, sizeof(out)), "labe\u2026");
	assert_string_equal(term_fit("labels", 1, out, sizeof(out)), "\u2026");
	assert_string_equal(term_fit("labels", 0, out, sizeof(out)), "");
	/* A wide character is not cut in its middle. */
	assert_string_equal(term_fit("\xe9\x8d\xb5\xe9\x8d\xb5\xe9\x8d\xb5", 4, out, sizeof(out)),
			    "\xe9\x8d\xb5\u2026");
	assert_int_equal(term_width(out), 3);
	setenv("LC_ALL", "C", 1);
	assert_string_equal(term_fit("labels", 5, out, sizeof(out)), "labe~");
	setenv("LC_ALL", "C.UTF-8", 1);
}

static void prose_breaks_at_spaces(void **state)
{
	(void)state;
	assert_int_equal(term_wrap("one two three", 20), 13);
	assert_int_equal(term_wrap("one two three", 8), 7);
	assert_int_equal(term_wrap("one two three", 7), 7);
	assert_int_equal(term_wrap("one two three", 6), 3);
	assert_int_equal(term_wrap("onetwothree", 4), 4);
	assert_int_equal(term_wrap("\xe9\x8d\xb5", 1), 3);	/* it goes on all the same */
}

static const struct grid_column columns[] = {
	{ "Handle", 10, false, false }, { "Class", 12, true, false }, { "Label", 0, true, false },
};

static void fill(struct grid *g)
{
	*g = (struct grid){ .columns = 3 };
	grid_add(g, (const char *[]){ "1", "private key", "a long label of a key" });
	grid_add(g, (const char *[]){ "1000", "data", "\xe9\x8d\xb5" });
}

static void tables_fit_the_terminal(void **state)
{
	struct grid g;
	int w[3];

	(void)state;
	fill(&g);
	grid_widths(&g, columns, 0, w);
	assert_int_equal(w[0], 10);
	assert_int_equal(w[1], 12);
	assert_int_equal(w[2], 21);
	/* Too narrow for the usual widths only: they go first. */
	grid_widths(&g, columns, 4 + 6 + 2 + 11 + 2 + 21, w);
	assert_int_equal(w[0], 6);
	assert_int_equal(w[1], 11);
	assert_int_equal(w[2], 21);
	/* Then the widest text; numbers stay whole, however narrow it is. */
	grid_widths(&g, columns, 40, w);
	assert_int_equal(w[0], 6);
	assert_int_equal(w[1], 11);
	assert_int_equal(w[2], 40 - 4 - 6 - 2 - 11 - 2);
	grid_widths(&g, columns, 10, w);
	assert_int_equal(w[0], 6);
	assert_int_equal(w[1], GRID_LEAST);
	assert_int_equal(w[2], GRID_LEAST);
	grid_free(&g);
}

static void check_print(const struct grid *g, const struct grid_column *c, int room, bool bold,
			const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	grid_print(g, c, room, bold, f);
	fclose(f);
	assert_string_equal(text, expected);
	free(text);
}

static void tables_are_straight(void **state)
{
	static const struct grid_column prose[] = {
		{ "A", 0, false, false }, { "Help", 0, false, true },
	};
	struct grid g;

	(void)state;
	fill(&g);
	check_print(&g, columns, 0, false,
		    "    Handle      Class         Label\n"
		    "    1           private key   a long label of a key\n"
		    "    1000        data          \xe9\x8d\xb5\n");
	check_print(&g, columns, 36, true,
		    "\033[1m    Handle  Class        Label\n\033[0m"
		    "    1       private key  a long lab\u2026\n"
		    "    1000    data         \xe9\x8d\xb5\n");
	grid_free(&g);
	g = (struct grid){ .columns = 2 };
	grid_add(&g, (const char *[]){ "x", "words that go on" });
	check_print(&g, prose, 7 + 8, false,
		    "    A  Help\n"
		    "    x  words\n"
		    "       that go\n"
		    "       on\n");
	grid_free(&g);
}

/* A label is what an attacker likes. */
static void labels_do_not_drive_the_terminal(void **state)
{
	static const struct {
		const char *raw, *clean;
	} cases[] = {
		{ "\033[2J\033]0;x\007", "?[2J?]0;x?" }, { "a\nb\rc\td\x7f", "a?b?c?d?" },
		{ "\xc2\x9b" "31m", "??31m" }, { "\xff\xc0\x80", "???" },
		{ "\xe2\x80\xae" "gpj.exe", "???gpj.exe" },	/* right to left */
		{ "a\xe2\x80\x8b" "b", "a???b" }, { "\xef\xbb\xbfz", "???z" },
		{ "\xe2\x80\xa8", "???" }, { "\xe2\x81\xa6x", "???x" },
		{ "\xe2\x80\xa6 \xe2\x82\xac", "\xe2\x80\xa6 \xe2\x82\xac" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(out_clean(cases[i].raw, strlen(cases[i].raw), out,
					      sizeof(out)), cases[i].clean);
}

static void colours_by_wish_terminal_and_environment(void **state)
{
	(void)state;
	assert_true(term_colored(TERM_COLOR_AUTO, true, NULL, "xterm"));
	assert_true(term_colored(TERM_COLOR_AUTO, true, "", "xterm"));
	assert_false(term_colored(TERM_COLOR_AUTO, false, NULL, "xterm"));
	assert_false(term_colored(TERM_COLOR_AUTO, true, "1", "xterm"));
	assert_false(term_colored(TERM_COLOR_AUTO, true, NULL, "dumb"));
	assert_false(term_colored(TERM_COLOR_AUTO, true, NULL, NULL));
	assert_true(term_colored(TERM_COLOR_ALWAYS, false, "1", "dumb"));
	assert_false(term_colored(TERM_COLOR_NEVER, true, NULL, "xterm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_have_the_width_that_is_seen),
		cmocka_unit_test(ends_are_cut_for_an_ellipsis),
		cmocka_unit_test(prose_breaks_at_spaces),
		cmocka_unit_test(tables_fit_the_terminal),
		cmocka_unit_test(tables_are_straight),
		cmocka_unit_test(labels_do_not_drive_the_terminal),
		cmocka_unit_test(colours_by_wish_terminal_and_environment),
	};

	return cmocka_run_group_tests(tests, utf8, NULL);
}
