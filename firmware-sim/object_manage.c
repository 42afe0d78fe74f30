// SPDX-License-Identifier: BSD-3-Clause
/* Create, copy, change and destroy objects. */
#include <stdlib.h>

#include "object_internal.h"

/* Template as the last item of a request. */
static uint32_t template_parse(struct cmd *c, struct attrs *template)
{
	struct bytes blob = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);

	attrs_init(template);
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	return attrs_parse(template, blob);
}

uint32_t handle_OBJECT_CREATE(struct cmd *c)
{
	struct object o = { .level = partition_level(c->part) };
	uint32_t reserved = wire_u32(&c->in);
	struct attrs template;
	uint32_t st = template_parse(c, &template);

	if (!st && reserved)
		st = COFFER_ST_ARGUMENTS_BAD;
	if (!st)
		st = rules_create(c, &template, &o.attrs);
	if (!st)
		st = check_write(c, &o.attrs);
	if (!st)
		st = objects_place(c, &o, 1);
	object_free(&o);
	attrs_free(&template);
	return st;
}

/*
 * A copy is made here, so it has at least this partition's level. It never has less than what
 * it is a copy of: on a backup partition (level 0) a V0 object's copy would else be one that
 * older cards take (behaviour.md 1.6).
 */
static uint32_t level_of_copy(const struct cmd *c, const struct object *from)
{
	uint32_t here = partition_level(c->part);

	return from->level > here ? from->level : here;
}

uint32_t handle_OBJECT_COPY(struct cmd *c)
{
	uint32_t handle = wire_u32(&c->in);
	struct object o = { 0 };
	struct attrs template;
	uint32_t st = template_parse(c, &template);

	if (!st)
		st = object_load(c, handle, &o);
	if (!st)
		st = rules_copy(c, &template, &o.attrs);
	if (!st)
		st = check_write(c, &o.attrs);
	o.level = level_of_copy(c, &o);
	if (!st)
		st = objects_place(c, &o, 1);
	object_free(&o);
	attrs_free(&template);
	return st;
}

/* ---- Changes of what is there ---------------------------------------------------------- */

struct changed {
	uint32_t handle;
};

/* Only now does everybody see the new state: a key made ready before is void. */
static uint32_t changed_after(struct cmd *c, uint32_t verdict)
{
	struct changed *state = c->state;

	c->state = NULL;
	key_forget(c, state->handle);
	object_unlock(c, state->handle);
	free(state);
	return verdict;
}

static uint32_t change_later(struct cmd *c, uint32_t handle)
{
	struct changed *state = malloc(sizeof(*state));

	if (!state)
		return COFFER_ST_DEVICE_MEMORY;
	state->handle = handle;
	c->state = state;
	change_after(c->change, changed_after);
	return COFFER_ST_OK;
}

static uint32_t destroy_locked(struct cmd *c, uint32_t handle)
{
	struct object o;
	uint32_t st = object_load(c, handle, &o);

	if (!st)
		st = check_write(c, &o.attrs);
	if (!st && !attrs_bool(&o.attrs, COFFER_CKA_DESTROYABLE, false))
		st = COFFER_ST_OBJECT_READ_ONLY;
	object_free(&o);
	if (st)
		return st;
	if (handle >= COFFER_HANDLE_SESSION)
		return session_object_destroy(c, handle);
	if (!change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	st = change_object_delete(c->change, partition_id(c->part), handle);
	return st ? st : change_later(c, handle);
}

static uint32_t set_object(struct cmd *c, struct object *o)
{
	struct object_row row;
	uint32_t st;

	if (o->handle >= COFFER_HANDLE_SESSION) {
		st = object_finish(c, o);
		return st ? st : session_object_replace(c, o->handle, &o->attrs);
	}
	if (!change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	st = object_seal(c, o, &row);
	if (!st)
		st = change_object_update(c->change, &row);
	return st ? st : change_later(c, o->handle);
}

static uint32_t set_locked(struct cmd *c, uint32_t handle, const struct attrs *template)
{
	struct object o;
	uint32_t st = object_load(c, handle, &o);

	if (!st)
		st = check_write(c, &o.attrs);
	if (!st)
		st = rules_set(c, template, &o.attrs);
	if (!st)
		st = set_object(c, &o);
	object_free(&o);
	return st;
}

uint32_t handle_OBJECT_DESTROY(struct cmd *c)
{
	uint32_t handle = wire_u32(&c->in), st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = object_lock(c, handle);
	if (st)
		return st;
	st = destroy_locked(c, handle);
	if (!c->state)			/* else the writer unlocks */
		object_unlock(c, handle);
	return st;
}

uint32_t handle_OBJECT_SET(struct cmd *c)
{
	uint32_t handle = wire_u32(&c->in);
	struct attrs template;
	uint32_t st = template_parse(c, &template);

	if (!st)
		st = object_lock(c, handle);
	if (!st) {
		st = set_locked(c, handle, &template);
		if (!c->state)
			object_unlock(c, handle);
	}
	attrs_free(&template);
	return st;
}
