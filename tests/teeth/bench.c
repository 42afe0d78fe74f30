// SPDX-License-Identifier: BSD-3-Clause
/* Linked to a test program by tests/teeth/run: only the case that COFFER_CASE names is run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void only_one_case(void)
{
	const char *name = getenv("COFFER_CASE");

	if (name)
		cmocka_set_test_filter(name);
}
