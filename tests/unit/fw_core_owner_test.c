// SPDX-License-Identifier: BSD-3-Clause
/* Owners, sessions, quotas, what is bound to sessions, cancelling, the limit of commands. */
#include "fw_core.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "attr.h"
#include "card.h"
#include "nv_internal.h"
#include "object.h"

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

/* Written once, before the first command that reads it is sent. */
static struct {
	uint8_t bytes[64];
	uint32_t len;
} login_req;

static void login_prepare(uint32_t session)
{
	struct wire_out out;

	wire_out_init(&out, login_req.bytes, sizeof(login_req.bytes));
	wire_put_u32(&out, session);
	wire_put_u32(&out, COFFER_ROLE_CU);
	wire_put_blob(&out, CU_PIN, strlen(CU_PIN));
	login_req.len = (uint32_t)out.len;
}

static int login_submit(struct bench *b, uint64_t tag, uint8_t reply[8])
{
	struct fw_request rq = { .owner = b->owner, .tag = tag, .opcode = COFFER_CMD_LOGIN,
				 .req = login_req.bytes, .req_len = login_req.len, .reply_room = 8,
				 .reply = reply };

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
	login_prepare(s);
	for (tag = 1; tag <= 50; tag++)
		expect(login_submit(b, tag, reply), 0);
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
	login_prepare(s);
	for (tag = 1; tag <= 50; tag++)
		if (!login_submit(b, tag, reply))
			taken++;
	assert_true(taken >= 2 && taken < 50);
	/* Closing owners has room of its own. */
	expect(owner_close(b, b->owner), 0);
	slow_wait(taken);
}

static unsigned int slow_before;	/* answers to the others before that to us */

static void ours_done(void *opaque, uint32_t verdict, uint32_t reply_len)
{
	pthread_mutex_lock(&slow.lock);
	slow_before = slow.done;
	pthread_mutex_unlock(&slow.lock);
	slow_done(opaque, verdict, reply_len);
}

/* Each has bytes of its own: the firmware reads them when it comes to the command. */
static int change_submit(struct bench *b, uint64_t owner, uint32_t session, fw_done_fn *done)
{
	static uint8_t all[65][64];
	static unsigned int used;
	uint8_t *mine = all[used++ % 65];
	struct fw_request rq = { .owner = owner, .tag = 1, .req = mine,
				 .opcode = COFFER_CMD_ROLE_CHANGE_PW };
	struct wire_out out;

	wire_out_init(&out, mine, sizeof(all[0]));
	wire_put_u32(&out, session);
	wire_put_u32(&out, COFFER_ROLE_CU);
	wire_put_blob(&out, CU_PIN, strlen(CU_PIN));
	wire_put_blob(&out, CU_PIN, strlen(CU_PIN));
	rq.req_len = (uint32_t)out.len;
	return fw_submit(b->card, &rq, done, &slow);
}

/* One owner gets half of the room, and the next long command is not always its own. */
static void owners_share_the_pool(void **state)
{
	struct fw_open how = { .workers = 1, .max_in_flight = 64 };
	struct bench *b = *state;
	uint32_t s, s2, i, taken = 0;
	uint64_t other;

	partition_ready(b);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	other = owner_open(b);
	s = session_open(b, b->owner, 1, true, NULL);
	s2 = session_open(b, other, 1, true, NULL);
	slow_reset();
	for (i = 0; i < 64; i++)
		taken += !change_submit(b, b->owner, s, slow_done);
	assert_true(taken >= 32);
	expect(change_submit(b, other, s2, ours_done), 0);
	slow_wait(taken + 1);
	print_message("%u of %u before ours\n", slow_before, taken);
	assert_true(slow_before < taken - 1);
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
	login_prepare(s);
	for (tag = 1; tag <= 30; tag++)
		expect(login_submit(b, tag, reply), 0);
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

/* ---- What ends with a login ------------------------------------------------------- */

static uint32_t aes_make(struct bench *b, uint32_t session)
{
	uint8_t req[512];
	struct wire_out out;
	struct attrs set;

	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_VALUE_LEN, 32);
	attrs_set_bool(&set, COFFER_CKA_TOKEN, true);
	attrs_set_bool(&set, COFFER_CKA_ENCRYPT, true);
	wire_out_init(&out, req, sizeof(req));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, COFFER_CKM_AES_KEY_GEN);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, (uint32_t)attrs_size(&set));
	attrs_write(&set, &out);
	attrs_free(&set);
	expect(ask(b, COFFER_CMD_KEY_GENERATE, req, out.len), 0);
	return word(b, 0);
}

/* The ready key: twice the same while it is kept. Held, so that no other gets its place. */
static struct crypto_key *key_of(struct bench *b, uint32_t handle)
{
	struct cmd c = { .card = b->card, .crypto = b->card->crypto, .owner = b->owner,
			 .part = partition_find(b->card, 1), .role = COFFER_ROLE_CO };
	struct crypto_key *key;

	expect(object_key(&c, handle, &key, NULL), 0);
	return key;
}

/* Ready keys stay while anybody is logged in on the partition, and go with the last. */
static void ready_keys_end_with_the_last_login(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), s2, handle;
	uint64_t other = owner_open(b);
	struct crypto_key *key[4];
	int i;

	s2 = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	handle = aes_make(b, s2);
	key[0] = key_of(b, handle);
	key[1] = key_of(b, handle);
	assert_ptr_equal(key[0], key[1]);
	crypto_key_put(key[1]);
	/* LOGOUT */
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	key[1] = key_of(b, handle);
	assert_ptr_not_equal(key[1], key[0]);
	/* The owner ends; that of somebody else does not count while one is left. */
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(owner_close(b, other), 0);
	key[2] = key_of(b, handle);
	assert_ptr_equal(key[2], key[1]);
	crypto_key_put(key[2]);
	expect(owner_close(b, b->owner), 0);
	b->owner = owner_open(b);
	key[2] = key_of(b, handle);
	assert_ptr_not_equal(key[2], key[1]);
	/* Reset */
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	fw_end_owners(b->card);
	key[3] = key_of(b, handle);
	assert_ptr_not_equal(key[3], key[2]);
	for (i = 0; i < 4; i++)
		crypto_key_put(key[i]);
	b->owner = owner_open(b);
}

static unsigned int freed;

static void thing_freed(struct session_thing *thing)
{
	(void)thing;
	freed++;
}

/* A command that is still running must not leave behind what the logout was to end. */
static void nothing_is_attached_after_logout(void **state)
{
	struct session_thing thing = { .kind = SESSION_THING_CLONE, .id = 7,
				       .free = thing_freed, .ends_at_logout = true };
	struct bench *b = *state;
	uint32_t s = partition_ready(b);
	struct fw_session *session = session_get(b->card, b->owner, s);

	freed = 0;
	expect(session_attach(session, &thing, COFFER_ROLE_CO), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(session_attach(session, &thing, COFFER_ROLE_CO), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(freed, 1);
	thing.ends_at_logout = false;
	expect(session_attach(session, &thing, COFFER_ROLE_CO), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s), 0);
	expect(freed, 2);
	session_put(session);
}

/* ---- Room ------------------------------------------------------------------------ */

static uint32_t label_set_to(struct bench *b, uint32_t session, uint32_t handle, size_t len)
{
	uint8_t req[2048], label[1024];
	struct wire_out out;
	struct attrs set;

	memset(label, 'x', sizeof(label));
	attrs_init(&set);
	attrs_set(&set, COFFER_CKA_LABEL, label, len);
	wire_out_init(&out, req, sizeof(req));
	wire_put_u32(&out, session);
	wire_put_u32(&out, handle);
	wire_put_u32(&out, (uint32_t)attrs_size(&set));
	attrs_write(&set, &out);
	attrs_free(&set);
	return ask(b, COFFER_CMD_OBJECT_SET, req, out.len);
}

/* An object that grows is held to the size of its partition like a new one. */
static void growing_needs_room(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), handle;

	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	handle = aes_make(b, s);
	expect(label_set_to(b, s, handle, 600), 0);
	partition_find(b->card, 1)->size = 1024;
	expect(label_set_to(b, s, handle, 1000), COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
	partition_find(b->card, 1)->size = 512;
	expect(label_set_to(b, s, handle, 500), 0);
	expect(label_set_to(b, s, handle, 501), COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
}

/* ---- Erasing that fails ---------------------------------------------------------- */

/* The key in memory stays that of the file when the file cannot be written. */
static void zeroize_without_nv(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), admin = session_open(b, b->owner, 0, true, NULL);
	struct nv *nv = b->card->nv;
	uint8_t before[KEY_LEN], after[KEY_LEN];
	int fd = nv->fd;

	expect(login(b, s, COFFER_ROLE_CU, "wrong"), COFFER_ST_PIN_INCORRECT);
	nv_card_key(nv, before);
	nv->fd = -1;
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, admin), COFFER_ST_DEVICE_ERROR);
	nv->fd = fd;
	nv_card_key(nv, after);
	assert_memory_equal(before, after, KEY_LEN);
	expect(nv_pending(nv), NV_CLEAR_NONE);
	expect(nv_attempts(nv, 1, COFFER_ROLE_CU), 1);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

/* What would be lost at the next power-on is not taken; the erasure itself can be repeated. */
static void nothing_changes_while_erasing(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), admin = session_open(b, b->owner, 0, true, NULL);
	uint8_t key[KEY_LEN] = { 1 };

	expect(nv_zeroize(b->card->nv, key, NV_CLEAR_ZEROIZE), 0);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, NULL),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_DEVICE_ERROR);
	expect(session_only(b, COFFER_CMD_ROLE_LIST, s), 0);
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, admin), 0);
	expect(nv_pending(b->card->nv), NV_CLEAR_NONE);
	partition_ready(b);
	/* Memory and store differ after this one: only power-on can finish it. */
	expect(nv_zeroize(b->card->nv, key, NV_CLEAR_FACTORY), 0);
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, admin), COFFER_ST_DEVICE_ERROR);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	partition_ready(b);
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
		T(owners_share_the_pool),
		T(power_off_answers_all),
		T(events_are_numbered),
		T(ready_keys_end_with_the_last_login),
		T(nothing_is_attached_after_logout),
		T(growing_needs_room),
		T(zeroize_without_nv),
		T(nothing_changes_while_erasing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
