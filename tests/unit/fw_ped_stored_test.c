// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the store keeps of an activation, and what may be there instead of it; clocks that went
 * wrong; and the moments between the checks of a login and the login (behaviour.md 5.3, row 47).
 */
#include "fw_ped_bench.h"

#include <errno.h>
#include <stdio.h>

#include "card.h"

#define CHALLENGE	"challenge one"
#define HOUR		3600000ull
#define ENTRY		(4 + ROLE_SALT + KEY_LEN)

static struct ped_bench bench;
static uint32_t session;

/* ---- In between ------------------------------------------------------------------- */

static int64_t clock_off;		/* the host's clock, ahead of what it is */
static void (*at_gate)(void);		/* once: a command passed its checks, and waits */
static void (*at_login)(void);		/* once: the key is right, nobody is logged in yet */

uint64_t __real_clock_wall_ms(void);
uint64_t __wrap_clock_wall_ms(void);
uint64_t __wrap_clock_wall_ms(void)
{
	return __real_clock_wall_ms() + (uint64_t)clock_off;
}

static void once(void (**hook)(void))
{
	void (*now)(void) = *hook;

	*hook = NULL;
	if (now)
		now();
}

void __real_gate_enter(struct gate *g, enum gate_mode mode);
void __wrap_gate_enter(struct gate *g, enum gate_mode mode);
void __wrap_gate_enter(struct gate *g, enum gate_mode mode)
{
	once(&at_gate);
	__real_gate_enter(g, mode);
}

bool __real_activation_old(struct fw_partition *p);
bool __wrap_activation_old(struct fw_partition *p);
bool __wrap_activation_old(struct fw_partition *p)
{
	once(&at_login);
	return __real_activation_old(p);
}

/* What the store gets instead of an activation, once. */
static struct forged {
	bool due;
	bool seal;			/* else as it is */
	struct bytes plain;
} forged;

uint32_t __real_card_value_seal(struct fw_card *card, struct change *ch, uint32_t scope,
				const char *name, struct bytes plain);
uint32_t __wrap_card_value_seal(struct fw_card *card, struct change *ch, uint32_t scope,
				const char *name, struct bytes plain);
uint32_t __wrap_card_value_seal(struct fw_card *card, struct change *ch, uint32_t scope,
				const char *name, struct bytes plain)
{
	struct forged f = forged;

	forged.due = false;
	if (!f.due)
		return __real_card_value_seal(card, ch, scope, name, plain);
	assert_string_equal(name, "activation");
	return f.seal ? __real_card_value_seal(card, ch, scope, name, f.plain) :
			change_value_put(ch, scope, name, f.plain.p, f.plain.len);
}

/* ---- Set-up ----------------------------------------------------------------------- */

/* CO with a challenge and activated; policy 22, and 23. */
static void activated_partition(struct ped_bench *p)
{
	session = ped_ready(p);
	expect(ped_login(p, session, COFFER_ROLE_PO), 0);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_CHALLENGE, session, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(policy_set(&p->b, session, 0, 22, 1), 0);
	expect(policy_set(&p->b, session, 0, 23, 1), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
	expect(ped_login(p, session, COFFER_ROLE_CO), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
}

static int open_it(void **state)
{
	struct ped_bench *p = *state = &bench;

	clock_off = 0;
	at_gate = at_login = NULL;
	ped_open(p, NULL, true);
	ring_in(p);
	activated_partition(p);
	return 0;
}

static int close_it(void **state)
{
	clock_off = 0;
	ped_close(*state);
	return 0;
}

static void power(struct ped_bench *p)
{
	ped_power(p);
	assert_false(forged.due);
	session = session_open(&p->b, p->b.owner, 1, true, NULL);
}

static bool active(struct ped_bench *p)
{
	return role_state(p, session, COFFER_ROLE_CO) & COFFER_RS_ACTIVATED;
}

static struct fw_partition *partition(struct ped_bench *p)
{
	return p->b.card->admin->next;
}

/* ---- What is in the store ---------------------------------------------------------- */

/* At power-off this is what the card stores for partition 1, whatever its policies are. */
static void store(struct ped_bench *p, bool seal, const void *value, size_t len)
{
	struct fw_partition *part = partition(p);

	forged = (struct forged){ .due = true, .seal = seal, .plain = { value, len } };
	pthread_mutex_lock(&part->lock);
	part->policy[22] = part->policy[23] = 1;
	part->active[COFFER_ROLE_CO].on = true;
	memcpy(part->active[COFFER_ROLE_CO].salt, part->roles[COFFER_ROLE_CO].salt, ROLE_SALT);
	pthread_mutex_unlock(&part->lock);
}

/* {time; role; the CO's salt; a secret} */
static size_t entry(struct ped_bench *p, uint8_t buf[8 + ENTRY], uint64_t time, uint32_t role)
{
	static const uint8_t secret[KEY_LEN] = { 1 };
	struct wire_out out;

	wire_out_init(&out, buf, 8 + ENTRY);
	wire_put_u64(&out, time);
	wire_put_u32(&out, role);
	wire_put(&out, partition(p)->roles[COFFER_ROLE_CO].salt, ROLE_SALT);
	wire_put(&out, secret, KEY_LEN);
	return out.len;
}

static uint64_t now_ms(void)
{
	return __real_clock_wall_ms();
}

static void what_was_stored_right_activates(void **state)
{
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];

	store(p, true, buf, entry(p, buf, now_ms() - 60000, COFFER_ROLE_CO));
	power(p);
	assert_true(active(p));
}

/* Of roles that cannot be activated, or of none that there is: nothing is taken from it. */
static void other_roles_in_the_store_activate_nobody(void **state)
{
	static const uint32_t roles[] = { COFFER_ROLE_NONE, COFFER_ROLE_SO, COFFER_ROLE_PO,
					  COFFER_ROLE_AU, COFFER_ROLE_COUNT, UINT32_MAX };
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		store(p, true, buf, entry(p, buf, now_ms() - 60000, roles[i]));
		power(p);
		assert_int_equal(ped_status(p, session).activated, 0);
		for (uint32_t role = 0; role < COFFER_ROLE_COUNT; role++)
			assert_false(partition(p)->active[role].on);
	}
}

/* With the salt of another credential it is not the role's. */
static void an_activation_of_another_key_counts_for_nothing(void **state)
{
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];
	size_t len = entry(p, buf, now_ms() - 60000, COFFER_ROLE_CO);

	buf[8 + 4] ^= 1;
	store(p, true, buf, len);
	power(p);
	assert_false(active(p));
}

/* A card does not start from what is not its own. */
static void a_damaged_activation_is_a_damaged_store(void **state)
{
	static const struct {
		bool seal;
		size_t len;
	} forms[] = {
		{ true, 0 }, { true, 9 }, { true, 8 + ENTRY - 1 }, { false, 8 + ENTRY },
	};
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];
	size_t i;

	entry(p, buf, now_ms() - 60000, COFFER_ROLE_CO);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		store(p, forms[i].seal, buf, forms[i].len);
		bench_off(&p->b);
		assert_false(forged.due);
		if (bench_on(&p->b, &p->how) != -EBADMSG)
			fail_msg("form %zu was taken", i);
		assert_non_null(strstr(p->b.err, "store is damaged"));
		/* Out of the way, for the next one: not the same card, but one like it. */
		close_it(state);
		open_it(state);
	}
}

/* Policies that are off hold for what is in the store, too. */
static void without_its_policies_the_store_activates_nobody(void **state)
{
	static const uint32_t policies[] = { 23, 22 };
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];
	size_t i;

	for (i = 0; i < 2; i++) {
		ped_policy(p, session, policies[i], 0);
		store(p, true, buf, entry(p, buf, now_ms() - 60000, COFFER_ROLE_CO));
		power(p);
		assert_false(active(p));
	}
}

/* ---- Clocks ------------------------------------------------------------------------ */

static void times_that_no_clock_showed_are_too_late(void **state)
{
	const uint64_t times[] = { 0, 1, now_ms() + 60000, UINT64_MAX, now_ms() - 3 * HOUR };
	struct ped_bench *p = *state;
	uint8_t buf[8 + ENTRY];
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		store(p, true, buf, entry(p, buf, times[i], COFFER_ROLE_CO));
		power(p);
		if (active(p))
			fail_msg("time %zu was taken", i);
		/* And it is not there any more for a clock that comes right again. */
		power(p);
		assert_false(active(p));
	}
}

static void a_clock_set_back_ends_it(void **state)
{
	struct ped_bench *p = *state;

	power(p);
	assert_true(active(p));
	bench_off(&p->b);
	clock_off = -(int64_t)HOUR;
	assert_int_equal(bench_on(&p->b, &p->how), 0);
	session = session_open(&p->b, p->b.owner, 1, true, NULL);
	assert_false(active(p));
}

/* A login by challenge alone, when what is stored has got old, stores the time anew. */
static void a_card_that_is_in_use_keeps_it(void **state)
{
	struct ped_bench *p = *state;
	uint64_t before = partition(p)->active_saved_ms;

	expect(login(&p->b, session, COFFER_ROLE_CO, CHALLENGE), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
	assert_int_equal(partition(p)->active_saved_ms, before);
	clock_off = 11 * 60000;
	expect(login(&p->b, session, COFFER_ROLE_CO, CHALLENGE), 0);
	assert_true(partition(p)->active_saved_ms >= before + 11 * 60000);
}

/* ---- Tamper ------------------------------------------------------------------------- */

/*
 * Without policy 48 power-on clears the latch. Power that fails in this moment, at whatever write,
 * does not bring back what the tamper wiped.
 */
static void what_a_tamper_wiped_stays_away_through_power_cuts(void **state)
{
	struct ped_bench *p = *state;
	uint32_t admin;

	close_it(state);
	ped_open(p, NULL, true);
	ring_in(p);
	admin = session_open(&p->b, p->b.owner, 0, true, NULL);
	expect(ped_init(p, COFFER_CMD_HSM_INIT, admin, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(p, admin, COFFER_ROLE_SO), 0);
	expect(policy_set(&p->b, admin, COFFER_POLICY_SET_DESTRUCTIVE, 48, 0), 0);
	activated_partition(p);
	bench_off(&p->b);
	p->how.power_cut_at_write = 1;
	assert_int_equal(bench_on(&p->b, &p->how), 0);
	fw_card_tamper(p->b.card);
	p->how.power_cut_at_write = 0;
	do {
		bench_off(&p->b);
		p->how.power_cut_at_write++;
	} while (bench_on(&p->b, &p->how));
	p->how.power_cut_at_write = 0;
	power(p);
	assert_false(fw_card_tampered(p->b.card));
	assert_false(active(p));
}

/* ---- Between the checks and the login ----------------------------------------------- */

static void forget(void)
{
	pthread_mutex_lock(&partition(&bench)->lock);
	activation_forget(partition(&bench));
	pthread_mutex_unlock(&partition(&bench)->lock);
}

/* It was deactivated after the login had found that no key is needed: no key, no login. */
static void a_challenge_alone_is_not_enough_any_more(void **state)
{
	struct ped_bench *p = *state;

	at_gate = forget;
	expect(login(&p->b, session, COFFER_ROLE_CO, CHALLENGE), COFFER_ST_FUNCTION_FAILED);
	assert_null(at_gate);
	expect(attempts_left(&p->b, session, COFFER_ROLE_CO), 10);
	/* Now the key is asked for. */
	expect(login(&p->b, session, COFFER_ROLE_CO, CHALLENGE), 0);
}

/* Another command, of the owner's. */
static uint32_t other(uint16_t opcode, const void *req, size_t len)
{
	uint8_t reply[64];
	struct fw_request rq = { .owner = bench.b.owner, .tag = 99, .opcode = opcode, .req = req,
				 .req_len = (uint32_t)len, .reply = reply,
				 .reply_room = sizeof(reply) };
	uint32_t got;

	return fw_exec(bench.b.card, &rq, &got);
}

static void close_session(void)
{
	uint32_t req[2] = { session, 0 };

	expect(other(COFFER_CMD_SESSION_CLOSE, req, sizeof(req)), 0);
}

static void nobody_logs_in_to_a_session_that_is_closed(void **state)
{
	struct ped_bench *p = *state;
	uint32_t next;

	at_login = close_session;
	expect(ped_login(p, session, COFFER_ROLE_CO), COFFER_ST_SESSION_HANDLE_INVALID);
	assert_null(at_login);
	next = session_open(&p->b, p->b.owner, 1, true, NULL);
	expect(session_only(&p->b, COFFER_CMD_SESSION_INFO, next), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, next), COFFER_ST_USER_NOT_LOGGED_IN);
}

static uint32_t second;

static void login_cu(void)
{
	uint32_t req[3] = { second, COFFER_ROLE_CU, 0 };

	expect(other(COFFER_CMD_LOGIN, req, sizeof(req)), 0);
}

/* One owner is one user of a partition: who comes second hears who came first. */
static void two_logins_at_once_are_one(void **state)
{
	struct ped_bench *p = *state;

	/* Enough of them for a long command within a long one. */
	p->how.workers = 8;
	power(p);
	second = session_open(&p->b, p->b.owner, 1, true, NULL);
	at_login = login_cu;
	expect(ped_login(p, session, COFFER_ROLE_CO), COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_null(at_login);
	expect(ped_login(p, session, COFFER_ROLE_CU), COFFER_ST_USER_ALREADY_LOGGED_IN);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, second), COFFER_ST_USER_NOT_LOGGED_IN);
}

/* ---- The rule itself ------------------------------------------------------------------ */

static void a_role_is_activated_when_all_of_it_holds(void **state)
{
	struct fw_partition *p = calloc(1, sizeof(*p));
	int bits;

	(void)state;
	assert_non_null(p);
	for (bits = 0; bits < 16; bits++) {
		p->active[COFFER_ROLE_CO].on = bits & 1;
		p->policy[22] = !!(bits & 2);
		p->roles[COFFER_ROLE_CO].initialised = bits & 4;
		p->active[COFFER_ROLE_CO].salt[ROLE_SALT - 1] = !(bits & 8);
		assert_int_equal(role_activated(p, COFFER_ROLE_CO), bits == 15);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(what_was_stored_right_activates),
		T(other_roles_in_the_store_activate_nobody),
		T(an_activation_of_another_key_counts_for_nothing),
		T(a_damaged_activation_is_a_damaged_store),
		T(without_its_policies_the_store_activates_nobody),
		T(times_that_no_clock_showed_are_too_late),
		T(a_clock_set_back_ends_it),
		T(a_card_that_is_in_use_keeps_it),
		T(what_a_tamper_wiped_stays_away_through_power_cuts),
		T(a_challenge_alone_is_not_enough_any_more),
		T(nobody_logs_in_to_a_session_that_is_closed),
		T(two_logins_at_once_are_one),
		cmocka_unit_test(a_role_is_activated_when_all_of_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
