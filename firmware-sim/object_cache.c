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

/* ---- From an object -------------------------------------------------------------------- */

/* ---- Finding --------------------------------------------------------------------------- */

bool key_cache_look(struct cmd *c, struct key_cache *cache, uint32_t handle,
		    struct cached_key *found, uint64_t *removals)
{
	struct shard *s = shard_of(cache, handle);
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

void key_cache_keep(struct cmd *c, struct key_cache *cache, uint32_t handle,
		    const struct cached_key *k, uint64_t removals)
{
	struct shard *s = shard_of(cache, handle);
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
