// SPDX-License-Identifier: BSD-3-Clause
/*
 * Blobs: one object each, sealed with the session's key; and m5, the authenticated end of the
 * list (PROTOCOLS.md, "Blobs"). The sequence number is nonce, additional data and replay guard.
 */
#include "clone.h"

#include <string.h>

#define SEQUENCE_MAX	0xffffffffu	/* m5 counts in 32 bits */

static void write_header(const struct clone_context *x, const struct clone_blob *b,
			 uint8_t header[CLONE_BLOB_HEADER])
{
	struct wire_out out;

	wire_out_init(&out, header, CLONE_BLOB_HEADER);
	wire_put_u32(&out, CLONE_BLOB_MAGIC);
	wire_put_u16(&out, CLONE_VERSION);
	wire_put_u16(&out, 0);
	wire_put_u32(&out, x->suite->protocol);
	wire_put_u32(&out, x->suite->id);
	wire_put(&out, x->session, CLONE_SESSION_ID);
	wire_put_u64(&out, b->sequence);
	wire_put(&out, b->ouid, COFFER_OUID_LEN);
	wire_put_u32(&out, b->class);
	wire_put_u32(&out, b->level);
	wire_put_u32(&out, b->flat_len);
}

/* What can vary is read; the rest must be what we would have written ourselves. */
static bool read_header(const struct clone_context *x, struct bytes blob, struct clone_blob *b)
{
	uint8_t expected[CLONE_BLOB_HEADER];
	struct wire_in in;
	struct bytes ouid;

	memset(b, 0, sizeof(*b));
	wire_in_init(&in, blob.p, CLONE_BLOB_HEADER);
	wire_bytes(&in, 16 + CLONE_SESSION_ID);
	b->sequence = wire_u64(&in);
	ouid = wire_bytes(&in, COFFER_OUID_LEN);
	memcpy(b->ouid, ouid.p, COFFER_OUID_LEN);
	b->class = wire_u32(&in);
	b->level = wire_u32(&in);
	b->flat_len = wire_u32(&in);
	write_header(x, b, expected);
	return !memcmp(expected, blob.p, CLONE_BLOB_HEADER) &&
	       b->flat_len == blob.len - CLONE_BLOB_OVERHEAD;
}

/* One key per session and direction, so a counter is a unique nonce. */
static void write_nonce(uint64_t sequence, uint8_t nonce[CRYPTO_NONCE])
{
	struct wire_out out;

	wire_out_init(&out, nonce, CRYPTO_NONCE);
	wire_put_u32(&out, CLONE_SOURCE);
	wire_put_u64(&out, sequence);
}

/* The chain goes over header and tag: with the tag it commits to the whole blob. */
static uint32_t chain_add(struct crypto *c, struct clone_context *x, const uint8_t *header,
			  const uint8_t *tag)
{
	struct bytes pieces[] = {
		{ x->chain, CLONE_MHASH },
		{ header, CLONE_BLOB_HEADER },
		{ tag, CRYPTO_TAG },
	};
	uint8_t next[CLONE_MHASH];
	uint32_t st = crypto_digest_v(c, CRYPTO_SHA384, pieces, 3, next);

	if (!st)
		memcpy(x->chain, next, CLONE_MHASH);
	return st;
}

static struct bytes blob_key(const struct clone_context *x)
{
	return (struct bytes){ x->keys[0].blob, x->suite->key_len };
}

uint32_t clone_blob_seal(struct crypto *c, struct clone_context *x, struct clone_blob *head,
			 struct bytes flat, uint8_t *out)
{
	uint8_t nonce[CRYPTO_NONCE];
	uint32_t st;

	if (x->sequence >= SEQUENCE_MAX)
		return COFFER_ST_SESSION_EXPIRED;
	head->sequence = ++x->sequence;
	head->flat_len = (uint32_t)flat.len;
	write_header(x, head, out);
	write_nonce(head->sequence, nonce);
	st = crypto_seal(c, blob_key(x), nonce, (struct bytes){ out, CLONE_BLOB_HEADER }, flat,
			 out + CLONE_BLOB_HEADER);
	if (!st)
		st = chain_add(c, x, out, out + CLONE_BLOB_HEADER + flat.len);
	if (!st)
		x->moved++;
	return st;
}

uint32_t clone_blob_open(struct crypto *c, struct clone_context *x, struct bytes blob,
			 struct clone_blob *head, uint8_t *flat)
{
	uint8_t nonce[CRYPTO_NONCE];
	struct bytes sealed;
	uint32_t st;

	if (blob.len < CLONE_BLOB_OVERHEAD)
		return COFFER_ST_MAC_MISSING;
	if (!read_header(x, blob, head))
		return COFFER_ST_BAD_MAC;
	write_nonce(head->sequence, nonce);
	sealed = (struct bytes){ blob.p + CLONE_BLOB_HEADER, blob.len - CLONE_BLOB_HEADER };
	if (crypto_open_sealed(c, blob_key(x), nonce,
			       (struct bytes){ blob.p, CLONE_BLOB_HEADER }, sealed, flat))
		return COFFER_ST_BAD_MAC;
	/* Only what is authentic may move the window, and it moves in one direction. */
	if (head->sequence <= x->sequence) {
		crypto_wipe(flat, head->flat_len);
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	}
	st = chain_add(c, x, blob.p, blob.p + blob.len - CRYPTO_TAG);
	if (st) {
		crypto_wipe(flat, head->flat_len);
		return st;
	}
	x->sequence = head->sequence;
	x->moved++;
	return COFFER_ST_OK;
}

static uint32_t finish_mac(struct crypto *c, const struct clone_context *x, uint32_t sent,
			   const uint8_t *chain, uint8_t *mac)
{
	static const char label[32] = "coffer clone list ends";
	uint8_t count[4] = {
		(uint8_t)sent, (uint8_t)(sent >> 8), (uint8_t)(sent >> 16), (uint8_t)(sent >> 24),
	};
	struct bytes pieces[] = {
		{ (const uint8_t *)label, sizeof(label) },
		{ x->session, CLONE_SESSION_ID },
		{ count, sizeof(count) },
		{ chain, CLONE_MHASH },
	};

	return crypto_hmac(c, x->suite->hash,
			   (struct bytes){ x->keys[0].finish, x->suite->mac_len }, pieces, 4,
			   mac);
}

static enum clone_kind finish_kind(const struct clone_context *x)
{
	return x->suite->file ? CLONE_END : CLONE_M5;
}

uint32_t clone_finish_write(struct crypto *c, struct clone_context *x, struct wire_out *out)
{
	uint8_t mac[CRYPTO_HASH_MAX];
	uint32_t st = finish_mac(c, x, x->moved, x->chain, mac);

	if (st)
		return st;
	clone_msg_begin(out, finish_kind(x));
	wire_put_u32(out, x->moved);
	wire_put(out, x->chain, CLONE_MHASH);
	wire_put(out, mac, x->suite->mac_len);
	return clone_msg_end(out);
}

uint32_t clone_finish_check(struct crypto *c, struct clone_context *x, struct bytes m5,
			    uint32_t *sent)
{
	uint8_t mac[CRYPTO_HASH_MAX];
	struct clone_msg m;
	uint32_t st;

	*sent = 0;
	if (clone_msg_parse(m5, finish_kind(x), x->suite->mac_len, &m))
		return COFFER_ST_BAD_MAC;
	st = finish_mac(c, x, m.sent, m.chain.p, mac);
	if (st)
		return st;
	if (!crypto_equal(mac, m.proofs.p, x->suite->mac_len))
		return COFFER_ST_BAD_MAC;
	/* All there: then it is the same list. More than was sent cannot be. */
	if (x->moved > m.sent || (x->moved == m.sent &&
				  !crypto_equal(m.chain.p, x->chain, CLONE_MHASH)))
		return COFFER_ST_BAD_MAC;
	*sent = m.sent;
	return COFFER_ST_OK;
}
