// SPDX-License-Identifier: BSD-3-Clause
/* Attributes of an object as a caller may see them. */
#include <stdlib.h>

#include "object_internal.h"

bool wanted_parse(struct wire_in *in, struct wanted *wanted)
{
	uint32_t count = wire_u32(in);

	wanted->count = 0;
	if (in->bad || count > ATTRS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		wanted->types[i] = wire_u32(in);
	wanted->count = count;
	return wire_in_done(in);
}

bool object_hides(const struct object *o, uint32_t type)
{
	return attr_is_secret(type, attrs_class(&o->attrs)) &&
	       (attrs_bool(&o->attrs, COFFER_CKA_SENSITIVE, true) ||
		!attrs_bool(&o->attrs, COFFER_CKA_EXTRACTABLE, false));
}

/* Not stored, because it follows from the key; secret keys have none. */
static uint32_t show_public_info(struct cmd *c, const struct object *o)
{
	uint32_t class = attrs_class(&o->attrs);
	uint8_t *der = NULL;
	size_t len = 0;
	uint32_t st = COFFER_ST_OK;

	if (class == COFFER_CKO_PUBLIC_KEY || class == COFFER_CKO_PRIVATE_KEY)
		st = crypto_public_info(c->crypto, &o->attrs, &der, &len);
	if (st)
		return st;
	wire_put_u32(&c->out, COFFER_CKA_PUBLIC_KEY_INFO);
	if (der)
		wire_put_blob(&c->out, der, len);
	else
		wire_put_u32(&c->out, COFFER_ATTR_UNAVAILABLE);
	free(der);
	return COFFER_ST_OK;
}

static uint32_t show_one(struct cmd *c, const struct object *o, uint32_t type)
{
	const struct attr *a = attrs_get(&o->attrs, type);

	if (type == COFFER_CKA_PUBLIC_KEY_INFO)
		return show_public_info(c, o);
	wire_put_u32(&c->out, type);
	if (!a)
		wire_put_u32(&c->out, COFFER_ATTR_UNAVAILABLE);
	else if (object_hides(o, type))
		wire_put_u32(&c->out, COFFER_ATTR_SENSITIVE);
	else
		wire_put_blob(&c->out, a->value, a->len);
	return COFFER_ST_OK;
}

uint32_t object_show(struct cmd *c, const struct object *o, const struct wanted *wanted)
{
	size_t at = wire_reserve_u32(&c->out), begin = c->out.len;
	uint32_t st = COFFER_ST_OK;

	for (uint32_t i = 0; !st && i < wanted->count; i++)
		st = show_one(c, o, wanted->types[i]);
	wire_fill_u32(&c->out, at, (uint32_t)(c->out.len - begin));
	return st;
}

/* ATTRIBUTE_SENSITIVE and TYPE_INVALID are said per attribute, so that the others come along. */
uint32_t handle_OBJECT_GET(struct cmd *c)
{
	uint32_t handle = wire_u32(&c->in);
	struct wanted wanted;
	struct object o;
	uint32_t st;

	if (!wanted_parse(&c->in, &wanted))
		return COFFER_ST_ARGUMENTS_BAD;
	st = object_load(c, handle, &o);
	if (!st)
		st = object_show(c, &o, &wanted);
	object_free(&o);
	return st;
}
