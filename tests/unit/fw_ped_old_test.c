// SPDX-License-Identifier: BSD-3-Clause
/*
 * PED keys on cards of before 7: without a Partition SO the black key belongs to PARTITION_INIT,
 * and the HSM SO acts for the partition's; locks end after ten minutes (behaviour.md 1.6, 5.2).
 */
#include "fw_ped_bench.h"

#define CHALLENGE	"challenge"
#define TEN_MINUTES	600000u

static struct ped_bench bench;

static int close_it(void **state)
{
	(void)state;
	ped_close(&bench);
	return 0;
}

static void logout(uint32_t s)
{
	expect(session_only(&bench.b, COFFER_CMD_LOGOUT, s), 0);
}

/* Ten failures of @role with a key of @color, the wait, and the right one. */
static void locks_for_ten_minutes(uint32_t s, uint32_t role, uint32_t color, const char *right)
{
	struct ped_bench *p = &bench;
	uint32_t i;

	key_filled(p, "wrong", color);
	key_in(p, "wrong", NULL);
	for (i = 0; i < 9; i++)
		expect(ped_login(p, s, role), COFFER_ST_PIN_INCORRECT);
	expect(ped_login(p, s, role), COFFER_ST_PIN_LOCKED);
	key_in(p, right, NULL);
	expect(ped_login(p, s, role), COFFER_ST_PIN_LOCKED);
	__atomic_add_fetch(&p->ahead, TEN_MINUTES - 60000, __ATOMIC_RELAXED);
	expect(ped_login(p, s, role), COFFER_ST_PIN_LOCKED);
	__atomic_add_fetch(&p->ahead, 60000, __ATOMIC_RELAXED);
	expect(ped_login(p, s, role), 0);
	logout(s);
	expect(attempts_left(&p->b, s, role), 10);
}

static void before_partition_sos_the_hsm_so_makes_the_crypto_officer(const char *profile)
{
	struct ped_bench *p = &bench;
	struct bench *b = &p->b;
	uint32_t admin, s;

	ped_open(p, profile, true);
	ring_in(p);
	admin = session_open(b, b->owner, 0, true, NULL);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(ped_init(p, COFFER_CMD_HSM_INIT, admin, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	assert_true(key_blank(p, "black"));
	expect(ped_login(p, admin, COFFER_ROLE_SO), 0);
	/* The blue key is not asked for: it may be out. */
	key_out(p, COFFER_PED_BLUE);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	assert_false(key_blank(p, "black"));
	expect(ped_login(p, s, COFFER_ROLE_PO), COFFER_ST_USER_TYPE_INVALID);
	/* The same owner acts for the partition's SO, and logs in as its CO all the same. */
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, ""),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_ask(b, COFFER_CMD_ROLE_CHALLENGE, s, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(policy_set(b, s, 0, 22, 1), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, ""), 0);
	logout(s);
	key_out(p, COFFER_PED_BLACK);
	expect(login(b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(s);
	expect(ped_login(p, s, COFFER_ROLE_CU), 0);
	logout(s);
	/* Made anew by who acts for its SO: another black key, and nothing is activated. */
	key_new(p, "black2", COFFER_PED_BLACK, NULL);
	key_in(p, "black2", NULL);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	assert_int_equal(ped_status(p, s).activated, 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(s);
	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PIN_INCORRECT);
	key_in(p, "black2", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(s);
	locks_for_ten_minutes(s, COFFER_ROLE_CO, COFFER_PED_BLACK, "black2");
}

static void on_5_22(void **state)
{
	(void)state;
	before_partition_sos_the_hsm_so_makes_the_crypto_officer("pcie-5.22");
}

static void on_6_10(void **state)
{
	(void)state;
	before_partition_sos_the_hsm_so_makes_the_crypto_officer("pcie-6.10.9");
}

/* From 7 on the tenth would have erased the partition. */
static void a_partition_so_of_6_24_waits_and_loses_nothing(void **state)
{
	struct ped_bench *p = &bench;
	uint32_t s;

	(void)state;
	ped_open(p, "pcie-6.24", true);
	ring_in(p);
	s = ped_ready(p);
	locks_for_ten_minutes(s, COFFER_ROLE_PO, COFFER_PED_BLUE, "blue");
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, close_it)
		T(on_5_22),
		T(on_6_10),
		T(a_partition_so_of_6_24_waits_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
