// SPDX-License-Identifier: BSD-3-Clause
/* Partitions: the list, and what everything else asks of one. */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "clone.h"
#include "policy.h"

/* ---- The list -------------------------------------------------------------------- */

struct fw_partition *partition_new(struct fw_card *card, uint32_t id, uint64_t serial,
				   enum coffer_partition_kind kind, uint64_t size)
{
	struct fw_partition *p = calloc(1, sizeof(*p));
	struct policies policies;

	if (!p)
		return NULL;
	p->card = card;
	p->refs = 1;
	p->id = id;
	p->serial = serial;
	p->kind = kind;
	p->size = size;
	p->epoch = card_new_epoch(card);
	for (int role = 0; role < COFFER_ROLE_COUNT; role++)
		p->locked_until[role] = card_uptime_ms(card) + ROLE_LOCK_MS;
	gate_init(&p->gate);
	pthread_mutex_init(&p->login_lock, NULL);
	pthread_mutex_init(&p->lock, NULL);
	policy_defaults(p, &policies);
	policy_use(p, &policies);
	return p;
}

void partition_get(struct fw_partition *p)
{
	atomic_fetch_add(&p->refs, 1);
}

void partition_put(struct fw_partition *p)
{
	if (atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	gate_destroy(&p->gate);
	pthread_mutex_destroy(&p->login_lock);
	pthread_mutex_destroy(&p->lock);
	crypto_wipe(p, sizeof(*p));
	free(p);
}

struct fw_partition *partition_find(struct fw_card *card, uint32_t id)
{
	struct fw_partition *p = card->admin;

	while (p && p->id != id)
		p = p->next;
	return p;
}

void partition_insert(struct fw_card *card, struct fw_partition *p)
{
	struct fw_partition **at = &card->admin;

	while (*at && (*at)->id < p->id)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

void partition_remove(struct fw_card *card, struct fw_partition *p)
{
	struct fw_partition **at = &card->admin;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->next = NULL;
	partition_put(p);
}

/* ---- What handlers ask ----------------------------------------------------------- */

uint32_t partition_id(const struct fw_partition *p)
{
	return p->id;
}

uint64_t partition_serial(const struct fw_partition *p)
{
	return p->serial;
}

/* Policy 41 makes a V1 partition out of a V0 one (behaviour.md section 4). */
enum coffer_partition_kind partition_kind(const struct fw_partition *p)
{
	if (p->kind == COFFER_PART_KIND_V0 && p->policy[POLICY_P_VERSION])
		return COFFER_PART_KIND_V1;
	return p->kind;
}

uint32_t partition_level(const struct fw_partition *p)
{
	switch (partition_kind(p)) {
	case COFFER_PART_KIND_V0:
		return 1;
	case COFFER_PART_KIND_V1:
		return 2;
	default:
		return 0;
	}
}

uint32_t partition_policy(const struct fw_partition *p, uint32_t id)
{
	return id >= POLICY_MAX || policy_held(p, id) ? 0 : p->policy[id];
}

uint32_t card_policy(const struct fw_card *card, uint32_t id)
{
	return id < POLICY_MAX ? card->admin->policy[id] : 0;
}

/* HSM policy 12 = 0 forces it on all partitions, policy 43 = 0 on one (behaviour.md 1.5). */
bool partition_fips(const struct fw_partition *p)
{
	if (!card_policy(p->card, POLICY_H_NON_FIPS))
		return true;
	return p->id && policy_row(p, POLICY_P_NON_FIPS) && !p->policy[POLICY_P_NON_FIPS];
}

uint32_t partition_key(const struct fw_partition *p, enum partition_key which, uint8_t key[32])
{
	memset(key, 0, 32);
	if (!p->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	memcpy(key, which == PARTITION_KEY_SEAL ? p->seal_key : p->index_key, 32);
	return COFFER_ST_OK;
}

uint64_t partition_epoch(const struct fw_partition *p)
{
	return atomic_load(&((struct fw_partition *)p)->epoch);
}

/* ---- Lists and information ------------------------------------------------------- */

/* ---- Create and delete (alone on the card) --------------------------------------- */

bool card_policy_on(struct fw_card *card, uint32_t id)
{
	bool on;

	pthread_mutex_lock(&card->admin->lock);
	on = card_policy(card, id);
	pthread_mutex_unlock(&card->admin->lock);
	return on;
}

uint32_t partition_suites_had(const struct fw_partition *p)
{
	const struct profile *profile = p->card->profile;

	if (!p->id || !(profile->protocols & COFFER_CLONE_CPV4))
		return 0;
	return profile->suites & CLONE_BUILT_SUITES;
}

uint32_t partition_suites(const struct fw_partition *p)
{
	return partition_suites_had(p) & ~p->suites_off;
}
