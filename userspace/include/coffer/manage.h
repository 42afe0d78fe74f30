/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public interface of libcoffer, continued: what is changed of a partition and its roles without
 * starting it again (behaviour.md 6.1 and 6.3).
 */
#ifndef COFFER_MANAGE_H
#define COFFER_MANAGE_H

#include "coffer.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Give a partition of the card @size bytes for objects; HSM SO, read/write. Nothing is erased.
 * COFFER_ST_HSM_STORAGE_FULL: the card has not as many left;
 * COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL: its objects take more; COFFER_ST_ARGUMENTS_BAD: 0.
 */
coffer_rc coffer_partition_resize(struct coffer_session *admin, uint32_t partition,
				  uint64_t size);
/* A new label of 1 to 32 characters; Partition SO (HSM SO before 6.22), read/write. */
coffer_rc coffer_partition_label(struct coffer_session *s, const char *label);
/*
 * As coffer_role_change(), and every other program that is logged in as this role on the
 * partition is logged out. COFFER_ST_FUNCTION_NOT_SUPPORTED: firmware of before 7.8.1.
 */
coffer_rc coffer_role_change_alone(struct coffer_session *s, enum coffer_role role,
				   const char *old_pin, size_t old_len, const char *new_pin,
				   size_t new_len);

#ifdef __cplusplus
}
#endif

#endif /* COFFER_MANAGE_H */
