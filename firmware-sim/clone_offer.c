// SPDX-License-Identifier: BSD-3-Clause
/*
 * Offers: what a card says of itself and of the partition before anything moves. Both offers
 * are signed and bound into every key (PROTOCOLS.md, "Offers").
 */
#include "clone.h"

#include <string.h>

#include "policy.h"

#define POLICY_HSM_CLONING	7
#define POLICY_PRIVATE_CLONING	0
#define POLICY_SECRET_CLONING	4
#define POLICY_FORCE_CPV1	42
#define POLICY_DOMAINS		44

uint32_t clone_protocols(const struct fw_card *card, const struct fw_partition *p)
{
	uint32_t have = policy_protocols(p, card_profile(card)->protocols & CLONE_BUILT);

	if ((card_profile(card)->features & PROFILE_NO_V1_IN_FIPS) && partition_fips(p))
		have &= ~(uint32_t)COFFER_CLONE_CPV1;
	return have;
}

static uint32_t offer_flags(const struct cmd *c)
{
	uint32_t features = card_profile(c->card)->features;
	uint32_t flags = 0;

	if (features & PROFILE_BACKUP)
		flags |= CLONE_OF_BACKUP;
	if (card_ped(c->card))
		flags |= CLONE_OF_PED;
	if (features & PROFILE_DOMAINS)
		flags |= CLONE_OF_DOMAINS;
	if (features & PROFILE_NO_CLOUD_PEER)
		flags |= CLONE_OF_NO_CLOUD;
	if (partition_fips(c->part))
		flags |= CLONE_OF_FIPS;
	if (card_kdf_test(c->card))
		flags |= CLONE_OF_TEST_KDF;
	return flags;
}

static uint32_t offer_policies(const struct cmd *c)
{
	uint32_t bits = 0;

	if (card_policy(c->card, POLICY_HSM_CLONING))
		bits |= CLONE_POL_HSM7;
	if (partition_policy(c->part, POLICY_PRIVATE_CLONING))
		bits |= CLONE_POL_PRIVATE;
	if (partition_policy(c->part, POLICY_SECRET_CLONING))
		bits |= CLONE_POL_SECRET;
	if (partition_policy(c->part, POLICY_FORCE_CPV1))
		bits |= CLONE_POL_FORCE_V1;
	if (partition_policy(c->part, POLICY_DOMAINS))
		bits |= CLONE_POL_DOMAINS;
	return bits;
}

uint32_t clone_offer_build(struct cmd *c, enum clone_side side, struct clone_offer *o)
{
	const struct profile *profile = card_profile(c->card);
	const struct identity *id = card_identity(c->card);
	uint32_t st;

	memset(o, 0, sizeof(*o));
	st = crypto_digest(c->crypto, CRYPTO_SHA256, (struct bytes){ id->root.p, id->root.len },
			   o->root);
	if (st)
		return st;
	o->side = side;
	o->card = fw_card_serial(c->card);
	o->kind = partition_kind(c->part);
	o->flags = offer_flags(c);
	o->partition = partition_serial(c->part);
	strncpy(o->profile, profile->name, sizeof(o->profile) - 1);
	o->fw_version = profile->fw_version;
	o->level = partition_level(c->part);
	o->fw_protocols = profile->protocols;
	o->protocols = clone_protocols(c->card, c->part);
	o->suites = partition_suites(c->part);
	o->policies = offer_policies(c);
	return COFFER_ST_OK;
}

void clone_offer_write(const struct clone_offer *o, struct wire_out *out)
{
	wire_put_u16(out, CLONE_VERSION);
	wire_put_u8(out, o->side);
	wire_put_u8(out, o->kind);
	wire_put_u32(out, o->flags);
	wire_put_u64(out, o->card);
	wire_put_u64(out, o->partition);
	wire_put(out, o->profile, sizeof(o->profile));
	wire_put_u32(out, o->fw_version);
	wire_put_u32(out, o->level);
	wire_put_u32(out, o->fw_protocols);
	wire_put_u32(out, o->protocols);
	wire_put_u32(out, o->suites);
	wire_put_u32(out, o->policies);
	wire_put(out, o->root, sizeof(o->root));
	wire_put(out, o->nonce, sizeof(o->nonce));
	wire_put(out, o->peer_nonce, sizeof(o->peer_nonce));
}

static void take(struct wire_in *in, void *to, size_t len)
{
	struct bytes b = wire_bytes(in, len);

	if (b.len == len)
		memcpy(to, b.p, len);
	else
		memset(to, 0, len);
}

void clone_offer_read(struct wire_in *in, struct clone_offer *o)
{
	memset(o, 0, sizeof(*o));
	if (wire_u16(in) != CLONE_VERSION)
		in->bad = true;
	o->side = wire_u8(in);
	o->kind = wire_u8(in);
	o->flags = wire_u32(in);
	o->card = wire_u64(in);
	o->partition = wire_u64(in);
	take(in, o->profile, sizeof(o->profile));
	o->fw_version = wire_u32(in);
	o->level = wire_u32(in);
	o->fw_protocols = wire_u32(in);
	o->protocols = wire_u32(in);
	o->suites = wire_u32(in);
	o->policies = wire_u32(in);
	take(in, o->root, sizeof(o->root));
	take(in, o->nonce, sizeof(o->nonce));
	take(in, o->peer_nonce, sizeof(o->peer_nonce));
	/* A bit without a meaning here would be one that this card cannot judge. */
	if (o->flags & ~CLONE_OF_ALL || o->policies & ~CLONE_POL_ALL)
		in->bad = true;
	if (o->side != CLONE_SOURCE && o->side != CLONE_TARGET)
		in->bad = true;
}

bool clone_offer_same(const struct clone_offer *a, const struct clone_offer *b)
{
	uint8_t wire_a[CLONE_OFFER_LEN];
	uint8_t wire_b[CLONE_OFFER_LEN];
	struct wire_out out;

	/* Compared as sent: padding and layout of the struct do not matter. */
	wire_out_init(&out, wire_a, sizeof(wire_a));
	clone_offer_write(a, &out);
	wire_out_init(&out, wire_b, sizeof(wire_b));
	clone_offer_write(b, &out);
	return crypto_equal(wire_a, wire_b, CLONE_OFFER_LEN - CLONE_NONCE);
}
