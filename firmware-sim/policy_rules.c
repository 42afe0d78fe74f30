// SPDX-License-Identifier: BSD-3-Clause
/* What policies forbid, in one place: three tables and who asks them. */
#include <stddef.h>

#include "card.h"
#include "policy.h"

#define FORBIDDEN	(uint32_t)COFFER_ST_OPERATION_NOT_ALLOWED
#define NO_MECHANISM	(uint32_t)COFFER_ST_MECHANISM_INVALID
#define CONTRADICTION	(uint32_t)COFFER_ST_TEMPLATE_INCONSISTENT
#define HSM		true
#define PART		false
#define WHEN_ON		true
#define WHEN_OFF	false
#define ACT(name)	POLICY_ACT_##name

/* An act with several rows needs the leave of all. */
const struct policy_rule policy_rules[] = {
	{ ACT(CLONE_ANY),	HSM,  7, WHEN_OFF, FORBIDDEN },
	{ ACT(CLONE_PRIVATE),	HSM,  7, WHEN_OFF, FORBIDDEN },
	{ ACT(CLONE_PRIVATE),	PART, 0, WHEN_OFF, FORBIDDEN },
	{ ACT(CLONE_SECRET),	HSM,  7, WHEN_OFF, FORBIDDEN },
	{ ACT(CLONE_SECRET),	PART, 4, WHEN_OFF, FORBIDDEN },
	/* What could be read could be wrapped; in FIPS mode no key is ever in the clear. */
	{ ACT(READ_PRIVATE),	PART, 1, WHEN_OFF, CONTRADICTION },
	{ ACT(READ_PRIVATE),	HSM,  12, WHEN_OFF, CONTRADICTION },
	{ ACT(READ_PRIVATE),	PART, 43, WHEN_OFF, CONTRADICTION },
	{ ACT(READ_SECRET),	PART, 5, WHEN_OFF, CONTRADICTION },
	{ ACT(READ_SECRET),	HSM,  12, WHEN_OFF, CONTRADICTION },
	{ ACT(READ_SECRET),	PART, 43, WHEN_OFF, CONTRADICTION },
	{ ACT(MANY_PURPOSES),	PART, 10, WHEN_OFF, CONTRADICTION },
	{ ACT(CHANGE_KEY),	PART, 11, WHEN_OFF, FORBIDDEN },
	{ ACT(DATE_KEY),	PART, 39, WHEN_OFF, FORBIDDEN },
	{ ACT(MANAGE_KEY),	PART, 28, WHEN_OFF, FORBIDDEN },
	/* No command gives a key its authorization data yet: then there can be no key. */
	{ ACT(NEW_KEY),		PART, 40, WHEN_ON, FORBIDDEN },
	{ ACT(SIGN_NON_LOCAL),	PART, 17, WHEN_OFF, COFFER_ST_KEY_FUNCTION_NOT_PERMITTED },
	{ ACT(SIGN_UNCONFIRMED), PART, 29, WHEN_OFF, FORBIDDEN },
	{ ACT(RAW_RSA),		PART, 18, WHEN_OFF, NO_MECHANISM },
	{ ACT(RSA_PKCS),	PART, 33, WHEN_OFF, NO_MECHANISM },
	{ ACT(EC),		HSM,  11, WHEN_OFF, NO_MECHANISM },
	{ ACT(MANAGE_DOMAINS),	PART, 44, WHEN_OFF,
	  (uint32_t)COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED },
	/* No transport here is a trusted channel yet: whoever needs one waits. */
	{ ACT(USER_LOGIN),	PART, 37, WHEN_ON, FORBIDDEN },
	{ ACT(INIT_AGAIN),	HSM,  42, WHEN_OFF, FORBIDDEN },
	{ ACT(RESET_OFFICER),	HSM,  15, WHEN_OFF, FORBIDDEN },
	{ POLICY_ACTS, false, 0, false, 0 },
};

#define M(name)		COFFER_CKM_##name

const struct policy_mechanism policy_mechanisms[] = {
	{ M(RSA_X_509), ACT(RAW_RSA) },
	{ M(RSA_PKCS), ACT(RSA_PKCS) },
	{ M(EC_KEY_PAIR_GEN), ACT(EC) },
	{ M(ECDSA), ACT(EC) },
	{ M(ECDSA_SHA256), ACT(EC) },
	{ M(ECDSA_SHA384), ACT(EC) },
	{ M(ECDSA_SHA512), ACT(EC) },
	{ M(EC_EDWARDS_KEY_PAIR_GEN), ACT(EC) },
	{ M(EDDSA), ACT(EC) },
	{ 0, POLICY_ACTS },
};

static const char later_wrap[] = "no command wraps or unwraps keys yet";
static const char later_mask[] = "no command masks keys or takes masked ones yet (SKS)";
static const char later_ha[] = "HA groups are made in the library, which will ask for it";
static const char later_ped[] = "there is no remote PED and no M of N yet";
static const char not_modelled[] = "speed of the hardware, which is not modelled";

const struct policy_idle policy_idle[] = {
	{ HSM, 6, "MASK", later_mask },
	{ HSM, 16, "REPLICA", later_ha },
	{ HSM, 20, "REMOTE", later_ped },
	{ HSM, 22, "OFFBOARD", later_mask },
	{ HSM, 25, "REMOTE", later_ped },
	{ HSM, 29, NULL, not_modelled },
	{ HSM, 30, "MASK", later_mask },
	{ HSM, 34, "ECIES", "no mechanism is ECIES yet" },
	{ HSM, 37, "QUORUM", later_ped },
	{ HSM, 39, "STC", "no transport is a trusted channel yet; partition policy 37 asks" },
	{ HSM, 43, NULL, not_modelled },
	{ HSM, 50, "FM_", "no functionality modules can be loaded yet" },
	{ HSM, 51, "FM_", "no functionality modules can be loaded yet" },
	{ PART, 2, "WRAP", later_wrap },
	{ PART, 3, "MASK", later_mask },
	{ PART, 6, "WRAP", later_wrap },
	{ PART, 7, "MASK", later_mask },
	{ PART, 9, "DIGEST_KEY", "no command digests a key's value yet" },
	{ PART, 16, NULL, "RSA blinding is never switched off" },
	{ PART, 21, "RECOVER", later_ha },
	{ PART, 30, "REMOTE", later_ped },
	{ PART, 31, "MASK", later_mask },
	{ PART, 32, "MASK", later_mask },
	{ PART, 34, "WRAP", later_wrap },
	{ PART, 45, NULL, "no public source says what it changes" },
	{ false, 0, NULL, NULL },
};

/* ---- Asking ---------------------------------------------------------------------- */

static bool knows(const struct fw_partition *p, const struct policy_rule *r)
{
	return policy_row(r->hsm ? p->card->admin : p, r->id) != NULL;
}

static bool is_on(const struct fw_partition *p, const struct policy_rule *r)
{
	return r->hsm ? card_policy(p->card, r->id) : partition_policy(p, r->id);
}

uint32_t policy_forbids(const struct fw_partition *p, enum policy_act act)
{
	const struct policy_rule *r;

	for (r = policy_rules; r->verdict; r++) {
		if (r->act != act || (!r->hsm && !p->id) || !knows(p, r))
			continue;
		if (is_on(p, r) == r->when_on)
			return r->verdict;
	}
	return COFFER_ST_OK;
}

uint32_t policy_forbids_mechanism(const struct fw_partition *p, uint32_t mechanism)
{
	const struct policy_mechanism *m;
	uint32_t st = COFFER_ST_OK;

	for (m = policy_mechanisms; !st && m->act != POLICY_ACTS; m++)
		if (m->mechanism == mechanism)
			st = policy_forbids(p, m->act);
	return st;
}

uint32_t policy_protocols(const struct fw_partition *p, uint32_t protocols)
{
	if (partition_policy(p, POLICY_P_FORCE_CPV1))
		protocols &= COFFER_CLONE_CPV1;
	if (policy_row(p, POLICY_P_CLOUD_CPV1) && !partition_policy(p, POLICY_P_CLOUD_CPV1))
		protocols &= ~(uint32_t)COFFER_CLONE_CPV1;
	return protocols;
}
