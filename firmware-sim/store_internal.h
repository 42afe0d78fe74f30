/* SPDX-License-Identifier: BSD-3-Clause */
/* What the store offers to the core besides store.h. */
#ifndef FW_STORE_INTERNAL_H
#define FW_STORE_INTERNAL_H

#include "store.h"

/*
 * store_objects_clear only cuts rows off (constant time). This deletes up to @rows of them;
 * inside begin/commit. 1: some are gone, ask again; 0: there were none; or -errno.
 */
int store_scrub(struct store *s, int rows);

/*
 * Moves the log into the file and cuts it to nothing: what was deleted is then in neither. Outside
 * of begin/commit (writer thread). Does not wait for readers: a log that is read stays.
 */
void store_empty_log(struct store *s);

/* store_object_count as the open transaction sees it (writer thread only). */
int store_object_count_now(struct store *s, uint32_t part, uint32_t *all, uint64_t *bytes);
/* How many of that class and key type, likewise; reads them all: for small partitions. */
int store_kind_count_now(struct store *s, uint32_t part, uint32_t class, uint32_t key_type,
			 uint32_t *count);

/* store_vfs.c: a file system that loses power at the n-th write or sync. */
struct power_cut;
struct power_cut *power_cut_new(uint64_t at_write);
const char *power_cut_vfs(const struct power_cut *cut);	/* name for sqlite3_open_v2 */
void power_cut_free(struct power_cut *cut);

#endif /* FW_STORE_INTERNAL_H */
