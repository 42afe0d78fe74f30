// SPDX-License-Identifier: BSD-3-Clause
/*
 * Key schedule and domain proofs (PROTOCOLS.md, "Keys"). Every value below that a domain key
 * goes into also has the fresh common secret in it: nobody can test a guess with a recording.
 */
#include "clone.h"

#include <string.h>

#define V4_SUITE(suite, h, mac, key, on) \
	{ .protocol = COFFER_CLONE_CPV4, .id = COFFER_SUITE_##suite, .name = #suite, \
	  .hash = h, .mac_len = mac, .key_len = key, .curve = on, \
	  .no_domain = COFFER_ST_SESSION_NEGOTIATION_NO_PSK, .ops = &clone_v4_ops }

/* behaviour.md 1.1: CPv1 and CPv3 know the primary domain only, CPv1 moves one object in a run. */
static const struct clone_suite suites[] = {
	{
		.protocol = COFFER_CLONE_CPV1,
		.name = "CPV1",
		.hash = CRYPTO_SHA256,
		.mac_len = 32,
		.key_len = 32,
		.share_label = { "coffer cpv1 r_S", "coffer cpv1 r_T" },
		.primary_only = true,
		.one_object = true,
		.no_domain = COFFER_ST_CERTIFICATE_DATA_INVALID,
		.ops = &clone_rsa_ops,
	}, {
		.protocol = COFFER_CLONE_CPV3,
		.name = "CPV3",
		.hash = CRYPTO_SHA384,
		.mac_len = 48,
		.key_len = 32,
		.share_label = { "coffer cpv3 r_S", "coffer cpv3 r_T" },
		.primary_only = true,
		.no_domain = COFFER_ST_CERTIFICATE_DATA_INVALID,
		.ops = &clone_rsa_ops,
	}, {
		.protocol = COFFER_CLONE_ARCHIVE,
		.name = "ARCHIVE",
		.hash = CRYPTO_SHA384,
		.mac_len = 48,
		.key_len = 32,
		.share_label = { "coffer archive r" },
		.file = true,
		.no_domain = COFFER_ST_SESSION_NEGOTIATION_NO_PSK,
	},
	V4_SUITE(P256_SHA256_AES128GCM, CRYPTO_SHA256, 32, 16, CRYPTO_P256),
	V4_SUITE(P256_SHA256_AES256GCM, CRYPTO_SHA256, 32, 32, CRYPTO_P256),
	V4_SUITE(P384_SHA384_AES256GCM, CRYPTO_SHA384, 48, 32, CRYPTO_P384),
};

const struct clone_suite *clone_suite(uint32_t protocol, uint32_t id)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].protocol == protocol && suites[i].id == id)
			return &suites[i];
	return NULL;
}

#define LABEL_LEN	32
#define INFO_LEN	(LABEL_LEN + 8 + 2 * (16 + CLONE_MHASH))

static struct bytes text(const char label[LABEL_LEN])
{
	return (struct bytes){ (const uint8_t *)label, LABEL_LEN };
}

/* Who is source, who is target, and what they agreed on; the label says what the key is for. */
static void write_info(const struct clone_suite *suite, const struct clone_transcript *t,
		       const char *label, uint8_t info[INFO_LEN])
{
	struct wire_out out;

	wire_out_init(&out, info, INFO_LEN);
	wire_put_padded(&out, label, LABEL_LEN);
	wire_put_u32(&out, suite->protocol);
	wire_put_u32(&out, suite->id);
	for (int i = 0; i < 2; i++) {
		wire_put_u64(&out, t->card[i]);
		wire_put_u64(&out, t->partition[i]);
		wire_put(&out, t->cert[i], CLONE_MHASH);
	}
}

static uint32_t transcript_hash(struct crypto *c, const struct clone_suite *suite,
				const struct clone_transcript *t, uint8_t *hash)
{
	static const char label[LABEL_LEN] = "coffer clone transcript";
	struct bytes pieces[] = {
		text(label),
		{ t->opening, CLONE_MHASH },
		{ t->m2, CLONE_MHASH },
		{ t->m3_core, CLONE_MHASH },
	};

	return crypto_digest_v(c, suite->hash, pieces, 4, hash);
}

uint32_t clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
			   const struct clone_transcript *t, struct bytes shared,
			   const uint8_t domain[32], struct clone_keys *keys)
{
	const struct {
		const char *label;
		uint8_t *key;
		size_t len;
	} wanted[] = {
		{ "coffer clone target proof", keys->confirm_target, suite->mac_len },
		{ "coffer clone source proof", keys->confirm_source, suite->mac_len },
		{ "coffer clone blob", keys->blob, suite->key_len },
		{ "coffer clone finish", keys->finish, suite->mac_len },
		{ "coffer clone digest", keys->digest, suite->mac_len },
	};
	uint8_t ikm[CLONE_SHARED_MAX + 32];
	uint8_t salt[CRYPTO_HASH_MAX];
	uint8_t info[INFO_LEN];
	uint32_t st;

	memset(keys, 0, sizeof(*keys));
	if (shared.len > CLONE_SHARED_MAX)
		return COFFER_ST_GENERAL_ERROR;
	st = transcript_hash(c, suite, t, salt);
	if (st)
		return st;
	memcpy(ikm, shared.p, shared.len);
	memcpy(ikm + shared.len, domain, 32);
	for (size_t i = 0; !st && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		write_info(suite, t, wanted[i].label, info);
		st = crypto_hkdf(c, suite->hash, (struct bytes){ salt, suite->mac_len },
				 (struct bytes){ ikm, shared.len + 32 },
				 (struct bytes){ info, sizeof(info) }, wanted[i].key,
				 wanted[i].len);
	}
	crypto_wipe(ikm, sizeof(ikm));
	if (st)
		crypto_wipe(keys, sizeof(*keys));
	return st;
}

uint32_t clone_prove_target(struct crypto *c, const struct clone_suite *suite,
			    const struct clone_transcript *t, const struct clone_keys *keys,
			    uint8_t *mac)
{
	static const char label[LABEL_LEN] = "coffer clone target knows";
	struct bytes pieces[] = {
		text(label),
		{ t->opening, CLONE_MHASH },
		{ t->m2, CLONE_MHASH },
		{ t->m3_core, CLONE_MHASH },
	};

	return crypto_hmac(c, suite->hash,
			   (struct bytes){ keys->confirm_target, suite->mac_len }, pieces, 4,
			   mac);
}

uint32_t clone_prove_source(struct crypto *c, const struct clone_suite *suite,
			    const struct clone_transcript *t, const struct clone_keys *keys,
			    uint8_t *mac)
{
	static const char label[LABEL_LEN] = "coffer clone source knows";
	struct bytes pieces[] = {
		text(label),
		{ t->opening, CLONE_MHASH },
		{ t->m2, CLONE_MHASH },
		{ t->m3, CLONE_MHASH },
	};

	return crypto_hmac(c, suite->hash,
			   (struct bytes){ keys->confirm_source, suite->mac_len }, pieces, 4,
			   mac);
}

uint32_t clone_open(struct crypto *c, struct clone_transcript *t, struct bytes m1, bool invited)
{
	static const char label[LABEL_LEN] = "coffer clone opening";
	uint8_t hash[CLONE_MHASH];
	struct bytes pieces[] = {
		text(label),
		{ t->m0, CLONE_MHASH },
		{ hash, CLONE_MHASH },
	};
	uint32_t st;

	if (!invited)
		return clone_hash(c, m1, t->opening);
	st = clone_hash(c, m1, hash);
	return st ? st : crypto_digest_v(c, CRYPTO_SHA384, pieces, 3, t->opening);
}

uint32_t clone_session_id(struct crypto *c, const struct clone_transcript *t,
			  uint8_t id[CLONE_SESSION_ID])
{
	static const char label[LABEL_LEN] = "coffer clone session";
	struct bytes pieces[] = {
		text(label),
		{ t->opening, CLONE_MHASH },
		{ t->m2, CLONE_MHASH },
		{ t->m3, CLONE_MHASH },
	};
	uint8_t hash[CLONE_MHASH];
	uint32_t st = crypto_digest_v(c, CRYPTO_SHA384, pieces, 4, hash);

	memset(id, 0, CLONE_SESSION_ID);
	if (!st)
		memcpy(id, hash, CLONE_SESSION_ID);
	return st;
}
