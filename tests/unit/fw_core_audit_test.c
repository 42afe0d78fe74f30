// SPDX-License-Identifier: BSD-3-Clause
/* The audit log and the Auditor (behaviour.md 5.1 and 5.2, quality.md A5). */
#include <errno.h>

#include "fw_core.h"
#include "store.h"

#define AU_PIN		"au password"
#define MINUTE		60000ull
#define ROW		sizeof(struct coffer_audit_row)

static struct bench bench;
static uint64_t ahead;
static struct coffer_audit_row rows[700];

static int open_it(void **state)
{
	*state = &bench;
	ahead = 0;
	bench_open(&bench, "coffer");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static void power_cycle(struct bench *b, uint64_t limit)
{
	struct fw_open how = { .uptime_ahead_ms = &ahead, .audit_limit = limit };

	bench_off(b);
	if (bench_on(b, &how))
		fail_msg("open: %s", b->err);
}

static uint32_t audit_init(struct bench *b, uint32_t session, const char *pin)
{
	return role_ask(b, COFFER_CMD_AUDIT_INIT, session, 0, pin);
}

static uint32_t audit_config(struct bench *b, uint32_t session, uint32_t flags, uint32_t events)
{
	struct coffer_req_audit_config req = { session, flags, events, { 0 } };

	return ask(b, COFFER_CMD_AUDIT_CONFIG, &req, sizeof(req));
}

static uint32_t audit_read(struct bench *b, uint32_t session, uint64_t since, uint32_t max,
			   uint32_t flags)
{
	struct coffer_req_audit_read req = { session, max, since, flags, 0 };

	return ask(b, COFFER_CMD_AUDIT_READ, &req, sizeof(req));
}

/* The log from @since on, into rows[]; its length. */
static uint32_t read_all(struct bench *b, uint32_t session, uint64_t since)
{
	uint32_t n, i;

	expect(audit_read(b, session, since, 700, 0), 0);
	n = word(b, 0);
	expect(b->len, 4 + n * ROW);
	memcpy(rows, b->reply + 4, n * ROW);
	for (i = 1; i < n; i++)
		assert_int_equal(rows[i].number, rows[i - 1].number + 1);
	return n;
}

static void is_record(uint32_t i, uint16_t opcode, uint32_t role, uint32_t verdict)
{
	assert_int_equal(rows[i].opcode, opcode);
	assert_int_equal(rows[i].role, role);
	expect(rows[i].verdict, verdict);
}

static uint32_t admin(struct bench *b)
{
	return session_open(b, b->owner, 0, true, NULL);
}

/* An Auditor who is logged in. */
static uint32_t audit_ready(struct bench *b)
{
	uint32_t s = admin(b);

	expect(audit_init(b, s, AU_PIN), 0);
	expect(login(b, s, COFFER_ROLE_AU, AU_PIN), 0);
	return s;
}

/* What happened, in order, refusals too; it outlives power cycles and every erasure. */
static void tells_the_story(void **state)
{
	struct bench *b = *state;
	uint32_t au = audit_ready(b), so, n;

	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	so = hsm_ready(b);
	expect(policy_set(b, so, 0, 99, 1), COFFER_ST_POLICY_ID_INVALID);
	expect(policy_set(b, so, 0, 16, 0), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, so), 0);
	expect(login(b, so, COFFER_ROLE_SO, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(policy_set(b, so, 0, 16, 1), COFFER_ST_USER_NOT_LOGGED_IN);
	power_cycle(b, 0);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	n = read_all(b, au, 0);
	expect(n, 11);
	assert_int_equal(rows[0].number, 1);
	is_record(0, COFFER_CMD_AUDIT_INIT, COFFER_ROLE_AU, 0);
	is_record(1, COFFER_CMD_LOGIN, COFFER_ROLE_AU, 0);
	is_record(2, COFFER_CMD_LOGOUT, COFFER_ROLE_AU, 0);
	is_record(3, COFFER_CMD_HSM_INIT, COFFER_ROLE_NONE, 0);
	is_record(4, COFFER_CMD_LOGIN, COFFER_ROLE_SO, 0);
	is_record(5, COFFER_CMD_POLICY_SET, COFFER_ROLE_SO, COFFER_ST_POLICY_ID_INVALID);
	is_record(6, COFFER_CMD_POLICY_SET, COFFER_ROLE_SO, 0);
	is_record(7, COFFER_CMD_LOGOUT, COFFER_ROLE_SO, 0);
	is_record(8, COFFER_CMD_LOGIN, COFFER_ROLE_SO, COFFER_ST_PIN_INCORRECT);
	is_record(9, COFFER_CMD_POLICY_SET, COFFER_ROLE_NONE, COFFER_ST_USER_NOT_LOGGED_IN);
	is_record(10, COFFER_CMD_LOGIN, COFFER_ROLE_AU, 0);
	/* Zeroizing keeps the Auditor, a factory reset does not; both keep the log. */
	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, au), 0);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, au), 0);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	power_cycle(b, 0);
	au = audit_ready(b);
	n = read_all(b, au, 11);
	expect(n, 8);
	is_record(1, COFFER_CMD_HSM_ZEROIZE, COFFER_ROLE_NONE, 0);
	is_record(4, COFFER_CMD_HSM_FACTORY_RESET, COFFER_ROLE_NONE, 0);
	assert_int_equal(rows[n - 1].number, 19);
}

/* The command that ends an SO is told with the answer that it got. */
static void tells_the_threshold(void **state)
{
	struct bench *b = *state;
	uint32_t au = audit_ready(b), so, i, n;

	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	so = hsm_ready(b);
	expect(session_only(b, COFFER_CMD_LOGOUT, so), 0);
	for (i = 0; i < 3; i++)
		login(b, so, COFFER_ROLE_SO, "wrong");
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	n = read_all(b, au, 0);
	is_record(n - 2, COFFER_CMD_LOGIN, COFFER_ROLE_SO, COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
}

static void who_may_what(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), other, au;

	expect(audit_config(b, so, 0, 0), COFFER_ST_LOG_AUDIT_NOT_INITIALIZED);
	expect(audit_read(b, so, 0, 1, 0), COFFER_ST_LOG_AUDIT_NOT_INITIALIZED);
	other = session_open(b, owner_open(b), 0, true, NULL);
	expect(other != 0, 1);
	expect(audit_init(b, so, AU_PIN), COFFER_ST_USER_NOT_AUTHORIZED);
	b->owner = owner_open(b);
	au = admin(b);
	expect(audit_init(b, au, AU_PIN), COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN);
	power_cycle(b, 0);
	au = admin(b);
	expect(audit_init(b, au, "x"), COFFER_ST_PIN_LEN_RANGE);
	expect(audit_init(b, au, AU_PIN), 0);
	expect(audit_init(b, au, "another one"), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(audit_read(b, au, 0, 1, 0), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, au, COFFER_ROLE_SO, SO_PIN), 0);
	expect(audit_read(b, au, 0, 1, 0), 0);
	expect(audit_read(b, au, 0, 1, COFFER_AUDIT_SEEN), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(audit_config(b, au, COFFER_AUDIT_SET, 0), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(policy_set(b, au, 0, 16, 0), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(audit_read(b, au, 1000, 1, 0), COFFER_ST_ARGUMENTS_BAD);
	expect(audit_read(b, au, 0, 0, 0), COFFER_ST_ARGUMENTS_BAD);
	expect(role_change(b, au, COFFER_ROLE_AU, AU_PIN, "new password"), 0);
	power_cycle(b, 0);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login(b, au, COFFER_ROLE_AU, "new password"), 0);
}

/* Only what the mask names, but its changes always. */
static void mask(void **state)
{
	struct bench *b = *state;
	uint32_t au = audit_ready(b), s, n;

	expect(audit_config(b, au, COFFER_AUDIT_SET, 0x10), COFFER_ST_ARGUMENTS_BAD);
	expect(audit_config(b, au, COFFER_AUDIT_SET, COFFER_AUDIT_KEYS), 0);
	expect(word(b, 0), COFFER_AUDIT_KEYS);
	expect(audit_config(b, au, 0, 0), 0);
	expect(word(b, 0), COFFER_AUDIT_KEYS);
	n = (uint32_t)dword(b, offsetof(struct coffer_rep_audit_config, records));
	expect(n, 4);	/* init, login, the refused and the good change */
	s = partition_ready(b);
	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	power_cycle(b, 0);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(read_all(b, au, n), 0);
	expect(audit_config(b, au, COFFER_AUDIT_SET, COFFER_AUDIT_ALL), 0);
	expect(read_all(b, au, n), 1);
	(void)s;
}

/* ---- Lock-out ----------------------------------------------------------------------- */

static void locked_for_ten_minutes(void **state)
{
	struct bench *b = *state;
	uint32_t au, i;

	power_cycle(b, 0);
	au = admin(b);
	expect(audit_init(b, au, AU_PIN), 0);
	for (i = 0; i < 2; i++)
		expect(login(b, au, COFFER_ROLE_AU, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(b, au, COFFER_ROLE_AU), 1);
	expect(login(b, au, COFFER_ROLE_AU, "wrong"), COFFER_ST_AUDIT_LOGIN_FAILURE_THRESHOLD);
	expect(attempts_left(b, au, COFFER_ROLE_AU), 0);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), COFFER_ST_AUDIT_LOGIN_TIMEOUT_IN_PROGRESS);
	/* Erasing the card gives no new guesses; nor does a power cycle shorten it. */
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, au), 0);
	ahead = 9 * MINUTE;
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), COFFER_ST_AUDIT_LOGIN_TIMEOUT_IN_PROGRESS);
	power_cycle(b, 0);
	ahead += 9 * MINUTE;
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), COFFER_ST_AUDIT_LOGIN_TIMEOUT_IN_PROGRESS);
	ahead += 2 * MINUTE;
	expect(attempts_left(b, au, COFFER_ROLE_AU), 3);
	expect(login(b, au, COFFER_ROLE_AU, "wrong"), COFFER_ST_PIN_INCORRECT);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(attempts_left(b, au, COFFER_ROLE_AU), 3);
}

/* ---- Answers that do not fit --------------------------------------------------------- */

static uint32_t ask_in(struct bench *b, uint16_t opcode, const void *req, uint32_t len,
		       uint32_t room)
{
	struct fw_request rq = { .owner = b->owner, .opcode = opcode, .req = req, .req_len = len,
				 .reply = b->reply, .reply_room = room };

	return fw_exec(b->card, &rq, &b->len);
}

/* Whoever could not read what was answered must not think that nothing happened. */
static void no_room_no_effect(void **state)
{
	struct bench *b = *state;
	uint32_t au = audit_ready(b);
	struct coffer_req_audit_config set = { au, COFFER_AUDIT_SET, 0, { 0 } };
	struct coffer_req_audit_read seen = { au, 0, 2, COFFER_AUDIT_SEEN, 0 };
	const struct coffer_rep_audit_config *now = (const void *)b->reply;

	expect(ask_in(b, COFFER_CMD_AUDIT_CONFIG, &set, sizeof(set), sizeof(*now) - 1),
	       COFFER_ST_BUFFER_TOO_SMALL);
	expect(ask_in(b, COFFER_CMD_AUDIT_READ, &seen, sizeof(seen), 3),
	       COFFER_ST_BUFFER_TOO_SMALL);
	expect(audit_config(b, au, 0, 0), 0);
	assert_int_equal(now->events, COFFER_AUDIT_LOGIN | COFFER_AUDIT_MANAGE);
	assert_int_equal(now->seen, 0);
	expect(ask_in(b, COFFER_CMD_AUDIT_READ, &seen, sizeof(seen), 4), 0);
	expect(ask_in(b, COFFER_CMD_AUDIT_CONFIG, &set, sizeof(set), sizeof(*now)), 0);
	assert_int_equal(now->events, 0);
	assert_int_equal(now->seen, 2);
}

/* ---- Full --------------------------------------------------------------------------- */

static void full_until_seen(void **state)
{
	struct bench *b = *state;
	uint32_t au, so, i, st = 0;

	power_cycle(b, 20);
	hsm_ready(b);
	power_cycle(b, 20);
	au = admin(b);
	expect(audit_init(b, au, AU_PIN), 0);
	b->owner = owner_open(b);
	so = admin(b);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	for (i = 0; i < 30 && !st; i++)
		st = policy_set(b, so, 0, 16, 1);
	expect(st, COFFER_ST_LOG_FULL);
	expect(i, 20 - 2 + 1);
	expect(session_only(b, COFFER_CMD_LOGOUT, so), COFFER_ST_LOG_FULL);
	b->owner = owner_open(b);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_SO, SO_PIN), COFFER_ST_LOG_FULL);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(read_all(b, au, 0), 21);
	expect(audit_read(b, au, 21, 0, COFFER_AUDIT_SEEN), 0);
	/* It goes on, and the oldest seen ones make room. */
	expect(session_only(b, COFFER_CMD_LOGOUT, au), 0);
	expect(login(b, au, COFFER_ROLE_SO, SO_PIN), 0);
	for (i = 0; i < 10; i++)
		expect(policy_set(b, au, 0, 16, 1), 0);
	power_cycle(b, 20);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(read_all(b, au, 0), 20);
	assert_int_equal(rows[0].number, 15);
	assert_int_equal(rows[19].number, 34);
}

/* ---- Changed stores ------------------------------------------------------------------ */

struct kept {
	uint8_t body[80];
	size_t len;
};

static bool keep(void *opaque, uint64_t number, const uint8_t *body, size_t len)
{
	struct kept *k = opaque;

	(void)number;
	assert_true(len <= sizeof(k->body));
	memcpy(k->body, body, len);
	k->len = len;
	return false;
}

/* Put @body (NULL: nothing) in place of a record while the card is off. */
static void replace(struct bench *b, uint64_t number, const uint8_t *body)
{
	struct store *s;
	uint8_t tail[1];

	assert_int_equal(store_open(b->path, 0, &s), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_audit_take(s, number, tail, 1), 0);
	if (body)
		assert_int_equal(store_audit_put(s, number, body, sizeof(rows[0])), 0);
	assert_int_equal(store_commit(s, store_commit_number(s)), 0);
	store_close(s);
}

static void keep_record(struct bench *b, uint64_t number, struct kept *k)
{
	struct store *s;

	assert_int_equal(store_open(b->path, 0, &s), 0);
	assert_int_equal(store_audit_each(s, number - 1, keep, k), 0);
	store_close(s);
}

static uint32_t verdict_on(struct bench *b)
{
	uint32_t au, st;

	power_cycle(b, 0);
	au = admin(b);
	expect(login(b, au, COFFER_ROLE_SO, SO_PIN), 0);
	st = audit_read(b, au, 0, 700, 0);
	expect(b->len == 0, st != 0);
	bench_off(b);
	return st;
}

static void every_flipped_bit_is_found(void **state)
{
	struct bench *b = *state;
	struct kept good, bad;
	uint32_t bit;

	audit_ready(b);
	power_cycle(b, 0);
	hsm_ready(b);
	bench_off(b);
	expect(verdict_on(b), 0);
	keep_record(b, 3, &good);
	for (bit = 0; bit < 8 * sizeof(good.body); bit += 13) {
		bad = good;
		bad.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
		replace(b, 3, bad.body);
		expect(verdict_on(b), COFFER_ST_LOG_CORRUPT);
	}
	replace(b, 3, good.body);
	expect(verdict_on(b), 0);
	/* Another record in its place; none; the first gone. */
	keep_record(b, 2, &bad);
	replace(b, 3, bad.body);
	expect(verdict_on(b), COFFER_ST_LOG_CORRUPT);
	replace(b, 3, NULL);
	expect(verdict_on(b), COFFER_ST_LOG_CORRUPT);
}

static void cut_ends_are_found(void **state)
{
	struct bench *b = *state;
	struct store *s;

	audit_ready(b);
	power_cycle(b, 0);
	hsm_ready(b);
	bench_off(b);
	replace(b, 1, NULL);
	expect(verdict_on(b), COFFER_ST_LOG_CORRUPT);
	/* Without its state the log would begin anew: the card's memory knows better. */
	assert_int_equal(store_open(b->path, 0, &s), 0);
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_value_delete(s, 0, "audit"), 0);
	assert_int_equal(store_commit(s, store_commit_number(s)), 0);
	store_close(s);
	assert_int_equal(bench_on(b, NULL), -ESTALE);
	assert_non_null(strstr(b->err, "audit"));
	b->card = NULL;
}

/* ---- Power cuts ---------------------------------------------------------------------- */

static uint32_t partitions(struct bench *b)
{
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return word(b, offsetof(struct coffer_card_info, partitions));
}

static uint32_t create(struct bench *b, uint32_t so)
{
	uint8_t buf[64];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, so);
	wire_put_u32(&out, 0);
	wire_put_u64(&out, 65536);
	wire_put_blob(&out, "p", 1);
	return ask(b, COFFER_CMD_PARTITION_CREATE, buf, out.len);
}

/* However the power goes away, there are as many partitions as records of making one. */
static void change_and_record_together(void **state)
{
	struct bench *b = *state;
	struct fw_open how = { 0 };
	uint32_t so, i, k, n, made, cut;

	audit_ready(b);
	power_cycle(b, 0);
	hsm_ready(b);
	expect(policy_set(b, admin(b), 0, 16, 1), 0);
	for (cut = 1; cut <= 24; cut++) {
		bench_off(b);
		how.power_cut_at_write = cut;
		if (!bench_on(b, &how)) {
			so = session_open(b, b->owner, 0, true, NULL);
			if (!login(b, so, COFFER_ROLE_SO, SO_PIN))
				for (k = 0; k < 3 && !create(b, so); k++)
					;
		}
		power_cycle(b, 0);
		so = admin(b);
		expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
		n = read_all(b, so, 0);
		for (made = 1, i = 0; i < n; i++)
			made += rows[i].opcode == COFFER_CMD_PARTITION_CREATE &&
				!rows[i].verdict;
		expect(made, partitions(b));
	}
	assert_true(partitions(b) > 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tells_the_story),
		T(tells_the_threshold),
		T(who_may_what),
		T(mask),
		T(locked_for_ten_minutes),
		T(no_room_no_effect),
		T(full_until_seen),
		T(every_flipped_bit_is_found),
		T(cut_ends_are_found),
		T(change_and_record_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
