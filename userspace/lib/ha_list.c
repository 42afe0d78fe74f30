// SPDX-License-Identifier: BSD-3-Clause
/* The groups of a context, and what is told of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ha_group.h"

/* ---- Loading -------------------------------------------------------------------------- */

static void groups_put(struct ha_group **groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] && !--groups[i]->refs)
			ha_group_free(groups[i]);
	free(groups);
}

static bool same_group(const struct ha_group *g, const struct ha_conf_group *c,
		       const struct coffer_ha_settings *set)
{
	return !memcmp(&g->set, set, sizeof(*set)) && g->conf.number == c->number &&
	       g->conf.serial == c->serial && g->conf.count == c->count &&
	       g->conf.synchronize == c->synchronize && !strcmp(g->conf.label, c->label) &&
	       !memcmp(g->conf.members, c->members, c->count * sizeof(c->members[0]));
}

/* A group that did not change goes on as it runs. Lock held. */
static struct ha_group *group_of(struct ha *ha, struct coffer *ctx,
				 const struct ha_conf_group *conf)
{
	for (size_t i = 0; i < ha->count; i++)
		if (same_group(ha->groups[i], conf, &ha->conf.set)) {
			ha->groups[i]->refs++;
			return ha->groups[i];
		}
	return ha_group_new(ctx, conf, &ha->conf.set);
}

static coffer_rc load(struct ha *ha, struct coffer *ctx)
{
	struct ha_group **groups;
	size_t count = 0;
	struct ha_conf conf;
	coffer_rc rc = 0;

	ha_conf_load(&conf);
	pthread_mutex_lock(&ha->lock);
	ha_conf_free(&ha->conf);
	ha->conf = conf;
	groups = calloc(conf.count + 1, sizeof(struct ha_group *));
	for (size_t i = 0; groups && !conf.rc && i < conf.count; i++) {
		groups[count] = group_of(ha, ctx, &conf.groups[i]);
		if (!groups[count])
			break;
		count++;
	}
	if (!groups || (!conf.rc && count < conf.count))
		rc = -ENOMEM;
	groups_put(ha->groups, ha->count);
	ha->groups = groups;
	ha->count = count;
	pthread_mutex_unlock(&ha->lock);
	return rc;
}

struct ha *ha_new(struct coffer *ctx)
{
	struct ha *ha = calloc(1, sizeof(*ha));

	if (!ha)
		return NULL;
	pthread_mutex_init(&ha->lock, NULL);
	if (!load(ha, ctx))
		return ha;
	ha_free(ha);
	return NULL;
}

void ha_free(struct ha *ha)
{
	if (!ha)
		return;
	groups_put(ha->groups, ha->count);
	ha_conf_free(&ha->conf);
	free(ha);
}

coffer_rc ha_reload(struct coffer *ctx)
{
	return load(ctx->ha, ctx);
}

struct ha_group *ha_get(struct coffer *ctx, unsigned int slot)
{
	struct ha_group *g = NULL;

	pthread_mutex_lock(&ctx->ha->lock);
	for (size_t i = 0; !g && i < ctx->ha->count; i++)
		if (COFFER_HA_FIRST_SLOT + ctx->ha->groups[i]->conf.number == slot) {
			g = ctx->ha->groups[i];
			g->refs++;
		}
	pthread_mutex_unlock(&ctx->ha->lock);
	return g;
}

void ha_put(struct ha_group *g)
{
	struct ha *ha = g->ctx->ha;
	bool last;

	pthread_mutex_lock(&ha->lock);
	last = !--g->refs;
	pthread_mutex_unlock(&ha->lock);
	if (last)
		ha_group_free(g);
}

/* ---- Telling -------------------------------------------------------------------------- */

API coffer_rc coffer_config_state(struct coffer *ctx, char **text)
{
	coffer_rc rc = context_check(ctx);

	if (text)
		*text = NULL;
	if (rc)
		return rc;
	pthread_mutex_lock(&ctx->ha->lock);
	rc = ctx->ha->conf.rc;
	/* A copy: the next reading of the files replaces it. */
	if (text && ctx->ha->conf.why)
		*text = strdup(ctx->ha->conf.why);
	pthread_mutex_unlock(&ctx->ha->lock);
	return rc;
}

API coffer_rc coffer_config_files(char **text)
{
	char **paths, *longer;
	size_t count;
	coffer_rc rc = conf_paths(&paths, &count);

	*text = NULL;
	for (size_t i = 0; !rc && i < count; i++) {
		longer = text_of("%s%s\n", *text ? *text : "", paths[i]);
		free(*text);
		*text = longer;
		rc = longer ? 0 : -ENOMEM;
	}
	conf_paths_free(paths, count);
	return rc;
}

API coffer_rc coffer_ha_settings(struct coffer *ctx, struct coffer_ha_settings *out)
{
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	rc = context_check(ctx);
	if (rc)
		return rc;
	pthread_mutex_lock(&ctx->ha->lock);
	*out = ctx->ha->conf.set;
	rc = ctx->ha->conf.rc;
	pthread_mutex_unlock(&ctx->ha->lock);
	return rc;
}

API coffer_rc coffer_ha_settings_store(struct coffer *ctx, const struct coffer_ha_settings *set,
				       char **text)
{
	struct coffer_ha_settings old;
	coffer_rc rc;

	if (text)
		*text = NULL;
	rc = coffer_ha_settings(ctx, &old);
	if (!rc)
		rc = ha_conf_store_settings(&old, set, text);
	return rc ? rc : ha_reload(ctx);
}

static void tell_member(const struct ha_member *m, const struct coffer_slot *slots, size_t count,
			struct coffer_ha_member *to)
{
	to->serial = m->serial;
	to->standby = m->standby;
	to->in_flight = m->in_flight;
	to->served = m->served;
	to->slot = UINT_MAX;
	for (size_t i = 0; i < count; i++)
		if (slots[i].serial == m->serial && slots[i].partition) {
			to->slot = slots[i].slot;
			strcpy(to->label, slots[i].label);
			to->alive = (slots[i].flags & COFFER_PART_INITIALIZED) != 0;
		}
}

/* While nobody has a session the cards say who is alive, then it is what we have seen. */
static void tell_group(struct ha_group *g, const struct coffer_slot *slots, size_t count,
		       struct coffer_ha_group *to)
{
	int primary = -1;

	memset(to, 0, sizeof(*to));
	strcpy(to->label, g->conf.label);
	to->serial = g->conf.serial;
	to->slot = COFFER_HA_FIRST_SLOT + g->conf.number;
	to->synchronize = g->conf.synchronize;
	to->count = g->count;
	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; i < g->count; i++) {
		tell_member(&g->members[i], slots, count, &to->members[i]);
		if (g->sessions)
			to->members[i].alive = g->members[i].alive;
	}
	pthread_mutex_unlock(&g->lock);
	for (int standby = 0; primary < 0 && standby < 2; standby++)
		for (size_t i = 0; primary < 0 && i < to->count; i++)
			if (to->members[i].alive && to->members[i].standby == standby)
				primary = (int)i;
	if (primary >= 0)
		to->members[primary].primary = true;
}

API coffer_rc coffer_ha_groups(struct coffer *ctx, struct coffer_ha_group **list, size_t *count)
{
	struct coffer_slot *slots = NULL;
	size_t n = 0;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = context_check(ctx);
	if (!rc)
		rc = slots_physical(ctx, &slots, &n);
	if (rc)
		return rc;
	pthread_mutex_lock(&ctx->ha->lock);
	rc = ctx->ha->conf.rc;
	if (!rc) {
		*list = calloc(ctx->ha->count + 1, sizeof(**list));
		rc = *list ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !rc && i < ctx->ha->count; i++)
		tell_group(ctx->ha->groups[i], slots, n, &(*list)[(*count)++]);
	pthread_mutex_unlock(&ctx->ha->lock);
	free(slots);
	return rc;
}

API coffer_rc coffer_ha_find(struct coffer *ctx, const char *label, struct coffer_ha_group *out)
{
	struct coffer_ha_group *list;
	size_t count;
	coffer_rc rc = coffer_ha_groups(ctx, &list, &count);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	rc = -ENOENT;
	for (size_t i = 0; rc && i < count; i++)
		if (!strcasecmp(list[i].label, label)) {
			*out = list[i];
			rc = 0;
		}
	free(list);
	return rc;
}

/* A group as a slot: what it has of its own, and the rest of its first member that is there. */
static void slot_of_group(const struct coffer_ha_group *g, const struct coffer_slot *physical,
			  size_t n, struct coffer_slot *to)
{
	memset(to, 0, sizeof(*to));
	for (size_t m = 0; m < g->count; m++)
		for (size_t i = 0; i < n; i++)
			if (g->members[m].primary && physical[i].slot == g->members[m].slot)
				*to = physical[i];
	to->slot = g->slot;
	to->card = UINT_MAX;
	to->partition = COFFER_HA_FIRST_SLOT;
	to->serial = g->serial;
	to->members = (uint32_t)g->count;
	strcpy(to->label, g->label);
	strcpy(to->model, "HA group");
}

coffer_rc ha_slots(struct coffer *ctx, const struct coffer_slot *physical, size_t n,
		   struct coffer_slot **list, size_t *count, bool *hide)
{
	struct coffer_ha_settings set;
	struct coffer_ha_group *groups;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	*hide = false;
	/* Slots are there whatever the configuration looks like; HA's own commands tell. */
	if (coffer_ha_settings(ctx, &set))
		return 0;
	rc = coffer_ha_groups(ctx, &groups, count);
	if (rc)
		return rc;
	*list = calloc(*count + 1, sizeof(**list));
	for (size_t i = 0; *list && i < *count; i++)
		slot_of_group(&groups[i], physical, n, &(*list)[i]);
	*hide = set.only && *count;
	free(groups);
	return *list ? 0 : -ENOMEM;
}
