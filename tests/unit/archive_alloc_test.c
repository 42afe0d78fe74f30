// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every step of an archive file with its first, second, ... allocation, crypto operation or disk
 * access failing (quality.md B, "OOM loop"; A3.8), from writing the head to closing the import:
 * the step says so, its object is absent or complete, nothing leaks, a failed OPEN leaves a failed
 * proof at most, and the next file works. COFFER_FAULTS=all tries those of cloning, too.
 */
#include "archive_bench.h"
#include "clone_two.h"
#include "fault.h"

enum step { CREATE, EXTRACT, FINISH, OPEN, READ, CHECK, INSERT, CLOSE, STEPS };

static const char *const names[STEPS] = {
	"ARCHIVE_CREATE", "CLONE_EXTRACT", "CLONE_FINISH", "ARCHIVE_OPEN", "ARCHIVE_READ",
	"ARCHIVE_CHECK", "CLONE_INSERT", "CLONE_CLOSE",
};

#define SAMPLE	5		/* one fault of so many: clone_alloc_test has the others */

static struct msg certs[2];		/* of both cards: two recipients */
static uint32_t handle, home;		/* home: the session that the target goes back to */

static uint32_t extract(struct archive *a)
{
	uint32_t got, st = run_extract(a->r, &handle, 1, a->blobs, &got);

	if (!st)
		a->count = got;
	return st ? st : a->blobs[0].verdict;
}

static uint32_t finish(struct archive *a)
{
	uint32_t st = run_finish(a->r);

	a->r->context_s = 0;
	return st;
}

static uint32_t read_one(struct archive *a)
{
	uint32_t verdict, st = ar_read(a, a->blobs, 1, &verdict);

	return st ? st : verdict;
}

static uint32_t one_step(struct archive *a, enum step step)
{
	uint32_t sent, received, missing;

	switch (step) {
	case CREATE:
		return ar_create_for(a->r, "", certs, 2);
	case EXTRACT:
		return extract(a);
	case FINISH:
		return finish(a);
	case OPEN:
		return ar_open(a, t);
	case READ:
		return read_one(a);
	case CHECK:
		return ar_check(a);
	case INSERT:
		return run_insert_one(a->r, a->blobs[0].p, a->blobs[0].len, NULL);
	default:
		return run_close(a->r, true, &sent, &received, &missing);
	}
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

static void close_session(struct test_card *card, uint32_t session)
{
	struct call *c = call_new();

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_SESSION_CLOSE), COFFER_ST_OK);
	free(c);
}

/* In sessions of its own: the first context of a session makes more than the others. */
static struct archive *archive_begin(void)
{
	struct archive *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	tc_forgive();	/* attempts that a fault cut off count as guesses */
	home = t->session;
	t->session = tc_open_session(t, t->owner, t->part);
	a->r = run_new(s, t);
	a->r->session_s = tc_open_session(s, s->owner, s->part);
	return a;
}

static void archive_end(struct archive *a)
{
	uint32_t session = a->r->session_s;

	ar_free(a);
	close_session(s, session);
	close_session(t, t->session);
	t->session = home;
}

static void steps_to(struct archive *a, enum step end)
{
	for (enum step step = CREATE; step < end; step++)
		assert_u32(one_step(a, step), COFFER_ST_OK);
}

static void whole_file(void)
{
	struct archive *a = archive_begin();

	steps_to(a, STEPS);
	assert_u32(tc_count(t), 1);
	archive_end(a);
	destroy_all(t);
}

static void check_state(enum step step, uint32_t st)
{
	uint32_t failures, wait_ms;

	ar_state(t, &failures, &wait_ms);
	if (failures > (step == OPEN && st ? 1u : 0u))
		fail_msg("%s: %u failed proofs", names[step], failures);
	/* Counted before it is tried, not after. */
	if (step == OPEN && st && !strcmp(fault_name(), "crypto_rsa_open"))
		assert_int_equal(failures, 1);
	assert_u32(tc_count(t), step > INSERT || (step == INSERT && !st) ? 1 : 0);
}

/* true: something failed in it. */
static bool try_with_fault(enum step step, unsigned int n)
{
	struct archive *a = archive_begin();
	bool failed;
	uint32_t st;

	steps_to(a, step);
	fault_arm(n);
	st = one_step(a, step);
	failed = fault_disarm();
	if (st && (!failed || !fault_shows_as(st)))
		fail_msg("%s: %u: %s failed: 0x%08x", names[step], n,
			 failed ? fault_name() : "nothing", st);
	check_state(step, st);
	archive_end(a);
	destroy_all(t);
	return failed;
}

static unsigned int stride(enum step step)
{
	return (step == EXTRACT || step == INSERT) && !fault_all() ? SAMPLE : 1;
}

static void every_fault_is_said(void **state)
{
	unsigned int n;

	(void)state;
	handle = tc_make_aes(s, "archived");
	ar_certificate(s, 0, &certs[0]);
	ar_certificate(t, 0, &certs[1]);
	whole_file();
	for (enum step step = CREATE; step < STEPS; step++) {
		for (n = 1; try_with_fault(step, n); n += stride(step))
			;
		assert_true(n > 1);
		print_message("# %s: %u faults\n", names[step], n - 1);
		whole_file();
	}
	assert_u32(tc_count(s), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_fault_is_said, make_pair, free_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
