// SPDX-License-Identifier: BSD-3-Clause
/* Many commands at once: group commit, and owners who get in each other's way. For TSan, too. */
#include "fw_core.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "attr.h"
#include "card.h"
#include "store_conn.h"

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

/* ---- Group commit ---------------------------------------------------------------- */

#define IN_FLIGHT	32
#define CREATES		640

struct flight {
	struct bench *b;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int running;
	unsigned int good;
	uint8_t reply[CREATES][8];
};

static void create_done(void *opaque, uint32_t verdict, uint32_t len)
{
	struct flight *f = opaque;

	pthread_mutex_lock(&f->lock);
	f->running--;
	f->good += !verdict && len == 8;
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

static size_t template_put(struct wire_out *out, uint32_t session, uint32_t n)
{
	struct attrs set;
	char label[16];

	snprintf(label, sizeof(label), "object %u", n);
	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_CLASS, COFFER_CKO_DATA);
	attrs_set_bool(&set, COFFER_CKA_TOKEN, true);
	attrs_set_bool(&set, COFFER_CKA_PRIVATE, false);
	attrs_set(&set, COFFER_CKA_LABEL, label, strlen(label));
	wire_put_u32(out, session);
	wire_put_u32(out, 0);
	wire_put_u32(out, (uint32_t)attrs_size(&set));
	attrs_write(&set, out);
	attrs_free(&set);
	return out->len;
}

static uint64_t stat_of(struct bench *b, size_t at)
{
	expect(ask(b, COFFER_CMD_STATS, NULL, 0), 0);
	return dword(b, at);
}

static int create_one(struct flight *f, uint32_t session, unsigned int i)
{
	static uint8_t req[CREATES][256];
	struct wire_out out;
	struct fw_request rq = { .owner = f->b->owner, .tag = i, .reply_room = 8,
				 .opcode = COFFER_CMD_OBJECT_CREATE, .req = req[i],
				 .reply = f->reply[i] };

	wire_out_init(&out, req[i], sizeof(req[i]));
	rq.req_len = (uint32_t)template_put(&out, session, i);
	pthread_mutex_lock(&f->lock);
	while (f->running == IN_FLIGHT)
		pthread_cond_wait(&f->cond, &f->lock);
	f->running++;
	pthread_mutex_unlock(&f->lock);
	return fw_submit(f->b->card, &rq, create_done, f);
}

static void flight_wait(struct flight *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->running)
		pthread_cond_wait(&f->cond, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

/* With 32 in flight one sync carries many; alone each has its own. All are there afterwards. */
static void one_sync_for_many(void **state)
{
	static struct flight f = { .lock = PTHREAD_MUTEX_INITIALIZER,
				   .cond = PTHREAD_COND_INITIALIZER };
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i, last = 0;
	uint64_t syncs, changes;

	f.b = b;
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	syncs = stat_of(b, 16);
	changes = stat_of(b, 24);
	for (i = 0; i < CREATES; i++)
		expect(create_one(&f, s, i), 0);
	flight_wait(&f);
	expect(f.good, CREATES);
	syncs = stat_of(b, 16) - syncs;
	changes = stat_of(b, 24) - changes;
	print_message("%u creates, %u syncs\n", CREATES, (unsigned int)syncs);
	expect(changes, CREATES);
	assert_true(syncs * 2 < CREATES);
	for (i = 0; i < CREATES; i++) {
		memcpy(&last, f.reply[i], 4);
		assert_true(last != 0);
	}
	/* One at a time: nobody waits for company. */
	syncs = stat_of(b, 16);
	for (i = 0; i < 5; i++) {
		uint8_t req[256];
		struct wire_out out;

		wire_out_init(&out, req, sizeof(req));
		expect(ask(b, COFFER_CMD_OBJECT_CREATE, req, template_put(&out, s, i)), 0);
	}
	expect(stat_of(b, 16) - syncs, 5);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 4 + 56 + 16), CREATES + 5);
}

/* At most so many pages, 0: any number. The writer has nothing to do meanwhile. */
static void store_limit(struct bench *b, int more)
{
	sqlite3 *db = b->card->store->writer->db;
	sqlite3_stmt *st = NULL;
	char text[64];

	usleep(300000);
	expect(sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &st, NULL), SQLITE_OK);
	expect(sqlite3_step(st), SQLITE_ROW);
	snprintf(text, sizeof(text), "PRAGMA max_page_count=%d",
		 more ? sqlite3_column_int(st, 0) + more : 0x3fffffff);
	sqlite3_finalize(st);
	expect(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* In the middle of a group the disk is full: what is stored is what was answered with OK. */
static void full_disk_in_a_group(void **state)
{
	static struct flight f = { .lock = PTHREAD_MUTEX_INITIALIZER,
				   .cond = PTHREAD_COND_INITIALIZER };
	struct bench *b = *state;
	uint32_t s = partition_ready(b), i;
	uint8_t req[256];
	struct wire_out out;

	f.b = b;
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	store_limit(b, 12);
	for (i = 0; i < CREATES; i++)
		expect(create_one(&f, s, i), 0);
	flight_wait(&f);
	print_message("%u of %u found room\n", f.good, CREATES);
	assert_true(f.good > 0 && f.good < CREATES);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 4 + 56 + 16), f.good);
	store_limit(b, 0);
	wire_out_init(&out, req, sizeof(req));
	expect(ask(b, COFFER_CMD_OBJECT_CREATE, req, template_put(&out, s, 0)), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 4 + 56 + 16), f.good + 1);
}

/* ---- Everybody at once ----------------------------------------------------------- */

struct person {
	struct bench b;		/* own reply buffer; the card is shared */
	unsigned int number;
	unsigned int rounds;
	bool vandal;		/* erases, resets, cancels */
};

static void tourist(struct person *me, uint32_t s)
{
	struct bench *b = &me->b;
	uint8_t req[256];
	struct wire_out out;

	session_only(b, COFFER_CMD_SESSION_INFO, s);
	session_only(b, COFFER_CMD_PARTITION_INFO, s);
	session_only(b, COFFER_CMD_ROLE_LIST, s);
	session_only(b, COFFER_CMD_POLICY_LIST, s);
	ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0);
	ask(b, COFFER_CMD_IDENTIFY, NULL, 0);
	ask(b, COFFER_CMD_STATS, NULL, 0);
	wire_out_init(&out, req, sizeof(req));
	ask(b, COFFER_CMD_OBJECT_CREATE, req, template_put(&out, s, me->number));
}

static void resident(struct person *me, uint32_t s, unsigned int round)
{
	struct bench *b = &me->b;

	switch ((me->number + round) % 4) {
	case 0:
		init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, NULL);
		login(b, s, COFFER_ROLE_PO, PO_PIN);
		role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN);
		break;
	case 1:
		login(b, s, COFFER_ROLE_CO, CO_PIN);
		role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN);
		break;
	case 2:
		login(b, s, COFFER_ROLE_CU, CU_PIN);
		role_change(b, s, COFFER_ROLE_CU, CU_PIN, CU_PIN);
		break;
	default:
		login(b, s, COFFER_ROLE_PO, PO_PIN);
		policy_set(b, s, COFFER_POLICY_SET_DESTRUCTIVE, 42, round & 1);
		break;
	}
}

static void vandal(struct person *me, unsigned int round)
{
	struct bench *b = &me->b;
	uint32_t admin = session_open(b, b->owner, 0, true, NULL);
	uint64_t tag;

	if (round % 8 == 7)
		fw_end_owners(b->card);
	else if (round % 8 == 5)
		session_only(b, COFFER_CMD_HSM_FACTORY_RESET, admin);
	else if (round % 4 == 1)
		session_only(b, COFFER_CMD_HSM_ZEROIZE, admin);
	else
		init_ask(b, COFFER_CMD_HSM_INIT, admin, "card", SO_PIN, NULL);
	for (tag = 0; tag < 20; tag++)
		fw_cancel(b->card, tag);
}

static void *live(void *arg)
{
	struct person *me = arg;
	struct bench *b = &me->b;
	unsigned int round;
	uint32_t s;

	for (round = 0; round < me->rounds; round++) {
		b->owner = owner_open(b);
		s = session_open(b, b->owner, 1, true, NULL);
		if (me->vandal) {
			vandal(me, round);
		} else {
			resident(me, s, round);
			tourist(me, s);
		}
		owner_close(b, b->owner);
	}
	return NULL;
}

/* Nobody hangs, nothing is lost count of, and the card is a card afterwards. */
static void everybody_at_once(void **state)
{
	static struct person people[5];
	struct bench *b = *state;
	pthread_t threads[5];
	uint32_t s;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		people[i].b.card = b->card;
		people[i].number = i;
		people[i].rounds = 40;
		people[i].vandal = i == 4;
		assert_false(pthread_create(&threads[i], NULL, live, &people[i]));
	}
	for (i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	owner_close(b, b->owner);
	b->owner = owner_open(b);
	expect(stat_of(b, 32), 1);
	expect(stat_of(b, 40), 0);
	expect(stat_of(b, 48), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, s), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	partition_ready(b);
	hsm_ready(b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_sync_for_many),
		T(full_disk_in_a_group),
		T(everybody_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
