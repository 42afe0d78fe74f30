// SPDX-License-Identifier: BSD-3-Clause
/* What one policy needs of others, of the card and of what is in the partition. */
#include <stddef.h>

#include "card.h"
#include "policy.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define FAILS		(uint32_t)COFFER_ST_CONFIG_FAILS_DEPENDENCIES

/* The first needs the second. */
static const struct {
	bool hsm;
	uint16_t id;
	uint16_t needs;
} needs[] = {
	{ false, 23, 22 },			/* auto-activation: activation */
	{ false, 40, 41 },			/* per-key authorization: V1 */
	{ true, 51, 50 },			/* of functionality modules: those */
};

/* Not both. */
static const struct {
	bool hsm;
	uint16_t id;
	uint16_t other;
} excludes[] = {
	{ false, 0, 1 },			/* private keys are cloned or wrapped */
};

/* The smallest value. */
static const struct {
	bool hsm;
	uint16_t id;
	uint16_t value;
} least[] = {
	{ false, 20, 1 },
	{ true, 33, 1 },
};

static bool is_named(uint64_t named, uint32_t id)
{
	return named >> id & 1;
}

static bool held_is_put_on(const struct fw_partition *p, const uint32_t *policy, uint64_t named)
{
	for (uint32_t id = 0; id < POLICY_MAX; id++)
		if (is_named(named, id) && policy[id] && policy_held(p, id))
			return true;
	return false;
}

static bool contradicts(bool hsm, const uint32_t *policy)
{
	for (size_t i = 0; i < COUNT(needs); i++)
		if (needs[i].hsm == hsm && policy[needs[i].id] && !policy[needs[i].needs])
			return true;
	for (size_t i = 0; i < COUNT(excludes); i++)
		if (excludes[i].hsm == hsm && policy[excludes[i].id] &&
		    policy[excludes[i].other])
			return true;
	return false;
}

static bool too_small(bool hsm, const uint32_t *policy, uint64_t named)
{
	for (size_t i = 0; i < COUNT(least); i++)
		if (least[i].hsm == hsm && is_named(named, least[i].id) &&
		    policy[least[i].id] < least[i].value)
			return true;
	return false;
}

static uint32_t partitions_of(const struct fw_card *card)
{
	const struct fw_partition *p;
	uint32_t count = 0;

	for (p = card->admin->next; p; p = p->next)
		count++;
	return count;
}

/* What no other policy says, but the state of the card. */
static uint32_t check_facts(const struct fw_partition *p, const uint32_t *policy,
			    uint64_t named, bool fresh)
{
	if (!p->id)
		return is_named(named, POLICY_H_PARTITIONS) &&
		       policy[POLICY_H_PARTITIONS] < partitions_of(p->card) ? FAILS :
									      COFFER_ST_OK;
	/* Without 44 there is one domain: which one is for its SO to say, by deleting. */
	if (is_named(named, POLICY_P_DOMAINS) && !policy[POLICY_P_DOMAINS] && !fresh &&
	    partition_domains(p) > 1)
		return FAILS;
	return 255 - policy[POLICY_P_MIN_PIN] > policy[POLICY_P_MAX_PIN] ? FAILS : COFFER_ST_OK;
}

uint32_t policy_depends(const struct fw_partition *p, const uint32_t *policy, uint64_t named,
			bool fresh)
{
	bool hsm = !p->id;

	if (too_small(hsm, policy, named))
		return COFFER_ST_CONFIG_CHANGE_ILLEGAL;
	if (contradicts(hsm, policy) || (!hsm && held_is_put_on(p, policy, named)))
		return FAILS;
	return check_facts(p, policy, named, fresh);
}
