// SPDX-License-Identifier: BSD-3-Clause
/*
 * Archive files: what a source would send to a target, written to a file that only named cards
 * with the domain can open (PROTOCOLS.md, "Archive files"). Contexts, blobs, rules and the end of
 * the list are those of cloning; here is how a file begins.
 */
#include "clone.h"

#include <string.h>

#define LABEL_READ	220		/* room to say that it is too long */
#define REPLY_HEAD	16

static void reply(struct cmd *c, const struct clone_context *x)
{
	wire_put_u32(&c->out, x->thing.id);
	wire_put_u32(&c->out, x->suite->protocol);
	wire_put_u32(&c->out, x->suite->id);
	wire_put_u32(&c->out, clone_context_left_s(c, x));
}

/* The source's names stand in both places of the table: no target is there yet. */
static uint32_t set_source(struct cmd *c, struct clone_context *x, const struct clone_offer *s,
			   struct bytes device_cert)
{
	x->t.card[0] = s->card;
	x->t.partition[0] = s->partition;
	return clone_hash(c->crypto, device_cert, x->t.cert[0]);
}

/* ---- Source: the head -------------------------------------------------------------------- */

struct create {
	struct bytes label;			/* of the domain */
	uint32_t count;
	struct bytes certs[COFFER_ARCHIVE_RECIPIENTS];
};

static bool create_parse(struct cmd *c, struct create *how)
{
	uint32_t reserved = wire_u32(&c->in);

	how->label = wire_blob(&c->in, LABEL_READ);
	how->count = wire_u32(&c->in);
	if (reserved || !how->count || how->count > COFFER_ARCHIVE_RECIPIENTS)
		return false;
	for (uint32_t i = 0; i < how->count; i++)
		how->certs[i] = wire_blob(&c->in, CRYPTO_DER_MAX);
	return wire_in_done(&c->in);
}

/* What speaks against any target speaks against the file: a twin of ours would refuse it. */
static uint32_t may_create(struct cmd *c, struct clone_context *x, const struct create *how,
			   unsigned int *domain)
{
	struct clone_offer twin = x->own;

	twin.side = CLONE_TARGET;
	*domain = how->label.len ? partition_domain_find(c->part, how->label) : 0;
	if (*domain >= partition_domains(c->part))
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	return clone_decide_archive(&x->own, &twin);
}

static void write_core(struct cmd *c, const struct clone_context *x, uint32_t count,
		       struct wire_out *out)
{
	const struct identity *id = card_identity(c->card);

	clone_msg_begin(out, CLONE_HEAD);
	clone_offer_write(&x->own, out);
	wire_put_u64(out, card_clock_ready(c->card) ? card_clock_ms(c->card) : 0);
	wire_put_u32(out, x->suite->protocol);
	wire_put_u32(out, x->suite->id);
	wire_put_blob(out, id->device_cert.p, id->device_cert.len);
	wire_put_u32(out, count);
}

static uint32_t write_head(struct cmd *c, struct clone_context *x, const struct create *how,
			   struct wire_out *out)
{
	const struct crypto_der *cert = &card_identity(c->card)->device_cert;
	uint8_t key[ARCHIVE_KEY] = { 0 }, domain[32] = { 0 };
	unsigned int index;
	uint32_t st = may_create(c, x, how, &index);

	if (!st)
		st = set_source(c, x, &x->own, (struct bytes){ cert->p, cert->len });
	if (!st)
		st = partition_domain_key(c->part, index, domain);
	if (!st) {
		x->domain[0] = partition_domain_id(c->part, index);
		write_core(c, x, how->count, out);
		st = archive_seal(c, x, how->certs, how->count, domain, out, key);
	}
	if (!st)
		st = clone_msg_sign(c, out, CLONE_HEAD, &x->t);
	if (!st)
		st = archive_keys(c, x, (struct bytes){ out->base, out->len }, key, domain);
	crypto_wipe(key, sizeof(key));
	crypto_wipe(domain, sizeof(domain));
	return st;
}

static uint32_t begin(struct cmd *c, enum clone_side side, struct clone_context **x)
{
	uint32_t st = clone_may_negotiate(c);

	if (!st)
		st = clone_context_new(c, side, x);
	if (!st)
		(*x)->suite = clone_suite(COFFER_CLONE_ARCHIVE, 0);
	return st;
}

static void done(struct cmd *c, struct clone_context *x, uint32_t st, uint64_t peer)
{
	card_event(c->card, st ? COFFER_EV_CLONE_REFUSED : COFFER_EV_CLONE_SESSION,
		   partition_id(c->part), st ? st : peer);
	clone_context_put(c, x, !st);
}

uint32_t handle_ARCHIVE_CREATE(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_MAX];
	struct clone_context *x;
	struct create how;
	struct wire_out out;
	uint32_t st;

	if (!create_parse(c, &how))
		return COFFER_ST_ARGUMENTS_BAD;
	if (c->out.room - c->out.len < REPLY_HEAD + 4 + sizeof(buf))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = begin(c, CLONE_SOURCE, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	st = write_head(c, x, &how, &out);
	x->step = CLONE_STEP_OPEN;
	if (!st) {
		reply(c, x);
		wire_put_blob(&c->out, out.base, out.len);
	}
	done(c, x, st, x->own.partition);
	return st;
}

/* ---- Recipient --------------------------------------------------------------------------- */

/* Genuine, whole, of a source that may, and for this card: nothing of it was decrypted yet. */
static uint32_t read_head(struct cmd *c, struct clone_context *x, struct bytes in,
			  struct clone_msg *m, struct bytes *own)
{
	static const uint8_t zero[CLONE_NONCE];
	uint32_t st = clone_msg_parse(in, CLONE_HEAD, 0, m);

	if (!st && (m->protocol != x->suite->protocol || m->suite != x->suite->id ||
		    memcmp(m->offer.peer_nonce, zero, sizeof(zero))))
		st = COFFER_ST_CPV4_MSG_ERROR;
	if (!st)
		st = clone_check_peer(c, x, m, false);
	if (!st)
		st = clone_msg_verify(c, m, CLONE_HEAD, &x->t, m->device_cert);
	if (!st)
		st = archive_own(c, m, own);
	if (st)
		return st;
	x->peer = m->offer;
	x->peer_cert.len = m->device_cert.len;
	memcpy(x->peer_cert.p, m->device_cert.p, m->device_cert.len);
	st = clone_decide_archive(&x->peer, &x->own);
	return st ? st : set_source(c, x, &x->peer, m->device_cert);
}

/* Counted before it is tried: a power cut gives no free guess at the domain. */
static uint32_t open_head(struct cmd *c, struct clone_context *x, struct bytes in)
{
	uint8_t key[ARCHIVE_KEY] = { 0 }, domain[32] = { 0 };
	struct clone_msg m;
	struct bytes own;
	uint32_t st = read_head(c, x, in, &m, &own);

	if (!st)
		st = card_clone_failed(c->card, c->part, &x->attempt);
	if (!st)
		st = archive_unseal(c, x, &m, own, key, domain);
	if (!st)
		st = card_clone_good(c->card, c->part, &x->attempt);
	if (!st)
		st = archive_keys(c, x, in, key, domain);
	crypto_wipe(key, sizeof(key));
	crypto_wipe(domain, sizeof(domain));
	return st;
}

uint32_t handle_ARCHIVE_OPEN(struct cmd *c)
{
	uint32_t reserved = wire_u32(&c->in);
	struct bytes head = wire_blob(&c->in, CLONE_MSG_MAX);
	struct clone_context *x;
	uint32_t st;

	if (!wire_in_done(&c->in) || reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	if (c->out.room - c->out.len < REPLY_HEAD)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = begin(c, CLONE_TARGET, &x);
	if (st)
		return st;
	st = open_head(c, x, head);
	x->step = CLONE_STEP_READING;
	if (!st)
		reply(c, x);
	done(c, x, st, x->peer.partition);
	return st;
}

/* ---- What a card has to show to be a recipient --------------------------------------------- */

uint32_t handle_CERTIFICATES(struct cmd *c)
{
	const struct identity *id = card_identity(c->card);

	wire_put_blob(&c->out, id->wrap_cert.p, id->wrap_cert.len);
	wire_put_blob(&c->out, id->device_cert.p, id->device_cert.len);
	wire_put_blob(&c->out, id->root.p, id->root.len);
	return COFFER_ST_OK;
}
