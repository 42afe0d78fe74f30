// SPDX-License-Identifier: BSD-3-Clause
/* Change sets: what a handler wants to have written, and what becomes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "store_internal.h"
#include "writer.h"

#define NAME_MAX_LEN	24

enum unit_kind {
	UNIT_OBJECT_PUT, UNIT_OBJECT_UPDATE, UNIT_OBJECT_DELETE,
	UNIT_VALUE_PUT, UNIT_VALUE_DELETE, UNIT_CLEAR,
};

struct unit {
	struct unit *next;
	enum unit_kind kind;
	struct object_row row;
	uint64_t space;			/* of the partition, in bytes */
	const struct profile_limits *limits;	/* of the card; NULL: none */
	uint32_t *handle;
	uint32_t *verdict;
	uint32_t scope;			/* of a value; partition to clear or to delete from */
	uint32_t target;		/* handle to delete */
	bool values_too;
	char name[NAME_MAX_LEN];
	uint8_t *value;
	size_t len;
};

struct change {
	struct cmd *c;
	struct unit *first;
	struct unit **last;
	uint32_t (*after)(struct cmd *c, uint32_t verdict);
	bool full;			/* an object found no room */
};

struct change *change_new(struct cmd *c)
{
	struct change *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->c = c;
	ch->last = &ch->first;
	return ch;
}

struct change *change_of(struct cmd *c)
{
	if (!c->change)
		c->change = change_new(c);
	return c->change;
}

static void unit_free(struct unit *u)
{
	if (u->row.body)
		object_row_free(&u->row);
	if (u->value) {
		crypto_wipe(u->value, u->len);
		free(u->value);
	}
	free(u);
}

void change_drop(struct change *ch)
{
	struct unit *u;

	while ((u = ch->first) != NULL) {
		ch->first = u->next;
		unit_free(u);
	}
	free(ch);
}

static struct unit *unit_add(struct change *ch, enum unit_kind kind)
{
	struct unit *u = ch ? calloc(1, sizeof(*u)) : NULL;

	if (!u)
		return NULL;
	u->kind = kind;
	*ch->last = u;
	ch->last = &u->next;
	return u;
}

/* A row's body changes hands even when this fails: it is wiped then. */
static uint32_t unit_add_row(struct change *ch, enum unit_kind kind, struct object_row *row,
			     struct unit **added)
{
	struct unit *u = unit_add(ch, kind);

	*added = u;
	if (!u) {
		object_row_free(row);
		return COFFER_ST_DEVICE_MEMORY;
	}
	u->row = *row;
	row->body = NULL;
	row->body_len = 0;
	if (ch->c && ch->c->part) {
		u->space = ch->c->part->size;
		u->limits = &ch->c->card->profile->limits;
	}
	return COFFER_ST_OK;
}

uint32_t change_object_put(struct change *ch, struct object_row *row, uint32_t *handle,
			   uint32_t *verdict)
{
	struct unit *u;
	uint32_t st = unit_add_row(ch, UNIT_OBJECT_PUT, row, &u);

	if (st)
		return st;
	u->handle = handle;
	u->verdict = verdict;
	if (handle)
		*handle = 0;
	if (verdict)
		*verdict = COFFER_ST_DEVICE_ERROR;
	return COFFER_ST_OK;
}

uint32_t change_object_update(struct change *ch, struct object_row *row)
{
	struct unit *u;

	return unit_add_row(ch, UNIT_OBJECT_UPDATE, row, &u);
}

uint32_t change_object_delete(struct change *ch, uint32_t part, uint32_t handle)
{
	struct unit *u = unit_add(ch, UNIT_OBJECT_DELETE);

	if (!u)
		return COFFER_ST_DEVICE_MEMORY;
	u->scope = part;
	u->target = handle;
	return COFFER_ST_OK;
}

uint32_t change_value_put(struct change *ch, uint32_t scope, const char *name, const void *value,
			  size_t len)
{
	struct unit *u = unit_add(ch, UNIT_VALUE_PUT);

	if (!u)
		return COFFER_ST_DEVICE_MEMORY;
	u->scope = scope;
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->value = malloc(len ? len : 1);
	if (!u->value)
		return COFFER_ST_DEVICE_MEMORY;
	memcpy(u->value, value, len);
	u->len = len;
	return COFFER_ST_OK;
}

uint32_t change_value_delete(struct change *ch, uint32_t scope, const char *name)
{
	struct unit *u = unit_add(ch, UNIT_VALUE_DELETE);

	if (!u)
		return COFFER_ST_DEVICE_MEMORY;
	u->scope = scope;
	snprintf(u->name, sizeof(u->name), "%s", name);
	return COFFER_ST_OK;
}

uint32_t change_partition_clear(struct change *ch, uint32_t part, bool values_too)
{
	struct unit *u = unit_add(ch, UNIT_CLEAR);

	if (!u)
		return COFFER_ST_DEVICE_MEMORY;
	u->scope = part;
	u->values_too = values_too;
	return COFFER_ST_OK;
}

void change_after(struct change *ch, uint32_t (*after)(struct cmd *c, uint32_t verdict))
{
	ch->after = after;
}

/* ---- The writer's side ----------------------------------------------------------- */

/* -EDQUOT: one object more than a cloud service keeps (behaviour.md section 9). */
static int unit_within(struct store *s, const struct unit *u, uint32_t all)
{
	const struct profile_limits *limits = u->limits;
	uint32_t pairs = 0;
	int rc = 0;

	if (!limits)
		return 0;
	if (limits->objects && all >= limits->objects)
		return -EDQUOT;
	if (!limits->rsa_pairs || u->row.class != COFFER_CKO_PRIVATE_KEY ||
	    u->row.key_type != COFFER_CKK_RSA)
		return 0;
	rc = store_kind_count_now(s, u->row.part, u->row.class, u->row.key_type, &pairs);
	return !rc && pairs >= limits->rsa_pairs ? -EDQUOT : rc;
}

static int unit_put(struct store *s, struct unit *u)
{
	uint32_t all;
	uint64_t bytes;
	int rc = store_object_count_now(s, u->row.part, &all, &bytes);

	if (!rc)
		rc = unit_within(s, u, all);
	if (rc)
		return rc;
	if (u->space && bytes + (uint64_t)(all + 1) * ROW_OVERHEAD + u->row.body_len > u->space)
		return -ENOSPC;
	return store_object_put(s, &u->row);
}

/* A longer body needs room, too; one that gets shorter always finds it. */
static int unit_update(struct store *s, const struct unit *u)
{
	uint64_t before, after;
	uint32_t all;
	int rc = store_object_count_now(s, u->row.part, &all, &before);

	if (!rc)
		rc = store_object_update(s, &u->row);
	if (!rc)
		rc = store_object_count_now(s, u->row.part, &all, &after);
	if (rc)
		return rc;
	/* The caller drops what was written. */
	if (u->space && after > before && after + (uint64_t)all * ROW_OVERHEAD > u->space)
		return -ENOSPC;
	return 0;
}

static int unit_clear(struct store *s, const struct unit *u)
{
	int rc = store_objects_clear(s, u->scope);

	if (!rc && u->values_too)
		rc = store_scope_clear(s, u->scope);
	return rc;
}

static int unit_apply(struct store *s, struct unit *u)
{
	switch (u->kind) {
	case UNIT_OBJECT_PUT:
		return unit_put(s, u);
	case UNIT_OBJECT_UPDATE:
		return unit_update(s, u);
	case UNIT_OBJECT_DELETE:
		return store_object_delete(s, u->scope, u->target);
	case UNIT_VALUE_PUT:
		return store_value_put(s, u->scope, u->name, u->value, u->len);
	case UNIT_VALUE_DELETE:
		return store_value_delete(s, u->scope, u->name);
	case UNIT_CLEAR:
		return unit_clear(s, u);
	}
	return -EINVAL;
}

static uint32_t unit_status(int rc)
{
	switch (rc) {
	case 0:
		return COFFER_ST_OK;
	case -EEXIST:
		return COFFER_ST_OBJECT_ALREADY_EXISTS;
	case -ENOENT:
		return COFFER_ST_OBJECT_HANDLE_INVALID;
	case -ENOSPC:
		return COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL;
	default:
		return COFFER_ST_DEVICE_ERROR;
	}
}

/* Only a unit with a verdict of its own may fail without the others. */
static uint32_t unit_apply_alone(struct store *s, struct unit *u)
{
	int rc = store_unit_begin(s);

	if (rc)
		return COFFER_ST_DEVICE_ERROR;
	rc = unit_apply(s, u);
	if (!rc && store_unit_keep(s))
		rc = -EIO;
	if (rc && store_unit_drop(s))
		return COFFER_ST_DEVICE_ERROR;
	if (!store_in_transaction(s))
		return COFFER_ST_DEVICE_ERROR;
	*u->verdict = unit_status(rc);
	/* A limit is this object's affair, another trouble with the store is everybody's. */
	return *u->verdict == COFFER_ST_DEVICE_ERROR && rc != -EDQUOT ? *u->verdict :
									(uint32_t)COFFER_ST_OK;
}

static bool is_full(uint32_t st)
{
	return st == (uint32_t)COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL;
}

uint32_t change_apply(struct store *s, struct change *ch)
{
	struct unit *u;
	uint32_t st;

	for (u = ch->first; u; u = u->next) {
		st = u->verdict ? unit_apply_alone(s, u) : unit_status(unit_apply(s, u));
		if (is_full(u->verdict ? *u->verdict : st))
			ch->full = true;
		if (st)
			return st;
		if (u->handle && (!u->verdict || !*u->verdict))
			*u->handle = u->row.handle;
	}
	return COFFER_ST_OK;
}

uint32_t change_handle(const struct change *ch)
{
	const struct unit *u;

	for (u = ch->first; u; u = u->next) {
		if (u->kind == UNIT_OBJECT_DELETE)
			return u->target;
		if (u->row.handle)
			return u->row.handle;
	}
	return 0;
}

bool change_clears(const struct change *ch)
{
	const struct unit *u;

	for (u = ch->first; u; u = u->next)
		if (u->kind == UNIT_CLEAR)
			return true;
	return false;
}

void change_failed(struct change *ch)
{
	struct unit *u;

	for (u = ch->first; u; u = u->next) {
		if (u->handle)
			*u->handle = 0;
		if (u->verdict && !*u->verdict)
			*u->verdict = COFFER_ST_DEVICE_ERROR;
	}
}

uint32_t change_finish(struct change *ch, uint32_t verdict)
{
	if (ch->full)
		card_event(ch->c->card, COFFER_EV_STORE_FULL, ch->c->part->id, 0);
	return ch->after ? ch->after(ch->c, verdict) : verdict;
}
