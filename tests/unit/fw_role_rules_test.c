// SPDX-License-Identifier: BSD-3-Clause
/*
 * The rules of roles as tables: which generation has which, who may make, reset and change whose
 * password, what a password may be, and what a counter at its end means (behaviour.md 5.1, 5.2).
 */
#include "fw_core.h"

#include "card.h"
#include "nv.h"
#include "policy.h"
#include "role_internal.h"

#define LCO_PIN		"lco password"
#define NONE		COFFER_ROLE_NONE
#define SO		COFFER_ROLE_SO
#define PO		COFFER_ROLE_PO
#define CO		COFFER_ROLE_CO
#define LCO		COFFER_ROLE_LCO
#define CU		COFFER_ROLE_CU
#define AU		COFFER_ROLE_AU
#define INIT		COFFER_CMD_ROLE_INIT
#define RESET		COFFER_CMD_ROLE_RESET_PW
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static const char *const pins[COFFER_ROLE_COUNT] = {
	[SO] = SO_PIN, [PO] = PO_PIN, [CO] = CO_PIN, [LCO] = LCO_PIN, [CU] = CU_PIN,
};

static void become(struct bench *b, uint32_t s, uint32_t role)
{
	session_only(b, COFFER_CMD_LOGOUT, s);
	if (role != NONE)
		expect(login(b, s, role, pins[role]), 0);
}

/* ---- Generations ------------------------------------------------------------------------- */

/* By their names, apart from the profiles' features. */
static const struct {
	const char *profile;
	bool po, lco, timed;
} generations[] = {
	{ "coffer", true, true, false },
	{ "pcie-5.22", false, false, true },
	{ "pcie-6.10.9", false, false, true },
	{ "pcie-6.21.2", false, false, true },
	{ "pcie-6.24", true, false, true },
	{ "pcie-7.0", true, false, false },
	{ "pcie-7.1", true, false, false },
	{ "pcie-7.2", true, false, false },
	{ "pcie-7.3", true, false, false },
	{ "pcie-7.4", true, false, false },
	{ "pcie-7.7.0", true, true, false },
	{ "pcie-7.7.1", true, true, false },
	{ "pcie-7.8", true, true, false },
	{ "pcie-7.8.1", true, true, false },
	{ "usb-5", false, false, true },
	{ "usb-6", true, false, true },
	{ "network-5", false, false, true },
	{ "network-6", true, false, true },
	{ "network-7.4", true, false, false },
	{ "network-7.7.1", true, true, false },
	{ "network-7.8", true, true, false },
	{ "backup-g5-6.28", true, false, false },
	{ "backup-g7-7.7.1", true, false, false },
	{ "cloud-2.0", true, false, false },
	{ "cloud-3.0", true, false, false },
	{ "cloud-3.0-fips", true, false, false },
};

static void each_generation_has_its_roles(void **state)
{
	struct bench *b = *state;
	const struct profile *was = b->card->profile;
	const struct fw_partition *admin = b->card->admin, *app = partition_find(b->card, 1);
	uint32_t role;
	size_t i;

	for (i = 0; i < COUNT(generations); i++) {
		const struct profile *p = profile_by_name(generations[i].profile);

		assert_non_null(p);
		b->card->profile = p;
		for (role = 0; role < 10; role++) {
			bool wanted = role == CO || role == CU ||
				      (role == PO && generations[i].po) ||
				      (role == LCO && generations[i].lco);

			if (role_exists(app, role) != wanted)
				fail_msg("%s: role %u", p->name, role);
			assert_int_equal(role_exists(admin, role), role == SO || role == AU);
		}
		for (role = PO; role <= CU; role++)
			assert_int_equal(role_lock_is_timed(app, role), generations[i].timed);
		assert_true(role_lock_is_timed(admin, AU));
		assert_false(role_lock_is_timed(admin, SO));
	}
	assert_null(profile_at((unsigned int)i));
	b->card->profile = was;
}

/* ---- Who makes whom ------------------------------------------------------------------------ */

/* A card and a partition with all roles but LCO; nobody is there. */
static uint32_t ready(struct bench *b)
{
	uint32_t s = partition_ready(b);

	become(b, s, NONE);
	return s;
}

static void who_may_make_whom(void **state)
{
	static const struct {
		uint32_t who;
		uint16_t opcode;
		uint32_t whom, verdict;
	} cases[] = {
		{ NONE, INIT, LCO, COFFER_ST_USER_NOT_LOGGED_IN },
		{ NONE, RESET, CU, COFFER_ST_USER_NOT_LOGGED_IN },
		{ PO, INIT, CO, COFFER_ST_OPERATION_NOT_ALLOWED },
		{ PO, INIT, LCO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, INIT, CU, COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, INIT, PO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, RESET, CU, COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, RESET, PO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, RESET, CO, COFFER_ST_OPERATION_NOT_ALLOWED },	/* HSM policy 15 */
		{ CO, INIT, CU, COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, INIT, CO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, INIT, PO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, RESET, CO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, RESET, LCO, COFFER_ST_USER_PIN_NOT_INITIALIZED },
		{ CU, INIT, LCO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CU, RESET, CU, COFFER_ST_USER_NOT_AUTHORIZED },
		/* No roles of a partition. */
		{ PO, INIT, NONE, COFFER_ST_USER_TYPE_INVALID },
		{ PO, INIT, SO, COFFER_ST_USER_TYPE_INVALID },
		{ PO, INIT, AU, COFFER_ST_USER_TYPE_INVALID },
		{ CO, INIT, COFFER_ROLE_COUNT, COFFER_ST_USER_TYPE_INVALID },
		{ CO, RESET, 0x80000000u, COFFER_ST_USER_TYPE_INVALID },
		/* In this order the rest works. */
		{ CO, INIT, LCO, COFFER_ST_OK },
		{ CO, INIT, LCO, COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, RESET, LCO, COFFER_ST_OK },
		{ CO, RESET, CU, COFFER_ST_OK },
		{ LCO, INIT, CU, COFFER_ST_USER_NOT_AUTHORIZED },
		{ LCO, RESET, LCO, COFFER_ST_USER_NOT_AUTHORIZED },
	};
	struct bench *b = *state;
	uint32_t s = ready(b), admin;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		uint32_t whom = cases[i].whom;

		become(b, s, cases[i].who);
		expect(role_ask(b, cases[i].opcode, s, whom,
				whom < COFFER_ROLE_COUNT && pins[whom] ? pins[whom] : CO_PIN),
		       cases[i].verdict);
	}
	/* The HSM SO makes nobody on the admin partition: the Auditor makes itself. */
	admin = hsm_ready(b);
	expect(role_ask(b, INIT, admin, AU, SO_PIN), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_ask(b, RESET, admin, AU, SO_PIN), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_ask(b, RESET, admin, SO, SO_PIN), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_ask(b, INIT, admin, CO, SO_PIN), COFFER_ST_USER_TYPE_INVALID);
	/* Cards of other generations: no LCO to be made. */
	assert_true(role_may_make(PO, CO) && role_may_make(CO, CU) && role_may_make(CO, LCO));
	for (uint32_t who = NONE; who < COFFER_ROLE_COUNT; who++)
		assert_false(role_may_make((enum coffer_role)who, who));
}

/* ---- Passwords ------------------------------------------------------------------------------ */

/* {session; role; blob ...} with any bytes: ROLE_INIT, or ROLE_CHANGE_PW behind @old. */
static uint32_t pin_raw(struct bench *b, uint16_t opcode, uint32_t s, uint32_t role,
			const char *old, const void *pin, size_t len)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, role);
	if (old)
		wire_put_blob(&out, old, strlen(old));
	wire_put_blob(&out, pin, len);
	return ask(b, opcode, buf, out.len);
}

static void what_a_password_may_be(void **state)
{
	static const char text[] = "12345678901234567";
	static const struct {
		const char *pin;
		size_t len;
		uint32_t verdict;
	} cases[] = {
		{ text, 0, COFFER_ST_PIN_LEN_RANGE },
		{ text, 5, COFFER_ST_PIN_LEN_RANGE },
		{ text, 17, COFFER_ST_PIN_LEN_RANGE },
		{ "\0one two", 8, COFFER_ST_PIN_INVALID },
		{ "one\0two", 7, COFFER_ST_PIN_INVALID },
		{ "one two\0", 8, COFFER_ST_PIN_INVALID },
	};
	const uint16_t change = COFFER_CMD_ROLE_CHANGE_PW;
	struct bench *b = *state;
	uint32_t s = ready(b), i;

	/* 6 to 16. */
	become(b, s, PO);
	expect(policy_set(b, s, 0, 26, 16), 0);
	expect(policy_set(b, s, 0, 25, 255 - 6), 0);
	become(b, s, CO);
	for (i = 0; i < COUNT(cases); i++) {
		expect(pin_raw(b, INIT, s, LCO, NULL, cases[i].pin, cases[i].len),
		       cases[i].verdict);
		expect(pin_raw(b, RESET, s, CU, NULL, cases[i].pin, cases[i].len),
		       cases[i].verdict);
		expect(pin_raw(b, change, s, CO, CO_PIN, cases[i].pin, cases[i].len),
		       cases[i].verdict);
	}
	expect(attempts_left(b, s, CO), 10);
	/* Shortest, longest, and bytes that are no text. */
	expect(pin_raw(b, change, s, CO, CO_PIN, text, 6), 0);
	expect(pin_raw(b, change, s, CO, "123456", text, 16), 0);
	expect(pin_raw(b, change, s, CO, "1234567890123456", "\xff\x80\x01\n\t ", 6), 0);
	expect(pin_raw(b, change, s, CO, "\xff\x80\x01\n\t ", CO_PIN, 11), 0);
	/* The other roles of change: none, and somebody else's. */
	expect(role_change(b, s, 77, CO_PIN, CU_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(role_change(b, s, NONE, CO_PIN, CU_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(role_change(b, s, AU, CO_PIN, CU_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(role_change(b, s, PO, PO_PIN, CO_PIN), COFFER_ST_USER_NOT_AUTHORIZED);
	become(b, s, NONE);
	expect(role_change(b, s, LCO, CO_PIN, CU_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
}

/* ---- The end of a counter ----------------------------------------------------------------- */

/* The Crypto Officer helps a locked Limited one; when he is locked, too, nobody does. */
static void a_locked_limited_officer(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b), i;

	become(b, s, CO);
	expect(role_ask(b, INIT, s, LCO, LCO_PIN), 0);
	become(b, s, NONE);
	for (i = 0; i < 10; i++)
		expect(login(b, s, LCO, "wrong"),
		       i < 9 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_PIN_LOCKED);
	expect(login(b, s, LCO, LCO_PIN), COFFER_ST_PIN_LOCKED);
	expect(role_change(b, s, LCO, LCO_PIN, "another"), COFFER_ST_PIN_LOCKED);
	become(b, s, CO);
	expect(role_ask(b, RESET, s, LCO, LCO_PIN), 0);
	become(b, s, LCO);
	become(b, s, NONE);
	for (i = 0; i < 10; i++)
		expect(login(b, s, CO, "wrong"),
		       i < 9 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_USER_LOCKED_OUT);
	expect(login(b, s, LCO, LCO_PIN), COFFER_ST_USER_LOCKED_OUT);
	expect(login(b, s, CU, CU_PIN), COFFER_ST_USER_LOCKED_OUT);
	/* Not so the Partition SO. */
	become(b, s, PO);
}

/* Guesses at the old password of a change count like logins, and cost the same. */
static void guesses_while_changing(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = ready(b), i;

	for (i = 0; i < 10; i++)
		expect(role_change(b, s, PO, "wrong", "another"),
		       i < 9 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_PIN_LOCKED);
	expect(login(b, s, PO, PO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(login(b, s, CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(session_only(b, COFFER_CMD_LOGOUT, admin), 0);
	for (i = 0; i < 3; i++)
		expect(role_change(b, admin, SO, "wrong", "another"),
		       i < 2 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
	expect(login(b, admin, SO, SO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(role_change(b, admin, SO, SO_PIN, "another"), COFFER_ST_USER_PIN_NOT_INITIALIZED);
}

/* The list never shows more attempts than there are, nor fewer than none. */
static void counters_out_of_range(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b), i, count;
	struct fw_partition *p = partition_find(b->card, 1);

	expect(attempts_left(b, s, LCO), 10);
	for (i = 0; i < 12; i++)
		assert_int_equal(nv_attempt(b->card->nv, 1, LCO, &count), 0);
	expect(attempts_left(b, s, LCO), 0);
	/* There is no role that could be locked. */
	expect(login(b, s, LCO, LCO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	become(b, s, CO);
	expect(role_ask(b, INIT, s, LCO, LCO_PIN), 0);
	expect(attempts_left(b, s, LCO), 10);
	/* Were policy 20 ever 0, there would still be one attempt and no endless number. */
	p->policy[POLICY_P_MAX_FAILURES] = 0;
	assert_int_equal(role_limit(p, CU), 1);
	become(b, s, NONE);
	expect(login(b, s, CU, "wrong"), COFFER_ST_PIN_LOCKED);
	expect(login(b, s, CU, CU_PIN), COFFER_ST_PIN_LOCKED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_generation_has_its_roles),
		T(who_may_make_whom),
		T(what_a_password_may_be),
		T(a_locked_limited_officer),
		T(guesses_while_changing),
		T(counters_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
