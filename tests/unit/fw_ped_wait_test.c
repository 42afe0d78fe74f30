// SPDX-License-Identifier: BSD-3-Clause
/*
 * Waiting for a PED key: every end of the wait, and that nobody else is kept waiting
 * (behaviour.md 5.4, section 10: PED_UNPLUGGED, SP_TIMEOUT).
 */
#include "fw_ped_bench.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static struct ped_bench bench;

static int open_it(void **state)
{
	*state = &bench;
	ped_open(&bench, NULL, true);
	ring_in(&bench);
	return 0;
}

static int close_it(void **state)
{
	ped_close(*state);
	return 0;
}

/* A CO login that waits; the PED is empty. */
static uint32_t begin(struct ped_bench *p, struct waiting *w)
{
	uint32_t s = ped_ready(p);

	key_out(p, 0);
	wait_login(p, w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	return s;
}

static void cancel_ends_it(void **state)
{
	static struct waiting w;
	uint32_t s = begin(*state, &w);

	fw_cancel(w.p->b.card, w.rq.tag);
	expect(wait_end(&w), COFFER_ST_CANCEL);
	expect(attempts_left(&w.p->b, s, COFFER_ROLE_CO), 10);
	assert_false(ped_status(w.p, s).waiting);
	/* The PED is free for the next. */
	key_in(w.p, "black", NULL);
	expect(ped_login(w.p, s, COFFER_ROLE_CO), 0);
}

static void two_hundred_seconds_end_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = begin(p, &w);
	struct coffer_rep_ped status = ped_status(p, s);

	assert_true(status.remaining_ms > 150000 && status.remaining_ms <= 200000);
	__atomic_store_n(&p->ahead, status.remaining_ms - 20000, __ATOMIC_RELAXED);
	status = ped_status(p, s);
	assert_true(status.waiting && status.remaining_ms <= 20000);
	__atomic_store_n(&p->ahead, 200000, __ATOMIC_RELAXED);
	/* Also in the moment before the card has noticed. */
	assert_int_equal(ped_status(p, s).remaining_ms, 0);
	expect(wait_end(&w), COFFER_ST_SP_TIMEOUT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
}

/* The driver waits a minute for AUDIT_INIT: the operator's time is over before. */
static void fifty_seconds_end_the_making_of_an_auditor(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = session_open(&p->b, p->b.owner, 0, true, NULL);
	struct coffer_rep_ped status;

	key_out(p, 0);
	wait_role(p, &w, COFFER_CMD_AUDIT_INIT, s, 0);
	wait_started(p, s);
	status = ped_status(p, s);
	assert_int_equal(status.color, COFFER_PED_WHITE);
	assert_true(status.remaining_ms > 20000 && status.remaining_ms <= 50000);
	__atomic_store_n(&p->ahead, 50000, __ATOMIC_RELAXED);
	expect(wait_end(&w), COFFER_ST_SP_TIMEOUT);
	assert_true(key_blank(p, "white"));
	key_in(p, "white", NULL);
	expect(role_ask(&p->b, COFFER_CMD_AUDIT_INIT, s, 0, ""), 0);
}

/* Two cards on one PED: who comes second waits, and takes the key when the first has its own. */
static void a_ped_that_another_card_uses_is_waited_for(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	int fd = open(p->ped, O_RDONLY | O_DIRECTORY);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	wait_login(p, &w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	assert_string_equal(ped_status(p, s).prompt, "Another card uses this PED.");
	close(fd);
	expect(wait_end(&w), 0);
}

/* The PED of the opener's choice, which may be anything. */
static void what_is_no_ped(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = ped_ready(p);
	char longest[PATH_MAX + 200];
	const struct {
		const char *name;
		uint32_t verdict;
	} folders[] = {
		{ "", COFFER_ST_PED_UNPLUGGED },
		{ "/dev/null", COFFER_ST_PED_UNPLUGGED },
		{ "/nowhere/at/all", COFFER_ST_PED_UNPLUGGED },
		{ longest, COFFER_ST_PED_UNPLUGGED },
		/* A folder whose files have names that are too long. */
		{ longest + 200, COFFER_ST_PED_ERROR },
		{ p->ped, 0 },
	};
	size_t i;

	/* As many slashes as a path may have: it is still the same folder. */
	memset(longest, '/', sizeof(longest));
	strcpy(longest + sizeof(longest) - strlen(p->ped) - 1, p->ped);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		bench_off(&p->b);
		p->how.ped = folders[i].name;
		assert_int_equal(bench_on(&p->b, &p->how), 0);
		s = session_open(&p->b, p->b.owner, 1, true, NULL);
		assert_int_equal(ped_status(p, s).connected,
				 folders[i].verdict != (uint32_t)COFFER_ST_PED_UNPLUGGED);
		expect(ped_login(p, s, COFFER_ROLE_CU), folders[i].verdict);
	}
	expect(attempts_left(&p->b, s, COFFER_ROLE_CU), 10);
	p->how.ped = NULL;
}

/* The HSM SO has to be able to come in and clear it: that tamper was there before the wait. */
static void an_old_tamper_does_not_end_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = session_open(&p->b, p->b.owner, 0, true, NULL);

	expect(ped_init(p, COFFER_CMD_HSM_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	fw_card_tamper(p->b.card);
	key_out(p, 0);
	wait_login(p, &w, s, COFFER_ROLE_SO);
	wait_started(p, s);
	key_in(p, "blue", NULL);
	expect(wait_end(&w), 0);
	expect(session_only(&p->b, COFFER_CMD_TAMPER_CLEAR, s), 0);
}

static void the_status_takes_no_words(void **state)
{
	struct ped_bench *p = *state;
	uint32_t req[2] = { session_open(&p->b, p->b.owner, 0, true, NULL), 1 };

	expect(ask(&p->b, COFFER_CMD_PED_STATUS, req, sizeof(req)), COFFER_ST_ARGUMENTS_BAD);
}

static void without_a_ped_nobody_waits(void **state)
{
	struct ped_bench *p = *state;
	static struct waiting w;
	uint32_t s = ped_ready(p);

	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	assert_false(ped_status(p, s).connected);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_UNPLUGGED);
	assert_int_equal(fw_ped_connect(p->b.path, p->ped, NULL, 0), 0);
	key_out(p, 0);
	wait_login(p, &w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	assert_int_equal(fw_ped_disconnect(p->b.path, NULL, 0), 0);
	expect(wait_end(&w), COFFER_ST_PED_UNPLUGGED);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
}

static void one_wait_at_a_time(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = begin(p, &w), other = session_open(&p->b, p->b.owner, 0, true, NULL);

	expect(ped_init(p, COFFER_CMD_HSM_INIT, other, 0), COFFER_ST_OPERATION_ACTIVE);
	key_in(p, "black", NULL);
	expect(wait_end(&w), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, s), 0);
}

/* More long commands than workers go on meanwhile, alone in their partition and card, too. */
static void nobody_else_is_kept_waiting(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s, i;
	uint8_t req[8] = { 0 };

	bench_off(b);
	p->how.workers = 2;
	assert_int_equal(bench_on(b, &p->how), 0);
	s = begin(p, &w);
	for (i = 0; i < 4; i++) {
		memcpy(req, &s, 4);
		expect(ask(b, COFFER_CMD_SELF_TEST, req, sizeof(req)), 0);
	}
	/* Refused, but behind the gates: it was alone on the card. */
	s = session_open(b, b->owner, 0, true, NULL);
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, s), COFFER_ST_MTK_STATE_INVALID);
	assert_true(ped_status(p, s).waiting);
	fw_cancel(b->card, w.rq.tag);
	expect(wait_end(&w), COFFER_ST_CANCEL);
}

static void the_end_of_its_session_ends_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	uint32_t s = begin(p, &w);

	expect(session_only(&p->b, COFFER_CMD_SESSION_CLOSE, s), 0);
	expect(wait_end(&w), COFFER_ST_SESSION_HANDLE_INVALID);
}

static void a_reset_ends_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;

	begin(p, &w);
	fw_end_owners(p->b.card);
	expect(wait_end(&w), COFFER_ST_SESSION_HANDLE_INVALID);
}

static void a_tamper_ends_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;

	begin(p, &w);
	fw_card_tamper(p->b.card);
	expect(wait_end(&w), COFFER_ST_HSM_TAMPERED);
}

static void power_off_ends_it(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;

	begin(p, &w);
	bench_off(&p->b);
	expect(wait_end(&w), COFFER_ST_DEVICE_REMOVED);
	assert_int_equal(bench_on(&p->b, &p->how), 0);
}

static uint32_t last_event(struct bench *b, uint32_t type, uint64_t *arg)
{
	struct coffer_event_wire e;
	uint64_t req[2] = { 0, 200 };
	uint32_t i, n, found = 0;

	expect(ask(b, COFFER_CMD_EVENTS, req, sizeof(req)), 0);
	n = word(b, 0);
	for (i = 0; i < n; i++) {
		memcpy(&e, b->reply + 4 + i * sizeof(e), sizeof(e));
		if (e.type == type) {
			*arg = e.arg;
			found++;
		}
	}
	return found;
}

static void *init_main(void *arg)
{
	struct waiting *w = arg;

	w->verdict = fw_exec(w->p->b.card, &w->rq, &w->len);
	return NULL;
}

/* An init wants two keys, one after the other; each has its own time, and its event. */
static void each_key_is_asked_for_in_turn(void **state)
{
	static struct waiting w;
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	uint64_t color = 0;
	struct wire_out out;

	key_out(p, 0);
	w.p = p;
	wire_out_init(&out, w.req, sizeof(w.req));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_INIT_PED_DOMAIN);
	wire_put_blob(&out, "one", 3);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, NULL, 0);
	w.rq = (struct fw_request){ .owner = b->owner, .tag = 78,
				    .opcode = COFFER_CMD_PARTITION_INIT, .req = w.req,
				    .req_len = (uint32_t)out.len, .reply = w.reply };
	assert_int_equal(pthread_create(&w.thread, NULL, init_main, &w), 0);
	wait_started(p, s);
	assert_int_equal(ped_status(p, s).color, COFFER_PED_BLUE);
	expect(last_event(b, COFFER_EV_PED_WANTED, &color), 1);
	assert_int_equal(color, COFFER_PED_BLUE);
	__atomic_store_n(&p->ahead, 100000, __ATOMIC_RELAXED);
	key_in(p, "blue", NULL);
	while (ped_status(p, s).color != COFFER_PED_RED)
		;
	assert_true(ped_status(p, s).remaining_ms > 110000);
	expect(last_event(b, COFFER_EV_PED_WANTED, &color), 2);
	assert_int_equal(color, COFFER_PED_RED);
	/* The blue one is not needed any more. */
	key_out(p, COFFER_PED_BLUE);
	key_in(p, "red", NULL);
	expect(wait_end(&w), 0);
	key_in(p, "blue", NULL);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
}

/* What would be refused whatever the key is refused before anybody looks for one. */
static void no_key_is_asked_for_in_vain(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = session_open(b, b->owner, 1, true, NULL), ro;

	key_out(p, 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(ped_login(p, s, COFFER_ROLE_SO), COFFER_ST_USER_TYPE_INVALID);
	expect(ped_login(p, s + 1, COFFER_ROLE_CO), COFFER_ST_SESSION_HANDLE_INVALID);
	key_in(p, "blue", NULL);
	key_in(p, "red", NULL);
	key_in(p, "black", NULL);
	key_in(p, "grey", NULL);
	s = ped_ready(p);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	key_out(p, 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_USER_ALREADY_LOGGED_IN);
	expect(ped_login(p, s, COFFER_ROLE_CU), COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, ""),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, ""),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s,
			COFFER_INIT_PED_DOMAIN | COFFER_INIT_DEFAULT_DOMAIN),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	ro = session_open(b, b->owner, 1, false, NULL);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, ro, COFFER_ROLE_LCO, ""),
	       COFFER_ST_SESSION_READ_ONLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(cancel_ends_it),
		T(two_hundred_seconds_end_it),
		T(fifty_seconds_end_the_making_of_an_auditor),
		T(a_ped_that_another_card_uses_is_waited_for),
		T(what_is_no_ped),
		T(an_old_tamper_does_not_end_it),
		T(the_status_takes_no_words),
		T(without_a_ped_nobody_waits),
		T(one_wait_at_a_time),
		T(nobody_else_is_kept_waiting),
		T(the_end_of_its_session_ends_it),
		T(a_reset_ends_it),
		T(a_tamper_ends_it),
		T(power_off_ends_it),
		T(each_key_is_asked_for_in_turn),
		T(no_key_is_asked_for_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
