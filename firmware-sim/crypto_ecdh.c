// SPDX-License-Identifier: BSD-3-Clause
/* Ephemeral key agreement of the cloning protocols. See crypto.h. */
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "crypto_internal.h"

struct crypto_ecdh {
	enum crypto_curve curve;
	EVP_PKEY *pkey;
};

static const char *group_name(enum crypto_curve curve)
{
	switch (curve) {
	case CRYPTO_P256:
		return "P-256";
	case CRYPTO_P384:
		return "P-384";
	default:
		return NULL;
	}
}

/* Bytes of an uncompressed point: 65 or 97. */
size_t crypto_point_len(enum crypto_curve curve)
{
	return curve == CRYPTO_P256 ? 65 : curve == CRYPTO_P384 ? 97 : 0;
}

uint32_t crypto_ecdh_new(struct crypto *c, enum crypto_curve curve, struct crypto_ecdh **e,
			 uint8_t point[CRYPTO_POINT_MAX])
{
	const char *group = group_name(curve);
	struct crypto_ecdh *new;
	size_t len = 0;

	*e = NULL;
	if (!group)
		return COFFER_ST_ARGUMENTS_BAD;
	new = calloc(1, sizeof(*new));
	if (!new)
		return COFFER_ST_DEVICE_MEMORY;
	new->curve = curve;
	new->pkey = EVP_PKEY_Q_keygen(c->lib, NULL, "EC", group);
	if (!new->pkey ||
	    EVP_PKEY_get_octet_string_param(new->pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
					    CRYPTO_POINT_MAX, &len) != 1 ||
	    len != crypto_point_len(curve) || point[0] != POINT_CONVERSION_UNCOMPRESSED) {
		crypto_ecdh_free(new);
		ERR_clear_error();
		return COFFER_ST_DEVICE_ERROR;
	}
	*e = new;
	return COFFER_ST_OK;
}

/* The peer's point as a key: right form, on the curve, of the right order, not infinity. */
static EVP_PKEY *peer_key(struct crypto *c, enum crypto_curve curve, struct bytes point)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)group_name(curve), 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *peer;
	bool good;

	if (point.len != crypto_point_len(curve) || !point.p ||
	    point.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return NULL;
	peer = crypto_pkey_new(c, "EC", EVP_PKEY_PUBLIC_KEY, params);
	if (!peer)
		return NULL;
	ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, peer, NULL);
	good = ctx && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good) {
		EVP_PKEY_free(peer);
		peer = NULL;
	}
	return peer;
}

uint32_t crypto_ecdh_agree(struct crypto *c, struct crypto_ecdh *e, struct bytes peer_point,
			   uint8_t *shared, size_t *len)
{
	size_t want = (crypto_point_len(e->curve) - 1) / 2, got = want;
	EVP_PKEY *peer = peer_key(c, e->curve, peer_point);
	EVP_PKEY_CTX *ctx = NULL;
	uint32_t st = COFFER_ST_DATA_INVALID;

	*len = 0;
	if (!peer)
		goto out;
	st = COFFER_ST_DEVICE_ERROR;
	ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, e->pkey, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
	    EVP_PKEY_derive(ctx, shared, &got) != 1 || got != want) {
		crypto_wipe(shared, want);
		goto out;
	}
	*len = got;
	st = COFFER_ST_OK;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	ERR_clear_error();
	return st;
}

void crypto_ecdh_free(struct crypto_ecdh *e)
{
	if (!e)
		return;
	EVP_PKEY_free(e->pkey);		/* wipes the private value */
	free(e);
}
