// SPDX-License-Identifier: BSD-3-Clause
/*
 * A card with its model's speed, measured by counts at a clock that stands still unless a test
 * moves it: how many answers there are, not how long they took.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "card.h"
#include "object_bench.h"

#define OPS		100
#define MS		1000000ull
#define RSA_RATE	1200		/* of network-6, RSA-2048: behaviour.md section 9 */
#define EC_RATE		1000
#define BURST_MS	10

static _Atomic uint64_t now_ns = 1000000 * MS;
extern __typeof__(clock_mono_ns) __wrap_clock_mono_ns;
uint64_t __wrap_clock_mono_ns(void)
{
	return atomic_load(&now_ns);
}

/* ---- Many commands at once --------------------------------------------------------- */

struct op {
	uint8_t req[128];
	uint8_t reply[600];
	uint32_t verdict, len;
	_Atomic bool done;
	bool asked;
};

static struct op ops[2][OPS];
enum { OF_RSA, OF_EC };
static uint32_t key[2];

static void op_done(void *opaque, uint32_t verdict, uint32_t len)
{
	struct op *op = opaque;

	op->verdict = verdict;
	op->len = len;
	atomic_store(&op->done, true);
}

static uint64_t tag_of(int kind, unsigned int i)
{
	return 1000u + (unsigned int)kind * OPS + i;
}

static void op_ask(int kind, unsigned int i)
{
	static const uint8_t hash[32] = { 1 };
	struct op *op = &ops[kind][i];
	struct fw_request rq = { .owner = bench.owner, .opcode = COFFER_CMD_SIGN, .req = op->req,
				 .reply = op->reply, .reply_room = sizeof(op->reply),
				 .tag = tag_of(kind, i) };
	struct wire_out out;

	memset(op, 0, sizeof(*op));
	wire_out_init(&out, op->req, sizeof(op->req));
	wire_put_u32(&out, session);
	wire_put_u32(&out, key[kind]);
	wire_put_u32(&out, kind == OF_RSA ? COFFER_CKM_SHA256_RSA_PKCS : COFFER_CKM_ECDSA);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, hash, sizeof(hash));
	rq.req_len = (uint32_t)out.len;
	op->asked = true;
	assert_int_equal(fw_submit(bench.card, &rq, op_done, op), 0);
}

static unsigned int answered(int kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < OPS; i++)
		n += ops[kind][i].asked && atomic_load(&ops[kind][i].done);
	return n;
}

static unsigned int asked(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 2 * OPS; i++)
		n += ops[i / OPS][i % OPS].asked;
	return n;
}

static unsigned int waiting(void)
{
	unsigned int n;

	pthread_mutex_lock(&bench.card->speed.lock);
	n = bench.card->speed.count;
	pthread_mutex_unlock(&bench.card->speed.lock);
	return n;
}

/* Until so many wait for their time, and all others are answered. */
static void settle(unsigned int want)
{
	for (int i = 0; i < 2000; i++) {
		if (waiting() == want && answered(OF_RSA) + answered(OF_EC) + want == asked())
			return;
		usleep(5000);
	}
	fail_msg("%u wait, %u and %u are answered, instead of %u waiting", waiting(),
		 answered(OF_RSA), answered(OF_EC), want);
}

static void ask_all(unsigned int n)
{
	memset(ops, 0, sizeof(ops));
	for (unsigned int i = 0; i < n; i++) {
		op_ask(OF_RSA, i);
		op_ask(OF_EC, i);
	}
}

/* Those who were left waiting by the test before, and full buckets. */
static int fresh(void **state)
{
	(void)state;
	atomic_fetch_add(&now_ns, 10000 * MS);
	settle(0);
	memset(ops, 0, sizeof(ops));
	return 0;
}

/* All that are asked end with this. */
static void all_end(uint32_t verdict)
{
	settle(0);
	for (unsigned int i = 0; i < 2 * OPS; i++)
		if (ops[i / OPS][i % OPS].asked && ops[i / OPS][i % OPS].verdict != verdict &&
		    ops[i / OPS][i % OPS].verdict)
			fail_msg("0x%x", ops[i / OPS][i % OPS].verdict);
}

/* How many of the asked have this verdict. */
static unsigned int with(uint32_t verdict)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 2 * OPS; i++)
		n += ops[i / OPS][i % OPS].asked && ops[i / OPS][i % OPS].verdict == verdict;
	return n;
}

/* ---- Rates ------------------------------------------------------------------------- */

/* row 97 */
static void answers_come_at_the_models_pace(void **state)
{
	const unsigned int rsa = RSA_RATE * BURST_MS / 1000, ec = EC_RATE * BURST_MS / 1000;

	(void)state;
	ask_all(OPS);
	settle(2 * OPS - rsa - ec);
	assert_int_equal(answered(OF_RSA), rsa);
	assert_int_equal(answered(OF_EC), ec);
	atomic_fetch_add(&now_ns, 50 * MS);
	settle(2 * OPS - rsa - ec - (RSA_RATE + EC_RATE) / 20);
	assert_int_equal(answered(OF_RSA), rsa + RSA_RATE / 20);
	assert_int_equal(answered(OF_EC), ec + EC_RATE / 20);
	atomic_fetch_add(&now_ns, 1000 * MS);
	settle(0);
	assert_int_equal(with(0), 2 * OPS);
	for (unsigned int i = 0; i < OPS; i++) {
		assert_int_equal(ops[OF_RSA][i].len, 256);
		assert_int_equal(ops[OF_EC][i].len, 64);
	}
	/* A long rest saves up no more than the bucket holds. */
	ask_all(20);
	settle(40 - rsa - ec);
	assert_int_equal(answered(OF_RSA), rsa);
}

/* row 97 */
static void the_figures_are_the_published_ones(void **state)
{
	static const struct {
		const char *profile;
		uint32_t type, bits, rate;
	} published[] = {
		{ "pcie-5.22", COFFER_CKK_RSA, 1024, 7000 },
		{ "pcie-6.24", COFFER_CKK_RSA, 2048, 1200 },
		{ "network-6", COFFER_CKK_RSA, 3072, 160 },
		{ "network-6", COFFER_CKK_RSA, 4096, 160 },
		{ "network-6", COFFER_CKK_RSA, 8192, 160 },
		{ "network-5", COFFER_CKK_EC, 256, 1000 },
		{ "network-5", COFFER_CKK_EC, 521, 1000 },
		{ "usb-6", COFFER_CKK_RSA, 1024, 200 },
		{ "usb-6", COFFER_CKK_EC, 256, 0 },
		{ "pcie-7.8", COFFER_CKK_RSA, 2048, 12000 },
		{ "network-7.4", COFFER_CKK_EC, 256, 10000 },
		{ "network-7.4", COFFER_CKK_AES, 256, 0 },
		{ "coffer", COFFER_CKK_RSA, 2048, 0 },
		{ "cloud-3.0", COFFER_CKK_RSA, 2048, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(published); i++) {
		const struct profile *p = profile_by_name(published[i].profile);
		const struct profile_rate *r;

		assert_non_null(p);
		r = profile_rate(p, published[i].type, published[i].bits);
		assert_int_equal(r ? r->per_second : 0, published[i].rate);
	}
}

/* ---- Others ------------------------------------------------------------------------ */

/* row 97 */
static void nobody_else_waits(void **state)
{
	uint32_t req[2] = { session, 16 };
	uint64_t other = owner_open(&bench);

	(void)state;
	ask_all(OPS);
	settle(2 * OPS - 22);
	expect(ask_as(&bench, other, COFFER_CMD_ECHO, "x", 1), 0);
	expect(ask(&bench, COFFER_CMD_RANDOM, req, sizeof(req)), 0);
	/* Nor is anything of the card in use: this wants its partition for itself. */
	expect(role_change(&bench, session, COFFER_ROLE_CO, CO_PIN, CO_PIN), 0);
	expect(owner_close(&bench, other), 0);
	assert_int_equal(waiting(), 2 * OPS - 22);
}

/* ---- Early ends -------------------------------------------------------------------- */

static void a_cancel_ends_the_wait(void **state)
{
	unsigned int i;

	(void)state;
	ask_all(OPS);
	settle(2 * OPS - 22);
	for (i = 0; atomic_load(&ops[OF_RSA][i].done); i++)
		;
	fw_cancel(bench.card, tag_of(OF_RSA, i));
	settle(2 * OPS - 23);
	expect(ops[OF_RSA][i].verdict, COFFER_ST_CANCEL);
	assert_int_equal(ops[OF_RSA][i].len, 0);
	assert_int_equal(with(COFFER_ST_CANCEL), 1);
}

static void a_logout_ends_the_wait(void **state)
{
	(void)state;
	ask_all(20);
	settle(40 - 22);
	expect(session_only(&bench, COFFER_CMD_LOGOUT, session), 0);
	all_end(COFFER_ST_USER_NOT_LOGGED_IN);
	assert_int_equal(with(COFFER_ST_USER_NOT_LOGGED_IN), 40 - 22);
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), 0);
}

static void the_end_of_a_session_ends_the_wait(void **state)
{
	(void)state;
	ask_all(20);
	settle(40 - 22);
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, session), 0);
	all_end(COFFER_ST_SESSION_HANDLE_INVALID);
	assert_int_equal(with(COFFER_ST_SESSION_HANDLE_INVALID), 40 - 22);
	session = session_open(&bench, bench.owner, 1, true, NULL);
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), 0);
}

static void power_off_ends_the_wait(void **state)
{
	(void)state;
	ask_all(20);
	settle(40 - 22);
	bench_off(&bench);
	assert_int_equal(with(COFFER_ST_DEVICE_REMOVED), 40 - 22);
	expect(bench_on(&bench, NULL), 0);
	session = session_open(&bench, bench.owner, 1, true, NULL);
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), 0);
}

/* The last test: the card stays as it is. */
static void a_tamper_ends_the_wait(void **state)
{
	(void)state;
	ask_all(20);
	settle(40 - 22);
	fw_card_tamper(bench.card);
	all_end(COFFER_ST_HSM_TAMPERED);
	assert_int_equal(with(COFFER_ST_HSM_TAMPERED), 40 - 22);
}

/* ---- Cards ------------------------------------------------------------------------- */

static uint32_t flags(void)
{
	expect(ask(&bench, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return word(&bench, offsetof(struct coffer_card_info, flags));
}

static void card_make(const char *profile, bool limited, int want)
{
	struct fw_create how = { .profile = profile, .kdf_test = true, .limited = limited };

	memset(&bench, 0, sizeof(bench));
	strcpy(bench.dir, "/tmp/fw_core.XXXXXX");
	assert_non_null(mkdtemp(bench.dir));
	snprintf(bench.path, sizeof(bench.path), "%s/card", bench.dir);
	expect(fw_card_create(bench.path, &how, bench.err, sizeof(bench.err)), want);
}

static void pair_make(int kind)
{
	static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	struct attrs public, private;
	uint32_t public_key;

	attrs_init(&public);
	attrs_init(&private);
	if (kind == OF_RSA)
		attrs_set_ulong(&public, A(MODULUS_BITS), 2048);
	else
		attrs_set(&public, A(EC_PARAMS), p256, sizeof(p256));
	attrs_set_bool(&private, A(TOKEN), true);
	expect(o_pair(kind == OF_RSA ? COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN :
				       COFFER_CKM_EC_KEY_PAIR_GEN,
		      &public, &private, &public_key, &key[kind]), 0);
	attrs_free(&public);
	attrs_free(&private);
}

static void card_use(void)
{
	expect(bench_on(&bench, NULL), 0);
	hsm_ready(&bench);
	session = partition_ready(&bench);
	expect(login(&bench, session, COFFER_ROLE_CO, CO_PIN), 0);
	pair_make(OF_RSA);
	pair_make(OF_EC);
}

/* row 97 */
static void off_unless_it_was_made_so(void **state)
{
	struct bench limited = bench;
	uint32_t keys[2] = { key[0], key[1] }, in = session;

	(void)state;
	assert_true(flags() & COFFER_CARD_LIMITED);
	card_make("network-6", false, 0);
	card_use();
	assert_false(flags() & COFFER_CARD_LIMITED);
	ask_all(OPS);
	settle(0);
	assert_int_equal(with(0), 2 * OPS);
	memset(ops, 0, sizeof(ops));
	bench_close(&bench);
	/* Where nothing is published there is nothing to be limited to. */
	card_make("coffer", true, -EINVAL);
	assert_non_null(strstr(bench.err, "no speed is published"));
	rmdir(bench.dir);
	bench = limited;
	memcpy(key, keys, sizeof(key));
	session = in;
}

static int begin(void **state)
{
	(void)state;
	card_make("network-6", true, 0);
	card_use();
	return 0;
}

static int end(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

#define T(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answers_come_at_the_models_pace),
		T(the_figures_are_the_published_ones),
		T(nobody_else_waits),
		T(a_cancel_ends_the_wait),
		T(a_logout_ends_the_wait),
		T(the_end_of_a_session_ends_the_wait),
		T(power_off_ends_the_wait),
		T(off_unless_it_was_made_so),
		T(a_tamper_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
