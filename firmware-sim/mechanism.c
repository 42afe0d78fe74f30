// SPDX-License-Identifier: BSD-3-Clause
/* Which mechanism this partition offers, and for keys of which size. */
#include "object_internal.h"
#include "policy.h"

uint32_t mechanism_check(const struct cmd *c, uint32_t mechanism, uint32_t operation)
{
	const struct profile_mechanism *row = profile_mechanism(card_profile(c->card),
								mechanism);

	if (!row || !(row->flags & operation))
		return COFFER_ST_MECHANISM_INVALID;
	if (partition_fips(c->part) && !row->fips_min)
		return COFFER_ST_MECHANISM_INVALID;
	return policy_forbids_mechanism(c->part, mechanism);
}

/* The table counts symmetric keys in bytes (CK_MECHANISM_INFO), others in bits. */
uint32_t mechanism_size(const struct cmd *c, uint32_t mechanism, uint32_t key_type,
			unsigned int bits)
{
	const struct profile_mechanism *row = profile_mechanism(card_profile(c->card),
								mechanism);
	bool bytes = key_type == COFFER_CKK_AES || key_type == COFFER_CKK_GENERIC_SECRET;
	uint32_t size = bytes ? bits / 8 : bits, min;

	if (!row)
		return COFFER_ST_MECHANISM_INVALID;
	min = row->min;
	if (partition_fips(c->part)) {
		if (!row->fips_min)
			return COFFER_ST_KEY_TYPE_INCONSISTENT;
		min = row->fips_min;
	}
	return size < min || size > row->max ? COFFER_ST_KEY_SIZE_RANGE : COFFER_ST_OK;
}

/* In FIPS mode making keys has rules of its own: sizes of what is there follow from their use. */
uint32_t mechanism_of_key(uint32_t key_type)
{
	uint32_t mechanism;

	if (key_type == COFFER_CKK_RSA)
		return COFFER_CKM_RSA_PKCS;
	return mechanism_of_type(key_type, &mechanism) ? mechanism : UINT32_MAX;
}

bool mechanism_of_type(uint32_t key_type, uint32_t *mechanism)
{
	switch (key_type) {
	case COFFER_CKK_RSA:
		*mechanism = COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN;
		return true;
	case COFFER_CKK_EC:
		*mechanism = COFFER_CKM_EC_KEY_PAIR_GEN;
		return true;
	case COFFER_CKK_EC_EDWARDS:
		*mechanism = COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN;
		return true;
	case COFFER_CKK_AES:
		*mechanism = COFFER_CKM_AES_KEY_GEN;
		return true;
	case COFFER_CKK_GENERIC_SECRET:
		*mechanism = COFFER_CKM_GENERIC_SECRET_KEY_GEN;
		return true;
	default:
		return false;
	}
}

/* What this partition offers now, with the sizes that hold now. */
uint32_t handle_MECHANISM_LIST(struct cmd *c)
{
	bool fips = partition_fips(c->part);
	const struct profile_mechanism *m;
	uint32_t count = 0;
	size_t at;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	at = wire_reserve_u32(&c->out);
	for (m = card_profile(c->card)->mechanisms; m->flags; m++) {
		if (mechanism_check(c, m->mechanism, m->flags))
			continue;
		wire_put_u32(&c->out, m->mechanism);
		wire_put_u32(&c->out, m->flags);
		wire_put_u32(&c->out, fips ? m->fips_min : m->min);
		wire_put_u32(&c->out, m->max);
		count++;
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}
