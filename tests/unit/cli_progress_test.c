// SPDX-License-Identifier: BSD-3-Clause
/*
 * The progress line: what it says at a time and a width.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "progress.h"
#include "term.h"

static char out[256];

static const char *at(size_t done, size_t total, int64_t ms, int width)
{
	return progress_text("Cloning", done, total, ms, width, out, sizeof(out));
}

static void bar_rate_and_time_left(void **state)
{
	(void)state;
	assert_string_equal(at(0, 1000, 0, 79),
			    "Cloning  [........................................]    0%  0/1000");
	assert_string_equal(at(250, 1000, 10000, 60),
			    "Cloning  [####............]   25%  250/1000  25/s  0:30 left");
	assert_string_equal(at(5, 20, 10000, 40), "Cloning   25%  5/20  0.5/s  0:30 left");
	assert_string_equal(at(1, 1000, 10000, 40), "Cloning    0%  1/1000  2:46:30 left");
	assert_string_equal(at(1000, 1000, 40000, 50),
			    "Cloning  100%  1000/1000  25/s  0:00 left");
}

static void a_total_that_nobody_knows(void **state)
{
	(void)state;
	assert_string_equal(at(0, 0, 0, 79), "Cloning  0");
	assert_string_equal(at(30, 0, 2000, 79), "Cloning  30  15/s");
}

/* More than was announced is no more than all of it. */
static void never_beyond_the_end(void **state)
{
	(void)state;
	assert_non_null(strstr(at(30, 20, 1000, 79), "100%  20/20"));
	assert_non_null(strstr(at(30, 20, 1000, 79), "0:00 left"));
}

static void it_fits_every_width(void **state)
{
	(void)state;
	for (int width = 0; width < 200; width++) {
		at(123456, 999999, 86400000, width);
		assert_true(term_width(out) <= width);
	}
	for (int width = 40; width < 200; width++)
		assert_non_null(strstr(at(1234, 9999, 60000, width), "1234/9999"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bar_rate_and_time_left),
		cmocka_unit_test(a_total_that_nobody_knows),
		cmocka_unit_test(never_beyond_the_end),
		cmocka_unit_test(it_fits_every_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
