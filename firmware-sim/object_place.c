// SPDX-License-Identifier: BSD-3-Clause
/* New objects on their way into the store or into the session. */
#include <stdlib.h>

#include "object_internal.h"

#define PLACES	2

struct places {
	uint32_t count;
	bool token;			/* one of them at least */
	uint32_t handles[PLACES];
	struct session_object *session[PLACES];		/* NULL: token object */
};

static void places_free(struct places *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		session_object_drop(p->session[i]);
	free(p);
}

static uint32_t place_token(struct cmd *c, struct object *o, uint32_t *handle)
{
	struct change *ch = change_of(c);
	struct object_row row;
	uint32_t st;

	if (!ch)
		return COFFER_ST_DEVICE_MEMORY;
	st = object_seal(c, o, &row);
	return st ? st : change_object_put(ch, &row, handle, NULL);
}

static uint32_t place_one(struct cmd *c, struct object *o, struct places *p, uint32_t i)
{
	uint32_t st;

	o->handle = 0;
	if (attrs_bool(&o->attrs, COFFER_CKA_TOKEN, false)) {
		p->token = true;
		return place_token(c, o, &p->handles[i]);
	}
	st = object_finish(c, o);
	return st ? st : session_object_new(c, o, &p->session[i]);
}

/*
 * Places were taken before, so only the end of the session or login can come between. The other
 * half of the pair may be in the store then, for good: the answer is OK, and this half has ended
 * with its session like any other.
 */
static uint32_t publish(struct cmd *c, struct places *p)
{
	uint32_t st = COFFER_ST_OK;

	for (uint32_t i = 0; !st && i < p->count; i++) {
		if (!p->session[i])
			continue;
		st = session_object_publish(c, p->session[i], &p->handles[i]);
		if (!st)
			p->session[i] = NULL;	/* the session's now */
		else if (p->token)
			st = COFFER_ST_OK;
	}
	return st;
}

/* All or none: the first of a pair of session objects goes when the second cannot stay. */
static uint32_t finish(struct cmd *c, struct places *p)
{
	uint32_t st = publish(c, p);

	for (uint32_t i = 0; st && i < p->count; i++)
		if (p->handles[i] >= COFFER_HANDLE_SESSION)
			session_object_destroy(c, p->handles[i]);
	if (!st) {
		wire_put_u32(&c->out, p->handles[0]);
		wire_put_u32(&c->out, p->handles[1]);
	}
	return st;
}

static uint32_t after(struct cmd *c, uint32_t verdict)
{
	struct places *p = c->state;
	uint32_t st = verdict ? verdict : finish(c, p);

	c->state = NULL;
	places_free(p);
	return st;
}

uint32_t objects_place(struct cmd *c, struct object *list, uint32_t count)
{
	struct places *p = calloc(1, sizeof(*p));
	uint32_t st = COFFER_ST_OK;

	if (!p)
		return COFFER_ST_DEVICE_MEMORY;
	p->count = count;
	for (uint32_t i = 0; !st && i < count; i++)
		st = place_one(c, &list[i], p, i);
	if (!st && p->token) {
		c->state = p;
		change_after(c->change, after);
		return COFFER_ST_OK;
	}
	if (!st)
		st = finish(c, p);
	places_free(p);
	return st;
}
