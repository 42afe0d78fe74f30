// SPDX-License-Identifier: BSD-3-Clause
/*
 * Records of what no command did, and of commands that never came to their handler (behaviour.md
 * 5.1, quality.md A5): logins that end with their owner or session, inputs, early refusals.
 */
#include <errno.h>
#include <unistd.h>

#include "fw_core.h"

#define AU_PIN		"au password"
#define ROWS		64

static struct bench bench;
static struct coffer_audit_row rows[ROWS];
static uint64_t auditor;	/* owner */
static uint32_t au;		/* its session */
static uint64_t since;		/* newest record that was read */

static uint32_t admin_of(struct bench *b, uint64_t owner)
{
	return session_open(b, owner, 0, true, NULL);
}

/* Records since the last call, into rows[]. */
static uint32_t news(struct bench *b)
{
	struct coffer_req_audit_read req = { au, ROWS, since, 0, 0 };
	uint32_t n;

	expect(ask_as(b, auditor, COFFER_CMD_AUDIT_READ, &req, sizeof(req)), 0);
	n = word(b, 0);
	memcpy(rows, b->reply + 4, n * sizeof(rows[0]));
	if (n)
		since = rows[n - 1].number;
	return n;
}

static void auditor_on(struct bench *b)
{
	auditor = owner_open(b);
	au = admin_of(b, auditor);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	news(b);
}

static void mask_set(struct bench *b, uint32_t events)
{
	struct coffer_req_audit_config req = { au, COFFER_AUDIT_SET, events, { 0 } };

	expect(ask_as(b, auditor, COFFER_CMD_AUDIT_CONFIG, &req, sizeof(req)), 0);
	expect(news(b), 1);
}

/* A card in use: the Auditor watches from an owner of its own; nobody else is logged in. */
static int open_it(void **state)
{
	struct bench *b = &bench;
	uint32_t s;

	*state = b;
	since = 0;
	bench_open(b, "coffer");
	s = admin_of(b, b->owner);
	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, s, 0, AU_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, hsm_ready(b)), 0);
	partition_ready(b);
	expect(owner_close(b, b->owner), 0);
	b->owner = owner_open(b);
	auditor_on(b);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static void is_record(uint32_t i, uint32_t opcode, uint64_t owner, uint32_t part, uint32_t role,
		      uint32_t verdict)
{
	assert_int_equal(rows[i].opcode, opcode);
	assert_int_equal(rows[i].owner, owner);
	assert_int_equal(rows[i].partition, part);
	assert_int_equal(rows[i].role, role);
	expect(rows[i].verdict, verdict);
}

/* ---- Logins that end by themselves -------------------------------------------------------- */

/* An owner who is the HSM SO, and a Crypto Officer in two sessions. */
static uint64_t two_roles(struct bench *b)
{
	uint64_t owner = owner_open(b);
	uint32_t s = session_open(b, owner, 1, true, NULL);

	assert_true(session_open(b, owner, 1, false, NULL));
	expect(login_as(b, owner, admin_of(b, owner), COFFER_ROLE_SO, SO_PIN), 0);
	expect(login_as(b, owner, s, COFFER_ROLE_CO, CO_PIN), 0);
	return owner;
}

static void both_ended(uint32_t i, uint64_t owner)
{
	uint32_t so = rows[i].role == COFFER_ROLE_SO ? i : i + 1, co = so == i ? i + 1 : i;

	is_record(so, COFFER_CMD_OWNER_CLOSE, owner, 0, COFFER_ROLE_SO, 0);
	is_record(co, COFFER_CMD_OWNER_CLOSE, owner, 1, COFFER_ROLE_CO, 0);
}

static void owner_goes_away(void **state)
{
	struct bench *b = *state;
	uint64_t owner = two_roles(b);

	expect(news(b), 2);
	expect(owner_close(b, owner), 0);
	expect(news(b), 2);
	both_ended(0, owner);
	/* Nobody was logged in; there is no such owner. */
	owner = owner_open(b);
	assert_true(session_open(b, owner, 1, true, NULL));
	expect(owner_close(b, owner), 0);
	expect(owner_close(b, owner), COFFER_ST_OWNER_UNKNOWN);
	expect(news(b), 0);
	/* The mask decides. */
	mask_set(b, COFFER_AUDIT_MANAGE);
	expect(owner_close(b, two_roles(b)), 0);
	expect(news(b), 0);
}

static void reset_ends_all(void **state)
{
	struct bench *b = *state;
	uint64_t owner = two_roles(b), gone = auditor;
	uint32_t n;

	news(b);
	fw_end_owners(b->card);
	b->owner = owner_open(b);
	auditor = owner_open(b);
	au = admin_of(b, auditor);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	n = news(b);
	expect(n, 4);
	if (rows[0].owner == gone) {
		is_record(0, COFFER_CMD_OWNER_CLOSE, gone, 0, COFFER_ROLE_AU, 0);
		both_ended(1, owner);
	} else {
		both_ended(0, owner);
		is_record(2, COFFER_CMD_OWNER_CLOSE, gone, 0, COFFER_ROLE_AU, 0);
	}
	is_record(3, COFFER_CMD_LOGIN, auditor, 0, COFFER_ROLE_AU, 0);
}

static void last_session_closes(void **state)
{
	struct bench *b = *state;
	uint32_t first = session_open(b, b->owner, 1, true, NULL);
	uint32_t second = session_open(b, b->owner, 1, true, NULL);

	expect(login(b, first, COFFER_ROLE_CU, CU_PIN), 0);
	expect(news(b), 1);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, first), 0);
	expect(news(b), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, second), 0);
	expect(news(b), 1);
	is_record(0, COFFER_CMD_SESSION_CLOSE, b->owner, 1, COFFER_ROLE_CU, 0);
}

/* Who goes away cannot be kept: a full log records it, too. */
static void full_log_does_not_keep_owners(void **state)
{
	struct bench *b = *state;
	struct fw_open how = { .audit_limit = 20 };
	uint64_t owner;
	uint32_t s, i;

	bench_off(b);
	assert_int_equal(bench_on(b, &how), 0);
	auditor_on(b);
	owner = owner_open(b);
	s = session_open(b, owner, 1, true, NULL);
	expect(login_as(b, owner, s, COFFER_ROLE_CO, CO_PIN), 0);
	for (i = 0; i < 30; i++)
		login(b, session_open(b, b->owner, 1, true, NULL), COFFER_ROLE_COUNT, "x");
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CU, CU_PIN), COFFER_ST_LOG_FULL);
	news(b);
	expect(owner_close(b, owner), 0);
	expect(news(b), 1);
	is_record(0, COFFER_CMD_OWNER_CLOSE, owner, 1, COFFER_ROLE_CO, 0);
}

/* ---- Inputs -------------------------------------------------------------------------------- */

static void inputs_are_told(void **state)
{
	struct bench *b = *state;
	uint32_t so = admin_of(b, b->owner);

	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, 46, 1), 0);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	auditor_on(b);
	assert_false(fw_card_decommission(b->card));
	fw_card_tamper(b->card);
	fw_card_tamper(b->card);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(news(b), 3);
	is_record(0, COFFER_AUDIT_OP_DECOMMISSION, 0, 0, 0, COFFER_ST_OPERATION_NOT_ALLOWED);
	is_record(1, COFFER_AUDIT_OP_TAMPER, 0, 0, 0, 0);
	is_record(2, COFFER_CMD_LOGIN, auditor, 0, COFFER_ROLE_AU, 0);
}

/* Also those of a card that is switched off; a mask without them has none. */
static void inputs_without_power_are_told(void **state)
{
	struct bench *b = *state;

	bench_off(b);
	assert_int_equal(fw_card_decommission_off(b->path, b->err, sizeof(b->err)), 0);
	assert_int_equal(bench_on(b, NULL), 0);
	auditor = owner_open(b);
	au = admin_of(b, auditor);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	/* The input; what power-on removed; the Auditor. */
	expect(news(b), 3);
	is_record(0, COFFER_AUDIT_OP_DECOMMISSION, 0, 0, 0, 0);
	is_record(1, COFFER_CMD_HSM_ZEROIZE, 0, 0, 0, 0);
	mask_set(b, COFFER_AUDIT_LOGIN);
	assert_true(fw_card_decommission(b->card));
	fw_card_tamper(b->card);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	auditor = owner_open(b);
	au = admin_of(b, auditor);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(news(b), 1);
	is_record(0, COFFER_CMD_LOGIN, auditor, 0, COFFER_ROLE_AU, 0);
}

/* ---- Refusals before the handler ------------------------------------------------------------ */

static void one_refusal(struct bench *b, uint32_t opcode, uint64_t owner, uint32_t part,
			uint32_t role, uint32_t verdict)
{
	expect(news(b), 1);
	is_record(0, opcode, owner, part, role, verdict);
}

/* The length; the owner; the session; where, whether initialised, read-only, and the role. */
static void early_refusals(void **state)
{
	struct bench *b = *state;
	uint64_t owner = owner_open(b);
	uint32_t req[3] = { session_open(b, owner, 1, true, NULL), 0, 0 };
	uint32_t set[3] = { session_open(b, owner, 0, true, NULL), 0, 0 };

	expect(ask_as(b, owner, COFFER_CMD_PARTITION_DELETE, req, 8), COFFER_ST_ARGUMENTS_BAD);
	one_refusal(b, COFFER_CMD_PARTITION_DELETE, owner, 0, 0, COFFER_ST_ARGUMENTS_BAD);
	expect(ask_as(b, owner + 1000, COFFER_CMD_LOGIN, req, 12), COFFER_ST_OWNER_UNKNOWN);
	one_refusal(b, COFFER_CMD_LOGIN, owner + 1000, 0, 0, COFFER_ST_OWNER_UNKNOWN);
	expect(ask_as(b, b->owner, COFFER_CMD_LOGIN, req, 12), COFFER_ST_SESSION_HANDLE_INVALID);
	one_refusal(b, COFFER_CMD_LOGIN, b->owner, 0, 0, COFFER_ST_SESSION_HANDLE_INVALID);
	expect(ask_as(b, owner, COFFER_CMD_HSM_ZEROIZE, req, 8),
	       COFFER_ST_CONTAINER_HANDLE_INVALID);
	one_refusal(b, COFFER_CMD_HSM_ZEROIZE, owner, 1, 0, COFFER_ST_CONTAINER_HANDLE_INVALID);
	expect(ask_as(b, owner, COFFER_CMD_POLICY_SET, set, 12), COFFER_ST_USER_NOT_LOGGED_IN);
	one_refusal(b, COFFER_CMD_POLICY_SET, owner, 0, 0, COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login_as(b, owner, req[0], COFFER_ROLE_CU, CU_PIN), 0);
	expect(news(b), 1);
	expect(ask_as(b, owner, COFFER_CMD_POLICY_SET, req, 12), COFFER_ST_USER_NOT_AUTHORIZED);
	one_refusal(b, COFFER_CMD_POLICY_SET, owner, 1, COFFER_ROLE_CU,
		    COFFER_ST_USER_NOT_AUTHORIZED);
	req[0] = session_open(b, owner, 1, false, NULL);
	expect(ask_as(b, owner, COFFER_CMD_ROLE_INIT, req, 12), COFFER_ST_SESSION_READ_ONLY);
	one_refusal(b, COFFER_CMD_ROLE_INIT, owner, 1, COFFER_ROLE_CU,
		    COFFER_ST_SESSION_READ_ONLY);
	/* What the mask does not name, and what is no command. */
	expect(ask_as(b, owner, COFFER_CMD_SIGN, req, 8), COFFER_ST_ARGUMENTS_BAD);
	expect(ask_as(b, owner, 0x7f7f, req, 8), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(ask_as(b, owner, 0x00ff, req, 8), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(news(b), 0);
}

/* A card that is not in order. */
static void refusals_of_a_sick_card(void **state)
{
	struct bench *b = *state;
	uint32_t req[3] = { admin_of(b, b->owner), 0, 0 };

	fw_card_tamper(b->card);
	expect(login_as(b, auditor, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(news(b), 2);
	expect(ask(b, COFFER_CMD_POLICY_SET, req, 12), COFFER_ST_HSM_TAMPERED);
	one_refusal(b, COFFER_CMD_POLICY_SET, b->owner, 0, 0, COFFER_ST_HSM_TAMPERED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(owner_goes_away),
		T(reset_ends_all),
		T(last_session_closes),
		T(full_log_does_not_keep_owners),
		T(inputs_are_told),
		T(inputs_without_power_are_told),
		T(early_refusals),
		T(refusals_of_a_sick_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
