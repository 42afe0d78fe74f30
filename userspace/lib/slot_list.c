// SPDX-License-Identifier: BSD-3-Clause
/* Every slot that programs see: partitions and groups of them. */
#include <stdlib.h>
#include <string.h>

#include "coffer/ha.h"
#include "lib.h"

API coffer_rc coffer_slots(struct coffer *ctx, struct coffer_slot **list, size_t *count)
{
	struct coffer_slot *groups = NULL;
	size_t n = 0;
	bool hide = false;
	coffer_rc rc = slots_physical(ctx, list, count);

	if (!rc)
		rc = ha_slots(ctx, *list, *count, &groups, &n, &hide);
	if (!rc && hide)
		*count = 0;
	if (!rc && n)
		rc = slots_append(list, count, groups, n);
	free(groups);
	if (rc) {
		free(*list);
		*list = NULL;
		*count = 0;
		return rc;
	}
	slots_sort(*list, *count);
	return 0;
}

static coffer_rc find_group(struct coffer *ctx, unsigned int slot, struct coffer_slot *out)
{
	struct coffer_slot *list;
	size_t n;
	coffer_rc rc = coffer_slots(ctx, &list, &n);

	if (rc)
		return rc;
	rc = ST(SLOT_ID_INVALID);
	for (size_t i = 0; i < n; i++)
		if (list[i].slot == slot) {
			*out = list[i];
			rc = 0;
		}
	free(list);
	return rc;
}

API coffer_rc coffer_slot_find(struct coffer *ctx, unsigned int slot, struct coffer_slot *out)
{
	coffer_rc rc = context_check(ctx);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	if (slot >= COFFER_HA_FIRST_SLOT && slot < COFFER_HA_FIRST_SLOT + COFFER_HA_GROUPS_MAX)
		return find_group(ctx, slot, out);
	return slot_physical(ctx, slot, out);
}
