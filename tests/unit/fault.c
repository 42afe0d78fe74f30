// SPDX-License-Identifier: BSD-3-Clause
#include "fault.h"
#include "fault_wrap.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "nv.h"
#include "store.h"

static atomic_int left;			/* calls until it fails; 0: not armed */
static atomic_bool happened;
static const char *_Atomic name;
static atomic_ulong total;
static pthread_t tester;
static _Thread_local bool inside;	/* the tester, in the firmware */

void fault_arm(unsigned int n)
{
	tester = pthread_self();
	atomic_store(&happened, false);
	atomic_store(&left, (int)n);
}

bool fault_disarm(void)
{
	atomic_store(&left, 0);
	return atomic_load(&happened);
}

const char *fault_name(void)
{
	return atomic_load(&name);
}

unsigned long fault_total(void)
{
	return atomic_load(&total);
}

bool fault_shows_as(uint32_t verdict)
{
	static const uint32_t codes[] = {
		COFFER_ST_DEVICE_MEMORY, COFFER_ST_DEVICE_ERROR, COFFER_ST_BAD_MAC,
		COFFER_ST_CERTIFICATE_DATA_INVALID, COFFER_ST_SESSION_NEGOTIATION_INVALID,
		COFFER_ST_UNWRAPPING_ERROR,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (verdict == codes[i])
			return true;
	return false;
}

bool fault_all(void)
{
	const char *s = getenv("COFFER_FAULTS");

	return s && !strcmp(s, "all");
}

bool fault_due(const char *what)
{
	if (!atomic_load(&left) || (pthread_equal(tester, pthread_self()) && !inside))
		return false;
	if (atomic_fetch_sub(&left, 1) != 1)
		return false;
	atomic_store(&happened, true);
	atomic_store(&name, what);
	atomic_fetch_add(&total, 1);
	return true;
}

void fault_inside(bool on)
{
	inside = on;
}

uint32_t __real_fw_exec(struct fw_card *card, const struct fw_request *rq, uint32_t *len);
uint32_t __wrap_fw_exec(struct fw_card *card, const struct fw_request *rq, uint32_t *len);
uint32_t __wrap_fw_exec(struct fw_card *card, const struct fw_request *rq, uint32_t *len)
{
	uint32_t st;

	inside = true;
	st = __real_fw_exec(card, rq, len);
	inside = false;
	return st;
}

/* ---- Memory ------------------------------------------------------------------------------- */

WRAP(void *, malloc, NULL, (size_t size), (size))
WRAP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, NULL, (void *p, size_t size), (p, size))
WRAP(char *, strdup, NULL, (const char *s), (s))

/* ---- Crypto ------------------------------------------------------------------------------- */

#define BROKEN	COFFER_ST_DEVICE_ERROR
#define CRYPTO(fn, params, args) WRAP(uint32_t, fn, BROKEN, params, args)

CRYPTO(crypto_random, (struct crypto *c, void *out, size_t len), (c, out, len))
CRYPTO(crypto_digest, (struct crypto *c, enum crypto_hash h, struct bytes in, uint8_t *out),
       (c, h, in, out))
CRYPTO(crypto_digest_v, (struct crypto *c, enum crypto_hash h, const struct bytes *in, size_t n,
			 uint8_t *out), (c, h, in, n, out))
CRYPTO(crypto_hmac, (struct crypto *c, enum crypto_hash h, struct bytes key,
		     const struct bytes *in, size_t n, uint8_t *out), (c, h, key, in, n, out))
CRYPTO(crypto_hkdf, (struct crypto *c, enum crypto_hash h, struct bytes salt, struct bytes ikm,
		     struct bytes info, uint8_t *out, size_t len),
       (c, h, salt, ikm, info, out, len))
CRYPTO(crypto_pbkdf2, (struct crypto *c, struct bytes secret, struct bytes salt, uint32_t n,
		       uint8_t *out, size_t len), (c, secret, salt, n, out, len))
CRYPTO(crypto_seal, (struct crypto *c, struct bytes key, const uint8_t nonce[CRYPTO_NONCE],
		     struct bytes aad, struct bytes plain, uint8_t *out),
       (c, key, nonce, aad, plain, out))
CRYPTO(crypto_open_sealed, (struct crypto *c, struct bytes key,
			    const uint8_t nonce[CRYPTO_NONCE], struct bytes aad,
			    struct bytes sealed, uint8_t *out),
       (c, key, nonce, aad, sealed, out))
CRYPTO(crypto_key_load, (struct crypto *c, const struct attrs *o, struct crypto_key **key),
       (c, o, key))
CRYPTO(crypto_generate_pair, (struct crypto *c, uint32_t mechanism, struct attrs *public_set,
			      struct attrs *private_set, const atomic_int *cancelled),
       (c, mechanism, public_set, private_set, cancelled))
CRYPTO(crypto_generate_secret, (struct crypto *c, uint32_t mechanism, struct attrs *set),
       (c, mechanism, set))
CRYPTO(crypto_public_info, (struct crypto *c, const struct attrs *o, uint8_t **der, size_t *len),
       (c, o, der, len))
CRYPTO(crypto_digest_mech, (struct crypto *c, uint32_t mechanism, struct bytes data,
			    uint8_t *out, size_t *len), (c, mechanism, data, out, len))
CRYPTO(crypto_cert_check, (struct crypto *c, struct bytes root, struct bytes cert,
			   const char *use, uint64_t now_ms, uint64_t *serial),
       (c, root, cert, use, now_ms, serial))
CRYPTO(crypto_device_sign, (struct crypto *c, const struct crypto_der *key,
			    const struct bytes *in, size_t count, uint8_t sig[CRYPTO_DEVICE_SIG]),
       (c, key, in, count, sig))
CRYPTO(crypto_device_verify, (struct crypto *c, struct bytes cert, const struct bytes *in,
			      size_t count, struct bytes sig), (c, cert, in, count, sig))
CRYPTO(crypto_rsa_seal, (struct crypto *c, struct bytes cert, struct bytes label,
			 struct bytes plain, uint8_t *out, size_t *len),
       (c, cert, label, plain, out, len))
CRYPTO(crypto_rsa_open, (struct crypto *c, const struct crypto_der *key, struct bytes label,
			 struct bytes sealed, uint8_t *out, size_t *len),
       (c, key, label, sealed, out, len))
CRYPTO(crypto_ecdh_new, (struct crypto *c, enum crypto_curve curve, struct crypto_ecdh **e,
			 uint8_t point[CRYPTO_POINT_MAX]), (c, curve, e, point))
CRYPTO(crypto_ecdh_agree, (struct crypto *c, struct crypto_ecdh *e, struct bytes peer,
			   uint8_t *shared, size_t *len), (c, e, peer, shared, len))

/* ---- nv and store: a disk that cannot be read or written ---------------------------------- */

#define DISK(fn, params, args)	WRAP(int, fn, -EIO, params, args)

DISK(nv_attempt, (struct nv *nv, uint32_t part, enum coffer_role role, uint32_t *count),
     (nv, part, role, count))
DISK(nv_attempts_reset, (struct nv *nv, uint32_t part, enum coffer_role role), (nv, part, role))
DISK(nv_clone_failed, (struct nv *nv, uint32_t part, uint32_t forgiven), (nv, part, forgiven))
DISK(nv_clone_good, (struct nv *nv, uint32_t part), (nv, part))
DISK(nv_part_reset, (struct nv *nv, uint32_t part), (nv, part))
DISK(nv_zeroize, (struct nv *nv, const uint8_t key[KEY_LEN], enum nv_clear what),
     (nv, key, what))
DISK(nv_clear_done, (struct nv *nv, uint32_t erasure), (nv, erasure))
DISK(nv_tamper_clear, (struct nv *nv), (nv))
DISK(store_begin, (struct store *s), (s))
DISK(store_commit, (struct store *s, uint64_t number), (s, number))
DISK(store_unit_begin, (struct store *s), (s))
DISK(store_unit_keep, (struct store *s), (s))
DISK(store_object_get, (struct store *s, uint32_t part, uint32_t handle, struct object_row *row),
     (s, part, handle, row))
DISK(store_object_find, (struct store *s, uint32_t part, const struct store_filter *filter,
			 uint32_t after, bool (*each)(void *, const struct object_row *),
			 void *opaque), (s, part, filter, after, each, opaque))
DISK(store_object_count, (struct store *s, uint32_t part, uint32_t *all, uint32_t *public_only,
			  uint64_t *bytes), (s, part, all, public_only, bytes))
DISK(store_object_put, (struct store *s, struct object_row *row), (s, row))
DISK(store_object_update, (struct store *s, const struct object_row *row), (s, row))
DISK(store_object_delete, (struct store *s, uint32_t part, uint32_t handle), (s, part, handle))
DISK(store_objects_clear, (struct store *s, uint32_t part), (s, part))
DISK(store_value_get, (struct store *s, uint32_t scope, const char *what, uint8_t **value,
		       size_t *len), (s, scope, what, value, len))
DISK(store_value_put, (struct store *s, uint32_t scope, const char *what, const void *value,
		       size_t len), (s, scope, what, value, len))
DISK(store_value_delete, (struct store *s, uint32_t scope, const char *what), (s, scope, what))
DISK(store_scope_clear, (struct store *s, uint32_t scope), (s, scope))
DISK(store_audit_put, (struct store *s, uint64_t number, const void *body, size_t len),
     (s, number, body, len))
DISK(store_audit_take, (struct store *s, uint64_t number, uint8_t *tail, size_t len),
     (s, number, tail, len))
