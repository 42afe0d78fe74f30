// SPDX-License-Identifier: BSD-3-Clause
/* Writing the store: the writer thread, inside begin and commit. */
#include <errno.h>
#include <string.h>

#include "store_conn.h"

/* ---- Spaces ---------------------------------------------------------------------- */

static int space_find(struct conn *k, uint32_t part, int64_t *space)
{
	sqlite3_stmt *st = store_stmt(k, SQL_SPACE);

	if (st)
		sqlite3_bind_int64(st, 1, part);
	return store_ask(st, space);
}

/* The space of a partition's rows; a partition that has none gets one never used before. */
static int space_get(struct conn *k, uint32_t part, int64_t *space)
{
	sqlite3_stmt *st;
	int rc = space_find(k, part, space);

	if (rc != -ENOENT)
		return rc;
	rc = store_meta_get(k, "space", space);
	if (!rc)
		rc = store_meta_set(k, "space", *space + 1);
	st = rc ? NULL : store_stmt(k, SQL_SPACE_NEW);
	if (!st)
		return rc ? rc : -EIO;
	sqlite3_bind_int64(st, 1, part);
	sqlite3_bind_int64(st, 2, *space);
	return store_run(st);
}

static int count_add(struct conn *k, uint32_t part, int64_t n, int64_t n_public, int64_t bytes)
{
	sqlite3_stmt *st = store_stmt(k, SQL_COUNT_ADD);

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, part);
	sqlite3_bind_int64(st, 2, n);
	sqlite3_bind_int64(st, 3, n_public);
	sqlite3_bind_int64(st, 4, bytes);
	return store_run(st);
}

/* ---- Objects --------------------------------------------------------------------- */

static void tag_bind(sqlite3_stmt *st, int at, const uint8_t tag[STORE_TAG_LEN])
{
	static const uint8_t none[STORE_TAG_LEN];

	if (memcmp(tag, none, STORE_TAG_LEN))
		sqlite3_bind_blob(st, at, tag, STORE_TAG_LEN, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, at);
}

static void row_bind(sqlite3_stmt *st, const struct object_row *row, int64_t space)
{
	if (row->handle)
		sqlite3_bind_int64(st, 1, row->handle);
	sqlite3_bind_blob(st, 2, row->ouid, COFFER_OUID_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, row->class);
	sqlite3_bind_int64(st, 4, row->key_type);
	sqlite3_bind_int64(st, 5, row->level);
	sqlite3_bind_int(st, 6, row->is_private);
	tag_bind(st, 7, row->label_tag);
	tag_bind(st, 8, row->id_tag);
	sqlite3_bind_blob64(st, 9, row->body ? (const void *)row->body : "", row->body_len,
			    SQLITE_STATIC);
	sqlite3_bind_int64(st, 10, space);
}

int store_object_put(struct store *s, struct object_row *row)
{
	struct conn *k = s->writer;
	sqlite3_stmt *st = store_stmt(k, SQL_PUT);
	int64_t space;
	int rc = space_get(k, row->part, &space);

	if (rc)
		return rc;
	if (!st)
		return -EIO;
	row_bind(st, row, space);
	rc = store_run(st);
	if (rc)
		return rc;
	/* Session objects live above; a card ends long before. */
	if (sqlite3_last_insert_rowid(k->db) >= STORE_HANDLE_END)
		return -ENOSPC;
	row->handle = (uint32_t)sqlite3_last_insert_rowid(k->db);
	return count_add(k, row->part, 1, !row->is_private, (int64_t)row->body_len);
}

/* Where is it, how long is its body, is it private? -ENOENT. */
static int object_look(struct conn *k, uint32_t part, uint32_t handle, int64_t *space,
		       int64_t *len, int *is_private)
{
	sqlite3_stmt *st = store_stmt(k, SQL_LOOK);
	int rc = space_find(k, part, space);

	if (rc)
		return rc;
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, handle);
	sqlite3_bind_int64(st, 2, *space);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*len = sqlite3_column_int64(st, 0);
		*is_private = sqlite3_column_int(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? -ENOENT : store_rc(rc);
}

int store_object_update(struct store *s, const struct object_row *row)
{
	struct conn *k = s->writer;
	sqlite3_stmt *st = store_stmt(k, SQL_UPDATE);
	int64_t space, len;
	int rc, was_private;

	rc = object_look(k, row->part, row->handle, &space, &len, &was_private);
	if (rc)
		return rc;
	if (!st)
		return -EIO;
	row_bind(st, row, space);
	rc = store_run(st);
	if (rc)
		return rc;
	return count_add(k, row->part, 0, (was_private != 0) - (int)row->is_private,
			 (int64_t)row->body_len - len);
}

int store_object_delete(struct store *s, uint32_t part, uint32_t handle)
{
	struct conn *k = s->writer;
	sqlite3_stmt *st = store_stmt(k, SQL_DELETE);
	int64_t space, len;
	int rc, was_private;

	rc = object_look(k, part, handle, &space, &len, &was_private);
	if (rc)
		return rc;
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, handle);
	sqlite3_bind_int64(st, 2, space);
	rc = store_run(st);
	return rc ? rc : count_add(k, part, -1, was_private ? 0 : -1, -len);
}

int store_objects_clear(struct store *s, uint32_t part)
{
	int rc = store_run_id(s->writer, SQL_DEAD_ADD, part);

	return rc ? rc : store_run_id(s->writer, SQL_PART_DROP, part);
}

int store_scrub(struct store *s, int rows)
{
	struct conn *k = s->writer;
	sqlite3_stmt *st = store_stmt(k, SQL_DEAD_ROWS);
	int64_t space;
	int rc = store_ask(store_stmt(k, SQL_DEAD_NEXT), &space);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, space);
	sqlite3_bind_int(st, 2, rows);
	rc = store_run(st);
	if (!rc && sqlite3_changes(k->db) == 0)
		rc = store_run_id(k, SQL_DEAD_DONE, space);
	return rc ? rc : 1;
}

/* ---- Values ---------------------------------------------------------------------- */

int store_value_put(struct store *s, uint32_t scope, const char *name, const void *value,
		    size_t len)
{
	sqlite3_stmt *st = store_stmt(s->writer, SQL_VALUE_PUT);

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, scope);
	sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(st, 3, value ? value : "", len, SQLITE_STATIC);
	return store_run(st);
}

int store_value_delete(struct store *s, uint32_t scope, const char *name)
{
	sqlite3_stmt *st = store_stmt(s->writer, SQL_VALUE_DELETE);

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, scope);
	sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
	return store_run(st);
}

int store_scope_clear(struct store *s, uint32_t scope)
{
	return store_run_id(s->writer, SQL_SCOPE_CLEAR, scope);
}
