// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning domains of a partition (behaviour.md section 2): one to three secrets with labels, the
 * primary one first. The secrets themselves are not kept, only what was stretched from them.
 */
#include <stdlib.h>
#include <string.h>

#include "card.h"

/* Salt of all domains: equal texts must give equal keys on all cards. */
static const char salt_text[] = "coffer cloning domain 1";

uint32_t domain_stretch(struct fw_card *card, struct bytes text, uint8_t key[KEY_LEN])
{
	struct bytes salt = { (const uint8_t *)salt_text, sizeof(salt_text) - 1 };

	if (!text.len || text.len > DOMAIN_MAX || memchr(text.p, 0, text.len))
		return COFFER_ST_ARGUMENTS_BAD;
	return card_stretch(card, text, salt, key);
}

void domain_set(struct fw_card *card, struct domain *d, struct bytes label,
		const uint8_t key[KEY_LEN])
{
	d->id = card_new_epoch(card);
	d->ped = false;
	label_set(d->label, label);
	memcpy(d->key, key, KEY_LEN);
}

/* ---- What others ask ------------------------------------------------------------- */

uint32_t partition_domain_key(const struct fw_partition *p, unsigned int index, uint8_t key[32])
{
	memset(key, 0, 32);
	if (index >= p->domains.count)
		return COFFER_ST_CLONING_PARAMETER_MISSING;
	memcpy(key, p->domains.list[index].key, 32);
	return COFFER_ST_OK;
}

unsigned int partition_domains(const struct fw_partition *p)
{
	return p->domains.count;
}

uint64_t partition_domain_id(const struct fw_partition *p, unsigned int index)
{
	return index < p->domains.count ? p->domains.list[index].id : 0;
}

unsigned int partition_domain_find(const struct fw_partition *p, struct bytes label)
{
	unsigned int i = 0;

	while (i < p->domains.count && (strlen(p->domains.list[i].label) != label.len ||
					memcmp(p->domains.list[i].label, label.p, label.len)))
		i++;
	return i;
}

bool partition_has_domain(const struct fw_partition *p, uint64_t id)
{
	for (uint32_t i = 0; i < p->domains.count; i++)
		if (p->domains.list[i].id == id)
			return true;
	return false;
}

/* ---- Labels ---------------------------------------------------------------------- */

/* ---- Changes --------------------------------------------------------------------- */

/* ---- Commands -------------------------------------------------------------------- */
