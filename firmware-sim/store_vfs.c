// SPDX-License-Identifier: BSD-3-Clause
/*
 * A file system under SQLite that loses power: the n-th write or sync of the store's files
 * (database and log) is torn, and everything after it refused, until the card is opened again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_conn.h"

struct power_cut {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	uint64_t at;
	_Atomic uint64_t writes;
	char name[40];
};

struct cut_file {
	sqlite3_file base;
	struct power_cut *cut;
	sqlite3_file *real;		/* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct cut_file *)f)->real;
}

/* Counts a write. 0: go on, 1: this one is torn, 2: no power. */
static int cut_count(sqlite3_file *f)
{
	struct power_cut *cut = ((struct cut_file *)f)->cut;
	uint64_t n = atomic_fetch_add(&cut->writes, 1) + 1;

	return n < cut->at ? 0 : n == cut->at ? 1 : 2;
}

static bool cut_dead(struct power_cut *cut)
{
	return atomic_load(&cut->writes) >= cut->at;
}

static int cut_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int cut_read(sqlite3_file *f, void *p, int len, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, len, at);
}

static int cut_write(sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	switch (cut_count(f)) {
	case 0:
		return real_of(f)->pMethods->xWrite(real_of(f), p, len, at);
	case 1:
		real_of(f)->pMethods->xWrite(real_of(f), p, len / 2, at);
		return SQLITE_IOERR_WRITE;
	default:
		return SQLITE_IOERR_WRITE;
	}
}

static int cut_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (cut_count(f))
		return SQLITE_IOERR_TRUNCATE;
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int cut_sync(sqlite3_file *f, int flags)
{
	if (cut_count(f))
		return SQLITE_IOERR_FSYNC;
	return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int cut_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int cut_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int cut_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int cut_check_lock(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int cut_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int cut_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int cut_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int cut_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, p);
}

static int cut_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void cut_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int cut_shm_unmap(sqlite3_file *f, int delete_it)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), delete_it);
}

static const sqlite3_io_methods cut_methods = {
	.iVersion = 2,
	.xClose = cut_close,
	.xRead = cut_read,
	.xWrite = cut_write,
	.xTruncate = cut_truncate,
	.xSync = cut_sync,
	.xFileSize = cut_size,
	.xLock = cut_lock,
	.xUnlock = cut_unlock,
	.xCheckReservedLock = cut_check_lock,
	.xFileControl = cut_control,
	.xSectorSize = cut_sector,
	.xDeviceCharacteristics = cut_device,
	.xShmMap = cut_shm_map,
	.xShmLock = cut_shm_lock,
	.xShmBarrier = cut_shm_barrier,
	.xShmUnmap = cut_shm_unmap,
};

static int cut_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct power_cut *cut = (struct power_cut *)vfs;
	struct cut_file *file = (struct cut_file *)f;
	int rc;

	file->base.pMethods = NULL;
	file->cut = cut;
	file->real = (sqlite3_file *)(file + 1);
	rc = cut->real->xOpen(cut->real, path, file->real, flags, out);
	if (rc == SQLITE_OK)
		file->base.pMethods = &cut_methods;
	return rc;
}

static int cut_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
	struct power_cut *cut = (struct power_cut *)vfs;

	if (cut_dead(cut))
		return SQLITE_IOERR_DELETE;
	return cut->real->xDelete(cut->real, path, sync_dir);
}

struct power_cut *power_cut_new(uint64_t at_write)
{
	struct power_cut *cut = calloc(1, sizeof(*cut));

	if (!cut)
		return NULL;
	cut->real = sqlite3_vfs_find(NULL);
	cut->at = at_write;
	cut->vfs = *cut->real;
	snprintf(cut->name, sizeof(cut->name), "coffer-cut-%p", (void *)cut);
	cut->vfs.zName = cut->name;
	cut->vfs.pNext = NULL;
	cut->vfs.szOsFile = (int)sizeof(struct cut_file) + cut->real->szOsFile;
	cut->vfs.xOpen = cut_open;
	cut->vfs.xDelete = cut_delete;
	if (sqlite3_vfs_register(&cut->vfs, 0) == SQLITE_OK)
		return cut;
	free(cut);
	return NULL;
}

const char *power_cut_vfs(const struct power_cut *cut)
{
	return cut->name;
}

void power_cut_free(struct power_cut *cut)
{
	if (!cut)
		return;
	sqlite3_vfs_unregister(&cut->vfs);
	free(cut);
}
