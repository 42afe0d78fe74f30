// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many hands on the same cards: honest clones next to threads that share a context, close
 * sessions under running commands, log out and come again. Nothing may crash, leak or be stored
 * twice, and afterwards all is well. Meant for the thread and address sanitizers.
 */
#include "clone_two.h"

#include <pthread.h>
#include <unistd.h>

enum { OBJECTS = 8, ROUNDS = 12 };

static uint32_t objects[OBJECTS];
static atomic_bool stop;
static _Atomic uint32_t victim;		/* a session on the source that will be closed */
static _Atomic uint32_t victim_context;

static uint32_t plain(struct test_card *card, uint32_t session, uint16_t opcode)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	st = call_run(card, c, opcode);
	free(c);
	return st;
}

static bool passing(uint32_t st)
{
	return st == (uint32_t)COFFER_ST_CLONE_THROTTLED ||
	       st == (uint32_t)COFFER_ST_SESSION_ID_INVALID ||
	       st == (uint32_t)COFFER_ST_SESSION_HANDLE_INVALID;
}

/* Whole clones in sessions of its own. Returns how many objects it brought. */
static void *honest(void *opaque)
{
	unsigned int *moved = opaque;

	for (int i = 0; i < ROUNDS; i++) {
		struct run *r = run_new(s, t);
		struct test_blob blob[OBJECTS];
		uint32_t verdicts[OBJECTS], handles[OBJECTS], got, st;

		r->session_s = tc_open_session(s, s->owner, s->part);
		r->session_t = tc_open_session(t, t->owner, t->part);
		do {
			st = run_negotiate(r);
			if (st)
				usleep(200000);
		} while (passing(st));
		assert_u32(st, COFFER_ST_OK);
		assert_u32(run_extract(r, objects, OBJECTS, blob, &got), COFFER_ST_OK);
		assert_u32(run_insert(r, blob, got, verdicts, handles), COFFER_ST_OK);
		for (uint32_t k = 0; k < got; k++)
			*moved += !verdicts[k];
		blobs_free(blob, got);
		plain(s, r->session_s, COFFER_CMD_SESSION_CLOSE);
		plain(t, r->session_t, COFFER_CMD_SESSION_CLOSE);
		free(r);
	}
	return NULL;
}

/* Opens contexts and ends their sessions while others are at them. */
static void *closer(void *opaque)
{
	struct run *r = run_new(s, t);

	(void)opaque;
	while (!atomic_load(&stop)) {
		r->session_s = tc_open_session(s, s->owner, s->part);
		r->session_t = t->session;
		if (!run_start(r) && !run_answer(r)) {
			atomic_store(&victim, r->session_s);
			atomic_store(&victim_context, r->context_s);
			usleep(500);
		}
		plain(s, r->session_s, COFFER_CMD_SESSION_CLOSE);
		r->context_s = 0;
		run_give_up(r);
		r->context_t = 0;
	}
	free(r);
	return NULL;
}

static void *meddler(void *opaque)
{
	static const uint16_t opcodes[] = {
		COFFER_CMD_CLONE_VERIFY, COFFER_CMD_CLONE_EXTRACT, COFFER_CMD_CLONE_FINISH,
		COFFER_CMD_CLONE_CLOSE, COFFER_CMD_CLONE_INSERT,
	};
	struct call *c = call_new();

	(void)opaque;
	for (unsigned int i = 0; !atomic_load(&stop); i++) {
		call_begin(c, atomic_load(&victim));
		wire_put_u32(&c->req, atomic_load(&victim_context));
		if (opcodes[i % 5] != COFFER_CMD_CLONE_FINISH)
			wire_put_blob(&c->req, NULL, 0);
		call_run(s, c, opcodes[i % 5]);
	}
	free(c);
	return NULL;
}

/* Two of these on one context: each blob is opened once. */
struct shared {
	struct run *r;
	_Atomic unsigned int stored;
};

static void *sharer(void *opaque)
{
	struct shared *sh = opaque;

	for (int i = 0; i < 40; i++) {
		struct test_blob blob;
		uint32_t got, handle;

		if (run_extract(sh->r, &objects[i % OBJECTS], 1, &blob, &got))
			continue;
		sh->stored += !run_insert_one(sh->r, blob.p, blob.len, &handle);
		blobs_free(&blob, 1);
	}
	return NULL;
}

static int make_cards(void **state)
{
	make_pair(state);
	for (int i = 0; i < OBJECTS; i++)
		objects[i] = tc_make_value(s, "x", true, "x", 1);
	atomic_store(&stop, false);
	return 0;
}

static void sessions_close_under_commands(void **state)
{
	pthread_t threads[4];
	unsigned int moved = 0;

	(void)state;
	pthread_create(&threads[0], NULL, honest, &moved);
	pthread_create(&threads[1], NULL, closer, NULL);
	pthread_create(&threads[2], NULL, meddler, NULL);
	pthread_create(&threads[3], NULL, meddler, NULL);
	pthread_join(threads[0], NULL);
	atomic_store(&stop, true);
	for (int i = 1; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_u32(moved, OBJECTS);
	assert_u32(tc_count(t), OBJECTS);
}

static void one_context_two_threads(void **state)
{
	struct shared sh = { .r = run_new(s, t) };
	uint32_t sent, received, missing;
	pthread_t threads[2];

	(void)state;
	assert_u32(run_negotiate(sh.r), COFFER_ST_OK);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, sharer, &sh);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(sh.stored, 1, OBJECTS);
	assert_u32(tc_count(t), sh.stored);
	assert_u32(run_finish(sh.r), COFFER_ST_OK);
	assert_u32(run_close(sh.r, true, &sent, &received, &missing), COFFER_ST_OK);
	assert_u32(sent, received + missing);
	free(sh.r);
}

/* Asks for an object that is not there: the context is used, nothing else. */
static void *asker(void *opaque)
{
	struct shared *sh = opaque;
	struct call *c = call_new();

	for (int i = 0; i < 4000; i++) {
		call_begin(c, sh->r->session_s);
		wire_put_u32(&c->req, sh->r->context_s);
		wire_put_u32(&c->req, 1);
		wire_put_u32(&c->req, 0x7ffffff);
		sh->stored += !call_run(s, c, COFFER_CMD_CLONE_EXTRACT);
	}
	free(c);
	return NULL;
}

/* A command that finds its context in use waits; it is never told that there is none. */
static void second_command_waits(void **state)
{
	struct shared sh = { .r = run_new(s, t) };
	pthread_t threads[4];

	(void)state;
	assert_u32(run_negotiate(sh.r), COFFER_ST_OK);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, asker, &sh);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_u32(sh.stored, 4 * 4000);
	run_give_up(sh.r);
	free(sh.r);
}

/* Logged out and in again all the time: contexts end, none outlives its login. */
static void logout_under_commands(void **state)
{
	struct test_card mine = *s;
	struct run *r = run_new(&mine, t);
	pthread_t thread;

	(void)state;
	mine.owner = tc_open_owner(&mine);
	atomic_store(&victim, s->session);
	pthread_create(&thread, NULL, meddler, NULL);
	for (int i = 0; i < 20; i++) {
		struct test_blob blob;
		uint32_t got;

		mine.session = tc_open_session(&mine, mine.owner, mine.part);
		assert_u32(tc_login(&mine, mine.session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
		r->session_s = mine.session;
		assert_u32(run_negotiate(r), COFFER_ST_OK);
		assert_u32(plain(&mine, mine.session, COFFER_CMD_LOGOUT), COFFER_ST_OK);
		assert_u32(tc_login(&mine, mine.session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
		assert_u32(run_extract(r, objects, 1, &blob, &got), COFFER_ST_SESSION_ID_INVALID);
		run_give_up(r);
		assert_u32(plain(&mine, mine.session, COFFER_CMD_LOGOUT), COFFER_ST_OK);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	free(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_cards, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_close_under_commands),
		TEST(one_context_two_threads),
		TEST(second_command_waits),
		TEST(logout_under_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
