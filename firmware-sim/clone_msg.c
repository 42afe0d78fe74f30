// SPDX-License-Identifier: BSD-3-Clause
/*
 * Byte layouts of the messages, their hashes and signatures (PROTOCOLS.md, "Messages").
 * A message is parsed strictly: one layout per kind, nothing left over, the length said twice.
 */
#include "clone.h"

#include <string.h>

#define HEADER_LENGTH_AT	8

/* What a signature is about: no signature of one message can pass for another's. */
static const char sign_label[][17] = {
	[CLONE_M2] = "coffer clone m2",
	[CLONE_M3] = "coffer clone m3",
	[CLONE_HEAD] = "coffer archive h",
	[CLONE_END] = "coffer archive e",
};

void clone_msg_begin(struct wire_out *out, enum clone_kind kind)
{
	wire_put_u32(out, CLONE_MAGIC);
	wire_put_u8(out, CLONE_VERSION);
	wire_put_u8(out, (uint8_t)kind);
	wire_put_u16(out, 0);
	wire_put_u32(out, 0);		/* length, by clone_msg_end */
}

void clone_msg_length(struct wire_out *out, size_t more)
{
	if (wire_out_ok(out))
		wire_fill_u32(out, HEADER_LENGTH_AT, (uint32_t)(out->len + more));
}

uint32_t clone_msg_end(struct wire_out *out)
{
	clone_msg_length(out, 0);
	return wire_out_ok(out) ? COFFER_ST_OK : COFFER_ST_CPV4_MSG_ERROR;
}

static struct bytes parse_header(struct wire_in *in, struct bytes whole, enum clone_kind kind)
{
	wire_in_init(in, whole.p, whole.len);
	if (whole.len > CLONE_MSG_MAX || wire_u32(in) != CLONE_MAGIC ||
	    wire_u8(in) != CLONE_VERSION || wire_u8(in) != kind || wire_u16(in) != 0 ||
	    wire_u32(in) != whole.len)
		in->bad = true;
	return whole;
}

/* Only what is kept in files can be older or newer than who reads it. */
static bool newer(struct bytes in)
{
	struct wire_in wire;

	wire_in_init(&wire, in.p, in.len);
	return wire_u32(&wire) == CLONE_MAGIC && wire_u8(&wire) > CLONE_VERSION &&
	       wire_u8(&wire) == CLONE_HEAD;
}

static void parse_opening(struct wire_in *in, struct clone_msg *m)
{
	clone_offer_read(in, &m->offer);
	m->device_cert = wire_blob(in, CRYPTO_DER_MAX);
	m->wrap_cert = wire_blob(in, CRYPTO_DER_MAX);
}

static void parse_m2(struct wire_in *in, struct clone_msg *m)
{
	clone_offer_read(in, &m->offer);
	m->protocol = wire_u32(in);
	m->suite = wire_u32(in);
	m->device_cert = wire_blob(in, CRYPTO_DER_MAX);
	m->wrap_cert = wire_blob(in, CRYPTO_DER_MAX);
	m->share = wire_blob(in, CLONE_SHARE_MAX);
}

static void parse_m3(struct wire_in *in, struct clone_msg *m, size_t mac_len)
{
	clone_offer_read(in, &m->offer);
	m->share = wire_blob(in, CLONE_SHARE_MAX);
	m->core = (struct bytes){ m->whole.p, m->whole.len - in->left };
	m->proofs = wire_bytes(in, CLONE_DOMAINS * mac_len);
}

static void parse_m5(struct wire_in *in, struct clone_msg *m, size_t mac_len)
{
	m->sent = wire_u32(in);
	m->chain = wire_bytes(in, CLONE_MHASH);
	m->proofs = wire_bytes(in, mac_len);
}

static void parse_head(struct wire_in *in, struct clone_msg *m)
{
	uint32_t count;

	clone_offer_read(in, &m->offer);
	m->date = wire_u64(in);
	m->protocol = wire_u32(in);
	m->suite = wire_u32(in);
	m->device_cert = wire_blob(in, CRYPTO_DER_MAX);
	count = wire_u32(in);
	if (!count || count > COFFER_ARCHIVE_RECIPIENTS)
		in->bad = true;
	m->core = (struct bytes){ m->whole.p, m->whole.len - in->left };
	m->recipients = wire_bytes(in, (size_t)count * ARCHIVE_RECIPIENT);
}

static bool is_signed(enum clone_kind kind)
{
	return kind == CLONE_M2 || kind == CLONE_M3 || kind == CLONE_HEAD || kind == CLONE_END;
}

uint32_t clone_msg_parse(struct bytes in, enum clone_kind kind, size_t mac_len,
			 struct clone_msg *m)
{
	struct wire_in wire;

	memset(m, 0, sizeof(*m));
	if (kind == CLONE_HEAD && newer(in))
		return COFFER_ST_ARCHIVE_VERSION;
	m->whole = parse_header(&wire, in, kind);
	switch (kind) {
	case CLONE_M0:
	case CLONE_M1:
		parse_opening(&wire, m);
		break;
	case CLONE_M2:
		parse_m2(&wire, m);
		break;
	case CLONE_M3:
		parse_m3(&wire, m, mac_len);
		break;
	case CLONE_M4:
		m->proofs = wire_bytes(&wire, mac_len);
		break;
	case CLONE_HEAD:
		parse_head(&wire, m);
		break;
	default:	/* CLONE_M5, CLONE_END */
		parse_m5(&wire, m, mac_len);
		break;
	}
	if (is_signed(kind)) {
		m->body = (struct bytes){ in.p, in.len - wire.left };
		m->sig = wire_bytes(&wire, CRYPTO_DEVICE_SIG);
	}
	return wire_in_done(&wire) ? COFFER_ST_OK : COFFER_ST_CPV4_MSG_ERROR;
}

uint32_t clone_hash(struct crypto *c, struct bytes in, uint8_t hash[CLONE_MHASH])
{
	return crypto_digest(c, CRYPTO_SHA384, in, hash);
}

#define SIGNED_PIECES	4

/*
 * label || opening || H(m2), only in m3 || the message up to its signature. An archive's head has
 * no opening: zeros; to its end the head is the opening.
 */
static size_t signed_pieces(enum clone_kind kind, const struct clone_transcript *t,
			    struct bytes body, struct bytes pieces[SIGNED_PIECES])
{
	size_t n = 0;

	pieces[n++] = (struct bytes){ (const uint8_t *)sign_label[kind], 16 };
	pieces[n++] = (struct bytes){ t->opening, CLONE_MHASH };
	if (kind == CLONE_M3)
		pieces[n++] = (struct bytes){ t->m2, CLONE_MHASH };
	pieces[n++] = body;
	return n;
}

uint32_t clone_msg_sign(struct cmd *c, struct wire_out *out, enum clone_kind kind,
			const struct clone_transcript *t)
{
	struct bytes pieces[SIGNED_PIECES];
	uint8_t sig[CRYPTO_DEVICE_SIG];
	size_t n;
	uint32_t st;

	clone_msg_length(out, CRYPTO_DEVICE_SIG);
	if (!wire_out_ok(out))
		return COFFER_ST_CPV4_MSG_ERROR;
	n = signed_pieces(kind, t, (struct bytes){ out->base, out->len }, pieces);
	st = crypto_device_sign(c->crypto, &card_identity(c->card)->device_key, pieces, n, sig);
	if (st)
		return st;
	wire_put(out, sig, sizeof(sig));
	return clone_msg_end(out);
}

uint32_t clone_msg_verify(struct cmd *c, const struct clone_msg *m, enum clone_kind kind,
			  const struct clone_transcript *t, struct bytes cert)
{
	struct bytes pieces[SIGNED_PIECES];
	size_t n = signed_pieces(kind, t, m->body, pieces);

	if (crypto_device_verify(c->crypto, cert, pieces, n, m->sig))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	return COFFER_ST_OK;
}
