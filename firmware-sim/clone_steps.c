// SPDX-License-Identifier: BSD-3-Clause
/*
 * The negotiation: four messages, or five when the source begins (CPv3), after which both cards
 * know that the other is genuine, holds the same domain, and means the same session
 * (PROTOCOLS.md, "Negotiation"). Any error voids the context; there is no second try and no
 * other protocol.
 */
#include "clone.h"

#include <string.h>

static struct bytes der(const struct crypto_der *d)
{
	return (struct bytes){ d->p, d->len };
}

static struct bytes written(const struct wire_out *out)
{
	return (struct bytes){ out->base, out->len };
}

static void keep(struct crypto_der *to, struct bytes from)
{
	to->len = from.len;		/* at most CRYPTO_DER_MAX: the parser saw to it */
	memcpy(to->p, from.p, from.len);
}

static bool same(const struct crypto_der *a, struct bytes b)
{
	return a->len == b.len && crypto_equal(a->p, b.p, b.len);
}

static void put_der(struct wire_out *out, const struct crypto_der *d, bool wanted)
{
	wire_put_blob(out, d->p, wanted ? d->len : 0);
}

/* ---- 0: source, m0 (CPv3) ---------------------------------------------------------------- */

/* m0 and m1: who I am, and my certificates. */
static uint32_t write_opening(struct cmd *c, const struct clone_context *x, enum clone_kind kind,
			      bool with_wrap, struct wire_out *out)
{
	const struct identity *id = card_identity(c->card);

	clone_msg_begin(out, kind);
	clone_offer_write(&x->own, out);
	put_der(out, &id->device_cert, true);
	put_der(out, &id->wrap_cert, with_wrap);
	return clone_msg_end(out);
}

static uint32_t make_m0(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	uint32_t st = COFFER_ST_PROTOCOL_DISABLED;

	(void)in;
	x->invited = true;
	if (x->own.protocols & COFFER_CLONE_CPV3)
		st = write_opening(c, x, CLONE_M0, true, out);
	return st ? st : clone_hash(c->crypto, written(out), x->t.m0);
}

/* ---- 1: target, [m0] -> m1 --------------------------------------------------------------- */

/* Nothing in it is signed; m2 has to say the same, under a signature. */
static uint32_t read_m0(struct cmd *c, struct clone_context *x, struct bytes in)
{
	static const uint8_t zero[CLONE_NONCE];
	struct clone_msg m;
	uint32_t st = clone_msg_parse(in, CLONE_M0, 0, &m);

	if (st)
		return st;
	if (memcmp(m.offer.peer_nonce, zero, sizeof(zero)))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	st = clone_check_peer(c, x, &m, true);
	if (st)
		return st;
	x->invited = true;
	x->peer = m.offer;
	keep(&x->peer_cert, m.device_cert);
	keep(&x->peer_wrap, m.wrap_cert);
	memcpy(x->own.peer_nonce, m.offer.nonce, sizeof(x->own.peer_nonce));
	st = clone_hash(c->crypto, in, x->t.m0);
	return st ? st : clone_choose(c, x);
}

static bool rsa_possible(const struct clone_context *x, const struct clone_offer *target)
{
	return x->invited || target->protocols & COFFER_CLONE_CPV1;
}

static uint32_t make_m1(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	uint32_t st = in.p ? read_m0(c, x, in) : COFFER_ST_OK;

	if (!st)
		st = write_opening(c, x, CLONE_M1, rsa_possible(x, &x->own), out);
	return st ? st : clone_open(c->crypto, &x->t, written(out), x->invited);
}

/* ---- 2: source, m1 -> m2 ----------------------------------------------------------------- */

static uint32_t read_m1(struct cmd *c, struct clone_context *x, struct bytes in,
			struct clone_msg *m)
{
	static const uint8_t zero[CLONE_NONCE];
	uint32_t st = clone_msg_parse(in, CLONE_M1, 0, m);

	if (st)
		return st;
	/* It answers our m0, or nothing yet. */
	if (!crypto_equal(m->offer.peer_nonce, x->invited ? x->own.nonce : zero, CLONE_NONCE))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	st = clone_check_peer(c, x, m, rsa_possible(x, &m->offer));
	if (st)
		return st;
	x->peer = m->offer;
	keep(&x->peer_cert, m->device_cert);
	st = clone_check_own(c, x);
	if (!st)
		st = clone_open(c->crypto, &x->t, in, x->invited);
	if (!st)
		st = clone_set_parties(c, x, m->device_cert);
	memcpy(x->own.peer_nonce, m->offer.nonce, sizeof(x->own.peer_nonce));
	return st ? st : clone_choose(c, x);
}

static uint32_t make_m2(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	const struct identity *id = card_identity(c->card);
	uint8_t share[CLONE_SHARE_MAX];
	struct clone_msg m1;
	size_t share_len;
	uint32_t st = read_m1(c, x, in, &m1);

	if (!st)
		st = x->suite->ops->share(c, x, m1.wrap_cert, share, &share_len);
	if (st)
		return st;
	clone_msg_begin(out, CLONE_M2);
	clone_offer_write(&x->own, out);
	wire_put_u32(out, x->suite->protocol);
	wire_put_u32(out, x->suite->id);
	put_der(out, &id->device_cert, true);
	put_der(out, &id->wrap_cert, x->suite->protocol != COFFER_CLONE_CPV4);
	wire_put_blob(out, share, share_len);
	st = clone_msg_sign(c, out, CLONE_M2, &x->t);
	return st ? st : clone_hash(c->crypto, written(out), x->t.m2);
}

/* ---- 3: target, m2 -> m3 ----------------------------------------------------------------- */

/* What was said in m0 without a signature is now said again under one. */
static uint32_t same_as_m0(const struct clone_context *x, const struct clone_msg *m)
{
	if (!x->invited)
		return COFFER_ST_OK;
	if (!clone_offer_same(&m->offer, &x->peer) || !same(&x->peer_cert, m->device_cert) ||
	    !same(&x->peer_wrap, m->wrap_cert))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	return COFFER_ST_OK;
}

static uint32_t read_m2(struct cmd *c, struct clone_context *x, struct bytes in,
			struct clone_msg *m)
{
	uint32_t st = clone_msg_parse(in, CLONE_M2, 0, m);

	if (!st)
		st = clone_check_peer(c, x, m, m->protocol == COFFER_CLONE_CPV1 ||
				      m->protocol == COFFER_CLONE_CPV3);
	if (!st)
		st = clone_msg_verify(c, m, CLONE_M2, &x->t, m->device_cert);
	if (!st)
		st = same_as_m0(x, m);
	if (st)
		return st;
	if (!crypto_equal(m->offer.peer_nonce, x->own.nonce, CLONE_NONCE))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	x->peer = m->offer;
	memcpy(x->own.peer_nonce, m->offer.nonce, sizeof(x->own.peer_nonce));
	st = clone_check_own(c, x);
	if (!st)
		st = clone_choose(c, x);
	if (st)
		return st;
	/* The source's choice counts for nothing but as a check: ours must be the same. */
	if (m->protocol != x->suite->protocol || m->suite != x->suite->id)
		return COFFER_ST_PROTOCOL_DISABLED;
	st = clone_hash(c->crypto, in, x->t.m2);
	return st ? st : clone_set_parties(c, x, m->device_cert);
}

static uint32_t write_m3(struct cmd *c, struct clone_context *x, struct bytes share,
			 struct bytes shared, struct wire_out *out)
{
	uint32_t st;

	clone_msg_begin(out, CLONE_M3);
	clone_offer_write(&x->own, out);
	wire_put_blob(out, share.p, share.len);
	clone_msg_length(out, CLONE_DOMAINS * x->suite->mac_len + CRYPTO_DEVICE_SIG);
	st = clone_hash(c->crypto, written(out), x->t.m3_core);
	if (!st)
		st = clone_proofs_write(c, x, shared, out);
	if (!st)
		st = clone_msg_sign(c, out, CLONE_M3, &x->t);
	if (!st)
		st = clone_hash(c->crypto, written(out), x->t.m3);
	return st ? st : clone_session_id(c->crypto, &x->t, x->session);
}

static uint32_t make_m3(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	uint8_t share[CLONE_SHARE_MAX];
	uint8_t shared[CLONE_SHARED_MAX];
	size_t share_len, shared_len;
	struct clone_msg m2;
	uint32_t st = read_m2(c, x, in, &m2);

	if (!st)
		st = clone_may_negotiate(c);
	if (!st)
		st = x->suite->ops->share(c, x, m2.wrap_cert, share, &share_len);
	if (!st)
		st = x->suite->ops->agree(c, x, m2.share, shared, &shared_len);
	if (st)
		return st;
	/*
	 * The peer learns from m3 whether the domains match, and may never answer. So the attempt
	 * counts as failed, durably, before m3 exists; a good m4 takes that one back.
	 */
	st = card_clone_failed(c->card, c->part, &x->attempt);
	if (!st)
		st = write_m3(c, x, (struct bytes){ share, share_len },
			      (struct bytes){ shared, shared_len }, out);
	crypto_wipe(shared, sizeof(shared));
	return st;
}

/* ---- 4: source, m3 -> m4 ----------------------------------------------------------------- */

static uint32_t read_m3(struct cmd *c, struct clone_context *x, struct bytes in,
			struct clone_msg *m)
{
	uint32_t st = clone_msg_parse(in, CLONE_M3, x->suite->mac_len, m);

	if (!st)
		st = clone_msg_verify(c, m, CLONE_M3, &x->t, der(&x->peer_cert));
	if (st)
		return st;
	if (!crypto_equal(m->offer.peer_nonce, x->own.nonce, CLONE_NONCE) ||
	    !clone_offer_same(&m->offer, &x->peer))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	x->peer = m->offer;
	st = clone_check_own(c, x);
	if (!st)
		st = clone_hash(c->crypto, m->core, x->t.m3_core);
	if (!st)
		st = clone_hash(c->crypto, in, x->t.m3);
	return st ? st : clone_session_id(c->crypto, &x->t, x->session);
}

static uint32_t make_m4(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	uint8_t shared[CLONE_SHARED_MAX];
	uint8_t mac[CRYPTO_HASH_MAX];
	struct clone_msg m3;
	size_t len;
	uint32_t st = read_m3(c, x, in, &m3);

	if (!st)
		st = clone_may_negotiate(c);
	if (!st)
		st = x->suite->ops->agree(c, x, m3.share, shared, &len);
	if (st)
		return st;
	/* Counted before it is looked at: a power cut gives no free guess. */
	st = card_clone_failed(c->card, c->part, &x->attempt);
	if (!st)
		st = clone_proofs_check(c, x, (struct bytes){ shared, len }, m3.proofs);
	crypto_wipe(shared, sizeof(shared));
	if (!st)
		st = card_clone_good(c->card, c->part, &x->attempt);
	if (!st)
		st = clone_prove_source(c->crypto, x->suite, &x->t, &x->keys[0], mac);
	if (st)
		return st;
	clone_msg_begin(out, CLONE_M4);
	wire_put(out, mac, x->suite->mac_len);
	return clone_msg_end(out);
}

/* ---- 5: target, m4 ----------------------------------------------------------------------- */

static uint32_t take_m4(struct cmd *c, struct clone_context *x, struct bytes in,
			struct wire_out *out)
{
	struct clone_msg m4;
	uint32_t st = clone_msg_parse(in, CLONE_M4, x->suite->mac_len, &m4);

	(void)out;
	if (!st)
		st = clone_proof_accept(c, x, m4.proofs);
	return st ? st : card_clone_good(c->card, c->part, &x->attempt);
}

/* ---- The commands: one frame, the steps as data ------------------------------------------ */

struct step {
	enum clone_side side;
	enum clone_step from;			/* of a context that is there already */
	enum clone_step to;
	size_t room;				/* for the message out; 0: there is none */
	uint32_t (*take)(struct cmd *c, struct clone_context *x, struct bytes in,
			 struct wire_out *out);
};

#define M4_MAX	(CLONE_MSG_HEADER + CRYPTO_HASH_MAX)

static const struct step invite = {
	CLONE_SOURCE, 0, CLONE_STEP_INVITED, CLONE_MSG_MAX, make_m0
};
static const struct step start = {
	CLONE_TARGET, 0, CLONE_STEP_STARTED, CLONE_MSG_MAX, make_m1
};
static const struct step answer = {
	CLONE_SOURCE, CLONE_STEP_INVITED, CLONE_STEP_ANSWERED, CLONE_MSG_MAX, make_m2
};
static const struct step confirm = {
	CLONE_TARGET, CLONE_STEP_STARTED, CLONE_STEP_CONFIRMED, CLONE_MSG_MAX, make_m3
};
static const struct step verify = {
	CLONE_SOURCE, CLONE_STEP_ANSWERED, CLONE_STEP_OPEN, M4_MAX, make_m4
};
static const struct step accept = {
	CLONE_TARGET, CLONE_STEP_CONFIRMED, CLONE_STEP_OPEN, 0, take_m4
};

#define REPLY_HEAD	16

/* Asked before anything is done, and only here: a reply that does not fit costs no context. */
static bool has_room(const struct cmd *c, const struct step *step)
{
	return !step->room || c->out.room - c->out.len >= REPLY_HEAD + 4 + step->room;
}

static void session_opened(struct cmd *c, struct clone_context *x)
{
	/* The proofs are done: what they were made with is of no more use. */
	crypto_wipe(x->keys[0].confirm_target, sizeof(x->keys[0].confirm_target));
	crypto_wipe(x->keys[0].confirm_source, sizeof(x->keys[0].confirm_source));
	card_event(c->card, COFFER_EV_CLONE_SESSION, partition_id(c->part), x->peer.partition);
}

static void reply(struct cmd *c, const struct clone_context *x, struct bytes message)
{
	wire_put_u32(&c->out, x->thing.id);
	wire_put_u32(&c->out, x->suite ? x->suite->protocol : 0);
	wire_put_u32(&c->out, x->suite ? x->suite->id : 0);
	wire_put_u32(&c->out, clone_context_left_s(c, x));
	wire_put_blob(&c->out, message.p, message.len);
}

/* One step of a context: from the message in to the reply, or to the context's end. */
static uint32_t go(struct cmd *c, struct clone_context *x, const struct step *step,
		   struct bytes in)
{
	uint8_t buf[CLONE_MSG_MAX];
	struct wire_out out;
	uint32_t st;

	wire_out_init(&out, buf, step->room);
	st = step->take(c, x, in, &out);
	x->step = step->to;
	if (!st && step->room)
		reply(c, x, written(&out));
	if (st)
		card_event(c->card, COFFER_EV_CLONE_REFUSED, partition_id(c->part), st);
	else if (step->to == CLONE_STEP_OPEN)
		session_opened(c, x);
	clone_context_put(c, x, !st);
	return st;
}

static uint32_t begin(struct cmd *c, const struct step *step, struct bytes in)
{
	struct clone_context *x;
	uint32_t st;

	if (!has_room(c, step))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_may_negotiate(c);
	if (!st)
		st = clone_context_new(c, step->side, &x);
	return st ? st : go(c, x, step, in);
}

static uint32_t resume(struct cmd *c, const struct step *step, uint32_t id, struct bytes in)
{
	struct clone_context *x;
	uint32_t st;

	if (!has_room(c, step))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_context_get(c, id, step->side, step->from, &x);
	return st ? st : go(c, x, step, in);
}

/* {context; blob message} */
static uint32_t resume_request(struct cmd *c, const struct step *step)
{
	uint32_t id = wire_u32(&c->in);
	struct bytes in = wire_blob(&c->in, CLONE_MSG_MAX);

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	return resume(c, step, id, in);
}

uint32_t handle_CLONE_INVITE(struct cmd *c)
{
	uint32_t reserved = wire_u32(&c->in);	/* and no more: the table says so */

	if (reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	return begin(c, &invite, (struct bytes){ NULL, 0 });
}

uint32_t handle_CLONE_START(struct cmd *c)
{
	uint32_t reserved = wire_u32(&c->in);
	struct bytes m0 = { NULL, 0 };

	if (c->in.left)
		m0 = wire_blob(&c->in, CLONE_MSG_MAX);
	if (!wire_in_done(&c->in) || reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	return begin(c, &start, m0);
}

uint32_t handle_CLONE_ANSWER(struct cmd *c)
{
	uint32_t id = wire_u32(&c->in);
	struct bytes m1 = wire_blob(&c->in, CLONE_MSG_MAX);

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	return id ? resume(c, &answer, id, m1) : begin(c, &answer, m1);
}

uint32_t handle_CLONE_CONFIRM(struct cmd *c)
{
	return resume_request(c, &confirm);
}

uint32_t handle_CLONE_VERIFY(struct cmd *c)
{
	return resume_request(c, &verify);
}

uint32_t handle_CLONE_ACCEPT(struct cmd *c)
{
	return resume_request(c, &accept);
}
