// SPDX-License-Identifier: BSD-3-Clause
/*
 * When a command asks for a PED key, and when not: by opcode, by what the request says, by who is
 * logged in, on a card with a PED and on one without. Nothing hangs on the cards here, so that
 * who asks is told PED_UNPLUGGED at once (PED.md).
 */
#include "fw_ped_bench.h"

#include <stdio.h>

#include "ped.h"

#define MORE		"\x01"		/* a fourth text: one that the request has no room for */
#define HSM		COFFER_ROLE_SO	/* nobody, on the card itself */

static struct ped_bench bench;
static uint32_t session, admin;

static int close_it(void **state)
{
	ped_close(*state);
	return 0;
}

struct need {
	enum coffer_role who;		/* logged in; HSM: on the card itself, nobody */
	uint16_t opcode;
	uint32_t word;			/* role or flags */
	const char *blob[4];		/* ends with NULL; MORE: something that does not belong */
	uint32_t verdict;
};

static uint32_t run(struct ped_bench *p, const struct need *n)
{
	uint8_t buf[512];
	struct wire_out out;
	size_t i;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, n->who == HSM ? admin : session);
	wire_put_u32(&out, n->word);
	for (i = 0; i < 4 && n->blob[i]; i++)
		wire_put_blob(&out, n->blob[i], strlen(n->blob[i]));
	return ask(&p->b, n->opcode, buf, out.len);
}

static void all(struct ped_bench *p, const struct need *list, size_t count,
		void (*become)(struct ped_bench *p, enum coffer_role who))
{
	enum coffer_role now = COFFER_ROLE_NONE;
	uint32_t st;
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].who != now && list[i].who != HSM) {
			session_only(&p->b, COFFER_CMD_LOGOUT, session);
			now = list[i].who;
			become(p, now);
		}
		st = run(p, &list[i]);
		if (st != list[i].verdict)
			fail_msg("%zu: opcode 0x%x, %u: 0x%x instead of 0x%x", i, list[i].opcode,
				 list[i].word, st, list[i].verdict);
	}
}

#define N(who, opcode, word, verdict, ...) \
	{ COFFER_ROLE_##who, COFFER_CMD_##opcode, word, { __VA_ARGS__, NULL }, \
	  (uint32_t)COFFER_ST_##verdict }
#define PED	COFFER_INIT_PED_DOMAIN
#define DEFAULT	COFFER_INIT_DEFAULT_DOMAIN
#define CO	COFFER_ROLE_CO
#define CU	COFFER_ROLE_CU
#define LCO	COFFER_ROLE_LCO
#define PO	COFFER_ROLE_PO
#define SO	COFFER_ROLE_SO

static const struct need with_ped[] = {
	N(NONE, LOGIN, CO, PED_UNPLUGGED, ""),
	N(NONE, LOGIN, PO, PED_UNPLUGGED, ""),
	/* A challenge goes with the key while the role is not activated. */
	N(NONE, LOGIN, CO, PED_UNPLUGGED, "challenge"),
	N(NONE, LOGIN, PO, OPERATION_NOT_ALLOWED, "challenge"),
	N(NONE, LOGIN, SO, USER_TYPE_INVALID, ""),
	N(NONE, LOGIN, LCO, USER_PIN_NOT_INITIALIZED, ""),
	N(NONE, LOGIN, CO, ARGUMENTS_BAD, "", MORE),
	N(NONE, ROLE_CHANGE_PW, CO, PED_UNPLUGGED, "", ""),
	N(NONE, ROLE_CHANGE_PW, PO, PED_UNPLUGGED, "", ""),
	N(NONE, ROLE_CHANGE_PW, CO, ARGUMENTS_BAD, "old", ""),
	N(NONE, ROLE_CHANGE_PW, CO, ARGUMENTS_BAD, "", "new"),
	N(NONE, ROLE_CHANGE_PW, CO, ARGUMENTS_BAD, "", "", MORE),
	N(NONE, ROLE_CHANGE_PW, CO, USER_PIN_NOT_INITIALIZED, "old", "new"),
	N(NONE, ROLE_CHANGE_PW, PO, OPERATION_NOT_ALLOWED, "old", "new"),
	N(NONE, ROLE_CHANGE_PW, SO, USER_TYPE_INVALID, "", ""),
	N(CO, ROLE_CHANGE_PW, CO, PED_UNPLUGGED, "", ""),
	N(CO, ROLE_CHANGE_PW, CU, USER_NOT_AUTHORIZED, "", ""),
	N(CO, ROLE_INIT, LCO, PED_UNPLUGGED, ""),
	N(CO, ROLE_INIT, LCO, OPERATION_NOT_ALLOWED, "password"),
	N(CO, ROLE_INIT, LCO, ARGUMENTS_BAD, "", MORE),
	N(CO, ROLE_INIT, SO, USER_TYPE_INVALID, ""),
	N(CO, ROLE_INIT, CU, OPERATION_NOT_ALLOWED, ""),
	N(CO, ROLE_RESET_PW, CU, PED_UNPLUGGED, ""),
	N(CO, ROLE_RESET_PW, LCO, USER_PIN_NOT_INITIALIZED, ""),
	N(CO, ROLE_CHALLENGE, CU, ARGUMENTS_BAD, "challenge", MORE),
	N(PO, ROLE_RESET_PW, CO, OPERATION_NOT_ALLOWED, ""),
	N(PO, PARTITION_INIT, PED, PED_UNPLUGGED, "one", "", ""),
	N(PO, PARTITION_INIT, DEFAULT, PED_UNPLUGGED, "one", "", ""),
	N(PO, PARTITION_INIT, PED, PED_UNPLUGGED, "one", "password", ""),
	N(PO, PARTITION_INIT, DEFAULT, OPERATION_NOT_ALLOWED, "one", "password", ""),
	N(PO, PARTITION_INIT, PED, ARGUMENTS_BAD, "", "", ""),
	N(PO, PARTITION_INIT, PED, ARGUMENTS_BAD, "one", "", "text"),
	N(PO, PARTITION_INIT, PED | DEFAULT, ARGUMENTS_BAD, "one", "", ""),
	/* The third text is missing, and the second one is longer than a label may be. */
	N(PO, PARTITION_INIT, PED, ARGUMENTS_BAD, "one", ""),
	N(PO, PARTITION_INIT, PED, ARGUMENTS_BAD, "a label of thirty-three bytes: no", "", ""),
	N(PO, DOMAIN_ADD, COFFER_DOMAIN_PED, PED_UNPLUGGED, "red", ""),
	N(PO, DOMAIN_ADD, COFFER_DOMAIN_PED, ARGUMENTS_BAD, "red", "text"),
	N(PO, DOMAIN_ADD, COFFER_DOMAIN_PED | 0x80, ARGUMENTS_BAD, "red", ""),
	N(PO, DOMAIN_ADD, 0, OK, "blue", "text"),
	N(SO, AUDIT_INIT, 0, PED_UNPLUGGED, ""),
	N(SO, AUDIT_INIT, 1, ARGUMENTS_BAD, ""),
	N(SO, AUDIT_INIT, 0, ARGUMENTS_BAD, "", MORE),
	N(SO, AUDIT_INIT, 0, OPERATION_NOT_ALLOWED, "password"),
	N(SO, HSM_INIT, PED, PED_UNPLUGGED, "card", "", ""),
	N(SO, LOGIN, SO, USER_PIN_NOT_INITIALIZED, ""),
	N(SO, LOGIN, COFFER_ROLE_AU, USER_PIN_NOT_INITIALIZED, ""),
};

/* The login itself needs the key: it hangs on the card for that moment. */
static void become_by_key(struct ped_bench *p, enum coffer_role who)
{
	assert_int_equal(fw_ped_connect(p->b.path, p->ped, NULL, 0), 0);
	if (who != COFFER_ROLE_NONE)
		expect(ped_login(p, session, who), 0);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
}

static void on_a_card_with_a_ped(void **state)
{
	struct ped_bench *p = *state = &bench;

	ped_open(p, NULL, true);
	ring_in(p);
	session = ped_ready(p);
	admin = session_open(&p->b, p->b.owner, 0, true, NULL);
	ped_policy(p, session, 44, 1);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	all(p, with_ped, sizeof(with_ped) / sizeof(with_ped[0]), become_by_key);
	/* None of it was an attempt. */
	expect(attempts_left(&p->b, session, CO), 10);
	expect(attempts_left(&p->b, session, PO), 10);
	/* An Auditor who is there already is not made again, whatever key there is. */
	assert_int_equal(fw_ped_connect(p->b.path, p->ped, NULL, 0), 0);
	expect(role_ask(&p->b, COFFER_CMD_AUDIT_INIT, admin, 0, ""), 0);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	expect(role_ask(&p->b, COFFER_CMD_AUDIT_INIT, admin, 0, ""),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
}

static const struct need without_ped[] = {
	N(NONE, LOGIN, CO, PIN_INCORRECT, ""),
	N(NONE, ROLE_CHANGE_PW, CO, PIN_LEN_RANGE, "", ""),
	N(CO, ROLE_INIT, LCO, PIN_LEN_RANGE, ""),
	N(CO, ROLE_RESET_PW, CU, PIN_LEN_RANGE, ""),
	N(CO, ROLE_CHALLENGE, CU, PED_UNSUPPORTED, "challenge"),
	N(PO, PARTITION_INIT, DEFAULT, PIN_LEN_RANGE, "one", "", ""),
	/* But for the red key: that is imported. */
	N(PO, PARTITION_INIT, PED, PED_UNPLUGGED, "one", "password", ""),
	N(PO, PARTITION_INIT, PED, PED_UNPLUGGED, "one", "", ""),
	N(PO, PARTITION_INIT, PED, ARGUMENTS_BAD, "one", "password", "text"),
	N(PO, DOMAIN_ADD, COFFER_DOMAIN_PED, PED_UNPLUGGED, "red", ""),
	N(PO, DOMAIN_ADD, COFFER_DOMAIN_PED, ARGUMENTS_BAD, "red", "text"),
	N(SO, AUDIT_INIT, 0, PIN_LEN_RANGE, ""),
	N(SO, AUDIT_INIT, 0, OK, "password"),
};

static void become_by_password(struct ped_bench *p, enum coffer_role who)
{
	if (who == CO)
		expect(login(&p->b, session, CO, CO_PIN), 0);
	if (who == PO)
		expect(login(&p->b, session, PO, PO_PIN), 0);
}

static void on_a_card_without_one(void **state)
{
	struct ped_bench *p = *state = &bench;
	uint32_t req[2];

	ped_open(p, NULL, false);
	session = partition_ready(&p->b);
	admin = session_open(&p->b, p->b.owner, 0, true, NULL);
	become_by_password(p, PO);
	expect(policy_set(&p->b, session, 0, 44, 1), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	all(p, without_ped, sizeof(without_ped) / sizeof(without_ped[0]), become_by_password);
	req[0] = session;
	req[1] = CO;
	expect(ask(&p->b, COFFER_CMD_ROLE_DEACTIVATE, req, sizeof(req)), COFFER_ST_PED_UNSUPPORTED);
}

/* A handler that nothing was collected for gets nothing, not even what was in its place. */
static void no_key_no_value(void **state)
{
	static const uint8_t before[4];
	struct bytes value = { before, sizeof(before) };
	struct ped_keys none = { .prepared = NULL };
	struct cmd c = { .ped = NULL };

	(void)state;
	expect(ped_value(&c, true, &value), COFFER_ST_FUNCTION_FAILED);
	assert_true(!value.p && !value.len);
	value = (struct bytes){ before, sizeof(before) };
	expect(ped_next_value(&c, &value), COFFER_ST_FUNCTION_FAILED);
	assert_true(!value.p && !value.len);
	c.ped = &none;
	expect(ped_value(&c, false, &value), COFFER_ST_FUNCTION_FAILED);
	expect(ped_next_value(&c, &value), COFFER_ST_FUNCTION_FAILED);
	ped_keys_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(on_a_card_with_a_ped, close_it),
		cmocka_unit_test_teardown(on_a_card_without_one, close_it),
		cmocka_unit_test(no_key_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
