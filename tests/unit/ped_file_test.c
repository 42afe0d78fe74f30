// SPDX-License-Identifier: BSD-3-Clause
/*
 * Files of PED keys: every field is checked although the sum is right, nothing that is no file is
 * opened, and a write that fails leaves what was there before and nothing beside it (PED.md).
 */
#include "fw_core.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ped_file.h"

#define SUM	32

static char dir[64];
static struct crypto *crypto;

static const char *at(const char *name)
{
	static char path[2][384];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

/* How many entries the folder has: what a failed write left behind would be one more. */
static int entries(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int open_it(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ped_file.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int close_it(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			remove(at(e->d_name));
	closedir(d);
	return rmdir(dir);
}

static struct ped_key key_of(uint32_t color, const char *label)
{
	struct ped_key key = { .color = color, .has_secret = true, .iterations = 3 };

	snprintf(key.label, sizeof(key.label), "%s", label);
	memset(key.salt, 0x11, sizeof(key.salt));
	memset(key.secret, 0x22, sizeof(key.secret));
	return key;
}

static size_t get(const char *name, uint8_t buf[512])
{
	FILE *f = fopen(at(name), "r");
	size_t len;

	assert_non_null(f);
	len = fread(buf, 1, 512, f);
	fclose(f);
	return len;
}

static void put(const char *name, const uint8_t *buf, size_t len)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(buf, 1, len, f), len);
	fclose(f);
}

/* One byte of the file is another one, and the sum says that this is right. */
static void forge(const char *name, const uint8_t *file, size_t len, size_t where, uint8_t value)
{
	uint8_t buf[512];
	struct bytes before = { buf, len - SUM };

	memcpy(buf, file, len);
	buf[where] = value;
	expect(crypto_digest(crypto, CRYPTO_SHA256, before, buf + len - SUM), 0);
	put(name, buf, len);
}

/* ---- What is in them -------------------------------------------------------------- */

static const struct {
	const char *what;
	size_t where;
	uint8_t value;
} key_forgeries[] = {
	{ "magic", 0, 'X' },
	{ "last byte of the magic", 7, '2' },
	{ "version", 8, 2 },
	{ "colour 0", 12, 0 },
	{ "colour too large", 12, COFFER_PED_COLORS },
	{ "colour very large", 15, 0xff },
	{ "unknown flag", 16, 3 },
	{ "very many iterations", 23, 1 },
	{ "two needed", 24, 2 },
	{ "two of them", 25, 2 },
	{ "number two", 26, 2 },
	{ "share's fourth byte", 27, 1 },
	{ "reserved", 28, 1 },
	{ "label with something behind its end", 63, 'x' },
	{ "label that is no text", 32, 0x80 },
};

static void every_field_of_a_key_is_checked(void **state)
{
	struct ped_key key = key_of(COFFER_PED_BLACK, "mine"), got;
	static const struct ped_key nothing;
	uint8_t file[512];
	size_t len, i;

	(void)state;
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	len = get("k", file);
	for (i = 0; i < sizeof(key_forgeries) / sizeof(key_forgeries[0]); i++) {
		forge("k", file, len, key_forgeries[i].where, key_forgeries[i].value);
		if (ped_key_read(crypto, at("k"), &got) != -EBADMSG)
			fail_msg("%s: taken for a key", key_forgeries[i].what);
		/* Nothing of it stays with who asked. */
		assert_memory_equal(&got, &nothing, sizeof(got));
	}
	/* The tool of this test makes good files, too. */
	forge("k", file, len, 12, COFFER_PED_RED);
	key.color = COFFER_PED_RED;
	assert_int_equal(ped_key_read(crypto, at("k"), &got), 0);
	assert_memory_equal(&got, &key, sizeof(got));
}

static void a_blank_key_holds_no_secret(void **state)
{
	static const uint8_t none[PED_SECRET];
	struct ped_key key = key_of(COFFER_PED_BLUE, ""), got;
	uint8_t file[512];
	size_t len;

	(void)state;
	key.has_secret = false;
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	len = get("k", file);
	assert_null(memmem(file, len, key.secret, PED_SECRET));
	assert_int_equal(ped_key_read(crypto, at("k"), &got), 0);
	assert_false(got.has_secret);
	assert_memory_equal(got.secret, none, PED_SECRET);
}

static const struct {
	const char *what;
	size_t where;
} typed_forgeries[] = {
	{ "magic", 0 }, { "version", 8 }, { "reserved", 12 }, { "another key's salt", 16 },
};

static void every_field_of_what_was_typed_is_checked(void **state)
{
	static const uint8_t none[PED_SECRET];
	struct ped_key key = key_of(COFFER_PED_BLACK, "mine");
	uint8_t typed[PED_SECRET], got[PED_SECRET], file[512];
	struct bytes pin = { (const uint8_t *)"4711", 4 };
	size_t len, i;

	(void)state;
	expect(ped_stretch(crypto, &key, pin, typed), 0);
	assert_int_equal(ped_typed_write(crypto, at("t"), &key, typed), 0);
	assert_int_equal(ped_typed_read(crypto, at("t"), &key, got), 0);
	assert_memory_equal(got, typed, PED_SECRET);
	len = get("t", file);
	for (i = 0; i < sizeof(typed_forgeries) / sizeof(typed_forgeries[0]); i++) {
		forge("t", file, len, typed_forgeries[i].where, 0x77);
		if (ped_typed_read(crypto, at("t"), &key, got) != -EBADMSG)
			fail_msg("%s: taken for a PIN", typed_forgeries[i].what);
		assert_memory_equal(got, none, PED_SECRET);
	}
	/* A sum that is wrong, and a key for a PIN. */
	file[len - SUM - 1] ^= 1;
	put("t", file, len);
	assert_int_equal(ped_typed_read(crypto, at("t"), &key, got), -EBADMSG);
	assert_int_equal(ped_key_write(crypto, at("t"), &key, false), 0);
	assert_int_equal(ped_typed_read(crypto, at("t"), &key, got), -EBADMSG);
}

/* ---- What is no file -------------------------------------------------------------- */

static void only_whole_files_are_read(void **state)
{
	struct ped_key key = key_of(COFFER_PED_BLACK, ""), got;
	uint8_t file[512] = { 0 };
	size_t len;

	(void)state;
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	len = get("k", file);
	put("short", file, len - 1);
	put("long", file, len + 1);
	put("empty", file, 0);
	assert_int_equal(mkdir(at("folder"), 0700), 0);
	/* Nobody writes into it: who opened it to read would wait. */
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(symlink("loop", at("loop")), 0);
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	assert_int_equal(symlink("k", at("link")), 0);
	assert_int_equal(ped_key_read(crypto, at("short"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("long"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("empty"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("folder"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("fifo"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("loop"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("k/key"), &got), -EBADMSG);
	assert_int_equal(ped_key_read(crypto, at("dangling"), &got), -ENOENT);
	assert_int_equal(ped_key_read(crypto, at("none"), &got), -ENOENT);
	assert_int_equal(ped_key_read(crypto, at("link"), &got), 0);
}

/* ---- Writing ---------------------------------------------------------------------- */

/* Files of this process end after 16 bytes: a disk that is full in the middle of a key. */
static void disk_full(bool full)
{
	static struct rlimit before;
	struct rlimit now;

	if (full) {
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
		signal(SIGXFSZ, SIG_IGN);
	}
	now = before;
	if (full)
		now.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

static void a_full_disk_leaves_the_old_key(void **state)
{
	struct ped_key key = key_of(COFFER_PED_BLACK, "old"), other, got;
	uint8_t typed[PED_SECRET] = { 0 };
	int fresh, again, pin, prepared;
	char *file = (char *)"";

	(void)state;
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	other = key_of(COFFER_PED_BLACK, "new");
	disk_full(true);
	fresh = ped_key_write(crypto, at("fresh"), &other, true);
	again = ped_key_write(crypto, at("k"), &other, false);
	pin = ped_typed_write(crypto, at("t"), &key, typed);
	prepared = ped_key_prepare(crypto, at("k"), &other, &file);
	disk_full(false);
	assert_int_equal(fresh, -EIO);
	assert_int_equal(again, -EIO);
	assert_int_equal(pin, -EIO);
	assert_int_equal(prepared, -EIO);
	assert_null(file);
	assert_int_equal(entries(), 3);
	assert_int_equal(ped_key_read(crypto, at("k"), &got), 0);
	assert_string_equal(got.label, "old");
}

static void what_is_in_the_way_stays(void **state)
{
	struct ped_key key = key_of(COFFER_PED_BLACK, "");
	uint8_t typed[PED_SECRET] = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("folder"), 0700), 0);
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), -EEXIST);
	assert_int_equal(ped_key_write(crypto, at("k"), &key, false), 0);
	assert_int_equal(ped_key_write(crypto, at("folder"), &key, true), -EEXIST);
	assert_int_equal(ped_key_write(crypto, at("folder"), &key, false), -EISDIR);
	assert_int_equal(ped_typed_write(crypto, at("folder"), &key, typed), -EISDIR);
	assert_int_equal(ped_key_write(crypto, at("none/k"), &key, true), -ENOENT);
	assert_int_equal(ped_key_write(crypto, at("k/k"), &key, false), -ENOTDIR);
	assert_int_equal(entries(), 4);
}

/* The two halves, with the link in the PED that they go through. */
static void a_replacement_is_put_in_place_in_one_step(void **state)
{
	struct ped_key key = key_of(COFFER_PED_BLACK, "old"), got;
	struct stat st;
	char *file;

	(void)state;
	assert_int_equal(ped_key_write(crypto, at("k"), &key, true), 0);
	assert_int_equal(symlink("k", at("black.key")), 0);
	strcpy(key.label, "new");
	assert_int_equal(ped_key_prepare(crypto, at("black.key"), &key, &file), 0);
	assert_int_equal(ped_key_read(crypto, at("black.key"), &got), 0);
	assert_string_equal(got.label, "old");
	/* The key was pulled, or there is no file any more that it could go over. */
	assert_int_equal(ped_key_publish(at("none"), file), -ENOENT);
	assert_int_equal(ped_key_publish(at("k/key"), file), -ENOTDIR);
	assert_int_equal(mkdir(at("folder"), 0700), 0);
	assert_int_equal(ped_key_publish(at("folder"), file), -EISDIR);
	assert_int_equal(ped_key_publish(at("black.key"), file), 0);
	free(file);
	assert_int_equal(ped_key_read(crypto, at("black.key"), &got), 0);
	assert_string_equal(got.label, "new");
	assert_int_equal(lstat(at("black.key"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(ped_key_prepare(crypto, at("none"), &key, &file), -ENOENT);
	assert_null(file);
	assert_int_equal(entries(), 5);
}

/* ---- Names ------------------------------------------------------------------------ */

static void colors_have_names(void **state)
{
	char path[PED_PATH], *folder;
	uint32_t color;

	(void)state;
	for (color = COFFER_PED_BLUE; color < COFFER_PED_COLORS; color++)
		assert_int_equal(fw_ped_color(fw_ped_color_name(color)), color);
	assert_null(fw_ped_color_name(0));
	assert_null(fw_ped_color_name(COFFER_PED_COLORS));
	assert_int_equal(fw_ped_color("purple"), 0);
	assert_int_equal(fw_ped_color(""), 0);
	/* A path that fits to the last byte, and one that does not. */
	folder = malloc(PED_PATH);
	assert_non_null(folder);
	memset(folder, 'x', PED_PATH);
	folder[PED_PATH - sizeof("/red.key")] = '\0';
	assert_true(ped_path(path, folder, COFFER_PED_RED, ".key"));
	assert_false(ped_path(path, folder, COFFER_PED_BLUE, ".key"));
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(every_field_of_a_key_is_checked),
		T(a_blank_key_holds_no_secret),
		T(every_field_of_what_was_typed_is_checked),
		T(only_whole_files_are_read),
		T(a_full_disk_leaves_the_old_key),
		T(what_is_in_the_way_stays),
		T(a_replacement_is_put_in_place_in_one_step),
		T(colors_have_names),
	};
	int rc;

	if (crypto_open(&crypto))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_close(crypto);
	return rc;
}
