// SPDX-License-Identifier: BSD-3-Clause
/* Owners, sessions, quotas, what is bound to sessions, cancelling, the limit of commands. */
#include "fw_core.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "core.h"

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

static void ids_are_never_reused(void **state)
{
	struct bench *b = *state;
	uint64_t last = b->owner, id;
	int i;

	for (i = 0; i < 200; i++) {
		id = owner_open(b);
		assert_true(id > last);
		last = id;
		expect(owner_close(b, id), 0);
		expect(owner_close(b, id), COFFER_ST_OWNER_UNKNOWN);
		expect(ask_as(b, id, COFFER_CMD_ECHO, NULL, 0), COFFER_ST_OWNER_UNKNOWN);
	}
	fw_end_owners(b->card);
	assert_true(owner_open(b) > last);
	/* Another power cycle begins somewhere else. */
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	assert_true(b->owner > last + 1000 || b->owner < last);
}

static void user_space_opens_no_owner(void **state)
{
	struct bench *b = *state;
	uint64_t id = 0;

	expect(ask(b, COFFER_CMD_OWNER_OPEN, &id, 8), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	id = b->owner;
	expect(ask(b, COFFER_CMD_OWNER_CLOSE, &id, 8), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(ask(b, COFFER_CMD_ECHO, "a", 1), 0);
}

static void sessions_have_a_quota(void **state)
{
	struct bench *b = *state;
	uint64_t other = owner_open(b);
	uint32_t st, i, first = 0, s;

	for (i = 0; i < 1024; i++) {
		s = session_open(b, b->owner, i % 2, false, &st);
		expect(st, 0);
		assert_true(s && s < 0x80000000u);
		first = first ? first : s;
	}
	expect(session_open(b, b->owner, 1, false, &st), 0);
	expect(st, COFFER_ST_SESSION_COUNT);
	/* One owner's greed is not another's loss. */
	assert_true(session_open(b, other, 1, false, &st) != 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, first), 0);
	assert_true(session_open(b, b->owner, 1, false, &st) != 0);
	expect(owner_close(b, b->owner), 0);
	expect(ask_as(b, 0, COFFER_CMD_STATS, NULL, 0), 0);
	expect(dword(b, 32), 1);
	expect(dword(b, 40), 1);
}

static void owners_have_a_quota(void **state)
{
	struct bench *b = *state;
	uint64_t id = 0;
	struct fw_request rq = { .opcode = COFFER_CMD_OWNER_OPEN, .from_driver = true,
				 .req = &id, .req_len = 8, .reply_room = 8, .reply = b->reply };
	uint32_t len, i, st = 0;

	for (i = 1; i < 5000 && !st; i++)
		st = fw_exec(b->card, &rq, &len);
	expect(st, COFFER_ST_DEVICE_MEMORY);
	expect(i, 4097);
	fw_end_owners(b->card);
	expect(fw_exec(b->card, &rq, &len), 0);
}

static void end_of_owners(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), req[2] = { s, 0 };
	uint64_t old = b->owner;

	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	fw_end_owners(b->card);
	expect(ask(b, COFFER_CMD_SESSION_INFO, req, 8), COFFER_ST_OWNER_UNKNOWN);
	b->owner = owner_open(b);
	assert_true(b->owner > old);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), COFFER_ST_SESSION_HANDLE_INVALID);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_NONE);
	expect(ask(b, COFFER_CMD_STATS, NULL, 0), 0);
	expect(dword(b, 48), 0);
}

static void partitions_that_are_not_there(void **state)
{
	struct bench *b = *state;
	uint32_t st, req[2] = { 1, 2 };

	expect(session_open(b, b->owner, 2, true, &st), 0);
	expect(st, COFFER_ST_TOKEN_NOT_PRESENT);
	expect(session_open(b, b->owner, 0xffffffff, true, &st), 0);
	expect(st, COFFER_ST_TOKEN_NOT_PRESENT);
	expect(ask(b, COFFER_CMD_SESSION_OPEN, req, 8), COFFER_ST_ARGUMENTS_BAD);
}

/* ---- Commands in flight ---------------------------------------------------------- */

struct slow {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int done;
	uint32_t last;
	uint32_t cancelled;
};

static struct slow slow = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };

static void slow_done(void *opaque, uint32_t verdict, uint32_t len)
{
	struct slow *w = opaque;

	expect(verdict && len, 0);
	pthread_mutex_lock(&w->lock);
	w->done++;
	w->last = verdict;
	w->cancelled += verdict == COFFER_ST_CANCEL;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

static void slow_wait(unsigned int count)
{
	pthread_mutex_lock(&slow.lock);
	while (slow.done < count)
		pthread_cond_wait(&slow.cond, &slow.lock);
	pthread_mutex_unlock(&slow.lock);
}

static void slow_reset(void)
{
	pthread_mutex_lock(&slow.lock);
	slow.done = slow.cancelled = 0;
	pthread_mutex_unlock(&slow.lock);
}

static int login_submit(struct bench *b, uint32_t session, uint64_t tag, uint8_t reply[8])
{
	static uint8_t req[64];
	struct wire_out out;
	struct fw_request rq = { .owner = b->owner, .tag = tag, .opcode = COFFER_CMD_LOGIN,
				 .req = req, .reply_room = 8, .reply = reply };

	wire_out_init(&out, req, sizeof(req));
	wire_put_u32(&out, session);
	wire_put_u32(&out, COFFER_ROLE_CU);
	wire_put_blob(&out, CU_PIN, strlen(CU_PIN));
	rq.req_len = (uint32_t)out.len;
	return fw_submit(b->card, &rq, slow_done, &slow);
}

/* Commands that wait behind others end with CANCEL and have no effect. */
static void cancel_by_tag(void **state)
{
	struct fw_open how = { .workers = 1 };
	struct bench *b = *state;
	uint8_t reply[8];
	uint32_t s;
	uint64_t tag;

	partition_ready(b);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	slow_reset();
	for (tag = 1; tag <= 50; tag++)
		expect(login_submit(b, s, tag, reply), 0);
	for (tag = 2; tag <= 50; tag++)
		fw_cancel(b->card, tag);
	fw_cancel(b->card, 999);
	slow_wait(50);
	assert_true(slow.cancelled >= 40);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_CU);
}

static void in_flight_has_a_limit(void **state)
{
	struct fw_open how = { .workers = 1, .max_in_flight = 4 };
	struct bench *b = *state;
	uint8_t reply[8];
	uint32_t s, taken = 0;
	uint64_t tag;

	partition_ready(b);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	slow_reset();
	for (tag = 1; tag <= 50; tag++)
		if (!login_submit(b, s, tag, reply))
			taken++;
	assert_true(taken >= 4 && taken < 50);
	/* Closing owners has room of its own. */
	expect(owner_close(b, b->owner), 0);
	slow_wait(taken);
}

/* Power off ends what waits, waits for what runs, and answers everything once. */
static void power_off_answers_all(void **state)
{
	struct fw_open how = { .workers = 1 };
	struct bench *b = *state;
	uint8_t reply[8];
	uint32_t s;
	uint64_t tag;

	partition_ready(b);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	slow_reset();
	for (tag = 1; tag <= 30; tag++)
		expect(login_submit(b, s, tag, reply), 0);
	bench_off(b);
	expect(slow.done, 30);
	expect(bench_on(b, NULL), 0);
}

/* ---- Events ---------------------------------------------------------------------- */

static struct fw_event seen[64];
static unsigned int seen_count;

static void on_event(void *opaque, const struct fw_event *e)
{
	expect(opaque == &seen, 1);
	if (seen_count < 64)
		seen[seen_count++] = *e;
}

static void events_are_numbered(void **state)
{
	struct fw_open how = { .event = on_event, .event_opaque = &seen };
	struct bench *b = *state;
	uint64_t req[2] = { 0, 100 };
	unsigned int i;
	uint32_t s;

	s = partition_ready(b);
	bench_off(b);
	seen_count = 0;
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
	fw_end_owners(b->card);
	expect(seen_count, 3);
	expect(seen[0].type, COFFER_EV_POWER_ON);
	expect(seen[1].type, COFFER_EV_LOGIN_FAILED);
	expect(seen[1].arg, COFFER_ROLE_CO);
	expect(seen[1].partition, 1);
	expect(seen[2].type, COFFER_EV_RESET);
	expect(seen[2].arg, 1);
	for (i = 0; i < seen_count; i++)
		assert_true(seen[i].seq == i + 1);
	expect(ask_as(b, 0, COFFER_CMD_EVENTS, req, 16), 0);
	expect(word(b, 0), 3);
	req[0] = 2;
	expect(ask_as(b, 0, COFFER_CMD_EVENTS, req, 16), 0);
	expect(word(b, 0), 1);
	expect(dword(b, 4), 3);
	req[0] = UINT64_MAX;
	expect(ask_as(b, 0, COFFER_CMD_EVENTS, req, 16), 0);
	expect(word(b, 0), 0);
	req[1] = 0;
	expect(ask_as(b, 0, COFFER_CMD_EVENTS, req, 16), COFFER_ST_ARGUMENTS_BAD);
	/* Only the last 256 are kept: the gap shows. */
	for (i = 0; i < 300; i++)
		fw_end_owners(b->card);
	req[0] = 0;
	req[1] = 1000;
	expect(ask_as(b, 0, COFFER_CMD_EVENTS, req, 16), 0);
	expect(word(b, 0), 256);
	expect(dword(b, 4), 303 - 255);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ids_are_never_reused),
		T(user_space_opens_no_owner),
		T(sessions_have_a_quota),
		T(owners_have_a_quota),
		T(end_of_owners),
		T(partitions_that_are_not_there),
		T(cancel_by_tag),
		T(in_flight_has_a_limit),
		T(power_off_answers_all),
		T(events_are_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
