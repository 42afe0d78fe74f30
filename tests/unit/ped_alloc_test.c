// SPDX-License-Identifier: BSD-3-Clause
/*
 * Everything that reads or writes a PED key with its first, second, ... allocation, crypto
 * operation or file access failing: the command ends with a failure or with its success, nobody is
 * locked out by it, the keys stay readable, and it works when it is asked again.
 */
#include "fault.h"
#include "fw_ped_bench.h"

#include <stdio.h>
#include <unistd.h>

static struct ped_bench ped;
static uint32_t session;

static int open_it(void **state)
{
	(void)state;
	ped_open(&ped, "coffer", true);
	ring_in(&ped);
	session = ped_ready(&ped);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	ped_close(&ped);
	return 0;
}

/* ---- Commands ----------------------------------------------------------------------------- */

static uint32_t logout(void)
{
	return session_only(&ped.b, COFFER_CMD_LOGOUT, session);
}

static uint32_t login_co(void)
{
	return ped_login(&ped, session, COFFER_ROLE_CO);
}

static uint32_t login_po(void)
{
	return ped_login(&ped, session, COFFER_ROLE_PO);
}

static uint32_t init(void)
{
	return ped_init(&ped, COFFER_CMD_PARTITION_INIT, session, COFFER_INIT_PED_DOMAIN);
}

static void as_po(void)
{
	assert_int_equal(login_po(), 0);
}

static uint32_t status(void)
{
	return session_only(&ped.b, COFFER_CMD_PED_STATUS, session);
}

static const struct {
	const char *name;
	void (*before)(void);
	uint32_t (*run)(void);
	bool logs_in;
} commands[] = {
	{ "PED_STATUS", NULL, status, false },
	{ "LOGIN of the Crypto Officer", NULL, login_co, true },
	{ "LOGIN of the Partition SO", NULL, login_po, true },
	{ "PARTITION_INIT", as_po, init, false },
};

static void sweep(size_t i)
{
	unsigned int n = 0;
	bool failed;
	uint32_t st;

	do {
		if (commands[i].before)
			commands[i].before();
		fault_arm(++n);
		st = commands[i].run();
		failed = fault_disarm();
		if (st && !failed)
			fail_msg("%s: nothing failed: 0x%08x", commands[i].name, st);
		if (commands[i].before || (!st && commands[i].logs_in))
			logout();
		/* Nobody is locked out, no key is lost. */
		if (st && commands[i].logs_in) {
			assert_int_equal(commands[i].run(), 0);
			assert_int_equal(logout(), 0);
		}
	} while (failed);
	print_message("# %s: %u faults\n", commands[i].name, n - 1);
}

static void every_command(void **state)
{
	size_t i;

	(void)state;
	/* A key that could not be read is waited for. */
	hurry_begin(&ped);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		sweep(i);
	hurry_end();
}

/* ---- Tools -------------------------------------------------------------------------------- */

static int make(void)
{
	struct fw_ped_make how = { .color = COFFER_PED_BLACK, .label = "made", .pin = "1234",
				   .pin_len = 4 };
	int rc = fw_ped_key_create(key_path(&ped, "made"), &how, ped.b.err, sizeof(ped.b.err));

	if (!rc)
		remove(key_path(&ped, "made"));
	return rc;
}

static int copy(void)
{
	int rc = fw_ped_key_copy(key_path(&ped, "black"), key_path(&ped, "twin"), ped.b.err,
				 sizeof(ped.b.err));

	if (!rc)
		remove(key_path(&ped, "twin"));
	return rc;
}

static int show(void)
{
	struct fw_ped_key key;

	return fw_ped_key_show(key_path(&ped, "black"), &key, ped.b.err, sizeof(ped.b.err));
}

static int insert(void)
{
	return fw_ped_insert(ped.ped, key_path(&ped, "black"), NULL, 0, ped.b.err,
			     sizeof(ped.b.err));
}

/* With a PIN, into a PED that is made for it. */
static int insert_new(void)
{
	char folder[128];
	int rc;

	snprintf(folder, sizeof(folder), "%s", key_path(&ped, "second"));
	rc = fw_ped_insert(folder, key_path(&ped, "guarded"), "4711", 4, ped.b.err,
			   sizeof(ped.b.err));
	if (!rc)
		rc = fw_ped_remove(folder, 0, ped.b.err, sizeof(ped.b.err));
	rmdir(folder);
	return rc;
}

static int reconnect(void)
{
	int rc = fw_ped_disconnect(ped.b.path, ped.b.err, sizeof(ped.b.err));

	return rc ? rc : fw_ped_connect(ped.b.path, ped.ped, ped.b.err, sizeof(ped.b.err));
}

static const struct {
	const char *name;
	int (*run)(void);
} tools[] = {
	{ "make", make }, { "copy", copy }, { "show", show }, { "insert", insert },
	{ "insert into a new PED", insert_new }, { "disconnect and connect", reconnect },
};

static void every_tool(void **state)
{
	unsigned int n;
	bool failed;
	size_t i;
	int rc;

	(void)state;
	key_cheap(&ped, "guarded", COFFER_PED_WHITE, true);
	for (i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		n = 0;
		do {
			ped.b.err[0] = '\0';
			fault_arm(++n);
			fault_inside(true);
			rc = tools[i].run();
			fault_inside(false);
			failed = fault_disarm();
			/* A failure is said in one line; without a fault there is none. */
			if (rc && (!failed || !ped.b.err[0]))
				fail_msg("%s: %u: %s: %d, %s", tools[i].name, n, fault_name(), rc,
					 ped.b.err);
		} while (failed);
		print_message("# %s: %u faults\n", tools[i].name, n - 1);
	}
	reconnect();
	insert();
	assert_int_equal(login_co(), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_command),
		T(every_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
