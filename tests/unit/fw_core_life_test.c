// SPDX-License-Identifier: BSD-3-Clause
/* Card life: the clock and the self-tests on demand (quality.md A5, behaviour.md 1.1). */
#include "fw_core.h"

#include <stdio.h>

#include "crypto.h"

#define CLOCK_AT	offsetof(struct coffer_card_info, clock_ms)
#define YEAR_2030	1893456000000ull
#define MINUTE		60000ull

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "pcie-7.8");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* ---- Clock ------------------------------------------------------------------------- */

static uint32_t clock_set(struct bench *b, uint32_t session, uint64_t ms)
{
	struct coffer_req_clock req = { .session = session, .clock_ms = ms };

	return ask(b, COFFER_CMD_CLOCK_SET, &req, sizeof(req));
}

static uint64_t clock_of(struct bench *b)
{
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return dword(b, CLOCK_AT);
}

static void assert_clock(struct bench *b, uint64_t from)
{
	assert_in_range(clock_of(b), from, from + MINUTE);
}

static void clock_is_kept(void **state)
{
	struct bench *b = *state;
	uint64_t ahead = 0;
	struct fw_open how = { .uptime_ahead_ms = &ahead };
	uint32_t s = hsm_ready(b);

	assert_in_range(clock_of(b), 1700000000000ull, YEAR_2030 * 2);
	expect(clock_set(b, s, YEAR_2030), 0);
	assert_clock(b, YEAR_2030);
	bench_off(b);
	assert_int_equal(bench_on(b, &how), 0);
	assert_clock(b, YEAR_2030);
	/* It runs. */
	ahead = 10 * MINUTE;
	assert_clock(b, YEAR_2030 + 10 * MINUTE);
	/* No erasure sets it back. */
	s = session_open(b, b->owner, 0, true, NULL);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, s), 0);
	assert_clock(b, YEAR_2030 + 10 * MINUTE);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	assert_clock(b, YEAR_2030);
}

static void clock_wants_the_so(void **state)
{
	struct bench *b = *state;
	uint32_t s = hsm_ready(b);
	uint64_t now = clock_of(b);
	struct coffer_req_clock odd = { .session = s, .reserved = 1, .clock_ms = YEAR_2030 };

	expect(clock_set(b, s, 0), COFFER_ST_ARGUMENTS_BAD);
	expect(clock_set(b, s, COFFER_CLOCK_MAX_MS + 1), COFFER_ST_ARGUMENTS_BAD);
	expect(ask(b, COFFER_CMD_CLOCK_SET, &odd, sizeof(odd)), COFFER_ST_ARGUMENTS_BAD);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(clock_set(b, s, YEAR_2030), COFFER_ST_USER_NOT_LOGGED_IN);
	assert_clock(b, now);
}

/* HSM policy 57: the host's clock, and nobody sets it. */
static void clock_of_the_host(void **state)
{
	struct bench *b = *state;
	uint32_t s = hsm_ready(b);
	uint64_t now = clock_of(b);

	expect(clock_set(b, s, YEAR_2030), 0);
	expect(policy_set(b, s, 0, 57, 1), 0);
	assert_clock(b, now);
	expect(clock_set(b, s, YEAR_2030), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(policy_set(b, s, 0, 57, 0), 0);
	assert_clock(b, YEAR_2030);
}

/* ---- Self-tests -------------------------------------------------------------------- */

static const struct coffer_self_test_row *test_row(const struct bench *b, uint32_t i)
{
	return (const void *)(b->reply + 4 + i * sizeof(struct coffer_self_test_row));
}

static void all_tests_pass(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, false, NULL), i;

	expect(session_only(b, COFFER_CMD_SELF_TEST, s), 0);
	assert_true(word(b, 0) >= 16);
	for (i = 0; i < word(b, 0); i++)
		expect(test_row(b, i)->passed, 1);
	assert_string_equal(test_row(b, i - 2)->name, "random-health");
	assert_string_equal(test_row(b, i - 1)->name, "firmware-integrity");
	expect(ask(b, COFFER_CMD_SESSION_OPEN, "\1\0\0\0\0\0\0\0", 8), 0);
}

static bool allowed_in_error(uint16_t opcode)
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
	case COFFER_CMD_LOGOUT:
	case COFFER_CMD_SELF_TEST:
	case COFFER_CMD_HSM_FACTORY_RESET:
	case COFFER_CMD_HSM_ZEROIZE:
		return true;
	default:
		return false;
	}
}

/* Each test, broken alone, puts the card out of service until it is switched off. */
static void each_broken_test_is_found(void **state)
{
	struct bench *b = *state;
	char names[64][40];
	struct fw_open how = { 0 };
	uint32_t s = session_open(b, b->owner, 0, true, NULL), i, count;

	expect(session_only(b, COFFER_CMD_SELF_TEST, s), 0);
	count = word(b, 0);
	assert_in_range(count, 16, 64);
	for (i = 0; i < count; i++)
		memcpy(names[i], test_row(b, i)->name, 40);
	for (i = 0; i < count; i++) {
		bench_off(b);
		how.broken_test = names[i];
		assert_int_equal(bench_on(b, &how), 0);
		s = session_open(b, b->owner, 0, true, NULL);
		expect(session_only(b, COFFER_CMD_POLICY_LIST, s), 0);
		expect(session_only(b, COFFER_CMD_SELF_TEST, s), 0);
		expect(test_row(b, i)->passed, 0);
		expect(test_row(b, (i + 1) % count)->passed, 1);
		refuses_all_but(b, allowed_in_error, (uint32_t)COFFER_ST_SELF_TEST_FAILED);
		assert_true(event_seen(b, COFFER_EV_SELF_TEST_FAILED, i + 1));
		/* Erasing is still possible. */
		expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, s), 0);
	}
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	hsm_ready(b);
}

/* ---- Tests of what is made ---------------------------------------------------------- */

static uint32_t pair_generate(struct bench *b, uint32_t session)
{
	static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	uint8_t buf[256], tmpl[64];
	struct wire_out out, t;

	wire_out_init(&t, tmpl, sizeof(tmpl));
	wire_put_u32(&t, COFFER_CKA_EC_PARAMS);
	wire_put_u32(&t, sizeof(p256));
	wire_put(&t, p256, sizeof(p256));
	wire_put_u32(&t, COFFER_CKA_TOKEN);
	wire_put_u32(&t, 1);
	wire_put_u8(&t, 1);
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, COFFER_CKM_EC_KEY_PAIR_GEN);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, tmpl, t.len);
	wire_put_blob(&out, tmpl + 4 + 4 + sizeof(p256), t.len - 8 - sizeof(p256));
	return ask(b, COFFER_CMD_KEY_PAIR_GENERATE, buf, out.len);
}

/* A card whose hook can be pulled while it is in use; a CO is logged in. */
static uint32_t hooked(struct bench *b, const char *hook)
{
	struct fw_open how = { .broken_test = hook };
	uint32_t so = hsm_ready(b), s;

	expect(policy_set(b, so, 0, 21, 0), 0);
	partition_ready(b);
	bench_off(b);
	assert_int_equal(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	return s;
}

static void an_inconsistent_pair(void **state)
{
	static char hook[40];
	struct bench *b = *state;
	uint32_t s = hooked(b, hook);

	expect(pair_generate(b, s), 0);
	strcpy(hook, "use:pairwise-consistency");
	expect(pair_generate(b, s), COFFER_ST_SELF_TEST_FAILED);
	refuses_all_but(b, allowed_in_error, (uint32_t)COFFER_ST_SELF_TEST_FAILED);
	hook[0] = 0;
	expect(pair_generate(b, s), COFFER_ST_SELF_TEST_FAILED);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(pair_generate(b, s), 0);
}

/* A generator that repeats itself: nothing more comes out, but the card can be erased. */
static void a_stuck_generator(void **state)
{
	static char hook[40];
	struct bench *b = *state;
	uint32_t s = hooked(b, hook), req[2] = { s, 32 }, so;

	expect(ask(b, COFFER_CMD_RANDOM, req, sizeof(req)), 0);
	so = session_open(b, b->owner, 0, true, NULL);
	strcpy(hook, "use:random-continuous");
	/* The first draw of a stuck value is not yet a repetition. */
	ask(b, COFFER_CMD_RANDOM, req, sizeof(req));
	expect(ask(b, COFFER_CMD_RANDOM, req, sizeof(req)), COFFER_ST_SELF_TEST_FAILED);
	refuses_all_but(b, allowed_in_error, (uint32_t)COFFER_ST_SELF_TEST_FAILED);
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, so), 0);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	so = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	hsm_ready(b);
	partition_ready(b);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
}

static void health_finds_bad_samples(void **state)
{
	uint8_t samples[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(samples); i++)
		samples[i] = (uint8_t)(i * 197 + (i >> 8));
	assert_true(crypto_health(samples, sizeof(samples)));
	assert_false(crypto_health(samples, 511));
	memset(samples + 700, 7, 5);
	assert_true(crypto_health(samples, sizeof(samples)));
	memset(samples + 700, 7, 6);
	assert_false(crypto_health(samples, sizeof(samples)));
	for (i = 0; i < sizeof(samples); i++)
		samples[i] = (uint8_t)(i * 197);
	for (i = 512; i < 512 + 2 * 20; i += 2)
		samples[i] = samples[512];
	assert_false(crypto_health(samples, sizeof(samples)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(clock_is_kept),
		T(clock_wants_the_so),
		T(clock_of_the_host),
		T(all_tests_pass),
		T(each_broken_test_is_found),
		T(an_inconsistent_pair),
		T(a_stuck_generator),
		cmocka_unit_test(health_finds_bad_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
