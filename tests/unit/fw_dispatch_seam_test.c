// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the dispatcher keeps to when a handler breaks its promises, or when something ends a
 * session, a card or the room in the log in the middle of a command. The linker puts this file in
 * between (meson.build), so that the moment is ours to choose.
 */
#include "fw_ped_bench.h"

#include "card.h"

#define AU_PIN	"au password"

static struct ped_bench ped;

/* ---- In between ---------------------------------------------------------------------- */

static enum { AS_IT_IS, OVERRUNS, OVERRUNS_LATER, HAS_NO_RANDOM } handler;
static bool ends_now;		/* all owners, when a session has been found */
static bool gives_nothing;	/* the PED's part of a command */

uint32_t __real_handle_CIPHER_SET(struct cmd *c);
uint32_t __wrap_handle_CIPHER_SET(struct cmd *c);
struct fw_session *__real_session_get(struct fw_card *card, uint64_t owner, uint32_t id);
struct fw_session *__wrap_session_get(struct fw_card *card, uint64_t owner, uint32_t id);
uint32_t __real_ped_value(const struct cmd *c, bool domain, struct bytes *value);
uint32_t __wrap_ped_value(const struct cmd *c, bool domain, struct bytes *value);

static uint32_t writes_too_much(struct cmd *c, uint32_t verdict)
{
	wire_put_u32(&c->out, 7);
	return verdict;
}

/* CIPHER_SET has no reply. What it would store are all suites off. */
uint32_t __wrap_handle_CIPHER_SET(struct cmd *c)
{
	uint32_t st;

	if (handler == AS_IT_IS)
		return __real_handle_CIPHER_SET(c);
	st = change_of(c) ? partition_save_suites(c->part, c->change, UINT32_MAX) :
			    (uint32_t)COFFER_ST_DEVICE_MEMORY;
	if (st)
		return st;
	if (handler == OVERRUNS)
		return writes_too_much(c, COFFER_ST_OK);
	if (handler == OVERRUNS_LATER)
		change_after(c->change, writes_too_much);
	return handler == HAS_NO_RANDOM ? (uint32_t)COFFER_ST_RANDOM_NO_RNG : 0;
}

struct fw_session *__wrap_session_get(struct fw_card *card, uint64_t owner, uint32_t id)
{
	struct fw_session *s = __real_session_get(card, owner, id);

	if (s && ends_now) {
		ends_now = false;
		fw_end_owners(card);
	}
	return s;
}

uint32_t __wrap_ped_value(const struct cmd *c, bool domain, struct bytes *value)
{
	if (!gives_nothing)
		return __real_ped_value(c, domain, value);
	*value = (struct bytes){ NULL, 0 };
	return COFFER_ST_FUNCTION_FAILED;
}

/* ---- The bench ----------------------------------------------------------------------- */

static void calm(void)
{
	handler = AS_IT_IS;
	ends_now = false;
	gives_nothing = false;
}

static int open_password(void **state)
{
	*state = &ped;
	calm();
	ped_open(&ped, NULL, false);
	return 0;
}

static int open_keys(void **state)
{
	*state = &ped;
	calm();
	ped_open(&ped, NULL, true);
	ring_in(&ped);
	return 0;
}

static int close_it(void **state)
{
	(void)state;
	calm();
	ped_close(&ped);
	return 0;
}

static uint32_t po_session(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	return s;
}

static uint32_t suite_off(struct bench *b, uint32_t s)
{
	uint32_t req[4] = { s, 3, 0, 0 };

	return ask(b, COFFER_CMD_CIPHER_SET, req, sizeof(req));
}

/* Bits of the suites that are on, after a power cycle. */
static uint32_t suites_stored(struct ped_bench *p)
{
	const struct coffer_cipher_row *rows = (const void *)(p->b.reply + 4);
	uint32_t s, i, bits = 0;

	ped_power(p);
	s = session_open(&p->b, p->b.owner, 1, false, NULL);
	expect(session_only(&p->b, COFFER_CMD_CIPHER_LIST, s), 0);
	for (i = 0; i < word(&p->b, 0); i++)
		bits |= rows[i].enabled << rows[i].id;
	return bits;
}

/* ---- Handlers that break their promise ------------------------------------------------ */

static void an_answer_that_does_not_fit_has_no_effect(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s, before;

	partition_ready(&p->b);
	before = suites_stored(p);
	s = po_session(&p->b);
	handler = OVERRUNS;
	expect(suite_off(&p->b, s), COFFER_ST_BUFFER_TOO_SMALL);
	expect(p->b.len, 0);
	expect(p->b.reply[0], 0xa5);
	expect(suites_stored(p), before);
	/* Too late to undo it; but nothing that was not asked for leaves the card. */
	s = po_session(&p->b);
	handler = OVERRUNS_LATER;
	expect(suite_off(&p->b, s), COFFER_ST_BUFFER_TOO_SMALL);
	expect(p->b.len, 0);
	expect(p->b.reply[0], 0xa5);
	expect(suites_stored(p), 0);
}

/* A card without a failed self-test says what its handler said, and stores nothing. */
static void without_random_numbers_nothing_is_stored(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s, before;

	partition_ready(&p->b);
	before = suites_stored(p);
	s = po_session(&p->b);
	handler = HAS_NO_RANDOM;
	expect(suite_off(&p->b, s), COFFER_ST_RANDOM_NO_RNG);
	expect(suites_stored(p), before);
	handler = AS_IT_IS;
	s = po_session(&p->b);
	expect(suite_off(&p->b, s), 0);
	expect(suites_stored(p), before & ~(1u << 3));
}

/* ---- What ends meanwhile -------------------------------------------------------------- */

/* Between the session's look-up and the gates, and behind them. */
static void a_session_that_ends_meanwhile(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s;

	partition_ready(b);
	s = po_session(b);
	ends_now = true;
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_SESSION_HANDLE_INVALID);
	assert_false(ends_now);
	b->owner = owner_open(b);
	s = po_session(b);
	ends_now = true;
	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), COFFER_ST_SESSION_HANDLE_INVALID);
	expect(b->len, 0);
	b->owner = owner_open(b);
	s = po_session(b);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(policy_set(b, s, 0, 22, 1), 0);
}

/* While a command is in its way the decommission input cannot empty the memory, only say so. */
static void a_card_key_that_is_gone(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s, st;
	bool gone;

	partition_ready(b);
	s = po_session(b);
	gate_enter(&b->card->gate, GATE_SHARED);
	gone = fw_card_decommission(b->card);
	st = policy_set(b, s, 0, 22, 1);
	/* Nobody may be left in the gate by a failure: switching off waits for it. */
	gate_leave(&b->card->gate, GATE_SHARED);
	assert_true(gone);
	expect(st, COFFER_ST_USER_PIN_NOT_INITIALIZED);
	tamper_finish(b->card);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	hsm_ready(b);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
}

/* ---- A full log ------------------------------------------------------------------------ */

/* Who is refused anyway hears of the log, too: what could not be recorded did not happen. */
static void a_full_log_comes_before_a_refusal(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s, au;

	s = partition_ready(b);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_USER_NOT_LOGGED_IN);
	p->how.audit_limit = 1;
	ped_power(p);
	au = session_open(b, b->owner, 0, true, NULL);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, au, 0, AU_PIN), 0);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_LOG_FULL);
	/* What is not recorded goes on. */
	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), 0);
}

static void a_full_log_comes_before_a_missing_key(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s, au;

	ped_ready(p);
	p->how.audit_limit = 1;
	ped_power(p);
	au = session_open(b, b->owner, 0, true, NULL);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, au, 0, ""), 0);
	assert_int_equal(fw_ped_disconnect(b->path, NULL, 0), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_LOG_FULL);
	/* The Auditor may come and make room: of him the PED is what is missing. */
	expect(ped_login(p, au, COFFER_ROLE_AU), COFFER_ST_PED_UNPLUGGED);
}

/* ---- A PED that gave nothing ------------------------------------------------------------ */

static uint32_t red_add(struct bench *b, uint32_t s)
{
	uint8_t buf[128];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_DOMAIN_PED);
	wire_put_blob(&out, "second", 6);
	wire_put_blob(&out, NULL, 0);
	return ask(b, COFFER_CMD_DOMAIN_ADD, buf, out.len);
}

/* No handler takes an empty secret for the one that it was to get. */
static void no_secret_is_no_secret(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = ped_ready(p);

	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(policy_set(b, s, 0, 44, 1), 0);
	key_out(p, COFFER_PED_RED);
	key_filled(p, "other", COFFER_PED_RED);
	key_in(p, "other", NULL);
	gives_nothing = true;
	expect(red_add(b, s), COFFER_ST_FUNCTION_FAILED);
	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN),
	       COFFER_ST_FUNCTION_FAILED);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_FUNCTION_FAILED);
	expect(role_change(b, s, COFFER_ROLE_CO, "", ""), COFFER_ST_FUNCTION_FAILED);
	gives_nothing = false;
	/* All is as it was. */
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), 0);
	expect(word(b, 0), 1);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 10);
}

#define T(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_that_does_not_fit_has_no_effect, open_password),
		T(without_random_numbers_nothing_is_stored, open_password),
		T(a_session_that_ends_meanwhile, open_password),
		T(a_card_key_that_is_gone, open_password),
		T(a_full_log_comes_before_a_refusal, open_password),
		T(a_full_log_comes_before_a_missing_key, open_keys),
		T(no_secret_is_no_secret, open_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
