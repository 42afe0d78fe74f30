/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All cryptography of the firmware, over OpenSSL 3 EVP with a library context of its own.
 * Knows keys, bytes and certificates; knows nothing of cards, partitions or objects' policies.
 * Only crypto_*.c include OpenSSL. Every function returns a contract-2 status (0 = OK), starts
 * its out-parameters as failure, and wipes what it derived.
 */
#ifndef FW_CRYPTO_H
#define FW_CRYPTO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "wire.h"

struct crypto;			/* library context, random generator, self-test state */
struct crypto_key;		/* a key ready for use; reference counted, thread-safe */

/* ---- Start and self-tests (crypto_init.c, crypto_kat.c) ---------------------------------- */
uint32_t crypto_open(struct crypto **crypto);	/* runs the known-answer tests; SELF_TEST_FAILED */
void crypto_close(struct crypto *crypto);
/*
 * Run self-test @index (from 0) again: the known answers, then those of crypto_selftest.c.
 * Returns its name, NULL when there is no such test. The one named @broken (NULL: none) fails.
 */
const char *crypto_self_test(struct crypto *crypto, unsigned int index, const char *broken,
			     bool *passed);
/*
 * Tests that run whenever a key pair or random numbers are made: number (from 1, as the index
 * plus one) of one that failed, 0: none. What made them answers SELF_TEST_FAILED, RANDOM_NO_RNG.
 */
uint32_t crypto_failed(const struct crypto *crypto);
/* Test hook, lent for the context's life: "use:NAME" breaks such a test where it is used. */
void crypto_hook_set(struct crypto *crypto, const char *hook);
bool crypto_health(const uint8_t *samples, size_t len);	/* do they look random? 512 at least */
uint32_t crypto_random(struct crypto *crypto, void *out, size_t len);
/*
 * The calling thread forgets what the library keeps for it: for threads that are not the card's
 * own and may outlive it. Its next use of the library begins anew.
 */
void crypto_thread_end(struct crypto *crypto);
bool crypto_equal(const void *a, const void *b, size_t len);	/* constant time */
void crypto_wipe(void *p, size_t len);
/* What functions that have returned left on this thread's stack: those of libraries, too. */
void crypto_wipe_stack(void);

/* ---- Hash, MAC, KDF, AEAD (crypto_sym.c) ------------------------------------------------ */
enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512 };
#define CRYPTO_HASH_MAX		64
size_t crypto_hash_len(enum crypto_hash hash);
uint32_t crypto_digest(struct crypto *c, enum crypto_hash hash, struct bytes in, uint8_t *out);
/* Hash or MAC over several pieces, in order. */
uint32_t crypto_digest_v(struct crypto *c, enum crypto_hash hash, const struct bytes *in,
			 size_t count, uint8_t *out);
uint32_t crypto_hmac(struct crypto *c, enum crypto_hash hash, struct bytes key,
		     const struct bytes *in, size_t count, uint8_t *out);
uint32_t crypto_hkdf(struct crypto *c, enum crypto_hash hash, struct bytes salt,
		     struct bytes ikm, struct bytes info, uint8_t *out, size_t len);
uint32_t crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
		       uint32_t iterations, uint8_t *out, size_t len);	/* HMAC-SHA-256 */
/* AES-GCM, key 16 or 32 bytes, nonce 12, tag 16 appended. out may be in. */
#define CRYPTO_NONCE	12
#define CRYPTO_TAG	16
uint32_t crypto_seal(struct crypto *c, struct bytes key, const uint8_t nonce[CRYPTO_NONCE],
		     struct bytes aad, struct bytes plain, uint8_t *out);	/* len + TAG */
/* ST_BAD_MAC when not genuine; *out is wiped then. */
uint32_t crypto_open_sealed(struct crypto *c, struct bytes key,
			    const uint8_t nonce[CRYPTO_NONCE], struct bytes aad,
			    struct bytes sealed, uint8_t *out);	/* len - TAG */

/* ---- Keys of objects (crypto_key.c, crypto_gen.c) ---------------------------------------- */
/* Build a key from an object's attributes (private, public or secret). KEY_TYPE_INCONSISTENT,
 * KEY_SIZE_RANGE, TEMPLATE_INCOMPLETE, ATTRIBUTE_VALUE_INVALID (not a valid key).
 */
uint32_t crypto_key_load(struct crypto *c, const struct attrs *object, struct crypto_key **key);
struct crypto_key *crypto_key_get(struct crypto_key *key);
void crypto_key_put(struct crypto_key *key);
unsigned int crypto_key_bits(const struct crypto_key *key);

/* Generate. The key values (MODULUS, PRIVATE_EXPONENT, PRIME_*, EC_POINT, VALUE, ...) are added
 * to the sets, which hold MODULUS_BITS, PUBLIC_EXPONENT, EC_PARAMS, VALUE_LEN as the mechanism
 * wants. Pair-wise consistency is tested before it returns. *cancelled may be NULL; polled.
 */
uint32_t crypto_generate_pair(struct crypto *c, uint32_t mechanism, struct attrs *public_set,
			      struct attrs *private_set, const atomic_int *cancelled);
uint32_t crypto_generate_secret(struct crypto *c, uint32_t mechanism, struct attrs *set);
/* SubjectPublicKeyInfo (DER) of a public or private key object's set; caller frees with free(). */
uint32_t crypto_public_info(struct crypto *c, const struct attrs *object, uint8_t **der,
			    size_t *len);

/* ---- Use of keys (crypto_use.c) ----------------------------------------------------------- */
/* Mechanism numbers and parameters: coffer_attr.h. *len: in room, out written (0 on failure). */
uint32_t crypto_sign(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
		     struct bytes params, struct bytes data, uint8_t *sig, size_t *len);
/*
 * The same, but an RSA signature is verified before it leaves: one that was disturbed while it
 * was made, by the Chinese remainder theorem, would tell the factors. DEVICE_ERROR then.
 */
uint32_t crypto_sign_confirmed(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			       struct bytes params, struct bytes data, uint8_t *sig, size_t *len);
uint32_t crypto_verify(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
		       struct bytes params, struct bytes data, struct bytes sig);
uint32_t crypto_encrypt(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			struct bytes params, struct bytes data, uint8_t *out, size_t *len);
uint32_t crypto_decrypt(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			struct bytes params, struct bytes data, uint8_t *out, size_t *len);
uint32_t crypto_digest_mech(struct crypto *c, uint32_t mechanism, struct bytes data,
			    uint8_t *out, size_t *len);

/* ---- Device identity (crypto_cert.c) ------------------------------------------------------ */
/*
 * Keys of the card itself, as DER (PKCS#8). CERT is X.509 DER. Certificates carry the card's
 * serial number as commonName "coffer SERIAL" and their use as organizationalUnitName.
 */
#define CRYPTO_CERT_DEVICE	"device"	/* P-256, signs offers */
#define CRYPTO_CERT_WRAP	"wrap"		/* RSA-3072, CPv1 token wrapping certificate */
#define CRYPTO_DER_MAX		4096

struct crypto_der {
	size_t len;
	uint8_t p[CRYPTO_DER_MAX];
};

enum crypto_device_key { CRYPTO_DEVICE_P256, CRYPTO_DEVICE_RSA3072 };
uint32_t crypto_device_key(struct crypto *c, enum crypto_device_key kind,
			   struct crypto_der *private_key);
/* Certify @key for @serial; root key and certificate as PEM text. Valid for 30 years. */
uint32_t crypto_certify(struct crypto *c, struct bytes root_key_pem, struct bytes root_cert_pem,
			const struct crypto_der *key, const char *use, uint64_t serial,
			struct crypto_der *cert);
uint32_t crypto_root_der(struct crypto *c, struct bytes root_cert_pem, struct crypto_der *cert);
/* The public test root; its private key is in this source on purpose. */
extern const char crypto_test_root_key[];
extern const char crypto_test_root_cert[];
/*
 * Is @cert signed by @root, for @use, and valid? CERTIFICATE_DATA_INVALID. (The clock is not
 * trusted: validity dates are checked only when now_ms is not 0.) *serial is the card's.
 */
uint32_t crypto_cert_check(struct crypto *c, struct bytes root, struct bytes cert,
			   const char *use, uint64_t now_ms, uint64_t *serial);
/* ECDSA P-256 SHA-256 by the device key, r || s, 64 bytes. */
#define CRYPTO_DEVICE_SIG	64
uint32_t crypto_device_sign(struct crypto *c, const struct crypto_der *key,
			    const struct bytes *in, size_t count, uint8_t sig[CRYPTO_DEVICE_SIG]);
uint32_t crypto_device_verify(struct crypto *c, struct bytes cert, const struct bytes *in,
			      size_t count, struct bytes sig);
/*
 * Signatures of the factory root over what it makes besides cards (crypto_root.c): SHA-256 with
 * the root's key, r || s of an EC key. *len: room in, written out. The maker's @root is PEM, a
 * card's is DER: CERTIFICATE_DATA_INVALID when it is no root or not this key's; verify:
 * SIGNATURE_LEN_RANGE, SIGNATURE_INVALID.
 */
#define CRYPTO_ROOT_SIG_MAX	512
uint32_t crypto_root_sign(struct crypto *c, struct bytes root_key_pem, struct bytes root_cert_pem,
			  struct bytes in, uint8_t *sig, size_t *len);
uint32_t crypto_root_sig_len(struct crypto *c, struct bytes root, size_t *len);
uint32_t crypto_root_verify(struct crypto *c, struct bytes root, struct bytes in,
			    struct bytes sig);
/* RSA-OAEP-SHA256 to a wrap certificate, and back. *len: room in, written out. */
uint32_t crypto_rsa_seal(struct crypto *c, struct bytes cert, struct bytes label,
			 struct bytes plain, uint8_t *out, size_t *len);
uint32_t crypto_rsa_open(struct crypto *c, const struct crypto_der *key, struct bytes label,
			 struct bytes sealed, uint8_t *out, size_t *len);

/* ---- Ephemeral key agreement (crypto_ecdh.c) ---------------------------------------------- */
enum crypto_curve { CRYPTO_P256, CRYPTO_P384 };
#define CRYPTO_POINT_MAX	97
struct crypto_ecdh;
size_t crypto_point_len(enum crypto_curve curve);
uint32_t crypto_ecdh_new(struct crypto *c, enum crypto_curve curve, struct crypto_ecdh **e,
			 uint8_t point[CRYPTO_POINT_MAX]);
/* shared has room for 48 bytes; the peer's point is fully checked. Consumes nothing. */
uint32_t crypto_ecdh_agree(struct crypto *c, struct crypto_ecdh *e, struct bytes peer_point,
			   uint8_t *shared, size_t *len);
void crypto_ecdh_free(struct crypto_ecdh *e);

#endif /* FW_CRYPTO_H */
