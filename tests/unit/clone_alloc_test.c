// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every step of a clone with its first, second, ... allocation, crypto operation or disk access
 * failing (quality.md B, "OOM loop"; A3.8): the step says so, the object is absent or complete on
 * the target, nothing leaks, and the next clone works.
 *
 * What outlives its own failures, a session that moves objects, goes on from fault to fault. CPv1
 * has none and does it with the code of the others: there a few faults of many are tried.
 * COFFER_FAULTS=all tries every one, and clones an object after each.
 */
#include "clone_two.h"
#include "fault.h"

enum step { EXTRACT = RUN_STEPS, INSERT, FINISH, CLOSE, STEPS };

static const char *const names[STEPS] = {
	"CLONE_INVITE", "CLONE_START", "CLONE_ANSWER", "CLONE_CONFIRM", "CLONE_VERIFY",
	"CLONE_ACCEPT", "CLONE_EXTRACT", "CLONE_INSERT", "CLONE_FINISH", "CLONE_CLOSE",
};

#define SAMPLE	5		/* one fault of so many */

static uint32_t protocol, handle;
static struct run *open_run;	/* goes on from fault to fault */

static uint32_t extract(struct run *r, struct test_blob *blob)
{
	uint32_t got, st = run_extract(r, &handle, 1, blob, &got);

	return st ? st : blob->verdict;
}

static uint32_t one_step(struct run *r, enum step step, struct test_blob *blob)
{
	uint32_t sent, received, missing;

	switch (step) {
	case EXTRACT:
		return extract(r, blob);
	case INSERT:
		return run_insert_one(r, blob->p, blob->len, NULL);
	case FINISH:
		return run_finish(r);
	case CLOSE:
		return run_close(r, true, &sent, &received, &missing);
	default:
		return run_step(r, (int)step);
	}
}

/* CPv1 ends with its one object. */
static enum step last_step(void)
{
	return protocol == COFFER_CLONE_CPV1 ? INSERT : CLOSE;
}

/* In sessions of its own: the first context of a session makes more than the others. */
static struct run *run_begin(void)
{
	struct run *r = run_new(s, t);

	r->session_s = tc_open_session(s, s->owner, s->part);
	r->session_t = tc_open_session(t, t->owner, t->part);

	tc_forgive();	/* attempts that a fault cut off count as guesses */
	r->invited = protocol == COFFER_CLONE_CPV3;
	return r;
}

static void close_session(struct test_card *card, uint32_t session)
{
	struct call *c = call_new();

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_SESSION_CLOSE), COFFER_ST_OK);
	free(c);
}

static void run_end(struct run *r)
{
	run_give_up(r);
	close_session(s, r->session_s);
	close_session(t, r->session_t);
	free(r);
}

static void run_to(struct run *r, enum step end, struct test_blob *blob)
{
	for (enum step step = r->invited ? 0 : 1; step < end; step++)
		assert_u32(one_step(r, step, blob), COFFER_ST_OK);
}

static void destroy_all(struct test_card *card)
{
	struct call *c = call_new();
	uint32_t handles[8], n = tc_list(card, handles, 8);

	while (n--) {
		call_begin(c, card->session);
		wire_put_u32(&c->req, handles[n]);
		assert_u32(call_run(card, c, COFFER_CMD_OBJECT_DESTROY), COFFER_ST_OK);
	}
	free(c);
}

/* A failed proof counts as a failed guess on both cards; a good one takes that back. */
static void whole_clone(void)
{
	struct test_blob blob = { 0 };
	struct run *r = run_begin();

	run_to(r, last_step() + 1, &blob);
	assert_u32(r->protocol, protocol);
	assert_u32(tc_count(t), 1);
	run_end(r);
	blobs_free(&blob, 1);
	destroy_all(t);
}

/* Ready for the step, in a run of its own or in one that goes on. */
static struct run *run_ready(enum step step, struct test_blob *blob)
{
	struct run *r = open_run;

	if (!r) {
		r = run_begin();
		run_to(r, step < EXTRACT ? step : EXTRACT, blob);
	}
	for (enum step next = EXTRACT; next < step; next++)
		assert_u32(one_step(r, next, blob), COFFER_ST_OK);
	return r;
}

static void run_done(struct run *r, enum step step)
{
	bool goes_on = protocol != COFFER_CLONE_CPV1 && (step == EXTRACT || step == INSERT);

	open_run = goes_on && !fault_all() ? r : NULL;
	if (open_run)
		return;
	run_end(r);
}

/* true: something failed in it. */
static bool try_with_fault(enum step step, unsigned int n)
{
	struct test_blob blob = { 0 };
	struct run *r = run_ready(step, &blob);
	bool failed;
	uint32_t st;

	fault_arm(n);
	st = one_step(r, step, &blob);
	failed = fault_disarm();
	if (st && (!failed || !fault_shows_as(st)))
		fail_msg("%s: %u: %s failed: 0x%08x", names[step], n,
			 failed ? fault_name() : "nothing", st);
	assert_u32(tc_count(t), step > INSERT || (step == INSERT && !st) ? 1 : 0);
	run_done(r, step);
	blobs_free(&blob, 1);
	destroy_all(t);
	if (st && fault_all())
		whole_clone();
	return failed;
}

static unsigned int stride(enum step step)
{
	bool known = protocol == COFFER_CLONE_CPV1 && step >= EXTRACT;

	return known && !fault_all() ? SAMPLE : 1;
}

static void end_open_run(void)
{
	if (!open_run)
		return;
	run_end(open_run);
	open_run = NULL;
}

static void sweep_all(void)
{
	unsigned int n;

	handle = tc_make_aes(s, "cloned");
	whole_clone();
	for (enum step step = protocol == COFFER_CLONE_CPV3 ? 0 : 1; step <= last_step(); step++) {
		for (n = 1; try_with_fault(step, n); n += stride(step))
			;
		print_message("# %s: %u faults\n", names[step], n - 1);
		end_open_run();
		whole_clone();
	}
	assert_u32(tc_count(s), 1);
}

static void cpv4(void **state)
{
	(void)state;
	tc_suite_set(t, COFFER_SUITE_P384_SHA384_AES256GCM, false);	/* costs most of the time */
	protocol = COFFER_CLONE_CPV4;
	sweep_all();
}

static void cpv3(void **state)
{
	(void)state;
	tc_suites_off(t);
	protocol = COFFER_CLONE_CPV3;
	sweep_all();
}

static void cpv1(void **state)
{
	(void)state;
	tc_policy_set(t, false, 42, 1);
	protocol = COFFER_CLONE_CPV1;
	sweep_all();
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_pair, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(cpv4),
		T(cpv3),
		T(cpv1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
