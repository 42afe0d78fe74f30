// SPDX-License-Identifier: BSD-3-Clause
/*
 * What can be known of single objects, and of space, before anything moves: from policies,
 * mechanisms and sizes that both partitions show. A dry run tells it; the cards decide for
 * themselves.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"

#define POLICY_CLONE_PRIVATE	0	/* behaviour.md 3.2 */
#define POLICY_CLONE_SECRET	4

/* ---- Space ---------------------------------------------------------------------------------- */

/*
 * Certain only where all objects go: what is there already cannot take more of the target than
 * the target has in use.
 */
coffer_rc clone_space(const struct clone_run *run)
{
	struct coffer_rep_partition_info s, t;
	uint64_t room, used;
	coffer_rc rc;

	if (run->options->handles)
		return 0;
	rc = clone_look(run->source, &s);
	if (!rc)
		rc = clone_look(run->target, &t);
	room = rc ? 0 : le64toh(t.storage_total);
	if (!room)
		return rc;
	used = le64toh(t.storage_used);
	if (!run->report->existing)
		room -= used < room ? used : room;
	return le64toh(s.storage_used) > room ? ST(CONTAINER_OBJECT_STORAGE_FULL) : 0;
}

/* ---- One object ----------------------------------------------------------------------------- */

struct outlook {
	bool private_keys, secret_keys;		/* allowed on both sides */
	struct coffer_mechanism_info *mechanisms;	/* of the target */
	size_t count;
};

static coffer_rc look_at_policies(struct coffer_session *s, struct outlook *o)
{
	struct coffer_policy *list = NULL;
	size_t count = 0;
	coffer_rc rc = coffer_policies(s, &list, &count);

	for (size_t i = 0; i < count; i++) {
		if (list[i].id == POLICY_CLONE_PRIVATE)
			o->private_keys &= list[i].value != 0;
		else if (list[i].id == POLICY_CLONE_SECRET)
			o->secret_keys &= list[i].value != 0;
	}
	free(list);
	return rc;
}

static coffer_rc outlook_open(const struct clone_run *run, struct outlook *o)
{
	coffer_rc rc;

	*o = (struct outlook){ .private_keys = true, .secret_keys = true };
	rc = look_at_policies(run->source, o);
	if (!rc)
		rc = look_at_policies(run->target, o);
	return rc ? rc : coffer_mechanisms(run->target, &o->mechanisms, &o->count);
}

static const struct coffer_mechanism_info *mechanism(const struct outlook *o, uint32_t id)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->mechanisms[i].mechanism == id)
			return &o->mechanisms[i];
	return NULL;
}

/* By the curve's OID: the three prime ones and secp256k1; 0: another. */
static uint32_t curve_bits(const struct coffer_attr *params)
{
	const uint8_t *der = params ? params->value : NULL;

	if (!der)
		return 0;
	if (params->len == 10)
		return 256;
	if (params->len != 7)
		return 0;
	switch (der[6]) {
	case 0x22:
		return 384;
	case 0x23:
		return 521;
	default:
		return der[6] == 0x0a ? 256 : 0;
	}
}

static uint32_t length(const struct coffer_object *o, uint32_t type)
{
	const struct coffer_attr *a = coffer_object_attr(o, type);

	return a && a->value ? a->len : 0;
}

/* As the target's mechanism table counts: bytes of symmetric keys, bits of others; 0 = unknown. */
static uint32_t size_of(const struct coffer_object *o, uint64_t key_type)
{
	switch (key_type) {
	case COFFER_CKK_RSA:
		return 8 * length(o, CKA(MODULUS));
	case COFFER_CKK_EC:
		return curve_bits(coffer_object_attr(o, CKA(EC_PARAMS)));
	case COFFER_CKK_AES:
	case COFFER_CKK_GENERIC_SECRET:
		return (uint32_t)coffer_attr_ulong(coffer_object_attr(o, CKA(VALUE_LEN)), 0);
	default:
		return 0;
	}
}

/* The mechanism whose row tells the sizes; UINT32_MAX: no card of ours knows the type. */
static uint32_t mechanism_of(uint64_t key_type)
{
	switch (key_type) {
	case COFFER_CKK_RSA:
		return COFFER_CKM_RSA_PKCS;
	case COFFER_CKK_EC:
		return COFFER_CKM_EC_KEY_PAIR_GEN;
	case COFFER_CKK_EC_EDWARDS:
		return COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN;
	case COFFER_CKK_AES:
		return COFFER_CKM_AES_KEY_GEN;
	case COFFER_CKK_GENERIC_SECRET:
		return COFFER_CKM_GENERIC_SECRET_KEY_GEN;
	default:
		return UINT32_MAX;
	}
}

static coffer_rc key_outlook(const struct outlook *o, const struct coffer_object *object)
{
	uint64_t type = coffer_attr_ulong(coffer_object_attr(object, CKA(KEY_TYPE)), UINT64_MAX);
	const struct coffer_mechanism_info *m = mechanism(o, mechanism_of(type));
	uint32_t size = size_of(object, type);

	if (type == UINT64_MAX)
		return 0;
	/* A policy may hide RSA_PKCS from the list; the keys come in nevertheless. */
	if (!m)
		return type == COFFER_CKK_RSA ? 0 : ST(OBJECT_TYPE_INVALID);
	return size && (size < m->min || size > m->max) ? ST(KEY_SIZE_RANGE) : 0;
}

static coffer_rc object_outlook(const struct outlook *o, const struct coffer_object *object)
{
	switch (coffer_attr_ulong(coffer_object_attr(object, CKA(CLASS)), UINT64_MAX)) {
	case COFFER_CKO_PRIVATE_KEY:
		return o->private_keys ? key_outlook(o, object) : ST(OPERATION_NOT_ALLOWED);
	case COFFER_CKO_SECRET_KEY:
		return o->secret_keys ? key_outlook(o, object) : ST(OPERATION_NOT_ALLOWED);
	case COFFER_CKO_PUBLIC_KEY:
		return key_outlook(o, object);
	default:
		return 0;
	}
}

/* ---- All of them ---------------------------------------------------------------------------- */

static const uint32_t wanted[] = {
	CKA(CLASS), CKA(KEY_TYPE), CKA(MODULUS), CKA(EC_PARAMS), CKA(VALUE_LEN),
};

static int by_handle(const void *a, const void *b)
{
	const struct coffer_object *x = a, *y = b;

	return (x->handle > y->handle) - (x->handle < y->handle);
}

static void look_at_objects(struct clone_run *run, const struct outlook *o,
			    struct coffer_objects *found)
{
	struct coffer_object key = { 0 }, *object;
	coffer_rc rc;

	if (found->count)
		qsort(found->list, found->count, sizeof(key), by_handle);
	for (size_t i = 0; i < run->report->count; i++) {
		if (run->objects[i].settled)
			continue;
		key.handle = run->objects[i].item->source_handle;
		object = bsearch(&key, found->list, found->count, sizeof(key), by_handle);
		rc = object ? object_outlook(o, object) : ST(OBJECT_HANDLE_INVALID);
		if (rc)
			clone_settle(run, &run->objects[i], COFFER_CLONE_REFUSED, rc, 0);
	}
}

coffer_rc clone_forecast(struct clone_run *run)
{
	struct coffer_objects found = { 0 };
	struct outlook o;
	coffer_rc rc;

	rc = outlook_open(run, &o);
	if (!rc)
		rc = coffer_find(run->source, NULL, 0, wanted,
				 sizeof(wanted) / sizeof(wanted[0]), &found);
	if (!rc)
		look_at_objects(run, &o, &found);
	coffer_objects_free(&found);
	free(o.mechanisms);
	return rc;
}
