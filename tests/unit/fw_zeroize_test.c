// SPDX-License-Identifier: BSD-3-Clause
/*
 * Zeroize takes as long with 100,000 objects as with 10: the key goes, the rows follow when
 * nobody waits (quality.md A5, behaviour.md 5.2: storage is wiped at next power-up). What it costs
 * is counted, too, in what it has the disk do: that does not depend on what else the disk does.
 */
#include "fw_core.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

#define FEW		10
#define MANY		100000
#define TRIALS		5	/* pairs at first, and at most: more only on a busy machine */
#define TRIALS_MAX	15
#define BODY		80
#define ROOM		(256ull << 20)

static struct bench bench;

static void shell(const char *format, const char *path)
{
	char text[500];

	snprintf(text, sizeof(text), format, path, path, path);
	assert_int_equal(system(text), 0);
}

/* Rows as cloning would leave them, but for what is in them: nobody opens these. */
static void fill(struct bench *b, uint32_t i, uint32_t rows)
{
	struct object_row row = { .part = 1, .class = 0, .key_type = 0xffffffff, .level = 1 };
	struct store *store;
	uint8_t body[BODY];

	assert_int_equal(store_open(b->path, 0, &store), 0);
	assert_int_equal(store_begin(store), 0);
	memset(body, 0x5a, sizeof(body));
	for (; i < rows; i++) {
		row.handle = 0;
		row.body = body;
		row.body_len = sizeof(body);
		memcpy(row.ouid, &i, sizeof(i));
		memcpy(row.label_tag, &i, sizeof(i));
		row.label_tag[15] = 1;
		assert_int_equal(store_object_put(store, &row), 0);
	}
	assert_int_equal(store_commit(store, store_commit_number(store) + 1), 0);
	store_close(store);
}

/* ---- What is asked of the disk: these stand in front of the C library's -------------------- */

static _Atomic uint64_t disk_writes, disk_bytes, disk_syncs;

static ssize_t counted(ssize_t written)
{
	if (written > 0) {
		atomic_fetch_add(&disk_writes, 1);
		atomic_fetch_add(&disk_bytes, (uint64_t)written);
	}
	return written;
}

ssize_t pwrite64(int fd, const void *from, size_t len, off64_t at)
{
	return counted(syscall(SYS_pwrite64, fd, from, len, at));
}

ssize_t write(int fd, const void *from, size_t len)
{
	return counted(syscall(SYS_write, fd, from, len));
}

int fdatasync(int fd)
{
	atomic_fetch_add(&disk_syncs, 1);
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	atomic_fetch_add(&disk_syncs, 1);
	return (int)syscall(SYS_fsync, fd);
}

/* ---- One zeroize --------------------------------------------------------------------------- */

struct cost {
	uint64_t us, writes, bytes, syncs;
};

static void cost_now(struct cost *c)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	c->us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	c->writes = atomic_load(&disk_writes);
	c->bytes = atomic_load(&disk_bytes);
	c->syncs = atomic_load(&disk_syncs);
}

static struct answer {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool there;
	uint32_t verdict;
	struct cost at;
} answer = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

/* In the thread that writes the store: it has not begun with the rows yet. */
static void answered(void *opaque, uint32_t verdict, uint32_t len)
{
	struct answer *a = opaque;

	(void)len;
	pthread_mutex_lock(&a->lock);
	cost_now(&a->at);
	a->verdict = verdict;
	a->there = true;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

static void zeroize_ask(struct bench *b, uint32_t session)
{
	uint32_t req[2] = { session, 0 };
	struct fw_request rq = { .owner = b->owner, .opcode = COFFER_CMD_HSM_ZEROIZE,
				 .req = req, .req_len = sizeof(req) };

	answer.there = false;
	assert_int_equal(fw_submit(b->card, &rq, answered, &answer), 0);
	pthread_mutex_lock(&answer.lock);
	while (!answer.there)
		pthread_cond_wait(&answer.cond, &answer.lock);
	pthread_mutex_unlock(&answer.lock);
	expect(answer.verdict, 0);
}

/* From the command to its answer, of a card as it is kept in DIR.@name. */
static struct cost zeroize(struct bench *b, const char *name)
{
	struct cost begin, end;
	char format[64];
	uint32_t s;

	/* What the copy left to be written must not be written in the measured time. */
	snprintf(format, sizeof(format), "rm -rf %%s; cp -a --reflink=auto %%s.%s %%s", name);
	shell(format, b->path);
	shell("sync %s/store", b->path);
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	cost_now(&begin);
	zeroize_ask(b, s);
	end = answer.at;
	bench_off(b);
	return (struct cost){ end.us - begin.us, end.writes - begin.writes,
			      end.bytes - begin.bytes, end.syncs - begin.syncs };
}

/* ---- Many of them -------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The same disk work, whatever the card has; @few and @many were made one after the other. */
static double costs_the_same(const struct cost *few, const struct cost *many)
{
	assert_true(few->writes && few->bytes && few->syncs);
	assert_int_equal(many->syncs, few->syncs);
	assert_true(many->writes < 2 * few->writes);
	assert_true(many->bytes < 2 * few->bytes);
	return (double)many->us / (double)few->us;
}

static uint64_t file_rows(struct bench *b)
{
	sqlite3_stmt *count;
	char name[200];
	uint64_t rows;
	sqlite3 *db;

	snprintf(name, sizeof(name), "%s/store", b->path);
	assert_int_equal(sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(sqlite3_prepare_v2(db, "select count(*) from objects", -1, &count, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	rows = (uint64_t)sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	sqlite3_close(db);
	return rows;
}

/* The last card was switched off at once: most rows are still there, and go now. */
static void rows_go_later(struct bench *b)
{
	uint64_t rows = file_rows(b);
	int i;

	assert_in_range(rows, MANY / 2, MANY);
	assert_int_equal(bench_on(b, NULL), 0);
	for (i = 0; i < 600 && rows; i++) {
		usleep(100000);
		rows = file_rows(b);
	}
	assert_true(rows == 0);
}

static void takes_no_longer_with_more(void **state)
{
	double ratios[TRIALS_MAX], sorted[TRIALS_MAX], median;
	struct bench *b = *state;
	struct cost few, many;
	int n = 0;

	do {
		few = zeroize(b, "few");
		many = zeroize(b, "many");
		ratios[n++] = costs_the_same(&few, &many);
		memcpy(sorted, ratios, sizeof(sorted));
		qsort(sorted, (size_t)n, sizeof(sorted[0]), by_size);
		median = sorted[n / 2];
	} while (n < TRIALS || (median >= 2 && n < TRIALS_MAX));
	print_message("zeroize of %d and %d objects: %llu and %llu writes, %llu and %llu bytes, "
		      "%llu and %llu syncs; last %llu and %llu us, time ratio %.2f of %d pairs\n",
		      FEW, MANY, (unsigned long long)few.writes, (unsigned long long)many.writes,
		      (unsigned long long)few.bytes, (unsigned long long)many.bytes,
		      (unsigned long long)few.syncs, (unsigned long long)many.syncs,
		      (unsigned long long)few.us, (unsigned long long)many.us, median, n);
	assert_true(median < 2);
	rows_go_later(b);
}

/*
 * In memory, where there is enough of it: then the time is the firmware's own. What the disk adds
 * to it is in the counts.
 */
static void into_memory(struct bench *b)
{
	struct statvfs memory;
	char text[300];

	if (statvfs("/dev/shm", &memory) || memory.f_bavail * memory.f_frsize < ROOM)
		return;
	snprintf(text, sizeof(text), "mv %s /dev/shm/", b->dir);
	assert_int_equal(system(text), 0);
	snprintf(text, sizeof(text), "/dev/shm/%s", strrchr(b->dir, '/') + 1);
	strcpy(b->dir, text);
	snprintf(b->path, sizeof(b->path), "%s/card", b->dir);
}

static int begin(void **state)
{
	struct bench *b = &bench;

	*state = b;
	bench_make(b, NULL, false, 1234567);
	into_memory(b);
	assert_int_equal(bench_on(b, NULL), 0);
	hsm_ready(b);
	partition_ready(b);
	bench_off(b);
	fill(b, 0, FEW);
	shell("test -d %s && cp -a %s %s.few", b->path);
	fill(b, FEW, MANY);
	shell("test -d %s && cp -a %s %s.many", b->path);
	return 0;
}

static int end(void **state)
{
	bench_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(takes_no_longer_with_more) };

	return cmocka_run_group_tests(tests, begin, end);
}
