// SPDX-License-Identifier: BSD-3-Clause
/*
 * What makes an archive a matter of named cards and of the domain: the file key, sealed for each
 * recipient with a key from a fresh secret, which only that card's certified wrapping key gives,
 * and the domain key; and the keys of the content, from the file key and the domain key again
 * (PROTOCOLS.md, "Archive files"). Neither a recipient without the domain nor the domain without
 * a recipient opens anything.
 */
#include "clone.h"

#include <string.h>

#define OAEP_LABEL	(16 + 2 * CLONE_MHASH)
#define SECRET		CLONE_RSA_SECRET

static const char recipient_label[CLONE_MHASH] = "coffer archive recipient";
static const char content_label[CLONE_MHASH] = "coffer archive content";
/* Every key seals one thing once. */
static const uint8_t nonce[CRYPTO_NONCE];

/* One card that may open it; on both sides. */
struct recipient {
	uint64_t card;
	uint8_t cert[CLONE_MHASH];
	uint8_t core[CLONE_MHASH];	/* of the head */
};

/* A ciphertext for one head opens in no other, and for no other card. */
static struct bytes oaep_label(const struct clone_context *x, const struct recipient *r,
			       uint8_t label[OAEP_LABEL])
{
	memcpy(label, x->suite->share_label[0], 16);
	memcpy(label + 16, r->core, CLONE_MHASH);
	memcpy(label + 16 + CLONE_MHASH, r->cert, CLONE_MHASH);
	return (struct bytes){ label, OAEP_LABEL };
}

/* The key that the file key is sealed with. */
static uint32_t seal_key(struct cmd *c, const struct clone_context *x, const struct recipient *r,
			 struct bytes named, const uint8_t secret[SECRET],
			 const uint8_t domain[32], struct clone_keys *keys)
{
	struct clone_transcript t = x->t;
	uint32_t st;

	t.card[1] = r->card;
	memcpy(t.cert[1], r->cert, CLONE_MHASH);
	memcpy(t.opening, r->core, CLONE_MHASH);
	memcpy(t.m3_core, recipient_label, CLONE_MHASH);
	st = clone_hash(c->crypto, named, t.m2);
	return st ? st : clone_keys_derive(c->crypto, x->suite, &t,
					   (struct bytes){ secret, SECRET }, domain, keys);
}

static struct bytes key_of(const struct clone_keys *keys)
{
	return (struct bytes){ keys->blob, ARCHIVE_KEY };
}

/* ---- Source ------------------------------------------------------------------------------ */

static uint32_t check_recipient(struct cmd *c, struct bytes cert, struct recipient *r)
{
	const struct crypto_der *root = &card_identity(c->card)->root;
	uint32_t st;

	if (!cert.len)
		return COFFER_ST_CERTIFICATE_DATA_MISSING;
	if (crypto_cert_check(c->crypto, (struct bytes){ root->p, root->len }, cert,
			      CRYPTO_CERT_WRAP, 0, &r->card))
		return COFFER_ST_CERTIFICATE_DATA_INVALID;
	st = clone_hash(c->crypto, cert, r->cert);
	return st;
}

static uint32_t seal_one(struct cmd *c, struct clone_context *x, struct recipient *r,
			 struct bytes cert, const uint8_t domain[32],
			 const uint8_t key[ARCHIVE_KEY], struct wire_out *out)
{
	uint8_t label[OAEP_LABEL], share[CLONE_SHARE_MAX] = { 0 }, secret[SECRET] = { 0 };
	uint8_t sealed[ARCHIVE_KEY + CRYPTO_TAG] = { 0 };
	struct clone_keys keys = { 0 };
	struct bytes named = { out->base + out->len, ARCHIVE_NAMED };
	size_t len = sizeof(share);
	uint32_t st = check_recipient(c, cert, r);

	if (!st)
		st = crypto_random(c->crypto, secret, sizeof(secret));
	if (!st)
		st = crypto_rsa_seal(c->crypto, cert, oaep_label(x, r, label),
				     (struct bytes){ secret, sizeof(secret) }, share, &len);
	if (!st && len != ARCHIVE_SHARE)
		st = COFFER_ST_CERTIFICATE_DATA_INVALID;
	wire_put_u64(out, r->card);
	wire_put(out, r->cert, CLONE_MHASH);
	wire_put(out, share, ARCHIVE_SHARE);
	if (!st && !wire_out_ok(out))
		st = COFFER_ST_CPV4_MSG_ERROR;
	if (!st)
		st = seal_key(c, x, r, named, secret, domain, &keys);
	if (!st)
		st = crypto_seal(c->crypto, key_of(&keys), nonce, named,
				 (struct bytes){ key, ARCHIVE_KEY }, sealed);
	wire_put(out, sealed, sizeof(sealed));
	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(&keys, sizeof(keys));
	return st;
}

/* Each card once: a second entry would only hide who may open the file. */
static bool named_before(const uint8_t *first, uint32_t count, const uint8_t *entry)
{
	for (uint32_t i = 0; i < count; i++)
		if (!memcmp(first + (size_t)i * ARCHIVE_RECIPIENT, entry, 8))
			return true;
	return false;
}

uint32_t archive_seal(struct cmd *c, struct clone_context *x, const struct bytes *certs,
		      uint32_t count, const uint8_t domain[32], struct wire_out *out,
		      uint8_t key[ARCHIVE_KEY])
{
	const uint8_t *first = out->base + out->len;
	struct recipient r;
	uint32_t st;

	memset(&r, 0, sizeof(r));
	/* What the core says of the whole length has to be true before it is hashed. */
	clone_msg_length(out, (size_t)count * ARCHIVE_RECIPIENT + CRYPTO_DEVICE_SIG);
	st = clone_hash(c->crypto, (struct bytes){ out->base, out->len }, r.core);
	if (!st)
		st = crypto_random(c->crypto, key, ARCHIVE_KEY);
	for (uint32_t i = 0; !st && i < count; i++) {
		st = seal_one(c, x, &r, certs[i], domain, key, out);
		if (!st && named_before(first, i, first + (size_t)i * ARCHIVE_RECIPIENT))
			st = COFFER_ST_ARGUMENTS_BAD;
	}
	if (st)
		crypto_wipe(key, ARCHIVE_KEY);
	return st;
}

/* ---- Recipient --------------------------------------------------------------------------- */

static uint32_t own_name(struct cmd *c, struct recipient *r)
{
	const struct crypto_der *cert = &card_identity(c->card)->wrap_cert;

	r->card = fw_card_serial(c->card);
	return clone_hash(c->crypto, (struct bytes){ cert->p, cert->len }, r->cert);
}

uint32_t archive_own(struct cmd *c, const struct clone_msg *head, struct bytes *own)
{
	struct recipient r;
	struct wire_in in;
	uint32_t st = own_name(c, &r);

	*own = (struct bytes){ NULL, 0 };
	if (st)
		return st;
	for (size_t at = 0; at < head->recipients.len; at += ARCHIVE_RECIPIENT) {
		const uint8_t *entry = head->recipients.p + at;

		wire_in_init(&in, entry, 8);
		if (wire_u64(&in) == r.card && !memcmp(entry + 8, r.cert, CLONE_MHASH)) {
			*own = (struct bytes){ entry, ARCHIVE_RECIPIENT };
			return COFFER_ST_OK;
		}
	}
	return COFFER_ST_ARCHIVE_RECIPIENT;
}

/* Only after the signature over it was verified: the wrapping key decrypts for nobody else. */
static uint32_t open_share(struct cmd *c, const struct clone_context *x,
			   const struct recipient *r, struct bytes own, uint8_t secret[SECRET])
{
	uint8_t label[OAEP_LABEL], plain[CLONE_SHARE_MAX];
	size_t len = sizeof(plain);
	uint32_t st = crypto_rsa_open(c->crypto, &card_identity(c->card)->wrap_key,
				      oaep_label(x, r, label),
				      (struct bytes){ own.p + ARCHIVE_NAMED - ARCHIVE_SHARE,
						      ARCHIVE_SHARE }, plain, &len);

	if (!st && len == SECRET)
		memcpy(secret, plain, SECRET);
	else
		st = COFFER_ST_SESSION_NEGOTIATION_INVALID;
	crypto_wipe(plain, sizeof(plain));
	return st;
}

/* Every domain, always all of them: time tells nothing. */
static uint32_t try_domains(struct cmd *c, struct clone_context *x, const struct recipient *r,
			    struct bytes own, const uint8_t secret[SECRET],
			    uint8_t key[ARCHIVE_KEY], uint8_t domain[32])
{
	struct bytes named = { own.p, ARCHIVE_NAMED };
	struct bytes sealed = { own.p + ARCHIVE_NAMED, ARCHIVE_KEY + CRYPTO_TAG };
	uint8_t guess[32], plain[ARCHIVE_KEY];
	struct clone_keys keys = { 0 };
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < partition_domains(c->part); i++) {
		st = partition_domain_key(c->part, i, guess);
		if (!st)
			st = seal_key(c, x, r, named, secret, guess, &keys);
		if (!st)
			st = crypto_open_sealed(c->crypto, key_of(&keys), nonce, named, sealed,
						plain);
		if (st) {
			/* Another domain's; what could not be tried is no wrong one. */
			if (st == (uint32_t)COFFER_ST_BAD_MAC)
				st = COFFER_ST_OK;
			continue;
		}
		memcpy(key, plain, ARCHIVE_KEY);
		memcpy(domain, guess, sizeof(guess));
		x->domain[0] = partition_domain_id(c->part, i);
		x->key_count = 1;
	}
	crypto_wipe(guess, sizeof(guess));
	crypto_wipe(plain, sizeof(plain));
	crypto_wipe(&keys, sizeof(keys));
	if (st)
		return st;
	return x->key_count ? (uint32_t)COFFER_ST_OK : x->suite->no_domain;
}

uint32_t archive_unseal(struct cmd *c, struct clone_context *x, const struct clone_msg *head,
			struct bytes own, uint8_t key[ARCHIVE_KEY], uint8_t domain[32])
{
	uint8_t secret[SECRET];
	struct recipient r;
	uint32_t st = own_name(c, &r);

	if (!st)
		st = clone_hash(c->crypto, head->core, r.core);
	if (!st)
		st = open_share(c, x, &r, own, secret);
	if (!st)
		st = try_domains(c, x, &r, own, secret, key, domain);
	crypto_wipe(secret, sizeof(secret));
	return st;
}

/* ---- Both -------------------------------------------------------------------------------- */

uint32_t archive_keys(struct cmd *c, struct clone_context *x, struct bytes head,
		      const uint8_t key[ARCHIVE_KEY], const uint8_t domain[32])
{
	uint32_t st = clone_hash(c->crypto, head, x->t.opening);

	memcpy(x->t.m3_core, content_label, CLONE_MHASH);
	if (!st)
		st = clone_keys_derive(c->crypto, x->suite, &x->t,
				       (struct bytes){ key, ARCHIVE_KEY }, domain, &x->keys[0]);
	return st ? st : clone_session_id(c->crypto, &x->t, x->session);
}
