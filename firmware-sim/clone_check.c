// SPDX-License-Identifier: BSD-3-Clause
/*
 * What both sides of a negotiation check of each other and of themselves, and the choice that
 * both make from it (PROTOCOLS.md, "Negotiation").
 */
#include "clone.h"

#include <string.h>

#define POLICY_HSM_CLONING	7

static struct bytes der(const struct crypto_der *d)
{
	return (struct bytes){ d->p, d->len };
}

/* First of all, so that a throttled card computes nothing for whoever guesses. */
uint32_t clone_may_negotiate(struct cmd *c)
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

uint32_t clone_check_peer(struct cmd *c, const struct clone_context *x,
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

uint32_t clone_check_own(struct cmd *c, const struct clone_context *x)
{
	struct clone_offer now;
	uint32_t st = clone_offer_build(c, x->side, &now);

	if (st)
		return st;
	memcpy(now.nonce, x->own.nonce, sizeof(now.nonce));
	return clone_offer_same(&now, &x->own) ? COFFER_ST_OK :
		COFFER_ST_SESSION_NEGOTIATION_INVALID;
}

/* CPv4 wants a clock that is set (behaviour.md 1.1): each card answers for its own. */
uint32_t clone_choose(struct cmd *c, struct clone_context *x)
{
	bool source = x->side == CLONE_SOURCE;
	uint32_t protocol, suite;
	uint32_t st = clone_decide(source ? &x->own : &x->peer, source ? &x->peer : &x->own,
				   &protocol, &suite);

	if (!st && protocol == COFFER_CLONE_CPV4 && !card_clock_ready(c->card))
		st = COFFER_ST_TIME_NOT_INITIALIZED;
	if (st)
		return st;
	/* Who began is the relay's doing, so it must not choose the protocol: the table does. */
	if ((protocol == COFFER_CLONE_CPV3) != x->invited)
		return COFFER_ST_PROTOCOL_DISABLED;
	x->suite = clone_suite(protocol, suite);
	return COFFER_ST_OK;
}

uint32_t clone_set_parties(struct cmd *c, struct clone_context *x, struct bytes peer_cert)
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
