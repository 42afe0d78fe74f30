// SPDX-License-Identifier: BSD-3-Clause
/*
 * The target goes away while a clone runs (quality.md A3.9): its objects are erased, it is
 * initialised again, deleted, the card is zeroized, by another host at any moment. Each ends the
 * session, nothing is stored where it does not belong, and nothing crashes (ASan, TSan).
 */
#include "clone_pair.h"

#include <pthread.h>
#include <unistd.h>

enum { OBJECTS = 8 };

static struct test_card *s, *t;
static uint32_t objects[OBJECTS];
static atomic_bool stop;
static _Atomic unsigned int inserted, runs;

static void put_text(struct call *c, const char *text)
{
	wire_put_blob(&c->req, text, strlen(text));
}

/* In sessions of their own, which may end at any time: whatever comes back is well. */
static void *keep_cloning(void *opaque)
{
	(void)opaque;
	while (!atomic_load(&stop)) {
		uint32_t session = 0, got = 0, verdicts[OBJECTS], handles[OBJECTS];
		struct test_blob blobs[OBJECTS];
		struct run *r = run_new(s, t);

		session = tc_open_session(s, s->owner, s->part);
		r->session_s = session;
		if (!run_negotiate(r) && !run_extract(r, objects, OBJECTS, blobs, &got)) {
			for (uint32_t i = 0; i < got; i++) {
				struct test_blob *b = &blobs[i];

				if (!run_insert(r, b, 1, verdicts, handles) && !verdicts[0])
					atomic_fetch_add(&inserted, 1);
			}
			blobs_free(blobs, got);
		}
		atomic_fetch_add(&runs, 1);
		run_give_up(r);
		free(r);
		usleep(1000);
	}
	return NULL;
}

/* By the HSM SO, through another connection. */
static void delete_target(uint64_t owner, uint32_t admin)
{
	struct call *c = call_new();

	call_begin(c, admin);
	wire_put_u32(&c->req, t->part);
	wire_put_u64(&c->req, 0);
	assert_u32(call_as(t, owner, c, COFFER_CMD_PARTITION_DELETE), COFFER_ST_OK);
	free(c);
}

static void init_again(uint64_t owner, uint32_t admin)
{
	struct call *c = call_new();
	uint32_t session = tc_open_session(t, owner, t->part);

	(void)admin;
	call_begin(c, session);
	wire_put_u32(&c->req, COFFER_ROLE_PO);
	put_text(c, PIN_PO);
	assert_u32(call_as(t, owner, c, COFFER_CMD_LOGIN), COFFER_ST_OK);
	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	put_text(c, "again");
	put_text(c, PIN_PO);
	put_text(c, "another domain");
	assert_u32(call_as(t, owner, c, COFFER_CMD_PARTITION_INIT), COFFER_ST_OK);
	free(c);
}

static void zeroize(uint64_t owner, uint32_t admin)
{
	struct call *c = call_new();

	call_begin(c, admin);
	wire_put_u32(&c->req, 0);
	assert_u32(call_as(t, owner, c, COFFER_CMD_HSM_ZEROIZE), COFFER_ST_OK);
	free(c);
}

static uint32_t so_session(uint64_t owner)
{
	struct call *c = call_new();
	uint32_t admin = tc_open_session(t, owner, 0);

	call_begin(c, admin);
	wire_put_u32(&c->req, COFFER_ROLE_SO);
	put_text(c, PIN_SO);
	assert_u32(call_as(t, owner, c, COFFER_CMD_LOGIN), COFFER_ST_OK);
	free(c);
	return admin;
}

static uint32_t count_objects(uint64_t owner, uint32_t part)
{
	struct call *c = call_new();
	uint32_t n = UINT32_MAX;

	call_begin(c, tc_open_session(t, owner, part));
	wire_put_u32(&c->req, 0);
	assert_u32(call_as(t, owner, c, COFFER_CMD_PARTITION_INFO), COFFER_ST_OK);
	wire_u32(&c->rep);
	wire_u32(&c->rep);
	wire_u64(&c->rep);
	n = wire_u32(&c->rep);
	free(c);
	return n;
}

/* @end at some moment of a clone; then the target has nothing. */
static void goes_away(void (*end)(uint64_t owner, uint32_t admin), int rounds)
{
	for (int round = 0; round < rounds; round++) {
		uint64_t owner;
		uint32_t admin, had;
		pthread_t thread;

		s = tc_simple(NULL, "red");
		t = tc_simple(NULL, "red");
		for (int i = 0; i < OBJECTS; i++)
			objects[i] = tc_make_value(s, "x", true, "x", 1);
		owner = tc_open_owner(t);
		admin = so_session(owner);
		atomic_store(&stop, false);
		atomic_store(&inserted, 0);
		assert_int_equal(pthread_create(&thread, NULL, keep_cloning, NULL), 0);
		/* A little later in each round. */
		while (atomic_load(&inserted) < (unsigned int)round + 1)
			usleep(100);
		usleep(700 * (unsigned int)round);
		end(owner, admin);
		had = atomic_load(&inserted);
		usleep(20000);
		atomic_store(&stop, true);
		pthread_join(thread, NULL);
		/* One answer may have been on its way. */
		assert_in_range(atomic_load(&inserted), had, had + 1);
		if (end == delete_target)
			tc_add_partition(t, "red");
		assert_int_equal(count_objects(tc_open_owner(t), t->part), 0);
		/* A zeroized card is of no use to other tests. */
		t->plain = end != zeroize;
		tc_free(s);
		tc_free(t);
	}
}

static void deleted(void **state)
{
	(void)state;
	goes_away(delete_target, 6);
}

static void initialised_again(void **state)
{
	(void)state;
	goes_away(init_again, 6);
}

static void zeroized(void **state)
{
	(void)state;
	goes_away(zeroize, 2);
}

/* The last step alone: the session was open, then the partition was another one. */
static void no_blob_into_the_next_partition(void **state)
{
	struct test_blob blob;
	struct run *r;
	uint32_t object, got;
	uint64_t owner;

	(void)state;
	s = tc_simple(NULL, "red");
	t = tc_simple(NULL, "red");
	object = tc_make_value(s, "x", true, "x", 1);
	r = run_new(s, t);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
	owner = tc_open_owner(t);
	init_again(owner, 0);
	assert_not_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
	assert_int_equal(count_objects(owner, t->part), 0);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- Two at once ------------------------------------------------------------------------- */

struct comer {
	uint64_t owner;
	uint32_t session;
	uint32_t st;
};

static void *init_first(void *opaque)
{
	struct comer *who = opaque;
	struct call *c = call_new();

	call_begin(c, who->session);
	wire_put_u32(&c->req, 0);
	put_text(c, "mine");
	put_text(c, PIN_PO);
	put_text(c, "my domain");
	who->st = call_as(t, who->owner, c, COFFER_CMD_PARTITION_INIT);
	free(c);
	return NULL;
}

/* Two that are not logged in find the partition empty: only one of them gets it. */
static void an_empty_partition_is_filled_once(void **state)
{
	uint64_t so;
	uint32_t admin;

	(void)state;
	t = tc_simple(NULL, "red");
	so = tc_open_owner(t);
	admin = so_session(so);
	for (int round = 0; round < 10; round++) {
		struct comer who[2] = { 0 };
		struct call *c = call_new();
		pthread_t thread[2];

		delete_target(so, admin);
		call_begin(c, admin);
		wire_put_u32(&c->req, 0);
		wire_put_u64(&c->req, 0);
		put_text(c, "p");
		assert_u32(call_as(t, so, c, COFFER_CMD_PARTITION_CREATE), COFFER_ST_OK);
		t->part = wire_u32(&c->rep);
		free(c);
		for (int i = 0; i < 2; i++) {
			who[i].owner = tc_open_owner(t);
			who[i].session = tc_open_session(t, who[i].owner, t->part);
		}
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, init_first, &who[i]), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		assert_int_equal((who[0].st == 0) + (who[1].st == 0), 1);
		assert_u32(who[0].st ? who[0].st : who[1].st, COFFER_ST_USER_NOT_LOGGED_IN);
	}
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deleted),
		cmocka_unit_test(initialised_again),
		cmocka_unit_test(zeroized),
		cmocka_unit_test(no_blob_into_the_next_partition),
		cmocka_unit_test(an_empty_partition_is_filled_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
