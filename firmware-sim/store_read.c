// SPDX-License-Identifier: BSD-3-Clause
/* Reading the store, from any thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_conn.h"

static void tag_read(sqlite3_stmt *st, int column, uint8_t *to, size_t len)
{
	memset(to, 0, len);
	if ((size_t)sqlite3_column_bytes(st, column) == len)
		memcpy(to, sqlite3_column_blob(st, column), len);
}

/* The body is lent by the statement. */
static void row_read(sqlite3_stmt *st, uint32_t part, struct object_row *row)
{
	row->handle = (uint32_t)sqlite3_column_int64(st, 0);
	row->part = part;
	tag_read(st, 1, row->ouid, sizeof(row->ouid));
	row->class = (uint32_t)sqlite3_column_int64(st, 2);
	row->key_type = (uint32_t)sqlite3_column_int64(st, 3);
	row->level = (uint32_t)sqlite3_column_int64(st, 4);
	row->is_private = sqlite3_column_int(st, 5) != 0;
	tag_read(st, 6, row->label_tag, sizeof(row->label_tag));
	tag_read(st, 7, row->id_tag, sizeof(row->id_tag));
	row->body = (uint8_t *)sqlite3_column_blob(st, 8);
	row->body_len = (size_t)sqlite3_column_bytes(st, 8);
}

void object_row_free(struct object_row *row)
{
	if (row->body) {
		crypto_wipe(row->body, row->body_len);
		free(row->body);
	}
	memset(row, 0, sizeof(*row));
}

static int row_own(struct object_row *row)
{
	const uint8_t *lent = row->body;

	row->body = malloc(row->body_len ? row->body_len : 1);
	if (!row->body)
		return -ENOMEM;
	if (row->body_len)
		memcpy(row->body, lent, row->body_len);
	return 0;
}

int store_object_get(struct store *s, uint32_t part, uint32_t handle, struct object_row *row)
{
	struct conn *k = reader_get(s);
	sqlite3_stmt *st = k ? store_stmt(k, SQL_GET) : NULL;
	int rc = -EIO;

	memset(row, 0, sizeof(*row));
	if (st) {
		sqlite3_bind_int64(st, 1, part);
		sqlite3_bind_int64(st, 2, handle);
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW) {
			row_read(st, part, row);
			rc = row_own(row);
		} else {
			rc = rc == SQLITE_DONE ? -ENOENT : store_rc(rc);
		}
		sqlite3_reset(st);
	}
	if (rc)
		memset(row, 0, sizeof(*row));
	if (k)
		reader_put(s, k);
	return rc;
}

/* One statement per combination of wanted columns, so that each uses its index. */
static sqlite3_stmt *find_stmt(struct conn *k, unsigned int use)
{
	char text[512];

	if (use >= FIND_MASKS)
		return NULL;
	snprintf(text, sizeof(text), "SELECT " COLUMNS " FROM objects WHERE space=" MY_SPACE
		 " AND handle>?2%s%s%s%s%s%s ORDER BY handle",
		 use & STORE_BY_CLASS ? " AND class=?3" : "",
		 use & STORE_BY_KEY_TYPE ? " AND key_type=?4" : "",
		 use & STORE_BY_LABEL ? " AND label_tag=?5" : "",
		 use & STORE_BY_ID ? " AND id_tag=?6" : "",
		 use & STORE_BY_OUID ? " AND ouid=?7" : "",
		 use & STORE_BY_PUBLIC ? " AND private=0" : "");
	return store_prepare(k, &k->find[use], text);
}

static void find_bind(sqlite3_stmt *st, uint32_t part, const struct store_filter *f,
		      uint32_t after)
{
	sqlite3_bind_int64(st, 1, part);
	sqlite3_bind_int64(st, 2, after);
	if (f->use & STORE_BY_CLASS)
		sqlite3_bind_int64(st, 3, f->class);
	if (f->use & STORE_BY_KEY_TYPE)
		sqlite3_bind_int64(st, 4, f->key_type);
	if (f->use & STORE_BY_LABEL)
		sqlite3_bind_blob(st, 5, f->label_tag, STORE_TAG_LEN, SQLITE_STATIC);
	if (f->use & STORE_BY_ID)
		sqlite3_bind_blob(st, 6, f->id_tag, STORE_TAG_LEN, SQLITE_STATIC);
	if (f->use & STORE_BY_OUID)
		sqlite3_bind_blob(st, 7, f->ouid, COFFER_OUID_LEN, SQLITE_STATIC);
}

int store_object_find(struct store *s, uint32_t part, const struct store_filter *filter,
		      uint32_t after, bool (*each)(void *opaque, const struct object_row *row),
		      void *opaque)
{
	static const struct store_filter everything;
	const struct store_filter *f = filter ? filter : &everything;
	struct conn *k = reader_get(s);
	sqlite3_stmt *st = k ? find_stmt(k, f->use) : NULL;
	struct object_row row;
	int rc = -EIO;

	if (st) {
		find_bind(st, part, f, after);
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			row_read(st, part, &row);
			if (!each(opaque, &row))
				break;
		}
		sqlite3_reset(st);
		sqlite3_clear_bindings(st);
		rc = store_rc(rc);
	}
	if (k)
		reader_put(s, k);
	return rc;
}

static int count_read(struct conn *k, uint32_t part, uint32_t *all, uint32_t *public_only,
		      uint64_t *bytes)
{
	sqlite3_stmt *st = k ? store_stmt(k, SQL_COUNT) : NULL;
	int rc;

	*all = *public_only = 0;
	*bytes = 0;
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, part);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*all = (uint32_t)sqlite3_column_int64(st, 0);
		*public_only = (uint32_t)sqlite3_column_int64(st, 1);
		*bytes = (uint64_t)sqlite3_column_int64(st, 2);
	}
	sqlite3_reset(st);
	return store_rc(rc);
}

int store_object_count(struct store *s, uint32_t part, uint32_t *all, uint32_t *public_only,
		       uint64_t *bytes)
{
	struct conn *k = reader_get(s);
	int rc = count_read(k, part, all, public_only, bytes);

	if (k)
		reader_put(s, k);
	return rc;
}

int store_object_count_now(struct store *s, uint32_t part, uint32_t *all, uint64_t *bytes)
{
	uint32_t public_only;

	return count_read(s->writer, part, all, &public_only, bytes);
}

int store_kind_count_now(struct store *s, uint32_t part, uint32_t class, uint32_t key_type,
			 uint32_t *count)
{
	const struct store_filter kind = { .use = STORE_BY_CLASS | STORE_BY_KEY_TYPE,
					   .class = class, .key_type = key_type };
	sqlite3_stmt *st = find_stmt(s->writer, kind.use);
	int rc;

	*count = 0;
	if (!st)
		return -EIO;
	find_bind(st, part, &kind, 0);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		(*count)++;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return store_rc(rc);
}

/* ---- Values ---------------------------------------------------------------------- */

static int value_copy(sqlite3_stmt *st, uint8_t **value, size_t *len)
{
	*len = (size_t)sqlite3_column_bytes(st, 0);
	*value = malloc(*len ? *len : 1);
	if (!*value)
		return -ENOMEM;
	if (*len)
		memcpy(*value, sqlite3_column_blob(st, 0), *len);
	return 0;
}

int store_value_get(struct store *s, uint32_t scope, const char *name, uint8_t **value,
		    size_t *len)
{
	struct conn *k = reader_get(s);
	sqlite3_stmt *st = k ? store_stmt(k, SQL_VALUE) : NULL;
	int rc = -EIO;

	*value = NULL;
	*len = 0;
	if (st) {
		sqlite3_bind_int64(st, 1, scope);
		sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			rc = value_copy(st, value, len);
		else
			rc = rc == SQLITE_DONE ? -ENOENT : store_rc(rc);
		sqlite3_reset(st);
		sqlite3_clear_bindings(st);
	}
	if (k)
		reader_put(s, k);
	return rc;
}

int store_value_each(struct store *s, const char *name,
		     bool (*each)(void *opaque, uint32_t scope, const uint8_t *value, size_t len),
		     void *opaque)
{
	struct conn *k = reader_get(s);
	sqlite3_stmt *st = k ? store_stmt(k, SQL_VALUES) : NULL;
	int rc = -EIO;

	if (st) {
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
		while ((rc = sqlite3_step(st)) == SQLITE_ROW)
			if (!each(opaque, (uint32_t)sqlite3_column_int64(st, 0),
				  sqlite3_column_blob(st, 1),
				  (size_t)sqlite3_column_bytes(st, 1)))
				break;
		sqlite3_reset(st);
		sqlite3_clear_bindings(st);
		rc = store_rc(rc);
	}
	if (k)
		reader_put(s, k);
	return rc;
}
