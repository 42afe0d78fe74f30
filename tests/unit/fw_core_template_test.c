// SPDX-License-Identifier: BSD-3-Clause
/* Policies that come with an init, and which changes erase (behaviour.md section 3). */
#include "fw_core.h"

#include "card.h"
#include "clone.h"
#include "policy.h"
#include "profile_data.h"

#define ERASE	COFFER_POLICY_SET_DESTRUCTIVE
#define ON	COFFER_POLICY_DESTRUCTIVE_ON
#define OFF	COFFER_POLICY_DESTRUCTIVE_OFF
#define SAYS	COFFER_SETTING_DIRECTIONS

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

/* An init with a template of @count settings; @cut bytes of it are left out. */
static uint32_t init_cut(struct bench *b, uint16_t opcode, uint32_t s, const char *pin,
			 const struct coffer_policy_setting *list, size_t count, size_t cut)
{
	uint8_t buf[4096];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_INIT_DEFAULT_DOMAIN);
	wire_put_blob(&out, "label", 5);
	wire_put_blob(&out, pin, strlen(pin));
	wire_put_blob(&out, NULL, 0);
	if (opcode == COFFER_CMD_PARTITION_INIT)
		wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, list, count * sizeof(*list) - cut);
	return ask(b, opcode, buf, out.len);
}

static uint32_t init(struct bench *b, uint32_t s, const struct coffer_policy_setting *list,
		     size_t count)
{
	return init_cut(b, COFFER_CMD_PARTITION_INIT, s, PO_PIN, list, count, 0);
}

static uint32_t init_one(struct bench *b, uint32_t s, uint32_t id, uint32_t value,
			 uint32_t flags, uint32_t erases)
{
	struct coffer_policy_setting one = { id, value, flags, erases };

	return init(b, s, &one, 1);
}

/* The row of a policy, as listed. */
static struct coffer_policy_row shown(struct bench *b, uint32_t s, uint32_t id)
{
	struct coffer_policy_row row = { 0 };
	size_t at;

	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), 0);
	for (at = 4; at < b->len; at += sizeof(row)) {
		memcpy(&row, b->reply + at, sizeof(row));
		if (row.id == id)
			return row;
	}
	fail_msg("policy %u is not listed", id);
	return row;
}

static void template_is_taken_whole(void **state)
{
	static const struct coffer_policy_setting list[] = {
		{ 44, 1, 0, 0 }, { 22, 1, 0, 0 }, { 23, 1, 0, 0 }, { 25, 255 - 12, 0, 0 },
		{ 4, 0, SAYS, OFF }, { 1, 0, SAYS, 0 }, { 19, 0, 0, 0 },
	};
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	struct coffer_policy_setting with[7];

	memcpy(with, list, sizeof(with));
	/* What cannot be changed may be named, as it is. */
	with[6].value = shown(b, s, 19).value;
	/* The new Partition SO's password is under the new policies. */
	expect(init(b, s, with, 7), COFFER_ST_PIN_LEN_RANGE);
	expect(init_cut(b, COFFER_CMD_PARTITION_INIT, s, "twelve chars", with, 7, 0), 0);
	expect(shown(b, s, 44).value, 1);
	expect(shown(b, s, 23).value, 1);
	expect(shown(b, s, 4).value, 0);
	expect(shown(b, s, 4).flags, OFF);
	expect(shown(b, s, 1).flags, 0);
	expect(shown(b, s, 0).flags, ON);
	expect(shown(b, s, 0).value, 1);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(shown(b, s, 44).value, 1);
	expect(shown(b, s, 4).flags, OFF);
	expect(shown(b, s, 1).flags, 0);
	/* 4: on is harmless here, off erases. */
	expect(login(b, s, COFFER_ROLE_PO, "twelve chars"), 0);
	expect(policy_set(b, s, 0, 4, 1), 0);
	expect(policy_set(b, s, 0, 4, 0), COFFER_ST_CONFIG_ILLEGAL);
	expect(policy_set(b, s, ERASE, 4, 0), 0);
	/* What a template does not name has its default. */
	with[0].value = 0;
	expect(init_cut(b, COFFER_CMD_PARTITION_INIT, s, "twelve chars", with, 1, 0), 0);
	expect(shown(b, s, 22).value, 0);
	expect(shown(b, s, 25).value, 255 - 4);
	expect(shown(b, s, 4).flags, ON);
}

static void init_without_keeps_values_only(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_one(b, s, 22, 1, SAYS, ON | OFF), 0);
	expect(shown(b, s, 22).flags, ON | OFF);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 22, 0), COFFER_ST_CONFIG_ILLEGAL);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "two", PO_PIN, NULL), 0);
	expect(shown(b, s, 22).value, 1);
	expect(shown(b, s, 22).flags, 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(shown(b, s, 22).value, 1);
	expect(shown(b, s, 22).flags, 0);
}

static void a_bad_template_changes_nothing(void **state)
{
	static const struct {
		struct coffer_policy_setting list[2];
		size_t count, cut;
		uint32_t verdict;
	} bad[] = {
		/* Made for a newer card; obsolete. */
		{ { { 63, 0, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 0x10007, 0, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 27, 0, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 22, 1, 0, 0 }, { 63, 0, 0, 0 } }, 2, 0,
		  COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 23, 1, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 0, 1, 0, 0 }, { 1, 1, 0, 0 } }, 2, 0,
		  COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 37, 1, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
		{ { { 22, 2, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		{ { { 24, 1, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		{ { { 19, 1, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		{ { { 20, 0, 0, 0 } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		/* V1 objects must not stay in a V0 partition. */
		{ { { 41, 1, SAYS, ON } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		{ { { 40, 0, SAYS, 0 } }, 1, 0, COFFER_ST_CONFIG_CHANGE_ILLEGAL },
		{ { { 22, 1, 2, 0 } }, 1, 0, COFFER_ST_ARGUMENTS_BAD },
		{ { { 22, 1, 0, ON } }, 1, 0, COFFER_ST_ARGUMENTS_BAD },
		{ { { 22, 1, SAYS, 4 } }, 1, 0, COFFER_ST_ARGUMENTS_BAD },
		{ { { 22, 1, 0, 0 }, { 22, 1, 0, 0 } }, 2, 0, COFFER_ST_ARGUMENTS_BAD },
		{ { { 22, 1, 0, 0 } }, 1, 1, COFFER_ST_ARGUMENTS_BAD },
	};
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(init_cut(b, COFFER_CMD_PARTITION_INIT, s, PO_PIN, bad[i].list,
				bad[i].count, bad[i].cut), bad[i].verdict);
		expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
		expect(shown(b, s, 22).value, 0);
	}
}

/* Of those that always erase a template may say so, and cannot be too long. */
static void what_always_erases_may_be_said(void **state)
{
	static const struct coffer_policy_setting list[] = {
		{ 41, 1, SAYS, OFF }, { 40, 0, SAYS, ON | OFF }, { 22, 1, SAYS, ON },
	};
	static const uint8_t raw[(POLICY_MAX + 1) * sizeof(struct coffer_policy_setting)];
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	struct policies policies;

	expect(policy_init(partition_find(b->card, 1), (struct bytes){ raw, sizeof(raw) },
			   &policies), COFFER_ST_ARGUMENTS_BAD);
	expect(init(b, s, list, 3), 0);
	expect(shown(b, s, 41).flags, OFF);
	expect(shown(b, s, 40).flags, ON | OFF);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 41, 0), COFFER_ST_CONFIG_ILLEGAL);
	expect(policy_set(b, s, 0, 22, 0), 0);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_CONFIG_ILLEGAL);
}

static void of_the_card(void **state)
{
	static const struct coffer_policy_setting list[] = {
		{ 7, 0, SAYS, 0 }, { 16, 0, 0, 0 }, { 33, 2, 0, 0 }
	};
	static const struct coffer_policy_setting few = { 33, 0, 0, 0 };
	static const struct coffer_policy_setting alone = { 51, 1, 0, 0 };
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 0, true, NULL);
	uint16_t op = COFFER_CMD_HSM_INIT;

	expect(init_cut(b, op, s, SO_PIN, &few, 1, 0), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(init_cut(b, op, s, SO_PIN, &alone, 1, 0), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(init_cut(b, op, s, SO_PIN, list, 3, 0), 0);
	expect(shown(b, s, 7).value, 0);
	expect(shown(b, s, 7).flags, 0);
	expect(shown(b, s, 33).value, 2);
	expect(login(b, s, COFFER_ROLE_SO, SO_PIN), 0);
	expect(policy_set(b, s, 0, 7, 1), 0);
	/* zeroize keeps them, factory reset does not. */
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, s), 0);
	expect(shown(b, s, 7).flags, 0);
	expect(shown(b, s, 16).value, 0);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, s), 0);
	expect(shown(b, s, 7).flags, ON | OFF);
	expect(shown(b, s, 16).value, 1);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	expect(shown(b, s, 7).flags, ON | OFF);
}

/* Numbers of a cloud service: its 8 lets CPv1 in, and what else there is stays. */
static void cloud_allows_cpv1(void **state)
{
	struct bench *b = *state;
	const struct profile *was = b->card->profile;
	struct profile cloud = *was;
	struct fw_partition *p = partition_find(b->card, 1);
	struct policies policies;
	const uint32_t all = COFFER_CLONE_CPV1 | COFFER_CLONE_CPV4;

	cloud.partition_policies = profile_partition_cloud;
	b->card->profile = &cloud;
	policy_defaults(p, &policies);
	policy_use(p, &policies);
	expect(policy_protocols(p, all), all);
	p->policy[POLICY_P_CLOUD_CPV1] = 0;
	expect(policy_protocols(p, all), COFFER_CLONE_CPV4);
	expect(clone_protocols(b->card, p) & COFFER_CLONE_CPV1, 0);
	/* No on-premises 42 there. */
	assert_null(policy_row(p, POLICY_P_FORCE_CPV1));
	b->card->profile = was;
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(template_is_taken_whole),
		T(init_without_keeps_values_only),
		T(a_bad_template_changes_nothing),
		T(what_always_erases_may_be_said),
		T(of_the_card),
		T(cloud_allows_cpv1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
