/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a card keeps: a SQLite file (store.c is the only file that includes SQLite). It stores
 * records and finds them by indexed columns; it knows no key and no meaning. Bodies arrive sealed.
 *
 * Reads may come from any thread at any time. Writes come from the one writer thread, inside
 * store_begin/commit; each unit inside a savepoint of its own.
 */
#ifndef FW_STORE_H
#define FW_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/coffer_attr.h"

struct store;

#define STORE_VERSION		2	/* 2: with the audit log */
#define STORE_TAG_LEN		16

/* One token object as stored. */
struct object_row {
	uint32_t handle;			/* 0 = assign on insert */
	uint32_t part;
	uint8_t ouid[COFFER_OUID_LEN];		/* unique within a partition */
	uint32_t class;
	uint32_t key_type;			/* COFFER_CKK_NONE for no key */
	uint32_t level;				/* security level it was made in */
	bool is_private;
	uint8_t label_tag[STORE_TAG_LEN];	/* keyed hash of CKA_LABEL, zero = none */
	uint8_t id_tag[STORE_TAG_LEN];		/* keyed hash of CKA_ID */
	uint8_t *body;				/* sealed attributes; malloc'ed */
	size_t body_len;
};

/* What to look for; a field counts when its bit is in `use`. */
#define STORE_BY_CLASS		0x01
#define STORE_BY_KEY_TYPE	0x02
#define STORE_BY_LABEL		0x04
#define STORE_BY_ID		0x08
#define STORE_BY_OUID		0x10
#define STORE_BY_PUBLIC		0x20	/* public objects only */
struct store_filter {
	unsigned int use;
	uint32_t class;
	uint32_t key_type;
	uint8_t label_tag[STORE_TAG_LEN];
	uint8_t id_tag[STORE_TAG_LEN];
	uint8_t ouid[COFFER_OUID_LEN];
};

/* 0 or -errno: -EBADMSG corrupt, -ENOTSUP newer, -EIO. power_cut_at: see fw_open, 0 = never. */
int store_create(const char *dir);
int store_open(const char *dir, uint64_t power_cut_at, struct store **store);
void store_close(struct store *store);

/* ---- Reads -------------------------------------------------------------------------------- */
/* -ENOENT, -EIO. The row's body is malloc'ed. */
int store_object_get(struct store *s, uint32_t part, uint32_t handle, struct object_row *row);
void object_row_free(struct object_row *row);		/* wipes the body */
/* Ascending handles above @after; stops when @each returns false. Rows are lent for the call. */
int store_object_find(struct store *s, uint32_t part, const struct store_filter *filter,
		      uint32_t after, bool (*each)(void *opaque, const struct object_row *row),
		      void *opaque);
#define ROW_OVERHEAD	64	/* of an object in its partition's space, besides its body */
int store_object_count(struct store *s, uint32_t part, uint32_t *all, uint32_t *public_only,
		       uint64_t *bytes);
/* Named values: scope 0 = card, else partition id. -ENOENT. *value is malloc'ed. */
int store_value_get(struct store *s, uint32_t scope, const char *name, uint8_t **value,
		    size_t *len);
int store_value_each(struct store *s, const char *name,
		     bool (*each)(void *opaque, uint32_t scope, const uint8_t *value, size_t len),
		     void *opaque);

/* Audit records above @after, ascending; stops when @each returns false. Lent for the call. */
int store_audit_each(struct store *s, uint64_t after,
		     bool (*each)(void *opaque, uint64_t number, const uint8_t *body, size_t len),
		     void *opaque);

/* ---- Writes (writer thread only) ---------------------------------------------------------- */
int store_begin(struct store *s);
int store_commit(struct store *s, uint64_t commit_number);	/* durable when it returns 0 */
void store_rollback(struct store *s);
/* A full disk, an I/O error or no memory may have rolled the whole transaction back. */
bool store_in_transaction(struct store *s);
uint64_t store_commit_number(struct store *s);
int store_unit_begin(struct store *s);		/* savepoint; -EIO without a transaction */
int store_unit_keep(struct store *s);
int store_unit_drop(struct store *s);
/* -EEXIST: that OUID is in the partition. Assigns row->handle when it is 0. */
int store_object_put(struct store *s, struct object_row *row);
int store_object_update(struct store *s, const struct object_row *row);		/* -ENOENT */
int store_object_delete(struct store *s, uint32_t part, uint32_t handle);	/* -ENOENT */
int store_objects_clear(struct store *s, uint32_t part);
int store_value_put(struct store *s, uint32_t scope, const char *name, const void *value,
		    size_t len);
int store_value_delete(struct store *s, uint32_t scope, const char *name);
int store_audit_put(struct store *s, uint64_t number, const void *body, size_t len);
/* Removes a record; its last @len bytes go to @tail. -ENOENT, -EBADMSG: it is shorter. */
int store_audit_take(struct store *s, uint64_t number, uint8_t *tail, size_t len);
int store_scope_clear(struct store *s, uint32_t scope);		/* all values of a partition */

#endif /* FW_STORE_H */
