// SPDX-License-Identifier: BSD-3-Clause
/* From an object to a key that is ready for use. */
#include <string.h>

#include "object_internal.h"

void key_forget(struct cmd *c, uint32_t handle)
{
	struct object_table *t = object_table_of(c);

	if (t)
		key_cache_drop(object_table_cache(t), partition_id(c->part), handle);
}

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

static uint32_t load_key(struct cmd *c, struct key_cache *cache, uint32_t handle,
			 struct cached_key *found, uint64_t removals)
{
	struct object o;
	uint32_t st = object_load(c, handle, &o);

	if (!st)
		st = make_key(c, &o, found);
	object_free(&o);
	if (!st)
		key_cache_keep(c, cache, handle, found, removals);
	return st == COFFER_ST_OBJECT_HANDLE_INVALID ? COFFER_ST_KEY_HANDLE_INVALID : st;
}

uint32_t key_find(struct cmd *c, uint32_t handle, struct cached_key *found)
{
	struct object_table *t = object_table_of(c);
	struct key_cache *cache;
	uint64_t removals;

	c->note.handle = handle;
	memset(found, 0, sizeof(*found));
	if (!t)
		return COFFER_ST_DEVICE_MEMORY;
	cache = object_table_cache(t);
	if (!key_cache_look(c, cache, handle, found, &removals))
		return load_key(c, cache, handle, found, removals);
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
