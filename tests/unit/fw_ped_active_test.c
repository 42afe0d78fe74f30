// SPDX-License-Identifier: BSD-3-Clause
/*
 * Activation: what the card keeps of a PED key, for how long, and the challenge secret that stands
 * in for it (behaviour.md 5.1, 5.3; policies 15, 20, 22, 23; rows 47, 48).
 */
#include "fw_ped_bench.h"

#define CHALLENGE	"challenge one"
#define OTHER		"challenge two"
#define TWO_HOURS	7200000u

static struct ped_bench bench;

static int open_it(void **state)
{
	*state = &bench;
	ped_open(&bench, NULL, true);
	ring_in(&bench);
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

static uint32_t challenge(struct ped_bench *p, uint32_t s, uint32_t role, const char *text)
{
	return role_ask(&p->b, COFFER_CMD_ROLE_CHALLENGE, s, role, text);
}

static uint32_t deactivate(struct ped_bench *p, uint32_t s, uint32_t role)
{
	uint32_t req[2] = { s, role };

	return ask(&p->b, COFFER_CMD_ROLE_DEACTIVATE, req, sizeof(req));
}

/* CO with a challenge, policies 22 and @automatic; nobody is logged in, nothing activated. */
static uint32_t ready(struct ped_bench *p, bool automatic)
{
	uint32_t s = ped_ready(p);

	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(policy_set(&p->b, s, 0, 22, 1), 0);
	if (automatic)
		expect(policy_set(&p->b, s, 0, 23, 1), 0);
	logout(p, s);
	return s;
}

/* ... and with the CO activated. */
static uint32_t active(struct ped_bench *p, bool automatic)
{
	uint32_t s = ready(p, automatic);

	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	key_out(p, 0);
	return s;
}

static uint32_t on_again(struct ped_bench *p)
{
	ped_power(p);
	return session_open(&p->b, p->b.owner, 1, true, NULL);
}

/* row 47 */
static void after_activation_the_challenge_alone_logs_in(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ready(p, false);

	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	assert_true(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_HAS_CHALLENGE);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	assert_true(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	assert_int_equal(ped_status(p, s).activated, COFFER_RM(CO));
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(p, s);
	/* The key still does, where there is a PED. */
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_UNPLUGGED);
}

static void without_policy_22_nothing_is_kept(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);

	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	/* Both are wanted: the challenge does not spare the key. */
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(p, s);
	expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), COFFER_ST_CHALLENGE_INCORRECT);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_PED_UNPLUGGED);
}

static void policy_22_off_ends_it(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, false);

	key_in(p, "blue", NULL);
	ped_policy(p, s, 22, 0);
	ped_policy(p, s, 22, 1);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
}

static void deactivate_ends_it(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, true);

	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(deactivate(p, s, COFFER_ROLE_PO), COFFER_ST_USER_TYPE_INVALID);
	expect(deactivate(p, s, COFFER_ROLE_CO), 0);
	expect(deactivate(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
}

static void power_loss_ends_it(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	active(p, false);
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	assert_true(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_HAS_CHALLENGE);
	key_in(p, "black", NULL);
	/* Both at once activate it again. */
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(p, s);
	key_out(p, 0);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
}

static void policy_23_keeps_it_for_two_hours(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	active(p, true);
	p->how.off_longer_ms = TWO_HOURS - 60000;
	s = on_again(p);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	/* Again: the two hours are those of one power loss. */
	s = on_again(p);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	p->how.off_longer_ms = TWO_HOURS + 1000;
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	/* Too late is for ever. */
	p->how.off_longer_ms = 0;
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
}

static void policy_23_off_forgets_what_is_stored(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, true);

	key_in(p, "blue", NULL);
	ped_policy(p, s, 23, 0);
	assert_true(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(policy_set(&p->b, s, 0, 22, 0), 0);
	expect(policy_set(&p->b, s, 0, 23, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
}

static void tamper_wipes_it(void **state)
{
	struct ped_bench *p = *state;
	uint32_t admin = session_open(&p->b, p->b.owner, 0, true, NULL), s;

	expect(ped_init(p, COFFER_CMD_HSM_INIT, admin, COFFER_INIT_PED_DOMAIN), 0);
	active(p, true);
	fw_card_tamper(p->b.card);
	key_in(p, "blue", NULL);
	/* Power-off in between does not bring it back, nor does the store. */
	s = on_again(p);
	admin = session_open(&p->b, p->b.owner, 0, true, NULL);
	expect(ped_login(p, admin, COFFER_ROLE_SO), 0);
	expect(session_only(&p->b, COFFER_CMD_TAMPER_CLEAR, admin), 0);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
	s = on_again(p);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
}

/* A role with another key is not activated by what was kept of the old one. */
static void a_new_key_ends_it(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, true);

	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(role_change(&p->b, s, COFFER_ROLE_CO, "", ""), 0);
	logout(p, s);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED);
}

static void initialising_the_partition_ends_all(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, true);

	key_in(p, "blue", NULL);
	key_in(p, "red", NULL);
	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	expect(role_state(p, s, COFFER_ROLE_CO), 0);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, ""), 0);
	expect(role_state(p, s, COFFER_ROLE_CO), COFFER_RS_INITIALIZED);
}

/* ---- Challenges ------------------------------------------------------------------ */

/* row 48 */
static void who_gives_a_challenge_and_how_long_it_is(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	char longest[257];

	memset(longest, 'x', 256);
	longest[256] = '\0';
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(challenge(p, s, COFFER_ROLE_CU, CHALLENGE), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(challenge(p, s, COFFER_ROLE_PO, CHALLENGE), COFFER_ST_USER_TYPE_INVALID);
	expect(challenge(p, s, COFFER_ROLE_SO, CHALLENGE), COFFER_ST_USER_TYPE_INVALID);
	expect(challenge(p, s, COFFER_ROLE_CO, "abc"), COFFER_ST_PIN_LEN_RANGE);
	expect(challenge(p, s, COFFER_ROLE_CO, longest), COFFER_ST_ARGUMENTS_BAD);
	expect(challenge(p, s, COFFER_ROLE_CO, longest + 1), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(challenge(p, s, COFFER_ROLE_LCO, CHALLENGE), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(challenge(p, s, COFFER_ROLE_CU, CHALLENGE), 0);
}

static void a_challenge_is_text(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	uint8_t buf[64];
	struct wire_out out;

	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_ROLE_CO);
	wire_put_blob(&out, "12345678\0", 9);
	expect(ask(&p->b, COFFER_CMD_ROLE_CHALLENGE, buf, out.len), COFFER_ST_PIN_INVALID);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_HAS_CHALLENGE);
}

/* CO, LCO and CU, each by a login of its own, and each until somebody ends it who may. */
static void each_user_is_activated_for_itself(void **state)
{
	static const uint32_t users[] = { COFFER_ROLE_CO, COFFER_ROLE_LCO, COFFER_ROLE_CU };
	const uint32_t all = COFFER_RM(CO) | COFFER_RM(LCO) | COFFER_RM(CU);
	struct ped_bench *p = *state;
	uint32_t s = ready(p, false), i;

	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(deactivate(p, s, COFFER_ROLE_LCO), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_LCO, ""), 0);
	expect(challenge(p, s, COFFER_ROLE_LCO, CHALLENGE), 0);
	expect(challenge(p, s, COFFER_ROLE_CU, CHALLENGE), 0);
	logout(p, s);
	for (i = 0; i < 3; i++) {
		expect(ped_login(p, s, users[i]), 0);
		logout(p, s);
	}
	/* Its SO has none. */
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	logout(p, s);
	assert_int_equal(ped_status(p, s).activated, all);
	key_out(p, 0);
	for (i = 1; i < 3; i++) {
		expect(login(&p->b, s, users[i], CHALLENGE), 0);
		expect(deactivate(p, s, users[0]), COFFER_ST_USER_NOT_AUTHORIZED);
		expect(deactivate(p, s, users[3 - i]), COFFER_ST_USER_NOT_AUTHORIZED);
		logout(p, s);
	}
	expect(login(&p->b, s, COFFER_ROLE_LCO, CHALLENGE), 0);
	expect(deactivate(p, s, COFFER_ROLE_LCO), 0);
	assert_int_equal(ped_status(p, s).activated, all & ~COFFER_RM(LCO));
	logout(p, s);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(deactivate(p, s, COFFER_ROLE_CU), 0);
	assert_int_equal(ped_status(p, s).activated, COFFER_RM(CO));
	logout(p, s);
	key_in(p, "blue", NULL);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(deactivate(p, s, COFFER_ROLE_CO), 0);
	assert_int_equal(ped_status(p, s).activated, 0);
}

static void old_firmware_takes_shorter_challenges(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	ped_close(p);
	ped_open(p, "pcie-7.4", true);
	ring_in(p);
	s = ped_ready(p);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, "123456"), COFFER_ST_PIN_LEN_RANGE);
	expect(challenge(p, s, COFFER_ROLE_CO, "12345678901234567"), COFFER_ST_PIN_LEN_RANGE);
	expect(challenge(p, s, COFFER_ROLE_CO, "1234567"), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, "1234567890123456"), 0);
	/* It has no Limited Crypto Officer. */
	expect(challenge(p, s, COFFER_ROLE_LCO, "1234567"), COFFER_ST_USER_TYPE_INVALID);
	expect(deactivate(p, s, COFFER_ROLE_LCO), COFFER_ST_USER_TYPE_INVALID);
}

/* Or who sets it could go in without the key. */
static void an_activated_role_gets_no_new_challenge(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = active(p, false);

	key_in(p, "blue", NULL);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, OTHER), COFFER_ST_USER_ALREADY_ACTIVATED);
	expect(deactivate(p, s, COFFER_ROLE_CO), 0);
	expect(challenge(p, s, COFFER_ROLE_CO, OTHER), 0);
	logout(p, s);
	key_in(p, "black", NULL);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_CHALLENGE_INCORRECT);
	expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), 0);
}

static void wrong_challenges_count_unless_policy_15_ignores_them(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ready(p, false), i;

	/* On by default: refused as often as you like. */
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	for (i = 0; i < 12; i++)
		expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), COFFER_ST_CHALLENGE_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	ped_policy(p, s, 15, 0);
	expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), COFFER_ST_CHALLENGE_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 9);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	logout(p, s);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	for (i = 0; i < 9; i++)
		expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), COFFER_ST_CHALLENGE_INCORRECT);
	expect(login(&p->b, s, COFFER_ROLE_CO, OTHER), COFFER_ST_USER_LOCKED_OUT);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_USER_LOCKED_OUT);
}

/* Policy 15 forgives challenges, not keys. */
static void wrong_keys_count_whatever_policy_15_says(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ready(p, false);

	key_filled(p, "wrong", COFFER_PED_BLACK);
	key_in(p, "wrong", NULL);
	expect(login(&p->b, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 9);
}

static uint32_t must_change(struct ped_bench *p)
{
	return word(&p->b, 0);
}

/* HSM policy 21, which the profiles of 7.x have on. */
static void a_given_challenge_has_to_be_changed(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s;

	ped_close(p);
	ped_open(p, "pcie-7.8", true);
	ring_in(p);
	s = active(p, false);
	assert_true(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_CHALLENGE_MUST_CHANGE);
	expect(login(b, s, COFFER_ROLE_CO, CHALLENGE), 0);
	assert_int_equal(must_change(p), 1);
	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), COFFER_ST_PIN_EXPIRED);
	expect(role_change(b, s, COFFER_ROLE_CO, CHALLENGE, CHALLENGE), COFFER_ST_PIN_INVALID);
	expect(role_change(b, s, COFFER_ROLE_CO, CHALLENGE, "short"), COFFER_ST_PIN_LEN_RANGE);
	expect(role_change(b, s, COFFER_ROLE_CO, OTHER, "challenge 3"),
	       COFFER_ST_CHALLENGE_INCORRECT);
	expect(role_change(b, s, COFFER_ROLE_CO, CHALLENGE, OTHER), 0);
	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), 0);
	logout(p, s);
	assert_false(role_state(p, s, COFFER_ROLE_CO) & COFFER_RS_CHALLENGE_MUST_CHANGE);
	expect(login(b, s, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_CHALLENGE_INCORRECT);
	expect(login(b, s, COFFER_ROLE_CO, OTHER), 0);
	assert_int_equal(must_change(p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(after_activation_the_challenge_alone_logs_in),
		T(without_policy_22_nothing_is_kept),
		T(policy_22_off_ends_it),
		T(deactivate_ends_it),
		T(power_loss_ends_it),
		T(policy_23_keeps_it_for_two_hours),
		T(policy_23_off_forgets_what_is_stored),
		T(tamper_wipes_it),
		T(a_new_key_ends_it),
		T(initialising_the_partition_ends_all),
		T(who_gives_a_challenge_and_how_long_it_is),
		T(a_challenge_is_text),
		T(each_user_is_activated_for_itself),
		T(old_firmware_takes_shorter_challenges),
		T(an_activated_role_gets_no_new_challenge),
		T(wrong_challenges_count_unless_policy_15_ignores_them),
		T(wrong_keys_count_whatever_policy_15_says),
		T(a_given_challenge_has_to_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
