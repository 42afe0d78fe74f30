// SPDX-License-Identifier: BSD-3-Clause
/* The policies that a partition has by its profile, and what holds without a change. */
#include <stddef.h>
#include <string.h>

#include "card.h"
#include "policy.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define HSM_BY_PASSWORD	0
#define HSM_BY_PED	1
#define HSM_STORAGE	27

static uint32_t kib(uint64_t bytes)
{
	return (uint32_t)(bytes >> 10);
}

/*
 * PROFILE_POLICY_OF_CARD: of a card the three below and 33, of a partition only 19, its storage;
 * no profile has more of it than these numbers can say (fw_core_policy_test.c).
 */
static uint32_t largest_of(const struct fw_partition *p, uint32_t id)
{
	const struct profile *profile = p->card->profile;

	if (p->id)
		return kib(p->size);
	switch (id) {
	case HSM_BY_PASSWORD:
		return !card_ped(p->card);
	case HSM_BY_PED:
		return card_ped(p->card);
	case HSM_STORAGE:
		return kib(profile->storage);
	default:
		return profile->max_partitions;
	}
}

struct profile_policy policy_filled(const struct fw_partition *p,
				    const struct profile_policy *row)
{
	struct profile_policy full = *row;

	if (row->flags & PROFILE_POLICY_OF_CARD)
		full.value = full.capability = largest_of(p, row->id);
	full.flags &= ~PROFILE_POLICY_OF_CARD;
	return full;
}

const struct profile_policy *policy_table(const struct fw_partition *p)
{
	return p->id ? p->card->profile->partition_policies : p->card->profile->hsm_policies;
}

const struct profile_policy *policy_row_in(const struct profile_policy *table, uint32_t id)
{
	for (; table->name; table++)
		if (table->id == id)
			return table;
	return NULL;
}

void policy_defaults(const struct fw_partition *p, struct policies *policies)
{
	const struct profile_policy *row;

	memset(policies->value, 0, sizeof(policies->value));
	memset(policies->erases, POLICY_ERASES_AS_PROFILE, sizeof(policies->erases));
	for (row = policy_table(p); row->name; row++)
		policies->value[row->id] = policy_filled(p, row).value;
}

void policy_use(struct fw_partition *p, const struct policies *policies)
{
	memcpy(p->policy, policies->value, sizeof(p->policy));
	memcpy(p->erases, policies->erases, sizeof(p->erases));
}

const struct profile_policy *policy_row(const struct fw_partition *p, uint32_t id)
{
	return policy_row_in(policy_table(p), id);
}

/*
 * A policy of a partition is 0, whatever was set, while that of the card is; and then it cannot
 * be put on. When the card's is put on again it is what it was. Every card has these of its own.
 */
static const struct {
	uint16_t id;
	uint16_t hsm;
} held[] = {
	{ 0, 7 }, { 4, 7 },			/* cloning */
	{ 3, 6 }, { 7, 6 },			/* masking */
	{ 31, 6 }, { 32, 6 }, { 31, 30 }, { 32, 30 },	/* unmasking */
	{ 37, 39 },				/* trusted channel */
	{ 43, 12 },				/* FIPS mode of the card is that of all */
};

bool policy_held(const struct fw_partition *p, uint32_t id)
{
	for (size_t i = 0; p->id && i < COUNT(held); i++)
		if (held[i].id == id && !p->card->admin->policy[held[i].hsm])
			return true;
	return false;
}
