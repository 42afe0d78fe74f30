// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a cloning context and a signature are bound to, from the inside: here even those checks
 * are met that a command cannot reach, because another one is before them.
 */
#include "fw_core.h"

#include "card.h"
#include "clone.h"

static struct bench bench;
static uint32_t session;

/* A command of the CO as the dispatcher would hand it to a handler. */
static struct cmd inside(void)
{
	return (struct cmd){ .card = bench.card, .crypto = bench.card->crypto,
			     .owner = bench.owner, .part = partition_find(bench.card, 1),
			     .role = COFFER_ROLE_CO, .session_rw = true,
			     .session = session_get(bench.card, bench.owner, session) };
}

static uint32_t new_context(struct cmd *c, uint32_t *id)
{
	struct clone_context *x;
	uint32_t st = clone_context_new(c, CLONE_TARGET, &x);

	*id = 0;
	if (!st) {
		x->step = CLONE_STEP_STARTED;
		*id = x->thing.id;
		clone_context_put(c, x, true);
	}
	return st;
}

static uint32_t get_context(struct cmd *c, uint32_t id)
{
	struct clone_context *x;
	uint32_t st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_STARTED, &x);

	if (!st)
		clone_context_put(c, x, true);
	return st;
}

static void a_context_is_of_its_role(void **state)
{
	struct cmd c = inside();
	uint32_t id;

	(void)state;
	expect(new_context(&c, &id), COFFER_ST_OK);
	expect(get_context(&c, id), COFFER_ST_OK);
	c.role = COFFER_ROLE_CU;
	expect(get_context(&c, id), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* And that was its end, for everybody. */
	c.role = COFFER_ROLE_CO;
	expect(get_context(&c, id), COFFER_ST_SESSION_ID_INVALID);
	session_put(c.session);
}

static void a_context_is_of_its_epoch(void **state)
{
	struct cmd c = inside();
	uint32_t id;

	(void)state;
	expect(new_context(&c, &id), COFFER_ST_OK);
	atomic_store(&c.part->epoch, card_new_epoch(c.card));
	expect(get_context(&c, id), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	expect(get_context(&c, id), COFFER_ST_SESSION_ID_INVALID);
	session_put(c.session);
}

static void a_context_is_of_its_side_and_step(void **state)
{
	struct cmd c = inside();
	struct clone_context *x;
	uint32_t id;

	(void)state;
	expect(new_context(&c, &id), COFFER_ST_OK);
	expect(clone_context_get(&c, id, CLONE_SOURCE, CLONE_STEP_STARTED, &x),
	       COFFER_ST_SESSION_NEGOTIATION_INVALID);
	expect(new_context(&c, &id), COFFER_ST_OK);
	expect(clone_context_get(&c, id, CLONE_TARGET, CLONE_STEP_OPEN, &x),
	       COFFER_ST_SESSION_NEGOTIATION_INVALID);
	session_put(c.session);
}

/* ---- Signatures -------------------------------------------------------------------------- */

#define BODY	64

struct signed_text {
	uint8_t buf[BODY + CRYPTO_DEVICE_SIG];
	struct clone_transcript t;
	struct clone_msg m;
};

static void sign_text(struct cmd *c, enum clone_kind kind, struct signed_text *s)
{
	struct wire_out out;
	uint8_t filler[BODY - CLONE_MSG_HEADER] = { 1, 2, 3 };

	memset(s, 0, sizeof(*s));
	memset(&s->t, 7, sizeof(s->t));
	wire_out_init(&out, s->buf, sizeof(s->buf));
	clone_msg_begin(&out, kind);
	wire_put(&out, filler, sizeof(filler));
	expect(clone_msg_sign(c, &out, kind, &s->t), COFFER_ST_OK);
	s->m.body = (struct bytes){ s->buf, BODY };
	s->m.sig = (struct bytes){ s->buf + BODY, CRYPTO_DEVICE_SIG };
}

static uint32_t verify(struct cmd *c, enum clone_kind kind, const struct signed_text *s)
{
	const struct crypto_der *cert = &card_identity(c->card)->device_cert;

	return clone_msg_verify(c, &s->m, kind, &s->t, (struct bytes){ cert->p, cert->len });
}

static void a_signature_is_of_all_before_it(void **state)
{
	struct cmd c = inside();
	struct signed_text s;

	(void)state;
	for (enum clone_kind kind = CLONE_M2; kind <= CLONE_M3; kind++) {
		sign_text(&c, kind, &s);
		expect(verify(&c, kind, &s), COFFER_ST_OK);
		s.t.opening[47] ^= 1;
		expect(verify(&c, kind, &s), COFFER_ST_SESSION_NEGOTIATION_INVALID);
		s.t.opening[47] ^= 1;
		s.buf[BODY - 1] ^= 1;
		expect(verify(&c, kind, &s), COFFER_ST_SESSION_NEGOTIATION_INVALID);
		s.buf[BODY - 1] ^= 1;
		expect(verify(&c, kind, &s), COFFER_ST_OK);
	}
	s.t.m2[47] ^= 1;
	expect(verify(&c, CLONE_M3, &s), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	session_put(c.session);
}

/* Bytes that mean one thing as m2 and another as m3: the label keeps them apart. */
static void a_signature_is_of_its_message(void **state)
{
	struct bytes pieces[3];
	struct signed_text s;
	struct cmd c = inside();
	uint8_t sig[CRYPTO_DEVICE_SIG];

	(void)state;
	sign_text(&c, CLONE_M2, &s);
	/* What is signed without the label, signed by the same key. */
	pieces[0] = (struct bytes){ s.t.opening, CLONE_MHASH };
	pieces[1] = s.m.body;
	expect(crypto_device_sign(c.crypto, &card_identity(c.card)->device_key, pieces, 2, sig),
	       COFFER_ST_OK);
	s.m.sig.p = sig;
	expect(verify(&c, CLONE_M2, &s), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	session_put(c.session);
}

static int begin(void **state)
{
	(void)state;
	bench_open(&bench, NULL);
	session = partition_ready(&bench);
	return login(&bench, session, COFFER_ROLE_CO, CO_PIN) ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_is_of_its_role),
		cmocka_unit_test(a_context_is_of_its_epoch),
		cmocka_unit_test(a_context_is_of_its_side_and_step),
		cmocka_unit_test(a_signature_is_of_all_before_it),
		cmocka_unit_test(a_signature_is_of_its_message),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
