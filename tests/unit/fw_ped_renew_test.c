// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who may change, reset or make what on a card with a PED: keys and challenges, by everybody for
 * everybody, and requests that are not in order (behaviour.md 5.1, 5.3; rows 46, 47).
 */
#include "fw_ped_bench.h"

#define CHALLENGE	"challenge one"
#define OTHER		"challenge two"
#define NONE		COFFER_ROLE_NONE
#define PO		COFFER_ROLE_PO
#define CO		COFFER_ROLE_CO
#define LCO		COFFER_ROLE_LCO
#define CU		COFFER_ROLE_CU
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static struct ped_bench bench;

static int open_as(void **state, const char *profile)
{
	*state = &bench;
	ped_open(&bench, profile, true);
	ring_in(&bench);
	return 0;
}

static int open_it(void **state)
{
	return open_as(state, NULL);
}

static int open_78(void **state)
{
	return open_as(state, "pcie-7.8");
}

static int close_it(void **state)
{
	ped_close(*state);
	return 0;
}

/* Whoever was there goes; with NONE nobody comes. */
static void become(struct ped_bench *p, uint32_t s, uint32_t role)
{
	session_only(&p->b, COFFER_CMD_LOGOUT, s);
	if (role != NONE)
		expect(ped_login(p, s, role), 0);
}

static uint32_t challenge(struct ped_bench *p, uint32_t s, uint32_t role, const char *text)
{
	return role_ask(&p->b, COFFER_CMD_ROLE_CHALLENGE, s, role, text);
}

/* ---- Keys ------------------------------------------------------------------------------- */

/* A verdict that needs no key is given at once: there is no PED that could be waited for. */
static void who_may_change_whose_key(void **state)
{
	static const struct {
		uint32_t who, whose, verdict;
	} cases[] = {
		{ NONE, CO, COFFER_ST_PED_UNPLUGGED },
		{ NONE, PO, COFFER_ST_PED_UNPLUGGED },
		{ NONE, LCO, COFFER_ST_USER_PIN_NOT_INITIALIZED },
		{ NONE, COFFER_ROLE_SO, COFFER_ST_USER_TYPE_INVALID },
		{ NONE, COFFER_ROLE_AU, COFFER_ST_USER_TYPE_INVALID },
		{ NONE, 0, COFFER_ST_USER_TYPE_INVALID },
		{ NONE, 77, COFFER_ST_USER_TYPE_INVALID },
		{ PO, PO, COFFER_ST_PED_UNPLUGGED },
		{ PO, CO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, CO, COFFER_ST_PED_UNPLUGGED },
		{ CO, PO, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, CU, COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, LCO, COFFER_ST_USER_PIN_NOT_INITIALIZED },
		{ CU, CU, COFFER_ST_PED_UNPLUGGED },
		{ CU, CO, COFFER_ST_USER_NOT_AUTHORIZED },
	};
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		become(p, s, cases[i].who);
		assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
		expect(role_change(&p->b, s, cases[i].whose, "", ""), cases[i].verdict);
		assert_int_equal(fw_ped_connect(p->b.path, p->ped, NULL, 0), 0);
	}
	become(p, s, CU);
	expect(role_change(&p->b, s, CU, "", ""), 0);
	become(p, s, CU);
	expect(attempts_left(&p->b, s, CO), 10);
}

/* ROLE_INIT and ROLE_RESET_PW, with and without what only a password card takes. */
static void who_may_make_whose_key(void **state)
{
	static const struct {
		uint32_t who;
		uint16_t opcode;
		uint32_t whose;
		const char *pin;
		uint32_t verdict;
	} cases[] = {
		{ PO, COFFER_CMD_ROLE_INIT, CO, "", COFFER_ST_OPERATION_NOT_ALLOWED },
		{ PO, COFFER_CMD_ROLE_INIT, PO, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, COFFER_CMD_ROLE_INIT, CU, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, COFFER_CMD_ROLE_INIT, 77, "", COFFER_ST_USER_TYPE_INVALID },
		{ PO, COFFER_CMD_ROLE_RESET_PW, CU, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ PO, COFFER_CMD_ROLE_RESET_PW, COFFER_ROLE_SO, "",
		  COFFER_ST_USER_TYPE_INVALID },
		/* HSM policy 15 is off. */
		{ PO, COFFER_CMD_ROLE_RESET_PW, CO, "", COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, COFFER_CMD_ROLE_INIT, LCO, CO_PIN, COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, COFFER_CMD_ROLE_INIT, CU, "", COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, COFFER_CMD_ROLE_INIT, CO, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ CO, COFFER_CMD_ROLE_RESET_PW, LCO, "", COFFER_ST_USER_PIN_NOT_INITIALIZED },
		{ CO, COFFER_CMD_ROLE_RESET_PW, CU, CU_PIN, COFFER_ST_OPERATION_NOT_ALLOWED },
		{ CO, COFFER_CMD_ROLE_RESET_PW, CO, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ CU, COFFER_CMD_ROLE_INIT, LCO, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ CU, COFFER_CMD_ROLE_RESET_PW, CU, "", COFFER_ST_USER_NOT_AUTHORIZED },
		{ NONE, COFFER_CMD_ROLE_RESET_PW, CU, "", COFFER_ST_USER_NOT_LOGGED_IN },
	};
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		become(p, s, cases[i].who);
		expect(role_ask(&p->b, cases[i].opcode, s, cases[i].whose, cases[i].pin),
		       cases[i].verdict);
	}
	become(p, s, CO);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_INIT, s, LCO, ""), 0);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_RESET_PW, s, CU, ""), 0);
	become(p, s, LCO);
	become(p, s, CU);
}

/* ---- Challenges --------------------------------------------------------------------------- */

static void challenges_of_roles(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = ped_ready(p);

	/* Either both challenges or none; and only of roles that may have one, and do. */
	expect(role_change(b, s, CO, CHALLENGE, ""), COFFER_ST_ARGUMENTS_BAD);
	expect(role_change(b, s, CO, "", CHALLENGE), COFFER_ST_ARGUMENTS_BAD);
	expect(role_change(b, s, PO, CHALLENGE, OTHER), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_change(b, s, CO, CHALLENGE, OTHER), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	become(p, s, PO);
	expect(challenge(p, s, CO, CHALLENGE), 0);
	/* Who is not activated has to come with the key first. */
	become(p, s, NONE);
	expect(role_change(b, s, CO, CHALLENGE, OTHER), COFFER_ST_USER_NOT_LOGGED_IN);
	become(p, s, CU);
	expect(role_change(b, s, CO, CHALLENGE, OTHER), COFFER_ST_USER_NOT_AUTHORIZED);
	become(p, s, CO);
	expect(role_change(b, s, CO, CHALLENGE, "abc"), COFFER_ST_PIN_LEN_RANGE);
	expect(role_change(b, s, CO, OTHER, CHALLENGE), COFFER_ST_CHALLENGE_INCORRECT);
	expect(role_change(b, s, CO, CHALLENGE, OTHER), 0);
	become(p, s, NONE);
	expect(login(b, s, CO, CHALLENGE), COFFER_ST_CHALLENGE_INCORRECT);
	expect(login(b, s, CO, OTHER), 0);
	/* Activated it needs no key, and nobody has to be logged in. */
	become(p, s, PO);
	expect(policy_set(b, s, 0, 22, 1), 0);
	become(p, s, CO);
	become(p, s, NONE);
	key_out(p, 0);
	expect(role_change(b, s, CO, OTHER, CHALLENGE), 0);
	expect(login(b, s, CO, CHALLENGE), 0);
}

/* Where an initial password has to be changed, a challenge has to be, too: a key has not. */
static void an_initial_challenge(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = ped_ready(p);

	become(p, s, PO);
	expect(policy_set(b, s, 0, 22, 1), 0);
	expect(challenge(p, s, CO, CHALLENGE), 0);
	become(p, s, CO);
	expect(word(b, 0), 0);
	become(p, s, NONE);
	assert_true(role_state(p, s, CO) & COFFER_RS_CHALLENGE_MUST_CHANGE);
	assert_false(role_state(p, s, CO) & COFFER_RS_PIN_MUST_CHANGE);
	expect(login(b, s, CO, CHALLENGE), 0);
	expect(word(b, 0), 1);
	expect(role_ask(b, COFFER_CMD_ROLE_RESET_PW, s, CU, ""), COFFER_ST_PIN_EXPIRED);
	expect(role_change(b, s, CO, CHALLENGE, CHALLENGE), COFFER_ST_PIN_INVALID);
	/* As long as the old one, and yet another. */
	expect(role_change(b, s, CO, CHALLENGE, OTHER), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_RESET_PW, s, CU, ""), 0);
	assert_false(role_state(p, s, CO) & COFFER_RS_CHALLENGE_MUST_CHANGE);
}

/* ---- Red keys ------------------------------------------------------------------------------- */

/* {flags; label of @len bytes; text} and @more bytes behind it. */
static uint32_t domain_add(struct ped_bench *p, uint32_t s, uint32_t flags, size_t len,
			   const char *text, size_t more)
{
	static const char label[256] = "a label";
	uint8_t buf[1024] = { 0 };
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, flags);
	wire_put_blob(&out, label, len);
	wire_put_blob(&out, text, strlen(text));
	return ask(&p->b, COFFER_CMD_DOMAIN_ADD, buf, out.len + more);
}

/* None of them waits for a key. */
static void red_requests_that_are_malformed(void **state)
{
	struct ped_bench *p = *state;
	const uint32_t red = COFFER_DOMAIN_PED;
	uint32_t s = ped_ready(p);

	become(p, s, PO);
	expect(policy_set(&p->b, s, 0, 44, 1), 0);
	key_out(p, COFFER_PED_RED);
	expect(domain_add(p, s, red, 7, "", 1), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_add(p, s, red, 221, "", 0), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_add(p, s, red, 200, "", 0), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(domain_add(p, s, red, 0, "", 0), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(domain_add(p, s, red, 7, "text", 0), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_add(p, s, red | 4, 7, "", 0), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_add(p, s, 0, 7, "", 0), COFFER_ST_ARGUMENTS_BAD);
	key_filled(p, "second", COFFER_PED_RED);
	key_in(p, "second", NULL);
	expect(domain_add(p, s, red, 7, "", 0), 0);
	expect(session_only(&p->b, COFFER_CMD_DOMAIN_LIST, s), 0);
	expect(word(&p->b, 0), 2);
}

#define T(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_may_change_whose_key, open_it),
		T(who_may_make_whose_key, open_it),
		T(challenges_of_roles, open_it),
		T(an_initial_challenge, open_78),
		T(red_requests_that_are_malformed, open_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
