// SPDX-License-Identifier: BSD-3-Clause
/*
 * CPv1 and CPv3: each side sends 48 random bytes, sealed with RSA-OAEP to the other's certified
 * wrapping key. The label, another one in each protocol, ties a ciphertext to what was said
 * before it. No forward secrecy: whoever gets both wrapping keys out of the cards later can read
 * a recording (PROTOCOLS.md, "CPv1").
 */
#include "clone.h"

#include <string.h>

#define LABEL_LEN	(16 + 2 * CLONE_MHASH)

/* The half of @sender: r_S is sent in m2, when only the opening is known; r_T in m3. */
static struct bytes oaep_label(const struct clone_context *x, enum clone_side sender,
			       uint8_t label[LABEL_LEN])
{
	memset(label, 0, LABEL_LEN);
	memcpy(label, x->suite->share_label[sender == CLONE_TARGET], 16);
	memcpy(label + 16, x->t.opening, CLONE_MHASH);
	if (sender == CLONE_TARGET)
		memcpy(label + 16 + CLONE_MHASH, x->t.m2, CLONE_MHASH);
	return (struct bytes){ label, LABEL_LEN };
}

static uint32_t rsa_share(struct cmd *c, struct clone_context *x, struct bytes peer_wrap,
			 uint8_t out[CLONE_SHARE_MAX], size_t *len)
{
	uint8_t label[LABEL_LEN];
	uint32_t st;

	*len = CLONE_SHARE_MAX;
	st = crypto_random(c->crypto, x->secret, sizeof(x->secret));
	if (!st)
		st = crypto_rsa_seal(c->crypto, peer_wrap, oaep_label(x, x->side, label),
				     (struct bytes){ x->secret, sizeof(x->secret) }, out, len);
	if (st)
		*len = 0;
	return st;
}

static uint32_t rsa_open(struct cmd *c, struct clone_context *x, struct bytes sealed,
			uint8_t secret[CLONE_RSA_SECRET])
{
	enum clone_side sender = x->side == CLONE_SOURCE ? CLONE_TARGET : CLONE_SOURCE;
	uint8_t label[LABEL_LEN];
	uint8_t plain[CLONE_SHARE_MAX];
	size_t len = sizeof(plain);
	uint32_t st;

	st = crypto_rsa_open(c->crypto, &card_identity(c->card)->wrap_key,
			     oaep_label(x, sender, label), sealed, plain, &len);
	if (!st && len != CLONE_RSA_SECRET)
		st = COFFER_ST_SESSION_NEGOTIATION_INVALID;
	if (!st)
		memcpy(secret, plain, CLONE_RSA_SECRET);
	crypto_wipe(plain, sizeof(plain));
	/* One answer for every way to be wrong. */
	return st ? COFFER_ST_SESSION_NEGOTIATION_INVALID : COFFER_ST_OK;
}

static uint32_t rsa_agree(struct cmd *c, struct clone_context *x, struct bytes peer_share,
			 uint8_t shared[CLONE_SHARED_MAX], size_t *len)
{
	bool source = x->side == CLONE_SOURCE;
	uint8_t *own = shared + (source ? 0 : CLONE_RSA_SECRET);
	uint8_t *peer = shared + (source ? CLONE_RSA_SECRET : 0);
	uint32_t st;

	*len = 0;
	st = rsa_open(c, x, peer_share, peer);
	if (!st) {
		memcpy(own, x->secret, CLONE_RSA_SECRET);
		*len = 2 * CLONE_RSA_SECRET;
	} else {
		crypto_wipe(shared, CLONE_SHARED_MAX);
	}
	crypto_wipe(x->secret, sizeof(x->secret));
	return st;
}

const struct clone_ops clone_rsa_ops = {
	.share = rsa_share,
	.agree = rsa_agree,
};
