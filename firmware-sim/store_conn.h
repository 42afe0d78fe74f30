/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to the SQLite file, for store*.c only: the only files that know SQLite. */
#ifndef FW_STORE_CONN_H
#define FW_STORE_CONN_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "crypto.h"
#include "store_internal.h"

#define FIND_MASKS	64		/* combinations of STORE_BY_* */
#define STORE_HANDLE_END 0x40000000	/* COFFER_HANDLE_SESSION: above are session objects */

#define MY_SPACE	"(SELECT space FROM parts WHERE id=?1)"
#define COLUMNS		"handle,ouid,class,key_type,level,private,label_tag,id_tag,body"

enum sql {
	SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_SAVE, SQL_KEEP, SQL_UNDO,
	SQL_GET, SQL_COUNT, SQL_VALUE, SQL_VALUES, SQL_META, SQL_META_SET,
	SQL_PUT, SQL_UPDATE, SQL_DELETE, SQL_SPACE, SQL_SPACE_NEW, SQL_COUNT_ADD,
	SQL_DEAD_ADD, SQL_DEAD_NEXT, SQL_DEAD_ROWS, SQL_DEAD_DONE, SQL_PART_DROP,
	SQL_VALUE_PUT, SQL_VALUE_DELETE, SQL_SCOPE_CLEAR, SQL_LOOK,
	SQL_AUDIT_PUT, SQL_AUDIT_GET, SQL_AUDIT_DROP, SQL_AUDIT_EACH,
	SQL_MAX,
};

/* A connection: used by one thread at a time. Statements are prepared at first use. */
struct conn {
	struct conn *next;
	sqlite3 *db;
	sqlite3_stmt *stmt[SQL_MAX];
	sqlite3_stmt *find[FIND_MASKS];
};

struct store {
	char *path;
	struct power_cut *cut;
	struct conn *writer;		/* writer thread */
	_Atomic uint64_t commit_number;
	pthread_mutex_t lock;
	struct conn *idle;		/* under lock */
	unsigned int idle_count;	/* under lock */
};

int store_rc(int sqlite);			/* SQLite's result as 0 or -errno */
sqlite3_stmt *store_prepare(struct conn *k, sqlite3_stmt **slot, const char *text);
sqlite3_stmt *store_stmt(struct conn *k, enum sql id);	/* NULL: cannot be prepared */
int store_run(sqlite3_stmt *st);		/* a statement that returns no row */
int store_run_id(struct conn *k, enum sql id, int64_t a);
int store_ask(sqlite3_stmt *st, int64_t *value);	/* first column; -ENOENT: no row */
int store_meta_get(struct conn *k, const char *name, int64_t *value);
int store_meta_set(struct conn *k, const char *name, int64_t value);
/* A connection for reading, from the pool. NULL: cannot open one. */
struct conn *reader_get(struct store *s);
void reader_put(struct store *s, struct conn *k);

#endif /* FW_STORE_CONN_H */
