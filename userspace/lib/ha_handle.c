// SPDX-License-Identifier: BSD-3-Clause
/*
 * A group's handles. Each is made from the object's OUID, which all members share, so that it is
 * the same in every process and whatever member is asked; beside it, what each member calls it.
 */
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

struct ha_handle {
	uint32_t handle;
	struct ha_ouid ouid;
	uint32_t own[COFFER_HA_MEMBERS_MAX];	/* 0: not seen there */
};

static uint32_t handle_from(const struct ha_ouid *ouid)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(ouid->bytes); i++)
		hash = (hash ^ ouid->bytes[i]) * 16777619u;
	hash &= 0x7fffffff;
	return hash ? hash : 1;
}

/* The place of that handle, or the free one where it belongs. Handles lock held. */
static size_t place(const struct ha_group *g, uint32_t handle)
{
	size_t at = handle % g->handles_room;

	while (g->handles[at] && g->handles[at]->handle != handle)
		at = (at + 1) % g->handles_room;
	return at;
}

static struct ha_handle *find(const struct ha_group *g, uint32_t handle)
{
	return g->handles_room ? g->handles[place(g, handle)] : NULL;
}

static bool grow(struct ha_group *g)
{
	struct ha_handle **old = g->handles;
	size_t room = g->handles_room, more = room ? 2 * room : 256;

	if (2 * (g->n_handles + 1) <= room)
		return true;
	g->handles = calloc(more, sizeof(struct ha_handle *));
	if (!g->handles) {
		g->handles = old;
		return false;
	}
	g->handles_room = more;
	for (size_t i = 0; i < room; i++)
		if (old[i])
			g->handles[place(g, old[i]->handle)] = old[i];
	free(old);
	return true;
}

uint32_t ha_handle_of(struct ha_group *g, const struct ha_ouid *ouid)
{
	uint32_t handle = handle_from(ouid);
	struct ha_handle *h;

	pthread_mutex_lock(&g->handles_lock);
	/* Two OUIDs of one hash: the later one takes the next number. */
	while ((h = find(g, handle)) && memcmp(&h->ouid, ouid, sizeof(*ouid)))
		handle = handle == 0x7fffffff ? 1 : handle + 1;
	if (!h) {
		h = grow(g) ? calloc(1, sizeof(*h)) : NULL;
		if (h) {
			h->handle = handle;
			h->ouid = *ouid;
			g->handles[place(g, handle)] = h;
			g->n_handles++;
		}
	}
	handle = h ? h->handle : 0;
	pthread_mutex_unlock(&g->handles_lock);
	return handle;
}

bool ha_handle_ouid(struct ha_group *g, uint32_t handle, struct ha_ouid *ouid)
{
	struct ha_handle *h;

	pthread_mutex_lock(&g->handles_lock);
	h = find(g, handle);
	if (h)
		*ouid = h->ouid;
	pthread_mutex_unlock(&g->handles_lock);
	return h != NULL;
}

uint32_t ha_handle_at(struct ha_group *g, uint32_t handle, unsigned int member)
{
	struct ha_handle *h;
	uint32_t own;

	pthread_mutex_lock(&g->handles_lock);
	h = find(g, handle);
	own = h ? h->own[member] : 0;
	pthread_mutex_unlock(&g->handles_lock);
	return own;
}

void ha_handle_set(struct ha_group *g, uint32_t handle, unsigned int member, uint32_t own)
{
	struct ha_handle *h;

	pthread_mutex_lock(&g->handles_lock);
	h = find(g, handle);
	if (h)
		h->own[member] = own;
	pthread_mutex_unlock(&g->handles_lock);
}

/* Those behind it may stand where they do only because it stood there: put them anew. */
void ha_handle_forget(struct ha_group *g, uint32_t handle)
{
	struct ha_handle *h;
	size_t at;

	pthread_mutex_lock(&g->handles_lock);
	if (find(g, handle)) {
		at = place(g, handle);
		free(g->handles[at]);
		g->handles[at] = NULL;
		g->n_handles--;
		for (at = (at + 1) % g->handles_room; (h = g->handles[at]);
		     at = (at + 1) % g->handles_room) {
			g->handles[at] = NULL;
			g->handles[place(g, h->handle)] = h;
		}
	}
	pthread_mutex_unlock(&g->handles_lock);
}

void ha_handles_forget_member(struct ha_group *g, unsigned int member)
{
	pthread_mutex_lock(&g->handles_lock);
	for (size_t i = 0; i < g->handles_room; i++)
		if (g->handles[i])
			g->handles[i]->own[member] = 0;
	pthread_mutex_unlock(&g->handles_lock);
}

void ha_handles_free(struct ha_group *g)
{
	for (size_t i = 0; i < g->handles_room; i++)
		free(g->handles[i]);
	free(g->handles);
	g->handles = NULL;
	g->n_handles = 0;
	g->handles_room = 0;
}

bool ha_ouid_get(const struct coffer_object *o, struct ha_ouid *ouid)
{
	const struct coffer_attr *a = coffer_object_attr(o, CKA(OUID));

	if (!a || !a->value || a->len != sizeof(ouid->bytes))
		return false;
	memcpy(ouid->bytes, a->value, sizeof(ouid->bytes));
	return true;
}
