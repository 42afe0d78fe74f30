// SPDX-License-Identifier: BSD-3-Clause
/*
 * Zeroize takes as long with 100,000 objects as with 10: the key goes, the rows follow when
 * nobody waits (quality.md A5, behaviour.md 5.2: storage is wiped at next power-up).
 */
#include "fw_core.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

#define FEW		10
#define MANY		100000
#define TRIALS		5
#define BODY		80

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

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Microseconds from the command to its answer, of a card as it is kept in DIR.@name. */
static uint64_t zeroize(struct bench *b, const char *name)
{
	uint64_t begin, end;
	char format[64];
	uint32_t s;

	/* What the copy left to be written must not be written in the measured time. */
	snprintf(format, sizeof(format), "rm -rf %%s; cp -a %%s.%s %%s", name);
	shell(format, b->path);
	shell("sync %s/store", b->path);
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	begin = now_us();
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, s), 0);
	end = now_us();
	bench_off(b);
	return end - begin;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t times[TRIALS])
{
	qsort(times, TRIALS, sizeof(times[0]), by_size);
	return times[TRIALS / 2];
}

static uint64_t file_rows(struct bench *b)
{
	char text[300], line[32] = "";
	FILE *f;

	snprintf(text, sizeof(text), "python3 -c \"import sqlite3; print(sqlite3.connect("
		 "'file:%s/store?mode=ro', uri=True).execute('select count(*) from objects')"
		 ".fetchone()[0])\"", b->path);
	f = popen(text, "r");
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return strtoull(line, NULL, 10);
}

static void takes_no_longer_with_more(void **state)
{
	uint64_t few[TRIALS], many[TRIALS], small, large, rows;
	struct bench *b = *state;
	int i;

	for (i = 0; i < TRIALS; i++) {
		few[i] = zeroize(b, "few");
		many[i] = zeroize(b, "many");
	}
	small = median(few);
	large = median(many);
	print_message("zeroize: %llu us with %d objects, %llu us with %d, ratio %.2f\n",
		      (unsigned long long)small, FEW, (unsigned long long)large, MANY,
		      (double)large / (double)small);
	assert_true(large < 2 * small);
	/* The last card was switched off at once: most rows are still there, and go now. */
	rows = file_rows(b);
	assert_in_range(rows, MANY / 2, MANY);
	assert_int_equal(bench_on(b, NULL), 0);
	for (i = 0; i < 600 && rows; i++) {
		usleep(100000);
		rows = file_rows(b);
	}
	assert_true(rows == 0);
}

static int begin(void **state)
{
	struct bench *b = &bench;

	*state = b;
	bench_open(b, NULL);
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
