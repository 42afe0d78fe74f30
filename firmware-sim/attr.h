/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A set of PKCS#11 attributes: values of one object, or a template. Owns its memory, wipes it.
 * Encoding: coffer_attr.h. Sets keep ascending type order, so equal sets encode equally.
 */
#ifndef FW_ATTR_H
#define FW_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/coffer_attr.h"
#include "wire.h"

struct attr {
	uint32_t type;
	uint32_t len;
	uint8_t *value;
};

struct attrs {
	struct attr *list;
	size_t count;
	size_t room;
};

#define ATTRS_MAX	128		/* in one set; more is ARGUMENTS_BAD */

void attrs_init(struct attrs *set);
void attrs_free(struct attrs *set);	/* wipes */
/* Parse a template: 0, or ST_ARGUMENTS_BAD, ST_TEMPLATE_INCONSISTENT (type given twice),
 * ST_ATTRIBUTE_TYPE_INVALID (unknown), ST_ATTRIBUTE_VALUE_INVALID (wrong width, bool not 0/1),
 * ST_DEVICE_MEMORY.
 */
uint32_t attrs_parse(struct attrs *set, struct bytes in);
void attrs_write(const struct attrs *set, struct wire_out *out);
size_t attrs_size(const struct attrs *set);
uint32_t attrs_copy(struct attrs *to, const struct attrs *from);

const struct attr *attrs_get(const struct attrs *set, uint32_t type);	/* NULL: absent */
bool attrs_bool(const struct attrs *set, uint32_t type, bool absent);
uint64_t attrs_ulong(const struct attrs *set, uint32_t type, uint64_t absent);
/* Set or replace. 0 or ST_DEVICE_MEMORY. */
uint32_t attrs_set(struct attrs *set, uint32_t type, const void *value, size_t len);
uint32_t attrs_set_bool(struct attrs *set, uint32_t type, bool v);
uint32_t attrs_set_ulong(struct attrs *set, uint32_t type, uint64_t v);
void attrs_remove(struct attrs *set, uint32_t type);	/* wipes the value */
bool attrs_match(const struct attrs *set, const struct attrs *wanted);	/* all of wanted equal */

/* CKA_ALLOWED_MECHANISMS is of kind BYTES: 1 to 16 numbers, each a u64, little-endian. */
enum attr_kind { ATTR_ULONG, ATTR_BOOL, ATTR_BYTES, ATTR_BIGNUM, ATTR_UNKNOWN };
enum attr_kind attr_kind(uint32_t type);
/* A value that never leaves the card of a SENSITIVE or not EXTRACTABLE key. */
bool attr_is_secret(uint32_t type, uint32_t object_class);

#endif /* FW_ATTR_H */
