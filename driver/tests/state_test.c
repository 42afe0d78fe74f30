// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: the state machine as a table, and the admission table. */
#include "card.h"

/* ---- States ----------------------------------------------------------------------------- */

/* As Documentation/design.md draws it; not the driver's own table. */
static const struct {
	enum coffer_dev_state from, to;
} allowed[] = {
	{ COFFER_DEV_NEW, COFFER_DEV_BOOTING },
	{ COFFER_DEV_NEW, COFFER_DEV_REMOVING },
	{ COFFER_DEV_BOOTING, COFFER_DEV_LIVE },
	{ COFFER_DEV_BOOTING, COFFER_DEV_FAILED },
	{ COFFER_DEV_BOOTING, COFFER_DEV_REMOVING },
	{ COFFER_DEV_BOOTING, COFFER_DEV_DEAD },
	{ COFFER_DEV_LIVE, COFFER_DEV_RESETTING },
	{ COFFER_DEV_LIVE, COFFER_DEV_REMOVING },
	{ COFFER_DEV_RESETTING, COFFER_DEV_LIVE },
	{ COFFER_DEV_RESETTING, COFFER_DEV_FAILED },
	{ COFFER_DEV_RESETTING, COFFER_DEV_REMOVING },
	{ COFFER_DEV_RESETTING, COFFER_DEV_DEAD },
	{ COFFER_DEV_FAILED, COFFER_DEV_RESETTING },
	{ COFFER_DEV_FAILED, COFFER_DEV_REMOVING },
	{ COFFER_DEV_FAILED, COFFER_DEV_DEAD },
	{ COFFER_DEV_REMOVING, COFFER_DEV_DEAD },
};

#define STATES (COFFER_DEV_DEAD + 1)

static bool is_allowed(enum coffer_dev_state from, enum coffer_dev_state to)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		if (allowed[i].from == from && allowed[i].to == to)
			return true;
	return false;
}

/* Every pair of states. */
static const void *move_gen_params(const void *prev, char *desc)
{
	static unsigned int move;

	move = prev ? move + 1 : 0;
	if (move >= STATES * STATES)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s to %s", coffer_state_name(move / STATES),
		 coffer_state_name(move % STATES));
	return &move;
}

static void state_moves(struct kunit *test)
{
	unsigned int move = *(const unsigned int *)test->param_value;
	enum coffer_dev_state from = move / STATES, to = move % STATES;
	struct coffer_dev *cd = coffer_test_card(4);
	bool good = is_allowed(from, to);

	cd->state = from;
	KUNIT_EXPECT_EQ(test, coffer_set_state(cd, to), good);
	KUNIT_EXPECT_EQ(test, cd->state, good ? to : from);
	cd->state = COFFER_DEV_LIVE;
	coffer_test_card_free(cd);
}

static const struct told {
	enum coffer_dev_state state;
	int error;
	const char *name;
} tells[] = {
	{ COFFER_DEV_NEW, -EAGAIN, "new" },
	{ COFFER_DEV_BOOTING, -EAGAIN, "booting" },
	{ COFFER_DEV_LIVE, 0, "live" },
	{ COFFER_DEV_RESETTING, -EAGAIN, "resetting" },
	{ COFFER_DEV_FAILED, -EIO, "failed" },
	{ COFFER_DEV_REMOVING, -ENODEV, "removing" },
	{ COFFER_DEV_DEAD, -ENODEV, "dead" },
};

static void told_describe(const struct told *t, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", t->name);
}

KUNIT_ARRAY_PARAM(told, tells, told_describe)

static void state_tells(struct kunit *test)
{
	const struct told *t = test->param_value;
	struct coffer_dev *cd = coffer_test_card(4);

	cd->state = t->state;
	KUNIT_EXPECT_EQ(test, coffer_state_errno(cd), t->error);
	KUNIT_EXPECT_EQ(test, coffer_wait_live(cd, true), t->error);
	KUNIT_EXPECT_EQ(test, coffer_is_gone(cd), t->error == -ENODEV);
	KUNIT_EXPECT_STREQ(test, coffer_state_name(t->state), t->name);
	cd->state = COFFER_DEV_LIVE;
	coffer_test_card_free(cd);
}

/* ---- The admission table ------------------------------------------------------------------ */

static const void *row_gen_params(const void *prev, char *desc)
{
	const struct coffer_row *row = prev ? (const struct coffer_row *)prev + 1 :
					      coffer_table_row(0);

	if (row >= coffer_table_row(0) + coffer_table_size())
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", row->name);
	return row;
}

static void row_is_sound(struct kunit *test)
{
	const struct coffer_row *row = test->param_value;
	struct coffer_command_row out;

	KUNIT_EXPECT_PTR_EQ(test, coffer_table_find(row->opcode), row);
	KUNIT_EXPECT_LE(test, row->req_min, row->req_max);
	KUNIT_EXPECT_LE(test, row->req_max, COFFER_MAX_PAYLOAD);
	KUNIT_EXPECT_LE(test, row->reply_max, COFFER_MAX_PAYLOAD);
	KUNIT_EXPECT_GT(test, row->timeout_ms, 0);
	KUNIT_EXPECT_LE(test, row->timeout_ms, 60 * 60 * 1000);
	KUNIT_EXPECT_TRUE(test, row->name[0] && strnlen(row->name, sizeof(row->name)) <
						 sizeof(row->name));
	memset(&out, 0xff, sizeof(out));
	coffer_table_export(row, &out);
	KUNIT_EXPECT_EQ(test, out.opcode, row->opcode);
	KUNIT_EXPECT_EQ(test, out.flags, row->flags);
	KUNIT_EXPECT_EQ(test, out.req_min, row->req_min);
	KUNIT_EXPECT_EQ(test, out.req_max, row->req_max);
	KUNIT_EXPECT_EQ(test, out.reply_max, row->reply_max);
	KUNIT_EXPECT_EQ(test, out.timeout_ms, row->timeout_ms);
	KUNIT_EXPECT_EQ(test, out.reserved, 0);
	KUNIT_EXPECT_STREQ(test, out.name, row->name);
	KUNIT_EXPECT_EQ(test, out.name[sizeof(out.name) - 1], 0);
}

/* All 2^16 opcodes: a row, or none, and each row once. */
static void opcodes_are_known_once(struct kunit *test)
{
	unsigned int opcode, known = 0;

	for (opcode = 0; opcode <= U16_MAX; opcode++) {
		const struct coffer_row *row = coffer_table_find(opcode);

		known += row && row->opcode == opcode;
	}
	KUNIT_EXPECT_EQ(test, known, coffer_table_size());
	KUNIT_EXPECT_EQ(test, coffer_table_hash(), coffer_table_hash());
	KUNIT_EXPECT_NE(test, coffer_table_hash(), 0x811c9dc5);
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE_PARAM(state_moves, move_gen_params),
	KUNIT_CASE_PARAM(state_tells, told_gen_params),
	KUNIT_CASE_PARAM(row_is_sound, row_gen_params),
	KUNIT_CASE(opcodes_are_known_once),
	{}
};

static struct kunit_suite state_suite = { .name = "coffer_state", .test_cases = state_cases };

kunit_test_suite(state_suite);
