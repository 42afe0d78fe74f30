// SPDX-License-Identifier: BSD-3-Clause
/*
 * The store on SQLite: WAL, full sync, one connection that writes and a pool of connections
 * that read. A partition's rows carry the number of its "space"; erasing a partition gives it
 * another space, so that erasing takes constant time and the old rows go when there is time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_conn.h"

#define STORE_APP_ID	0x434f4652	/* "COFR" */
#define IDLE_MAX	16		/* connections kept for later reads */
#define BUSY_MS		10000

#define AUDIT_TABLE \
	"CREATE TABLE IF NOT EXISTS audit(number INTEGER PRIMARY KEY, body BLOB NOT NULL);"

static const char schema[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE parts(id INTEGER PRIMARY KEY, space INTEGER NOT NULL UNIQUE,"
	" n INTEGER NOT NULL, n_public INTEGER NOT NULL, bytes INTEGER NOT NULL);"
	"CREATE TABLE dead(space INTEGER PRIMARY KEY);"
	"CREATE TABLE objects(handle INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL,"
	" ouid BLOB NOT NULL, class INTEGER NOT NULL, key_type INTEGER NOT NULL,"
	" level INTEGER NOT NULL, private INTEGER NOT NULL, label_tag BLOB, id_tag BLOB,"
	" body BLOB NOT NULL);"
	"CREATE UNIQUE INDEX objects_ouid ON objects(space, ouid);"
	"CREATE INDEX objects_space ON objects(space);"
	"CREATE INDEX objects_class ON objects(space, class);"
	"CREATE INDEX objects_label ON objects(space, label_tag) WHERE label_tag IS NOT NULL;"
	"CREATE INDEX objects_id ON objects(space, id_tag) WHERE id_tag IS NOT NULL;"
	"CREATE TABLE vals(scope INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,"
	" PRIMARY KEY(scope, name)) WITHOUT ROWID;"
	"INSERT INTO meta VALUES('commit', 0), ('space', 1);"
	AUDIT_TABLE;

static const char *const sql_text[SQL_MAX] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVE] = "SAVEPOINT unit",
	[SQL_KEEP] = "RELEASE unit",
	[SQL_UNDO] = "ROLLBACK TO unit",
	[SQL_GET] = "SELECT " COLUMNS " FROM objects WHERE handle=?2 AND space=" MY_SPACE,
	[SQL_COUNT] = "SELECT n,n_public,bytes FROM parts WHERE id=?1",
	[SQL_VALUE] = "SELECT value FROM vals WHERE scope=?1 AND name=?2",
	[SQL_VALUES] = "SELECT scope,value FROM vals WHERE name=?1 ORDER BY scope",
	[SQL_META] = "SELECT value FROM meta WHERE name=?1",
	[SQL_META_SET] = "UPDATE meta SET value=?2 WHERE name=?1",
	[SQL_PUT] = "INSERT INTO objects(handle,ouid,class,key_type,level,private,label_tag,id_tag,"
		    "body,space) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	[SQL_UPDATE] = "UPDATE objects SET ouid=?2,class=?3,key_type=?4,level=?5,private=?6,"
		       "label_tag=?7,id_tag=?8,body=?9 WHERE handle=?1 AND space=?10",
	[SQL_DELETE] = "DELETE FROM objects WHERE handle=?1 AND space=?2",
	[SQL_SPACE] = "SELECT space FROM parts WHERE id=?1",
	[SQL_SPACE_NEW] = "INSERT INTO parts VALUES(?1,?2,0,0,0)",
	[SQL_COUNT_ADD] = "UPDATE parts SET n=n+?2,n_public=n_public+?3,bytes=bytes+?4 WHERE id=?1",
	[SQL_DEAD_ADD] = "INSERT INTO dead SELECT space FROM parts WHERE id=?1",
	[SQL_DEAD_NEXT] = "SELECT space FROM dead LIMIT 1",
	[SQL_DEAD_ROWS] = "DELETE FROM objects WHERE handle IN"
			  " (SELECT handle FROM objects WHERE space=?1 LIMIT ?2)",
	[SQL_DEAD_DONE] = "DELETE FROM dead WHERE space=?1",
	[SQL_PART_DROP] = "DELETE FROM parts WHERE id=?1",
	[SQL_VALUE_PUT] = "INSERT OR REPLACE INTO vals VALUES(?1,?2,?3)",
	[SQL_VALUE_DELETE] = "DELETE FROM vals WHERE scope=?1 AND name=?2",
	[SQL_SCOPE_CLEAR] = "DELETE FROM vals WHERE scope=?1",
	[SQL_AUDIT_PUT] = "INSERT INTO audit VALUES(?1,?2)",
	[SQL_AUDIT_GET] = "SELECT body FROM audit WHERE number=?1",
	[SQL_AUDIT_DROP] = "DELETE FROM audit WHERE number=?1",
	[SQL_AUDIT_EACH] = "SELECT number,body FROM audit WHERE number>?1 ORDER BY number",
	[SQL_LOOK] = "SELECT length(body),private FROM objects WHERE handle=?1 AND space=?2",
};

int store_rc(int sqlite)
{
	switch (sqlite & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* ---- Connections ----------------------------------------------------------------- */

static void conn_close(struct conn *k)
{
	int i;

	if (!k)
		return;
	for (i = 0; i < SQL_MAX; i++)
		sqlite3_finalize(k->stmt[i]);
	for (i = 0; i < FIND_MASKS; i++)
		sqlite3_finalize(k->find[i]);
	sqlite3_close(k->db);
	free(k);
}

static int conn_open(const char *path, const struct power_cut *cut, struct conn **out)
{
	struct conn *k = calloc(1, sizeof(*k));
	int rc;

	*out = NULL;
	if (!k)
		return -ENOMEM;
	rc = sqlite3_open_v2(path, &k->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			     cut ? power_cut_vfs(cut) : NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(k->db, BUSY_MS);
		rc = sqlite3_exec(k->db, "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
				  "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
				  "PRAGMA secure_delete=ON",
				  NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK) {
		conn_close(k);
		return (rc & 0xff) == SQLITE_CANTOPEN ? -ENOENT : store_rc(rc);
	}
	*out = k;
	return 0;
}

sqlite3_stmt *store_prepare(struct conn *k, sqlite3_stmt **slot, const char *text)
{
	if (!*slot)
		sqlite3_prepare_v3(k->db, text, -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
	return *slot;
}

sqlite3_stmt *store_stmt(struct conn *k, enum sql id)
{
	return store_prepare(k, &k->stmt[id], sql_text[id]);
}

/* Run a statement that returns no row. */
int store_run(sqlite3_stmt *st)
{
	int rc;

	if (!st)
		return -EIO;
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return store_rc(rc);
}

int store_run_id(struct conn *k, enum sql id, int64_t a)
{
	sqlite3_stmt *st = store_stmt(k, id);

	if (!st)
		return -EIO;
	sqlite3_bind_int64(st, 1, a);
	return store_run(st);
}

/* The first column of the first row. -ENOENT: no row. */
int store_ask(sqlite3_stmt *st, int64_t *value)
{
	int rc;

	if (!st)
		return -EIO;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? -ENOENT : store_rc(rc);
}

int store_meta_get(struct conn *k, const char *name, int64_t *value)
{
	sqlite3_stmt *st = store_stmt(k, SQL_META);

	if (st)
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	return store_ask(st, value);
}

int store_meta_set(struct conn *k, const char *name, int64_t value)
{
	sqlite3_stmt *st = store_stmt(k, SQL_META_SET);

	if (!st)
		return -EIO;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, value);
	return store_run(st);
}

/* A connection for reading, from the pool. NULL: cannot open one. */
struct conn *reader_get(struct store *s)
{
	struct conn *k;

	pthread_mutex_lock(&s->lock);
	k = s->idle;
	if (k) {
		s->idle = k->next;
		s->idle_count--;
	}
	pthread_mutex_unlock(&s->lock);
	if (!k)
		conn_open(s->path, s->cut, &k);
	return k;
}

void reader_put(struct store *s, struct conn *k)
{
	pthread_mutex_lock(&s->lock);
	if (s->idle_count < IDLE_MAX) {
		k->next = s->idle;
		s->idle = k;
		s->idle_count++;
		k = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	conn_close(k);
}

/* ---- Create, open, close --------------------------------------------------------- */

static int store_path(const char *dir, char **path)
{
	return asprintf(path, "%s/store", dir) < 0 ? -ENOMEM : 0;
}

static int schema_create(sqlite3 *db)
{
	char pragmas[128];
	int rc;

	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 STORE_APP_ID, STORE_VERSION);
	rc = sqlite3_exec(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; BEGIN",
			  NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, schema, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return store_rc(rc);
}

int store_create(const char *dir)
{
	struct conn *k = NULL;
	char *path;
	int fd, rc = store_path(dir, &path);

	if (rc)
		return rc;
	/* SQLite gives its other files the mode of this one. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		rc = -errno;
	} else {
		close(fd);
		rc = conn_open(path, NULL, &k);
	}
	if (!rc)
		rc = schema_create(k->db);
	conn_close(k);
	free(path);
	return rc;
}

static int pragma_get(struct conn *k, const char *text, int64_t *value)
{
	sqlite3_stmt *st = NULL;
	int rc = store_rc(sqlite3_prepare_v2(k->db, text, -1, &st, NULL));

	if (!rc)
		rc = store_ask(st, value);
	sqlite3_finalize(st);
	return rc;
}

/* Version 1 had no audit log. */
static int store_upgrade(struct store *s, int64_t version)
{
	char text[160];

	if (version == STORE_VERSION)
		return 0;
	snprintf(text, sizeof(text), "BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT",
		 AUDIT_TABLE, STORE_VERSION);
	return store_rc(sqlite3_exec(s->writer->db, text, NULL, NULL, NULL));
}

static int store_verify(struct store *s)
{
	int64_t id = 0, version = 0, number = 0;
	int rc;

	rc = pragma_get(s->writer, "PRAGMA application_id", &id);
	if (!rc)
		rc = pragma_get(s->writer, "PRAGMA user_version", &version);
	if (rc)
		return rc;
	if (id != STORE_APP_ID || version < 1)
		return -EBADMSG;
	if (version > STORE_VERSION)
		return -ENOTSUP;
	rc = store_upgrade(s, version);
	if (rc)
		return rc;
	rc = store_meta_get(s->writer, "commit", &number);
	if (rc == -ENOENT || rc == -EIO)
		rc = -EBADMSG;
	atomic_store(&s->commit_number, (uint64_t)number);
	return rc;
}

int store_open(const char *dir, uint64_t power_cut_at, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	rc = store_path(dir, &s->path);
	if (!rc && power_cut_at) {
		s->cut = power_cut_new(power_cut_at);
		if (!s->cut)
			rc = -ENOMEM;
	}
	if (!rc)
		rc = conn_open(s->path, s->cut, &s->writer);
	if (!rc)
		rc = store_verify(s);
	if (rc)
		store_close(s);
	else
		*out = s;
	return rc;
}

void store_close(struct store *s)
{
	struct conn *k;

	if (!s)
		return;
	while ((k = s->idle) != NULL) {
		s->idle = k->next;
		conn_close(k);
	}
	conn_close(s->writer);	/* the last one: moves the log into the file */
	power_cut_free(s->cut);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

/* ---- Transactions (writer thread) ------------------------------------------------ */

static int writer_run(struct store *s, enum sql id)
{
	return store_run(store_stmt(s->writer, id));
}

int store_begin(struct store *s)
{
	return writer_run(s, SQL_BEGIN);
}

bool store_in_transaction(struct store *s)
{
	return !sqlite3_get_autocommit(s->writer->db);
}

int store_commit(struct store *s, uint64_t commit_number)
{
	int rc = -EIO;

	/* Without a transaction the number would be written, and be durable, all alone. */
	if (store_in_transaction(s))
		rc = store_meta_set(s->writer, "commit", (int64_t)commit_number);
	if (!rc)
		rc = writer_run(s, SQL_COMMIT);
	if (!rc)
		atomic_store(&s->commit_number, commit_number);
	return rc;
}

void store_rollback(struct store *s)
{
	/* An error may have rolled back already. */
	if (store_in_transaction(s))
		writer_run(s, SQL_ROLLBACK);
}

uint64_t store_commit_number(struct store *s)
{
	return atomic_load(&s->commit_number);
}

void store_empty_log(struct store *s)
{
	sqlite3 *db = s->writer->db;

	sqlite3_busy_timeout(db, 0);
	sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(db, BUSY_MS);
}

int store_unit_begin(struct store *s)
{
	/* An outermost savepoint would be a transaction of its own, and its release a commit. */
	return store_in_transaction(s) ? writer_run(s, SQL_SAVE) : -EIO;
}

int store_unit_keep(struct store *s)
{
	return writer_run(s, SQL_KEEP);
}

int store_unit_drop(struct store *s)
{
	int rc = writer_run(s, SQL_UNDO);

	return rc ? rc : writer_run(s, SQL_KEEP);
}
