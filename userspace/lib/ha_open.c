// SPDX-License-Identifier: BSD-3-Clause
/* Opening and closing a session on a group, and what such a session can do. */
#include <errno.h>
#include <stdlib.h>

#include "ha_group.h"

static struct ha_session *to_ha(struct coffer_session *s)
{
	return (struct ha_session *)s;
}

static coffer_rc ha_cancel(struct coffer_session *s)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = context_check(g->ctx);

	if (rc)
		return rc;
	rc = -ENOENT;
	for (unsigned int i = 0; i < g->count; i++) {
		struct coffer_card *card;

		pthread_mutex_lock(&g->lock);
		card = g->members[i].alive ? g->members[i].card : NULL;
		pthread_mutex_unlock(&g->lock);
		if (card && !card_cancel(card, (uintptr_t)s))
			rc = 0;
	}
	return rc;
}

/* The group's own things go with its last session, unless one was opened meanwhile. */
static void group_leave(struct ha_group *g)
{
	bool last;

	pthread_mutex_lock(&g->lock);
	last = !--g->sessions;
	pthread_mutex_unlock(&g->lock);
	if (!last)
		return;
	ha_recovery_end(g);
	pthread_mutex_lock(&g->change_lock);
	pthread_mutex_lock(&g->lock);
	last = !g->sessions;
	if (last) {
		g->role = COFFER_ROLE_NONE;
		g->logins++;
	}
	pthread_mutex_unlock(&g->lock);
	if (last) {
		ha_pin_drop(g);
		ha_logout_members(g);
		ha_close_controls(g);
	}
	pthread_mutex_unlock(&g->change_lock);
}

static void ha_close(struct coffer_session *s)
{
	struct ha_session *hs = to_ha(s);
	struct ha_group *g = hs->group;
	bool mine = !context_check(g->ctx);

	for (unsigned int i = 0; i < g->count; i++) {
		/* A card that is away is not waited for. */
		if (hs->at[i].s && mine && (ha_alive(g) >> i & 1)) {
			hs->at[i].s->timeout_ms = g->set.call_ms;
			direct_close(hs->at[i].s);
		} else {
			free(hs->at[i].s);
		}
	}
	if (mine) {
		group_leave(g);
		ha_put(g);
	}
	pthread_mutex_destroy(&hs->lock);
	free(hs);
}

static const struct session_ops ha_ops = {
	.close = ha_close,
	.cancel = ha_cancel,
	.login = ha_login,
	.logout = ha_logout,
	.whoami = ha_whoami,
	.roles = ha_roles,
	.info = ha_info,
	.mechanisms = ha_mechanisms,
	.find = ha_find,
	.get = ha_get_object,
	.set = ha_set,
	.create = ha_create,
	.destroy = ha_destroy,
	.generate = ha_generate,
	.generate_pair = ha_generate_pair,
	.use = ha_use,
	.digest = ha_digest,
	.random = ha_random,
};

/* Takes over the reference. */
static coffer_rc open_group(struct ha_group *g, bool rw, struct coffer_session **session)
{
	struct ha_session *hs = calloc(1, sizeof(*hs));
	coffer_rc rc = hs ? 0 : -ENOMEM;

	if (!rc) {
		hs->base.ops = &ha_ops;
		hs->base.rw = rw;
		hs->group = g;
		pthread_mutex_init(&hs->lock, NULL);
		pthread_mutex_lock(&g->change_lock);
		rc = ha_open_controls(g);
		if (!rc) {
			pthread_mutex_lock(&g->lock);
			g->sessions++;
			for (size_t i = 0; i < g->count; i++)
				hs->at[i].born = g->members[i].generation;
			pthread_mutex_unlock(&g->lock);
		}
		pthread_mutex_unlock(&g->change_lock);
	}
	if (rc) {
		ha_put(g);
		free(hs);
		return rc;
	}
	*session = &hs->base;
	return 0;
}

API coffer_rc coffer_session_open_slot(struct coffer *ctx, unsigned int slot, bool rw,
				       struct coffer_session **session)
{
	struct coffer_slot found;
	struct ha_group *g;
	coffer_rc rc;

	*session = NULL;
	rc = context_check(ctx);
	if (rc)
		return rc;
	g = ha_get(ctx, slot);
	if (g)
		return open_group(g, rw, session);
	rc = coffer_slot_find(ctx, slot, &found);
	if (rc)
		return rc;
	return coffer_session_open(coffer_card_at(ctx, found.card), found.partition, rw, session);
}
