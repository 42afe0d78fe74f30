// SPDX-License-Identifier: BSD-3-Clause
/*
 * PED keys: colours, blank and imprinted ones, duplicates, PINs, what counts as a failed login
 * and what does not (behaviour.md 5.2, 5.4; rows 3, 45, 46).
 */
#include "fw_ped_bench.h"

#include <stdio.h>

static struct ped_bench bench;

static int open_it(void **state)
{
	*state = &bench;
	ped_open(&bench, NULL, true);
	return 0;
}

static int close_it(void **state)
{
	ped_close(*state);
	return 0;
}

static void logout(struct ped_bench *p, uint32_t s)
{
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, s), 0);
}

static void blank_keys_get_their_secret_when_roles_are_made(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	ring_in(p);
	assert_true(key_blank(p, "blue") && key_blank(p, "red") && key_blank(p, "black"));
	s = ped_ready(p);
	assert_false(key_blank(p, "blue") || key_blank(p, "red") || key_blank(p, "black"));
	/* Nobody asked for it. */
	assert_true(key_blank(p, "white"));
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
}

/* row 45 */
static void wrong_key_of_the_right_color_counts_wrong_color_does_not(void **state)
{
	struct ped_bench *p = *state;
	static struct waiting w;
	struct coffer_rep_ped status;
	uint32_t s;

	ring_in(p);
	s = ped_ready(p);
	key_new(p, "other", COFFER_PED_BLACK, NULL);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	/* A blank one is no key at all; this waits until it is taken out. */
	key_out(p, 0);
	key_in(p, "blue", NULL);
	wait_login(p, &w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	status = ped_status(p, s);
	assert_int_equal(status.color, COFFER_PED_BLACK);
	assert_non_null(strstr(status.prompt, "This is a blue key"));
	assert_true(status.connected && status.remaining_ms > 190000 &&
		    status.remaining_ms <= 200000);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	key_in(p, "black", NULL);
	expect(wait_end(&w), 0);
	logout(p, s);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(blank_keys_get_their_secret_when_roles_are_made),
		T(wrong_key_of_the_right_color_counts_wrong_color_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
