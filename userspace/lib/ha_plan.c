// SPDX-License-Identifier: BSD-3-Clause
/* What a synchronization has to move, counted before it begins: each member's OUIDs against all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

/* Ascending, each once. */
struct ouids {
	struct ha_ouid *list;
	size_t count;
};

static int ascending(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ha_ouid));
}

static void once_each(struct ouids *o)
{
	size_t kept = 0;

	if (o->count)
		qsort(o->list, o->count, sizeof(*o->list), ascending);
	for (size_t i = 0; i < o->count; i++)
		if (!i || ascending(&o->list[i], &o->list[kept - 1]))
			o->list[kept++] = o->list[i];
	o->count = kept;
}

static coffer_rc ouids_of(struct ha_group *g, unsigned int member, struct ouids *out)
{
	static const uint8_t yes = 1;
	static const uint32_t wanted = CKA(OUID);
	const struct coffer_attr token = { CKA(TOKEN), 1, &yes };
	struct coffer_objects found;
	struct coffer_session s;
	coffer_rc rc;

	if (!ha_control(g, member, &s))
		return -ENODEV;
	rc = direct_find(&s, &token, 1, &wanted, 1, &found);
	if (!rc)
		out->list = calloc(found.count + 1, sizeof(*out->list));
	if (!rc && !out->list)
		rc = -ENOMEM;
	for (size_t i = 0; !rc && i < found.count; i++)
		out->count += ha_ouid_get(&found.list[i], &out->list[out->count]);
	coffer_objects_free(&found);
	once_each(out);
	return rc;
}

static coffer_rc add(struct ouids *all, const struct ouids *more)
{
	struct ha_ouid *grown = realloc(all->list,
					(all->count + more->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	all->list = grown;
	if (more->count)
		memcpy(&grown[all->count], more->list, more->count * sizeof(*grown));
	all->count += more->count;
	once_each(all);
	return 0;
}

/* Has @a one that @b has not? */
static bool has_more(const struct ouids *a, const struct ouids *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!b->count || !bsearch(&a->list[i], b->list, b->count, sizeof(*b->list),
					  ascending))
			return true;
	return false;
}

coffer_rc ha_plan(struct ha_group *g, unsigned int primary, uint32_t members,
		  struct ha_plan *out)
{
	struct ouids *of = calloc(g->count + 1, sizeof(*of)), all = { 0 };
	coffer_rc rc = of ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; !rc && i < g->count; i++) {
		if (!(members >> i & 1))
			continue;
		rc = ouids_of(g, i, &of[i]);
		if (!rc)
			rc = add(&all, &of[i]);
	}
	for (unsigned int i = 0; !rc && i < g->count; i++) {
		if (!(members >> i & 1))
			continue;
		out->total += all.count - of[i].count;
		if (i == primary)
			continue;
		out->to_primary |= (uint32_t)has_more(&of[i], &of[primary]) << i;
		out->from_primary |= (uint32_t)(of[i].count < all.count) << i;
	}
	for (unsigned int i = 0; of && i < g->count; i++)
		free(of[i].list);
	free(of);
	free(all.list);
	return rc;
}
