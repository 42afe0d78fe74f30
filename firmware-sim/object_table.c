// SPDX-License-Identifier: BSD-3-Clause
/*
 * Session objects, and which objects are being changed. A session object belongs to the session
 * that made it and ends with it, but all sessions of its owner on the partition may use it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crypto_more.h"
#include "object_internal.h"

#define BUCKETS			1024
#define PER_OWNER		1024
#define IN_ALL			16384

struct session_object {
	struct session_thing thing;	/* first: free() gets this */
	struct object_table *table;
	struct session_object *hash_next;
	struct session_object *prev;	/* ascending handles */
	struct session_object *next;
	uint64_t owner;
	uint32_t part;
	bool rsa_private;		/* half of a pair, for the limits of a profile */
	bool listed;
	bool hidden;			/* its place is taken, but it is not there yet */
	struct object o;		/* table->lock */
};

struct busy {
	struct busy *next;
	uint32_t part;
	uint32_t handle;
};

struct object_table {
	struct key_cache *cache;
	pthread_mutex_t lock;
	pthread_cond_t unlocked;	/* a busy object is free again */
	/* under lock */
	unsigned int refs;		/* the card's, and one per session object */
	unsigned int count;
	uint32_t next_handle;		/* maybe; see pick_handle */
	struct busy *busy;
	struct session_object *first;
	struct session_object *last;
	struct session_object *buckets[BUCKETS];
};

static void *table_new(void)
{
	struct object_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->cache = key_cache_new();
	if (!t->cache) {
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->unlocked, NULL);
	t->refs = 1;
	t->next_handle = COFFER_HANDLE_SESSION;
	return t;
}

static void table_put(struct object_table *t)
{
	bool last;

	pthread_mutex_lock(&t->lock);
	last = !--t->refs;
	pthread_mutex_unlock(&t->lock);
	if (!last)
		return;
	key_cache_free(t->cache);
	pthread_cond_destroy(&t->unlocked);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void table_close(void *kept)
{
	table_put(kept);
}

struct object_table *object_table_of(struct cmd *c)
{
	return crypto_keep(c->crypto, table_new, table_close);
}

struct key_cache *object_table_cache(struct object_table *t)
{
	return t->cache;
}

void objects_forget(struct crypto *crypto, uint32_t part)
{
	struct object_table *t = crypto_keep(crypto, table_new, table_close);

	if (t)
		key_cache_drop_part(t->cache, part);
}

/* ---- Lists; all under the lock --------------------------------------------------------- */

static struct session_object **hash_slot(struct object_table *t, uint32_t handle)
{
	struct session_object **at = &t->buckets[handle % BUCKETS];

	while (*at && (*at)->o.handle != handle)
		at = &(*at)->hash_next;
	return at;
}

/* Nearly always the last; only after a wrap of handles is there something behind it. */
static void list_add(struct object_table *t, struct session_object *so)
{
	struct session_object **slot = hash_slot(t, so->o.handle);
	struct session_object *before = t->last;

	*slot = so;
	so->hash_next = NULL;
	while (before && before->o.handle > so->o.handle)
		before = before->prev;
	so->prev = before;
	so->next = before ? before->next : t->first;
	if (so->next)
		so->next->prev = so;
	else
		t->last = so;
	if (before)
		before->next = so;
	else
		t->first = so;
	so->listed = true;
	t->count++;
}

static void list_remove(struct object_table *t, struct session_object *so)
{
	if (!so->listed)
		return;
	*hash_slot(t, so->o.handle) = so->hash_next;
	if (so->prev)
		so->prev->next = so->next;
	else
		t->first = so->next;
	if (so->next)
		so->next->prev = so->prev;
	else
		t->last = so->prev;
	so->listed = false;
	t->count--;
}

static bool is_mine(const struct cmd *c, const struct session_object *so)
{
	return so->owner == c->owner && so->part == partition_id(c->part);
}

static struct session_object *find_mine(struct cmd *c, struct object_table *t, uint32_t handle)
{
	struct session_object *so = *hash_slot(t, handle);

	return so && !so->hidden && is_mine(c, so) ? so : NULL;
}

/* Handles begin again at the end of their numbers; there are far more than objects. */
static uint32_t pick_handle(struct object_table *t)
{
	uint32_t handle;

	do {
		if (t->next_handle > INT32_MAX)
			t->next_handle = COFFER_HANDLE_SESSION;
		handle = t->next_handle++;
	} while (*hash_slot(t, handle));
	return handle;
}

/* Past the limits of a cloud service calls fail (behaviour.md section 9). */
static bool past(unsigned int count, uint32_t limit)
{
	return limit && count >= limit;
}

/* Room for one more of this owner, a handle and a place for it, where nobody sees it yet. */
static uint32_t list_reserve(struct object_table *t, struct session_object *so,
			     const struct profile_limits *limits)
{
	const struct session_object *s;
	unsigned int own = 0, pairs = 0;

	for (s = t->first; s; s = s->next) {
		own += s->owner == so->owner;
		pairs += s->owner == so->owner && s->rsa_private;
	}
	if (own >= PER_OWNER || t->count >= IN_ALL)
		return COFFER_ST_MAX_OBJECT_COUNT_EXCEEDED;
	if (past(own, limits->session_objects) ||
	    (so->rsa_private && past(pairs, limits->session_rsa_pairs)))
		return COFFER_ST_DEVICE_ERROR;
	so->o.handle = pick_handle(t);
	so->thing.id = so->o.handle;
	so->hidden = true;
	list_add(t, so);
	return COFFER_ST_OK;
}

/* ---- One object ------------------------------------------------------------------------ */

static void so_free(struct session_thing *thing)
{
	struct session_object *so = (struct session_object *)thing;
	struct object_table *t = so->table;

	pthread_mutex_lock(&t->lock);
	list_remove(t, so);
	pthread_mutex_unlock(&t->lock);
	if (so->o.handle)
		key_cache_drop(t->cache, so->part, so->o.handle);
	object_free(&so->o);
	free(so);
	table_put(t);
}

uint32_t session_object_new(struct cmd *c, struct object *o, struct session_object **out)
{
	struct object_table *t = object_table_of(c);
	struct session_object *so = t ? calloc(1, sizeof(*so)) : NULL;
	uint32_t st;

	*out = NULL;
	if (!so)
		return COFFER_ST_DEVICE_MEMORY;
	so->table = t;
	so->owner = c->owner;
	so->part = partition_id(c->part);
	so->o.level = o->level;
	so->rsa_private = attrs_class(&o->attrs) == COFFER_CKO_PRIVATE_KEY &&
			  attrs_key_type(&o->attrs) == COFFER_CKK_RSA;
	so->thing.kind = SESSION_THING_OBJECT;
	so->thing.free = so_free;
	so->thing.ends_at_logout = attrs_bool(&o->attrs, COFFER_CKA_PRIVATE, true);
	pthread_mutex_lock(&t->lock);
	st = list_reserve(t, so, &card_profile(c->card)->limits);
	if (!st) {
		so->o.attrs = o->attrs;
		attrs_init(&o->attrs);
		t->refs++;
	}
	pthread_mutex_unlock(&t->lock);
	if (st)
		free(so);
	else
		*out = so;
	return st;
}

void session_object_drop(struct session_object *so)
{
	if (so)
		so_free(&so->thing);
}

/*
 * Fails only when the session or the login ended meanwhile, and the object would have with it: it
 * is still the caller's then. *handle is its number in any case.
 */
uint32_t session_object_publish(struct cmd *c, struct session_object *so, uint32_t *handle)
{
	struct object_table *t = so->table;
	uint32_t st;

	*handle = so->thing.id;
	pthread_mutex_lock(&t->lock);
	so->hidden = false;
	pthread_mutex_unlock(&t->lock);
	st = session_attach(c->session, &so->thing, c->role);
	if (st) {
		pthread_mutex_lock(&t->lock);
		list_remove(t, so);
		pthread_mutex_unlock(&t->lock);
	}
	return st;
}

static bool visible(const struct cmd *c, const struct object *o)
{
	return role_sees_private(c) || !attrs_bool(&o->attrs, COFFER_CKA_PRIVATE, true);
}

uint32_t session_object_load(struct cmd *c, uint32_t handle, struct object *o)
{
	struct object_table *t = object_table_of(c);
	struct session_object *so;
	uint32_t st = COFFER_ST_OBJECT_HANDLE_INVALID;

	memset(o, 0, sizeof(*o));
	if (!t)
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_lock(&t->lock);
	so = find_mine(c, t, handle);
	if (so && visible(c, &so->o)) {
		o->handle = handle;
		o->level = so->o.level;
		st = attrs_copy(&o->attrs, &so->o.attrs);
	}
	pthread_mutex_unlock(&t->lock);
	return st;
}

/* Takes @attrs over, always. */
uint32_t session_object_replace(struct cmd *c, uint32_t handle, struct attrs *attrs)
{
	struct object_table *t = object_table_of(c);
	struct session_object *so;
	struct attrs old = *attrs;

	pthread_mutex_lock(&t->lock);
	so = find_mine(c, t, handle);
	if (so) {
		old = so->o.attrs;
		so->o.attrs = *attrs;
	}
	pthread_mutex_unlock(&t->lock);
	key_cache_drop(t->cache, partition_id(c->part), handle);
	attrs_free(&old);
	attrs_init(attrs);
	return so ? COFFER_ST_OK : COFFER_ST_OBJECT_HANDLE_INVALID;
}

static bool is_listed(struct object_table *t, const struct session_thing *thing)
{
	bool listed;

	pthread_mutex_lock(&t->lock);
	listed = ((const struct session_object *)thing)->listed;
	pthread_mutex_unlock(&t->lock);
	return listed;
}

uint32_t session_object_destroy(struct cmd *c, uint32_t handle)
{
	struct session_thing *thing;
	struct object_table *t = object_table_of(c);
	struct session_object *so;

	/* An empty shell may have had this handle before the object that has it now. */
	while ((thing = session_detach(c->session, SESSION_THING_OBJECT, handle)) != NULL) {
		bool was = is_listed(t, thing);

		thing->free(thing);
		if (was)
			return COFFER_ST_OK;
	}
	/* Another session of the owner made it: its shell stays there until that one ends. */
	pthread_mutex_lock(&t->lock);
	so = find_mine(c, t, handle);
	if (so) {
		list_remove(t, so);
		attrs_free(&so->o.attrs);
	}
	pthread_mutex_unlock(&t->lock);
	key_cache_drop(t->cache, partition_id(c->part), handle);
	return so ? COFFER_ST_OK : COFFER_ST_OBJECT_HANDLE_INVALID;
}

/* Under the lock: ascending, at most as many as there are. */
static uint32_t list_mine(const struct cmd *c, const struct object_table *t, uint32_t after,
			  uint32_t *handles)
{
	const struct session_object *so;
	uint32_t n = 0;

	for (so = t->first; so; so = so->next)
		if (so->o.handle > after && !so->hidden && is_mine(c, so))
			handles[n++] = so->o.handle;
	return n;
}

uint32_t session_object_each(struct cmd *c, uint32_t after,
			     bool (*each)(void *opaque, const struct object *o), void *opaque)
{
	struct object_table *t = object_table_of(c);
	uint32_t *handles = NULL, n = 0, st = COFFER_ST_OK;
	bool go_on = true;

	if (!t)
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_lock(&t->lock);
	if (t->count)
		handles = malloc(t->count * sizeof(*handles));
	if (handles)
		n = list_mine(c, t, after, handles);
	else if (t->count)
		st = COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_unlock(&t->lock);
	for (uint32_t i = 0; !st && go_on && i < n; i++) {
		struct object o;

		st = session_object_load(c, handles[i], &o);
		if (!st)
			go_on = each(opaque, &o);
		else if (st == COFFER_ST_OBJECT_HANDLE_INVALID)
			st = COFFER_ST_OK;	/* not visible, or gone meanwhile */
		object_free(&o);
	}
	free(handles);
	return st;
}

/* ---- Changes under way ----------------------------------------------------------------- */

static struct busy **busy_slot(struct object_table *t, uint32_t part, uint32_t handle)
{
	struct busy **at = &t->busy;

	while (*at && ((*at)->part != part || (*at)->handle != handle))
		at = &(*at)->next;
	return at;
}

/*
 * Whoever holds an object is either running, or in the writer's queue, which needs no worker:
 * waiting here always ends.
 */
uint32_t object_lock(struct cmd *c, uint32_t handle)
{
	struct object_table *t = object_table_of(c);
	struct busy *b = t ? calloc(1, sizeof(*b)) : NULL;

	if (!b)
		return COFFER_ST_DEVICE_MEMORY;
	b->part = partition_id(c->part);
	b->handle = handle;
	pthread_mutex_lock(&t->lock);
	while (*busy_slot(t, b->part, handle))
		pthread_cond_wait(&t->unlocked, &t->lock);
	b->next = t->busy;
	t->busy = b;
	pthread_mutex_unlock(&t->lock);
	return COFFER_ST_OK;
}

void object_unlock(struct cmd *c, uint32_t handle)
{
	struct object_table *t = object_table_of(c);
	struct busy **slot, *b;

	pthread_mutex_lock(&t->lock);
	slot = busy_slot(t, partition_id(c->part), handle);
	b = *slot;
	if (b)
		*slot = b->next;
	pthread_cond_broadcast(&t->unlocked);
	pthread_mutex_unlock(&t->lock);
	free(b);
}
