// SPDX-License-Identifier: BSD-3-Clause
/*
 * CPv4: ephemeral ECDH on the suite's curve. The ephemeral keys live from m2 (S) or m3 (T)
 * to the derivation of the session keys and nowhere else: forward secrecy.
 */
#include "clone.h"

static uint32_t v4_share(struct cmd *c, struct clone_context *x, struct bytes peer_wrap,
			 uint8_t out[CLONE_SHARE_MAX], size_t *len)
{
	uint32_t st;

	(void)peer_wrap;
	*len = 0;
	st = crypto_ecdh_new(c->crypto, x->suite->curve, &x->ephemeral, out);
	if (!st)
		*len = crypto_point_len(x->suite->curve);
	return st;
}

static uint32_t v4_agree(struct cmd *c, struct clone_context *x, struct bytes peer_share,
			 uint8_t shared[CLONE_SHARED_MAX], size_t *len)
{
	uint32_t st;

	/* Share comes before agree in every step, and the point's length is checked in there. */
	*len = CLONE_SHARED_MAX;
	st = crypto_ecdh_agree(c->crypto, x->ephemeral, peer_share, shared, len);
	crypto_ecdh_free(x->ephemeral);
	x->ephemeral = NULL;
	if (!st)
		return COFFER_ST_OK;
	*len = 0;
	crypto_wipe(shared, CLONE_SHARED_MAX);
	return COFFER_ST_SESSION_NEGOTIATION_INVALID;
}

const struct clone_ops clone_v4_ops = {
	.share = v4_share,
	.agree = v4_agree,
};
