// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mechanisms by profile, with key sizes as C_GetMechanismInfo gives them: bits for RSA and
 * elliptic curves, bytes for AES and generic secrets. The fifth column is the smallest key in
 * FIPS mode, 0: not approved. Newer generations have higher minimums (behaviour.md section 9).
 */
#include <stddef.h>

#include "profile_data.h"

/* CKF_* of CK_MECHANISM_INFO, PKCS#11 3.0 */
#define HW		0x00000001u
#define ENC		0x00000100u
#define DEC		0x00000200u
#define DIG		0x00000400u
#define SIG		0x00000800u
#define VER		0x00002000u
#define GEN		0x00008000u
#define PAIR		0x00010000u
#define EC		0x01900000u	/* F_P, named curve, uncompressed */

#define M(name)		(uint32_t)COFFER_CKM_##name
#define END		{ 0, 0, 0, 0, 0 }

#define RSA_USE(min, fips) \
	{ M(RSA_PKCS), HW | ENC | DEC | SIG | VER, min, 4096, fips }, \
	{ M(RSA_PKCS_OAEP), HW | ENC | DEC, min, 4096, fips }, \
	{ M(RSA_PKCS_PSS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA256_RSA_PKCS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA384_RSA_PKCS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA512_RSA_PKCS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA256_RSA_PKCS_PSS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA384_RSA_PKCS_PSS), HW | SIG | VER, min, 4096, fips }, \
	{ M(SHA512_RSA_PKCS_PSS), HW | SIG | VER, min, 4096, fips }

/* @fips: the smallest that the old way of making keys gives in FIPS mode. */
#define RSA(min, fips) \
	{ M(RSA_PKCS_KEY_PAIR_GEN), HW | PAIR, min, 4096, fips }, \
	RSA_USE(min, fips)

/* From 7.0 on FIPS mode makes keys by FIPS 186-3 alone (behaviour.md section 9). */
#define RSA_186_3(min, fips) \
	{ M(RSA_PKCS_KEY_PAIR_GEN), HW | PAIR, min, 4096, 0 }, \
	PRIMES, \
	RSA_USE(min, fips)

#define PRIMES \
	{ M(RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN), HW | PAIR, 2048, 4096, 2048 }, \
	{ M(RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN), HW | PAIR, 2048, 4096, 2048 }

/* Unpadded: never in FIPS mode. */
#define RSA_RAW(min) \
	{ M(RSA_X_509), HW | ENC | DEC | SIG | VER, min, 4096, 0 }

#define DIGESTS \
	{ M(SHA256), HW | DIG, 0, 0, 1 }, \
	{ M(SHA384), HW | DIG, 0, 0, 1 }, \
	{ M(SHA512), HW | DIG, 0, 0, 1 }

#define HMACS(min) \
	{ M(SHA256_HMAC), HW | SIG | VER, min, 512, 14 }, \
	{ M(SHA384_HMAC), HW | SIG | VER, min, 512, 14 }, \
	{ M(SHA512_HMAC), HW | SIG | VER, min, 512, 14 }, \
	{ M(GENERIC_SECRET_KEY_GEN), HW | GEN, min, 512, 14 }

#define ECDSA \
	{ M(EC_KEY_PAIR_GEN), HW | PAIR | EC, 256, 521, 256 }, \
	{ M(ECDSA), HW | SIG | VER | EC, 256, 521, 256 }, \
	{ M(ECDSA_SHA256), HW | SIG | VER | EC, 256, 521, 256 }, \
	{ M(ECDSA_SHA384), HW | SIG | VER | EC, 256, 521, 256 }, \
	{ M(ECDSA_SHA512), HW | SIG | VER | EC, 256, 521, 256 }

#define EDWARDS \
	{ M(EC_EDWARDS_KEY_PAIR_GEN), HW | PAIR | EC, 255, 255, 0 }, \
	{ M(EDDSA), HW | SIG | VER | EC, 255, 255, 0 }

#define AES_5 \
	{ M(AES_KEY_GEN), HW | GEN, 16, 32, 16 }, \
	{ M(AES_ECB), HW | ENC | DEC, 16, 32, 16 }, \
	{ M(AES_CBC), HW | ENC | DEC, 16, 32, 16 }, \
	{ M(AES_CBC_PAD), HW | ENC | DEC, 16, 32, 16 }

#define AES \
	AES_5, \
	{ M(AES_CTR), HW | ENC | DEC, 16, 32, 16 }, \
	{ M(AES_GCM), HW | ENC | DEC, 16, 32, 16 }, \
	{ M(AES_CMAC), HW | SIG | VER, 16, 32, 16 }

const struct profile_mechanism profile_mechanisms_all[] = {
	RSA(1024, 2048),
	PRIMES,
	RSA_RAW(1024),
	DIGESTS,
	HMACS(1),
	ECDSA,
	EDWARDS,
	AES,
	END
};

const struct profile_mechanism profile_mechanisms_5[] = {
	RSA(1024, 1024),
	RSA_RAW(1024),
	DIGESTS,
	HMACS(1),
	ECDSA,
	AES_5,
	END
};

const struct profile_mechanism profile_mechanisms_6[] = {
	RSA(1024, 2048),
	RSA_RAW(1024),
	DIGESTS,
	HMACS(1),
	ECDSA,
	AES,
	END
};

const struct profile_mechanism profile_mechanisms_7[] = {
	RSA_186_3(2048, 2048),
	RSA_RAW(2048),
	DIGESTS,
	HMACS(8),
	ECDSA,
	EDWARDS,
	AES,
	END
};
