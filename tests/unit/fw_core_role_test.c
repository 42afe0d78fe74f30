// SPDX-License-Identifier: BSD-3-Clause
/* Roles and passwords: who may do what, counters, lock-outs (behaviour.md section 5). */
#include "fw_core.h"

static struct bench bench;

static int open_coffer(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int open_78(void **state)
{
	*state = &bench;
	bench_open(&bench, "pcie-7.8");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static void partition_story(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "d"), 0);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "d"),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(login(b, s, COFFER_ROLE_SO, PO_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(login(b, s, 77, PO_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_ALREADY_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN),
	       COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, "abc"),
	       COFFER_ST_PIN_LEN_RANGE);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(word(b, 0), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_LCO, "lco password"), 0);
}

/* A login belongs to (owner, partition): other sessions of the owner share it, nobody else. */
static void login_is_the_owners(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), s2, s3;
	uint64_t other = owner_open(b);

	s2 = session_open(b, b->owner, 1, false, NULL);
	s3 = session_open(b, other, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s2), 0);
	expect(word(b, 8), COFFER_ROLE_CO);
	expect(word(b, 16), 2);
	uint32_t req[2] = { s3, 0 };
	expect(ask_as(b, other, COFFER_CMD_SESSION_INFO, req, 8), 0);
	expect(word(b, 8), COFFER_ROLE_NONE);
	/* Nor can it use the first one's session. */
	req[0] = s;
	expect(ask_as(b, other, COFFER_CMD_SESSION_INFO, req, 8),
	       COFFER_ST_SESSION_HANDLE_INVALID);
	/* The last session takes the login with it. */
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s2), 0);
	s = session_open(b, b->owner, 1, false, NULL);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_NONE);
}

static void counter_counts_and_resets(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i;

	expect(attempts_left(b, s, COFFER_ROLE_CO), 10);
	for (i = 1; i <= 4; i++) {
		expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
		expect(attempts_left(b, s, COFFER_ROLE_CO), 10 - i);
	}
	/* Off and on again: the count stays. */
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 6);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 10);
}

static void co_lock_locks_cu(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i;

	for (i = 0; i < 10; i++)
		expect(login(b, s, COFFER_ROLE_CO, "wrong"),
				 i < 9 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_USER_LOCKED_OUT);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_LOCKED_OUT);
	expect(login(b, s, COFFER_ROLE_CU, CU_PIN), COFFER_ST_USER_LOCKED_OUT);
	expect(attempts_left(b, s, COFFER_ROLE_CU), 0);
	/* HSM policy 15 is off: the Partition SO cannot help. */
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_RESET_PW, s, COFFER_ROLE_CO, CO_PIN),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
}

static void cu_lock_is_reset_by_co(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i;

	for (i = 0; i < 10; i++)
		expect(login(b, s, COFFER_ROLE_CU, "wrong"),
				 i < 9 ? COFFER_ST_PIN_INCORRECT : COFFER_ST_PIN_LOCKED);
	expect(login(b, s, COFFER_ROLE_CU, CU_PIN), COFFER_ST_PIN_LOCKED);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_RESET_PW, s, COFFER_ROLE_CU, "another"), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CU, CU_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login(b, s, COFFER_ROLE_CU, "another"), 0);
}

static void co_reset_where_policy_15_allows(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s, i;

	expect(policy_set(b, admin, 0, 15, 1), COFFER_ST_CONFIG_ILLEGAL);
	expect(policy_set(b, admin, COFFER_POLICY_SET_DESTRUCTIVE, 15, 1), 0);
	s = partition_ready(b);
	for (i = 0; i < 10; i++)
		login(b, s, COFFER_ROLE_CO, "wrong");
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_PIN_LOCKED);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_RESET_PW, s, COFFER_ROLE_CO, "fresh one"), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, "fresh one"), 0);
}

static void policy_20_lowers_the_limit(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b);

	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 20, 0), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(policy_set(b, s, 0, 20, 11), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(policy_set(b, s, 0, 20, 2), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_USER_LOCKED_OUT);
}

static void po_threshold_zeroizes_the_partition(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i;

	for (i = 0; i < 9; i++)
		expect(login(b, s, COFFER_ROLE_PO, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(login(b, s, COFFER_ROLE_PO, "wrong"), COFFER_ST_PIN_LOCKED);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
}

static void so_threshold_zeroizes_the_card(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = partition_ready(b);

	expect(session_only(b, COFFER_CMD_LOGOUT, admin), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(login(b, admin, COFFER_ROLE_SO, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(login(b, admin, COFFER_ROLE_SO, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(login(b, admin, COFFER_ROLE_SO, "wrong"),
	       COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
	/* Everybody is out, every partition empty, at once and after power-on. */
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_NONE);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(login(b, admin, COFFER_ROLE_SO, SO_PIN),
	       COFFER_ST_USER_PIN_NOT_INITIALIZED);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(hsm_ready(b) != 0, 1);
}

static void change_password(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), ro = session_open(b, b->owner, 1, false, NULL);

	expect(role_change(b, s, COFFER_ROLE_CO, "wrong", "new co"),
	       COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 9);
	expect(role_change(b, ro, COFFER_ROLE_CO, CO_PIN, "new co"),
	       COFFER_ST_SESSION_READ_ONLY);
	expect(role_change(b, s, COFFER_ROLE_CO, CO_PIN, "abc"),
	       COFFER_ST_PIN_LEN_RANGE);
	expect(role_change(b, s, COFFER_ROLE_CO, CO_PIN, "new co"), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login(b, s, COFFER_ROLE_CO, "new co"), 0);
	expect(role_change(b, s, COFFER_ROLE_CU, CU_PIN, "new cu"),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_change(b, s, COFFER_ROLE_CO, "new co", "newer co"), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, "newer co"), 0);
}

static uint32_t change_alone(struct bench *b, uint32_t session, uint32_t flags)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, COFFER_ROLE_CO);
	wire_put_blob(&out, CO_PIN, strlen(CO_PIN));
	wire_put_blob(&out, "a newer one", 11);
	wire_put_u32(&out, flags);
	return ask(b, COFFER_CMD_ROLE_CHANGE_PW, buf, out.len);
}

static uint32_t role_at(struct bench *b, uint64_t owner, uint32_t session)
{
	const uint32_t req[2] = { session, 0 };
	const struct coffer_rep_session_info *info = (void *)b->reply;

	expect(ask_as(b, owner, COFFER_CMD_SESSION_INFO, req, sizeof(req)), 0);
	return info->role;
}

/* 7.8.1: others who are logged in as the role are so no more; other roles are. */
static void a_new_password_can_end_other_logins(void **state)
{
	struct bench *b = *state;
	uint32_t mine = partition_ready(b), his, hers, st;
	uint64_t he = owner_open(b), she = owner_open(b);

	his = session_open(b, he, 1, true, &st);
	hers = session_open(b, she, 1, true, &st);
	expect(login(b, mine, COFFER_ROLE_CO, CO_PIN), 0);
	expect(login_as(b, he, his, COFFER_ROLE_CO, CO_PIN), 0);
	expect(login_as(b, she, hers, COFFER_ROLE_CU, CU_PIN), 0);
	expect(change_alone(b, mine, 2), COFFER_ST_ARGUMENTS_BAD);
	expect(role_at(b, he, his), COFFER_ROLE_CO);
	expect(change_alone(b, mine, COFFER_CHANGE_LOGOUT_OTHERS), 0);
	expect(role_at(b, he, his), COFFER_ROLE_NONE);
	expect(role_at(b, she, hers), COFFER_ROLE_CU);
	expect(role_at(b, b->owner, mine), COFFER_ROLE_CO);
	expect(login_as(b, he, his, COFFER_ROLE_CO, CO_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login_as(b, he, his, COFFER_ROLE_CO, "a newer one"), 0);
}

static void firmware_of_before_7_8_1_ends_no_other_login(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "domain"), 0);
	expect(change_alone(b, s, 0), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(change_alone(b, s, COFFER_CHANGE_LOGOUT_OTHERS), COFFER_ST_FUNCTION_NOT_SUPPORTED);
}

/* row 78 */
static void first_password_must_be_changed(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	uint32_t find[6] = { s, 1, 0, 0, 0, 0 };

	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "d"), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(word(b, 0), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(word(b, 0), 1);
	expect(ask(b, COFFER_CMD_OBJECT_FIND, find, sizeof(find)),
	       COFFER_ST_PIN_EXPIRED);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN),
	       COFFER_ST_PIN_EXPIRED);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 12), 1);
	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), 0);
	expect(role_change(b, s, COFFER_ROLE_CO, CO_PIN, CO_PIN),
	       COFFER_ST_PIN_INVALID);
	expect(role_change(b, s, COFFER_ROLE_CO, CO_PIN, "my own password"), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN), 0);
}

static void reinit_by_po_erases_roles(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b);

	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "two", "second po", "d"), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login(b, s, COFFER_ROLE_PO, "second po"), 0);
}

static void bad_requests_change_nothing(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b);
	uint8_t buf[64];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_ROLE_CO);
	wire_put_blob(&out, CO_PIN, strlen(CO_PIN));
	wire_put_u8(&out, 0);
	expect(ask(b, COFFER_CMD_LOGIN, buf, out.len), COFFER_ST_ARGUMENTS_BAD);
	expect(ask(b, COFFER_CMD_LOGIN, buf, out.len - 2), COFFER_ST_ARGUMENTS_BAD);
	buf[8] = 0xff;
	buf[11] = 0xff;
	expect(ask(b, COFFER_CMD_LOGIN, buf, out.len - 1), COFFER_ST_ARGUMENTS_BAD);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 10);
	uint32_t req[2] = { s, 1 };
	expect(ask(b, COFFER_CMD_LOGOUT, req, 8), COFFER_ST_ARGUMENTS_BAD);
	expect(login(b, s, COFFER_ROLE_CO, ""), COFFER_ST_PIN_INCORRECT);
}

#define T(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(partition_story, open_coffer),
		T(login_is_the_owners, open_coffer),
		T(counter_counts_and_resets, open_coffer),
		T(co_lock_locks_cu, open_coffer),
		T(cu_lock_is_reset_by_co, open_coffer),
		T(co_reset_where_policy_15_allows, open_coffer),
		T(policy_20_lowers_the_limit, open_coffer),
		T(po_threshold_zeroizes_the_partition, open_coffer),
		T(so_threshold_zeroizes_the_card, open_coffer),
		T(change_password, open_coffer),
		T(a_new_password_can_end_other_logins, open_coffer),
		T(firmware_of_before_7_8_1_ends_no_other_login, open_78),
		T(first_password_must_be_changed, open_78),
		T(reinit_by_po_erases_roles, open_coffer),
		T(bad_requests_change_nothing, open_coffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
