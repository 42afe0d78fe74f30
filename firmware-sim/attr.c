// SPDX-License-Identifier: BSD-3-Clause
/* Sets of PKCS#11 attributes, in ascending order of type. See attr.h. */
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "crypto.h"
#include "hw/coffer_status.h"

struct kind_row {
	uint32_t type;
	enum attr_kind kind;
};

static const struct kind_row kinds[] = {
#define COFFER_X(name, type, kind) { type, ATTR_##kind },
	COFFER_ATTRIBUTES(COFFER_X)
#undef COFFER_X
};

enum attr_kind attr_kind(uint32_t type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].kind;
	return ATTR_UNKNOWN;
}

bool attr_is_secret(uint32_t type, uint32_t object_class)
{
	switch (type) {
	case COFFER_CKA_VALUE:
		return object_class == COFFER_CKO_PRIVATE_KEY ||
		       object_class == COFFER_CKO_SECRET_KEY;
	case COFFER_CKA_PRIVATE_EXPONENT:
	case COFFER_CKA_PRIME_1:
	case COFFER_CKA_PRIME_2:
	case COFFER_CKA_EXPONENT_1:
	case COFFER_CKA_EXPONENT_2:
	case COFFER_CKA_COEFFICIENT:
		return object_class == COFFER_CKO_PRIVATE_KEY;
	default:
		return false;
	}
}

void attrs_init(struct attrs *set)
{
	memset(set, 0, sizeof(*set));
}

static void value_free(struct attr *a)
{
	if (a->value)
		crypto_wipe(a->value, a->len);
	free(a->value);
	a->value = NULL;
}

void attrs_free(struct attrs *set)
{
	for (size_t i = 0; i < set->count; i++)
		value_free(&set->list[i]);
	free(set->list);
	attrs_init(set);
}

/* Index of the first attribute whose type is not below @type. */
static size_t lower_bound(const struct attrs *set, uint32_t type)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (set->list[mid].type < type)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct attr *attrs_get(const struct attrs *set, uint32_t type)
{
	size_t at = lower_bound(set, type);

	if (at < set->count && set->list[at].type == type)
		return &set->list[at];
	return NULL;
}

static uint32_t list_grow(struct attrs *set)
{
	size_t room = set->room ? 2 * set->room : 16;
	struct attr *list;

	if (set->count < set->room)
		return COFFER_ST_OK;
	list = realloc(set->list, room * sizeof(*list));
	if (!list)
		return COFFER_ST_DEVICE_MEMORY;
	set->list = list;
	set->room = room;
	return COFFER_ST_OK;
}

uint32_t attrs_set(struct attrs *set, uint32_t type, const void *value, size_t len)
{
	size_t at = lower_bound(set, type);
	bool there = at < set->count && set->list[at].type == type;
	uint8_t *copy;

	if (len >= COFFER_ATTR_SENSITIVE || (!there && list_grow(set)))
		return COFFER_ST_DEVICE_MEMORY;
	copy = malloc(len ? len : 1);
	if (!copy)
		return COFFER_ST_DEVICE_MEMORY;
	if (len)
		memcpy(copy, value, len);
	if (there) {
		value_free(&set->list[at]);
	} else {
		memmove(&set->list[at + 1], &set->list[at],
			(set->count - at) * sizeof(set->list[0]));
		set->count++;
	}
	set->list[at] = (struct attr){ type, (uint32_t)len, copy };
	return COFFER_ST_OK;
}

uint32_t attrs_set_bool(struct attrs *set, uint32_t type, bool v)
{
	uint8_t byte = v;

	return attrs_set(set, type, &byte, 1);
}

uint32_t attrs_set_ulong(struct attrs *set, uint32_t type, uint64_t v)
{
	uint8_t le[8];

	for (size_t i = 0; i < sizeof(le); i++)
		le[i] = (uint8_t)(v >> (8 * i));
	return attrs_set(set, type, le, sizeof(le));
}

void attrs_remove(struct attrs *set, uint32_t type)
{
	size_t at = lower_bound(set, type);

	if (at == set->count || set->list[at].type != type)
		return;
	value_free(&set->list[at]);
	set->count--;
	memmove(&set->list[at], &set->list[at + 1],
		(set->count - at) * sizeof(set->list[0]));
}

bool attrs_bool(const struct attrs *set, uint32_t type, bool absent)
{
	const struct attr *a = attrs_get(set, type);

	return a && a->len == 1 ? a->value[0] != 0 : absent;
}

uint64_t attrs_ulong(const struct attrs *set, uint32_t type, uint64_t absent)
{
	const struct attr *a = attrs_get(set, type);
	uint64_t v = 0;

	if (!a || a->len != 8)
		return absent;
	for (size_t i = 0; i < 8; i++)
		v |= (uint64_t)a->value[i] << (8 * i);
	return v;
}

/* Width and range of one value, by its kind. */
static uint32_t value_check(uint32_t type, struct bytes v)
{
	switch (attr_kind(type)) {
	case ATTR_ULONG:
		return v.len == 8 ? COFFER_ST_OK : COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	case ATTR_BOOL:
		return v.len == 1 && v.p[0] <= 1 ? COFFER_ST_OK :
						   COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	case ATTR_BYTES:
	case ATTR_BIGNUM:
		return COFFER_ST_OK;
	default:
		return COFFER_ST_ATTRIBUTE_TYPE_INVALID;
	}
}

static uint32_t parse_one(struct attrs *set, struct wire_in *in)
{
	uint32_t type = wire_u32(in);
	uint32_t len = wire_u32(in);
	struct bytes v = wire_bytes(in, len);
	uint32_t st;

	if (in->bad || set->count == ATTRS_MAX)
		return COFFER_ST_ARGUMENTS_BAD;
	st = value_check(type, v);
	if (!st && attrs_get(set, type))
		st = COFFER_ST_TEMPLATE_INCONSISTENT;
	return st ? st : attrs_set(set, type, v.p, v.len);
}

uint32_t attrs_parse(struct attrs *set, struct bytes in)
{
	struct wire_in wire;
	uint32_t st = COFFER_ST_OK;

	attrs_init(set);
	wire_in_init(&wire, in.p, in.len);
	while (!st && wire.left)
		st = parse_one(set, &wire);
	if (!st && !wire_in_done(&wire))
		st = COFFER_ST_ARGUMENTS_BAD;
	if (st)
		attrs_free(set);
	return st;
}

void attrs_write(const struct attrs *set, struct wire_out *out)
{
	for (size_t i = 0; i < set->count; i++) {
		wire_put_u32(out, set->list[i].type);
		wire_put_u32(out, set->list[i].len);
		wire_put(out, set->list[i].value, set->list[i].len);
	}
}

size_t attrs_size(const struct attrs *set)
{
	size_t size = 0;

	for (size_t i = 0; i < set->count; i++)
		size += 8 + (size_t)set->list[i].len;
	return size;
}

uint32_t attrs_copy(struct attrs *to, const struct attrs *from)
{
	uint32_t st = COFFER_ST_OK;

	attrs_init(to);
	for (size_t i = 0; !st && i < from->count; i++)
		st = attrs_set(to, from->list[i].type, from->list[i].value, from->list[i].len);
	if (st)
		attrs_free(to);
	return st;
}

bool attrs_match(const struct attrs *set, const struct attrs *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct attr *w = &wanted->list[i];
		const struct attr *a = attrs_get(set, w->type);

		if (!a || a->len != w->len || !crypto_equal(a->value, w->value, w->len))
			return false;
	}
	return true;
}
