// SPDX-License-Identifier: BSD-3-Clause
/* The tamper input, its latch, and decommission on tamper (behaviour.md 3.1, quality.md A5). */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "card.h"
#include "fw_core.h"

#define DECOMMISSION	40

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "coffer");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static bool is_tampered(struct bench *b)
{
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return word(b, offsetof(struct coffer_card_info, flags)) & COFFER_CARD_TAMPERED;
}

/* A data object of the partition's Crypto Officer. */
static uint32_t object_new(struct bench *b, uint32_t session)
{
	uint8_t buf[256], tmpl[128];
	struct wire_out out, t;

	wire_out_init(&t, tmpl, sizeof(tmpl));
	wire_put_u32(&t, COFFER_CKA_CLASS);
	wire_put_u32(&t, 8);
	wire_put_u64(&t, 0);
	wire_put_u32(&t, COFFER_CKA_TOKEN);
	wire_put_u32(&t, 1);
	wire_put_u8(&t, 1);
	wire_put_u32(&t, COFFER_CKA_VALUE);
	wire_put_u32(&t, 3);
	wire_put(&t, "abc", 3);
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_blob(&out, tmpl, t.len);
	expect(ask(b, COFFER_CMD_OBJECT_CREATE, buf, out.len), 0);
	return word(b, 0);
}

static uint32_t object_value(struct bench *b, uint32_t session, uint32_t handle)
{
	uint32_t req[4] = { session, handle, 1, COFFER_CKA_VALUE };

	return ask(b, COFFER_CMD_OBJECT_GET, req, sizeof(req));
}

static bool informs(uint16_t opcode)
{
	switch (opcode) {
	case COFFER_CMD_ECHO:
	case COFFER_CMD_IDENTIFY:
	case COFFER_CMD_PARTITION_LIST:
	case COFFER_CMD_COMMANDS:
	case COFFER_CMD_STATS:
	case COFFER_CMD_EVENTS:
	case COFFER_CMD_SESSION_OPEN:
	case COFFER_CMD_SESSION_CLOSE:
	case COFFER_CMD_SESSION_INFO:
	case COFFER_CMD_LOGIN:
	case COFFER_CMD_LOGOUT:
	case COFFER_CMD_ROLE_LIST:
	case COFFER_CMD_PED_STATUS:
	case COFFER_CMD_POLICY_LIST:
	case COFFER_CMD_PARTITION_INFO:
	case COFFER_CMD_MECHANISM_LIST:
	case COFFER_CMD_SELF_TEST:
	case COFFER_CMD_TAMPER_CLEAR:
	case COFFER_CMD_AUDIT_CONFIG:
	case COFFER_CMD_AUDIT_READ:
	case COFFER_CMD_HSM_FACTORY_RESET:
	case COFFER_CMD_HSM_ZEROIZE:
		return true;
	default:
		return false;
	}
}

/* Keys are not used until the SO clears the latch, then they are there again. */
static void latch_and_clear(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), s = partition_ready(b), handle;

	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), COFFER_ST_MTK_STATE_INVALID);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	handle = object_new(b, s);
	assert_false(is_tampered(b));
	fw_card_tamper(b->card);
	assert_true(is_tampered(b));
	refuses_all_but(b, informs, (uint32_t)COFFER_ST_HSM_TAMPERED);
	expect(object_value(b, s, handle), COFFER_ST_HSM_TAMPERED);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_HSM_TAMPERED);
	/* The SO was logged out; the latch is durable. */
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), COFFER_ST_USER_NOT_LOGGED_IN);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	assert_true(is_tampered(b));
	refuses_all_but(b, informs, (uint32_t)COFFER_ST_HSM_TAMPERED);
	so = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(policy_set(b, so, 0, 16, 1), COFFER_ST_HSM_TAMPERED);
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), 0);
	assert_false(is_tampered(b));
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(object_value(b, s, handle), 0);
	/* Again, without a power cycle in between. */
	fw_card_tamper(b->card);
	expect(object_value(b, s, handle), COFFER_ST_HSM_TAMPERED);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(object_value(b, s, handle), 0);
}

/* Policy 40: the keys are destroyed; anybody may take the empty card back into service. */
static void decommission(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), s, old_power;

	expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, DECOMMISSION, 1), 0);
	for (old_power = 0; old_power < 2; old_power++) {
		s = partition_ready(b);
		expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
		object_new(b, s);
		fw_card_tamper(b->card);
		refuses_all_but(b, informs, (uint32_t)COFFER_ST_HSM_TAMPERED);
		if (old_power) {
			bench_off(b);
			assert_int_equal(bench_on(b, NULL), 0);
			so = session_open(b, b->owner, 0, true, NULL);
		}
		assert_true(is_tampered(b));
		expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), 0);
		assert_false(is_tampered(b));
		expect(login(b, so, COFFER_ROLE_SO, SO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
		bench_off(b);
		assert_int_equal(bench_on(b, NULL), 0);
		so = hsm_ready(b);
		s = session_open(b, b->owner, 1, true, NULL);
		expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
		/* Policies are those of before. */
		expect(policy_set(b, so, 0, DECOMMISSION, 1), 0);
	}
}

static bool is_initialised(struct bench *b)
{
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return word(b, offsetof(struct coffer_card_info, flags)) & COFFER_CARD_INITIALIZED;
}

/* ---- What the card says when its event comes ---------------------------------------- */

static struct {
	struct bench *b;
	unsigned int told;		/* events */
	unsigned int stale;		/* ... at which the card still called itself initialised */
} teller;

/* Before anything else can happen: whoever pulled the input is still in its call. */
static void on_event(void *opaque, const struct fw_event *event)
{
	(void)opaque;
	if (event->type != COFFER_EV_ZEROIZED)
		return;
	teller.told++;
	teller.stale += is_initialised(teller.b);
	expect(ask(teller.b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	for (uint32_t i = 0; i < word(teller.b, 0); i++)
		teller.stale += word(teller.b, 4 + i * sizeof(struct coffer_partition_row) +
				     offsetof(struct coffer_partition_row, flags)) &
				COFFER_PART_INITIALIZED ? 1 : 0;
}

/* Nobody who waits for the event finds a card that is full, and no power cut brings it back. */
static void empty_when_the_event_comes(void **state)
{
	static const struct fw_open how = { .event = on_event };
	struct bench *b = *state;
	uint32_t so;

	for (int by_tamper = 0; by_tamper < 2; by_tamper++) {
		bench_off(b);
		expect(bench_on(b, &how), 0);
		so = hsm_ready(b);
		if (by_tamper)
			expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, DECOMMISSION, 1),
			       0);
		partition_ready(b);
		assert_true(is_initialised(b));
		memset(&teller, 0, sizeof(teller));
		teller.b = b;
		if (by_tamper)
			fw_card_tamper(b->card);
		else
			assert_true(fw_card_decommission(b->card));
		expect(teller.told, 1);
		expect(teller.stale, 0);
		assert_false(is_initialised(b));
		bench_off(b);
		expect(bench_on(b, NULL), 0);
		assert_false(is_initialised(b));
	}
}

/* The input's own thread is late: it waits here for the gate. */
static struct {
	atomic_bool on;
	sem_t go;
} late;

extern __typeof__(gate_enter) __real_gate_enter, __wrap_gate_enter;
void __wrap_gate_enter(struct gate *g, enum gate_mode mode)
{
	if (mode == GATE_ALONE && atomic_exchange(&late.on, false))
		sem_wait(&late.go);
	__real_gate_enter(g, mode);
}

/* A command that is alone before it finds the card as the event told it. */
static void a_command_may_be_before_the_inputs_thread(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), tries = 0, st;
	bool made;

	sem_init(&late.go, 0, 0);
	atomic_store(&late.on, true);
	assert_true(fw_card_decommission(b->card));
	/* It is there, and waits. */
	while (atomic_load(&late.on) && ++tries < 10000)
		sched_yield();
	if (atomic_load(&late.on))
		usleep(200000);
	assert_false(atomic_load(&late.on));
	st = init_ask(b, COFFER_CMD_HSM_INIT, so, "anew", SO_PIN, "domain");
	made = is_initialised(b);
	sem_post(&late.go);
	expect(st, 0);
	assert_true(made);
	bench_off(b);
	/* The late thread had nothing left to do. */
	expect(bench_on(b, NULL), 0);
	assert_true(is_initialised(b));
	so = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
}

/* The decommission input: no latch, but the keys are gone, with power on or off. */
static void decommission_input(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), s = partition_ready(b), handle;
	int off;

	expect(policy_set(b, so, 0, 16, 0), 0);
	for (off = 0; off < 2; off++) {
		expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
		handle = object_new(b, s);
		expect(object_value(b, s, handle), 0);
		if (off) {
			bench_off(b);
			expect(fw_card_decommission_off(b->path, b->err, sizeof(b->err)), 0);
			expect(bench_on(b, NULL), 0);
			s = session_open(b, b->owner, 1, true, NULL);
			so = session_open(b, b->owner, 0, true, NULL);
		} else {
			assert_true(fw_card_decommission(b->card));
		}
		/* At once, whether or not a command was in the input's way. */
		expect(login(b, so, COFFER_ROLE_SO, SO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
		assert_int_not_equal(object_value(b, s, handle), 0);
		assert_false(is_tampered(b));
		assert_false(is_initialised(b));
		/* Taken into service again, with the policies of before. */
		so = hsm_ready(b);
		s = partition_ready(b);
		expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
		expect(object_value(b, s, handle), COFFER_ST_OBJECT_HANDLE_INVALID);
		expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	}
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

/* Policy 46: neither the input nor a tamper with policy 40 destroys anything. */
static void decommission_disabled(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), s, handle;

	expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, DECOMMISSION, 1), 0);
	expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, 46, 1), 0);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	handle = object_new(b, s);
	assert_false(fw_card_decommission(b->card));
	expect(object_value(b, s, handle), 0);
	fw_card_tamper(b->card);
	bench_off(b);
	expect(fw_card_decommission_off(b->path, b->err, sizeof(b->err)), -EPERM);
	assert_non_null(strstr(b->err, "46"));
	expect(bench_on(b, NULL), 0);
	so = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(object_value(b, s, handle), 0);
}

/* Policy 48 off: no SO is needed, the next power-on takes the card back into service. */
static void recovery_by_power(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), s, handle;

	expect(policy_set(b, so, COFFER_POLICY_SET_DESTRUCTIVE, 48, 0), 0);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	handle = object_new(b, s);
	fw_card_tamper(b->card);
	expect(object_value(b, s, handle), COFFER_ST_HSM_TAMPERED);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	assert_false(is_tampered(b));
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(object_value(b, s, handle), 0);
	/* Who pulls it while the card is off would look for the latch in vain. */
	bench_off(b);
	expect(fw_card_tamper_off(b->path, b->err, sizeof(b->err)), 0);
	assert_non_null(strstr(b->err, "policy 48"));
	expect(bench_on(b, NULL), 0);
	assert_false(is_tampered(b));
}

static void while_off(void **state)
{
	struct bench *b = *state;

	expect(fw_card_tamper_off(b->path, b->err, sizeof(b->err)), -EBUSY);
	bench_off(b);
	b->err[0] = '\0';
	assert_int_equal(fw_card_tamper_off(b->path, b->err, sizeof(b->err)), 0);
	assert_string_equal(b->err, "");
	assert_int_equal(bench_on(b, NULL), 0);
	assert_true(is_tampered(b));
	/* A card without an SO: nobody is to be asked. */
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR,
			    session_open(b, b->owner, 0, true, NULL)), 0);
	hsm_ready(b);
}

/* A command that runs on, here the test itself, holds up no input, and no second one either. */
static void inputs_wait_for_nobody(void **state)
{
	struct bench *b = *state;

	hsm_ready(b);
	gate_enter(&b->card->gate, GATE_SHARED);
	alarm(20);
	fw_card_tamper(b->card);
	assert_true(fw_card_decommission(b->card));
	alarm(0);
	gate_leave(&b->card->gate, GATE_SHARED);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	assert_false(((struct coffer_card_info *)b->reply)->flags & COFFER_CARD_INITIALIZED);
}

/* Erasing goes on: a factory reset leaves a tampered card that is empty. */
static void erase_a_tampered_card(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b);

	partition_ready(b);
	fw_card_tamper(b->card);
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, so), 0);
	assert_true(is_tampered(b));
	expect(session_only(b, COFFER_CMD_TAMPER_CLEAR, so), 0);
	hsm_ready(b);
	partition_ready(b);
}

/* ---- Somebody else's thread ------------------------------------------------------- */

static struct puller {
	struct fw_card *card;
	bool decommission;
	sem_t pulled, go;
} puller;

static void *pull(void *arg)
{
	struct puller *p = arg;

	if (p->decommission)
		fw_card_decommission(p->card);
	else
		fw_card_tamper(p->card);
	sem_post(&p->pulled);
	sem_wait(&p->go);
	return NULL;
}

/* What it leaves behind must not be the card's: the thread ends after the card. */
static void whoever_pulls_outlives_the_card(void **state)
{
	struct bench *b = *state;
	pthread_t thread;
	int i;

	for (i = 0; i < 2; i++) {
		puller.card = b->card;
		puller.decommission = i;
		sem_init(&puller.pulled, 0, 0);
		sem_init(&puller.go, 0, 0);
		assert_int_equal(pthread_create(&thread, NULL, pull, &puller), 0);
		sem_wait(&puller.pulled);
		bench_off(b);
		sem_post(&puller.go);
		pthread_join(thread, NULL);
		assert_int_equal(bench_on(b, NULL), 0);
		assert_true(is_tampered(b));
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(latch_and_clear),
		T(decommission),
		T(decommission_input),
		T(empty_when_the_event_comes),
		T(a_command_may_be_before_the_inputs_thread),
		T(decommission_disabled),
		T(recovery_by_power),
		T(while_off),
		T(inputs_wait_for_nobody),
		T(erase_a_tampered_card),
		T(whoever_pulls_outlives_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
