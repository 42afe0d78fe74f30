/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by crypto_*.c only: what is behind the opaque types of crypto.h. */
#ifndef FW_CRYPTO_INTERNAL_H
#define FW_CRYPTO_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "crypto.h"
#include "hw/coffer_attr.h"
#include "hw/coffer_status.h"

/* Index: AES key length 16, 24, 32. */
enum crypto_mode { MODE_ECB, MODE_CBC, MODE_CTR, MODE_GCM, MODE_COUNT };
#define AES_SIZES	3
#define HASHES		3

/* What crypto_open sets never changes and is shared by all threads without a lock. */
struct crypto {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *provider;
	EVP_MD *md[HASHES];
	EVP_CIPHER *aes[MODE_COUNT][AES_SIZES];
	EVP_MAC *hmac;
	EVP_MAC *cmac;
	EVP_KDF *hkdf;
	EVP_KDF *pbkdf2;
	const char *hook;		/* see crypto_hook_set */
	_Atomic uint64_t last_random;	/* first bytes of the last draw */
	_Atomic(const char *) failed;	/* name of a conditional test that failed; NULL: none */
	pthread_mutex_t keep_lock;
	void *kept;			/* keep_lock; see crypto_more.h */
	void (*unkeep)(void *kept);
};

enum key_op { OP_SIGN, OP_VERIFY, OP_ENCRYPT, OP_DECRYPT };

#define SLOT_PARAMS	12

/*
 * An operation of a key that was made ready once (algorithm fetched, padding set) and is then
 * duplicated for each use, so that a signature takes no lock and looks nothing up.
 */
struct key_slot {
	enum key_op op;
	uint32_t mechanism;
	uint8_t params[SLOT_PARAMS];
	size_t params_len;
	EVP_PKEY_CTX *pkey;		/* one of the two */
	EVP_MAC_CTX *mac;
};

#define KEY_SLOTS	6

struct crypto_key {
	atomic_uint refs;
	uint32_t class;
	uint32_t type;
	unsigned int bits;
	EVP_PKEY *pkey;			/* asymmetric */
	uint8_t *secret;		/* symmetric */
	size_t secret_len;
	pthread_mutex_t lock;		/* guards filling of slots[]; readers need none */
	_Atomic(struct key_slot *) slots[KEY_SLOTS];
};

const char *crypto_hash_name(enum crypto_hash hash);
/* Hash of a CKM_SHAxxx number: COFFER_ST_OK or MECHANISM_PARAM_INVALID. */
uint32_t crypto_hash_of_mech(uint32_t mechanism, enum crypto_hash *hash);
/* NULL for a length that is not 16, 24, 32. */
const EVP_CIPHER *crypto_aes(const struct crypto *c, enum crypto_mode mode, size_t key_len);

/* crypto_kat.c: runs every test; the one named @broken has a bit of its answer flipped first. */
uint32_t crypto_kat_run(struct crypto *c, const char *broken);
bool crypto_kat_one(struct crypto *c, unsigned int index, const char *broken);
const char *crypto_kat_name(unsigned int index);		/* NULL: no more */
/* crypto_selftest.c: the known answers and all others */
uint32_t crypto_self_test_all(struct crypto *c, const char *broken);
bool crypto_random_moves(struct crypto *c, const uint8_t *p, size_t len);
/* Is the conditional test @name to fail in use ("use:NAME")? */
bool crypto_hook(const struct crypto *c, const char *name);
#define CRYPTO_CONTINUOUS	"random-continuous"
void crypto_conditional_failed(struct crypto *c, const char *name);
/* crypto_gen.c: make a pair and test it. */
bool crypto_pair_self_test(struct crypto *c, bool broken);
/* crypto_open for tests of the self-tests. */
uint32_t crypto_open_broken(struct crypto **crypto, const char *broken);

/* crypto_device.c: ECDSA signatures between DER and r || s, each half @half bytes. */
bool crypto_ecdsa_raw(const uint8_t *der, size_t der_len, uint8_t *raw, size_t half);
size_t crypto_ecdsa_der(const uint8_t *raw, size_t half, uint8_t *der, size_t room); /* 0: no */

/* crypto_init.c: all algorithms, once. */
bool crypto_fetch(struct crypto *c);
/* crypto_init.c: a key from parameters; NULL when they make none. */
EVP_PKEY *crypto_pkey_new(struct crypto *c, const char *type, int selection,
			  OSSL_PARAM *params);

/* crypto_key.c */
/* A curve by the DER of CKA_EC_PARAMS. */
struct ec_curve {
	const char *group;		/* OpenSSL's name */
	unsigned int bits;
	size_t field;			/* bytes of a coordinate, and of half a signature */
	size_t oid_len;
	uint8_t oid[10];		/* DER of the OBJECT IDENTIFIER */
};
const struct ec_curve *ec_curve_of_params(const struct attr *params);	/* NULL: unknown */
bool edwards_params_ok(const struct attr *params);
/* crypto_key_rsa.c */
uint32_t rsa_load(struct crypto *c, const struct attrs *object, struct crypto_key *key);

/* The value of a DER OCTET STRING that holds exactly one; {NULL, 0} otherwise. */
struct bytes der_octets(struct bytes der);
/* A ready slot of @key, made and kept at first use; OOM and refused parameters: status. */
typedef uint32_t slot_make_fn(struct crypto *c, struct crypto_key *key, struct key_slot *slot);
struct key_use {
	struct crypto *c;
	struct crypto_key *key;
	enum key_op op;
	uint32_t mechanism;
	struct bytes params;
};
/* A context of one's own, to be freed. */
uint32_t key_pkey_ctx(const struct key_use *use, slot_make_fn *make, EVP_PKEY_CTX **ctx);
uint32_t key_mac_ctx(const struct key_use *use, slot_make_fn *make, EVP_MAC_CTX **ctx);

/* crypto_use_rsa.c, crypto_use_ec.c, crypto_use_aes.c: called by crypto_use.c */
uint32_t rsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len);
uint32_t rsa_verify(const struct key_use *use, struct bytes data, struct bytes sig);
uint32_t rsa_encrypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len);
uint32_t rsa_decrypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len);
uint32_t ecdsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len);
uint32_t ecdsa_verify(const struct key_use *use, struct bytes data, struct bytes sig);
uint32_t eddsa_sign(const struct key_use *use, struct bytes data, uint8_t *sig, size_t *len);
uint32_t eddsa_verify(const struct key_use *use, struct bytes data, struct bytes sig);
uint32_t mac_make(const struct key_use *use, struct bytes data, uint8_t *mac, size_t *len);
uint32_t mac_verify(const struct key_use *use, struct bytes data, struct bytes mac);
uint32_t aes_crypt(const struct key_use *use, struct bytes data, uint8_t *out, size_t *len);
/* crypto_mech.c */
struct mech_row {
	uint32_t mechanism;
	uint32_t key_type;
	bool hashes;
	enum crypto_hash hash;
	bool params;			/* has a parameter */
	bool signs;			/* and verifies */
	bool crypts;
};
const struct mech_row *crypto_mech(uint32_t mechanism);	/* NULL: unknown */
/* Hash of a mechanism that hashes (SHA256_RSA_PKCS, ECDSA_SHA384, SHA512_HMAC, ...). */
bool hash_in_mech(uint32_t mechanism, enum crypto_hash *hash);

#endif /* FW_CRYPTO_INTERNAL_H */
