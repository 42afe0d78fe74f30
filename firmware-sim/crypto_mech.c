// SPDX-License-Identifier: BSD-3-Clause
/* Mechanisms: what they are made of. crypto_use.c carries them out. */
#include "crypto_internal.h"
#include "crypto_more.h"

#define SIGNS		.signs = true
#define CRYPTS		.crypts = true
#define HASH(h)		.hashes = true, .hash = CRYPTO_##h

static const struct mech_row mechs[] = {
	{ COFFER_CKM_RSA_PKCS, COFFER_CKK_RSA, SIGNS, CRYPTS },
	{ COFFER_CKM_RSA_X_509, COFFER_CKK_RSA, SIGNS, CRYPTS },
	{ COFFER_CKM_RSA_PKCS_OAEP, COFFER_CKK_RSA, .params = true, CRYPTS },
	{ COFFER_CKM_RSA_PKCS_PSS, COFFER_CKK_RSA, .params = true, SIGNS },
	{ COFFER_CKM_SHA256_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA256), SIGNS },
	{ COFFER_CKM_SHA384_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA384), SIGNS },
	{ COFFER_CKM_SHA512_RSA_PKCS, COFFER_CKK_RSA, HASH(SHA512), SIGNS },
	{ COFFER_CKM_SHA256_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA256), .params = true,
	  SIGNS },
	{ COFFER_CKM_SHA384_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA384), .params = true,
	  SIGNS },
	{ COFFER_CKM_SHA512_RSA_PKCS_PSS, COFFER_CKK_RSA, HASH(SHA512), .params = true,
	  SIGNS },
	{ COFFER_CKM_ECDSA, COFFER_CKK_EC, SIGNS },
	{ COFFER_CKM_ECDSA_SHA256, COFFER_CKK_EC, HASH(SHA256), SIGNS },
	{ COFFER_CKM_ECDSA_SHA384, COFFER_CKK_EC, HASH(SHA384), SIGNS },
	{ COFFER_CKM_ECDSA_SHA512, COFFER_CKK_EC, HASH(SHA512), SIGNS },
	{ COFFER_CKM_EDDSA, COFFER_CKK_EC_EDWARDS, SIGNS },
	{ COFFER_CKM_SHA256_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA256), SIGNS },
	{ COFFER_CKM_SHA384_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA384), SIGNS },
	{ COFFER_CKM_SHA512_HMAC, COFFER_CKK_GENERIC_SECRET, HASH(SHA512), SIGNS },
	{ COFFER_CKM_AES_CMAC, COFFER_CKK_AES, SIGNS },
	{ COFFER_CKM_AES_ECB, COFFER_CKK_AES, CRYPTS },
	{ COFFER_CKM_AES_CBC, COFFER_CKK_AES, .params = true, CRYPTS },
	{ COFFER_CKM_AES_CBC_PAD, COFFER_CKK_AES, .params = true, CRYPTS },
	{ COFFER_CKM_AES_CTR, COFFER_CKK_AES, .params = true, CRYPTS },
	{ COFFER_CKM_AES_GCM, COFFER_CKK_AES, .params = true, CRYPTS },
	{ COFFER_CKM_SHA256, COFFER_CKK_NONE, HASH(SHA256) },
	{ COFFER_CKM_SHA384, COFFER_CKK_NONE, HASH(SHA384) },
	{ COFFER_CKM_SHA512, COFFER_CKK_NONE, HASH(SHA512) },
};

const struct mech_row *crypto_mech(uint32_t mechanism)
{
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++)
		if (mechs[i].mechanism == mechanism)
			return &mechs[i];
	return NULL;
}

uint32_t crypto_mech_key_type(uint32_t mechanism)
{
	const struct mech_row *row = crypto_mech(mechanism);

	return row ? row->key_type : COFFER_CKK_NONE;
}

bool hash_in_mech(uint32_t mechanism, enum crypto_hash *hash)
{
	const struct mech_row *row = crypto_mech(mechanism);

	if (!row || !row->hashes)
		return false;
	*hash = row->hash;
	return true;
}
