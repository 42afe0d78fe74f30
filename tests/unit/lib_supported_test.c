// SPDX-License-Identifier: BSD-3-Clause
/* The table of clients, cards and services that work together, row by row (behaviour.md 1.6, 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "supported.h"

#define V(major, minor, patch)	((major) << 16 | (minor) << 8 | (patch))
#define CLOUD	COFFER_CARD_CLOUD
#define PED	COFFER_CARD_PED
#define NOW	SUPPORTED_CLIENT

struct row {
	uint32_t client;
	struct supported_side a, b;
	bool clone, group;		/* what is allowed */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];

		for (int group = 0; group < 2; group++) {
			bool want = group ? r->group : r->clone;

			if (!supported_refusal(r->client, &r->a, &r->b, group) != want ||
			    !supported_refusal(r->client, &r->b, &r->a, group) != want)
				fail_msg("row %zu, %s", i, group ? "group" : "clone");
		}
	}
}

/* row 88 */
static void clients_firmware_and_services(void **state)
{
	static const struct row rows[] = {
		/* Firmware 7.7.0 and later among themselves: client 10.3. */
		{ V(10, 2, 9), { V(7, 7, 1), 0 }, { V(7, 8, 0), 0 }, false, false },
		{ V(10, 3, 0), { V(7, 7, 1), 0 }, { V(7, 8, 0), 0 }, true, true },
		{ V(10, 2, 9), { V(7, 4, 0), 0 }, { V(7, 8, 0), 0 }, true, true },
		{ V(10, 2, 9), { V(6, 24, 0), 0 }, { V(7, 4, 0), 0 }, true, true },
		/* A service with passwords: client 10.2, with a PED 10.4.1. */
		{ V(10, 1, 0), { V(2, 0, 0), CLOUD }, { V(7, 4, 0), 0 }, false, false },
		{ V(10, 2, 0), { V(2, 0, 0), CLOUD }, { V(7, 4, 0), 0 }, true, true },
		{ V(10, 4, 0), { V(2, 0, 0), CLOUD }, { V(7, 4, 0), PED }, false, false },
		{ V(10, 4, 1), { V(2, 0, 0), CLOUD }, { V(7, 4, 0), PED }, true, true },
		/* Firmware 6 from 6.10.9, 7 from 7.2. */
		{ NOW, { V(3, 0, 0), CLOUD }, { V(5, 22, 0), 0 }, false, false },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(6, 10, 8), 0 }, false, false },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(6, 10, 9), 0 }, true, true },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(6, 24, 0), PED }, true, true },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(7, 0, 0), 0 }, false, false },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(7, 1, 0), 0 }, false, false },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(7, 2, 0), 0 }, true, true },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(7, 8, 0), 0 }, true, true },
		{ NOW, { V(3, 0, 0), CLOUD }, { V(2, 0, 0), CLOUD }, true, true },
		/* Passwords with a PED: client 10.5. */
		{ V(10, 4, 1), { V(7, 8, 0), 0 }, { V(7, 8, 0), PED }, false, false },
		{ V(10, 5, 0), { V(7, 8, 0), 0 }, { V(7, 8, 0), PED }, true, true },
		/* A card that tells no version is judged by the cards alone. */
		{ V(9, 0, 0), { 0, CLOUD }, { V(5, 22, 0), 0 }, true, true },
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

/* row 89 */
static void firmware_7_7_0_keeps_to_itself(void **state)
{
	static const struct row rows[] = {
		{ NOW, { V(7, 7, 0), 0 }, { V(2, 0, 0), CLOUD }, false, false },
		{ NOW, { V(7, 7, 0), PED }, { V(3, 0, 0), CLOUD }, false, false },
		{ NOW, { V(7, 7, 1), 0 }, { V(2, 0, 0), CLOUD }, true, true },
		/* Old keys may be brought into it; a group of both is no good. */
		{ NOW, { V(7, 7, 0), 0 }, { V(5, 22, 0), 0 }, true, false },
		{ NOW, { V(7, 7, 0), 0 }, { V(6, 24, 0), 0 }, true, false },
		{ NOW, { V(7, 7, 0), 0 }, { V(7, 4, 0), 0 }, true, false },
		{ NOW, { V(7, 7, 0), 0 }, { V(7, 7, 0), 0 }, true, true },
		{ NOW, { V(7, 7, 0), 0 }, { V(7, 7, 1), 0 }, true, true },
		{ NOW, { V(7, 7, 0), 0 }, { V(7, 8, 0), 0 }, true, true },
	};

	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_firmware_and_services),
		cmocka_unit_test(firmware_7_7_0_keeps_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
