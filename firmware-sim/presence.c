// SPDX-License-Identifier: BSD-3-Clause
/* Who is who: owners, and as whom they are logged in to a partition. All under card->lock. */
#include <stdlib.h>

#include "card.h"

struct owner **owner_slot(struct fw_card *card, uint64_t id)
{
	struct owner **at = &card->owners[id % OWNER_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct owner *owner_find(struct fw_card *card, uint64_t id)
{
	return id ? *owner_slot(card, id) : NULL;
}

/* The cache's locks are taken under card->lock here, and never the other way round. */
void presence_logout(struct fw_card *card, struct presence *p)
{
	if (p->role == COFFER_ROLE_NONE)
		return;
	p->role = COFFER_ROLE_NONE;
	p->by_challenge = false;
	card->login_count--;
	/* To forget_keys 0 means all partitions; the admin partition has no objects. */
	if (!--p->part->logins && p->part->id)
		card->forget_keys(card->crypto, p->part->id);
}

void owner_forget_presence(struct fw_card *card, struct presence *p)
{
	struct presence **at = &p->owner->presences;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	presence_logout(card, p);
	partition_put(p->part);
	free(p);
}
