// SPDX-License-Identifier: BSD-3-Clause
/*
 * The negotiation: four messages after which both cards know that the other is genuine, holds
 * the same domain, and means the same session (PROTOCOLS.md, "Negotiation"). Any error voids
 * the context; there is no second try and no other protocol.
 */
#include "clone.h"

#include <string.h>

#define POLICY_HSM_CLONING	7

static struct bytes der(const struct crypto_der *d)
{
	return (struct bytes){ d->p, d->len };
}

/* ---- Checks that both sides make --------------------------------------------------------- */

/* First of all, so that a throttled card computes nothing for whoever guesses. */
static uint32_t may_negotiate(struct cmd *c)
{
	if (partition_clone_wait_ms(c->part))
		return COFFER_ST_CLONE_THROTTLED;
	if (!card_policy(c->card, POLICY_HSM_CLONING))
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	if (!partition_domains(c->part))
		return COFFER_ST_CLONING_PARAMETER_MISSING;
	return COFFER_ST_OK;
}

/* The clock is the host's and so the relay's: validity dates are not looked at. */
static uint32_t check_cert(struct cmd *c, struct bytes cert, const char *use, uint64_t card)
{
	uint64_t serial = 0;

	if (!cert.len)
		return COFFER_ST_CERTIFICATE_DATA_MISSING;
	if (crypto_cert_check(c->crypto, der(&card_identity(c->card)->root), cert, use, 0,
			      &serial) || serial != card)
		return COFFER_ST_CERTIFICATE_DATA_INVALID;
	return COFFER_ST_OK;
}

static uint32_t check_peer(struct cmd *c, const struct clone_context *x,
			   const struct clone_msg *m, bool with_wrap)
{
	uint32_t st;

	if (memcmp(m->offer.root, x->own.root, sizeof(x->own.root)))
		return COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS;
	st = check_cert(c, m->device_cert, CRYPTO_CERT_DEVICE, m->offer.card);
	if (st)
		return st;
	if (with_wrap)
		return check_cert(c, m->wrap_cert, CRYPTO_CERT_WRAP, m->offer.card);
	return m->wrap_cert.len ? COFFER_ST_CPV4_MSG_ERROR : COFFER_ST_OK;
}

/* What was offered is bound into the keys, so it must still be true when they are made. */
static uint32_t check_own_offer(struct cmd *c, const struct clone_context *x)
{
	struct clone_offer now;
	uint32_t st = clone_offer_build(c, x->side, &now);

	if (st)
		return st;
	memcpy(now.nonce, x->own.nonce, sizeof(now.nonce));
	return clone_offer_same(&now, &x->own) ? COFFER_ST_OK :
		COFFER_ST_SESSION_NEGOTIATION_INVALID;
}

static uint32_t decide(struct clone_context *x)
{
	bool source = x->side == CLONE_SOURCE;
	uint32_t protocol, suite;
	uint32_t st = clone_decide(source ? &x->own : &x->peer, source ? &x->peer : &x->own,
				   &protocol, &suite);

	if (st)
		return st;
	x->suite = clone_suite(protocol, suite);
	x->ops = protocol == COFFER_CLONE_CPV1 ? &clone_v1_ops : &clone_v4_ops;
	return COFFER_ST_OK;
}

/* Which slot of the source-target pairs is whose. */
static uint32_t set_parties(struct cmd *c, struct clone_context *x, struct bytes peer_cert)
{
	int own = x->side == CLONE_SOURCE ? 0 : 1;
	uint32_t st;

	x->t.card[own] = x->own.card;
	x->t.partition[own] = x->own.partition;
	x->t.card[!own] = x->peer.card;
	x->t.partition[!own] = x->peer.partition;
	st = clone_hash(c->crypto, der(&card_identity(c->card)->device_cert), x->t.cert[own]);
	return st ? st : clone_hash(c->crypto, peer_cert, x->t.cert[!own]);
}

/* CPv1 knows the primary domain only; it is the first one. */
static unsigned int usable_domains(const struct cmd *c, const struct clone_context *x)
{
	unsigned int n = partition_domains(c->part);

	if (x->suite->protocol == COFFER_CLONE_CPV1 && n > 1)
		n = 1;
	return n < CLONE_DOMAINS ? n : CLONE_DOMAINS;
}

static uint32_t derive_for(struct cmd *c, const struct clone_context *x, unsigned int index,
			   struct bytes shared, struct clone_keys *keys)
{
	uint8_t domain[32];
	uint32_t st = partition_domain_key(c->part, index, domain);

	if (!st)
		st = clone_keys_derive(c->crypto, x->suite, &x->t, shared, domain, keys);
	crypto_wipe(domain, sizeof(domain));
	return st;
}

static uint32_t no_domain(const struct clone_context *x)
{
	return x->suite->protocol == COFFER_CLONE_CPV1 ? COFFER_ST_CERTIFICATE_DATA_INVALID :
		COFFER_ST_SESSION_NEGOTIATION_NO_PSK;
}

static void session_opened(struct cmd *c, struct clone_context *x)
{
	x->step = CLONE_STEP_OPEN;
	/* The proofs are done: what they were made with is of no more use. */
	crypto_wipe(x->keys[0].confirm_target, sizeof(x->keys[0].confirm_target));
	crypto_wipe(x->keys[0].confirm_source, sizeof(x->keys[0].confirm_source));
	card_event(c->card, COFFER_EV_CLONE_SESSION, partition_id(c->part), x->peer.partition);
}

static void reply_head(struct cmd *c, const struct clone_context *x)
{
	wire_put_u32(&c->out, x->thing.id);
	wire_put_u32(&c->out, x->suite ? x->suite->protocol : 0);
	wire_put_u32(&c->out, x->suite ? x->suite->id : 0);
	wire_put_u32(&c->out, clone_context_left_s(c, x));
}

#define REPLY_HEAD	16

/* Asked before anything is done: a reply that does not fit must not cost a context. */
static bool has_room(const struct cmd *c, size_t message)
{
	return c->out.room - c->out.len >= REPLY_HEAD + 4 + message;
}

/* The end of each step: the reply when all went well, else an end of the context. */
static uint32_t end_step(struct cmd *c, struct clone_context *x, uint32_t st,
			 const struct wire_out *msg)
{
	if (!st) {
		reply_head(c, x);
		wire_put_blob(&c->out, msg->base, msg->len);
		if (!wire_out_ok(&c->out))
			st = COFFER_ST_BUFFER_TOO_SMALL;
	}
	if (st)
		card_event(c->card, COFFER_EV_CLONE_REFUSED, partition_id(c->part), st);
	clone_context_put(c, x, !st);
	return st;
}

static void put_der(struct wire_out *out, const struct crypto_der *d, bool wanted)
{
	wire_put_blob(out, d->p, wanted ? d->len : 0);
}

/* ---- 1: target, m1 ----------------------------------------------------------------------- */

static uint32_t write_m1(struct cmd *c, struct clone_context *x, struct wire_out *out)
{
	const struct identity *id = card_identity(c->card);
	uint32_t st;

	clone_msg_begin(out, CLONE_M1);
	clone_offer_write(&x->own, out);
	put_der(out, &id->device_cert, true);
	put_der(out, &id->wrap_cert, x->own.protocols & COFFER_CLONE_CPV1);
	st = clone_msg_end(out);
	if (!st)
		st = clone_hash(c->crypto, (struct bytes){ out->base, out->len }, x->t.m1);
	return st;
}

uint32_t handle_CLONE_START(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_MAX];
	struct clone_context *x;
	struct wire_out out;
	uint32_t reserved = wire_u32(&c->in);
	uint32_t st;

	if (!wire_in_done(&c->in) || reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_room(c, sizeof(buf)))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = may_negotiate(c);
	if (!st)
		st = clone_context_new(c, CLONE_TARGET, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	return end_step(c, x, write_m1(c, x, &out), &out);
}

/* ---- 2: source, m1 -> m2 ----------------------------------------------------------------- */

static uint32_t read_m1(struct cmd *c, struct clone_context *x, struct bytes in,
			struct clone_msg *m)
{
	static const uint8_t zero[CLONE_NONCE];
	uint32_t st = clone_msg_parse(in, CLONE_M1, 0, m);

	if (st)
		return st;
	/* In m1 nothing is answered yet. */
	if (memcmp(m->offer.peer_nonce, zero, sizeof(zero)))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	st = check_peer(c, x, m, m->offer.protocols & COFFER_CLONE_CPV1);
	if (st)
		return st;
	x->peer = m->offer;
	x->peer_cert.len = m->device_cert.len;
	memcpy(x->peer_cert.p, m->device_cert.p, m->device_cert.len);
	memcpy(x->own.peer_nonce, m->offer.nonce, sizeof(x->own.peer_nonce));
	st = clone_hash(c->crypto, in, x->t.m1);
	if (!st)
		st = set_parties(c, x, m->device_cert);
	return st ? st : decide(x);
}

static uint32_t write_m2(struct cmd *c, struct clone_context *x, struct bytes peer_wrap,
			 struct wire_out *out)
{
	const struct identity *id = card_identity(c->card);
	uint8_t share[CLONE_SHARE_MAX];
	size_t share_len;
	uint32_t st = x->ops->share(c, x, peer_wrap, share, &share_len);

	if (st)
		return st;
	clone_msg_begin(out, CLONE_M2);
	clone_offer_write(&x->own, out);
	wire_put_u32(out, x->suite->protocol);
	wire_put_u32(out, x->suite->id);
	put_der(out, &id->device_cert, true);
	put_der(out, &id->wrap_cert, x->suite->protocol == COFFER_CLONE_CPV1);
	wire_put_blob(out, share, share_len);
	st = clone_msg_sign(c, out, CLONE_M2, &x->t);
	if (!st)
		st = clone_hash(c->crypto, (struct bytes){ out->base, out->len }, x->t.m2);
	return st;
}

uint32_t handle_CLONE_ANSWER(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_MAX];
	struct clone_context *x;
	struct wire_out out;
	struct clone_msg m;
	uint32_t reserved = wire_u32(&c->in);
	struct bytes m1 = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t st;

	if (!wire_in_done(&c->in) || reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_room(c, sizeof(buf)))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = may_negotiate(c);
	if (!st)
		st = clone_context_new(c, CLONE_SOURCE, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	st = read_m1(c, x, m1, &m);
	if (!st)
		st = write_m2(c, x, m.wrap_cert, &out);
	return end_step(c, x, st, &out);
}

/* ---- 3: target, m2 -> m3 ----------------------------------------------------------------- */

static uint32_t read_m2(struct cmd *c, struct clone_context *x, struct bytes in,
			struct clone_msg *m)
{
	uint32_t st = clone_msg_parse(in, CLONE_M2, 0, m);

	if (!st)
		st = check_peer(c, x, m, m->protocol == COFFER_CLONE_CPV1);
	if (!st)
		st = clone_msg_verify(c, m, CLONE_M2, &x->t, m->device_cert);
	if (st)
		return st;
	if (!crypto_equal(m->offer.peer_nonce, x->own.nonce, CLONE_NONCE))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	x->peer = m->offer;
	memcpy(x->own.peer_nonce, m->offer.nonce, sizeof(x->own.peer_nonce));
	st = check_own_offer(c, x);
	if (!st)
		st = decide(x);
	if (st)
		return st;
	/* The source's choice counts for nothing but as a check: ours must be the same. */
	if (m->protocol != x->suite->protocol || m->suite != x->suite->id)
		return COFFER_ST_PROTOCOL_DISABLED;
	st = clone_hash(c->crypto, in, x->t.m2);
	return st ? st : set_parties(c, x, m->device_cert);
}

/* One proof per domain of ours; random ones hide how many there are. */
static uint32_t write_proofs(struct cmd *c, struct clone_context *x, struct bytes shared,
			     struct wire_out *out)
{
	unsigned int domains = usable_domains(c, x);
	uint8_t mac[CRYPTO_HASH_MAX];
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < CLONE_DOMAINS; i++) {
		if (i < domains) {
			st = derive_for(c, x, i, shared, &x->keys[i]);
			x->domain[i] = partition_domain_id(c->part, i);
			x->key_count = i + 1;
			if (!st)
				st = clone_prove_target(c->crypto, x->suite, &x->t, &x->keys[i],
							mac);
		} else {
			st = crypto_random(c->crypto, mac, x->suite->mac_len);
		}
		wire_put(out, mac, x->suite->mac_len);
	}
	return st;
}

static uint32_t write_m3(struct cmd *c, struct clone_context *x, struct bytes share,
			 struct bytes shared, struct wire_out *out)
{
	uint32_t st;

	clone_msg_begin(out, CLONE_M3);
	clone_offer_write(&x->own, out);
	wire_put_blob(out, share.p, share.len);
	clone_msg_length(out, CLONE_DOMAINS * x->suite->mac_len + CRYPTO_DEVICE_SIG);
	if (!wire_out_ok(out))
		return COFFER_ST_CPV4_MSG_ERROR;
	st = clone_hash(c->crypto, (struct bytes){ out->base, out->len }, x->t.m3_core);
	if (!st)
		st = write_proofs(c, x, shared, out);
	if (!st)
		st = clone_msg_sign(c, out, CLONE_M3, &x->t);
	if (!st)
		st = clone_hash(c->crypto, (struct bytes){ out->base, out->len }, x->t.m3);
	return st ? st : clone_session_id(c->crypto, &x->t, x->session);
}

static uint32_t confirm(struct cmd *c, struct clone_context *x, const struct clone_msg *m2,
			struct wire_out *out)
{
	uint8_t share[CLONE_SHARE_MAX];
	uint8_t shared[CLONE_SHARED_MAX];
	size_t share_len, shared_len;
	uint32_t st = may_negotiate(c);

	if (!st)
		st = x->ops->share(c, x, m2->wrap_cert, share, &share_len);
	if (!st)
		st = x->ops->agree(c, x, m2->share, shared, &shared_len);
	if (st)
		return st;
	/*
	 * The peer learns from m3 whether the domains match, and may never answer. So the attempt
	 * counts as failed, durably, before m3 exists; a good m4 takes that back.
	 */
	st = card_clone_failed(c->card, c->part);
	if (!st)
		st = write_m3(c, x, (struct bytes){ share, share_len },
			      (struct bytes){ shared, shared_len }, out);
	crypto_wipe(shared, sizeof(shared));
	x->step = CLONE_STEP_CONFIRMED;
	return st;
}

uint32_t handle_CLONE_CONFIRM(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_MAX];
	struct clone_context *x;
	struct wire_out out;
	struct clone_msg m;
	uint32_t id = wire_u32(&c->in);
	struct bytes m2 = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_room(c, sizeof(buf)))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_STARTED, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	st = read_m2(c, x, m2, &m);
	if (!st)
		st = confirm(c, x, &m, &out);
	return end_step(c, x, st, &out);
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
	st = check_own_offer(c, x);
	if (!st)
		st = clone_hash(c->crypto, m->core, x->t.m3_core);
	if (!st)
		st = clone_hash(c->crypto, in, x->t.m3);
	return st ? st : clone_session_id(c->crypto, &x->t, x->session);
}

/* Every domain against every proof, always all of them: time tells nothing. */
static uint32_t find_domain(struct cmd *c, struct clone_context *x, struct bytes shared,
			    struct bytes proofs)
{
	unsigned int domains = usable_domains(c, x);
	uint8_t mac[CRYPTO_HASH_MAX];
	struct clone_keys keys;
	bool found = false;
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < domains; i++) {
		bool fits = false;

		st = derive_for(c, x, i, shared, &keys);
		if (!st)
			st = clone_prove_target(c->crypto, x->suite, &x->t, &keys, mac);
		for (unsigned int j = 0; !st && j < CLONE_DOMAINS; j++)
			fits |= crypto_equal(mac, proofs.p + j * x->suite->mac_len,
					     x->suite->mac_len);
		if (fits && !found) {
			x->keys[0] = keys;
			x->domain[0] = partition_domain_id(c->part, i);
		}
		found |= fits;
	}
	crypto_wipe(&keys, sizeof(keys));
	crypto_wipe(mac, sizeof(mac));
	if (st)
		return st;
	x->key_count = found;
	return found ? COFFER_ST_OK : no_domain(x);
}

static uint32_t verify(struct cmd *c, struct clone_context *x, const struct clone_msg *m3,
		       struct wire_out *out)
{
	uint8_t shared[CLONE_SHARED_MAX];
	uint8_t mac[CRYPTO_HASH_MAX];
	size_t len;
	uint32_t st = may_negotiate(c);

	if (!st)
		st = x->ops->agree(c, x, m3->share, shared, &len);
	if (st)
		return st;
	/* Counted before it is looked at: a power cut gives no free guess. */
	st = card_clone_failed(c->card, c->part);
	if (!st)
		st = find_domain(c, x, (struct bytes){ shared, len }, m3->proofs);
	crypto_wipe(shared, sizeof(shared));
	if (!st)
		st = card_clone_good(c->card, c->part);
	if (!st)
		st = clone_prove_source(c->crypto, x->suite, &x->t, &x->keys[0], mac);
	if (st)
		return st;
	clone_msg_begin(out, CLONE_M4);
	wire_put(out, mac, x->suite->mac_len);
	st = clone_msg_end(out);
	if (!st)
		session_opened(c, x);
	return st;
}

uint32_t handle_CLONE_VERIFY(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_HEADER + CRYPTO_HASH_MAX];
	struct clone_context *x;
	struct wire_out out;
	struct clone_msg m;
	uint32_t id = wire_u32(&c->in);
	struct bytes m3 = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_room(c, sizeof(buf)))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_context_get(c, id, CLONE_SOURCE, CLONE_STEP_ANSWERED, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	st = read_m3(c, x, m3, &m);
	if (!st)
		st = verify(c, x, &m, &out);
	return end_step(c, x, st, &out);
}

/* ---- 5: target, m4 ----------------------------------------------------------------------- */

/* Which of our domains the source proved; m4 does not name it. A deleted one is none. */
static uint32_t accept(struct cmd *c, struct clone_context *x, struct bytes proof)
{
	struct clone_keys keys = { 0 };
	uint8_t mac[CRYPTO_HASH_MAX];
	uint64_t domain = 0;
	bool found = false;
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < x->key_count; i++) {
		st = clone_prove_source(c->crypto, x->suite, &x->t, &x->keys[i], mac);
		if (!st && crypto_equal(mac, proof.p, x->suite->mac_len) &&
		    partition_has_domain(c->part, x->domain[i])) {
			keys = x->keys[i];
			domain = x->domain[i];
			found = true;
		}
	}
	crypto_wipe(mac, sizeof(mac));
	crypto_wipe(x->keys, sizeof(x->keys));
	x->keys[0] = keys;
	x->domain[0] = domain;
	x->key_count = found;
	crypto_wipe(&keys, sizeof(keys));
	if (!st && !found)
		st = COFFER_ST_SESSION_NEGOTIATION_INVALID;
	return st ? st : card_clone_good(c->card, c->part);
}

uint32_t handle_CLONE_ACCEPT(struct cmd *c)
{
	struct clone_context *x;
	struct clone_msg m;
	uint32_t id = wire_u32(&c->in);
	struct bytes m4 = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_CONFIRMED, &x);
	if (st)
		return st;
	st = clone_msg_parse(m4, CLONE_M4, x->suite->mac_len, &m);
	if (!st)
		st = accept(c, x, m.proofs);
	if (!st)
		session_opened(c, x);
	else
		card_event(c->card, COFFER_EV_CLONE_REFUSED, partition_id(c->part), st);
	clone_context_put(c, x, !st);
	return st;
}
