// SPDX-License-Identifier: BSD-3-Clause
/* The store: rows, indexes, erasing in constant time, damage, power cuts, roll-back. */
#include "fw_core.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_internal.h"

struct shelf {
	char dir[64];
	struct store *s;
	uint64_t commit;
};

static struct shelf shelf;

static int make(void **state)
{
	*state = &shelf;
	memset(&shelf, 0, sizeof(shelf));
	strcpy(shelf.dir, "/tmp/fw_store.XXXXXX");
	assert_non_null(mkdtemp(shelf.dir));
	expect(store_create(shelf.dir), 0);
	expect(store_open(shelf.dir, 0, &shelf.s), 0);
	return 0;
}

static void path_of(const struct shelf *h, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", h->dir, name);
}

static int drop(void **state)
{
	static const char *const names[] = { "store", "store-wal", "store-shm" };
	struct shelf *h = *state;
	char path[128];
	size_t i;

	store_close(h->s);
	for (i = 0; i < 3; i++) {
		path_of(h, names[i], path);
		unlink(path);
	}
	rmdir(h->dir);
	return 0;
}

static void row_make(struct object_row *row, uint32_t part, uint32_t n)
{
	memset(row, 0, sizeof(*row));
	row->part = part;
	row->class = n % 5;
	row->key_type = n % 3;
	row->is_private = n % 2;
	memcpy(row->ouid, &n, sizeof(n));
	memcpy(row->ouid + 8, &part, sizeof(part));
	n++;
	memcpy(row->label_tag, &n, sizeof(n));
	row->id_tag[3] = (uint8_t)(n % 7);
	row->body_len = 100;
	row->body = malloc(row->body_len);
	memset(row->body, (int)n, row->body_len);
}

/* @count objects of a partition in one transaction. */
static void fill(struct shelf *h, uint32_t part, uint32_t from, uint32_t count)
{
	struct object_row row;
	uint32_t i;

	expect(store_begin(h->s), 0);
	for (i = from; i < from + count; i++) {
		row_make(&row, part, i);
		expect(store_object_put(h->s, &row), 0);
		object_row_free(&row);
	}
	expect(store_commit(h->s, ++h->commit), 0);
}

struct found {
	uint32_t count;
	uint32_t last;
	uint32_t max;
};

static bool found_one(void *opaque, const struct object_row *row)
{
	struct found *f = opaque;

	assert_true(row->handle > f->last);
	f->last = row->handle;
	return ++f->count != f->max;
}

static uint32_t find(struct shelf *h, uint32_t part, const struct store_filter *filter,
		     uint32_t after)
{
	struct found f = { .last = after };

	expect(store_object_find(h->s, part, filter, after, found_one, &f), 0);
	return f.count;
}

static uint32_t count(struct shelf *h, uint32_t part, uint32_t *open)
{
	uint32_t all;
	uint64_t bytes;

	expect(store_object_count(h->s, part, &all, open, &bytes), 0);
	expect(bytes, all * 100);
	return all;
}

static void rows_come_back(void **state)
{
	struct shelf *h = *state;
	struct object_row row, got;
	uint32_t handle, open;

	row_make(&row, 3, 41);
	expect(store_begin(h->s), 0);
	expect(store_object_put(h->s, &row), 0);
	handle = row.handle;
	assert_true(handle != 0);
	expect(store_commit(h->s, 1), 0);
	expect(store_object_get(h->s, 3, handle, &got), 0);
	assert_memory_equal(got.ouid, row.ouid, sizeof(row.ouid));
	assert_memory_equal(got.label_tag, row.label_tag, STORE_TAG_LEN);
	assert_memory_equal(got.id_tag, row.id_tag, STORE_TAG_LEN);
	assert_memory_equal(got.body, row.body, row.body_len);
	expect(got.class, row.class);
	expect(got.is_private, row.is_private);
	object_row_free(&got);
	/* Only its own partition has it. */
	expect(store_object_get(h->s, 2, handle, &got), -ENOENT);
	assert_null(got.body);
	/* An OUID is there once per partition. */
	row.handle = 0;
	expect(store_begin(h->s), 0);
	expect(store_object_put(h->s, &row), -EEXIST);
	store_rollback(h->s);
	expect(store_begin(h->s), 0);
	row.handle = handle;
	row.is_private = false;
	expect(store_object_update(h->s, &row), 0);
	expect(store_commit(h->s, 2), 0);
	expect(count(h, 3, &open), 1);
	expect(open, 1);
	expect(store_begin(h->s), 0);
	expect(store_object_delete(h->s, 2, handle), -ENOENT);
	expect(store_object_delete(h->s, 3, handle), 0);
	expect(store_object_delete(h->s, 3, handle), -ENOENT);
	expect(store_commit(h->s, 3), 0);
	expect(count(h, 3, &open), 0);
	/* Handles do not come back. */
	row.handle = 0;
	expect(store_begin(h->s), 0);
	expect(store_object_put(h->s, &row), 0);
	assert_true(row.handle > handle);
	store_rollback(h->s);
	object_row_free(&row);
}

static void finds_by_every_column(void **state)
{
	struct shelf *h = *state;
	struct store_filter f = { .use = STORE_BY_CLASS, .class = 2 };
	struct object_row row;
	uint32_t n = 7 + 1, part = 1;

	fill(h, 1, 0, 1000);
	fill(h, 2, 0, 500);
	expect(find(h, 1, NULL, 0), 1000);
	expect(find(h, 2, NULL, 0), 500);
	expect(find(h, 1, NULL, 990), 10);
	expect(find(h, 9, NULL, 0), 0);
	expect(find(h, 1, &f, 0), 200);
	f.use |= STORE_BY_KEY_TYPE;
	f.key_type = 1;
	expect(find(h, 1, &f, 0), 67);
	f.use = STORE_BY_PUBLIC;
	expect(find(h, 1, &f, 0), 500);
	f.use = STORE_BY_LABEL;
	memcpy(f.label_tag, &n, sizeof(n));
	expect(find(h, 1, &f, 0), 1);
	f.use |= STORE_BY_PUBLIC;
	expect(find(h, 1, &f, 0), 0);
	f.use = STORE_BY_ID;
	f.id_tag[3] = 3;
	expect(find(h, 1, &f, 0), 143);
	f.use = STORE_BY_OUID;
	n = 12;
	memcpy(f.ouid, &n, 4);
	memcpy(f.ouid + 8, &part, 4);
	expect(find(h, 1, &f, 0), 1);
	expect(find(h, 2, &f, 0), 0);
	f.use = 0x40;
	expect(store_object_find(h->s, 1, &f, 0, found_one, &n), -EIO);
	(void)row;
}

/* A unit that is dropped leaves nothing, those around it stay. */
static void units_are_alone(void **state)
{
	struct shelf *h = *state;
	struct object_row row;
	uint32_t i, open;

	expect(store_begin(h->s), 0);
	for (i = 0; i < 10; i++) {
		row_make(&row, 1, i);
		expect(store_unit_begin(h->s), 0);
		expect(store_object_put(h->s, &row), 0);
		expect(store_value_put(h->s, 1, "n", &i, sizeof(i)), 0);
		expect(i % 2 ? store_unit_drop(h->s) : store_unit_keep(h->s), 0);
		object_row_free(&row);
	}
	expect(store_commit(h->s, 1), 0);
	expect(count(h, 1, &open), 5);
	expect(open, 5);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t clear_time(struct shelf *h, uint32_t part)
{
	uint64_t t = now_us();

	expect(store_begin(h->s), 0);
	expect(store_objects_clear(h->s, part), 0);
	expect(store_commit(h->s, ++h->commit), 0);
	return now_us() - t;
}

/* Erasing does not depend on the number of objects; the rows go afterwards, some at a time. */
static void clear_is_constant(void **state)
{
	struct shelf *h = *state;
	uint64_t few, many;
	uint32_t open, steps = 0;
	int left;

	fill(h, 1, 0, 10);
	fill(h, 2, 0, 20000);
	few = clear_time(h, 1);
	many = clear_time(h, 2);
	assert_true(many < few * 20 + 20000);
	expect(count(h, 2, &open), 0);
	expect(find(h, 2, NULL, 0), 0);
	/* The partition can be used at once, with the same OUIDs. */
	fill(h, 2, 0, 5);
	expect(find(h, 2, NULL, 0), 5);
	do {
		expect(store_begin(h->s), 0);
		left = store_scrub(h->s, 512);
		expect(store_commit(h->s, h->commit), 0);
		steps++;
	} while (left > 0);
	expect(left, 0);
	assert_true(steps > 39 && steps < 50);
	expect(find(h, 2, NULL, 0), 5);
}

static bool value_one(void *opaque, uint32_t scope, const uint8_t *value, size_t len)
{
	uint32_t *sum = opaque;

	expect(len, 1);
	*sum += scope * 100 + value[0];
	return true;
}

static void values_come_back(void **state)
{
	struct shelf *h = *state;
	uint8_t *v;
	size_t len;
	uint32_t sum = 0;

	expect(store_begin(h->s), 0);
	expect(store_value_put(h->s, 0, "a", "x", 1), 0);
	expect(store_value_put(h->s, 0, "a", "yz", 2), 0);
	expect(store_value_put(h->s, 1, "b", "\1", 1), 0);
	expect(store_value_put(h->s, 2, "b", "\2", 1), 0);
	expect(store_value_put(h->s, 2, "empty", NULL, 0), 0);
	expect(store_commit(h->s, 1), 0);
	expect(store_value_get(h->s, 0, "a", &v, &len), 0);
	expect(len, 2);
	assert_memory_equal(v, "yz", 2);
	free(v);
	expect(store_value_get(h->s, 2, "empty", &v, &len), 0);
	expect(len, 0);
	free(v);
	expect(store_value_get(h->s, 3, "a", &v, &len), -ENOENT);
	expect(store_value_each(h->s, "b", value_one, &sum), 0);
	expect(sum, 303);
	expect(store_begin(h->s), 0);
	expect(store_value_delete(h->s, 0, "a"), 0);
	expect(store_scope_clear(h->s, 2), 0);
	expect(store_commit(h->s, 2), 0);
	expect(store_value_get(h->s, 0, "a", &v, &len), -ENOENT);
	expect(store_value_get(h->s, 2, "b", &v, &len), -ENOENT);
}

/* ---- Damage ---------------------------------------------------------------------- */

static void patch(struct shelf *h, off_t at, const void *bytes, size_t len)
{
	char path[128];
	int fd;

	path_of(h, "store", path);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_true(pwrite(fd, bytes, len, at) == (ssize_t)len);
	close(fd);
}

static int reopen(struct shelf *h)
{
	store_close(h->s);
	return store_open(h->dir, 0, &h->s);
}

/* Offsets are those of the SQLite file format: user_version 60, application_id 68. */
static void foreign_and_newer(void **state)
{
	struct shelf *h = *state;

	store_close(h->s);
	h->s = NULL;
	patch(h, 60, "\0\0\0\3", 4);
	expect(store_open(h->dir, 0, &h->s), -ENOTSUP);
	patch(h, 60, "\0\0\0\0", 4);
	expect(store_open(h->dir, 0, &h->s), -EBADMSG);
	patch(h, 60, "\0\0\0\1", 4);
	patch(h, 68, "\1\2\3\4", 4);
	expect(store_open(h->dir, 0, &h->s), -EBADMSG);
	patch(h, 0, "This is no database", 19);
	expect(store_open(h->dir, 0, &h->s), -EBADMSG);
	assert_null(h->s);
}

static void cut_short(void **state)
{
	struct shelf *h = *state;
	char path[128];

	fill(h, 1, 0, 100);
	store_close(h->s);
	h->s = NULL;
	path_of(h, "store", path);
	assert_false(truncate(path, 4096));
	assert_true(store_open(h->dir, 0, &h->s) < 0);
	assert_false(truncate(path, 0));
	expect(store_open(h->dir, 0, &h->s), -EBADMSG);
	unlink(path);
	expect(store_open(h->dir, 0, &h->s), -ENOENT);
}

static void only_the_owner_may_look(void **state)
{
	static const char *const names[] = { "store", "store-wal", "store-shm" };
	struct shelf *h = *state;
	struct stat st;
	char path[128];
	size_t i;

	fill(h, 1, 0, 10);
	for (i = 0; i < 3; i++) {
		path_of(h, names[i], path);
		assert_false(stat(path, &st));
		expect(st.st_mode & 0777, 0600);
	}
}

/* ---- Power cuts ------------------------------------------------------------------ */

/* Ten commits of ten objects; how many were acknowledged? */
static uint32_t write_until_dark(struct shelf *h)
{
	struct object_row row;
	uint32_t group, i;
	int rc;

	for (group = 0; group < 10; group++) {
		rc = store_begin(h->s);
		for (i = 0; !rc && i < 10; i++) {
			row_make(&row, 1, group * 10 + i);
			rc = store_object_put(h->s, &row);
			object_row_free(&row);
		}
		if (!rc)
			rc = store_commit(h->s, group + 1);
		if (rc) {
			store_rollback(h->s);
			break;
		}
	}
	return group;
}

/* Wherever the power goes: all of a group or nothing, and everything that was acknowledged. */
static void power_cut_at_every_write(void **state)
{
	struct shelf *h = *state;
	uint32_t n, done, have, open, whole = 0;

	for (n = 1; n < 400; n++) {
		drop(state);
		make(state);
		store_close(h->s);
		expect(store_open(h->dir, n, &h->s), 0);
		done = write_until_dark(h);
		expect(reopen(h), 0);
		have = count(h, 1, &open);
		expect(have % 10, 0);
		expect(have, store_commit_number(h->s) * 10);
		assert_true(have / 10 >= done && have / 10 <= done + 1);
		expect(find(h, 1, NULL, 0), have);
		if (done == 10 && ++whole == 3)
			return;
	}
	fail_msg("ten commits took more than %u writes", n);
}

/* ---- Threads --------------------------------------------------------------------- */

static void *reader(void *arg)
{
	struct shelf *h = arg;
	struct object_row row;
	uint32_t i, open, all;
	uint64_t bytes;

	for (i = 0; i < 300; i++) {
		assert_false(store_object_count(h->s, 1, &all, &open, &bytes));
		assert_true(all % 10 == 0);
		if (all && !store_object_get(h->s, 1, all, &row))
			object_row_free(&row);
		find(h, 1, NULL, all > 50 ? all - 50 : 0);
	}
	return NULL;
}

static void readers_see_whole_commits(void **state)
{
	struct shelf *h = *state;
	pthread_t threads[3];
	uint32_t i;

	for (i = 0; i < 3; i++)
		assert_false(pthread_create(&threads[i], NULL, reader, h));
	for (i = 0; i < 60; i++)
		fill(h, 1, i * 10, 10);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	expect(find(h, 1, NULL, 0), 600);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_come_back),
		T(finds_by_every_column),
		T(units_are_alone),
		T(clear_is_constant),
		T(values_come_back),
		T(foreign_and_newer),
		T(cut_short),
		T(only_the_owner_may_look),
		T(power_cut_at_every_write),
		T(readers_see_whole_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
