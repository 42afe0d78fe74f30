// SPDX-License-Identifier: BSD-3-Clause
/*
 * What changes a role's key, its challenge or its activation, with the first, second, ... thing
 * that may fail failing: the role is as it was or as it was to be, and never without a way in.
 */
#include "fault.h"
#include "fw_ped_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "card.h"
#include "ped_file.h"

#define CHALLENGE	"challenge one"
#define OTHER		"challenge two"

static struct ped_bench ped;
static uint32_t session;

/* All roles, CU with a key that has a PIN; CO with a challenge; policies 22 and 23 on. */
static int open_it(void **state)
{
	(void)state;
	ped_open(&ped, "coffer", true);
	ring_in(&ped);
	key_cheap(&ped, "guarded", COFFER_PED_GREY, false);
	key_in(&ped, "guarded", "4711");
	session = ped_ready(&ped);
	ped_policy(&ped, session, 22, 1);
	ped_policy(&ped, session, 23, 1);
	expect(ped_login(&ped, session, COFFER_ROLE_PO), 0);
	expect(role_ask(&ped.b, COFFER_CMD_ROLE_CHALLENGE, session, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(session_only(&ped.b, COFFER_CMD_LOGOUT, session), 0);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	ped_close(&ped);
	return 0;
}

/* ---- Commands ----------------------------------------------------------------------------- */

static void out(void)
{
	session_only(&ped.b, COFFER_CMD_LOGOUT, session);
}

static void in(uint32_t role)
{
	out();
	expect(ped_login(&ped, session, role), 0);
}

static void as_po(void)
{
	in(COFFER_ROLE_PO);
}

static void as_co(void)
{
	in(COFFER_ROLE_CO);
}

static void as_cu(void)
{
	in(COFFER_ROLE_CU);
}

static uint32_t login_cu(void)
{
	out();
	return ped_login(&ped, session, COFFER_ROLE_CU);
}

static uint32_t change_cu(void)
{
	return role_change(&ped.b, session, COFFER_ROLE_CU, "", "");
}

/* A key file beside the one that it was to replace. */
static bool key_beside(const char *name, char path[128])
{
	DIR *d = opendir(ped.b.dir);
	struct dirent *e;
	bool found = false;

	assert_non_null(d);
	while (!found && (e = readdir(d)) != NULL) {
		found = !strncmp(e->d_name, name, strlen(name)) &&
			e->d_name[strlen(name)] == '.';
		if (found)
			snprintf(path, 128, "%s", key_path(&ped, e->d_name));
	}
	closedir(d);
	return found;
}

/* The key in the PED is the one that the card knows; or lies beside it, and nothing else does. */
static void cu_has_a_key(uint32_t st)
{
	char path[128];

	if (key_beside("guarded", path)) {
		expect(st, COFFER_ST_PED_ERROR);
		expect(login_cu(), COFFER_ST_PIN_INCORRECT);
		assert_int_equal(rename(path, key_path(&ped, "guarded")), 0);
	}
	assert_false(key_beside("guarded", path));
	expect(login_cu(), 0);
}

/* The CO gives the CU a blank key; the black one would do, too, if the grey one were not there. */
static void as_co_with_a_blank(void)
{
	key_in(&ped, "black", NULL);
	in(COFFER_ROLE_CO);
	key_out(&ped, COFFER_PED_BLACK);
	key_cheap(&ped, "guarded", COFFER_PED_GREY, false);
	key_in(&ped, "guarded", "4711");
}

static uint32_t reset_cu(void)
{
	return role_ask(&ped.b, COFFER_CMD_ROLE_RESET_PW, session, COFFER_ROLE_CU, "");
}

static void cu_was_reset_or_can_be(uint32_t st)
{
	char path[128];

	assert_false(key_beside("guarded", path));
	if (st)
		expect(reset_cu(), 0);
	expect(login_cu(), 0);
	key_in(&ped, "black", NULL);
}

static void as_po_inactive(void)
{
	uint32_t req[2] = { session, COFFER_ROLE_CO };

	as_po();
	expect(ask(&ped.b, COFFER_CMD_ROLE_DEACTIVATE, req, sizeof(req)), 0);
}

static uint32_t challenge_co(void)
{
	return role_ask(&ped.b, COFFER_CMD_ROLE_CHALLENGE, session, COFFER_ROLE_CO, CHALLENGE);
}

static void challenge_is_asked_for(uint32_t st)
{
	(void)st;
	out();
	expect(login(&ped.b, session, COFFER_ROLE_CO, CHALLENGE), 0);
	out();
	expect(login(&ped.b, session, COFFER_ROLE_CO, OTHER), COFFER_ST_CHALLENGE_INCORRECT);
}

static bool active(void)
{
	return role_state(&ped, session, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED;
}

static uint32_t deactivate_co(void)
{
	uint32_t req[2] = { session, COFFER_ROLE_CO };

	return ask(&ped.b, COFFER_CMD_ROLE_DEACTIVATE, req, sizeof(req));
}

/* A store that fails does not keep it alive. */
static void deactivated(uint32_t st)
{
	if (!st)
		assert_false(active());
	expect(deactivate_co(), 0);
	assert_false(active());
}

static uint32_t login_co(void)
{
	return ped_login(&ped, session, COFFER_ROLE_CO);
}

static void inactive(void)
{
	as_po_inactive();
	out();
}

static void activated(uint32_t st)
{
	if (!st)
		assert_true(active());
	as_co();
	assert_true(active());
}

static void as_po_automatic_off(void)
{
	as_po();
	expect(policy_set(&ped.b, session, 0, 23, 0), 0);
}

static uint32_t automatic_on(void)
{
	return policy_set(&ped.b, session, 0, 23, 1);
}

/* A policy that could not be stored can be set again. */
static void automatic(uint32_t st)
{
	(void)st;
	expect(automatic_on(), 0);
}

static const struct {
	const char *name;
	void (*before)(void);
	uint32_t (*run)(void);
	void (*after)(uint32_t st);
} commands[] = {
	{ "ROLE_CHANGE_PW of a key", as_cu, change_cu, cu_has_a_key },
	{ "ROLE_RESET_PW with a blank key", as_co_with_a_blank, reset_cu, cu_was_reset_or_can_be },
	{ "ROLE_CHALLENGE", as_po_inactive, challenge_co, challenge_is_asked_for },
	{ "LOGIN that activates", inactive, login_co, activated },
	{ "ROLE_DEACTIVATE", as_co, deactivate_co, deactivated },
	{ "POLICY_SET of auto-activation", as_po_automatic_off, automatic_on, automatic },
};

static void sweep(size_t i)
{
	unsigned int n = 0;
	bool failed;
	uint32_t st;

	do {
		commands[i].before();
		fault_arm(++n);
		st = commands[i].run();
		failed = fault_disarm();
		if (st && !failed)
			fail_msg("%s: nothing failed: 0x%08x", commands[i].name, st);
		commands[i].after(st);
	} while (failed);
	print_message("# %s: %u faults\n", commands[i].name, n - 1);
}

static void every_change_of_a_role(void **state)
{
	size_t i;

	(void)state;
	hurry_begin(&ped);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		sweep(i);
	hurry_end();
}

/* ---- A wait that cannot begin --------------------------------------------------------------- */

static void a_wait_that_cannot_begin_leaves_the_ped_free(void **state)
{
	unsigned int n = 0, rounds = 0;
	uint32_t st;
	bool failed, thread = false;

	(void)state;
	out();
	key_out(&ped, COFFER_PED_BLUE);
	hurry_begin(&ped);
	/*
	 * Up to the thread, which is the first thing behind all that may fail before it. On a busy
	 * machine a look at the folder more or less can step over it: then once more.
	 */
	while (!thread) {
		fault_arm(++n);
		st = ped_login(&ped, session, COFFER_ROLE_PO);
		failed = fault_disarm();
		thread = failed && !strcmp(fault_name(), "pthread_create");
		assert_int_not_equal(st, 0);
		assert_false(ped_status(&ped, session).waiting);
		if (!failed) {
			assert_true(++rounds < 20);
			n = 0;
		}
	}
	hurry_end();
	expect(st, COFFER_ST_DEVICE_MEMORY);
	key_in(&ped, "blue", NULL);
	expect(ped_login(&ped, session, COFFER_ROLE_PO), 0);
}

/* ---- Power-off ------------------------------------------------------------------------------ */

/* Switching off with a store that fails: the activation may be lost, the card is not. */
static void power_off_stores_an_activation_or_loses_it(void **state)
{
	unsigned int n = 0, kept = 0;
	bool failed;

	(void)state;
	do {
		as_co();
		out();
		fault_arm(++n);
		fault_inside(true);
		bench_off(&ped.b);
		fault_inside(false);
		failed = fault_disarm();
		assert_int_equal(bench_on(&ped.b, &ped.how), 0);
		session = session_open(&ped.b, ped.b.owner, 1, true, NULL);
		kept = active();
	} while (failed);
	assert_true(n > 5 && kept);
	expect(login(&ped.b, session, COFFER_ROLE_CO, CHALLENGE), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_change_of_a_role),
		T(a_wait_that_cannot_begin_leaves_the_ped_free),
		T(power_off_stores_an_activation_or_loses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
