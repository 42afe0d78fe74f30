// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ready keys, so that a signature neither opens a row nor builds a key. Entries are found by
 * partition, its epoch and the handle: when a partition is erased all its entries are void.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "object_internal.h"

#define SHARDS	16
#define WAYS	64

struct entry {
	uint32_t part;
	uint32_t handle;		/* 0: empty */
	uint64_t epoch;
	uint64_t owner;			/* of a session object, else 0 */
	uint64_t used;
	struct cached_key k;
};

struct shard {
	pthread_mutex_t lock;
	uint64_t clock;
	/* Counts removals: a key that was read before one must not come in after it. */
	uint64_t removals;
	struct entry entries[WAYS];
};

struct key_cache {
	struct shard shards[SHARDS];
};

struct key_cache *key_cache_new(void)
{
	struct key_cache *cache = calloc(1, sizeof(*cache));

	for (size_t i = 0; cache && i < SHARDS; i++)
		pthread_mutex_init(&cache->shards[i].lock, NULL);
	return cache;
}

static void entry_clear(struct entry *e)
{
	if (e->handle)
		crypto_key_put(e->k.key);
	memset(e, 0, sizeof(*e));
}

void key_cache_free(struct key_cache *cache)
{
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t w = 0; w < WAYS; w++)
			entry_clear(&cache->shards[i].entries[w]);
		pthread_mutex_destroy(&cache->shards[i].lock);
	}
	free(cache);
}

static struct shard *shard_of(struct key_cache *cache, uint32_t handle)
{
	return &cache->shards[handle % SHARDS];
}

/* Under the shard's lock. Entries of an older epoch of this partition are cleared on the way. */
static struct entry *entry_find(struct shard *s, uint32_t part, uint64_t epoch, uint32_t handle)
{
	struct entry *found = NULL;

	for (size_t w = 0; w < WAYS; w++) {
		struct entry *e = &s->entries[w];

		if (!e->handle || e->part != part)
			continue;
		if (e->epoch != epoch)
			entry_clear(e);
		else if (e->handle == handle)
			found = e;
	}
	return found;
}

static struct entry *entry_oldest(struct shard *s)
{
	struct entry *oldest = &s->entries[0];

	for (size_t w = 0; w < WAYS; w++)
		if (s->entries[w].used < oldest->used)
			oldest = &s->entries[w];
	return oldest;
}

void key_cache_drop(struct key_cache *cache, uint32_t part, uint32_t handle)
{
	struct shard *s = shard_of(cache, handle);

	pthread_mutex_lock(&s->lock);
	s->removals++;
	for (size_t w = 0; w < WAYS; w++)
		if (s->entries[w].handle == handle && s->entries[w].part == part)
			entry_clear(&s->entries[w]);
	pthread_mutex_unlock(&s->lock);
}

void key_cache_drop_part(struct key_cache *cache, uint32_t part)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &cache->shards[i];

		pthread_mutex_lock(&s->lock);
		s->removals++;
		for (size_t w = 0; w < WAYS; w++)
			if (!part || s->entries[w].part == part)
				entry_clear(&s->entries[w]);
		pthread_mutex_unlock(&s->lock);
	}
}

void key_forget(struct cmd *c, uint32_t handle)
{
	struct object_table *t = object_table_of(c);

	if (t)
		key_cache_drop(object_table_cache(t), partition_id(c->part), handle);
}

/* ---- From an object -------------------------------------------------------------------- */

static uint32_t usage_of(const struct attrs *a)
{
	return (attrs_bool(a, COFFER_CKA_ENCRYPT, false) ? USAGE_ENCRYPT : 0) |
	       (attrs_bool(a, COFFER_CKA_DECRYPT, false) ? USAGE_DECRYPT : 0) |
	       (attrs_bool(a, COFFER_CKA_SIGN, false) ? USAGE_SIGN : 0) |
	       (attrs_bool(a, COFFER_CKA_VERIFY, false) ? USAGE_VERIFY : 0);
}

/* More mechanisms than fit mean that the rest is not allowed: never the other way round. */
static void allowed_of(const struct attrs *a, struct cached_key *k)
{
	const struct attr *list = attrs_get(a, COFFER_CKA_ALLOWED_MECHANISMS);
	struct wire_in in;

	if (!list)
		return;
	wire_in_init(&in, list->value, list->len);
	while (in.left >= 8 && k->allowed_count < sizeof(k->allowed) / sizeof(k->allowed[0])) {
		uint64_t mechanism = wire_u64(&in);

		k->allowed[k->allowed_count++] = mechanism > UINT32_MAX ? UINT32_MAX :
									  (uint32_t)mechanism;
	}
}

static uint32_t make_key(struct cmd *c, const struct object *o, struct cached_key *k)
{
	memset(k, 0, sizeof(*k));
	k->class = attrs_class(&o->attrs);
	k->type = attrs_key_type(&o->attrs);
	if (!class_is_key(k->class))
		return COFFER_ST_KEY_HANDLE_INVALID;
	k->usage = usage_of(&o->attrs);
	k->is_private = attrs_bool(&o->attrs, COFFER_CKA_PRIVATE, true);
	k->local = attrs_bool(&o->attrs, COFFER_CKA_LOCAL, false);
	k->start = attrs_date(&o->attrs, COFFER_CKA_START_DATE);
	k->end = attrs_date(&o->attrs, COFFER_CKA_END_DATE);
	allowed_of(&o->attrs, k);
	return crypto_key_load(c->crypto, &o->attrs, &k->key);
}

/* ---- Finding --------------------------------------------------------------------------- */

static bool look(struct cmd *c, struct shard *s, uint32_t handle, struct cached_key *found,
		 uint64_t *removals)
{
	struct entry *e;

	pthread_mutex_lock(&s->lock);
	*removals = s->removals;
	e = entry_find(s, partition_id(c->part), partition_epoch(c->part), handle);
	if (e && e->owner && e->owner != c->owner)
		e = NULL;
	if (e) {
		e->used = ++s->clock;
		*found = e->k;
		crypto_key_get(found->key);
	}
	pthread_mutex_unlock(&s->lock);
	return e != NULL;
}

static void keep(struct cmd *c, struct shard *s, uint32_t handle, const struct cached_key *k,
		 uint64_t removals)
{
	uint32_t part = partition_id(c->part);
	uint64_t epoch = partition_epoch(c->part);
	struct entry *e;

	pthread_mutex_lock(&s->lock);
	if (s->removals == removals && !entry_find(s, part, epoch, handle)) {
		e = entry_oldest(s);
		entry_clear(e);
		e->part = part;
		e->epoch = epoch;
		e->handle = handle;
		e->owner = handle >= COFFER_HANDLE_SESSION ? c->owner : 0;
		e->used = ++s->clock;
		e->k = *k;
		crypto_key_get(k->key);
	}
	pthread_mutex_unlock(&s->lock);
}

static uint32_t load_key(struct cmd *c, struct shard *s, uint32_t handle,
			 struct cached_key *found, uint64_t removals)
{
	struct object o;
	uint32_t st = object_load(c, handle, &o);

	if (!st)
		st = make_key(c, &o, found);
	object_free(&o);
	if (!st)
		keep(c, s, handle, found, removals);
	return st == COFFER_ST_OBJECT_HANDLE_INVALID ? COFFER_ST_KEY_HANDLE_INVALID : st;
}

uint32_t key_find(struct cmd *c, uint32_t handle, struct cached_key *found)
{
	struct object_table *t = object_table_of(c);
	struct shard *s;
	uint64_t removals;

	c->note.handle = handle;
	memset(found, 0, sizeof(*found));
	if (!t)
		return COFFER_ST_DEVICE_MEMORY;
	s = shard_of(object_table_cache(t), handle);
	if (!look(c, s, handle, found, &removals))
		return load_key(c, s, handle, found, removals);
	if (!found->is_private || role_sees_private(c))
		return COFFER_ST_OK;
	crypto_key_put(found->key);
	memset(found, 0, sizeof(*found));
	return COFFER_ST_KEY_HANDLE_INVALID;
}

uint32_t object_key(struct cmd *c, uint32_t handle, struct crypto_key **key, struct object *o)
{
	struct cached_key found;
	uint32_t st = key_find(c, handle, &found);

	*key = NULL;
	if (o)
		memset(o, 0, sizeof(*o));
	if (st)
		return st;
	if (o)
		st = object_load(c, handle, o);
	if (st)
		crypto_key_put(found.key);
	else
		*key = found.key;
	return st == COFFER_ST_OBJECT_HANDLE_INVALID ? COFFER_ST_KEY_HANDLE_INVALID : st;
}
