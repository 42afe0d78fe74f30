// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: ring arithmetic, slots, tags and generations, and what completions end commands as. */
#include <linux/slab.h>

#include "card.h"

#define TEST_ENTRIES 8

/* ---- Helpers --------------------------------------------------------------------------- */

static struct coffer_call *submit(struct kunit *test, struct coffer_dev *cd,
				  struct coffer_file *file, int expected)
{
	struct coffer_call *call;

	call = coffer_call_alloc(cd, file, coffer_table_find(COFFER_CMD_ECHO), 16, 32);
	if (!call)
		return NULL;
	call->epoch = cd->epoch;
	KUNIT_EXPECT_EQ(test, coffer_queue_submit(&cd->queue[0], call), expected);
	if (!expected)
		return call;
	coffer_call_put(call);
	return NULL;
}

/* What the card would write, at the place where the driver looks next. */
static void card_writes(struct coffer_queue *q, u32 tag, u16 status, u32 reply_len, u32 verdict)
{
	struct coffer_cqe *cqe = &q->cq[q->cq_head];

	cqe->verdict = cpu_to_le32(verdict);
	cqe->reply_len = cpu_to_le32(reply_len);
	cqe->tag = cpu_to_le32(tag);
	cqe->status = cpu_to_le16(status);
	cqe->phase = cpu_to_le16(q->phase);
}

static u32 tag_of(const struct coffer_queue *q, const struct coffer_call *call)
{
	return COFFER_TAG(call->slot, q->slots[call->slot].gen);
}

/* ---- Rings ------------------------------------------------------------------------------ */

static const unsigned int sizes[] = { 4, 8, 16, 32, 64, 128, 256, 512, 1024 };

static void size_describe(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u entries", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, size_describe)

/* Indices and phase over three passes of the ring. */
static void ring_wraps(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i;
	struct coffer_dev *cd = coffer_test_card(size);
	struct coffer_queue *q = &cd->queue[0];

	for (i = 0; i < 3 * size; i++) {
		struct coffer_call *call = submit(test, cd, NULL, 0);

		KUNIT_ASSERT_NOT_NULL(test, call);
		KUNIT_EXPECT_EQ(test, q->sq_tail, (i + 1) % size);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(q->sq[i % size].tag), tag_of(q, call));
		KUNIT_EXPECT_EQ(test, q->phase, !(i / size & 1));
		card_writes(q, tag_of(q, call), COFFER_TS_OK, 5, 7);
		KUNIT_EXPECT_EQ(test, coffer_queue_reap(q), 1);
		KUNIT_EXPECT_EQ(test, q->cq_head, (i + 1) % size);
		KUNIT_EXPECT_EQ(test, call->verdict, 7);
		KUNIT_EXPECT_EQ(test, call->reply_len, 5);
		coffer_call_put(call);
	}
	KUNIT_EXPECT_EQ(test, q->stats.commands, 3 * size);
	KUNIT_EXPECT_EQ(test, q->stats.errors, 0);
	coffer_test_card_free(cd);
}

/* A ring has one slot less than entries, and one of them is no user's. */
static void ring_fills(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, i;
	struct coffer_dev *cd = coffer_test_card(size);
	struct coffer_queue *q = &cd->queue[0];
	struct coffer_call **calls = kcalloc(size, sizeof(*calls), GFP_KERNEL);

	for (i = 0; i < size - 2; i++)
		calls[i] = submit(test, cd, NULL, 0);
	submit(test, cd, NULL, -EBUSY);
	KUNIT_EXPECT_EQ(test, q->busy, size - 2);
	KUNIT_EXPECT_TRUE(test, !q->slots[0].call);
	coffer_queue_stop(q);
	coffer_queue_cancel(q, -ECANCELED);
	KUNIT_EXPECT_EQ(test, q->busy, 0);
	for (i = 0; i < size - 2; i++) {
		KUNIT_EXPECT_EQ(test, calls[i]->error, -ECANCELED);
		coffer_call_put(calls[i]);
	}
	kfree(calls);
	coffer_test_card_free(cd);
}

/* No open file holds more than half of what users can have, and always at least one. */
static void ring_is_shared(struct kunit *test)
{
	unsigned int size = *(const unsigned int *)test->param_value, most, i;
	struct coffer_dev *cd = coffer_test_card(size);
	struct coffer_file *a = coffer_file_alloc(cd), *b = coffer_file_alloc(cd);
	struct coffer_call **calls = kcalloc(size, sizeof(*calls), GFP_KERNEL);

	most = (size - 2) / 2;
	for (i = 0; i < most; i++)
		calls[i] = submit(test, cd, a, 0);
	submit(test, cd, a, -EBUSY);
	KUNIT_EXPECT_EQ(test, a->held[0], most);
	calls[most] = submit(test, cd, b, 0);
	coffer_queue_stop(&cd->queue[0]);
	coffer_queue_cancel(&cd->queue[0], -ECANCELED);
	KUNIT_EXPECT_EQ(test, a->held[0], 0);
	for (i = 0; i <= most; i++)
		coffer_call_put(calls[i]);
	kfree(calls);
	coffer_file_put(a);
	coffer_file_put(b);
	coffer_test_card_free(cd);
}

/* ---- Tags and generations ---------------------------------------------------------------- */

static const u16 gens[] = { 0, 1, 2, 0x00ff, 0x7fff, 0x8000, 0xfffe, 0xffff };

static void gen_describe(const u16 *gen, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after 0x%04x", *gen);
}

KUNIT_ARRAY_PARAM(gen, gens, gen_describe)

/* The next use of a slot has the next generation, and the one before ends nothing. */
static void generation_follows(struct kunit *test)
{
	u16 gen = *(const u16 *)test->param_value;
	struct coffer_dev *cd = coffer_test_card(TEST_ENTRIES);
	struct coffer_queue *q = &cd->queue[0];
	struct coffer_call *call;
	unsigned int i;

	for (i = 0; i < TEST_ENTRIES - 1; i++)
		q->slots[i].gen = gen;
	call = submit(test, cd, NULL, 0);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, COFFER_TAG_GEN(tag_of(q, call)), (u16)(gen + 1));
	card_writes(q, COFFER_TAG(call->slot, gen), COFFER_TS_OK, 0, 0);
	coffer_queue_reap(q);
	KUNIT_EXPECT_EQ(test, q->busy, 1);
	KUNIT_EXPECT_EQ(test, q->bad, 1);
	card_writes(q, COFFER_TAG(call->slot, gen + 1), COFFER_TS_OK, 0, 0);
	coffer_queue_reap(q);
	KUNIT_EXPECT_EQ(test, q->busy, 0);
	KUNIT_EXPECT_EQ(test, q->bad, 1);
	KUNIT_EXPECT_EQ(test, call->error, 0);
	coffer_call_put(call);
	coffer_test_card_free(cd);
}

/* Tags that name no command that is out, relative to one in slot 1. */
static const u32 strange[] = {
	0x00000000, 0x0000ffff, 0xffffffff, 0xffff0001, COFFER_TAG(2, 1), COFFER_TAG(7, 1),
	COFFER_TAG(8, 1), COFFER_TAG(1, 0), COFFER_TAG(1, 2), COFFER_TAG(0x8001, 1),
	COFFER_TAG(1, 0x8001),
};

static void tag_describe(const u32 *tag, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%08x", *tag);
}

KUNIT_ARRAY_PARAM(tag, strange, tag_describe)

static void strange_tag_is_ignored(struct kunit *test)
{
	struct coffer_dev *cd = coffer_test_card(TEST_ENTRIES);
	struct coffer_queue *q = &cd->queue[0];
	struct coffer_call *call = submit(test, cd, NULL, 0);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, tag_of(q, call), COFFER_TAG(1, 1));
	for (i = 1; i <= COFFER_BAD_MAX; i++) {
		KUNIT_EXPECT_FALSE(test, cd->reset_work.pending);
		card_writes(q, *(const u32 *)test->param_value, COFFER_TS_OK, 0, 0);
		coffer_queue_reap(q);
		KUNIT_EXPECT_EQ(test, q->bad, i);
	}
	/* Enough of it: a reset, which ends the command. */
	KUNIT_EXPECT_TRUE(test, cd->reset_work.pending);
	KUNIT_EXPECT_EQ(test, q->busy, 1);
	flush_work(&cd->reset_work);
	KUNIT_EXPECT_EQ(test, call->error, -ECANCELED);
	KUNIT_EXPECT_EQ(test, cd->state, COFFER_DEV_LIVE);
	coffer_call_put(call);
	coffer_test_card_free(cd);
}

/* ---- What a completion means --------------------------------------------------------------- */

static const struct verdict {
	const char *name;
	u16 status;
	u32 reply_len;		/* of 32 bytes of room */
	bool cancelled, timed_out;
	int error;
	u32 verdict;
	unsigned int bad;
} verdicts[] = {
	{ "ok", COFFER_TS_OK, 32, false, false, 0, 7, 0 },
	{ "ok, empty", COFFER_TS_OK, 0, false, false, 0, 7, 0 },
	{ "ok, too long by one", COFFER_TS_OK, 33, false, false, -EIO, 0, 1 },
	{ "ok, as long as can be", COFFER_TS_OK, U32_MAX, false, false, -EIO, 0, 1 },
	{ "ok, late", COFFER_TS_OK, 4, false, true, 0, 7, 0 },
	{ "bad field", COFFER_TS_BAD_FIELD, 0, false, false, -EIO, 0, 0 },
	{ "bad length", COFFER_TS_BAD_LENGTH, 0, false, false, -EIO, 0, 0 },
	{ "request not read", COFFER_TS_DMA_REQ, 0, false, false, -EIO, 0, 0 },
	{ "reply not written", COFFER_TS_DMA_REPLY, 0, false, false, -EIO, 0, 0 },
	{ "aborted by nobody", COFFER_TS_ABORTED, 0, false, false, -EIO, 0, 0 },
	{ "aborted by its user", COFFER_TS_ABORTED, 9, true, false, 0, (u32)COFFER_ST_CANCEL, 0 },
	{ "aborted by time", COFFER_TS_ABORTED, 0, false, true, -ETIMEDOUT, 0, 0 },
	{ "firmware down", COFFER_TS_FW_DOWN, 0, false, false, -EIO, 0, 0 },
	{ "busy", COFFER_TS_BUSY, 0, false, false, -EBUSY, 0, 0 },
	{ "unknown status", COFFER_TS_BUSY + 1, 0, false, false, -EIO, 0, 1 },
	{ "largest status", U16_MAX, 0, false, false, -EIO, 0, 1 },
};

static void verdict_describe(const struct verdict *v, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", v->name);
}

KUNIT_ARRAY_PARAM(verdict, verdicts, verdict_describe)

static void completion_means(struct kunit *test)
{
	const struct verdict *v = test->param_value;
	struct coffer_dev *cd = coffer_test_card(TEST_ENTRIES);
	struct coffer_queue *q = &cd->queue[0];
	struct coffer_call *call = submit(test, cd, NULL, 0);

	KUNIT_ASSERT_NOT_NULL(test, call);
	call->cancelled = v->cancelled;
	call->timed_out = v->timed_out;
	card_writes(q, tag_of(q, call), v->status, v->reply_len, 7);
	KUNIT_EXPECT_EQ(test, coffer_queue_reap(q), 1);
	KUNIT_EXPECT_EQ(test, q->busy, 0);
	KUNIT_EXPECT_EQ(test, call->error, v->error);
	KUNIT_EXPECT_EQ(test, call->verdict, v->verdict);
	KUNIT_EXPECT_LE(test, call->reply_len, 32);
	KUNIT_EXPECT_EQ(test, q->bad, v->bad);
	KUNIT_EXPECT_EQ(test, q->stats.errors, v->error != 0);
	KUNIT_EXPECT_EQ(test, cd->reset_work.pending, v->status == COFFER_TS_FW_DOWN);
	coffer_call_put(call);
	coffer_test_card_free(cd);
}

/* An owner of an earlier epoch, and a command that was cancelled first, never reach the card. */
static void too_late_is_refused(struct kunit *test)
{
	struct coffer_dev *cd = coffer_test_card(TEST_ENTRIES);
	struct coffer_queue *q = &cd->queue[0];
	struct coffer_call *call;

	call = coffer_call_alloc(cd, NULL, coffer_table_find(COFFER_CMD_ECHO), 0, 0);
	KUNIT_ASSERT_NOT_NULL(test, call);
	call->epoch = cd->epoch - 1;
	KUNIT_EXPECT_EQ(test, coffer_queue_submit(q, call), -ESTALE);
	call->epoch = cd->epoch;
	call->cancelled = true;
	KUNIT_EXPECT_EQ(test, coffer_queue_submit(q, call), -ECANCELED);
	call->cancelled = false;
	coffer_queue_stop(q);
	KUNIT_EXPECT_EQ(test, coffer_queue_submit(q, call), -ESTALE);
	KUNIT_EXPECT_EQ(test, q->stats.commands, 0);
	coffer_call_put(call);
	coffer_test_card_free(cd);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE_PARAM(ring_wraps, size_gen_params),
	KUNIT_CASE_PARAM(ring_fills, size_gen_params),
	KUNIT_CASE_PARAM(ring_is_shared, size_gen_params),
	KUNIT_CASE_PARAM(generation_follows, gen_gen_params),
	KUNIT_CASE_PARAM(strange_tag_is_ignored, tag_gen_params),
	KUNIT_CASE_PARAM(completion_means, verdict_gen_params),
	KUNIT_CASE(too_late_is_refused),
	{}
};

static struct kunit_suite queue_suite = { .name = "coffer_queue", .test_cases = queue_cases };

kunit_test_suite(queue_suite);
