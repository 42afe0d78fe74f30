/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects: from template to checked attributes, from attributes to a sealed row and back, and
 * the rules that bind them (PKCS#11 3.0 section 4, quality.md A2, behaviour.md section 3.2).
 */
#ifndef FW_OBJECT_H
#define FW_OBJECT_H

#include "core.h"

/* An object in the clear, inside the firmware only. */
struct object {
	uint32_t handle;
	uint32_t level;
	struct attrs attrs;
};

void object_free(struct object *o);		/* wipes */

/* May this role see it? Private objects only for CO, LCO, CU; else OBJECT_HANDLE_INVALID. */
uint32_t object_load(struct cmd *c, uint32_t handle, struct object *o);
/* A key ready for use, cached by (partition epoch, handle); checks existence and visibility. */
uint32_t object_key(struct cmd *c, uint32_t handle, struct crypto_key **key, struct object *o);

/* Seal attributes into a row for change_object_put. Computes OUID when absent, fingerprint. */
uint32_t object_seal(struct cmd *c, struct object *o, struct object_row *row);
uint32_t object_open(struct cmd *c, const struct object_row *row, struct object *o);

/*
 * Cloning (also backup, restore).
 * object_may_leave: policies 0 and 4 of the partition, HSM policy 7, class known: ST_OK,
 *   ST_OPERATION_NOT_ALLOWED, ST_OBJECT_TYPE_INVALID, ST_USER_NOT_AUTHORIZED (CU and private).
 * object_flatten: canonical encoding of everything that makes the object (attributes in type
 *   order, OUID, level); malloc'ed, wiped by the caller with crypto_wipe before free.
 * object_arrive: parse a flattened object, check every rule of the target (policies, key types,
 *   minimum key sizes, FIPS, conflicting usages, level): attributes may only be tightened. The
 *   row is ready for change_object_put. ST_DATA_LEN_RANGE, ST_KEY_SIZE_RANGE,
 *   ST_OBJECT_TYPE_INVALID, ST_OPERATION_NOT_ALLOWED, ST_TEMPLATE_INCONSISTENT ...
 */
uint32_t object_may_leave(struct cmd *c, const struct object *o);
uint32_t object_flatten(struct cmd *c, const struct object *o, uint8_t **flat, size_t *len);
uint32_t object_arrive(struct cmd *c, struct bytes flat, struct object_row *row);

/* Wipe all ready keys of a partition that is erased, 0 = of all. (An older epoch alone only makes
 * them void.)
 */
void objects_forget(struct crypto *crypto, uint32_t part);

#endif /* FW_OBJECT_H */
