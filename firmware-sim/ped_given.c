// SPDX-License-Identifier: BSD-3-Clause
/* What the PED gave for a command, as its handler gets it. */
#include <stdlib.h>
#include <unistd.h>

#include "ped.h"

uint32_t ped_value(const struct cmd *c, bool domain, struct bytes *value)
{
	enum ped_use use = domain ? PED_USE_DOMAIN : PED_USE_ROLE;

	*value = (struct bytes){ NULL, 0 };
	if (!c->ped || !c->ped->there[use])
		return COFFER_ST_FUNCTION_FAILED;
	*value = (struct bytes){ c->ped->value[use], KEY_LEN };
	return COFFER_ST_OK;
}

uint32_t ped_next_value(const struct cmd *c, struct bytes *value)
{
	*value = (struct bytes){ NULL, 0 };
	if (!c->ped || !c->ped->prepared)
		return COFFER_ST_FUNCTION_FAILED;
	*value = (struct bytes){ c->ped->next, KEY_LEN };
	return COFFER_ST_OK;
}

uint32_t ped_renewed(struct cmd *c)
{
	struct ped_keys *k = c->ped;
	uint32_t st = COFFER_ST_OK;

	/* The card knows only the new key by now: where it cannot go in place it stays beside. */
	if (ped_key_publish(k->path, k->prepared))
		st = COFFER_ST_PED_ERROR;
	free(k->prepared);
	k->prepared = NULL;
	return st;
}

void ped_keys_free(struct ped_keys *k)
{
	if (!k)
		return;
	if (k->prepared)
		unlink(k->prepared);
	free(k->prepared);
	free(k->path);
	crypto_wipe(k, sizeof(*k));
	free(k);
}
