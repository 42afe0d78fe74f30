// SPDX-License-Identifier: BSD-3-Clause
/* The audit log in the store: numbered records that it neither understands nor trusts. */
#include <errno.h>
#include <string.h>

#include "store_conn.h"

int store_audit_put(struct store *s, uint64_t number, const void *body, size_t len)
{
	sqlite3_stmt *st = store_stmt(s->writer, SQL_AUDIT_PUT);

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, (int64_t)number);
	sqlite3_bind_blob64(st, 2, body, len, SQLITE_STATIC);
	return store_run(st);
}

int store_audit_take(struct store *s, uint64_t number, uint8_t *tail, size_t len)
{
	sqlite3_stmt *st = store_stmt(s->writer, SQL_AUDIT_GET);
	size_t have;
	int rc;

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, (int64_t)number);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		have = (size_t)sqlite3_column_bytes(st, 0);
		rc = have < len ? -EBADMSG : 0;
		if (!rc)
			memcpy(tail, (const uint8_t *)sqlite3_column_blob(st, 0) + have - len,
			       len);
	} else {
		rc = rc == SQLITE_DONE ? -ENOENT : store_rc(rc);
	}
	sqlite3_reset(st);
	return rc ? rc : store_run_id(s->writer, SQL_AUDIT_DROP, (int64_t)number);
}

int store_audit_each(struct store *s, uint64_t after,
		     bool (*each)(void *opaque, uint64_t number, const uint8_t *body, size_t len),
		     void *opaque)
{
	struct conn *k = reader_get(s);
	sqlite3_stmt *st = k ? store_stmt(k, SQL_AUDIT_EACH) : NULL;
	int rc = -EIO;

	if (st) {
		sqlite3_bind_int64(st, 1, (int64_t)after);
		while ((rc = sqlite3_step(st)) == SQLITE_ROW)
			if (!each(opaque, (uint64_t)sqlite3_column_int64(st, 0),
				  sqlite3_column_blob(st, 1),
				  (size_t)sqlite3_column_bytes(st, 1)))
				break;
		sqlite3_reset(st);
		rc = store_rc(rc);
	}
	if (k)
		reader_put(s, k);
	return rc;
}
